"""Crowds: who uses a thing that more share than live together, and who shares two of them.

Communities do not see a crowd whole: its users are linked to a few of one another only, and a farm of hundreds on one
phone would come in pieces.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from detection.channels.incidence import ANYTHING, SharedThings
from detection.groups import MIN_SIZE, Groups, gather_groups
from detection.policy import Policy
from graph.model import Ints


def propose_crowds(channels: Iterable[SharedThings], n_accounts: int, policy: Policy) -> Groups:
    """The users of every crowded thing of some channels, and of every two of them, O(uses of crowded things squared).

    Parameters
    ----------
    channels
        What accounts share, without what is seen in windows of time.
    n_accounts
        Rows of accounts.
    policy
        How many a household are, and up to how many a crowd is looked at.
    """
    return _list_crowds(channels, n_accounts, Sizes(policy.household_size, policy.largest_crowd_tried), MIN_SIZE)


def propose_campaigns(channels: Iterable[SharedThings], n_accounts: int, policy: Policy) -> Groups:
    """Who did the same to one target at one time, or to two, where too many did for links to hold them together.

    Parameters
    ----------
    channels
        What accounts do to targets, in windows of time.
    n_accounts
        Rows of accounts.
    policy
        How many are linked all with one another, and up to how many are looked at.
    """
    sizes = Sizes(policy.largest_crowd, policy.largest_crowd_tried)
    return _list_crowds(channels, n_accounts, sizes, policy.largest_crowd + 1)


def propose_laps(channels: Iterable[SharedThings], n_accounts: int, policy: Policy) -> Groups:
    """Through whose hands an item went round, and two items: so few do that each says who belongs together.

    Parameters
    ----------
    channels
        Items that came back to who had sold them.
    n_accounts
        Rows of accounts.
    policy
        Up to how many hands are looked at.
    """
    return _list_crowds(channels, n_accounts, Sizes(MIN_SIZE - 1, policy.largest_crowd_tried), MIN_SIZE)


@dataclass(frozen=True)
class Sizes:
    """A crowd is more than ``above`` accounts, and no more than ``most``."""

    above: int
    most: int


def _list_crowds(channels: Iterable[SharedThings], n_accounts: int, sizes: Sizes, least_common: int) -> Groups:
    """The users of every crowded thing, and of every two of them that have so many in common."""
    users = _stack_crowds(channels, n_accounts, sizes)
    common = sparse.triu(users.T @ users, k=1).tocoo()
    enough = common.data >= least_common
    by_thing = users.tocsc()
    parts = [_list_users(by_thing, thing) for thing in range(by_thing.shape[1])]
    pairs = zip(common.row[enough].tolist(), common.col[enough].tolist(), strict=True)
    parts += [np.intersect1d(parts[a], parts[b], assume_unique=True) for a, b in pairs]
    return gather_groups(parts)


def _list_users(users: sparse.csc_array, thing: int) -> Ints:
    return np.sort(users.indices[users.indptr[thing] : users.indptr[thing + 1]]).astype(np.int64)


def _stack_crowds(channels: Iterable[SharedThings], n_accounts: int, sizes: Sizes) -> sparse.csr_array:
    """Who uses which crowded thing (N, crowded things)."""
    account, thing, begin = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)], 0
    for channel in channels:
        popular = channel.popularity
        # What is done at all at one time, to whatever target, makes no campaign.
        crowded = (popular > sizes.above) & (popular <= sizes.most) & (channel.subject != ANYTHING)
        number = np.cumsum(crowded) - 1
        uses = crowded[channel.thing]
        account.append(channel.account[uses])
        thing.append(begin + number[channel.thing[uses]])
        begin += int(crowded.sum())
    rows, columns = np.concatenate(account), np.concatenate(thing)
    return sparse.csr_array((np.ones(len(rows), dtype=np.int64), (rows, columns)), shape=(n_accounts, begin))
