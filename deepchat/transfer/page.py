"""A chat as one HTML page: self-contained, without scripts, nothing fetched; pure.

What the model wrote goes through markdown-it with HTML switched off, and its links through a list of our own.
"""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from deepchat import context
from deepchat.conversation import Message, Session
from deepchat.text import clean
from deepchat.transfer.prose import attached, date, ending
from deepchat.transfer.selection import Numbered

_SCHEMES: Final = ("http", "https", "mailto")

_STYLE: Final = """
:root { color-scheme: light dark; --dim: #667; --rule: #8884; --accent: #06c; }
@media (prefers-color-scheme: dark) { :root { --dim: #99a; --accent: #6af; } }
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
header p, .ending, .attached, summary { color: var(--dim); font-size: .9rem; }
section { margin: 1.5rem 0; }
section > h2 { font-size: .9rem; color: var(--dim); margin: 0 0 .3rem; font-weight: 600; }
.you { border-left: 3px solid var(--accent); padding-left: 1rem; white-space: pre-wrap; }
pre { overflow-x: auto; padding: .7rem 1rem; border: 1px solid var(--rule); border-radius: 6px; }
pre, code { font: .9em/1.45 ui-monospace, monospace; }
table { border-collapse: collapse; } th, td { border: 1px solid var(--rule); padding: .25rem .6rem; text-align: left; }
blockquote { margin-left: 0; padding-left: 1rem; border-left: 3px solid var(--rule); }
a { color: var(--accent); }
@media print { body { max-width: none; margin: 0; } pre { white-space: pre-wrap; } }
"""

# Nothing is loaded, whatever stands in the page.
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)


def html(session: Session, said: Sequence[Numbered], *, reasoning: bool) -> str:
    """The whole page."""
    title = escape(clean(context.title_of(session.title) or "Chat"))
    about = " · ".join(filter(None, (session.model, date(session.created_ms))))
    body = "\n".join(_sections(said, reasoning=reasoning))
    return (
        f'<!doctype html>\n<html lang="und">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<header><h1>{title}</h1><p>{escape(clean(about))}</p></header>\n{body}\n</body>\n</html>\n"
    )


def _sections(said: Sequence[Numbered], *, reasoning: bool) -> Iterator[str]:
    draw = _markdown()
    for one in said:
        asked = one.exchange.asked
        text = f'<div class="you" dir="auto">{escape(clean(asked.text))}</div>'
        yield _section(one.number, "You", text, attached(asked), "attached")
        if reply := one.exchange.reply:
            thought = _thought(reply) if reasoning else ""
            text = f'{thought}<div dir="auto">{draw.render(clean(reply.text))}</div>'
            name = reply.reported_model or reply.model or "Model"
            yield _section(one.number, name, text, ending(reply), "ending")


def _section(number: int, who: str, body: str, note: str, kind: str) -> str:
    said = f'<p class="{kind}">{escape(clean(note))}</p>' if note else ""
    return f"<section><h2>{number} · {escape(clean(who))}</h2>{body}{said}</section>"


def _thought(reply: Message) -> str:
    if not reply.reasoning:
        return ""
    text = escape(clean(reply.reasoning))
    return f'<details><summary>Reasoning</summary><div class="you">{text}</div></details>'


def _markdown() -> MarkdownIt:
    draw = MarkdownIt("commonmark", {"html": False, "breaks": True})
    draw.enable(["table", "strikethrough"])
    draw.validateLink = _is_harmless  # type: ignore[method-assign]  # as markdown-it documents it
    draw.add_render_rule("image", _image)
    return draw


def _is_harmless(url: str) -> bool:
    try:
        return urlsplit(url.strip()).scheme.lower() in _SCHEMES
    except ValueError:
        return False


def _image(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    """A link: the page loads nothing."""
    url = escape(str(tokens[at].attrGet("src") or ""))
    words = escape(tokens[at].content) or url
    return f'<a href="{url}" rel="noreferrer">🖼 {words}</a>'
