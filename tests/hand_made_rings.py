"""Rings made by hand among a few accounts, and the scores and flags that come of them."""

from __future__ import annotations

from detection_market import Facts, make_snapshot

from detection.evidence.market import Market, make_market
from detection.policy import DEFAULT_POLICY, Policy
from detection.scores import Scores, score_market
from detection.settings import DetectSettings
from graph.results import Evidence, Flag, Member, Ring
from graph.vocabulary import RingKind, Tier

NAMES = ("ann", "bob", "cyd", "dan", "eve", "shop")


def make_ring(
    ring_id: str,
    *members: Member,
    score: float = 0.9,
    tier: Tier = "automatic",
    kind: RingKind = "trade",
    shows: tuple[str, ...] = (),
) -> Ring:
    evidence = tuple(Evidence("device", 9.0, 1.0, 0.1, sentence) for sentence in shows)
    return Ring(ring_id, kind, score, tier, 50.0, 10.0, members, evidence, (), ())


def core(name: str, bits: float = 90.0, held_by: tuple[str, ...] = (), held_bits: float = 0.0) -> Member:
    return Member(name, "core", bits, held_by, held_bits)


def people(*names: str) -> Facts:
    return Facts(dict.fromkeys(names or NAMES))


def meet(facts: Facts | None = None, *, policy: Policy = DEFAULT_POLICY) -> Market:
    return make_market(make_snapshot(facts or people()), DetectSettings(policy=policy))


def score_rings(*rings: Ring, facts: Facts | None = None) -> Scores:
    return score_market(rings, meet(facts))


def list_flags(scores: Scores) -> dict[str, Flag]:
    return {flag.subject_id: flag for flag in scores.flags}
