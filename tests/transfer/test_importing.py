"""Chats of other programs: what they hold comes in, what cannot is named, and the same again is the same."""

import json
import os
import sqlite3
import zipfile
from contextlib import closing

import pytest

from deepchat.conversation import Usage
from deepchat.errors import UsageError
from deepchat.transfer.importing import read


def node(id_, parent, role=None, parts=None, **message):
    content = {"content_type": "text", "parts": parts} if parts is not None else {}
    whole = {"author": {"role": role}, "create_time": 1.5e9, "content": content, **message}
    return {id_: {"id": id_, "parent": parent, "children": [], "message": whole if role else None}}


CHATGPT = {
    "title": "Wurst",
    "create_time": 1_500_000_000.25,
    "conversation_id": "c-1",
    "default_model_slug": "gpt-4",
    "current_node": "a3",
    "mapping": {
        **node("root", None),
        **node(
            "sys",
            "root",
            "system",
            ["hidden"],
            metadata={"is_visually_hidden_from_conversation": True},
        ),
        **node("q1", "sys", "user", ["Why?", {"content_type": "image_asset_pointer"}]),
        **node("a1", "q1", "assistant", ["Old answer."], metadata={"model_slug": "gpt-3"}),
        **node("a2", "q1", "assistant", ["Let me see."]),
        **node("call", "a2", "assistant", ["search()"], recipient="browser"),
        **node("tool", "call", "tool", ["result"]),
        **node("a3", "tool", "assistant", ["Because."], metadata={"model_slug": "gpt-4"}),
    },
}

CLAUDE = {
    "uuid": "u-1",
    "name": "Käse",
    "created_at": "2024-05-01T10:00:00.5Z",
    "chat_messages": [
        {
            "uuid": "m-1",
            "sender": "human",
            "text": "Look",
            "content": [{"type": "text", "text": "Look"}],
            "created_at": "2024-05-01T10:00:01Z",
            "attachments": [{"file_name": "a.txt", "extracted_content": "inside"}],
            "files": [{"file_name": "p.png"}],
        },
        {
            "uuid": "m-2",
            "sender": "assistant",
            "text": "",
            "content": [
                {"type": "thinking", "thinking": "Hm."},
                {"type": "tool_use", "name": "x"},
                {"type": "text", "text": "Seen."},
            ],
            "created_at": "2024-05-01T10:00:02Z",
        },
    ],
}


def said(conversation):
    return [(message.role, message.text) for message in conversation.path()]


def only(path):
    found = read(path)
    ((session, conversation),) = found.sessions
    return session, conversation, dict(found.left_out)


def test_chatgpt(tmp_path):
    (path := tmp_path / "conversations.json").write_text(json.dumps([CHATGPT]))
    session, conversation, left_out = only(path)
    assert (session.title, session.model, session.created_ms) == (
        "Wurst",
        "gpt-4",
        1_500_000_000_250,
    )
    assert said(conversation) == [("user", "Why?"), ("assistant", "Let me see.\n\nBecause.")]
    assert conversation.path()[-1].model == "gpt-4"
    texts = {message.text for message in conversation.messages.values()}
    assert texts == {"Why?", "Old answer.", "Let me see.\n\nBecause."}
    assert left_out == {"picture": 1, "call of a tool": 1, "result of a tool": 1}


def test_claude_in_its_zip(tmp_path):
    with zipfile.ZipFile(path := tmp_path / "export.zip", "w") as archive:
        archive.writestr("data/conversations.json", json.dumps([CLAUDE]))
        archive.writestr("users.json", "[]")
    session, conversation, left_out = only(path)
    assert (session.title, session.created_ms) == ("Käse", 1_714_557_600_500)
    assert said(conversation) == [("user", "Look"), ("assistant", "Seen.")]
    asked, reply = conversation.path()
    assert [(a.name, a.text) for a in asked.attachments] == [("a.txt", "inside")]
    assert reply.reasoning == "Hm."
    assert left_out == {"tool_use part": 1, "file without its text": 1}


def logs(path):
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            """
            CREATE TABLE conversations (id TEXT PRIMARY KEY, name TEXT, model TEXT);
            CREATE TABLE responses (id TEXT PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, prompt_json TEXT,
              options_json TEXT, response TEXT, response_json TEXT, conversation_id TEXT, duration_ms INTEGER,
              datetime_utc TEXT, input_tokens INTEGER, output_tokens INTEGER);
            CREATE TABLE prompt_attachments (response_id TEXT, attachment_id TEXT);
            INSERT INTO conversations VALUES ('c1', 'Brot', 'gpt-4o');
            INSERT INTO responses VALUES ('r1', 'gpt-4o', 'Why?', 'Be kind.', NULL, '{"temperature": 1}', 'Because.',
              NULL, 'c1', 1500, '2024-05-01T10:00:00.123456', 10, 20);
            INSERT INTO responses VALUES ('r2', 'gpt-4o', 'And?', NULL, NULL, NULL, 'So.', NULL, 'c1', 5,
              '2024-05-01T10:00:05', NULL, NULL);
            INSERT INTO responses VALUES ('r3', 'm', 'Alone', NULL, NULL, 'no json', 'Yes.', NULL, NULL, NULL,
              '2024-05-02T10:00:05', NULL, NULL);
            INSERT INTO prompt_attachments VALUES ('r1', 'a1');
            """
        )


