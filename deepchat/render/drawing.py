"""One object for everything that draws, configured once: replies, and all that is not a reply."""

from functools import partial
from typing import Final

from deepchat.render.blocks import CodeBlock, code_blocks
from deepchat.render.markdown import MEASURE
from deepchat.render.reply import Reply, render_markdown
from deepchat.render.screen import Screen
from deepchat.render.theme import Theme
from deepchat.render.thoughts import Think
from deepchat.text import mend

_THINK: Final[dict[str, Think]] = {"show": "show", "fold": "fold", "hide": "hide"}


class Drawing(Screen):
    """A screen that also draws replies, in the same theme."""

    def __init__(
        self,
        theme: Theme,
        *,
        color: bool = True,
        plain: bool = False,
        links: bool = True,
        measure: int = MEASURE,
        think: Think = "fold",
    ) -> None:
        super().__init__(theme, color=color, plain=plain)
        self._think = think
        self._reply = partial(
            Reply, theme=theme, color=color, plain=plain, links=links, measure=measure
        )
        self._markdown = partial(
            render_markdown, theme=theme, color=color, plain=plain, links=links, measure=measure
        )

    def reply(self, *, width: int, height: int) -> Reply:
        """A reply that is about to arrive."""
        return self._reply(width=width, height=height, think=self._think)

    def set_thinking(self, think: str) -> None:
        """What becomes of reasoning from the next reply on. KeyError for a word that is none of `Think`."""
        self._think = _THINK[think]

    def blocks(self, text: str) -> list[CodeBlock]:
        """The code blocks of a reply, as they came."""
        return code_blocks(mend(text))

    def markdown(self, text: str, width: int) -> str:
        """A text that is all there, drawn as a reply would be."""
        return self._markdown(text, width)
