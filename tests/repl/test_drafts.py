"""What stands in the composer is written down now and then, goes with its session, and is offered again."""

import asyncio
from contextlib import ExitStack, closing, suppress

import pytest

from deepchat.conversation import Attachment, Draft, Finished, TextDelta, Unsent
from deepchat.errors import Unreachable
from deepchat.repl.drafts import BYTES_PER_S, DraftKeeper, line_of_draft
from deepchat.repl.needs import Entry
from deepchat.store.drafts import LARGEST, DraftFiles
from tests.repl.desk import Bench


class Counting:
    """Drafts in memory that remember what was written."""

    def __init__(self):
        self.written = []

    def keep(self, draft):
        self.written.append(draft)

    def left(self):
        return {}

    def claim(self, name, session):
        return None


class Typist:
    """Types while time goes by: `script` gives the text at each moment that the keeper sleeps, then all is over."""

    def __init__(self, *script):
        self.script = list(script)
        self.text = ""
        self.slept = 0.0
        self.drafts = Counting()
        self.keeper = DraftKeeper(
            self.drafts, lambda session: Draft(session, self.text), sleep=self.sleep
        )
        self.keeper.begin("s")

    async def sleep(self, seconds):
        if not self.script:
            raise asyncio.CancelledError
        self.slept += seconds
        self.text = self.script.pop(0)
        asyncio.get_running_loop().call_soon(self.keeper.touch)

    def work(self):
        async def run():
            with suppress(asyncio.CancelledError):
                await self.keeper.run()

        asyncio.run(run())
        return [draft.text for draft in self.drafts.written]


def test_a_draft_is_written_while_it_grows_and_each_state_once():
    assert Typist("a", "a", "ab", "ab", "ab", "abc", "abc").work() == ["a", "ab", "abc"]


def test_nothing_is_written_while_nothing_changes():
    assert Typist("", "", "", "").work() == []


def test_what_is_sent_or_cleared_is_taken_away():
    assert Typist("a", "a", "", "").work() == ["a", ""]


def test_nothing_is_written_before_it_is_known_whose_it_is():
    typist = Typist("a", "a")
    typist.keeper = DraftKeeper(
        typist.drafts, lambda session: Draft(session, "a"), sleep=typist.sleep
    )
    typist.keeper.touch()
    assert typist.work() == []
    typist.keeper.flush()
    assert typist.drafts.written == []


def test_a_large_draft_is_not_written_for_each_key():
    large = "x" * 1_000_000
    typist = Typist(*(large + "y" * n for n in range(60)))
    written = sum(map(len, typist.work()))
    assert len(large) < written < BYTES_PER_S * typist.slept + 1.1 * len(large)


def test_everything_unsent_is_one_line_in_the_order_it_was_typed():
    queued = (Unsent("/first"), Unsent("/second", pasted=((0, 7),)))
    assert line_of_draft(Draft("s")) == Entry("")
    assert line_of_draft(Draft("s", "/half a comm")) == Entry("/half a comm")
    assert line_of_draft(Draft("s", "last", queued, pasted=((0, 4),))) == Entry(
        "//first\n\n/second\n\nlast", ((9, 16), (18, 22))
    )


# --- with everything but the terminal ----------------------------------------------------------------------------------


class Dying(Bench):
    """`die` lets go of the drafts, as the end of a process does."""

    def __init__(self, path, drafts):
        super().__init__(path, drafts)
        self.die = drafts.close


@pytest.fixture
def begin(tmp_path):
    """Starts a REPL on the same data."""
    with ExitStack() as stack:

        def start(resumed="", typed=""):
            drafts = stack.enter_context(closing(DraftFiles(tmp_path / "drafts")))
            bench = Dying(tmp_path, drafts)
            stack.callback(bench.store.close)
            bench.paper.draft = typed
            if resumed:
                bench.chat.resume(*bench.store.load(resumed))
                bench.repl.show_last_exchange()
            asyncio.run(bench.repl.offer_drafts())
            return bench

        yield start


def say(bench, text):
    bench.model.script.append([TextDelta("Yes."), Finished("stop")])
    bench.type(text)
    return bench.chat.session.id


def draft(bench, text):
    bench.paper.draft = text
    bench.repl.drafts.flush()


