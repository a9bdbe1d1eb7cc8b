"""The draft as it may be drawn: what was pasted may hold what a terminal obeys or hides. The draft itself is not changed."""

from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.formatted_text.utils import fragment_list_to_text
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.layout.utils import explode_text_fragments

from deepchat.text import spots


class Marks(Processor):
    """Shows the marks of `clean` in place of such characters; the cursor steps over each as over one character."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        line = transformation_input.fragments
        return shown_as(line, dict(spots(fragment_list_to_text(line))))


def shown_as(line: StyleAndTextTuples, shown: Mapping[int, str], style: str = "") -> Transformation:
    """The line with other texts in the places of some of its characters; positions in both are kept in step."""
    if not shown:
        return Transformation(line)
    parts = list(explode_text_fragments(line))
    for at, text in shown.items():
        parts[at] = (f"{parts[at][0]} {style}".strip(), text)
    starts = list(accumulate((len(part[1]) for part in parts), initial=0))
    beyond = len(parts)
    return Transformation(
        parts,
        lambda at: starts[min(at, beyond)] + max(0, at - beyond),
        lambda at: bisect_right(starts, at) - 1,
    )
