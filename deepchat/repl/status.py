"""The status line: what is going on, with whom, and what it has cost."""

from collections.abc import Sequence
from typing import Final

from deepchat import branches, context
from deepchat.conversation import Conversation, Message
from deepchat.repl.house import House
from deepchat.text import clean_line

# Of a title.
TITLE_CELLS: Final = 30


class Status:
    """What the line says, the most important part first; cheap to ask for."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._chat = house.chat
        self._counted: tuple[tuple[Conversation | None, str], tuple[str, ...]] = ((None, ""), ())

    def parts(self, doing: str, queued: int) -> list[str]:
        """`doing` is the command that works just now, `queued` how many messages wait."""
        turn = self._chat.turn
        going_on = [turn.doing] if turn else []
        if doing:
            going_on.append(f"{doing} · Ctrl-C stops it")
        if self._chat.private:
            going_on.append("private")
        if self._chat.elsewhere:
            going_on.append("open elsewhere")
        if queued:
            going_on.append(f"queued {queued}")
        session = self._chat.session
        named = session.persona_name or ("persona" if session.persona else "")
        title = clean_line(session.title, TITLE_CELLS)
        return [
            *going_on,
            *filter(None, (self._chat.answering, *self._ledger(), named, title)),
        ]

    def _ledger(self) -> tuple[str, ...]:
        """Which of several answers this is, how full the model's window is, and what this conversation has cost; worked
        out only when a turn has ended, or the branch is another."""
        now = (self._chat.conversation, self._chat.answering)
        if self._counted[0] != now:
            path = self._chat.conversation.path()
            spent = context.total_cost(path)
            money = context.price(spent) if spent and spent.cost else ""
            self._counted = (now, (self._which(path), self._share(path), money))
        return self._counted[1]

    def _which(self, path: Sequence[Message]) -> str:
        """`‹2/3›` for the second of three answers in the last place; "" for the only one."""
        last = branches.exchanges(path)[-1:]
        others = branches.variants(self._chat.conversation, last[0]) if last else []
        if len(others) < 2 or last[0] not in others:
            return ""
        return f"‹{others.index(last[0]) + 1}/{len(others)}›"

    def _share(self, path: Sequence[Message]) -> str:
        """`12%` of the window, as the server counted the last exchange; "" where either is unknown."""
        tokens = context.tokens_counted(path)
        window = self._chat.window() if tokens else None
        return f"{min(100, round(100 * tokens / window))}%" if tokens and window else ""
