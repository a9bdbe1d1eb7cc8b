"""Servers on this machine: which are told of, and which are none."""

import threading
from dataclasses import replace

import pytest

from deepchat.cli import nearby
from deepchat.config.providers import presets
from deepchat.demo.server import Answer, DemoServer, Pace
from tests.conftest import MANUAL


class Another(DemoServer):
    """Not a server of models: it gives the same answer to everything."""

    def __init__(self, answer):
        super().__init__(MANUAL, pace=Pace.INSTANT)
        self.only = answer

    def answer(self, request):
        super().answer(request)
        return self.only


def found(servers):
    """All that is told, once it is known that nothing more will be."""
    told: list[str] = []
    nearby.look(servers, told.append)
    for thread in threading.enumerate():
        if thread.name == "nearby":
            thread.join()
    return told


def at(url, preset="ollama"):
    return replace(presets()[preset], base_url=url)


def test_each_that_answers_is_told_of(server):
    closed = at("http://127.0.0.1:9/v1", "vllm")
    told = found([at(server.base_url), closed, at(server.base_url, "lmstudio")])
    assert sorted(told) == [
        "LM Studio answers on this machine: /provider lmstudio",
        "Ollama answers on this machine: /provider ollama",
    ]
    assert {one.path for one in server.received} == {"/v1/openai/models"}


@pytest.mark.parametrize(
    "answer",
    [
        Answer((b"<html>Jenkins</html>",), headers={"Content-Type": "text/html"}),
        Answer.json({"detail": "Not Found"}, status=404),
        Answer.json({"object": "list", "data": []}),
        Answer.json({"object": "list", "data": None}),
        Answer.json([1]),
        Answer((), end="hang"),
        Answer((b"{",), end="cut", framing="length"),
    ],
    ids=["html", "404", "empty", "null", "strange", "silent", "cut"],
)
def test_what_lists_no_models_is_not_told_of(answer):
    with Another(answer) as other:
        assert found([at(other.base_url)]) == []
        assert len(other.received) == 1
