"""Which messages of a branch are sent: muted, pinned, left out, summarised, in every mixture."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from deepchat import context, standing
from deepchat.conversation import Message


def branch(*questions, leaf=True):
    """Questions q0, q1, …, each given as its mark, answered by a0, a1, …; the last one only with `leaf`."""
    path: list[Message] = []
    for number, mark in enumerate(questions):
        left = mark.endswith("!")
        parent = path[-1].id if path else None
        asked = Message(f"q{number}", "user", f"Q{number}", parent, mark=mark.strip("!"), left=left)
        path += [asked, Message(f"a{number}", "assistant", f"A{number}", asked.id)]
    return path if leaf else path[:-1]


def stand(path):
    return list(standing.standings(path).values())


def asked(path):
    return [message.id for message in standing.spoken(path) if message.role == "user"]


def test_muted_questions_and_their_answers_are_left_out_and_roles_still_alternate():
    path = branch("", "muted", "pinned")
    path.insert(3, Message("s", "system", "persona", "q1"))
    sent = context.prompt("", standing.spoken(path))
    assert [one.text for one in sent] == ["Q0", "A0", "Q2", "A2"]
    path[0] = replace(path[0], mark="muted")
    assert asked(path) == ["q2"]


def test_what_is_left_out_takes_all_before_it_along_but_what_is_pinned():
    path = branch("", "pinned", "muted", "!", "")
    assert stand(path) == ["out", "pinned", "muted", "out", "in"]
    assert asked(path) == ["q1", "q4"]


def test_a_summary_stands_for_all_before_it_but_what_is_pinned():
    path = branch("", "pinned", "", "summary", "")
    assert stand(path) == ["summarised", "pinned", "summarised", "summary", "in"]
    assert asked(path) == ["q1", "q3", "q4"]


def test_a_later_summary_stands_for_an_earlier_one():
    path = branch("", "summary", "", "summary", "")
    assert asked(path) == ["q3", "q4"]


def test_what_is_left_out_behind_a_summary_leaves_the_summary():
    path = branch("", "summary", "", "!", "")
    assert stand(path) == ["summarised", "summary", "out", "out", "in"]
    assert asked(path) == ["q1", "q4"]
    assert standing.recorded(path) == ("q3", ("q1",))


def test_a_summary_that_is_on_its_way_is_asked_for_with_all_there_is():
    path = branch("", "", "summary", leaf=False)
    assert asked(path) == ["q0", "q1", "q2"]


def test_half_a_summary_stands_for_nothing_and_is_not_sent():
    for half in ({"state": "cut"}, {"finish_reason": "length"}, {"text": " "}):
        path = branch("", "summary", "")
        path[3] = replace(path[3], **half)
        assert stand(path) == ["in", "out", "in"]


def test_a_summary_that_was_taken_back_sends_all_again():
    path = branch("", "", "summary", "")
    path[4] = replace(path[4], mark="muted")
    assert asked(path) == ["q0", "q1", "q3"]


MARKS = st.sampled_from(["", "", "pinned", "muted", "summary", "!", "pinned!", "muted!"])


@given(st.lists(MARKS, min_size=1, max_size=12), st.lists(MARKS, max_size=12))
def test_what_was_sent_is_known_whatever_is_marked_later(then, later):
    path = branch(*then, leaf=False)
    sent = [message.id for message in standing.spoken(path)]
    after, exceptions = standing.recorded(path)
    reply = Message("r", "assistant", "R", path[-1].id, after=after, exceptions=exceptions)
    marked = branch(*(later + then)[: len(then)], leaf=False)
    assert [message.id for message in standing.spoken_then(marked, reply)] == sent


@given(st.lists(MARKS, min_size=1, max_size=30))
def test_nothing_but_exceptions_is_listed(marks):
    path = branch(*marks)
    _, exceptions = standing.recorded(path)
    special = [
        id_
        for id_, how in standing.standings(path).items()
        if how not in ("in", "out", "summarised")
    ]
    broken = [m.id for m in path if m.mark == "summary"]
    assert set(exceptions) <= {*special, *broken}


def test_a_long_chat_that_was_trimmed_keeps_little_with_each_answer():
    path = branch(*[""] * 999, "!", "")
    assert standing.recorded(path) == ("q999", ())
