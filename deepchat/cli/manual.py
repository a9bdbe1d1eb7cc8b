"""The manual that the demo searches: made of the very help texts that /help, --help and the example file show."""

import json
from collections.abc import Iterator

import click

from deepchat.cli.flags import deepchat
from deepchat.cli.wishes import KEY_PAGE
from deepchat.config import ACTIONS, KEYS, PARAMETERS
from deepchat.demo.manual import Page
from deepchat.repl.commands.program import KEYS as FIXED_KEYS
from deepchat.repl.commands.program import signature
from deepchat.repl.commands.table import COMMANDS

TOPICS = (
    Page(
        "What deepchat is",
        "deepchat is a chat REPL for the terminal. You type a message, a language model answers, and the reply streams in "
        "as rendered markdown. It talks to DeepInfra, or to any server with an OpenAI-compatible API.",
    ),
    Page(
        "Setting a key and going live",
        f"Make a key at {KEY_PAGE} and type `/login`, or `deepchat login` in the shell: it is checked, kept in a file that "
        "only you can read, and this chat goes on with a real model. `/logout` takes it away. Or put it into the "
        "environment and start again:\n\n"
        "```sh\nexport DEEPINFRA_TOKEN=...\ndeepchat\n```\n\n"
        "`DEEPINFRA_API_KEY` and `DEEPINFRA_API_TOKEN` do as well; `key_command` under `[providers.deepinfra]` names a "
        "program that prints it. The key is sent to DeepInfra and nowhere else; it is never shown or logged.",
    ),
    Page(
        "Other servers: Ollama, llama.cpp, vLLM, OpenAI and any compatible one",
        "The usual ones are known by name: `deepchat --provider ollama`, or `/provider ollama` in the chat. For any other name "
        "the address: `deepchat --base-url http://localhost:11434/v1 --model llama3`. A server of your own needs no "
        "key; if it has one, put it into `DEEPCHAT_API_KEY`. `[providers.NAME]` in config.toml keeps the address for good.",
    ),
    Page(
        "Where chats are stored, and how to resume one",
        "Every chat is saved from its first message on, in one SQLite file in your data folder that only you can read; "
        "`/config` shows where. `deepchat -c` goes on with the last chat, `deepchat -r WORDS` with one that holds these "
        "words, `/sessions` lists them, `/resume` opens one. A reply that was interrupted is kept as far as it came.",
    ),
    Page(
        "Personas and the system prompt",
        "`/system You are a patient teacher.` tells the model who to be, from the next message on. Personas have names and "
        "live in config.toml under `[personas.NAME]`, or as files in the folder `personas` beside it; some come with deepchat. "
        "`/persona NAME` takes one, `--persona NAME` starts with it, `/persona save NAME` keeps who the model is now.",
    ),
    Page(
        "Templates, prompts, macros: a text that is sent again and again",
        "`NAME.md` in the folder `templates` beside config.toml is a template: `/template NAME words` sends it with the words "
        "in place of `{args}`, `{1}` or `{tone}` (given as `tone=…`). Commands on top of it are obeyed first, so a template "
        "of commands is a macro. `deepchat -t NAME words` begins with one.",
    ),
    Page(
        "Stopping a reply",
        "Ctrl-C (or Esc) stops it within a fifth of a second and tells the server. What had come is kept, and the model "
        "sees it in the next request. `/retry` asks again.",
    ),
    Page(
        "Typing while a reply arrives",
        "The composer never goes away. What you type while a reply streams stays there; Enter queues it for after the "
        "reply, Up takes it back, Ctrl-C drops it.",
    ),
    Page(
        "Cost and tokens",
        "After each reply a dim line tells tokens in and out, the price, seconds and speed, all as counted by the server. "
        "A `~` marks what is only estimated.",
    ),
    Page(
        "Is this a real AI? Who are you?",
        "No. This is the offline demo: a search in deepchat's manual, no language model. It cannot write, translate or "
        "reason. With a key, or with a server of your own, the same program talks to a real model.",
    ),
    Page(
        "Privacy: is my data private? What leaves this machine",
        "Your messages go to the server you chose and nowhere else; in the demo nothing leaves the machine. Chats, what you "
        "typed before and the log are files that only you can read. There is no telemetry.",
    ),
    Page(
        "How to quit",
        "`/exit`, or Ctrl-D on an empty line, or Ctrl-C twice. The chat is kept; `deepchat -c` goes on with it.",
    ),
    Page(
        "Copying code and replies",
        "`/copy` copies the last reply, `/copy 2` its second code block, `/save 2 FILE` writes it to a file. Code on the "
        "screen can be selected and copied as it is: no padding, no line numbers, no added line breaks.",
    ),
    Page(
        "Searching old conversations",
        "`/sessions WORDS` lists the chats that hold these words, `/resume WORDS` opens the newest of them, Ctrl-R searches "
        "what you typed.",
    ),
    Page(
        "Using a different model",
        '`/model NAME` from the next message on, `-m NAME` from the start, `model = "NAME"` in config.toml for good. '
        "`/models` lists what the server offers, with prices.",
    ),
    Page(
        "Vim keys",
        '`editing_mode = "vi"` under `[ui]` in config.toml. The cursor and the status line tell the mode.',
    ),
    Page(
        "Writing several lines, pasting, your own editor",
        "Alt-Enter or Ctrl-J begins a new line, and so does Shift-Enter where the terminal tells it from Enter; between "
        'two `"""` every Enter does. A long paste is folded to one label and sent whole, Ctrl-O shows it; nothing pasted '
        "is sent before you press Enter. Ctrl-G or `/edit` opens $VISUAL or $EDITOR. `[keys]` in config.toml changes the "
        "keys.",
    ),
    Page(
        "Deleting a chat",
        "`/delete` puts this chat into the trash, `/delete WORDS` another one; `/restore` brings it back, within thirty "
        "days (`trash_days` in config.toml). In the list of `/resume`, Ctrl-D deletes and Ctrl-Z brings back.",
    ),
    Page(
        "Exporting, importing, moving to another machine, backups",
        "`/export chat.md` writes this chat to a file; .txt, .html, .json and .jsonl do as well. `deepchat sessions export "
        "--all all.jsonl` writes all of them, and `deepchat sessions import all.jsonl` takes them in elsewhere: what is "
        "new is added. It also reads ChatGPT's and Claude's `conversations.json`, llm's `logs.db` and aichat's sessions. "
        "A backup is made once a day; `deepchat doctor` lists them.",
    ),
    Page(
        "Attaching files, pictures, images",
        "`@notes.txt` in a message attaches this file, `@main.py#L10-20` these lines of it, `/file src/*.py` all that fit; "
        "`/image cat.png`, `@cat.png` or a picture dropped on the terminal goes to models that see. What goes along stands "
        "above the composer before it is sent; `/detach` takes it away.",
    ),
    Page(
        "Upgrading",
        "Pull the new version and install it again: `git pull && .venv/bin/pip install .` or `pipx install --force .` Chats "
        "and settings stay.",
    ),
    Page(
        "Pipes and scripts",
        "`deepchat -p QUESTION` prints one reply to stdout and leaves; text on stdin is added to the question: "
        "`git diff | deepchat -p 'Review this'`. Exit codes: 0 ok, 1 usage or configuration, 2 the server refused, 3 no "
        "key or no access, 4 network, 130 interrupted.",
    ),
)


