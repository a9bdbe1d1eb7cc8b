"""/login and /logout, and the line that nobody sees."""

import asyncio

import pytest
from prompt_toolkit.application.current import set_app
from prompt_toolkit.keys import Keys

from deepchat.repl.history import FileHistory
from tests.core.fakes import ScriptedModel
from tests.repl.pressing import ENTER, ESCAPE, Pressing, _presses, paste
from tests.repl.test_commands import answer

KEY = "sk-canary-0123456789"


def test_a_key_is_asked_for_kept_and_used_from_then_on(bench):
    bench.paper.typed_unseen = KEY
    told = bench.type("/login")
    assert bench.paper.asked == "Key for lab.test"
    assert "A key is made at lab.test/keys." in told
    assert "lab.test takes the key." in told
    assert bench.house.logins.kept == {"lab": KEY}
    assert bench.house.servers.renewed == 1
    assert KEY not in bench.paper.printed
    assert "It is gone." in bench.type("/logout")
    assert bench.house.servers.renewed == 2


def test_from_the_demo_it_goes_on_with_the_real_model(bench):
    bench.house.servers.now = "demo"
    bench.paper.typed_unseen = KEY
    assert "inn (https://inn.test) is asked from now on" in bench.type("/login inn")
    bench.model.script.append(answer("Welcome."))
    bench.type("Hello")
    assert bench.model.requests[-1].model == "inn/model"


def test_a_key_for_another_server_changes_nothing_here(bench):
    bench.paper.typed_unseen = KEY
    bench.type("/login inn")
    assert bench.house.logins.kept == {"inn": KEY}
    assert (bench.house.servers.now, bench.house.servers.renewed) == ("lab", 0)


@pytest.mark.parametrize("typed", [None, ""])
def test_one_may_rather_not(bench, typed):
    bench.paper.typed_unseen = typed
    assert "No key was kept." in bench.type("/login")
    assert bench.house.servers.renewed == 0


def test_a_refused_key_is_not_kept_and_a_name_that_is_none_is_not_quoted(bench):
    bench.paper.typed_unseen = "bad"
    assert "lab.test refused the key. Nothing was kept." in " ".join(bench.type("/login").split())
    assert KEY not in bench.type(f"/login {KEY}")
    assert bench.house.logins.kept == {}


def test_there_is_no_login_amid_a_reply(bench):
    bench.model.script.append([ScriptedModel.wait])
    bench.type("Hello")
    assert "still on its way" in bench.type("/login")
    assert bench.paper.asked == ""
    bench.chat.turn.stop()


@pytest.mark.parametrize("line", [f"/login {KEY}", f" /LOGIN\t{KEY}", f"/log {KEY}"])
def test_what_stands_behind_login_is_not_written_to_the_history(tmp_path, line):
    history = FileHistory(tmp_path / "history")
    history.append_string("/login")
    history.append_string(line)
    assert (tmp_path / "history").read_text() == '"/login"\n'


# --- the line --------------------------------------------------------------------------------------------------------


def typed(*keys, draft="draft", vi=False):
    """What was given back after these keys, and the composer."""
    pressing = Pressing(vi=vi)
    pressing.terminal.buffer.text = draft
    app = pressing.terminal.app

    async def work():
        with set_app(app):
            asking = asyncio.ensure_future(pressing.terminal.unseen("Key"))
            for key in keys:
                app.key_processor.feed_multiple(_presses(key))
            app.key_processor.process_keys()
            try:
                return await asyncio.wait_for(asking, 5)
            finally:
                assert app.layout.current_buffer is pressing.terminal.buffer

    return asyncio.run(work()), pressing


@pytest.mark.parametrize("vi", [False, True])
def test_a_typed_line_is_given_and_leaves_no_trace_in_the_composer(vi):
    given, pressing = typed("sk-ab", Keys.Backspace, "c", ENTER, vi=vi)
    assert given == "sk-ac"
    assert pressing.text == "draft"
    assert pressing.sent == []
    assert pressing.history == []
    assert pressing.terminal.app.clipboard.get_data().text == ""


def test_a_paste_is_given_without_its_last_newline():
    assert typed(paste(f"{KEY}\n"), ENTER)[0] == KEY


def test_the_next_key_counts_though_it_comes_in_the_same_burst():
    pressing = Pressing()
    app = pressing.terminal.app

    async def work():
        with set_app(app):
            app.key_processor.feed_multiple(_presses("/login"))
            app.key_processor.process_keys()
            asking = pressing.terminal.unseen("Key")
            app.key_processor.feed_multiple([*_presses("key"), *_presses(ENTER)])
            app.key_processor.process_keys()
            return await asking

    assert asyncio.run(work()) == "key"
    assert pressing.text == "/login"


def test_words_and_all_can_be_taken_away_and_cannot_be_brought_back():
    given, pressing = typed(
        "secret",
        Keys.ControlW,
        "a",
        Keys.ControlU,
        "b",
        Keys.ControlY,
        Keys.ControlUnderscore,
        ENTER,
    )
    assert given == "b"
    assert pressing.text == "draft"


@pytest.mark.parametrize("key", [ESCAPE, Keys.ControlC, Keys.ControlD])
def test_esc_leaves(key):
    assert typed("secret", key)[0] is None


def test_other_keys_do_nothing_there():
    keys = [
        Keys.Up, Keys.Down, Keys.Left, Keys.Tab, Keys.ControlR, Keys.ControlX, Keys.ControlE, Keys.ControlO,
        Keys.ControlG, Keys.ControlL, Keys.ControlJ, Keys.F5,
    ]  # fmt: skip
    given, pressing = typed("a", *[key for key in keys if key is not Keys.ControlJ], "b", ENTER)
    assert given == "ab"
    assert pressing.text == "draft"
