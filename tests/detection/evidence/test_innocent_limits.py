"""Where each innocent explanation begins: one user, one day, one trade decides, just where the policy says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from detection_market import Facts, gather, make_snapshot

from detection.channels.catalogue import PRAISE, REFERRED, SIGN_UP, TRADE
from detection.evidence.explanations import HOUSEHOLD, Explanation
from detection.evidence.judge import Assessment, judge_groups
from detection.evidence.market import make_market
from detection.evidence.market_norms import MarketNorms
from detection.likelihood import score_surprise
from detection.policy import DEFAULT_POLICY, Policy
from detection.settings import DetectSettings

NAMES = [f"a{number:03d}" for number in range(120)]
MEMBERS = NAMES[20:30]
OTHERS = NAMES[60:]
A_HOUSEHOLD = DEFAULT_POLICY.household_size
OLD = MarketNorms(order_days=1_000, review_days=1_000)


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


def judge(facts: Facts, members: list[str], *, norms: MarketNorms = OLD, policy: Policy = DEFAULT_POLICY) -> Assessment:
    snapshot = make_snapshot(facts)
    market = replace(make_market(snapshot, DetectSettings(policy=policy)), norms=norms)
    return judge_groups(gather(snapshot, members), market)


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
        assert launch.bits[0] == pytest.approx(judged.within[PRAISE].bits.max())
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
        ]
    facts.uses.append((MEMBERS[1], "device", "an old phone", day))
    judged = judge(facts, MEMBERS)
    second_hand = hear(judged, "second-hand device")
    assert second_hand.bits[0] == pytest.approx(judged.evidence["device"].bits[0] if is_sold_on else 0.0)
    assert second_hand.people.tolist() == [10 if is_sold_on else 0]


CLUB, FANS = DEFAULT_POLICY.club_days, DEFAULT_POLICY.fans_days
HALF = DEFAULT_POLICY.lasting_share


@pytest.mark.parametrize(
    ("days", "market_days", "is_club"),
    [(CLUB, 1_000, True), (CLUB - 1, 1_000, False), (100, 100 / HALF, True), (100, 102 / HALF, False)],
)
def test_a_club_trades_for_as_long_as_the_policy_says_or_half_of_the_markets_time(
    days: float, market_days: float, *, is_club: bool
) -> None:
    facts = make_facts()
    circle = [(MEMBERS[place], MEMBERS[(place + 1) % 5]) for place in range(5)]
    facts.trade([*circle, (MEMBERS[6], OTHERS[0])], [*np.linspace(0, days, 5), 4_000.0])
    facts.trade([(OTHERS[place], OTHERS[place + 1]) for place in range(50)], [4_000.0] * 50)
    judged = judge(facts, MEMBERS[:7], norms=MarketNorms(order_days=market_days))
    assert judged.evidence[TRADE].bits[0] > 5
    club = hear(judged, "club")
    assert club.bits[0] == pytest.approx(judged.evidence[TRADE].bits[0] if is_club else 0.0)
    assert club.people.tolist() == [5 if is_club else 0]


@pytest.mark.parametrize(
    ("days", "market_days", "are_fans"),
    [(FANS, 1_000, True), (FANS - 1, 1_000, False), (40, 40 / HALF, True), (40, 42 / HALF, False)],
)
def test_fans_praise_for_as_long_as_the_policy_says_or_half_of_the_markets_time(
    days: float, market_days: float, *, are_fans: bool
) -> None:
    facts = make_facts()
    for day in (0.0, days):
        facts.reviews += [(name, None, NAMES[0], 5.0, day) for name in MEMBERS[:5]]
        facts.reviews += [(name, None, OTHERS[place], 5.0, day) for place, name in enumerate(OTHERS[:50])]
    judged = judge(facts, MEMBERS[:6], norms=MarketNorms(review_days=market_days))
    within = judged.within[PRAISE]
    of_seller = judged.market.sellers[PRAISE][within.thing] == 0
    fans = hear(judged, "fans")
    assert fans.bits[0] == pytest.approx(within.bits[of_seller].sum() if are_fans else 0.0)
    assert fans.people.tolist() == [5 if are_fans else 0]


@pytest.mark.parametrize(("share", "are_friends"), [(0.3, False), (0.31, True)])
def test_payments_of_friends_are_explained_where_more_deal_in_cycles_than_is_unusual(
    share: float, *, are_friends: bool
) -> None:
    facts = make_facts()
    facts.trade([(MEMBERS[place], MEMBERS[(place + 1) % 5]) for place in range(5)], [5.0] * 5)
    facts.trade([(OTHERS[place], OTHERS[place + 1]) for place in range(50)], [5.0] * 50)
    judged = judge(facts, MEMBERS[:6], norms=MarketNorms(cycles=share, order_days=1_000))
    friends = hear(judged, "friends")
    assert friends.bits[0] == pytest.approx(judged.evidence[TRADE].bits[0] if are_friends else 0.0)
    assert friends.people.tolist() == [5 if are_friends else 0]


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
    by_trade = score_surprise(np.array([usual]), shown.expected)[0]
    assert shown.observed[0] == 6
    assert weigh(judged, HOUSEHOLD) == pytest.approx(judged.evidence["phone"].bits[0] + by_trade)
    household = hear(judged, HOUSEHOLD)
    assert (household.people.tolist(), household.households.tolist()) == ([4], [1])
