"""Evidence in bits: what a channel shows inside a group beyond what the same degrees give by chance.

The null keeps every account's and every thing's number of partners and rewires who meets whom.  For
a thing that n accounts share and k members use, the first member comes free and the other k - 1 are
set against E = D · (s - 1)/s · (n - 1)/M, with D the members' uses, s their number and M all uses
of the channel.  For dealings, the pairs inside are set against D² / 4M, with D the members'
partners and M all pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from detection.candidates import Groups
from detection.channels import Dealings, SharedThings
from detection.links import score_surprise
from graph.model import Floats, Ints


@dataclass(frozen=True)
class ChannelEvidence:
    """One channel over all groups: ``bits``, ``observed`` and ``expected`` (G,)."""

    channel: str
    bits: Floats
    observed: Floats
    expected: Floats


@dataclass(frozen=True)
class SharedWithin:
    """Things that two members or more of a group share, one row each, sorted by group and thing.

    ``group``, ``thing``, ``members`` (k), ``expected`` and ``bits`` (K,); ``membership`` and ``row``
    (X,) tell which membership of the groups has part in which of those rows.
    """

    group: Ints
    thing: Ints
    members: Ints
    expected: Floats
    bits: Floats
    membership: Ints
    row: Ints

    def find_sharers(self, row: int) -> Ints:
        """The memberships with part in one row, sorted."""
        low, high = np.searchsorted(self._by_row[0], [row, row + 1])
        return np.sort(self._by_row[1][low:high])

    @cached_property
    def _by_row(self) -> tuple[Ints, Ints]:
        order = np.argsort(self.row, kind="stable")
        return self.row[order], self.membership[order]


def find_shared_within(groups: Groups, channel: SharedThings, n_accounts: int) -> SharedWithin:
    """Every thing that two members or more of a group share, with its bits, O(uses of the members)."""
    uses = groups.find_facts(channel.account, n_accounts)
    membership, group = uses.membership, groups.group[uses.membership]
    used = np.bincount(group, minlength=len(groups))
    code = group * channel.n_things + channel.thing[uses.row]
    code, row, members = np.unique(code, return_inverse=True, return_counts=True)
    shared = members >= 2
    renumbered = np.cumsum(shared) - 1
    kept = shared[row]
    group, thing = np.divmod(code[shared], channel.n_things)
    members = members[shared]
    size = groups.size[group]
    expected: Floats = used[group] * (size - 1) / size * (channel.popularity[thing] - 1) / max(len(channel.account), 1)
    bits = score_surprise(members - 1.0, expected)
    return SharedWithin(group, thing, members, expected, bits, membership[kept], renumbered[row[kept]])


def sum_shared(name: str, within: SharedWithin, n_groups: int) -> ChannelEvidence:
    """Sum a channel of shared things over each group's things."""
    shows = within.bits > 0
    parts = within.bits, within.members - 1.0, within.expected
    sums = [np.bincount(within.group[shows], part[shows], minlength=n_groups).astype(float) for part in parts]
    return ChannelEvidence(name, *sums)


def measure_dealings(groups: Groups, channel: Dealings, n_accounts: int) -> ChannelEvidence:
    """Distinct pairs that deal with one another inside each group, whichever way, against chance.

    Half of the people who pay one another do so both ways, so that the way back is no second fact.
    """
    matrix = _dealing_matrix(channel, n_accounts)
    membership = _membership(groups, n_accounts).astype(float)
    observed = (membership @ matrix).multiply(membership).sum(axis=1) / 2
    partners = membership @ matrix.sum(axis=1)
    expected = partners**2 / max(2 * matrix.nnz, 1)
    return ChannelEvidence(channel.name, score_surprise(observed, expected), observed, expected)


def tie_members(
    groups: Groups, within: Mapping[str, SharedWithin], dealings: Mapping[str, Dealings], n_accounts: int
) -> Floats:
    """Bits that each member brings: the evidence of its group less what is left without it (M,)."""
    ties = np.zeros(len(groups.account))
    for shared in within.values():
        less: Floats = shared.bits - score_surprise(shared.members - 2.0, shared.expected)
        ties += np.bincount(shared.membership, weights=less[shared.row], minlength=len(ties))
    for dealing in dealings.values():
        ties += _tie_by_dealings(groups, dealing, n_accounts)
    return ties


def _tie_by_dealings(groups: Groups, channel: Dealings, n_accounts: int) -> Floats:
    matrix = _dealing_matrix(channel, n_accounts)
    membership = _membership(groups, n_accounts).astype(float)
    own = matrix[groups.account].multiply(membership[groups.group]).sum(axis=1)
    shown = measure_dealings(groups, channel, n_accounts)
    observed, expected = shown.observed[groups.group], shown.expected[groups.group]
    ties: Floats = score_surprise(observed, expected) - score_surprise(observed - own, expected)
    return ties


def charge_search(size: Ints, n_accounts: int) -> Floats:
    """Bits to name one group of each size among all that could have been found: log2 C(N, s)."""
    chosen = np.arange(int(np.max(size, initial=0)))
    charges: Floats = np.concatenate([[0.0], np.cumsum(np.log2((n_accounts - chosen) / (chosen + 1.0)))])
    return charges[size]


def _dealing_matrix(channel: Dealings, n_accounts: int) -> sparse.csr_array:
    """Symmetric; 1 where two accounts have dealt with one another, however often."""
    low, high = channel.pairs.low, channel.pairs.high
    ends = np.concatenate([low, high]), np.concatenate([high, low])
    return sparse.csr_array((np.ones(len(ends[0])), ends), shape=(n_accounts, n_accounts))


def _membership(groups: Groups, n_accounts: int) -> sparse.csr_array:
    ones = np.ones(len(groups.account), dtype=np.int64)
    return sparse.csr_array((ones, groups.account, groups.start), shape=(len(groups), n_accounts))
