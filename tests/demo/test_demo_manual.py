"""What the demo finds in a manual, what it says about it, and what it shows."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepchat.demo import showcase
from deepchat.demo.answers import MODELS, speak
from deepchat.demo.checking import ChatRequest, Said
from deepchat.demo.deepinfra import tokens
from deepchat.demo.manual import MOST_WORDS, Page, passages, search, words

MANUAL = passages(
    [
        Page("/model", "Choose another model. `/model NAME` switches at once, Tab completes."),
        Page("/persona", "Set who the model should be: it is sent as the system message."),
        Page("/resume", "Open an earlier session again, with its messages and its model."),
        Page("/set", "Change a parameter: `/set temperature 0.2`, `/set max_tokens 500`."),
        Page("--continue", "Start with the session of last time."),
        Page(
            "Keys",
            "Ctrl-C stops the reply.\n\n## Editing\n\nAlt-Enter starts a new line.\n\n"
            "```sh\n# no heading\n```\n\n## History\n\nCtrl-R searches what was typed.",
        ),
        Page("café.toml", "The configuration; the file need not be there."),
        *(Page(f"filler {number}", "Replies are printed in colour.") for number in range(9)),
    ]
)


def reply(*asked: str, persona: str = "", model: str = "deepchat/demo") -> str:
    system = [Said("system", persona)] if persona else []
    said = speak(MANUAL, ChatRequest(model, (*system, *(Said("user", text) for text in asked))))
    return "".join(said.text)


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("How do I switch the model?", "/model"),
        ("/persona", "/persona"),
        ("who should the model be, as a system message?", "/persona"),
        ("open earlier sessions", "/resume"),
        ("temperatures", "/set"),
        ("max_tokens", "/set"),
        ("continue last time's session", "--continue"),
        ("how to start a new line", "Keys: Editing"),
        ("ctrl-r", "Keys: History"),
        ("config", "café.toml"),
        ("CAFE", "café.toml"),
    ],
)
def test_the_best_fit_comes_first(question: str, title: str) -> None:
    assert search(MANUAL, words(question))[0].page.title == title


def test_an_answer_that_was_begun_is_gone_on_with() -> None:
    whole = reply("How do I switch the model?")
    asked = Said("user", "How do I switch the model?")
    begun = Said("assistant", whole[:40])
    said = speak(MANUAL, ChatRequest("deepchat/demo", (asked, begun)))
    assert "".join(said.text) == whole[40:]


def test_an_answer_says_where_it_comes_from_and_gives_the_passage_as_it_is() -> None:
    text = reply("How do I switch the model?")

    assert text.startswith("*This is deepchat's offline demo, not a language model.* *It searched")
    assert "## /model\n\nChoose another model. `/model NAME` switches at once" in text


def test_pages_are_cut_at_headings_but_not_inside_code() -> None:
    keys = [page for page in MANUAL if page.title.startswith("Keys")]

    assert [page.title for page in keys] == ["Keys", "Keys: Editing", "Keys: History"]
    assert "```sh\n# no heading\n```" in keys[1].body


def test_more_gives_the_next_passages_until_there_are_none() -> None:
    first, second, third, last = (reply("printed colours", *["more"] * times) for times in range(4))

    titles = [re.findall(r"^## (.*)$", text, re.MULTILINE) for text in (first, second, third)]
    assert [len(found) for found in titles] == [3, 3, 3]
    assert len({title for found in titles for title in found}) == 9
    assert "*Say “more” for 6 passages more.*" in first
    assert "Say “more”" not in third
    assert "That is all the manual has on “printed colours”." in last


def test_when_nothing_fits_it_says_so_and_lists_what_can_be_asked() -> None:
    text = reply("Compose a sonnet on *volcanoes*")

    assert "Nothing in the manual fits “Compose a sonnet on \\*volcanoes\\*”." in text
    assert "`/model`, `/persona`" in text
    assert all(name in text for name in showcase.NAMES)


@pytest.mark.parametrize("question", ["", "   ", "?!", "\x00", "🚀", "\ud800", "* - OR NEAR("])
def test_a_message_without_words_gets_an_answer_too(question: str) -> None:
    assert "offline demo" in reply(question)


def test_words_of_other_scripts_are_searched_for() -> None:
    manual = [Page("見出し", "日本語 の説明"), Page("/model", "Choose.")]

    assert [hit.page.title for hit in search(manual, words("日本"))] == ["見出し"]
    assert "Nothing in the manual fits “漢字は”." in reply("漢字は")


def test_a_long_question_is_searched_by_its_first_words_only() -> None:
    assert len(words(" ".join(f"word{number}" for number in range(10_000)))) == MOST_WORDS


def test_a_conversation_that_begins_with_more_gets_an_answer() -> None:
    assert "There is no word in the message" in reply("more")


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("?", "no word to search for"),
        ("a table", "a piece of the showcase"),
        ("xyzzy", "None fits"),
    ],
)
def test_reasoning_tells_when_nothing_was_searched_or_found(question: str, told: str) -> None:
    request = ChatRequest(MODELS[1].id, (Said("user", question),))

    assert told in "".join(speak(MANUAL, request).reasoning)


def test_a_persona_is_acknowledged_in_one_line() -> None:
    text = reply("model", persona="You are\na *pirate*. " + "Arr! " * 50)

    line = next(line for line in text.splitlines() if "persona:" in line)
    assert line.startswith("*A real model would now follow this persona:* “You are a \\*pirate\\*.")
    assert line.endswith("…”")


def test_reasoning_tells_the_search_as_it_was() -> None:
    request = ChatRequest(MODELS[1].id, (Said("user", "How do I switch the model?"),))
    told = "".join(speak(MANUAL, request).reasoning)

    assert 'SQLite FTS5 over 18 passages: "switch"* OR "model"*' in told
    assert "1. /model (" in told


@given(st.text())
def test_tokens_lose_nothing(text: str) -> None:
    assert "".join(tokens(text)) == text


@settings(max_examples=50, deadline=None)
@given(st.lists(st.builds(Page, st.text(), st.text()), max_size=5), st.text())
def test_any_question_can_be_put_to_any_manual(pages: list[Page], question: str) -> None:
    hits = search(MANUAL, words(question))

    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


# --- the showcase ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "sign"),
    [
        ("Show me a table, please.", "| :------ | ----: |"),
        ("lists", "- [x] "),
        ("write some Python code", "```python"),
        ("a quote and a link", "[link with words]("),
        ("emoji", "👩‍💻"),
        ("headings", "#### The fourth level"),
        ("a long reply", "\n300. 300 = 2 × 2 × 3 × 5 × 5"),
        ("Give me 7 lines", "\n7. 7 is **prime**"),
    ],
)
def test_markdown_is_shown_on_request(message: str, sign: str) -> None:
    assert sign in reply(message)


@pytest.mark.parametrize("message", ["everything", "Show me markdown!", "a showcase of markdown"])
def test_everything_shows_each_piece(message: str) -> None:
    assert all(piece.text in reply(message) for piece in showcase.PIECES)


@pytest.mark.parametrize(
    "message", ["How do I copy a code block?", "resume a long session", "the", "", "12"]
)
def test_a_question_with_such_a_word_in_it_is_still_a_question(message: str) -> None:
    assert showcase.wanted(message) == ""


@pytest.mark.parametrize(("asked", "got"), [(0, 1), (1, 1), (1000, 1000), (10**12, 10_000)])
def test_as_many_lines_come_as_were_asked_for_within_reason(asked: int, got: int) -> None:
    assert len(re.findall(r"^\d+\. ", reply(f"{asked} lines"), re.MULTILINE)) == got
