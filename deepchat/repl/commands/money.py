"""Commands about what may be spent, and what was."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from deepchat import context, figures, sought
from deepchat.budget import SUMMED, Span
from deepchat.errors import UsageError
from deepchat.repl.aside import aside
from deepchat.repl.commands import COMMANDS
from deepchat.repl.needs import Choice, Desk
from deepchat.repl.words import meant
from deepchat.stats import BYS, SINCE, By, summed, tables
from deepchat.text import clean_line

GROUP = "Context"

ASK: Final = "ask_above"
OFF: Final = "off"

_ABOUT: Final = {
    ASK: "asked about, when a message is expected to cost more",
    "reply": "for one reply, which is ended there",
    "session": "for this chat, all its branches together",
    "day": "for today, all chats together",
    "month": "for this month, all chats together",
}


def _limits(desk: Desk) -> Iterator[Choice]:
    for name, about in _ABOUT.items():
        yield Choice(name, name, about)


@COMMANDS.command("/budget", usage="[limit [dollars | off]]", group=GROUP, candidates=_limits)
async def budget(desk: Desk, text: str) -> None:
    """Show what may be spent, and what was; set a limit until deepchat ends: `/budget day 5`, `/budget day off`.

    Limits are in US dollars: `reply`, `session`, `day`, `month`, and `ask_above`, above which a message is asked about
    before it is sent. One that is reached is asked about once, and then nothing is sent until it is raised. `[budget]` in
    config.toml sets them for good.
    """
    name, _, amount = text.partition(" ")
    if text and name not in _ABOUT:
        raise UsageError(
            f"There is no limit {clean_line(name, 40)}.",
            hint=meant(name, _ABOUT, f"There are {', '.join(_ABOUT)}."),
        )
    if amount:
        desk.chat.purse.set(name, _dollars(name, amount.strip()))
    rows = [await _row(desk, one) for one in ([name] if text else _ABOUT)]
    desk.page.table(("limit", "dollars", "spent", ""), rows)


def _spans(desk: Desk) -> Iterator[Choice]:
    for by in BYS:
        yield Choice(by, by, f"a row for each {by}")


@COMMANDS.command("/stats", usage="[by] [since]", group=GROUP, candidates=_spans)
async def stats(desk: Desk, text: str) -> None:
    """Sum up the answers of all chats: money, tokens, speed, the wait for the first token, retries.

    `/stats model 7d`: by day, week, month, model or provider, since a while ago or a date; alone, by model for thirty days.
    `deepchat stats` does the same from the shell.
    """
    words = text.split()
    by: By = next((one for one in BYS if one in words), "model")
    rest = [word for word in words if word != by]
    if len(rest) > 1:
        raise UsageError("/stats wants one way to sum up, and since when.", hint="/stats day 7d")
    since_ms = sought.only(desk.now_ms(), since=(rest or [SINCE])[0]).since_ms or 0
    found = await aside(partial(desk.library.answers, since_ms=since_ms))
    if not found:
        desk.page.notice("No answer is stored since then.")
    for headers, rows in tables(summed(found, by), by) if found else ():
        desk.page.table(headers, rows)


def _dollars(name: str, amount: str) -> float | None:
    """The amount; 0 and `off` are no limit."""
    if amount in (OFF, "0"):
        return 0.0 if name == ASK else None
    try:
        dollars = float(amount.removeprefix("$"))
    except ValueError:
        dollars = -1.0
    if not 0 < dollars <= 1_000_000:
        raise UsageError(
            f"/budget {name} wants an amount of US dollars above 0, or {OFF}.",
            hint=f"/budget {name} 0.50",
        )
    return dollars


async def _row(desk: Desk, name: str) -> tuple[str, str, str, str]:
    limit = getattr(desk.chat.purse.limits, name)
    span = next((one for one in SUMMED if one == name), None)
    spent = await _spent(desk, span) if span else ""
    return name, figures.money(limit) if limit else OFF, spent, _ABOUT[name]


async def _spent(desk: Desk, span: Span) -> str:
    return context.price(await aside(partial(desk.chat.purse.spent, span, desk.chat.outlays)))
