"""Pieces of markdown to look at: every construct deepchat draws, with something true in it. Data, and how it is asked for."""

import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 10_000  # lines
_LONG: Final = 300


@dataclass(frozen=True, slots=True)
class Piece:
    """One construct: the words that ask for it, the first of them its name, and the markdown."""

    words: tuple[str, ...]
    text: str


HEADINGS: Final = Piece(
    ("headings", "heading", "titles"),
    """\
# The first level
## The second level
### The third level
#### The fourth level

A paragraph with *emphasis*, **strong words**, ***both***, ~~second thoughts~~ and `inline code`. A line ends here\\
because a backslash says so. Escaped signs stay signs: \\*not emphasis\\*, 3 \\* 4 = 12, snake_case_name.

Setext headings
---------------

are underlined instead.

---

And a rule above this line.""",
)

LISTS: Final = Piece(
    ("lists", "list", "bullets", "tasks"),
    """\
## Lists

- Terminal widths are counted in cells
  - a Latin letter takes one
  - 漢字 take two each
    - and a combining accent, é, none
- A second item, with a paragraph of its own:

  indented to the item's text.

1. Boil water.
2. Warm the pot.
   1. Pour in some of the water.
   2. Swirl, and pour it out.
3. Add tea, then the rest of the water.

- [x] write the parser
- [x] freeze the table widths
- [ ] read the specification once more""",
)

TABLES: Final = Piece(
    ("tables", "table", "columns"),
    """\
## Tables

| Planet  | Moons | Day (hours) | Symbol |
| :------ | ----: | ----------: | :----: |
| Mercury |     0 |      4222.6 |   ☿    |
| Earth   |     1 |        24.0 |   ♁    |
| Mars    |     2 |        24.7 |   ♂    |
| Neptune |    16 |        16.1 |   ♆    |

| Language | Hello | A longer remark, wide enough to need wrapping on a narrow terminal |
|---|---|---|
| Japanese | こんにちは | Written without spaces, so that a line may break between almost any two characters |
| Finnish | Hei | *Epäjärjestelmällistyttämättömyydelläänsäkäänköhän* is one word |
| Python | `print("hello")` | `a \\| b` has a pipe in a cell, **escaped** |""",
)

QUOTES: Final = Piece(
    ("quotes", "quote", "quotation"),
    """\
## Quotes

> Programs must be written for people to read, and only incidentally for machines to execute.
>
> — Abelson and Sussman, *Structure and Interpretation of Computer Programs*

> A quote may hold other things:
>
> 1. a list,
> 2. with two items,
>
> > a quote of its own,
>
> ```sh
> echo "and code"
> ```""",
)

CODE: Final = Piece(
    (
        "code",
        "python",
        "rust",
        "javascript",
        "bash",
        "shell",
        "sql",
        "json",
        "diff",
        "highlighting",
    ),
    '''\
## Code

```python
from collections.abc import Iterator


def primes() -> Iterator[int]:
    """All of them, by an unbounded sieve."""
    composites: dict[int, list[int]] = {}
    n = 2
    while True:
        if n in composites:
            for prime in composites.pop(n):
                composites.setdefault(n + prime, []).append(prime)
        else:
            yield n
            composites[n * n] = [n]
        n += 1
```

```rust
fn collatz(mut n: u64) -> u32 {
    let mut steps = 0;
    while n != 1 {
        n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
        steps += 1;
    }
    steps
}
```

```javascript
const debounce = (call, ms) => {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...given), ms);
  };
};
```

```bash
# The ten largest files below here.
find . -type f -printf '%s\\t%p\\n' | sort -rn | head -n 10 | numfmt --field=1 --to=iec
```

```sql
WITH RECURSIVE fibonacci (n, a, b) AS (
  SELECT 1, 0, 1
  UNION ALL
  SELECT n + 1, b, a + b FROM fibonacci WHERE n < 10
)
SELECT n, a FROM fibonacci;
```

```json
{"name": "deepchat", "offline": true, "prices": [0, 0.0], "model": null}
```

```diff
-for i in range(len(names)):
-    print(names[i])
+for name in names:
+    print(name)
```

    Indented code has no language and no fence.''',
)

