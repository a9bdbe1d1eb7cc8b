"""Numbers in words: counts, money, times. Pure; nothing here styles or writes."""

import math
from datetime import UTC, datetime, tzinfo
from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_AGED: Final = 14 * _DAY

# Less than a billionth of a dollar is said as less than that.
_MOST_DECIMALS: Final = 9


def count(number: int) -> str:
    """`999`, `1.2k`, `35k`, `1.2M`."""
    if abs(number) < 1_000:
        return str(number)
    for size, sign in ((1e3, "k"), (1e6, "M"), (1e9, "G")):
        scaled = number / size
        if abs(scaled) < 9.95:
            return f"{scaled:.1f}{sign}"
        if abs(scaled) < 999.5:
            return f"{scaled:.0f}{sign}"
    return f"{number:.1e}"


def size(count_of_bytes: int) -> str:
    """`340 B`, `2.1 kB`, `20 MB`, `5.0 GB`."""
    if count_of_bytes < 1_000:
        return f"{count_of_bytes} B"
    scaled, units = count_of_bytes / 1_000, ["kB", "MB", "GB"]
    while scaled >= 999.5 and len(units) > 1:
        scaled /= 1_000
        units.pop(0)
    return f"{scaled:.{1 if scaled < 9.95 else 0}f} {units[0]}"


def money(dollars: float) -> str:
    """US dollars to the cent, or to two digits that say something: `$12.30`, `$0.0012`; `$0` is exactly zero."""
    if not math.isfinite(dollars):
        return "$?"
    if dollars == 0:
        return "$0"
    sign, amount = "-" if dollars < 0 else "", abs(dollars)
    decimals = max(2, 1 - math.floor(math.log10(amount)))
    if decimals > _MOST_DECIMALS:
        return f"{sign}<${10**-_MOST_DECIMALS:.{_MOST_DECIMALS}f}"
    return f"{sign}${amount:,.{decimals}f}"


def duration(seconds: float) -> str:
    """`3.4 s`, `1 min 12 s`, `2 h 5 min`; a time before zero is zero."""
    if not math.isfinite(seconds):
        return "? s"
    if seconds < _MINUTE - 0.05:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


def speed(tokens_per_second: float) -> str:
    """`7.5 tok/s`, `101 tok/s`, `1.2k tok/s`."""
    if not math.isfinite(tokens_per_second):
        return "? tok/s"
    slow = tokens_per_second < 9.95
    return f"{tokens_per_second:.1f} tok/s" if slow else f"{count(round(tokens_per_second))} tok/s"


def age(ms: int, now_ms: int, zone: tzinfo = UTC) -> str:
    """How long ago, from milliseconds since 1970; after two weeks the date in `zone`. The future is just now."""
    seconds = (now_ms - ms) // 1000
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min ago"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h ago"
    if seconds < _AGED:
        return f"{seconds // _DAY} d ago"
    return datetime.fromtimestamp(max(0, ms) // 1000, zone).date().isoformat()
