"""How many of some reviews were planted, with an interval, from the chance of each.

Were they independent, the count would follow a Poisson-binomial law.  They are not: a target may be better or worse
than its reviews by themselves say, which moves all of them alike, and a campaign was planted as a whole or not at all.
So the law is a mixture: over what is not known of the target, and over each campaign, for which no library has a law.
Its characteristic function is the mean of products, and a Fourier transform makes the law of it (Hong, On computing the
distribution function for the Poisson binomial distribution, Computational Statistics & Data Analysis 59, 2013).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri

from graph.model import Floats, Ints

Complex = NDArray[np.complex128]

N_SHIFTS = 65
"""What is not known of a target is taken at so many equally likely values."""
_GRAIN = 4.0
"""Chances are told apart to a quarter of a log-odds, far less than what is not known of a target."""
_LEAST = 1e-6


@dataclass(frozen=True)
class Campaign:
    """Reviews that were planted together, with ``chance``; ``others`` (m,) are the chances of each if they were not."""

    chance: float
    others: Floats


@dataclass(frozen=True)
class PlantedCount:
    """How many: as likely fewer as more than ``median``; from ``low`` to ``high`` with the probability asked for."""

    median: int
    low: int
    high: int


def count_planted(
    chance: Floats, campaigns: Sequence[Campaign] = (), *, spread: float, covered: float = 0.9
) -> PlantedCount:
    """Count the planted ones among some reviews.

    Parameters
    ----------
    chance
        (n,), each in [0, 1), of reviews in no campaign.
    campaigns
        Of the others.
    spread
        Standard deviation of what moves all their log-odds alike.
    covered
        The probability that the interval has, half of the rest on either side.

    Notes
    -----
    O(n log n + counts that are likely · distinct chances · ``N_SHIFTS``).

    Examples
    --------
    Twenty reviews of even chances and no doubt about them follow a binomial law; a campaign of ten that is nearly sure
    is ten more.

    >>> count_planted(np.full(20, 0.5), spread=0.0)
    PlantedCount(median=10, low=6, high=14)
    >>> count_planted(np.full(20, 0.5), [Campaign(0.999, np.zeros(10))], spread=0.0).low
    16
    """
    upto = np.cumsum(_find_law(chance, campaigns, spread * ndtri((np.arange(N_SHIFTS) + 0.5) / N_SHIFTS)))
    asked = np.array([0.5, (1.0 - covered) / 2.0, (1.0 + covered) / 2.0])
    median, low, high = np.searchsorted(upto, upto[-1] * asked - 1e-9).tolist()
    return PlantedCount(median, low, high)


def _find_law(chance: Floats, campaigns: Sequence[Campaign], shift: Floats) -> Floats:
    """The probability of each count from 0 on, when each of some shifts is as likely."""
    parts = [chance, *(campaign.others for campaign in campaigns)]
    shifted = [_Shifted.of(part, shift) for part in parts]
    most = _bound_count([part.mean for part in shifted], [len(part) for part in parts])
    waves = np.exp(-2j * np.pi * np.arange((most + 1) // 2 + 1) / (most + 1))
    law = shifted[0].transform(waves)
    for campaign, part in zip(campaigns, shifted[1:], strict=True):
        whole = waves ** len(campaign.others)
        law = law * (campaign.chance * whole + (1.0 - campaign.chance) * part.transform(waves))
    probability: Floats = np.maximum(np.fft.irfft(law.mean(axis=0), most + 1), 0.0)
    return probability


@dataclass(frozen=True)
class _Shifted:
    """Distinct chances at each shift (N_SHIFTS, b), and how many reviews have each (b,)."""

    chance: Floats
    times: Ints

    @classmethod
    def of(cls, chance: Floats, shift: Floats) -> _Shifted:
        odds = logit(np.clip(chance, _LEAST, 1.0 - _LEAST))
        _, place, times = np.unique(np.round(odds * _GRAIN), return_inverse=True, return_counts=True)
        mean = np.bincount(place, weights=odds, minlength=len(times)) / np.maximum(times, 1)
        return cls(expit(mean + shift[:, None]), times)

    @property
    def mean(self) -> Floats:
        """How many are expected at each shift (N_SHIFTS,)."""
        expected: Floats = self.chance @ self.times
        return expected

    def transform(self, waves: Complex) -> Complex:
        """The characteristic function of the count at each shift (N_SHIFTS, waves)."""
        product = np.ones((len(self.chance), len(waves)), dtype=np.complex128)
        for chance, times in zip(self.chance.T[:, :, None], self.times.tolist(), strict=True):
            product *= (1.0 - chance + chance * waves) ** times
        return product


def _bound_count(means: Sequence[Floats], sizes: Sequence[int]) -> int:
    """A count that is as good as never exceeded: campaigns whole, and of the others eight deviations above the mean."""
    most = float(means[0].max(initial=0.0))
    return min(sizes[0], int(most + 8.0 * np.sqrt(most) + 16.0)) + sum(sizes[1:])
