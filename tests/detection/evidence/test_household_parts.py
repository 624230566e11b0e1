"""Households of a few people with a few things, so that who lives with whom follows by hand.

Three live together at most; of 48 accounts it takes four bits to name a household. What so many accounts use, and
nobody else, shows as many bits as is said of it for each of them beyond the first.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from detection.evidence.households import HouseholdPartition, partition_households
from detection.evidence.measure import SharedWithin
from detection.groups import Groups
from detection.policy import Policy

FIVE_AND_THREE = Groups(np.arange(8), np.array([0, 5, 8]))
Row = tuple[int, list[int], float]
"""A group, the memberships that share a thing of it, and bits for each beyond the first."""


def share(*rows: Row) -> SharedWithin:
    group, parts, bits = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    members = np.array([len(part) for part in parts], dtype=np.int64)
    trials = members - 1
    return SharedWithin(
        np.array(group, dtype=np.int64),
        np.arange(len(rows)),
        members,
        trials * 0.5 ** np.array(bits),
        trials * np.array(bits),
        trials,
        np.array([each for part in parts for each in part], dtype=np.int64),
        np.repeat(np.arange(len(rows)), members),
    )


def describe(*, at_home: bool = True, is_place: bool = False, crowd: list[int] | None = None) -> Any:
    """A channel's things, of which so many accounts of the market use each."""
    record = SimpleNamespace(is_shared_at_home=at_home, is_place=is_place)
    return SimpleNamespace(record=record, crowd=np.array(crowd or [], dtype=np.int64))


def partition(
    within: dict[str, SharedWithin],
    things: dict[str, Any] | None = None,
    *,
    groups: Groups = FIVE_AND_THREE,
    size: int = 3,
    overlap: float = 0.5,
    n_accounts: int = 48,
) -> HouseholdPartition:
    policy = Policy(household_size=size, household_overlap=overlap)
    described = {name: describe() for name in within} | (things or {})
    market: Any = SimpleNamespace(policy=policy, n_accounts=n_accounts, things=described)
    return partition_households(groups, within, market)


def list_households(found: HouseholdPartition) -> list[list[int]]:
    return [np.flatnonzero(found.household == each).tolist() for each in dict.fromkeys(found.household.tolist())]


def test_who_shares_nothing_lives_alone() -> None:
    found = partition({})
    assert list_households(found) == [[each] for each in range(8)]
    assert (found.household_scale, found.explained, found.again_bits.tolist()) == ({}, {}, [0.0, 0.0])
    assert list_households(partition({"phone": share()})) == [[each] for each in range(8)]


def test_who_hangs_together_by_anything_lives_together_and_all_of_it_is_explained() -> None:
    shared = {"phone": share((0, [0, 1], 5.0), (1, [5, 6, 7], 2.0)), "card": share((0, [1, 2], 7.0))}
    found = partition(shared, overlap=1.0)  # which matters in crowds alone
    assert list_households(found) == [[0, 1, 2], [3], [4], [5, 6, 7]]
    assert found.explained["phone"] == pytest.approx([5.0, 4.0])
    assert found.explained["card"] == pytest.approx([7.0])
    assert found.again_bits.tolist() == [0.0, 0.0]


def test_what_is_not_shared_at_home_makes_no_household() -> None:
    found = partition(
        {"ip": share((0, [0, 1], 5.0)), "phone": share((0, [1, 2], 5.0))}, {"ip": describe(at_home=False)}
    )
    assert list_households(found)[:2] == [[0], [1, 2]]
    assert (list(found.household_scale), list(found.explained)) == (["phone"], ["phone"])


def test_what_more_than_a_household_use_makes_none_and_at_a_place_also_what_others_use() -> None:
    rows = share((0, [0, 1, 2, 3], 5.0), (0, [0, 1], 5.0), (1, [5, 6, 7], 5.0))
    # Of the two that three and fewer members share, four accounts use one and three the other.
    place = describe(is_place=True, crowd=[1, 4, 3])
    of_phones, of_places = partition({"phone": rows}), partition({"flat": rows}, {"flat": place})
    assert of_phones.household_scale["phone"].tolist() == [False, True, True]
    assert of_phones.explained["phone"] == pytest.approx([0.0, 5.0, 10.0])
    assert list_households(of_phones) == [[0, 1], [2], [3], [4], [5, 6, 7]]
    assert of_places.household_scale["flat"].tolist() == [False, False, True]
    assert of_places.explained["flat"] == pytest.approx([0.0, 0.0, 10.0])
    assert list_households(of_places) == [[0], [1], [2], [3], [4], [5, 6, 7]]