def pages() -> list[Page]:
    """All of it."""
    return [*TOPICS, *_commands(), *_flags(), *_settings()]


def _commands() -> Iterator[Page]:
    for command in COMMANDS:
        also = f"\n\nAlso: {', '.join(f'`{alias}`' for alias in command.aliases)}"
        yield Page(
            f"Command {signature(command)}", command.manual + (also if command.aliases else "")
        )
    known = [*((", ".join(keys), does) for _, keys, does in ACTIONS), *FIXED_KEYS]
    rows = "\n".join(f"| {key} | {does} |" for key, does in known)
    yield Page("Keys", f"| key | does |\n|---|---|\n{rows}")


def _flags() -> Iterator[Page]:
    for option in deepchat.params:
        if isinstance(option, click.Option) and option.help:
            name = " ".join(filter(None, [", ".join(option.opts), option.metavar]))
            yield Page(f"Flag {name}", option.help)


def _settings() -> Iterator[Page]:
    for key in KEYS:
        if not key.name.startswith(("keys.", "parameters.", "personas.*.parameters.")):
            default = "" if key.default in (None, "") else f" Default: `{json.dumps(key.default)}`."
            yield Page(f"Setting {key.name} in config.toml", f"{key.help}{default}")
    for parameter in PARAMETERS:
        usage = f"`/set {parameter.name} VALUE` in the chat, `[parameters]` in config.toml."
        yield Page(f"Parameter {parameter.name}", f"{parameter.help} {usage}")
