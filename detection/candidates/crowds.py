"""Crowds: who uses a thing that more share than live together, and who shares two of them.

Communities do not see a crowd whole: its users are linked to a few of one another only, and a farm of hundreds on one
phone would come in pieces.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import sparse

from detection.channels.incidence import SharedThings
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
    users = _stack_crowds(channels, n_accounts, policy)
    common = sparse.triu(users.T @ users, k=1).tocoo()
    enough = common.data >= MIN_SIZE
    by_thing = users.tocsc()
    parts = [_list_users(by_thing, thing) for thing in range(by_thing.shape[1])]
    pairs = zip(common.row[enough].tolist(), common.col[enough].tolist(), strict=True)
    parts += [np.intersect1d(parts[a], parts[b], assume_unique=True) for a, b in pairs]
    return gather_groups(parts)


def _list_users(users: sparse.csc_array, thing: int) -> Ints:
    return np.sort(users.indices[users.indptr[thing] : users.indptr[thing + 1]]).astype(np.int64)


def _stack_crowds(channels: Iterable[SharedThings], n_accounts: int, policy: Policy) -> sparse.csr_array:
    """Who uses which crowded thing (N, crowded things)."""
    account, thing, begin = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)], 0
    for channel in channels:
        popular = channel.popularity
        crowded = (popular > policy.household_size) & (popular <= policy.largest_crowd_tried)
        number = np.cumsum(crowded) - 1
        uses = crowded[channel.thing]
        account.append(channel.account[uses])
        thing.append(begin + number[channel.thing[uses]])
        begin += int(crowded.sum())
    rows, columns = np.concatenate(account), np.concatenate(thing)
    return sparse.csr_array((np.ones(len(rows), dtype=np.int64), (rows, columns)), shape=(n_accounts, begin))
