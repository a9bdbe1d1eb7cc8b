"""The list of models: what servers send, and the copy on disk."""

import stat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat.api.models import Catalogue, listed
from deepchat.conversation import Json, ModelInfo
from deepchat.errors import NotAnAnswer, Unreachable

FULL: dict[str, Any] = {
    "id": "vendor/thinker",
    "object": "model",
    "metadata": {
        "description": "Thinks.\x1b",
        "context_length": 262_144,
        "max_tokens": 131_072,
        "pricing": {"input_tokens": 0.68, "output_tokens": 3.4, "cache_read_tokens": 0.136},
        "tags": ["chat", "vision"],
    },
}
THINKER = ModelInfo(
    "vendor/thinker", "Thinks.␛", 262_144, 131_072, 0.68, 3.4, 0.136, ("chat", "vision")
)


# What the lists of servers are made of.
NAMES = (
    *("data", "id", "type", "metadata", "tags", "pricing", "prompt", "input", "input_tokens"),
    *("hourly", "context_length", "max_tokens", "top_provider", "architecture", "capabilities"),
    *("input_modalities", "output_modalities", "supported_parameters", "completion_chat"),
)


def test_a_list_with_metadata_is_read():
    assert listed({"object": "list", "data": [FULL]}) == [THINKER]


@pytest.mark.parametrize(
    "entry",
    [
        {"id": "m"},
        {"id": "m", "metadata": None},
        {"id": "m", "metadata": dict.fromkeys(FULL["metadata"])},
        {"id": "m", "metadata": {"pricing": {"input_tokens": "1", "output_tokens": True}}},
        {"id": "m", "metadata": {"context_length": -1, "tags": [None, 5]}},
    ],
)
def test_whatever_is_missing_or_null_is_unknown(entry):
    assert listed({"data": [entry]}) == [ModelInfo("m")]


ROUTED: dict[str, Any] = {
    "id": "openai/gpt",
    "description": "Rich.",
    "context_length": 1_050_000,
    "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
    "supported_parameters": ["tools", "reasoning"],
    "top_provider": {"context_length": 400_000, "max_completion_tokens": 64_000},
    "pricing": {
        "prompt": "0.00000015",
        "completion": "0.000004",
        "input_cache_read": "0",
        "image": "9",
    },
}
HIRED = {"hourly": 1.5, "input": 0, "output": 0, "base": 0, "finetune": 0}
PAID = {"hourly": 0, "input": 0.88, "output": 0.9, "cached_input": 0.2}


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (
            ROUTED,
            ModelInfo("openai/gpt", "Rich.", 400_000, 64_000, 0.15, 4.0, None,
                      ("chat", "vision", "reasoning")),
        ),
        (
            {"id": "auto", "pricing": {"prompt": "-1", "completion": "nan"}, "top_provider": None},
            ModelInfo("auto"),
        ),
        (
            {"id": "text", "architecture": {"input_modalities": ["text"]}},
            ModelInfo("text", tags=("chat",)),
        ),
        (
            {"id": "turbo", "type": "chat", "context_length": 131_072, "pricing": PAID},
            ModelInfo("turbo", "", 131_072, None, 0.88, 0.9, 0.2),
        ),
        ({"id": "own", "type": "chat", "pricing": HIRED}, ModelInfo("own")),
        (
            {"id": "groq", "context_window": 131_072, "max_completion_tokens": 32_768},
            ModelInfo("groq", "", 131_072, 32_768),
        ),
        (
            {
                "id": "mistral",
                "type": "base",
                "max_context_length": 131_072,
                "capabilities": {"completion_chat": True, "vision": True},
            },
            ModelInfo("mistral", "", 131_072, tags=("chat", "vision")),
        ),
        ({"id": "vllm", "max_model_len": 8_192}, ModelInfo("vllm", "", 8_192)),
    ],
)  # fmt: skip
def test_the_lists_of_other_servers_are_read_too(entry, found):
    assert listed([entry]) == [found]


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "image"},
        {"type": "embedding"},
        {"capabilities": {"completion_chat": False}},
        {"architecture": {"output_modalities": ["image"]}},
    ],
)
def test_what_is_not_to_talk_to_is_not_listed(entry):
    assert listed([{"id": "m", **entry}]) == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner),
        max_leaves=20,
    )
)
def test_a_list_of_anything_is_read_or_refused(document):
    lists: list[Any] = [document, [document], {"data": [{"id": "m", "pricing": document}]}]
    for said in lists:
        try:
            models = listed(said)
        except NotAnAnswer:
            continue
        assert all(model.id for model in models)


def test_only_models_to_chat_with_are_listed_by_name():
    entries: list[Json] = [{"id": name} for name in ("b", "C", "a")]
    painter: Json = {"id": "p", "metadata": {"tags": ["image-gen"]}}
    assert [m.id for m in listed([*entries, painter, {"id": ""}, None, 5])] == ["a", "b", "C"]


@pytest.mark.parametrize("document", [None, {}, {"data": None}, {"error": "no"}, "x", 5])
def test_what_is_no_list_is_no_answer(document):
    with pytest.raises(NotAnAnswer):
        listed(document)


def catalogue(path, *names):
    return Catalogue(lambda: [ModelInfo(name, tags=("chat",)) for name in names], path)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "models.json"


def test_nothing_is_cached_before_the_first_refresh(path):
    assert (catalogue(path, "m").cached(), catalogue(path, "m").age) == ([], None)


def test_a_refresh_is_remembered_for_the_next_time(path):
    asked = catalogue(path, "a", "b").refresh()
    later = catalogue(path)
    assert (
        later.cached() == asked == [ModelInfo("a", tags=("chat",)), ModelInfo("b", tags=("chat",))]
    )
    assert later.age is not None


def test_the_copy_is_private_and_nothing_else_is_left(path):
    catalogue(path, "a").refresh()
    catalogue(path, "b").refresh()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("text", ["", "{", "null", "[1]", '[{"id": 1}]', "[" * 100_000])
def test_a_copy_that_cannot_be_read_counts_as_none(path, text):
    path.parent.mkdir()
    path.write_text(text)
    assert catalogue(path).cached() == []


def test_a_failed_refresh_keeps_what_was_known(path):
    def fail():
        raise Unreachable("no network")

    catalogue(path, "a").refresh()
    failing = Catalogue(fail, path)
    with pytest.raises(Unreachable):
        failing.refresh()
    assert failing.cached() == [ModelInfo("a", tags=("chat",))]


def test_a_list_that_cannot_be_kept_is_still_given(tmp_path):
    (tmp_path / "file").touch()
    models = catalogue(tmp_path / "file" / "models.json", "a")
    assert [model.id for model in models.refresh()] == ["a"]


def test_a_catalogue_that_moves_forgets_the_models_of_before_and_mixes_up_no_files(path):
    def late():
        models.move(path.with_name("other.json"))
        return [ModelInfo("theirs")]

    models = Catalogue(late, path)
    assert [model.id for model in models.refresh()] == ["theirs"]
    assert models.cached() == []
    assert not path.exists()
    assert not path.with_name("other.json").exists()
