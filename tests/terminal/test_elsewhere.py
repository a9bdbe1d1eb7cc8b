"""One chat in two terminals: one has it, the other reads along, forks it, or goes on with it afterwards."""

import pytest

from deepchat.demo.server import Answer
from tests.terminal.test_chat import sent

pytestmark = pytest.mark.terminal


def begun(deepchat, server):
    server.script += [Answer.reply(f"Answer {n}.") for n in range(1, 6)]
    first = deepchat()
    first.wait_for("/help")
    first.enter("One?")
    first.wait_for("tok/s")  # by then it is sealed
    return first


def test_what_is_said_in_one_is_read_along_in_the_other_which_goes_on_when_it_is_free(
    deepchat, server
):
    first = begun(deepchat, server)
    second = deepchat("-c", columns=120)
    second.wait_for("you are reading along")
    second.wait_for("open elsewhere · ")
    first.enter("Two?")
    first.wait_for("Answer 2.")
    second.wait_for("Answer 2.")
    second.enter("Three?")
    second.wait_for("/fork goes on in a copy of it.")
    assert len(sent(server)) == 3  # what the first one sent, in two requests
    first.press("\x04")
    first.wait_for_end()
    second.wait_for("it goes on here")
    second.wait_for("open elsewhere · ", gone=True)
    second.press("\r")
    second.wait_for("Answer 3.")
    said = [text for _, text in sent(server)]
    assert said == ["One?", "Answer 1.", "Two?", "Answer 2.", "Three?"]


def test_a_copy_goes_on_beside_it(deepchat, server):
    first = begun(deepchat, server)
    second = deepchat("-c", columns=120)
    second.wait_for("you are reading along")
    second.enter("/title Mine")
    second.wait_for("open in another terminal.")
    second.enter("/fork")
    second.wait_for("open elsewhere · ", gone=True)
    second.enter("Mine?")
    second.wait_for("Answer 2.")
    first.enter("Yours?")
    first.wait_for("Answer 3.")
    said = [text for _, text in sent(server)]
    assert said == ["One?", "Answer 1.", "Yours?"]


def test_a_terminal_that_was_killed_holds_nothing(deepchat, server):
    first = begun(deepchat, server)
    first.child.kill(9)
    first.wait_for_end()
    second = deepchat("-c")
    second.wait_for("Answer 1.")
    second.enter("Two?")
    second.wait_for("Answer 2.")


def test_in_plain_mode_it_is_looked_at_with_each_line(deepchat, server):
    first = begun(deepchat, server)
    second = deepchat("-c", "--plain", columns=120)
    second.wait_for("you are reading along")
    second.enter("Mine?")
    second.wait_for("open in another terminal.")
    first.enter("Two?")
    first.wait_for("Answer 2.")
    first.press("\x04")
    first.wait_for_end()
    second.press("\r")
    second.wait_for("it goes on here")
    second.wait_for("Answer 2.")
    second.wait_for("Answer 3.")
    said = [text for _, text in sent(server)]
    assert said == ["One?", "Answer 1.", "Two?", "Answer 2.", "Mine?"]
