"""How listing, finding, opening and keeping do with ten years of chats. Hand-run.

    python tests/benchmarks/scale.py FOLDER [--sessions 100000]

In the folder a database is made at the first run: 10 messages a session, one session of 10,000, words as rare and as common
as in a language, one text in twenty in Chinese. That takes some minutes and 700 MB. Times are of the CPU, of a warm cache,
the median of several; beside them is the barest SELECT that reads the same, and how many times that takes.
"""

import argparse
import random
import resource
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # it is run by its path

from deepchat.conversation import Message, Session, new_id
from deepchat.errors import StoreError
from deepchat.sought import Only
from deepchat.store.database import Database
from deepchat.store.sessions import Store
from deepchat.wanted import wanted_while

EACH: Final = 10
LONG: Final = 10_000
BATCH: Final = 2_000
FIRST_MS: Final = 1_500_000_000_000
EVERY_MS: Final = 300_000

SYLLABLES: Final = (
    "ba be bi bo da de di do fa fe ga go ka ki ko la le li lo ma me mi mo na ne no pa"
)
CHINESE: Final = "的一是不了在人有我他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生"
UNCOMMON: Final = "石榴"

# In one message of so many, and in no other.
PLANTED: Final = {"pomegranate": 333_333, "lighthouse": 1_000, "harbour": 100, "weather": 2}

PUT_SESSION: Final = """
    INSERT INTO session (id, uid, title, model, provider, persona, persona_name, parameters, created_ms, updated_ms)
    VALUES (?, ?, ?, ?, 'deepinfra', '', ?, '{}', ?, ?)"""

PUT_MESSAGE: Final = """
    INSERT INTO message (uid, session, parent, role, state, text, reasoning, model, reported_model, provider, parameters,
      finish_reason, error, request_id, created_ms, cost)
    VALUES (?, ?, ?, ?, 'done', ?, '', '', '', '', '{}', '', '', '', ?, ?)"""


def vocabulary(size: int) -> list[str]:
    """Words without a meaning."""
    dice, syllables = random.Random(1), SYLLABLES.split()
    return ["".join(dice.choices(syllables, k=2 + n % 4)) for n in range(size)]


def texts() -> Iterator[str]:
    """Texts of 4 to 56 words, as frequent as in a language."""
    dice, known = random.Random(5), vocabulary(30_000)
    weights = [1 / rank for rank in range(1, len(known) + 1)]
    drawn: list[str] = []
    for number in count(1):
        if len(drawn) < 60:
            drawn = dice.choices(known, weights, k=100_000)
        length = dice.randint(4, 56)
        said = [word for word, rarity in PLANTED.items() if number % rarity == 0]
        said += (drawn.pop() for _ in range(length))
        if number % 20 == 0:
            said.append("".join(dice.choices(CHINESE, k=60)))
        if number % 100_000 == 0:
            said.append(UNCOMMON)
        yield " ".join(said)


def build(path: Path, sessions: int) -> None:
    """A file of the present version with so many sessions."""
    said = texts()
    with closing(Database(path)) as database:
        for first in range(1, sessions + 1, BATCH):
            put(database, range(first, min(first + BATCH, sessions + 1)), said, EACH)
        put(database, range(sessions + 1, sessions + 2), said, LONG)


def put(database: Database, numbers: range, said: Iterator[str], each: int) -> None:
    with database.writing(durable=True) as connection:
        (key,) = connection.execute("SELECT coalesce(max(id), 0) FROM message").fetchone()
        for number in numbers:
            at_ms = FIRST_MS + number * EVERY_MS
            model, persona = f"lab/model-{number % 12}", "pirate" if number % 1_000 == 0 else ""
            title = f"{next(said)[:40]} {number}"
            connection.execute(
                PUT_SESSION, (number, new_id(at_ms), title, model, persona, at_ms, at_ms)
            )
            for place in range(each):
                asks = place % 2 == 0
                role, cost = ("user", None) if asks else ("assistant", 0.0001)
                parent = key if place else None
                row = (new_id(at_ms), number, parent, role, next(said), at_ms + place, cost)
                key = connection.execute(PUT_MESSAGE, row).lastrowid
            connection.execute("UPDATE session SET leaf = ? WHERE id = ?", (key, number))


def cpu_ms(act: Callable[[], object], times: int = 5) -> float:
    """The median of its runs, after one that warms the cache."""
    act()
    took = []
    for _ in range(times):
        begun = time.process_time()
        act()
        took.append((time.process_time() - begun) * 1000)
    return median(took)


BARE_LIST: Final = "SELECT * FROM session WHERE archived = 0 AND trashed_ms IS NULL ORDER BY updated_ms DESC LIMIT 50"
BARE_MATCH: Final = (
    "SELECT rowid FROM message_fts WHERE message_fts MATCH '{}' ORDER BY rowid DESC LIMIT 50"
)
BARE_LIKE: Final = "SELECT id FROM message WHERE text LIKE '%{}%' ORDER BY id DESC LIMIT 50"
BARE_TREE: Final = "SELECT * FROM message WHERE session = {}"


