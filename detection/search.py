"""The search for rings: propose groups, trim them, judge them, improve the best, keep those that stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from detection.candidates.blocks.propose import propose_blocks
from detection.candidates.communities import Search, find_candidates, list_searches, run_searches
from detection.candidates.crowds import propose_campaigns, propose_crowds, propose_laps
from detection.candidates.links import Links, add_links, link_pairs, weigh_links
from detection.channels.catalogue import ITEM
from detection.channels.incidence import SharedThings
from detection.evidence.description_length import charge_search
from detection.evidence.judge import Assessment, judge_groups, sketch_groups, weigh_ties
from detection.evidence.market import Market
from detection.groups import (
    MIN_SIZE,
    Groups,
    are_among,
    distinct_groups,
    gather_groups,
    join_groups,
    take_groups,
)
from detection.improving import improve_groups, judge_worth
from detection.settings import DetectSettings
from graph.memory import give_memory_back
from graph.model import Floats, Ints


def search_market(market: Market, settings: DetectSettings, *, likes: Links | None = None) -> Assessment:
    """Propose, trim, judge and improve the groups of a market.

    Parameters
    ----------
    market
        To search.
    settings
        The seed, and which further groups are proposed.
    likes
        Accounts that look alike: the searches follow these links too, and they are no evidence.

    Returns
    -------
    Assessment
        Of the groups whose evidence stands, best first, without those that repeat a better one.
    """
    followed = [link_market(market)]
    if likes is not None:
        followed.append(add_links([*followed, likes], market.n_accounts))
    links = followed[-1]
    standing = _leave_standing(_improve_best(propose_groups(followed, market, settings), links, market), market)
    # Two overlapping groups may be one ring and its customers, or two rings and a go-between: let the judge say.
    first = _pick_standing(join_groups([standing, cut_crossing(standing)]), market)
    rest = search_rest(first.groups, links, market, seed=settings.seed)
    found = _pick_standing(join_groups([first.groups, rest]), market) if len(rest) else first
    return replace(found, around=_link_of(found.groups, followed[0], market.n_accounts))


def search_rest(named: Groups, links: Links, market: Market, *, seed: int) -> Groups:
    """Groups of those whom no group names yet, looked for more finely.

    Where everybody has many links that chance gives, members of a small ring are drawn to whomever chance links them
    with.  What is found here takes nobody from any other group.

    Parameters
    ----------
    named
        The groups found so far.
    links
        That the search follows.
    market
        Its channels, and the policy.
    seed
        The same seed gives the same groups.
    """
    left = _link_among(links, ~_find_named(named, market.n_accounts))
    found = find_candidates(left, (market.policy.rest_resolution,), market.policy, seed=seed)
    return _pick_standing(_improve_best(leave_hopeless(found, market), left, market), market).groups


def _improve_best(hopeful: Groups, links: Links, market: Market) -> Groups:
    """The best of some groups, improved."""
    give_memory_back()  # what was needed to propose them
    judged, enough = judge_groups(hopeful, market), market.policy.worth_improving_bits
    promising = take_groups(judged.groups, pick_best(judged, worth=judge_worth(judged), floor=enough))
    return improve_groups(promising, links, market)


def _leave_standing(groups: Groups, market: Market) -> Groups:
    return take_groups(groups, np.flatnonzero(judge_groups(groups, market).net_bits > 0))


def _pick_standing(groups: Groups, market: Market) -> Assessment:
    """The groups that stand, best first, without those that repeat a better one."""
    judged = judge_groups(leave_pairs(groups, market), market)
    return judge_groups(take_groups(judged.groups, pick_best(judged)), market)


def _link_among(links: Links, may: NDArray[np.bool_]) -> Links:
    """The links between accounts that may be in a group (N,)."""
    kept = may[links.a] & may[links.b]
    return Links(links.a[kept], links.b[kept], links.bits[kept])


def _link_of(groups: Groups, links: Links, n_accounts: int) -> Links:
    """The links of which an end is in a group."""
    is_named = _find_named(groups, n_accounts)
    kept = is_named[links.a] | is_named[links.b]
    return Links(links.a[kept], links.b[kept], links.bits[kept])


def _find_named(groups: Groups, n_accounts: int) -> NDArray[np.bool_]:
    """Which accounts are in a group (N,)."""
    is_named = np.zeros(n_accounts, dtype=bool)
    is_named[groups.account] = True
    return is_named


def search_without(assessment: Assessment, freed: Collection[int]) -> Assessment:
    """The groups of an assessment when some accounts may be in none: those that they were in are improved without them.

    Parameters
    ----------
    assessment
        Of the groups whose evidence stands.
    freed
        Rows of accounts; what they do and share stays a fact, of which the others are part.
    """
    groups, market = assessment.groups, assessment.market
    is_freed = np.zeros(market.n_accounts, dtype=bool)
    is_freed[list(freed)] = True
    had = np.bincount(groups.group[is_freed[groups.account]], minlength=len(groups)) > 0
    left = gather_groups(
        members[~is_freed[members]] for members in _list_groups(take_groups(groups, np.flatnonzero(had)))
    )
    links = link_market(market)
    better = improve_groups(left, _link_among(links, ~is_freed), market)
    judged = judge_groups(join_groups([take_groups(groups, np.flatnonzero(~had)), left, better]), market)
    found = judge_groups(take_groups(judged.groups, pick_best(judged)), market)
    return replace(found, around=_link_of(found.groups, links, market.n_accounts))


def link_market(market: Market) -> Links:
    """The links that the search follows."""
    followed, dealings = tuple(market.followed.values()), tuple(market.dealings.values())
    return link_pairs(followed, dealings, market.n_accounts, market.policy)


def propose_groups(followed: Sequence[Links], market: Market, settings: DetectSettings) -> Groups:
    """Communities and components of each of some links, and blocks, as found and in several rounds of trimming.

    Those that could not be worth improving, even if nothing about them had an innocent explanation, are left out.
    """
    n, policy, seed = market.n_accounts, market.policy, settings.seed
    searches = [each for links in followed for each in list_searches(links, policy.resolutions, policy, seed=seed)]
    searches += [*_search_by_deed(market, seed), partial(_propose_cycles, market, seed)]
    found = [run_searches(searches, rows=sum(len(links.a) for links in followed))]
    found.append(propose_crowds(market.timeless, n, policy))
    searched = [channel for channel in market.things.values() if channel.record.is_searched_alone]
    # Whoever runs to an object is in every window that it lies in: all pairs of those would be the same crowd.
    found.append(propose_campaigns([each for each in searched if not each.record.is_of_objects], n, policy))
    found.append(propose_laps([each for each in market.things.values() if each.name == ITEM], n, policy))
    if settings.review_blocks:
        found.append(propose_blocks(market.things, n, policy))
    if settings.label_seeds:
        known = market.snapshot.label_account[market.snapshot.label_is_fraud]
        found += [propose_around(known, links, market) for links in followed]
    return trim_groups(join_groups(found), market)


def trim_groups(groups: Groups, market: Market) -> Groups:
    """The groups as they are and in several rounds of trimming, less those that cannot be worth improving."""
    enough, proposals = market.policy.worth_improving_bits, []
    for _ in range(market.policy.trim_rounds):
        sketch = sketch_groups(groups, market)
        kept = sketch.is_tied
        left = np.bincount(groups.group[kept], minlength=len(groups))
        # A group that trimming leaves nothing of is hopeless, and one that it leaves as it is, is done.
        hopeful = (left >= MIN_SIZE) & (sketch.surprising_bits > enough)
        proposals.append(take_groups(groups, np.flatnonzero(hopeful)))
        changed = (left >= MIN_SIZE) & (left < groups.size)
        kept &= changed[groups.group]
        groups = distinct_groups(groups.account[kept], np.where(changed, left, 0))
    return join_groups([*proposals, leave_hopeless(groups, market)])


def leave_hopeless(groups: Groups, market: Market) -> Groups:
    """Groups without those that could not be worth improving even if nothing had an innocent explanation."""
    enough = market.policy.worth_improving_bits
    return take_groups(groups, np.flatnonzero(sketch_groups(groups, market).surprising_bits > enough))


def leave_pairs(groups: Groups, market: Market) -> Groups:
    """The groups of which three bring more than naming them costs: two and a stranger are a pair."""
    ties, names = weigh_ties(groups, market)
    n_tied = np.bincount(groups.group[ties >= names], minlength=len(groups))
    return take_groups(groups, np.flatnonzero(n_tied >= MIN_SIZE))


def _search_by_deed(market: Market, seed: int) -> Iterator[Search]:
    """For communities of those who praise, blame or get refunds together, and share nothing that would show more."""
    policy = market.policy
    # One resolution is enough here: without identifiers, the links of one channel are few and alike.
    middle = sorted(policy.resolutions)[len(policy.resolutions) // 2 :][:1]

    def find_by(channel: SharedThings) -> Groups:
        return find_candidates(link_pairs((channel,), (), market.n_accounts, policy), tuple(middle), policy, seed=seed)

    for channel in market.things.values():
        if channel.record.is_searched_alone:
            yield partial(find_by, channel)


def _propose_cycles(market: Market, seed: int) -> Groups:
    """Communities of those who trade in cycles, where they are more than a family and their friends."""
    cycles = find_candidates(market.cycles, market.policy.cycle_resolutions, market.policy, seed=seed)
    return take_groups(cycles, np.flatnonzero(cycles.size > market.policy.household_size))


def propose_around(seeds: Ints, links: Links, market: Market) -> Groups:
    """Each seed with its strongest neighbours, few and more of them; O(links + seeds · neighbours · log)."""
    weights = weigh_links(links, market.n_accounts)
    parts = []
    for seed in np.unique(seeds).tolist():
        begin, end = weights.indptr[seed : seed + 2]
        strongest = weights.indices[begin:end][np.argsort(-weights.data[begin:end], kind="stable")]
        parts += [
            np.unique(np.append(strongest[:count], seed)).astype(np.int64) for count in market.policy.seed_neighbours
        ]
    return gather_groups(parts)


def cut_crossing(groups: Groups) -> Groups:
    """What two groups that cross have in common, and what each has for itself, O(groups of each member)."""
    groups_of: dict[int, list[int]] = {}
    sets = [frozenset(members.tolist()) for members in _list_groups(groups)]
    for number, members in enumerate(sets):
        for row in sorted(members):
            groups_of.setdefault(row, []).append(number)
    crossing = {(a, b) for each in groups_of.values() for place, a in enumerate(each) for b in each[place + 1 :]}
    pieces = [part for a, b in crossing for part in (sets[a] & sets[b], sets[a] - sets[b], sets[b] - sets[a])]
    return gather_groups(np.array(sorted(part), dtype=np.int64) for part in pieces)


def _list_groups(groups: Groups) -> list[Ints]:
    return [groups.members(group) for group in range(len(groups))]


def pick_best(judged: Assessment, *, worth: Floats | None = None, floor: float = 0.0) -> Ints:
    """Groups that are worth more than the floor, none mostly made of a better one's members.

    Most bits for the root of their size come first, so that neither the merged nor the padded win.

    What falls apart into groups that say more each for itself is no group.

    Parameters
    ----------
    judged
        The groups.
    worth
        Bits of each (G,); net bits if not given.
    floor
        Bits that are not enough.
    """
    worth = judged.net_bits if worth is None else worth
    # Of equals the one found first, so that the same market gives the same list.
    order = np.lexsort((judged.groups.start[:-1], -worth / np.sqrt(judged.groups.size)))
    apart, most = find_falling_apart(judged), judged.market.policy.most_overlap
    taken: dict[int, int] = {}
    sizes: dict[int, int] = {}
    picked = []
    for group in order[(worth > floor)[order] & ~apart[order]].tolist():
        members = judged.groups.members(group).tolist()
        claims = Counter(taken[row] for row in members if row in taken)
        overlap = max((n / min(len(members), sizes[rival]) for rival, n in claims.items()), default=0.0)
        if overlap > most or claims.total() > most * len(members):
            continue
        picked.append(group)
        sizes[group] = len(members)
        for row in members:
            taken.setdefault(row, group)
    return np.array(picked, dtype=np.int64)


def find_falling_apart(judged: Assessment) -> NDArray[np.bool_]:
    """Groups of which disjoint parts show more, each for itself, than the group does (G,).

    One list of all names is shorter than a list for each part, which says nothing about what joins
    the parts: the whole has to make up for that.  O(groups · size · groups of a member).
    """
    groups, size = judged.groups, judged.groups.size
    listing = charge_search(np.arange(int(size.max(initial=0)) + 1), judged.market.n_accounts)
    policy, apart = judged.market.policy, np.zeros(len(groups), dtype=bool)
    groups_of: dict[int, list[int]] = {}
    # Parts have to stand whoever acted, or pieces of one campaign would, each for itself.
    net_bits = judged.idle_net_bits
    standing, bits_of, least = np.flatnonzero(net_bits > 0), net_bits.tolist(), (policy.part_share * size).tolist()
    # Small ones first: when a whole is looked at, the parts that hold together are known.
    for whole in standing[np.argsort(size[standing], kind="stable")].tolist():
        members = groups.members(whole).tolist()
        inside = Counter(chain.from_iterable(groups_of[row] for row in members if row in groups_of))
        fit = [group for group, n in inside.items() if n >= least[group]]
        parts = _choose_disjoint(judged, sorted(fit, key=lambda group: (-bits_of[group], group)))
        if len(parts):
            rest = max(size[whole] - size[parts].sum(), 0)
            shorter = listing[size[parts]].sum() + listing[rest] - listing[size[whole]]
            is_more = net_bits[whole] >= net_bits[parts].sum() + shorter
            # What one phone joins is one farm, though its parts were made on different days.
            is_all = rest <= (1.0 - policy.part_share) * size[whole]
            is_one = is_more or (is_all and _count_joined(judged, whole, parts) >= policy.joined_share * size[whole])
            apart[whole] = not is_one
        for row in members if not apart[whole] else ():
            groups_of.setdefault(row, []).append(whole)
    return apart


def _count_joined(judged: Assessment, whole: int, chosen: Ints) -> int:
    """How many members have part in a thing that bears no date with members of another part."""
    groups, start = judged.groups, judged.groups.start[whole]
    part_of = np.full(groups.size[whole], -1)
    for number, part in enumerate(chosen.tolist()):
        part_of[are_among(groups.members(whole), groups.members(part))] = number
    is_joined = np.zeros(len(part_of), dtype=bool)
    for channel in judged.market.timeless:
        within = judged.within[channel.name]
        rows = slice(*np.searchsorted(within.group, [whole, whole + 1]).tolist())
        if rows.start == rows.stop:
            continue
        begin, membership = within.list_sharers(rows)
        parts = part_of[membership - start]
        crosses = np.minimum.reduceat(parts, begin[:-1]) != np.maximum.reduceat(parts, begin[:-1])
        shows = crosses & (within.bits[rows] > 0)
        is_joined[membership[np.repeat(shows, np.diff(begin))] - start] = True
    return int(is_joined.sum())


def _choose_disjoint(judged: Assessment, ranked: list[int]) -> Ints:
    """The groups that have no member in common with one before."""
    seen: set[int] = set()
    chosen = []
    for group in ranked:
        members = judged.groups.members(group).tolist()
        if seen.isdisjoint(members):
            seen.update(members)
            chosen.append(group)
    return np.array(chosen, dtype=np.int64)
