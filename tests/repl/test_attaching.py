"""What goes along with a message, from what is typed to what is sent."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from deepchat.conversation import ADDRESS, Finished, ModelInfo, TextDelta
from deepchat.errors import Unreachable
from deepchat.repl import clipboard
from deepchat.repl.loop import Repl
from deepchat.repl.needs import Entry

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    Path("a.py").write_text("x = 1\n")
    Path("b.txt").write_text("one\ntwo\nthree\n")
    Path("cat.png").write_bytes(PNG)
    return here


def rows(bench, draft):
    return bench.repl.attached_rows(Entry(draft))


def say(bench, line):
    """Enter a line that is answered; what it printed."""
    bench.model.script.append([TextDelta("Aha."), Finished("stop")])
    return bench.type(line)


def sent(bench):
    return bench.model.requests[-1].messages[-1]


def test_a_mention_brings_the_file_along_and_is_shown_under_the_question(bench):
    shown = say(bench, "Explain @a.py and @b.txt#L2-3, @someone")
    assert sent(bench).text == (
        "a.py:\n```py\nx = 1\n```\n\nb.txt (lines 2-3):\n```txt\ntwo\nthree\n```\n\n"
        "Explain @a.py and @b.txt#L2-3, @someone"
    )
    assert "Attached: a.py, 6 B, ~" in shown
    assert "Attached: b.txt (lines 2-3)" in shown


def test_what_is_attached_is_there_on_resume(bench):
    say(bench, "Explain @a.py")
    bench.type("/new")
    assert "Attached: a.py" in bench.type("/resume Explain")


def test_a_file_that_cannot_go_along_keeps_the_draft_and_sends_nothing(bench):
    Path("a.bin").write_bytes(b"\x00")
    for line in ("See @./missing.py", "See @a.bin", "See @src/missing.py"):
        bench.paper.draft = ""
        shown = bench.type(line)
        assert "Error:" in shown
        assert bench.paper.draft == line
    assert bench.model.requests == []
    say(bench, "mail me@example.org or @nobody")
    assert sent(bench).text == "mail me@example.org or @nobody"


def test_pasted_signs_bring_nothing_along(bench):
    line = "@a.py"
    bench.model.script.append([TextDelta("Aha."), Finished("stop")])
    bench.repl.enter(line, [(0, len(line))])
    bench.settle()
    assert sent(bench).text == "@a.py"


def test_file_attaches_lists_and_detach_takes_away(bench):
    bench.paper.echoes = True
    assert "Attached: a.py" in bench.type("/file a.py b.txt#L1")
    assert [row[:6] for row in rows(bench, "")] == ["[1] a.", "[2] b."]
    assert "no attachment 3" in bench.type("/detach 3")
    assert "a.py" in bench.type("/detach 1")
    say(bench, "Explain")
    assert sent(bench).text == "b.txt (line 1):\n```txt\none\n```\n\nExplain"
    assert rows(bench, "") == []
    assert "Nothing is attached" in bench.type("/detach")
    assert "wants a number" in bench.type("/detach x")


def test_a_file_read_again_takes_the_place_of_what_there_was(bench):
    bench.type("/file a.py")
    Path("a.py").write_text("x = 2\n")
    bench.type("/file a.py")
    say(bench, "Explain @a.py")
    assert sent(bench).text.count("```py") == 1
    assert "x = 2" in sent(bench).text


def test_a_pattern_attaches_what_fits_and_says_what_it_left_out(bench):
    Path("z.bin").write_bytes(b"\x00")
    shown = bench.type("/file *")
    assert "Left out: z.bin is binary" in shown
    assert [each.name for each in bench.repl.tray.attachments] == ["a.py", "b.txt", "cat.png"]
    assert "No file fits *.rs" in bench.type("/file *.rs")
    assert "no file c.py" in bench.type("/file c.py")
    assert "wants the name" in bench.type("/file")
    for number in range(60):
        Path(f"n{number}.log").touch()
    assert "50 files are the most; 10 more would fit." in bench.type("/file *.log")


def test_a_name_with_spaces_needs_no_quotes_where_it_stands_alone(bench):
    Path("my file.txt").write_text("x")
    for line in ("/file my file.txt", "/file 'my file.txt'", r"/file my\ file.txt"):
        bench.type(line)
    assert [each.name for each in bench.repl.tray.attachments] == ["my file.txt"]


def test_pictures_go_to_models_that_see(bench):
    bench.shelf.seen = [ModelInfo("lab/good", tags=("chat", "vision"))]
    bench.type("/image cat.png")
    say(bench, "Who?")
    assert [picture.body for picture in sent(bench).pictures] == [PNG]
    bench.type("/image https://example.org/cat.png")
    say(bench, "And @cat.png?")
    assert [picture.media_type for picture in sent(bench).pictures] == [ADDRESS, "image/png"]


def test_a_model_that_sees_nothing_is_not_asked_and_others_are_named(bench):
    bench.shelf.seen = [
        ModelInfo("lab/good", tags=("chat",)),
        *(ModelInfo(f"lab/eye{n}", tags=("vision",), input_price=float(n)) for n in range(5)),
    ]
    bench.type("/image cat.png")
    shown = bench.type("Who?")
    assert "lab/good does not see pictures." in shown
    assert "lab/eye0, lab/eye1, lab/eye2." in " ".join(shown.split())
    assert bench.paper.draft == "Who?"
    assert len(bench.repl.tray.attachments) == 1
    assert bench.model.requests == []


def test_a_model_nobody_knows_gets_the_picture_and_it_is_said_once(bench):
    assert "is not known here" in say(bench, "@cat.png")
    assert "is not known here" not in say(bench, "@cat.png")
    assert sent(bench).pictures


def test_what_is_no_picture_is_no_image(bench):
    assert "a.py is no picture" in bench.type("/image a.py")
    assert "no web address" in bench.type("/image ftp://example.org/cat.png")
    assert "wants a file" in bench.type("/image")


def test_a_dropped_picture_waits_for_a_question_and_other_paths_are_text(bench, folder):
    Path("my cat.png").write_bytes(PNG)
    for line in (
        f"{folder}/my cat.png",
        f"'{folder}/my cat.png' ",
        f"file://{folder}/my%20cat.png",
    ):
        bench.type(line)
        [picture] = bench.repl.tray.attachments
        assert (picture.name, picture.body) == ("my cat.png", PNG)
        bench.type("/detach")
    say(bench, f"{folder}/a.py")
    assert sent(bench).text == f"{folder}/a.py"


def test_the_clipboard_is_attached(bench, monkeypatch):
    monkeypatch.setattr(clipboard, "paste", lambda environ: "copied\n")
    bench.type("/paste")
    say(bench, "What is it?")
    assert sent(bench).text == "clipboard:\n```\ncopied\n```\n\nWhat is it?"


def test_a_queued_message_takes_its_attachments_along_and_brings_them_back(bench):
    bench.model.script.append([bench.model.wait])
    bench.type("First")
    assert bench.model.hanging.wait(5)
    bench.type("/file a.py")
    bench.repl.enter("Second @b.txt")
    assert bench.repl.tray.attachments == ()
    assert bench.repl.sending.take_back()
    assert bench.paper.draft == "Second @b.txt"
    assert [each.name for each in bench.repl.tray.attachments] == ["a.py"]
    bench.repl.enter("Second @b.txt")
    bench.chat.turn.stop()
    bench.model.hanging.clear()
    bench.settle()
    assert [each.name for each in bench.repl.tray.attachments] == ["a.py"]


def test_a_question_without_an_answer_gives_its_attachments_back(bench):
    bench.type("/file a.py")
    bench.model.script.append([Unreachable("No route.")])
    bench.type("Explain @b.txt")
    assert bench.paper.draft == "Explain @b.txt"
    assert [each.name for each in bench.repl.tray.attachments] == ["a.py"]
    say(bench, bench.paper.draft)
    assert "x = 1" in sent(bench).text
    assert "three" in sent(bench).text


def test_a_file_that_changed_is_said_once_and_goes_anew_or_as_a_diff(bench):
    assert "No text file was sent" in bench.type("/changes")
    say(bench, "Explain @a.py")
    assert rows(bench, "x") == []
    Path("a.py").write_text("x = 1\ny = 2\n")
    assert "a.py has changed" in rows(bench, "y")[0]
    assert "a.py has changed" in say(bench, "And?")
    assert "has changed" not in say(bench, "And?")
    assert rows(bench, "z") == []
    bench.type("/changes a.py")
    say(bench, "Now?")
    assert "changes to a.py:\n```diff\n" in sent(bench).text
    assert "\n+y = 2\n" in sent(bench).text
    assert "as it was sent" in bench.type("/changes") or bench.repl.tray.attachments
    bench.type("/detach")
    Path("a.py").write_text("x = 3\n")
    assert "has changed" not in say(bench, "And @a.py?")
    assert "a.py is as it was sent" in bench.type("/changes")
    assert "b.txt was not sent" in bench.type("/changes b.txt")


def test_what_looks_like_a_key_is_sent_when_it_is_entered_twice(bench):
    Path(".env").write_text("KEY=AKIA" + "A" * 16)
    shown = bench.type("See @.env")
    assert ".env seems to hold an AWS key" in shown
    assert bench.model.requests == []
    say(bench, bench.paper.draft)
    assert "AKIA" in sent(bench).text
    assert "it seems to hold a private key" in bench.type("-----BEGIN RSA PRIVATE KEY-----")


def test_ones_own_key_is_asked_about_as_well(bench):
    house = replace(bench.house, is_key_in=lambda text: "K3Y" in text)
    bench.repl = Repl(house, bench.paper)
    assert "it seems to hold your own key" in bench.type("My key is K3Y")


def test_the_rows_tell_what_a_draft_brings_along(bench):
    assert rows(bench, "See @b.txt and @a.py#L1-9 @cat.png @no.body @b.txt#L99") == [
        "@b.txt · 14 B · ~8 tokens",
        "@a.py (line 1) · 5 B · ~8 tokens",
        "@cat.png · 28 B",
        "@b.txt · b.txt has lines 1 to 3, and no line 99.",
    ]
    Path("b.txt").write_text("another text, longer")
    assert rows(bench, "See @b.txt") == ["@b.txt · 20 B · ~10 tokens"]
    assert rows(bench, "/file @b.txt") == []
    assert rows(bench, "!cat @b.txt") == []


def test_hostile_names_are_made_safe_wherever_they_are_shown(bench):
    Path("evil\x1b[31m.txt").write_text("x")
    shown = bench.type("/file evil*")
    assert len(bench.repl.tray.attachments) == 1
    shown += rows(bench, "")[0]
    shown += say(bench, "Hm") + bench.type("/changes nothing\x1b[31m")
    assert "\x1b" not in shown
    assert "\x1b" not in sent(bench).text


def test_enter_alone_sends_what_is_attached_and_nothing_where_nothing_is(bench):
    assert bench.type("") == bench.type("  ") == ""
    bench.type("/file a.py")
    shown = say(bench, " ")
    assert "Attached: a.py" in shown
    assert sent(bench).text == "a.py:\n```py\nx = 1\n```"
    assert bench.chat.session.title.startswith("a.py")
    bench.type("")
    assert len(bench.model.requests) == 1
    assert "Attached: a.py" in bench.type("/show")


def test_attachments_alone_that_got_no_answer_wait_again(bench):
    bench.type("/file a.py")
    bench.model.script.append([Unreachable("No route.")])
    bench.type("")
    assert bench.paper.draft == ""
    assert [each.name for each in bench.repl.tray.attachments] == ["a.py"]


def test_attachments_alone_are_queued_under_their_names(bench):
    bench.model.script.append([bench.model.wait])
    bench.type("First")
    assert bench.model.hanging.wait(5)
    bench.type("/file a.py b.txt")
    bench.repl.enter("")
    assert [each.summary for each in bench.repl.queue] == ["a.py, b.txt"]
    bench.repl.leave()


def test_a_paste_becomes_an_attachment_under_a_name_of_its_own(bench):
    bench.repl.sending.attach_paste("one")
    bench.repl.sending.attach_paste("two")
    say(bench, "Compare")
    bench.repl.sending.attach_paste("three")
    assert sent(bench).text == (
        "pasted-1.txt:\n```\none\n```\n\npasted-2.txt:\n```\ntwo\n```\n\nCompare"
    )
    assert [each.name for each in bench.repl.tray.attachments] == ["pasted-3.txt"]
    bench.repl.sending.attach_paste("")
    assert "No folded paste" in bench.paper.printed


def test_what_is_asked_while_a_command_runs_waits_for_its_output(bench, monkeypatch):
    monkeypatch.setenv("SHELL", "/bin/sh")
    bench.model.script.append([TextDelta("Three numbers."), Finished("stop")])
    running = bench.repl.enter("!cat b.txt")

    async def walk():
        ran = asyncio.ensure_future(running)
        await asyncio.sleep(0)
        bench.repl.enter("What does it say?")
        bench.repl.enter("And then?")
        assert [each.text for each in bench.repl.queue] == ["What does it say?", "And then?"]
        assert bench.model.requests == []
        await ran

    asyncio.run(walk())
    bench.settle()
    first, second = bench.model.requests
    assert first.messages[-1].text.endswith("one\ntwo\nthree\n```\n\nWhat does it say?")
    assert second.messages[-1].text == "And then?"


def test_a_secret_in_the_output_of_a_command_is_asked_about_before_it_is_sent(bench, monkeypatch):
    monkeypatch.setenv("SHELL", "/bin/sh")
    house = replace(bench.house, is_key_in=lambda text: "K3Y" in text)
    bench.repl = Repl(house, bench.paper)
    running = bench.repl.enter("!echo K3Y")

    async def walk():
        ran = asyncio.ensure_future(running)
        await asyncio.sleep(0)
        bench.repl.enter("What is it?")
        await ran

    asyncio.run(walk())
    assert bench.model.requests == []
    assert "seems to hold your own key" in bench.paper.printed
    assert bench.paper.draft == "What is it?"
    assert len(bench.repl.tray.attachments) == 1


def test_a_queued_message_that_ctrl_c_drops_leaves_what_it_carried(bench):
    Path("a.py").write_text("x = 1\n")
    bench.model.script.append([bench.model.wait])
    bench.type("Wait.")
    bench.type("/file a.py")
    bench.type("What does it say?")
    assert bench.repl.tray.attachments == ()
    bench.repl.interrupt()
    assert bench.repl.queue == []
    assert [each.name for each in bench.repl.tray.attachments] == ["a.py"]
    bench.repl.interrupt()
    bench.chat.turn.wait(5)
    bench.repl.pump()


def test_what_is_attached_can_be_listed(bench):
    assert "Nothing is attached" in bench.type("/attachments")
    for name in ("a.py", "b.py"):
        Path(name).write_text("x = 1\n")
    bench.type("/file *.py")
    assert "2   b.py · 6 B · ~" in bench.type("/attachments")


def test_an_exclamation_mark_alone_is_no_message(bench):
    for line in ("!", "!!", "! "):
        assert "! wants a command." in bench.type(line)
    assert bench.model.requests == []
