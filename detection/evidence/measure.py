"""Evidence in bits: what a channel shows inside a group beyond what the same degrees give by chance.

The null keeps every account's and every thing's number of partners and rewires who meets whom.  For
a thing that n accounts share and k members use, the first member comes free and the other k - 1 are
set against E = D · (s - 1)/s · (n - 1)/M, with D the members' uses, s their number and M all uses
of the channel; as a share of the n - 1 others, whose law is binomial.  For dealings, the pairs inside
are set against D² / 4M, with D the members' partners and M all pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from detection.channels.conduct import Conduct
from detection.channels.incidence import Dealings, SharedThings
from detection.groups import Groups
from detection.likelihood import score_share, score_surprise
from detection.parallel import map_threads
from graph.model import Floats, Ints

MANY_ROWS = 20_000
"""In a market of so many accounts, compiled loops find who of large groups has part in what; before they are there,
a smaller one is done without them."""
FEW_MEMBERSHIPS = 1_000
"""Of fewer, numpy finds it as quickly."""


def _is_large(n_rows: int, groups: Groups) -> bool:
    """Whether compiled loops look through groups of a market with so many accounts."""
    return n_rows >= MANY_ROWS and len(groups.account) >= FEW_MEMBERSHIPS


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

    ``group``, ``thing``, ``members`` (k), ``expected`` and ``bits`` (K,), ``trials`` (n - 1) the other
    accounts that share the thing; ``membership`` and ``row`` (X,) tell which membership of the groups has
    part in which of those rows.
    """

    group: Ints
    thing: Ints
    members: Ints
    expected: Floats
    bits: Floats
    trials: Ints
    membership: Ints
    row: Ints

    def score(self, beyond: NDArray[Any]) -> Floats:
        """Bits if so many members beyond the first (K,) had part in each thing."""
        return score_share(beyond, self.trials, self.expected / np.maximum(self.trials, 1))

    @cached_property
    def lost_bits(self) -> Floats:
        """What each thing shows less if one of those who share it were away (K,)."""
        # Without one of k members, k - 2 coincide with the first instead of k - 1.
        return self.bits - self.score(self.members - 2.0)

    def find_sharers(self, row: int) -> Ints:
        """The memberships with part in one row, sorted."""
        begin, membership = self._by_row
        return membership[begin[row] : begin[row + 1]]

    def list_sharers(self, rows: slice) -> tuple[Ints, Ints]:
        """Where the sharers of each of some rows begin (n + 1,), from 0, and the memberships, row by row."""
        begin, membership = self._by_row
        first, last = begin[rows.start], begin[rows.stop]
        return begin[rows.start : rows.stop + 1] - first, membership[first:last]

    def keep(self, kept: NDArray[np.bool_]) -> SharedWithin:
        """Only some of the rows (K,)."""
        renumbered, part = np.cumsum(kept) - 1, kept[self.row]
        return SharedWithin(
            self.group[kept],
            self.thing[kept],
            self.members[kept],
            self.expected[kept],
            self.bits[kept],
            self.trials[kept],
            self.membership[part],
            renumbered[self.row[part]],
        )

    @cached_property
    def _by_row(self) -> tuple[Ints, Ints]:
        """Where each row's sharers begin (K + 1,), and the memberships, row by row (X,)."""
        begin = np.concatenate([[0], np.cumsum(self.members)])
        if (self.row[1:] >= self.row[:-1]).all():
            return begin, self.membership
        return begin, self.membership[np.lexsort((self.membership, self.row))]


