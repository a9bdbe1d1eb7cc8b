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

# Prices and windows change: a list that is older is asked for again.
DAY_S: Final = 86_400


def listed(document: Json) -> list[ModelInfo]:
    """The chat models in an answer to `GET /models`, by id. Raises NotAnAnswer when it is no list of models.

    DeepInfra's form (with `metadata`, when asked for) or OpenAI's bare one; anything may be missing or null.
    """
    entries = document.get("data") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        raise NotAnAnswer("The server's list of models is not one.", hint="Check the base URL.")
    models = (_model(entry) for entry in entries if isinstance(entry, dict))
    # Tags name what a model is for; one without any may still chat.
    chatting = (model for model in models if model.id and (not model.tags or "chat" in model.tags))
    return sorted(chatting, key=lambda model: model.id.casefold())


def _model(entry: Mapping[str, Json]) -> ModelInfo:
    facts = mapping(entry.get("metadata"))
    prices = mapping(facts.get("pricing"))
    tags = facts.get("tags")
    window = count(facts.get("context_length") or entry.get("context_length"))
    longest = count(facts.get("max_tokens"))
    return ModelInfo(
        id=line(entry.get("id")),
        description=line(facts.get("description"), limit=1000),
        context_length=window,
        max_tokens=None
        if longest == window
        else longest,  # DeepInfra repeats it where it knows none
        input_price=amount(prices.get("input_tokens")),
        output_price=amount(prices.get("output_tokens")),
        cached_price=amount(prices.get("cache_read_tokens")),
        tags=tuple(filter(None, map(line, tags))) if isinstance(tags, list) else (),
    )


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
