"""One live chat: what the user says to a model, who the model is to be, and which session it is kept in."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Protocol

from deepchat import branches, budget, context, room, standing
from deepchat.budget import Allowance, Budget, Expected, Outlays, Purse
from deepchat.context import Weight
from deepchat.conversation import (
    Attachment,
    Conversation,
    Json,
    Mark,
    Message,
    Parameters,
    Persona,
    Request,
    Role,
    Session,
    SessionSummary,
    Spent,
    Usage,
    clock_ms,
    new_id,
)
from deepchat.errors import Forgotten, StoreError, TooLong, UsageError
from deepchat.retrying import NEVER, Retries
from deepchat.sought import ANY, Hit, Only
from deepchat.stats import Answer
from deepchat.turn import Journal, Model, Turn

PRIVATE: Final = "This is a private chat: stored ones are left alone."

# Finish reasons of a reply that the server cut.
TOO_LONG: Final = ("length", "max_tokens")


class Library(Protocol):
    """The sessions that are stored. Every method raises StoreError."""

    def load(self, session_id: str) -> tuple[Session, Conversation]:
        """A session and its whole tree of messages."""
        ...

    def find(self, query: str = "", *, limit: int = 50, only: Only = ANY) -> list[SessionSummary]:
        """Sessions by id, title or text, the most recently used first; without a query all of them."""
        ...

    def places(self, query: str, *, limit: int = 50, only: Only = ANY) -> list[Hit]:
        """Where something was said, or is a title: the best first, or, of many, the newest."""
        ...

    def summary(self, session_id: str) -> SessionSummary | None:
        """The one with this whole id; None when it is not stored, or deleted."""
        ...

    def star(self, session_id: str, *, on: bool = True) -> None:
        """Give a session a star, or take it away."""
        ...

    def archive(self, session_id: str, *, on: bool = True) -> None:
        """Take a session out of the list, or put it there again; it is found either way."""
        ...

    def tag(self, session_id: str, words: Sequence[str], *, on: bool = True) -> None:
        """Put these words on a session, or take them away."""
        ...

    def tags(self) -> list[tuple[str, int]]:
        """All words that are on sessions, and on how many."""
        ...

    def delete(self, session_id: str) -> None:
        """Put a session into the trash; from then on only `restore` and `trashed` know of it."""
        ...

    def restore(self, session_id: str) -> None:
        """Take a session out of the trash, with all that was said."""
        ...

    def trashed(self, *, limit: int = 50) -> list[SessionSummary]:
        """What is in the trash, the last deleted first."""
        ...

    def spent(self, *, since_ms: int = 0) -> list[Spent]:
        """What all replies since then have cost, model by model, the dearest first; deleted sessions count, too."""
        ...

    def answers(self, *, since_ms: int = 0) -> list[Answer]:
        """What each answer since then took, the oldest first; of deleted sessions, too."""
        ...


class Claims(Protocol):
    """Which sessions are open, and where. Nothing raises."""

    def take(self, session_id: str) -> bool:
        """Whether no other process has this session open; this one has it then."""
        ...

    def drop(self, session_id: str) -> None:
        """It is open here no more."""
        ...


class NoClaims:
    """Every session is free."""

    def take(self, session_id: str) -> bool:
        return True

    def drop(self, session_id: str) -> None:
        """Nothing was taken."""


class View(Protocol):
    """Where a chat says what is not a reply."""

    def problem(self, error: Exception) -> None: ...


class Unsaved:
    """The journal of a chat that is not kept, and a library that has nothing."""

    def open_turn(self, session: Session, messages: Sequence[Message]) -> None:
        """Keep nothing."""

    def append(self, reply_id: str, *, text: str, reasoning: str) -> None:
        """Keep nothing."""

    def seal(self, reply: Message) -> None:
        """Keep nothing."""

    def update(self, session: Session) -> None:
        """Keep nothing."""

    def turn_to(self, session_id: str, leaf: str | None) -> None:
        """Keep nothing."""

    def load(self, session_id: str) -> tuple[Session, Conversation]:
        """Nothing can be loaded."""
        raise StoreError(PRIVATE, hint="Start deepchat without --private for them.")

    def find(self, query: str = "", *, limit: int = 50, only: Only = ANY) -> list[SessionSummary]:
        """Nothing is looked through."""
        raise StoreError(PRIVATE, hint="Start deepchat without --private for them.")

    def places(self, query: str, *, limit: int = 50, only: Only = ANY) -> list[Hit]:
        """Nothing is looked through."""
        raise StoreError(PRIVATE, hint="Start deepchat without --private for them.")

    def summary(self, session_id: str) -> SessionSummary | None:
        """There is none."""
        return None

    def star(self, session_id: str, *, on: bool = True) -> None:
        """Nothing can get a star."""
        raise StoreError(PRIVATE, hint="Start deepchat without --private for them.")

    def archive(self, session_id: str, *, on: bool = True) -> None:
        """Nothing can be archived."""
        raise StoreError(PRIVATE, hint="Start deepchat without --private for them.")

    def tag(self, session_id: str, words: Sequence[str], *, on: bool = True) -> None:
        """Nothing can be tagged."""
        raise StoreError(PRIVATE, hint="Start deepchat without --private for them.")

    def tags(self) -> list[tuple[str, int]]:
        """Nothing is looked through."""
        raise StoreError(PRIVATE, hint="Start deepchat without --private for them.")

    def delete(self, session_id: str) -> None:
        """Nothing can be deleted."""
        raise StoreError(PRIVATE, hint="Start deepchat without --private for them.")

    def restore(self, session_id: str) -> None:
        """Nothing can be restored."""
        raise StoreError(PRIVATE, hint="Start deepchat without --private for them.")

    def trashed(self, *, limit: int = 50) -> list[SessionSummary]:
        """Nothing is looked through."""
        raise StoreError(PRIVATE, hint="Start deepchat without --private for them.")

    def spent(self, *, since_ms: int = 0) -> list[Spent]:
        """What others have cost is not looked up."""
        return []

    def answers(self, *, since_ms: int = 0) -> list[Answer]:
        """Nothing is looked through."""
        raise StoreError(PRIVATE, hint="Start deepchat without --private for them.")


@dataclass(frozen=True, slots=True)
class Otherwise:
    """What is to be another way for one reply alone: a `hint` goes along with its question, "" is the model there is, and
    `parameters` are set beside those of the session, or in their place."""

    hint: str = ""
    model: str = ""
    parameters: Parameters = field(default_factory=dict)


AS_EVER: Final = Otherwise()


class Chat:
    """A session in use. `defaults` is what a new session starts from; its id is not used. `sees` tells whether a model
    takes pictures, `holds` how many tokens, as far as that is listed; `fallback` names those that are asked when one is
    busy or gone."""

    def __init__(
        self,
        model: Model,
        journal: Journal,
        *,
        defaults: Session,
        view: View,
        changed: Callable[[], None] = lambda: None,
        retries: Retries = NEVER,
        fallback: Sequence[str] = (),
        claims: Claims | None = None,
        purse: Purse | None = None,
        sees: Callable[[str], bool] = lambda model: True,
        priced: Callable[[str, Usage], Usage] = lambda model, usage: usage,
        holds: Callable[[str], int | None] = lambda model: None,
        now_ms: Callable[[], int] = clock_ms,
    ) -> None:
        self.model = model
        self.view = view
        self.turns: tuple[Turn, ...] = ()
        self.conversation = Conversation()
        self._journal = self._home = journal
        self._defaults = defaults
        self._changed = changed
        self._retries = retries
        self._fallbacks = fallback
        self._passed: dict[
            str, str
        ] = {}  # by reply that another model began, the one in whose stead
        self._claims = claims or NoClaims()
        self._sees = sees
        self._priced = priced
        self._holds = holds
        self._told: dict[str, int] = {}  # by model, the window that the server named
        self._refused: dict[str, int] = {}  # by model, what was too much for it
        self._now_ms = now_ms
        self.purse = purse or Purse(Budget(), lambda since_ms: Usage(cost=0.0), now_ms)
        self._unrecorded: list[
            tuple[str, Message]
        ] = []  # by session, replies that are kept nowhere
        self._begun = False
        self._warned = False
        self._elsewhere = False
        self._aside = False
        self._fallback: str | None = None
        self._unkept: list[Message] = []
        self._left: list[tuple[Session, tuple[Message, ...]]] = []
        self._later: dict[tuple[str, str], Callable[[], None]] = {}
        self._undone: list[Callable[[], None]] = []
        self.session = self._fresh(defaults)

    @property
    def kept(self) -> bool:
        """Whether this session is stored, and all of it."""
        return self._begun and not self._unkept and not self.private

    @property
    def private(self) -> bool:
        """Whether nothing is to be kept."""
        return isinstance(self._journal, Unsaved)

    def keep_in(self, journal: Journal) -> None:
        """Keep this chat after all, all that was said in it and what will be. UsageError while a reply is on its way."""
        self.require_idle()
        self._journal = self._home = journal
        if self._begun:
            self._unkept = list(self._everything())
            kept = self.conversation.messages
            self._unrecorded = [one for one in self._unrecorded if one[1].id not in kept]
            self.keep()

    @property
    def so_far(self) -> Conversation:
        """All that was said, with what has come of a reply that is on its way and is to be kept."""
        kept = () if self._aside else self.turns
        return self.conversation.add(*(turn.so_far() for turn in kept))

    @property
    def begun(self) -> bool:
        """Whether anything was said in this session."""
        return self._begun

    @property
    def answering(self) -> str:
        """The model that answers: the session's, or the present one where the session is another provider's."""
        here = self.session.provider in ("", self._defaults.provider)
        return (self.session.model if here else "") or self._defaults.model

    # --- turns -------------------------------------------------------------------------------------------------------

    @property
    def turn(self) -> Turn | None:
        """The reply that is on its way; None also while there are several of them (`turns`)."""
        return self.turns[0] if len(self.turns) == 1 else None

    def send(self, text: str, attachments: Sequence[Attachment] = ()) -> Turn:
        """Ask: the question is stored before the request goes out. UsageError while a reply is on its way; see `afford`."""
        return self._ask(*self._new_question(text, attachments))[0]

    def retry(self, otherwise: Otherwise = AS_EVER) -> Turn:
        """Ask the last question again; the reply it had stays, beside the new one. UsageError when there is none; see
        `afford`."""
        return self._ask(self._last_question(otherwise.model), None, [otherwise])[0]

    def compare(
        self, models: Sequence[str], text: str = "", attachments: Sequence[Attachment] = ()
    ) -> tuple[Turn, ...]:
        """Ask several models at once, or, without a text or attachments, ask them the last question again: a turn for each.
        No other answers in the place of one. `settle_all` takes the replies, which stand beside one another.
        UsageError as for `send` and `retry`."""
        ways = [Otherwise(model=model) for model in models]
        if text or attachments:
            return self._ask(*self._new_question(text, attachments, *models), ways, named=True)
        return self._ask(self._last_question(*models), None, ways, named=True)

    def replay(self, question: Message, model: str, *, in_place: bool) -> Turn:
        """Ask a question of this chat again, of this model and no other: `in_place`, beside the answers that it has, or as a
        copy behind what was said last. UsageError, OverBudget as for `send`."""
        self.require_ours()
        self.afford(question.text, question.attachments, model)
        ways = [Otherwise(model=model)]
        if in_place:
            self._fallback = self.conversation.leaf
            return self._ask(self.conversation.at(question.id), None, ways, named=True)[0]
        copy = replace(
            self._said("user", question.text, self.conversation.leaf),
            attachments=question.attachments,
            mark=question.mark,
        )
        return self._ask(self.conversation, copy, ways, named=True)[0]

    def stop(self) -> None:
        """Ask for the end of what is on its way."""
        for turn in self.turns:
            if not turn.ended:
                turn.stop()

    def _new_question(
        self, text: str, attachments: Sequence[Attachment], *models: str
    ) -> tuple[Conversation, Message]:
        """What it follows, and the question."""
        self.require_ours()
        self.afford(text, attachments, *models)
        base = self.conversation.at(_open_end(self.conversation))
        question = replace(self._said("user", text, base.leaf), attachments=tuple(attachments))
        if not self.session.title:
            title = context.title_of(text or " ".join(map(context.called, attachments)))
            self.session = replace(self.session, title=title)
        return base, question

    def _last_question(self, *models: str) -> Conversation:
        """What an answer asked for anew follows."""
        self.require_ours()
        question = self.conversation.last("user")
        if question is None:
            raise UsageError("There is no question yet that could be asked again.")
        self._require_sent(question)
        self.afford("", (), *models)
        self._fallback = self.conversation.leaf
        return self.conversation.at(question.id)

    def _ask(
        self,
        base: Conversation,
        question: Message | None = None,
        ways: Sequence[Otherwise] = (AS_EVER,),
        *,
        named: bool = False,
    ) -> tuple[Turn, ...]:
        """In each of these ways at once. Of models that were `named` no other answers in the place of one."""
        self._undone = []
        new: list[Message] = []
        if _persona_at(base) != self.session.persona:
            new.append(self._said("system", self.session.persona, base.leaf))
        if question:
            new.append(replace(question, parent=new[-1].id) if new else question)
        self.conversation = base.add(*new)
        leaf = self.conversation.leaf
        replies = [self._empty_reply(leaf, way, later=number) for number, way in enumerate(ways)]
        return self._start(replies, new, named=named)

    def go_on(self) -> Turn:
        """Ask for the rest of a reply that was stopped, cut, or too long: it stays one message. UsageError when the last
        one is complete."""
        self.require_ours()
        reply = self.conversation.last("assistant")
        if reply is None or reply.id != self.conversation.leaf or not reply.text:
            raise UsageError("There is no reply that could go on.", hint="/retry asks again.")
        if reply.state == "done" and reply.finish_reason not in TOO_LONG:
            raise UsageError("The last reply is complete.", hint="Ask for more in your own words.")
        asked = self.conversation.last("user")
        self._require_sent(asked)
        if asked and asked.mark == "summary":
            raise UsageError("A summary is made in one go.", hint="/compact asks for another one.")
        self.afford()
        return self._start([replace(reply, state="streaming", error="", finish_reason="")])[0]

    def compact(self, focus: str = "") -> Turn:
        """Ask for a summary of what is sent, which from then on is sent in its place; what matters most is the `focus`.
        UsageError when nothing was said since the last one, or a reply is on its way.

        Until it is whole nothing has changed: the chat goes on where it was when it fails, or is stopped.
        """
        self.require_ours()
        base = self.conversation.at(_open_end(self.conversation))
        if not room.loose(base.path()):
            raise UsageError("There is nothing to summarise yet.")
        self.afford()
        question = self._said("user", room.instruction(focus), base.leaf)
        self._fallback = base.leaf
        return self._ask(base, replace(question, mark="summary"))[0]

    def _require_sent(self, question: Message | None) -> None:
        """UsageError when the model would not see the question that is to be answered."""
        if question and question.mark == "muted":
            raise UsageError("The last question is muted.", hint="/unmute lets it be sent again.")
        if question and question.mark == "deleted":
            raise UsageError("The last question is deleted.", hint="/tree brings it back.")

    def _start(
        self, replies: Sequence[Message], new: Sequence[Message] = (), *, named: bool = False
    ) -> tuple[Turn, ...]:
        self._claim_new()
        self._unkept += [*new, *replies]
        self._begun = True
        # The last one becomes the leaf.
        stored = tuple(sorted(self._unkept, key=lambda message: message is replies[0]))
        opening = _once(partial(self._journal.open_turn, self.session, stored))
        path, most = self.conversation.path(), self.purse.take()
        return self._set_off(
            *(self._turn(one, path, self._journal, most, opening, named=named) for one in replies)
        )

    def _set_off(self, *turns: Turn) -> tuple[Turn, ...]:
        self.turns = turns
        for turn in turns:
            turn.start()
        return turns

    def ask_aside(self, text: str) -> Turn:
        """Ask behind what was said, and keep nothing of it, neither here nor in the journal. UsageError while a reply is on
        its way."""
        self.require_idle()
        self.afford(text)
        base = self.conversation.at(_open_end(self.conversation))
        question = self._said("user", text, base.leaf)
        reply = self._empty_reply(question.id, AS_EVER)
        self._aside = True
        path, most = base.add(question).path(), self.purse.take()
        return self._set_off(self._turn(reply, path, Unsaved(), most))[0]

    def _turn(
        self,
        reply: Message,
        path: Sequence[Message],
        journal: Journal,
        most: float | None,
        opening: Callable[[], None] = lambda: None,
        *,
        named: bool = False,
    ) -> Turn:
        session, asked = self.session, self._asked(reply)
        path = context.hinted(path, reply.hint)
        parameters = session.parameters if reply.text else reply.parameters
        if asked != self.answering:
            self._passed[reply.id] = self.answering

        def to(model: str) -> Request:
            said, summary = standing.spoken(path), self._summarises(path)
            pictures = self._sees(model) and not summary
            sent = context.prompt(session.persona, said, pictures=pictures)
            if summary and (limit := self.limit(model)):
                sent = room.fitted(sent, limit)
            return Request(model, sent, parameters, session.id)

        # What one model has begun no other goes on with.
        alone = named or reply.text
        others = [] if alone else [one for one in self._fallbacks if one != asked]
        return Turn(
            self.model,
            journal,
            to(asked),
            reply,
            opening=opening,
            changed=self._changed,
            retries=self._retries,
            priced=self._priced,
            allowed=partial(self._allowed, most),
            fallback=map(to, others),
            shorter=_shorter if self._summarises(path) else lambda request, error: None,
        )

    def _asked(self, reply: Message) -> str:
        """The model that answers, or the one for this reply alone; one that another has begun goes on with that."""
        began = self._passed.get(reply.id) == self.answering
        return reply.model if began or not reply.text else self.answering

    def settle(self) -> Message:
        """Take the reply of the turn that has ended into the conversation, unless it was asked for aside.

        An answer asked for anew that did not come leaves the one there was in its place.
        """
        return self.settle_all()[0]

    def settle_all(self) -> list[Message]:
        """The same with the replies of several turns, all of which have ended: the first that says something is the answer."""
        if not self.turns or not all(turn.ended for turn in self.turns):
            raise RuntimeError("no turn has ended")
        turns, self.turns = self.turns, ()
        replies = [turn.reply for turn in turns]
        aside, self._aside = self._aside, False
        if aside or self.private:
            self._unrecorded += ((self.session.id, reply) for reply in replies)
        if not aside:
            self._take(turns, replies)
        return replies

    def _take(self, turns: Sequence[Turn], replies: Sequence[Message]) -> None:
        for turn in turns:
            if turn.passed:
                self._passed.setdefault(turn.reply.id, turn.passed[0].model)
        fallback, self._fallback = self._fallback, None
        self.conversation = self.conversation.add(*replies)
        self._note_unkept(turns)
        end = next((reply for reply in replies if reply.text), replies[0])
        if fallback and (not end.text or self._is_half_summary(end)):
            end = self.conversation.messages[fallback]
        if replies != [end]:
            self.conversation = self.conversation.at(end.id)
            self._unkept.append(end)
        self.keep()
        for turn in turns:
            self._heed(turn)

    def _note_unkept(self, turns: Sequence[Turn]) -> None:
        unsaved = next((turn.unsaved for turn in turns if turn.unsaved), None)
        if unsaved:
            replies = {turn.reply.id: turn.reply for turn in turns}
            self._unkept = [*(m for m in self._unkept if m.id not in replies), *replies.values()]
            self._warn(unsaved)
        else:
            self._unkept = []
            self._warned = False

    def _summarises(self, path: Sequence[Message]) -> bool:
        """Whether what is asked at the end of this branch is a summary."""
        asked = next((message for message in reversed(path) if message.role == "user"), None)
        return asked is not None and asked.mark == "summary"

    def _is_half_summary(self, reply: Message) -> bool:
        return self._summarises(self.conversation.path()) and not standing.is_whole(reply)

    # --- the model's window ------------------------------------------------------------------------------------------

    def window(self, model: str = "") -> int | None:
        """How many tokens a model takes, its reply included, or the one that answers: what the server has named, or lists."""
        model = model or self.answering
        return self._told.get(model) or self._holds(model)

    def limit(self, model: str = "") -> int | None:
        """How many tokens a request may have, so that there is room for a reply, and it is not refused again."""
        model = model or self.answering
        window = self.window(model)
        free = window and window - room.for_reply(window, self.session.parameters)
        return min(filter(None, (free, self._refused.get(model))), default=None)

    def taken(self, text: str = "", attachments: Sequence[Attachment] = ()) -> Weight:
        """What the request takes that sends this message."""
        before = context.window_taken(self.session.persona, self.open_path)
        if not (text or attachments):
            return before
        new = Message("", "user", text, attachments=tuple(attachments))
        return Weight(before.tokens + context.weight(new).tokens)

    @property
    def open_path(self) -> tuple[Message, ...]:
        """What was said up to where the next question goes."""
        return self.conversation.at(_open_end(self.conversation)).path()

    def _heed(self, turn: Turn) -> None:
        """What a reply, or its refusal, tells of how much the model takes. What our count calls fitting and the server does
        not is too much by our count."""
        model = turn.request.model
        counted = turn.reply.usage and turn.reply.usage.prompt_tokens
        if counted and counted > self._refused.get(model, counted):
            del self._refused[model]
        if not isinstance(turn.error, TooLong):
            return
        if turn.error.limit:
            self._told[model] = turn.error.limit
        asked = self.unanswered
        sent = (
            self.taken(asked.text, asked.attachments).tokens
            if asked
            else sum(map(room.size, turn.request.messages))
        )
        limit = self.limit(model)
        if limit is None or sent <= limit:
            self._refused[model] = int(sent * room.EMPTIED)

    def leave_out(self, question: Message) -> None:
        """Send neither this question of the branch nor what was before it any more, but for what is pinned, and a summary.
        UsageError while a reply is on its way, or another process has this session open."""
        self._remark(replace(question, left=True))

    def bring_back(self) -> int:
        """Send again what was left out to make room; how many questions that is. UsageError as above."""
        path = self.conversation.path()
        out = [how for how in standing.standings(path).values() if how == "out"]
        self._remark(*(replace(message, left=False) for message in path if message.left))
        return len(out)

    def expand(self) -> None:
        """Send again what the last summary stands for, in place of it, which stays here to be read. UsageError when there is
        none, and as above."""
        path = self.conversation.path()
        standings = standing.standings(path)
        summary = next(
            (message for message in path if standings.get(message.id) == "summary"), None
        )
        if summary is None:
            raise UsageError("Nothing is summarised here.", hint="/compact does that.")
        self._remark(replace(summary, mark="muted"))

    @property
    def unanswered(self) -> Message | None:
        """The last question, when not a word of answer came. Sending something else takes its place."""
        end = _open_end(self.conversation)
        return self.conversation.last("user") if end != self.conversation.leaf else None

    def _said(self, role: Role, text: str, parent: str | None) -> Message:
        now = self._now_ms()
        return Message(new_id(now), role, text, parent, created_ms=now)

    def _empty_reply(self, parent: str | None, otherwise: Otherwise, *, later: int = 0) -> Message:
        """Each of several is so many milliseconds younger: thus they stay in order."""
        now, path = self._now_ms() + later, self.conversation.path()
        after, exceptions = standing.recorded(path)
        own = _parameters(self.session, summary=self._summarises(path))
        return Message(
            new_id(now),
            "assistant",
            "",
            parent,
            "streaming",
            model=otherwise.model or self.answering,
            provider=self._defaults.provider,
            parameters={**own, **otherwise.parameters},
            created_ms=now,
            after=after,
            exceptions=exceptions,
            hint=otherwise.hint,
        )

    def require_idle(self) -> None:
        """UsageError while a reply is on its way."""
        if self.turns:
            raise UsageError("A reply is still on its way.", hint="Ctrl-C stops it.")

    def require_ours(self) -> None:
        """UsageError while a reply is on its way, or another process has this session open."""
        self.require_idle()
        if self._elsewhere:
            raise UsageError(
                "This chat is open in another terminal.", hint="/fork goes on in a copy of it."
            )

    # --- money -------------------------------------------------------------------------------------------------------

    def afford(self, text: str = "", attachments: Sequence[Attachment] = (), *models: str) -> None:
        """Let a request be made, with this message or for another answer, perhaps by other models, each. UsageError, once,
        when it is dear; OverBudget when a limit is reached, see `Purse.require`."""
        wanted = (self.session.id, self.conversation.leaf, text, tuple(attachments), models)
        each = [self.expected(text, attachments, model=model) for model in models or ("",)]
        self.purse.require(wanted, self.outlays, budget.together(each))

    @property
    def is_over_budget(self) -> bool:
        """Whether nothing may be asked that the user did not ask for."""
        return bool(self.purse.reached(self.outlays, self.expected()))

    def expected(
        self, text: str = "", attachments: Sequence[Attachment] = (), *, model: str = ""
    ) -> Expected:
        """What it takes to send this message, or to have the last one answered again."""
        put = self.taken(text, attachments).tokens
        got = context.usual_answer(self.open_path, self.session.parameters)
        return self._expected(model or self.answering, put, got)

    def _expected(self, model: str, put: int, got: int) -> Expected:
        put_cost, cost = (self._priced(model, Usage(put, some)).cost for some in (0, got))
        return Expected(put, got, put_cost, cost)

    @property
    def outlays(self) -> Outlays:
        """Where what was spent is found, beside the store."""
        here = {one.id: one for session, one in self._unrecorded if session == self.session.id}
        said = {**self.conversation.messages, **here}
        left = (message for _, messages in self._left for message in messages)
        unstored = (*(one for _, one in self._unrecorded), *self._unkept, *left)
        return Outlays(self.session.id, tuple(said.values()), unstored)

    def _allowed(self, most: float | None, request: Request) -> Allowance | None:
        """How long the reply to this may get when it may cost so much."""
        put = context.request_tokens(request.messages)
        return budget.allowance(most, self._expected(request.model, put, context.USUAL_TOKENS))

    # --- branches ----------------------------------------------------------------------------------------------------

    def go_to(self, leaf: str | None) -> None:
        """Go on behind this message, or from the beginning. UsageError while a reply is on its way."""
        self._undone = []
        self._turn_to(leaf)

    def undo(self, count: int = 1) -> Message:
        """Go back to before the last so many exchanges; the question of the first of them. `redo` returns. UsageError
        when there are not so many."""
        self.require_idle()
        said = branches.exchanges(self.conversation.path())
        if not 1 <= count <= len(said):
            raise UsageError(
                f"This chat has only {len(said)} to take back." if said else "Nothing was said yet."
            )
        asked, left = said[-count].asked, self.conversation.leaf
        self._turn_to(branches.before(self.conversation, asked))
        self._undone.append(partial(self._turn_to, left))
        return asked

    def redo(self) -> None:
        """Take back the last `undo`, `edit_answer` or `delete`. UsageError when there was none, or something was said since."""
        if not self._undone:
            raise UsageError(
                "There is nothing to bring back.", hint="/tree shows all that was said."
            )
        self._undone[-1]()
        self._undone.pop()

    def _turn_to(self, leaf: str | None) -> None:
        self.require_ours()
        self.conversation = self.conversation.at(leaf)
        self.session = replace(self.session, changed_ms=self._now_ms())
        self.keep()
        if self.kept:
            self._keep_change("leaf", partial(self._journal.turn_to, self.session.id, leaf))

    def edit_answer(self, reply: Message, text: str) -> None:
        """Go on behind a reply of this text in place of that one, which stays beside it; `redo` returns to it. UsageError
        while a reply is on its way, or another process has this session open."""
        self.require_ours()
        edited = replace(
            self._said("assistant", text, reply.parent),
            model=reply.model,
            reported_model=reply.reported_model,
            provider=reply.provider,
            parameters=reply.parameters,
            after=reply.after,
            exceptions=reply.exceptions,
            hint=reply.hint,
            edited=True,
        )
        self._undone.append(partial(self._turn_to, self.conversation.leaf))
        self.conversation = self.conversation.add(edited)
        self._unkept.append(edited)
        self.keep()

    def mark(self, question: Message, mark: Mark) -> None:
        """Mark a question of this branch with its answers, or take its mark away; see `Mark`. UsageError while a reply is on
        its way, or another process has this session open."""
        if question.mark == "summary":
            raise UsageError(
                "A summary is sent for what it stands for.", hint="/uncompact sends that again."
            )
        self._remark(replace(question, mark=mark))

    def _remark(self, *questions: Message) -> None:
        self.require_ours()
        leaf = self.conversation.leaf
        self.conversation = self.conversation.add(*questions).at(leaf)
        self.session = replace(self.session, changed_ms=self._now_ms())
        self._unkept += [*questions, *self.conversation.path()[-1:]]
        self.keep()

    def delete(self, question: Message) -> None:
        """Let a question of this branch and its answers neither be sent nor shown; `redo` brings them back. UsageError as
        for `mark`."""
        self.mark(question, "deleted")
        self._undone.append(partial(self.mark, question, question.mark))

    def fork(self, leaf: str | None, title: str) -> None:
        """Go on in a session of its own, with a copy of what was said up to this message; the one so far stays as it is.

        What it has cost stays with the original. UsageError while a reply is on its way.
        """
        self.require_idle()
        path = self.conversation.at(leaf).path()
        session = replace(self._fresh(self.session), provider=self.session.provider, title=title)
        self._begin(session, private=self.private)
        self._claim_new()
        copied = self._copied(path)
        self.conversation = Conversation().add(*copied)
        self._begun = bool(copied)
        self._unkept = list(copied)
        self.keep()

    def _copied(self, path: Sequence[Message]) -> list[Message]:
        copied: list[Message] = []
        ids: dict[str, str] = {}
        for message in path:
            usage = message.usage and replace(message.usage, cost=None, estimated=False)
            parent = copied[-1].id if copied else None
            ids[message.id] = id_ = new_id(message.created_ms)
            exceptions = tuple(ids[each] for each in message.exceptions if each in ids)
            copied.append(
                replace(
                    message,
                    id=id_,
                    parent=parent,
                    usage=usage,
                    after=ids.get(message.after, ""),
                    exceptions=exceptions,
                )
            )
        return copied

    # --- the session -------------------------------------------------------------------------------------------------

    def set_persona(self, text: str, *, name: str = "") -> None:
        """Who the model is to be, from the next request on; "" for nobody in particular."""
        self._change(replace(self.session, persona=text, persona_name=name))

    def take_persona(self, persona: Persona) -> None:
        """A named persona, with the model and the parameters it is meant for."""
        self._change(
            replace(
                self.session,
                persona=persona.text,
                persona_name=persona.name,
                model=persona.model or self.session.model,
                parameters={**self.session.parameters, **persona.parameters},
            )
        )

    def set_model(self, model: str) -> None:
        self._change(replace(self.session, model=model, provider=self._defaults.provider))

    def ask_at(self, provider: str, model: str) -> None:
        """Another server answers from the next message on, here and in new sessions, with this model; a session that was
        with that server before keeps its own. UsageError while a reply is on its way, or another process has it open."""
        self.require_ours()
        self._defaults = replace(self._defaults, provider=provider, model=model)
        self.set_model(self.answering)

    def set_title(self, title: str) -> None:
        self._change(replace(self.session, title=title))

    def set_parameter(self, name: str, value: Json) -> None:
        self._change(replace(self.session, parameters={**self.session.parameters, name: value}))

    def unset_parameter(self, name: str) -> None:
        """Leave it to the server again. KeyError when it was not set."""
        left = dict(self.session.parameters)
        del left[name]
        self._change(replace(self.session, parameters=left))

    def _change(self, session: Session) -> None:
        if self._elsewhere:
            self.require_ours()
        self.session = session = replace(session, changed_ms=self._now_ms())
        if self._begun:
            self._keep_change("session", partial(self._journal.update, session))

    def new(self, *, private: bool = False) -> None:
        """A new session, as configured, of which nothing is kept if it is `private`. The one so far stays stored."""
        self.require_idle()
        self._begin(self._fresh(self._defaults), private=private)

    def clear(self) -> None:
        """An empty context with the persona, the model and the parameters of now, as a session of its own."""
        self.require_idle()
        self._begin(self._fresh(replace(self.session, model=self.answering)), private=self.private)

    def resume(self, session: Session, conversation: Conversation) -> None:
        """Go on with a stored session. See `answering` for one of another provider."""
        self.require_idle()
        self._leave()
        self._journal = self._home
        self._undone = []
        self.session = session
        self.conversation = conversation
        self._begun = True
        self._elsewhere = not self.claim()

    @property
    def elsewhere(self) -> bool:
        """Whether another process has this session open: then it can be read here, and forked, and no more."""
        return self._elsewhere

    def claim(self) -> bool:
        """Whether no other process has this session open, any more; it is this one's then, and can be followed up."""
        return self._claims.take(self.session.id)

    def follow(self, session: Session, conversation: Conversation, *, free: bool) -> None:
        """What has become of a session that is open `elsewhere`; when it is `free`, it goes on here."""
        self.session, self.conversation = session, conversation
        self._elsewhere = not free

    def _claim_new(self) -> None:
        if not self.private:
            self._claims.take(self.session.id)

    def _begin(self, session: Session, *, private: bool) -> None:
        self._leave()
        self._journal = Unsaved() if private else self._home
        self._undone = []
        self.session = session
        self.conversation = Conversation()
        self._begun = False

    def _fresh(self, like: Session) -> Session:
        now = self._now_ms()
        provider = self._defaults.provider
        return replace(
            like, id=new_id(now), title="", provider=provider, created_ms=now, changed_ms=0
        )

    # --- a disk that fails -------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Store what could not be stored so far, of this session and of those before it."""
        left, self._left = self._left, []
        for session, messages in left:
            if not self._keep(partial(self._home.open_turn, session, messages)):
                self._left.append((session, messages))
        if self._unkept and self._keep(self._keep_turns):
            self._unkept = []
        for change, write in tuple(self._later.items()):
            if self._keep(write):
                del self._later[change]

    def _keep_turns(self) -> None:
        try:
            self._journal.open_turn(self.session, tuple(self._unkept))
        except Forgotten:
            self._journal.open_turn(self.session, self._everything())

    def _everything(self) -> tuple[Message, ...]:
        """Each message behind the one it follows; the last one is where the chat goes on."""
        return (*self.conversation.messages.values(), *self.conversation.path()[-1:])

    def _keep_change(self, what: str, write: Callable[[], None]) -> None:
        """Store what has changed in a session that is stored: the newest change of a kind is the one that counts."""
        change = (what, self.session.id)
        self._later.pop(change, None)
        if not self._keep(write):
            self._later[change] = write

    def _leave(self) -> None:
        """Before another session takes its place."""
        self.keep()
        if self._unkept:
            self._left.append((self.session, tuple(self._unkept)))
        self._unkept = []
        self._elsewhere = False
        self._claims.drop(self.session.id)

    def _keep(self, write: Callable[[], None]) -> bool:
        try:
            write()
        except StoreError as error:
            self._warn(error)
            return False
        self._warned = False
        return True

    def _warn(self, error: StoreError) -> None:
        """The chat goes on in memory; that it is not kept is said once."""
        if not self._warned:
            self._warned = True
            self.view.problem(error)


