"""Which bytes may reach a terminal: text that can be seen, and the sequences on our own list. Everything else is told.

Written apart from `deepchat.text`, from the Unicode database and the standards, so that the two can disagree.
"""

import re
import unicodedata

# The escape sequences that deepchat itself writes, or has prompt_toolkit and rich write.
OURS = re.compile(
    r"""
    \x1b\[ (?P<sgr> [0-9;]* ) m
  | \x1b\[ [0-9]* [ABCDG]                         # moves of the cursor
  | \x1b\[ [0-9]* [LM]                            # rows put in and taken out
  | \x1b\[ [02]? K | \x1b\[ [0]? J                # erase to the end; a line
  | \x1b\[ \? (?: 25|2004|2026|7 ) [hl]           # cursor, bracketed paste, synchronized update, autowrap
  | \x1b\[ \? (?: 1|12 ) l                        # cursor keys as they are, no blinking
  | \x1b\[ [0246] [ ]q                              # the shape of the cursor, in vi
  | \x1b [78]                                     # remember where the cursor is, and go there
  | \x1b\[ 2[23] ;2t                              # the window's title onto the stack, and back
  | \x1b\] 2; (?P<title> [^\x00-\x1f\x7f-\x9f]{0,200} ) \x07
  | \x1b\] 8;; (?P<link> (?: (?: https?:// | mailto: ) [!-~]+ )? ) \x1b\\
    """,
    re.VERBOSE,
)

# Colours of the foreground, bold, dim, italic, underline, reverse, strike, and their ends. No blinking, nothing hidden.
_SGR = {
    "",
    *map(str, (0, 1, 2, 3, 4, 7, 9, 22, 23, 24, 27, 29, *range(30, 38), 39, 49, *range(90, 98))),
}
_PALETTE = re.compile(r"38;(?:5;\d{1,3}|2(?:;\d{1,3}){3})")

# Invisible, though their category says letter or mark.
_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"

# Seen, though their category says format: signs over or before digits.
_SEEN = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"

# Invisible, and lawful in some scripts and in emoji: joiners, direction marks, variation selectors, tags of flags.
SOMETIMES = "\u061c\u200c\u200d\u200e\u200f\u180b\u180c\u180d\u180f" + "".join(
    map(chr, [*range(0xFE00, 0xFE10), *range(0xE0061, 0xE0080), *range(0xE0100, 0xE01F0)])
)


def foreign(written: bytes, *, moves: str = "\r\n\t\b", lawful: str = "") -> list[str]:
    """What stands in these bytes and is not ours, with what follows it; [] when all is well.

    `moves` are the control characters that may stand by themselves, `lawful` invisible characters that may.
    """
    text = written.decode("utf-8", "surrogateescape")
    found, linked = [], False
    for at, whole, ours in _pieces(text):
        if ours is None:
            bad = whole not in moves and whole not in lawful and _is_hidden(whole)
            bad = bad or (linked and whole in "\r\n")
        else:
            linked = bool(ours["link"]) if ours["link"] is not None else linked
            bad = not _is_lawful_style(ours["sgr"] or "")
            bad = bad or any(
                _is_hidden(char) and char not in lawful for char in ours["title"] or ""
            )
        if bad:
            found.append(text[at : at + 24])
    return found


def _pieces(text):
    at = 0
    while at < len(text):
        ours = OURS.match(text, at) if text[at] == "\x1b" else None
        whole = ours[0] if ours else text[at]
        yield at, whole, ours
        at += len(whole)


def _is_hidden(char):
    if char in _FILLERS or "\ufe00" <= char <= "\ufe0f" or "\U000e0000" <= char <= "\U000e0fff":
        return True
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in _SEEN


def _is_lawful_style(codes):
    return set(_PALETTE.sub("", codes).split(";")) <= _SGR
