"""Commands about what is said: a new chat, the same question again, what the model is told beside it."""

import json
import re
from collections.abc import Iterator

from deepchat.conversation import Json
from deepchat.errors import UsageError
from deepchat.repl.commands import COMMANDS
from deepchat.repl.needs import Choice, Desk
from deepchat.repl.registry import LONGEST
from deepchat.repl.words import count, meant
from deepchat.text import clean_line

GROUP = "Chat"


@COMMANDS.command("/new", group=GROUP)
def new(desk: Desk, text: str) -> None:
    """Begin a new chat, as configured; the one so far is kept."""
    kept = _how_to_return(desk)
    desk.chat.new()
    desk.page.notice(f"A new chat.{kept}")


@COMMANDS.command("/private", group=GROUP)
def private(desk: Desk, text: str) -> None:
    """Begin a new chat of which nothing is kept, anywhere: neither what is said nor what is typed.

    `/keep` changes your mind, `/new` and `/resume` leave it. `deepchat --private` begins with one.
    """
    before = _how_to_return(desk)
    desk.chat.new(private=True)
    desk.page.notice(f"Nothing of this chat is kept. /keep changes that.{before}")


@COMMANDS.command("/clear", "/reset", group=GROUP)
def clear(desk: Desk, text: str) -> None:
    """Empty the context; persona, model and parameters stay, and so does the screen.

    What was said so far is kept as a session of its own: `/resume` brings it back.
    """
    kept = _how_to_return(desk)
    desk.chat.clear()
    desk.page.notice(f"The context is empty.{kept}")


def _how_to_return(desk: Desk) -> str:
    chat = desk.chat
    chat.keep()
    if not chat.begun:
        return ""
    if chat.private:
        return " The one before was private, and is gone."
    if not chat.kept:
        return " The one before could not be kept."
    return f" The one before is kept: /resume {chat.session.id[-6:]}"


def set_already(desk: Desk) -> Iterator[Choice]:
    for name, value in desk.chat.session.parameters.items():
        yield Choice(name, name, str(value))


@COMMANDS.command("/system", usage="[text | -]", group=GROUP)
def system(desk: Desk, text: str) -> None:
    """Set who the model should be, from the next message on; alone, show it; with -, take it away.

    The text may have several lines. It is sent as the one system message, first in each request.
    """
    if not text:
        desk.page.notice(desk.chat.session.persona or "No persona yet. /system TEXT sets one.")
        return
    desk.chat.set_persona("" if text == "-" else text)
    desk.page.notice(
        "No persona from now on."
        if text == "-"
        else "The model is told so from the next message on."
    )


def _settable(desk: Desk) -> Iterator[Choice]:
    """Each parameter, and behind them those with one of a few values."""
    for name, about in desk.options.parameters:
        yield Choice(name, name, about)
    for name, _ in desk.options.parameters:
        for value in desk.options.values(name):
            yield Choice(f"{name} {value}", f"{name} {value}")


@COMMANDS.command("/set", usage="[name value]", group=GROUP, candidates=_settable)
def set_(desk: Desk, text: str) -> None:
    """Set a parameter, such as `/set temperature 0.2`; alone, show what is set and what can be.

    Only what is set is sent; everything else is left to the server. `/unset` takes one back. `/set extra.NAME JSON` sets
    any other field of the request.
    """
    name = re.split(r"[\s=]", text, maxsplit=1)[0]
    value = text[len(name) :].strip().removeprefix("=").strip()
    if not name:
        own, about = desk.chat.session.parameters, dict(desk.options.parameters)
        desk.page.pairs(
            [
                (_shown(key, own[key]) if key in own else key, about.get(key, ""))
                for key in dict.fromkeys((*about, *own))
            ]
        )
        return
    if not value:
        known = desk.chat.session.parameters
        if name not in known and name not in dict(desk.options.parameters):
            desk.options.parse(name, "")
        desk.page.notice(_shown(name, known[name]) if name in known else f"{name} is not set.")
        return
    desk.chat.set_parameter(name, desk.options.parse(name, value))
    desk.page.notice(_shown(name, desk.chat.session.parameters[name]))


def _shown(name: str, value: Json) -> str:
    """As it can be typed again."""
    return f"{name} = {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"


@COMMANDS.command("/unset", usage="name", group=GROUP, candidates=set_already)
def unset(desk: Desk, text: str) -> None:
    """Leave a parameter to the server again."""
    if not text:
        raise UsageError("/unset wants the name of a parameter.", hint="/set shows what is set.")
    require_set(desk, text)
    desk.chat.unset_parameter(text)
    left = count(len(desk.chat.session.parameters), "parameter")
    desk.page.notice(f"{text} is left to the server; {left} still set.")


def require_set(desk: Desk, name: str) -> None:
    """UsageError when this parameter is not."""
    if name not in desk.chat.session.parameters:
        raise UsageError(
            f"{clean_line(name, LONGEST)} is not set.",
            hint=meant(name, desk.chat.session.parameters, "/set shows what is."),
        )
