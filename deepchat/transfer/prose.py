"""A chat as markdown, or as plain text: what was said, exactly as it was typed and received, between headings; pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from deepchat import context
from deepchat.conversation import Message, Session
from deepchat.transfer.selection import Numbered


def markdown(session: Session, said: Sequence[Numbered], *, reasoning: bool) -> str:
    """The chat in markdown. Each text stands there as it is, between blank lines."""
    head = [f"# {context.title_of(session.title) or 'Chat'}", _about(session)]
    if session.persona:
        head += ["## Persona", session.persona]
    return _joined([*head, *_turns(said, reasoning=reasoning)])


def _turns(said: Sequence[Numbered], *, reasoning: bool) -> Iterator[str]:
    for one in said:
        yield f"## {one.number} · You"
        yield from filter(None, (one.exchange.asked.text, attached(one.exchange.asked)))
        if reply := one.exchange.reply:
            yield f"## {one.number} · {reply.reported_model or reply.model or 'Model'}"
            if reasoning and reply.reasoning:
                yield f"<details><summary>Reasoning</summary>\n\n{reply.reasoning}\n\n</details>"
            yield from filter(None, (reply.text, ending(reply)))


def plain(session: Session, said: Sequence[Numbered], *, reasoning: bool) -> str:
    """The chat as text, with who speaks in a line of its own."""
    parts = [context.title_of(session.title) or "Chat"]
    for one in said:
        parts.append(f"You ({one.number}):")
        parts += filter(None, (one.exchange.asked.text, attached(one.exchange.asked)))
        if reply := one.exchange.reply:
            parts.append(f"{reply.reported_model or reply.model or 'Model'} ({one.number}):")
            if reasoning and reply.reasoning:
                parts.append(f"(thinking) {reply.reasoning}")
            parts += filter(None, (reply.text, ending(reply)))
    return _joined(parts)


def attached(message: Message) -> str:
    """What went along with a message, by name; "" for nothing."""
    names = ", ".join(map(context.called, message.attachments))
    return f"(attached: {names})" if names else ""


def ending(reply: Message) -> str:
    """How a reply ended that is not complete, or that it was edited; "" for one as it came."""
    if reply.edited:
        return "(edited)"
    return (
        "" if reply.state == "done" else f"({'cut' if reply.state == 'streaming' else reply.state})"
    )


def date(ms: int) -> str:
    """The day and the time in UTC, to the minute."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _about(session: Session) -> str:
    parts = (session.model, date(session.created_ms), f"deepchat {session.id}")
    return "*" + " · ".join(filter(None, parts)) + "*"


def _joined(parts: Sequence[str]) -> str:
    """With a blank line between them, and a newline at the end."""
    return "\n\n".join(part.removesuffix("\n") for part in parts) + "\n"
