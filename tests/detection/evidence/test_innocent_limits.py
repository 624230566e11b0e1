"""Where each innocent explanation begins: one user, one day, one trade decides, just where the policy says."""

from __future__ import annotations

import numpy as np
import pytest
from detection_market import Facts, find_ring_of, gather, make_background, make_snapshot
from scipy.special import binom

from detection.channels.catalogue import PRAISE, REFERRED, SIGN_UP, TRADE
from detection.evidence.claims import Explanation
from detection.evidence.explanations import HOUSEHOLD
from detection.evidence.judge import Assessment, judge_groups
from detection.evidence.market import make_market
from detection.policy import DEFAULT_POLICY, Policy
from detection.run import find_run
from detection.settings import DetectSettings

NAMES = [f"a{number:03d}" for number in range(120)]
MEMBERS = NAMES[20:30]
OTHERS = NAMES[60:]
A_HOUSEHOLD = DEFAULT_POLICY.household_size


def make_facts() -> Facts:
    """Everybody has a phone and a home, praises somebody and was referred by somebody, each another."""
    facts = Facts(dict.fromkeys(NAMES))
    for kind in ("phone", "address"):
        facts.uses = [*facts.uses, *((name, kind, f"{kind} of {name}", 1.0) for name in NAMES)]
    facts.uses += [(name, "device", f"device of {name}", 1.0) for name in OTHERS]
    facts.reviews = [
        (name, None, NAMES[30 + (place + turn * turn) % 30], 5.0, 100.5)
        for place, name in enumerate(OTHERS)
        for turn in range(5)
    ]
    facts.referrals = [(name, OTHERS[-1 - place]) for place, name in enumerate(OTHERS[:30])]
    return facts


def judge(facts: Facts, members: list[str], *, policy: Policy = DEFAULT_POLICY) -> Assessment:
    snapshot = make_snapshot(facts)
    return judge_groups(gather(snapshot, members), make_market(snapshot, DetectSettings(policy=policy)))


def hear(judged: Assessment, name: str) -> Explanation:
    """What one explanation says, nothing where it is not heard."""
    nothing = Explanation(name, np.zeros(1), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))
    return next((each for each in judged.explanations if each.name == name), nothing)


def weigh(judged: Assessment, name: str) -> float:
    return float(hear(judged, name).bits[0])


@pytest.mark.parametrize(("users", "is_crowd"), [(A_HOUSEHOLD, False), (A_HOUSEHOLD + 1, True)])
def test_more_than_a_household_who_praise_one_seller_at_once_are_a_launch(users: int, *, is_crowd: bool) -> None:
    facts = make_facts()
    praisers = [*MEMBERS[:5], *OTHERS[40 : 35 + users]]
    facts.reviews += [(name, None, NAMES[0], 5.0, 100.5) for name in praisers]
    judged = judge(facts, MEMBERS[:6])
    assert judged.within[PRAISE].bits.max() > 1
    launch = hear(judged, "launch")
    assert (launch.bits[0] > 0) == is_crowd
    if is_crowd:
        shown = judged.evidence[PRAISE].bits[0]  # less what choosing the grain costs
        assert launch.bits[0] == pytest.approx(min(judged.within[PRAISE].bits.max(), shown))
        assert launch.people.tolist() == [5]


def test_a_launch_explains_the_one_strongest_coincidence() -> None:
    facts = make_facts()
    for seller, praisers in ((NAMES[0], MEMBERS[:6]), (NAMES[1], MEMBERS[3:8])):
        facts.reviews += [(name, None, seller, 5.0, 100.5) for name in (*praisers, *OTHERS[40:50])]
    judged = judge(facts, MEMBERS)
    within = judged.within[PRAISE]
    best, second = sorted(within.bits[judged.market.sellers[PRAISE][within.thing] >= 0])[::-1][:2]
    assert best > second > 0
    assert weigh(judged, "launch") == pytest.approx(max(within.bits)) == pytest.approx(best)


@pytest.mark.parametrize(("followers", "is_campaign"), [(A_HOUSEHOLD - 1, False), (A_HOUSEHOLD, True)])
def test_more_than_a_household_with_the_one_they_follow_are_a_campaign_and_came_at_one_time(
    followers: int, *, is_campaign: bool
) -> None:
    facts = make_facts()
    facts.referrals += [(name, NAMES[0]) for name in (*MEMBERS[:5], *OTHERS[40 : 35 + followers])]
    facts.accounts = {name: 30.0 if name in MEMBERS[:5] else 7.0 * place for place, name in enumerate(NAMES)}
    judged = judge(facts, MEMBERS[:6])
    signed_up, referred = (judged.evidence[name].bits[0] for name in (SIGN_UP, REFERRED))
    assert min(signed_up, referred) > 1
    campaign = hear(judged, "referral campaign")
    assert campaign.bits[0] == pytest.approx(signed_up + referred if is_campaign else 0.0)
    assert campaign.people.tolist() == [5 if is_campaign else 0]


