"""The investigator's questions, asked of any property graph in portable Cypher.

Every value travels as a parameter, never inside the text of a query, so an id may hold quotes, line
breaks or anything else.  Nothing here needs arrays: an answer comes within a moment of the question.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from difflib import SequenceMatcher
from itertools import pairwise, takewhile
from typing import Any, Literal

from graph.errors import QueryError, RingfenceError, UnknownIdError
from graph.stores.protocol import GraphStore, Question

Subject = Literal["account", "ring", "review"]
Row = dict[str, Any]

DEFAULT_MAX_HUB = 50
DEFAULT_MAX_HOPS = 6
LATEST = 5
"""How many of the latest orders and reviews an account's page shows."""

# ---------------------------------------------------------------------------------------- answers


@dataclass(frozen=True)
class RunSummary:
    """One batch; ``settings`` is the JSON text that it was run with."""

    run_id: str
    sequence: int
    started_at: datetime | None
    finished_at: datetime | None
    version: str | None
    as_of: datetime | None
    accounts: int
    rings: int
    flags: int
    notes: tuple[str, ...]
    settings: str | None


@dataclass(frozen=True)
class RingSummary:
    """One line of the list of rings; ``score`` lies in [0, 1]."""

    ring_id: str
    run_id: str
    rank: int
    kind: str
    score: float
    tier: str
    size: int
    net_bits: float
    charge_bits: float
    action: str


@dataclass(frozen=True)
class MemberRecord:
    """A member, how strongly it is tied to the others, and its own verdict."""

    account_id: str
    role: str
    bits: float
    risk_score: float | None
    tier: str | None


@dataclass(frozen=True)
class EvidenceRecord:
    """What one channel shows beyond chance."""

    channel: str
    bits: float
    observed: float
    expected: float
    sentence: str


@dataclass(frozen=True)
class LinkRecord:
    """Two members, a channel, its bits and what they share."""

    account_a: str
    account_b: str
    channel: str
    bits: float
    via: str


@dataclass(frozen=True)
class ReadingRecord:
    """An innocent reading that was heard, and whether it won."""

    name: str
    bits: float
    won: bool
    sentence: str


@dataclass(frozen=True)
class PartyRecord:
    """An account outside the ring that it acted on or for."""

    account_id: str
    role: str
    sentence: str


@dataclass(frozen=True)
class RingRecord:
    """A ring as it was stored when it was scored; everything strongest first."""

    summary: RingSummary
    members: tuple[MemberRecord, ...]
    evidence: tuple[EvidenceRecord, ...]
    links: tuple[LinkRecord, ...]
    readings: tuple[ReadingRecord, ...]
    parties: tuple[PartyRecord, ...]


@dataclass(frozen=True)
class IdentifierUse:
    """A thing an account uses; ``others`` counts the other accounts that use it in any spelling."""

    kind: str
    value: str
    role: str | None
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    others: int


@dataclass(frozen=True)
class Tally:
    """A name and a number: orders of a status, or the amount in a currency."""

    name: str
    total: float


@dataclass(frozen=True)
class OrderLine:
    """One order; ``other_id`` is the seller when bought, the buyer when sold, None for the market."""

    order_id: str
    other_id: str | None
    product_id: str | None
    amount: float | None
    currency: str | None
    ordered_at: datetime | None
    status: str | None


@dataclass(frozen=True)
class Dealings:
    """One side of an account's orders."""

    orders: int
    counterparties: int
    statuses: tuple[Tally, ...]
    amounts: tuple[Tally, ...]
    first_at: datetime | None
    last_at: datetime | None
    latest: tuple[OrderLine, ...]


@dataclass(frozen=True)
class ReviewLine:
    """One review written by the account."""

    review_id: str
    target_id: str | None
    rating: float | None
    reviewed_at: datetime | None
    suspicion: float | None
    tier: str | None


@dataclass(frozen=True)
class ReviewsSummary:
    """Reviews that an account wrote, and those it received as a seller."""

    written: int
    mean_rating: float | None
    flagged: int
    received: int
    mean_received: float | None
    latest: tuple[ReviewLine, ...]


@dataclass(frozen=True)
class LabelRecord:
    """What was already known, when and from where."""

    label: str
    decided_at: datetime | None
    source: str | None


@dataclass(frozen=True)
class AccountRing:
    """A ring of the latest run that an account belongs to, or that acted on or for it."""

    ring_id: str
    kind: str
    score: float
    tier: str
    size: int
    role: str
    bits: float | None


@dataclass(frozen=True)
class FlagRecord:
    """A run's verdict on an account or review, with its reasons as stored when it was scored."""

    run_id: str
    subject: str
    subject_id: str
    score: float
    tier: str
    reasons: tuple[str, ...]
    action: str


@dataclass(frozen=True)
class AccountRecord:
    """Everything known of one account, beginning with the verdict in words."""

    account_id: str
    verdict: str
    risk_score: float | None
    tier: str | None
    run_id: str | None
    created_at: datetime | None
    role: str | None
    segment: str | None
    status: str | None
    labels: tuple[LabelRecord, ...]
    identifiers: tuple[IdentifierUse, ...]
    bought: Dealings
    sold: Dealings
    reviews: ReviewsSummary
    listings: int
    referred_by: tuple[str, ...]
    referred: int
    rings: tuple[AccountRing, ...]
    flags: tuple[FlagRecord, ...]


@dataclass(frozen=True)
class Reasons:
    """Why an account, ring or review stands where it stands."""

    subject: Subject
    subject_id: str
    run_id: str | None
    score: float | None
    tier: str | None
    action: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Share:
    """What two accounts have in common; ``accounts`` share it in all (two, for dealings)."""

    channel: str
    name: str
    accounts: int


