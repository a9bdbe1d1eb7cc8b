"""Words left open in a text, `{language}` or `{tone=plain}`, and what is put there. Who is asked for them is not known here."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Final

from deepchat.conversation import Persona
from deepchat.errors import UsageError
from deepchat.text import clean_line

_LONGEST: Final = 40

# A doubled brace, which is one, or a name in braces, or a number.
_PLACE: Final = re.compile(r"\{\{|\{(\w+)(?:=([^{}\n]*))?\}")

_GIVEN: Final = re.compile(r"(?:^|\s+)([^\W\d]\w*)=")


def open_in(text: str) -> list[str]:
    """The names that stand in braces without a value of their own, in order, each once."""
    return list(dict.fromkeys(at[1] for at in _PLACE.finditer(text) if at[1] and at[2] is None))


def named_in(text: str) -> set[str]:
    """All names that stand in braces."""
    return {at[1] for at in _PLACE.finditer(text) if at[1]}


def filled(text: str, given: Mapping[str, str]) -> str:
    """With what is given in place of the names, else their own values; what has neither stays, and `{{` is a brace."""

    def put(at: re.Match[str]) -> str:
        if not at[1]:
            return "{"
        return given.get(at[1], at[0] if at[2] is None else at[2])

    return _PLACE.sub(put, text)


def escaped(text: str) -> str:
    """A text that `filled` makes into this one, whatever is given."""
    return _PLACE.sub(lambda at: "{{{{" if not at[1] else f"{{{at[0]}", text)


def parted(line: str, names: Collection[str] | None = None) -> tuple[str, dict[str, str]]:
    """`translator language=Swiss German tone=plain`: the name, and what is given. A value ends where the next one begins.

    Where there are `names`, nothing else is given.
    """
    known = "|".join(map(re.escape, names or ())) or "(?!)"
    given = _GIVEN if names is None else re.compile(rf"(?:^|\s+)({known})=")
    name, *rest = given.split(line)
    return name.strip(), {
        key: value.strip() for key, value in zip(rest[::2], rest[1::2], strict=True)
    }


def variables(persona: Persona) -> list[str]:
    """What has to be given before the model can be told. Numbers are none: they stand in many texts, as in `\\d{3}`."""
    return [name for name in open_in(persona.text) if not name.isdecimal()]


def suited(persona: Persona, given: Mapping[str, str]) -> Persona:
    """The persona with its variables filled in. UsageError when one is missing, or there is none of a name."""
    lacking = [name for name in variables(persona) if name not in given]
    if lacking:
        raise UsageError(
            f"The persona {clean_line(persona.name, _LONGEST)} wants {' and '.join(lacking)}.",
            hint=f"It stands behind the name: {persona.name} {' '.join(f'{one}=…' for one in lacking)}",
        )
    known = named_in(persona.text)
    if stray := next((name for name in given if name not in known), None):
        raise UsageError(
            f"The persona {clean_line(persona.name, _LONGEST)} has no {clean_line(stray, _LONGEST)}.",
            hint=f"It has {', '.join(sorted(known))}." if known else "It takes nothing.",
        )
    return replace(persona, text=filled(persona.text, given))


# --- templates -------------------------------------------------------------------------------------------------------

ALL: Final = "args"

# Nobody counts further in what is typed.
_NUMBER: Final = re.compile("[1-9][0-9]?")


def placed(text: str, words: str) -> tuple[dict[str, str], str]:
    """What a template's places get of the words behind its name, and the words that none takes.

    `name=value` is for {name}, {args} gets all others, {1} the first of them, and the last number all that are left.
    """
    names = named_in(text)
    rest, given = parted(words, names)
    numbers = [int(name) for name in names if _NUMBER.fullmatch(name)]
    if not rest or not (numbers or ALL in names):
        return given, rest
    single = rest.split(maxsplit=max(numbers, default=1) - 1)
    return {ALL: rest, **{str(at): word for at, word in enumerate(single, start=1)}, **given}, ""


def layered(text: str, is_command: Callable[[str], bool]) -> tuple[list[str], str]:
    """The commands on top of a template, one a line, and the message below them, "" for none."""
    lines = text.strip().splitlines()
    commands = list(takewhile(lambda line: is_command(line) or not line.strip(), lines))
    return [line for line in commands if line.strip()], "\n".join(lines[len(commands) :])


def extended(text: str, rest: str) -> str:
    """With the words that no place takes below it."""
    return "\n\n".join(filter(None, (text, rest)))
