"""Sessions in the database: written while they happen, read back whole. How one is searched for is in `search`."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from deepchat.conversation import (
    Attachment,
    Conversation,
    Message,
    Session,
    SessionSummary,
    Spent,
    clock_ms,
    new_id,
)
from deepchat.errors import Forgotten, StoreError
from deepchat.sought import ANY, Hit, Only
from deepchat.stats import Answer
from deepchat.store import answers, order, rows, search, trash, writers
from deepchat.store.database import Database
from deepchat.store.merging import Taken, is_better, is_later, newest
from deepchat.text import mend

# What a reply says for itself whose process was gone before it could be sealed.
CUT: Final = "deepchat ended before the reply did."

_DAY_MS: Final = 86_400_000

_KEEP_SESSION: Final = """
    INSERT INTO session (
      uid, title, model, provider, persona, persona_name, parameters, created_ms, changed_ms, updated_ms)
    VALUES (
      :uid, :title, :model, :provider, :persona, :persona_name, :parameters, :created_ms, :changed_ms, :now_ms)
    ON CONFLICT (uid) DO UPDATE SET
      title = :title, model = :model, provider = :provider, persona = :persona, persona_name = :persona_name,
      parameters = :parameters, changed_ms = :changed_ms, updated_ms = :now_ms, trashed_ms = NULL, archived = 0"""

_UPDATE_SESSION: Final = """
    UPDATE session SET
      title = :title, model = :model, provider = :provider, persona = :persona, persona_name = :persona_name,
      parameters = :parameters, changed_ms = :changed_ms
    WHERE uid = :uid"""

_ADD_MESSAGE: Final = """
    INSERT INTO message (
      uid, session, parent, role, state, writer, text, reasoning, model, reported_model, provider, parameters,
      finish_reason, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, cost,
      cost_estimated, error, request_id, created_ms, first_token_s, seconds, retries, mark, left_out, sent_after, exceptions,
      hint, edited)
    VALUES (
      :uid, :session, :parent, :role, :state, :writer, :text, :reasoning, :model, :reported_model, :provider,
      :parameters, :finish_reason, :prompt_tokens, :completion_tokens, :cached_tokens, :reasoning_tokens, :cost,
      :cost_estimated, :error, :request_id, :created_ms, :first_token_s, :seconds, :retries, :mark,
      :left_out, :sent_after, :exceptions, :hint, :edited)"""

_KEEP_BODY: Final = "INSERT INTO body (digest, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING"

_ATTACH: Final = """
    INSERT INTO attachment (message, number, name, media_type, body, path, first_line, last_line, digest)
    VALUES (:message, :number, :name, :media_type, :body, :path, :first_line, :last_line, :digest)"""

_BODIES: Final = """
    SELECT digest, bytes FROM body WHERE digest IN (
      SELECT body FROM message JOIN attachment ON attachment.message = message.id WHERE session = ?)"""

_SEAL_MESSAGE: Final = """
    UPDATE message SET
      state = :state, writer = NULL, text = :text, reasoning = :reasoning, model = :model,
      reported_model = :reported_model, provider = :provider, parameters = :parameters,
      finish_reason = :finish_reason, prompt_tokens = :prompt_tokens, completion_tokens = :completion_tokens,
      cached_tokens = :cached_tokens, reasoning_tokens = :reasoning_tokens, cost = :cost,
      cost_estimated = :cost_estimated, error = :error,
      request_id = :request_id, first_token_s = :first_token_s, seconds = :seconds, retries = :retries,
      mark = :mark, left_out = :left_out, sent_after = :sent_after, exceptions = :exceptions, hint = :hint,
      edited = :edited
    WHERE id = :id"""

_MARK: Final = """
    UPDATE message SET mark = :mark, left_out = :left
    WHERE session = :session AND uid = :uid AND (mark <> :mark OR left_out <> :left)"""

_REOPEN_MESSAGE: Final = """
    UPDATE message SET state = 'streaming', writer = ?, text = '', reasoning = '', error = ''
    WHERE id = ? AND state <> 'streaming'"""

_ADD_PIECE: Final = """
    INSERT INTO piece (message, number, text, reasoning)
    SELECT reply.id, (SELECT coalesce(max(number), 0) + 1 FROM piece WHERE piece.message = reply.id), ?, ?
    FROM message AS reply WHERE uid = ? AND state = 'streaming'"""


class Store:
    """Every session, in one SQLite file. It satisfies `turn.Journal` and `chat.Library`.

    Nothing is opened before the first use. Any thread may use it; every method raises StoreError. A reply still
    streaming is an append-only journal of pieces; sealing folds them into the message. Where the process of a reply is
    gone, the next one that looks folds what there is, and the reply is `cut`.
    """

    def __init__(
        self,
        path: Path,
        *,
        tell: Callable[[str], None] = lambda said: None,
        now_ms: Callable[[], int] = clock_ms,
    ) -> None:
        self.database = Database(path, tell=tell)
        self._writers = path.parent / "writers"
        self._writer: writers.Writer | None = None
        self._now_ms = now_ms

    # --- writing: turn.Journal ---------------------------------------------------------------------------------------

    def open_turn(self, session: Session, messages: Sequence[Message]) -> None:
        """Keep the session, new or as it is now, and these messages; the last one becomes the leaf. Durable.

        What is stored already is brought up to date, so that a turn that failed can be handed in again with the next.
        A session that goes on is neither in the trash nor archived any more.
        StoreError when a parent is not a stored message of this session; then nothing is kept.
        """
        with self.database.writing(durable=True) as connection:
            key = _keep_session(connection, session, self._now_ms())
            for message in messages:
                leaf = self._put(connection, message, session=key)
                connection.execute("UPDATE session SET leaf = ? WHERE id = ?", (leaf, key))

    def append(self, reply_id: str, *, text: str, reasoning: str) -> None:
        """More of a reply that is still streaming. Survives the end of the process."""
        with self.database.writing(durable=False) as connection:
            values = (rows.piece(text), rows.piece(reasoning), reply_id)
            if connection.execute(_ADD_PIECE, values).rowcount == 0:
                raise self._unknown("reply in flight", reply_id)

    def seal(self, reply: Message) -> None:
        """The reply as it ended, in place of its pieces. Durable."""
        with self.database.writing(durable=True) as connection:
            found = connection.execute(
                "SELECT id, session FROM message WHERE uid = ?", (reply.id,)
            ).fetchone()
            if found is None:
                raise self._unknown("reply", reply.id)
            _seal(connection, found["id"], reply)
            connection.execute(
                "UPDATE session SET updated_ms = ? WHERE id = ?", (self._now_ms(), found["session"])
            )

    def update(self, session: Session) -> None:
        """The session's title, persona, model or parameters changed. That is no use of it: its place in lists stays."""
        with self.database.writing(durable=True) as connection:
            if connection.execute(_UPDATE_SESSION, rows.of_session(session)).rowcount == 0:
                raise self._unknown("session", session.id)

    def turn_to(self, session_id: str, leaf: str | None) -> None:
        """The session goes on behind this message of it, or, for None, from the beginning."""
        with self.database.writing(durable=True) as connection:
            found = connection.execute(
                "SELECT id FROM session WHERE uid = ?", (session_id,)
            ).fetchone()
            if found is None:
                raise self._unknown("session", session_id)
            key = None if leaf is None else _key(connection, leaf, found["id"])
            if leaf is not None and key is None:
                raise self._unknown("message", leaf)
            connection.execute(
                "UPDATE session SET leaf = ?, changed_ms = ? WHERE id = ?",
                (key, self._now_ms(), found["id"]),
            )

    # --- from elsewhere ------------------------------------------------------------------------------------------------

    def take_in(self, session: Session, conversation: Conversation) -> Taken:
        """Merge a session that was exported, here or elsewhere, into what is stored: nothing that is here is taken away,
        and taking it in again changes nothing. Each message stands behind its parent. Durable.

        What was deleted here stays in the trash, with what is new. StoreError when a message of it is one of another
        session; then nothing is kept.
        """
        with self.database.writing(durable=True) as connection:
            ours = _found(connection, session.id)
            if ours is None:
                values = rows.of_session(session) | {"now_ms": newest(conversation)}
                connection.execute(_KEEP_SESSION, values)
            key = _session_key(connection, session.id)
            there = ours[1].messages if ours else {}
            taken = sum(
                self._take(connection, key, there.get(message.id), message)
                for message in conversation.messages.values()
            )
            if ours is None or is_later((session, conversation), ours):
                _lead(connection, key, session, conversation)
            connection.execute(
                "UPDATE session SET updated_ms = max(updated_ms, ?) WHERE id = ?",
                (newest(conversation) if taken else 0, key),
            )
        return Taken(ours is None, taken)

    def _take(
        self, connection: sqlite3.Connection, session: int, ours: Message | None, theirs: Message
    ) -> bool:
        if ours is None:
            self._require_free(connection, theirs.id)
            self._add(connection, theirs, session)
            return True
        if ours.state == "streaming" or not is_better(theirs, ours):
            return False
        key = _key(connection, theirs.id, session)
        assert key is not None  # noqa: S101  it was read a moment ago, in this transaction
        _seal(connection, key, theirs)
        return True

    def _require_free(self, connection: sqlite3.Connection, message_id: str) -> None:
        if connection.execute("SELECT 1 FROM message WHERE uid = ?", (message_id,)).fetchone():
            raise StoreError(f"Message {mend(message_id)} is in another chat already.")

    # --- reading: chat.Library ---------------------------------------------------------------------------------------

    def load(self, session_id: str) -> tuple[Session, Conversation]:
        """A session and its whole tree. A reply another process is receiving has what it journalled so far."""
        self._recover()
        with self.database.reading() as connection:
            found = _found(connection, session_id)
            if found is None:
                raise self._unknown("session", session_id)
            return found

    def find(self, query: str = "", *, limit: int = 50, only: Only = ANY) -> list[SessionSummary]:
        """Sessions by id, title or text, the most recently used first; see `search.find`."""
        self._recover()
        with self.database.reading() as connection:
            return search.find(connection, query, limit, only)

    def places(self, query: str, *, limit: int = 50, only: Only = ANY) -> list[Hit]:
        """Where something was said, or is a title; see `search.places`."""
        self._recover()
        with self.database.reading() as connection:
            return search.places(connection, query, limit, only)

    def summary(self, session_id: str) -> SessionSummary | None:
        """The session with this whole id; None when it is not stored, or in the trash."""
        with self.database.reading() as connection:
            row = connection.execute(
                f"SELECT {rows.SUMMARY} FROM session WHERE uid = ? AND trashed_ms IS NULL",  # noqa: S608  ours
                (mend(session_id),),
            ).fetchone()
            return None if row is None else rows.summary(row)

    def ids(self) -> list[str]:
        """Of all sessions that are not in the trash, the oldest first."""
        self._recover()
        with self.database.reading() as connection:
            found = connection.execute(
                "SELECT uid FROM session WHERE trashed_ms IS NULL ORDER BY uid"
            )
            return [row["uid"] for row in found]

    def spent(self, *, since_ms: int = 0) -> list[Spent]:
        """What replies since then have cost, model by model, the dearest first; those without a price are counted."""
        with self.database.reading() as connection:
            return answers.spent(connection, since_ms)

    def answers(self, *, since_ms: int = 0) -> list[Answer]:
        """What each answer since then took, the oldest first."""
        with self.database.reading() as connection:
            return answers.read(connection, since_ms)

    def close(self) -> None:
        """Checkpoint and let go of the file. A reply that is still streaming counts as cut from now on."""
        try:
            self.database.close()
        finally:
            writer, self._writer = self._writer, None
            if writer:
                writer.close()

    # --- order -------------------------------------------------------------------------------------------------------

    def star(self, session_id: str, *, on: bool = True) -> None:
        """Give a session a star, or take it away."""
        with self.database.writing(durable=True) as connection:
            if not order.star(connection, mend(session_id), on=on):
                raise self._unknown("session", session_id)

    def archive(self, session_id: str, *, on: bool = True) -> None:
        """Take a session out of the list, or put it there again; it is found either way."""
        with self.database.writing(durable=True) as connection:
            if not order.archive(connection, mend(session_id), on=on):
                raise self._unknown("session", session_id)

    def tag(self, session_id: str, words: Sequence[str], *, on: bool = True) -> None:
        """Put these words on a session, or take them away."""
        with self.database.writing(durable=True) as connection:
            if not order.tag(connection, mend(session_id), list(map(mend, words)), on=on):
                raise self._unknown("session", session_id)

    def tags(self) -> list[tuple[str, int]]:
        """All words that are on sessions, and on how many."""
        with self.database.reading() as connection:
            return order.tags(connection)

    # --- the trash ---------------------------------------------------------------------------------------------------

    def delete(self, session_id: str) -> None:
        """Put a session into the trash: it is neither listed nor found until it is restored, or goes on."""
        with self.database.writing(durable=True) as connection:
            if not trash.put(connection, mend(session_id), self._now_ms()):
                raise self._unknown("session", session_id)

    def restore(self, session_id: str) -> None:
        """Take a session out of the trash, with all that was said."""
        with self.database.writing(durable=True) as connection:
            if not trash.take_out(connection, mend(session_id)):
                raise self._unknown("deleted session", session_id)

    def trashed(self, *, limit: int = 50) -> list[SessionSummary]:
        """What is in the trash, the last deleted first."""
        with self.database.reading() as connection:
            return trash.content(connection, limit)

    def purge(self, *, days: float) -> bool:
        """Delete for good the one session that has been in the trash the longest; False when none has for so long.

        One at a time, since a long one takes a tenth of a second, in which no other can write.
        """
        if not self.database.path.exists():
            return False
        before_ms = int(self._now_ms() - days * _DAY_MS)
        with self.database.reading() as connection:
            key = trash.expired(connection, before_ms)
        if key is None:
            return False
        with self.database.writing(durable=False) as connection:
            trash.destroy(connection, key, before_ms)
        return True

    # --- inside ------------------------------------------------------------------------------------------------------

    def _put(self, connection: sqlite3.Connection, message: Message, *, session: int) -> int | None:
        key = _key(connection, message.id, session)
        if key is None:
            return self._add(connection, message, session)
        if message.state == "streaming":
            self._reopen(connection, key, message)
        else:
            _seal(connection, key, message)
        return key

    def _reopen(self, connection: sqlite3.Connection, key: int, reply: Message) -> None:
        """A sealed reply goes on: what it says so far is its first piece."""
        if connection.execute(_REOPEN_MESSAGE, (self._writer_id(), key)).rowcount:
            values = (rows.piece(reply.text), rows.piece(reply.reasoning), reply.id)
            connection.execute(_ADD_PIECE, values)

    def _add(self, connection: sqlite3.Connection, message: Message, session: int) -> int | None:
        parent = None if message.parent is None else _key(connection, message.parent, session)
        if message.parent is not None and parent is None:
            raise Forgotten(
                f"What was said before is not in {self.database.path} any more.",
                hint="The file was taken away; the whole chat is written again.",
            )
        values = rows.of_message(message) | {
            "session": session,
            "parent": parent,
            "writer": self._writer_id() if message.state == "streaming" else None,
        }
        key = connection.execute(_ADD_MESSAGE, values).lastrowid
        for number, attachment in enumerate(message.attachments, start=1):
            row = rows.of_attachment(attachment)
            connection.execute(_KEEP_BODY, (row["body"], attachment.body))
            connection.execute(_ATTACH, row | {"message": key, "number": number})
        return key

    def _writer_id(self) -> str:
        """Under which this process streams; its lock is held before any row says so."""
        if self._writer is None:
            now = self._now_ms()
            self._writer = writers.Writer(self._writers, new_id(now))
            writers.sweep(self._writers, before=new_id(max(0, now - _DAY_MS)))
        return self._writer.id

    def _recover(self) -> None:
        """Fold the replies whose process is gone. Where that fails they are still readable as they are."""
        with suppress(StoreError):
            gone = self._gone()
            if not gone:
                return
            with self.database.writing(durable=True) as connection:
                for writer in gone:
                    _cut(connection, writer)

    def _gone(self) -> list[str]:
        with self.database.reading() as connection:
            found = connection.execute(
                "SELECT DISTINCT writer FROM message WHERE state = 'streaming'"
            ).fetchall()
            mine = self._writer and self._writer.id
            return [
                row["writer"]
                for row in found
                if row["writer"] != mine and not writers.is_alive(self._writers, row["writer"])
            ]

    def _unknown(self, what: str, its_id: str) -> StoreError:
        return StoreError(
            f"There is no {what} {mend(its_id)} in {self.database.path}.",
            hint="/resume lists the sessions that are stored.",
        )


