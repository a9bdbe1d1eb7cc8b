"""Where deepchat's files live, and nothing about what is in them."""

from dataclasses import dataclass
from pathlib import Path

from platformdirs import PlatformDirs

from deepchat.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Paths:
    """Every place deepchat reads or writes. Nothing here need exist yet."""

    config_dir: Path
    config_file: Path
    personas_dir: Path
    templates_dir: Path
    keys_dir: Path
    data_dir: Path
    database: Path
    history: Path
    drafts: Path
    claims: Path
    cache_dir: Path
    models_cache: Path
    log_file: Path


def paths(*, data_dir: Path | None = None, config: Path | None = None) -> Paths:
    """The per-user places of this system (XDG's where they are set), with `data_dir` and `config` in their stead.

    Personas, templates and keys stay in the per-user folder: a file named by `config` may lie anywhere, beside anything.
    """
    user = PlatformDirs("deepchat", appauthor=False)
    data = data_dir or user.user_data_path
    return Paths(
        config_dir=user.user_config_path,
        config_file=config or user.user_config_path / "config.toml",
        personas_dir=user.user_config_path / "personas",
        templates_dir=user.user_config_path / "templates",
        keys_dir=user.user_config_path / "keys",
        data_dir=data,
        database=data / "chats.db",
        history=data / "history.jsonl",
        drafts=data / "drafts",
        claims=data / "open",
        cache_dir=user.user_cache_path,
        models_cache=user.user_cache_path / "models.json",
        log_file=user.user_log_path / "deepchat.log",
    )


def private_dir(path: Path) -> Path:
    """Make the folder, and those above it that are missing, for the user's eyes only (0700). ConfigError when that fails.

    One that exists is left as it is: it may be a folder that others need to enter.
    """
    try:
        for folder in reversed([path, *path.parents]):
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
        path.mkdir(exist_ok=True)  # says it when a file is in the way
    except OSError as error:
        raise ConfigError(
            f"The folder {path} cannot be made: {error.strerror}.",
            hint="--data-dir names another place for your chats.",
        ) from error
    return path
