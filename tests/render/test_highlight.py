import gc
import itertools
import threading
from concurrent.futures import Future
from pathlib import Path
from time import thread_time
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments.lexer import Lexer, RegexLexer
from pygments.lexers.data import JsonLexer
from pygments.lexers.special import TextLexer
from pygments.token import Token
from rich.style import Style

from deepchat.render import highlight
from deepchat.render.highlight import (
    BLOCK_LIMIT,
    LINE_LIMIT,
    SLOW_BLOCKS,
    Highlighter,
    Meter,
    lexer_for,
)
from deepchat.render.reply import Reply, render_markdown
from deepchat.render.theme import THEMES
from tests.emulator import bare

THEME = THEMES["ansi"]
PLAIN = Style()
LIBRARY = Path(threading.__file__).parent

# What a lexer can only know from later lines: the share of lines that may then be coloured otherwise than in one go.
TOLERANCE = {"c": 0.015, "cpp": 0.017, "markdown": 0.036, "postgresql": 0.25}

SAMPLES = {
    "bash": """\
#!/usr/bin/env bash
set -euo pipefail
greet() { local name=$1; echo "Hello, ${name:-world}"; }
text='one
two $three
four'
cat <<EOF > out.txt
line with $HOME and 'quotes'
more
EOF
cat <<-'END'
	if then else
	END
if [[ -f "$file" && $# -gt 0 ]]; then
  for f in *.txt; do greet "$f" | sed 's/a/b/'; done
fi
message="several
lines $x"
""",
    "c": """\
#include <stdio.h>
/* A comment
 * over "several" lines
 */
#define MAX(a, b) \\
    ((a) > (b) ? (a) : (b))
typedef struct { size_t n; uint8_t *data; } buffer;

static int add(int a, int b)
{
    return a + b; // sum
}

int main(int argc, char **argv) {
    /* inline */ printf("%d\\n", add(1, 0x2F));
    for (size_t i = 0; i < 10; i++) { if (i % 2) continue; }
    return 0;
}
""",
    "clojure": """\
(ns app.core "Doc
  of two lines" (:require [clojure.string :as str]))
(defn greet [name] (str "Hello, " name)) ; comment
""",
    "console": """\
$ for f in *.txt; do echo "$f"; done
a.txt
$ exit
""",
    "cpp": """\
#include <vector>
/* block
   comment */
namespace app {
template <typename T>
class Box : public Base {
public:
    explicit Box(T value) : value_(std::move(value)) {}
    auto get() const -> const T& { return value_; }
private:
    T value_;
};
}
int main() {
    std::vector<int> v{1, 2, 3};
    for (auto& x : v) { x *= 2; }
    return 0;
}
""",
    "css": """\
/* a
   comment */
@media (max-width: 600px) {
  .card > a:hover, #main { color: #ff0000; margin: 0 auto !important; }
}
body { font: 12px/1.5 "Fira Code", monospace; }
""",
    "dart": """\
/* a
 comment */
class A extends B { final String? n; A(this.n); Future<int> run() async => 1; }
""",
    "docker": """\
# comment
FROM python:3.12 AS base
RUN apt-get update && \\
    apt-get install -y curl && \\
    echo "done"
ENV A=1
COPY . /app
CMD ["python", "-m", "app"]
""",
    "diff": """\
diff --git a/x b/x
--- a/x
+++ b/x
@@ -1,2 +1,2 @@
-old
+new
 same
""",
    "elixir": '''\
defmodule A do
  @doc """
  Doc
  """
  def run(n) when n > 0, do: Enum.map([1], fn x -> x + n end)
end
''',
    "erb": """\
<ul class="a">
<% items.each do |item| %>
  <li><%= link_to "x", item %></li> <!-- c -->
<% end %>
</ul>
<script>
const a = <%= raw b %>;
</script>
""",
    "go": """\
package main

import "fmt"

/* block
comment */
const text = `raw
"string" over
lines`

func main() {
\tch := make(chan int, 3)
\tgo func() { ch <- 42 }()
\tfmt.Printf("%d\\n", <-ch)
}
""",
    "groovy": """\
/* a
 comment */
class A { def run(n) { println "x ${n}"; return n ?: 1 } }
""",
    "haskell": """\
{- a
 comment -}
module Main where
main :: IO ()
main = putStrLn $ "x" ++ show (1 + 2) -- done
""",
    "html": """\
<!DOCTYPE html>
<html lang="en">
<!-- a comment
  <b>not bold</b> -->
<head><style>
  /* no
     colour */
  body { color: red }
</style>
<script type="module">
const a = `one
${two}`; /* not
</b> markup */
if (a < 3) { go("</i>") }
</script></head>
<body><p class="a
 b">text &amp; more<br></p></body>
</html>
""",
    "java": '''\
package a.b;
/** Doc
 *  comment */
@Override
public final class A<T extends B> implements C {
    private static final String TEXT = """
        block "text"
        """;
    public int run(int n) throws Exception {
        return n > 0 ? 1_000 : 'x';
    }
}
''',
    "javascript": """\
// @ts-check
import { a as b } from "./c.js";
/* several
   lines */
const text = `one ${b.map((x) => x + 1)}
two`;
const pattern = /[a-z]+\\/x/gi;
export async function* run({ n = 1, ...rest }) {
  for await (const x of y) yield x ?? null;
}
class A extends B { #p = 0; static get q() { return this.#p / 2; } }
""",
    "jinja": """\
{% for a in b %}
  {{ a.name|e }} {# note
  goes on #}
{% endfor %}
""",
    "json": '{\n  "a": [1, 2.5e3, true, null],\n  "b": {"c": "d\\n"}\n}\n',
    "kotlin": '''\
/* a
 comment */
data class P(val name: String, var n: Int = 0)
fun main() {
    val text = """
        raw $name
    """
    println("Hi ${text.length}")
}
''',
    "lua": """\
--[[ a
comment ]]
local text = [[one
two]]
function f(x) return string.format("%d", x) end
""",
    "make": """\
CC := gcc
all: main.o
\t@echo "x $(CC)"
ifdef DEBUG
CFLAGS += -g
endif
""",
    "matlab": """\
%{
a comment
%}
function y = f(x)
  y = x' * 2; % done
end
""",
    "markdown": """\
# Title

Some *text* with `code` and **more**.

- one
- two

> quoted
""",
    "perl": """\
use strict;
my %h = (a => 1);
my $t = <<"END";
text $h{a}
END
if ($t =~ m/^(\\w+)\\s*$/x) { print "yes: $1\\n"; }

=head1 NAME

pod text

=cut

sub f { return qw(a b
 c); }
""",
    "php": """\
<?php
namespace App;
/* a
 comment */
class A extends B {
    public function run(int $n = 1): ?string { return strlen("x $n") . 'y
z'; }
}
""",
    "postgresql": """\
CREATE FUNCTION f() RETURNS int4 AS $$
BEGIN
  RETURN 42; -- c
END
$$ LANGUAGE plpgsql;
SELECT 'it''s
two';
""",
    "powershell": """\
<# a
comment #>
function Get-A { param([string]$Name = "x") Write-Host "Hi $Name" }
$text = @"
one $Name
two
"@
$count++
""",
    "pycon": """\
>>> def f(x):
...     return x + 1
...
>>> f(1)
2
""",
    "python": '''\
"""A module,
described."""
import os

@decorated
async def run(self, n: int = 0x2F) -> str:
    """Doc
    string."""
    text = f"{n:>{width}} {self.x!r}" + r\'\'\'raw
    if not\'\'\'
    return None if n in (1, 2) else await text  # comment
''',
    "r": """\
f <- function(x, ...) { # c
  paste("a
b", x %in% 1:3, TRUE)
}
""",
    "ruby": """\
# comment
class A < B
  attr_reader :name
  def run(n = 1)
    text = <<~EOS
      here #{n}
      doc
    EOS
    puts "x: #{text}" if n > 0
  end
end
=begin
block
=end
x = %w[a b]
""",
    "rust": """\
//! Doc
/* a
   comment */
use std::collections::HashMap;
#[derive(Debug, Clone)]
pub struct P<'a> { name: &'a str }
impl<'a> P<'a> {
    pub fn run(&self) -> Result<u32, String> {
        let raw = r#"one
"two""#;
        println!("{} {:?}", raw, 'x');
        Ok(0xff_u32)
    }
}
""",
    "scala": '''\
package app
import a.b.{C, D => E}
/* a
 comment */
case class P(name: String, n: Int = 0)
object Main extends App {
  val text = s"x ${1 + 2}"
  val raw = """one
two"""
  def run[T](x: T): Option[T] = x match { case null => None; case _ => Some(x) }
}
''',
    "scheme": """\
; comment
(define (f x) (let ((y "one
two")) (+ x 1)))
""",
    "scss": """\
$a: 1px;
.x { &:hover { margin: $a * 2; } /* c
 d */ }
""",
    "sql": """\
-- comment
/* several
   lines */
SELECT a.id, COUNT(*) AS n FROM a JOIN b ON a.id = b.id
WHERE name LIKE '%it''s
two%' GROUP BY 1 HAVING n > 10;
""",
    "swift": """\
/* a
 comment */
struct P: Codable { let name: String; var n = 0 }
func run(_ p: P) throws -> NSString? { return "x \\(p.n)" }
""",
    "toml": '''\
[tool.x]
name = "a" # comment
text = """
one
two"""
list = [1, 2.5,
  true]
''',
    "typescript": """\
/* a
 comment */
interface P<T> { readonly name: string; n?: number }
type K = keyof P<string> | "a";
export const f = async (p: P<K>): Promise<void> => {
  const t = `one ${p.name}
two`;
};
enum E { A = 1, B }
""",
    "vue": """\
<template>
  <p :class="a">{{ b }}</p>
</template>
""",
    "xml": """\
<?xml version="1.0"?>
<!-- a
comment --><root a="b"
  c='d'><![CDATA[ <x>
y ]]></root>
""",
    "yaml": """\
# comment
name: test
on: [push, pull_request]
env: {A: 1, B: "two"}
steps:
  - run: |
      echo one
      echo two

  - name: >-
      folded
      text
    with: &anchor
      key: *alias
plain: one
  two
""",
}


