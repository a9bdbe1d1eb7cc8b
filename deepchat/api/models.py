"""Which models a server offers: its list read into ours, and the copy of it that is kept on disk."""

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from deepchat.api.lenient import amount, count, line, mapping
from deepchat.conversation import Json, ModelInfo
from deepchat.errors import NotAnAnswer

# What servers call the window and the longest reply: DeepInfra, OpenRouter and Together; Groq; Mistral; vLLM; litellm.
_WINDOWS: Final = (
    "context_length",
    "context_window",
    "max_context_length",
    "max_model_len",
    "max_input_tokens",
)
_LONGEST: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens")

# What they call the prices of a million tokens, of input, output and cached input:
# DeepInfra; Together, where one that is hired by the hour has zeros. OpenRouter tells those of one token.
_PRICES: Final = (
    ("input_tokens", "output_tokens", "cache_read_tokens"),
    ("input", "output", "cached_input"),
)
_PRICES_OF_ONE: Final = ("prompt", "completion", "input_cache_read")
_MILLION: Final = 1_000_000

# What a model is that is not to talk to, in the words of Together and LM Studio.
_NO_TALK: Final = frozenset(
    ("audio", "embedding", "embeddings", "image", "moderation", "rerank", "transcribe", "video")
)

# Prices and windows change: a list that is older is asked for again.
DAY_S: Final = 86_400


def listed(document: Json) -> list[ModelInfo]:
    """The chat models in an answer to `GET /models`, by id. Raises NotAnAnswer when it is no list of models.

    OpenAI's bare form, DeepInfra's (with `metadata`, when asked for), OpenRouter's, Together's, Groq's, Mistral's or
    vLLM's; anything may be missing or null.
    """
    entries = document.get("data") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        raise NotAnAnswer("The server's list of models is not one.", hint="Check the base URL.")
    models = (_model(entry) for entry in entries if isinstance(entry, dict) and _talks(entry))
    # Tags name what a model is for; one without any may still chat.
    chatting = (model for model in models if model.id and (not model.tags or "chat" in model.tags))
    return sorted(chatting, key=lambda model: model.id.casefold())


def _talks(entry: Mapping[str, Json]) -> bool:
    """Unless it is said that it does not."""
    says = mapping(entry.get("architecture")).get("output_modalities")
    return (
        line(entry.get("type")) not in _NO_TALK
        and mapping(entry.get("capabilities")).get("completion_chat") is not False
        and (not isinstance(says, list) or "text" in says)
    )


def _model(entry: Mapping[str, Json]) -> ModelInfo:
    places = (entry, mapping(entry.get("top_provider")), mapping(entry.get("metadata")))
    facts = {name: said for place in places for name, said in place.items() if said is not None}
    window = _first(facts, _WINDOWS)
    longest = _first(facts, _LONGEST)
    input_price, output_price, cached_price = _prices(mapping(facts.get("pricing")))
    return ModelInfo(
        id=line(entry.get("id")),
        description=line(facts.get("description"), limit=1000),
        context_length=window,
        # DeepInfra repeats the window where it knows none.
        max_tokens=None if longest == window else longest,
        input_price=input_price,
        output_price=output_price,
        # Nobody gives it away: zero stands where there is no such price.
        cached_price=cached_price or None,
        tags=_tags(facts),
    )


def _first(facts: Mapping[str, Json], names: Sequence[str]) -> int | None:
    """The first of these counts that is known."""
    return next(filter(None, (count(facts.get(name)) for name in names)), None)


def _prices(pricing: Mapping[str, Json]) -> Sequence[float | None]:
    """Of input, output and cached input, in US dollars per million tokens."""
    for names in _PRICES:
        if any(name in pricing for name in names):
            prices = [amount(pricing.get(name)) for name in names]
            return prices if any(prices) or "hourly" not in pricing else [None] * 3
    return [_of_one(pricing.get(name)) for name in _PRICES_OF_ONE]


def _of_one(price: Json) -> float | None:
    """A million times the price of one token, which may be written as a text; what varies is -1."""
    try:
        one = float(price) if isinstance(price, str) else amount(price)
    except ValueError:
        return None
    return None if one is None else amount(round(one * _MILLION, 6))


def _tags(facts: Mapping[str, Json]) -> tuple[str, ...]:
    """DeepInfra's, or as much of them as follows from what others say a model can do; () where they do not say."""
    tags = facts.get("tags")
    if isinstance(tags, list):
        return tuple(filter(None, map(line, tags)))
    sees = mapping(facts.get("architecture")).get("input_modalities")
    can = mapping(facts.get("capabilities"))
    takes = facts.get("supported_parameters")
    if not isinstance(sees, list) and not can:
        return ()
    vision = can.get("vision") is True or (isinstance(sees, list) and "image" in sees)
    reasoning = can.get("reasoning") is True or (isinstance(takes, list) and "reasoning" in takes)
    return ("chat", *["vision"] * vision, *["reasoning"] * reasoning)


class Catalogue:
    """The models of one provider, as last seen. `path` is the file that remembers them, and need not exist; while it is
    not to be `kept` it is only read."""

    def __init__(
        self,
        client_models: Callable[[], list[ModelInfo]],
        path: Path,
        *,
        kept: Callable[[], bool] = lambda: True,
    ) -> None:
        self._kept = kept
        self._ask = client_models
        self._path = path
        self._models: list[ModelInfo] | None = None
        self._asked: float | None = None

    def cached(self) -> list[ModelInfo]:
        """As last seen, without asking anyone; empty when never seen, or when the file can't be read."""
        if self._models is None:
            self._models = _read(self._path)
        return self._models

    def move(self, path: Path) -> None:
        """Another provider is asked from now on, whose models this file remembers."""
        self._path, self._models, self._asked = path, None, None

    @property
    def age(self) -> float | None:
        """Seconds since they were last seen; None when never."""
        if self._asked is not None:
            return time.monotonic() - self._asked
        try:
            return max(0.0, time.time() - self._path.stat().st_mtime)
        except OSError:
            return None

    def lately(self) -> list[ModelInfo]:
        """As last seen, unless that is a day ago; then as of now. Raises ApiError, NetworkError."""
        known, age = self.cached(), self.age
        return known if known and age is not None and age < DAY_S else self.refresh()

    def refresh(self) -> list[ModelInfo]:
        """As of now, remembered for the next time. Raises ApiError, NetworkError."""
        path, models = self._path, self._ask()
        if path != self._path:  # nobody asks that provider any more
            return models
        self._models, self._asked = models, time.monotonic()
        # A list that cannot be kept is asked for again next time, and no more is lost.
        if self._kept():
            with suppress(OSError):
                _write(path, models)
        return models


def _read(path: Path) -> list[ModelInfo]:
    try:
        document = json.loads(path.read_bytes())
        return [ModelInfo(**{**entry, "tags": tuple(entry["tags"])}) for entry in document]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return []


def _write(path: Path, models: Sequence[ModelInfo]) -> None:
    """Whole or not at all: built aside (0600, as mkstemp makes it), then renamed."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump([asdict(model) for model in models], file)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
