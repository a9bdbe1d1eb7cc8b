"""Each slash command, as typed."""

from dataclasses import replace

import pytest

from deepchat.conversation import Finished, TextDelta
from deepchat.errors import NotAnAnswer, ServerTrouble
from deepchat.render.drawing import Drawing
from deepchat.render.theme import THEMES
from deepchat.repl.commands.table import COMMANDS
from deepchat.repl.needs import Next


def answer(text):
    return [TextDelta(text), Finished("stop")]


def test_help_lists_every_command_and_explains_one(bench):
    listed = bench.type("/help")
    assert all(command.name in listed for command in COMMANDS)
    assert "several lines" in bench.type("/help system")
    assert "/regenerate" in bench.type("/help /retry")
    assert "no command /nope" in bench.type("/help /nope")
    assert "Send the message." in bench.type("/keys")


def test_help_finds_commands_keys_and_settings_by_what_they_are_about(bench):
    found = bench.type("/help bell")
    assert "ui.bell" in found
    assert "/new" not in found
    found = bench.type("/help PICTURE")
    assert "/image" in found
    assert "Keys" not in found
    assert "Send the message." in bench.type("/help send mess")
    assert "/retry" in bench.type("/help re")
    assert "Nothing here has to do with xyzzy." in bench.type("/help xyzzy")


def test_a_theme_is_chosen_for_this_session(bench):
    assert "no colours here" in bench.type("/theme dracula")
    colored = Drawing(THEMES["ansi"])
    bench.repl.desk = replace(bench.repl.desk, drawing=colored)
    before = colored.markdown("`code`", 40)
    assert 'theme = "dracula"' in bench.type("/theme dracula")
    assert colored.markdown("`code`", 40) == Drawing(THEMES["dracula"]).markdown("`code`", 40)
    assert "Did you mean dracula?" in bench.type("/theme darcula")
    assert colored.theme == "dracula"
    bench.paper.choice = "ansi"
    bench.type("/theme")
    assert "dracula ←" in bench.paper.offered
    assert colored.markdown("`code`", 40) == before


def test_system_sets_shows_and_takes_away(bench):
    assert "No persona yet" in bench.type("/system")
    bench.type("/system Be\nkind.")
    assert bench.chat.session.persona == "Be\nkind."
    assert "kind." in bench.type("/system")
    bench.type("/system -")
    assert bench.chat.session.persona == ""


def test_set_and_unset(bench):
    assert "temperature = 0.5" in bench.type("/set temperature 0.5")
    assert bench.chat.session.parameters == {"temperature": 0.5}
    assert "temperature = 0.5" in bench.type("/set")
    assert "temperature = 0.5" in bench.type("/set temperature")
    assert "no parameter heat" in bench.type("/set heat 9")
    assert "no parameters still set" in bench.type("/unset temperature")
    assert "is not set" in bench.type("/unset temperature")
    assert "wants the name" in bench.type("/unset")
    assert "temperature = 0.7" in bench.type("/set temperature=0.7")
    assert "no parameter temprature" in bench.type("/set temprature")
    assert "temperature = 0.5" in bench.type("/set temperature = 0.5")
    bench.type("/unset temperature")
    assert bench.chat.session.parameters == {}


def test_what_is_set_beside_the_known_parameters_is_listed_too(bench):
    bench.chat.set_parameter("extra.order", ["a"])
    assert 'extra.order = ["a"]' in bench.type("/set")
    assert "no parameters still set" in bench.type("/unset extra.order")


def test_a_model_that_the_server_has_is_taken_and_another_is_not(bench):
    assert bench.type("/model") == ""
    assert bench.paper.picking == "Model (now lab/good)"
    assert "lab/better answers" in bench.type("/model lab/better")
    refused = bench.type("/model lab/bad")
    assert "Did you mean lab/good?" in refused
    assert bench.chat.session.model == "lab/better"


def test_a_server_that_tells_nobody_its_models_is_asked_for_any(bench):
    def refresh():
        raise NotAnAnswer("There is no list.")

    bench.shelf.refresh = refresh
    assert "lab/any answers" in bench.type("/model lab/any")
    assert "There is no list." in bench.type("/models")


def test_another_server_is_chosen_or_named_and_asked_from_the_next_message_on(bench):
    assert bench.type("/provider") == ""
    assert (bench.paper.picking, bench.paper.offered) == ("Provider", ["lab ←", "inn"])
    told = bench.type("/provider inn")
    assert "A word." in told
    assert "inn (https://inn.test) is asked from now on: inn/model." in told
    bench.model.script.append(answer("Yes."))
    bench.type("Are you there?")
    assert bench.model.requests[-1].model == "inn/model"
    assert bench.chat.conversation.last("assistant").provider == "inn"
    bench.type("/provider")
    assert bench.paper.offered == ["lab", "inn ←"]


