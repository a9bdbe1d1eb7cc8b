"""The key, held so that no repr, log, traceback or comparison failure can show it; and what looks like somebody's key."""

import re
from typing import Final

HIDDEN: Final = "[key]"
MASKED: Final = "[hidden]"

# What follows the beginning by which a key is known: to the end of its block, or of its letters.
_REST: Final = r"(?:(?<=PRIVATE KEY)-----.*?(?:-----END[^-]*-----|\Z)|[\w.~+/=-]*)"

# By their own marks, as their makers document them; what only looks random is left alone.
_KINDS: Final = (
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ ){0,3}PRIVATE KEY")),
    ("an AWS key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_\w{36}|github_pat_\w{50})")),
    ("a GitLab token", re.compile(r"\bglpat-[\w-]{20}")),
    ("a Slack token", re.compile(r"\bxox[abeoprs]-[\w-]{10}")),
    ("a Google API key", re.compile(r"\bAIza[\w-]{35}")),
    ("a Stripe key", re.compile(r"\b[rs]k_live_\w{16}")),
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z]{34}\b")),
    ("an API key", re.compile(r"\bsk-(?=[\w-]*\d)[\w-]{20}")),
    ("a JSON web token", re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.")),
)


def looks_secret(text: str) -> str:
    """What kind of key or token a text seems to hold; "" for none."""
    return next((kind for kind, pattern in _KINDS if pattern.search(text)), "")


def mask(text: str) -> str:
    """A text with `[hidden]` in the place of each key and token that it seems to hold."""
    for _, pattern in _KINDS:
        text = re.sub(pattern.pattern + _REST, MASKED, text, flags=re.DOTALL)
    return text


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
