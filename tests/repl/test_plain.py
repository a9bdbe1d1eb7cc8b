"""The surface that is only appended to."""

from io import StringIO

from deepchat.repl.plain import PlainSurface


def test_what_returns_unsent_is_printed_clean():
    out = StringIO()
    PlainSurface(out, input).compose("a\x1b[2J\u202eb")
    assert out.getvalue() == "Not sent: a␛[2J<U+202E>b\n"