class Patient(Meter):
    """Counts, and has no limit."""

    def allow_line(self, chars):
        self._left = 1e6


def in_one_go(lexer: Lexer, text: str) -> list[list[Style]]:
    """Per line a style for each character, from the whole text at once."""
    styles = [
        THEME.token(kind) for _, kind, value in lexer.get_tokens_unprocessed(text) for _ in value
    ]
    lines, at = [], 0
    for line in text.split("\n"):
        lines.append(styles[at : at + len(line)])
        at += len(line) + 1
    return lines


def line_by_line(highlighter: Highlighter, text: str) -> list[list[Style]]:
    lines = []
    for line in text.split("\n"):
        runs = highlighter.line(line)
        assert "".join(part for part, _ in runs) == line
        lines.append([style for part, style in runs for _ in part])
    return lines


def differing(language: str, text: str) -> float:
    """The share of lines of which a visible character looks otherwise than in one go."""
    lines = text.split("\n")
    pairs = zip(
        lines,
        in_one_go(type(lexer_for(language))(), text),
        line_by_line(Highlighter(language, THEME, Patient()), text),
        strict=True,
    )
    wrong = [
        line
        for line, one, other in pairs
        if any(a != b for a, b, char in zip(one, other, line, strict=True) if char.strip())
    ]
    return len(wrong) / len(lines)


