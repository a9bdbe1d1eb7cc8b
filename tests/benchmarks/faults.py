"""The table of faults, met one by one: what is said, what is kept of the reply, how often the server was asked.

    python tests/benchmarks/faults.py [--only NAME]

`s` is from the request to the end of the turn, all tries together; `MB` the most memory that Python took meanwhile, for
those that flood. A row that is not as the table of the tests wants it is marked.
"""

import argparse
import sys
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # it is run by its path

from deepchat.errors import DeepchatError
from tests.faults import FAULTS, Fault, Outcome, ask


def met(fault: Fault) -> tuple[Outcome, str]:
    """What came of it, and the megabytes it took."""
    if not fault.floods:
        return ask(fault), ""
    tracemalloc.start()
    try:
        return ask(fault), f"{tracemalloc.get_traced_memory()[1] / 2**20:.0f}"
    finally:
        tracemalloc.stop()


def told(error: BaseException | None) -> str:
    return f"{error} {error.remedy()}" if isinstance(error, DeepchatError) else str(error or "")


def is_as_it_must_be(fault: Fault, outcome: Outcome) -> bool:
    error, site = outcome.turn.error, outcome.site
    return (
        (type(error) if error else None) is fault.kind
        and fault.is_said(str(error or ""), site)
        and (len(site.requests), outcome.kept) == (fault.requests, fault.keeps)
        and outcome.turn.tries == (fault.tries or fault.requests)
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--only", default="")
    only = options.parse_args().only
    chosen = {name: fault for name, fault in FAULTS.items() if only in name}
    right = 0
    print("| fault | what is said | exit | requests | tries | kept | s | MB |")
    print("|---|---|--:|--:|--:|---|--:|--:|")
    for name, fault in chosen.items():
        outcome, megabytes = met(fault)
        turn, right_now = outcome.turn, is_as_it_must_be(fault, outcome)
        right += right_now
        cells = (
            name if right_now else f"{name} **not so**",
            told(turn.error).replace("|", "¦"),
            fault.exit_code,
            len(outcome.site.requests),
            turn.tries,
            outcome.kept,
            f"{turn.reply.seconds:.2f}",
            megabytes,
        )
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
    print(f"\n{right} of {len(chosen)} are as they must be.")


if __name__ == "__main__":
    main()
