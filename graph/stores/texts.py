"""What is looked for among ids and identifiers, how good a find is, and how a graph without a file of them is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

NamedKind = Literal["account", "ring", "run", "review", "product", "title", "order", "transfer", "object"]

_RANK = """CASE WHEN toLower(id) = $low THEN 0 WHEN $low = '' OR toLower(id) STARTS WITH $low THEN 2 ELSE 3 END AS place
ORDER BY place, id LIMIT $most"""
_IDS: dict[NamedKind, str] = {
    "account": "MATCH (n:Account) WITH n.account_id AS id WHERE $low = '' OR toLower(id) CONTAINS $low RETURN id",
    "ring": "MATCH (n:Ring) WITH DISTINCT n.ring_id AS id WHERE $low = '' OR toLower(id) CONTAINS $low RETURN id",
    "run": "MATCH (n:Run) WITH n.run_id AS id WHERE $low = '' OR toLower(id) CONTAINS $low RETURN id",
    "review": "MATCH (n:Review) WITH n.review_id AS id WHERE $low = '' OR toLower(id) CONTAINS $low RETURN id",
    "product": "MATCH (n:Listing) WITH n.product_id AS id WHERE $low = '' OR toLower(id) CONTAINS $low RETURN id",
    "title": """MATCH (n:Listing) WITH n.title AS id, n.product_id AS buyer
WHERE id IS NOT NULL AND ($low = '' OR toLower(id) CONTAINS $low) RETURN id, buyer""",
    "order": """MATCH (a:Account)-[o:ORDERED]->(b) WHERE $low = '' OR toLower(o.order_id) CONTAINS $low
WITH o.order_id AS id, a.account_id AS buyer, b.account_id AS seller RETURN id, buyer, seller""",
    "transfer": """MATCH (a:Account)-[p:PAID]->(b:Account) WHERE $low = '' OR toLower(p.transfer_id) CONTAINS $low
WITH p.transfer_id AS id, a.account_id AS buyer, b.account_id AS seller RETURN id, buyer, seller""",
    "object": """MATCH (n:`Object`) WITH n.value AS id, n.object_key AS buyer
WHERE id IS NOT NULL AND ($low = '' OR toLower(id) CONTAINS $low) RETURN id, buyer""",
}
NAMED_KINDS = tuple(_IDS)
"""Whose ids are looked for."""
_IDENTIFIERS = """MATCH (i:Identifier)
WHERE toLower(i.value) CONTAINS $low OR i.canonical IN $forms OR i.canonical CONTAINS $address
OR (i.kind = 'phone' AND i.canonical CONTAINS $digits)
RETURN i.kind AS kind, i.value AS value, i.canonical AS canonical, toLower(i.value) AS folded,
CASE WHEN i.canonical IN $forms THEN 0 WHEN toLower(i.value) STARTS WITH $low THEN 1 ELSE 2 END AS place
ORDER BY place, kind, canonical, value LIMIT $most"""

Ask = Callable[..., list[dict[str, Any]]]


@dataclass(frozen=True)
class IdRow:
    """An id; ``place`` is 0 where it is what was asked for, 2 where it begins so, 3 where it has it; whose it is.

    Of a transfer ``buyer`` is who paid, and ``seller`` who was paid; of a title ``buyer`` is the product that is called
    so, and of what accounts did something with, or of words that they sent, the key by which the graph knows it.
    """

    id: str
    place: int
    buyer: str | None = None
    seller: str | None = None


@dataclass(frozen=True)
class Candidate:
    """An identifier: its kind, one of its spellings, the form that joins them, and the spelling in small letters."""

    kind: str
    value: str
    canonical: str
    folded: str


@dataclass(frozen=True)
class Wanted:
    """A text in all the forms in which identifiers may have it.

    Attributes
    ----------
    low
        In small letters.
    forms
        What each kind of identifier would make of it.
    address, digits
        As part of an address, and of a telephone number.
    """

    low: str
    forms: tuple[str, ...]
    address: str
    digits: str

    def fits(self, each: Candidate) -> bool:
        """Whether an identifier is what is wanted, or has it somewhere."""
        return (
            self.low in each.folded
            or each.canonical in self.forms
            or self.address in each.canonical
            or (each.kind == "phone" and self.digits in each.canonical)
        )

    def rank(self, each: Candidate) -> tuple[int, str, str, str]:
        """What comes first: what it is in some spelling, then what begins with it."""
        place = 0 if each.canonical in self.forms else 1 if each.folded.startswith(self.low) else 2
        return place, each.kind, each.canonical, each.value


def ask_ids(ask: Ask, kind: NamedKind, low: str, most: int) -> list[IdRow]:
    """Ids that have a text, the best first, by reading all of them."""
    rows = ask(f"{_IDS[kind]}, {_RANK}", low=low, most=most)
    return [IdRow(row["id"], row["place"], row.get("buyer"), row.get("seller")) for row in rows]


def ask_identifiers(ask: Ask, wanted: Wanted, most: int) -> list[Candidate]:
    """Identifiers that fit, the best first, by reading all of them."""
    told = {"low": wanted.low, "forms": list(wanted.forms), "address": wanted.address, "digits": wanted.digits}
    rows = ask(_IDENTIFIERS, most=most, **told)
    return [Candidate(row["kind"], row["value"], row["canonical"], row["folded"]) for row in rows]
