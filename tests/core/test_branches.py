"""The branches of a conversation, in trees of any shape."""

from hypothesis import given
from hypothesis import strategies as st

from deepchat import branches
from deepchat.branches import Exchange
from deepchat.conversation import Conversation, Message


@st.composite
def trees(draw):
    """Exchanges that follow any answer, or ask a question again; some after a change of persona, some unanswered."""
    messages: dict[str, Message] = {}
    leaf = None

    def add(role, parent, text="x"):
        message = Message(f"{len(messages):03}", role, text, parent, created_ms=len(messages) // 3)
        messages[message.id] = message
        return message.id

    for _ in range(draw(st.integers(1, 12))):
        asked = [m.id for m in messages.values() if m.role == "user"]
        ends = [m.id for m in messages.values() if m.role == "assistant" and m.text]
        question = draw(st.sampled_from(asked)) if asked and draw(st.booleans()) else None
        at = question or draw(st.sampled_from([None, *ends]))
        at = add("system", at) if draw(st.booleans()) else at
        question = at if question else add("user", at)
        leaf = add("assistant", question, draw(st.sampled_from(["x", "x", ""])))
    return Conversation(messages, leaf)


@given(trees())
def test_the_tree_has_each_answer_once_behind_what_it_follows(conversation):
    places = list(branches.tree(conversation))
    ends = [place.exchange.end for place in places]
    answers = [m.id for m in conversation.messages.values() if m.role == "assistant"]
    assert sorted(ends) == sorted(answers)
    at = dict(zip(ends, places, strict=True))
    for place in places:
        above = branches.before(conversation, place.exchange.asked)
        if above is None:
            assert place.number == 1
        else:
            assert place.number == at[above].number + 1
            assert ends.index(above) < ends.index(place.exchange.end)
            assert place.depth == at[above].depth + at[above].others


@given(trees())
def test_an_exchange_of_the_path_is_among_what_was_said_in_its_place(conversation):
    for exchange in branches.exchanges(conversation.path()):
        others = branches.variants(conversation, exchange)
        assert exchange in others
        for one in others:
            assert one.reply
            assert one.reply.text or one == exchange
            again = branches.variants(conversation, one)
            assert [two for two in others if two == exchange or two in again] == others
        above = branches.before(conversation, exchange.asked)
        assert all(branches.before(conversation, one.asked) == above for one in others)


@given(trees())
def test_a_branch_ends_where_nothing_follows(conversation):
    parents = {m.parent for m in conversation.messages.values()}
    for id_ in conversation.messages:
        end = branches.newest(conversation, id_)
        assert end not in parents
        assert id_ in {m.id for m in conversation.at(end).path()}


def test_records_of_a_persona_are_passed_over():
    said = [
        Message("1", "system", "cat"),
        Message("2", "user", "q", "1"),
        Message("3", "system", "dog", "2"),
        Message("4", "assistant", "a", "3"),
        Message("5", "user", "unanswered", "4"),
    ]
    conversation = Conversation().add(*said)
    first, second = branches.exchanges(conversation.path())
    assert (first, second) == (Exchange(said[1], said[3]), Exchange(said[4], None))
    assert branches.before(conversation, said[1]) is None
    assert branches.before(conversation, said[4]) == "4"
