"""Where files live, and who may see them."""

import stat

import pytest

from deepchat.config import paths, private_dir
from deepchat.errors import ConfigError


def test_xdg_folders_are_honoured(tmp_path, monkeypatch):
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))

    where = paths()

    assert where.config_file == tmp_path / "CONFIG/deepchat/config.toml"
    assert where.personas_dir == tmp_path / "CONFIG/deepchat/personas"
    assert where.templates_dir == tmp_path / "CONFIG/deepchat/templates"
    assert where.database == tmp_path / "DATA/deepchat/chats.db"
    assert where.history == tmp_path / "DATA/deepchat/history.jsonl"
    assert where.models_cache == tmp_path / "CACHE/deepchat/models.json"
    assert where.log_file.is_relative_to(tmp_path / "STATE/deepchat")
    assert not where.config_dir.parent.exists()


def test_a_new_folder_is_private_and_an_existing_one_left_alone(tmp_path):
    tmp_path.chmod(0o755)

    made = private_dir(tmp_path / "a" / "b")

    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert stat.S_IMODE(private_dir(tmp_path).stat().st_mode) == 0o755


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="cannot be made"):
        private_dir(tmp_path / "file" / "inside")
    with pytest.raises(ConfigError, match="cannot be made: File exists"):
        private_dir(tmp_path / "file")
