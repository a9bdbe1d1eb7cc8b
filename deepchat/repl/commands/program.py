"""Commands about deepchat itself: help, configuration, leaving."""

from deepchat.repl.commands import COMMANDS
from deepchat.repl.needs import Choice, Desk, Next
from deepchat.repl.registry import Command

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
    ('"""', "Begin and end a block in which Enter makes new lines."),
    ("\\ enter", "A new line too, and so is shift-enter where the terminal tells it from enter."),
    ("@path", "In a message: attach this file; @path#L10-20 these lines of it."),
    ("!command", "Run it in your shell, and attach what it says; !!command only shows it."),
)


@COMMANDS.command(
    "/help",
    "/?",
    "/h",
    usage="[command]",
    group=GROUP,
    candidates=lambda desk: (Choice(c.name[1:], c.name[1:], c.help) for c in COMMANDS),
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
    """List the keys. Those that can be changed stand under [keys] in config.toml."""
    desk.page.pairs([*desk.options.keys, *KEYS])


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
