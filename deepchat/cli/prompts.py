"""`deepchat -t`: a template as the question, or as what is entered first in a chat."""

from typing import Final

from deepchat.config import Settings
from deepchat.errors import UsageError
from deepchat.fuzzy import nearest
from deepchat.placeholders import extended, filled, layered, open_in, placed
from deepchat.text import clean_line

_LONGEST: Final = 40


def require_template(settings: Settings, line: str) -> str:
    """The text of the template that a line begins with. UsageError when there is none."""
    known, warnings = settings.templates.texts()
    name = (line.split(maxsplit=1) or [""])[0]
    if known.get(name, "").strip():
        return known[name]
    near = [f"Did you mean {one}?" for one in nearest(name, known)[:1]]
    raise UsageError(
        f"There is no template {clean_line(name, _LONGEST)}.",
        hint=(*warnings, *near, f"They are files in {settings.paths.templates_dir}.")[0],
    )


def templated(settings: Settings, line: str) -> str:
    """A template with the words behind its name, for one answer. UsageError when one is missing, or it begins with a command:
    those are obeyed in a chat."""
    from deepchat.repl.registry import split_command  # late: brings the REPL along

    text = require_template(settings, line)
    name, *words = line.split(maxsplit=1)
    given, rest = placed(text, " ".join(words))
    commands, message = layered(text, lambda row: split_command(row) is not None)
    if commands:
        raise UsageError(f"The template {name} begins with a command.", hint="Use it in a chat.")
    lacking = [place for place in open_in(text) if place not in given]
    if lacking:
        raise UsageError(f"The template {name} wants {' and '.join(lacking)}.")
    return extended(filled(message, given), rest)