@dataclass(frozen=True)
class Neighbour:
    """An account and what it shares with the one asked about, rarest first."""

    account_id: str
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class Hop:
    """One step of a path and everything that its two accounts share, rarest first."""

    account_a: str
    account_b: str
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class FoundPath:
    """The shortest path; ``hops`` is empty where ``found`` is False; ``left_out`` were hubs."""

    account_a: str
    account_b: str
    found: bool
    hops: tuple[Hop, ...]
    left_out: tuple[Share, ...]


# ------------------------------------------------------------------------------------------- runs


@dataclass(frozen=True)
class LikeAccount:
    """An account, how alike its behaviour is (cosine, 1 is the same) and in what."""

    account_id: str
    similarity: float
    risk_score: float | None
    tier: str | None
    reasons: tuple[str, ...]


_RUN = """r.run_id AS run_id, r.sequence AS sequence, r.started_at AS started_at, r.finished_at AS finished_at,
r.version AS version, r.as_of AS as_of, r.accounts AS accounts, r.rings AS rings, r.flags AS flags,
r.notes AS notes, r.settings AS settings"""
_RUNS = f"MATCH (r:Run) RETURN {_RUN} ORDER BY sequence DESC"
_LATEST_RUN = f"{_RUNS} LIMIT 1"
_ONE_RUN = f"MATCH (r:Run {{run_id: $run_id}}) RETURN {_RUN}"


def list_runs(store: GraphStore) -> list[RunSummary]:
    """All runs, the latest first."""
    return [_as_run(row) for row in _rows(store, _RUNS)]


def find_latest_run(store: GraphStore) -> RunSummary | None:
    """The latest run, or None before the first."""
    return next((_as_run(row) for row in _rows(store, _LATEST_RUN)), None)


def find_run(store: GraphStore, run_id: str | None = None) -> RunSummary:
    """One run by its id, or the latest.

    Raises
    ------
    UnknownIdError
        If no run has this id.
    RingfenceError
        If nothing was run yet.
    """
    rows = _rows(store, _LATEST_RUN) if run_id is None else _rows(store, _ONE_RUN, run_id=run_id)
    if rows:
        return _as_run(rows[0])
    if run_id is None:
        raise RingfenceError("no run yet; type: ringfence detect")
    known = [run.run_id for run in list_runs(store)]
    raise UnknownIdError(_say_unknown("run", run_id, pick_nearest(run_id, known)))


def _as_run(row: Row) -> RunSummary:
    return RunSummary(**{**row, "notes": _as_sentences(row["notes"])})


# ------------------------------------------------------------------------------------------ rings

_RING = """g.ring_id AS ring_id, g.run_id AS run_id, g.rank AS rank, g.kind AS kind, g.score AS score, g.tier AS tier,
g.size AS size, g.net_bits AS net_bits, g.charge_bits AS charge_bits, g.action AS action"""
_RING_FILTERS = {
    "kind": "g.kind = $kind",
    "tier": "g.tier = $tier",
    "min_size": "g.size >= $min_size",
    "max_size": "g.size <= $max_size",
}
_RING_RUNS = f"""MATCH (r:Run)-[:FOUND]->(g:Ring) WHERE g.ring_id = $ring_id
RETURN {_RING}, g.ring_key AS ring_key, r.sequence AS sequence ORDER BY sequence DESC"""
_MEMBERS = """MATCH (g:Ring {ring_key: $ring_key})<-[m:MEMBER_OF]-(a:Account)
RETURN a.account_id AS account_id, m.role AS role, m.bits AS bits, a.risk_score AS risk_score, a.tier AS tier
ORDER BY role, bits DESC, account_id"""
_EVIDENCE = """MATCH (g:Ring {ring_key: $ring_key})-[:SHOWS]->(e:Evidence)
RETURN e.channel AS channel, e.bits AS bits, e.observed AS observed, e.expected AS expected, e.sentence AS sentence
ORDER BY bits DESC, channel"""
_LINKS = """MATCH (g:Ring {ring_key: $ring_key})<-[:MEMBER_OF]-(a:Account)-[l:LINKED]->(b:Account)
WHERE l.ring_key = $ring_key
RETURN DISTINCT a.account_id AS account_a, b.account_id AS account_b, l.channel AS channel, l.bits AS bits, l.via AS via
ORDER BY bits DESC, account_a, account_b, channel, via"""
_READINGS = """MATCH (g:Ring {ring_key: $ring_key})-[:HEARD]->(h:Reading)
RETURN h.name AS name, h.bits AS bits, h.won AS won, h.sentence AS sentence ORDER BY bits DESC, name"""
_PARTIES = """MATCH (g:Ring {ring_key: $ring_key})-[p:INVOLVES]->(a:Account)
RETURN a.account_id AS account_id, p.role AS role, p.sentence AS sentence ORDER BY role, account_id"""


def list_rings(store: GraphStore, *, run_id: str | None = None, **filters: str | int | None) -> list[RingSummary]:
    """The rings of a run (the latest by default), ranked.

    Parameters
    ----------
    filters
        Any of ``kind``, ``tier``, ``min_size`` and ``max_size``; None means any.
    """
    wanted = {name: value for name, value in filters.items() if value is not None}
    where = "".join(f" AND {_RING_FILTERS[name]}" for name in wanted)
    cypher = f"MATCH (g:Ring) WHERE g.run_id = $run_id{where} RETURN {_RING} ORDER BY rank, ring_id"
    rows = _rows(store, cypher, run_id=find_run(store, run_id).run_id, **wanted)
    return [RingSummary(**row) for row in rows]


