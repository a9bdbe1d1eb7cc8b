"""The models of a server: which fit what is asked, in which order, and what a reply by one costs. Pure."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from deepchat import figures
from deepchat.conversation import ModelInfo, Usage
from deepchat.errors import UsageError
from deepchat.fuzzy import nearest
from deepchat.text import clean_line

HEADERS: Final = ("model", "context", "max out", "in", "out", "cached", "tags")

ORDERS: Final = ("id", "price", "context")

# From when on the age of a list is told, in seconds.
_OLD_ENOUGH_S: Final = 60

Measure = Callable[[ModelInfo], float | None]

_MEASURES: Final[Mapping[str, Measure]] = {
    "context": lambda model: model.context_length,
    "max": lambda model: model.max_tokens,
    "in": lambda model: model.input_price,
    "out": lambda model: model.output_price,
    "cached": lambda model: model.cached_price,
}
_SIGNS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_COMPARISON: Final = re.compile(r"(\w+)(<=|>=|<|>)\$?(\d+(?:\.\d+)?|\.\d+)([kmKM]?)")
_SIZES: Final = {"": 1, "k": 1_000, "m": 1_000_000}

# As in gpt-4o-2024-08-06 and claude-sonnet-4-20250514. Fewer digits tell versions apart.
_DATE: Final = re.compile(r"[-@:]20\d\d(-?)[01]\d\1[0-3]\d$")

# Prices are told for so many tokens.
_PER: Final = 1_000_000


def fitting(models: Iterable[ModelInfo], asked: str) -> list[ModelInfo]:
    """Those of which each word is in the name or a tag, and each comparison holds: `vision context>100k out<5`.

    What a model does not tell fits no comparison. UsageError for one that cannot be understood.
    """
    wanted = [_test(word) for word in asked.split()]
    return [model for model in models if all(test(model) for test in wanted)]


def _test(word: str) -> Callable[[ModelInfo], bool]:
    if not re.search(r"[<>]", word):
        return lambda model: word.casefold() in words(model)
    found = _COMPARISON.fullmatch(word)
    if not found or found[1] not in _MEASURES:
        raise UsageError(
            f"The filter {clean_line(word, 40)} is not understood.",
            hint=f"context>100k, in<1; there are {', '.join(_MEASURES)}.",
        )
    measure, compare = _MEASURES[found[1]], _SIGNS[found[2]]
    limit = float(found[3]) * _SIZES[found[4].lower()]

    def holds(model: ModelInfo) -> bool:
        size = measure(model)
        return size is not None and compare(size, limit)

    return holds


def words(model: ModelInfo) -> str:
    """What a model is found by."""
    return f"{model.id} {' '.join(model.tags)}".casefold()


def ordered(models: Iterable[ModelInfo], by: str) -> list[ModelInfo]:
    """By one of ORDERS: the name, the price (the cheapest first), the context (the longest first); unknown ones last.
    UsageError for another."""
    if by not in ORDERS:
        given = f", not {clean_line(by, 40)}" if by else ""
        raise UsageError(f"--sort wants one of {', '.join(ORDERS)}{given}.")
    named = sorted(models, key=lambda model: model.id.casefold())
    if by == "price":
        named.sort(key=lambda model: _price(model))
    elif by == "context":
        named.sort(key=lambda model: -(model.context_length or 0))
    return named


def _price(model: ModelInfo) -> float:
    """Of as much in as out."""
    if model.input_price is None or model.output_price is None:
        return float("inf")
    return model.input_price + model.output_price


def row(model: ModelInfo) -> Sequence[str]:
    """What stands below HEADERS; prices in US dollars per million tokens, "" for what is not known."""
    counts = (model.context_length, model.max_tokens)
    prices = (model.input_price, model.output_price, model.cached_price)
    return (
        model.id,
        *("" if number is None else figures.count(number) for number in counts),
        *("" if price is None else figures.money(price) for price in prices),
        " ".join(model.tags),
    )


def window(model: str, models: Iterable[ModelInfo]) -> int | None:
    """Tokens that a model can be given, its reply included; None where the list does not tell it."""
    return next((each.context_length for each in models if each.id == model), None)


def near(model: str, models: Iterable[ModelInfo]) -> list[str]:
    """The names of the list that look most like one that is not there, though the list may still hold it."""
    return nearest(model, (each.id for each in models if each.id != model))


def aged(seconds: float | None) -> str:
    """How old a list is that was not asked for right now; "" of one that was."""
    if seconds is None or seconds < _OLD_ENOUGH_S:
        return ""
    return f"As of {figures.duration(seconds)} ago; --refresh asks again."


def priced(model: str, usage: Usage, models: Iterable[ModelInfo]) -> Usage:
    """With a cost by the prices of the list, where the server did not say one and they are known."""
    if usage.cost is not None:
        return usage
    known = _listed(model, tuple(models))
    dollars = cost(usage, known) if known else None
    return usage if dollars is None else replace(usage, cost=dollars, estimated=True)


def _listed(model: str, models: Sequence[ModelInfo]) -> ModelInfo | None:
    """The entry of a model that may have reported itself in other letters, or with a date."""
    exact = next((each for each in models if each.id == model), None)
    like = () if exact else tuple(each for each in models if alike(each.id, model))
    return like[0] if len(like) == 1 else exact


def alike(one: str, other: str) -> bool:
    """Whether two names differ only in case, in the vendor before them, or in the date behind them."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return _DATE.sub("", name.casefold().rpartition("/")[2])


def cost(usage: Usage, model: ModelInfo) -> float | None:
    """US dollars for a reply, by the prices of the list; None where tokens or prices are not known."""
    if None in (usage.prompt_tokens, usage.completion_tokens):
        return None
    if model.input_price is None or model.output_price is None:
        return None
    prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
    cached = min(usage.cached_tokens or 0, prompt)
    cached_price = model.input_price if model.cached_price is None else model.cached_price
    paid = (prompt - cached) * model.input_price + cached * cached_price
    return (paid + completion * model.output_price) / _PER
