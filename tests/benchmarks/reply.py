"""What it costs to show a reply while it arrives, beside other ways to do it. Prints markdown tables.

    python tests/benchmarks/reply.py [--tokens 1000,4000,16000,64000] [--only mixed,shapes,hostile]

Replies arrive at 100 tokens a second and are drawn 12 times a second, on 80x24; time is virtual, so nothing waits. All
seconds are CPU time of the thread. Machines are noisy: read the ratios, and run it again before believing a small one.
Views that draw everything again (~) are sampled: some frames, evenly spaced, stand for all. aider's throttle is kept.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import thread_time
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # it is run by its path

from tests.benchmarks.documents import SHAPES, hostile, mixed, tokens_of
from tests.benchmarks.views import (
    Naive,
    OneShot,
    Ours,
    Raw,
    StableLines,
    View,
    with_terminal,
)

TOKENS_PER_SECOND: Final = 100
FRAME_SECONDS: Final = 1 / 12
SAMPLES: Final = 24
REPEATS: Final = 3
HOSTILE_CHARS: Final = 20_000
BURST_CHARS: Final = 4_000


@dataclass(frozen=True)
class Cost:
    """Of one reply: its tokens, CPU seconds, bytes written, CPU seconds of each frame; of ours the cells erased, too."""

    tokens: int
    seconds: float
    size: float
    frames: Sequence[float]
    erased: int = 0

    @property
    def per_token(self) -> float:
        """Microseconds."""
        return self.seconds / self.tokens * 1e6

    @property
    def bytes_per_token(self) -> float:
        return self.size / self.tokens

    def frame(self, share: float) -> float:
        """The milliseconds within which this share of the frames was drawn."""
        ordered = sorted(self.frames) or [0.0]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3


# --- measuring -------------------------------------------------------------------------------------------------------


def timed(action: Callable[[], None]) -> float:
    start = thread_time()
    action()
    return thread_time() - start


def streamed(view: View, pieces: Iterable[str], per_frame: float) -> Cost:
    """Feed a view, with a frame after every `per_frame` pieces."""
    frames, due, fed = [], per_frame, 0
    start = thread_time()
    for piece in pieces:
        view.feed(piece)
        fed += 1
        if fed >= due:
            due += per_frame
            frames.append(timed(view.frame))
    frames.append(timed(view.finish))
    seconds = thread_time() - start
    erased = view.erased if isinstance(view, Ours) else 0
    return Cost(fed, seconds, view.size, frames, erased)


def arriving(view: View, tokens: Sequence[str]) -> Cost:
    return streamed(view, tokens, TOKENS_PER_SECOND * FRAME_SECONDS)


def best(measure: Callable[[], Cost], repeats: int = REPEATS) -> Cost:
    return min((measure() for _ in range(repeats)), key=lambda cost: cost.seconds)


def ours(text: str) -> Cost:
    tokens = tokens_of(text)
    return best(lambda: arriving(Ours(), tokens), 2)


def on_terminal(tokens: Sequence[str]) -> Cost:
    costs: list[Cost] = []
    with_terminal(lambda view: costs.append(arriving(view, tokens)))
    return costs[0]


def every_frame(_: float) -> float:
    return FRAME_SECONDS


def throttled(seconds: float) -> float:
    """How long aider waits after an update that took so long (aider/mdstream.py)."""
    return max(FRAME_SECONDS, min(max(seconds * 10, 1 / 20), 2))


def sampled(
    make: Callable[[], View], tokens: Sequence[str], wait: Callable[[float], float]
) -> Cost:
    """Each sample is a frame like the one before it, and stands for all frames of its share of the time."""
    span = len(tokens) / TOKENS_PER_SECOND / SAMPLES
    seconds = size = gap = 0.0
    frames = []
    for number in range(SAMPLES):
        at = int((number + 0.5) / SAMPLES * len(tokens))
        before = max(0, at - int(max(gap, FRAME_SECONDS) * TOKENS_PER_SECOND))
        view = make()
        view.feed("".join(tokens[:before]))
        view.frame()
        written = view.size
        view.feed("".join(tokens[before:at]))
        frames.append(timed(view.frame))
        gap = wait(frames[-1])
        seconds += frames[-1] * span / gap
        size += (view.size - written) * span / gap
    return Cost(len(tokens), seconds, size, frames)


# --- tables ----------------------------------------------------------------------------------------------------------


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table, row by row as they are measured."""
    print(f"\n## {title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        cells = (f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row)
        print(f"| {' | '.join(cells)} |", flush=True)


ENGINES: Final[dict[str, Callable[[Sequence[str]], Cost]]] = {
    "raw write": lambda tokens: best(lambda: arriving(Raw(), tokens)),
    "rich.Markdown, once": lambda tokens: best(lambda: arriving(OneShot(), tokens)),
    "deepchat": lambda tokens: best(lambda: arriving(Ours(), tokens)),
    "deepchat, on its terminal": on_terminal,
    "aider-style stable lines ~": lambda tokens: sampled(StableLines, tokens, throttled),
    "naive Live + Markdown ~": lambda tokens: sampled(Naive, tokens, every_frame),
}


def mixed_rows(sizes: Sequence[int]) -> Iterable[Sequence[object]]:
    four: dict[str, float] = {}
    for size in sizes:
        tokens = tokens_of(mixed(size))
        costs = {name: measure(tokens) for name, measure in ENGINES.items()}
        raw, once, own = (costs[name] for name in ("raw write", "rich.Markdown, once", "deepchat"))
        if size == 4_000:
            four = {name: cost.per_token for name, cost in costs.items()}
        for name, cost in costs.items():
            yield (
                f"{size:,}",
                name,
                cost.per_token / raw.per_token,
                cost.per_token / once.per_token,
                cost.per_token / own.per_token,
                cost.per_token / four[name] if four else "",
                cost.bytes_per_token / raw.bytes_per_token,
                cost.per_token,
                cost.frame(0.99),
                cost.frame(1),
                cost.bytes_per_token,
                cost.erased / cost.tokens if name == "deepchat" else "",
            )


def shape_rows() -> Iterable[Sequence[object]]:
    for name, shape in SHAPES.items():
        texts = [shape.text(tokens * 4) for tokens in (4_000, 64_000)]
        small, large = map(ours, texts)
        yield (
            name,
            large.per_token / small.per_token,
            small.per_token,
            large.per_token,
            large.size / len(texts[1].encode()),
            large.erased / large.tokens,
            large.frame(0.99),
            small.frame(1),
            large.frame(1),
        )


def hostile_rows() -> Iterable[Sequence[object]]:
    """The worst step first, so all is measured before a row is printed."""
    ordinary = mixed(HOSTILE_CHARS // 4)
    usual = arriving(Ours(), tokens_of(ordinary)).seconds / len(ordinary)
    rows = []
    for name, text in {"(ordinary text)": ordinary, **hostile(HOSTILE_CHARS)}.items():
        parts = [text[at : at + BURST_CHARS] for at in range(0, len(text), BURST_CHARS)]
        bursts = streamed(Ours(), parts, 1)
        slow = bursts
        if len(text) < 50 * HOSTILE_CHARS:
            slow = arriving(Ours(), tokens_of(text))
        worst = max(slow.frame(1), bursts.frame(1))
        rows.append(
            (
                name.replace("|", "¦"),
                worst,
                slow.frame(1),
                bursts.frame(1),
                slow.seconds / len(text) / usual,
            )
        )
    return sorted(rows, key=lambda row: -row[1])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--tokens", default="1000,4000,16000,64000")
    options.add_argument("--only", default="mixed,shapes,hostile")
    chosen = options.parse_args()
    sizes = [int(size) for size in chosen.tokens.split(",")]
    arriving(Ours(), tokens_of(mixed(4_000)))  # lexers are imported once
    arriving(OneShot(), tokens_of(mixed(4_000)))
    if "mixed" in chosen.only:
        head = (
            "tokens|view|CPU / raw|CPU / rich once|CPU / deepchat|CPU / at 4,000|bytes / raw|µs/token|frame p99 ms|max ms|"
            "bytes/token|cells erased/token"
        )
        table("A mixed reply", head.split("|"), mixed_rows(sizes))
    if "shapes" in chosen.only:
        head = "block|growth 64k / 4k|µs/token 4k|64k|bytes / raw|cells erased/token|p99 ms 64k|max ms 4k|64k"
        table("One huge block (deepchat)", head.split("|"), shape_rows())
    if "hostile" in chosen.only:
        head = "input|worst frame ms|at 100 tokens/s|in bursts of 4,000|CPU / ordinary text"
        table(
            f"Hostile inputs of {HOSTILE_CHARS:,} characters (deepchat)",
            head.split("|"),
            hostile_rows(),
        )


if __name__ == "__main__":
    main()
