"""How exact, and how slow at worst, the line by line highlighting is, for every lexer of Pygments. Prints markdown tables.

    python tests/benchmarks/lexers.py [--languages python,c]                    the slowest step, of hostile code
    python tests/benchmarks/lexers.py --samples FOLDER [--languages python,c]   how exact it is, of ordinary code

The samples stand in folders named as the language, as in `tests/examplefiles` of Pygments' source distribution. Seconds
are CPU time of the process. Each lexer has a process of its own, so that its import is seen.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from multiprocessing import get_context
from pathlib import Path
from time import process_time
from typing import Final

from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_by_name, get_all_lexers
from pygments.util import ClassNotFound
from rich.style import Style

sys.path.insert(0, str(Path(__file__).parents[2]))  # it is run by its path

from deepchat.render.highlight import BLOCK_LIMIT, LINE_LIMIT, Highlighter, lexer_for
from deepchat.render.theme import THEMES

THEME: Final = THEMES["ansi"]
PROCESSES: Final = 3
HOSTILE_CHARS: Final = 8_000
BURST_CHARS: Final = 4_000
UNITS: Final = (
    *"a1_\"'`(){}[]<>/\\$@#%&*+-=|~^:;,.?! \t",
    *("a ", "a.", "a(", "a=", '"\\', "\\\\", "/*", "*/", "<!--", "${", "#{", "<<A", "m{", '"""', "'a", "<a ", "</", "&a"),
    *("a\n", " \n", "\\\n", "a \\\n", "<<A\n", "<<A <<B\n", '"\n', "'\n", "/*\n", "(\n", "{\n", "|\n", "A: |\n", '"""\n', "`\n"),
    *("- a\n", "a:\n", "# a\n", "    a\n", "<a\n", "<?php\n", "*/ /*\n", "' '\n", "EOF <<EOF\n", "RUN a \\\n", "@a\n", "%\n"),
)  # fmt: skip


def reference(language: str) -> Lexer:
    """Pygments' own choice, where it knows the name."""
    try:
        cls = find_lexer_class_by_name(language)
    except ClassNotFound:
        return lexer_for(language)
    return cls()


def in_one_go(language: str, text: str) -> list[list[Style]]:
    """Per line a style for each character, from the whole text at once."""
    styles = [Style()] * len(text)
    for at, kind, value in reference(language).get_tokens_unprocessed(text):
        styles[at : at + len(value)] = [THEME.token(kind)] * len(value)
    lines, at = [], 0
    for line in text.split("\n"):
        lines.append(styles[at : at + len(line)])
        at += len(line) + 1
    return lines


def differing(language: str, text: str) -> list[str]:
    """The lines of which a visible character looks otherwise than in one go."""
    highlighter = Highlighter(language, THEME)
    wrong = []
    for line, styles in zip(text.split("\n"), in_one_go(language, text), strict=True):
        ours = [style for part, style in highlighter.line(line) for _ in part]
        looks = zip(line, styles, ours, strict=True)
        if any(one != other for char, one, other in looks if char.strip()):
            wrong.append(line)
    return wrong


def exactness(folder: Path) -> tuple[str, int, int, float, str]:
    """The language, lines in its samples, how many of them differ, in per cent, and the first of them."""
    lines, wrong = 0, []
    for path in sorted(folder.rglob("*")):
        text = path.read_text("utf-8", "replace") if _is_sample(path) else ""
        text = "\n".join(line[:LINE_LIMIT] for line in text.splitlines())[: BLOCK_LIMIT - 1]
        if text:
            lines += text.count("\n") + 1
            wrong += differing(folder.name, text)
    return folder.name, lines, len(wrong), 100 * len(wrong) / max(1, lines), repr(wrong[:1])[:60]


def _is_sample(path: Path) -> bool:
    return path.is_file() and path.suffix != ".output"


def slowness(language: str) -> tuple[str, float, float, str]:
    """The language, milliseconds to load it, those of the slowest step, and the unit it was made of."""
    start = process_time()
    lexer_for(language)
    loading = process_time() - start
    worst = max((worst_step(language, unit), unit) for unit in UNITS)
    return language, 1e3 * loading, 1e3 * worst[0], repr(worst[1])


def worst_step(language: str, unit: str) -> float:
    """The seconds a burst takes, or a peek, of a text that repeats the unit, in lines as long as can be."""
    highlighter = Highlighter(language, THEME)
    text = unit if "\n" in unit else unit * (LINE_LIMIT // len(unit)) + "\n"
    lines = (text * (HOSTILE_CHARS // len(text) + 1)).splitlines()
    size = max(1, BURST_CHARS // len(text))
    steps = []
    for at in range(0, len(lines), size):
        steps.append(timed(highlighter.peek, lines[at : at + 1]))
        steps.append(timed(highlighter.line, lines[at : at + size]))
    return max(steps)


def timed(action: Callable[[str], object], lines: Iterable[str]) -> float:
    start = process_time()
    for line in lines:
        action(line)
    return process_time() - start


def table(head: str, rows: Iterable[Sequence[object]]) -> None:
    print(f"\n| {' | '.join(head.split('|'))} |\n|{'---|' * len(head.split('|'))}")
    for row in rows:
        cells = (f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row)
        print(f"| {' | '.join(cell.replace('|', '¦') for cell in cells)} |")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--samples", type=Path, help="a folder of folders named as languages")
    options.add_argument("--languages", help="only these, with commas between")
    chosen = options.parse_args()
    names = sorted(aliases[0] for _, aliases, _, _ in get_all_lexers(plugins=False) if aliases)
    wanted = chosen.languages.split(",") if chosen.languages else []
    with get_context("fork").Pool(PROCESSES, maxtasksperchild=1) as pool:
        if chosen.samples:
            folders = [
                path for path in chosen.samples.iterdir() if path.name in wanted or not wanted
            ]
            differ = sorted(pool.imap_unordered(exactness, folders), key=lambda row: -row[3])
            table("language|lines|differ|%|the first that does", differ)
        else:
            slow = sorted(pool.imap_unordered(slowness, wanted or names), key=lambda row: -row[2])
            table("language|ms to load|worst step, ms|of", slow)


if __name__ == "__main__":
    main()
