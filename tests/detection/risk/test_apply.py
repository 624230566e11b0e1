"""What a model adds to a run, and what it never does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from detection_market import FIRST_DAY, make_snapshot, pick
from risk_market import BAD, SETTINGS, make_facts, rows_of

from detection.policy import DEFAULT_POLICY
from detection.risk.apply import WeighedScores, weigh_risk
from detection.risk.file import KeptModel
from detection.risk.opinion import form_opinion
from detection.run import find_run
from detection.scores import Scores
from detection.settings import DetectSettings
from embeddings.features.table import describe_accounts
from graph.model import Snapshot
from graph.results import Flag
from graph.vocabulary import TIERS


def make_scores(snapshot: Snapshot, tier: dict[int, str]) -> Scores:
    n = snapshot.n_accounts
    tiers = np.zeros(n, dtype=np.int64)
    flags = []
    for row, name in tier.items():
        tiers[row] = TIERS.index(name)
        flags.append(Flag("account", snapshot.account_id[row], 0.9, name, ("as before",), "act", ("R1",)))
    return Scores(np.full(n, 0.1), tiers, np.zeros(0), np.zeros(0, dtype=np.int64), tuple(flags))


def weigh(scores: Scores, snapshot: Snapshot, kept: KeptModel) -> WeighedScores:
    opinion = form_opinion(kept.model, describe_accounts(snapshot))
    return weigh_risk(scores, snapshot, kept, opinion, DEFAULT_POLICY)


def test_a_lone_account_may_come_up_for_review_and_never_for_more(market: Snapshot, kept: KeptModel) -> None:
    learned = weigh(make_scores(market, {}), market, kept)
    probability, weighed = learned.probability, learned.scores
    raised = np.flatnonzero(weighed.account_tier)
    assert len(raised) > 10
    assert set(weighed.account_tier[raised].tolist()) == {TIERS.index("review")}
    assert np.isin(market.account_id[raised], BAD).mean() > 0.9
    assert {flag.subject_id for flag in weighed.flags} == set(market.account_id[raised].tolist())
    assert all(flag.reasons[0].startswith("learned risk ") for flag in weighed.flags)
    assert probability is not None
    assert (probability[raised] >= 0.5).all()
    assert (probability[weighed.account_tier == 0] < 0.5).all()
    assert (weighed.account_score == 0.1).all()  # the evidence is what it was
    assert {flag.probability for flag in weighed.flags} == set(probability[raised].tolist())


def test_rings_keep_their_say(market: Snapshot, kept: KeptModel) -> None:
    member, watched = int(rows_of(market, pick(3, 1))[0]), int(rows_of(market, [BAD[0]])[0])
    before = make_scores(market, {member: "automatic", watched: "watch"})
    weighed = weigh(before, market, kept).scores
    assert TIERS[weighed.account_tier[member]] == "automatic"
    assert TIERS[weighed.account_tier[watched]] == "review"
    flag = {each.subject_id: each for each in weighed.flags}
    assert flag[market.account_id[member]].reasons[0] == "as before"
    assert flag[market.account_id[watched]].reasons[-1] == "as before"
    assert flag[market.account_id[watched]].ring_ids == ("R1",)


def test_a_run_without_a_model_is_what_it_was(market: Snapshot) -> None:
    run_ = find_run(market, SETTINGS)
    assert not any("learned risk" in reason for flag in run_.flags for reason in flag.reasons)
    assert "model_sha256" not in run_.settings
    assert run_.account_probability is None


def test_a_run_names_its_model(market: Snapshot, model_path: Path, kept: KeptModel) -> None:
    found = find_run(market, DetectSettings(model=str(model_path)))
    assert found.settings["model_sha256"] == kept.sha256
    assert any("the model's scores have not moved" in note for note in found.notes)


def test_accounts_that_came_later_are_scored_without_training(model_path: Path) -> None:
    facts = make_facts()
    facts.accounts["zz-new"] = 260.0
    facts.orders += [("zz-new", f"a{k:04d}", 261 + 0.01 * k, "refunded") for k in range(6)]
    facts.uses.append(("zz-new", "device", "shared-1", 261))
    snapshot = make_snapshot(facts)
    found = find_run(snapshot, DetectSettings(model=str(model_path)))
    probability = found.account_probability
    assert probability is not None
    rank = (probability > probability[rows_of(snapshot, ["zz-new"])[0]]).mean()
    assert rank < 0.1


def test_a_look_at_the_past_with_a_later_model_says_that_it_flatters(market: Snapshot, kept: KeptModel) -> None:
    past = replace(market, as_of=FIRST_DAY + np.timedelta64(100, "D"))
    notes = weigh(make_scores(market, {}), past, kept).notes
    assert any("later than 2024-04-10" in note for note in notes)
    now = weigh(make_scores(market, {}), market, kept).notes
    assert not any("flatters" in note for note in now)
