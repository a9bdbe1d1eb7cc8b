"""The history of the schema: one decorated function a step, read top to bottom. When they are applied is `database`'s
business.

A step that has been released is never edited; what comes later is a step of its own, at the end.
"""

import sqlite3
from collections.abc import Callable
from typing import Final

Step = Callable[[sqlite3.Connection], None]

# The k-th step leads from version k - 1 to k, kept in the file as its user_version.
STEPS: Final[list[Step]] = []


def step(function: Step) -> Step:
    """The next version of the schema. Runs inside a transaction, on a connection in autocommit mode."""
    STEPS.append(function)
    return function


@step
def sessions_and_messages(connection: sqlite3.Connection) -> None:
    """Sessions, their trees of messages, the journal of replies in flight, and the full-text index."""
    _run(
        connection,
        """
        CREATE TABLE session (
          id           INTEGER PRIMARY KEY,
          uid          TEXT NOT NULL UNIQUE,
          title        TEXT NOT NULL,
          model        TEXT NOT NULL,
          provider     TEXT NOT NULL,
          persona      TEXT NOT NULL,
          persona_name TEXT NOT NULL,
          parameters   TEXT NOT NULL,              -- JSON
          leaf         INTEGER REFERENCES message(id) ON DELETE SET NULL,
          created_ms   INTEGER NOT NULL,
          updated_ms   INTEGER NOT NULL,           -- when a turn last began or ended
          turns        INTEGER NOT NULL DEFAULT 0, -- kept by triggers, so that the list never counts
          cost         REAL                        -- likewise; US dollars, NULL when unknown
        );
        CREATE INDEX session_recent ON session(updated_ms DESC, id DESC);
        -- Without it every deleted message scans all sessions for its REFERENCES.
        CREATE INDEX session_leaf ON session(leaf);

        CREATE TABLE message (
          id                INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused: the index refers to it
          uid               TEXT NOT NULL UNIQUE,
          session           INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
          parent            INTEGER,
          role              TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
          state             TEXT NOT NULL
                            CHECK (state IN ('streaming', 'done', 'stopped', 'cut', 'failed')),
          writer            TEXT,                  -- who streams into it, see writers.py
          text              TEXT NOT NULL,
          reasoning         TEXT NOT NULL,
          model             TEXT NOT NULL,
          reported_model    TEXT NOT NULL,
          provider          TEXT NOT NULL,
          parameters        TEXT NOT NULL,         -- JSON
          finish_reason     TEXT NOT NULL,
          prompt_tokens     INTEGER,
          completion_tokens INTEGER,
          cached_tokens     INTEGER,
          reasoning_tokens  INTEGER,
          cost              REAL,                  -- US dollars
          error             TEXT NOT NULL,
          request_id        TEXT NOT NULL,
          created_ms        INTEGER NOT NULL,
          first_token_s     REAL,
          seconds           REAL,
          -- A parent is of the same session. Not ON DELETE CASCADE: along a chain of more than 1,000
          -- messages that fails with "too many levels of trigger recursion".
          FOREIGN KEY (session, parent) REFERENCES message(session, id) DEFERRABLE INITIALLY DEFERRED
        );
        CREATE UNIQUE INDEX message_session ON message(session, id);
        CREATE INDEX message_parent ON message(session, parent);
        CREATE INDEX message_open ON message(writer) WHERE state = 'streaming';

        -- A reply while it streams, as it came in: a long one is not rewritten at each tick. The bytes are UTF-8,
        -- in which (unlike in TEXT) half a surrogate pair may wait for the other half in the next piece.
        CREATE TABLE piece (
          message   INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
          number    INTEGER NOT NULL,
          text      BLOB NOT NULL,
          reasoning BLOB NOT NULL,
          PRIMARY KEY (message, number)
        ) WITHOUT ROWID;

        -- The index holds no second copy of the text. It reads from a view, not from the table: otherwise its
        -- integrity check would call a healthy database malformed while a reply streams.
        CREATE VIEW searchable AS
          SELECT id, text FROM message WHERE state <> 'streaming' AND role <> 'system';
        CREATE VIRTUAL TABLE message_fts USING fts5(
          text, content='searchable', content_rowid='id', tokenize="unicode61 remove_diacritics 2");
        CREATE TRIGGER message_indexed AFTER INSERT ON message BEGIN
          INSERT INTO message_fts(rowid, text)
            SELECT new.id, new.text WHERE new.state <> 'streaming' AND new.role <> 'system';
        END;
        CREATE TRIGGER message_unindexed AFTER DELETE ON message BEGIN
          INSERT INTO message_fts(message_fts, rowid, text)
            SELECT 'delete', old.id, old.text WHERE old.state <> 'streaming' AND old.role <> 'system';
        END;
        -- One trigger: of two, SQLite may run the insert before the delete, and the message drops out of the index.
        CREATE TRIGGER message_reindexed AFTER UPDATE OF text, state ON message BEGIN
          INSERT INTO message_fts(message_fts, rowid, text)
            SELECT 'delete', old.id, old.text WHERE old.state <> 'streaming' AND old.role <> 'system';
          INSERT INTO message_fts(rowid, text)
            SELECT new.id, new.text WHERE new.state <> 'streaming' AND new.role <> 'system';
        END;

        CREATE TRIGGER message_counted AFTER INSERT ON message BEGIN
          UPDATE session
            SET turns = turns + (new.role = 'user'), cost = coalesce(cost + new.cost, cost, new.cost)
            WHERE id = new.session;
        END;
        CREATE TRIGGER message_uncounted AFTER DELETE ON message BEGIN
          UPDATE session
            SET turns = turns - (old.role = 'user'), cost = cost - coalesce(old.cost, 0)
            WHERE id = old.session;
        END;
        CREATE TRIGGER message_charged AFTER UPDATE OF cost ON message WHEN new.cost IS NOT old.cost BEGIN
          UPDATE session
            SET cost = coalesce(cost, 0) - coalesce(old.cost, 0) + coalesce(new.cost, 0)
            WHERE id = new.session;
        END;
        """,
    )


