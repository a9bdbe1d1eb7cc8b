"""Personas in a real terminal: chosen, filled in, saved, edited, deleted, seen in the history."""

import sys

EDITOR = f"{sys.executable} -c \"import sys; open(sys.argv[1], 'a').write(' Purr.')\""


def system_of(server):
    """What the last request told the model to be."""
    asked = [one for one in server.received if one.path.endswith("completions")]
    first = asked[-1].json["messages"][0]
    return first["content"] if first["role"] == "system" else None


def test_a_walk_through_the_library(deepchat, server, config_dir):
    with deepchat(env={"EDITOR": EDITOR}, rows=40) as chat:
        chat.wait_for("/help")
        chat.enter("/persona")
        chat.wait_for("You write the commit message")
        chat.press("transl")
        chat.wait_for("{language}")
        chat.press("\r")
        chat.wait_for("translator: language:")
        chat.press("Swiss German")
        chat.wait_for("› Swiss German")
        chat.press("\r")
        chat.wait_for("The model is translator (language Swiss German) from the next message on.")
        chat.enter("Good morning!")
        chat.wait_for("tok/s")
        assert system_of(server).startswith("Translate every message into Swiss German, ")

        chat.enter("/system You are a {cat}.")
        chat.wait_for("from the next message on.")
        chat.enter("/persona save cat")
        chat.wait_for("personas/cat.md.")
        chat.enter("/persona edit cat")
        chat.wait_for("/persona cat takes it up.")
        text = (config_dir / "personas" / "cat.md").read_text()
        assert text.endswith("+++\nYou are a {{cat}.\n Purr.\n")
        chat.enter("/persona cat")
        chat.wait_for("The model is cat from the next message on.")
        chat.enter("And who are you?")
        chat.wait_until(lambda: "\n".join(chat.everything()).count("tok/s") == 2)
        assert system_of(server) == "You are a {cat}.\n Purr."

        chat.enter("/history")
        chat.wait_for("Persona: You are a {cat}.")
        chat.enter("/persona delete cat")
        chat.wait_for("Delete the persona cat:")
        chat.press("del\r")
        chat.wait_for("The persona cat is deleted.")
        assert not (config_dir / "personas" / "cat.md").exists()


def test_a_persona_with_its_variables_begins_a_chat_and_goes_on_with_another(deepchat, server):
    with deepchat("--persona", "tutor subject=Greek") as chat:
        chat.wait_for("tutor")
        chat.enter("Hello?")
        chat.wait_for("tok/s")
    assert system_of(server).startswith("You teach Greek ")
    with deepchat("-c", "--persona", "translator language=French") as chat:
        chat.wait_for("Hello?")
        chat.enter("Again?")
        chat.wait_until(lambda: "\n".join(chat.everything()).count("tok/s") == 2)
    assert system_of(server).startswith("Translate every message into French, ")


def test_a_persona_that_lacks_a_variable_is_told_before_a_chat_begins(deepchat):
    with deepchat("--persona", "translator") as chat:
        assert chat.wait_for_end() == 1
        assert "The persona translator wants language." in " ".join(chat.lines())


def test_in_plain_mode_a_variable_is_asked_for_in_a_line(deepchat, server):
    with deepchat("--plain") as chat:
        chat.wait_for("/help")
        chat.enter("/persona tutor")
        chat.wait_for("tutor: subject:")
        chat.enter("Greek")
        chat.wait_for("The model is tutor (subject Greek)")
        chat.enter("/persona edit tutor")
        chat.wait_for("No editor is opened here.")
