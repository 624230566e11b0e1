"""Whom a ring acts on or for, when, and who else may have gained by it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from detection.channels.incidence import SharedThings
from detection.evidence.market import Market
from detection.groups import ByAccount, find_rows, index_by_account
from detection.likelihood import score_surprise
from graph.model import Ints, Snapshot, Times
from graph.results import Party

MOST_TARGETS = 3
"""Targets that are named in a sentence; the others are counted."""
LEAST_FOLLOWERS = 2


@dataclass(frozen=True)
class ActsOnThings:
    """What some accounts did to some things of a channel (d,): who, to which thing, when first and last."""

    account: Ints
    thing: Ints
    first_at: Times
    last_at: Times


def find_acts(channel: SharedThings, accounts: Ints, things: Ints) -> ActsOnThings:
    """The uses of some things by some accounts, O(uses of the accounts)."""
    index = channel.by_account
    known = accounts[accounts < len(index.count)]
    parts = [index.order[begin : begin + n] for begin, n in zip(index.begin[known], index.count[known], strict=True)]
    uses = np.concatenate([np.empty(0, dtype=np.int64), *parts])
    uses = uses[np.isin(channel.thing[uses], things)]
    return ActsOnThings(channel.account[uses], channel.thing[uses], channel.first_at[uses], channel.last_at[uses])


def describe_period(acts: ActsOnThings) -> str:
    """From when to when, in words that follow a sentence; empty where no time is known.

    >>> at = np.array(["2024-02-03", "2024-02-28"], dtype="datetime64[us]")
    >>> describe_period(ActsOnThings(np.arange(2), np.arange(2), at, at))
    ', from 2024-02-03 to 2024-02-28'
    """
    known = ~np.isnat(acts.first_at) & ~np.isnat(acts.last_at)
    if not known.any():
        return ""
    first, last = (str(at.astype("datetime64[D]")) for at in (acts.first_at[known].min(), acts.last_at[known].max()))
    return f", from {first} to {last}" if first != last else f", on {first}"


def describe_targets(channel: SharedThings, acts: ActsOnThings, snapshot: Snapshot) -> str:
    """Name the targets that most of the accounts have in common, and when.

    Being active at one time has no target, and is left out.
    """
    subject = channel.subject[acts.thing]
    concrete = subject >= -snapshot.n_accounts
    # Targets count up from 0 or down from -1: moved above 0, so that a target and an account are one number.
    n = max(snapshot.n_accounts, 1)
    pairs = np.unique((subject[concrete] + n) * n + acts.account[concrete])
    targets, count = np.unique(pairs // n - n, return_counts=True)
    order = np.lexsort((targets, -count))[:MOST_TARGETS]
    names = [_name_target(int(target), snapshot) for target in targets[order]]
    more = f" and {len(targets) - len(names)} more" if len(targets) > len(names) else ""
    return f"; {', '.join(names)}{more}{describe_period(acts)}" if names else ""


def _name_target(subject: int, snapshot: Snapshot) -> str:
    name = snapshot.product_id[subject] if subject >= 0 else snapshot.account_id[-1 - subject]
    return str(name)


@dataclass(frozen=True)
class Favours:
    """Distinct pairs (P,): ``account`` praised, or traded with, ``seller``; ``verb`` says which."""

    verb: str
    account: Ints
    seller: Ints

    @cached_property
    def by_account(self) -> ByAccount:
        """The pairs of each account."""
        return index_by_account(self.account)

    @cached_property
    def popularity(self) -> Ints:
        """How many favour each seller (up to the last of them)."""
        return np.bincount(self.seller)


def find_favours(market: Market) -> tuple[Favours, ...]:
    """Who praised which seller, and who traded with whom."""
    snapshot, policy, n = market.snapshot, market.policy, market.n_accounts
    reviews, orders = snapshot.reviews, snapshot.orders
    listed_by = snapshot.product_seller[np.maximum(reviews.product, 0)] if snapshot.n_products else reviews.seller
    praised = np.where(reviews.seller >= 0, reviews.seller, np.where(reviews.product >= 0, listed_by, -1))
    good = np.flatnonzero((reviews.rating >= policy.good_rating) & (praised >= 0))
    known = np.flatnonzero(orders.seller >= 0)
    pairs = {
        "praised by": (reviews.author[good], praised[good]),
        "sold to": (orders.buyer[known], orders.seller[known]),
    }
    return tuple(Favours(verb, *np.divmod(np.unique(of * n + to), n)) for verb, (of, to) in pairs.items())


def find_gainers(members: Ints, blamed: Ints, favours: tuple[Favours, ...], snapshot: Snapshot) -> tuple[Party, ...]:
    """Sellers whom those who blame another one praise, or buy from, more than chance explains.

    They may have gained, and may know nothing of it: no score and no flag comes of being named here.  A seller is
    named where two members or more favour it, and that is worth more bits than naming one seller costs.
    """
    gainers: dict[int, str] = {}
    for favour in favours:
        mine = favour.seller[find_rows(members, favour.by_account)]
        sellers, count = np.unique(mine, return_counts=True)
        expected = len(mine) * favour.popularity[sellers] / max(len(favour.seller), 1)
        bits = score_surprise(count, expected) - np.log2(max(int((favour.popularity > 0).sum()), 1))
        # Neither those who blame nor the blamed are outsiders who gain.
        gains = (bits > 0) & (count >= LEAST_FOLLOWERS) & ~np.isin(sellers, np.concatenate([members, blamed]))
        for place in np.flatnonzero(gains).tolist():
            seller, n = int(sellers[place]), count[place]
            chance = f"where chance gives {expected[place]:.1g}"
            gainers.setdefault(seller, f"may have gained: {favour.verb} {n} of {len(members)} members, {chance}")
    return tuple(Party(snapshot.account_id[seller], "beneficiary", why) for seller, why in sorted(gainers.items()))
