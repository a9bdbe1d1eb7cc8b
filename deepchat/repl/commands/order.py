"""Commands that keep the stored chats in order: the archive, stars, tags."""

from collections.abc import Iterator

from deepchat.errors import UsageError
from deepchat.repl.commands import COMMANDS
from deepchat.repl.commands.sessions import CHOSEN_FROM, found_by, recent, short
from deepchat.repl.needs import Choice, Desk
from deepchat.repl.words import count
from deepchat.sought import ANY, NAMING, Only, named, tag_of, the_one

GROUP = "Sessions"

ARCHIVED = Only(archived=True)
STARRED = Only(starred=True)


def _archived(desk: Desk) -> Iterator[Choice]:
    return short(desk, desk.library.find(limit=CHOSEN_FROM, only=ARCHIVED))


def _starred(desk: Desk) -> Iterator[Choice]:
    return short(desk, desk.library.find(limit=CHOSEN_FROM, only=STARRED))


@COMMANDS.command("/archive", usage="[id or words]", group=GROUP, candidates=recent)
async def archive(desk: Desk, text: str) -> None:
    """Take a chat out of the list, found by its id, its title or its words; alone, this one, and begin a new one.

    It is still found by `/search`, by its words and by its id; `/sessions --archived` lists it, `/unarchive` puts it into
    the list again, and so does the next message in it.
    """
    session_id, title = await _meant(desk, text)
    began = session_id == desk.chat.session.id
    if began:
        desk.chat.new()
    desk.library.archive(session_id)
    desk.page.notice(
        f"{named(title)} is archived: /unarchive {session_id[-NAMING:]} puts it into the list again."
        f"{' A new chat.' if began else ''}"
    )


@COMMANDS.command("/unarchive", usage="[id or words]", group=GROUP, candidates=_archived)
async def unarchive(desk: Desk, text: str) -> None:
    """Put an archived chat into the list again, found by its id, its title or its words; alone, this one."""
    session_id, title = await _meant(desk, text, ARCHIVED)
    desk.library.archive(session_id, on=False)
    desk.page.notice(f"{named(title)} is in the list again.")


@COMMANDS.command("/star", usage="[id or words]", group=GROUP, candidates=recent)
async def star(desk: Desk, text: str) -> None:
    """Give a chat a star, found by its id, its title or its words; alone, this one. `/sessions --star` lists them."""
    session_id, title = await _meant(desk, text)
    desk.library.star(session_id)
    desk.page.notice(f"{named(title)} has a star: /sessions --star lists all that do.")


@COMMANDS.command("/unstar", usage="[id or words]", group=GROUP, candidates=_starred)
async def unstar(desk: Desk, text: str) -> None:
    """Take the star of a chat away, found by its id, its title or its words; alone, of this one."""
    session_id, title = await _meant(desk, text, STARRED if text else ANY)
    desk.library.star(session_id, on=False)
    desk.page.notice(f"{named(title)} has no star any more.")


def _tags(desk: Desk) -> Iterator[Choice]:
    for word, chats in desk.library.tags():
        yield Choice(word, word, count(chats, "chat"))


def _tags_here(desk: Desk) -> Iterator[Choice]:
    return (Choice(word, word) for word in _here(desk))


@COMMANDS.command("/tag", usage="[word…]", group=GROUP, candidates=_tags)
def tag(desk: Desk, text: str) -> None:
    """Put words on this chat by which it is found again; alone, show those it has. `/sessions --tag WORD` lists them."""
    if text:
        desk.library.tag(_this(desk)[0], _words(text))
    here = " ".join(f"#{word}" for word in _here(desk))
    desk.page.notice(f"This chat has {here}." if here else "This chat has no tags: /tag WORD.")


@COMMANDS.command("/untag", usage="word…", group=GROUP, candidates=_tags_here)
def untag(desk: Desk, text: str) -> None:
    """Take tags off this chat."""
    here = _here(desk)
    words = _words(text)
    if missing := [word for word in words if word not in here]:
        raise UsageError(f"This chat has no tag {missing[0]}.", hint="/tag shows what it has.")
    if not words:
        raise UsageError("/untag wants a tag.", hint="/tag shows what this chat has.")
    desk.library.tag(_this(desk)[0], words, on=False)
    tag(desk, "")


@COMMANDS.command("/tags", group=GROUP)
def tags(desk: Desk, text: str) -> None:
    """List all tags, and on how many chats they are."""
    found = desk.library.tags()
    if not found:
        desk.page.notice("No chat has a tag yet: /tag WORD puts one on this chat.")
        return
    desk.page.pairs([(f"#{word}", count(chats, "chat")) for word, chats in found])
    desk.page.notice("/sessions --tag WORD lists those chats.")


async def _meant(desk: Desk, text: str, only: Only = ANY) -> tuple[str, str]:
    """The id and the title of the chat that is named, or of this one. UsageError when it is none, or not one."""
    if not text:
        return _this(desk)
    session = the_one(await found_by(desk, text, only), text)
    return session.id, session.title


def _this(desk: Desk) -> tuple[str, str]:
    if not desk.chat.begun or desk.chat.private:
        raise UsageError(
            "This chat is not kept, or not yet.",
            hint="The first message of a chat is what keeps it.",
        )
    return desk.chat.session.id, desk.chat.session.title


def _here(desk: Desk) -> tuple[str, ...]:
    session = desk.library.summary(_this(desk)[0])
    return session.tags if session else ()


def _words(text: str) -> list[str]:
    return [word for word in map(tag_of, text.split()) if word]
