"""Up and Down follow the rows that are seen, whatever they are made of."""

from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_toolkit.history import DummyHistory
from prompt_toolkit.layout.controls import BufferControl
from prompt_toolkit.layout.processors import TabsProcessor

from deepchat.repl.composer import MARK, Composer, DraftBuffer, Folds
from deepchat.repl.marks import Marks
from deepchat.repl.walking import DOWN, UP, step


def control_of(text, pasted=""):
    composer = Composer(DraftBuffer(multiline=True, history=DummyHistory()))
    processors = [Folds(composer), Marks(), TabsProcessor(char1=" ", char2=" ")]
    control = BufferControl(composer.buffer, input_processors=processors)
    composer.buffer.text = text
    composer.buffer.cursor_position = len(text)
    if pasted:
        composer.paste(pasted)
    return control


def rows_above(control, columns):
    seen = [control.buffer.cursor_position]
    while step(control, columns + len(MARK), UP):
        seen.append(control.buffer.cursor_position)
    return seen


def test_a_line_that_wraps_is_walked_row_by_row_in_one_column():
    control = control_of("a" * 25)
    assert rows_above(control, 10) == [25, 15, 5]


def test_the_column_is_kept_across_rows_that_are_shorter():
    control = control_of("long enough\nab\nand longer")
    assert rows_above(control, 80) == [25, 14, 10]


def test_wide_characters_and_tabs_count_with_their_cells():
    assert rows_above(control_of("世界世界\nabcd"), 80) == [9, 2]
    assert rows_above(control_of("\tx\nabcde"), 80) == [8, 2]


def test_a_fold_is_as_long_as_its_label():
    control = control_of("", pasted="x\n" * 400)
    control.buffer.insert_text("tail")
    assert rows_above(control, 10) == [5, 0]
    assert step(control, 12, DOWN)
    assert control.buffer.cursor_position > 0


@settings(deadline=None)  # the first draft imports much
@given(st.text(alphabet="ab \n世é\u0301\x07", max_size=60), st.integers(4, 12))
def test_up_goes_to_the_top_and_down_to_the_bottom_again(text, columns):
    control = control_of(text)
    up = rows_above(control, columns)
    assert up == sorted(up, reverse=True)
    assert control.buffer.document.cursor_position_row == 0
    down = 1
    while step(control, columns + len(MARK), DOWN):
        down += 1
    assert down == len(up)
    assert control.buffer.document.cursor_position_row == text.count("\n")
