"""What can be done with a reply that is there: exactly its source, never its looks."""

import pytest

from deepchat.conversation import Finished, ReasoningDelta, TextDelta

REPLY = "Look:\n\n```python\nif x:\n\treturn 1   \n```\n\n1. and\n\n   ```\n   two\n   ```\n"


@pytest.fixture
def replied(bench):
    bench.model.script.append([ReasoningDelta("Hm, hm."), TextDelta(REPLY), Finished("stop")])
    bench.type("Show me.")
    return bench


def test_copy_takes_the_source_of_the_reply_of_a_block_or_of_the_chat(replied):
    replied.type("/copy")
    assert replied.paper.copied == REPLY
    replied.type("/copy 1")
    assert replied.paper.copied == "if x:\n\treturn 1   "
    replied.type("/copy 2")
    assert replied.paper.copied == "two"
    replied.type("/copy all")
    assert replied.paper.copied == f"## You\n\nShow me.\n\n## Model\n\n{REPLY}\n"


@pytest.mark.parametrize("number", ["3", "0", "-1", "x", "²"])
def test_a_block_that_is_not_there_is_said(replied, number):
    assert "It has 1 to 2." in replied.type(f"/copy {number}")
    assert replied.paper.copied == ""


def test_raw_prints_the_markdown_and_disarms_it(replied):
    assert REPLY.rstrip("\n") in replied.type("/raw")
    replied.model.script.append([TextDelta("a\x1b[2Jb"), Finished("stop")])
    replied.type("More.")
    printed = replied.type("/raw")
    assert "\x1b[2J" not in printed
    assert "Invisible characters shown as marks: 1." in printed


def test_save_writes_a_block_and_never_over_a_file(replied, tmp_path):
    path = tmp_path / "code.py"
    assert "2 lines" in replied.type(f"/save 1 {path}")
    assert path.read_bytes() == b"if x:\n\treturn 1   \n"
    assert "exists already" in replied.type(f"/save 2 {path}")
    assert path.read_bytes() == b"if x:\n\treturn 1   \n"
    assert "cannot be written" in replied.type(f"/save 1 {tmp_path}/nowhere/x")
    assert "wants a block" in replied.type("/save 1")


def test_think_shows_the_reasoning_and_sets_what_becomes_of_it(replied):
    assert "Hm, hm." in replied.type("/think")
    assert "not shown" in replied.type("/think hide")
    replied.model.script.append([ReasoningDelta("Secret."), TextDelta("Yes."), Finished("stop")])
    assert "thought" not in replied.type("Again.")
    assert "does not know maybe" in replied.type("/think maybe")


@pytest.mark.parametrize("line", ["/copy", "/raw", "/save 1 x", "/think"])
def test_without_a_reply_there_is_nothing_to_do_it_with(bench, line):
    assert "no reply yet" in bench.type(line)


def test_show_prints_an_exchange_again_whole(bench):
    assert "no question yet" in bench.type("/show")
    long = "\n".join(f"line {n}" for n in range(100))
    bench.model.script += [
        [TextDelta("One."), Finished("stop")],
        [TextDelta("Two."), Finished("stop")],
    ]
    said = bench.type(long)
    assert "90 more lines" in said
    assert "line 99" not in said
    assert bench.model.requests[-1].messages[-1].text == long
    bench.type("Second")
    assert "Two." in bench.type("/show")
    shown = bench.type("/show 1")
    assert all(f"line {n}\n" in shown for n in range(100))
    assert "One." in shown
    assert "Two." not in shown
    for number in ("0", "3", "x"):
        assert "this chat has 2 questions" in bench.type(f"/show {number}")
    bench.type("/title On lines")
    bench.type("/new")
    bench.model.script.append([TextDelta("Three."), Finished("stop")])
    bench.type(long)
    bench.type("/new")
    assert "90 more lines" in bench.type("/resume line")
