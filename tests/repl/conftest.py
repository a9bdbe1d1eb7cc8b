"""A REPL in memory."""

import os
import pty

import pytest

from tests.repl.desk import Bench


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.store.close()


@pytest.fixture
def pty_stdin():
    """A terminal to read from."""
    there, here = pty.openpty()
    with os.fdopen(here, "r", encoding="utf-8") as stdin:
        yield stdin
    os.close(there)
