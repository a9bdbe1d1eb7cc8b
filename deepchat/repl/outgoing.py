"""A message that is about to be sent, and what may speak against it. Pure; who asks and who sends is `loop`'s business."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from deepchat import context
from deepchat.conversation import Attachment, ModelInfo, Unsent
from deepchat.errors import NotAttached
from deepchat.repl.composer import together
from deepchat.repl.needs import Entry
from deepchat.repl.registry import line_of
from deepchat.secret import looks_secret


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as it will be sent. `pasted` are the parts of its text that were not typed."""

    text: str
    attachments: tuple[Attachment, ...] = ()
    pasted: tuple[tuple[int, int], ...] = field(default=(), compare=False)

    @staticmethod
    def of(unsent: Unsent) -> "Outgoing":
        return Outgoing(unsent.text, unsent.attachments, unsent.pasted)

    @property
    def unsent(self) -> Unsent:
        return Unsent(self.text, self.attachments, self.pasted)

    @property
    def summary(self) -> str:
        """What it says, or, where it says nothing, what it brings along."""
        return self.text or ", ".join(map(context.called, self.attachments))

    @property
    def has_pictures(self) -> bool:
        return any(each.is_picture for each in self.attachments)

    def secret(self, is_key: Callable[[str], bool]) -> str:
        """What in it looks like a key or a token, as the end of a sentence; "" for nothing. `is_key` knows the user's."""
        texts = {"it": self.text}
        texts |= {
            context.called(each): each.text for each in self.attachments if not each.is_picture
        }
        for name, text in texts.items():
            kind = "your own key" if is_key(text) else looks_secret(text)
            if kind:
                return f"{name} seems to hold {kind}"
        return ""


def typed(*messages: Outgoing) -> Entry:
    """How they are typed, as one."""
    said = together(Entry(each.text, each.pasted) for each in messages)
    line = line_of(said.text)
    more = len(line) - len(said.text)
    return Entry(line, tuple((start + more, end + more) for start, end in said.pasted))


def unseen(model: str, models: Sequence[ModelInfo]) -> NotAttached:
    """Why no picture goes to a model that sees none, and which would see it."""
    able = ", ".join(context.seeing(model, models))
    hint = f"/model takes one that does: {able}." if able else "/detach takes it away."
    return NotAttached(f"{model} does not see pictures.", hint=hint)
