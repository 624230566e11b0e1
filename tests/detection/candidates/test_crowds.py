"""Crowds come whole: whoever uses a thing that many share, does one thing that many do, or two of either."""

from __future__ import annotations

import msgspec
import numpy as np
from slow_twins import find_record

from detection.candidates.crowds import propose_campaigns, propose_crowds
from detection.channels.catalogue import PRAISE
from detection.channels.incidence import ANYTHING, SharedThings, gather_things
from detection.groups import Groups
from detection.policy import DEFAULT_POLICY

POLICY = msgspec.structs.replace(DEFAULT_POLICY, household_size=4, largest_crowd=6, largest_crowd_tried=12)


def share(name: str, *users: range, subjects: list[int] | None = None) -> SharedThings:
    """A channel in which each range of accounts shares one thing."""
    account = np.concatenate([np.array(each) for each in users])
    thing = np.repeat(np.arange(len(users)), [len(each) for each in users])
    subject = np.array(subjects or list(range(len(users))))[thing]
    never = np.full(len(account), "NaT", dtype="datetime64[us]")
    return gather_things(find_record(name), account, thing, never, subject)


def list_sets(groups: Groups) -> set[frozenset[int]]:
    return {frozenset(groups.members(number).tolist()) for number in range(len(groups))}


def test_the_users_of_what_more_than_a_household_share_and_of_two_such_things_are_crowds() -> None:
    phones = share("phone", range(4), range(10, 15), range(12, 18), range(30, 43))
    found = propose_crowds([phones, share("phone", range(9, 15))], 50, POLICY)
    assert list_sets(found) == {
        frozenset(range(10, 15)),
        frozenset(range(12, 18)),
        frozenset(range(9, 15)),
        frozenset({12, 13, 14}),
    }


def test_a_campaign_is_what_more_do_than_links_hold_together_and_no_mere_busy_day() -> None:
    praise = share(PRAISE, range(6), range(10, 17), range(10, 20), range(30, 38), subjects=[0, 1, 2, ANYTHING])
    assert list_sets(propose_campaigns([praise], 50, POLICY)) == {frozenset(range(10, 17)), frozenset(range(10, 20))}


def test_of_two_campaigns_those_in_both_are_one_where_they_are_many() -> None:
    many, few = share(PRAISE, range(10), range(3, 13)), share(PRAISE, range(10), range(4, 14))
    assert frozenset(range(3, 10)) in list_sets(propose_campaigns([many], 50, POLICY))
    assert frozenset(range(4, 10)) not in list_sets(propose_campaigns([few], 50, POLICY))
