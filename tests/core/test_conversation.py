"""The tree of messages, ids, and what a request is made of."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat import context, standing
from deepchat.context import Weight
from deepchat.conversation import Conversation, Message, PromptMessage, Usage, new_id


def message(name, parent=None, role="user", text="x", **more):
    return Message(name, role, text, parent, **more)


def test_the_path_leads_from_the_root_to_the_leaf():
    tree = Conversation().add(message("a"), message("b", "a"), message("c", "b"))
    other = tree.at("a").add(message("d", "a"))
    assert [m.id for m in tree.path()] == ["a", "b", "c"]
    assert [m.id for m in other.path()] == ["a", "d"]
    assert [m.id for m in other.at("c").path()] == ["a", "b", "c"]
    assert other.at(None).path() == ()


def test_a_leaf_that_is_not_there_is_refused():
    with pytest.raises(KeyError):
        Conversation().at("nowhere")


@given(st.lists(st.integers(0, 2**48 - 1), min_size=2, max_size=50))
def test_ids_sort_by_time_and_are_unique(times):
    ids = [new_id(ms) for ms in times]
    assert len(set(ids)) == len(ids)
    assert all(len(one) == 26 for one in ids)
    by_time = sorted(zip(times, ids, strict=True))
    assert [one[:10] for _, one in by_time] == sorted(one[:10] for one in ids)


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), st.text(max_size=5))))
def test_roles_alternate_and_no_text_is_lost(said):
    path = [message(str(i), role=role, text=text) for i, (role, text) in enumerate(said)]
    sent = context.prompt("persona", standing.spoken(path))
    roles = [one.role for one in sent]
    assert roles[0] == "system"
    assert all(a != b for a, b in itertools.pairwise(roles))
    whole = "".join(one.text for one in sent[1:]).replace("\n", "")
    assert whole == "".join(text for role, text in said if role != "system").replace("\n", "")


def test_what_the_server_counted_holds_while_the_same_questions_are_muted():
    counted = {"usage": Usage(100, 20), "exceptions": ("a",)}
    path = [
        message("a", mark="muted"),
        message("b", "a", "assistant"),
        message("c", "b", text="y" * 40),
        message("d", "c", "assistant", **counted),
    ]
    assert context.window_taken("", path) == Weight(120, counted=True)
    path[0] = replace(path[0], mark="")
    assert context.tokens_counted(path) is None
    path[2] = replace(path[2], mark="muted")
    assert context.window_taken("persona!", path) == Weight(2 + 1 + 1)


def test_neighbours_of_one_role_are_joined_by_a_blank_line():
    path = [message("a", text="one"), message("b", text="two")]
    assert context.prompt("", path) == (PromptMessage("user", "one\n\ntwo"),)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("", ""),
        ("\n\n  hi \t there ", "hi there"),
        ("word " * 30, ("word " * 12).strip() + "…"),
        ("x" * 100, "x" * 60 + "…"),
    ],
)
def test_a_title_is_the_first_line_cut_at_a_word(text, title):
    assert context.title_of(text) == title


def test_costs_add_up_and_unknown_stays_unknown():
    paid = message("a", usage=Usage(cost=0.1)), message("b", usage=Usage(cost=0.2)), message("c")
    total = context.total_cost(paid)
    assert total
    assert total.cost == pytest.approx(0.3)
    assert context.price(total) == "$0.30"
    assert context.price(replace(total, estimated=True)) == "~$0.30"
    assert context.total_cost([message("c")]) is None


def test_speed_counts_from_the_first_token():
    reply = message("a", usage=Usage(completion_tokens=100), first_token_s=1.0, seconds=3.0)
    assert context.tokens_per_second(reply) == 50
    assert context.tokens_per_second(message("b", seconds=3.0)) is None
