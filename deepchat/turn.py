"""One exchange in flight: a request, the thread that receives its reply, and the journal that keeps each piece of it.

waiting → thinking → receiving → done | stopped | cut | failed; while nothing of a reply has come, a failure that passes
leads back to waiting, after a pause. Nothing here knows HTTP, SQLite or the screen.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, Literal, Protocol, TypeVar

from deepchat import context
from deepchat.budget import Allowance
from deepchat.conversation import (
    Event,
    Finished,
    Message,
    ReasoningDelta,
    Reported,
    Request,
    Session,
    State,
    TextDelta,
    Usage,
)
from deepchat.errors import ApiError, DeepchatError, NetworkError, StoreError, StreamCut, TooLong
from deepchat.retrying import NEVER, Passed, Pause, Retries, another_may

Phase = Literal["waiting", "thinking", "receiving"]
Number = TypeVar("Number", int, float)

# How much received text, in seconds, a killed process may lose.
TICK_S: Final = 0.25

# For so long a turn is alone at work when it starts, and for each message longer: two threads delay one another, and the
# request shall be out before the question is drawn.
HEAD_START_S: Final = 0.004
EACH_S: Final = 5e-6

# How long a thread that was asked to stop may take; in name resolution nothing can reach it.
PATIENCE_S: Final = 0.1


class Stop:
    """Asks whatever is in flight to end, from any thread, once and for good."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._lock = threading.RLock()
        self._abort: Callable[[], None] | None = None

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    def ask(self) -> None:
        """Set the flag, and abort what blocks at this moment. Returns at once; asking again changes nothing."""
        with self._lock:
            if not self._asked.is_set():
                self._asked.set()
                if self._abort:
                    self._abort()

    @contextmanager
    def aborting(self, abort: Callable[[], None]) -> Iterator[None]:
        """While inside, `ask` calls `abort` from the asking thread; at once, when asked before. Nestable."""
        with self._lock:
            before, self._abort = self._abort, abort
            if self._asked.is_set():
                abort()
        try:
            yield
        finally:
            with self._lock:
                self._abort = before

    def wait(self, seconds: float) -> bool:
        """Sleep, but no longer than until asked; whether it was."""
        return self._asked.wait(seconds)


class Model(Protocol):
    """Whatever answers a request."""

    def stream(self, request: Request, stop: Stop) -> Iterator[Event]:
        """The reply as it arrives; ends with `Finished`. Called, and consumed, on the turn's own thread.

        The first event comes as soon as the server has begun to answer, and be it an empty `Reported`: only what fails
        before may be asked again. Raises an ApiError, AccessError or NetworkError; StreamCut when the stream ends
        unfinished. Once `stop` is asked it ends as soon as it can, in whatever way.
        """
        ...


class Journal(Protocol):
    """Where a session is kept while it is being written. Every method raises StoreError, and may be called from any
    thread."""

    def open_turn(self, session: Session, messages: Sequence[Message]) -> None:
        """Keep the session (new, or as it is now) and these new messages, each the child of its `parent`; the last one
        becomes the leaf. Durable against power loss when it returns."""
        ...

    def append(self, reply_id: str, *, text: str, reasoning: str) -> None:
        """More of a reply that is still streaming. Durable against the end of the process."""
        ...

    def seal(self, reply: Message) -> None:
        """The reply as it ended, in place of the pieces. Durable against power loss."""
        ...

    def update(self, session: Session) -> None:
        """The session's title, persona, model or parameters changed."""
        ...

    def turn_to(self, session_id: str, leaf: str | None) -> None:
        """The session goes on behind another of its messages, or from the beginning."""
        ...


