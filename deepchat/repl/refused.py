"""Which of the parameters that are set a server's refusal is about. Pure."""

import re
from collections.abc import Iterator
from typing import Final

from deepchat.conversation import EXTRA, Parameters
from deepchat.errors import BadRequest

# Other names that servers have for them.
_ALSO: Final = {"max_tokens": ("max_tokens", "max_completion_tokens")}


def refused(error: BaseException | None, parameters: Parameters) -> list[str]:
    """The names of those that the server's words hold; none where the request itself was not refused."""
    if not isinstance(error, BadRequest):
        return []
    return [name for name in parameters if any(_is_word(also, str(error)) for also in _names(name))]


def _names(name: str) -> Iterator[str]:
    field = name.removeprefix(EXTRA)
    yield from _ALSO.get(field, (field,))


def _is_word(name: str, text: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE))