def _found(connection: sqlite3.Connection, uid: str) -> tuple[Session, Conversation] | None:
    row = connection.execute("SELECT * FROM session WHERE uid = ?", (mend(uid),)).fetchone()
    return None if row is None else (rows.session(row), _tree(connection, row["id"], row["leaf"]))


def _session_key(connection: sqlite3.Connection, uid: str) -> int:
    (key,) = connection.execute("SELECT id FROM session WHERE uid = ?", (mend(uid),)).fetchone()
    return int(key)


def _lead(
    connection: sqlite3.Connection, key: int, session: Session, conversation: Conversation
) -> None:
    """What the session is called, where it goes on, and what of it is sent, is as it is elsewhere."""
    connection.execute(_UPDATE_SESSION, rows.of_session(session))
    leaf = None if conversation.leaf is None else _key(connection, conversation.leaf, key)
    connection.execute("UPDATE session SET leaf = ? WHERE id = ?", (leaf, key))
    asked = (message for message in conversation.messages.values() if message.role == "user")
    marks = ({"mark": m.mark, "left": m.left, "session": key, "uid": mend(m.id)} for m in asked)
    connection.executemany(_MARK, marks)


def _keep_session(connection: sqlite3.Connection, session: Session, now_ms: int) -> int:
    values = rows.of_session(session) | {"now_ms": now_ms}
    connection.execute(_KEEP_SESSION, values)
    return _session_key(connection, session.id)