def colored(runs: list[tuple[str, Style]]) -> bool:
    return any(style != PLAIN for _, style in runs)


# --- exact -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["ast", "enum", "inspect", "queue", "string", "threading"])
def test_python_looks_as_if_lexed_in_one_go(module: str):
    assert differing("python", (LIBRARY / f"{module}.py").read_text()[: BLOCK_LIMIT - 1]) == 0


@pytest.mark.parametrize("language", SAMPLES)
def test_a_language_looks_as_if_lexed_in_one_go(language: str):
    assert differing(language, SAMPLES[language]) <= TOLERANCE.get(language, 0)


@pytest.mark.parametrize("language", SAMPLES)
def test_looking_at_a_growing_line_changes_nothing(language: str):
    lexer_for(language)
    peeking, other = Highlighter(language, THEME), Highlighter(language, THEME)
    for line in SAMPLES[language].split("\n"):
        for end in range(0, len(line) + 1, 3):
            assert "".join(part for part, _ in peeking.peek(line[:end])) == line[:end]
        assert peeking.peek(line) == other.line(line) == peeking.line(line)


def test_what_a_template_interrupts_goes_on_behind_it():
    code, tag = THEME.token(Token.Literal.String), THEME.token(Token.Comment.Preproc)
    runs = Highlighter("html+jinja", THEME).line('<p class="a {{ b }} c {{ d }}">')
    strings = [text for text, style in runs if style == code]
    assert strings == ['"a ', " c ", '"']
    assert [text for text, style in runs if style == tag] == ["{{", "}}", "{{", "}}"]


