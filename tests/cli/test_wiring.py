"""The server that is asked, and how another one takes its place."""

from dataclasses import replace

from deepchat.cli.wiring import Provider
from deepchat.config import Flags, load
from deepchat.conversation import Finished, PromptMessage, Request
from deepchat.demo.server import Answer, DemoServer, Pace
from deepchat.turn import Stop
from tests.conftest import MANUAL

ASK = Request("deepchat/demo", (PromptMessage("user", "Hi"),))


def test_a_move_counts_from_the_next_request_on(server, tmp_path):
    settings = load(Flags(base_url=server.base_url, data_dir=tmp_path), {})
    provider = Provider(settings)
    with DemoServer(MANUAL, pace=Pace.INSTANT) as other:
        server.script.append(Answer((b"data: [DONE]\n\n",)))
        under_way = provider.stream(ASK, Stop())
        next(under_way)
        there = replace(settings.provider, base_url=other.base_url)
        provider.move(replace(settings, provider=there))
        assert list(under_way)[-1:] == [Finished("")]
        list(provider.stream(ASK, Stop()))
        assert (len(server.received), len(other.received)) == (1, 1)
    provider.close()