def find_shared_within(groups: Groups, channel: SharedThings) -> SharedWithin:
    """Every thing that two members or more of a group share, with its bits, O(uses of the members).

    Of a channel with several grains, each group's best one.
    """
    within = _find_sharers(groups, channel)
    group, thing, members, stratum = within.group, within.thing, within.members, channel.stratum[within.thing]
    # The first member of a thing comes free: it is the others who coincide with it, (s - 1)/s of the members' uses.
    size, trials = groups.size[group], channel.popularity[thing] - 1
    # The null keeps degrees: how many uses the members have at all decides how many of them chance lets coincide.
    own = _count_own(groups, channel, group, stratum)
    expected: Floats = own * (size - 1) / size * trials / channel.stratum_uses[stratum]
    expected = expected * channel.record.affinity
    bits = score_share(members - 1.0, trials, expected / np.maximum(trials, 1))
    seen_as = group * channel.n_grains + channel.grain[thing]
    # One campaign is seen in several windows.  To add these up would count it several times: the best one counts, and
    # sum_shared charges for having chosen it.
    best = channel.grain[thing] == _find_best_grain(seen_as, bits, len(groups), channel.n_grains)[group]
    columns = (group, thing, members, expected, bits, trials)
    return SharedWithin(*columns, within.membership, within.row).keep(best)


@dataclass(frozen=True)
class _Sharers:
    """Things that two members or more share, as in :class:`SharedWithin`."""

    group: Ints
    thing: Ints
    members: Ints
    membership: Ints
    row: Ints


def _find_sharers(groups: Groups, channel: SharedThings) -> _Sharers:
    """Who of each group has part in each thing, without sorting what nobody else of the group has part in."""
    if _is_large(channel.n_rows, groups):
        from detection.evidence.sharing_loops import find_sharers

        common = channel.common_uses
        group, thing, members, membership = find_sharers(
            channel.find_row(groups.account), groups.start, common.indptr, common.indices, common.shape[1]
        )
        row = np.repeat(np.arange(len(group)), members)
        return _Sharers(group, channel.common[thing], members, membership, row)
    rows = channel.common_uses[channel.find_row(groups.account)]
    # Column by column the memberships come sorted, and so do their groups: equal ones lie side by side.
    rows.data = np.repeat(groups.group.astype(np.int32), np.diff(rows.indptr))
    uses = rows.tocsc()
    is_first = np.ones(len(uses.data) + 1, dtype=bool)
    np.not_equal(uses.data[1:], uses.data[:-1], out=is_first[1:-1])
    is_first[uses.indptr] = True
    first = np.flatnonzero(is_first[:-1] & ~is_first[1:])
    members = np.flatnonzero(~is_first[:-1] & is_first[1:]) + 1 - first
    group = uses.data[first].astype(np.int64)
    thing = channel.common[np.searchsorted(uses.indptr, first, side="right") - 1]
    by_group = np.lexsort((thing, group))
    row = np.empty_like(by_group)
    row[by_group] = np.arange(len(by_group))
    place = np.arange(int(members.sum())) + np.repeat(first - (np.cumsum(members) - members), members)
    membership = uses.indices[place].astype(np.int64)
    return _Sharers(group[by_group], thing[by_group], members[by_group], membership, np.repeat(row, members))


def find_all_shared(groups: Groups, channels: Mapping[str, SharedThings]) -> dict[str, SharedWithin]:
    """What the groups' members share, by channel."""
    found = map_threads(
        lambda channel: find_shared_within(groups, channel), channels.values(), rows=len(groups.account)
    )
    return dict(zip(channels, found, strict=True))


def _count_own(groups: Groups, channel: SharedThings, group: Ints, stratum: Ints) -> Ints:
    """How many uses the members of some groups (K,), sorted, have in a stratum each, which they have uses in."""
    known, rows = channel.uses_by_stratum, channel.find_row(groups.account)
    if known.shape[1] == 1:
        # Of one stratum each account has one number, and each group has the sum of its members'.
        return _sum_members(groups, channel.n_uses[rows]).astype(np.int64)[group]
    if _is_large(channel.n_rows, groups):
        from detection.evidence.sharing_loops import count_in_strata

        table = known.indptr, known.indices, known.data
        return count_in_strata(rows, groups.start, table, known.shape[1], group, stratum)
    ends = rows, groups.start
    members = sparse.csr_array(
        (np.ones(len(groups.account), dtype=np.int64), *ends), shape=(len(groups), known.shape[0])
    )
    own = members @ known
    own.sort_indices()
    code = np.repeat(np.arange(len(groups)), np.diff(own.indptr)) * known.shape[1] + own.indices
    found: Ints = own.data[np.searchsorted(code, group * known.shape[1] + stratum)]
    return found