@pytest.mark.parametrize(
    ("language", "opening", "inside", "closing", "kind"),
    [
        ("python", 'x = """one', "for if not", '"""', Token.Literal.String.Double),
        ("python", '"""Doc', "def f(x)", '"""', Token.Literal.String.Doc),
        ("bash", "cat <<EOF", "if then else fi", "EOF", Token.Literal.String),
        ("ruby", "x = <<~EOS", "class end def", "EOS", Token.Literal.String.Heredoc),
        ("c", "/* one", "int main(void) { return 0; }", "*/", Token.Comment.Multiline),
        ("go", "x := `one", "func if return", "`", Token.Literal.String),
        ("html", "<!-- one", "<b>bold</b>", "-->", Token.Comment.Multiline),
        ("html", "<script>", "// comment", "</script>", Token.Comment.Single),
    ],
)
def test_what_was_opened_lasts_until_it_is_closed(language, opening, inside, closing, kind):
    highlighter = Highlighter(language, THEME)
    highlighter.line(opening)
    for _ in range(30):
        assert highlighter.line(inside) == [(inside, THEME.token(kind))]
    highlighter.line(closing)
    assert highlighter.line(inside) != [(inside, THEME.token(kind))]


def test_php_is_known_with_and_without_its_tag():
    keyword = THEME.token(Token.Keyword)
    assert Highlighter("php", THEME).line("return 1;")[0] == ("return", keyword)
    tagged = Highlighter("php", THEME)
    tagged.line("<p>return</p> <?php")
    assert tagged.line("return 1;")[0] == ("return", keyword)


def test_a_block_does_not_remember_what_another_told_its_lexer():
    body = '{"a": 1}'
    before = Highlighter("http", THEME)
    for line in ("HTTP/1.1 200 OK", "Content-Type: application/json", "", body):
        before.line(line)
    after = Highlighter("http", THEME)
    for line in ("HTTP/1.1 200 OK", "Date: now", ""):
        after.line(line)
    assert after.line(body) == Highlighter("text", THEME).line(body)