def _once(act: Callable[[], None]) -> Callable[[], None]:
    """For several threads: one of them does it while the others wait; when it fails the next one tries."""
    lock, done = threading.Lock(), threading.Event()

    def do() -> None:
        with lock:
            if not done.is_set():
                act()
                done.set()

    return do


def _parameters(session: Session, *, summary: bool) -> Parameters:
    """Those that an answer is asked for with, or a summary."""
    return room.of_summary(session.parameters) if summary else session.parameters


def _shorter(request: Request, error: TooLong) -> Request | None:
    """What is to be summarised, cut to less than was refused; None when there is nothing left to cut."""
    refused = sum(map(room.size, request.messages))
    limit = int(room.EMPTIED * min(refused, error.limit or refused))
    messages = room.fitted(request.messages, limit)
    return None if messages == request.messages else replace(request, messages=messages)


def _open_end(conversation: Conversation) -> str | None:
    """The message that the next question follows: the leaf, or what came before a question that got no answer."""
    path = conversation.path()
    if path and path[-1].role == "assistant" and not path[-1].text:
        path = _before_question(path[:-1])
    return path[-1].id if path else None


def _before_question(path: tuple[Message, ...]) -> tuple[Message, ...]:
    """Without the question at its end, and the persona that an answer asked for anew may have got after it."""
    while path and path[-1].role == "system":
        path = path[:-1]
    return path[:-1] if path and path[-1].role == "user" else path


def _persona_at(conversation: Conversation) -> str:
    """The persona recorded last on the active path."""
    record = conversation.last("system")
    return record.text if record else ""


def asked_for(conversation: Conversation, reply: Message, *, pictures: bool = True) -> Request:
    """The request that a stored reply is the answer to: with the persona there was, and without what was left out then.

    Whether the model was sent `pictures` is not stored; of a reply that was gone on with it is the first request, and what was
    to be summarised is there uncut.
    """
    before = conversation.at(reply.parent)
    said = standing.spoken_then(context.hinted(before.path(), reply.hint), reply)
    return Request(
        reply.model, context.prompt(_persona_at(before), said, pictures=pictures), reply.parameters
    )
