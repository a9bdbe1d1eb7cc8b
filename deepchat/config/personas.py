"""Personas: those of config.toml, and the files of the personas folder, each a whole text under its name."""

from pathlib import Path
from typing import Final

from deepchat.config.file import Values, parse, read
from deepchat.config.keys import flat
from deepchat.conversation import Persona
from deepchat.text import mend

_KINDS: Final = (".md", ".txt")

# Between two such lines, at the top of a file, stand the model and the parameters, as TOML.
_FENCE: Final = "+++"


def personas(values: Values, folder: Path) -> tuple[dict[str, Persona], list[str]]:
    """Every persona by name, with warnings. A file wins over the table of the same name, whole."""
    from_files, warnings = _files(folder)
    tables = {place[1] for place in values if place[0] == "personas"}
    found = {name: _persona(name, values) for name in tables} | from_files
    return dict(sorted(found.items())), warnings


def _persona(name: str, values: Values) -> Persona:
    table = {place[2:]: value for place, value in values.items() if place[:2] == ("personas", name)}
    return Persona(
        name,
        str(table.get(("system",), "")),
        str(table.get(("model",), "")),
        flat({place[1]: value for place, value in table.items() if place[0] == "parameters"}),
    )


def _files(folder: Path) -> tuple[dict[str, Persona], list[str]]:
    found: dict[str, Persona] = {}
    warnings: list[str] = []
    try:
        inside = sorted(folder.iterdir())
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        return {}, [f"The personas in {folder} were left out: {_reason(error)}."]
    for path in inside:
        if path.suffix not in _KINDS or path.name.startswith("."):
            continue
        try:
            persona, wrong = _file(path)
        except (OSError, ValueError) as error:
            warnings.append(f"The persona {path.name} was left out: {_reason(error)}.")
            continue
        found.setdefault(persona.name, persona)
        warnings += wrong
    return found, warnings


def _file(path: Path) -> tuple[Persona, list[str]]:
    name = mend(path.stem)
    front, text = _split(read(path))
    place = ("personas", name)
    values, warnings = parse(front, f"personas/{path.name}", under=place, first_line=2)
    return _persona(name, {**values, (*place, "system"): text.strip()}), warnings


def _split(text: str) -> tuple[str, str]:
    """The front matter, "" when there is none, and the text."""
    lines = text.splitlines(keepends=True)
    fences = [number for number, line in enumerate(lines) if line.rstrip() == _FENCE][:2]
    if len(fences) < 2 or fences[0] != 0:
        return "", text
    return "".join(lines[1 : fences[1]]), "".join(lines[fences[1] + 1 :])


def _reason(error: Exception) -> str:
    return error.strerror or "it cannot be read" if isinstance(error, OSError) else str(error)
