"""A title for a chat by the model, when it is asked for: what the model is told, and what is taken of its answer."""

from typing import Final

from deepchat import branches, context
from deepchat.conversation import Conversation, PromptMessage, Request, TextDelta
from deepchat.errors import UsageError
from deepchat.turn import Model, Stop

_TASK: Final = (
    "Give the conversation between these lines a title of at most six words, in the language it is in. "
    "Answer with the title, and nothing else."
)

# Characters of the first question and of its reply by which a chat is judged, and of an answer that are waited for.
_SHOWN: Final = 2_000
_ENOUGH: Final = 400

# What models put around a title.
_AROUND: Final = " \t*_#`\"'“”„«»‘’."


def title(model: Model, conversation: Conversation, name: str, stop: Stop) -> str:
    """The title that the model of this name gives to a conversation; waits for the network.

    Raises ApiError, NetworkError; UsageError when nothing was said yet, or the answer is no title.
    """
    answer = ""
    for event in model.stream(_request(conversation, name), stop):
        answer += event.text if isinstance(event, TextDelta) else ""
        if len(answer) > _ENOUGH:
            stop.ask()
            break
    found = tidied(answer)
    if not found:
        raise UsageError("The model gave no title.", hint="/title TEXT sets one.")
    return found


def _request(conversation: Conversation, name: str) -> Request:
    said = branches.exchanges(conversation.path())
    if not said or not said[0].reply:
        raise UsageError("Nothing was answered in this chat yet.", hint="/title TEXT sets a title.")
    asked, answered = said[0].asked.text[:_SHOWN], said[0].reply.text[:_SHOWN]
    return Request(
        name, (PromptMessage("user", f"{_TASK}\n\n---\n{asked}\n\n{answered}\n---\n\n{_TASK}"),)
    )


def tidied(answer: str) -> str:
    """The title in an answer: its first line that says something, without what models put around it."""
    lines = (line.strip(_AROUND) for line in answer.rpartition("</think>")[2].splitlines())
    line = next((line for line in lines if line), "")
    return context.title_of(line.removeprefix("Title:").strip(_AROUND))
