"""A list on stdout: a table on a terminal, lines with tabs in a pipe, JSON where that is asked for."""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

from deepchat.config import Settings
from deepchat.text import clean_line


@dataclass(frozen=True, slots=True)
class Listed:
    """What is listed: for people in `rows` below `headers`, for programs in `records`. `nothing` is said of an empty one."""

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    records: Sequence[Mapping[str, object]]
    nothing: str


def put(listed: Listed, settings: Settings, *, as_json: bool) -> None:
    """Write it. In a pipe there are neither headers nor words about an empty list."""
    if as_json:
        put_json(listed.records)
    elif sys.stdout.isatty():
        sys.stdout.write(_drawn(listed, settings))
    else:
        for row in listed.rows:
            sys.stdout.write("\t".join(clean_line(cell) for cell in row) + "\n")


def put_json(told: object) -> None:
    """Write it for programs."""
    sys.stdout.write(json.dumps(told, ensure_ascii=True, indent=2) + "\n")


def _drawn(listed: Listed, settings: Settings) -> str:
    """As a table, without the columns in which nothing stands."""
    from deepchat.cli.looks import drawing  # late: rich takes its time

    draw = drawing(settings)
    width = shutil.get_terminal_size().columns
    if not listed.rows:
        return draw.notice(listed.nothing, width)
    filled = [any(column) for column in zip(*listed.rows, strict=True)]
    rows = [list(compress(row, filled)) for row in listed.rows]
    return draw.table(list(compress(listed.headers, filled)), rows, width)