def find_ring(store: GraphStore, ring_id: str, *, run_id: str | None = None) -> RingRecord:
    """A ring with members, evidence, links, innocent readings and parties.

    A ring keeps its id from run to run; the latest run that found it answers unless one is named.

    Raises
    ------
    UnknownIdError
        If no such run found a ring of this id.
    """
    run = find_run(store, run_id)
    rows = _rows(store, _RING_RUNS, ring_id=ring_id)
    row = next((row for row in rows if run_id in (None, row["run_id"])), None)
    if row is None:
        elsewhere = f" in run {run.run_id!r}" if rows else ""
        raise UnknownIdError(_say_unknown("ring", ring_id, find_nearest_id(store, "ring", ring_id), elsewhere))
    key = {"ring_key": row["ring_key"]}
    return RingRecord(
        summary=RingSummary(**_without(row, "ring_key", "sequence")),
        members=tuple(MemberRecord(**each) for each in _rows(store, _MEMBERS, **key)),
        evidence=tuple(EvidenceRecord(**each) for each in _rows(store, _EVIDENCE, **key)),
        links=tuple(LinkRecord(**each) for each in _rows(store, _LINKS, **key)),
        readings=tuple(ReadingRecord(**each) for each in _rows(store, _READINGS, **key)),
        parties=tuple(PartyRecord(**each) for each in _rows(store, _PARTIES, **key)),
    )


# --------------------------------------------------------------------------------------- accounts

_ORDERS_BY_STATUS = """o.status AS status, o.currency AS currency, count(DISTINCT o.order_id) AS orders,
collect(o.amount) AS amounts, min(o.ordered_at) AS first_at, max(o.ordered_at) AS last_at"""
_ORDER = """DISTINCT o.order_id AS order_id, b.account_id AS other_id, o.product_id AS product_id, o.amount AS amount,
o.currency AS currency, o.ordered_at AS ordered_at, o.status AS status"""
_REVIEWS = "count(r) AS n, collect(r.rating) AS ratings"
_PART = "g.run_id AS run_id, g.ring_id AS ring_id, g.kind AS kind, g.score AS score, g.tier AS tier, g.size AS size"
_FLAG = """f.run_id AS run_id, f.subject AS subject, f.subject_id AS subject_id, f.score AS score, f.tier AS tier,
f.reasons AS reasons, f.action AS action, u.sequence AS sequence"""


def _about_account(way: str, returns: str, *, condition: str = "", order: str = "") -> Question:
    return Question("(a:Account)", "a.account_id", returns, way=way and f"(a){way}", condition=condition, order=order)


def _about_review(way: str, returns: str, *, order: str = "") -> Question:
    return Question("(r:Review)", "r.review_id", returns, way=f"(r){way}", order=order)


def _about_dealings(side: str, way: str) -> dict[str, Question]:
    # Amounts are added up here, exactly: a store's own sum depends on the order in which it meets them.
    return {
        f"{side}_by_status": _about_account(way, _ORDERS_BY_STATUS),
        f"{side}_partners": _about_account(way, "count(DISTINCT b.account_id) AS n"),
        f"{side}_latest": _about_account(
            way,
            _ORDER,
            condition="o.ordered_at IS NOT NULL",
            order=f"ORDER BY ordered_at DESC, order_id LIMIT {LATEST}",
        ),
    }


_VERDICT_PAGE = {
    "account": _about_account(
        "",
        "a.account_id AS account_id, a.created_at AS created_at, a.role AS role, a.segment AS segment,"
        " a.status AS status, a.risk_score AS risk_score, a.tier AS tier",
    ),
    "rings": _about_account(
        "-[m:MEMBER_OF]->(g:Ring)", f"{_PART}, m.role AS role, m.bits AS bits, g.rank AS rank", order="ORDER BY rank"
    ),
    "parties": _about_account(
        "<-[p:INVOLVES]-(g:Ring)", f"{_PART}, p.role AS role, g.rank AS rank", order="ORDER BY rank"
    ),
    "flags": _about_account("<-[:`ON`]-(f:Flag)<-[:RAISED]-(u:Run)", _FLAG, order="ORDER BY sequence DESC"),
}
_ACCOUNT_PAGE = {
    **_VERDICT_PAGE,
    "labels": _about_account(
        "-[l:LABELLED]->(k:Label)",
        "DISTINCT k.label AS label, l.decided_at AS decided_at, l.source AS source",
        order="ORDER BY label, decided_at, source",
    ),
    "uses": _about_account(
        "-[u:USES]->(i:Identifier)",
        "i.kind AS kind, i.value AS value, i.canonical AS canonical, u.role AS role,"
        " min(u.seen_at) AS first_seen_at, max(u.seen_at) AS last_seen_at",
        order="ORDER BY kind, value, role",
    ),
    **_about_dealings("bought", "-[o:ORDERED]->(b)"),
    **_about_dealings("sold", "<-[o:ORDERED]-(b:Account)"),
    "written": _about_account("-[:WROTE]->(r:Review)", _REVIEWS),
    "suspect": _about_account(
        "-[:WROTE]->(r:Review)", "count(r) AS n", condition="r.tier IS NOT NULL AND r.tier <> 'clear'"
    ),
    "received": _about_account("<-[:ABOUT]-(r:Review)", _REVIEWS),
    "received_items": _about_account("-[:LISTED]->(:Listing)<-[:ABOUT]-(r:Review)", _REVIEWS),
    "latest_reviews": _about_account(
        "-[:WROTE]->(r:Review)",
        "r.review_id AS review_id, r.rating AS rating, r.reviewed_at AS reviewed_at, r.suspicion AS suspicion,"
        " r.tier AS tier",
        condition="r.reviewed_at IS NOT NULL",
        order=f"ORDER BY reviewed_at DESC, review_id LIMIT {LATEST}",
    ),
    "listings": _about_account("-[:LISTED]->(p:Listing)", "count(DISTINCT p.product_id) AS n"),
    "referred_by": _about_account(
        "<-[:REFERRED]-(b:Account)", "DISTINCT b.account_id AS account_id", order="ORDER BY account_id"
    ),
    "referred": _about_account("-[:REFERRED]->(b:Account)", "count(DISTINCT b) AS n"),
}


