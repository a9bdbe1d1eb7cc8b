"""What `deepchat sessions` does with single chats: places in them, the whole of one, and what keeps them in order."""

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from deepchat import branches, figures
from deepchat.cli.exporting import Exporter
from deepchat.cli.lists import Listed, put
from deepchat.cli.looks import drawing
from deepchat.cli.saying import say
from deepchat.config import Settings
from deepchat.conversation import Conversation, Session, SessionSummary, clock_ms
from deepchat.errors import UsageError
from deepchat.render.codes import code_blocks
from deepchat.repl.needs import Part
from deepchat.repl.words import count
from deepchat.sought import NAMING, Hit, marks, named, tag_of, the_one
from deepchat.store.sessions import Store
from deepchat.text import clean_line

# As many as say that a name is not one.
_LOOKED_AT: Final = 5
_TRASH: Final = 1_000


def meant(settings: Settings, store: Store, query: str) -> SessionSummary:
    """The one chat that has this id, title or words. UsageError when it is none, or not one."""
    if not settings.paths.database.exists():
        raise UsageError("No chat is stored yet.")
    return the_one(store.find(query, limit=_LOOKED_AT), query)


# --- looking ---------------------------------------------------------------------------------------------------------


def put_hits(hits: Sequence[Hit], settings: Settings, *, as_json: bool) -> None:
    """Write where something was found: on a terminal two rows a place, else as a list."""
    now_ms = clock_ms()
    if sys.stdout.isatty() and hits and not as_json:
        sys.stdout.write("".join(_drawn(hit, settings, now_ms) for hit in hits))
        return
    listed = Listed(
        headers=("id", "title", "turn", "when", "text"),
        rows=[_row(hit, now_ms) for hit in hits],
        records=[_record(hit) for hit in hits],
        nothing="No chat holds that.",
    )
    put(listed, settings, as_json=as_json)


def _drawn(hit: Hit, settings: Settings, now_ms: int) -> str:
    place = f"turn {hit.turn}" if hit.message else count(hit.session.turns, "turn")
    said = (hit.session.id[-NAMING:], marks(hit.session), figures.age(hit.at_ms, now_ms), place)
    about = " · ".join(part for part in said if part)
    width = shutil.get_terminal_size().columns
    return drawing(settings).found(hit.session.title, about, hit.excerpt, width)


def _row(hit: Hit, now_ms: int) -> tuple[str, ...]:
    return (
        hit.session.id[-NAMING:],
        hit.session.title,
        str(hit.turn or ""),
        figures.age(hit.at_ms, now_ms),
        _text(hit),
    )


def _record(hit: Hit) -> dict[str, object]:
    return {
        "id": hit.session.id,
        "title": hit.session.title,
        "message": hit.message,
        "turn": hit.turn or None,
        "at_ms": hit.at_ms,
        "text": _text(hit),
    }


def _text(hit: Hit) -> str:
    return "".join(piece.text for piece in hit.excerpt)


def show(session: SessionSummary, settings: Settings, store: Store) -> None:
    """Write what was asked and answered along the active branch."""
    loaded = store.load(session.id)
    if sys.stdout.isatty():
        _draw(*loaded, settings)
    else:
        sys.stdout.write(Exporter(settings, code_blocks)("chat.md", *loaded, Part()))


def _draw(session: Session, conversation: Conversation, settings: Settings) -> None:
    draw, width = drawing(settings), shutil.get_terminal_size().columns
    sys.stdout.write(draw.heading(session.title or "A chat without a title", width))
    for exchange in branches.exchanges(conversation.path()):
        asked, reply = exchange.asked, exchange.reply
        sys.stdout.write("\n" + draw.question(asked.text, width, whole=True))
        sys.stdout.write(draw.attached(asked.attachments, width))
        if reply:
            sys.stdout.write(f"\n{draw.markdown(reply.text, width)}\n{draw.footer(reply, width)}")


# --- order -----------------------------------------------------------------------------------------------------------

Change = Callable[[Settings, Store, str, str], None]


def _rename(settings: Settings, store: Store, which: str, to: str) -> None:
    session, _ = store.load(meant(settings, store, which).id)
    title = clean_line(to)
    store.update(replace(session, title=title, changed_ms=clock_ms()))
    say(f"{named(session.title)} is called {named(title)} now.")


def _delete(settings: Settings, store: Store, which: str, to: str) -> None:
    session = meant(settings, store, which)
    store.delete(session.id)
    say(f"{named(session.title)} is in the trash: sessions restore {session.id[-NAMING:]}")


def _restore(settings: Settings, store: Store, which: str, to: str) -> None:
    deleted = store.trashed(limit=_TRASH) if settings.paths.database.exists() else []
    folded = which.casefold()
    fitting = [s for s in deleted if s.id.endswith(folded) or folded in s.title.casefold()]
    if not fitting:
        raise UsageError("No deleted chat is called that.")
    session = the_one(fitting, which)
    store.restore(session.id)
    say(f"{named(session.title)} is back.")


def _marked(mark: Callable[[Store, str], None], said: str) -> Change:
    def change(settings: Settings, store: Store, which: str, to: str) -> None:
        session = meant(settings, store, which)
        mark(store, session.id)
        say(f"{named(session.title)} {said}.")

    return change


def _tagged(*, on: bool) -> Change:
    def change(settings: Settings, store: Store, which: str, to: str) -> None:
        session = meant(settings, store, which)
        store.tag(session.id, [word for word in map(tag_of, to.split()) if word], on=on)
        here = " ".join(f"#{word}" for word in meant(settings, store, session.id).tags)
        say(f"{named(session.title)} has {here or 'no tags'}.")

    return change


CHANGES: Final[Mapping[str, Change]] = {
    "rename": _rename,
    "delete": _delete,
    "restore": _restore,
    "archive": _marked(Store.archive, "is archived"),
    "unarchive": _marked(lambda store, id_: store.archive(id_, on=False), "is in the list again"),
    "star": _marked(Store.star, "has a star"),
    "unstar": _marked(lambda store, id_: store.star(id_, on=False), "has no star any more"),
    "tag": _tagged(on=True),
    "untag": _tagged(on=False),
}
