"""`/search`: where something was said, and the way there."""

from functools import partial

from deepchat import branches, context, figures, sought
from deepchat.branches import Exchange
from deepchat.conversation import Conversation
from deepchat.repl.aside import aside
from deepchat.repl.commands import COMMANDS
from deepchat.repl.needs import Choice, Desk, Picking
from deepchat.repl.words import count
from deepchat.sought import Hit

GROUP = "Sessions"

# Places in the list that one chooses from, and characters of a reply that are looked at there.
CHOSEN_FROM = 200
PREVIEWED = 1000

GOES_ON_THERE = "That was on another branch: the chat goes on there now. /tree has them all."
READ_THERE = "That is on another branch than the one on which the chat goes on."


@COMMANDS.command("/search", "/find", usage="[filters] [words]", group=GROUP)
async def search(desk: Desk, text: str) -> None:
    """Find what was said in any chat, choose a place, and go there.

    All the words have to be in one message, or in the title; the last one may be unfinished, and they can be changed
    while one chooses. Filters narrow it down: `--model NAME`, `--persona NAME`, `--since 7d` (or a date), `--cost >0.10`,
    `--star`, `--tag WORD`, `--archived`; behind `--` everything is words.
    """
    desk.chat.require_idle()
    hits: dict[str, Hit] = {}

    def fitting(typed: str) -> list[Choice]:
        words, only = sought.typed(typed, desk.now_ms())
        found = desk.library.places(words, limit=CHOSEN_FROM + 1, only=only)
        choices = [(_choice(hit, desk.now_ms()), hit) for hit in found]
        hits.update({choice.value: hit for choice, hit in choices})
        return [choice for choice, _ in choices]

    if not await aside(partial(fitting, text)):
        desk.page.notice("No chat holds that.")
        return
    chosen = await desk.pick(
        Picking(
            "Found",
            fitting,
            most=CHOSEN_FROM,
            preview=lambda value, width: _preview(desk, hits[value], width),
            typed=text,
        )
    )
    if chosen:
        await _go_to(desk, hits[chosen])


def _choice(hit: Hit, now_ms: int) -> Choice:
    age = figures.age(hit.at_ms, now_ms)
    place = f"turn {hit.turn}" if hit.message else count(hit.session.turns, "turn")
    title = context.title_of(hit.session.title) or "A chat without a title"
    value = hit.message or hit.session.id
    about = " · ".join(part for part in (sought.marks(hit.session), age, place) if part)
    return Choice(value, title, about, tuple(hit.excerpt))


def _preview(desk: Desk, hit: Hit, width: int) -> str:
    _, conversation = desk.library.load(hit.session.id)
    place = _place(conversation, hit)
    if place is None:
        return ""
    _, exchange = place
    question = desk.drawing.question(context.title_of(exchange.asked.text), width)
    reply = exchange.reply.text[:PREVIEWED] if exchange.reply else ""
    return question + desk.drawing.markdown(reply, width)


def _place(conversation: Conversation, hit: Hit) -> tuple[int, Exchange] | None:
    """The number of the turn and what was said in it; of a title the last one, None where nothing was said."""
    if hit.message:
        return branches.place_of(conversation, hit.message)
    said = branches.exchanges(conversation.path())
    return (len(said), said[-1]) if said else None


async def _go_to(desk: Desk, hit: Hit) -> None:
    """Open the session of a hit, and show what was said there."""
    session = desk.chat.session.id
    if hit.session.id != session or hit.message not in desk.chat.conversation.messages:
        desk.chat.resume(*await aside(partial(desk.library.load, hit.session.id)))
    if hit.message is None:
        desk.show_last_exchange()
        return
    number, exchange = branches.place_of(desk.chat.conversation, hit.message)
    moved = hit.message not in {message.id for message in desk.chat.conversation.path()}
    if moved and not desk.chat.elsewhere:
        desk.chat.go_to(branches.newest(desk.chat.conversation, hit.message))
    desk.show_turn(number, exchange)
    await desk.drawn()
    if moved:
        desk.page.notice(READ_THERE if desk.chat.elsewhere else GOES_ON_THERE)
    if exchange.asked.mark == "deleted":
        desk.page.notice("It is deleted from the chat; /tree brings it back.")
    if exchange in _path(desk)[:-1]:
        following = len(_path(desk)) - number
        follow = f"{count(following, 'turn')} {'follows' if following == 1 else 'follow'}"
        desk.page.notice(f"{follow}: /history {number + 1} prints what was said then.")


def _path(desk: Desk) -> list[Exchange]:
    return branches.exchanges(desk.chat.conversation.path())