@pytest.mark.parametrize(("users", "owners", "is_public"), [(10, 6, True), (10, 5, False), (9, 9, True), (8, 8, False)])
def test_a_crowds_device_is_public_where_more_than_half_of_its_users_have_another(
    users: int, owners: int, *, is_public: bool
) -> None:
    facts, members = make_facts(), MEMBERS[:users]
    facts.share(members, "device", "a computer")
    facts.uses += [(name, "device", f"device of {name}", 1.0) for name in members[:owners]]
    # A crowd's device is nobody's own, whoever else has part in it.
    facts.share([*members[owners:], *OTHERS[:9]], "device", "another crowd's")
    judged = judge(facts, members)
    computer = judged.within["device"].members == users
    place = hear(judged, "shared place")
    assert (place.bits[0] > 0) == is_public
    if is_public:
        assert place.bits[0] == pytest.approx(judged.within["device"].bits[computer].sum())
        assert place.people.tolist() == [users]


@pytest.mark.parametrize(("strangers", "is_place"), [(A_HOUSEHOLD - 5, False), (A_HOUSEHOLD - 4, True)])
def test_more_than_a_household_at_one_address_share_a_place_and_fewer_a_home(strangers: int, *, is_place: bool) -> None:
    facts = make_facts()
    facts.share([*MEMBERS[:5], *OTHERS[:strangers]], "address", "a house")
    judged = judge(facts, MEMBERS[:6])
    bits = judged.evidence["address"].bits[0]
    assert bits > 1
    assert weigh(judged, "shared place") == pytest.approx(bits if is_place else 0.0)
    assert weigh(judged, HOUSEHOLD) == pytest.approx(0.0 if is_place else bits)
    assert hear(judged, "shared place").people.tolist() == [5 if is_place else 0]


@pytest.mark.parametrize(("day", "is_sold_on"), [(81.0, True), (80.0, False)])
def test_a_device_is_second_hand_where_each_stops_before_the_next_one_starts(day: float, *, is_sold_on: bool) -> None:
    facts = make_facts()
    for turn, name in enumerate(MEMBERS):
        facts.uses += [
            (name, "device", "an old phone", 81.0 * turn),
            (name, "device", "an old phone", 81.0 * turn + 80),
            (name, "device", f"the next phone of {name}", 81.0 * turn + 81),
        ]
    facts.uses.append((MEMBERS[1], "device", "an old phone", day))
    judged = judge(facts, MEMBERS)
    second_hand = hear(judged, "second-hand device")
    assert second_hand.bits[0] == pytest.approx(judged.evidence["device"].bits[0] if is_sold_on else 0.0)
    assert second_hand.people.tolist() == [10 if is_sold_on else 0]


@pytest.mark.parametrize(("days", "confined"), [(0.5, True), (3_000.0, False)])
def test_the_trades_of_a_club_count_for_their_season_so_much_at_most(days: float, *, confined: bool) -> None:
    facts = make_facts()
    circle = [(MEMBERS[place], MEMBERS[(place + 1) % 5]) for place in range(5)]
    facts.trade([*circle, (MEMBERS[6], OTHERS[0])], [*np.linspace(0, days, 5), 4_000.0])
    facts.trade([(OTHERS[place], OTHERS[place + 1]) for place in range(50)], np.linspace(0, 3_000, 50).tolist())
    judged = judge(facts, MEMBERS[:7])
    trades, least = judged.evidence[TRADE].bits[0], DEFAULT_POLICY.season_bits
    club = hear(judged, "club")
    assert judged.inner_trades.confined_bits[0] > least if confined else judged.inner_trades.confined_bits[0] < 2
    assert club.bits[0] == pytest.approx(trades - min(judged.inner_trades.confined_bits[0], least))
    assert club.people.tolist() == [5]


def test_a_family_that_trades_at_home_is_no_club() -> None:
    facts, family = make_facts(), MEMBERS[:5]
    facts.trade([(one, other) for one in family for other in family if one != other], [5.0] * 20)
    facts.trade([(OTHERS[place], OTHERS[place + 1]) for place in range(50)], np.linspace(0, 300, 50).tolist())
    apart = hear(judge(facts, family), "club").bits[0]
    facts.share(family, "phone", "the family's phone")
    assert apart > 0 == hear(judge(facts, family), "club").bits[0]