def _key(connection: sqlite3.Connection, uid: str, session: int) -> int | None:
    found = connection.execute(
        "SELECT id FROM message WHERE uid = ? AND session = ?", (uid, session)
    ).fetchone()
    return None if found is None else int(found["id"])


def _tree(connection: sqlite3.Connection, session: int, leaf: int | None) -> Conversation:
    """All messages in one range scan; the tree is built here, which beats a recursive query."""
    found = _messages(connection, session)
    uids = {row["id"]: row["uid"] for row in found}
    messages = {row["uid"]: rows.message(row, uids) for row in found}
    for row in found:
        if row["state"] == "streaming":
            text, reasoning = _so_far(connection, row["id"])
            messages[row["uid"]] = replace(messages[row["uid"]], text=text, reasoning=reasoning)
    for key, attached in _attached(connection, session).items():
        uid = uids[key]
        messages[uid] = replace(messages[uid], attachments=tuple(attached))
    return Conversation(messages, uids.get(leaf) if leaf is not None else None)


def _messages(connection: sqlite3.Connection, session: int) -> list[sqlite3.Row]:
    """Read as UTF-8, and patiently only where a byte is none: with 10,000 messages that is felt."""
    patient, connection.text_factory = connection.text_factory, str
    try:
        return connection.execute(rows.TREE, (session,)).fetchall()
    except sqlite3.OperationalError as error:
        if "UTF-8" not in str(error):
            raise
    finally:
        connection.text_factory = patient
    return connection.execute(rows.TREE, (session,)).fetchall()


