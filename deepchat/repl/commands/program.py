"""Commands about deepchat itself: help, configuration, leaving."""

from deepchat.repl.commands import COMMANDS
from deepchat.repl.needs import Desk, Next
from deepchat.repl.registry import Command

GROUP = "deepchat"

KEYS = (
    ("Enter", "send; while a reply arrives: queue the message for after it"),
    (
        "Alt-Enter, Ctrl-J, \\ Enter",
        "new line; Shift-Enter too, where the terminal tells it from Enter",
    ),
    ('"""', "begin and end a block in which Enter makes new lines"),
    ("Ctrl-O", "show a folded paste"),
    ("Ctrl-G, Ctrl-X Ctrl-E", "edit the draft in $VISUAL or $EDITOR"),
    ("Ctrl-_, Alt-_", "undo and redo in the draft"),
    ("Ctrl-C", "stop the reply; with a draft: clear it (Up brings it back)"),
    ("Ctrl-D", "leave, when nothing is typed"),
    ("Up, Down", "move in the draft, then through what was typed before"),
    ("Ctrl-R", "search what was typed before"),
    ("Tab", "complete commands and their arguments"),
)


@COMMANDS.command(
    "/help",
    "/?",
    "/h",
    usage="[command]",
    group=GROUP,
    candidates=lambda desk: ((command.name.lstrip("/"), command.help) for command in COMMANDS),
)
def help_(desk: Desk, text: str) -> None:
    """List the commands, or explain one.

    `/help set` explains `/set`. Commands may be shortened as long as it is clear which one is meant. A line that
    starts with `//` is sent as text, without the first slash.
    """
    if text:
        command = COMMANDS.find("/" + text.lstrip("/"))
        desk.page.heading(signature(command))
        desk.page.notice(command.manual)
        if command.aliases:
            desk.page.notice(f"Also: {' '.join(command.aliases)}")
        return
    for group in COMMANDS.groups:
        desk.page.heading(group)
        desk.page.pairs([(signature(c), c.help) for c in COMMANDS if c.group == group])
    desk.page.notice("/help COMMAND tells more about one, /keys lists the keys.")


@COMMANDS.command("/keys", group=GROUP)
def keys(desk: Desk, text: str) -> None:
    """List the keys."""
    desk.page.pairs(KEYS)


@COMMANDS.command("/config", "/settings", group=GROUP)
def config(desk: Desk, text: str) -> None:
    """Show what is configured, and where each value comes from."""
    desk.page.table(("setting", "value", "from"), desk.options.rows())


@COMMANDS.command("/exit", "/quit", "/q", "/bye", group=GROUP)
def exit_(desk: Desk, text: str) -> Next:
    """Leave; the session is kept, and `deepchat -c` goes on with it."""
    return Next.LEAVE


def signature(command: Command) -> str:
    """A command as one types it."""
    return f"{command.name} {command.usage}".rstrip()
