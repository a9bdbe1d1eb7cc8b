"""Foreign text made safe to draw, and whole enough to store; pure. Nothing here wraps, styles or writes.

Whatever deepchat did not write itself passes `clean` (or a `Cleaner`, when it comes in pieces) before it is drawn: what
a terminal would obey, or would hide from the eye, becomes a visible mark. The raw text is what is stored and copied.
"""

import re
from collections.abc import Iterator
from typing import Final

REPLACEMENT: Final = "\ufffd"

# Said below a text in which there were some.
MARKED: Final = "Invisible characters shown as marks: {}."

# Combining marks that may stand on one base. More bury their neighbours, and once crashed xterm (CVE-2021-27135).
_MOST_ACCENTS: Final = 10

# What a terminal obeys, and what shows nothing: controls, bidi controls, and the Default_Ignorable_Code_Points of
# Unicode with the other invisible format characters, line separators and noncharacters. Newline and tab are missing.
_OBEYED: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_UNSEEN: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2065\u206a-\u206f\u3164"
    "\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_ACCENTS: Final = (
    "\u0300-\u034e\u0350-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06ed\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
_RIGHT_TO_LEFT: Final = "\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc"

# The only lawful use of tag characters: the flags of England, Scotland and Wales.
_FLAG_TAGS: Final = "\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f"

# Begins with one set, so that the search skips to candidates at the speed of C.
_SUSPECT: Final = re.compile(
    f"[{_OBEYED}{_UNSEEN}{_ACCENTS}\U0001f3f4]"
    f"(?:(?<=\U0001f3f4){_FLAG_TAGS}|(?<=[{_OBEYED}{_UNSEEN}])|(?<=[{_ACCENTS}]{{{_MOST_ACCENTS + 1}}}))"
)

# Invisible, and needed: joiners inside scripts and emoji (also behind U+FE0F, which asks for an emoji), direction marks
# beside right-to-left letters, and one variation selector on a base that has variants.
_JOINED: Final = "\u0600-\U000dffff"
_NEEDED: Final = re.compile(
    f"(?:(?<=[{_JOINED}])(?<![{_OBEYED}{_UNSEEN}])|(?<=\ufe0f))[\u200c\u200d](?=[{_JOINED}])(?![{_OBEYED}{_UNSEEN}])"
    f"|(?<=[{_RIGHT_TO_LEFT}])[\u200e\u200f\u061c]|[\u200e\u200f\u061c](?=[{_RIGHT_TO_LEFT}])"
    "|(?<=[#*0-9\u00a9\u00ae\u2010-\u2027\u2030-\u205f\u2070-\u3163\u3165-\ud7ff\uf900-\ufaff\U0001f000-\U0001faff])"
    "[\ufe00-\ufe0f]"
    "|(?<=[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\U000e0100-\U000e01ef]"
    "|(?<=[\u1820-\u18aa])[\u180b-\u180d\u180f]"
)

# The end of a piece that only the next piece can judge.
_UNDECIDED: Final = re.compile(
    "(?:[\u200c-\u200f\u061c]|\U0001f3f4[\U000e0061-\U000e007f]{0,5})\\Z"
)
_LONGEST_UNDECIDED: Final = 6

_SURROGATES: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]")

# After layout no neighbours are known any more, so here only what is never lawful is caught.
_NEVER: Final = re.compile(
    f"\U0001f3f4{_FLAG_TAGS}|[{_OBEYED}\u200b\u2060-\u2065\u206a-\u206f\ufeff\U000e0000-\U000e00ff]"
)


def clean(text: str) -> str:
    """`text` as it may be drawn: newlines (LF) and tabs kept, everything a terminal obeys or hides made visible."""
    cleaner = Cleaner()
    return cleaner.feed(text) + cleaner.finish()


def clean_line(text: str, limit: int = 200) -> str:
    """`text` as one line of at most `limit` characters, for titles, names, headers and errors of others."""
    # Cleaning halves a text at most (CRLF, surrogate pairs), so the rest of a huge one need not be looked at.
    line = clean(text[: 2 * limit + 2]).replace("\n", " ").replace("\t", " ")
    return line if len(line) <= limit else line[: limit - 1] + "…"


def mend(text: str) -> str:
    """`text` as valid Unicode, for storing and sending: surrogate pairs joined, lone surrogates U+FFFD."""
    if text.isascii():
        return text
    return _SURROGATES.sub(_whole, text)


def spots(text: str, start: int = 0) -> Iterator[tuple[int, str]]:
    """Where, from `start` on, a text holds a character that a terminal obeys or hides, and the mark to show for it."""
    for match in _SUSPECT.finditer(text, start):
        at = match.start()
        if len(match[0]) == 1 and not _NEEDED.match(text, at):
            yield at, _mark(match[0])


def guard(text: str) -> str:
    """The last filter, for a piece of text after layout: what may never reach a terminal becomes U+FFFD, one for one."""
    if text.isascii() and text.isprintable():
        return text
    return _NEVER.sub(lambda match: match[0] if len(match[0]) > 1 else REPLACEMENT, text)


class Cleaner:
    """`clean` for text that comes in pieces: any way to cut a text gives the same result.

    `marks` counts the characters made visible so far. A piece may be held back by a few characters, until the next one
    tells what they are.
    """

    def __init__(self) -> None:
        self.marks = 0
        self._half = ""
        self._before = ""
        self._undecided = ""

    def feed(self, delta: str) -> str:
        """What can be drawn of all that came, beyond what was returned before."""
        text = self._half + delta
        half = text[-1:] == "\r" or "\ud800" <= text[-1:] <= "\udbff"
        self._half = text[-1:] if half else ""
        return self._take(_lines(text[:-1] if half else text), final=False)

    def finish(self) -> str:
        """The rest."""
        rest, self._half = self._half, ""
        return self._take(_lines(rest), final=True)

    def _take(self, new: str, *, final: bool) -> str:
        text = self._before + self._undecided + new
        undecided = _UNDECIDED.search(text, max(len(self._before), len(text) - _LONGEST_UNDECIDED))
        end = len(text) if final or undecided is None else undecided.start()
        shown = self._marked(text, len(self._before), end)
        self._undecided = text[end:]
        self._before = text[max(0, end - _MOST_ACCENTS) : end]
        return shown

    def _marked(self, text: str, start: int, end: int) -> str:
        pieces = []
        for at, mark in spots(text, start):
            if at >= end:
                break
            self.marks += 1
            pieces += [text[start:at], mark]
            start = at + 1
        pieces.append(text[start:end])
        return "".join(pieces)


def _lines(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return mend(text)


def _whole(match: re.Match[str]) -> str:
    if len(match[0]) == 1:
        return REPLACEMENT
    return match[0].encode("utf-16", "surrogatepass").decode("utf-16")


def _mark(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<U+{code:04X}>"
