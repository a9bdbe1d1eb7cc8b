"""What is said to a person beside the output: one line on stderr, in which nothing commands the terminal."""

import sys
from typing import Final

from deepchat.text import clean_line

_LONGEST: Final = 500


def say(sentence: str) -> None:
    """From any thread."""
    sys.stderr.write(f"deepchat: {clean_line(sentence.strip(), _LONGEST)}\n")
