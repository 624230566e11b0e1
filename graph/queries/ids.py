"""Ids that are known, and the nearest to one that is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import takewhile

from graph.errors import UnknownIdError
from graph.queries.answers import Subject
from graph.queries.asking import Row, about_accounts, ask
from graph.stores.protocol import GraphStore


def check_account(store: GraphStore, account_id: str) -> None:
    """Make sure that an account exists.

    Raises
    ------
    UnknownIdError
        If the store knows no such account; the message names the nearest one.
    """
    check_accounts(store, account_id)


def check_accounts(store: GraphStore, *account_ids: str) -> None:
    """Make sure that accounts exist; see :func:`check_account`."""
    (rows,) = store.query_many([about_accounts("", "a.account_id AS account_id", account_ids)])
    for account_id in account_ids:
        require(store, "account", account_id, [row for row in rows if row["account_id"] == account_id])


_KEYS: dict[Subject, str] = {
    "account": "MATCH (n:Account) WITH n.account_id AS id",
    "ring": "MATCH (n:Ring) WITH n.ring_id AS id",
    "review": "MATCH (n:Review) WITH n.review_id AS id",
}
_CANDIDATES = 300
_NEAR = 0.6
"""From here on, of 1, two ids are so alike that one may be a slip for the other: one letter of three is."""


def find_nearest_id(store: GraphStore, subject: Subject, wrong_id: str) -> str | None:
    """The id most like a wrong one, or None where none is near; looks at a bounded number of them."""
    candidates: set[str] = set(_ids_like(store, subject, "toLower(id) = toLower($part)", wrong_id))
    half = len(wrong_id) // 2
    if half:
        candidates |= set(_ids_like(store, subject, "id ENDS WITH $part", wrong_id[half:]))
    for length in dict.fromkeys((len(wrong_id), len(wrong_id) - 1, len(wrong_id) - 2, len(wrong_id) * 3 // 4, half, 0)):
        if length > 0 or not candidates:
            candidates |= set(_ids_like(store, subject, "id STARTS WITH $part", wrong_id[: max(0, length)]))
        if len(candidates) > 10:
            break
    return pick_nearest(wrong_id, candidates)


def pick_nearest(wrong_id: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like a wrong id, in whatever case; None where none is near enough to have been meant.

    Of equals it is the one of the same letters, for two were swapped, then one that is alike in its case too, or begins
    alike, then the first in order.

    >>> pick_nearest("A12x", ["B7", "A12", "A99"]), pick_nearest("zebra", ["B7", "A12"])
    ('A12', None)
    >>> pick_nearest("chrage", ["change", "charge"])
    'charge'
    """
    wrong = wrong_id.casefold()
    folded, exact = SequenceMatcher(b=wrong, autojunk=False), SequenceMatcher(b=wrong_id, autojunk=False)

    def measure(candidate: str) -> tuple[float, bool, float, int]:
        folded.set_seq1(candidate.casefold())
        exact.set_seq1(candidate)
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(candidate, wrong_id, strict=False))
        is_swapped = sorted(candidate.casefold()) == sorted(wrong)
        return folded.ratio(), is_swapped, exact.ratio(), sum(1 for _ in alike)

    nearest = max(sorted(set(candidates)), key=measure, default=None)
    return nearest if nearest is not None and measure(nearest)[0] >= _NEAR else None


def _ids_like(store: GraphStore, subject: Subject, condition: str, part: str) -> Iterator[str]:
    cypher = f"{_KEYS[subject]} WHERE {condition} RETURN DISTINCT id ORDER BY id LIMIT {_CANDIDATES}"
    return (row["id"] for row in ask(store, cypher, part=part))


def say_unknown(what: str, wrong_id: str, nearest: str | None, where: str = "") -> str:
    """What to say of an id that nothing has."""
    return f"no {what} {wrong_id!r}{where}" + (f"; the nearest is {nearest!r}" if nearest is not None else "")


def require(store: GraphStore, subject: Subject, wanted_id: str, rows: Sequence[Row]) -> Row:
    """The first row.

    Raises
    ------
    UnknownIdError
        If there is none, for nothing has this id; the message names the nearest one.
    """
    if not rows:
        raise UnknownIdError(say_unknown(subject, wanted_id, find_nearest_id(store, subject, wanted_id)))
    return rows[0]