def test_a_server_that_is_none_changes_nothing(bench):
    assert "There is no provider in." in bench.type("/provider in")
    assert (bench.chat.answering, bench.house.servers.now) == ("lab/good", "lab")


def test_models_are_listed_and_filtered(bench):
    listed = bench.type("/models")
    assert "lab/good" in listed
    assert "131k" in listed
    assert "$0.50" in listed
    assert "lab/good" not in bench.type("/models better")
    assert "No model matches xyz" in bench.type("/models xyz")


def test_a_list_that_cannot_be_fetched_is_said_in_words(bench):
    bench.shelf.broken = True
    assert "No route." in bench.type("/models")


def test_sessions_are_listed_found_titled_and_resumed(bench):
    assert "No other chat is stored" in bench.type("/sessions")
    assert "No other chat is stored" in bench.type("/resume")
    assert "No title yet" in bench.type("/title")
    bench.model.script += [answer("Blue."), answer("Four.")]
    bench.type("Which colour?")
    bench.type("/title On colours")
    first = bench.chat.session.id
    bench.type("/new")
    bench.type("Two and two?")
    assert "On colours" in bench.type("/sessions o")
    bench.type("/sessions")
    assert bench.paper.offered == ["On colours"]
    for typed, fitting in (("clrs", ["On colours"]), ("colours on", ["On colours"]), ("xyz", [])):
        bench.paper.filter = typed
        bench.type("/sessions")
        assert bench.paper.offered == fitting
    bench.paper.filter = ""
    assert "Two and two?" not in bench.type("/sessions colour")
    shown = bench.type("/resume colours")
    assert "Which colour?" in shown
    assert "Blue." in shown
    assert bench.chat.session.id == first
    assert bench.paper.title == "On colours"
    bench.paper.choice = "Two and two?"
    assert "Four." in bench.type("/resume")


def test_clear_keeps_the_setup_and_says_how_to_come_back(bench):
    bench.model.script.append(answer("Hi."))
    bench.type("/system Be kind.")
    bench.type("Hello")
    before = bench.chat.session.id
    assert f"/resume {before[-6:]}" in bench.type("/clear")
    assert bench.chat.session.persona == "Be kind."
    bench.type(f"/resume {before[-6:]}")
    assert bench.chat.session.id == before


def test_retry_asks_again(bench):
    assert "no question yet" in bench.type("/retry")
    bench.model.script += [answer("One."), answer("Two.")]
    bench.type("Hello")
    assert "Two." in bench.type("/retry")


def test_config_shows_where_a_value_comes_from(bench):
    assert "default" in bench.type("/config")


@pytest.mark.parametrize("line", ["/exit", "/quit", "/q", "/bye", "exit", "quit"])
def test_there_are_many_ways_to_leave(bench, line):
    bench.type(line)
    assert bench.outcome is Next.LEAVE


def test_exit_with_words_behind_it_does_not_leave(bench):
    assert "takes nothing" in bench.type("/exit the matrix")
    assert bench.outcome is None


@pytest.mark.parametrize("line", ["/new question", "/clear please", "/keys x", "/config model"])
def test_a_command_that_takes_nothing_does_nothing_with_words_behind_it(bench, line):
    session = bench.chat.session
    assert "takes nothing" in bench.type(line)
    assert bench.chat.session is session


def test_an_unknown_command_is_not_sent(bench):
    assert "Did you mean /exit" in bench.type("/eixt")
    assert bench.model.requests == []


def test_a_refused_text_of_several_lines_stands_in_the_composer_again(bench):
    bench.type("/sytsem Be kind.\nAnd brief.")
    assert bench.paper.draft == "/sytsem Be kind.\nAnd brief."


def test_an_empty_reply_is_said_and_its_question_returns(bench):
    bench.model.script += [[Finished("stop")], answer("Yes.")]
    assert "The reply is empty" in bench.type("Anyone?")
    assert bench.paper.draft == "Anyone?"
    bench.type("Hello?")
    assert [m.text for m in bench.model.requests[-1].messages] == ["Hello?"]


def test_a_session_of_another_provider_keeps_its_own_model_until_another_is_chosen(bench):
    bench.model.script += [answer("One."), answer("Two.")]
    bench.type("First")
    stored, conversation = bench.chat.session, bench.chat.conversation
    bench.type("/new")
    bench.chat.resume(replace(stored, provider="elsewhere", model="theirs"), conversation)
    bench.repl.show_last_exchange()
    assert "with theirs; lab/good answers now" in bench.paper.printed
    bench.type("Second")
    assert bench.model.requests[-1].model == "lab/good"
    kept, _ = bench.store.load(stored.id)
    assert (kept.model, kept.provider) == ("theirs", "elsewhere")
    bench.type("/model lab/better")
    kept, _ = bench.store.load(stored.id)
    assert (kept.model, kept.provider) == ("lab/better", "lab")


