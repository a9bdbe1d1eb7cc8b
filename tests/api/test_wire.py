"""Requests to the byte, and what becomes of each field of a reply. The numbers are those in `wire`'s comments; test_quirks
has all of them."""

import itertools
import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepchat.api import wire
from deepchat.api.sse import Feeder, events
from deepchat.conversation import (
    ADDRESS,
    Attachment,
    Dialect,
    Event,
    Finished,
    Json,
    PromptMessage,
    Reported,
    Request,
    Role,
    Usage,
)
from deepchat.errors import (
    ApiError,
    BadRequest,
    NetworkError,
    NotAnAnswer,
    RateLimited,
    ServerTrouble,
    StreamCut,
)
from tests.api.said import chunk, cut, delta, reasoning_of, stream, text_of, usage_of

CACHING = Dialect(prompt_cache_key=True)
ASK = Request("a/model", (PromptMessage("system", "Be brief."), PromptMessage("user", "Hi €")))


def received(body, **options):
    """What the decoder gives for a body, and the error that ends it, if any."""
    decoder = wire.Decoder(**options)
    got: list[Event] = []
    try:
        for name, data in events(Feeder([body])):
            got.extend(decoder.event(name, data))
        got.extend(decoder.finish())
    except (ApiError, NetworkError) as error:
        return got, error
    return got, None


def reply(body):
    """Text, reasoning and finish reason of a reply that ends well."""
    got, error = received(body)
    assert error is None
    return text_of(got), reasoning_of(got), got[-1].reason


# --- requests --------------------------------------------------------------------------------------------------------


def test_a_request_asks_for_a_stream_with_usage_and_says_nothing_that_is_not_set():
    assert wire.body(ASK) == {
        "model": "a/model",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi €"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_server_gets_what_it_takes_under_its_own_names():
    parameters = {"max_tokens": 9, "temperature": 0.5, "top_p": None}
    request = Request("m", ASK.messages, parameters, session="01j")
    wordy = Dialect("max_completion_tokens", prompt_cache_key=True)
    beside = {"max_tokens", "temperature"}
    assert wire.body(request).keys() == beside | wire.body(ASK).keys()
    told = wire.body(request, wordy)
    assert (told["max_completion_tokens"], told["prompt_cache_key"]) == (9, "01j")
    assert "max_tokens" not in told
    assert "stream_options" not in wire.body(request, Dialect(stream_options=False))


def test_a_reply_that_is_to_go_on_is_asked_for_in_the_servers_way():
    begun = Request("m", (*ASK.messages, PromptMessage("assistant", "Once")))
    there = Dialect(
        continue_request={"continue_final_message": True}, continue_message={"prefix": True}
    )
    told = json.loads(wire.encoded(wire.body(begun, there)))
    assert told["continue_final_message"] is True
    assert told["messages"][-1] == {"role": "assistant", "content": "Once", "prefix": True}
    assert wire.body(ASK, there) == wire.body(ASK)


def test_the_same_request_is_the_same_bytes():
    one = Request("m", ASK.messages, {"seed": 1, "temperature": 0.5})
    other = Request("m", ASK.messages, {"temperature": 0.5, "seed": 1})
    assert wire.encoded(wire.body(one)) == wire.encoded(wire.body(other))


TURNS = st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=6)


@given(TURNS, TURNS)
def test_a_longer_conversation_begins_with_the_bytes_of_the_shorter(said, more):
    """A server that caches prompts finds the beginning again."""

    def of(texts):
        roles: Iterator[Role] = itertools.cycle(("user", "assistant"))
        messages = tuple(
            PromptMessage(role, text) for role, text in zip(roles, texts, strict=False)
        )
        asked = wire.body(Request("m", messages, {"seed": 1}, "s-1"), CACHING)["messages"]
        return wire.encoded({"messages": asked})

    assert of([*said, *more]).startswith(of(said).removesuffix(b"]}"))


def test_a_parameter_cannot_take_the_place_of_what_is_said():
    request = Request("m", ASK.messages, {"model": "x", "messages": [], "stream": False})
    assert wire.body(request) == wire.body(Request("m", ASK.messages))


def test_any_other_field_stands_beside_them_and_never_in_their_place():
    fields: dict[str, Json] = {"extra.n": 1, "extra.model": "x", "extra.top_p": 3, "top_p": 0.5}
    told = wire.body(Request("m", ASK.messages, fields))
    assert (told["model"], told["n"], told["top_p"]) == ("m", 1, 3)
    backwards = Request("m", ASK.messages, dict(reversed(fields.items())))
    assert wire.encoded(wire.body(backwards)) == wire.encoded(told)