# ── crowds ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("bits", "is_named_again"), [(4.5, True), (4.0, False), (3.5, False)])
def test_who_belongs_to_two_households_is_named_again_where_that_explains_more(
    bits: float, *, is_named_again: bool
) -> None:
    """Three at home, two at home, and one of the three with one of the two."""
    home = (0, [0, 1, 2], 6.0)
    found = partition({"phone": share(home, (0, [3, 4], 5.0), (0, [2, 3], bits)), "card": share(home)})
    assert list_households(found) == [[0, 1, 2], [3, 4], [5], [6], [7]]
    assert found.explained["phone"] == pytest.approx([12.0, 5.0, bits * is_named_again])
    assert found.explained["card"] == pytest.approx([12.0])
    assert found.again_bits.tolist() == [4.0 * is_named_again, 0.0]


@pytest.mark.parametrize("n_accounts", [3, 6])
def test_a_name_is_a_choice_between_two_at_least(n_accounts: int) -> None:
    home = [(0, [0, 1, 2], 9.0), (0, [3, 4], 8.0), (0, [2, 3], 7.0)]
    assert partition({"phone": share(*home)}, n_accounts=n_accounts).again_bits.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("first", [0, 15])
def test_who_lives_alone_does_so_beside_a_crowd(first: int) -> None:
    crowd = [first + place for place in range(5)]
    home = [(0, crowd[:3], 9.0), (0, crowd[3:], 8.0), (0, crowd[2:4], 1.0)]
    groups = Groups(np.arange(20), np.array([0, 20]))
    found = partition({kind: share(*home) for kind in ("phone", "card", "device")}, groups=groups)
    alone = [[each] for each in range(20) if each not in crowd]
    assert sorted(list_households(found)) == sorted([*alone, crowd[:3], crowd[3:]])


def test_each_group_pays_for_its_own_names_and_for_all_of_them() -> None:
    groups = Groups(np.arange(15), np.array([0, 10, 15]))

    def live(group: int, first: int) -> list[Row]:
        one, two = [first, first + 1, first + 2], [first + 3, first + 4]
        return [(group, one, 9.0), (group, two, 8.0), (group, [first + 2, first + 3], 7.0)]

    found = partition({"phone": share(*live(0, 0), *live(0, 5), *live(1, 10))}, groups=groups)
    assert list_households(found) == [[0, 1, 2], [3, 4], [5, 6, 7], [8, 9], [10, 11, 12], [13, 14]]
    assert found.again_bits.tolist() == [8.0, 4.0]
    assert found.explained["phone"] == pytest.approx([18.0, 8.0, 7.0] * 3)


SOME_CROWD = ((0, [0, 1], 5.0), (0, [1, 2, 3], 4.0), (0, [3, 4], 5.0))


def test_crowds_beside_one_another_are_parted_each_by_itself() -> None:
    within = {"phone": share(*SOME_CROWD, (1, [5, 6], 6.0), (1, [6, 7, 8], 3.0))}
    groups = Groups(np.arange(9), np.array([0, 5, 9]))
    both = partition(within, groups=groups)
    first = partition({"phone": share(*SOME_CROWD)}, groups=Groups(np.arange(5), np.array([0, 5])))
    second = partition(
        {"phone": share((0, [0, 1], 6.0), (0, [1, 2, 3], 3.0))}, groups=Groups(np.arange(4), np.array([0, 4]))
    )
    assert both.explained["phone"].tolist() == [*first.explained["phone"], *second.explained["phone"]]
    assert both.again_bits.tolist() == [*first.again_bits, *second.again_bits]
    assert list_households(both) == [
        *list_households(first),
        *([5 + each for each in home] for home in list_households(second)),
    ]


def test_of_a_thing_across_households_those_who_live_together_are_explained() -> None:
    # Four in a row, two and two by as much: the last ones are believed first, and nobody is named again for so little.
    found = partition({"phone": share((0, [0, 1], 2.0), (0, [1, 2], 3.0), (0, [2, 3], 2.0))})
    assert list_households(found)[:3] == [[0], [1, 2, 3], [4]]
    assert found.explained["phone"] == pytest.approx([0.0, 3.0, 2.0])
    assert found.again_bits.tolist() == [0.0, 0.0]


