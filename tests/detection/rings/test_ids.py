"""Names of rings outlive runs: whoever is most alike inherits, and each name once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.rings.ids import SAME_RING_JACCARD, keep_ring_ids, name_ring
from graph.results import Member, Ring


def make_ring(ring_id: str, members: set[str]) -> Ring:
    listed = tuple(Member(name, "core", 1.0) for name in sorted(members))
    return Ring(ring_id, "trade", 0.5, "review", 1.0, 1.0, listed, (), (), ())


def tie(members: set[str]) -> dict[str, float]:
    return dict.fromkeys(members, 1.0)


NAMES = st.sets(st.sampled_from("abcdefghij"), min_size=1, max_size=6)


@settings(max_examples=80, deadline=None)
@given(st.lists(NAMES, max_size=4), st.lists(NAMES, max_size=4))
def test_ids_go_to_one_ring_each_so_that_the_most_is_in_common(now: list[set[str]], before: list[set[str]]) -> None:
    earlier = {f"E{place}": tie(members) for place, members in enumerate(before)}
    rings = keep_ring_ids([make_ring(f"N{place}", members) for place, members in enumerate(now)], earlier)
    named = [ring.ring_id for ring in rings if ring.ring_id in earlier]
    assert len(set(named)) == len(named)
    kept = [measure(members, before[int(ring.ring_id[1:])]) for members, ring in zip(now, rings, strict=True)
            if ring.ring_id in earlier]  # fmt: skip
    assert all(each >= SAME_RING_JACCARD for each in kept)
    assert sum(kept) == pytest.approx(find_best(now, before), abs=1e-5)


def measure(one: set[str], other: set[str]) -> float:
    share = len(one & other) / len(one | other)
    return share if share >= SAME_RING_JACCARD else 0.0


def find_best(now: list[set[str]], before: list[set[str]]) -> float:
    """The most that any way of giving each earlier ring to one of now, or to none, has in common."""
    if not now:
        return 0.0
    first, *others = now
    without = find_best(others, before)
    return max(
        [without]
        + [
            measure(first, each) + find_best(others, before[:place] + before[place + 1 :])
            for place, each in enumerate(before)
        ]
    )


def test_an_id_is_not_taken_from_the_ring_that_has_no_other() -> None:
    """R1 has most in common with the first; but R2 is nothing if not that one, and R1 may be the second."""
    earlier = {"R1": tie(set("abcdefgh")), "R2": tie(set("abpq"))}
    first, second = make_ring("N1", set("abcdefpq")), make_ring("N2", set("efgh"))
    assert [ring.ring_id for ring in keep_ring_ids([first, second], earlier)] == ["R2", "R1"]


@settings(max_examples=40, deadline=None)
@given(st.lists(NAMES, max_size=5), st.lists(NAMES, max_size=5), st.randoms())
def test_neither_the_order_of_earlier_rings_nor_rings_of_others_move_an_id(
    now: list[set[str]], before: list[set[str]], chance: Random
) -> None:
    earlier = {f"E{place}": tie(members) for place, members in enumerate(before)}
    rings = [make_ring(f"N{place}", members) for place, members in enumerate(now)]
    ids = [ring.ring_id for ring in keep_ring_ids(rings, earlier)]
    turned = dict(chance.sample(list(earlier.items()), len(earlier)))
    assert [ring.ring_id for ring in keep_ring_ids(rings, turned)] == ids
    others = {f"A{place}": tie({f"{each}'" for each in members}) for place, members in enumerate(now)}
    stranger = make_ring("Z", {"a'", "b'", "z'"})
    assert [ring.ring_id for ring in keep_ring_ids([stranger, *rings], others | earlier)][1:] == ids


def test_a_new_ring_never_takes_an_id_that_an_heir_has() -> None:
    earlier = {"R": tie(set("abcd"))}
    heir, namesake = make_ring("N", set("abcd")), make_ring("R", set("wxyz"))
    kept = keep_ring_ids([heir, namesake], earlier)
    assert kept[0].ring_id == "R"
    assert kept[1].ring_id not in ("R", "N")


def test_many_rings_keep_their_ids() -> None:
    rng = np.random.default_rng(0)
    groups = [{f"{account}" for account in rng.integers(0, 5_000, 20)} for _ in range(200)]
    rings = [make_ring(f"N{place}", members) for place, members in enumerate(groups)]
    earlier = {f"E{place:04d}": tie(members) for place, members in enumerate(groups)}
    kept = keep_ring_ids(rings, earlier)
    assert [ring.ring_id for ring in kept] == list(earlier)
    assert replace(kept[0], ring_id="N0") == rings[0]


def test_a_ring_is_named_by_its_members_in_whatever_order() -> None:
    assert name_ring(["bob", "ann"]) == name_ring(["ann", "bob"])
    assert name_ring(["ann", "bob"]) == "R" + hashlib.sha256(b"ann\0bob").hexdigest()[:10]
    assert name_ring(["a", "nnbob"]) != name_ring(["ann", "bob"])
    # An id that no encoding knows is still one.
    assert name_ring(["\ud800"]) == "R" + hashlib.sha256(b"\xed\xa0\x80").hexdigest()[:10]


@pytest.mark.parametrize(("common", "is_same"), [(3, True), (2, False)])
def test_three_in_ten_in_common_are_the_same_ring(common: int, *, is_same: bool) -> None:
    before = tie(set("abcdef"[:common] + "uvwxyz"[: 6 - common]))
    (ring,) = keep_ring_ids([make_ring("N", set("abcdefg"[: 4 + common]))], {"R": before})
    assert common / (4 + common + 6 - common) == pytest.approx(0.1 * common)
    assert (ring.ring_id == "R") == is_same


def test_of_rings_as_alike_the_first_by_name_is_kept_by_the_best() -> None:
    earlier = {"R2": tie(set("abcd")), "R1": tie(set("abcd"))}
    kept = keep_ring_ids(
        [make_ring("N1", set("abcd")), make_ring("N2", set("abcd")), make_ring("N3", set("abcd"))], earlier
    )
    assert [ring.ring_id for ring in kept] == ["R1", "R2", "N3"]


def test_who_may_not_have_its_own_name_is_named_after_it_and_its_members() -> None:
    kept = keep_ring_ids([make_ring("N", set("abcd")), make_ring("R", set("wxyz"))], {"R": tie(set("abcd"))})
    assert kept[1].ring_id == name_ring(["R", *"wxyz"])
