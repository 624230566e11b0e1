"""What rings hear of their members' learned risk: a signal beside conduct, learnt without a look at any ring.

Risk accuses nobody: it moves a ring up or down the list, and a group past the point from which it is listed, and never
gives it a tier above watching.  Labels are heard as a risk that is known.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.special import expit, logit

from detection.channels.conduct import Conduct
from detection.decisions import choose_known
from detection.evidence.market import Market, make_market
from detection.policy import Policy
from detection.risk.file import KeptModel, read_model
from detection.risk.model import RiskModel, score_accounts
from detection.settings import DetectSettings
from embeddings.features.table import describe_accounts
from graph.model import Floats, Snapshot

KNOWN_RISK = "known risk"
RISKY_BITS = 3.0
"""An account is counted as risky, in words, whose odds are eight times those of accounts in general."""
LEAST_CHANCE = 1e-12
SHIFTS = (-60.0, 60.0)
"""Log-odds lie within these, whatever is added."""


def make_heard_market(snapshot: Snapshot, settings: DetectSettings, kept: KeptModel | None = None) -> Market:
    """The market in which rings hear the learned risk of their members, where ``settings`` have a model and ask for it.

    Parameters
    ----------
    snapshot
        The market.
    settings
        What to look for.
    kept
        The model of the settings, if it has been read already.

    Raises
    ------
    DataError
        The model's file cannot be read.
    """
    market = make_market(snapshot, settings)
    if not (settings.hear_risk and settings.model):
        return market
    kept = kept or read_model(Path(settings.model))
    signal = hear_risk(snapshot, kept.model, settings.policy)
    return replace(market, conduct=(*market.conduct, signal))


def hear_risk(snapshot: Snapshot, model: RiskModel, policy: Policy) -> Conduct:
    """What a model, and the labels of the market, say of each account, in bits against accounts in general.

    Parameters
    ----------
    snapshot
        The market, with the labels that were given by its instant.
    model
        The part of it that hears ring scores is left out: no ring vouches for itself.
    policy
        For how much risk may say.

    Returns
    -------
    Conduct
        ``bits`` (N,) within ``least_risk_bits`` and ``most_risk_bits``; ``times`` 1 for who is risky, of one occasion.
    """
    nobody = np.zeros(snapshot.n_accounts)
    chance = score_accounts(_without_rings(model), describe_accounts(snapshot), nobody)
    bits = _weigh(logit(np.clip(chance, LEAST_CHANCE, 1.0 - LEAST_CHANCE)), model.base_rate)
    known = choose_known(snapshot)
    bits[known.row] = np.where(known.is_fraud, policy.most_risk_bits, policy.least_risk_bits)
    bits = np.clip(bits, policy.least_risk_bits, policy.most_risk_bits)
    return Conduct(
        KNOWN_RISK,
        (bits >= RISKY_BITS).astype(np.int64),
        np.ones(snapshot.n_accounts, dtype=np.int64),
        bits,
        nobody,
        is_learned=True,
    )


def _without_rings(model: RiskModel) -> RiskModel:
    is_heard = np.array([part != "rings" for part in model.blend.parts])
    return replace(model, blend=replace(model.blend, weight=model.blend.weight * is_heard))


def _weigh(log_odds: Floats, base_rate: float) -> Floats:
    """Bits against accounts in general (N,); the chances of some log-odds, shifted, average to the base rate."""
    # Only who has a model waits for it.
    from scipy.optimize import brentq

    def exceed(shift: float) -> float:
        return float(expit(log_odds + shift).mean()) - base_rate

    bits: Floats = (log_odds + brentq(exceed, *SHIFTS) - logit(base_rate)) / np.log(2.0)
    return bits
