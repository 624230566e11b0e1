"""Links and candidates: rare sharing weighs much, crowds are never squared, communities are Leiden's."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_twins import PAIRS, USES, find_record, make_channel, make_trades, share_surprise, surprise

from detection.candidates.communities import find_candidates
from detection.candidates.links import Links, link_dealings, link_pairs, link_shared
from detection.channels.catalogue import MESSAGE, REFERRED
from detection.channels.incidence import SharedThings
from detection.groups import gather_groups
from detection.likelihood import score_share, score_surprise
from detection.policy import DEFAULT_POLICY


def test_surprise_of_a_share_agrees_with_the_relative_entropy_and_tends_to_that_of_a_count() -> None:
    observed, trials, chance = np.array([3.0, 2.0, 7.0, 1.0]), np.array([3, 9, 7, 4]), np.array([0.01, 0.2, 0.9, 0.5])
    slow = [share_surprise(*case) for case in zip(observed, trials, chance, strict=True)]
    assert score_share(observed, trials, chance) == pytest.approx(slow)
    many = score_share(np.array([5.0]), np.array([10_000_000]), np.array([1e-7]))
    assert many == pytest.approx(score_surprise(np.array([5.0]), np.array([1.0])), rel=1e-4)


@given(st.integers(1, 30), st.floats(1e-9, 1.0))
def test_more_successes_never_surprise_less(trials: int, chance: float) -> None:
    observed = np.arange(trials + 1.0)
    bits = score_share(observed, np.full(trials + 1, trials), np.full(trials + 1, chance))
    assert (np.diff(bits) >= -1e-9).all()
    assert (bits >= 0).all()


def test_surprise_is_the_log_likelihood_ratio_worked_by_hand() -> None:
    # 8 where 2 are expected: 8·log2(4) - 6/ln 2 = 16 - 8.656; 1 where 1/1024 is: 10 - 1.441.
    assert score_surprise(np.array([8.0, 1.0]), np.array([2.0, 1 / 1024])) == pytest.approx([7.3438, 8.5587], abs=1e-4)


@given(st.floats(0, 1e6), st.floats(1e-9, 1e6))
def test_surprise_is_its_formula_and_never_negative(observed: float, expected: float) -> None:
    bits = float(score_surprise(np.array([observed]), np.array([expected]))[0])
    assert bits == pytest.approx(max(surprise(observed, expected), 0.0), rel=1e-9, abs=1e-6)
    assert bits >= -1e-6


@settings(max_examples=40, deadline=None)
@given(USES)
def test_links_of_shared_things_agree_with_a_loop_over_pairs(uses: set[tuple[int, int]]) -> None:
    channel = make_channel(uses)
    degree, popularity = Counter(a for a, _ in uses), Counter(t for _, t in uses)
    slow: defaultdict[tuple[int, int], float] = defaultdict(float)
    for thing in popularity:
        for a, b in combinations(sorted(account for account, used in uses if used == thing), 2):
            expected = (degree[a] + degree[b]) / 2 * (popularity[thing] - 1) / (len(uses) + DEFAULT_POLICY.prior_uses)
            slow[a, b] += surprise(1.0, expected)
    links = link_pairs((channel,), (), 10, DEFAULT_POLICY)
    found = dict(zip(zip(links.a.tolist(), links.b.tolist(), strict=True), links.bits, strict=True))
    assert found == pytest.approx({pair: bits for pair, bits in slow.items() if bits > 0})


@settings(max_examples=40, deadline=None)
@given(PAIRS)
def test_links_of_dealings_agree_with_a_loop_over_pairs(pairs: list[tuple[int, int]]) -> None:
    source, target = np.array(pairs).T
    distinct = {(min(p), max(p)) for p in pairs}
    partners = Counter(end for pair in distinct for end in pair)
    slow = {(a, b): surprise(1.0, partners[a] * partners[b] / (2 * len(distinct))) for a, b in distinct}
    links = link_dealings(make_trades(source, target), 8)
    found = dict(zip(zip(links.a.tolist(), links.b.tolist(), strict=True), links.bits, strict=True))
    assert found == pytest.approx({pair: bits for pair, bits in slow.items() if bits > 0})


def test_a_crowd_is_linked_in_proportion_to_its_size_not_to_its_square() -> None:
    n = 20 * DEFAULT_POLICY.largest_crowd
    account = np.arange(n)
    at = np.full(n, np.datetime64("2024-01-01", "us"))
    one = np.zeros(1, dtype=np.int64)
    crowd = SharedThings(find_record("address"), account, np.zeros(n, dtype=np.int64), at, at, one, one, one)
    assert len(link_shared(crowd, 100 * n, DEFAULT_POLICY).a) <= 2 * n


def test_a_rarer_thing_links_more_strongly() -> None:
    uses = {(0, 0), (1, 0), (2, 1), (3, 1), (4, 1), *((account, account + 10) for account in range(5, 10))}
    links = link_shared(make_channel(uses), 10, DEFAULT_POLICY)
    bits = dict(zip(zip(links.a.tolist(), links.b.tolist(), strict=True), links.bits, strict=True))
    assert bits[0, 1] > bits[2, 3] > 0


def test_who_alone_in_a_market_send_one_text_are_linked_firmly_for_others_send_texts_of_their_own() -> None:
    sent = replace(make_channel({(account, 0) for account in range(8)}), unshared=800)
    told, spam = (
        link_shared(replace(sent, record=find_record(name)), 10, DEFAULT_POLICY) for name in (REFERRED, MESSAGE)
    )
    assert told.bits.max() < 0.1
    assert (len(spam.a), spam.bits.min()) == (28, pytest.approx(surprise(1.0, 7 / 808)))


def make_ring_of_cliques(n_cliques: int, size: int) -> Links:
    pairs = [(size * c + i, size * c + j) for c in range(n_cliques) for i, j in combinations(range(size), 2)]
    pairs += [(size * c, size * ((c + 1) % n_cliques) + 1) for c in range(n_cliques)]
    ends = np.sort(np.array(pairs), axis=1)
    return Links(ends[:, 0], ends[:, 1], np.ones(len(ends)))


@pytest.mark.parametrize(("resolution", "size"), [(0.05, 5), (0.9, 5), (0.03, 10)])
def test_a_ring_of_cliques_splits_where_the_constant_potts_model_says(resolution: float, size: int) -> None:
    # Traag, Van Dooren & Nesterov (Physical Review E 84, 2011): two cliques of s, joined by one link, merge
    # where the resolution is below 1/s², however many cliques there are.
    groups = find_candidates(make_ring_of_cliques(12, 5), (resolution,), DEFAULT_POLICY, seed=0)
    assert groups.size.max() == size
    assert (resolution < 1 / 5**2) == (size == 10)


def test_the_same_seed_gives_the_same_candidates_whatever_was_drawn_before() -> None:
    rng = np.random.default_rng(0)
    ends = np.unique(np.sort(rng.integers(0, 200, (900, 2)), axis=1), axis=0)
    ends = ends[ends[:, 0] < ends[:, 1]]
    links = Links(ends[:, 0], ends[:, 1], rng.uniform(1, 9, len(ends)))
    found = [find_candidates(links, (0.3, 1.0), DEFAULT_POLICY, seed=5) for _ in range(2)]
    assert found[0].account.tobytes() == found[1].account.tobytes()
    assert found[0].start.tobytes() == found[1].start.tobytes()


def test_groups_are_distinct_sorted_and_never_of_two() -> None:
    parts = [np.array([4, 7, 9]), np.array([1, 2, 3]), np.array([4, 7, 9]), np.array([5]), np.array([5, 6])]
    groups = gather_groups(parts)
    assert [groups.members(group).tolist() for group in range(len(groups))] == [[1, 2, 3], [4, 7, 9]]
    assert len(gather_groups([])) == 0


@given(st.lists(st.sets(st.integers(0, 6), max_size=5), max_size=12))
def test_distinct_groups_are_what_a_set_of_tuples_holds(sets: list[set[int]]) -> None:
    groups = gather_groups(np.array(sorted(group), dtype=np.int64) for group in sets)
    found = [tuple(groups.members(group).tolist()) for group in range(len(groups))]
    assert len(found) == len(set(found))
    assert set(found) == {tuple(sorted(group)) for group in sets if len(group) > 2}


def test_no_links_give_no_candidates() -> None:
    assert len(find_candidates(link_pairs((), (), 5, DEFAULT_POLICY), (1.0,), DEFAULT_POLICY, seed=0)) == 0
