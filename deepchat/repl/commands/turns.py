"""Commands about one turn, a question and its answer: whether it is sent, kept when others have to be left out, or
deleted; and what was sent for it."""

import json
from collections.abc import Iterator
from typing import Final

from deepchat import context
from deepchat.chat import asked_for
from deepchat.conversation import Mark, PromptMessage
from deepchat.errors import UsageError
from deepchat.repl.commands import COMMANDS
from deepchat.repl.commands.exchanges import answered, chosen, questions, said
from deepchat.repl.needs import Choice, Desk

GROUP = "Turns"

# What is not stored of a request, with pictures and of any.
SEEN: Final = "Whether the model was sent the pictures, or only their names, is not stored."
UNTOLD: Final = "How it was to be streamed and cached is not stored; /debug shows the last request byte by byte."


def _muted(desk: Desk) -> Iterator[Choice]:
    return _marked(desk, "muted")


def _pinned(desk: Desk) -> Iterator[Choice]:
    return _marked(desk, "pinned")


def _marked(desk: Desk, mark: Mark) -> Iterator[Choice]:
    for number, exchange in enumerate(said(desk), start=1):
        if exchange.asked.mark == mark:
            yield Choice(str(number), str(number), context.title_of(exchange.asked.text))


@COMMANDS.command("/mute", usage="[n]", group=GROUP, candidates=questions)
def mute(desk: Desk, text: str) -> None:
    """Send question n, or the last one, and its answer no more; they stay here to be read. `/unmute` sends them again."""
    number = _mark(desk, text, "muted")
    desk.page.notice(f"Question {number} and its answer are not sent. /unmute {number} undoes it.")


@COMMANDS.command("/unmute", usage="[n]", group=GROUP, candidates=_muted)
def unmute(desk: Desk, text: str) -> None:
    """Send question n, or the last one, and its answer again."""
    number = _unmark(desk, text, "muted")
    desk.page.notice(f"Question {number} and its answer are sent again.")


@COMMANDS.command("/pin", usage="[n]", group=GROUP, candidates=questions)
def pin(desk: Desk, text: str) -> None:
    """Send question n, or the last one, and its answer whatever else has to be left out; `/unpin` takes that back.

    One that is muted is sent again. `/context` shows what is pinned.
    """
    number = _mark(desk, text, "pinned")
    desk.page.notice(f"Question {number} and its answer are pinned. /unpin {number} undoes it.")


@COMMANDS.command("/unpin", usage="[n]", group=GROUP, candidates=_pinned)
def unpin(desk: Desk, text: str) -> None:
    """Let question n, or the last one, and its answer be left out like any other when there is no room."""
    number = _unmark(desk, text, "pinned")
    desk.page.notice(f"Question {number} and its answer are not pinned any more.")


def _mark(desk: Desk, text: str, mark: Mark) -> int:
    number, exchange = chosen(desk, text)
    desk.chat.mark(exchange.asked, mark)
    return number


def _unmark(desk: Desk, text: str, mark: Mark) -> int:
    number, exchange = chosen(desk, text)
    if exchange.asked.mark != mark:
        raise UsageError(f"Question {number} is not {mark}.", hint="/context shows what is.")
    return _mark(desk, text, "")


@COMMANDS.command("/delete-turn", usage="n", group=GROUP, candidates=questions)
def delete_turn(desk: Desk, text: str) -> None:
    """Take question n and its answers out of this chat: they are neither sent nor shown any more; `/redo` brings them back.

    What followed stays, with other numbers. `/tree` shows what is deleted, and there it can be brought back at any time:
    nothing that was said is ever lost. `/delete` deletes whole chats.
    """
    if not text:
        raise UsageError("/delete-turn wants the number of a question.", hint="/history has them.")
    number, exchange = chosen(desk, text)
    desk.chat.delete(exchange.asked)
    desk.page.notice(f"Question {number} and its answer are deleted; /redo brings them back.")


@COMMANDS.command("/sent", usage="[n]", group="Context", candidates=questions)
def sent(desk: Desk, text: str) -> None:
    """Show the request behind the answer to question n, or to the last one: model, parameters, every message as it went out.

    It is put together again from what is stored; what that does not tell is said below it. Of a reply that `/continue` went
    on with it is the first request, and what an imported answer was asked with beside this is not known.
    """
    _, reply = answered(desk, text)
    request = asked_for(desk.chat.conversation, reply)
    own = [
        (name, json.dumps(value, ensure_ascii=False)) for name, value in request.parameters.items()
    ]
    desk.page.pairs([("model", request.model), ("provider", reply.provider), *own])
    desk.page.sections(
        [
            (f"{place} · {message.role}", _as_sent(message))
            for place, message in enumerate(request.messages, start=1)
        ]
    )
    if any(message.pictures for message in request.messages):
        desk.page.notice(SEEN)
    desk.page.notice(UNTOLD)


def _as_sent(message: PromptMessage) -> str:
    pictures = (f"[{' · '.join(context.described(each))}]" for each in message.pictures)
    return "\n".join(filter(None, (message.text, *pictures)))
