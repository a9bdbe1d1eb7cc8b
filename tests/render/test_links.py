"""Addresses that stand in the text without markup: where they begin and end, and where a click leads."""

import pytest

from deepchat.render.inline import Inline
from deepchat.render.theme import THEMES

THEME = THEMES["ansi"]

BARE = {
    "a full stop ends the sentence": ("See https://a.b/c_d_e.", "https://a.b/c_d_e"),
    "brackets around it": ("(https://a.b/c)", "https://a.b/c"),
    "brackets inside": ("(https://a.b/c_(d)).", "https://a.b/c_(d)"),
    "strong": ("**https://a.b/**", "https://a.b/"),
    "stars inside": ("https://a.b/*c*d and *e*", "https://a.b/*c*d"),
    "a port, a query, a fragment": ("http://localhost:80/?a=1&b=2#c,", "http://localhost:80/?a=1&b=2#c"),
    "what looks like math": ("https://a.b/$c$d", "https://a.b/$c$d"),
    "chinese goes on behind it": ("见https://a.b/c。好", "https://a.b/c"),
}  # fmt: skip


def links(text):
    return [(run.text, run.link) for run in Inline(THEME).runs(text) if run.style.underline]


@pytest.mark.parametrize("name", BARE)
def test_a_bare_address_is_a_link(name):
    text, address = BARE[name]
    assert links(text) == [(address, address)]


def test_letters_of_other_alphabets_are_encoded_for_the_click():
    assert links("https://a.b/Größe!") == [("https://a.b/Größe", "https://a.b/Gr%C3%B6%C3%9Fe")]


@pytest.mark.parametrize(
    "text", ["`https://a.b`", "xhttps://a.b", "https://", "ftp://a.b", "a://b"]
)
def test_what_is_no_bare_address_stays_text(text):
    assert links(text) == []


def test_an_address_inside_a_link_leads_where_the_link_does():
    assert links("[at https://a.b](https://c.d)") == [("at https://a.b", "https://c.d")]