def reads(store: Store, raw: sqlite3.Connection, sessions: int) -> None:
    """What reads, beside its bare SELECT."""
    longest = store.find(limit=1)[0].id

    def row(what: str, goal_ms: int, act: Callable[[], object], bare: str) -> None:
        took, least = cpu_ms(act), cpu_ms(lambda: raw.execute(bare).fetchall())
        print(f"| {what} | {took:.1f} | {goal_ms} | {least:.2f} | {took / least:.1f} |", flush=True)

    print("| what | ms | goal | bare SELECT | times |")
    print("|---|---|---|---|---|")
    row("the list, first page", 20, lambda: store.find(), BARE_LIST)
    row(
        "the list, one persona in a thousand",
        100,
        lambda: store.find(only=Only(persona="pirate")),
        BARE_LIST,
    )
    for word, rarity in PLANTED.items():
        seldom = f"a word in one of {rarity:,}"
        goal = 300 if rarity >= 1_000 else 50  # few are ranked
        row(f"places of {seldom}", goal, partial(store.places, word), BARE_MATCH.format(word))
        row(f"chats with {seldom}", goal, partial(store.find, word), BARE_MATCH.format(word))
    for what, sought in (("a frequent", CHINESE[:2]), ("a rare", UNCOMMON), ("no", "石石榴")):
        row(
            f"places of {what} Chinese word",
            1_000,
            partial(store.places, sought),
            BARE_LIKE.format(sought),
        )
    row(
        "a word that nobody said",
        1_000,
        lambda: store.places("xylophones"),
        BARE_LIKE.format("xylophones"),
    )
    row("the end of an id", 50, lambda: store.find(longest[-6:]), BARE_LIST)
    row("opening 10,000 messages", 100, lambda: store.load(longest), BARE_TREE.format(sessions + 1))


def writes(store: Store, turns: int = 300) -> None:
    """How long a turn takes to keep: the question and an empty reply, then the whole reply."""
    said, session = texts(), Session(new_id(int(time.time() * 1000)), "A benchmark")
    took, above = [], None
    for _ in range(turns):
        asked = Message(new_id(0), "user", next(said), above)
        reply = Message(new_id(0), "assistant", next(said), asked.id)
        begun = time.perf_counter()
        store.open_turn(session, [asked, Message(reply.id, "assistant", "", asked.id, "streaming")])
        store.seal(reply)
        took.append((time.perf_counter() - begun) * 1000)
        above = reply.id
    store.delete(session.id)
    print(
        f"keeping a turn (by the clock): {median(took):.1f} ms, one in a hundred {quantiles(took, n=100)[98]:.1f}"
    )


def stopped_ms(store: Store, delay_s: float) -> float:
    """How long a search goes on that nobody wants any more (by the clock)."""
    gone = threading.Event()
    ended: list[float] = []

    def search() -> None:
        try:
            with wanted_while(lambda: not gone.is_set()):
                store.places("xylophones")
        except StoreError:
            ended.append(time.perf_counter())

    thread = threading.Thread(target=search)
    thread.start()
    time.sleep(delay_s)
    asked = time.perf_counter()
    gone.set()
    thread.join()
    return (ended[0] - asked) * 1000 if ended else 0.0


def sizes(path: Path, raw: sqlite3.Connection) -> None:
    (messages, text) = raw.execute(
        "SELECT count(*), sum(length(CAST(text AS BLOB))) FROM message"
    ).fetchone()
    size = path.stat().st_size
    over = (size - text) / messages / 1024
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{messages:,} messages, {size / 1e6:.0f} MB, of which {text / 1e6:.0f} are texts: {over:.2f} KB a message besides"
    )
    print(f"memory: {rss:.0f} MB at most")


def measure(path: Path, sessions: int) -> None:
    with closing(Store(path)) as store, closing(sqlite3.connect(path)) as raw:
        begun = time.process_time()
        store.find(limit=1)
        print(f"opening the file: {(time.process_time() - begun) * 1000:.1f} ms\n")
        reads(store, raw, sessions)
        stops = sorted(stopped_ms(store, delay) for delay in (0.01, 0.05, 0.1, 0.15, 0.2))
        print(
            f"\na search that is stopped goes on for {median(stops):.1f} ms, at most {stops[-1]:.1f}"
        )
        sizes(path, raw)
        writes(store)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sessions", type=int, default=100_000)
    wanted = parser.parse_args()
    path = wanted.folder / f"chats-{wanted.sessions}.db"
    if not path.exists():
        begun = time.process_time()
        build(path, wanted.sessions)
        print(f"built in {time.process_time() - begun:.0f} s of CPU")
    measure(path, wanted.sessions)


if __name__ == "__main__":
    main()
