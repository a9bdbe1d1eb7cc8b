"""Rows as the bytes of a terminal: the only place where a reply's escape sequences are made."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rich.style import Style

from deepchat.render.wrap import Row, Run, merged
from deepchat.text import guard


@dataclass(frozen=True, slots=True)
class Ink:
    """How a row is written. Without `color` styles keep bold, dim, italic and underline; `plain` writes text alone,
    and without `links` nothing can be clicked."""

    color: bool = True
    plain: bool = False
    links: bool = True

    def final(self, row: Row) -> str:
        """A row that is printed for good, with its newline; links can be clicked."""
        return self._painted(row, links=self.links and not self.plain) + "\n"

    def live(self, row: Iterable[Run]) -> str:
        """A row that will be drawn again, without newline or links."""
        return self._painted(row, links=False)

    def _painted(self, row: Iterable[Run], *, links: bool) -> str:
        out = []
        for text, style, link in merged(row):
            begin, end = ("", "") if self.plain else _around(style, color=self.color)
            painted = f"{begin}{guard(text)}{end}"
            out.append(
                f"\x1b]8;;{link}\x1b\\{painted}\x1b]8;;\x1b\\" if link and links else painted
            )
        return "".join(out)


@lru_cache(maxsize=1024)
def _around(style: Style, *, color: bool) -> tuple[str, str]:
    """What is written before and after a text in this style."""
    begin, _, end = (style if color else style.without_color).render("x").partition("x")
    return begin, end
