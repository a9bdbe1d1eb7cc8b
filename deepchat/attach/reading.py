"""One file read into an attachment, or why it cannot be one. Finding files is `finding`'s business."""

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from deepchat import figures
from deepchat.attach.naming import Mention, Named
from deepchat.conversation import ADDRESS, TEXT, Attachment, Lines
from deepchat.errors import NotAttached
from deepchat.text import clean_line

# Bytes. A megabyte of text fills the window of most models; docs.deepinfra.com/chat/vision names the one for pictures.
TEXT_LIMIT: Final = 1_000_000
PICTURE_LIMIT: Final = 20_000_000

# How much is looked through for the lines that are wanted.
_SEARCHED: Final = 64_000_000

_SNIFFED: Final = 16
_PICTURES: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)
_EXIF: Final = b"Exif\x00\x00"
_EXIF_WITHIN: Final = 65_536

_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# In a text that is no UTF-8 these tell that it is no text; white space and ESC do not.
_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


# Who ends a name like this means a file, even where there is none.
_SUFFIXES: Final = frozenset(
    [
        "bash",
        "bat",
        "c",
        "cc",
        "cfg",
        "cpp",
        "cs",
        "css",
        "csv",
        "diff",
        "ex",
        "gif",
        "go",
        "h",
        "hpp",
        "htm",
        "html",
        "ini",
        "ipynb",
        "java",
        "jpeg",
        "jpg",
        "js",
        "json",
        "jsx",
        "kt",
        "lock",
        "log",
        "lua",
        "md",
        "patch",
        "pdf",
        "php",
        "pl",
        "png",
        "ps1",
        "py",
        "rb",
        "rs",
        "rst",
        "scala",
        "sh",
        "sql",
        "svg",
        "swift",
        "tex",
        "toml",
        "ts",
        "tsv",
        "tsx",
        "txt",
        "webp",
        "xml",
        "yaml",
        "yml",
        "zsh",
    ]
)


@dataclass(frozen=True, slots=True)
class Found:
    """What was read, and what has to be known about it; "" for nothing."""

    attachment: Attachment
    note: str = ""


def located(name: str) -> Path:
    """Where a file of this name is, as an absolute path; a `~` is the user's home."""
    try:
        return Path(os.path.expanduser(name)).absolute()  # noqa: PTH111  Path's raises for an unknown ~user
    except (OSError, ValueError):  # no folder to stand in, or no name: opening it will say so
        return Path(name)


def is_file(name: str) -> bool:
    """Whether there is a regular file of this name."""
    return stat.S_ISREG(_mode(name))


class State(NamedTuple):
    """What tells a file from what it was before: its size in bytes, when it was changed, and which one it is."""

    size: int
    changed_ns: int
    number: int


def state(name: str) -> State | None:
    """Of the file of this name; None when it is gone."""
    try:
        found = located(name).stat()
    except (OSError, ValueError):
        return None
    return State(found.st_size, found.st_mtime_ns, found.st_ino)


def _mode(name: str) -> int:
    """What kind of file it is, for `stat`; 0 for none that can be seen."""
    try:
        return located(name).stat().st_mode
    except (OSError, ValueError):
        return 0


def mentioned(found: Mention) -> Found | None:
    """What is mentioned; None when that is no file, and may mean something else.

    NotAttached when it is a file that cannot be read, or can only be meant as one.
    """
    last = found.readings[-1]
    reading = meant(found.readings) or (last if found.explicit or _in_a_folder(last) else None)
    try:
        if reading:
            return read(*reading)
        _refuse_slip(last.name)
        return None
    except NotAttached as error:
        error.hint = error.hint or "With a space after its @ it is sent as text."
        raise


def _refuse_slip(name: str) -> None:
    """NotAttached where a name that is no file can hardly be meant as anything else."""
    told, beginning = clean_line(name), re.split("[#:]", name, maxsplit=1)[0]
    if beginning != name and is_file(beginning):
        raise NotAttached(
            f"There is no file {told}.", hint=f"@{clean_line(beginning)}#L10-20 names lines of it."
        )
    if PurePath(name).suffix[1:].lower() not in _SUFFIXES:
        return
    if any(sign in name for sign in "*?"):
        raise NotAttached(
            f"@ names one file, not {told}.", hint=f"/file {told} takes all that fit."
        )
    raise NotAttached(f"There is no file {told}.")


def meant(readings: Iterable[Named]) -> Named | None:
    """The first of these that is a file."""
    return next((each for each in readings if is_file(each.name)), None)


def _in_a_folder(reading: Named) -> bool:
    """Whether at least the first folder is there: the rest will be a slip."""
    first, slash, _ = reading.name.partition("/")
    return bool(slash and first) and stat.S_ISDIR(_mode(first))


