"""The key, held so that no repr, log, traceback or comparison failure can show it."""

from typing import Final

HIDDEN: Final = "[key]"


class Secret:
    """A string that only `reveal()` gives out; everything else about it prints as `[key]`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def redact(self, text: str) -> str:
        """`text` with each occurrence of the value replaced by `[key]`."""
        return text.replace(self._value, HIDDEN) if self._value else text

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("A key is not pickled.")
