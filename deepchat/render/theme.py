"""How things look: one table of colours, and the styles made of it. Nothing here draws.

No style ever sets a background, and text keeps the terminal's own colour, so that every theme can be copied and selected
like plain text. Emphasis is carried by bold, italic and underline as well, never by colour alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pygments.token import Token, _TokenType
from rich.style import Style

Syntax = Mapping[_TokenType, Style]

_PLAIN: Final = Style()


@dataclass(frozen=True, slots=True)
class Colors:
    """One row of the table: names or `#rrggbb` as rich knows them; None leaves the terminal's colour.

    `background` is never drawn: it is what the row was chosen for, and what its contrast is measured against. Without
    `muted`, what is secondary is drawn with the terminal's dim attribute.
    """

    red: str | None = None
    green: str | None = None
    yellow: str | None = None
    blue: str | None = None
    magenta: str | None = None
    cyan: str | None = None
    muted: str | None = None
    background: str | None = None


@dataclass(frozen=True, slots=True)
class Theme:
    """A style for each thing that is drawn. `heading` holds levels 1 to 6; `syntax` maps token types, parents included."""

    strong: Style
    emphasis: Style
    strike: Style
    code: Style
    math: Style
    link: Style
    heading: tuple[Style, Style, Style, Style, Style, Style]
    bullet: Style
    done: Style
    number: Style
    quote: Style
    dim: Style
    table_head: Style
    rule: Style
    reasoning: Style
    label: Style
    problem: Style
    warning: Style
    notice: Style
    question: Style
    user_mark: Style
    syntax: Syntax

    def token(self, kind: _TokenType) -> Style:
        """The style of a token type: its own or that of its nearest parent; plain when none is named."""
        at: _TokenType | None = kind
        while at is not None:
            if at in self.syntax:
                return self.syntax[at]
            at = at.parent
        return _PLAIN


# The 16 colours are the user's own. Of them white and yellow, bright or not, vanish on a light background, and bright
# black on some dark ones, so none of these is used: what is yellow elsewhere is magenta. Plain blue is hardly seen on
# xterm's black, nor plain red on GNOME's; their bright ones are seen on both. The named rows keep each palette's hues;
# where a palette falls short of a contrast of 4.5 : 1 (WCAG 2.2, 1.4.3), the colour is moved in lightness until it
# does not.
COLORS: Final[Mapping[str, Colors]] = MappingProxyType(
    {
        "ansi": Colors("bright_red", "green", "magenta", "bright_blue", "magenta", "cyan"),
        "mono": Colors(),
        "solarized-dark": Colors(
            red="#e8625f",
            green="#859900",
            yellow="#b58900",
            blue="#3d97d8",
            magenta="#de6fa5",
            cyan="#2aa198",
            muted="#839496",
            background="#002b36",
        ),
        "solarized-light": Colors(
            red="#c92b28",
            green="#5f6d00",
            yellow="#886700",
            blue="#1f70ad",
            magenta="#c42f78",
            cyan="#1d746d",
            muted="#5f7077",
            background="#fdf6e3",
        ),
        "gruvbox-dark": Colors(
            red="#fb6a58",
            green="#b8bb26",
            yellow="#fabd2f",
            blue="#83a598",
            magenta="#d3869b",
            cyan="#8ec07c",
            muted="#a89984",
            background="#282828",
        ),
        "gruvbox-light": Colors(
            red="#9d0006",
            green="#66630c",
            yellow="#8c5a0f",
            blue="#076678",
            magenta="#8f3f71",
            cyan="#3a6b4c",
            muted="#6d6156",
            background="#fbf1c7",
        ),
        "dracula": Colors(
            red="#ff6e6e",
            green="#50fa7b",
            yellow="#f1fa8c",
            blue="#bd93f9",
            magenta="#ff79c6",
            cyan="#8be9fd",
            muted="#8b9bc9",
            background="#282a36",
        ),
    }
)


def _syntax(colors: Colors, dim: Style) -> Syntax:
    """Eight kinds of code that are worth telling apart; the rest stays plain."""
    keyword = Style(color=colors.magenta, bold=colors.magenta is None)
    name = Style(color=colors.blue)
    string = Style(color=colors.green)
    number = Style(color=colors.cyan)
    special = Style(color=colors.yellow)
    return MappingProxyType(
        {
            Token.Comment: dim + Style(italic=True),
            Token.Comment.Preproc: special,
            Token.Keyword: keyword,
            Token.Keyword.Constant: number,
            Token.Keyword.Type: special,
            Token.Operator.Word: keyword,
            Token.Name.Attribute: name,
            Token.Name.Builtin: number,
            Token.Name.Class: name,
            Token.Name.Decorator: special,
            Token.Name.Exception: name,
            Token.Name.Function: name,
            Token.Name.Namespace: name,
            Token.Name.Tag: keyword,
            Token.Literal: number,
            Token.Literal.String: string,
            Token.Literal.String.Escape: special,
            Token.Literal.String.Interpol: special,
            Token.Generic.Deleted: Style(color=colors.red),
            Token.Generic.Emph: Style(italic=True),
            Token.Generic.Error: Style(color=colors.red),
            Token.Generic.Heading: Style(color=colors.blue, bold=True),
            Token.Generic.Inserted: Style(color=colors.green),
            Token.Generic.Prompt: dim,
            Token.Generic.Strong: Style(bold=True),
            Token.Generic.Subheading: Style(color=colors.cyan),
        }
    )


def _theme(colors: Colors) -> Theme:
    dim = Style(color=colors.muted) if colors.muted else Style(dim=True)
    title = Style(color=colors.blue, bold=True)
    mark = Style(color=colors.cyan)
    return Theme(
        strong=Style(bold=True),
        emphasis=Style(italic=True),
        strike=Style(strike=True),
        code=Style(color=colors.cyan, bold=colors.cyan is None),
        math=Style(color=colors.cyan, italic=True),
        link=Style(color=colors.blue, underline=True),
        heading=(
            title + Style(underline=True),
            title,
            title + Style(italic=True),
            Style(bold=True, italic=True),
            Style(italic=True),
            dim + Style(italic=True),
        ),
        bullet=mark,
        done=Style(color=colors.green, bold=True),
        number=mark,
        quote=dim,
        dim=dim,
        table_head=Style(bold=True),
        rule=dim,
        reasoning=dim + Style(italic=True),
        label=dim,
        problem=Style(color=colors.red, bold=True),
        warning=Style(color=colors.yellow, bold=True),
        notice=dim,
        question=Style(bold=True),
        user_mark=Style(color=colors.green, bold=True),
        syntax=_syntax(colors, dim),
    )


THEMES: Final[Mapping[str, Theme]] = MappingProxyType(
    {name: _theme(colors) for name, colors in COLORS.items()}
)
