"""Which exchanges go when there is no room, and how a request for a summary is made to fit."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from deepchat import context, room
from deepchat.conversation import ModelInfo, PromptMessage, Role
from tests.core.test_standing import branch


def test_the_fewest_of_the_oldest_that_free_enough_go():
    path = branch("", "pinned", "", "", "")
    each = room.taken(room.loose(path)[0][1])
    trimming = room.to_free(path, each + 1)
    assert trimming
    assert [number for number, _ in trimming.left] == [1, 3]
    assert (trimming.last.id, trimming.tokens) == ("q2", 2 * each)
    assert room.to_free(path, 4 * each) == room.trimming(path, 4)
    assert room.to_free(path, 4 * each + 1) is None


def test_what_is_kept_free_for_the_reply():
    assert room.for_reply(100_000, {}) == 1_000
    assert room.for_reply(500, {}) == 50
    assert room.for_reply(8_000, {"max_tokens": 3_000}) == 3_000
    assert room.for_reply(8_000, {"max_tokens": 100_000}) == 4_000


def test_a_summary_is_asked_for_without_what_would_spoil_it():
    assert room.of_summary({"max_tokens": 5, "stop": ["x"], "temperature": 0.1}) == {
        "temperature": 0.1
    }


def test_a_larger_model_is_of_the_same_vendor_if_there_is_one_then_cheap():
    models = [
        ModelInfo("a/small", context_length=4),
        ModelInfo("b/dear", context_length=99, input_price=2),
        ModelInfo("b/cheap", context_length=99, input_price=1),
        ModelInfo("a/large", context_length=99, input_price=3),
        ModelInfo("c/unknown"),
    ]
    assert [one.id for one in room.roomier("a/small", models, 50)] == ["a/large", "b/cheap"]


TEXTS = (
    st.text(max_size=400)
    | st.integers(0, 3000).map(lambda n: "word " * n)
    | st.just("漢字🎉" * 300)
)


@given(st.lists(TEXTS, max_size=20), st.integers(60, 3000), st.sampled_from(["", "persona"]))
def test_whatever_was_said_a_summary_of_it_is_asked_for_within_the_limit(said, limit, persona):
    roles: itertools.cycle[Role] = itertools.cycle(("user", "assistant"))
    messages = [PromptMessage(role, text) for role, text in zip(roles, said, strict=False)]
    if persona:
        messages.insert(0, PromptMessage("system", persona))
    asked = PromptMessage("user", "Sum up.")
    sent = room.fitted([*messages, asked], limit)
    assert sum(map(room.size, sent)) <= limit
    assert sent[-1] == asked
    assert (sent[0].role == "system") == bool(persona)
    spoken = [one.role for one in sent if one.role != "system"]
    assert spoken[0] == "user"
    if len(said) % 2 == 0:
        assert all(one != other for one, other in itertools.pairwise(spoken))


def test_a_request_that_fits_is_sent_whole():
    messages = [
        PromptMessage("user", "word " * 100),
        PromptMessage("assistant", "Yes."),
        PromptMessage("user", "Sum up."),
    ]
    assert room.fitted(messages, 1000) == tuple(messages)


def test_the_longest_message_is_cut_in_its_middle_and_it_is_said():
    long = "".join(f"<{number}>" for number in range(5000))
    messages = [
        PromptMessage("user", long),
        PromptMessage("assistant", "Yes."),
        PromptMessage("user", "Sum up."),
    ]
    first, *rest = room.fitted(messages, 1000)
    assert rest == messages[1:]
    head, _, tail = first.text.partition("\n[… ")
    number, _, tail = tail.partition(" characters are left out here …]\n")
    assert long.startswith(head)
    assert long.endswith(tail)
    assert len(head) + len(tail) + int(number) == len(long)
    assert len(head) > len(tail) > 500
    assert context.estimated_tokens(first.text) > 900
