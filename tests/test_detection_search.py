"""The search: groups are improved member by member, the whole is kept, not its pieces, and pairs are no rings."""

from __future__ import annotations

import numpy as np
import pytest
from detection_market import (
    Facts,
    find_members,
    gather,
    make_background,
    make_snapshot,
    pick,
    plant_refund_ring,
    plant_trade_ring,
    rename,
)

from detection.assess import Assessment, Channels, find_channels, judge_groups
from detection.candidates import Groups, gather_groups
from detection.links import link_pairs
from detection.run import find_run
from detection.search import LARGEST_IMPROVED, find_falling_apart, improve_groups, pick_best
from detection.settings import DetectSettings
from graph.model import Snapshot

RING, OTHER = pick(100, 12), pick(200, 12)


def plant_two() -> Facts:
    facts = make_background(n=1000)
    plant_trade_ring(facts, RING)
    plant_refund_ring(facts, OTHER, "a0003")
    return facts


@pytest.fixture(scope="module")
def market() -> tuple[Snapshot, Channels]:
    snapshot = make_snapshot(plant_two())
    return snapshot, find_channels(snapshot)


def improve(market: tuple[Snapshot, Channels], members: list[str]) -> list[str]:
    """The one group that becomes of some members."""
    snapshot, channels = market
    links = link_pairs(tuple(channels.things.values()), tuple(channels.dealings.values()), snapshot.n_accounts)
    better = improve_groups(gather(snapshot, members), links, snapshot, channels)
    assert len(better) == 1
    return list(snapshot.account_id[better.members(0)])


def weigh(market: tuple[Snapshot, Channels], members: list[str]) -> float:
    snapshot, channels = market
    return float(judge_groups(gather(snapshot, members), snapshot, channels).net_bits[0])


def judge(market: tuple[Snapshot, Channels], *sets: list[str]) -> Assessment:
    snapshot, channels = market
    rows = [np.searchsorted(snapshot.account_id.astype(str), sorted(members)) for members in sets]
    return judge_groups(gather_groups(rows), snapshot, channels)


def list_picked(market: tuple[Snapshot, Channels], judged: Assessment, *, floor: float = 0.0) -> list[list[str]]:
    ids = market[0].account_id
    picked = pick_best(judged, market[0].n_accounts, floor=floor)
    return [list(ids[judged.groups.members(group)]) for group in picked.tolist()]


@pytest.mark.parametrize("seed", range(6))
def test_improving_never_lowers_what_stands(market: tuple[Snapshot, Channels], seed: int) -> None:
    rng = np.random.default_rng(seed)
    core = rng.choice(RING if seed % 2 else OTHER, 8, replace=False).tolist()
    start = [*core, *rng.choice(pick(300, 100), int(rng.integers(0, 5)), replace=False).tolist()]
    assert weigh(market, improve(market, start)) >= weigh(market, start)


@pytest.mark.parametrize("members", [RING, OTHER], ids=["trade", "refund"])
def test_a_member_left_out_is_taken_in(market: tuple[Snapshot, Channels], members: list[str]) -> None:
    better = improve(market, members[1:])
    assert members[0] in better
    assert weigh(market, better) > weigh(market, members[1:])


@pytest.mark.parametrize("members", [RING, OTHER], ids=["trade", "refund"])
def test_a_stranger_is_let_go(market: tuple[Snapshot, Channels], members: list[str]) -> None:
    stranger = pick(300, 1)[0]
    assert stranger not in improve(market, [*members, stranger])


def test_a_crowd_is_left_as_it_is(market: tuple[Snapshot, Channels]) -> None:
    crowd = pick(300, LARGEST_IMPROVED + 1)
    assert improve(market, crowd) == crowd


def test_improving_comes_to_the_same_again_and_under_other_names(market: tuple[Snapshot, Channels]) -> None:
    start = [*RING[2:], *pick(300, 2)]
    better = improve(market, start)
    assert improve(market, start) == better
    facts = plant_two()
    names = list(facts.accounts)
    new = dict(zip(names, np.random.default_rng(8).permutation(names).tolist(), strict=True))
    snapshot = make_snapshot(rename(facts, new))
    moved = improve((snapshot, find_channels(snapshot)), [new[name] for name in start])
    assert set(moved) == {new[name] for name in better}


def test_the_whole_is_kept_rather_than_its_pieces(market: tuple[Snapshot, Channels]) -> None:
    judged = judge(market, OTHER[:6], OTHER[6:], OTHER, OTHER[:8], OTHER[3:11])
    tightest = judged.groups.size[np.argmax(judged.net_bits / judged.groups.size**2)]
    assert tightest < len(OTHER)  # by bits per pair of members, a piece would come first
    assert list_picked(market, judged) == [OTHER]


def test_two_rings_are_two_though_one_list_of_both_shows_more(market: tuple[Snapshot, Channels]) -> None:
    both = [*RING, *OTHER]
    judged = judge(market, both, RING, OTHER, [*both, *pick(300, 2)])
    assert judged.net_bits[judged.groups.size == 24] > judged.net_bits[judged.groups.size == 12].max()
    assert judged.groups.size[find_falling_apart(judged, 1000)].tolist() == [24, 26]
    assert {frozenset(members) for members in list_picked(market, judged)} == {frozenset(RING), frozenset(OTHER)}


def test_what_holds_together_does_not_fall_apart(market: tuple[Snapshot, Channels]) -> None:
    judged = judge(market, RING, RING[:6], RING[6:])
    assert (judged.net_bits > 0).all()  # each half could stand for itself
    assert not find_falling_apart(judged, 1000)[judged.groups.size == 12].any()


def test_groups_that_fall_short_are_picked_down_to_the_floor_only(market: tuple[Snapshot, Channels]) -> None:
    judged = judge(market, RING, pick(300, 5))
    short = float(judged.net_bits.min())
    assert short < 0
    assert list_picked(market, judged) == [RING]
    assert list_picked(market, judged, floor=short - 1) == [RING, pick(300, 5)]


def test_groups_that_share_less_than_half_stand_side_by_side(market: tuple[Snapshot, Channels]) -> None:
    judged = judge(market, RING, [*RING[10:], *OTHER])
    assert len(list_picked(market, judged)) == 2
    judged = judge(market, RING, [*RING[4:], *OTHER[:2]])
    assert list_picked(market, judged) == [RING]


def test_no_groups_are_improved_judged_and_picked(market: tuple[Snapshot, Channels]) -> None:
    snapshot, channels = market
    nothing: Groups = gather_groups([])
    better = improve_groups(nothing, link_pairs((), (), snapshot.n_accounts), snapshot, channels)
    judged = judge_groups(better, snapshot, channels)
    assert len(pick_best(judged, snapshot.n_accounts)) == 0


def test_a_pair_is_never_a_ring_whatever_it_shares_and_does() -> None:
    facts, pair = make_background(n=1000), pick(100, 2)
    for number in range(4):
        for kind in ("device", "payment", "phone"):
            facts.share(pair, kind, f"{kind} {number} of the two")
        facts.reviews += [(member, f"p{number:03d}", None, 5.0, 50.0 * number) for member in pair]
    for number in range(12):
        facts.orders += [(member, f"a{number:04d}", 30.0 * number, "refunded") for member in pair]
    rings = find_run(make_snapshot(facts), DetectSettings()).rings
    assert not [ring for ring in rings if find_members(ring) & set(pair)]
