"""Hostile text: what a model, a server or a file may hold to command a terminal, or to hide from whoever reads."""

# What follows ESC, or stands behind the one C1 character that means the same.
_COMMANDS = {
    "[": ("31m", "8m", "5m", "41m", "2J", "3J", "H", "1;1H", "6n", "c", ">c", "21t", "?1049h", "?1003h", "?2004l", "5i", "!p", "4h"),
    "]": (
        "0;owned\a", "2;owned\x1b\\", "1;x\x9c", "4;1;?\a", "9;note\a", "10;?\a", "50;x\a", "52;c;cm0gLXJm\a", "52;p;?\x1b\\",
        "8;;file:///etc/passwd\ax\x1b]8;;\a", "8;id=1;https://evil.test\x1b\\x", "777;notify;a;b\a", "1337;File=:AA==\a",
        "133;A\a", "never ended",
    ),
    "P": ("$q\"p\x1b\\", "+q544e\x1b\\", "tmux;\x1b\x1b]52;c;eA==\a\x1b\\", "1;1|17/41\x1b\\", "never ended"),
    "_": ("Gi=1,a=T;AAAA\x1b\\", "never ended"),
    "X": ("secret\x1b\\", "never ended"),
    "^": ("private\x1b\\", "never ended"),
}  # fmt: skip
_SINGLES = (
    "c",
    "7",
    "8",
    "#8",
    "(0",
    ")0",
    "=",
    ">",
    "D",
    "E",
    "H",
    "M",
    "N",
    "O",
    "Z",
    "\\",
    "n",
    "%@",
    " F",
)

ESCAPES = (
    *(f"\x1b{opener}{rest}" for opener, rests in _COMMANDS.items() for rest in rests),
    *(f"{chr(ord(opener) + 0x40)}{rest}" for opener, rests in _COMMANDS.items() for rest in rests),
    *(f"\x1b{single}" for single in _SINGLES),
    "\x1b",
    "\x1b\x1b[2J",
)
CONTROLS = tuple(chr(code) for code in (*range(9), *range(11, 32), *range(0x7F, 0xA0)))
UNSEEN = (
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
    *"\u00ad\u034f\u115f\u1160\u17b4\u180e\u200b\u200c\u200d\u2028\u2029\u2060\u2061\u2064\u206a\u206f\u3164\ufeff\uffa0\ufff9",
    *"\ufe0f\U000e0100\U0001bca0\U0001d173\U000e0001\U000e0041\U000e007f",
)
LONE = ("\ud83d", "\ude00", "\udc9b")
ENTITIES = (
    "&#27;[2J", "&#x1b;]0;x&#7;", "&#155;2J", "&#x9b;31m", "&#x202e;", "&#8238;", "&#xE0041;", "&ZeroWidthSpace;",
    "&NoBreak;", "&shy;", "&lrm;", "&#0;", "&#13;", "&#8;", "&#127;", "&amp;#27;", "&#xd83d;", "&zwj;", "&#65279;",
)  # fmt: skip
LINKS = (
    "[a](javascript:alert(1))", "[a](data:text/html,x)", "[a](file:///etc/passwd)", "[a](ssh://-oProxyCommand=id/x)",
    "[a](smb://evil.test/x)", "[a](https://evil.test/&#27;]0;x&#7;)", "[a](https://evil.test/\x1b]8;;x\x1b\\)",
    "[a](<https://evil.test/\x9c\u202e>)", "[a](https://evil.test/ \"title &#x202e; \x1b[2J\")", "<https://evil.test/\x07x>",
    "[a](mailto:a@b.c?subject=&#10;x)", "![alt &#x202e; \x1b[2J](https://evil.test/\x9b2J \"t\u200b\")", "![](javascript:x)",
    "[ref]\n\n[ref]: https://evil.test/&#x202e;\x1b[2J", "https://evil.test/\x1b[2J", "[\u202ehttps://bank.test](https://evil.test)",
)  # fmt: skip

TEXTS = (*ESCAPES, *CONTROLS, *UNSEEN, *LONE, *ENTITIES)
ALL = (*TEXTS, *LINKS)

# A few of every kind, for names that have little room.
NAMES = (
    *("\x1b[2J", "\x9b31m", "\x1b]0;own\a", "\x9d2;own\x9c", "\x1b]52;c;eA==\a", "\x1bPq\x1b\\", "\x90q\x9c", "\x1b_G\x1b\\"),
    *("\x07\x08", "\x00\x7f", "\x0e\x0f", "\x85\x9c", "a\rb", "a\x0bb", "\u202egnp.exe", "\u2066x\u2069", "a\u200bb\ufeff"),
    *("\U000e0041\U000e0042", "\u2028x\u2029", "\u3164\u115f", "\u00ad\u2060", "&#27;[2J"),
)  # fmt: skip
