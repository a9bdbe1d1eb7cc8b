"""Commands about deepchat itself: help, configuration, leaving."""

import re
from collections.abc import Mapping, Sequence

from deepchat.errors import UsageError
from deepchat.fuzzy import ranked
from deepchat.repl.commands import COMMANDS
from deepchat.repl.needs import Choice, Desk, Next, Picking
from deepchat.repl.registry import LONGEST, Command
from deepchat.repl.words import meant
from deepchat.text import clean_line

GROUP = "deepchat"

# Besides those that can be configured.
KEYS = (
    ("esc", "Stop the reply."),
    (
        "up, down",
        "Move in the draft, then through what was typed before; up takes a queued message back.",
    ),
    ("ctrl-r", "Search what was typed before."),
    ("right, end", "Take the dim text, which was typed before."),
    ("tab", "Complete commands, their arguments, and files behind an @."),
    ("ctrl-_", "Undo in the draft."),
    ("alt-left, alt-right", "Move by words; alt-t swaps two of them."),
    ('"""', "Begin and end a block in which Enter makes new lines."),
    ("\\ enter", "A new line too, and so is shift-enter where the terminal tells it from enter."),
    ("@path", "In a message: attach this file; @path#L10-20 these lines of it."),
    ("!command", "Run it in your shell, and attach what it says; !!command only shows it."),
)


@COMMANDS.command(
    "/help",
    "/?",
    "/h",
    usage="[command | words]",
    group=GROUP,
    candidates=lambda desk: (Choice(c.name[1:], c.name[1:], c.help) for c in COMMANDS),
)
def help_(desk: Desk, text: str) -> None:
    """List the commands, explain one, or list what has to do with a few words.

    `/help set` explains `/set`, `/help picture` lists the commands, keys and settings that have to do with pictures.
    Commands may be shortened as long as it is clear which one is meant. A line that starts with `//` is sent as text,
    without the first slash.
    """
    if not text:
        groups = {
            group: [(signature(c), c.brief) for c in COMMANDS if c.group == group]
            for group in COMMANDS.groups
        }
        _list(desk, groups)
        desk.page.notice(
            "\n/help COMMAND tells more about one, /help WORD finds some, /keys lists the keys."
        )
        return
    command = _named(text)
    if command is None:
        _search(desk, text)
        return
    desk.page.heading(signature(command))
    desk.page.notice(command.manual)
    if command.aliases:
        desk.page.notice(f"Also: {' '.join(command.aliases)}")


def _named(text: str) -> Command | None:
    """The command that is meant; None for words that are none. UsageError where it has to be one."""
    try:
        return COMMANDS.find(f"/{text.lstrip('/')}")
    except UsageError:
        if text.startswith("/"):
            raise
        return None


def _search(desk: Desk, text: str) -> None:
    """List what has to do with these words. UsageError when nothing has."""
    words = [re.compile(rf"\b{re.escape(word)}", re.IGNORECASE) for word in text.split()]

    def about(*said: str) -> bool:
        return all(word.search(" ".join(said)) for word in words)

    commands = [(signature(c), c.help) for c in COMMANDS if about(c.name, *c.aliases, c.manual)]
    keys = [pair for pair in (*desk.options.keys, *KEYS) if about(*pair)]
    settings = [pair for pair in desk.options.settings if about(*pair)]
    if not (commands or keys or settings):
        raise UsageError(
            f"Nothing here has to do with {clean_line(text, LONGEST)}.",
            hint=meant(text, (c.name for c in COMMANDS), "/help lists the commands."),
        )
    _list(desk, {"Commands": commands, "Keys": keys, "Settings in config.toml": settings})


def _list(desk: Desk, groups: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Each group that is not empty under its heading, their columns in line."""
    filled = [(heading, rows) for heading, rows in groups.items() if rows]
    left = max(len(term) for _, rows in filled for term, _ in rows)
    for number, (heading, rows) in enumerate(filled):
        if number:
            desk.page.write("\n")
        desk.page.heading(heading)
        desk.page.pairs(rows, left=left)


@COMMANDS.command("/keys", group=GROUP)
def keys(desk: Desk, text: str) -> None:
    """List the keys. Those that can be changed stand under [keys] in config.toml."""
    desk.page.pairs([*desk.options.keys, *KEYS])


@COMMANDS.command("/config", "/settings", group=GROUP)
def config(desk: Desk, text: str) -> None:
    """Show what is configured, and where each value comes from."""
    desk.page.table(("setting", "value", "from"), desk.options.rows())


@COMMANDS.command("/debug", group=GROUP)
def debug(desk: Desk, text: str) -> None:
    """Show the last request and what came of it: times, headers, the ends of both bodies; never the key.

    `deepchat --debug` shows it after each reply, `--log FILE` writes it down whole.
    """
    told = desk.last_exchange()
    if not told:
        raise UsageError("Nothing was asked yet.", hint="After a message this shows what was sent.")
    desk.page.notice(told)


@COMMANDS.command(
    "/theme",
    usage="[name]",
    group=GROUP,
    candidates=lambda desk: (Choice(name, name) for name in desk.drawing.themes),
)
async def theme(desk: Desk, text: str) -> None:
    """Draw in other colours from now on; alone, look at them and choose.

    It lasts until you leave: `theme` under [ui] in config.toml keeps it.
    """
    themes = desk.drawing.themes
    if not themes:
        raise UsageError("There are no colours here.", hint="/config shows why: see ui.color.")
    chosen = text or await desk.pick(_themes(desk))
    if not chosen:
        return
    if chosen not in themes:
        raise UsageError(
            f"There is no theme {clean_line(chosen, LONGEST)}.",
            hint=meant(chosen, themes, f"There are {', '.join(themes)}."),
        )
    desk.drawing.set_theme(chosen)
    desk.page.notice(
        f'{chosen} from now on. In config.toml, theme = "{chosen}" under [ui] keeps it.'
    )


def _themes(desk: Desk) -> Picking:
    mine = desk.drawing.theme
    choices = [Choice(name, f"{name} ←" if name == mine else name) for name in desk.drawing.themes]
    return Picking(
        "Theme",
        lambda typed: ranked(typed, choices, lambda one: one.value),
        preview=desk.drawing.sample,
    )


@COMMANDS.command("/exit", "/quit", "/q", "/bye", group=GROUP)
def exit_(desk: Desk, text: str) -> Next:
    """Leave; the session is kept, and `deepchat -c` goes on with it."""
    return Next.LEAVE


def signature(command: Command) -> str:
    """A command as one types it."""
    return f"{command.name} {command.usage}".rstrip()
