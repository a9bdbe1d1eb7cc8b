"""The command about personas: one is taken up, and the library of them kept in order."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from deepchat import context
from deepchat.conversation import Persona
from deepchat.errors import UsageError
from deepchat.fuzzy import ranked
from deepchat.placeholders import parted, suited, variables
from deepchat.repl.commands import COMMANDS
from deepchat.repl.needs import Choice, Desk, Picking
from deepchat.repl.registry import LONGEST
from deepchat.repl.words import meant
from deepchat.text import clean_line

GROUP: Final = "Chat"

# Characters of a persona that are looked at while one is chosen.
PREVIEWED: Final = 1000

FORCE: Final = "--force"


def _choices(desk: Desk) -> Iterator[Choice]:
    for persona in desk.personas.all().values():
        yield Choice(persona.name, persona.name, context.title_of(persona.text))


def _offered(desk: Desk) -> Iterator[Choice]:
    """The names, and behind them what can be done with them."""
    yield from _choices(desk)
    for action in _ACTIONS:
        yield Choice(f"{action} ", action)
    for one in _choices(desk):
        yield Choice(f"edit {one.value}", f"edit {one.label}", one.about)


@COMMANDS.command(
    "/persona",
    "/role",
    usage="[name [variable=value…] | save, edit, delete name | -]",
    group=GROUP,
    candidates=_offered,
)
async def persona(desk: Desk, text: str) -> None:
    """Take a persona from your library; alone, choose one; with -, take it away.

    `/persona translator language=French` fills in what it leaves open, `{language}`; what is not given is asked for.
    `/persona save NAME` keeps who the model is now, with the model and the parameters; `edit NAME` opens one in your
    editor, or makes it; `delete NAME` asks first, unless `--force` stands behind it.

    Personas are files in the folder `personas` beside config.toml, which can be shared, or tables `[personas.NAME]` in it;
    some come with deepchat. One may bring a model and parameters of its own.
    """
    word, _, rest = text.partition(" ")
    if text == "-":
        desk.chat.set_persona("")
        desk.page.notice("No persona from now on.")
    elif word in _ACTIONS:
        name, force = _named(word, rest)
        await _ACTIONS[word](desk, name, force=force)
    elif line := text or await desk.pick(_picking(desk)):
        await _take(desk, line)


def _picking(desk: Desk) -> Picking:
    personas = desk.personas.all()
    mine = desk.chat.session.persona_name
    choices = [
        replace(one, label=f"{one.label} ←") if one.value == mine else one for one in _choices(desk)
    ]

    def shown(name: str, width: int) -> str:
        return desk.drawing.notice(_preview(personas[name]), width)

    return Picking(
        "Persona",
        lambda typed: ranked(typed, choices, lambda one: f"{one.value} {one.about}"),
        preview=shown,
    )


def _preview(persona: Persona) -> str:
    """What it brings and wants, then what it says."""
    brings = [f"{name} = {value}" for name, value in persona.parameters.items()]
    wants = [f"{{{name}}}" for name in variables(persona)]
    brought = " · ".join(filter(None, (persona.model, *brings, *wants)))
    return "\n\n".join(filter(None, (brought, persona.text[:PREVIEWED])))


async def _take(desk: Desk, line: str) -> None:
    name, given = parted(line)
    personas = desk.personas.all()
    if name not in personas:
        raise _unknown(name, personas)
    for variable in variables(personas[name]):
        if variable not in given:
            answer = await desk.ask(f"{clean_line(name, LONGEST)}: {variable}")
            if answer is None:
                desk.page.notice("The persona stays as it was.")
                return
            given[variable] = answer
    desk.chat.take_persona(suited(personas[name], given))
    filled = ", ".join(f"{variable} {value}" for variable, value in given.items())
    desk.page.notice(
        f"The model is {name}{f' ({filled})' if filled else ''} from the next message on."
    )


def _unknown(name: str, personas: Mapping[str, Persona]) -> UsageError:
    return UsageError(
        f"There is no persona {clean_line(name, LONGEST)}.",
        hint=meant(name, personas, "/persona alone shows them."),
    )


# --- the library -----------------------------------------------------------------------------------------------------


def _named(action: str, rest: str) -> tuple[str, bool]:
    """A name, and whether it is meant seriously. UsageError without a name, or for one that could not be taken up."""
    words = rest.split()
    name = " ".join(word for word in words if word != FORCE)
    if not name:
        raise UsageError(f"/persona {action} wants a name.", hint=f"/persona {action} NAME")
    if name == "-" or name.split()[0] in _ACTIONS:
        raise UsageError(f"No persona can be called {clean_line(name, LONGEST)}.")
    return name, FORCE in words


async def _is_sure(desk: Desk, question: str, yes: str) -> bool:
    choices = [Choice("", "No", "everything stays"), Choice("yes", yes)]
    picking = Picking(
        clean_line(question), lambda typed: ranked(typed, choices, lambda one: one.label)
    )
    return await desk.pick(picking) == "yes"


async def _save(desk: Desk, name: str, *, force: bool) -> None:
    chat, taken = desk.chat, name in desk.personas.all() and not force
    if taken and not await _is_sure(desk, f"{name} exists already", "Put this one in its place"):
        return
    place = desk.personas.save(
        Persona(name, chat.session.persona, chat.answering, chat.session.parameters)
    )
    if not chat.elsewhere:
        chat.set_persona(chat.session.persona, name=name)
    desk.page.notice(f"{name} is kept in {place}.")


async def _edit(desk: Desk, name: str, *, force: bool) -> None:
    before = desk.personas.source(name)
    after = f"{await desk.revise(before)}\n"
    if not after.strip() or after.rstrip() == before.rstrip():
        desk.page.notice("Nothing was changed.")
        return
    place, warnings = desk.personas.write(name, after)
    for warning in warnings:
        desk.page.notice(warning)
    desk.page.notice(f"{name} is kept in {place}. /persona {name} takes it up.")


async def _delete(desk: Desk, name: str, *, force: bool) -> None:
    personas = desk.personas.all()
    if name not in personas:
        raise _unknown(name, personas)
    if force or await _is_sure(desk, f"Delete the persona {name}", "Delete it"):
        desk.personas.delete(name)
        desk.page.notice(f"The persona {name} is deleted.")


_ACTIONS: Final[Mapping[str, Callable[..., Awaitable[None]]]] = {
    "save": _save,
    "edit": _edit,
    "delete": _delete,
}