def test_the_draft_of_a_new_chat_that_died_stands_in_the_next(begin):
    first = begin()
    draft(first, "unsent")
    assert begin().paper.draft == "", "its process lives"
    first.die()
    second = begin()
    assert second.paper.draft == "unsent"
    assert begin().paper.draft == "", "one has it"
    draft(second, "")
    second.die()
    assert begin().paper.draft == ""


def test_the_draft_of_a_stored_chat_returns_with_it_and_a_line_says_so(begin):
    first = begin()
    session = say(first, "A question")
    draft(first, "unsent")
    first.die()
    second = begin()
    assert second.paper.draft == ""
    assert f"An unsent text of “A question” is kept: /resume {session[-6:]}" in second.paper.printed
    second.type(f"/resume {session[-6:]}")
    assert second.paper.draft == "unsent"
    assert "What was not sent" not in second.paper.printed
    second.repl.drafts.flush()
    second.die()
    third = begin(resumed=session)
    assert third.paper.draft == "unsent"
    assert "kept" not in third.paper.printed


def test_messages_that_were_queued_are_part_of_it(begin):
    first = begin()
    first.model.script.append([first.model.wait])
    first.repl.enter("First")
    assert first.model.hanging.wait(5)
    first.repl.enter("Second")
    first.repl.enter("Third")
    draft(first, "and a half")
    first.die()
    second = begin(resumed=first.chat.session.id)
    assert second.paper.draft == "Second\n\nThird\n\nand a half"
    assert "The last question got no answer: /retry" in second.paper.printed
    first.repl.leave()


def test_of_several_none_is_lost(begin):
    dying = [begin() for _ in range(3)]
    for bench, text in zip(dying, ("one", "two", "three"), strict=True):
        draft(bench, text)
    for bench in dying:
        bench.die()
    bench = begin()
    assert "2 more unsent texts are kept" in bench.paper.printed
    found = [bench.paper.draft]
    for _ in range(2):
        bench.type("/new")
        found.append(bench.paper.draft)
    assert set(found) == {"one", "two", "three"}


def test_each_session_keeps_its_draft_while_others_are_used(begin):
    bench = begin()
    session = say(bench, "A question")
    bench.paper.draft = "for the question"
    bench.type("/new")
    assert bench.paper.draft == ""
    bench.paper.draft = "for the new one"
    bench.type(f"/resume {session[-6:]}")
    assert bench.paper.draft == "for the question"
    bench.repl.drafts.flush()
    bench.die()
    again = begin()
    assert again.paper.draft == "for the new one"
    assert "An unsent text of “A question”" in again.paper.printed


def test_what_is_typed_before_it_is_offered_is_not_mixed_with_it(begin):
    first = begin()
    draft(first, "unsent")
    first.die()
    second = begin(typed="quick")
    assert second.paper.draft == "quick"
    assert "1 more unsent text is kept: it comes with /new." in second.paper.printed
    second.paper.draft = ""
    second.type("/new")
    assert second.paper.draft == "unsent"


def test_what_was_attached_to_a_failed_question_returns_with_its_draft(begin, tmp_path):
    (tmp_path / "notes.txt").write_text("x = 1\n")
    first = begin()
    first.type(f"/file {tmp_path}/notes.txt")
    first.model.script.append([Unreachable("No route.")])
    first.type("Explain")
    draft(first, first.paper.draft)
    first.die()
    second = begin()
    second.type(f"/resume {first.chat.session.id[-6:]}")
    assert second.paper.draft == "Explain"
    assert [each.name for each in second.repl.tray.attachments] == [f"{tmp_path}/notes.txt"]


