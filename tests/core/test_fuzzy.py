"""Which names a few typed characters mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat.fuzzy import likeness, nearest, ranked, score

MODELS = [
    "deepseek-ai/DeepSeek-V3",
    "meta-llama/Llama-3.3-70B-Instruct",
    "Qwen/Qwen3-Coder-480B",
    "mistralai/Mistral-Small-3.2",
]


@pytest.mark.parametrize(
    ("typed", "first"),
    [("dsv3", MODELS[0]), ("l70", MODELS[1]), ("qcod", MODELS[2]), ("small mist", MODELS[3])],
)
def test_a_few_characters_are_enough(typed, first):
    assert ranked(typed, MODELS, str)[0] == first


def test_what_does_not_fit_is_left_out():
    assert ranked("xyz", MODELS, str) == []
    assert score("ba", "ab") is None


def test_nothing_typed_leaves_all_as_they_come():
    assert ranked("  ", MODELS, str) == MODELS


def test_what_stands_together_comes_first():
    assert ranked("cat", ["c-a-t", "concatenate", "cat"], str) == ["cat", "concatenate", "c-a-t"]


@given(st.text(max_size=20), st.text(max_size=30))
def test_every_part_of_a_name_fits_it(part, name):
    whole = name + part + name
    if len(whole.casefold()) <= 200:
        assert score(part, whole) is not None


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("deepseek-v3.1", MODELS[:1]),
        ("LLAMA-3.3-70b-instrcut", MODELS[1:2]),
        ("qwen/qwen3-coder-480b", MODELS[2:3]),
        ("nothing like it at all", []),
        ("", []),
    ],
)
def test_a_mistyped_word_is_near_the_name_that_was_meant(word, meant):
    assert nearest(word, MODELS) == meant


def test_a_word_without_end_is_near_nothing():
    assert nearest("a" * 1_000_000, ["a" * 80 + "b"]) == ["a" * 80 + "b"]
    assert nearest("b" * 1_000_000, ["a"]) == []


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [("a b", "a  b\n", 1.0), ("a b c d", "a b x d", 0.75), ("", "", 1.0), ("a", "b", 0.0)],
)
def test_texts_are_alike_by_the_words_they_share_in_order(one, other, share):
    assert likeness(one, other) == share


def test_long_texts_that_differ_far_behind_are_not_the_same():
    assert 0.99 < likeness("a " * 5_000 + "b", "a " * 5_000 + "c") < 1
