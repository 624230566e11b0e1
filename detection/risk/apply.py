"""What a learned model adds to a run: calibrated probabilities, accounts to review, reasons, and whether it fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from detection.policy import Policy
from detection.risk.drift import measure_drift, note_drift
from detection.risk.file import KeptModel
from detection.risk.model import RiskModel
from detection.risk.opinion import Opinion
from detection.risk.reasons import explain_risk
from detection.scores import Scores
from detection.tiers import ACTIONS, raise_tiers
from graph.model import Floats, Snapshot
from graph.results import Flag
from graph.vocabulary import TIERS, Tier


@dataclass(frozen=True)
class WeighedScores:
    """The run's scores, each account's learned ``probability`` of fraud (N,) or None without a model, and what to note.

    The scores stay what the evidence says; tiers and flags have heard the probability too.  ``drift`` (D + 1,) is of
    the model's own inputs and, last, of its scores.
    """

    scores: Scores
    probability: Floats | None = None
    notes: tuple[str, ...] = ()
    drift: Floats | None = None


def weigh_risk(scores: Scores, snapshot: Snapshot, kept: KeptModel, opinion: Opinion, policy: Policy) -> WeighedScores:
    """Set learned risk beside a run's account scores.

    The probability is calibrated; the score of evidence counts in it as log-odds, with the weight that the labels gave
    it.  Tiers that rings gave stay.  Whoever has none that asks for a review gets one from ``review_probability`` on,
    and never more than that: an automatic flag takes a ring.

    Parameters
    ----------
    scores
        Without any learning.
    snapshot
        The market.
    kept, opinion
        The model, and what it says of the market.
    policy
        For the probability from which a person should look.
    """
    model, features, before = kept.model, opinion.features, scores.account_score
    risk = opinion.add_rings(before)
    tier = raise_tiers(scores.account_tier, risk, policy)
    raised = np.flatnonzero(tier > scores.account_tier)
    reasons = explain_risk(model, features, before, raised)
    raised_tiers = {int(row): TIERS[tier[row]] for row in raised}
    flags = _mend_flags(scores, snapshot, _Learned(model, risk, reasons, raised_tiers))
    drift = measure_drift(kept.spread, features, risk)
    notes = (*note_drift(kept.spread, drift), *_note_later_labels(kept, snapshot))
    return WeighedScores(replace(scores, account_tier=tier, flags=flags), risk, notes, drift)


@dataclass(frozen=True)
class _Learned:
    """What it says: the ``risk`` (N,), and the ``reasons`` and ``tiers`` by row of those whose tier it raised."""

    model: RiskModel
    risk: Floats
    reasons: Mapping[int, tuple[str, ...]]
    tiers: Mapping[int, Tier]


def _mend_flags(scores: Scores, snapshot: Snapshot, learned: _Learned) -> tuple[Flag, ...]:
    """Flags with probabilities; those raised by risk come after the ring members', the most probable first."""
    row = {account_id: place for place, account_id in enumerate(snapshot.account_id.tolist())}
    kept: list[Flag] = []
    watched: dict[int, Flag] = {}
    for flag in scores.flags:
        if flag.subject != "account":
            kept.append(flag)
        elif row[flag.subject_id] in learned.reasons:
            watched[row[flag.subject_id]] = flag
        else:
            chance = float(learned.risk[row[flag.subject_id]])
            kept.append(replace(flag, probability=chance, reasons=(*flag.reasons, _say_risk(chance, learned.model))))
    raised = sorted(learned.reasons, key=lambda place: (-learned.risk[place], str(snapshot.account_id[place])))
    return (*kept, *(_raise_flag(place, watched.get(place), scores, snapshot, learned) for place in raised))


def _raise_flag(place: int, before: Flag | None, scores: Scores, snapshot: Snapshot, learned: _Learned) -> Flag:
    """The flag of an account whose tier its probability raised; what it was watched for is said after the risk."""
    chance, tier = float(learned.risk[place]), learned.tiers[place]
    name, score = str(snapshot.account_id[place]), float(scores.account_score[place])
    flag = before or Flag("account", name, score, tier, (), "")
    why = (_say_risk(chance, learned.model), *learned.reasons[place], *flag.reasons)
    return replace(flag, probability=chance, tier=tier, reasons=why, action=ACTIONS[tier])


def _say_risk(chance: float, model: RiskModel) -> str:
    return f"learned risk {chance:.2f}, where accounts in general have {model.base_rate:.2g}"


def _note_later_labels(kept: KeptModel, snapshot: Snapshot) -> tuple[str, ...]:
    until = kept.learnt.get("labels_until")
    if snapshot.as_of is None or until is None or np.datetime64(until, "us") <= snapshot.as_of:
        return ()
    return (f"the model knows decisions up to {until}, later than {snapshot.as_of}: as a look at the past it flatters",)