# --- which lexer -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("py", "Python"),
        ("Python3", "Python"),
        ("js", "JavaScript"),
        ("jsx", "JSX"),
        ("ts", "TypeScript"),
        ("tsx", "TSX"),
        ("sh", "Bash"),
        ("zsh", "Bash"),
        ("shell", "Bash"),
        ("console", "Bash Session"),
        ("c++", "C++"),
        ("hpp", "C++"),
        ("c#", "C#"),
        ("yml", "YAML"),
        ("golang", "Go"),
        ("rs", "Rust"),
        ("rb", "Ruby"),
        ("kt", "Kotlin"),
        ("md", "Markdown"),
        ("docker", "Docker"),
        ("dockerfile", "Docker"),
        ("make", "Makefile"),
        ("jsonc", "JSON"),
        ("html", "HTML"),
        ("vue", "Vue"),
        ("ps1", "PowerShell"),
        ("tf", "Terraform"),
        ("patch", "Diff"),
        ("python title='a.py'", "Python"),
        ("{.python}", "Python"),
        ("language-python", "Python"),
        ("rust,ignore", "Rust"),
        ("", "Text only"),
        ("plaintext", "Text only"),
        ("no such language", "Text only"),
        ("\ud800\x00{[", "Text only"),
    ],
)
def test_a_language_is_known_by_what_people_call_it(written: str, name: str):
    assert lexer_for(written).name == name


# --- limits ----------------------------------------------------------------------------------------------------------


def test_a_long_line_is_plain_and_the_next_is_not():
    highlighter = Highlighter("python", THEME)
    long = "if " * LINE_LIMIT
    assert highlighter.line(long) == [(long, PLAIN)]
    assert colored(highlighter.line("if x:"))


