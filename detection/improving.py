"""A local search in arrays: members are let go of, and neighbours taken in, in all groups at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from detection.candidates.links import Links, weigh_links
from detection.evidence.judge import Assessment, find_tied, judge_groups
from detection.evidence.market import Market
from detection.groups import Groups, are_among, join_groups, number_groups, pick_rows, take_groups
from graph.model import Floats, Ints


@dataclass(frozen=True)
class _Changes:
    """Single changes of groups: a member let go of, or a neighbour taken in.

    ``group`` (C,) sorted, ``account`` (C,) and ``is_added`` (C,); of each group the members come first, in order.
    """

    group: Ints
    account: Ints
    is_added: NDArray[np.bool_]


def improve_groups(groups: Groups, links: Links, market: Market) -> Groups:
    """Let members go, and neighbours in, as long as the groups become worth more: a local search.

    In every round each member is left out, and each of the strongest neighbours taken in, one at a
    time; what helped is then done together, if that helps more than the best single change.
    O(rounds · groups · size · facts of a group).
    """
    weights, policy = weigh_links(links, market.n_accounts), market.policy
    is_large = groups.size > policy.largest_improved
    done, left = [take_groups(groups, np.flatnonzero(is_large))], take_groups(groups, np.flatnonzero(~is_large))
    for _ in range(policy.improve_rounds):
        if not len(left):
            break
        better, is_done = _improve_once(left, weights, market)
        done.append(take_groups(left, np.flatnonzero(is_done)))
        left = better
    return join_groups([*done, left])


def judge_worth(judged: Assessment) -> Floats:
    """What the search climbs (G,), bits: net bits, but that only a share of what is explained is taken off.

    Who maximises net bits alone ends with the part of a ring, or of a club, that an explanation fits worst.  What is
    listed is judged by net bits.
    """
    share = judged.market.policy.explained_in_search
    worth: Floats = share * judged.net_bits + (1.0 - share) * judged.surprising_bits
    return worth


def _improve_once(groups: Groups, weights: sparse.csr_array, market: Market) -> tuple[Groups, NDArray[np.bool_]]:
    """What the groups that can be improved become, and which (G,) cannot be."""
    n, policy, n_groups = market.n_accounts, market.policy, len(groups)
    changes = _list_changes(groups, weights, policy.neighbours_tried)
    singles = _change(groups, changes, np.arange(len(changes.group)), changes.group, n)
    worth = _weigh([groups, singles], market)
    before, gains = worth[:n_groups], worth[n_groups:] - worth[changes.group]
    helps = gains > _set_floors(groups, changes, market)
    # What helps alone may not help together (two spouses, say): the better of all at once and the best one is taken.
    helpful = _Changes(changes.group[helps], changes.account[helps], changes.is_added[helps])
    together = _change(groups, helpful, helpful.group, np.arange(n_groups), n)
    all_at_once = _weigh([together], market) - before
    best = _find_best(gains, changes.group, n_groups)
    is_improved = np.bincount(helpful.group, minlength=n_groups) > 0
    is_all = all_at_once >= gains[best]
    better = join_groups(
        [
            take_groups(together, np.flatnonzero(is_improved & is_all)),
            take_groups(singles, best[is_improved & ~is_all]),
        ]
    )
    return better, ~is_improved


def _list_changes(groups: Groups, weights: sparse.csr_array, most: int) -> _Changes:
    """Every member to leave out, and the strongest neighbours to take in."""
    n = weights.shape[0]
    ones = np.ones(len(groups.account))
    pull = sparse.csr_array((ones, groups.account, groups.start), shape=(len(groups), n)) @ weights
    group = np.repeat(np.arange(len(groups)), np.diff(pull.indptr))
    is_outside = ~are_among(group * n + pull.indices, groups.code(n)) & (pull.data > 0)
    group, account, bits = group[is_outside], pull.indices[is_outside].astype(np.int64), pull.data[is_outside]
    order = np.lexsort((-bits, group))
    begin = np.searchsorted(group[order], np.arange(len(groups)))
    nth = np.empty(len(order), dtype=np.int64)
    nth[order] = np.arange(len(order)) - begin[group[order]]
    # All that are as strong as the last one: which of equals is tried must not hang on their names.
    least = np.zeros(len(groups))
    is_last = nth == most - 1
    least[group[is_last]] = bits[is_last]
    is_tried = (bits >= least[group]) if most else np.zeros(len(bits), dtype=bool)
    groups_of = np.concatenate([groups.group, group[is_tried]])
    accounts = np.concatenate([groups.account, account[is_tried]])
    is_added = np.arange(len(accounts)) >= len(groups.account)
    order = np.lexsort((accounts, is_added, groups_of))
    return _Changes(groups_of[order], accounts[order], is_added[order])


def _change(groups: Groups, changes: _Changes, into: Ints, source: Ints, n_accounts: int) -> Groups:
    """The groups ``source`` (R,), each with the ``changes`` that go ``into`` (C,) it."""
    old = pick_rows(groups.account, groups.start[:-1], groups.size, source)
    code = np.setxor1d(old.code(n_accounts), into * n_accounts + changes.account, assume_unique=True)
    return Groups(code % n_accounts, np.searchsorted(code, np.arange(len(source) + 1) * n_accounts))


def _set_floors(groups: Groups, changes: _Changes, market: Market) -> Floats:
    """What each change has to bring: anything, where it lets go of somebody who brings less than its name takes."""
    floors = np.full(len(changes.group), market.policy.least_gain_bits)
    floors[~changes.is_added] *= find_tied(groups, market)
    return floors


def _find_best(gains: Floats, group: Ints, n_groups: int) -> Ints:
    """The change of each group that gains most (G,), the first of equals."""
    order = np.lexsort((np.arange(len(gains)), -gains, group))
    return order[np.searchsorted(group, np.arange(n_groups))]


def _weigh(parts: list[Groups], market: Market) -> Floats:
    """What each group is worth (bits); minus infinity for one that is too small to be a group."""
    account = np.concatenate([part.account for part in parts])
    distinct, number = number_groups(account, np.concatenate([part.size for part in parts]))
    worth: Floats = np.append(judge_worth(judge_groups(distinct, market)), -np.inf)[number]
    return worth
