"""Whatever is changed, undo and redo lead from one end to the other, and what they hold is bounded."""

from hypothesis import given
from hypothesis import strategies as st

from deepchat.repl import undoing as module
from deepchat.repl.undoing import Change, Part, Undoing


def typed(text):
    return Part(text, "t" * len(text))


# Where, how many characters go, what comes, and whether another key was pressed.
edits = st.tuples(
    st.integers(0, 20),
    st.integers(0, 3),
    st.text("ab \n", max_size=3).map(typed)
    | st.text("pq ", max_size=1).map(lambda t: Part(t, "p" * len(t))),
    st.booleans(),
)


def change(draft, at, much, come):
    at = min(at, len(draft))
    return Change(at, draft.cut(at, at + much), come)


@given(st.lists(edits))
def test_undo_leads_to_the_beginning_and_redo_to_the_end(edited):
    undoing, draft = Undoing(), Part()
    for at, much, come, is_key in edited:
        one = change(draft, at, much, come)
        if is_key:
            undoing.begin(one.at)
        if one.gone != one.come:
            undoing.add(one)
            draft = one.done(draft)
    end, states = draft, [draft]
    while step := undoing.undo(draft):
        draft, cursor = step
        assert 0 <= cursor <= len(draft)
        states.append(draft)
    assert draft == Part()
    while step := undoing.redo(draft):
        assert draft == states.pop()
        draft, cursor = step
        assert 0 <= cursor <= len(draft)
    assert draft == end


def test_what_is_undone_is_forgotten_when_something_else_is_typed():
    undoing, draft = Undoing(), typed("one")
    undoing.add(Change(0, Part(), draft))
    before, _ = undoing.undo(draft) or (None, 0)
    assert before == Part()
    undoing.add(Change(0, Part(), typed("x")))
    assert undoing.redo(typed("x")) is None
    assert len(undoing) == 1


def test_the_oldest_steps_are_dropped_and_the_last_is_kept_however_large(monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 100)
    undoing, draft = Undoing(), Part()
    for _ in range(50):
        undoing.begin(len(draft))
        one = Change(len(draft), Part(), typed("ten chars "))
        undoing.add(one)
        draft = one.done(draft)
        assert len(undoing) <= 100
    undoing.begin(0)
    undoing.add(Change(0, draft, Part()))
    assert len(undoing) == 500
    assert undoing.undo(Part()) == (draft, 0)
    assert undoing.undo(draft) is None


def test_a_word_without_end_is_taken_back_in_pieces():
    undoing, draft, steps = Undoing(), Part(), 0
    for at in range(100):
        undoing.begin(at)
        undoing.add(Change(at, Part(), typed("世")))
    draft = typed("世" * 100)
    while step := undoing.undo(draft):
        draft, steps = step[0], steps + 1
    assert 2 <= steps <= 5
