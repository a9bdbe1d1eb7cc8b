"""Housekeeping goes on while there is something to do, and never past the end."""

import threading

from deepchat.cli import tidying
from deepchat.cli.tidying import Tidying
from deepchat.errors import StoreError


def test_it_takes_step_after_step_until_there_is_nothing_to_do(monkeypatch):
    monkeypatch.setattr(tidying, "BETWEEN_S", 0)
    done, left = threading.Event(), [True, True, False]

    def step(wanted):
        more = left.pop(0)
        if not more:
            done.set()
        return more

    tidy = Tidying(step, quiet_s=0)
    tidy.start()
    assert done.wait(10)
    tidy.close()
    assert left == []


def test_each_step_has_its_turn_and_one_that_takes_long_learns_of_the_end(monkeypatch):
    monkeypatch.setattr(tidying, "BETWEEN_S", 0)
    taken, begun = [], threading.Event()

    def short(wanted):
        taken.append("short")
        return False

    def long(wanted):
        begun.set()
        while wanted():
            pass
        taken.append("ended")
        return True

    tidy = Tidying(short, long, quiet_s=0)
    tidy.start()
    assert begun.wait(10)
    tidy.close()
    assert taken == ["short", "ended"]


def test_nothing_is_done_after_the_end_nor_without_a_beginning():
    taken = threading.Event()

    def step(wanted):
        taken.set()
        return True

    tidy = Tidying(step, quiet_s=60)
    tidy.start()
    tidy.close()
    Tidying(step).close()
    assert not taken.is_set()


def test_a_disk_in_trouble_ends_it_quietly():
    met = threading.Event()

    def step(wanted):
        met.set()
        raise StoreError("The disk is full.")

    tidy = Tidying(step, quiet_s=0)
    tidy.start()
    assert met.wait(10)
    tidy.close()
