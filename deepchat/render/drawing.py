"""One object for everything that draws, configured once: replies, and all that is not a reply."""

import time
from functools import partial
from typing import Final

from deepchat.render.codes import CodeBlock, code_blocks, count_blocks
from deepchat.render.markdown import MEASURE
from deepchat.render.reply import Reply, render_markdown
from deepchat.render.screen import Screen
from deepchat.render.theme import THEMES, Theme
from deepchat.render.thoughts import Think

_THINK: Final[dict[str, Think]] = {"show": "show", "fold": "fold", "hide": "hide"}

_SAMPLE: Final = """## A heading, *emphasis*, `code`
```py
for n in range(3):  # a comment
    print(f"line {n}")
```
"""


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
        self._reply = partial(Reply, color=color, plain=plain, links=links, measure=measure)
        self._markdown = partial(
            render_markdown, color=color, plain=plain, links=links, measure=measure
        )
        self.themes = tuple(THEMES) if color and not plain else ()

    def reply(self, *, width: int, height: int, stored: bool = False, codes: int = 0) -> Reply:
        """A reply that is about to arrive, or one that is `stored`, of which no seconds can be told; `codes` is how many code
        blocks there were before."""
        clock = None if stored else time.monotonic
        return self._reply(
            theme=self._theme,
            width=width,
            height=height,
            think=self._think,
            clock=clock,
            codes=codes,
        )

    @property
    def theme(self) -> str:
        """The theme in use."""
        return next(name for name, theme in THEMES.items() if theme is self._theme)

    def set_theme(self, name: str) -> None:
        """Draw in another of `themes` from now on. KeyError for one that is not there."""
        self._theme = THEMES[name]

    def sample(self, theme: str, width: int) -> str:
        """A little text and code, in one of `themes`."""
        return self._markdown(_SAMPLE, width, theme=THEMES[theme])

    def set_thinking(self, think: str) -> None:
        """What becomes of reasoning from the next reply on. KeyError for a word that is none of `Think`."""
        self._think = _THINK[think]

    def blocks(self, text: str) -> list[CodeBlock]:
        """The code blocks of a reply, as they came."""
        return code_blocks(text)

    def count_blocks(self, text: str) -> int:
        """How many there are."""
        return count_blocks(text)

    def markdown(self, text: str, width: int, *, codes: int = 0) -> str:
        """A text that is all there, drawn as a reply would be; `codes` as there."""
        return self._markdown(text, width, theme=self._theme, codes=codes)