def test_a_huge_block_goes_on_plain():
    highlighter = Highlighter("python", THEME)
    line = "if x: return 'yes'" + " " * 1000
    for _ in range(BLOCK_LIMIT // (len(line) + 1)):
        assert colored(highlighter.line(line))
    assert not colored(highlighter.line(line))
    assert not colored(highlighter.line("if x:"))


class Stubborn(Lexer):
    """Yields without end."""

    def get_tokens_unprocessed(self, text):
        while True:
            yield 0, Token.Keyword, text[:1]


class Broken(Lexer):
    """Fails in the middle of a line."""

    def get_tokens_unprocessed(self, text):
        yield 0, Token.Keyword, text[:1]
        raise RecursionError


class Exponential(RegexLexer):
    """Its one match does not end before the sun does."""

    tokens: ClassVar = {"root": [(r"(a|a)*b", Token.Keyword), (r".", Token.Text)]}


def at_hand(lexer):
    """A way to load that lexer, whatever the language."""
    there: Future[Lexer] = Future()
    there.set_result(lexer)
    return lambda _: there


@pytest.mark.parametrize("lexer", [Stubborn, Broken, Exponential])
def test_a_lexer_that_fails_or_does_not_end_costs_the_colours_alone(lexer):
    highlighter = Highlighter("x", THEME, load=at_hand(lexer()))
    line = "a" * 100
    assert highlighter.peek(line) == [(line, PLAIN)]
    assert highlighter.line(line) == [(line, PLAIN)]
    asked = highlighter.meter.matches
    assert highlighter.line("if y") == [("if y", PLAIN)]
    assert highlighter.meter.matches == asked


def test_a_growing_line_that_was_slow_is_not_tried_again_until_it_is_complete():
    highlighter = Highlighter("x", THEME, load=at_hand(Stubborn()))
    highlighter.peek("a")
    asked = highlighter.meter.matches
    highlighter.peek("ab")
    assert highlighter.meter.matches == asked


def test_blocks_share_their_time_and_a_slow_one_leaves_the_next_some():
    meter = Meter()
    Highlighter("x", THEME, meter, at_hand(Stubborn())).line("a")
    assert colored(Highlighter("python", THEME, meter).line("if x:"))


def test_after_some_slow_blocks_the_others_get_hardly_any_time():
    meter, load = Meter(), at_hand(Stubborn())
    for _ in range(SLOW_BLOCKS + 1):
        Highlighter("x", THEME, meter, load).line("a")
    asked = meter.matches
    Highlighter("x", THEME, meter, load).line("a")
    assert meter.matches - asked < asked / 50


@pytest.mark.parametrize(
    ("lexer", "lines", "gave_up"),
    [
        (TextLexer, ["a" * (LINE_LIMIT + 1)] * 40, False),
        (JsonLexer, ["[1]"], False),
        (JsonLexer, ["1" * (LINE_LIMIT + 1)], True),
        (JsonLexer, ["1" * LINE_LIMIT] * (BLOCK_LIMIT // LINE_LIMIT + 1), True),
        (Stubborn, ["a"], True),
        (Broken, ["a"], True),
    ],
)
def test_it_is_known_that_something_stayed_plain_that_had_colours(lexer, lines, gave_up):
    highlighter = Highlighter("x", THEME, load=at_hand(lexer()))
    for line in lines:
        highlighter.peek(line)
        highlighter.line(line)
    assert highlighter.meter.gave_up == gave_up


def test_garbage_collections_do_not_count_as_slow_code():
    """In a large process one takes longer than a reply has for its code."""

    def collect_slowly(phase, _info):
        until = thread_time() + highlight.REPLY_SECONDS
        while phase == "start" and thread_time() < until:
            pass

    thresholds = gc.get_threshold()
    highlighter = Highlighter("x", THEME, load=at_hand(lexer_for("python")))
    gc.callbacks.append(collect_slowly)
    gc.set_threshold(5)
    try:
        lines = [highlighter.line(f"if x: y = [{n}, 'a', {{}}]") for n in range(4)]
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(collect_slowly)
    assert all(map(colored, lines))
    assert not highlighter.meter.gave_up


def test_what_only_stayed_plain_while_it_grew_is_no_matter():
    highlighter = Highlighter("x", THEME, load=at_hand(Stubborn()))
    highlighter.peek("a")
    assert not highlighter.meter.gave_up


# --- loading ---------------------------------------------------------------------------------------------------------


def test_a_growing_line_does_not_wait_for_the_lexer_and_a_complete_one_does():
    coming: Future[Lexer] = Future()
    highlighter = Highlighter("x", THEME, load=lambda _: coming)
    assert highlighter.peek("if x:") == [("if x:", PLAIN)]
    threading.Timer(0.01, coming.set_result, [lexer_for("python")]).start()
    assert colored(highlighter.line("if x:"))


def test_a_lexer_that_does_not_come_in_time_is_waited_for_once_and_taken_when_it_is_there(
    monkeypatch,
):
    times = itertools.count(0, highlight.LOAD_SECONDS)
    monkeypatch.setattr(highlight, "process_time", lambda: next(times))
    coming: Future[Lexer] = Future()
    highlighter = Highlighter("x", THEME, load=lambda _: coming)
    assert highlighter.line("if x:") == [("if x:", PLAIN)]
    asked = next(times)
    assert highlighter.line("if y:") == [("if y:", PLAIN)]
    assert next(times) == asked + highlight.LOAD_SECONDS
    assert highlighter.meter.gave_up
    coming.set_result(lexer_for("python"))
    assert colored(highlighter.line("if z:"))


def test_code_is_shown_plain_and_kept_back_while_its_lexer_is_loaded(monkeypatch):
    text = "```python\nif x:\n```\n\nAfter *it*"
    once, python, coming = render_markdown(text, 80, THEME), lexer_for("python"), Future[Lexer]()
    monkeypatch.setattr(highlight, "loading", lambda _: coming)
    reply = Reply(width=80, height=24, theme=THEME)
    reply.text(text)
    first, second = reply.frame(), reply.frame()
    assert reply.behind
    assert (bare(first.commit), second.commit) == ("python · 1\n", "")
    assert bare(second.live) == "if x:\n\nAfter it"
    coming.set_result(python)
    rest = reply.frame().commit
    assert not reply.behind
    assert first.commit + rest + reply.finish().commit == once


# --- growth ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["python", "javascript", "c", "html", "yaml", "bash"])
def test_the_work_grows_as_the_code(language: str):
    def matches(times: int) -> int:
        highlighter = Highlighter(language, THEME)
        line_by_line(highlighter, SAMPLES[language] * times)
        return highlighter.meter.matches

    assert matches(40) <= 8.2 * matches(5)


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("perl", "<<A"),
        ("ruby", "x = <<A, <<B"),
        ("bash", "cat <<A"),
        ("docker", "RUN a && \\"),
        ("make", "a = b \\"),
        ("c", "f(a,"),
        ("markdown", "```a"),
        ("delphi", "{"),
        ("erb", "<% a"),
    ],
)
def test_what_is_begun_again_and_again_is_not_read_again_and_again(language: str, line: str):
    highlighter = Highlighter(language, THEME, Patient())
    for _ in range(1000):
        highlighter.line(line)
    assert highlighter.meter.chars <= 30 * 1000 * len(f"{line}\n")


@pytest.mark.parametrize(
    ("language", "opening"),
    [("python", 'x = """'), ("c", "/*"), ("html", "<script>\n/*"), ("go", "`"), ("bash", "a <<E")],
)
def test_a_long_open_construct_is_not_lexed_anew_for_each_line(language: str, opening: str):
    highlighter = Highlighter(language, THEME)
    line_by_line(highlighter, opening)
    before = highlighter.meter.matches
    line_by_line(highlighter, "\n".join(["some text in here"] * 500))
    assert highlighter.meter.matches - before <= 3000


# Units of which 20 KB take some lexer between 2 s and more than 10 s.
HOSTILE_UNITS = [
    ("python", " \n"),
    ("c", " \n"),
    ("cpp", " \n"),
    ("typescript", "a."),
    ("java", "a\n"),
    ("csharp", "a\n"),
    ("terraform", "a"),
    ("make", "1"),
    ("yaml", "&"),
    ("js", '"\\'),
    ("xml", "&"),
    ("html", "&"),
    ("perl", "m{"),
]


@pytest.mark.parametrize(("language", "unit"), HOSTILE_UNITS)
def test_hostile_code_ends_and_stays_whole(language: str, unit: str):
    text = (unit * 20_000)[:20_000]
    highlighter = Highlighter(language, THEME)
    for line in [*text.split("\n"), text.replace("\n", "")[:LINE_LIMIT]]:
        assert "".join(part for part, _ in highlighter.peek(line)) == line
        assert "".join(part for part, _ in highlighter.line(line)) == line


LINES = st.lists(
    st.text(max_size=20)
    | st.lists(
        st.sampled_from(['"', "'", '"""', "/*", "*/", "<<EOF", "EOF", "`", "{", "}", "<!--", "-->"])
        | st.sampled_from(
            ["<script>", "</script>", "#", "if", "x", " ", "=", "$", "\\", "|", "\t"]
        ),
        max_size=8,
    ).map("".join),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([*SAMPLES, "make", "console", "erb", "tsx", "docker"]), LINES)
def test_whatever_the_code_its_text_is_kept(language: str, lines: list[str]):
    highlighter = Highlighter(language, THEME)
    for line in lines:
        assert "".join(part for part, _ in highlighter.peek(line)) == line
        assert "".join(part for part, _ in highlighter.line(line)) == line


def test_any_thread_may_highlight():
    drawn: list[list[tuple[str, Style]]] = []
    worker = threading.Thread(target=lambda: drawn.append(Highlighter("py", THEME).line("if x:")))
    worker.start()
    worker.join()
    assert colored(drawn[0])


def test_peeking_often_does_not_use_up_the_time_of_the_block(monkeypatch):
    times = itertools.count(0, 0.001)
    monkeypatch.setattr(highlight, "thread_time", lambda: next(times))
    peeked, plain = (Highlighter("python", THEMES["ansi"]) for _ in range(2))
    for _ in range(2_000):
        peeked.peek("def f(")
    assert peeked.line("def f(): return 1") == plain.line("def f(): return 1")
