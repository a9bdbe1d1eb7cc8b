"""Commands that make room in the model's window, and give it back: all that was said stays stored."""

from deepchat import room
from deepchat.errors import UsageError
from deepchat.repl.commands import COMMANDS
from deepchat.repl.making_room import left_out
from deepchat.repl.needs import Desk
from deepchat.repl.words import count

GROUP = "Context"


@COMMANDS.command("/compact", "/compress", "/summarize", usage="[focus]", group=GROUP)
def compact(desk: Desk, text: str) -> None:
    """Ask the model for a summary, with an eye to the focus, that is sent from then on in place of all that was said.

    What was said stays here to be read, and `/uncompact` sends it again. What is pinned is sent beside the summary. Where
    there is too much even for a summary, the longest messages are cut for it. `/retry` asks for another one.
    """
    desk.chat.compact(text)
    desk.show_reply()


@COMMANDS.command("/uncompact", group=GROUP)
def uncompact(desk: Desk, text: str) -> None:
    """Send again what the last summary stands for, and the summary no more."""
    desk.chat.expand()
    desk.page.notice("All that was summarised is sent again, and the summary is not.")


@COMMANDS.command("/trim", usage="n", group=GROUP)
def trim(desk: Desk, text: str) -> None:
    """Leave out the oldest n questions with their answers; they stay here to be read, and `/untrim` sends them again.

    What is pinned, and a summary, is sent all the same. `/context` shows how each question stands.
    """
    loose = len(room.loose(desk.chat.conversation.path()))
    if not text.isdecimal() or not 1 <= int(text) <= loose:
        raise UsageError(
            f"/trim wants a number from 1 to {loose}."
            if loose
            else "There is nothing to leave out.",
            hint="/context shows what is sent.",
        )
    trimming = room.trimming(desk.chat.conversation.path(), int(text))
    desk.chat.leave_out(trimming.last)
    desk.page.notice(left_out(trimming))


@COMMANDS.command("/untrim", group=GROUP)
def untrim(desk: Desk, text: str) -> None:
    """Send again what was left out to make room."""
    again = desk.chat.bring_back()
    if not again:
        raise UsageError("Nothing is left out here.", hint="/unmute and /uncompact send more.")
    desk.page.notice(f"{count(again, 'question')} will be sent again.")