def _attached(connection: sqlite3.Connection, session: int) -> dict[int, list[Attachment]]:
    """What is attached to the messages of a session, by their keys."""
    found = connection.execute(rows.ATTACHED, (session,)).fetchall()
    bodies = dict(map(tuple, connection.execute(_BODIES, (session,)))) if found else {}
    attached: dict[int, list[Attachment]] = {}
    for row in found:
        if row["body"] in bodies:  # unless the file is damaged
            attached.setdefault(row["message"], []).append(rows.attachment(row, bodies))
    return attached


def _so_far(connection: sqlite3.Connection, reply: int) -> tuple[str, str]:
    """Text and reasoning of a streaming reply, from its pieces."""
    pieces = connection.execute(
        "SELECT text, reasoning FROM piece WHERE message = ? ORDER BY number", (reply,)
    ).fetchall()
    return (
        rows.joined([piece["text"] for piece in pieces]),
        rows.joined([piece["reasoning"] for piece in pieces]),
    )


def _cut(connection: sqlite3.Connection, writer: str) -> None:
    """Seal what a dead writer left open, with what it journalled. Another process may have done so already."""
    left = connection.execute(
        "SELECT id FROM message WHERE writer = ? AND state = 'streaming'", (writer,)
    ).fetchall()
    for row in left:
        connection.execute(
            "UPDATE message SET state = 'cut', writer = NULL, text = ?, reasoning = ?, error = ? WHERE id = ?",
            (*_so_far(connection, row["id"]), CUT, row["id"]),
        )
        connection.execute("DELETE FROM piece WHERE message = ?", (row["id"],))


def _seal(connection: sqlite3.Connection, key: int, reply: Message) -> None:
    connection.execute(_SEAL_MESSAGE, rows.of_message(reply) | {"id": key})
    connection.execute("DELETE FROM piece WHERE message = ?", (key,))
