"""How things look, as it was configured."""

import os
import sys

from deepchat.config import Settings
from deepchat.render.drawing import Drawing
from deepchat.render.theme import THEMES


def colored(settings: Settings) -> bool:
    """Whether there are colours: as configured, or as the terminal can."""
    if settings.ui.color != "auto":
        return settings.ui.color == "always"
    return sys.stdout.isatty() and os.environ.get("TERM", "") != "dumb"


def drawing(settings: Settings) -> Drawing:
    """Everything that draws. Without colours the theme is the one that needs none."""
    color = colored(settings)
    return Drawing(
        THEMES[settings.ui.theme if color else "mono"],
        color=color,
        plain=settings.ui.plain,
        links=not os.environ.get("NO_HYPERLINKS"),
        measure=settings.ui.width,
        think=settings.ui.think,
    )
