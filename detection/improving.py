"""A local search in arrays: members are let go of, and neighbours taken in, in all groups at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from detection.candidates.links import Links, weigh_links
from detection.evidence.judge import PART_MEMBERSHIPS, Assessment, judge_groups, map_groups, weigh_ties
from detection.evidence.market import Market
from detection.groups import Groups, are_among, join_groups, number_groups, pick_rows, split_groups, take_groups
from detection.parallel import count_workers, map_threads
from graph.model import Floats, Ints


@dataclass(frozen=True)
class Changes:
    """Single changes of groups: a member let go of, or a neighbour taken in.

    ``group`` (C,) sorted, ``account`` (C,) and ``is_added`` (C,); of each group the members come first, in order.
    ``floor`` (C,) is what each has to bring, bits.
    """

    group: Ints
    account: Ints
    is_added: NDArray[np.bool_]
    floor: Floats

    def keep(self, kept: NDArray[np.bool_]) -> Changes:
        """Only some of them (C,)."""
        return Changes(self.group[kept], self.account[kept], self.is_added[kept], self.floor[kept])


def improve_groups(groups: Groups, links: Links, market: Market) -> Groups:
    """Let members go, and neighbours in, as long as the groups become worth more: a local search.

    In every round each member that is not firmly tied is left out, and each of the strongest neighbours taken in, one
    at a time; what helped is then done together, if that helps more than the best single change.
    O(rounds · groups · size · facts of a group).
    """
    weights, policy = weigh_links(links, market.n_accounts), market.policy
    is_large = groups.size > policy.largest_improved
    done, left = take_groups(groups, np.flatnonzero(is_large)), take_groups(groups, np.flatnonzero(~is_large))
    # Each group is improved by itself: parts of them need not wait for one another after every round.  Many are put in
    # more parts than there are threads, for some take three times as long as others.
    tried = len(left.account) * policy.neighbours_tried
    parts = split_groups(left, count_workers(tried) * (1 + len(left.account) // PART_MEMBERSHIPS))
    return join_groups([done, *map_threads(lambda part: _improve(part, weights, market), parts, rows=tried)])


def _improve(groups: Groups, weights: sparse.csr_array, market: Market) -> Groups:
    """What groups become in all rounds."""
    done, left = [], _Weighed(groups, np.empty(0))
    for _ in range(market.policy.improve_rounds):
        if not len(left.groups):
            break
        better, is_done = _improve_once(left, weights, market)
        done.append(take_groups(left.groups, np.flatnonzero(is_done)))
        left = better
    return join_groups([*done, left.groups])


def judge_worth(judged: Assessment) -> Floats:
    """What the search climbs (G,), bits: net bits, but that only a share of what is explained is taken off.

    Who maximises net bits alone ends with the part of a ring, or of a club, that an explanation fits worst.  What is
    listed is judged by net bits.
    """
    share = judged.market.policy.explained_in_search
    worth: Floats = share * judged.idle_net_bits + (1.0 - share) * judged.surprising_bits
    return worth


@dataclass(frozen=True)
class _Weighed:
    """Groups, and what each is worth (G,), bits; of nothing where that is not known yet."""

    groups: Groups
    worth: Floats


def _improve_once(left: _Weighed, weights: sparse.csr_array, market: Market) -> tuple[_Weighed, NDArray[np.bool_]]:
    """What the groups that can be improved become, and which (G,) cannot be."""
    groups, n, n_groups = left.groups, market.n_accounts, len(left.groups)
    changes = list_changes(groups, weights, market)
    singles = _change(groups, changes, np.arange(len(changes.group)), changes.group, n)
    worth = _weigh([groups, singles], market, known=left.worth)
    before, alone = worth[:n_groups], worth[n_groups:]
    gains = alone - before[changes.group]
    helps = gains > changes.floor
    n_helpful = np.bincount(changes.group[helps], minlength=n_groups)
    best = _find_best(gains, changes.group, n_groups)
    # What helps alone may not help together (two spouses, say): the better of all at once and the best one is taken.
    only = np.flatnonzero(helps & (n_helpful == 1)[changes.group])
    several = np.flatnonzero(n_helpful > 1)
    helpful = changes.keep(helps & (n_helpful > 1)[changes.group])
    together = _change(groups, helpful, np.searchsorted(several, helpful.group), several, n)
    all_at_once = np.full(n_groups, -np.inf)
    all_at_once[changes.group[only]] = alone[only]
    all_at_once[several] = _weigh([together], market)
    is_all = all_at_once - before >= np.append(gains, 0.0)[best]
    others = best[(n_helpful > 0) & ~is_all]
    taken = np.concatenate([only[is_all[changes.group[only]]], others])
    found = np.flatnonzero(is_all[several])
    better = [take_groups(together, found), take_groups(singles, taken)]
    return _gather_weighed(better, np.concatenate([all_at_once[several[found]], alone[taken]])), n_helpful == 0


def _gather_weighed(parts: list[Groups], worth: Floats) -> _Weighed:
    """The distinct ones of groups of which is known what each is worth (G,)."""
    distinct, number = number_groups(*_concatenate(parts))
    once = np.empty(len(distinct))
    once[number[number >= 0]] = worth[number >= 0]
    return _Weighed(distinct, once)


def _concatenate(parts: list[Groups]) -> tuple[Ints, Ints]:
    """The accounts and the sizes of all groups of several."""
    return np.concatenate([part.account for part in parts]), np.concatenate([part.size for part in parts])


def list_changes(groups: Groups, weights: sparse.csr_array, market: Market) -> Changes:
    """Every member to leave out that is not firmly tied, and the strongest neighbours to take in.

    A change has to bring ``least_gain_bits``; but whoever brings less than its name takes is let go of for anything.
    """
    n, policy, most = market.n_accounts, market.policy, market.policy.neighbours_tried
    ties, names = weigh_ties(groups, market)
    # Whoever's links to the group do not pay for one name more is not tried; of the others, all that are as strong as
    # the last one: which of equals is tried must not hang on their names.
    least = np.minimum.reduceat(names, groups.start[:-1]) * policy.neighbour_names
    ones = np.ones(len(groups.account))
    pull = sparse.csr_array((ones, groups.account, groups.start), shape=(len(groups), n)) @ weights
    group = np.repeat(np.arange(len(groups)), np.diff(pull.indptr))
    pays = np.flatnonzero((pull.data > 0) & (pull.data >= least[group]))
    pays = pays[~are_among(group[pays] * n + pull.indices[pays], groups.code(n))]
    group, account, bits = group[pays], pull.indices[pays].astype(np.int64), pull.data[pays]
    order = np.lexsort((-bits, group))
    begin = np.searchsorted(group[order], np.arange(len(groups)))
    nth = np.empty(len(order), dtype=np.int64)
    nth[order] = np.arange(len(order)) - begin[group[order]]
    is_last = nth == most - 1
    least[group[is_last]] = np.maximum(least[group[is_last]], bits[is_last])
    is_tried = (bits >= least[group]) if most else np.zeros(len(bits), dtype=bool)
    # To let go of somebody who brings a lot could only help by escaping an explanation.
    is_loose, n_added = ties < policy.firm_names * names, int(is_tried.sum())
    let_go_for = np.where(ties >= names, policy.least_gain_bits, 0.0)[is_loose]
    groups_of = np.concatenate([groups.group[is_loose], group[is_tried]])
    accounts = np.concatenate([groups.account[is_loose], account[is_tried]])
    is_added = np.arange(len(accounts)) >= len(accounts) - n_added
    floor = np.concatenate([let_go_for, np.full(n_added, policy.least_gain_bits)])
    order = np.lexsort((accounts, is_added, groups_of))
    return Changes(groups_of[order], accounts[order], is_added[order], floor[order])


def _change(groups: Groups, changes: Changes, into: Ints, source: Ints, n_accounts: int) -> Groups:
    """The groups ``source`` (R,), each with the ``changes`` that go ``into`` (C,) it."""
    old = pick_rows(groups.account, groups.start[:-1], groups.size, source)
    code = np.setxor1d(old.code(n_accounts), into * n_accounts + changes.account, assume_unique=True)
    return Groups(code % n_accounts, np.searchsorted(code, np.arange(len(source) + 1) * n_accounts))


def _find_best(gains: Floats, group: Ints, n_groups: int) -> Ints:
    """The change of each group that gains most (G,), the first of equals; -1 where a group has none."""
    order = np.append(np.lexsort((np.arange(len(gains)), -gains, group)), -1)
    first = np.searchsorted(group, np.arange(n_groups))
    return np.where(np.bincount(group, minlength=n_groups) > 0, order[first], -1)


def _weigh(parts: list[Groups], market: Market, *, known: Floats | None = None) -> Floats:
    """What each group is worth (bits), the first ones as known; minus infinity for one too small to be a group."""
    distinct, number = number_groups(*_concatenate(parts))
    worth = np.full(len(distinct) + 1, np.nan)
    worth[-1] = -np.inf  # which is where those go that are too small
    if known is not None:
        worth[number[: len(known)]] = known
    left = np.flatnonzero(np.isnan(worth))
    weighed = map_groups(lambda part: judge_worth(judge_groups(part, market)), take_groups(distinct, left))
    worth[left] = np.concatenate([np.empty(0), *weighed])
    found: Floats = worth[number]
    return found