def attached(bench):
    return [each.name for each in bench.repl.tray.attachments]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder to stand in."""
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "a.py").write_text("x = 1\n")
    (folder / "cat.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))
    return folder


def test_what_is_attached_is_part_of_the_draft_also_where_its_files_are_gone(begin, files):
    first = begin()
    first.type("/file a.py")
    first.type("/image cat.png")
    before = first.repl.tray.attachments
    draft(first, "unsent")
    first.die()
    for path in files.iterdir():
        path.unlink()
    second = begin()
    assert second.paper.draft == "unsent"
    assert second.repl.tray.attachments == before


def test_what_is_attached_is_a_draft_by_itself(begin, files):
    first = begin()
    first.type("/file a.py")
    first.repl.drafts.flush()
    first.die()
    assert attached(begin()) == ["a.py"]


def test_what_is_attached_stays_with_its_session(begin, files):
    bench = begin()
    session = say(bench, "A question")
    bench.type("/file a.py")
    bench.type("/new")
    assert attached(bench) == []
    say(bench, "Another one")
    bench.type("/image cat.png")
    bench.type(f"/resume {session[-6:]}")
    assert attached(bench) == ["a.py"]


def test_what_is_attached_before_anything_is_said_goes_along_to_where_it_is(begin, files):
    bench = begin()
    session = say(bench, "A question")
    bench.type("/new")
    bench.type("/file a.py")
    bench.type(f"/resume {session[-6:]}")
    assert attached(bench) == ["a.py"]
    bench.repl.drafts.flush()
    bench.die()
    assert attached(begin(resumed=session)) == ["a.py"]


def test_what_queued_messages_brought_along_is_there_in_their_order(begin, files):
    first = begin()
    first.model.script.append([first.model.wait])
    first.repl.enter("First")
    assert first.model.hanging.wait(5)
    first.type("/file a.py")
    first.repl.enter("Second")
    first.type("/image cat.png")
    draft(first, "third")
    first.die()
    second = begin(resumed=first.chat.session.id)
    assert second.paper.draft == "Second\n\nthird"
    assert attached(second) == ["a.py", "cat.png"]
    first.repl.leave()


def test_what_could_not_be_kept_is_named_once(begin, files):
    first = begin()
    picture = Attachment("huge.png", "image/png", bytes(LARGEST + 1))
    first.repl.tray.add([picture])
    draft(first, "unsent")
    first.die()
    second = begin()
    assert second.paper.draft == "unsent"
    assert second.paper.printed.count("could not be kept with the draft") == 1
    assert "huge.png" in second.paper.printed
    second.repl.drafts.flush()
    second.die()
    assert "huge.png" not in begin().paper.printed


def test_what_was_pasted_is_pasted_after_a_restart_and_brings_nothing_along(begin, files):
    first = begin()
    first.paper.draft, first.paper.pasted = "see @a.py", ((4, 9),)
    first.repl.drafts.flush()
    first.die()
    second = begin()
    assert second.paper.unsent == Entry("see @a.py", ((4, 9),))
    assert second.repl.attached_rows(second.paper.unsent) == []


def test_a_question_without_an_answer_returns_with_its_pastes(begin, files):
    first = begin()
    first.model.script.append([Unreachable("No route.")])
    first.repl.enter("@a.py says @a.py", ((11, 16),))
    first.settle()
    assert first.paper.unsent == Entry("@a.py says @a.py", ((11, 16),))
    assert attached(first) == []


def test_what_a_question_of_another_process_mentions_is_not_looked_up_again(begin, files):
    first = begin()
    first.model.script.append([Unreachable("No route.")])
    first.repl.enter("@a.py and @cat.png", ((10, 18),))
    first.settle()
    second = begin(resumed=first.chat.session.id)
    assert second.paper.draft == "@a.py and @cat.png"
    assert attached(second) == ["a.py"]
    second.model.script.append([TextDelta("Yes."), Finished("stop")])
    second.repl.enter(second.paper.draft, second.paper.pasted)
    second.settle()
    assert [each.name for each in second.chat.conversation.path()[-2].attachments] == ["a.py"]


def test_leaving_keeps_the_draft_for_the_next_start(begin):
    bench = begin()
    bench.paper.draft = "unsent"
    bench.repl.leave()
    bench.die()
    assert begin().paper.draft == "unsent"


def test_a_database_in_trouble_does_not_cost_the_draft(begin, tmp_path):
    bench = begin()
    say(bench, "A question")
    draft(bench, "unsent")
    bench.die()
    bench.store.close()
    (tmp_path / "chats.db").write_bytes(b"no database" * 1000)
    assert begin().paper.draft == "unsent"


def test_what_is_typed_while_another_chat_is_opened_is_for_that_one(bench):
    bench.repl.drafts.begin(bench.chat.session.id)
    bench.model.script.append([TextDelta("Blue."), Finished("stop")])
    bench.type("Which colour?")
    first = bench.chat.session.id
    bench.type("/new")
    opening = bench.repl.enter(f"/resume {first[-6:]}")
    bench.paper.draft = "typed meanwhile"
    asyncio.run(bench.repl.obey("/resume", opening))
    assert bench.chat.session.id == first
    assert bench.paper.draft == "typed meanwhile"
    assert bench.repl.drafts.session == first
