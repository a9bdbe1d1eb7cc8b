"""A chat with a scripted model and a journal in memory."""

import itertools

import pytest

from deepchat.chat import Chat
from deepchat.conversation import Session
from tests.core.fakes import Listener, MemoryClaims, MemoryJournal, ScriptedModel


@pytest.fixture
def model():
    return ScriptedModel()


@pytest.fixture
def journal():
    return MemoryJournal()


@pytest.fixture
def view():
    return Listener()


@pytest.fixture
def claims():
    return MemoryClaims()


@pytest.fixture
def chat(model, journal, view, claims):
    ticks = itertools.count(1_700_000_000_000)
    defaults = Session("", model="m", provider="p", parameters={"temperature": 0.5})
    return Chat(
        model, journal, defaults=defaults, view=view, claims=claims, now_ms=lambda: next(ticks)
    )
