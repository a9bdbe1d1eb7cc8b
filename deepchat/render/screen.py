"""Everything that is drawn and is not a reply: questions, notices, problems, footers, lists, the status line.

Every method cleans what it is given, raises on no text, and returns rows of at most `width - 1` cells, each ended by a
newline; "" for nothing. Where it is written, and what a reply looks like, is not known here.
"""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from rich.style import Style

from deepchat import context, figures
from deepchat.conversation import WHOLE, Attachment, Message, Usage
from deepchat.errors import DeepchatError
from deepchat.render.ansi import Ink
from deepchat.render.comparing import below, beside, columns
from deepchat.render.tables import Cells, column_widths
from deepchat.render.theme import Theme
from deepchat.render.wrap import NOTHING, Row, Run, chop, row_len, wrap
from deepchat.sought import Piece
from deepchat.text import clean, clean_line

_TAB: Final = 4
_GAP: Final = "   "

# Text narrower than this is not indented any further.
_NARROW: Final = 16

# A question of more lines than the first, or as many characters as fill that many rows, is folded to the second.
_WHOLE: Final = 20
_BEGINNING: Final = 10

# From this width on two texts have room beside one another.
_BESIDE: Final = 100

# Attachments shown one by one.
_LISTED: Final = 8

_ENDINGS: Final = {
    **dict.fromkeys(WHOLE, ""),
    "length": "cut by max_tokens",
    "content_filter": "cut by the content filter",
}