def test_half_characters_do_not_reach_the_server():
    text = wire.encoded({"a": "\ud83d", "b": "\ud83d\ude00", "c": "é"}).decode()
    assert json.loads(text) == {"a": "\ufffd", "b": "😀", "c": "é"}


def test_pictures_are_parts_behind_the_text_and_addresses_are_handed_on():
    pictures = (
        Attachment("cat.png", "image/png", b"\x89PNG"),
        Attachment("there", ADDRESS, b"https://example.org/x.png"),
    )
    with_text = PromptMessage("user", "Who?", pictures)
    without = PromptMessage("user", "", pictures[:1])
    asked = wire.body(Request("m", (with_text, without)))["messages"]
    shown = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}}
    linked = {"type": "image_url", "image_url": {"url": "https://example.org/x.png"}}
    assert asked == [
        {"role": "user", "content": [{"type": "text", "text": "Who?"}, shown, linked]},
        {"role": "user", "content": [shown]},
    ]


# --- replies ---------------------------------------------------------------------------------------------------------

STOP = chunk(reason="stop")
THOUGHTS = {
    "reasoning_content": delta(reasoning_content="Hm"),
    "reasoning": delta(reasoning="Hm"),
    "both": delta(reasoning_content="Hm", reasoning="Hm"),
    "one empty": delta(reasoning_content="", reasoning="Hm"),
    "details beside": delta(reasoning="Hm", reasoning_details=[{"text": "Hm"}]),
    "details alone": delta(reasoning_details=[{"text": "H"}, {"data": "x"}, {"summary": "m"}]),
    "a part": delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]),
    "a plain part": delta(content=[{"type": "thinking", "thinking": "Hm"}]),
}


@pytest.mark.parametrize("thought", THOUGHTS.values(), ids=THOUGHTS.keys())
def test_reasoning_comes_once_from_whatever_field(thought):  # 21
    assert reply(stream(thought, chunk("Hi", "stop"))) == ("Hi", "Hm", "stop")


REASONS = {
    "length": (stream(chunk("Hi", "length")), "length"),
    "content_filter": (stream(chunk("Hi", "content_filter")), "content_filter"),
    "unknown": (stream(chunk("Hi", "eos\x1b[31m")), "eos␛[31m"),
    "never sent": (stream(chunk("Hi")), ""),
    "a tool called": (stream(delta(tool_calls=[{"index": 0}]), STOP), "tool_calls"),
    "no tool called": (stream(delta(tool_calls=[]), STOP), "stop"),
}


@pytest.mark.parametrize(("body", "reason"), REASONS.values(), ids=REASONS.keys())
def test_the_finish_reason_is_told(body, reason):  # 22
    assert reply(body)[2] == reason


# --- the end ---------------------------------------------------------------------------------------------------------


def test_a_reply_that_neither_finishes_nor_says_done_was_cut():  # 13
    got, error = received(stream(chunk("Hal"), chunk("f"), done=False))
    assert (text_of(got), type(error)) == ("Half", StreamCut)


def test_a_cut_in_the_middle_of_an_event_is_a_cut():
    got, error = received(stream(chunk("Half"), done=False) + b'data: {"choices":[{"del')
    assert (text_of(got), type(error)) == ("Half", StreamCut)


@pytest.mark.parametrize("document", ["[" * 100_000, '{"a":' * 100_000, '{"a": 1'])
def test_json_that_cannot_be_read_keeps_what_came_before(document):
    got, error = received(stream(chunk("Half"), f"data: {document}"))
    assert (text_of(got), type(error)) == ("Half", StreamCut)


@pytest.mark.parametrize("token", ["</s>", "<|im_end|>", "<|eot_id|>", "<|endoftext|>"])
def test_an_end_token_is_dropped_at_the_end_only(token):
    at_end = stream(chunk("Hi"), chunk(token), chunk(""), STOP)
    with_reason = stream(chunk("Hi"), chunk(token, "stop"))
    within = stream(chunk("A "), chunk(token), chunk(" ends it."), STOP)
    cut = stream(chunk("Hi"), chunk(token), done=False)
    assert [reply(at_end)[0], reply(with_reason)[0]] == ["Hi", "Hi"]
    assert reply(within)[0] == f"A {token} ends it."
    assert text_of(received(cut)[0]) == f"Hi{token}"


# --- errors in a stream ----------------------------------------------------------------------------------------------

