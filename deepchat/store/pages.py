"""The records in a SQLite file, read page by page and without SQLite, which gives up on a damaged file where most of it
can be read. What they mean is `salvage`'s business.

The format: sqlite.org/fileformat2.html. Nothing here trusts a page: what makes no sense is passed over.
"""

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

Value = str | bytes | int | float | None

MAGIC: Final = b"SQLite format 3\0"
_HEADER: Final = 100

# What SQLite chooses unless told otherwise, and deepchat never tells it: it is right where the header is not.
_PAGE_SIZE: Final = 4096
_PAGE_SIZES: Final = (512, 1024, 2048, 4096, 8192, 16384, 32768)

_INDEX_INTERIOR: Final = 2
_TABLE_INTERIOR: Final = 5
_INDEX_LEAF: Final = 10
_TABLE_LEAF: Final = 13

# The table of all tables, and what it says of each.
SCHEMA: Final = "sqlite_schema"
_SCHEMA_COLUMNS: Final = ("type", "name", "tbl_name", "rootpage", "sql")

# Names for what no table leads to: no table is called so.
LOST: Final = ""
HARMED: Final = "?"

_LOG_HEADER: Final = 32
_FRAME_HEADER: Final = 24


@dataclass(frozen=True, slots=True)
class Record:
    """One row: what its columns hold, short of those it was written before. `key` is its rowid, None in a table without."""

    key: int | None
    values: tuple[Value, ...]


