r"""A Cypher query as words and symbols, cut where every database cuts it, or refused.

Whoever decides what a query may do has to see the same words as the database.  Where databases differ, or read
characters before they read words (Neo4j turns ``\u0027`` into a quote wherever it stands), nothing is guessed: such a
query is refused, and the message says how to write it instead.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from graph.errors import QueryError

Kind = Literal["word", "quoted", "string", "number", "symbol"]

_TOKEN = re.compile(
    r"""
      (?P<blank>[ \t\n\r]+ | //[^\n]*(?:\n|\Z) | /\*(?:[^*]|\*(?!/))*\*/)
    | (?P<string>'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*")
    | (?P<quoted>`(?:[^`\\]|``)*`)
    | (?P<number>0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    | (?P<word>[^\W\d]\w*)
    | (?P<symbol>::|\.\.|[()\[\]{}<>=+\-*/%^.,:;|&!$~])
    """,
    re.VERBOSE | re.DOTALL,
)

# What databases read differently: escapes that are read before words are, a comment that ends in its own beginning,
# and a comment that ends with its line, where it is open what a line is.
_ODD = re.compile(r"(?P<escape>\\[uU])|(?P<comment>/\*/)|(?P<line>\r(?!\n))")
_ADVICE = {
    "escape": "write the character itself instead of {found}, or hand it over with --param",
    "comment": "a comment that begins with {found} is read differently from database to database",
    "line": "a carriage return without a line feed ends a line in one database and not in another; leave it out",
}


@dataclass(frozen=True)
class Token:
    """A word, a name in backquotes (``text`` without them), a string, a number or a symbol."""

    kind: Kind
    text: str

    @property
    def upper(self) -> str:
        """How a keyword is compared."""
        return self.text.upper()


def split_query(cypher: str) -> list[Token]:
    """Cut a query into words and symbols; blanks and comments are left out.

    Raises
    ------
    QueryError
        If it holds what some database would read differently, or what is not closed.

    >>> [(each.kind, each.text) for each in split_query("RETURN `a b`.set // SET")]
    [('word', 'RETURN'), ('quoted', 'a b'), ('symbol', '.'), ('word', 'set')]
    """
    _refuse_odd(cypher)
    tokens: list[Token] = []
    place = 0
    while place < len(cypher):
        found = _TOKEN.match(cypher, place)
        if found is None or (found.lastgroup == "word" and not _is_plain(found[0])):
            raise QueryError(_explain_stop(cypher, place))
        if found.lastgroup != "blank":
            tokens.append(_make_token(found))
        place = found.end()
    return tokens


def _refuse_odd(cypher: str) -> None:
    found = _ODD.search(cypher)
    if found is not None:
        advice = _ADVICE[found.lastgroup or ""].format(found=found[0])
        raise QueryError(f"{advice} (query: {' '.join(cypher.split())[:200]})")


def _is_plain(word: str) -> bool:
    """Whether a name looks to every database like one: no joiners without width, no letters that are others' forms."""
    return word.isidentifier() and unicodedata.is_normalized("NFKC", word)


def _make_token(found: re.Match[str]) -> Token:
    text = found[0]
    match found.lastgroup:
        case "quoted":
            return Token("quoted", text[1:-1].replace("``", "`"))
        case "word" | "string" | "number" as kind:
            return Token(kind, text)
        case _:
            return Token("symbol", text)


def _explain_stop(cypher: str, place: int) -> str:
    opened = {"'": "a string", '"': "a string", "`": "a name in backquotes", "/*": "a comment"}
    start = next((each for each in opened if cypher.startswith(each, place)), "")
    what = f"{opened[start]} is not closed" if start else f"{cypher[place]!a} does not belong into a query"
    if start == "`":
        what += ", or holds a backslash"
    return f"{what}; write it into a string, or hand it over with --param (query: {' '.join(cypher.split())[:200]})"
