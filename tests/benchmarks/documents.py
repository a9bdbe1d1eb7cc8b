"""Replies made up for the benchmarks: mixed ones, one huge block of each shape, and inputs that hurt parsers."""

import random
from itertools import count
from typing import Final, NamedTuple

CHARS_PER_TOKEN: Final = 4

_SAID: Final = (
    "a reader follows along while the answer arrives and sees each word once the parser keeps a small open end whatever"
    " stands above it is final rows frame width terminal cursor buffer latency escape sequence layout cell style"
)
_WORDS: Final = _SAID.split()
_IDEOGRAPHS: Final = "終端画面上文字流行列表示速度正確読者安心変更完了部分計算結果保存"

# In units below, № is the running number.
_CODE: Final = {
    "python": '''\
def step_№(rows: list[str], *, width: int = №) -> Iterator[str]:
    """Yield what fits in `width` cells."""
    for at, row in enumerate(rows):
        if len(row) > width:  # too long
            yield f"{at}: {row[:width]!r}"
''',
    "javascript": """\
const load№ = async (url, { retries = № } = {}) => {
  // again, and a little later each time
  for (let i = 0; i < retries; i++) await fetch(`${url}?n=${i}`, { cache: "no-store" });
};
""",
    "rust": """\
fn collatz_№(mut n: u64) -> u32 {
    let mut steps = №;
    while n != 1 { n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 }; steps += 1; }
    steps
}
""",
    "bash": """\
for file in "$HOME"/part-№-*.log; do
  grep -c 'error' "$file" | awk '{ sum += $1 } END { print sum }'  # per file
done
""",
    "json": '{"id": №, "name": "row №", "tags": ["a", "b"], "ratio": 0.№, "done": false}\n',
    "sql": "SELECT id, count(*) AS n FROM turns WHERE session = № GROUP BY id ORDER BY n DESC; -- busiest\n",
    "go": 'func Sum№(xs []int) (n int) {\n\tfor _, x := range xs {\n\t\tn += x * №\n\t}\n\treturn n // "sum"\n}\n',
    "": "plain output № of a program, 0x№ and so on\n",
}


def mixed(tokens: int, seed: int = 3) -> str:
    """A reply of about `tokens` tokens with everything in it; the same for the same arguments."""
    rng = random.Random(seed)
    parts, size = [], 0
    while size < tokens * CHARS_PER_TOKEN:
        draw = rng.choices((_prose, _list, _table, _fence, _quote, _cjk), (6, 3, 2, 3, 1, 1))[0]
        part = f"## {_words(rng, 4).title()}\n\n{_prose(rng)}\n{draw(rng)}\n"
        parts.append(part)
        size += len(part)
    return "".join(parts)


def tokens_of(text: str, seed: int = 7) -> list[str]:
    """The text cut into tokens, on average of `CHARS_PER_TOKEN` characters."""
    rng = random.Random(seed)
    out, at = [], 0
    while at < len(text):
        size = rng.randint(1, 2 * CHARS_PER_TOKEN - 1)
        out.append(text[at : at + size])
        at += size
    return out


def _words(rng: random.Random, most: int) -> str:
    return " ".join(rng.choices(_WORDS, k=rng.randint(1, most)))


def _sentence(rng: random.Random) -> str:
    words = rng.choices(_WORDS, k=rng.randint(7, 20))
    for at in rng.sample(range(len(words)), rng.randint(0, 3)):
        shape = rng.choice(("**{}**", "`{}()`", "*{}*", "~~{}~~", "[{0}](https://example.com/{0})"))
        words[at] = shape.format(words[at])
    return " ".join(words).capitalize() + "."


def _prose(rng: random.Random) -> str:
    return " ".join(_sentence(rng) for _ in range(rng.randint(1, 5))) + "\n"


def _list(rng: random.Random) -> str:
    ordered = rng.random() < 0.4
    lines = []
    for number in range(1, rng.randint(3, 12)):
        mark = f"{number}. " if ordered else "- "
        lines.append(mark + _sentence(rng))
        if rng.random() < 0.3:
            lines.append(" " * len(mark) + "- " + _sentence(rng))
    return "\n".join(lines) + "\n"