class Screen:
    """Draws in one theme. Without `color` bold and dim remain; `plain` is text alone, and roles are words."""

    def __init__(self, theme: Theme, *, color: bool = True, plain: bool = False) -> None:
        self._theme = theme
        self._plain = plain
        self._ink = Ink(color, plain)

    def text(self, text: str, width: int) -> str:
        return self._drawn(_wrapped(text, NOTHING, width))

    def notice(self, text: str, width: int) -> str:
        return self._drawn(_wrapped(text, self._theme.notice, width))

    def heading(self, text: str, width: int) -> str:
        return self._drawn(_wrapped(text, self._theme.heading[1], width))

    def problem(self, error: Exception, width: int, *, advice: str = "") -> str:
        """What happened, and below it what to do. An error that is not ours is called by its class."""
        said = str(error) if isinstance(error, DeepchatError) else ""
        hint = error.remedy(advice) if isinstance(error, DeepchatError) else advice
        if not said.strip():
            said = ": ".join(part for part in (type(error).__name__, str(error)) if part.strip())
        style = self._theme.problem
        rows = _hung(Run("Error: " if self._plain else "✗ ", style), said, style, width)
        return self._drawn([*rows, *_hung(Run("  "), hint, self._theme.dim, width)])

    def question(self, text: str, width: int, *, whole: bool = False) -> str:
        """The user's turn, as it stays above the reply. A long one is folded, unless it is to be `whole`: its beginning,
        and how much more there is."""
        mark = Run("You: " if self._plain else "› ", self._theme.user_mark)
        shown, more = (text, "") if whole else _folded(text, width)
        rows = _hung(mark, shown, self._theme.question, width)
        indent = Run(" " * row_len([mark]))
        return self._drawn([*rows, *_hung(indent, more, self._theme.dim, width)])

    def attached(self, attachments: Sequence[Attachment], width: int) -> str:
        """What goes along with a question, below it: a row or so each, and a number for what would be too many."""
        mark = Run("Attached: " if self._plain else "  + ", self._theme.dim)
        between = ", " if self._plain else " · "
        said = [between.join(context.described(each)) for each in attachments[:_LISTED]]
        if len(attachments) > _LISTED:
            said.append(f"and {len(attachments) - _LISTED} more")
        return self._drawn(
            [row for each in said for row in _hung(mark, each, self._theme.dim, width)]
        )

    def footer(self, reply: Message, width: int, *, brief: bool = False) -> str:
        """How a reply ended, unless as usual; what it took, unless it is to be `brief`: tokens, money, time, estimated where
        it has a "~"; and which model answered, where it is another than asked. Of one that was edited only that."""
        ending = _ending(reply)
        said = [Run(ending, self._theme.warning)] if ending else []
        took = [] if brief or reply.edited else _took(reply)
        return self._drawn(self._packed([*said, *self._dim([*took, *_by(reply)])], width - 1))

    def status(self, parts: Sequence[str], width: int) -> str:
        """One line of at most `width - 2` cells, most important part first; what does not fit is left out."""
        room = max(1, width - 2)
        runs = self._dim([line for part in parts if (line := clean_line(part).strip())])
        while len(runs) > 1 and row_len(self._joined(runs)) > room:
            runs.pop()
        return self._drawn([_cut(self._joined(runs), room)] if runs else [])

    def pairs(self, rows: Sequence[tuple[str, str]], width: int, *, left: int = 0) -> str:
        """Terms on the left, what is to be said about them on the right, or below where there is no room.

        The column of the terms has at least `left` cells, so that several lists can be in line.
        """
        terms = [clean_line(term) for term, _ in rows]
        left = max(left, *(row_len([Run(term)]) for term in terms), 0)
        if width - 1 - left - len(_GAP) < _NARROW:
            return self._drawn([row for pair in rows for row in self._stacked(*pair, width)])
        out: list[Row] = []
        for term, (_, text) in zip(terms, rows, strict=True):
            mark = Run(term + " " * (left - row_len([Run(term)])) + _GAP, self._theme.strong)
            out += _hung(mark, text, NOTHING, width) or [[Run(term, self._theme.strong)]]
        return self._drawn(out)

    def table(
        self,
        headers: Sequence[str],
        rows: Sequence[Sequence[str]],
        width: int,
        *,
        cut_last: bool = False,
    ) -> str:
        """Columns under their heads. Cells wrap; where columns do not fit, each row becomes lines of "head: value".

        `cut_last` shows one row of the last column, ended by "…": for what can be read in full elsewhere.
        """
        columns = max([len(headers), *map(len, rows)])
        head = _cells(headers, columns, self._theme.table_head)
        body = [_cells(row, columns, NOTHING) for row in rows]
        widths = _widths([head, *body], columns, width - 1, cut_last=cut_last)
        if widths is None:
            return self._drawn(self._records(headers, rows, width))
        lined = [head, *body] if any(headers) else body
        return self._drawn(
            [line for row in lined for line in _line(row, widths, cut_last=cut_last)]
        )

    def compared(self, one: tuple[str, str], other: tuple[str, str], width: int) -> str:
        """Two texts, each behind what it is called: side by side where there is room, else as a unified diff."""
        names = clean_line(one[0]), clean_line(other[0])
        left, right = (_shown(text).strip("\n").split("\n") for _, text in (one, other))
        if left == right:
            return self.notice(f"{names[0]} and {names[1]} say the same.", width)
        if self._plain or width < _BESIDE:
            return self._drawn(list(below(left, right, names, self._theme, width - 1)))
        head, other_head = ([Run(name, self._theme.table_head)] for name in names)
        rows = beside(left, right, self._theme, width - 1)
        return self._drawn([*columns(head, other_head, width - 1), [], *rows])

    def found(self, label: str, about: str, excerpt: Sequence[Piece], width: int) -> str:
        """A place where something was found, and below it, in one row, a few of its words."""
        strong, dim = self._theme.strong, self._theme.dim
        head = [Run(clean_line(label), strong), Run(f"   {clean_line(about)}", dim)]
        words = [Run(piece.text, strong if piece.found else dim) for piece in excerpt]
        row = [_cut([Run("  "), *words], width - 1)] if words else []
        return self._drawn([*wrap(head, width - 1), *row])

    def _records(
        self, headers: Sequence[str], rows: Sequence[Sequence[str]], width: int
    ) -> list[Row]:
        out: list[Row] = []
        for row in rows:
            for head, cell in zip_longest(headers, row, fillvalue=""):
                label = Run(f"{clean_line(head)}: " if head else "", self._theme.table_head)
                out += _hung(label, cell, NOTHING, width)
        return out

    def _stacked(self, term: str, text: str, width: int) -> list[Row]:
        return [
            *_wrapped(term, self._theme.strong, width),
            *_hung(Run("  "), text, NOTHING, width),
        ]

    def _dim(self, parts: Sequence[str]) -> list[Run]:
        return [Run(part, self._theme.dim) for part in parts]

    def _joined(self, runs: Sequence[Run]) -> list[Run]:
        between = Run(", " if self._plain else " · ", self._theme.dim)
        return [piece for run in runs for piece in (between, run)][1:]

    def _packed(self, runs: Sequence[Run], width: int) -> list[Row]:
        """As many of them in a row as there is room for; only one that is longer than a row is broken."""
        rows: list[list[Run]] = []
        for run in runs:
            if rows and row_len(self._joined([*rows[-1], run])) <= width:
                rows[-1].append(run)
            else:
                rows.append([run])
        return [row for runs in rows for row in wrap(self._joined(runs), width)]

    def _drawn(self, rows: Sequence[Row]) -> str:
        return "".join(map(self._ink.final, rows))


