"""Commands about stored sessions."""

from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from deepchat import context, figures, titling
from deepchat.conversation import SessionSummary
from deepchat.errors import OverBudget, UsageError
from deepchat.fuzzy import ranked
from deepchat.repl.aside import aside
from deepchat.repl.commands import COMMANDS
from deepchat.repl.needs import Choice, Desk, Picking
from deepchat.repl.words import count
from deepchat.sought import ANY, NAMING, Only, marks, named, the_one, typed
from deepchat.text import clean_line
from deepchat.turn import Stop

GROUP = "Sessions"
LISTED = 30

SOUGHT = 1_000

# Chats in the list that one chooses from, and characters of a reply that are looked at there.
CHOSEN_FROM = 200
PREVIEWED = 1000


def recent(desk: Desk) -> Iterator[Choice]:
    """What Tab offers for a chat."""
    return short(desk, desk.library.find(limit=CHOSEN_FROM))


def _others(desk: Desk) -> Iterator[Choice]:
    here = desk.chat.session.id[-NAMING:]
    return (one for one in recent(desk) if one.value != here)


def _in_trash(desk: Desk) -> Iterator[Choice]:
    return short(desk, desk.library.trashed(limit=CHOSEN_FROM))


def short(desk: Desk, found: Sequence[SessionSummary]) -> Iterator[Choice]:
    """Chats as one types them: by title they are found, by the end of their id they are named."""
    for session in found:
        yield replace(_choice(session, desk.now_ms()), value=session.id[-NAMING:])


@COMMANDS.command("/sessions", "/list", "/chats", usage="[filters] [words]", group=GROUP)
async def sessions(desk: Desk, text: str) -> None:
    """Choose from the stored chats, the last used first; with words, list those that hold them.

    Filters narrow it down, here as in the list: `--star`, `--tag WORD`, `--archived`, `--model NAME`, `--persona NAME`,
    `--since 7d` (or a date), `--cost >0.10`.
    """
    if not text:
        await _choose(desk)
        return
    words, only = typed(text, desk.now_ms())
    found = await found_by(desk, words, only)
    if not found:
        desk.page.notice("No chat holds that.")
        return
    headers = ("id", "title", "age", "turns", "model", "cost", "marks")
    listed = [(*_row(s, desk.now_ms()), marks(s)) for s in found]
    columns = len(headers) if any(row[-1] for row in listed) else len(headers) - 1
    desk.page.table(headers[:columns], [row[:columns] for row in listed])
    desk.page.notice("/resume ID goes on with one.")


@COMMANDS.command("/resume", "/load", usage="[id or words]", group=GROUP, candidates=_others)
async def resume(desk: Desk, text: str) -> None:
    """Go on with a stored chat, found by its id, its title or its words; alone, choose one."""
    if not text:
        await _choose(desk)
        return
    found = [s for s in await found_by(desk, text) if s.id != desk.chat.session.id]
    if not found:
        raise UsageError("No other chat holds that.")
    _open(desk, found[0].id)
    if len(found) > 1:
        desk.page.notice(f"{count(len(found) - 1, 'other chat')} would fit too: /sessions {text}")


async def found_by(desk: Desk, text: str, only: Only = ANY) -> list[SessionSummary]:
    """The chats that hold this; beside the loop, since it may take long where there are many."""
    return await aside(partial(desk.library.find, text, limit=LISTED, only=only))


async def _choose(desk: Desk) -> None:
    """Let the user open one of the other chats. UsageError while a reply is on its way: none could be opened."""
    desk.chat.require_idle()

    def fitting(line: str) -> list[Choice]:
        now = desk.now_ms()
        words, only = typed(line, now)
        # This chat, and one too many.
        found = [*desk.library.find(words, limit=CHOSEN_FROM + 2, only=only)]
        if words:
            # Behind those that hold the words: recent ones whose title may be meant.
            found += ranked(words, desk.library.find("", limit=CHOSEN_FROM, only=only), _title)
        others = {s.id: s for s in found if s.id != desk.chat.session.id}
        return [_choice(s, now) for s in others.values()]

    if not await aside(partial(fitting, "")):
        desk.page.notice("No other chat is stored yet.")
        return
    chosen = await desk.pick(
        Picking(
            "Chat",
            fitting,
            most=CHOSEN_FROM,
            preview=partial(_last_exchange, desk),
            delete=desk.library.delete,
            restore=desk.library.restore,
        )
    )
    if chosen:
        _open(desk, chosen)


def _title(session: SessionSummary) -> str:
    return session.title


def _open(desk: Desk, session_id: str) -> None:
    desk.chat.resume(*desk.library.load(session_id))
    desk.show_last_exchange()


def _choice(session: SessionSummary, now_ms: int) -> Choice:
    id_, title, age, turns, model, cost = _row(session, now_ms)
    said = (marks(session), age, count(int(turns), "turn"), model, cost)
    return Choice(session.id, title or id_, " · ".join(part for part in said if part))