def keep_strongest_channel_per_seller(
    within: Mapping[str, SharedWithin], concerned: Mapping[str, Ints]
) -> dict[str, SharedWithin]:
    """Of what a group's members do with one seller, only the channel that shows most.

    Customers of one shop buy there, praise it, and now and then ask it for their money: one
    cause, which must not count three times.

    Parameters
    ----------
    within
        What members share, by channel.
    concerned
        For some of the channels the seller concerned by each thing (n_things,), -1 for none.
    """
    names = [name for name in concerned if name in within]
    groups = [within[name].group for name in names]
    sellers = [concerned[name][within[name].thing] for name in names]
    if not names:
        return dict(within)
    group, seller, bits = (np.concatenate(part) for part in (groups, sellers, [within[name].bits for name in names]))
    channel = np.repeat(np.arange(len(names)), [len(part) for part in groups])
    width = int(seller.max(initial=0)) + 2
    code, case = np.unique(group * width + seller + 1, return_inverse=True)
    shown = np.bincount(case * len(names) + channel, weights=bits, minlength=len(code) * len(names))
    # Ties go to the channel that comes first, whatever the order of groups.
    strongest = shown.reshape(-1, len(names)).argmax(axis=1)
    kept = np.split(strongest[case] == channel, np.cumsum([len(part) for part in groups])[:-1])
    return dict(within) | {name: within[name].keep(part) for name, part in zip(names, kept, strict=True)}


def _find_best_grain(seen_as: Ints, bits: Floats, n_groups: int, n_grains: int) -> Ints:
    """The grain in which each group shows most (G,)."""
    shown = np.bincount(seen_as, weights=bits, minlength=n_groups * n_grains).reshape(n_groups, n_grains)
    best: Ints = shown.argmax(axis=1)
    return best


def join_evidence(parts: Sequence[ChannelEvidence]) -> ChannelEvidence:
    """One channel over the groups of several parts in turn."""
    columns = [np.concatenate([getattr(each, name) for each in parts]) for name in ("bits", "observed", "expected")]
    return ChannelEvidence(parts[0].channel, *columns)


def join_shared(parts: Sequence[SharedWithin], groups: Ints, memberships: Ints) -> SharedWithin:
    """What the groups of several parts share; each part's groups and memberships come after so many of others."""
    rows = np.cumsum([0, *(len(each.group) for each in parts[:-1])])
    found = {name: np.concatenate([getattr(each, name) for each in parts]) for name in _OF_ROWS}
    return SharedWithin(
        group=np.concatenate([each.group + n for each, n in zip(parts, groups, strict=True)]),
        membership=np.concatenate([each.membership + n for each, n in zip(parts, memberships, strict=True)]),
        row=np.concatenate([each.row + n for each, n in zip(parts, rows, strict=True)]),
        **found,
    )


_OF_ROWS = ("thing", "members", "expected", "bits", "trials")


def sum_shared(channel: SharedThings, within: SharedWithin, n_groups: int) -> ChannelEvidence:
    """Sum a channel of shared things over each group's things, less what choosing the grain costs."""
    shows = within.bits > 0
    parts = within.bits, within.members - 1.0, within.expected
    bits, observed, expected = (
        np.bincount(within.group[shows], part[shows], minlength=n_groups).astype(float) for part in parts
    )
    return ChannelEvidence(channel.name, np.maximum(bits - np.log2(channel.n_grains), 0.0), observed, expected)


def measure_dealings(
    groups: Groups, channel: Dealings, n_accounts: int, *, counts: NDArray[np.bool_] | None = None
) -> ChannelEvidence:
    """Distinct pairs that deal with one another inside each group, whichever way, against chance.

    Half of the people who pay one another do so both ways, so that the way back is no second fact.
    With ``counts`` (M,) only the pairs among those members; what they deal with the other members is left out.
    """
    return score_dealings(channel.name, _count_dealings(groups, channel, n_accounts, counts))


@dataclass(frozen=True)
class Dealt:
    """With how many members each membership deals (M,); how many pairs do, and how many would by chance (G,)."""

    own: Floats
    observed: Floats
    expected: Floats


