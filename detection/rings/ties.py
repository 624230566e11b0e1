"""What ties each member to the others, and the critical links without which it would be free."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from detection.channels.incidence import Dealings
from detection.rings.view import RingView
from detection.rings.wording import describe_thing
from graph.results import Member


@dataclass(frozen=True)
class Tie:
    """One link that ties a member to the others: what it is, and the bits that go with it."""

    name: str
    bits: float


def find_critical_links(ties: Iterable[Tie], spare_bits: float) -> tuple[Tie, ...]:
    """The break-the-ring test: the fewest ties without which a member is free, strongest first.

    A member is named where its ties bring more than naming it costs.  Ties add up, so that the strongest
    ones are the fewest whose loss undoes that.  None are needed where there is nothing to spare.

    >>> [tie.name for tie in find_critical_links([Tie("a phone", 8.0), Tie("a card", 30.0), Tie("a flat", 9.0)], 35.0)]
    ['a card', 'a flat']
    """
    critical: list[Tie] = []
    for tie in sorted(ties, key=lambda each: (-each.bits, each.name)):
        if spare_bits <= 0 or tie.bits <= 0:
            break
        critical.append(tie)
        spare_bits -= tie.bits
    return tuple(critical)


def list_ties(view: RingView) -> list[list[Tie]]:
    """What ties each member to the others, thing by thing and partner by partner."""
    ties: list[list[Tie]] = [[] for _ in view.members]
    for name, within in view.assessment.within.items():
        rows = view.rows(name)
        for row, bits in zip(rows.tolist(), within.lost_bits[rows].tolist(), strict=True):
            what = describe_thing(view.market.things[name], int(within.thing[row]), view.market.snapshot)
            for membership in within.find_sharers(row).tolist():
                ties[membership - view.start].append(Tie(what, bits))
    for channel in view.market.dealings.values():
        _add_partners(view, channel, ties)
    return ties


def _add_partners(view: RingView, channel: Dealings, ties: list[list[Tie]]) -> None:
    """Share what things leave of each member's bits out among those whom it deals with."""
    rows, ids = view.members.tolist(), view.market.snapshot.account_id
    inside = channel.pairs.list_among(view.members)
    partners: dict[int, list[int]] = {row: [] for row in rows}
    for low, high in zip(channel.pairs.low[inside].tolist(), channel.pairs.high[inside].tolist(), strict=True):
        partners[low].append(high)
        partners[high].append(low)
    for place, row in enumerate(rows):
        # A member's bits by dealings are what its things leave; pairs are alike in them.
        left = float(view.member_bits[place]) - sum(tie.bits for tie in ties[place])
        if left > 0 and partners[row]:
            each = left / len(partners[row])
            ties[place] += [Tie(f"{channel.name} with {ids[other]}", each) for other in partners[row]]


def list_members(view: RingView) -> tuple[Member, ...]:
    """Core and fringe, each with its tie and the critical links that hold it; core first, then by tie."""
    bits, ties = view.member_bits, list_ties(view)
    # The median, not the mean: one member with a hundred bits must not make everybody else fringe.
    core = bits >= view.market.policy.core_share * np.median(bits)
    ids = view.market.snapshot.account_id[view.members]
    members = []
    name_bits = view.assessment.length.member_bits[view.start : view.start + len(ids)].tolist()
    for account_id, is_core, tie, name, links in zip(
        ids.tolist(), core.tolist(), bits.tolist(), name_bits, ties, strict=True
    ):
        critical = find_critical_links(links, tie - name)
        names = tuple(link.name for link in critical)
        held_bits = sum(link.bits for link in critical)
        members.append(Member(account_id, "core" if is_core else "fringe", float(tie), names, held_bits))
    return tuple(sorted(members, key=lambda member: (member.role, -member.bits, member.account_id)))