def find_account(store: GraphStore, account_id: str) -> AccountRecord:
    """Everything known of one account, beginning with the verdict.

    Raises
    ------
    UnknownIdError
        If the store knows no such account; the message names the nearest one.
    """
    page = _ask_page(store, _ACCOUNT_PAGE, account_id)
    row = _require(store, "account", account_id, page["account"])
    row["run_id"] = _find_verdict_run(store, row)
    labels = tuple(LabelRecord(**each) for each in page["labels"])
    rings = _list_account_rings(page, row["run_id"])
    flags = _list_flags(page["flags"])
    return AccountRecord(
        **row,
        verdict=say_verdict(row, labels, rings, flags),
        labels=labels,
        **_find_details(store, page),
        bought=_find_dealings(page, "bought"),
        sold=_find_dealings(page, "sold"),
        listings=page["listings"][0]["n"],
        referred_by=tuple(each["account_id"] for each in page["referred_by"]),
        referred=page["referred"][0]["n"],
        rings=rings,
        flags=flags,
    )


def _ask_page(store: GraphStore, page: Mapping[str, Question], subject_id: str) -> dict[str, list[Row]]:
    """The rows of each question about one subject."""
    asked = [replace(question, ids=(subject_id,)) for question in page.values()]
    return dict(zip(page, store.query_many(asked), strict=True))


def _find_verdict_run(store: GraphStore, account: Row) -> str | None:
    run = find_latest_run(store) if account["tier"] is not None else None
    return run.run_id if run else None


_OPENINGS = {
    "automatic": "Do not deal: the evidence is certain enough to act on",
    "review": "Be careful: a person should look before you deal",
    "watch": "Watch: something is unusual, too little to act on",
    "clear": "Nothing against this account",
}


def say_verdict(
    account: Mapping[str, Any],
    labels: Sequence[LabelRecord] = (),
    rings: Sequence[AccountRing] = (),
    flags: Sequence[FlagRecord] = (),
) -> str:
    """One sentence that says whether to deal with an account."""
    parts = [_OPENINGS.get(account["tier"] or "", "Not scored yet; type: ringfence detect")]
    if account["risk_score"] is not None:
        parts[0] += f" (risk {account['risk_score']:.2f})"
    parts += [f"it is labelled {each.label}" for each in labels]
    parts += [_say_part(ring) for ring in rings]
    parts += [flag.action for flag in flags[:1] if flag.run_id == account["run_id"] and flag.action]
    return " ".join(f"{part[0].upper()}{part[1:].rstrip('.')}." for part in parts)


def _say_part(ring: AccountRing) -> str:
    what = f"{ring.kind} ring {ring.ring_id} of {ring.size} accounts"
    return f"it is a {ring.role} of {what}" if ring.bits is None else f"it is a {ring.role} member of {what}"


def _list_account_rings(page: Mapping[str, list[Row]], run_id: str | None) -> tuple[AccountRing, ...]:
    rows = [row for row in (*page["rings"], *page["parties"]) if row["run_id"] == run_id]
    return tuple(AccountRing(**{"bits": None, **_without(row, "rank", "run_id")}) for row in rows)


def _list_flags(rows: Iterable[Row]) -> tuple[FlagRecord, ...]:
    flags = (_without({**row, "reasons": _as_sentences(row["reasons"])}, "sequence") for row in rows)
    return tuple(FlagRecord(**{**flag, "action": flag["action"] or ""}) for flag in flags)


def _find_dealings(page: Mapping[str, list[Row]], side: str) -> Dealings:
    rows = page[f"{side}_by_status"]
    return Dealings(
        orders=sum(row["orders"] for row in rows),
        counterparties=page[f"{side}_partners"][0]["n"],
        statuses=_add_up((row["status"], row["orders"]) for row in rows),
        amounts=_add_up((row["currency"], amount) for row in rows for amount in row["amounts"]),
        first_at=min((row["first_at"] for row in rows if row["first_at"]), default=None),
        last_at=max((row["last_at"] for row in rows if row["last_at"]), default=None),
        latest=tuple(OrderLine(**row) for row in page[f"{side}_latest"]),
    )


def _add_up(pairs: Iterable[tuple[str | None, float]]) -> tuple[Tally, ...]:
    numbers: dict[str, list[float]] = defaultdict(list)
    for name, number in pairs:
        numbers[name or ""].append(number)
    totals = {name: math.fsum(each) for name, each in numbers.items()}
    return tuple(Tally(name, total) for name, total in sorted(totals.items(), key=lambda item: (-item[1], item[0])))


_SUBJECTS = (
    _about_review("-[:ABOUT]->(p:Listing)", "r.review_id AS review_id, p.product_id AS id"),
    _about_review("-[:ABOUT]->(s:Account)", "r.review_id AS review_id, s.account_id AS id"),
)