ERRORS = {
    "5 an error event": (
        'event: error\ndata: {"error":{"message":"Boom.","status_code":400}}',
        BadRequest,
    ),
    "5 with plain words": ("event: error\ndata: Boom.", ServerTrouble),
    "6 an error field": ('error: {"detail":"Boom.","error":{"message":"Boom."}}', ServerTrouble),
    "7 in data": ({"error": {"message": "Boom."}, "message": "Boom."}, ServerTrouble),
    "7 a string": ({"error": "Boom."}, ServerTrouble),
    "7 beside choices": (chunk("", error={"code": 400, "message": "Boom."}), BadRequest),
    "8 vLLM's object": ({"object": "error", "message": "Boom.", "code": 503}, ServerTrouble),
    "9 plain words": ("data: Boom.", ServerTrouble),
    "33 busy": ({"error": {"message": "Boom.", "code": 429}}, RateLimited),
}


@pytest.mark.parametrize(("told", "kind"), ERRORS.values(), ids=ERRORS.keys())
def test_an_error_in_a_stream_is_told_and_the_text_kept(told, kind):
    got, error = received(stream(chunk("Half"), told), request_id="r-1")
    assert text_of(got) == "Half"
    assert (type(error), "Boom." in str(error), error.request_id) == (kind, True, "r-1")


def test_a_full_context_is_recognised_by_its_words():
    told = {"error": {"code": 500, "message": "the request exceeds the available context size."}}
    error = received(stream(told))[1]
    assert isinstance(error, BadRequest)
    assert "shorter" in error.hint


def test_what_was_held_back_comes_before_the_error():
    got, _ = received(stream(chunk("<thi"), {"error": "Boom."}))
    assert text_of(got) == "<thi"


def test_an_error_after_a_finish_reason_is_still_one():
    got, error = received(stream(chunk("Hi", "length"), chunk("", error={"message": "Boom."})))
    assert (text_of(got), type(error)) == ("Hi", ServerTrouble)


def test_the_words_of_an_error_are_cleaned_and_redacted_first():
    words = "x" * 195 + "sk-secret\x1b[31m\nmore"
    error = received(
        stream({"error": words}), redact=lambda text: text.replace("sk-secret", "[key]")
    )[1]
    assert "sk-" not in str(error)
    assert str(error).isprintable()


# --- JSON in place of a stream ---------------------------------------------------------------------------------------


def whole(document):
    decoder = wire.Decoder()
    return [*decoder.whole(json.dumps(document).encode()), *decoder.finish()]


def test_a_whole_reply_is_taken_though_a_stream_was_asked_for():  # 24
    message = {"role": "assistant", "content": "Hi", "reasoning_content": "Hm"}
    got = whole(
        {
            "object": "chat.completion",
            "model": "m",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2},
        }
    )
    assert (text_of(got), reasoning_of(got), got[-1]) == ("Hi", "Hm", Finished("stop"))
    assert usage_of(got) == Usage(3, 2)


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"error": {"message": "Boom."}}, ServerTrouble),
        ({"detail": "Boom."}, ServerTrouble),
        ({"object": "error", "message": "Boom.", "code": 400}, BadRequest),
        ({"hello": "world"}, NotAnAnswer),
        ([], NotAnAnswer),
    ],
)
def test_json_that_is_no_reply_is_an_error(document, kind):
    with pytest.raises(kind):
        whole(document)


def test_broken_json_is_no_answer():
    with pytest.raises(NotAnAnswer):
        list(wire.Decoder().whole(b'{"a": 1}\n{"b": 2}\n'))


# --- usage -----------------------------------------------------------------------------------------------------------

COUNTED = {"prompt_tokens": 9, "completion_tokens": 4}
USAGES = {
    "15 in a chunk of its own": stream(STOP, {"choices": [], "usage": COUNTED}),
    "15 with the reason": stream(chunk(reason="stop", usage=COUNTED)),
    "15 twice the same": stream(chunk(reason="stop", usage=COUNTED), {"choices": [], "usage": COUNTED}),
    "15 growing": stream(chunk("a", usage={"prompt_tokens": 9, "completion_tokens": 1}), chunk("b", "stop", usage=COUNTED)),
    "15 null at last": stream(chunk("a", usage=COUNTED), chunk(reason="stop", usage=None)),
    "15 of Groq": stream(chunk(reason="stop", x_groq={"id": "x", "usage": COUNTED})),
    "in the choice": stream({"choices": [{"delta": {}, "finish_reason": "stop", "usage": COUNTED}]}),
}  # fmt: skip