LINKS: Final = Piece(
    ("links", "link", "urls", "images"),
    """\
## Links

[fts]: https://www.sqlite.org/fts5.html

A [link with words](https://commonmark.org "CommonMark"), one [by reference][fts] to the definition above, a bare \
one, https://spec.commonmark.org/0.31.2/, and a picture by its description: ![a cat on a keyboard](https://example.org/picture.png)""",
)

MATH: Final = Piece(
    ("math", "latex", "formulas", "html"),
    """\
## Math and HTML

Formulas stay as they were written: $e^{i\\pi} + 1 = 0$, \\(a_1 * a_2 * a_3\\), and in lines of their own

$$
\\sum_{k=1}^{n} k = \\frac{n(n+1)}{2}
$$

while $5 and $10 are prices. A List<int> is whole without being code, and tags are seen, as a footnote[^1] is:

<details>
<summary>More</summary>
what a browser would fold
</details>

[^1]: A footnote is a line of text.""",
)

UNICODE: Final = Piece(
    ("emoji", "unicode", "cjk", "chinese", "japanese", "korean", "arabic"),
    """\
## Beyond ASCII

| What | Text |
|---|---|
| emoji | 🚀 🎉 ✅ ⚠️ |
| joined emoji | 👩‍💻 👨‍👩‍👧‍👦 🏳️‍🌈 |
| flags | 🇯🇵 🇧🇷 🇺🇦 |
| Chinese | 山重水複疑無路，柳暗花明又一村 |
| Japanese | 古池や蛙飛びこむ水の音 |
| Korean | 나랏말싸미 듕귁에 달아 |
| combining | ñ = ñ, Z̸͙ |
| right to left | שלום, مرحبا |
| box drawing | ┌─┬─┐ │ █▓▒░ |""",
)

PIECES: Final = (HEADINGS, LISTS, TABLES, QUOTES, CODE, LINKS, MATH, UNICODE)
NAMES: Final = (*(piece.words[0] for piece in PIECES), "everything", "long")

_ALL: Final = {"everything", "markdown", "showcase", "all"}
_NUMBERED: Final = {"long", "longer", "scroll", "scrollback", "lines", "line"}
# What may stand around such a word without making it a question about something else.
_POLITE: Final = """
a an and answer at draw example examples few for formatting give i in just least let like make me of one please print
reply response sample samples see show some test text that the to try very want with write
"""
_AROUND: Final = frozenset(_POLITE.split())
_KNOWN: Final = frozenset(word for piece in PIECES for word in piece.words) | _ALL | _NUMBERED


def wanted(message: str) -> str:
    """The markdown a message asks to see; "" when it asks for anything else besides."""
    said = re.findall(r"[^\W_]+", message.lower())
    numbers = [int(word[:9]) for word in said if word.isdecimal()]
    asked = {word for word in said if not word.isdecimal()} - _AROUND
    if not asked or not asked <= _KNOWN:
        return ""
    if asked & _NUMBERED:
        return numbered(min(max(numbers, default=_LONG) or 1, LONGEST))
    every = bool(asked & _ALL)
    return "\n\n".join(piece.text for piece in PIECES if every or asked & {*piece.words})


def numbered(lines: int) -> str:
    """A list of so many lines: each number with its factors."""
    return "\n".join([f"## {lines} lines", "", *(_line(number) for number in range(1, lines + 1))])


def _line(number: int) -> str:
    factors = _factors(number)
    told = "is **prime**" if len(factors) == 1 else f"= {' × '.join(map(str, factors))}"
    return (
        f"{number}. {number} {told if factors else 'has no factors'}, `{number:#x}` in hexadecimal"
    )


def _factors(number: int) -> list[int]:
    factors, divisor = list[int](), 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            factors.append(divisor)
            number //= divisor
        divisor += 1
    return [*factors, number] if number > 1 else factors
