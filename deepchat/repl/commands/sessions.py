"""Commands about stored sessions."""

from collections.abc import Iterator

from deepchat import context, figures
from deepchat.conversation import SessionSummary
from deepchat.errors import UsageError
from deepchat.repl.commands import COMMANDS
from deepchat.repl.needs import Desk
from deepchat.repl.words import count
from deepchat.text import clean_line

GROUP = "Sessions"
LISTED = 30


def _recent(desk: Desk) -> Iterator[tuple[str, str]]:
    for session in desk.library.find(limit=LISTED):
        yield session.id[-6:], session.title


@COMMANDS.command("/sessions", "/list", "/chats", usage="[words]", group=GROUP)
def sessions(desk: Desk, text: str) -> None:
    """List the stored chats, the last used first; with words, those that hold them."""
    found = desk.library.find(text, limit=LISTED)
    if not found:
        desk.page.notice("No chat holds that." if text else "No chat is stored yet.")
        return
    desk.page.table(
        ("id", "title", "age", "turns", "model", "cost"), [_row(s, desk.now_ms()) for s in found]
    )
    desk.page.notice("/resume ID goes on with one.")


@COMMANDS.command("/resume", "/load", usage="[id or words]", group=GROUP, candidates=_recent)
def resume(desk: Desk, text: str) -> None:
    """Go on with a stored chat, found by its id, its title or its words; alone, with the last one before this."""
    found = [s for s in desk.library.find(text, limit=LISTED) if s.id != desk.chat.session.id]
    if not found:
        raise UsageError("No other chat holds that." if text else "No other chat is stored yet.")
    session, conversation = desk.library.load(found[0].id)
    desk.chat.resume(session, conversation)
    desk.show_last_exchange()
    if text and len(found) > 1:
        desk.page.notice(f"{count(len(found) - 1, 'other chat')} would fit too: /sessions {text}")


@COMMANDS.command("/title", "/rename", usage="[text]", group=GROUP)
def title(desk: Desk, text: str) -> None:
    """Give this chat a title; alone, show it."""
    if text:
        desk.chat.set_title(clean_line(text))
    desk.page.notice(desk.chat.session.title or "No title yet: the first message gives it one.")


def _row(session: SessionSummary, now_ms: int) -> tuple[str, ...]:
    return (
        session.id[-6:],
        context.title_of(session.title),
        figures.age(session.updated_ms, now_ms),
        str(session.turns),
        session.model,
        "" if session.cost is None else figures.money(session.cost),
    )
