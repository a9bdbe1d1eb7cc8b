"""A reply on a terminal without a composer: the same frames, with rich's live display for the open end."""

from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text


class Printed:
    """Prints frames to a terminal while inside `with`; the cursor is shown again afterwards, whatever happens. A `plain`
    one is only ever appended to: open ends are not shown."""

    def __init__(self, file: TextIO, *, plain: bool = False) -> None:
        self._file = file
        self._console = Console(file=file, highlight=False, markup=False, emoji=False)
        self._live = (
            None if plain else Live(console=self._console, auto_refresh=False, transient=True)
        )

    @property
    def width(self) -> int:
        return self._console.width

    @property
    def height(self) -> int:
        return self._console.height

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()

    def frame(self, commit: str, live: str) -> None:
        """Print `commit` for good, and show `live` below it until the next frame."""
        if not self._live:
            self._file.write(commit)
            self._file.flush()
            return
        if commit:
            self._live.update(Text(), refresh=True)
            self._file.write(commit)
        self._live.update(Text.from_ansi(live), refresh=True)