@pytest.mark.parametrize("body", USAGES.values(), ids=USAGES.keys())
def test_the_last_usage_counts_wherever_it_stands(body):
    got, _ = received(body)
    assert usage_of(got) == Usage(9, 4)
    assert len({event.usage for event in got if isinstance(event, Reported)}) == sum(
        isinstance(event, Reported) for event in got
    )


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 7}}, Usage(cached_tokens=7)),
        ({"prompt_tokens_details": None, "prompt_cache_hit_tokens": 7}, Usage(cached_tokens=7)),
        ({"estimated_cost": 0.0000268}, Usage(cost=0.0000268)),
        ({"cost": 0.5}, Usage(cost=0.5)),
        ({"cost": {"total_cost": 0.5}}, Usage(cost=0.5)),
        ({"cost_in_usd_ticks": 37_756_000}, Usage(cost=0.0037756)),
        ({"prompt_tokens": True, "completion_tokens": "5", "cost": None}, None),
        ({"prompt_tokens": 1e999, "cost": -1}, None),
        ({"prompt_tokens": 10**30, "completion_tokens": 2.0}, Usage(None, 2)),
        ({"prompt_tokens_details": [], "completion_tokens_details": "x"}, None),
        ({}, None),
    ],
)
def test_usage_is_read_for_what_it_is(usage, expected):  # 16
    assert wire.usage_in(usage) == expected


def test_reasoning_is_part_of_the_completion():
    beside: dict[str, Json] = {
        "prompt_tokens": 165,
        "completion_tokens": 2,
        "total_tokens": 296,
        "completion_tokens_details": {"reasoning_tokens": 129},
    }
    left_out: dict[str, Json] = {
        "completion_tokens": 84,
        "completion_tokens_details": {"reasoning_tokens": 1081},
    }
    assert wire.usage_in(beside) == Usage(165, 131, None, 129)
    leaves_out = Dialect(reasoning_left_out=True)
    assert wire.usage_in(left_out, leaves_out) == Usage(None, 1165, None, 1081)
    assert wire.usage_in(left_out) == Usage(None, 84, None, 1081)


def test_the_model_and_the_request_id_are_reported():
    got = received(stream(chunk("Hi", "stop", model="other/model", id="gen-1")))[0]
    named = received(stream(chunk("Hi", "stop", id="gen-1")), request_id="r-1")[0]
    assert got[0] == Reported("other/model", "gen-1")
    assert named[0] == Reported("", "r-1")


# --- text in pieces --------------------------------------------------------------------------------------------------


def spoken(pieces, reason="stop"):
    return reply(stream(*(chunk(piece) for piece in pieces), chunk(reason=reason)))[:2]


INLINE = {
    "<think>Hm</think>Hi": ("Hi", "Hm"),
    "<think>\nHm\n</think>\n\nHi": ("Hi", "Hm\n"),
    " \n<think>Hm</think> Hi": (" Hi", "Hm"),
    "<think>a < b </thi </think>Hi </think>": ("Hi </think>", "a < b </thi "),
    "<think>\n\n</think>\n\nHi": ("Hi", ""),
    "<think>Hm, never closed </thi": ("", "Hm, never closed </thi"),
    "<thinking>Hi": ("<thinking>Hi", ""),
    "<thin": ("<thin", ""),
    "Say <think>Hm</think>": ("Say <think>Hm</think>", ""),
    "  Hi": ("  Hi", ""),
    "\n": ("\n", ""),
}


@pytest.mark.parametrize("text", INLINE)
def test_thinking_written_into_the_answer_is_taken_out(text):
    assert spoken([text]) == INLINE[text]


@settings(max_examples=100)
@given(st.sampled_from(sorted(INLINE)), st.sets(st.integers(1, 40)))
def test_thinking_is_taken_out_however_it_is_cut(text, cuts):
    assert spoken(cut(text, cuts)) == INLINE[text]


def test_thinking_whose_opener_is_in_the_prompt_is_noticed_in_the_first_piece():
    assert spoken(["Hm\n</think>\n\nHi"]) == ("Hi", "Hm\n")
    assert spoken(["Hm\n", "</think>\n\nHi"]) == ("Hm\n</think>\n\nHi", "")
    assert spoken(["The tag `</think>` ends it."]) == ("The tag `</think>` ends it.", "")


def test_many_blanks_before_the_answer_are_not_held_back_for_ever():
    decoder = wire.Decoder()
    assert text_of(decoder.event("message", json.dumps(chunk(" " * 300)))) == " " * 300


def test_halves_of_a_character_are_joined_across_deltas():
    assert spoken(["\ud83d", "\ude00!"]) == ("😀!", "")
    assert spoken(["\ud83d", "x", "\ude00", "\ud83d"]) == ("\ufffdx\ufffd\ufffd", "")
    thoughts = stream(delta(reasoning="\ud83d"), delta(reasoning="\ude00\ud83d"), STOP)
    assert reply(thoughts)[1] == "😀\ufffd"


@settings(max_examples=60)
@given(st.text(alphabet="a\ud83d\ude00😀", max_size=8), st.sets(st.integers(1, 8)))
def test_joined_text_does_not_depend_on_the_cuts(text, cuts):
    assert spoken(cut(text, cuts)) == spoken([text])
    spoken([text])[0].encode()
