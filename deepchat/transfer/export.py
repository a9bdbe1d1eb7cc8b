"""A chat as the content of a file, in the format that the file's name ends in; pure."""

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Final, Protocol

from deepchat.conversation import Conversation, Session
from deepchat.errors import UsageError
from deepchat.transfer import page, prose, records
from deepchat.transfer.selection import Numbered, Wanted, masked, selected

# The first is what a file gets that is not named.
FORMATS: Final = (".md", ".txt", ".html", ".json", ".jsonl")


class Block(Protocol):
    """A code block of a reply: what stands behind its fence, and its lines without the last newline."""

    @property
    def info(self) -> str: ...

    @property
    def source(self) -> str: ...


Blocks = Callable[[str], Sequence[Block]]


def exported(
    name: str, session: Session, conversation: Conversation, wanted: Wanted, blocks: Blocks
) -> str:
    """What is to stand in a file of this name. `blocks` finds the code in a reply. UsageError when that cannot be."""
    suffix = format_of(name)
    if wanted.hide:
        session, conversation = masked(session, conversation, wanted.hide)
    if suffix in (".json", ".jsonl"):
        if wanted.is_part:
            raise UsageError(
                f"{suffix} has the whole chat.", hint="A part goes into .md, .txt or .html."
            )
        whole = (session, conversation)
        return records.document([whole]) if suffix == ".json" else records.line(*whole)
    said = selected(conversation, wanted)
    if wanted.code:
        return _code(suffix, said, blocks)
    write = {".md": prose.markdown, ".txt": prose.plain, ".html": page.html}[suffix]
    return write(session, said, reasoning=wanted.reasoning)


def format_of(name: str) -> str:
    """The format a file's name ends in. UsageError for none of ours."""
    suffix = PurePath(name).suffix.lower()
    if suffix == ".htm":
        return ".html"
    if suffix not in FORMATS:
        raise UsageError(
            f"“{suffix or name}” is no format for a chat.", hint=f"It knows {', '.join(FORMATS)}."
        )
    return suffix


def _code(suffix: str, said: Sequence[Numbered], blocks: Blocks) -> str:
    """The code blocks of the replies: in their fences, or, in a text, alone. UsageError when there are none."""
    replies = [one.exchange.reply.text for one in said if one.exchange.reply]
    found = [block for text in replies for block in blocks(text)]
    if not found:
        raise UsageError("There is no code in that.")
    if suffix == ".html":
        raise UsageError("Code alone goes into .md or .txt.")
    if suffix == ".txt":
        return "\n\n".join(block.source for block in found) + "\n"
    return "\n\n".join(map(_fenced, found)) + "\n"


def _fenced(block: Block) -> str:
    fence = "```"
    while fence in block.source:
        fence += "`"
    return f"{fence}{block.info}\n{block.source}\n{fence}"
