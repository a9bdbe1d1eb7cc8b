"""Sessions of aichat (github.com/sigoden/aichat): a YAML file each, named after the session.

The mapping: model and temperature are taken over, a system message is the persona; the messages, those that aichat has
compressed first, become the conversation. Pictures are left out, and counted. aichat keeps no times: a file's own stands
for all.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from deepchat.conversation import Conversation, Json, Message, Role, Session
from deepchat.transfer.records import Loaded
from deepchat.transfer.source import Found, derived_id, listed, mapping, text_of

PROVIDER: Final = "aichat"

_ROLES: Final[dict[str, Role]] = {"user": "user", "assistant": "assistant"}


def read(paths: list[Path]) -> Found:
    """The sessions in these files; one that is none is left out."""
    left_out: Counter[str] = Counter()
    return Found(_sessions(paths, left_out), left_out)


def _sessions(paths: list[Path], left_out: Counter[str]) -> Iterator[Loaded]:
    for path in paths:
        try:
            whole = mapping(yaml.safe_load(path.read_bytes()))
        except (yaml.YAMLError, OSError, RecursionError):
            left_out["file that cannot be read"] += 1
            continue
        found = _session(path, whole, left_out)
        if found[1].messages:
            yield found
        else:
            left_out["file that is no session"] += 1


def _session(path: Path, whole: dict[str, Any], left_out: Counter[str]) -> Loaded:
    created = path.stat().st_mtime_ns // 1_000_000
    said = listed(whole.get("compressed_messages")) + listed(whole.get("messages"))
    persona, conversation = "", Conversation()
    for number, record in enumerate(map(mapping, said)):
        text = _text(record.get("content"), left_out)
        if record.get("role") == "system":
            persona = persona or text
        elif role := _ROLES.get(text_of(record.get("role"))):
            id_ = derived_id(0, PROVIDER, path.stem, str(number), text)
            message = Message(id_, role, text, conversation.leaf, created_ms=created)
            conversation = conversation.add(message)
    session = Session(
        derived_id(0, PROVIDER, path.stem),
        path.stem,
        text_of(whole.get("model")),
        PROVIDER,
        persona,
        parameters=_parameters(whole),
        created_ms=created,
    )
    return session, conversation


def _text(content: object, left_out: Counter[str]) -> str:
    if isinstance(content, str):
        return content
    parts = list(map(mapping, listed(content)))
    left_out["picture"] += sum(part.get("type") == "image_url" for part in parts)
    return "\n".join(filter(None, (text_of(part.get("text")) for part in parts)))


def _parameters(whole: dict[str, Any]) -> dict[str, Json]:
    known = {name: whole.get(name) for name in ("temperature", "top_p")}
    return {name: value for name, value in known.items() if isinstance(value, (int, float))}
