"""Up and Down: along the rows that are seen, and past the first or last of them through the history."""

from bisect import bisect_right
from typing import Final

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.formatted_text.utils import fragment_list_to_text
from prompt_toolkit.layout.controls import BufferControl
from prompt_toolkit.utils import get_cwidth

from deepchat.repl.composer import MARK
from deepchat.repl.history import FileHistory

UP: Final = -1
DOWN: Final = 1


def step(control: BufferControl, columns: int, way: int) -> bool:
    """Move the cursor one row up or down in a draft shown in so many cells, its mark among them, and keep its column as
    far as rows go that far; whether there is such a row."""
    buffer, document = control.buffer, control.buffer.document
    line, at = document.cursor_position_row, document.cursor_position_col
    places = _places(control, line, columns)
    row, cell = places[at]
    wanted = cell if buffer.preferred_column is None else buffer.preferred_column
    row += way
    least = (
        at + 1 if way == DOWN else 0
    )  # a label may fill whole rows, and has no place for the cursor in them
    if not 0 <= row <= places[-1][0]:
        line += way
        if not 0 <= line < document.line_count:
            return False
        places = _places(control, line, columns)
        row = 0 if way == DOWN else places[-1][0]
        least = 0
    column = max(least, bisect_right(places, (row, wanted)) - 1)
    buffer.cursor_position = document.translate_row_col_to_index(line, column)
    buffer.preferred_column = wanted
    return True


def back(buffer: Buffer) -> None:
    """Show the entry before this one."""
    refresh(buffer)
    buffer.history_backward()


def refresh(buffer: Buffer) -> None:
    """Have all entries of now at hand, before one goes through them."""
    is_walking = buffer.working_index < len(buffer._working_lines) - 1
    if isinstance(buffer.history, FileHistory) and not is_walking:
        buffer.history.fill(buffer)


def _places(control: BufferControl, line: int, columns: int) -> list[tuple[int, int]]:
    """The row and the cell of each place for the cursor in this line of the draft, as prompt_toolkit wraps it."""
    shown = control._create_get_processed_line_func(control.buffer.document, columns, 1)(line)
    drawn, row, cell = [], 0, 0
    for char in fragment_list_to_text(shown.fragments) + " ":
        width = get_cwidth(char)
        if cell + width > columns - len(MARK):
            row, cell = row + 1, 0
        drawn.append((row, cell))
        cell += width
    length = len(control.buffer.document.lines[line])
    return [drawn[shown.source_to_display(at)] for at in range(length + 1)]
