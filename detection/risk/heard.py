"""What rings hear of their members' learned risk: a signal beside conduct, learnt without a look at any ring.

Risk accuses nobody: it moves a ring up or down the list, and a group past the point from which it is listed, and never
gives it a tier above watching.  Labels are heard as a risk that is known.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from detection.channels.conduct import Conduct
from detection.decisions import choose_known
from detection.evidence.market import Market, make_market
from detection.policy import Policy
from detection.risk.file import read_model
from detection.risk.opinion import Described, Opinion
from detection.settings import DetectSettings
from graph.model import Snapshot

KNOWN_RISK = "known risk"
RISKY_BITS = 3.0
"""An account is counted as risky, in words, whose odds are eight times those of accounts in general."""


def make_heard_market(snapshot: Snapshot, settings: DetectSettings) -> Market:
    """The market in which rings hear the learned risk of their members, where ``settings`` have a model and ask for it.

    Parameters
    ----------
    snapshot
        The market.
    settings
        What to look for.

    Raises
    ------
    ConfigError
        The model's file cannot be read.
    """
    market = make_market(snapshot, settings)
    if not (settings.hear_risk and settings.model):
        return market
    return add_risk(market, Described(snapshot).ask(read_model(Path(settings.model)).model))


def add_risk(market: Market, opinion: Opinion) -> Market:
    """The market in which rings hear what a model says of their members."""
    signal = hear_risk(market.snapshot, opinion, market.policy)
    return replace(market, conduct=(*market.conduct, signal))


def hear_risk(snapshot: Snapshot, opinion: Opinion, policy: Policy) -> Conduct:
    """What a model, and the labels of the market, say of each account, in bits against accounts in general.

    Parameters
    ----------
    snapshot
        The market, with the labels that were given by its instant.
    opinion
        What the model says of it; the part that hears ring scores is left out: no ring vouches for itself.
    policy
        For how much risk may say.

    Returns
    -------
    Conduct
        ``bits`` (N,) within ``least_risk_bits`` and ``most_risk_bits``; ``times`` 1 for who is risky, of one occasion.
    """
    bits, known = opinion.bits.copy(), choose_known(snapshot)
    bits[known.row] = np.where(known.is_fraud, policy.most_risk_bits, policy.least_risk_bits)
    bits = np.clip(bits, policy.least_risk_bits, policy.most_risk_bits)
    return Conduct(
        KNOWN_RISK,
        (bits >= RISKY_BITS).astype(np.int64),
        np.ones(snapshot.n_accounts, dtype=np.int64),
        bits,
        np.zeros(snapshot.n_accounts),
        is_learned=True,
    )
