"""Rings that hear learned risk: it moves them in the list, is said in words, and brings nobody up for review."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from detection_market import (
    make_background,
    make_snapshot,
    name_products,
    pick,
    plant_opinions,
    share_in_chain,
)

from detection.channels.conduct import Conduct
from detection.decisions import Known
from detection.evidence.judge import judge_groups
from detection.evidence.market import Market, make_market
from detection.groups import gather_groups
from detection.policy import DEFAULT_POLICY
from detection.rings.build import build_rings
from detection.risk.heard import KNOWN_RISK, hear_risk, make_heard_market
from detection.risk.model import RiskModel, fit_risk
from detection.risk.opinion import Opinion, form_opinion
from detection.run import record_settings
from detection.scores import score_market
from detection.search import search_market
from detection.settings import DetectSettings
from embeddings.features.table import describe_accounts
from graph.model import Snapshot

RING = pick(100, 16)
BAD = [*pick(100, 16), *pick(300, 24)]


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    """A ring of bought praise, and as many loners who do the same alone."""
    facts = make_background(n=1000)
    plant_opinions(facts, RING, 1, 5.0)
    share_in_chain(facts, BAD[16:], "phone")
    return name_products(make_snapshot(facts))


@pytest.fixture(scope="module")
def known(snapshot: Snapshot) -> Known:
    rows = np.arange(0, snapshot.n_accounts, 3)
    return Known(rows, np.isin(snapshot.account_id[rows], BAD))


@pytest.fixture(scope="module")
def model(snapshot: Snapshot, known: Known) -> RiskModel:
    return fit_risk(describe_accounts(snapshot), np.zeros(snapshot.n_accounts), known).model


def ask(snapshot: Snapshot, model: RiskModel) -> Opinion:
    return form_opinion(model, describe_accounts(snapshot))


def label(snapshot: Snapshot, known: Known) -> Snapshot:
    never = np.full(len(known.row), "NaT", dtype="datetime64[us]")
    return replace(snapshot, label_account=known.row, label_is_fraud=known.is_fraud, label_decided_at=never)


def tell(market: Market, bits: float, members: list[str]) -> Market:
    """The market in which some accounts are known to be risky."""
    risky = np.isin(market.snapshot.account_id, members)
    ones = np.ones(len(risky), dtype=np.int64)
    signal = Conduct(KNOWN_RISK, risky.astype(np.int64), ones, bits * risky, np.zeros(len(risky)), is_learned=True)
    return replace(market, conduct=(*market.conduct, signal))


def test_risk_lies_within_its_bounds_and_a_label_goes_before_what_is_learnt(
    snapshot: Snapshot, known: Known, model: RiskModel
) -> None:
    signal = hear_risk(label(snapshot, known), ask(snapshot, model), DEFAULT_POLICY)
    assert (signal.bits[known.row[known.is_fraud]] == DEFAULT_POLICY.most_risk_bits).all()
    assert (signal.bits[known.row[~known.is_fraud]] == DEFAULT_POLICY.least_risk_bits).all()
    assert signal.bits.min() >= DEFAULT_POLICY.least_risk_bits
    assert signal.bits.max() <= DEFAULT_POLICY.most_risk_bits
    unlabelled = np.setdiff1d(np.arange(snapshot.n_accounts), known.row)
    is_bad = np.isin(snapshot.account_id[unlabelled], BAD)
    assert signal.bits[unlabelled][is_bad].mean() > signal.bits[unlabelled][~is_bad].mean() + 1.0
    assert (signal.times == (signal.bits >= 3.0)).all()


def test_risk_does_not_hear_rings(snapshot: Snapshot, known: Known) -> None:
    """Whoever was in a ring when the model was fitted is no riskier for that when rings hear it."""
    scores = np.isin(snapshot.account_id, BAD) * 0.9
    model = fit_risk(describe_accounts(snapshot), scores, known).model
    assert model.blend.weights["rings"] > 0
    unlabelled = hear_risk(snapshot, ask(snapshot, model), DEFAULT_POLICY)
    without = replace(model, blend=replace(model.blend, weight=model.blend.weight * [1.0, 1.0, 0.0]))
    assert (unlabelled.bits == hear_risk(snapshot, ask(snapshot, without), DEFAULT_POLICY).bits).all()


def test_a_ring_of_risky_members_says_so_and_has_more_net_bits_but_no_higher_tier(snapshot: Snapshot) -> None:
    market = make_market(snapshot)
    before, after = (
        next(ring for ring in build_rings(search_market(each, DetectSettings())) if ring.members[0].account_id in RING)
        for each in (market, tell(market, 8.0, RING[:4]))
    )
    shown = next(each for each in after.evidence if each.channel == KNOWN_RISK)
    assert shown.sentence.startswith(f"known risk: 4 of {len(after.members)} members are as risky as known frauds")
    assert after.net_bits == pytest.approx(before.net_bits + 32.0)
    assert (after.score > before.score, after.tier) == (True, before.tier)


@pytest.mark.parametrize("n", [8, 12])
def test_risk_alone_brings_nobody_above_watching(n: int) -> None:
    facts, members = make_background(n=1000), pick(200, n)
    facts.share(members, "device", "of all")
    rings = build_rings(search_market(tell(make_market(make_snapshot(facts)), 8.0, members), DetectSettings()))
    found = [ring for ring in rings if {each.account_id for each in ring.members} & {*members}]
    assert found
    assert {ring.tier for ring in found} == {"watch"}


def test_honest_members_never_lower_what_a_group_shows_by_other_ways(snapshot: Snapshot) -> None:
    market = make_market(snapshot)
    group = gather_groups([np.sort(np.flatnonzero(np.isin(snapshot.account_id, RING)))])
    plain, told = (judge_groups(group, each).net_bits for each in (market, tell(market, -2.0, RING)))
    assert told == pytest.approx(plain)


def test_account_scores_do_not_hear_it_twice(snapshot: Snapshot) -> None:
    market = make_market(snapshot)
    assert (score_market((), tell(market, 8.0, BAD)).account_score == score_market((), market).account_score).all()


def test_without_a_model_or_unasked_nothing_is_heard_and_a_record_does_not_speak_of_it(snapshot: Snapshot) -> None:
    for settings in (DetectSettings(hear_risk=True), DetectSettings(model="no such file")):
        names = {signal.name for signal in make_heard_market(snapshot, settings).conduct}
        assert KNOWN_RISK not in names
    recorded = record_settings(make_market(snapshot), DetectSettings())
    assert {"hear_risk", *recorded["policy"]}.isdisjoint({"most_risk_bits", "least_risk_bits"})
    assert "hear_risk" not in recorded
    asked = record_settings(make_market(snapshot), DetectSettings(hear_risk=True, model="named"))
    assert (asked["hear_risk"], asked["policy"]["most_risk_bits"]) == (True, DEFAULT_POLICY.most_risk_bits)