def _find_details(store: GraphStore, page: Mapping[str, list[Row]]) -> dict[str, Any]:
    """What the page's own rows lead to: who else uses its things, and what its reviews are about."""
    uses, latest = page["uses"], page["latest_reviews"]
    review_ids = tuple(row["review_id"] for row in latest)
    asked = [_count_users(_USED, (row["canonical"] for row in uses))]
    asked += [replace(question, ids=review_ids) for question in _SUBJECTS]
    counted, *subjects = store.query_many(asked)
    sizes = {(row["channel"], row["name"]): row["n"] for row in counted}
    targets = {row["review_id"]: row["id"] for rows in reversed(subjects) for row in rows}  # an item before its seller
    return {
        "identifiers": tuple(
            IdentifierUse(
                **_without(row, "canonical"), others=max(0, sizes.get((row["kind"], row["canonical"]), 1) - 1)
            )
            for row in uses
        ),
        "reviews": _sum_up_reviews(
            page, tuple(ReviewLine(**row, target_id=targets.get(row["review_id"])) for row in latest)
        ),
    }


def _sum_up_reviews(page: Mapping[str, list[Row]], latest: tuple[ReviewLine, ...]) -> ReviewsSummary:
    (written,), received = page["written"], [*page["received"], *page["received_items"]]
    return ReviewsSummary(
        written=written["n"],
        mean_rating=_mean(written["ratings"]),
        flagged=page["suspect"][0]["n"],
        received=sum(row["n"] for row in received),
        mean_received=_mean([rating for row in received for rating in row["ratings"]]),
        latest=latest,
    )


def _mean(ratings: Sequence[float]) -> float | None:
    return math.fsum(ratings) / len(ratings) if ratings else None


# -------------------------------------------------------------------------------------------- why

_REVIEW_PAGE = {
    "review": _about_review(
        "<-[:WROTE]-(a:Account)",
        "r.review_id AS review_id, r.suspicion AS suspicion, r.tier AS tier, a.account_id AS account_id",
    ),
    "flags": _about_review("<-[:`ON`]-(f:Flag)<-[:RAISED]-(u:Run)", _FLAG, order="ORDER BY sequence DESC"),
}


def find_reasons(store: GraphStore, any_id: str) -> list[Reasons]:
    """Why an account, ring or review stands where it stands, in the words stored when it was scored.

    Several answers mean that one id names several things.

    Raises
    ------
    UnknownIdError
        If it names nothing.
    """
    answers = [explain(store, any_id) for explain in (_explain_account, _explain_ring, _explain_review)]
    found = [answer for answer in answers if answer]
    if found:
        return found
    subjects: tuple[Subject, ...] = ("account", "ring", "review")
    nearest = [find_nearest_id(store, subject, any_id) for subject in subjects]
    known = [each for each in nearest if each is not None]
    raise UnknownIdError(_say_unknown("account, ring or review", any_id, pick_nearest(any_id, known)))


def _explain_account(store: GraphStore, account_id: str) -> Reasons | None:
    page = _ask_page(store, _VERDICT_PAGE, account_id)
    if not page["account"]:
        return None
    row = {**page["account"][0], "run_id": _find_verdict_run(store, page["account"][0])}
    flags = [flag for flag in _list_flags(page["flags"]) if flag.run_id == row["run_id"]]
    rings = _list_account_rings(page, row["run_id"])
    sentences = tuple(reason for flag in flags for reason in flag.reasons)
    action = flags[0].action if flags else ""
    verdict = say_verdict(row, (), rings)
    return Reasons("account", account_id, row["run_id"], row["risk_score"], row["tier"], action, (verdict, *sentences))


def _explain_ring(store: GraphStore, ring_id: str) -> Reasons | None:
    if not _rows(store, _RING_RUNS, ring_id=ring_id):
        return None
    ring = find_ring(store, ring_id)
    head = ring.summary
    charge = (
        f"{head.net_bits:.1f} bits stand after the innocent reading and {head.charge_bits:.1f} bits for the search."
    )
    heard = tuple(_say_reading(each) for each in ring.readings)
    sentences = (*(each.sentence for each in ring.evidence), *heard, *(each.sentence for each in ring.parties), charge)
    return Reasons("ring", ring_id, head.run_id, head.score, head.tier, head.action or "", sentences)


def _say_reading(reading: ReadingRecord) -> str:
    return f"{'Heard and believed' if reading.won else 'Heard, not enough'}: {reading.sentence}"


def _explain_review(store: GraphStore, review_id: str) -> Reasons | None:
    page = _ask_page(store, _REVIEW_PAGE, review_id)
    if not page["review"]:
        return None
    row, flags = page["review"][0], _list_flags(page["flags"])[:1]
    run_id = flags[0].run_id if flags else None
    sentences = tuple(reason for flag in flags for reason in flag.reasons)
    author = f"Written by {row['account_id']}."
    action = flags[0].action if flags else ""
    return Reasons("review", review_id, run_id, row["suspicion"], row["tier"], action, (author, *sentences))


# ------------------------------------------------------------------------------ who is connected


def _about_accounts(way: str, returns: str, account_ids: Iterable[str], **more: Any) -> Question:
    return Question("(a:Account)", "a.account_id", returns, sorted(set(account_ids)), way, **more)


def _count_users(shared: tuple[str, ...], names: Iterable[str], *, most: int = 0) -> Question:
    """How many accounts share what has these names, and which, unless they are more than ``most``."""
    _, thing, sort, name, way = shared
    returns, ids = f"{sort} AS channel, {name} AS name", sorted(set(names))
    return Question(thing, name, returns, ids, way, gather="b.account_id", most=most)