def read(name: str, lines: Lines | None = None) -> Found:
    """A text file, these lines of it, or a picture. NotAttached, in words, when it is none or cannot be read."""
    path = located(name)
    kind, data = _contents(path, name, lines)
    if kind:
        if lines:
            raise NotAttached(f"{clean_line(name)} is a picture: it has no lines.")
        attachment = Attachment(name, kind, data, str(path), digest=sha256(data).hexdigest())
        return Found(attachment, _exif(data, name))
    text, encoding = decoded(data, name)
    if lines:
        text, lines = _part(text, lines, name)
    body = text.encode()
    if len(body) > TEXT_LIMIT:
        raise _too_large(name, len(body), TEXT_LIMIT)
    note = (
        "" if encoding == "utf-8" else f"{clean_line(name)} was read as {encoding}: it is no UTF-8."
    )
    return Found(Attachment(name, TEXT, body, str(path), lines, sha256(body).hexdigest()), note)


def picture_type(start: bytes) -> str:
    """The media type of a picture, from its first 16 bytes; "" for anything else."""
    return next((kind for magic, kind in _PICTURES if magic.match(start)), "")


def is_picture(name: str) -> bool:
    """Whether there is a picture of this name."""
    if not is_file(name):
        return False
    try:
        with located(name).open("rb") as file:
            return bool(picture_type(file.read(_SNIFFED)))
    except OSError:
        return False


def dropped(path: str) -> Found:
    """A picture whose name nobody typed: its folders say nothing to the model."""
    found = read(path)
    return replace(found, attachment=replace(found.attachment, name=Path(path).name))


def address(url: str) -> Attachment:
    """A picture that the server is to fetch. NotAttached when this is no address of the web."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good or not url.isascii() or not url.isprintable() or " " in url:
        raise NotAttached(
            f"{clean_line(url)} is no web address.", hint="https://example.org/cat.png"
        )
    return Attachment(url, ADDRESS, url.encode())


def decoded(data: bytes, name: str) -> tuple[str, str]:
    """The text, and its encoding. NotAttached when it is binary."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strictly(data, encoding, name), encoding.removesuffix("-sig")
    if b"\x00" in data:
        raise _binary(name)
    try:
        return data.decode(), "utf-8"
    except UnicodeDecodeError:
        if _CONTROLS.search(data):
            raise _binary(name) from None
        # What calls itself Latin-1 is this (encoding.spec.whatwg.org).
        return data.decode("cp1252", "replace"), "Windows-1252"


def _strictly(data: bytes, encoding: str, name: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise _binary(name) from None
    if "\x00" in text:
        raise _binary(name)
    return text


def _contents(path: Path, name: str, lines: Lines | None) -> tuple[str, bytes]:
    """The media type of a picture, "" for anything else, and the bytes."""
    try:
        with os.fdopen(_opened(path, name), "rb") as file:
            start = file.read(_SNIFFED)
            kind = picture_type(start)
            limit = PICTURE_LIMIT if kind else _SEARCHED if lines else TEXT_LIMIT
            # Read, not asked for: what lies in /proc has no size.
            data = start + file.read(limit + 1 - len(start))
            if len(data) > limit:
                raise _too_large(name, max(len(data), os.fstat(file.fileno()).st_size), limit)
            return kind, data
    except FileNotFoundError:
        raise NotAttached(f"There is no file {clean_line(name)}.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise NotAttached(f"{clean_line(name)} cannot be read: {why}.") from error


def _opened(path: Path, name: str) -> int:
    """A descriptor of a regular file. Devices are not even opened: that alone may have effects."""
    _require_regular(path.stat().st_mode, name)
    # Since then it may have become a pipe, which must not hold us up.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = os.open(path, flags)
    try:
        _require_regular(os.fstat(file).st_mode, name)
    except NotAttached:
        os.close(file)
        raise
    return file


def _require_regular(mode: int, name: str) -> None:
    if stat.S_ISDIR(mode):
        within = clean_line(name).rstrip("/") + "/"
        raise NotAttached(
            f"{within} is a folder.", hint=f"/file {within}* attaches the files in it."
        )
    if not stat.S_ISREG(mode):
        raise NotAttached(f"{clean_line(name)} is no ordinary file.")


def _part(text: str, lines: Lines, name: str) -> tuple[str, Lines]:
    """These lines, the last ones as far as there are any."""
    every = text.split("\n")
    count = len(every) - (not every[-1])
    first, last = lines[0], min(lines[1], count)
    if not 1 <= first <= count:
        raise NotAttached(f"{clean_line(name)} has lines 1 to {count}, and no line {first}.")
    return "\n".join(every[first - 1 : last]), (first, last)


def _exif(data: bytes, name: str) -> str:
    told = _EXIF in data[:_EXIF_WITHIN]
    return f"{clean_line(name)} has EXIF data, maybe with its place and time." if told else ""


def _binary(name: str) -> NotAttached:
    return NotAttached(
        f"{clean_line(name)} is binary: neither text nor a PNG, JPEG, GIF or WebP picture."
    )


def _too_large(name: str, size: int, limit: int) -> NotAttached:
    return NotAttached(
        f"{clean_line(name)} is too large: {figures.size(size)}, and {figures.size(limit)} is the most.",
        hint="NAME#L1-200 takes a part of a text." if limit != PICTURE_LIMIT else "",
    )
