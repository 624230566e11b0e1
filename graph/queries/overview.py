"""A run as a whole: how its scores lie, what carries its rings, what people said of them, and whom it flags."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graph.queries.answers import RingSummary, RunSummary
from graph.queries.asking import Row, about_accounts, ask
from graph.queries.decided import Decided, read_decided
from graph.stores.protocol import GraphStore
from graph.vocabulary import TIERS

BINS = 20
_ACTED_ON = ("review", "automatic")

_COUNTED = """MATCH (a:Account) WHERE a.{what} IS NOT NULL
RETURN floor(a.{what} * {bins}) AS bin, count(*) AS n"""
_LABELLED = """MATCH (a:Account)-[:LABELLED]->(k:Label) WHERE a.{what} IS NOT NULL
RETURN floor(a.{what} * {bins}) AS bin, k.label AS label, count(DISTINCT a.account_id) AS n"""
_FLAGS = """MATCH (f:Flag) WHERE f.subject = 'account'
RETURN f.run_id AS run_id, f.tier AS tier, count(*) AS n"""
_FLAGGED = """MATCH (f:Flag)-[:`ON`]->(a:Account) WHERE f.run_id = $run_id AND f.tier IN $tiers
RETURN a.segment AS segment, count(DISTINCT a.account_id) AS n"""
_SEGMENTS = "MATCH (a:Account) RETURN a.segment AS segment, count(*) AS n"
_EVIDENCE = """MATCH (g:Ring)-[:SHOWS]->(e:Evidence) WHERE g.run_id = $run_id
RETURN e.channel AS channel, e.bits AS bits"""


@dataclass(frozen=True)
class Bin:
    """Accounts whose scores or chances lie from ``low`` on: how many, and how many are labelled fraud, and legit."""

    low: float
    accounts: int
    fraud: int
    legit: int


@dataclass(frozen=True)
class ChannelPart:
    """In how many rings of a run a channel shows, and with how many bits in all."""

    channel: str
    rings: int
    bits: float


@dataclass(frozen=True)
class TierRecord:
    """The rings of a tier, and how many of them people confirmed and dismissed (or cleared)."""

    tier: str
    rings: int
    confirmed: int
    dismissed: int


@dataclass(frozen=True)
class SegmentRecord:
    """The accounts of a segment, how many are flagged for review or automatically, and what became of those decided."""

    segment: str
    accounts: int
    flagged: int
    confirmed: int
    cleared: int


@dataclass(frozen=True)
class Overview:
    """A run as a whole.

    ``bins`` are by score, ``chances`` by a learned model's chance of fraud, empty where none was used; both are empty
    for a run that is not the latest, of which those of all accounts are not kept.  ``flags`` are by run and tier.
    """

    bins: tuple[Bin, ...]
    chances: tuple[Bin, ...]
    channels: tuple[ChannelPart, ...]
    tiers: tuple[TierRecord, ...]
    segments: tuple[SegmentRecord, ...]
    flags: Mapping[str, Mapping[str, int]]


def look_over(store: GraphStore, run: RunSummary, rings: Iterable[RingSummary], *, is_latest: bool) -> Overview:
    """All that is told of a run as a whole, in figures that the store adds up itself."""
    decided = read_decided(store)
    return Overview(
        bins=_count_bins(store, "risk_score") if is_latest else (),
        chances=_count_bins(store, "probability") if is_latest else (),
        channels=_sum_channels(store, run.run_id),
        tiers=_count_tiers(rings, decided),
        segments=_count_segments(store, run.run_id, decided),
        flags=_count_flags(store),
    )


def _count_bins(store: GraphStore, what: str) -> tuple[Bin, ...]:
    """How many accounts have which score or chance; nothing where none has one."""
    counts = Counter[int]()
    for row in ask(store, _COUNTED.format(what=what, bins=BINS)):
        counts[_find_bin(row)] += row["n"]
    if not counts:
        return ()
    labels: dict[str, Counter[int]] = defaultdict(Counter)
    for row in ask(store, _LABELLED.format(what=what, bins=BINS)):
        labels[row["label"]][_find_bin(row)] += row["n"]
    return tuple(
        Bin(place / BINS, counts[place], labels["fraud"][place], labels["legit"][place]) for place in range(BINS)
    )


def _find_bin(row: Row) -> int:
    return min(int(row["bin"]), BINS - 1)


def _sum_channels(store: GraphStore, run_id: str) -> tuple[ChannelPart, ...]:
    bits: dict[str, list[float]] = defaultdict(list)
    for row in ask(store, _EVIDENCE, run_id=run_id):
        bits[row["channel"]].append(row["bits"])
    found = (ChannelPart(channel, len(each), math.fsum(each)) for channel, each in bits.items())
    return tuple(sorted(found, key=lambda each: (-each.bits, each.channel)))


def _count_tiers(rings: Iterable[RingSummary], decided: Decided) -> tuple[TierRecord, ...]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for ring in rings:
        event = decided.state.rings.get(ring.ring_id)
        word = None if event is None else event.word
        counts[ring.tier]["rings"] += 1
        counts[ring.tier]["confirmed"] += word == "confirmed"
        counts[ring.tier]["dismissed"] += word in ("dismissed", "cleared")
    return tuple(
        TierRecord(tier, *(counts[tier][name] for name in ("rings", "confirmed", "dismissed")))
        for tier in reversed(TIERS)
        if counts[tier]["rings"]
    )


def _count_segments(store: GraphStore, run_id: str, decided: Decided) -> tuple[SegmentRecord, ...]:
    flagged = _sum_up(ask(store, _FLAGGED, run_id=run_id, tiers=list(_ACTED_ON)))
    said = _count_decided(store, decided)
    return tuple(
        SegmentRecord(segment, n, flagged[segment], said["confirmed"][segment], said["cleared"][segment])
        for segment, n in sorted(_sum_up(ask(store, _SEGMENTS)).items(), key=lambda each: (-each[1], each[0]))
    )


def _sum_up(rows: Iterable[Row]) -> Counter[str]:
    """By segment; who has none is in a segment without a name."""
    found = Counter[str]()
    for row in rows:
        found[row["segment"] or ""] += row["n"]
    return found


def _count_decided(store: GraphStore, decided: Decided) -> Mapping[str, Counter[str]]:
    words = {account_id: event.word for account_id, event in decided.state.accounts.items()}
    found: dict[str, Counter[str]] = defaultdict(Counter)
    if words:
        asked = about_accounts("", "a.account_id AS account_id, a.segment AS segment", words)
        for row in store.query_many([asked])[0]:
            word = "confirmed" if words[row["account_id"]] == "confirmed" else "cleared"
            found[word][row["segment"] or ""] += words[row["account_id"]] in ("confirmed", "cleared", "dismissed")
    return found


def _count_flags(store: GraphStore) -> Mapping[str, Mapping[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in ask(store, _FLAGS):
        found[row["run_id"]][row["tier"]] = row["n"]
    return found
