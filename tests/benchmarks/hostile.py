"""The worst step of drawing each hostile input, in milliseconds of CPU: what a reader, or Ctrl-C, may have to wait for.

    python tests/benchmarks/hostile.py [--chars 100000] [--only NAME]

A step is a piece of the reply and the frame after it, or the end. Pieces are those of a fast server (400 characters) and
of one that sends all it has (4,000; megabytes come only like that). What is over the target is measured twice, as
machines are noisy, and marked.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # it is run by its path

from deepchat.render.reply import Reply
from deepchat.render.theme import THEMES
from tests.benchmarks import documents
from tests.render.test_hostile import HOSTILE

TARGET_MS: Final = 100
PIECE: Final = 400
BURST: Final = 4_000
HUGE: Final = 1_000_000


def inputs(chars: int) -> dict[str, str]:
    """The lists of the tests and of the benchmarks, and what only its length makes hostile."""
    return {
        **{name: make(chars) for name, make in HOSTILE.items()},
        **documents.hostile(chars),
        "10 MB on one line of code": "```python\n" + "x = 1; " * 1_500_000,
        "10 MB on one line of letters": "a" * 10_485_760,
        "100,000 blank lines": "\n" * 100_000,
    }


def steps(text: str, size: int) -> Iterator[float]:
    """Milliseconds of each step, as the program takes them."""
    reply = Reply(width=80, height=24, theme=THEMES["ansi"])
    at = 0
    while at < len(text) or reply.behind:
        start = process_time()
        if not reply.behind:
            reply.text(text[at : at + size])
            at += size
        reply.frame()
        yield (process_time() - start) * 1e3
    start = process_time()
    reply.finish()
    yield (process_time() - start) * 1e3


def measured(text: str, size: int) -> tuple[float, float]:
    """The worst step and the whole, of the better of two runs if the first is over the target."""
    runs = [list(steps(text, size))]
    if max(runs[0]) > TARGET_MS:
        runs.append(list(steps(text, size)))
    best = min(runs, key=max)
    return max(best), sum(best)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--chars", type=int, default=100_000)
    options.add_argument("--only", default="")
    chosen = options.parse_args()
    over = total = 0
    print("| input | worst step ms, 400 | 4,000 | all of it s |\n|---|--:|--:|--:|")
    for name, text in inputs(chosen.chars).items():
        if chosen.only in name:
            large, whole = measured(text, BURST)
            small = measured(text, PIECE)[0] if len(text) < HUGE else 0.0
            late = max(small, large) > TARGET_MS
            mark = " **over**" if late else ""
            print(
                f"| {name.replace('|', '¦')}{mark} | {small:.1f} | {large:.1f} | {whole / 1e3:.2f} |",
                flush=True,
            )
            over, total = over + late, total + 1
    print(f"\n{over} of {total} have a step of more than {TARGET_MS} ms.")


if __name__ == "__main__":
    main()
