"""Where a text occurs: in any id, and in any identifier in whatever spelling; the best first."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from graph.identity.spellings import RULES, canonical_text
from graph.queries.asking import USED, about_review, count_users
from graph.queries.verdicts import Viewpoint, find_viewpoint, judge
from graph.queries.views import Found, Hit, Match
from graph.stores.protocol import GraphStore, Question
from graph.stores.texts import NAMED_KINDS, Candidate, Wanted

MOST_EACH = 500
"""How many hits of one kind are looked at."""
MOST_NAMED = 5
"""Accounts that are named of those that a hit belongs to; of more, only the number is told."""

_PLACES: tuple[Match, ...] = ("exactly", "in another spelling", "begins with", "contains")
IDS = ("account", "ring", "run", "review", "product", "order", "transfer", "object")
"""What a hit may be besides an identifier of some kind, in this order among equally good ones."""
LONGEST_WORDS = 80
"""So much of words that were sent is told."""
_MIN_DIGITS = 5
_MIN_LETTERS = 3


def search(store: GraphStore, text: str, *, most: int, run_id: str | None = None) -> Found:
    """What a text is, or occurs in: ids of anything, and identifiers in any spelling that their kinds know.

    What it is exactly comes first, then what it is in another spelling, what begins with it, and what contains it
    somewhere.

    Parameters
    ----------
    text
        Part of an id, an address, an e-mail address, a telephone number, …; capitals do not matter.
    most
        How many hits are told at most.
    run_id
        Whose tiers and rings; the latest run's otherwise.

    Raises
    ------
    UnknownIdError
        If there is no such run.
    """
    view = find_viewpoint(store, run_id)
    wanted = " ".join(text.split())
    if not wanted:
        return Found((), 0, is_more=False)
    listed = [*_find_ids(store, wanted), *_find_identifiers(store, wanted)]
    listed.sort(key=lambda each: (each.place, _rank_kind(each.kind), len(each.id), each.id))
    is_more = any(sum(each.kind == kind for each in listed) >= MOST_EACH for kind in {each.kind for each in listed})
    return Found(_complete(store, listed[:most], view), len(listed), is_more)


@dataclass(frozen=True)
class _Place:
    """A hit, and how good it is; ``name`` is what an identifier is called in whatever spelling.

    ``owners`` are those accounts that came with it, ``title`` is what a product is called that was found by that,
    ``key`` is by what the graph knows an object.
    """

    kind: str
    id: str
    place: int
    name: str = ""
    owners: frozenset[str] = frozenset()
    title: str = ""
    key: str = ""


def _shorten(words: str) -> str:
    return words if len(words) <= LONGEST_WORDS else f"{words[: LONGEST_WORDS - 1]}…"


def _find_ids(store: GraphStore, wanted: str) -> Iterator[_Place]:
    for kind in NAMED_KINDS:
        for row in store.find_ids(kind, wanted.lower(), most=MOST_EACH):
            owners = frozenset(each for each in (row.buyer, row.seller) if each)
            if kind == "object":
                yield _Place(kind, _shorten(row.id), row.place, key=row.buyer or "")
            elif kind != "title":
                yield _Place(kind, row.id, row.place, owners=owners)
            elif row.buyer is not None:
                yield _Place("product", row.buyer, row.place, title=row.id)


def _find_identifiers(store: GraphStore, wanted: str) -> list[_Place]:
    """Identifiers, one hit for each in all of its spellings."""
    forms = {kind: canonical_text(kind, wanted) for kind in RULES}
    best: dict[tuple[str, str], _Place] = {}
    for row in store.find_identifiers(_make_parts(wanted, forms), most=MOST_EACH):
        found = _Place(row.kind, row.value, _rate(row, wanted, forms.get(row.kind, wanted)), row.canonical)
        key = row.kind, row.canonical
        if key not in best or found.place < best[key].place:
            best[key] = found
    return list(best.values())


def _make_parts(wanted: str, forms: dict[str, str]) -> Wanted:
    low, digits = wanted.lower(), re.sub(r"\D", "", wanted).lstrip("0")
    is_number = re.fullmatch(r"\+?[\d\s()./-]+", wanted) is not None and len(digits) >= _MIN_DIGITS
    address = forms["address"] if len(forms["address"]) >= _MIN_LETTERS else low
    return Wanted(low, tuple(sorted({wanted, *forms.values()})), address, digits if is_number else low)


def _rate(row: Candidate, wanted: str, form: str) -> int:
    value, low = row.value.lower(), wanted.lower()
    if value == low:
        return 0
    if row.canonical == form:
        return 1
    return 2 if value.startswith(low) or row.canonical.startswith(form) else 3


def _rank_kind(kind: str) -> int:
    return IDS.index(kind) if kind in IDS else len(IDS)


_OWNERS: dict[str, Question] = {
    "ring": Question(
        "(g:Ring)",
        "g.ring_id",
        "g.ring_id AS id, g.run_id AS run_id, g.tier AS tier, a.account_id AS account_id",
        way="(g)<-[:MEMBER_OF]-(a:Account)",
    ),
    "review": about_review("<-[:WROTE]-(a:Account)", "r.review_id AS id, r.tier AS tier, a.account_id AS account_id"),
    "product": Question(
        "(l:Listing)",
        "l.product_id",
        "l.product_id AS id, a.account_id AS account_id",
        way="(l)<-[:LISTED]-(a:Account)",
    ),
}


@dataclass
class _Owner:
    """Whose a hit is, and its tier."""

    account_ids: set[str] = field(default_factory=set)
    tier: str | None = None
    accounts: int = 0


def _complete(store: GraphStore, places: Sequence[_Place], view: Viewpoint) -> tuple[Hit, ...]:
    """Whose each hit is, and how many those are."""
    ids = {kind: [each.id for each in places if each.kind == kind] for kind in IDS}
    owners: dict[tuple[str, str], _Owner] = defaultdict(_Owner)
    run_id = view.run.run_id if view.run else None
    for kind, question in _OWNERS.items():
        for row in store.query_many([replace(question, ids=ids[kind])])[0]:
            if kind != "ring" or row["run_id"] == run_id:
                owner = owners[(kind, row["id"])]
                owner.account_ids.add(row["account_id"])
                owner.tier = row.get("tier")
    for place in places:
        owners[(place.kind, place.id)].account_ids |= place.owners
    for account_id, verdict in (judge(store, ids["account"], view) if ids["account"] else {}).items():
        owners[("account", account_id)].tier = verdict.tier
    _count_users(store, places, owners)
    _count_doers(store, places, owners)
    return tuple(_make_hit(each, owners[(each.kind, each.id)]) for each in places)


def _count_users(store: GraphStore, places: Sequence[_Place], owners: dict[tuple[str, str], _Owner]) -> None:
    """Who uses each identifier, in any spelling."""
    (rows,) = store.query_many([count_users(USED, (each.name for each in places if each.name), most=MOST_NAMED)])
    used = {(row["channel"], row["name"]): row for row in rows}
    for place in places:
        if place.name and (place.kind, place.name) in used:
            row = used[(place.kind, place.name)]
            owners[(place.kind, place.id)] = _Owner(set(row["gathered"]), None, row["n"])


_DONE = ("", "(t:`Object`)", "'object'", "t.object_key", "(t)<-[:DID]-(b:Account)")


def _count_doers(store: GraphStore, places: Sequence[_Place], owners: dict[tuple[str, str], _Owner]) -> None:
    """Who did something with each object, or sent those words."""
    (rows,) = store.query_many([count_users(_DONE, (each.key for each in places if each.key), most=MOST_NAMED)])
    done = {row["name"]: row for row in rows}
    for place in places:
        if place.key in done:
            row = done[place.key]
            owners[(place.kind, place.id)] = _Owner(set(row["gathered"]), None, row["n"])


def _make_hit(place: _Place, owner: _Owner) -> Hit:
    n = owner.accounts or len(owner.account_ids)
    named = tuple(sorted(owner.account_ids)) if n <= MOST_NAMED else ()
    return Hit(place.kind, place.id, _PLACES[place.place], owner.tier, n, named, place.title)
