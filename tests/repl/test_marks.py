"""The draft is drawn with marks, and the cursor finds its place among them."""

from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.formatted_text.utils import fragment_list_to_text
from prompt_toolkit.layout import BufferControl
from prompt_toolkit.layout.processors import TransformationInput

from deepchat.repl.marks import Marks
from deepchat.text import clean

LINES = st.text(
    st.sampled_from("ab é日👩\u200d\u202e\x1b\x9b\u200b\U000e0041\ufe0f\u0301\t"), max_size=20
)


def drawn(line):
    control = BufferControl(Buffer())
    document = control.buffer.document
    return Marks().apply_transformation(
        TransformationInput(control, document, 0, lambda at: at, [("", line)], 80, 24)
    )


@given(LINES)
def test_what_is_drawn_is_clean(line):
    assert fragment_list_to_text(drawn(line).fragments) == clean(line)


@given(LINES)
def test_the_cursor_stands_before_the_mark_of_the_character_it_stands_on(line):
    shown = drawn(line)
    text = fragment_list_to_text(shown.fragments)
    ends = [shown.source_to_display(at) for at in range(len(line) + 1)]
    assert ends == sorted(set(ends))
    assert (ends[0], ends[-1]) == (0, len(text))
    assert [shown.display_to_source(at) for at in ends] == list(range(len(line) + 1))
