"""Commands that send what need not be typed again: a template, the last message."""

from collections.abc import Awaitable, Iterator, Mapping
from typing import Final

from deepchat import context
from deepchat.errors import UsageError
from deepchat.fuzzy import ranked
from deepchat.placeholders import extended, filled, layered, open_in, placed
from deepchat.repl.commands import COMMANDS
from deepchat.repl.commands.exchanges import said
from deepchat.repl.needs import Choice, Desk, Next, Picking
from deepchat.repl.registry import LONGEST, line_of, split_command
from deepchat.repl.words import meant
from deepchat.text import clean_line

GROUP: Final = "Chat"

# Characters of a template that are looked at while one is chosen.
PREVIEWED: Final = 1000


def _choices(desk: Desk) -> Iterator[Choice]:
    for name, text in desk.templates()[0].items():
        yield Choice(name, name, context.title_of(text))


@COMMANDS.command("/template", "/t", usage="[name [words]]", group=GROUP, candidates=_choices)
async def template(desk: Desk, text: str) -> Next | None:
    """Send a text that you have in a file, with these words in it; alone, choose one.

    It is NAME.md in the folder `templates` beside config.toml. `{args}` in it are all words, `{1}` is the first, the last
    number what is left; `{tone}` is given as `tone=…`, `{tone=plain}` need not be. What is missing is asked for, what has
    no place goes below the text, `{{` is a brace. Commands on top of it, one a line, are obeyed first.
    """
    templates, warnings = desk.templates()
    for warning in warnings:
        desk.page.notice(warning)
    if not templates:
        desk.page.notice(
            "No templates yet. NAME.md in the folder templates beside config.toml is one."
        )
        return None
    line = text or await desk.pick(_picking(desk, templates))
    if not line:
        return None
    name, *words = line.split(maxsplit=1)
    if not templates.get(name, "").strip():
        raise _unknown(name, templates)
    lines = await _lines(desk, name, templates[name], " ".join(words))
    return await _enter(desk, lines)


def _unknown(name: str, templates: Mapping[str, str]) -> UsageError:
    named = clean_line(name, LONGEST)
    if name in templates:
        return UsageError(f"The template {named} is empty.")
    return UsageError(
        f"There is no template {named}.", hint=meant(name, templates, "/template alone shows them.")
    )


def _picking(desk: Desk, templates: Mapping[str, str]) -> Picking:
    choices = list(_choices(desk))
    return Picking(
        "Template",
        lambda typed: ranked(typed, choices, lambda one: f"{one.value} {one.about}"),
        preview=lambda name, width: desk.drawing.notice(templates[name][:PREVIEWED], width),
    )


async def _lines(desk: Desk, name: str, text: str, words: str) -> list[str]:
    """What is to be entered; nothing when the user would rather not say what is missing."""
    given, rest = placed(text, words)
    for place in open_in(text):
        if place not in given:
            answer = await desk.ask(f"{clean_line(name, LONGEST)}: {place}")
            if answer is None:
                desk.page.notice("Nothing was sent.")
                return []
            given[place] = answer
    commands, message = layered(text, _is_command)
    obeyed = [filled(line, given) for line in commands]
    if message or not obeyed:
        return [*obeyed, line_of(extended(filled(message, given), rest))]
    return [*obeyed[:-1], f"{obeyed[-1]} {rest}".strip()]


def _is_command(line: str) -> bool:
    return split_command(line) is not None


async def _enter(desk: Desk, lines: list[str]) -> Next | None:
    """Obey the commands, then send the message. UsageError for a template that would run templates, maybe itself."""
    for line in lines:
        split = split_command(line)
        if split and COMMANDS.find(split[0]).name == "/template":
            raise UsageError("A template does not run templates.")
    for line in lines:
        if await desk.enter(line) is Next.LEAVE:
            return Next.LEAVE
    return None


@COMMANDS.command("/last", "/again", group=GROUP)
def last(desk: Desk, text: str) -> Awaitable[None] | None:
    """Send the last message once more, with all that went along with it, behind its answer; see `/retry`."""
    asked = [each.asked for each in said(desk) if each.asked.mark != "summary"]
    if not asked:
        raise UsageError("There is no question yet.")
    return desk.send_again(asked[-1])
