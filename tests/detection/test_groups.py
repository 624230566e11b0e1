"""Groups as arrays: joined with facts, told apart, put in one order whatever the order they come in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.groups import (
    MIN_SIZE,
    Groups,
    distinct_groups,
    find_distinct,
    gather_groups,
    index_by_account,
    join_groups,
    number_groups,
    split_groups,
    spread_bits,
    take_groups,
)

NOBODY = np.empty(0, dtype=np.int64)
TWO = Groups(np.array([1, 4, 6, 0, 4]), np.array([0, 3, 5]))


def list_groups(groups: Groups) -> list[list[int]]:
    return [groups.members(group).tolist() for group in range(len(groups))]


def gather(*parts: Sequence[int]) -> list[list[int]]:
    return list_groups(gather_groups([np.array(sorted(part), dtype=np.int64) for part in parts]))


def test_two_are_a_pair_and_three_a_group() -> None:
    assert MIN_SIZE == 3
    assert gather([1, 2], [1, 2, 3], [7]) == [[1, 2, 3]]


def test_a_group_knows_its_members_and_a_membership_its_group() -> None:
    assert (len(TWO), TWO.size.tolist(), TWO.group.tolist()) == (2, [3, 2], [0, 0, 0, 1, 1])
    assert list_groups(TWO) == [[1, 4, 6], [0, 4]]


def test_facts_are_found_by_account_in_the_order_in_which_they_are_known() -> None:
    index = index_by_account(np.array([4, 1, 4, 0, 2]))
    assert index.count.tolist() == [1, 1, 1, 0, 2]
    assert [index.order[begin : begin + n].tolist() for begin, n in zip(index.begin, index.count, strict=True)] == [
        [3], [1], [4], [], [0, 2],
    ]  # fmt: skip
    found = TWO.find_facts(index)
    assert list(zip(found.membership.tolist(), found.row.tolist(), strict=True)) == [
        (0, 1), (1, 0), (1, 2), (3, 3), (4, 0), (4, 2),
    ]  # fmt: skip


def test_of_many_facts_those_of_an_account_stay_in_order() -> None:
    index = index_by_account(np.arange(5_000) * 7 % 11)
    assert all(
        (np.diff(index.order[begin : begin + n]) > 0).all() for begin, n in zip(index.begin, index.count, strict=True)
    )


@pytest.mark.parametrize("account", [[], [0], [9]])
def test_of_whom_nothing_is_known_nothing_is_found(account: list[int]) -> None:
    index = index_by_account(np.array(account, dtype=np.int64))
    found = TWO.find_facts(index)
    assert found.membership.tolist() == ([3] if account == [0] else [])
    assert found.row.tolist() == ([0] if account == [0] else [])
    nobody = Groups(NOBODY, np.array([0])).find_facts(index)
    assert (nobody.membership.tolist(), nobody.row.tolist()) == ([], [])


PARTS = st.lists(st.sets(st.integers(0, 9), min_size=1, max_size=6), max_size=12)


@given(PARTS, st.randoms(use_true_random=False))
def test_each_group_comes_once_by_its_first_member_and_size_in_whatever_order_they_were(
    parts: list[set[int]], shuffled: object
) -> None:
    found = gather(*parts)
    assert {tuple(group) for group in found} == {tuple(sorted(part)) for part in parts if len(part) >= MIN_SIZE}
    assert len(found) == len({tuple(group) for group in found})
    order = [(group[0], len(group)) for group in found]
    assert order == sorted(order)
    others = list(parts)
    shuffled.shuffle(others)  # type: ignore[attr-defined]
    assert gather(*others) == found


def test_each_given_group_is_numbered_as_the_distinct_one_that_it_is() -> None:
    given_groups = [[4, 7, 9], [1, 2], [0, 4, 6], [4, 7, 9], [], [0, 4, 6, 8]]
    account = np.array([row for members in given_groups for row in members])
    groups, number = number_groups(account, np.array([len(members) for members in given_groups]))
    listed = [*list_groups(groups), None]
    assert [listed[place] for place in number.tolist()] == [m if len(m) >= MIN_SIZE else None for m in given_groups]


def test_groups_that_begin_and_measure_alike_are_told_apart() -> None:
    assert len(gather([0, 1, 9], [0, 4, 6], [0, 2, 8])) == 3


def test_groups_of_several_searches_are_joined() -> None:
    one, other = (
        Groups(np.array([1, 2, 3]), np.array([0, 3])),
        Groups(np.array([0, 4, 5, 1, 2, 3]), np.array([0, 3, 6])),
    )
    assert list_groups(join_groups([one, other, one])) == [[0, 4, 5], [1, 2, 3]]
    assert list_groups(join_groups([one])) == [[1, 2, 3]]
    assert list_groups(join_groups(iter([other]))) == [[0, 4, 5], [1, 2, 3]]


def test_some_groups_are_taken_in_the_order_wanted() -> None:
    assert list_groups(take_groups(TWO, np.array([1, 0, 1]))) == [[0, 4], [1, 4, 6], [0, 4]]
    none = take_groups(TWO, NOBODY)
    assert (len(none), none.start.dtype, none.account.tolist()) == (0, np.int64, [])
    assert len(distinct_groups(NOBODY, NOBODY)) == len(gather_groups([])) == 0
    assert gather_groups([]).account.dtype == np.int64


@pytest.mark.parametrize(("n_parts", "sizes"), [(1, [5]), (2, [3, 2]), (3, [2, 1, 2]), (9, [1, 1, 1, 1, 1])])
def test_groups_are_split_in_order_into_parts_of_about_as_many_memberships(n_parts: int, sizes: list[int]) -> None:
    groups = Groups(np.arange(17), np.array([0, 3, 6, 10, 13, 17]))
    parts = split_groups(groups, n_parts)
    assert [len(part) for part in parts] == sizes
    assert [each for part in parts for each in list_groups(part)] == list_groups(groups)


def test_no_groups_are_no_part() -> None:
    assert split_groups(gather_groups([]), 3) == []


def test_numbers_are_spread_as_the_published_generator_spreads_them() -> None:
    # The first outputs of SplitMix64 whose state begins at 0, and at 1234567.
    golden = 0x9E3779B97F4A7C15
    assert spread_bits(np.array([0], dtype=np.int64)).tolist() == [0xE220A8397B1DCDAF]
    steps = np.array([1234567 + step * golden for step in range(2)], dtype=object) % 2**64
    assert spread_bits(steps.astype(np.uint64)).tolist() == [6457827717110365317, 3203168211198807973]


@pytest.mark.parametrize("values", [[], [3], [3, 3], [5, 2, 5, 9, 2], [0, 1, 2]])
def test_distinct_values_come_sorted_and_once(values: list[int]) -> None:
    found = find_distinct(np.array(values, dtype=np.int64))
    assert found.tolist() == sorted(set(values))


def test_group_and_account_in_one_number_come_sorted() -> None:
    groups = Groups(np.array([1, 4, 6, 0, 4]), np.array([0, 3, 5]))
    assert groups.code(10).tolist() == [1, 4, 6, 10, 14]
