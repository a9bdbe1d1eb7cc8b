"""What can be done with a reply that is there: exactly its source, never its looks."""

import pytest

from deepchat.conversation import Finished, ReasoningDelta, Reported, TextDelta, Usage
from deepchat.repl.showing import BURST

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
    assert "There are 1 to 2. /blocks lists them." in replied.type(f"/copy {number}")
    assert replied.paper.copied == ""


def test_raw_prints_the_markdown_and_disarms_it(replied):
    assert REPLY.rstrip("\n") in replied.type("/raw")
    replied.model.script.append([TextDelta("a\x1b[2Jb"), Finished("stop")])
    replied.type("More.")
    printed = replied.type("/raw")
    assert "\x1b[2J" not in printed
    assert "Invisible characters shown as marks: 1." in printed


def test_save_writes_a_block_and_over_a_file_only_when_asked(replied, tmp_path):
    path = tmp_path / "code.py"
    assert "2 lines" in replied.type(f"/save 1 {path}")
    assert path.read_bytes() == b"if x:\n\treturn 1   \n"
    assert "left alone." in replied.type(f"/save 2 {path}")
    assert replied.paper.picking == f"{path} exists"
    assert path.read_bytes() == b"if x:\n\treturn 1   \n"
    replied.paper.choice = "Replace it"
    assert "1 line" in replied.type(f"/save 2 {path}")
    assert path.read_bytes() == b"two\n"
    replied.paper.choice = ""
    replied.type(f"/save 1 {path} --force")
    assert path.read_bytes() == b"if x:\n\treturn 1   \n"
    assert "cannot be written" in replied.type(f"/save 1 {tmp_path}/nowhere/x")


def test_a_file_that_is_replaced_keeps_its_mode_its_line_ends_and_the_link_that_leads_to_it(
    replied, tmp_path
):
    path, link = tmp_path / "run.bat", tmp_path / "link"
    path.write_bytes(b"a\r\nb\r\n")
    path.chmod(0o750)
    link.symlink_to(path)
    replied.type(f"/save --force 1 {link}")
    assert path.read_bytes() == b"if x:\r\n\treturn 1   \r\n"
    assert path.stat().st_mode & 0o777 == 0o750
    assert link.is_symlink()


def test_blocks_are_numbered_over_the_whole_chat_as_on_the_screen(replied):
    replied.model.script.append([TextDelta("```sh\nls\n```\n"), Finished("stop")])
    assert "sh · 3" in replied.type("More.")
    rows = [line.split() for line in replied.type("/blocks").splitlines()]
    assert rows[1:] == [
        ["1", "python", "2", "1", "if", "x:"],
        ["2", "1", "1", "two"],
        ["3", "sh", "1", "2", "ls"],
    ]
    replied.type("/copy 3")
    assert replied.paper.copied == "ls"
    assert "sh · 3" in replied.type("/show 2")
    assert "python · 1" in replied.type("/show 1")
    replied.type("/history pager")
    assert replied.paper.paged.index("python · 1") < replied.paper.paged.index("sh · 3")


def test_another_branch_has_its_own_numbers(replied):
    replied.model.script.append([TextDelta("```sh\nls\n```\n"), Finished("stop")])
    assert "sh · 1" in replied.type("/retry")
    assert "no block 2" in replied.type("/copy 2")


def test_a_reply_that_is_gone_on_with_counts_on(replied):
    replied.model.script += [
        [TextDelta("```a\n1\n```\n"), Finished("length")],
        [TextDelta("```b\n2\n```\n"), Finished("stop")],
        [TextDelta("```c\n3\n```\n"), Finished("stop")],
    ]
    replied.type("One.")
    assert "b · 4" in replied.type("/continue")
    assert "c · 5" in replied.type("Two.")


def test_a_block_goes_into_a_command_exactly(replied, tmp_path):
    assert "exit status 0" in replied.type(f"/pipe 1 cat > {tmp_path}/out")
    assert (tmp_path / "out").read_bytes() == b"if x:\n\treturn 1   \n"
    assert "/pipe wants a block's number, then a command." in replied.type("/pipe 1")
    assert "There is no block 7." in replied.type("/pipe 7 cat")


def test_a_large_block_goes_into_a_command_that_does_not_read_it(replied):
    replied.model.script.append([TextDelta("```\n" + "x\n" * 200_000 + "```\n"), Finished("stop")])
    replied.type("Much.")
    assert "exit status 0" in replied.type("/pipe 3 true")
    assert "200000" in replied.type("/pipe 3 wc -l")


def test_a_block_is_compared_with_a_file(replied, tmp_path):
    path = tmp_path / "code.py"
    path.write_bytes(b"if x:\r\n\treturn 2\r\n")
    shown = replied.type(f"/diff 1 {path}")
    assert "-    return 2" in shown
    assert "+    return 1" in shown
    assert "cannot be read" in replied.type(f"/diff 1 {tmp_path}/nowhere")
    assert "There is no block 9." in replied.type(f"/diff 9 {path}")


def test_an_answer_is_quoted_whole_or_in_part(replied):
    replied.type("/quote")
    assert replied.paper.draft.startswith("> Look:\n>\n> ```python\n> if x:\n")
    assert replied.paper.draft.endswith("two\n>    ```\n\n")
    for part, quoted in {
        "1:4-5": "> if x:\n> \treturn 1\n\n",
        ":1": "> Look:\n\n",
        "1:12-": ">    ```\n\n",
    }.items():
        replied.paper.draft = ""
        replied.type(f"/quote {part}")
        assert replied.paper.draft == quoted
    for part in ("1:0", "1:5-4", "1:99", "1:x", "1:1-2-3", "1:" + "9" * 5000):
        assert "There are no lines" in replied.type(f"/quote {part}")
    assert "There is no question 7" in replied.type("/quote 7")