class Pages:
    """The pages of an open database file, with those its log has in their stead. A page that cannot be read is zeroes."""

    def __init__(self, file: int | None, log: int | None = None) -> None:
        """`file` and `log` are descriptors, None for what is lost; they stay open for as long as this is used, and are
        never written to."""
        self._file = file
        self._log = log
        self.size = _page_size(_read(file, 0, _HEADER), _read(log, 0, _LOG_HEADER))
        kept = _Log() if log is None else _read_log(log, self.size)
        self._frames, self._harmed = kept.frames, kept.harmed
        self.head = self.page(1)[:_HEADER]
        whole = 0 if file is None else -(-os.fstat(file).st_size // self.size)
        self.count = max([whole, *self._frames])

    def page(self, number: int) -> bytes:
        """The bytes of a page, counted from 1."""
        if number in self._frames:
            found = _read(self._log, self._frames[number], self.size)
        else:
            found = _read(self._file, (number - 1) * self.size, self.size)
        return found.ljust(self.size, b"\0")

    def records(self) -> Iterator[tuple[str, Record]]:
        """Every record there is, with the name of its table; LOST for those on pages that no table leads to any more, HARMED for those
        on pages of the log that are not whole.

        Where a row is found twice, the one that counts comes first.
        """
        seen: set[int] = set()
        for number in self._tree(1, seen):
            yield from ((SCHEMA, record) for record in self._on(number))
        for table, root in self._roots():
            for number in self._tree(root, seen):
                yield from ((table, record) for record in self._on(number) if table)
        free = self._free() - seen
        for number in range(1, self.count + 1):
            if number not in seen and number not in free:
                yield from ((LOST, record) for record in self._on(number))
        for number, offset in self._harmed:
            page = _read(self._log, offset, self.size)
            yield from ((HARMED, record) for record in self._in(page, number))

    def _roots(self) -> Iterator[tuple[str, int]]:
        """The first page of every table, and, under no name, of every index."""
        for number in list(self._tree(1, set())):
            for record in self._on(number):
                if len(record.values) == len(_SCHEMA_COLUMNS):
                    kind, name, _, root, _ = record.values
                    if isinstance(root, int) and isinstance(name, str):
                        yield (name if kind == "table" else "", root)

    def _tree(self, root: int, seen: set[int]) -> Iterator[int]:
        """The pages of a tree that were not `seen`, which they are then."""
        ahead = [root]
        while ahead:
            number = ahead.pop()
            if number in seen or not 0 < number <= self.count:
                continue
            seen.add(number)
            yield number
            ahead += _children(self.page(number), number)

    def _free(self) -> set[int]:
        """The pages that hold nothing any more; none where the list of them is damaged."""
        trunk, promised = struct.unpack_from(">II", self.head, 32)
        free: set[int] = set()
        while trunk:
            if trunk in free or not 1 < trunk <= self.count:
                return set()
            following, leaves = struct.unpack_from(">II", self.page(trunk))
            if leaves > self.size // 4 - 2:
                return set()
            free |= {trunk, *struct.unpack_from(f">{leaves}I", self.page(trunk), 8)}
            trunk = following
        return free if len(free) == promised else set()

    def _on(self, number: int) -> Iterator[Record]:
        """The records that are kept on a page; of an inner page of an index, those between its children."""
        return self._in(self.page(number), number)

    def _in(self, page: bytes, number: int) -> Iterator[Record]:
        kind = page[_start(number)]
        if kind not in (_TABLE_LEAF, _INDEX_LEAF, _INDEX_INTERIOR):
            return
        for offset in _cells(page, number):
            try:
                record = self._record(page, offset, kind)
            except (IndexError, struct.error):  # it points out of the page
                continue
            if record:
                yield record

    def _record(self, page: bytes, offset: int, kind: int) -> Record | None:
        if kind == _INDEX_INTERIOR:
            offset += 4
        length, offset = _varint(page, offset)
        key = None
        if kind == _TABLE_LEAF:
            key, offset = _varint(page, offset)
            key -= (key >> 63) << 64
        if length > self.count * self.size:
            return None
        local = self._local(length, is_table=kind == _TABLE_LEAF)
        payload = page[offset : offset + local]
        if local < length:
            (first,) = struct.unpack_from(">I", page, offset + local)
            payload += self._overflow(first, length - local)
        values = _values(payload)
        return Record(key, values) if values else None

    def _local(self, length: int, *, is_table: bool) -> int:
        """How much of a record stands on its page; the rest is in a chain of others."""
        most = self.size - 35 if is_table else (self.size - 12) * 64 // 255 - 23
        if length <= most:
            return length
        least = (self.size - 12) * 32 // 255 - 23
        fitting = least + (length - least) % (self.size - 4)
        return fitting if fitting <= most else least

    def _overflow(self, number: int, length: int) -> bytes:
        """So many bytes from a chain of pages; fewer where it is broken."""
        parts: list[bytes] = []
        for _ in range(-(-length // (self.size - 4))):
            if not 0 < number <= self.count:
                break
            page = self.page(number)
            parts.append(page[4:])
            (number,) = struct.unpack_from(">I", page)
        return b"".join(parts)[:length]


def _page_size(head: bytes, log_head: bytes) -> int:
    if head.startswith(MAGIC):
        (size,) = struct.unpack_from(">H", head.ljust(_HEADER, b"\0"), 16)
    else:
        (size,) = struct.unpack_from(">I", log_head.ljust(_LOG_HEADER, b"\0"), 8)
    return size if size in _PAGE_SIZES else _PAGE_SIZE


def _read(file: int | None, offset: int, length: int) -> bytes:
    if file is None:
        return b""
    try:
        os.lseek(file, offset, os.SEEK_SET)
        return os.read(file, length)
    except OSError:  # a bad sector: others may be good
        return b""


@dataclass(frozen=True, slots=True)
class _Log:
    """Where in the log the last whole version of each page begins, by its number, and the numbers and places of pages
    that came to harm: each is worth a look, but none takes the place of a whole one."""

    frames: Mapping[int, int] = field(default_factory=dict)
    harmed: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True, slots=True)
class _Frame:
    """A version of a page, at `offset` in the log; `commits` ends a transaction. `whole` says that its checksum goes on
    from the frame before, `kind` is the page's first byte."""

    number: int
    commits: bool
    whole: bool
    offset: int
    kind: int


def _frames_of(log: int, page_size: int) -> Iterator[_Frame]:
    """The frames of a log: those that bear its salt."""
    head = _read(log, 0, _LOG_HEADER)
    order = ">" if head[3:4] == b"\x83" else "<"
    before = head[24:32]
    for offset in range(_LOG_HEADER, os.fstat(log).st_size, _FRAME_HEADER + page_size):
        frame = _read(log, offset, _FRAME_HEADER + page_size)
        if len(frame) < _FRAME_HEADER + page_size or frame[8:16] != head[16:24]:
            continue
        number, commits = struct.unpack_from(">II", frame)
        page = frame[_FRAME_HEADER:]
        whole = _checksum(frame[:8] + page, before, order) == frame[16:24]
        before = frame[16:24]
        yield _Frame(number, bool(commits), whole, offset, page[0])


def _runs(log: int, page_size: int) -> Iterator[list[_Frame]]:
    """What was committed. The first run is what SQLite reads, up to a frame that is not whole; each other one begins with
    such a frame.

    A run with two ends of transactions was committed: nobody begins one before the last is. With one it may be what a
    killed process had begun, over which others have written since, and counts for nothing.
    """
    run: list[_Frame] = []
    is_first = True
    for frame in _frames_of(log, page_size):
        if not frame.whole:
            if is_first or _is_committed(run):
                yield run
            run, is_first = [], False
        run.append(frame)
    if is_first or _is_committed(run):
        yield run


def _is_committed(run: Sequence[_Frame]) -> bool:
    return sum(frame.commits for frame in run) > 1


def _read_log(log: int, page_size: int) -> _Log:
    frames: dict[int, int] = {}
    harmed: list[tuple[int, int]] = []
    for run in _runs(log, page_size):
        ends = [at for at, frame in enumerate(run) if frame.commits]
        for frame in run[: ends[-1] + 1] if ends else []:
            place = frame.offset + _FRAME_HEADER
            if frame.whole:
                frames[frame.number] = place
            else:
                harmed.append((frame.number, place))
    return _Log(frames, harmed)


def holds_turns(log: int) -> bool:
    """Whether the log of an open file has, behind what SQLite reads of it, whole pages with rows of messages or sessions.

    Pieces of replies are in a table without rowids, whose pages are of another kind: they are not synced, and a power cut
    may harm them.
    """
    page_size = _page_size(b"", _read(log, 0, _LOG_HEADER))
    behind = list(_runs(log, page_size))[1:]
    return any(
        frame.whole and frame.number > 1 and frame.kind == _TABLE_LEAF
        for run in behind
        for frame in run
    )


def _checksum(data: bytes, before: bytes, order: str) -> bytes:
    """SQLite's, going on from the one before (sqlite.org/fileformat2.html#checksum_algorithm). `order` is of its words."""
    first, second = struct.unpack(">II", before)
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for one, two in zip(words, words, strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return struct.pack(">II", first, second)


def _start(number: int) -> int:
    """Where the b-tree begins on a page: on the first one the header of the file comes before."""
    return _HEADER if number == 1 else 0


def _cells(page: bytes, number: int) -> Iterator[int]:
    """The offsets of the cells of a page."""
    start = _start(number)
    inner = page[start] in (_INDEX_INTERIOR, _TABLE_INTERIOR)
    first = start + (12 if inner else 8)
    (count,) = struct.unpack_from(">H", page, start + 3)
    count = min(count, (len(page) - first) // 2)
    yield from struct.unpack_from(f">{count}H", page, first)


def _children(page: bytes, number: int) -> list[int]:
    start = _start(number)
    if page[start] not in (_INDEX_INTERIOR, _TABLE_INTERIOR):
        return []
    places = [*_cells(page, number), start + 8]
    return [struct.unpack_from(">I", page, at)[0] for at in places if at <= len(page) - 4]


def _varint(data: bytes, offset: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends. IndexError."""
    value = 0
    for at in range(offset, offset + 8):
        value = value << 7 | data[at] & 0x7F
        if data[at] < 0x80:
            return value, at + 1
    return value << 8 | data[offset + 8], offset + 9


def _values(payload: bytes) -> tuple[Value, ...]:
    """The columns of a record, as far as it goes."""
    end, at = _varint(payload, 0)
    body = end
    values: list[Value] = []
    while at < end:
        serial, at = _varint(payload, at)
        length = _length(serial)
        if body > len(payload):
            break
        values.append(_value(serial, payload[body : body + length]))
        body += length
    return tuple(values)


def _length(serial: int) -> int:
    """How many bytes a value of this serial type takes."""
    if serial >= 12:
        return (serial - 12) // 2
    return (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[serial]


def _value(serial: int, data: bytes) -> Value:
    if serial >= 12:
        return data.decode("utf-8", "replace") if serial % 2 else data
    if serial in (8, 9):
        return serial - 8
    if serial == 7:
        return float(struct.unpack(">d", data)[0])
    return int.from_bytes(data, "big", signed=True) if data else None