def test_people_who_sign_up_together_came_together() -> None:
    facts = make_facts()
    for place, name in enumerate(NAMES):
        facts.accounts[name] = 3.0 * place
    for name in MEMBERS:
        facts.accounts[name] = 50.01
    judged = judge(facts, MEMBERS)
    came = hear(judged, "came together")
    assert came.bits[0] == pytest.approx(judged.evidence[SIGN_UP].bits[0], rel=0.2)
    assert judged.evidence[SIGN_UP].bits[0] > 20
    assert came.people.tolist() == [10]


@pytest.mark.parametrize(("size", "joint"), [(2, 0.0), (3, 0.0), (3, 6.0), (5, 6.0), (5, 400.0)])
def test_a_family_of_three_or_more_seldom_comes_at_once(size: int, joint: float) -> None:
    facts, family = make_facts(), MEMBERS[:size]
    facts.accounts = {name: 3.0 * place for place, name in enumerate(NAMES)} | dict.fromkeys(family, 50.01)
    facts.share(family, "phone", "the family's")
    facts.accounts[MEMBERS[9]] = 200.0
    judged = judge(facts, [*family, MEMBERS[9]], policy=Policy(joint_arrival_bits=joint))
    shown, of_moment = judged.evidence[SIGN_UP].bits[0], judged.within[SIGN_UP].bits.sum()
    claimed = of_moment if size == 2 else max(of_moment - joint, 0.0)
    assert 0.0 < shown <= of_moment
    assert weigh(judged, "came together") == pytest.approx(min(shown, claimed))


def test_a_family_that_comes_with_others_came_with_them() -> None:
    facts, family = make_facts(), MEMBERS[:4]
    facts.accounts = {name: 3.0 * place for place, name in enumerate(NAMES)} | dict.fromkeys(MEMBERS, 50.01)
    facts.share(family, "phone", "the family's")
    judged = judge(facts, MEMBERS)
    assert weigh(judged, "came together") == pytest.approx(judged.evidence[SIGN_UP].bits[0], rel=0.2)


def test_fans_are_named_among_those_who_praise_the_seller() -> None:
    facts, fans = make_facts(), MEMBERS
    facts.orders = [(name, NAMES[0], 1.0, "completed") for name in fans]
    facts.reviews += [(name, None, NAMES[0], 5.0, 100.5) for name in fans]
    for others in (0, 20):
        facts.reviews += [(name, None, NAMES[0], 5.0, 300.0) for name in OTHERS[:others]]
        choice = hear(judge(facts, fans), "fans").choice_bits
        admirers = len({author for author, _, seller, *_ in facts.reviews if seller == NAMES[0]})
        assert np.max(choice) == pytest.approx(np.log2(binom(admirers, len(fans))), abs=1e-6)


@pytest.mark.parametrize("family_trades", [0.0, 0.5, 1.0, 2.0])
def test_a_family_trades_with_each_of_its_relatives_so_often(family_trades: float) -> None:
    facts, family = make_facts(), MEMBERS[:4]
    facts.trade([(one, other) for one in family for other in family if one != other], [5.0] * 12)
    facts.trade([(OTHERS[place], OTHERS[place + 1]) for place in range(50)], [5.0] * 50)
    policy = Policy(family_trades=family_trades)
    assert weigh(judge(facts, family, policy=policy), HOUSEHOLD) == 0.0  # trades alone make no family
    facts.share(family, "phone", "the family's")
    judged = judge(facts, family, policy=policy)
    shown = judged.evidence[TRADE]
    usual = min(family_trades * 3, shown.observed[0])
    by_trade = shown.bits[0] * usual / 6  # six pairs of four trade
    assert shown.observed[0] == 6
    assert weigh(judged, HOUSEHOLD) == pytest.approx(judged.evidence["phone"].bits[0] + by_trade)
    household = hear(judged, HOUSEHOLD)
    assert (household.people.tolist(), household.households.tolist()) == ([4], [1])


@pytest.mark.parametrize(("days", "tier"), [(14.0, "review"), (330.0, None)])
def test_who_shows_one_makers_photo_is_its_seller_unless_all_came_within_weeks(days: float, tier: str | None) -> None:
    facts = make_background(n=500)
    sellers = [f"seller{place:02d}" for place in range(16)]
    facts.accounts |= {name: 20.0 + days * place / 15 for place, name in enumerate(sellers)}
    for kind in ("photo", "listing-text"):
        facts.share(sellers, kind, "theirs")
        facts.uses += [(f"a{place:04d}", kind, f"one of {place // 4}", 10.0) for place in range(200)]
    ring = find_ring_of(find_run(make_snapshot(facts), DetectSettings()), sellers)
    assert (ring.tier if ring else None) == tier