def test_an_answer_is_shown_as_it_came_or_in_the_pager(replied):
    assert "```python\nif x:" in replied.type("/show 1 raw")
    replied.type("/show pager")
    assert "Show me." in replied.paper.paged
    assert "python · 1" in replied.paper.paged


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/save", "/save wants a block's number, then a file. /save 1 script.py"),
        ("/save x", "/save wants a block's number, then a file. /save 1 script.py"),
        ("/save x.py 1", "/save wants a block's number, then a file. /save 1 script.py"),
        ("/save 1", "/save wants a file, too. /save 1 script.py"),
        ("/save 9 f", "There is no block 9. There are 1 to 2. /blocks lists them."),
    ],
)
def test_save_says_what_is_missing(replied, line, said):
    assert said in " ".join(replied.type(line).split())


def test_think_shows_the_reasoning_and_sets_what_becomes_of_it(replied):
    assert "Hm, hm." in replied.type("/think")
    assert "not shown" in replied.type("/think hide")
    replied.model.script.append([ReasoningDelta("Secret."), TextDelta("Yes."), Finished("stop")])
    assert "thought" not in replied.type("Again.")
    assert "does not know maybe" in replied.type("/think maybe")


def test_reasoning_is_told_again_as_it_is_to_be_shown(replied):
    assert "thought · ~2 tokens" in replied.type("/show")
    replied.type("/think show")
    assert "Hm, hm." in replied.type("/show")
    replied.type("/think hide")
    assert "thought" not in replied.type("/show")


def test_a_long_reply_is_drawn_again_between_keys_and_can_be_stopped(bench):
    text = "".join(f"word{n} " for n in range(20_000)) + "\n"
    bench.model.script.append([TextDelta(text), Finished("stop")])
    bench.type("Long.")
    bench.repl.enter("/show")
    assert bench.repl.behind
    assert bench.repl.busy
    before = bench.paper.printed
    bench.repl.pump()
    assert 0 < len(bench.paper.printed) - len(before) < 2 * BURST
    bench.repl.interrupt()
    assert not bench.repl.behind
    assert "Stopped" in bench.paper.printed
    assert "word19999" not in bench.paper.printed[len(before) :]
    assert bench.type("/show").count("word19999") == 1


def test_what_is_shown_again_amid_a_reply_waits_for_its_end(replied):
    replied.model.script.append([TextDelta("Amid.\n\n"), replied.model.wait])
    replied.type("Hang.")
    assert replied.model.hanging.wait(5)
    replied.repl.pump()
    printed = replied.paper.printed
    replied.repl.enter("/show 1")
    assert replied.paper.printed == printed
    replied.chat.turn.stop()
    replied.model.hanging.clear()
    replied.settle()
    after = replied.paper.printed[len(printed) :]
    assert after.index("stopped") < after.index("Show me.") < after.index("python · 1")


def test_what_a_command_prints_amid_a_reply_is_set_off(bench):
    bench.model.script.append([TextDelta("One.\n\nTwo.\n\n"), bench.model.wait])
    bench.type("Hang.")
    assert bench.model.hanging.wait(5)
    bench.repl.pump()
    assert bench.type("/set top_p").startswith("\n")
    bench.type("/think hide")
    bench.chat.turn.stop()
    bench.model.hanging.clear()
    bench.settle()
    assert "Reasoning is not shown.\n\n" in bench.paper.printed


def test_a_reply_of_white_space_is_said_to_be_empty(bench):
    bench.model.script.append([TextDelta("  \n\n "), Finished("stop")])
    assert "The reply is empty." in bench.type("Say nothing.")


def test_a_reply_of_nothing_but_reasoning_says_so_and_why_it_ended(bench):
    bench.model.script.append([ReasoningDelta("Hm."), Finished("length")])
    assert "nothing but reasoning (length). Enter" in bench.type("Think.")


def test_without_figures_the_end_and_another_model_are_told_all_the_same(bench):
    object.__setattr__(bench.house, "show_footer", False)
    told = [Reported(model="lab/other", usage=Usage(1, 1)), Finished("content_filter")]
    bench.model.script.append([TextDelta("Half"), *told])
    footer = "cut by the content filter, answered by lab/other"
    assert footer in bench.type("Hi")
    assert " in, " not in bench.paper.printed
    assert footer in bench.type("/show")
    bench.model.script.append([TextDelta("Whole."), Finished("stop")])
    assert bench.type("Hi").partition("Whole.")[2].strip() == ""


@pytest.mark.parametrize("line", ["/copy", "/copy all", "/raw", "/think"])
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


def test_the_history_is_printed_from_any_question_on(replied):
    replied.model.script.append([TextDelta("Second " * BURST), Finished("stop")])
    replied.type("And more.")
    printed = replied.type("/history")
    assert printed.index("Show me.") < printed.index("return 1") < printed.index("And more.")
    assert printed.count("Second") == BURST
    assert "Show me." not in replied.type("/history 2")
    assert "no question 3" in replied.type("/history 3")


def test_show_leaves_out_the_reply_that_is_still_on_its_way(replied):
    replied.model.script.append([replied.model.wait])
    replied.type("And more.")
    assert replied.model.hanging.wait(5)
    replied.type("/show")
    replied.chat.turn.stop()
    replied.model.hanging.clear()
    replied.settle()
    shown = replied.paper.printed.rpartition("stopped")[2]
    assert "Show me." in shown
    assert "return 1" in shown
    assert "And more." not in shown
