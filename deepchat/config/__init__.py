"""What the user configured, and where deepchat's files live: config.toml, environment and flags → frozen Settings.

Only here are files of the configuration read; what is drawn of it is cleaned where it is drawn.
"""

from deepchat.config.credentials import COMMAND, LateKey
from deepchat.config.keys import (
    ACTIONS,
    KEYS,
    PARAMETERS,
    THEMES,
    Key,
    Parameter,
    assigned,
    parse_parameter,
)
from deepchat.config.paths import Paths, paths, private_dir
from deepchat.config.providers import Provider
from deepchat.config.settings import Flags, Settings, Ui, asking, load

__all__ = [
    "ACTIONS",
    "COMMAND",
    "KEYS",
    "PARAMETERS",
    "THEMES",
    "Flags",
    "Key",
    "LateKey",
    "Parameter",
    "Paths",
    "Provider",
    "Settings",
    "Ui",
    "asking",
    "assigned",
    "load",
    "parse_parameter",
    "paths",
    "private_dir",
]
