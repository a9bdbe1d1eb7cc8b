"""The list of models: what servers send, and the copy on disk."""

import stat
from typing import Any

import pytest

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