_REVIEWED = "(a)-[:WROTE]->(:Review)-[:ABOUT]->"
_REVIEWERS = "(t)<-[:ABOUT]-(:Review)<-[:WROTE]-(b:Account)"
# The way from an account, the thing, what sort it is, its name, and the way to all who share it.
_USED = ("(a)-[:USES]->", "(t:Identifier)", "t.kind", "t.canonical", "(t)<-[:USES]-(b:Account)")
_SHARED = (
    (_REVIEWED, "(t:Listing)", "'reviewed product'", "t.product_id", _REVIEWERS),
    (_REVIEWED, "(t:Account)", "'reviewed seller'", "t.account_id", _REVIEWERS),
    _USED,
)
_TRADES = ("(a)-[o:ORDERED]->(b:Account)", "(a)<-[o:ORDERED]-(b:Account)")
_REFERRALS = ("(a)-[:REFERRED]->(b:Account)", "(a)<-[:REFERRED]-(b:Account)")
_TRADED = "a.account_id AS one, b.account_id AS other, count(DISTINCT o.order_id) AS n"
_REFERRED_TO = "DISTINCT a.account_id AS one, b.account_id AS other"


@dataclass
class _Search:
    """What a widening search has found so far; ``ends`` may trade with everybody, hubs between may not."""

    store: GraphStore
    ends: frozenset[str]
    max_hub: int
    things: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    sizes: dict[tuple[str, str], int] = field(default_factory=dict)
    dealings: dict[tuple[str, str], set[Share]] = field(default_factory=lambda: defaultdict(set))
    partners: dict[str, int] = field(default_factory=dict)
    left_out: set[Share] = field(default_factory=set)

    def widen(self, accounts: set[str]) -> set[str]:
        """All accounts one hop away from these; whatever one may ask at once is asked at once."""
        products, sellers, brought, bought, came, sold, used = self.store.query_many(self._ask_from(accounts))
        shared = [{(row["channel"], row["name"]) for row in rows} for rows in (products, sellers, used)]
        trades = [*bought, *sold]
        self._measure(shared, {row[end] for row in trades for end in ("one", "other")})
        things = self._add_things(set().union(*shared))
        return things | self._add_trades(trades) | self._add_referrals([brought, came])

    def _ask_from(self, accounts: set[str]) -> list[Question]:
        # A store that asks over two connections asks every other question on each.
        products, sellers, used = (
            _about_accounts(f"{way}{thing}", f"DISTINCT {sort} AS channel, {name} AS name", accounts)
            for way, thing, sort, name, _ in _SHARED
        )
        bought, sold = (_about_accounts(way, _TRADED, accounts) for way in _TRADES)
        brought, came = (_about_accounts(way, _REFERRED_TO, accounts) for way in _REFERRALS)
        return [products, sellers, brought, bought, came, sold, used]

    def _measure(self, shared: list[set[tuple[str, str]]], accounts: set[str]) -> None:
        """Find who shares each thing that is new, and count the partners of each account that is no end."""
        fresh = [things - self.sizes.keys() for things in shared]
        between = accounts - self.ends - self.partners.keys()
        products, sellers, used = (
            _count_users(kind, (name for _, name in things), most=self.max_hub)
            for kind, things in zip(_SHARED, fresh, strict=True)
        )
        sold_by, bought_by = (
            _about_accounts(way, "a.account_id AS one", between, gather="b.account_id") for way in _TRADES
        )
        sizes = [products, bought_by, sellers, used, sold_by]  # products and buyers take longest: not on one connection
        products_by, buyers, reviewed_by, used_by, partners = self.store.query_many(sizes)
        for things, rows in zip(fresh, (products_by, reviewed_by, used_by), strict=True):
            self._keep_shared(things, rows)
        self.partners |= dict.fromkeys(between, 0)
        for row in (*buyers, *partners):
            self.partners[row["one"]] += row["n"]

    def _keep_shared(self, things: set[tuple[str, str]], rows: list[Row]) -> None:
        for thing in things:
            self.sizes.setdefault(thing, 1)
        for row in rows:
            thing = row["channel"], row["name"]
            if thing in things:
                self.sizes[thing] = row["n"]
                if 1 < row["n"] <= self.max_hub:
                    self.things[thing] = set(row["gathered"])

    def _add_things(self, things: set[tuple[str, str]]) -> set[str]:
        self.left_out |= {Share(*each, self.sizes[each]) for each in things if self.sizes[each] > self.max_hub}
        return set().union(*(self.things[thing] for thing in things & self.things.keys()))

    def _add_trades(self, rows: list[Row]) -> set[str]:
        traders = {row[end] for row in rows for end in ("one", "other")} - self.ends
        hubs = {account for account in traders if self.partners[account] > self.max_hub}
        self.left_out |= {Share("trade", account, self.partners[account]) for account in hubs}
        found = set[str]()
        for row in rows:
            pair = _as_pair(row)
            if not hubs.intersection(pair):
                self.dealings[pair].add(Share("trade", f"{row['n']} orders" if row["n"] > 1 else "1 order", 2))
                found.add(row["other"])
        return found

    def _add_referrals(self, ways: list[list[Row]]) -> set[str]:
        found = set[str]()
        for rows, says in zip(ways, ("brought in", "was brought in by"), strict=True):
            for row in rows:
                known = self.dealings[_as_pair(row)]
                if not any(share.channel == "referral" for share in known):
                    known.add(Share("referral", f"{row['one']} {says} {row['other']}", 2))
                found.add(row["other"])
        return found

    def list_shares(self, account_a: str, account_b: str) -> tuple[Share, ...]:
        """Everything found so far that two accounts share, rarest first."""
        both = {account_a, account_b}
        things = {Share(*thing, self.sizes[thing]) for thing, users in self.things.items() if both <= users}
        return _rarest_first(things | self.dealings.get((min(both), max(both)), set()))