def _folded(text: str, width: int) -> tuple[str, str]:
    """What is shown of a question, and what is said about the rest, if any."""
    room = max(width, _NARROW)
    if text.count("\n") <= _WHOLE and len(text) <= _WHOLE * room:
        return text, ""
    text = text.strip("\n")
    beginning = "\n".join(text.split("\n", _BEGINNING)[:_BEGINNING])[: _BEGINNING * room]
    rest = text[len(beginning) :].strip("\n")
    lines = rest.count("\n") + 1
    much = f"{lines:,} more lines" if lines > 1 else f"{len(rest):,} more characters"
    return beginning, f"… {much}: /show prints it whole" if rest else ""


def _wrapped(text: str, style: Style, width: int) -> list[Row]:
    return wrap([Run(_shown(text), style)], width - 1)


def _hung(mark: Run, text: str, style: Style, width: int) -> list[Row]:
    """Rows behind a mark, the further ones indented by as much; without indent where that leaves little room."""
    body = Run(_shown(text), style)
    if not body.text.strip():
        return []
    indent = row_len([mark])
    room = width - 1 - indent
    if room < _NARROW:
        return wrap([mark, body], width - 1)
    first, *rest = wrap([body], room)
    return [[mark, *first], *([Run(" " * indent), *row] if row else row for row in rest)]


def _shown(text: str) -> str:
    return clean(text).expandtabs(_TAB)


def _cut(runs: Sequence[Run], room: int) -> Row:
    """One row of at most `room` cells; that something is missing is seen by its "…"."""
    row = list(runs)
    if row_len(row) <= room:
        return row
    kept = chop(row, max(1, room - 1))[0]
    more = Run("…", row[-1].style)
    return [*kept, more] if row_len(kept) < room else [more]


def _cells(row: Sequence[str], columns: int, style: Style) -> Cells:
    cells = [[Run(_shown(cell), style)] if cell else [] for cell in row]
    return cells + [[] for _ in range(columns - len(row))]


def _widths(rows: Sequence[Cells], columns: int, room: int, *, cut_last: bool) -> list[int] | None:
    """What fits in `room` cells; a last column that may be cut takes what the others leave."""
    if not columns:
        return []
    if not cut_last:
        return column_widths(rows, columns, room)
    short = [[*row[:-1], _cut(row[-1], _NARROW)] for row in rows]
    widths = column_widths(short, columns, room)
    if widths:
        widths[-1] = room - sum(widths[:-1]) - len(_GAP) * (columns - 1)
    return widths


def _line(cells: Cells, widths: Sequence[int], *, cut_last: bool) -> list[Row]:
    """A row of a table in columns: as many rows as its tallest cell needs, none of them ending in spaces."""
    stacks = [wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
    if cut_last:
        stacks[-1] = [_cut(cells[-1], widths[-1])]
    out = []
    for lines in zip_longest(*stacks, fillvalue=()):
        row: Row = []
        for line, width in zip(lines, widths, strict=True):
            row += [*line, Run(" " * (width - row_len(line)) + _GAP)]
        while row and not row[-1].text.strip():
            row.pop()
        out.append(row)
    return out


def _ending(reply: Message) -> str:
    """What is to be known of how a reply ended; "" for the usual."""
    if reply.edited:
        return "edited"
    if reply.state == "done":
        return _ENDINGS.get(reply.finish_reason, f"ended by {clean_line(reply.finish_reason)}")
    if reply.state == "failed" and reply.error:
        return f"failed: {clean_line(reply.error)}"
    return "unfinished" if reply.state == "streaming" else reply.state


def _took(reply: Message) -> list[str]:
    """Tokens, money, time and speed, as far as they are known."""
    usage = reply.usage or Usage()
    said = []
    if usage.prompt_tokens is not None:
        cached = f" ({figures.count(usage.cached_tokens)} cached)" if usage.cached_tokens else ""
        said.append(f"{figures.count(usage.prompt_tokens)} in{cached}")
    if usage.completion_tokens is not None:
        said.append(f"{figures.count(usage.completion_tokens)} out")
    elif reply.text or reply.reasoning:
        estimated = context.estimated_tokens(reply.text + reply.reasoning)
        said.append(f"~{figures.count(estimated)} out")
    if price := context.price(usage):
        said.append(price)
    if reply.seconds is not None:
        said.append(figures.duration(reply.seconds))
    speed = context.tokens_per_second(reply)
    if speed is not None:
        said.append(figures.speed(speed))
    return said


def _by(reply: Message) -> list[str]:
    if reply.reported_model in ("", reply.model):
        return []
    return [f"answered by {clean_line(reply.reported_model)}"]
