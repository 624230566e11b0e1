"""Names of rings outlive runs: whoever is most alike inherits, and each name once."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.rings.ids import SAME_RING_JACCARD, keep_ring_ids, name_ring
from graph.results import Member, Ring


def make_ring(ring_id: str, members: set[str]) -> Ring:
    listed = tuple(Member(name, "core", 1.0) for name in sorted(members))
    return Ring(ring_id, "trade", 0.5, "review", 1.0, 1.0, listed, (), (), ())


NAMES = st.sets(st.sampled_from("abcdefghij"), min_size=1, max_size=6)


@settings(max_examples=80, deadline=None)
@given(st.lists(NAMES, max_size=5), st.lists(NAMES, max_size=5))
def test_ids_go_to_the_most_similar_ring_and_to_one_only(now: list[set[str]], before: list[set[str]]) -> None:
    earlier = {f"E{place}": frozenset(members) for place, members in enumerate(before)}
    rings = keep_ring_ids([make_ring(f"N{place}", members) for place, members in enumerate(now)], earlier)
    pairs = [
        (-len(members & set(old)) / len(members | old), ring_id, place)
        for place, members in enumerate(now)
        for ring_id, old in earlier.items()
    ]
    slow: dict[int, str] = {}
    for similarity, ring_id, place in sorted(pairs):
        if -similarity >= SAME_RING_JACCARD and place not in slow and ring_id not in slow.values():
            slow[place] = ring_id
    assert [ring.ring_id for ring in rings] == [slow.get(place, f"N{place}") for place in range(len(now))]


def test_a_new_ring_never_takes_an_id_that_an_heir_has() -> None:
    earlier = {"R": frozenset("abcd")}
    heir, namesake = make_ring("N", set("abcd")), make_ring("R", set("wxyz"))
    kept = keep_ring_ids([heir, namesake], earlier)
    assert kept[0].ring_id == "R"
    assert kept[1].ring_id not in ("R", "N")


def test_many_rings_keep_their_ids() -> None:
    rng = np.random.default_rng(0)
    groups = [{f"{account}" for account in rng.integers(0, 5_000, 20)} for _ in range(200)]
    rings = [make_ring(f"N{place}", members) for place, members in enumerate(groups)]
    earlier = {f"E{place:04d}": frozenset(members) for place, members in enumerate(groups)}
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
    before = frozenset("abcdef"[:common] + "uvwxyz"[: 6 - common])
    (ring,) = keep_ring_ids([make_ring("N", set("abcdefg"[: 4 + common]))], {"R": before})
    assert common / (4 + common + 6 - common) == pytest.approx(0.1 * common)
    assert (ring.ring_id == "R") == is_same


def test_of_rings_as_alike_the_first_by_name_is_kept_by_the_best() -> None:
    earlier = {"R2": frozenset("abcd"), "R1": frozenset("abcd")}
    kept = keep_ring_ids(
        [make_ring("N1", set("abcd")), make_ring("N2", set("abcd")), make_ring("N3", set("abcd"))], earlier
    )
    assert [ring.ring_id for ring in kept] == ["R1", "R2", "N3"]


def test_who_may_not_have_its_own_name_is_named_after_it_and_its_members() -> None:
    kept = keep_ring_ids([make_ring("N", set("abcd")), make_ring("R", set("wxyz"))], {"R": frozenset("abcd")})
    assert kept[1].ring_id == name_ring(["R", *"wxyz"])
