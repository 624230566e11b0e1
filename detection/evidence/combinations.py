"""The best combination of innocent explanations: who explains which fact, each fact once, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.evidence.claims import Explanation, sum_claims
from detection.evidence.description_length import DescriptionLength
from detection.evidence.explanations import HOUSEHOLD
from detection.evidence.measure import ChannelEvidence, SharedWithin
from detection.policy import Policy
from graph.model import Floats, Ints


@dataclass(frozen=True)
class BestExplanation:
    """``net_bits`` (G,) that stand against the best innocent combination, and ``won`` (G,) by explanation:
    where it belongs to that combination and the combination explains more than naming its groups costs.
    ``lead_bits`` (G,): by how much it does, below 0 where none does, and minus infinity where none fits.
    ``left`` (G,) by channel: what the combination leaves of each channel's bits.
    """

    net_bits: Floats
    lead_bits: Floats
    won: Mapping[str, NDArray[np.bool_]]
    left: Mapping[str, Floats]


@dataclass(frozen=True)
class _ChannelShares:
    """What any set of explanations accounts for in one channel: bits (G,) by the set's bit mask of explanations."""

    claimants: int
    bits: Mapping[int, Floats]

    def find(self, combination: int, rows: Ints) -> Floats | float:
        """The bits of the channel that a combination accounts for in some groups (R,)."""
        claimed = self.bits.get(combination & self.claimants)
        return 0.0 if claimed is None else claimed[rows]


def weigh_explanations(
    evidence: Mapping[str, ChannelEvidence],
    within: Mapping[str, SharedWithin],
    length: DescriptionLength,
    explanations: list[Explanation],
    policy: Policy,
) -> BestExplanation:
    """Set the evidence against chance, and against the best combination of innocent explanations.

    A ring pays to name its members.  An innocent combination pays to name whom each of its explanations brings
    together, and is more common: here by ``least_prior_bits``, as where all members acted together, and by up to
    ``acting_bits`` more once it is known who did (:attr:`detection.rings.view.RingView.net_bits`).  What it accounts
    for beyond that is taken from the
    ring.  A fact that several of them account for is accounted for once.  Families are there in any case: a
    combination with households names households instead of people, one at the least, and saves the ring the
    difference.  O(2^explanations · groups).
    """
    n_groups, zero = len(length.size), np.zeros(len(length.size))
    shares = _share_out(evidence, within, explanations, n_groups)
    lead, chosen = np.full(n_groups, -np.inf), np.zeros(n_groups, dtype=np.int64)
    for combination, parts in _list_combinations(explanations):
        # A combination fits few groups, and the more parts it has the fewer.
        rows = np.flatnonzero(np.all([part.bits > 0 for part in parts], axis=0))
        if not len(rows):
            continue
        explained = np.zeros(len(rows))
        for each in shares.values():
            explained += each.find(combination, rows)
        names = _name([part.take(rows) for part in parts], length.take(rows))
        gain = explained + policy.least_prior_bits - policy.further_bits * (len(parts) - 1) - names
        better = gain > lead[rows]
        lead[rows[better]], chosen[rows[better]] = gain[better], combination
    # What explains no more than naming its groups costs is not believed.
    chosen[lead <= 0] = 0
    won = {explanation.name: (chosen >> place & 1).astype(bool) for place, explanation in enumerate(explanations)}
    total: Floats = sum((shown.bits for shown in evidence.values()), zero)
    left = _find_left(evidence, shares, chosen)
    for explanation in explanations:
        _give_back(explanation, won[explanation.name], evidence, within, left)
    return BestExplanation(total - length.charge - np.maximum(lead, 0.0), lead, won, left)


def _list_combinations(explanations: Sequence[Explanation]) -> Iterator[tuple[int, list[Explanation]]]:
    for combination in range(1, 1 << len(explanations)):
        yield combination, [each for place, each in enumerate(explanations) if combination >> place & 1]


