"""Segments of a market that a policy would hit more often, or more wrongly, than the market as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from detection.measures.policy import HARMLESS, MeasurePolicy
from graph.casebook.fold import State
from graph.casework.calibration import find_interval
from graph.measures.events import Measure
from graph.queries.asking import about_accounts, ask
from graph.queries.flagged import Flagged

if TYPE_CHECKING:
    from graph.stores.protocol import GraphStore

FEW = 20
"""Accounts of a segment: of fewer nobody can say that too many are restricted."""
FEW_DECIDED = 5
"""With fewer decided accounts of a segment nobody can say how often it is wronged."""
_SIZES = "MATCH (a:Account) RETURN a.segment AS segment, count(a) AS n"
_ANSWERS = {"confirmed": False, "cleared": True, "dismissed": True}
"""Whether a verdict says that a flag was wrong; to watch somebody is no answer either way."""


@dataclass(frozen=True)
class Segments:
    """What is known of the segments of a market.

    Attributes
    ----------
    sizes
        How many accounts each has.
    decided
        Of how many of its decided accounts people found that the flag was wrong, and how many were decided.
    """

    sizes: Mapping[str | None, int]
    decided: Mapping[str | None, tuple[int, int]] = field(default_factory=dict)


def read_segments(store: GraphStore, state: State) -> Segments:
    """The segments of a store's market, and what people decided in them."""
    sizes = {row["segment"]: row["n"] for row in ask(store, _SIZES)}
    answers = {
        account_id: _ANSWERS[event.word] for account_id, event in state.accounts.items() if event.word in _ANSWERS
    }
    if not answers:
        return Segments(sizes)
    (rows,) = store.query_many([about_accounts("", "a.account_id AS account_id, a.segment AS segment", answers)])
    wrong = Counter(row["segment"] for row in rows if answers[row["account_id"]])
    decided = Counter(row["segment"] for row in rows)
    return Segments(sizes, {segment: (wrong[segment], n) for segment, n in decided.items()})


def find_unfair(
    chosen: Iterable[tuple[Flagged, Measure]], segments: Segments, policy: MeasurePolicy
) -> dict[str | None, str]:
    """Why no run acts by itself on the accounts of a segment, by segment.

    Where people decided about enough accounts of a segment, what counts is how often they found the flag wrong: more of
    it may be hit because more of it is fraud.  Where they did not, it is how often it is hit.

    Parameters
    ----------
    chosen
        Flags, and what is recommended for each.
    segments
        What is known of them.
    policy
        For the two bounds.
    """
    judged = {segment for segment, (_, n) in segments.decided.items() if n >= FEW_DECIDED}
    unfair = {
        segment: f"of segment {segment} {policy.segment_factor:g} times the usual share or more would be restricted"
        for segment in find_crowded(chosen, segments.sizes, policy.segment_factor) - judged
    }
    return unfair | _find_wronged(judged, segments, policy.segment_error_factor)


def _find_wronged(judged: Iterable[str | None], segments: Segments, factor: float) -> dict[str | None, str]:
    wrong, decided = (sum(counts) for counts in zip((0, 0), *segments.decided.values(), strict=True))
    if not factor or not decided:
        return {}
    found = {segment: segments.decided[segment] for segment in judged if segment}
    return {
        segment: f"of segment {segment} {n_wrong:,} of {n:,} decided flags were wrong, of all {wrong:,} of {decided:,}"
        for segment, (n_wrong, n) in found.items()
        if find_interval(n_wrong, n)[0] > factor * wrong / decided
    }


def find_crowded(
    chosen: Iterable[tuple[Flagged, Measure]], sizes: Mapping[str | None, int], factor: float
) -> frozenset[str]:
    """The segments of which so many times as large a share would be restricted as of all accounts."""
    restricted = Counter(
        flag.segment for flag, measure in chosen if flag.subject == "account" and measure not in HARMLESS
    )
    everybody = sum(sizes.values())
    if not factor or not everybody:
        return frozenset()
    usual = sum(restricted.values()) / everybody
    return frozenset(
        segment
        for segment, n in restricted.items()
        if segment and sizes.get(segment, 0) >= FEW and n / sizes[segment] > factor * usual
    )
