"""The chat in a terminal: rooms wired, session begun or resumed, and how to come back said at the end."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from functools import partial
from typing import Final

from deepchat import context, offers
from deepchat.api.models import Catalogue
from deepchat.chat import Chat, Unsaved
from deepchat.cli import nearby
from deepchat.cli.bugs import Bug
from deepchat.cli.ending import KILLED
from deepchat.cli.exporting import Exporter
from deepchat.cli.logins import Logins
from deepchat.cli.looks import colored, drawing
from deepchat.cli.servers import Servers, with_model
from deepchat.cli.tidying import Tidying
from deepchat.cli.wiring import Options, Provider, first_session, models_cache, purse, resume
from deepchat.cli.wishes import Wishes
from deepchat.config import Settings
from deepchat.config.providers import is_local
from deepchat.errors import DeepchatError, NewerStore, StoreError
from deepchat.repl.drafts import NoDrafts
from deepchat.repl.house import House
from deepchat.repl.interactive import Interactive
from deepchat.repl.loop import Repl
from deepchat.repl.needs import Catalogue as Shelf
from deepchat.repl.needs import Page, Surface
from deepchat.repl.news import News
from deepchat.repl.plain import Plain
from deepchat.retrying import Retries
from deepchat.store.claims import Claims
from deepchat.store.drafts import DraftFiles
from deepchat.store.sessions import Store
from deepchat.store.upkeep import Upkeep

# How long the prompt waits for whoever keeps the database locked.
PATIENCE_S: Final = 1.0

Wire = Callable[[Surface, Callable[[], None]], House]


def chat(wishes: Wishes, settings: Settings, *, home: Settings) -> int:
    """Chat until the user leaves; the exit code. `home` is what was configured: the settings, unless the demo answers."""
    news = News()
    lacking = None if wishes.demo or settings is home else home
    try:
        settings = with_model(settings)
    except DeepchatError as error:
        news.tell(f"{error} {error.hint}")
    with (
        closing(Provider(settings, log=wishes.log, tell=news.tell)) as provider,
        closing(Store(settings.paths.database, tell=news.tell)) as store,
        closing(DraftFiles(settings.paths.drafts)) as drafts,
        closing(Claims(settings.paths.claims)) as claims,
        closing(_tidying(store, settings)) as tidying,
    ):
        if not wishes.private:
            _look(store, news)
        wire = _wire(wishes, settings, home, provider, store, drafts, claims, news)
        begin = _begin(wishes, settings, store, provider, news, lacking)
        if not wishes.private:
            tidying.start()
        if settings.ui.plain:
            # In a locale of few characters the others become marks.
            for stream in (sys.stdin, sys.stdout):
                stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a text stream
            plain = Plain(wire, terminal=sys.stdin if sys.stdin.isatty() else None)
            plain.run(begin)
            ended_by, repl = 0, plain.repl
        else:
            interactive = Interactive(
                wire,
                history=None if wishes.private else settings.paths.history,
                keymap=settings.keys,
                color=colored(settings),
                vi=settings.ui.editing_mode == "vi",
            )
            # Ctrl-C is a key there. One more, pressed to leave, must not cut the leaving short.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            ended_by, repl = asyncio.run(interactive.run(begin)), interactive.repl
        if ended_by:  # nobody is there any more to read a last line
            return KILLED + ended_by
        _say_goodbye(repl)
        return 0


def _tidying(store: Store, settings: Settings) -> Tidying:
    def purge(wanted: Callable[[], bool]) -> bool:
        return store.purge(days=settings.trash_days)

    def back_up(wanted: Callable[[], bool]) -> bool:
        Upkeep(store.database).back_up(datetime.now().astimezone().date(), wanted)
        return False

    return Tidying(purge, back_up)


def _look(store: Store, news: News) -> None:
    """Whatever is wrong with the stored chats, one can chat; but not where a newer deepchat keeps them."""
    store.database.hurry(PATIENCE_S)
    try:
        Upkeep(store.database).look()
    except NewerStore:
        raise
    except StoreError as error:
        news.tell(f"{error} {error.hint}")
    finally:
        store.database.take_time()


def _wire(
    wishes: Wishes,
    settings: Settings,
    home: Settings,
    provider: Provider,
    store: Store,
    drafts: DraftFiles,
    claims: Claims,
    news: News,
) -> Wire:
    """The rooms. A private chat opens none of the files of others, and has none of its own, unless it is kept after all."""
    draw, private = drawing(settings), wishes.private

    def wire(surface: Surface, changed: Callable[[], None]) -> House:
        page = Page(surface, draw)
        news.wake = changed
        first = first_session(settings)

        def sees(model: str) -> bool:
            return context.sees(model, catalogue.cached()) is not False

        chat = Chat(
            provider,
            Unsaved() if private else store,
            defaults=first,
            view=page,
            changed=changed,
            retries=Retries(settings.retries),
            fallback=settings.fallback,
            claims=None if private else claims,
            purse=purse(settings, store),
            sees=sees,
            priced=lambda model, usage: offers.priced(model, usage, catalogue.cached()),
            holds=lambda model: offers.window(model, catalogue.cached()),
        )
        catalogue = Catalogue(
            provider.models,
            models_cache(settings, private=private),
            kept=lambda: not chat.private,
        )
        options = Options(settings)

        def take(others: Settings) -> None:
            options.chosen = others
            provider.move(others)
            catalogue.move(models_cache(others, private=private))

        return House(
            chat=chat,
            library=Unsaved() if private else store,
            catalogue=catalogue,
            servers=Servers(settings, os.environ, take, home=home),
            logins=Logins(home, os.environ),
            options=options,
            personas=settings.library,
            templates=settings.templates.texts,
            drawing=draw,
            page=page,
            log_bug=lambda bug: Bug.of(bug, log=settings.paths.log_file, key=options.chosen.key),
            is_key_in=options.is_key_in,
            drafts=NoDrafts() if private else drafts,
            news=news,
            keep=partial(chat.keep_in, store),
            get_ready=provider.get_ready,
            last_exchange=lambda: provider.last_exchange,
            debug=wishes.debug,
            exported=lambda *wanted: Exporter(options.chosen, draw.blocks)(*wanted),
            disk=store.database,
            auto_title=settings.auto_title,
            overflow=settings.overflow,
            show_footer=settings.ui.footer,
            show_title=settings.ui.title,
            bell=settings.ui.bell,
        )

    return wire


def _begin(
    wishes: Wishes,
    settings: Settings,
    store: Store,
    provider: Provider,
    news: News,
    lacking: Settings | None,
) -> Callable[[Repl], str]:
    """What is said and shown first; gives what is entered first in the user's stead."""

    def begin(repl: Repl) -> str:
        desk = repl.desk
        desk.page.notice(_welcome(wishes, repl, lacking))
        for warning in (*settings.warnings, *news.take()):
            desk.page.notice(warning)
        desk.page.write("\n")
        first = _enter_session(wishes, settings, store, repl)
        if not (wishes.demo or lacking):
            provider.once_ready = partial(_freshen, desk.catalogue)
        provider.get_ready()
        if lacking and lacking.origins["provider"] == "default":  # nobody was asked for
            nearby.look(filter(is_local, lacking.providers.values()), news.tell)
        return first

    return begin


