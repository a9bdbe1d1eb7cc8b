"""The law of the reply, on everything markdown can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat.render.reply import Reply, render_markdown
from deepchat.render.theme import THEMES
from tests.render.documents import EXAMPLES, cut, documents, texts

THEME = THEMES["ansi"]


def streamed(text, *, width=80, height=24, seed=0, plain=False):
    reply = Reply(width=width, height=height, theme=THEME, plain=plain)
    commits = []
    for piece in cut(text, seed):
        reply.text(piece)
        commits.append(reply.frame().commit)
    return "".join(commits) + reply.finish().commit


@documents(400)
@given(texts, st.integers(20, 200), st.integers(5, 60), st.integers())
def test_the_frames_of_any_cut_add_up_to_the_reply_at_once(text, width, height, seed):
    once = render_markdown(text, width, THEME)
    assert streamed(text, width=width, height=height, seed=seed) == once
