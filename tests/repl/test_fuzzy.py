"""Which names a few typed characters mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat.repl.fuzzy import ranked, score

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
