"""What a learned model adds to a run: calibrated account scores, accounts to review, reasons, and whether it fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from detection.risk.drift import measure_drift, note_drift
from detection.risk.file import KeptModel
from detection.risk.model import RiskModel, score_accounts
from detection.risk.reasons import explain_risk
from detection.scores import Scores
from detection.tiers import ACTIONS
from embeddings.features.table import describe_accounts
from graph.model import Floats, Snapshot
from graph.results import Flag
from graph.vocabulary import TIERS

REVIEW = TIERS.index("review")


@dataclass(frozen=True)
class WeighedScores:
    """The run's scores with what was learnt in them, and what to note."""

    scores: Scores
    notes: tuple[str, ...] = ()


def weigh_risk(scores: Scores, snapshot: Snapshot, kept: KeptModel, *, review_score: float) -> WeighedScores:
    """Put learned risk into a run's account scores.

    An account's score becomes its calibrated risk, in which the unsupervised score counts as log-odds with the weight
    that the labels gave it.  Tiers that rings gave stay.  Whoever has none that asks for a review gets one from
    ``review_score`` on, and never more than that: an automatic flag takes a ring.

    Parameters
    ----------
    scores
        Without any learning.
    snapshot
        The market.
    kept
        The model.
    review_score
        The risk from which a person should look.
    """
    features = describe_accounts(snapshot)
    model, before = kept.model, scores.account_score
    risk = score_accounts(model, features, before)
    raised = np.flatnonzero((risk >= review_score) & (scores.account_tier < REVIEW))
    tier = scores.account_tier.copy()
    tier[raised] = REVIEW
    reasons = explain_risk(model, features, before, raised)
    flags = _mend_flags(scores.flags, snapshot, model, risk, reasons)
    drift = measure_drift(kept.spread, features, risk)
    notes = (*note_drift(kept.spread, drift), *_note_later_labels(kept, snapshot))
    return WeighedScores(replace(scores, account_score=risk, account_tier=tier, flags=flags), notes)


def _mend_flags(
    flags: tuple[Flag, ...], snapshot: Snapshot, model: RiskModel, risk: Floats, reasons: Mapping[int, tuple[str, ...]]
) -> tuple[Flag, ...]:
    """Flags with the new scores; those raised by risk come after the ring members', the riskiest first."""
    row = {account_id: place for place, account_id in enumerate(snapshot.account_id.tolist())}
    raised = {str(snapshot.account_id[place]): said for place, said in reasons.items()}
    kept: list[Flag] = []
    watched: dict[str, Flag] = {}
    for flag in flags:
        if flag.subject != "account":
            kept.append(flag)
        elif flag.subject_id in raised:
            watched[flag.subject_id] = flag
        else:
            chance = float(risk[row[flag.subject_id]])
            kept.append(replace(flag, score=chance, reasons=(*flag.reasons, _say_risk(chance, model))))
    learned = []
    for name, said in sorted(raised.items(), key=lambda item: (-risk[row[item[0]]], item[0])):
        chance = float(risk[row[name]])
        before = watched.get(name, Flag("account", name, chance, "review", (), ""))
        why = (_say_risk(chance, model), *said, *before.reasons)
        learned.append(replace(before, score=chance, tier="review", reasons=why, action=ACTIONS["review"]))
    return (*kept, *learned)


def _say_risk(chance: float, model: RiskModel) -> str:
    return f"learned risk {chance:.2f}, where accounts in general have {model.base_rate:.2g}"


def _note_later_labels(kept: KeptModel, snapshot: Snapshot) -> tuple[str, ...]:
    until = kept.learnt.get("labels_until")
    if snapshot.as_of is None or until is None or np.datetime64(until, "us") <= snapshot.as_of:
        return ()
    return (f"the model knows decisions up to {until}, later than {snapshot.as_of}: as a look at the past it flatters",)
