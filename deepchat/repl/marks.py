"""The draft as it may be drawn: what was pasted may hold what a terminal obeys or hides. The draft itself is not changed."""

from bisect import bisect_right
from itertools import accumulate

from prompt_toolkit.formatted_text.utils import fragment_list_to_text
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.layout.utils import explode_text_fragments

from deepchat.text import spots


class Marks(Processor):
    """Shows the marks of `clean` in place of such characters; the cursor steps over each as over one character."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        line = transformation_input.fragments
        marks = dict(spots(fragment_list_to_text(line)))
        if not marks:
            return Transformation(line)
        shown = list(explode_text_fragments(line))
        for at, mark in marks.items():
            shown[at] = (shown[at][0], mark)
        starts = list(accumulate((len(fragment[1]) for fragment in shown), initial=0))
        beyond = len(shown)
        return Transformation(
            shown,
            lambda at: starts[min(at, beyond)] + max(0, at - beyond),
            lambda at: bisect_right(starts, at) - 1,
        )
