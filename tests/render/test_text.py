"""The sanitiser: nothing a terminal obeys or hides gets through, however the text is cut."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat.text import Cleaner, clean, clean_line, guard, mend
from tests.render.documents import cut, documents

ESCAPES = "".join(map(chr, [*range(9), *range(11, 32), *range(0x7F, 0xA0)]))
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
TAGS = "".join(map(chr, range(0xE0000, 0xE0080)))
INVISIBLE = "\u00ad\u034f\u115f\u17b4\u180e\u200b\u200c\u200d\u200e\u2028\u2029\u2060\u2063\u3164\ufe0f\ufeff\ufff9"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"

anything = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from(
            ESCAPES + BIDI + TAGS + INVISIBLE + "\n\t\r a1#\ud83d\ude00\ud800é日ש👩❤🏴\u0301\u0600"
        ),
    )
)


def is_hidden(char):
    return unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") and char not in "\n\t"


@documents(400)
@given(anything)
def test_nothing_a_terminal_obeys_is_left(text):
    assert not [char for char in clean(text) if is_hidden(char) or char in BIDI]


# Signs that stand before or over digits and are seen (Unicode: Prepended_Concatenation_Mark), though they are "format".
SEEN = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"


def test_every_format_character_alone_is_made_visible():
    invisible = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"]
    assert [char for char in invisible if clean(char) == char] == sorted(SEEN)


@documents(400)
@given(anything, st.integers())
def test_any_cut_gives_the_same_text_and_marks(text, seed):
    cleaner, whole = Cleaner(), Cleaner()
    pieces = [cleaner.feed(piece) for piece in cut(text, seed)]
    assert "".join(pieces) + cleaner.finish() == clean(text)
    whole.feed(text)
    whole.finish()
    assert cleaner.marks == whole.marks


@documents(200)
@given(anything)
def test_one_line_stays_one_bounded_line(text):
    line = clean_line(text, limit=20)
    assert len(line) <= 20
    assert not [char for char in line if is_hidden(char) or char in "\n\t"]


@documents(200)
@given(anything)
def test_mended_text_can_be_stored_as_utf8(text):
    assert mend(text).encode("utf-8").decode("utf-8") == mend(text)


@documents(200)
@given(anything)
def test_the_last_filter_keeps_the_length(text):
    assert len(guard(text)) == len(text)
    assert not [char for char in guard(text) if is_hidden(char) or char in BIDI]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "␛[31m"),
        ("a\x00b\x7fc", "a␀b␡c"),
        ("\x9b2J", "<U+009B>2J"),
        ("user\u202etxt.exe", "user<U+202E>txt.exe"),
        ("zero\u200bwidth", "zero<U+200B>width"),
        ("hid\U000e0041", "hid<U+E0041>"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\ud83d\ude00 \ud83d", "😀 �"),
        ("x" + "\u0301" * 11, "x" + "\u0301" * 10 + "<U+0301>"),
        ("a\u200db", "a<U+200D>b"),
        ("1\ufe0f\ufe0f", "1\ufe0f<U+FE0F>"),
    ],
)
def test_what_is_hidden_becomes_visible(text, shown):
    assert clean(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "tab\tand\nline",
        "👩‍👩‍👧 ❤️‍🔥 #️⃣",
        ENGLAND,
        "می‌خواهم",
        "שלום\u200f!",
        "葛\U000e0100飾",
        "ǵ̣",
        "Größe",
        "\u00a0x",
    ],
)
def test_what_scripts_and_emoji_need_stays(text):
    assert clean(text) == text


def test_surrogate_pairs_are_joined_and_lone_ones_replaced():
    assert mend("\ud83d\ude00\udc00x\ud800") == "😀\ufffdx\ufffd"


def test_a_mark_is_counted_once():
    cleaner = Cleaner()
    cleaner.feed("\x1b]0;title\x07 ok")
    assert cleaner.marks == 2


def test_a_huge_line_is_cut_before_it_is_cleaned():
    assert clean_line("\x1b" * 10_000_000, limit=10) == "␛" * 9 + "…"