def find_neighbours(store: GraphStore, account_id: str, *, max_hub: int = DEFAULT_MAX_HUB) -> list[Neighbour]:
    """The accounts one hop away; those that share most, and what is rarest, first."""
    check_account(store, account_id)
    search = _Search(store, frozenset({account_id}), max_hub)
    found = search.widen({account_id}) - {account_id}
    shares: dict[str, set[Share]] = defaultdict(set)
    for thing, users in search.things.items():
        for user in users & found:
            shares[user].add(Share(*thing, search.sizes[thing]))
    for pair, dealings in search.dealings.items():
        for end in found.intersection(pair):
            shares[end] |= dealings
    neighbours = [Neighbour(other, _rarest_first(things)) for other, things in shares.items()]
    return sorted(neighbours, key=lambda each: (-_strength(each.shares), each.account_id))


@dataclass(frozen=True)
class Verdict:
    """The latest run's score and tier of an account; None before it was scored."""

    risk_score: float | None
    tier: str | None


def find_verdicts(store: GraphStore, account_ids: Iterable[str]) -> dict[str, Verdict]:
    """The latest verdict on each of these accounts."""
    returns = "a.account_id AS account_id, a.risk_score AS risk_score, a.tier AS tier"
    (rows,) = store.query_many([_about_accounts("", returns, account_ids)])
    return {row["account_id"]: Verdict(row["risk_score"], row["tier"]) for row in rows}


def check_account(store: GraphStore, account_id: str) -> None:
    """Make sure that an account exists.

    Raises
    ------
    UnknownIdError
        If the store knows no such account; the message names the nearest one.
    """
    _check_accounts(store, account_id)


def _check_accounts(store: GraphStore, *account_ids: str) -> None:
    (rows,) = store.query_many([_about_accounts("", "a.account_id AS account_id", account_ids)])
    for account_id in account_ids:
        _require(store, "account", account_id, [row for row in rows if row["account_id"] == account_id])


def find_path(
    store: GraphStore,
    account_a: str,
    account_b: str,
    *,
    max_hub: int = DEFAULT_MAX_HUB,
    max_hops: int = DEFAULT_MAX_HOPS,
) -> FoundPath:
    """The shortest way from one account to another over what they share and how they deal.

    Both ends widen in turn, the narrower first, so that the ground covered grows with half the
    distance.  Whatever more than ``max_hub`` accounts share is left out, and said so.  Of several
    shortest ways the one over the rarest things is taken.

    Raises
    ------
    UnknownIdError
        If the store does not know one of them.
    """
    _check_accounts(store, account_a, account_b)
    search = _Search(store, frozenset({account_a, account_b}), max_hub)
    found = _widen_until_met(search, account_a, account_b, max_hops)
    hops = _walk_shortest(search, account_a, account_b) if found else ()
    left_out = tuple(sorted(search.left_out, key=lambda each: (-each.accounts, each.channel, each.name)))
    return FoundPath(account_a, account_b, found, hops, left_out)


def _widen_until_met(search: _Search, account_a: str, account_b: str, max_hops: int) -> bool:
    seen = ({account_a}, {account_b})
    edges = [{account_a}, {account_b}]
    for _ in range(max_hops):
        if seen[0] & seen[1] or not all(edges):
            break
        side = int(len(edges[1]) < len(edges[0]))
        edges[side] = search.widen(edges[side]) - seen[side]
        seen[side].update(edges[side])
    return bool(seen[0] & seen[1])


class _Links:
    """What a search has found, by account."""

    def __init__(self, search: _Search) -> None:
        self.search = search
        self.things: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.partners: dict[str, list[str]] = defaultdict(list)
        for thing, users in search.things.items():
            for user in users:
                self.things[user].append(thing)
        for (one, other), dealings in search.dealings.items():
            if dealings:
                self.partners[one].append(other)
                self.partners[other].append(one)

    def list_layers(self, start: str, end: str) -> list[set[str]]:
        """The accounts 0, 1, 2, … hops from the start, up to the last before the end."""
        layers: list[set[str]] = []
        layer, seen, used = {start}, {start}, set[tuple[str, str]]()
        while end not in layer:
            layers.append(layer)
            things = {thing for one in layer for thing in self.things[one]} - used
            layer = set().union(*(self.search.things[thing] for thing in things))
            layer = layer.union(*(self.partners[one] for one in layers[-1])) - seen
            used |= things
            seen |= layer
        return layers

    def list_from(self, account: str) -> Iterator[tuple[str, float]]:
        """Each account one hop away, once for each way there, and how common that is: from 0 to 1."""
        for thing in self.things[account]:
            commonness = 1 - 1 / self.search.sizes[thing]
            yield from ((user, commonness) for user in self.search.things[thing])
        yield from ((partner, 0.5) for partner in self.partners[account])


def _walk_shortest(search: _Search, account_a: str, account_b: str) -> tuple[Hop, ...]:
    """Of the ways with the fewest hops the one over the rarest things; of equals the first by its accounts."""
    links = _Links(search)
    layers = links.list_layers(account_a, account_b)
    lengths, onwards = {account_b: 0.0}, dict[str, str]()
    for layer in reversed(layers):  # from the other end back: how common everything on the best way from here is
        reached: dict[str, tuple[float, str]] = {}
        for one, length in lengths.items():
            for other, commonness in links.list_from(one):
                if other in layer:
                    reached[other] = min(reached.get(other, (math.inf, "")), (length + commonness, one))
        lengths = {account: length for account, (length, _) in reached.items()}
        onwards |= {account: one for account, (_, one) in reached.items()}
    stops = [account_a]
    while stops[-1] != account_b:
        stops.append(onwards[stops[-1]])
    return tuple(Hop(one, other, search.list_shares(one, other)) for one, other in pairwise(stops))