def _table(rng: random.Random) -> str:
    columns = rng.randint(2, 4)
    rows = [[_words(rng, 3) for _ in range(columns)] for _ in range(rng.randint(4, 16))]
    rows.insert(1, [rng.choice(("---", ":-:", "--:")) for _ in range(columns)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _fence(rng: random.Random) -> str:
    language = rng.choice(list(_CODE))
    code = "".join(
        _numbered(_CODE[language], rng.randint(1, 999)) for _ in range(rng.randint(1, 20))
    )
    return f"```{language}\n{code}```\n"


def _quote(rng: random.Random) -> str:
    return "".join(f"> {_sentence(rng)}\n" for _ in range(rng.randint(1, 4)))


def _cjk(rng: random.Random) -> str:
    return (
        "、".join("".join(rng.choices(_IDEOGRAPHS, k=12)) for _ in range(rng.randint(2, 8)))
        + "。\n"
    )


def _numbered(unit: str, number: int) -> str:
    return unit.replace("№", str(number))


class Shape(NamedTuple):
    """One block: its head, and the unit of which it consists."""

    head: str
    unit: str

    def text(self, chars: int) -> str:
        parts, size = [self.head], len(self.head)
        for number in count(1):
            if size >= chars:
                break
            parts.append(_numbered(self.unit, number))
            size += len(parts[-1])
        return "".join(parts)


_SAYS: Final = "says **something** about `rows()` and how they are laid out"

SHAPES: Final = {
    "flat list": Shape("", f"- item № {_SAYS}\n"),
    "ordered list": Shape("", f"№. item {_SAYS}\n"),
    "one item, nested list": Shape("- begins\n", f"  - part № {_SAYS}\n"),
    "one item, one paragraph": Shape("- ", f"line № {_SAYS} "),
    "quote": Shape("", f"> line № {_SAYS}\n"),
    "table": Shape(
        "| a | b | c |\n|---|---|---|\n", "| cell № | `code` | **bold** and a little more |\n"
    ),
    "python fence": Shape("```python\n", _CODE["python"]),
    "fence, no language": Shape("```\n", _CODE[""]),
    "fence in a list": Shape("- begins\n\n  ```python\n", "      return number(№) + 1  # of it\n"),
    "fence in a list in a quote": Shape(
        "> - begins\n>\n>   ```python\n", ">       return number(№) + 1  # of it\n"
    ),
    "fence, one line": Shape("```python\n", "x№ = № + 1; "),
    "paragraph, one line": Shape("", f"sentence № {_SAYS}. "),
    "paragraph, many lines": Shape("", f"line № {_SAYS}\n"),
    "paragraph, no spaces": Shape("", "abcd№"),
    "paragraph, CJK": Shape("", _IDEOGRAPHS + "、"),
    "html": Shape("<div>\n", "<p class='row'>paragraph №</p>\n"),
    "indented code": Shape("", "    x = call(№, 'text')\n"),
    "soup: *a **b": Shape("", "*a **b "),
    "soup: [a](": Shape("", "[a]("),
    "soup: backticks": Shape("", "`№ ``a"),
}

# The families of cmark's pathological tests, and of peers' bug reports.
HOSTILE_MARKDOWN: Final = (
    "*a **b ", "**a *b", "_a __b ", "_a__b___c ", "~~a ", "*a_ ", "***", "a**b", "`", "`a ``b", "` ``", "[", "]", "[a](", "[a](<b",
    "[a][", "![", "![![", "![[]()", "[[a]](b) ", "[x]: /u ", "[x]: /u \"t\"\n", "[a] ", "[^1]", "<", "<!--", "<!-", "<?", "<![CDATA[",
    "<a ", "<a b='", "</", "<a@b.", "<https://a", "&", "&amp", "&#x", "\\", "\\(", "\\[", "$", "$a", "$$", "\\$", "> ", ">",
    "- ", "* a\n", "1. ", "1) - ", "> - ", "- > ", "#", "# a\n", "|", "| a ", "|a\n|-\n", "a | b\n", "|---", "===\n", "---\n",
    "a\n---\n", "```\n", "```\na\n", "~~~", "    ", "\t", "\n", " \n", "a\\\n", "x" * 80, "日本", "e\u0301", "👩‍👩‍👧", "\u202e", "\x1b[",
    "\u0301", "a\u200d", "- [ ] ", "<b>*", "http://", "www.a.", "a@b.c ", '"', "\r", "\r\n",
)  # fmt: skip

HOSTILE_CODE: Final = (
    ("python", " \n"), ("python", '"""'), ("python", "'\\"), ("python", 'f"{'), ("python", "(["), ("c", " \n"), ("cpp", " \n"),
    ("cpp", "/*"), ("cpp", "a<"), ("typescript", "a."), ("typescript", "a<"), ("tsx", "<a"), ("java", "a\n"), ("java", "a "),
    ("csharp", "a\n"), ("csharp", "a "), ("terraform", "a"), ("terraform", "1"), ("make", "a"), ("make", "1"), ("yaml", "&"),
    ("yaml", "- "), ("yaml", "a: "), ("js", '"\\'), ("js", "`${"), ("js", "/"), ("xml", "&"), ("xml", "<a "), ("html", "&"),
    ("html", "<script>"), ("html", "<a b='"), ("perl", "m{"), ("perl", "s/"), ("perl", "<<A\n"), ("ruby", "%w("), ("ruby", "<<A\n"),
    ("php", "<?php "), ("php", "/*"), ("bash", "$(("), ("bash", "<<A\n"), ("bash", "`"), ("sql", "/*"), ("sql", "'"), ("json", "["),
    ("json", '{"a":'), ("markdown", "*a **b"), ("markdown", "```\n"), ("rst", "`a"), ("tex", "\\a{"), ("haskell", "{-"), ("lua", "[["),
    ("go", "`"), ("rust", 'r#"'), ("rust", "/*"), ("kotlin", "a<"), ("scala", "a."), ("swift", '"\\('), ("diff", "@@ "), ("toml", '"""'),
    ("ini", "a\n"), ("docker", "a \\\n"), ("nginx", "{"), ("css", "a{"), ("scss", "a{"), ("r", "a "), ("matlab", "'"), ("elixir", '~s"'),
    ("clojure", "("), ("lisp", "("), ("powershell", "$("), ("vim", "a "), ("console", "$ a\n"), ("pycon", ">>> a\n"), ("http", "GET / "),
)  # fmt: skip

_CODE_LINE: Final = 1_900  # a little less than the longest line that is coloured


def hostile(chars: int) -> dict[str, str]:
    """Texts of about so many characters, by what they repeat."""
    prose = {repr(unit): unit * (chars // len(unit)) for unit in HOSTILE_MARKDOWN}
    code = {f"{name}: {unit!r}": _hostile_fence(name, unit, chars) for name, unit in HOSTILE_CODE}
    return {**prose, **_nested(chars), **code}


def _nested(chars: int) -> dict[str, str]:
    """What gets deeper instead of longer."""
    deep = int(chars**0.5)
    return {
        "lists, each one deeper": "".join("  " * at + "- a\n" for at in range(deep)),
        "quotes, each one deeper": "".join("> " * at + "a\n" for at in range(deep)),
        "emphasis in emphasis": "*a **b " * (chars // 14) + "c** d*" * (chars // 14),
        "brackets in brackets": "[" * (chars // 2) + "]" * (chars // 2),
        "code spans of all lengths": " ".join("`" * at for at in range(1, deep)),
        "a table of many columns": ("|a" * (chars // 8) + "|\n")
        + ("|-" * (chars // 8) + "|\n")
        + "|b|\n" * 99,
        "10 MB on one line": "word and `code` " * 655_360,
        "10 MB of backslashes": "\\" * 10_485_760,
    }


def _hostile_fence(language: str, unit: str, chars: int) -> str:
    line = unit if "\n" in unit else unit * (_CODE_LINE // len(unit)) + "\n"
    return f"```{language}\n{line * (chars // len(line))}\n```\n"