@step
def trash(connection: sqlite3.Connection) -> None:
    """Deleted sessions stay for a while, out of the lists and of what is found."""
    _run(
        connection,
        """
        ALTER TABLE session ADD COLUMN trashed_ms INTEGER;  -- when it was deleted; NULL: it was not
        DROP INDEX session_recent;
        CREATE INDEX session_recent ON session(updated_ms DESC, id DESC) WHERE trashed_ms IS NULL;
        CREATE INDEX session_trashed ON session(trashed_ms) WHERE trashed_ms IS NOT NULL;
        """,
    )


@step
def attachments(connection: sqlite3.Connection) -> None:
    """What goes along with messages: each body once, however often it is attached."""
    _run(
        connection,
        """
        CREATE TABLE body (
          digest TEXT PRIMARY KEY,                 -- SHA-256 of the bytes, in hex
          bytes  BLOB NOT NULL
        );
        CREATE TABLE attachment (
          message    INTEGER NOT NULL REFERENCES message(id) ON DELETE CASCADE,
          number     INTEGER NOT NULL,             -- its place in the message
          name       TEXT NOT NULL,
          media_type TEXT NOT NULL,
          body       TEXT NOT NULL REFERENCES body(digest),
          path       TEXT NOT NULL,
          first_line INTEGER,                      -- of the file, counted from 1; NULL for all of it
          last_line  INTEGER,
          digest     TEXT NOT NULL,                -- SHA-256 of what the model then knows of the file
          PRIMARY KEY (message, number)
        ) WITHOUT ROWID;
        CREATE INDEX attachment_body ON attachment(body);
        CREATE TRIGGER attachment_gone AFTER DELETE ON attachment BEGIN
          DELETE FROM body
            WHERE digest = old.body AND NOT EXISTS (SELECT 1 FROM attachment WHERE body = old.body);
        END;
        """,
    )


@step
def retries(connection: sqlite3.Connection) -> None:
    """How often a request was sent again before its reply began."""
    _run(connection, "ALTER TABLE message ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;")


@step
def spending(connection: sqlite3.Connection) -> None:
    """What was spent since a day is read from here alone, not from between the texts."""
    _run(
        connection,
        """
        CREATE INDEX message_spent
          ON message(created_ms, reported_model, model, prompt_tokens, completion_tokens, cost)
          WHERE role = 'assistant' AND cost IS NOT NULL;
        """,
    )


