"""Commands that ask again, on, or aside: the last question once more, the rest of a reply, a question that leaves no trace."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from deepchat.chat import Otherwise
from deepchat.conversation import Json
from deepchat.errors import UsageError
from deepchat.repl.commands import COMMANDS, models
from deepchat.repl.commands.talk import require_set, set_already
from deepchat.repl.needs import Choice, Desk
from deepchat.repl.registry import LONGEST
from deepchat.text import clean_line

GROUP = "Turns"

WITHOUT = "--without"


def _otherwise(desk: Desk) -> Iterator[Choice]:
    """How the last question could be asked again."""
    for one in set_already(desk):
        yield Choice(f"{WITHOUT} {one.value}", f"{WITHOUT} {one.label}", one.about)
    for name, about in desk.options.parameters:
        yield Choice(f"--set {name}=", f"--set {name}=", about)
    for one in models.takeable(desk):
        yield Choice(f"-m {one.value}", f"-m {one.label}", one.about)


@COMMANDS.command(
    "/retry",
    "/regenerate",
    "/rerun",
    usage=f"[hint] [-m model] [--set name=value…] [{WITHOUT} name…]",
    group=GROUP,
    candidates=_otherwise,
)
async def retry(desk: Desk, text: str) -> None:
    """Ask the last question again, perhaps with a hint such as `shorter`; the answer it had is kept beside the new one.

    The hint goes along with the question for this answer alone. The model behind `-m` and the parameters behind `--set`
    are for this answer alone, too; behind `--` everything is hint. `/info` and `/sent` tell them. `--without temperature` leaves that
    parameter to the server from now on, as `/unset` does.
    """
    wanted = _read(desk, text)
    desk.chat.require_ours()
    for name in wanted.without:
        require_set(desk, name)
    desk.require_open(wanted.otherwise.hint)
    model = wanted.otherwise.model
    if model:
        model = await models.offered(desk, model)
    for name in dict.fromkeys(wanted.without):
        desk.chat.unset_parameter(name)
    desk.chat.retry(replace(wanted.otherwise, model=model))
    desk.show_reply()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How to ask again; parameters that are to be left out from then on."""

    otherwise: Otherwise
    without: tuple[str, ...]


def _read(desk: Desk, text: str) -> _Wanted:
    """What stands behind `/retry`. UsageError for what is no option, or lacks something."""
    words = text.split(" ")
    hint, model, parameters, without = [], "", {}, []
    while words:
        word = words.pop(0)
        if word in ("-m", "--model"):
            model = _behind(word, words)
        elif word == "--set":
            name, value = _assigned(desk, _behind(word, words))
            parameters[name] = value
        elif word == WITHOUT:
            without.append(_behind(word, words))
            while words and not words[0].startswith("-"):
                without.append(words.pop(0))
        elif word == "--":
            hint += words
            break
        elif word.startswith("--"):
            raise UsageError(
                f"/retry does not know {clean_line(word, LONGEST)}.",
                hint="Behind -- everything is hint.",
            )
        else:
            hint.append(word)
    named = tuple(filter(None, without))  # two blanks hold nothing between them
    return _Wanted(Otherwise(" ".join(hint).strip(), model, parameters), named)


def _behind(option: str, words: list[str]) -> str:
    """The word behind an option, taken from what follows it."""
    while words and not words[0]:
        del words[0]
    if not words:
        raise UsageError(f"{option} wants something behind it.", hint="/help retry says what.")
    return words.pop(0)


def _assigned(desk: Desk, setting: str) -> tuple[str, Json]:
    name, sign, value = setting.partition("=")
    if not sign:
        raise UsageError("--set wants a name and a value.", hint="--set temperature=0.2")
    return name, desk.options.parse(name, value)


@COMMANDS.command("/continue", "/goon", group=GROUP)
def continue_(desk: Desk, text: str) -> None:
    """Ask for the rest of a reply that was stopped, cut off, or too long for the server.

    What there is of it is printed again, and the rest behind it. In the chat, too, it is one reply.
    """
    desk.chat.go_on()
    desk.show_reply()


@COMMANDS.command("/btw", "/aside", usage="question", group=GROUP)
def btw(desk: Desk, text: str) -> None:
    """Ask something aside: the model knows what was said so far, and neither question nor answer become part of the chat.

    Nothing of it is kept. What it cost stands below the answer, and counts for the budget until deepchat ends.
    """
    if not text:
        raise UsageError("/btw wants a question.", hint="/btw what does that word mean?")
    desk.chat.require_idle()
    desk.require_open(text)
    desk.chat.ask_aside(text)
    desk.show_reply()
