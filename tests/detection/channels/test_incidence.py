"""Accounts and the things they share, as arrays of so few uses that each count can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hand_made import use
from slow_twins import find_record, make_trades

from detection.channels.incidence import (
    ANYTHING,
    NO_TARGET,
    Dealings,
    SharedThings,
    gather_things,
    join_parts,
    stack_grains,
)
from graph.model import Times

NOBODY = np.empty(0, dtype=np.int64)
DEVICE = find_record("device")


def read_days(days: Sequence[float | None]) -> Times:
    """Days of 1970."""
    return np.array(["NaT" if day is None else int(day * 86_400_000_000) for day in days], dtype="datetime64[us]")


def count_days(at: Times) -> list[float | None]:
    return [None if np.isnat(each) else each.astype(np.int64) / 86_400_000_000 for each in at]


def lend(*uses: tuple[int, int, float | None, float | None], things: int = 0) -> SharedThings:
    """Accounts use things from a day to a day; None where nobody knows."""
    account, thing, first, last = zip(*uses, strict=True)
    n = max(things, max(thing) + 1)
    plain = np.zeros(n, dtype=np.int64)
    ends = read_days(first), read_days(last)
    return SharedThings(DEVICE, np.array(account), np.array(thing), *ends, np.arange(n), plain, plain)


def nobody_uses() -> SharedThings:
    never = read_days([])
    return SharedThings(DEVICE, NOBODY, NOBODY, never, never, NOBODY, NOBODY, NOBODY)


def test_nothing_and_anything_are_no_account_that_a_market_could_have() -> None:
    assert NO_TARGET == -(2**63)
    assert ANYTHING == NO_TARGET + 1


# ── counts ────────────────────────────────────────────────────────────────────────────────────────


def test_a_channel_knows_its_things_and_who_uses_them() -> None:
    channel = lend((3, 0, 1, 2), (1, 0, 1, 2), (1, 2, 1, 2), things=4)
    assert (channel.name, channel.is_silent, channel.n_things) == ("device", False, 4)
    assert channel.popularity.tolist() == [2, 0, 1, 0]
    assert channel.by_account.count.tolist() == [0, 2, 0, 1]
    assert channel.n_grains == 1
    graded = replace(channel, grain=np.array([0, 2, 1, 0]), stratum=np.array([1, 0, 3, 0]))
    assert (graded.n_grains, graded.stratum_uses.tolist()) == (3, [0, 2, 0, 1])


def test_what_nobody_uses_is_silent() -> None:
    channel = nobody_uses()
    assert (channel.is_silent, channel.n_things, channel.n_grains) == (True, 0, 1)
    assert channel.popularity.tolist() == channel.overlaps.tolist() == channel.began_at.tolist() == []
    assert channel.find_owners(2, 8).tolist() == [False, False]


def test_a_crowd_is_all_who_ever_shared_the_subject_whatever_part_of_time_they_did_in() -> None:
    # The first and the last thing are one subject at two times, of three accounts in all.
    channel = replace(
        lend((3, 0, 1, 2), (1, 0, 1, 2), (1, 2, 1, 2), (4, 2, 1, 2), (4, 1, 1, 2)), subject=np.array([7, 2, 7])
    )
    assert channel.crowd.tolist() == [3, 1, 3]


def test_an_owner_has_a_thing_that_no_more_than_a_household_uses() -> None:
    channel = lend((0, 0, 1, 2), (1, 0, 1, 2), (2, 0, 1, 2), (2, 1, 1, 2), (3, 1, 1, 2), (3, 0, 1, 2))
    assert channel.find_owners(6, 2).tolist() == [False, False, True, True, False, False]
    assert channel.find_owners(6, 4).tolist() == [True, True, True, True, False, False]
    assert channel.find_owners(6, 1).tolist() == [False] * 6


# ── time ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("uses", "overlap"),
    [
        ([(0, 0, 1.0, 5.0), (1, 0, 6.0, 9.0)], False),
        ([(0, 0, 6.0, 9.0), (1, 0, 1.0, 5.0)], False),
        ([(0, 0, 1.0, 5.0), (1, 0, 5.0, 9.0)], True),
        ([(0, 0, 1.0, 5.0), (1, 0, 2.0, 3.0)], True),
        ([(0, 0, 1.0, 5.0)], False),
        ([(0, 0, 1.0, 5.0), (1, 0, None, None)], True),  # nobody knows that they did not
        ([(0, 0, 3.0, 3.0), (1, 0, 4.0, 6.0)], True),  # seen once: until when is not known
        ([(0, 0, 1.0, 2.0), (1, 0, 3.0, 3.0)], False),
        ([(0, 0, 1.0, None), (1, 0, 5.0, 6.0)], True),
        ([(0, 0, 1.0, 2.0), (1, 0, 3.0, 4.0), (2, 0, 4.0, 5.0)], True),
    ],
)
def test_a_thing_overlaps_where_two_used_it_at_one_time_or_may_have(
    uses: list[tuple[int, int, float | None, float | None]], overlap: bool
) -> None:
    assert lend(*uses).overlaps.tolist() == [overlap]
    # Beside it is a thing that went from hand to hand, on the same days.
    apart = [(8, 1, 1.0, 2.0), (9, 1, 3.0, 9.0)]
    assert lend(*uses, *apart).overlaps.tolist() == [overlap, False]


def test_a_thing_began_when_it_was_first_seen() -> None:
    channel = lend((0, 1, 5.0, 6.0), (1, 1, 3.0, 9.0), (2, 0, None, None), (3, 3, None, 1.0), (0, 3, 7.0, 8.0))
    assert count_days(channel.began_at) == [None, 3.0, None, 7.0]
    assert channel.began_at.dtype == "datetime64[us]"


# ── dealings ──────────────────────────────────────────────────────────────────────────────────────


def test_a_pair_deals_once_whichever_way_and_however_often() -> None:
    pairs = make_trades(np.array([5, 2, 2, 5, 0, 3]), np.array([2, 5, 5, 3, 5, 5])).pairs
    assert list(zip(pairs.low.tolist(), pairs.high.tolist(), strict=True)) == [(0, 5), (2, 5), (3, 5)]


def test_who_deals_with_whom_is_symmetric_and_as_large_as_the_market() -> None:
    partners = make_trades(np.array([2, 2, 0]), np.array([0, 0, 1])).join_partners(5)
    assert partners.toarray().tolist() == [
        [0, 1, 1, 0, 0],
        [1, 0, 0, 0, 0],
        [1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]
    assert (partners.nnz, partners.sum(axis=1).tolist()) == (4, [2, 1, 1, 0, 0])
    assert make_trades(np.array([2]), np.array([0])).join_partners(3).nnz == 2


def test_where_nobody_deals_there_are_no_pairs() -> None:
    silent = Dealings(find_record("trade"), NOBODY, NOBODY)
    assert (silent.name, silent.is_silent, len(silent.pairs.low)) == ("trade", True, 0)
    assert silent.join_partners(2).toarray().tolist() == [[0, 0], [0, 0]]
    assert not make_trades(np.array([2]), np.array([0])).is_silent


# ── parts ─────────────────────────────────────────────────────────────────────────────────────────


def test_parts_keep_their_things_and_strata_apart() -> None:
    one = replace(lend((0, 0, 1, 2), (1, 1, 3, 4)), stratum=np.array([1, 0]), subject=np.array([7, 8]))
    other = replace(lend((2, 0, 5, 6)), subject=np.array([9]), grain=np.array([4]))
    joined = join_parts([one, other, one])
    assert joined.record is DEVICE
    assert (joined.account.tolist(), joined.thing.tolist()) == ([0, 1, 2, 0, 1], [0, 1, 2, 3, 4])
    assert (joined.subject.tolist(), joined.grain.tolist()) == ([7, 8, 9, 7, 8], [0, 0, 4, 0, 0])
    assert joined.stratum.tolist() == [1, 0, 2, 4, 3]
    assert count_days(joined.first_at) == [1.0, 3.0, 5.0, 1.0, 3.0]
    assert count_days(joined.last_at) == [2.0, 4.0, 6.0, 2.0, 4.0]


def test_uses_that_are_left_out_compete_with_those_of_the_first_stratum() -> None:
    channel = replace(lend((0, 0, 1, 2), (1, 0, 1, 2), (1, 1, 3, 4)), stratum=np.array([0, 1]), unshared=5)
    assert channel.stratum_uses.tolist() == [2 + 5, 1]
    assert join_parts([channel, lend((0, 0, 1, 2))]).stratum_uses.tolist() == [2 + 5, 1, 1]
    assert replace(nobody_uses(), unshared=5).stratum_uses.tolist() == []


def test_a_part_alone_is_the_whole() -> None:
    one = lend((0, 0, 1, 2), (1, 1, 3, 4))
    joined = join_parts([one])
    assert (joined.record, joined.thing.tolist(), joined.account.tolist()) == (DEVICE, [0, 1], [0, 1])


def test_a_part_in_which_nobody_does_anything_takes_no_place() -> None:
    one = lend((0, 0, 1, 2))
    joined = join_parts([nobody_uses(), one, nobody_uses(), one])
    assert (joined.thing.tolist(), joined.stratum.tolist()) == ([0, 1], [0, 1])


def test_grains_are_numbered_from_the_first() -> None:
    stacked = stack_grains([lend((0, 0, 1, 2), (1, 1, 3, 4)), lend((2, 0, 5, 6))])
    assert (stacked.grain.tolist(), stacked.thing.tolist(), stacked.n_grains) == ([0, 0, 1], [0, 1, 2], 2)


# ── gathering ─────────────────────────────────────────────────────────────────────────────────────


def test_an_account_uses_a_thing_once_from_the_first_time_to_the_last() -> None:
    account, code = np.array([4, 1, 4, 4, 1, 2]), np.array([90, 20, 90, 20, 20, 90])
    at = read_days([5, 3, 2, 9, None, None])
    channel = gather_things(DEVICE, account, code, at, code + 1)
    rows = zip(channel.account, channel.thing, count_days(channel.first_at), count_days(channel.last_at), strict=True)
    assert [tuple(row) for row in rows] == [(1, 0, 3.0, 3.0), (4, 0, 9.0, 9.0), (2, 1, None, None), (4, 1, 2.0, 5.0)]
    assert channel.subject.tolist() == [21, 91]
    assert (channel.grain.tolist(), channel.stratum.tolist(), channel.record) == ([0, 0], [0, 0], DEVICE)
    assert channel.grain.dtype == channel.stratum.dtype == np.int64


def test_an_account_that_comes_last_uses_a_thing_once_whatever_the_first_does_with_the_next() -> None:
    channel = gather_things(
        DEVICE, np.array([4, 1, 4]), np.array([20, 90, 20]), read_days([1, 2, 3]), np.array([7, 8, 7])
    )
    assert list(zip(channel.account.tolist(), channel.thing.tolist(), strict=True)) == [(4, 0), (1, 1)]
    assert (count_days(channel.first_at), count_days(channel.last_at)) == ([1.0, 2.0], [3.0, 2.0])


def test_nothing_is_gathered_of_nothing() -> None:
    channel = gather_things(DEVICE, NOBODY, NOBODY, read_days([]), NOBODY)
    assert (channel.is_silent, channel.n_things) == (True, 0)
    assert use("device", [(0, 0)]).by_account.count.tolist() == [1]


def test_who_has_no_use_has_the_last_row_which_is_empty() -> None:
    channel = lend((0, 0, 1, 2), (2, 0, 1, 2), (2, 1, 1, 2))
    assert channel.find_row(np.array([0, 1, 2, 7])).tolist() == [0, 1, 2, 3]
    assert channel.common.tolist() == [0]
    assert channel.common_uses.toarray().tolist() == [[1], [0], [1], [0]]
    assert channel.uses_by_stratum.toarray().tolist() == [[1], [0], [2], [0]]


@pytest.mark.parametrize("accounts", [[], [2], [0, 2, 5], [1, 2, 3, 99]])
def test_what_is_dealt_among_some_accounts_is_what_both_ends_are_among(accounts: list[int]) -> None:
    rng = np.random.default_rng(3)
    trades, some = make_trades(rng.integers(0, 6, 40), rng.integers(0, 6, 40)), np.array(accounts, dtype=np.int64)
    expected = np.flatnonzero(np.isin(trades.source, some) & np.isin(trades.target, some))
    assert trades.list_among(some).tolist() == expected.tolist()
    pairs = trades.pairs
    expected = np.flatnonzero(np.isin(pairs.low, some) & np.isin(pairs.high, some))
    assert pairs.list_among(some).tolist() == expected.tolist()


def test_nobody_deals_among_anybody_where_nobody_deals() -> None:
    silent = make_trades(NOBODY, NOBODY)
    assert silent.list_among(np.array([0, 1])).tolist() == silent.pairs.list_among(np.array([0, 1])).tolist() == []