def test_a_bug_in_a_command_is_logged_and_the_chat_goes_on(bench):
    bench.shelf.cached = None
    assert "itself broke" in bench.type("/model lab/bad")
    assert isinstance(bench.bugs[0], TypeError)


def test_a_failed_question_returns_to_the_composer(bench):
    bench.model.script.append([ServerTrouble("It is on fire.", hint="Wait.")])
    said = bench.type("Hello")
    assert "It is on fire." in said
    assert "Enter asks again." in said
    assert bench.paper.draft == "Hello"


def test_a_failed_question_goes_to_the_history_when_something_new_is_typed(bench):
    bench.paper.draft = "something new"
    bench.model.script.append([ServerTrouble("It is on fire.")])
    bench.type("Hello")
    assert bench.paper.draft == "something new"
    assert "Up brings it back" in bench.paper.printed


def test_a_deleted_chat_is_out_of_sight_until_it_is_restored(bench):
    bench.model.script += [answer("Blue."), answer("Four.")]
    bench.type("Which colour?")
    first = bench.chat.session.id
    bench.type("/new")
    bench.type("Two and two?")
    assert "The trash is empty." in bench.type("/trash")
    deleted = bench.type("/delete colour")
    assert f"“Which colour?” is in the trash: /restore {first[-6:]}" in deleted
    assert "Which colour?" not in bench.type("/sessions")
    assert "No other chat" in bench.type("/resume colour")
    assert "Which colour?" in bench.type("/trash")
    assert f"is back: /resume {first[-6:]}" in bench.type("/restore")
    assert "Blue." in bench.type("/resume colour")


def test_deleting_the_open_chat_begins_a_new_one(bench):
    assert "Nothing was said" in bench.type("/delete")
    bench.model.script.append(answer("Blue."))
    bench.type("Which colour?")
    first = bench.chat.session.id
    assert "A new chat." in bench.type("/rm")
    assert bench.chat.session.id != first
    assert not bench.chat.begun
    assert bench.store.find() == []
    bench.model.script.append(answer("Yes."))
    bench.type("Still there?")
    assert [summary.title for summary in bench.store.find()] == ["Still there?"]
    assert "is back" in bench.type(f"/restore {first[-6:].upper()}")


def test_deleting_asks_which_when_several_fit(bench):
    bench.model.script += [answer("1"), answer("2"), answer("3")]
    for text in ("Tea", "Tea or coffee?", "Coffee"):
        bench.type(text)
        bench.type("/new")
    asked = bench.type("/delete coffee or")
    assert "is in the trash" in asked
    bench.type("/restore")
    asked = bench.type("/delete offee")
    assert "2 chats fit that" in asked
    assert "Name an id." in asked
    assert "“Tea” is in the trash" in bench.type("/delete tea")
    assert "No chat holds that." in bench.type("/delete nothing like it")
    assert "No deleted chat is called that." in bench.type("/restore coffee")


def test_a_blank_row_parts_what_a_command_says_from_the_next_question(bench):
    for text in ("One.", "Two."):
        bench.model.script.append(answer(text))
    bench.type("First")
    bench.type("/theme nope")
    bench.type("/title")
    assert bench.type("Second").startswith("\n")
    assert "\n\n\n" not in bench.paper.printed
    bench.model.script.append([ServerTrouble("Busy.")])
    bench.type("Third")
    bench.model.script.append(answer("Four."))
    bench.type("Fourth")
    assert "\n\n\n" not in bench.paper.printed


def test_the_last_exchange_is_shown_when_asked_and_after_each_reply_when_wished(bench):
    assert "Nothing was asked yet." in bench.type("/debug")
    for of in (bench.house, bench.repl.desk):
        object.__setattr__(of, "last_exchange", lambda: "POST there\n> {}")
    assert "POST there\n> {}" in bench.type("/debug")
    bench.model.script.append(answer("Yes."))
    assert "POST" not in bench.type("Hi")
    object.__setattr__(bench.house, "debug", True)
    bench.model.script.append(answer("Yes."))
    assert "POST there" in bench.type("Hi")


def test_models_come_from_the_copy_while_it_is_young(bench):
    bench.type("/models")
    bench.shelf.broken = True
    bench.shelf.age = 7200.0
    listed = bench.type("/models context>100k --sort price")
    assert "lab/good" in listed
    assert "lab/better" not in listed
    assert "As of 2 h 0 min ago" in listed
    again = bench.type("/models --refresh")
    assert "No route." in again
    assert "lab/better" in again
    assert "not understood" in bench.type("/models size>3")


def test_a_model_has_the_users_own_name(bench):
    assert "lab/better answers" in bench.type("/model b")
    assert bench.chat.answering == "lab/better"
    bench.paper.choice = "b"
    bench.type("/model")
    assert bench.paper.offered == ["b", "lab/good", "lab/better"]
    assert bench.chat.answering == "lab/better"
