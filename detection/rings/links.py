"""The strongest links between members, and what each channel shows, as an investigator reads them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
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
    bundles = [bundle for name in view.assessment.within for bundle in _bundle_by_things(view, name)]
    bundles += [bundle for name in view.market.dealings for bundle in _bundle_by_dealings(view, name)]
    least = _find_least_bits(bundles)
    links = [link for bundle in bundles if bundle.bits >= least for link in bundle.tell()]
    # By name after bits: which of equal links is cut off must not hang on the order of the facts.
    links.sort(key=lambda link: (-link.bits, link.channel, link.account_a, link.account_b, link.via))
    return tuple(links[:MAX_LINKS])


@dataclass(frozen=True)
class _Bundle:
    """Links of as many bits each: how many there are, and what tells them, for most are never told."""

    bits: float
    n_links: int
    tell: Callable[[], Iterable[RingLink]]


def _find_least_bits(bundles: Iterable[_Bundle]) -> float:
    """Of how many bits those links are that may be among the strongest."""
    n_links = 0
    for bundle in sorted(bundles, key=lambda each: -each.bits):
        n_links += bundle.n_links
        if n_links >= MAX_LINKS:
            return bundle.bits
    return 0.0


def _bundle_by_things(view: RingView, name: str) -> Iterable[_Bundle]:
    within, rows = view.assessment.within[name], view.rows(name)
    # Joining m sharers takes m - 1 links, and each is worth its part, however many pairs are listed.
    bits, members = within.bits[rows] / (within.members[rows] - 1), within.members[rows]
    for row, each, n in zip(rows.tolist(), bits.tolist(), members.tolist(), strict=True):
        yield _Bundle(
            each, n - 1 if n > MAX_PAIRED else n * (n - 1) // 2, partial(_link_by_thing, view, name, row, each)
        )


def _link_by_thing(view: RingView, name: str, row: int, bits: float) -> Iterable[RingLink]:
    """Pairs of members that share a thing; a crowd is tied to its first member only."""
    within, channel = view.assessment.within[name], view.market.things[name]
    ids = view.market.snapshot.account_id
    sharers = view.assessment.groups.account[within.find_sharers(row)].tolist()
    crowd = len(sharers) > MAX_PAIRED
    pairs = ((sharers[0], other) for other in sharers[1:]) if crowd else combinations(sharers, 2)
    via = describe_thing(channel, int(within.thing[row]), view.market.snapshot)
    for a, b in pairs:
        yield RingLink(ids[a], ids[b], name, bits, via)


def _bundle_by_dealings(view: RingView, name: str) -> Iterable[_Bundle]:
    channel, shown = view.market.dealings[name], view.assessment.evidence[name]
    observed = float(shown.observed[view.group])
    if observed <= 0 or shown.bits[view.group] <= 0:
        return
    bits = float(shown.bits[view.group]) / observed
    pairs, times = channel.count_among(view.members)
    yield _Bundle(bits, len(times), partial(_link_by_dealings, view, name, bits, pairs.tolist(), times.tolist()))


def _link_by_dealings(
    view: RingView, name: str, bits: float, pairs: Sequence[tuple[int, int]], times: Sequence[int]
) -> Iterable[RingLink]:
    ids = view.market.snapshot.account_id
    named = sorted((ids[source], ids[target], n) for (source, target), n in zip(pairs, times, strict=True))
    for source, target, n in named[:MAX_LINKS]:
        yield RingLink(source, target, name, bits, f"{n} order{'s' if n > 1 else ''} from {source} to {target}")


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
