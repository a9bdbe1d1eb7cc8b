"""A package called keyring, whose keyring is a file; one that holds the word `locked` is."""

import sys
from pathlib import Path

import pytest

SOURCE = """
import json, pathlib
from keyring.errors import KeyringError
PATH = pathlib.Path({!r})
def _all():
    if PATH.exists() and PATH.read_text() == "locked":
        raise KeyringError("sk-canary-0123456789 is in here")
    return json.loads(PATH.read_text()) if PATH.exists() else {{}}
def get_password(service, name):
    return _all().get(service + name)
def set_password(service, name, password):
    PATH.write_text(json.dumps(_all() | {{service + name: password}}))
def delete_password(service, name):
    PATH.write_text(json.dumps({{k: v for k, v in _all().items() if k != service + name}}))
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let it be the one that is imported, here and in processes that are started; the file."""
    package, ring = folder / "packages" / "keyring", folder / "ring.json"
    package.mkdir(parents=True)
    (package / "errors.py").write_text("class KeyringError(Exception): ...")
    (package / "__init__.py").write_text(SOURCE.format(str(ring)))
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    for name in ("keyring", "keyring.errors"):
        sys.modules.pop(name, None)
    return ring
