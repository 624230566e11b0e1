"""Buildings that are one, without chains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import combinations

import numpy as np

from graph.components import find_components
from graph.identity.address_matching.comparison import DIFFERENT, SAME, UNSURE, BuildingRecord, compare_buildings
from graph.model import Ints


def join_without_chains(verdict: dict[tuple[int, int], int], n: int, record: Callable[[int], BuildingRecord]) -> Ints:
    """Clusters of the pairs that are the same, without buildings that fit two which differ.

    Parameters
    ----------
    verdict
        What was found of the pairs worth comparing; gets those that turn out to be worth it later.
    n
        How many buildings there are.
    record
        Reads a building.

    Returns
    -------
    (n,) int
        The cluster of each building.
    """
    near: dict[int, list[int]] = defaultdict(list)
    for (a, b), answer in verdict.items():
        if answer == SAME:
            near[a].append(b)
            near[b].append(a)

    def answer_of(a: int, b: int) -> int:
        pair = (a, b) if a < b else (b, a)
        if pair not in verdict:
            verdict[pair] = compare_buildings(record(pair[0]), record(pair[1]))
        return verdict[pair]

    # A spelling of which all those are misspelt that it fits is no chain, however they differ.
    for pair in [pair for x, others in near.items() for pair in _find_slips_of(x, others, answer_of, record)]:
        verdict[pair] = UNSURE
    # Who fits two that differ would make a chain of them: it is joined to neither.
    torn = {x for x, others in near.items() if any(answer_of(a, b) == DIFFERENT for a, b in combinations(others, 2))}
    # Chains of more than two links may be left: those clusters are looked at once more.
    cluster = _label({x: [y for y in others if y not in torn] for x, others in near.items() if x not in torn}, n)
    return _break_chains(cluster, near, answer_of)


def _find_slips_of(
    x: int, others: list[int], answer_of: Callable[[int, int], int], record: Callable[[int], BuildingRecord]
) -> list[tuple[int, int]]:
    """Pairs of buildings that differ and may both be misspelt for one that they fit; none if any other pair differs."""
    pairs, middle = [], record(x)
    for a, b in combinations(sorted(others), 2):
        if answer_of(a, b) != DIFFERENT:
            continue
        # The right spelling is hardly the rarest of three.
        is_rarest = min(record(a).n_forms, record(b).n_forms) > middle.n_forms
        if is_rarest or compare_buildings(record(a), record(b), middle) == DIFFERENT:
            return []
        pairs.append((a, b))
    return pairs


def _label(near: dict[int, list[int]], n: int) -> Ints:
    return find_components(np.array([(a, b) for a, others in near.items() for b in others]), n)


def _break_chains(cluster: Ints, near: dict[int, list[int]], answer_of: Callable[[int, int], int]) -> Ints:
    """Take a cluster apart that holds two buildings which differ: only who fits all of its neighbours stays."""
    members: dict[int, list[int]] = defaultdict(list)
    for x in near:
        members[int(cluster[x])].append(x)
    fresh = int(cluster.max(initial=0)) + 1
    for each in members.values():
        if len(each) > 2 and any(answer_of(a, b) == DIFFERENT for a, b in combinations(each, 2)):
            for x in each:
                cluster[x] = fresh
                fresh += 1
    return cluster