def test_of_a_thing_that_only_some_at_home_use_what_they_show_is_explained() -> None:
    found = partition({"phone": share((0, [0, 1, 2], 9.0), (0, [3, 4], 9.0), (0, [2, 3, 4], 2.0))})
    assert list_households(found)[:2] == [[0, 1, 2], [3, 4]]
    # It is put to the two who use it, and the third is at home elsewhere: one of two may have come by chance, who
    # would in one of four cases.  Four bits for all three are not worth the four that naming somebody again takes.
    assert found.explained["phone"] == pytest.approx([18.0, 9.0, 1 + np.log2(2 / 3)])
    assert found.again_bits.tolist() == [0.0, 0.0]


def test_a_thing_is_put_to_the_household_that_it_is_most_like() -> None:
    """Of the three of the third thing, two are in either home; with the second they are three, with the first four."""
    homes = [(0, [0, 1, 2], 9.0), (0, [2, 3], 5.0)]
    found = partition({"phone": share(*homes, (0, [1, 2, 3], 1.0), (0, [3, 4], 0.5))}, size=4, overlap=0.6)
    assert list_households(found)[:3] == [[0, 1, 2], [3], [4]]
    assert found.explained["phone"] == pytest.approx([18.0, 0.0, 0.0, 0.0])


@pytest.mark.parametrize(("overlap", "is_one_home"), [(0.5, True), (0.51, False)])
def test_enough_of_the_fewer_have_to_be_in_both(overlap: float, *, is_one_home: bool) -> None:
    homes = [(0, [0, 1], 3.0), (0, [1, 2], 2.0), (0, [3, 4, 5], 9.0)]
    groups = Groups(np.arange(8), np.array([0, 6, 8]))
    found = partition({"phone": share(*homes, (0, [2, 3], 1.0))}, groups=groups, overlap=overlap)
    assert (list_households(found)[0] == [0, 1, 2]) == is_one_home
    assert found.explained["phone"] == pytest.approx([3.0, 2.0 * is_one_home, 18.0, 0.0])


def test_the_home_that_shares_most_is_believed_first_and_of_equals_that_of_the_last_accounts() -> None:
    one, other = (0, [0, 1, 2], 9.0), (0, [2, 3, 4], 6.0)
    more = partition({"phone": share(one, other), "card": share(other)})
    assert list_households(more)[:2] == [[0, 1], [2, 3, 4]]
    assert more.again_bits.tolist() == [4.0, 0.0]
    equal = partition({"phone": share((0, [0, 1, 2], 9.0), (0, [2, 3, 4], 9.0))})
    assert list_households(equal)[:2] == [[0, 1], [2, 3, 4]]


def test_of_things_that_say_as_much_those_of_the_last_accounts_choose_first() -> None:
    found = partition({"phone": share((0, [0, 1], 2.0), (0, [1, 2], 2.0), (0, [2, 3], 2.0))})
    assert list_households(found)[:3] == [[0], [1, 2, 3], [4]]
    assert found.explained["phone"] == pytest.approx([0.0, 2.0, 2.0])


def test_who_is_in_two_homes_already_is_named_for_each_further_one() -> None:
    """Three homes around one person, by falling bits: the second and the third have to name that one again."""
    groups = Groups(np.arange(7), np.array([0, 7]))
    homes = [(0, [0, 1, 6], 9.0), (0, [2, 3, 6], 8.0), (0, [4, 5, 6], 7.0)]
    found = partition({"phone": share(*homes), "card": share(*homes)}, groups=groups)
    assert list_households(found) == [[0, 1, 6], [2, 3], [4, 5]]
    assert found.again_bits.tolist() == [8.0]
    assert found.explained["card"] == pytest.approx([18.0, 16.0, 14.0])


def test_of_homes_that_a_thing_is_as_like_it_is_put_to_the_one_that_shares_most() -> None:
    found = partition({"phone": share((0, [0, 1], 9.0), (0, [2, 3], 8.0), (0, [1, 2], 5.0))})
    assert list_households(found)[:3] == [[0, 1, 2], [3], [4]]
    assert found.explained["phone"] == pytest.approx([9.0, 8.0, 5.0])
    assert found.again_bits.tolist() == [4.0, 0.0]
