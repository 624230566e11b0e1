"""The strongest links between members, and what each channel shows, as an investigator reads them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import combinations

import numpy as np

from detection.rings.parties import describe_targets, find_acts
from detection.rings.view import RingView
from detection.rings.wording import (
    describe_conduct,
    describe_dealings,
    describe_explanation,
    describe_risk,
    describe_shared,
    describe_thing,
)
from graph.results import Evidence, InnocentReading, RingLink

MAX_LINKS = 100
MAX_PAIRED = 12
"""More sharers are a crowd, whose pairs alone would fill the list."""
_LEAST_GRANTED_BITS = 1.0
"""Less is not told: any two who share a phone and have another would be colleagues."""


def list_links(view: RingView) -> tuple[RingLink, ...]:
    """The strongest links between members, by what they share and by whom they deal with."""
    links = [link for name in view.assessment.within for link in _link_by_things(view, name)]
    links += [link for name in view.market.dealings for link in _link_by_dealings(view, name)]
    # By name after bits: which of equal links is cut off must not hang on the order of the facts.
    links.sort(key=lambda link: (-link.bits, link.channel, link.account_a, link.account_b, link.via))
    return tuple(links[:MAX_LINKS])


def _link_by_things(view: RingView, name: str) -> Iterable[RingLink]:
    """Pairs of members that share a thing; a crowd is tied to its first member only."""
    within, channel = view.assessment.within[name], view.market.things[name]
    ids = view.market.snapshot.account_id
    for row in view.rows(name).tolist():
        sharers = view.assessment.groups.account[within.find_sharers(row)].tolist()
        crowd = len(sharers) > MAX_PAIRED
        pairs = ((sharers[0], other) for other in sharers[1:]) if crowd else combinations(sharers, 2)
        # Joining m sharers takes m - 1 links, and each is worth its part, however many pairs are listed.
        bits = float(within.bits[row] / (within.members[row] - 1))
        via = describe_thing(channel, int(within.thing[row]), view.market.snapshot)
        for a, b in pairs:
            yield RingLink(ids[a], ids[b], name, bits, via)


def _link_by_dealings(view: RingView, name: str) -> Iterable[RingLink]:
    channel, shown = view.market.dealings[name], view.assessment.evidence[name]
    observed = float(shown.observed[view.group])
    if observed <= 0 or shown.bits[view.group] <= 0:
        return
    bits = float(shown.bits[view.group]) / observed
    pairs, times = channel.count_among(view.members)
    ids = view.market.snapshot.account_id
    for (source, target), n in zip(pairs.tolist(), times.tolist(), strict=True):
        what = f"{n} order{'s' if n > 1 else ''}"
        yield RingLink(ids[source], ids[target], name, bits, f"{what} from {ids[source]} to {ids[target]}")


def list_evidence(view: RingView) -> Iterable[Evidence]:
    """What each channel shows, in bits and in words."""
    learned = {signal.name for signal in view.market.conduct if signal.is_learned}
    for name, shown in view.assessment.evidence.items():
        bits, observed, expected = (float(part[view.group]) for part in (shown.bits, shown.observed, shown.expected))
        if bits <= 0:
            continue
        if name in view.market.dealings:
            sentence = describe_dealings(view.market.dealings[name].record, observed=observed, expected=expected)
        elif name in learned:
            sentence = describe_risk(len(view.members), observed=observed, expected=expected)
        elif name not in view.assessment.within:
            sentence = describe_conduct(name, observed=observed, expected=expected)
        else:
            within, rows = view.assessment.within[name], view.rows(name)
            counts = (len(rows), len(view.sharers(name)))
            sentence = describe_shared(view.market.things[name].record, *counts, observed=observed, expected=expected)
            channel = view.market.things[name]
            if channel.record.ring_kind in ("review", "attack"):
                acts = find_acts(channel, view.members, within.thing[rows])
                sentence += describe_targets(channel, acts, view.market.snapshot)
        yield Evidence(name, bits, observed, expected, sentence)


def list_explanations(view: RingView, *, spared_by: Collection[str] = ()) -> tuple[InnocentReading, ...]:
    """Each innocent explanation that fits at all, those whose part was taken off first.

    ``spared_by`` names those for whose sake the ring has a lower tier than its score has, if any; what is granted for
    tiers alone is only told then.
    """
    listed, judged = [], view.assessment
    for each in (*judged.explanations, *(judged.granted if spared_by else ())):
        bits = float(each.bits[view.group])
        won = bool(judged.won[each.name][view.group]) if each.name in judged.won else None
        if bits >= (_LEAST_GRANTED_BITS if won is None else np.finfo(float).tiny):
            said = describe_explanation(each.name, bits, won=won, spares=each.name in spared_by)
            listed.append(InnocentReading(each.name, bits, bool(won), said))
    return tuple(sorted(listed, key=lambda each: (not each.won, -each.bits, each.name)))