def _name(parts: Sequence[Explanation], length: DescriptionLength) -> Floats:
    """Bits to name whom the parts of a combination bring together (G,)."""
    again: Floats | float = sum(part.again_bits for part in parts)
    household = next((part for part in parts if part.name == HOUSEHOLD), None)
    others = [part for part in parts if part.name != HOUSEHOLD]
    # Who has part in two explanations is somebody in particular; of one crowd it may be anybody.
    choice = others[0].choice_bits if len(others) == 1 else 0.0
    least = np.log2(length.total)
    if household is None:
        named_bits = length.bits_for(np.minimum(sum(part.people for part in others), length.size))
        return np.maximum(named_bits - choice, np.minimum(named_bits, least)) + again
    # Households are there anyway and need not be named, but one: what else is told of them names households.
    named = np.minimum(sum((part.households for part in others), np.zeros_like(length.size)), household.households)
    named_bits = np.maximum(length.bits_for(named) - choice, least)
    return length.bits_for(length.size) - length.bits_for(household.households) + named_bits + again


def _share_out(
    evidence: Mapping[str, ChannelEvidence],
    within: Mapping[str, SharedWithin],
    explanations: Sequence[Explanation],
    n_groups: int,
) -> dict[str, _ChannelShares]:
    """What every set of claimants accounts for, channel by channel; of one fact the greatest claim counts."""
    found = {}
    for name, shown in evidence.items():
        claims = {place: each.claimed[name] for place, each in enumerate(explanations) if name in each.claimed}
        group = within[name].group if name in within else None
        bits: dict[int, Floats] = {}
        for places in _list_subsets(sorted(claims)):
            several = [claims[place] for place in places]
            bits[sum(1 << place for place in places)] = _claim_together(several, group, shown, n_groups)
        found[name] = _ChannelShares(sum(1 << place for place in claims), bits)
    return found


def _claim_together(
    claims: Sequence[Floats], group: Ints | None, shown: ChannelEvidence | None, n_groups: int
) -> Floats:
    # Of a thing the greatest claim counts; of trades each claims other pairs.
    greatest = np.sum(claims, axis=0) if group is None else np.max(claims, axis=0)
    return sum_claims(greatest, group, shown, n_groups)


def account_together(
    evidence: Mapping[str, ChannelEvidence],
    within: Mapping[str, SharedWithin],
    explanations: Sequence[Explanation],
    n_groups: int,
) -> Floats:
    """What some explanations account for together (G,), each fact once, whatever naming their people takes."""
    total = np.zeros(n_groups)
    for name, shown in evidence.items():
        claims = [each.claimed[name] for each in explanations if name in each.claimed]
        if claims:
            total += _claim_together(claims, within[name].group if name in within else None, shown, n_groups)
    return total


def _list_subsets(places: Sequence[int]) -> Iterator[list[int]]:
    for mask in range(1, 1 << len(places)):
        yield [place for at, place in enumerate(places) if mask >> at & 1]


def _find_left(
    evidence: Mapping[str, ChannelEvidence], shares: Mapping[str, _ChannelShares], chosen: Ints
) -> dict[str, Floats]:
    """What the chosen combinations leave of each channel's bits (G,)."""
    left = {name: shown.bits.copy() for name, shown in evidence.items()}
    for name, each in shares.items():
        for combination in np.unique(chosen).tolist():
            rows = np.flatnonzero(chosen == combination)
            left[name][rows] -= each.find(combination, rows)
    return left


def _give_back(
    explanation: Explanation,
    won: NDArray[np.bool_],
    evidence: Mapping[str, ChannelEvidence],
    within: Mapping[str, SharedWithin],
    left: Mapping[str, Floats],
) -> None:
    """What it takes to name people twice is not explained: give it back to the channels, as much as each is claimed."""
    # What accounts for nothing has won nowhere.
    share = np.divide(explanation.again_bits, explanation.bits, out=np.zeros(len(won)), where=won)
    for name, claimed in explanation.claimed.items():
        group = within[name].group if name in within else None
        left[name][:] += np.minimum(share, 1.0) * sum_claims(claimed, group, evidence.get(name), len(won))
