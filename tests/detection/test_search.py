"""The search: groups are improved member by member, the whole is kept, not its pieces, and pairs are no rings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from detection_market import (
    Facts,
    find_members,
    find_rows,
    gather,
    make_background,
    make_snapshot,
    pick,
    plant_refund_ring,
    plant_trade_ring,
    rename,
)
from msgspec import structs

from detection.candidates.communities import find_candidates
from detection.candidates.links import Links, link_pairs, weigh_links
from detection.evidence.judge import Assessment, judge_groups, weigh_ties
from detection.evidence.market import Market, make_market
from detection.groups import Groups, gather_groups
from detection.improving import improve_groups, judge_worth, list_changes
from detection.policy import DEFAULT_POLICY, Policy
from detection.run import find_run
from detection.search import (
    cut_crossing,
    find_falling_apart,
    link_market,
    pick_best,
    propose_around,
    propose_groups,
    search_rest,
)
from detection.settings import DetectSettings

RING, OTHER = pick(100, 12), pick(200, 12)


def plant_two() -> Facts:
    facts = make_background(n=1000)
    plant_trade_ring(facts, RING)
    plant_refund_ring(facts, OTHER, "a0003")
    return facts


@pytest.fixture(scope="module")
def market() -> Market:
    return make_market(make_snapshot(plant_two()))


def improve(market: Market, members: list[str]) -> list[str]:
    """The one group that becomes of some members."""
    things, dealings = tuple(market.things.values()), tuple(market.dealings.values())
    links = link_pairs(things, dealings, market.n_accounts, market.policy)
    better = improve_groups(gather(market.snapshot, members), links, market)
    assert len(better) == 1
    return sorted(market.snapshot.account_id[better.members(0)])


def weigh(market: Market, members: list[str]) -> float:
    return float(judge_groups(gather(market.snapshot, members), market).net_bits[0])


def judge(market: Market, *sets: list[str]) -> Assessment:
    rows = [np.sort(find_rows(market.snapshot, members)) for members in sets]
    return judge_groups(gather_groups(rows), market)


def list_picked(market: Market, judged: Assessment, *, floor: float = 0.0) -> list[list[str]]:
    ids = market.snapshot.account_id
    picked = pick_best(judged, floor=floor)
    return [sorted(ids[judged.groups.members(group)]) for group in picked.tolist()]


@pytest.mark.parametrize("seed", range(6))
def test_improving_never_lowers_what_a_group_is_worth(market: Market, seed: int) -> None:
    rng = np.random.default_rng(seed)
    core = rng.choice(RING if seed % 2 else OTHER, 8, replace=False).tolist()
    start = [*core, *rng.choice(pick(300, 100), int(rng.integers(0, 5)), replace=False).tolist()]
    better = improve(market, start)
    before, after = judge_worth(judge(market, start)), judge_worth(judge(market, better))
    assert after[0] >= before[0]


def test_each_group_is_improved_as_if_it_were_alone(market: Market) -> None:
    rng, links = np.random.default_rng(3), link_market(market)
    parts = [np.sort(rng.choice(find_rows(market.snapshot, [*RING, *OTHER]), n, replace=False)) for n in range(3, 20)]
    alone = [improve_groups(gather_groups([part]), links, market).members(0).tolist() for part in parts]
    together = improve_groups(gather_groups(parts), links, market)
    assert len({tuple(part.tolist()) for part in parts} & {tuple(each) for each in alone}) < len(parts)
    assert {tuple(members) for members in alone} == {
        tuple(together.members(group).tolist()) for group in range(len(together))
    }


@pytest.mark.parametrize("share", [0.0, 0.65, 1.0])
def test_while_groups_are_improved_a_share_of_what_is_explained_is_taken_off(share: float) -> None:
    facts, family = make_background(n=1000), pick(400, 5)
    for kind in ("address", "phone", "device", "card"):
        facts.share(family, kind, f"the family's {kind}")
    policy = structs.replace(DEFAULT_POLICY, explained_in_search=share)
    judged = judge(make_market(make_snapshot(facts), DetectSettings(policy=policy)), family)
    explained = judged.surprising_bits - judged.idle_net_bits
    assert explained[0] > 20.0
    np.testing.assert_allclose(judge_worth(judged), judged.surprising_bits - share * explained)


@pytest.mark.parametrize("members", [RING, OTHER], ids=["trade", "refund"])
def test_a_member_left_out_is_taken_in(market: Market, members: list[str]) -> None:
    better = improve(market, members[1:])
    assert members[0] in better
    assert weigh(market, better) > weigh(market, members[1:])


@pytest.mark.parametrize("members", [RING, OTHER], ids=["trade", "refund"])
def test_a_stranger_is_let_go(market: Market, members: list[str]) -> None:
    stranger = pick(300, 1)[0]
    assert stranger not in improve(market, [*members, stranger])


@pytest.mark.parametrize("names", [1.0, 3.0, 6.0, 60.0])
def test_to_let_go_of_somebody_is_tried_unless_it_brings_some_times_its_name(market: Market, names: float) -> None:
    groups = gather(market.snapshot, [*OTHER, *pick(300, 2)])
    policy = structs.replace(DEFAULT_POLICY, firm_names=names, neighbours_tried=0)
    weights = weigh_links(link_market(market), market.n_accounts)
    changes = list_changes(groups, weights, replace(market, policy=policy))
    times = np.divide(*weigh_ties(groups, market))
    assert (times < 1.0).sum() == 2
    assert times.max() > 3.0
    assert changes.account.tolist() == groups.account[times < names].tolist()
    least = np.where(times >= 1.0, DEFAULT_POLICY.least_gain_bits, 0.0)
    assert changes.floor.tolist() == least[times < names].tolist()


@pytest.mark.parametrize("times", [0.0, 0.8, 1.0, 2.0])
def test_a_neighbour_is_tried_whose_links_pay_some_times_for_a_name(market: Market, times: float) -> None:
    groups = gather(market.snapshot, OTHER[:-3])
    policy = structs.replace(DEFAULT_POLICY, neighbour_names=times, neighbours_tried=market.n_accounts)
    weights = weigh_links(link_market(market), market.n_accounts)
    changes = list_changes(groups, weights, replace(market, policy=policy))
    pull = weights[groups.account].sum(axis=0)
    pull[groups.account] = 0.0
    name = weigh_ties(groups, market)[1].min()
    assert changes.account[changes.is_added].tolist() == np.flatnonzero((pull > 0) & (pull >= times * name)).tolist()
    known = market.snapshot.account_id[changes.account[changes.is_added]].tolist()
    assert set(OTHER[-3:]) <= set(known)


def test_a_crowd_is_left_as_it_is(market: Market) -> None:
    crowd = pick(300, DEFAULT_POLICY.largest_improved + 1)
    assert improve(market, crowd) == crowd


def test_improving_comes_to_the_same_again_and_under_other_names(market: Market) -> None:
    start = [*RING[2:], *pick(300, 2)]
    better = improve(market, start)
    assert improve(market, start) == better
    facts = plant_two()
    names = list(facts.accounts)
    new = dict(zip(names, np.random.default_rng(8).permutation(names).tolist(), strict=True))
    snapshot = make_snapshot(rename(facts, new))
    moved = improve(make_market(snapshot), [new[name] for name in start])
    assert set(moved) == {new[name] for name in better}


def test_the_whole_is_kept_rather_than_its_pieces(market: Market) -> None:
    judged = judge(market, OTHER[:6], OTHER[6:], OTHER, OTHER[:8], OTHER[3:11])
    assert list_picked(market, judged) == [OTHER]


def test_two_rings_are_two_though_one_list_of_both_shows_more(market: Market) -> None:
    both = [*RING, *OTHER]
    judged = judge(market, both, RING, OTHER, [*both, *pick(300, 2)])
    assert judged.net_bits[judged.groups.size == 24] > judged.net_bits[judged.groups.size == 12].max()
    assert judged.groups.size[find_falling_apart(judged)].tolist() == [24, 26]
    assert {frozenset(members) for members in list_picked(market, judged)} == {frozenset(RING), frozenset(OTHER)}


@pytest.mark.parametrize(
    ("handed_on", "users", "is_one"), [(0, 0, False), (6, 0, False), (8, 0, True), (0, 3, False), (0, 24, True)]
)
def test_a_few_things_that_went_from_hand_to_hand_do_not_make_two_rings_one_and_what_most_of_them_share_does(
    handed_on: int, users: int, *, is_one: bool
) -> None:
    facts, both = plant_two(), [*RING, *OTHER]
    for number in range(handed_on):
        facts.share([RING[number], RING[number + 1], OTHER[number]], "device", f"went from hand to hand {number}")
    facts.share([each for pair in zip(OTHER, RING, strict=True) for each in pair][:users], "phone", "of many")
    judged = judge(make_market(make_snapshot(facts)), both, RING, OTHER)
    assert (not find_falling_apart(judged)[judged.groups.size == 24].any()) == is_one


def test_what_holds_together_does_not_fall_apart(market: Market) -> None:
    judged = judge(market, OTHER, OTHER[:6], OTHER[6:])
    assert (judged.net_bits > 0).all()  # each half could stand for itself
    assert not find_falling_apart(judged)[judged.groups.size == 12].any()


def test_groups_that_fall_short_are_picked_down_to_the_floor_only(market: Market) -> None:
    judged = judge(market, RING, pick(300, 5))
    short = float(judged.net_bits.min())
    assert short < 0
    assert list_picked(market, judged) == [RING]
    assert list_picked(market, judged, floor=short - 1) == [RING, pick(300, 5)]


def test_groups_that_share_less_than_half_stand_side_by_side(market: Market) -> None:
    judged = judge(market, RING, [*RING[10:], *OTHER])
    assert len(list_picked(market, judged)) == 2
    judged = judge(market, RING, [*RING[4:], *OTHER[:2]])
    assert list_picked(market, judged) == [RING]


@pytest.mark.parametrize("named", [[], RING, RING[:6]], ids=["nobody", "a ring", "half of one"])
def test_those_whom_no_group_names_are_searched_once_more(market: Market, named: list[str]) -> None:
    groups = gather(market.snapshot, named) if named else gather_groups([])
    rest = search_rest(groups, link_market(market), market, seed=0)
    ids = market.snapshot.account_id
    found = {frozenset(ids[rest.members(group)].tolist()) for group in range(len(rest))}
    assert frozenset(OTHER) in found
    assert not set(named) & set().union(*found)


def test_the_rest_is_searched_as_finely_as_the_policy_says(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def find(links: Links, resolutions: tuple[float, ...], policy: Policy, *, seed: int) -> Groups:
        asked.append(resolutions)
        return find_candidates(links, resolutions, policy, seed=seed)

    monkeypatch.setattr("detection.search.find_candidates", find)
    policy = structs.replace(DEFAULT_POLICY, rest_resolution=7.0)
    search_rest(gather_groups([]), link_market(market), replace(market, policy=policy), seed=0)
    assert asked == [(7.0,)]


def test_no_groups_are_improved_judged_and_picked(market: Market) -> None:
    nothing: Groups = gather_groups([])
    better = improve_groups(nothing, link_pairs((), (), market.n_accounts, market.policy), market)
    judged = judge_groups(better, market)
    assert len(pick_best(judged)) == 0


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


def test_a_ring_and_those_who_add_less_than_their_names_take_is_the_ring(market: Market) -> None:
    # A list of 24 names is 21 bits shorter than one of 12 and another of 12, which is nothing to their credit.
    lookers_on = pick(300, 12)
    judged = judge(market, RING, [*RING, *lookers_on])
    assert list_picked(market, judged) == [RING]
    nobody = judge(market, [*RING, *lookers_on])
    assert not find_falling_apart(nobody).any()  # without a part to compare with


def test_groups_that_cross_are_cut_into_what_they_share_and_what_each_has_for_itself() -> None:
    groups = gather_groups([np.arange(0, 9), np.arange(5, 12), np.arange(20, 24)])
    cut = cut_crossing(groups)
    assert [cut.members(group).tolist() for group in range(len(cut))] == [
        [0, 1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11],
    ]  # fmt: skip


def test_a_labelled_account_is_proposed_with_its_strongest_neighbours(market: Market) -> None:
    snapshot = market.snapshot
    row = {name: place for place, name in enumerate(snapshot.account_id.tolist())}
    labelled = replace(
        snapshot,
        label_account=np.array([row[RING[0]]]),
        label_is_fraud=np.array([True]),
        label_decided_at=np.array(["2024-01-01"], dtype="datetime64[us]"),
    )
    links, rows = link_market(market), {row[name] for name in RING}
    seeded, plain = (
        propose_groups([links], replace(market, snapshot=labelled), DetectSettings(label_seeds=wanted))
        for wanted in (True, False)
    )
    around = propose_around(labelled.label_account, links, market)
    assert all(row[RING[0]] in around.members(group) for group in range(len(around)))
    closest = int(np.argmin(around.size))
    assert set(around.members(closest).tolist()) <= rows
    found = {tuple(seeded.members(group).tolist()) for group in range(len(seeded))}
    assert {tuple(around.members(group).tolist()) for group in range(len(around))} <= found
    known = {tuple(plain.members(group).tolist()) for group in range(len(plain))}
    without = propose_groups([links], market, DetectSettings())
    assert known == {tuple(without.members(group).tolist()) for group in range(len(without))}
