"""Commands about which model answers, and which server is asked."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from deepchat import figures
from deepchat.conversation import ModelInfo
from deepchat.errors import ApiError, NetworkError, NotAnAnswer, UsageError
from deepchat.fuzzy import ranked
from deepchat.offers import HEADERS, aged, fitting, ordered, row, words
from deepchat.repl.aside import aside
from deepchat.repl.commands import COMMANDS
from deepchat.repl.needs import Choice, Desk, Picking
from deepchat.repl.registry import LONGEST
from deepchat.repl.words import meant
from deepchat.text import clean_line

GROUP = "Model"


def takeable(desk: Desk) -> Iterator[Choice]:
    for alias, of in desk.options.aliases.items():
        yield Choice(alias, alias, of)
    yield from map(_choice, desk.catalogue.cached())


def _choice(model: ModelInfo) -> Choice:
    window = f"{_count(model.context_length)} tokens" if model.context_length else ""
    about = " · ".join(filter(None, (window, _price(model), " ".join(model.tags))))
    return Choice(model.id, model.id, about)


@COMMANDS.command("/model", usage="[name]", group=GROUP, candidates=takeable)
async def model(desk: Desk, text: str) -> None:
    """Answer with another model from the next message on; alone, choose one.

    The conversation goes on as it is. A name that the server's list does not hold changes nothing.
    """
    if not text:
        text = await _choose(desk)
    if not text:
        return
    text = await offered(desk, text)
    desk.chat.set_model(text)
    desk.page.notice(f"{text} answers from the next message on.")


async def offered(desk: Desk, name: str) -> str:
    """The model of this name or alias. UsageError when the server's list does not hold it."""
    name = desk.options.aliases.get(name, name)
    known = desk.catalogue.cached()
    if name not in {each.id for each in known}:
        known = await _fetch(desk)
    if known and name not in {each.id for each in known}:
        raise UsageError(
            f"The server has no model {clean_line(name, LONGEST)}.",
            hint=meant(name, [each.id for each in known], "/models lists them."),
        )
    return name


async def _choose(desk: Desk) -> str:
    """A model of the server's list, or an alias; "" when the user would rather stay with the one that answers, or there are
    none."""
    known = desk.catalogue.cached() or await _fetch(desk)

    named = [
        (f"{alias} {of}", Choice(alias, alias, of)) for alias, of in desk.options.aliases.items()
    ]
    named += [(words(one), _choice(one)) for one in known]

    def fitting(typed: str) -> list[Choice]:
        return [choice for _, choice in ranked(typed, named, lambda pair: pair[0])]

    if not named:
        desk.page.notice(f"{desk.chat.answering} answers now; the server lists no models.")
        return ""
    now = clean_line(desk.chat.answering, LONGEST)
    return await desk.pick(Picking(f"Model (now {now})", fitting)) or ""


@COMMANDS.command("/models", usage="[--sort id|price|context] [--refresh] [filter]", group=GROUP)
async def models(desk: Desk, text: str) -> None:
    """List the models of the server: context window, longest reply, prices in US dollars per million tokens, what for.

    Words narrow it down, by name or tag, and so do comparisons: `/models vision context>100k out<5`. The list is a day old
    at most; `--refresh` asks the server now, and without a network it is as last seen.
    """
    asked = text.split()
    by = "id"
    if "--sort" in asked:
        at = asked.index("--sort")
        by = (asked[at + 1 : at + 2] or [""])[0]
        del asked[at : at + 2]
    wanted = " ".join(word for word in asked if word != "--refresh")
    listed = await _listed(desk, anew="--refresh" in asked)
    found = ordered(fitting(listed, wanted), by)
    if not found:
        nothing = f"No model matches {clean_line(wanted, LONGEST)}."
        desk.page.notice(nothing if listed else "The server lists no models.")
        return
    desk.page.table(HEADERS, [row(one) for one in found])
    if age := aged(desk.catalogue.age):
        desk.page.notice(age)


async def _listed(desk: Desk, *, anew: bool) -> Sequence[ModelInfo]:
    """A day old at most, or asked for `anew`; without a network what is known, whatever its age."""
    try:
        return await aside(desk.catalogue.refresh if anew else desk.catalogue.lately)
    except (ApiError, NetworkError) as error:
        if not desk.catalogue.cached():
            raise
        desk.page.problem(error)
        return desk.catalogue.cached()


@COMMANDS.command(
    "/provider", usage="[name]", group=GROUP, candidates=lambda desk: desk.servers.choices()
)
async def provider(desk: Desk, text: str) -> None:
    """Ask another server from the next message on; alone, choose one.

    The conversation goes on as it is, and goes to that server with the next message. `[providers.NAME]` in config.toml
    adds one of your own, `--provider NAME` begins with one.
    """
    name = text or await desk.pick(_servers(desk))
    if name:
        await ask_at(desk, name)


async def ask_at(desk: Desk, name: str) -> None:
    """Ask the server of this name from the next message on, and say so. DeepchatError when that cannot be."""
    server = await aside(partial(desk.servers.find, name))
    desk.chat.ask_at(server.name, server.model)
    server.take()
    for warning in server.warnings:
        desk.page.notice(warning)
    desk.page.notice(
        f"{server.name} ({server.address}) is asked from now on: {desk.chat.answering}."
    )


def _servers(desk: Desk) -> Picking:
    choices = [
        replace(one, label=f"{one.label} ←") if one.value == desk.servers.now else one
        for one in desk.servers.choices()
    ]
    return Picking(
        "Provider", lambda typed: ranked(typed, choices, lambda one: f"{one.value} {one.about}")
    )


async def _fetch(desk: Desk) -> Sequence[ModelInfo]:
    """As of now; nothing where the server tells nobody what it has."""
    try:
        return await aside(desk.catalogue.refresh)
    except NotAnAnswer:
        return ()


def _price(model: ModelInfo) -> str:
    if model.input_price is None or model.output_price is None:
        return ""
    return f"{_money(model.input_price)} in, {_money(model.output_price)} out"


def _money(price: float | None) -> str:
    return "" if price is None else figures.money(price)


def _count(tokens: int | None) -> str:
    return "" if tokens is None else figures.count(tokens)