def _last_exchange(desk: Desk, session_id: str, width: int) -> str:
    _, conversation = desk.library.load(session_id)
    asked, answered = conversation.last("user"), conversation.last("assistant")
    question = desk.drawing.question(context.title_of(asked.text), width) if asked else ""
    return question + (desk.drawing.markdown(answered.text[:PREVIEWED], width) if answered else "")


@COMMANDS.command("/keep", group=GROUP)
def keep(desk: Desk, text: str) -> None:
    """Keep this private chat after all: from its first message on."""
    if desk.keep is None or not desk.chat.private:
        raise UsageError(
            "This chat is kept already.", hint="/private begins one of which nothing is kept."
        )
    desk.keep()
    desk.page.notice("This chat is kept from now on, with all that was said in it.")


@COMMANDS.command("/title", "/rename", usage="[text | --auto]", group=GROUP)
def title(desk: Desk, text: str) -> Awaitable[None] | None:
    """Give this chat a title; alone, show it; with --auto, ask the model for one.

    The first message gives it one by itself. With `auto_title` in config.toml, or `--auto-title`, the model is asked after
    the first reply; that is one more short request.
    """
    if text == "--auto":
        return _ask_for_title(desk)
    if text:
        desk.chat.set_title(clean_line(text))
    desk.page.notice(desk.chat.session.title or "No title yet: the first message gives it one.")
    return None


async def _ask_for_title(desk: Desk) -> None:
    desk.chat.require_ours()
    if desk.chat.is_over_budget:
        raise OverBudget("No title is asked for beyond the budget.", hint="/budget shows it.")
    session, stop = desk.chat.session.id, Stop()
    chat = desk.chat
    ask = partial(titling.title, chat.model, chat.conversation, chat.answering, stop)
    try:
        found = await aside(ask)
    finally:
        stop.ask()
    if desk.chat.session.id == session:
        desk.chat.set_title(found)
        desk.page.notice(found)


@COMMANDS.command("/delete", "/del", "/rm", usage="[id or words]", group=GROUP, candidates=recent)
async def delete(desk: Desk, text: str) -> None:
    """Put a chat into the trash, found by its id, its title or its words; alone, this one, and begin a new one.

    It is neither listed nor found any more. `/restore` brings it back, for thirty days unless `trash_days` in
    config.toml says otherwise.
    """
    doomed = the_one(await found_by(desk, text), text) if text else None
    if doomed is None and not desk.chat.begun:
        raise UsageError("Nothing was said in this chat yet.", hint="/delete ID takes another one.")
    session = desk.chat.session
    doomed_id, title = (doomed.id, doomed.title) if doomed else (session.id, session.title)
    if doomed_id == session.id:
        desk.chat.new()
    desk.library.delete(doomed_id)
    began = " A new chat." if doomed_id == session.id else ""
    desk.page.notice(
        f"{named(title)} is in the trash: /restore {doomed_id[-NAMING:]} brings it back.{began}"
    )


@COMMANDS.command("/restore", usage="[id or words]", group=GROUP, candidates=_in_trash)
def restore(desk: Desk, text: str) -> None:
    """Take a chat out of the trash, found by its id or its title; alone, the one that was deleted last."""
    found = [s for s in desk.library.trashed(limit=SOUGHT) if _answers(s, text)]
    if not found:
        raise UsageError("No deleted chat is called that." if text else "The trash is empty.")
    session = the_one(found, text) if text else found[0]
    desk.library.restore(session.id)
    desk.page.notice(f"{named(session.title)} is back: /resume {session.id[-NAMING:]}")


@COMMANDS.command("/trash", group=GROUP)
def trash(desk: Desk, text: str) -> None:
    """List the deleted chats, the last deleted first."""
    found = desk.library.trashed(limit=LISTED)
    if not found:
        desk.page.notice("The trash is empty.")
        return
    desk.page.table(
        ("id", "title", "deleted", "turns"), [_trash_row(s, desk.now_ms()) for s in found]
    )
    desk.page.notice("/restore ID brings one back.")


def _answers(session: SessionSummary, text: str) -> bool:
    """Whether a chat is called so, by its title or its id."""
    return session.id.endswith(text.lower()) or text.casefold() in session.title.casefold()


def _trash_row(session: SessionSummary, now_ms: int) -> tuple[str, ...]:
    deleted = figures.age(session.trashed_ms or now_ms, now_ms)
    return session.id[-NAMING:], context.title_of(session.title), deleted, str(session.turns)


def _row(session: SessionSummary, now_ms: int) -> tuple[str, ...]:
    return (
        session.id[-NAMING:],
        context.title_of(session.title),
        figures.age(session.updated_ms, now_ms),
        str(session.turns),
        session.model,
        context.price(session),
    )