def _as_pair(row: Row) -> tuple[str, str]:
    one, other = sorted((row["one"], row["other"]))
    return one, other


def _rarest_first(shares: Iterable[Share]) -> tuple[Share, ...]:
    return tuple(sorted(shares, key=lambda each: (each.accounts, each.channel, each.name)))


def _strength(shares: Iterable[Share]) -> float:
    return sum(1 / (each.accounts - 1) for each in shares if each.accounts > 1)


# ------------------------------------------------------------------------------------ nearest ids

_KEYS: dict[Subject, str] = {
    "account": "MATCH (n:Account) WITH n.account_id AS id",
    "ring": "MATCH (n:Ring) WITH n.ring_id AS id",
    "review": "MATCH (n:Review) WITH n.review_id AS id",
}
_CANDIDATES = 300


def find_nearest_id(store: GraphStore, subject: Subject, wrong_id: str) -> str | None:
    """The id most like a wrong one, or None where the store is empty; looks at a bounded number of them."""
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
    """The candidate most like a wrong id; of equals the one that begins alike, then the first in order.

    >>> pick_nearest("A12x", ["B7", "A12", "A99"])
    'A12'
    """
    matcher = SequenceMatcher(b=wrong_id, autojunk=False)

    def measure(candidate: str) -> tuple[float, int]:
        matcher.set_seq1(candidate)
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(candidate, wrong_id, strict=False))
        return matcher.ratio(), sum(1 for _ in alike)

    return max(sorted(set(candidates)), key=measure, default=None)


def _ids_like(store: GraphStore, subject: Subject, condition: str, part: str) -> Iterator[str]:
    cypher = f"{_KEYS[subject]} WHERE {condition} RETURN DISTINCT id ORDER BY id LIMIT {_CANDIDATES}"
    return (row["id"] for row in _rows(store, cypher, part=part))


def _say_unknown(what: str, wrong_id: str, nearest: str | None, where: str = "") -> str:
    return f"no {what} {wrong_id!r}{where}" + (f"; the nearest is {nearest!r}" if nearest is not None else "")


def _require(store: GraphStore, subject: Subject, wanted_id: str, rows: Sequence[Row]) -> Row:
    if not rows:
        raise UnknownIdError(_say_unknown(subject, wanted_id, find_nearest_id(store, subject, wanted_id)))
    return rows[0]


# ------------------------------------------------------------------------------------- everything

_ALL_MEMBERS = """MATCH (g:Ring)<-[m:MEMBER_OF]-(a:Account) WHERE g.run_id = $run_id
RETURN g.ring_id AS ring_id, g.kind AS kind, g.score AS score, a.account_id AS account_id, m.role AS role,
m.bits AS bits, g.tier AS tier, g.size AS size, g.rank AS rank, g.net_bits AS net_bits, a.risk_score AS risk_score,
g.action AS action, g.run_id AS run_id ORDER BY rank, ring_id, role, bits DESC, account_id"""
_ALL_LINKS = """MATCH (g:Ring)<-[:MEMBER_OF]-(a:Account)-[l:LINKED]->(b:Account)
WHERE g.run_id = $run_id AND l.ring_key = g.ring_key
RETURN DISTINCT g.ring_id AS ring_id, a.account_id AS account_a, b.account_id AS account_b, l.channel AS channel,
l.bits AS bits, l.via AS via ORDER BY ring_id, account_a, account_b, channel, via"""
_ALL_ACCOUNTS = """MATCH (a:Account) RETURN a.account_id AS account_id, a.risk_score AS risk_score, a.tier AS tier
ORDER BY account_id"""
_ALL_REVIEWS = """MATCH (a:Account)-[:WROTE]->(r:Review)
RETURN r.review_id AS review_id, a.account_id AS account_id, r.suspicion AS suspicion, r.tier AS tier
ORDER BY review_id, account_id"""
_ALL_VECTORS = "MATCH (v:Vector) RETURN v.account_id AS account_id, v.vector AS vector ORDER BY account_id"


def list_members(store: GraphStore, run_id: str) -> list[Row]:
    """One row per ring and member of a run, by rank and then in the ring's order."""
    return _rows(store, _ALL_MEMBERS, run_id=run_id)


def list_links(store: GraphStore, run_id: str) -> list[Row]:
    """One row per link inside a run's rings."""
    return _rows(store, _ALL_LINKS, run_id=run_id)


def list_accounts(store: GraphStore) -> list[Row]:
    """One row per account with the latest run's verdict, by id."""
    return store.query(_ALL_ACCOUNTS)


def list_reviews(store: GraphStore) -> list[Row]:
    """One row per review with the latest run's verdict, by id."""
    return store.query(_ALL_REVIEWS)


def list_vectors(store: GraphStore) -> list[Row]:
    """One row per account that the encoder has seen: ``account_id`` and ``vector``; none before it ran."""
    try:
        return store.query(_ALL_VECTORS)
    except QueryError:  # a store without vectors need not know what a Vector is
        return []


# ----------------------------------------------------------------------------------------- asking


def _rows(store: GraphStore, cypher: str, **parameters: Any) -> list[Row]:
    return [{name: _as_plain(value) for name, value in row.items()} for row in store.query(cypher, **parameters)]


def _as_plain(value: Any) -> Any:
    if hasattr(value, "to_native"):  # a driver's own time type
        value = value.to_native()
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _as_sentences(value: Any) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        value = json.loads(value) if value.startswith("[") else value.splitlines()
    return tuple(str(each) for each in value)


def _without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}
