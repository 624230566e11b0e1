"""Which rings are told after people were heard, and under which id; rings made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from said import decide_ring

from detection.casework.heard import hear
from detection.casework.rings import keep_decided_ids, measure_new_bits, settle_rings
from detection.policy import DEFAULT_POLICY, Policy
from graph.casebook.events import Event
from graph.results import Evidence, Member, Ring


def make_ring(ring_id: str, members: str, *, net: float = 10.0, **bits: float) -> Ring:
    return Ring(
        ring_id=ring_id,
        kind="trade",
        score=0.9,
        tier="review",
        net_bits=net,
        charge_bits=0.0,
        members=tuple(Member(each, "core", 5.0) for each in members),
        evidence=tuple(Evidence(channel, each, 1.0, 0.0, "") for channel, each in bits.items()),
        links=(),
        innocent=(),
    )


def dismiss(ring: Ring, turn: int = 1) -> Event:
    bits = {each.channel: each.bits for each in ring.evidence}
    members = {member.account_id: member.bits for member in ring.members}
    return decide_ring(ring.ring_id, "dismissed", members, turn, evidence=bits, net_bits=ring.net_bits)


def is_told(ring: Ring, *said: Event, policy: Policy = DEFAULT_POLICY) -> bool:
    return bool(settle_rings([ring], hear(said), policy).rings)


BEFORE = make_ring("R", "abcdef", net=20.0, device=30.0, trade=10.0)


@pytest.mark.parametrize(
    ("bits", "net", "new"),
    [
        ({"device": 30.0, "trade": 10.0}, 20.0, 0.0),
        ({"device": 30.0, "trade": 30.0}, 40.0, 20.0),
        # What went away in one channel does not hide what came in another,
        ({"device": 0.0, "refund": 30.0}, 10.0, 30.0),
        # and what is explained innocently is nothing new.
        ({"device": 60.0, "trade": 10.0}, 20.0, 0.0),
    ],
)
def test_new_is_what_each_channel_shows_more_less_what_more_is_explained(
    bits: dict[str, float], net: float, new: float
) -> None:
    assert measure_new_bits(make_ring("R", "abcdef", net=net, **bits), [dismiss(BEFORE)]) == new


def test_it_takes_as_many_bits_as_the_policy_says() -> None:
    grown = make_ring("R", "abcdef", net=40.0, device=30.0, trade=30.0)
    assert is_told(grown, dismiss(BEFORE))
    assert not is_told(grown, dismiss(BEFORE), policy=Policy(reopening_bits=20.5))


@pytest.mark.parametrize(
    ("ring_id", "members", "told"),
    [
        ("R", "abcdef", False),
        ("N", "abc", False),  # a half of it, under another id
        ("N", "abcdefghijkl", False),  # grown to twice its size, and nothing else
        ("R", "abxyzuvw", False),  # hardly the same people, but the same case
        ("N", "abxyzuvw", True),
        ("N", "axyz", True),
    ],
)
def test_a_dismissal_is_about_people_and_not_about_a_name(ring_id: str, members: str, told: bool) -> None:
    ring = make_ring(ring_id, members, net=20.0, device=30.0, trade=10.0)
    assert is_told(ring, dismiss(BEFORE)) == told


def test_two_dismissed_rings_that_become_one_bring_nothing_new() -> None:
    other = make_ring("S", "uvwxyz", net=20.0, device=30.0, trade=10.0)
    both = make_ring("R", "abcdefuvwxyz", net=40.0, device=60.0, trade=20.0)
    assert is_told(both, dismiss(BEFORE))
    assert not is_told(both, dismiss(BEFORE), dismiss(other))
    # Two dismissals of the same people count once.
    assert is_told(both, dismiss(BEFORE), dismiss(replace(BEFORE, ring_id="Q"), 2))


def test_a_ring_keeps_the_id_of_the_run_before_and_only_else_that_of_a_decision() -> None:
    heard = hear([dismiss(make_ring("OLD", "abcd"))])
    (ring,) = keep_decided_ids([make_ring("N", "abcd")], {"LATEST": dict.fromkeys("abcdef", 5.0)}, heard)
    assert ring.ring_id == "LATEST"
    (ring,) = keep_decided_ids([make_ring("N", "abcd")], {"LATEST": dict.fromkeys("uvwx", 5.0)}, heard)
    assert ring.ring_id == "OLD"
    ids = [each.ring_id for each in keep_decided_ids([make_ring("N", "abcd"), make_ring("M", "cdef")], {}, heard)]
    assert ids == ["OLD", "M"]


def test_what_a_person_lowered_is_told_after_what_is_for_review() -> None:
    rings = [make_ring(name, members, trade=10.0) for name, members in (("A", "abc"), ("B", "def"), ("C", "ghi"))]
    said = decide_ring("A", "watch", dict.fromkeys("abc", 5.0))
    told = settle_rings(rings, hear([said]), DEFAULT_POLICY).rings
    assert [(ring.ring_id, ring.tier) for ring in told] == [("B", "review"), ("C", "review"), ("A", "watch")]
