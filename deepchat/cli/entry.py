"""From flags to a running chat: which model answers, which session goes on, terminal or pipe."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Final

from deepchat.cli.bugs import Bug
from deepchat.cli.prompts import require_template, templated
from deepchat.cli.saying import say
from deepchat.cli.wishes import Wishes
from deepchat.config import Provider, Settings, load, private_dir
from deepchat.errors import DeepchatError, NoKey, UsageError
from deepchat.files import append
from deepchat.repl.early import silent_keys

# A window smaller than this has no room for a composer, a status line and a reply.
LEAST_ROWS: Final = 4
LEAST_COLUMNS: Final = 12

AS_LINES: Final = "Lines are read and written plainly."


def start(wishes: Wishes) -> int:
    """Do what the flags ask for; the exit code. Raises DeepchatError, KeyboardInterrupt, BrokenPipeError."""
    if wishes.continue_ and wishes.resume is not None:
        raise UsageError("-c and -r exclude each other.", hint="-c goes on with the last chat.")
    if wishes.private and (wishes.continue_ or wishes.resume is not None):
        raise UsageError(
            "--private keeps nothing, so no chat goes on with it.", hint="Leave one out."
        )
    if wishes.private and wishes.save is not None:
        raise UsageError("--private keeps nothing.", hint="Leave --save out.")
    if wishes.demo and (wishes.base_url or wishes.provider):
        raise UsageError("--demo is a server of its own.", hint="Leave the other one out.")
    if wishes.resume == "" and (wishes.question is not None or wishes.template is not None):
        raise UsageError("-r wants to know which chat.", hint="-c goes on with the last one.")
    if wishes.log:
        _require_log(wishes)
    with settings_of(wishes) as settings:
        if wishes.template is not None:
            require_template(settings, wishes.template)
        if wishes.question is not None or not sys.stdin.isatty():
            return _once(wishes, settings)
        if not sys.stdout.isatty():
            raise UsageError(
                "stdout is not a terminal.", hint="-p QUESTION prints one reply and leaves."
            )
        if wishes.raw:
            raise UsageError("--raw goes with -p QUESTION.", hint="In the chat there is /raw.")
        if wishes.save is not None:
            raise UsageError("--save goes with -p QUESTION.", hint="A chat is kept anyway.")
        return _chat(wishes, settings)


def _require_log(wishes: Wishes) -> None:
    assert wishes.log  # noqa: S101  the caller looked
    if wishes.private:
        raise UsageError("--private keeps nothing.", hint="Leave --log out.")
    try:
        append(wishes.log, "")
    except OSError as error:
        raise UsageError(f"{wishes.log} cannot be written: {error.strerror}.") from error


@contextmanager
def settings_of(wishes: Wishes) -> Iterator[Settings]:
    """What is configured, for as long as it takes: a bug inside is logged."""
    settings = load(wishes.flags, os.environ)
    threading.excepthook = lambda failed: _log_thread(failed, settings)
    try:
        yield settings
    except (DeepchatError, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001  raised again, as a bug that knows where its log is
        raise Bug.of(error, log=settings.paths.log_file, key=settings.key) from None


def _log_thread(failed: threading.ExceptHookArgs, settings: Settings) -> None:
    """A bug in a thread nobody waits for belongs into the log, not on the screen."""
    if failed.exc_value:
        Bug.of(failed.exc_value, log=settings.paths.log_file, key=settings.key)


def _once(wishes: Wishes, settings: Settings) -> int:
    from deepchat.cli import oneshot  # late: brings the store and the client along

    _warn(settings)
    if not wishes.demo:
        _require_key(settings)
    if sys.stdout.isatty() and _must_be_plain():
        settings = replace(settings, ui=replace(settings.ui, plain=True))
    with ExitStack() as stack:
        settings = _answering(wishes, settings, stack)
        piped = "" if sys.stdin.isatty() else _piped()
        asked = wishes.question or ""
        if wishes.template is not None:
            asked = templated(settings, f"{wishes.template} {asked}")
        question = "\n\n".join(part for part in (asked, piped.strip("\n")) if part)
        if not question.strip():
            raise UsageError("There is no question.", hint="-p QUESTION, or text on stdin.")
        return oneshot.ask(wishes, settings, question)


def _piped() -> str:
    """The text on stdin, as much of it as is text."""
    sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]  # a text stream
    return sys.stdin.read()


def _chat(wishes: Wishes, settings: Settings) -> int:
    if not wishes.private:
        private_dir(settings.paths.data_dir)
    if not settings.ui.plain and (why := _must_be_plain()):
        ui = replace(settings.ui, plain=True)
        settings = replace(settings, ui=ui, warnings=(*settings.warnings, f"{why} {AS_LINES}"))
    with ExitStack() as stack:
        if not settings.ui.plain:
            stack.enter_context(silent_keys())
        from deepchat.cli import session  # late: brings prompt_toolkit and rich along

        return session.chat(wishes, _answering(wishes, settings, stack), home=settings)


def _must_be_plain() -> str:
    """Why this terminal cannot have a composer and a live view; "" when it can."""
    if sys.platform != "win32" and os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        return "This terminal does not say that it can move its cursor (TERM)."
    size = os.get_terminal_size(sys.stdout.fileno())
    if 0 < size.lines < LEAST_ROWS or 0 < size.columns < LEAST_COLUMNS:
        return f"This window has only {size.columns} × {size.lines} characters."
    return ""


def _warn(settings: Settings) -> None:
    for warning in settings.warnings:
        say(warning)


def _key_missing(settings: Settings) -> bool:
    return settings.provider.needs_key and settings.key is None


def _require_key(settings: Settings) -> None:
    """In a pipe nothing is faked."""
    if _key_missing(settings):
        raise NoKey(
            f"No key for {settings.provider.name} is set.",
            hint=f"{settings.provider.login} keeps one; or set {settings.provider.key_place}, name a server that needs "
            "none with --base-url, or try --demo.",
        )


def _answering(wishes: Wishes, settings: Settings, stack: ExitStack) -> Settings:
    """The settings with whoever answers: the provider, or the demo when it is asked for or there is no key."""
    if not (wishes.demo or _key_missing(settings)):
        return settings
    from deepchat.cli.manual import pages  # late: only the demo needs them
    from deepchat.demo.answers import MODELS
    from deepchat.demo.server import DemoServer

    server = stack.enter_context(DemoServer(pages()))
    offered = [model.id for model in MODELS]
    model = wishes.model if wishes.model in offered else offered[0]
    provider = Provider("demo", server.base_url, (), needs_key=False)
    why = "flag --demo" if wishes.demo else "no key is set"
    origins = {**settings.origins, **dict.fromkeys(("provider", "base_url", "model"), why)}
    return replace(
        settings,
        provider=provider,
        key=None,
        key_source="",
        headers={},
        model=model,
        origins=origins,
    )