@step
def changes(connection: sqlite3.Connection) -> None:
    """When a session was changed other than by a turn: of two that meet, the later one counts."""
    _run(
        connection,
        """
        ALTER TABLE session ADD COLUMN changed_ms INTEGER NOT NULL DEFAULT 0;  -- title, persona, model, active leaf
        """,
    )


@step
def order(connection: sqlite3.Connection) -> None:
    """Stars, tags and an archive; and what finds a session by its title or the end of its id without its texts."""
    _run(
        connection,
        """
        ALTER TABLE session ADD COLUMN starred INTEGER NOT NULL DEFAULT 0;   -- 1: it was given a star
        ALTER TABLE session ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;  -- 1: out of the list, and still found
        DROP INDEX session_recent;
        -- With the title, and what it asks for itself, so that titles are looked through without the rest.
        CREATE INDEX session_recent ON session(archived, updated_ms DESC, id DESC, title, trashed_ms)
          WHERE trashed_ms IS NULL;
        CREATE INDEX session_ending ON session(substr(uid, -6));
        CREATE TABLE tag (
          session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
          word    TEXT NOT NULL,
          PRIMARY KEY (session, word)
        ) WITHOUT ROWID;
        CREATE INDEX tag_word ON tag(word);
        """,
    )


@step
def estimates(connection: sqlite3.Connection) -> None:
    """Which costs the server did not say: they are estimated by the prices of its list."""
    _run(
        connection,
        """
        ALTER TABLE message ADD COLUMN cost_estimated INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE session ADD COLUMN cost_estimated INTEGER NOT NULL DEFAULT 0;  -- 1: a part of it is; kept by triggers
        DROP INDEX message_spent;
        CREATE INDEX message_spent
          ON message(created_ms, reported_model, model, prompt_tokens, completion_tokens, cost, cost_estimated)
          WHERE role = 'assistant' AND cost IS NOT NULL;
        CREATE TRIGGER message_estimated AFTER INSERT ON message WHEN new.cost_estimated BEGIN
          UPDATE session SET cost_estimated = 1 WHERE id = new.session;
        END;
        CREATE TRIGGER message_reestimated AFTER UPDATE OF cost_estimated ON message WHEN new.cost_estimated BEGIN
          UPDATE session SET cost_estimated = 1 WHERE id = new.session;
        END;
        """,
    )


@step
def marks(connection: sqlite3.Connection) -> None:
    """What is not to be sent, or always; and what a reply was asked for without."""
    _run(
        connection,
        """
        ALTER TABLE message ADD COLUMN mark TEXT NOT NULL DEFAULT '';      -- of a question: pinned, muted, summary
        ALTER TABLE message ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0;  -- a question, with all before it
        ALTER TABLE message ADD COLUMN sent_after TEXT NOT NULL DEFAULT '';  -- of a reply: uid of the last one left out
        ALTER TABLE message ADD COLUMN exceptions TEXT NOT NULL DEFAULT '[]';  -- to that: JSON, uids of questions
        """,
    )


@step
def hints(connection: sqlite3.Connection) -> None:
    """What went along with a question for one reply alone."""
    _run(connection, "ALTER TABLE message ADD COLUMN hint TEXT NOT NULL DEFAULT '';")


@step
def edits(connection: sqlite3.Connection) -> None:
    """Which replies the user made of others."""
    _run(connection, "ALTER TABLE message ADD COLUMN edited INTEGER NOT NULL DEFAULT 0;")


@step
def answers(connection: sqlite3.Connection) -> None:
    """What answers took, those without a price, too, is read from here alone, not from between the texts."""
    _run(
        connection,
        """
        DROP INDEX message_spent;
        CREATE INDEX message_answer
          ON message(created_ms, session, reported_model, model, provider, prompt_tokens, completion_tokens, cost,
            cost_estimated, first_token_s, seconds, retries)
          WHERE role = 'assistant' AND edited = 0 AND (cost IS NOT NULL OR text <> '' OR reasoning <> '');
        """,
    )


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Each statement of a script. Not `executescript`, which would commit the transaction around it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