def score_dealings(name: str, dealt: Dealt) -> ChannelEvidence:
    """What the pairs that deal show in a channel of this name."""
    return ChannelEvidence(name, score_surprise(dealt.observed, dealt.expected), dealt.observed, dealt.expected)


def count_all_dealings(
    groups: Groups, dealings: Mapping[str, Dealings], n_accounts: int, *, counts: Mapping[str, NDArray[np.bool_]]
) -> dict[str, Dealt]:
    """Which pairs deal inside each group, by channel; ``counts`` as for :func:`measure_dealings`, by channel."""
    return {name: _count_dealings(groups, each, n_accounts, counts.get(name)) for name, each in dealings.items()}


def _count_dealings(groups: Groups, channel: Dealings, n_accounts: int, counts: NDArray[np.bool_] | None) -> Dealt:
    matrix = channel.join_partners(n_accounts)
    if _is_large(n_accounts, groups):
        from detection.evidence.sharing_loops import count_partners

        heard = np.ones(len(groups.account), dtype=bool) if counts is None else counts
        own, met, apart = count_partners(groups.account, groups.start, matrix.indptr, matrix.indices, heard, n_accounts)
        return Dealt(own, _sum_members(groups, own) / 2, (met - apart) ** 2 / max(2 * matrix.nnz, 1))
    membership = _membership(groups, n_accounts, counts)
    met = membership @ matrix
    inside = met.multiply(membership).tocoo()
    own = np.zeros(len(groups.account))
    own[np.searchsorted(groups.code(n_accounts), inside.row.astype(np.int64) * n_accounts + inside.col)] = inside.data
    # The configuration model: D partners' ends meet one another D² / 2(2M) times by chance.
    partners = membership @ matrix.sum(axis=1)
    if counts is not None:
        # One customer more among the members is no reason to expect more of the others.
        partners = partners - met.multiply(_membership(groups, n_accounts, ~counts)).sum(axis=1)
    return Dealt(own, _sum_members(groups, own) / 2, partners**2 / max(2 * matrix.nnz, 1))


def sum_conduct(groups: Groups, signal: Conduct) -> ChannelEvidence:
    """What the members' own conduct adds: observed and expected times, and the bits of all members."""
    times, occasions = signal.times[groups.account], signal.occasions[groups.account]
    # Honest conduct of some members counts against the others', but never against what joins the group by other ways.
    bits = np.maximum(_sum_members(groups, signal.bits[groups.account]), 0.0)
    usual = signal.times.sum() / max(signal.occasions.sum(), 1)
    return ChannelEvidence(signal.name, bits, _sum_members(groups, times), usual * _sum_members(groups, occasions))


def _sum_members(groups: Groups, values: NDArray[Any]) -> Floats:
    sums: Floats = np.bincount(groups.group, weights=values, minlength=len(groups)).astype(float)
    return sums


def tie_members(
    groups: Groups,
    within: Mapping[str, SharedWithin],
    dealings: Mapping[str, Dealings],
    n_accounts: int,
    *,
    counts: Mapping[str, NDArray[np.bool_]],
) -> Floats:
    """Bits that each member brings: the evidence of its group less what is left without it (M,)."""
    return sum_ties(groups, within, count_all_dealings(groups, dealings, n_accounts, counts=counts))


def sum_ties(groups: Groups, within: Mapping[str, SharedWithin], dealt: Mapping[str, Dealt]) -> Floats:
    """The same, where it is known who deals with whom."""
    ties = np.zeros(len(groups.account))
    for shared in within.values():
        ties += np.bincount(shared.membership, weights=shared.lost_bits[shared.row], minlength=len(ties))
    for each in dealt.values():
        observed, expected = each.observed[groups.group], each.expected[groups.group]
        # What is lost is the member's own pairs; the expectation is left as it is, so that a busy member's tie is not
        # overstated.
        ties += score_surprise(observed, expected) - score_surprise(observed - each.own, expected)
    return ties


def _membership(groups: Groups, n_accounts: int, counts: NDArray[np.bool_] | None) -> sparse.csr_array:
    ones = np.ones(len(groups.account)) if counts is None else counts.astype(float)
    return sparse.csr_array((ones, groups.account, groups.start), shape=(len(groups), n_accounts))
