"""Blocks in a channel: accounts that do the same to the same targets at the same times more than chance explains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from detection.candidates.blocks.surprising import find_surprising_blocks
from detection.channels.incidence import ANYTHING, SharedThings
from detection.groups import Groups, gather_groups
from detection.policy import Policy
from graph.model import Ints


@dataclass(frozen=True)
class ChannelBlock:
    """``accounts`` (r,) and ``things`` (c,) of a channel, sorted, and the ``bits`` they show beyond saying so."""

    accounts: Ints
    things: Ints
    bits: float


def find_channel_blocks(channel: SharedThings, n_accounts: int, *, n_blocks: int = 1) -> tuple[ChannelBlock, ...]:
    """The most surprising blocks of each grain of a channel, most bits first; what choosing the grain costs is paid.

    Parameters
    ----------
    channel
        Its things are columns; being active at one time is none.
    n_accounts
        Rows of accounts.
    n_blocks
        Of each grain.
    """
    found = []
    for grain in range(channel.n_grains):
        things = np.flatnonzero((channel.grain == grain) & (channel.subject != ANYTHING))
        place = np.full(channel.n_things, -1)
        place[things] = np.arange(len(things))
        uses = np.flatnonzero(place[channel.thing] >= 0)
        entries = np.ones(len(uses)), (channel.account[uses], place[channel.thing[uses]])
        matrix = csr_array(entries, shape=(n_accounts, len(things)))
        for block in find_surprising_blocks(matrix, n_blocks=n_blocks):
            found.append(ChannelBlock(block.rows, things[block.columns], block.bits - float(np.log2(channel.n_grains))))
    return tuple(sorted((block for block in found if block.bits > 0), key=lambda block: -block.bits))


def propose_blocks(things: Mapping[str, SharedThings], n_accounts: int, policy: Policy) -> Groups:
    """Accounts that praise, or blame, the same targets at the same times, as groups to judge.

    A run looks at them where ``[detect] review_blocks`` says so; see ``docs/reviews.md``.
    """
    channels = [channel for channel in things.values() if channel.record.has_blocks]
    blocks = [
        block for each in channels for block in find_channel_blocks(each, n_accounts, n_blocks=policy.blocks_tried)
    ]
    return gather_groups(block.accounts for block in blocks if len(block.accounts) <= policy.largest_group)
