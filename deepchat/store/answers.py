"""What the stored answers took, read from one index alone, not from between the texts."""

import sqlite3
from typing import Final

from deepchat.conversation import Spent
from deepchat.stats import Answer

# What is older than its session was copied by /fork: it was paid for, and is counted, in the original.
_SINCE: Final = """
    FROM message INDEXED BY message_answer JOIN session ON session.id = message.session
    WHERE role = 'assistant' AND edited = 0 AND (message.cost IS NOT NULL OR text <> '' OR reasoning <> '')
      AND message.created_ms >= ? AND (message.cost IS NOT NULL OR message.created_ms >= session.created_ms)"""

_ANSWERED: Final = "coalesce(nullif(reported_model, ''), message.model)"

_SPENT: Final = f"""
    SELECT {_ANSWERED} AS answered, count(*), total(prompt_tokens), total(completion_tokens), total(message.cost),
      max(message.cost_estimated), count(*) - count(message.cost)
    {_SINCE}
    GROUP BY answered ORDER BY total(message.cost) DESC, answered"""

_ANSWERS: Final = f"""
    SELECT message.created_ms, {_ANSWERED}, message.provider, prompt_tokens, completion_tokens, message.cost,
      message.cost_estimated, first_token_s, seconds, retries
    {_SINCE}
    ORDER BY message.created_ms"""


def spent(connection: sqlite3.Connection, since_ms: int) -> list[Spent]:
    """What they have cost since then, model by model, the dearest first; those without a price are counted."""
    return [
        Spent(model, n, int(put), int(got), cost, bool(estimated), unpriced)
        for model, n, put, got, cost, estimated, unpriced in connection.execute(_SPENT, (since_ms,))
    ]


def read(connection: sqlite3.Connection, since_ms: int) -> list[Answer]:
    """Each of them since then, the oldest first."""
    return [
        Answer(at_ms, model, provider, put, got, cost, bool(estimated), *rest)
        for at_ms, model, provider, put, got, cost, estimated, *rest in connection.execute(
            _ANSWERS, (since_ms,)
        )
    ]
