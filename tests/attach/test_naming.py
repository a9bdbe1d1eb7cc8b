"""What counts as a mention, and how names are written."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepchat.attach import naming
from deepchat.attach.naming import Named

pytestmark = pytest.mark.skipif(os.sep == "\\", reason="a backslash parts folders there")


def readings(text):
    return [mention.readings for mention in naming.mentions(text)]


@pytest.mark.parametrize(
    ("text", "likeliest"),
    [
        ("Look at @a.py please", Named("a.py")),
        ("@a.py", Named("a.py")),
        ("(@a.py)", Named("a.py)")),
        ('@"my file.txt" and', Named("my file.txt")),
        ('@"my file.txt"#L3', Named("my file.txt", (3, 3))),
        (r"@my\ file.txt", Named("my file.txt")),
        (r"@it\'s", Named("it's")),
        ("first\n@second", Named("second")),
        ("@~/x/y.py", Named("~/x/y.py")),
        ("@漢字.txt", Named("漢字.txt")),
    ],
)
def test_a_mention_is_a_word_behind_an_at_sign(text, likeliest):
    [found] = readings(text)
    assert found[0] == likeliest


@pytest.mark.parametrize("text", ["me@example.org", "@", "a @ b", '@""', "x@a.py", "", "@\n"])
def test_addresses_and_lone_signs_are_none(text):
    assert readings(text) == []


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("@a.py#L10-20", Named("a.py", (10, 20))),
        ("@a.py#L10-L20", Named("a.py", (10, 20))),
        ("@a.py#L20-10", Named("a.py", (10, 20))),
        ("@a.py#L7", Named("a.py", (7, 7))),
        ("@a.py#L7, see?", Named("a.py", (7, 7))),
        ("@a.py#L7).", Named("a.py", (7, 7))),
        ("@a.py.", Named("a.py")),
        ("@a.py?!", Named("a.py")),
        ("@a.py。", Named("a.py")),
    ],
)
def test_lines_and_the_end_of_a_sentence_are_told_from_the_name(text, meant):
    [found] = readings(text)
    assert found[-1] == meant


@pytest.mark.parametrize(
    "text", ["@./x", "@../x", "@/etc/x", "@~/x", "@src/a.py", '@"a b"', "@a#L3"]
)
def test_what_can_only_be_a_file_is_explicit(text):
    assert next(naming.mentions(text)).explicit


@pytest.mark.parametrize(
    "text", ["@someone", "@types/node", "@user/repo", "@app.route('/x')", "@a.py"]
)
def test_what_may_be_a_name_or_a_package_is_not(text):
    assert not next(naming.mentions(text)).explicit


def test_only_typed_signs_count():
    [found] = naming.mentions("@a.py @b.py", lambda at: at >= 6)
    assert found.readings[0].name == "b.py"


@given(st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])))
def test_a_name_as_it_is_written_is_found_again(name):
    found = next(naming.mentions(f"@{naming.written(name)}"))
    assert Named(name) in found.readings


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("/pics/cat.png", ["/pics/cat.png"]),
        ("'/pics/my cat.png' ", ["/pics/my cat.png"]),
        ('"/pics/my cat.png"', ["/pics/my cat.png"]),
        (r"/pics/my\ cat.png", [r"/pics/my\ cat.png", "/pics/my cat.png"]),
        ("/pics/my cat.png", ["/pics/my cat.png"]),
        ("file:///pics/my%20cat.png\n", ["/pics/my cat.png"]),
        ("file://localhost/pics/cat.png", ["/pics/cat.png"]),
        ("file://elsewhere/pics/cat.png", []),
        ("cat.png", []),
        ("/pics/cat.png\nWho?", []),
        ("", []),
        ("'", []),
        ("file://[", []),
    ],
)
def test_a_dropped_path_is_read_as_terminals_write_it(text, paths):
    assert list(dict.fromkeys(naming.dropped(text))) == paths


@pytest.mark.parametrize(
    ("before", "behind_at", "name"),
    [
        ("see @sr", True, "sr"),
        ("see @", True, ""),
        (r"see @my\ fi", True, "my fi"),
        ('see @"my fi', True, "my fi"),
        ("me@exam", True, None),
        ("see @a.py and", True, None),
        ("a.txt b", False, "b"),
        ("a.txt ", False, ""),
        ('"my fi', False, "my fi"),
        ("", False, ""),
    ],
)
def test_the_name_that_is_being_typed(before, behind_at, name):
    found = naming.begun(before, behind_at=behind_at)
    assert (found.name if found else None) == name


def test_arguments_are_parted_as_a_shell_would():
    assert naming.words(r"a 'b c' d\ e") == ["a", "b c", "d e"]
    assert naming.words("don't.txt x") == ["don't.txt", "x"]
