"""The parts that evidence is measured of, on groups so small that the figures follow from the text by hand."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import numpy as np
import pytest
from slow_twins import find_record, make_trades, share_surprise, surprise

from detection.channels.catalogue import BLAME, PRAISE, REFUND
from detection.channels.conduct import Conduct
from detection.channels.incidence import SharedThings
from detection.evidence import measure
from detection.evidence.measure import (
    SharedWithin,
    find_shared_within,
    keep_strongest_channel_per_seller,
    measure_dealings,
    sum_conduct,
    sum_shared,
    tie_members,
)
from detection.groups import Groups

PAIR = Groups(np.array([0, 1, 2, 1, 2, 3]), np.array([0, 3, 6]))
"""Two groups of three that have two accounts in common."""


@pytest.fixture(autouse=True, scope="module", params=["in arrays", "in compiled loops"])
def way(request: pytest.FixtureRequest) -> Iterator[str]:
    few = 0 if request.param == "in compiled loops" else 10**9
    with patch.multiple(measure, MANY_ROWS=few, FEW_MEMBERSHIPS=few):
        yield request.param


def share(rows: list[tuple[int, int, float]]) -> SharedWithin:
    """Of each row the group, the thing and the bits; two members of three others take part in it."""
    group, thing, bits = (np.array(column) for column in zip(*rows, strict=True))
    two = np.full(len(rows), 2)
    part = np.arange(2 * len(rows))
    return SharedWithin(group, thing, two, np.full(len(rows), 0.25), bits.astype(float), two + 1, part, part // 2)


def test_sharers_are_found_row_by_row_whatever_their_order() -> None:
    rows = share([(0, 0, 1.0), (0, 1, 1.0), (1, 0, 1.0)])
    mixed = SharedWithin(
        rows.group,
        rows.thing,
        rows.members,
        rows.expected,
        rows.bits,
        rows.trials,
        np.array([5, 4, 0, 2, 1, 3]),
        np.array([2, 2, 0, 1, 0, 1]),
    )
    assert [mixed.find_sharers(row).tolist() for row in range(3)] == [[0, 1], [2, 3], [4, 5]]
    kept = mixed.keep(np.array([True, False, True]))
    assert [kept.find_sharers(row).tolist() for row in range(2)] == [[0, 1], [4, 5]]
    assert (kept.group.tolist(), kept.thing.tolist()) == ([0, 1], [0, 0])


@pytest.mark.parametrize(("trials", "beyond", "bits"), [(1, 1.0, 2.0), (4, 4.0, 16.0), (4, 0.0, 0.0)])
def test_what_is_expected_is_shared_out_among_the_trials(trials: int, beyond: float, bits: float) -> None:
    # A sixteenth, or a quarter, of each: as many bits for each that coincides.
    one = np.array([0])
    rows = SharedWithin(one, one, one + 2, np.array([0.25]), one.astype(float), one + trials, one, one)
    assert rows.score(np.array([beyond])) == pytest.approx([bits])


# ── one seller, several channels ──────────────────────────────────────────────────────────────────


def test_of_several_channels_at_one_seller_the_strongest_counts_and_of_equals_the_first() -> None:
    within = {
        PRAISE: share([(0, 0, 5.0), (0, 1, 1.0), (1, 0, 2.0), (1, 1, 3.0)]),
        BLAME: share([(0, 0, 4.0), (1, 0, 3.0), (1, 1, 3.0)]),
        REFUND: share([(0, 0, 9.0)]),
        "device": share([(0, 0, 0.5)]),
    }
    # Things of praise concern the sellers 7 and 8, those of blame 7 and 8, of refunds somebody else.
    concerned = {PRAISE: np.array([7, 8]), BLAME: np.array([7, 8]), REFUND: np.array([-1])}
    kept = keep_strongest_channel_per_seller(within, concerned)
    found = {name: list(zip(rows.group.tolist(), rows.thing.tolist(), strict=True)) for name, rows in kept.items()}
    assert found == {PRAISE: [(0, 0), (0, 1), (1, 1)], BLAME: [(1, 0)], REFUND: [(0, 0)], "device": [(0, 0)]}


def test_bits_of_several_things_of_one_seller_are_added_up_before_channels_are_compared() -> None:
    within = {PRAISE: share([(0, 0, 3.0), (0, 1, 3.0)]), BLAME: share([(0, 0, 5.0)])}
    kept = keep_strongest_channel_per_seller(within, {PRAISE: np.array([7, 7]), BLAME: np.array([7])})
    assert (kept[PRAISE].thing.tolist(), kept[BLAME].thing.tolist()) == ([0, 1], [])


def test_one_group_s_sellers_are_not_another_s() -> None:
    n_groups = 9
    praise = [(group, 0, 1.0) for group in range(n_groups)]
    blame = [(group, 1, 5.0) for group in range(n_groups)]
    within = {PRAISE: share(praise), BLAME: share(blame)}
    sellers = np.array([0, 1])
    kept = keep_strongest_channel_per_seller(within, {PRAISE: sellers, BLAME: sellers})
    assert (len(kept[PRAISE].group), len(kept[BLAME].group)) == (n_groups, n_groups)


def test_where_no_channel_concerns_a_seller_everything_stays() -> None:
    within = {"device": share([(0, 0, 1.0)])}
    assert keep_strongest_channel_per_seller(within, {}) == within
    assert keep_strongest_channel_per_seller(within, {PRAISE: np.array([0])}) == within


# ── strata ────────────────────────────────────────────────────────────────────────────────────────


def test_chance_deals_out_what_was_done_in_a_window_among_what_was_done_in_it() -> None:
    """Three members use one thing of each of two strata, of which the second has many more uses by others."""
    never = np.empty(0, dtype="datetime64[us]")
    account, thing = np.array([0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6]), np.array([0, 0, 0, 1, 2, 2, 2, 3, 3, 3, 3])
    channel = SharedThings(
        find_record("device"),
        account,
        thing,
        never,
        never,
        np.arange(4),
        np.zeros(4, dtype=int),
        np.array([0, 0, 1, 1]),
    )
    groups = Groups(np.array([0, 1, 2]), np.array([0, 3]))
    within = find_shared_within(groups, channel)
    assert within.thing.tolist() == [0, 2]
    # Of the members' three uses in the stratum two may coincide with the first; each meets two others of all uses.
    assert within.expected == pytest.approx([3 * 2 / 3 * 2 / 4, 3 * 2 / 3 * 2 / 7])
    shown = sum_shared(channel, within, 1)
    assert shown.channel == "device"
    assert shown.bits == pytest.approx(within.bits.sum())
    assert shown.bits == pytest.approx([share_surprise(2, 2, 2 / 4) + share_surprise(2, 2, 2 / 7)])
    assert (shown.observed.tolist(), shown.expected.tolist()) == ([4.0], [pytest.approx(within.expected.sum())])


# ── ties ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_tie_by_things_is_what_the_group_would_show_less_without_one() -> None:
    one = np.array([0])
    rows = SharedWithin(
        one,
        one,
        one + 4,
        np.array([0.5]),
        np.array([share_surprise(3, 5, 0.1)]),
        one + 5,
        np.arange(4),
        np.zeros(4, int),
    )
    groups = Groups(np.arange(5), np.array([0, 5]))
    ties = tie_members(groups, {"device": rows}, {}, 5, counts={})
    assert ties == pytest.approx([share_surprise(3, 5, 0.1) - share_surprise(2, 5, 0.1)] * 4 + [0.0])


def test_ties_by_dealings_are_among_those_that_count_alone() -> None:
    others = np.arange(10, 40)  # fifteen pairs elsewhere, so that chance expects little here
    trades = make_trades(np.append([0, 0, 1, 2, 3], others[::2]), np.append([1, 2, 2, 3, 0], others[1::2]))
    groups = Groups(np.array([0, 1, 2, 3]), np.array([0, 4]))
    counts = np.array([True, True, True, False])
    shown = measure_dealings(groups, trades, 40, counts=counts)
    assert shown.channel == "trade"
    # The fourth member does not count: what the others deal with it is neither found nor expected.
    expected = (2 + 2 + 2) ** 2 / (2 * 2 * 20)
    assert (shown.observed.tolist(), shown.expected.tolist()) == ([3.0], [expected])
    ties = tie_members(groups, {}, {"trade": trades}, 40, counts={"trade": counts})
    assert ties == pytest.approx([surprise(3, expected) - surprise(1, expected)] * 3 + [0.0])
    everybody = tie_members(groups, {}, {"trade": trades}, 40, counts={"payment": counts})
    whole = (3 + 2 + 3 + 2) ** 2 / (2 * 2 * 20)
    lost = [surprise(5, whole) - surprise(5 - own, whole) for own in (3, 2, 3, 2)]
    assert everybody == pytest.approx(lost)


def test_a_market_without_dealings_shows_none() -> None:
    nothing = make_trades(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    shown = measure_dealings(PAIR, nothing, 4)
    assert (shown.bits.tolist(), shown.observed.tolist(), shown.expected.tolist()) == ([0, 0], [0, 0], [0, 0])


# ── conduct ───────────────────────────────────────────────────────────────────────────────────────


def test_conduct_adds_up_over_the_members_and_is_set_against_what_is_usual() -> None:
    times, occasions = np.array([1, 2, 0, 0, 1]), np.array([2, 2, 3, 4, 5])
    bits = np.array([3.0, 0.5, -1.0, -0.75, 0.0])
    shown = sum_conduct(PAIR, Conduct("habit", times, occasions, bits, np.zeros(5)))
    assert shown.channel == "habit"
    assert shown.bits.tolist() == [2.5, 0.0]
    assert shown.observed.tolist() == [3.0, 2.0]
    assert shown.expected == pytest.approx(np.array([7, 9]) * 4 / 16)


def test_one_occasion_in_a_whole_market_is_all_that_is_usual() -> None:
    once = Conduct("habit", np.array([1, 0, 0, 0]), np.array([1, 0, 0, 0]), np.zeros(4), np.zeros(4))
    assert sum_conduct(PAIR, once).expected.tolist() == [1.0, 0.0]
    never = Conduct("habit", *np.zeros((4, 4), dtype=int))
    assert sum_conduct(PAIR, never).expected.tolist() == [0.0, 0.0]
