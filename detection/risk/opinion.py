"""What a model says of all accounts of a market: described and scored once, for all who ask in a run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit, logit

from detection.risk.model import RiskModel, add_rings, score_conduct
from embeddings.features.table import FeatureTable, describe_accounts
from graph.model import Floats, Snapshot

LEAST_CHANCE = 1e-12
SHIFTS = (-60.0, 60.0)
"""Log-odds lie within these, whatever is added."""


@dataclass(frozen=True)
class Opinion:
    """What a model says of N accounts by what they do: their ``log_odds`` (N,), before rings count.

    ``features`` describe the accounts, for reasons and for drift.
    """

    model: RiskModel
    features: FeatureTable
    log_odds: Floats

    def add_rings(self, ring_score: Floats) -> Floats:
        """The chance of each account (N,) to be found a fraud, with what its unsupervised score (N,) adds."""
        return add_rings(self.model, self.log_odds, ring_score)

    @cached_property
    def bits(self) -> Floats:
        """Bits against accounts in general (N,), by what accounts do alone; the chances average to the base rate.

        No label, ring or decision is in them: an account may be measured by its own label.
        """
        # Only who has a model waits for it.
        from scipy.optimize import brentq

        model = self.model
        odds = np.clip(self.log_odds + model.shift, logit(LEAST_CHANCE), -logit(LEAST_CHANCE))

        def exceed(shift: float) -> float:
            return float(expit(odds + shift).mean()) - model.base_rate

        bits: Floats = (odds + brentq(exceed, *SHIFTS) - logit(model.base_rate)) / np.log(2.0)
        return bits

    @property
    def chance_alone(self) -> Floats:
        """The chance of each account (N,) by what it does alone."""
        chance: Floats = expit(self.bits * np.log(2.0) + logit(self.model.base_rate))
        return chance


def form_opinion(model: RiskModel, features: FeatureTable) -> Opinion:
    """What a model says of the accounts of a market.

    Parameters
    ----------
    model
        The model.
    features
        The table of all accounts.
    """
    return Opinion(model, features, score_conduct(model, features))


class Described:
    """A market that is described when somebody first asks, and once.

    Parameters
    ----------
    snapshot
        The market.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._opinions: dict[int, Opinion] = {}

    @cached_property
    def features(self) -> FeatureTable:
        """The table of all accounts."""
        return describe_accounts(self.snapshot)

    def ask(self, model: RiskModel) -> Opinion:
        """What a model says of the market."""
        if id(model) not in self._opinions:
            self._opinions[id(model)] = form_opinion(model, self.features)
        return self._opinions[id(model)]
