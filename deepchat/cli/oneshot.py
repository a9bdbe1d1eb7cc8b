"""`deepchat -p`: one reply to stdout, and out. Whatever is not the reply goes to stderr."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from deepchat import offers
from deepchat.api.models import Catalogue
from deepchat.chat import Chat, Unsaved
from deepchat.cli.saying import say
from deepchat.cli.servers import with_model
from deepchat.cli.wiring import Provider, first_session, models_cache, purse, resume
from deepchat.cli.wishes import Wishes
from deepchat.config import Settings, private_dir
from deepchat.conversation import WHOLE, Event, Message, TextDelta, emptiness
from deepchat.errors import DeepchatError, ModelNotFound, NotWritten, OverBudget, ServerTrouble
from deepchat.retrying import Pause, Retries
from deepchat.store.sessions import Store
from deepchat.text import Cleaner, clean_line
from deepchat.turn import Journal, Turn

if TYPE_CHECKING:
    from deepchat.render.printed import Printed
    from deepchat.render.reply import Reply

# Characters drawn in one go.
BURST = 2_000

INTERRUPTED = 130
STOPPED_S = 1.0


class Stderr:
    """The view of a chat that nobody looks at: only failures are said."""

    def problem(self, error: Exception) -> None:
        """One line."""
        remedy = error.remedy() if isinstance(error, DeepchatError) else ""
        say(f"{error} {remedy}")


def ask(wishes: Wishes, settings: Settings, question: str) -> int:
    """Ask, print the reply as it comes, and leave. Raises what ended the reply early."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a text stream
    is_kept = wishes.continue_ or wishes.resume is not None or wishes.save is not None
    if is_kept:
        private_dir(settings.paths.data_dir)
    settings = with_model(settings)
    came = threading.Event()
    with (
        closing(Provider(settings, log=wishes.log)) as model,
        closing(Store(settings.paths.database, tell=say)) as store,
    ):
        journal: Journal = store if is_kept else Unsaved()
        first = first_session(settings)
        known = Catalogue(model.models, models_cache(settings, private=True))
        chat = Chat(
            model,
            journal,
            defaults=first,
            view=Stderr(),
            changed=came.set,
            retries=Retries(settings.retries),
            fallback=settings.fallback,
            purse=purse(settings, store, asks=False),
            priced=lambda model, usage: offers.priced(model, usage, known.cached()),
        )
        resume(chat, store, wishes, settings)
        if wishes.save:
            chat.set_title(clean_line(wishes.save))
        if settings.budget.reply:
            with suppress(DeepchatError):  # where there is no list no reply is measured by it
                known.lately()
        turn = chat.send(question)
        with _ctrl_c_stops(turn):
            if sys.stdout.isatty() and not wishes.raw:
                _drawn(turn, _events(turn, came), settings)
            else:
                _raw(_events(turn, came))
        reply = chat.settle()
        chat.keep()
        if wishes.debug:
            sys.stderr.write(model.last_exchange)
        if wishes.save is not None and chat.kept and sys.stderr.isatty():
            say(f"Kept. Go on with: deepchat -r {chat.session.id[-6:]}")
        if isinstance(turn.error, OverBudget):
            raise turn.error
        if reply.state == "stopped" or turn.pause:  # which it was stopped in
            return INTERRUPTED
        if isinstance(turn.error, ModelNotFound):
            close = offers.near(turn.request.model, known.cached())
            meant = f"Did you mean {', '.join(close)}? " if close else ""
            turn.error.hint = f"{meant}{turn.error.hint} deepchat models lists them."
        if turn.error:
            raise turn.error
        return _judge(reply)


@contextmanager
def _ctrl_c_stops(turn: Turn) -> Iterator[None]:
    """Inside, Ctrl-C ends the reply in order, wherever the printing is; so does any failure of the printing."""
    before = signal.signal(signal.SIGINT, lambda *_: turn.stop())
    try:
        yield
    except BaseException:
        turn.stop()
        turn.wait(STOPPED_S)
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def _events(turn: Turn, came: threading.Event) -> Iterator[list[Event]]:
    """The events in the bunches they come in, until the turn has ended. A wait before it is sent again is told a person."""
    ended = False
    told: Pause | None = None
    passed = 0
    while not ended:
        came.wait(0.25)
        came.clear()
        ended, pause = turn.ended, turn.pause
        if pause and pause is not told and sys.stderr.isatty():
            say(pause.told())
        told = pause
        for one in turn.passed[passed:]:
            say(one.told)
            passed += 1
        yield turn.drain()


def _raw(bunches: Iterator[list[Event]]) -> None:
    """The markdown as it is received, flushed as it streams, with one newline at its end; for a terminal it is cleaned."""
    cleaner = Cleaner()
    shown = cleaner.feed if sys.stdout.isatty() else str
    last = "\n"
    try:
        for events in bunches:
            text = shown("".join(event.text for event in events if isinstance(event, TextDelta)))
            if text:
                last = text[-1]
                _write(text)
    finally:
        rest = cleaner.finish()
        _write(rest if f"{last}{rest}".endswith("\n") else f"{rest}\n")
    if cleaner.marks:
        say(f"Invisible characters shown as marks: {cleaner.marks}.")


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise NotWritten(f"stdout cannot be written: {error.strerror}.") from error


def _drawn(turn: Turn, bunches: Iterator[list[Event]], settings: Settings) -> None:
    """Rendered markdown, its open end shown live; before it, what is waited for."""
    from deepchat.cli.looks import drawing  # late: rich is only for a terminal
    from deepchat.render.printed import Printed

    draw = drawing(settings)
    with Printed(sys.stdout, plain=settings.ui.plain) as printed:
        reply = draw.reply(width=printed.width, height=printed.height)
        seen = False
        try:
            for events in bunches:
                for piece in _pieces(events):
                    if turn.stopping:
                        break
                    reply.text(piece)
                    seen |= _paint(printed, reply)
                if not seen:
                    printed.frame("", draw.status([turn.doing], printed.width).rstrip("\n"))
        finally:
            printed.frame(reply.finish().commit, "")


def _pieces(events: list[Event]) -> Iterator[str]:
    """The text of these, cut so that each part is drawn at once: Ctrl-C is heeded in between."""
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    for at in range(0, len(text), BURST):
        yield text[at : at + BURST]


def _paint(printed: "Printed", reply: "Reply") -> bool:
    """Draw what there is; whether anything is to be seen."""
    while True:
        reply.resize(printed.width, printed.height)
        frame = reply.frame()
        printed.frame(frame.commit, frame.live)
        if not reply.behind:
            return bool(frame.commit or frame.live)


def _judge(reply: Message) -> int:
    """A reply that was cut, or is another model's, is not told from a whole one by looking at it. The exit code."""
    if not reply.text.strip():
        raise ServerTrouble(
            emptiness(reply), hint="Asking again may help.", request_id=reply.request_id
        )
    if reply.finish_reason not in WHOLE:
        say(f"The reply ended early: {clean_line(reply.finish_reason)}.")
    other = reply.reported_model not in ("", reply.model)
    # A date behind the name is news to a person, and noise in the mails of a script.
    if other and (sys.stderr.isatty() or not offers.alike(reply.model, reply.reported_model)):
        say(f"Answered by {clean_line(reply.reported_model)}, not by {reply.model}.")
    return 0
