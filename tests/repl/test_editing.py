"""What the keys do to a draft."""

import pytest
from prompt_toolkit.keys import Keys

from tests.repl.pressing import ENTER, ESCAPE, Pressing, paste

LONG = "a line\n" * 100


@pytest.mark.parametrize("keys", [(ESCAPE, "#"), (Keys.ControlO,)])
def test_no_key_takes_the_draft_away_unsent(keys):
    desk = Pressing(unfold=["f2"])
    desk.press("see ", paste(LONG), *keys)
    assert desk.text == f"see {LONG}"
    desk.press(ENTER)
    assert [entry.text for entry in desk.sent] == desk.history == [f"see {LONG}"]