def _freshen(catalogue: Shelf) -> None:
    """Ask for a list that is old; whether that works is nobody's concern."""
    with suppress(DeepchatError):
        catalogue.lately()


def _enter_session(wishes: Wishes, settings: Settings, store: Store, repl: Repl) -> str:
    try:
        resumed = resume(repl.desk.chat, store, wishes, settings)
    except StoreError as error:
        repl.desk.page.problem(error)
        return ""
    if resumed:
        repl.show_last_exchange()
    elif wishes.continue_:
        repl.desk.page.notice("No chat is stored yet: this is the first one.")
    if wishes.template is not None:
        return f"/template {wishes.template}"
    return "/resume" if wishes.resume == "" else ""


def _welcome(wishes: Wishes, repl: Repl, lacking: Settings | None) -> str:
    if not (wishes.demo or lacking):
        return f"{repl.desk.chat.answering or repl.desk.servers.now} · /help"
    if not lacking:
        return "Offline demo: it answers from deepchat's manual, and nothing leaves this machine. · /help"
    page = repl.desk.logins.find("").page
    return (
        "Offline demo, since no key is set: nothing leaves this machine. "
        f"For a real model make a key{f' ({page})' if page else ''} and type /login. · /help"
    )


def _say_goodbye(repl: Repl) -> None:
    chat = repl.desk.chat
    if chat.private:
        return
    if chat.kept:
        sys.stdout.write(f"Go on with: deepchat -c, or deepchat -r {chat.session.id[-6:]}\n")
    elif chat.begun:
        sys.stdout.write("This chat could not be kept.\n")