class Turn:
    """A reply being received on a thread of its own, and journalled by another one: neither waits for the screen, and
    the screen for neither.

    `opening` stores the question; it is called first, and the request goes out when it has returned. `changed` is called
    when there is something new to `drain`, from any thread. A `reply` that says something already is gone on with: its text
    is the first of the events, and what comes is added to it and to what it has cost. After the end `reply` holds the whole message, `error` why it
    is not whole, `unsaved` why it could not be kept. `pause` is the wait before the request is sent again, while there is
    one; stopped in it, the turn has failed as the try before it did. `tries` counts how often it was sent, or was to be.
    `fallback` are the requests to other models, that are sent when one is busy or gone; `passed` tells of each that was;
    `shorter` makes another one of a request that was too long, or None.
    `priced` gives what a model counted with a cost, where the server does not say it.
    """

    def __init__(
        self,
        model: Model,
        journal: Journal,
        request: Request,
        reply: Message,
        *,
        opening: Callable[[], None] = lambda: None,
        changed: Callable[[], None] = lambda: None,
        retries: Retries = NEVER,
        fallback: Iterable[Request] = (),
        shorter: Callable[[Request, TooLong], Request | None] = lambda request, error: None,
        priced: Callable[[str, Usage], Usage] = lambda model, usage: usage,
        allowed: Callable[[Request], Allowance | None] = lambda request: None,
        clock: Callable[[], float] = time.monotonic,
        tick_s: float = TICK_S,
    ) -> None:
        self.request = request
        self.reply = reply
        self.phase: Phase = "waiting"
        self.pause: Pause | None = None
        self.tries = 1
        self.passed: list[Passed] = []
        self.error: BaseException | None = None
        self.unsaved: StoreError | None = None
        self._model = model
        self._journal = journal
        self._opening = opening
        self._changed = changed
        self._retries = retries
        self._fallback = iter(fallback)
        self._shorter = shorter
        self._retried = 0
        self._priced = priced
        self._allowed = allowed
        self._clock = clock
        self._tick_s = tick_s
        self._stop = Stop()
        self._lock = threading.Lock()
        self._journal_lock = threading.Lock()
        self._closed = False
        self._ended = threading.Event()
        self._begun = reply
        self._events: list[Event] = [TextDelta(reply.text)] if reply.text else []
        self._text = [reply.text]
        self._reasoning = [reply.reasoning]
        self._kept = (1, 1)
        self._heard = 0  # bytes of text and reasoning
        self._allowance: Allowance | None = None
        self._started = clock()
        self._first: float | None = None
        self._reported = Reported()
        self._finished: Finished | None = None

    def start(self) -> "Turn":
        self._started = self._clock()
        threading.Thread(target=self._run, name="turn", daemon=True).start()
        self._ended.wait(HEAD_START_S + EACH_S * len(self.request.messages))
        return self

    def so_far(self) -> Message:
        """The reply with what has come of it."""
        with self._lock:
            return self.reply if self._closed else self._message("streaming")

    @property
    def elapsed(self) -> float:
        """Seconds since the request was sent."""
        return self._clock() - self._started

    @property
    def doing(self) -> str:
        """`waiting 3 s`, or whatever the phase is; `retrying in 4 s: why`."""
        pause = self.pause
        return pause.told(self._clock()) if pause else f"{self.phase} {self.elapsed:.0f} s"

    @property
    def stopping(self) -> bool:
        """Whether it was asked to end."""
        return self._stop.asked

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end; whether it came."""
        return self._ended.wait(seconds)

    def drain(self) -> list[Event]:
        """The events since the last call. Ask `ended` first: what comes after a drain is then never missed."""
        with self._lock:
            events, self._events = self._events, []
        return events

    def stop(self) -> None:
        """Ask for the end. It comes within moments: a thread that nothing can reach is left behind, and what it still
        brings is dropped."""
        self._stop.ask()
        giving_up = threading.Timer(PATIENCE_S, self._end, ("stopped",))
        giving_up.daemon = True
        giving_up.start()

    # --- the threads -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._open()
            self._receive()
        except DeepchatError as error:
            self._end(_state_after(error), error)
        except BaseException as bug:  # noqa: BLE001  carried to the one boundary, which logs it
            self._end("failed", bug)

    def _open(self) -> None:
        try:
            self._opening()
        except StoreError as error:
            self.unsaved = error
        threading.Thread(target=self._keep_on, name="journal", daemon=True).start()

    def _keep_on(self) -> None:
        while not self._ended.wait(self._tick_s):
            self._keep()

    def _receive(self) -> None:
        for event in self._answer():
            with self._lock:
                if self._closed:
                    return
                self._take(event)
                wake = not self._events
                self._events.append(event)
            if isinstance(event, Finished):
                self._end("done")  # the model may still see to its line
            elif self._allowance and self._heard_tokens > self._allowance.tokens:
                self._end("stopped", self._allowance.reached)
                self._stop.ask()
            elif wake:
                self._changed()
        if self._finished is None:
            raise StreamCut(
                "The connection ended before the reply did.", hint="Asking again may help."
            )

    def _answer(self) -> Iterator[Event]:
        """What the model says. The request is sent again only when nothing of an answer has come, and nobody stopped it."""
        while True:
            begun = False
            self._allowance = self._allowed(self.request)
            try:
                for event in self._model.stream(self.request, self._stop):
                    begun = True
                    yield event
                return
            except (ApiError, NetworkError) as error:
                if begun or self._stop.asked or not self._goes_on(error):
                    raise
            self.tries += 1

    def _goes_on(self, error: DeepchatError) -> bool:
        """Whether it is to be sent once more: to the same model after a wait, or at once to the next one."""
        if isinstance(error, TooLong):
            return self._is_shortened(error)
        wait = self._retries.wait(error, self._retried)
        if wait is not None:
            self._retried += 1
            return self._rest(error, wait)
        another = next(self._fallback, None) if another_may(error) else None
        if another is None:
            return False
        self._retried = 0
        with self._lock:
            self.passed.append(Passed(self.request.model, error, another.model))
            self.request = another
            self.reply = replace(self.reply, model=another.model)
        self._changed()
        return True

    def _is_shortened(self, error: TooLong) -> bool:
        shorter = self._shorter(self.request, error)
        self.request = shorter or self.request
        return shorter is not None

    def _rest(self, error: DeepchatError, seconds: float) -> bool:
        """Wait; whether nobody ended it. A wait that was ended stays the turn's `pause`."""
        self.pause = Pause(error, seconds, since=self._clock())
        self._changed()
        if self._stop.wait(seconds):
            return False
        self.pause = None
        self._changed()
        return True

    def _take(self, event: Event) -> None:
        match event:
            case TextDelta(text):
                self._text.append(text)
                self._heard += len(text.encode("utf-8", "surrogatepass"))
                self.phase = "receiving"
            case ReasoningDelta(text):
                self._reasoning.append(text)
                self._heard += len(text.encode("utf-8", "surrogatepass"))
                self.phase = "thinking" if self.phase == "waiting" else self.phase
            case Reported():
                self._reported = _merged(self._reported, event)
                return
            case Finished():
                self._finished = event
                return
        self._first = self._clock() if self._first is None else self._first

    def _keep(self) -> None:
        """Journal what is new, as one piece. A failure is told once, at the end; the text stays in memory."""
        with self._journal_lock:
            with self._lock:
                if self._closed or self.unsaved:
                    return
                text = "".join(self._text[self._kept[0] :])
                reasoning = "".join(self._reasoning[self._kept[1] :])
                self._kept = (len(self._text), len(self._reasoning))
            if not (text or reasoning):
                return
            try:
                self._journal.append(self.reply.id, text=text, reasoning=reasoning)
            except StoreError as error:
                self.unsaved = error

    def _end(self, state: State, error: BaseException | None = None) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self.pause:
                state, error = _state_after(self.pause.error), self.pause.error
            stopped = self._stop.asked and state != "done" and not self.pause
            self.error = None if stopped else error
            self.reply = self._message("stopped" if stopped else state)
        try:
            self._seal()
        except Exception as bug:  # noqa: BLE001  carried to the one boundary, which logs it
            self.error = self.error or bug
        finally:
            self._ended.set()
            self._changed()

    def _seal(self) -> None:
        with self._journal_lock:
            try:
                self._journal.seal(self.reply)
            except StoreError as unsaved:
                # What could not be begun cannot be sealed either: the first reason is the one.
                self.unsaved = self.unsaved or unsaved
            else:
                self.unsaved = None

    def _usage(self) -> Usage | None:
        usage = self._reported.usage
        return usage and self._priced(self._reported.model or self.request.model, usage)

    @property
    def _heard_tokens(self) -> int:
        """About, of this request."""
        return math.ceil(self._heard / context.BYTES_PER_TOKEN)

    def _guessed(self) -> Usage | None:
        """What was paid for a reply of which the server did not come to say it: stopped, or cut. Its tokens are not told,
        since nobody counted them."""
        if not self._heard:
            return None
        put = context.request_tokens(self.request.messages)
        cost = self._priced(self.request.model, Usage(put, self._heard_tokens)).cost
        return None if cost is None else Usage(cost=cost, estimated=True)

    def _message(self, state: State) -> Message:
        usage = self._usage() or (None if state == "streaming" else self._guessed())
        failure = self.error if isinstance(self.error, DeepchatError) else None
        return replace(
            self.reply,
            text="".join(self._text),
            reasoning="".join(self._reasoning),
            state=state,
            reported_model=self._reported.model,
            request_id=self._reported.request_id or (failure.request_id if failure else ""),
            usage=_added(self._begun.usage, usage),
            finish_reason=self._finished.reason if self._finished else "",
            error=str(failure or ""),
            first_token_s=None if self._first is None else self._first - self._started,
            seconds=(self._begun.seconds or 0.0) + self._clock() - self._started,
            retries=self._begun.retries + self.tries - 1,
        )


def _added(before: Usage | None, now: Usage | None) -> Usage | None:
    """What both parts of a reply took together; the prompt is that of the first."""
    if before is None or now is None:
        return before or now
    return Usage(
        now.prompt_tokens if before.prompt_tokens is None else before.prompt_tokens,
        _sum(before.completion_tokens, now.completion_tokens),
        before.cached_tokens,
        _sum(before.reasoning_tokens, now.reasoning_tokens),
        _sum(before.cost, now.cost),
        before.estimated or now.estimated,
    )


def _sum(one: Number | None, other: Number | None) -> Number | None:
    return other if one is None else one if other is None else one + other


def _state_after(error: DeepchatError) -> State:
    return "failed" if isinstance(error, ApiError) else "cut"


def _merged(known: Reported, new: Reported) -> Reported:
    """What the server has said so far: the last word on each point stands, and usage is never summed."""
    usage: Usage | None = new.usage or known.usage
    return Reported(new.model or known.model, new.request_id or known.request_id, usage)