def test_llm(tmp_path):
    logs(path := tmp_path / "logs.db")
    before = path.read_bytes()
    found = read(path)
    alone, (session, conversation) = sorted(found.sessions, key=lambda one: one[0].title)
    assert (session.title, session.model) == ("Brot", "gpt-4o")
    texts = ["Why?", "Because.", "And?", "So."]
    assert [text for _, text in said(conversation)] == texts
    reply = conversation.path()[1]
    assert (reply.usage, reply.seconds) == (Usage(10, 20), 1.5)
    assert (reply.parameters, reply.created_ms) == ({"temperature": 1}, 1_714_557_600_123)
    assert said(alone[1]) == [("user", "Alone"), ("assistant", "Yes.")]
    assert dict(found.left_out) == {"attachment": 1}
    assert path.read_bytes() == before


AICHAT = """
model: openai:gpt-4o
temperature: 0.5
compressed_messages:
- role: system
  content: Be kind.
- role: user
  content: First
- role: assistant
  content: One
messages:
- role: user
  content:
  - type: text
    text: Look
  - type: image_url
    image_url: {url: "data:x"}
- role: assistant
  content: Seen
"""


def test_a_folder_of_aichat(tmp_path):
    (tmp_path / "käse.yaml").write_text(AICHAT)
    (tmp_path / "broken.yaml").write_text("a: [")
    (tmp_path / "other.yaml").write_text("- 1")
    (tmp_path / "evil.yaml").write_text("!!python/object/apply:os.system ['touch /tmp/x']")
    os.utime(tmp_path / "käse.yaml", ns=(0, 5_000_000))
    session, conversation, left_out = only(tmp_path)
    assert (session.title, session.persona, session.created_ms) == ("käse", "Be kind.", 5)
    assert (session.model, session.parameters) == ("openai:gpt-4o", {"temperature": 0.5})
    assert [text for _, text in said(conversation)] == ["First", "One", "Look", "Seen"]
    assert left_out == {
        "picture": 1,
        "file that cannot be read": 2,
        "file that is no session": 1,
    }


def test_ids_are_the_same_whenever_it_is_imported(tmp_path):
    (path := tmp_path / "conversations.json").write_text(json.dumps([CHATGPT]))
    first = [*read(path).sessions]
    assert first == [*read(path).sessions]
    ((session, conversation),) = first
    assert {len(id_) for id_ in (session.id, *conversation.messages)} == {26}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"format": "deepchat", "version": 99, "sessions": []}',
        b'[{"id": "other"}]',
        b"SQLite format 3\0 no more",
        b"PK\x03\x04 no zip",
        b"just words\n",
    ],
)
def test_what_is_no_file_of_chats_is_refused_in_one_sentence(tmp_path, content):
    (path := tmp_path / "x").write_bytes(content)
    with pytest.raises(UsageError) as refusal:
        read(path)
    assert str(path) in str(refusal.value)
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read(tmp_path / "nowhere")


OURS = {
    "id": "s",
    "messages": [
        {"id": "q", "role": "user", "text": "Why?"},
        {"id": "a", "role": "assistant", "text": "So.", "parent": "q"},
    ],
    "leaf": "a",
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": 5},
        {"messages": None},
        {"messages": [{"id": "q", "role": "robot", "text": ""}]},
        {"messages": [{"id": "q", "role": "user"}]},
        {"messages": [{"id": "q", "role": "user", "text": "", "parent": "nowhere"}]},
        {"messages": [{"id": "q", "role": "user", "text": "", "state": "streaming"}]},
        {"messages": [{"id": "q", "role": "user", "text": "", "attachments": [{"body": "no"}]}]},
        {"messages": [{"id": "q", "role": "user", "text": "", "usage": 3}]},
        {"messages": [{"id": "q", "role": "user", "text": "", "mark": "loud"}]},
        {"messages": [{"id": "q", "role": "user", "text": "", "unsent": [1]}]},
        {"leaf": "nowhere"},
        {"bodies": {"x": {"base64": "?"}}},
        {"parameters": [1]},
    ],
)
def test_a_broken_chat_is_named_and_the_others_come_in(tmp_path, wrong):
    whole = {"format": "deepchat", "version": 1, "sessions": [OURS | wrong, OURS]}
    (path := tmp_path / "x.json").write_text(json.dumps(whole))
    found = read(path)
    assert [session.id for session, _ in found.sessions] == ["s"]
    assert sum(found.left_out.values()) == 1


def test_a_line_that_was_cut_costs_only_itself(tmp_path):
    line = json.dumps({"format": "deepchat", "version": 1, "session": OURS})
    (path := tmp_path / "x.jsonl").write_text(f"{line}\n\n{line[:50]}")
    found = read(path)
    assert len([*found.sessions]) == 1
    assert found.left_out["line that is no JSON"] == 1


def test_fields_of_the_future_are_passed_over(tmp_path):
    whole = {"format": "deepchat", "version": 1, "session": OURS | {"color": "red"}}
    (path := tmp_path / "x.json").write_text(json.dumps(whole))
    assert len([*read(path).sessions]) == 1
