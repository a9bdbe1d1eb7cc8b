"""A message that is about to be sent, and what may speak against it. Pure; who asks and who sends is `loop`'s business."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deepchat import context
from deepchat.conversation import Attachment, ModelInfo
from deepchat.errors import NotAttached
from deepchat.secret import looks_secret


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as it will be sent."""

    text: str
    attachments: tuple[Attachment, ...] = ()

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


def unseen(model: str, models: Sequence[ModelInfo]) -> NotAttached:
    """Why no picture goes to a model that sees none, and which would see it."""
    able = ", ".join(context.seeing(model, models))
    hint = f"/model takes one that does: {able}." if able else "/detach takes it away."
    return NotAttached(f"{model} does not see pictures.", hint=hint)
