"""A REPL in memory."""

import pytest

from tests.repl.desk import Bench


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.store.close()
