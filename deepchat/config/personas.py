"""Personas: those of config.toml, the files of the personas folder, and those that come along, each a text under its name."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from deepchat.config.file import Values, parse
from deepchat.config.folder import Folder
from deepchat.config.keys import flat
from deepchat.conversation import Json, Persona
from deepchat.errors import UsageError
from deepchat.placeholders import escaped
from deepchat.text import clean_line

# Between two such lines, at the top of a file, stand the model and the parameters, as TOML.
_FENCE: Final = "+++"

# Taken for the mark of an encoding at the top of a file.
_MARK: Final = "\ufeff"

_LIBRARY: Final = Path(__file__).with_name("library")

# Where a persona is from, as people are told.
COMES_ALONG: Final = "deepchat"
IN_CONFIG: Final = "config.toml"
IN_FILE: Final = "file"


@dataclass(frozen=True, slots=True)
class Personas:
    """All of them; `tables` are those of config.toml. Files are read anew each time, and win over tables, which win over
    what comes along, each whole. What is written is a file."""

    files: Folder
    tables: Mapping[str, Persona]
    aliases: Mapping[str, str]

    def read(self) -> tuple[dict[str, Persona], list[str]]:
        """By name, and what is wrong with the files."""
        own, warnings = _parsed(self.files, IN_FILE)
        found = {**_coming_along(), **self.tables, **own}
        return {name: self._with_model(found[name]) for name in sorted(found)}, warnings

    def all(self) -> Mapping[str, Persona]:
        """By name."""
        return self.read()[0]

    def _with_model(self, persona: Persona) -> Persona:
        """With the model's own name."""
        return replace(persona, model=self.aliases.get(persona.model, persona.model))

    def source(self, name: str) -> str:
        """What the file of this persona holds, or would hold; "" when there is no such one."""
        own, _ = self.files.texts()
        if name in own:
            return own[name]
        if table := self.tables.get(name):
            return written(table, table.text)
        return Folder(_LIBRARY, "persona").texts()[0].get(name, "")

    def save(self, persona: Persona) -> Path:
        """Keep this one, whose text is meant as it stands; the file. UsageError, ConfigError when that cannot be."""
        return self.files.keep(persona.name, written(persona, escaped(persona.text)))

    def write(self, name: str, source: str) -> tuple[Path, list[str]]:
        """Keep what an editor made of a source; the file, and what is wrong with it. Raises as `save` does."""
        place = self.files.keep(name, source)
        _, warnings = _persona_of(name, source, place.name)
        return place, warnings

    def delete(self, name: str) -> None:
        """Take its file away. UsageError when that cannot be, or it has none."""
        found = self.all().get(name)
        if found is None or found.origin == IN_FILE:
            self.files.drop(name)
        elif found.origin == COMES_ALONG:
            raise UsageError(
                f"{clean_line(name)} comes with deepchat, and stays.",
                hint=f"/persona edit {name} makes one of your own of it.",
            )
        else:
            raise UsageError(f"{clean_line(name)} is in config.toml.", hint="Take it out there.")


def from_tables(values: Values) -> dict[str, Persona]:
    """Those of config.toml."""
    names = {place[1] for place in values if place[0] == "personas"}
    return {name: _persona(name, values, IN_CONFIG) for name in names}


def _persona(name: str, values: Values, origin: str) -> Persona:
    table = {place[2:]: value for place, value in values.items() if place[:2] == ("personas", name)}
    return Persona(
        name,
        str(table.get(("system",), "")),
        str(table.get(("model",), "")),
        flat({place[1]: value for place, value in table.items() if place[0] == "parameters"}),
        origin,
    )


# --- files -----------------------------------------------------------------------------------------------------------


@cache
def _coming_along() -> Mapping[str, Persona]:
    return _parsed(Folder(_LIBRARY, "persona"), COMES_ALONG)[0]


def _parsed(folder: Folder, origin: str) -> tuple[dict[str, Persona], list[str]]:
    texts, warnings = folder.texts()
    found: dict[str, Persona] = {}
    for name, text in texts.items():
        found[name], wrong = _persona_of(name, text, folder.file(name).name, origin)
        warnings += wrong
    return found, warnings


def _persona_of(
    name: str, source: str, file: str, origin: str = IN_FILE
) -> tuple[Persona, list[str]]:
    front, text = _split(source)
    place = ("personas", name)
    values, warnings = parse(front, f"personas/{file}", under=place, first_line=2)
    return _persona(name, {**values, (*place, "system"): text.strip()}, origin), warnings


def _split(text: str) -> tuple[str, str]:
    """The front matter, "" when there is none, and the text."""
    lines = text.splitlines(keepends=True)
    fences = [number for number, line in enumerate(lines) if line.rstrip() == _FENCE][:2]
    if len(fences) < 2 or fences[0] != 0:
        return "", text
    return "".join(lines[1 : fences[1]]), "".join(lines[fences[1] + 1 :])


def written(persona: Persona, text: str) -> str:
    """A file that is this persona with this text. UsageError for a parameter that TOML cannot say."""
    front = "".join(f"{line}\n" for line in _front(persona))
    body = f"{text.strip()}\n"
    if not front and not body.startswith((_FENCE, _MARK)):
        return body
    return f"{_FENCE}\n{front}{_FENCE}\n{body}"


def _front(persona: Persona) -> Iterator[str]:
    if persona.model:
        yield f"model = {_toml(persona.model)}"
    if persona.parameters:
        yield "[parameters]"
    for name, value in persona.parameters.items():
        if value is None:
            raise UsageError(f"{name} is null, which no file can hold.", hint=f"/unset {name}")
        table, dot, field = name.partition(".")
        yield f"{table}{dot}{_toml(field) if dot else ''} = {_toml(value)}"


def _toml(value: Json) -> str:
    """A value in one line (toml.io/en/v1.0.0). Its strings are JSON's, but for DEL."""
    if isinstance(value, dict):
        pairs = (f"{_toml(key)} = {_toml(one)}" for key, one in value.items() if one is not None)
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list):
        return f"[{', '.join(_toml(one) for one in value if one is not None)}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
