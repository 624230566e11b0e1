"""Where a ring stands in the list: by tier, and within it by how likely it is no piece of a community.

Of a family, a class or a circle of traders little is left once communities are taken for granted.  A false ring is most
often a piece of one: few of its members acted together, and many around it are linked to it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from detection.candidates.links import Links, weigh_links
from detection.groups import Groups, are_among
from detection.policy import Policy
from detection.tiers import Grounds, decide_tier
from graph.model import Ints
from graph.results import Ring
from graph.vocabulary import TIERS

DECIMALS = 9
"""Sums hang in their last digits on the order of accounts; the order of the list must not."""


def place_ring(
    ring: Ring, grounds: Grounds, *, acted: float, outsiders: float, policy: Policy
) -> tuple[int, int, float, float, str]:
    """What a ring is listed by, least first.

    What a person is to look at comes before what is only watched, whose score may be higher: it was spared.  Of that,
    what would be for review if fewer honest groups showed as much comes first.  Within a tier, by
    (1 + e) · 2^(a · acted) / (1 + outsiders)^o.

    Parameters
    ----------
    ring, grounds
        The ring, and what its tier rests on: of it e, in units of ``half_score_bits``, that stands for the root of its
        size if communities are taken for granted.
    acted
        The share of its members that acted together.
    outsiders
        Accounts outside that are linked to a member, for each member.
    policy
        For a, ``listed_acting``, and o, ``listed_outsiders``.
    """
    # A score of hundreds of bits is 1 as far as a number tells.
    left = -np.log2(max(1.0 - min(ring.score, grounds.apart_from_community), np.finfo(float).eps))
    stands = np.log2(1.0 + left) + policy.listed_acting * acted - policy.listed_outsiders * np.log2(1.0 + outsiders)
    apart = decide_tier(replace(grounds, false_discovery=0.0), policy)
    return -TIERS.index(ring.tier), -TIERS.index(apart), -round(float(stands), DECIMALS), -ring.net_bits, ring.ring_id


def count_outsiders(groups: Groups, links: Links, n_accounts: int) -> Ints:
    """How many accounts outside each group are linked to a member of it (G,), O(links of the members)."""
    ones = np.ones(len(groups.account))
    members = sparse.csr_array((ones, groups.account, groups.start), shape=(len(groups), n_accounts))
    reached = (members @ weigh_links(links, n_accounts)).tocoo()
    is_outside = ~are_among(
        reached.row.astype(np.int64) * n_accounts + reached.col, np.sort(groups.group * n_accounts + groups.account)
    )
    outsiders: Ints = np.bincount(reached.row[is_outside], minlength=len(groups))
    return outsiders
