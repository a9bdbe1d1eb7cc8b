"""Three models at once, one slow, one down: what stands on the screen, what each server saw, and what a kill leaves."""

import signal

import pytest

from deepchat.demo.server import Answer, DemoServer, Pace
from tests.conftest import MANUAL
from tests.terminal.test_chat import sent

pytestmark = pytest.mark.terminal

QUICK, SLOW, DOWN = "lab/quick", "lab/slow", "inn/down"


class Models(DemoServer):
    """Answers as each model does, and lists none of them."""

    def __init__(self):
        super().__init__(MANUAL, pace=Pace.INSTANT)
        self.answers = {
            QUICK: Answer.reply("Quickly **said**.", model=QUICK),
            SLOW: Answer.reply(["slowly "] * 15 + ["said."], model=SLOW, pause_s=0.05),
            DOWN: Answer.json({"error": {"message": "out of order"}}, status=400),
        }

    def answer(self, request):
        self.received.append(request)
        if request.method != "POST":
            return Answer.json({"detail": "Not Found"}, status=404)
        return self.answers.get(request.json["model"]) or Answer.reply("By the usual one.")


@pytest.fixture
def server():
    with Models() as models:
        yield models


def seen(server):
    """Who was asked what, in no order."""
    chats = [one.json for one in server.received if one.method == "POST"]
    return sorted((body["model"], body["messages"][-1]["content"]) for body in chats)


def compare(chat):
    chat.wait_for("/help")
    chat.enter(f"/compare {QUICK} {SLOW} {DOWN} -- Which one?")


def test_three_models_side_by_side_then_whole_and_the_chosen_one_goes_on(deepchat, server):
    chat = deepchat(columns=140, rows=40)
    compare(chat)
    chat.wait_until(lambda: any(row.count("│") == 2 for row in chat.lines()), "columns")
    chat.wait_for("Go on with")
    shown = "\n".join(chat.everything())
    places = [shown.index(text) for text in (f"1 · {QUICK}", "Quickly said.", f"2 · {SLOW}", "slowly said.", f"3 · {DOWN}", "out of order", "first token")]  # fmt: skip
    assert places == sorted(places)
    assert "│" not in shown
    assert seen(server) == [(model, "Which one?") for model in (DOWN, QUICK, SLOW)]
    chat.press("2")
    chat.wait_for(f"› 2 · {SLOW}")
    chat.wait_for("1 · Enter takes one")
    chat.press("\r")
    chat.wait_for(f"It goes on with the answer of 2 · {SLOW}")
    chat.enter("Really?")
    chat.wait_until(lambda: sum("tok/s" in row for row in chat.lines()) == 5, "its footer")
    assert sent(server) == [
        ("user", "Which one?"),
        ("assistant", "slowly " * 15 + "said."),
        ("user", "Really?"),
    ]
    chat.enter("/prev 1")
    chat.wait_for("‹1/2›")
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    again = deepchat("-c")
    again.wait_for("Quickly said.")
    again.enter("/info")
    again.wait_for(QUICK)


@pytest.mark.parametrize("flags", [(), ("--plain",)])
def test_where_there_is_no_room_they_stand_one_below_the_other_as_they_come(
    deepchat, server, flags
):
    chat = deepchat(*flags, columns=80, rows=40)
    compare(chat)
    chat.wait_for(f"1 · {QUICK}")
    chat.wait_for(f"2 · {SLOW}")
    chat.wait_for("Go on with")
    assert seen(server) == [(model, "Which one?") for model in (DOWN, QUICK, SLOW)]
    assert not any("│" in row for row in chat.everything())
    chat.press("1\r")
    chat.wait_for(f"It goes on with the answer of 1 · {QUICK}")


@pytest.mark.parametrize("flags", [(), ("--plain",)])
def test_ctrl_c_stops_the_slow_one_and_what_came_is_there_to_choose(deepchat, server, flags):
    server.answers[SLOW] = Answer.reply("Half of it.\n\nAnd", end="hang", done=False, finish=None)
    chat = deepchat(*flags, columns=80, rows=40)
    chat.wait_for("/help")
    chat.enter(f"/compare {QUICK} {SLOW} -- Which one?")
    chat.wait_for("Half of it.")
    chat.press("\x03")
    chat.wait_for("stopped")
    chat.wait_for("Go on with")
    chat.press("2\r")
    chat.wait_for(f"It goes on with the answer of 2 · {SLOW}")


def test_a_kill_in_the_middle_loses_nothing_that_is_complete(deepchat, server):
    server.answers[SLOW] = Answer.reply("Half of it. And", end="hang", done=False, finish=None)
    chat = deepchat(columns=140, rows=40)
    compare(chat)
    chat.wait_for("Half of it.")
    chat.wait_for("done after")
    chat.wait_until(lambda: not chat.read(0.6), "the journal")
    chat.child.kill(signal.SIGKILL)
    chat.wait_for_end()
    again = deepchat("-c", columns=140, rows=40)
    again.wait_for("/help")
    again.enter("/tree")
    for kept in ("Quickly **said**.", "Half of it. And"):
        again.wait_for(kept)


def test_a_branch_is_asked_again_of_another_model_and_where_it_parts_is_shown(deepchat, server):
    chat = deepchat(columns=100, rows=40)
    chat.wait_for("/help")
    chat.enter("One?")
    chat.wait_for("tok/s")
    chat.enter("Two?")
    chat.wait_until(lambda: sum("tok/s" in row for row in chat.lines()) == 2, "two footers")
    chat.enter(f"/replay -m {QUICK}")
    chat.wait_for(f"2 requests to {QUICK}: ~")
    chat.wait_for("the price is not known")
    assert seen(server) == [("deepchat/demo", "One?"), ("deepchat/demo", "Two?")]
    chat.wait_for("› Ask 2 questions again")
    chat.press("\r")
    chat.wait_for("They part at question 1.")
    chat.wait_for(f"2 · {QUICK}")
    assert sent(server) == [
        ("user", "One?"),
        ("assistant", "Quickly **said**."),
        ("user", "Two?"),
    ]
    assert sum("differs, 0% alike" in row for row in chat.lines()) == 2
    chat.press("\x04")
    assert chat.wait_for_end() == 0
    again = deepchat("-c", columns=100, rows=40)
    again.wait_for("Quickly said.")
    again.enter("/prev 1")
    again.wait_for("1 exchange more behind it")
    again.enter("/history")
    again.wait_until(lambda: again.lines().count("By the usual one.") >= 2, "the branch")
