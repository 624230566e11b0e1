"""Questions that cannot write: what a reader may ask of a store, whatever the store itself would let through.

A database opened for reading still reads and writes files, loads extensions and changes settings when it is told to.
So a question is read before it is asked, and passes only if all of it is known to be harmless: one statement, clauses
that read, procedures and functions that are listed.

The reading rests on one rule.  Wherever something is complete (a pattern, a value, a name) the next word can only join
it to more, or begin a clause; a word that is known to do neither is refused, whether or not anybody knows what it
would do.  Names may be any word, for they stand where something is still missing: ``n.set``, ``AS load``, ``(:Copy)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from graph.errors import QueryError
from graph.stores.cypher_tokens import Token, split_query


def _list_words(words: str) -> frozenset[str]:
    return frozenset(words.split())


CLAUSES = _list_words("MATCH OPTIONAL WITH UNWIND RETURN CALL UNION")
SUBCLAUSES = _list_words("WHERE ORDER SKIP OFFSET LIMIT YIELD")
ALLOWED_WORDS = "MATCH, OPTIONAL MATCH, WHERE, WITH, UNWIND, RETURN, ORDER BY, SKIP, LIMIT, UNION and CALL"

_JOINING = _list_words("AND OR XOR IN IS CONTAINS WHEN THEN ELSE WHERE")
"""What asks for more after something complete."""
_ENDING = _list_words("ASC ASCENDING DESC DESCENDING END")
_PATH_WORDS = _list_words("SHORTEST WSHORTEST TRAIL ACYCLIC GROUP GROUPS PATH PATHS")
"""What may follow something complete, and leaves it so."""
_PREFIXES = _list_words("NOT DISTINCT CASE WHEN")
_WRITING = _list_words(
    "ALTER ATTACH BEGIN CHECKPOINT COMMENT COMMIT COPY CREATE DELETE DETACH DROP EXPORT FILTER FINISH FOREACH FORCE"
    " GRANT IMPORT INSERT INSTALL LET LOAD MERGE NODETACH REMOVE ROLLBACK SEARCH SET SHOW TERMINATE UNINSTALL UPDATE"
    " USE"
)
"""Words that begin a clause in some database; only asked for where a name and a clause cannot be told apart."""
_SUBQUERIES = _list_words("EXISTS COUNT COLLECT")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_MOST_DEPTH = 60


@dataclass(frozen=True)
class Harmless:
    """What a database offers that only reads: procedures and functions, in lower case, with their whole names."""

    procedures: frozenset[str]
    functions: frozenset[str]


@lru_cache(maxsize=256)
def require_question(cypher: str, harmless: Harmless) -> None:
    """Make sure that a query is one question, and can do nothing but read the graph.

    Parameters
    ----------
    cypher
        What a user wrote.
    harmless
        Which procedures and functions only read.

    Raises
    ------
    QueryError
        If anything in it is not known to be harmless; the message names it, and says what is allowed.
    """
    tokens = split_query(cypher)
    if not tokens:
        raise QueryError("the query is empty")
    reader = _Reader(cypher, tokens, harmless)
    reader.read_query(depth=0)
    reader.skip_end()


class _Reader:
    """Reads tokens from the first to the last, and stops at the first that may not be where it is."""

    def __init__(self, cypher: str, tokens: list[Token], harmless: Harmless) -> None:
        self.cypher = cypher
        self.tokens = tokens
        self.harmless = harmless
        self.place = 0
        self.is_complete = False
        self.is_unsure = False
        """Whether what came last may have been an operator as well as an end or a name."""

    # ── tokens ────────────────────────────────────────────────────────────────────────────────────

    @property
    def token(self) -> Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def take(self) -> Token:
        token = self.token
        if token is None:
            raise self.refuse("the query ends too soon")
        self.place += 1
        return token

    def next_is(self, *texts: str) -> bool:
        """Whether the next token is one of these symbols or keywords."""
        return self.token is not None and self.token.kind in ("word", "symbol") and self.token.upper in texts

    def skip(self, *texts: str) -> bool:
        """Go past the next token if it is one of these."""
        found = self.next_is(*texts)
        self.place += found
        return found

    def mark(self, *, complete: bool, unsure: bool = False) -> None:
        """Say whether something is complete now."""
        self.is_complete, self.is_unsure = complete, unsure

    def refuse(self, what: str) -> QueryError:
        quoted = " ".join(self.cypher.split())[:200]
        return QueryError(f"{what}: a question is one statement of {ALLOWED_WORDS}, and only reads (query: {quoted})")

    def refuse_word(self, token: Token) -> QueryError:
        return self.refuse(f"{token.text[:40]} is not allowed here")

    # ── queries and clauses ───────────────────────────────────────────────────────────────────────

    def read_query(self, *, depth: int, is_pattern_allowed: bool = False) -> None:
        """Read clauses up to the end, or to the brace that ends a subquery."""
        if depth > _MOST_DEPTH:
            raise self.refuse("the query is nested too deeply")
        self.mark(complete=False)
        if not (is_pattern_allowed and self._begins_with_pattern()):
            self._read_first_clause(depth)
        while self.token is not None and not self.next_is("}", ";"):
            self._read_part(depth)

    def _begins_with_pattern(self) -> bool:
        follower = self.tokens[self.place + 1] if self.place + 1 < len(self.tokens) else None
        return self.next_is("(") or (follower is not None and follower.text == "=")

    def _read_first_clause(self, depth: int) -> None:
        token = self.take()
        if token.kind != "word" or token.upper not in CLAUSES - {"UNION"}:
            raise self.refuse_word(token)
        self._enter_clause(token, depth)

    def _enter_clause(self, token: Token, depth: int) -> None:
        """Go past the words of a clause, up to where its own things begin."""
        unsure = self.is_unsure
        self.mark(complete=False, unsure=unsure)
        match token.upper:
            case "OPTIONAL":
                self._enter_optional(depth)
            case "CALL":
                self._read_call(depth)
            case "UNION":
                self.skip("ALL", "DISTINCT")
                self._read_first_clause(depth)
            case "ORDER":
                self._require("BY")

    def _enter_optional(self, depth: int) -> None:
        if self.skip("CALL"):
            self._read_call(depth)
        else:
            self._require("MATCH")

    def _require(self, word: str) -> None:
        if not self.skip(word):
            raise self.refuse(f"{word} is missing")

    def _read_call(self, depth: int) -> None:
        """Read what is called: a subquery, with or without the names that it is given, or a listed procedure."""
        if self.next_is("("):
            self._read_group(depth)
            if not self.next_is("{"):
                raise self.refuse("CALL without a subquery or a procedure")
        if self.next_is("{"):
            self._read_subquery(depth)
        else:
            self._require_procedure(self._take_name())
        if self.next_is("IN"):
            raise self.refuse("CALL … IN TRANSACTIONS is not allowed here")
        self.mark(complete=True)

    def _require_procedure(self, name: str) -> None:
        if name.lower() not in self.harmless.procedures:
            raise self.refuse(f"CALL {name[:80]} is not among the procedures that only read")
        if self.token is not None and not self.next_is("(", "YIELD", "RETURN", "}", ";"):
            raise self.refuse_word(self.token)

    def _take_name(self) -> str:
        """A name with all its dots."""
        parts = [self.take()]
        while self.skip("."):
            parts.append(self.take())
        if any(each.kind not in ("word", "quoted") for each in parts):
            raise self.refuse("CALL without the name of a procedure")
        return ".".join(each.text for each in parts)

    def _read_subquery(self, depth: int, *, is_pattern_allowed: bool = False) -> None:
        self.take()
        self.read_query(depth=depth + 1, is_pattern_allowed=is_pattern_allowed)
        if not self.skip("}"):
            raise self.refuse("a subquery is not closed")
        self.mark(complete=True)

    def skip_end(self) -> None:
        """Go past a last semicolon; nothing may follow."""
        self.skip(";")
        if self.token is not None:
            raise self.refuse(
                "more than one statement" if self.tokens[self.place - 1].text == ";" else "one } too many"
            )

    # ── what clauses are made of ──────────────────────────────────────────────────────────────────

    def _read_part(self, depth: int, *, opener: str = "") -> None:
        """Read the next thing in a group, or, without an ``opener``, in a clause."""
        token = self.token
        assert token is not None
        if token.kind == "symbol":
            self._read_symbol(depth, opener)
        elif token.kind == "word" and (self.is_complete or (self.is_unsure and not opener)):
            self._read_keyword(depth, opener)
        else:
            self._read_operand(depth)

    def _read_keyword(self, depth: int, opener: str) -> None:
        """Read a word after something that is complete, or may be."""
        token = self.take()
        word = token.upper
        if not opener and word in CLAUSES | SUBCLAUSES:
            self._enter_clause(token, depth)
        elif not self.is_complete and word not in _WRITING:
            self.place -= 1
            self._read_operand(depth)
        elif word == "AS":
            self.mark(complete=False)
            if self.token is not None and self.token.kind == "word":
                self._end_name(self.take(), depth)
        elif word in _JOINING or (word in ("STARTS", "ENDS") and self.skip("WITH")):
            self.mark(complete=False)
        elif word not in _ENDING | _PATH_WORDS:
            raise self.refuse_word(token)

    def _read_operand(self, depth: int) -> None:
        """Read a value, a name or a call of a function; some words before one leave it missing."""
        token = self.take()
        if token.kind == "word" and token.upper in _PREFIXES:
            self.mark(complete=False, unsure=True)
        elif token.kind == "word" and token.upper in _SUBQUERIES and self.next_is("{"):
            self._read_subquery(depth, is_pattern_allowed=True)
        elif token.kind in ("word", "quoted"):
            self._end_name(token, depth)
        else:
            self.mark(complete=True)

    def _end_name(self, token: Token, depth: int) -> None:
        """Read what belongs to a name: all that follows its dots, and, of a function, what it is given."""
        name = token.text
        while self.next_is(".") and self._names_follow():
            self.take()
            name += f".{self.take().text}"
        self.mark(complete=True)
        if self.next_is("("):
            if name.lower() not in self.harmless.functions and name.upper() not in _PATH_WORDS:
                raise self.refuse(f"{name[:80]}() is not among the functions that only reckon")
            self._read_group(depth)

    def _names_follow(self) -> bool:
        return self.place + 1 < len(self.tokens) and self.tokens[self.place + 1].kind in ("word", "quoted")

    def _read_symbol(self, depth: int, opener: str) -> None:
        text = self.take().text
        match text:
            case "(" | "[" | "{":
                self.place -= 1
                self._read_group(depth)
            case ")" | "]" | "}" | ";":
                raise self.refuse(f"one {text} too many")
            case "*" | "%" | "+" if self.is_complete:  # times, or as often as you like
                self.mark(complete=False, unsure=True)
            case "*" | "%":  # all there is, or any label
                self.mark(complete=True)
            case "+" | "!":  # before or after a value, they leave it what it is
                pass
            case "." | "$":
                self._read_name_after_symbol(depth)
            case ":" if opener != "{":
                self._read_name_after_symbol(depth)
            case _:
                self.mark(complete=False)
        if text == "|" and opener == "(":
            self.skip("WHERE")

    def _read_name_after_symbol(self, depth: int) -> None:
        """Read a property, a parameter or a label, which may be called like a keyword."""
        self.mark(complete=False)
        if self.token is not None and self.token.kind in ("word", "quoted"):
            self._end_name(self.take(), depth)

    def _read_group(self, depth: int) -> None:
        """Read from a bracket to its other end."""
        opener = self.take().text
        if depth >= _MOST_DEPTH:
            raise self.refuse("the query is nested too deeply")
        self.mark(complete=False)
        while not self.skip(_CLOSING[opener]):
            if self.token is None:
                raise self.refuse(f"one {opener} is not closed")
            self._read_part(depth + 1, opener=opener)
        self.mark(complete=True)
