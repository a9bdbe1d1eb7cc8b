"""The numbers of code blocks: they run on over all answers of the branch in use, as they stand beside them on the screen."""

from collections.abc import Iterator, Sequence

from deepchat.branches import Exchange, exchanges
from deepchat.conversation import Conversation, Message
from deepchat.repl.needs import Block, Drawing, Numbered


class Numbering:
    """Reads and counts what it knows already only once."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._counted: dict[str, tuple[int, int]] = {}
        self._read: dict[str, tuple[int, Sequence[Block]]] = {}

    def before(self, conversation: Conversation, message: Message) -> int:
        """How many code blocks the answers before this message have, on the branch that leads to it."""
        known = message.id in conversation.messages
        path = conversation.at(message.parent if known else conversation.leaf).path()
        return sum(map(self._count, _answers(path)))

    def all(self, said: Sequence[Exchange]) -> Iterator[Numbered]:
        """All of these exchanges, which begin where the branch does, the first one first."""
        number = 0
        for question, exchange in enumerate(said, start=1):
            for block in self._blocks(exchange.reply) if exchange.reply else ():
                number += 1
                yield Numbered(number, question, block)

    def _blocks(self, reply: Message) -> Sequence[Block]:
        length, blocks = self._read.get(reply.id, (-1, ()))
        if length != len(reply.text) and self._count(reply):
            blocks = self._drawing.blocks(reply.text)
            self._read[reply.id] = len(reply.text), blocks
        return blocks

    def _count(self, reply: Message) -> int:
        length, count = self._counted.get(reply.id, (-1, 0))
        if length != len(reply.text):  # it was gone on with
            count = self._drawing.count_blocks(reply.text)
            self._counted[reply.id] = len(reply.text), count
        return count


def _answers(path: tuple[Message, ...]) -> Iterator[Message]:
    return (one.reply for one in exchanges(path) if one.reply)
