"""What a club and fans claim of two groups so small that the figures follow by hand: clubs trade, fans come back.

The memberships are 0 to 3, and 4 to 6.
"""

from __future__ import annotations

from math import comb, log2
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hand_made import gather_facts, hear, list_claims, share, show

from detection.channels.catalogue import PRAISE, PURCHASE, TRADE
from detection.evidence.clock import Clock
from detection.evidence.explanations import explain_by_club, explain_by_fans
from detection.evidence.group_facts import GroupFacts
from detection.evidence.inner_trades import InnerTrades
from detection.evidence.measure import SharedWithin
from detection.evidence.praise import Praise
from detection.groups import Groups, index_by_account
from detection.likelihood import score_confined
from detection.policy import Policy

NO_TRADES = np.empty(0, dtype=np.int64)
PHONES = share((0, [0, 1], 6.0, 2))


# ── a club ────────────────────────────────────────────────────────────────────────────────────────


def trade_inside(confined: tuple[float, float], traders: list[int]) -> InnerTrades:
    is_trader = np.isin(np.arange(7), traders)
    return InnerTrades(np.array(confined), is_trader, is_trader, np.zeros(2), NO_TRADES, NO_TRADES)


def gather_club(
    within: dict[str, SharedWithin],
    trades: tuple[float, float],
    *,
    traders: list[int],
    confined: tuple[float, float] = (0.0, 0.0),
    pairs: tuple[list[int], list[int]] = ([4, 1], [0, 0]),
    **known: Any,
) -> GroupFacts:
    """Two groups that show bits by trades: how far in one season, and how many pairs of them at home."""
    nobody = SimpleNamespace(by_buyer=index_by_account(NO_TRADES), seller=NO_TRADES)
    sellers = {PURCHASE: np.array([3, 0, -1, 8, 8]), PRAISE: np.array([-1, 9, 2, 8])}
    return gather_facts(
        within,
        {TRADE: show(TRADE, *trades)},
        market={"policy": Policy(season_bits=3.0), "trades": nobody, "sellers": sellers},
        inner=trade_inside(confined, traders),
        home_trades=(np.array(pairs[0]), np.array(pairs[1])),
        **known,
    )


@pytest.mark.parametrize(
    ("confined", "pairs", "claimed"),
    [
        ((0.0, 0.0), ([4, 1], [0, 0]), [20.0, 9.0]),
        ((5.0, 1.0), ([4, 1], [0, 0]), [17.0, 8.0]),
        ((0.0, 0.0), ([4, 1], [1, 1]), [15.0, 0.0]),
        ((5.0, 0.0), ([4, 0], [2, 0]), [8.5, 9.0]),
    ],
)
def test_a_club_claims_trades_beyond_a_season_and_away_from_home_and_names_who_trades(
    confined: tuple[float, float], pairs: tuple[list[int], list[int]], claimed: list[float]
) -> None:
    facts = gather_club({"phone": PHONES}, (20.0, 9.0), confined=confined, pairs=pairs, traders=[0, 2, 5])
    claim = hear(explain_by_club, facts)
    assert {name: bits.tolist() for name, bits in claim.claimed.items()} == {TRADE: pytest.approx(claimed)}
    assert np.flatnonzero(claim.named).tolist() == [0, 2, 5]


def test_a_club_buys_from_its_circle_and_when_it_does_follows_from_that() -> None:
    purchases = share(
        (0, [0, 1, 2], 6.0, 9),  # of a member, by two who trade among three
        (0, [0, 1], 2.0, 9),  # of a stranger
        (0, [0, 3], 8.0, 9),  # at one time, whoever the seller is
        (1, [4, 5], 5.0, 9),
        things=[0, 1, 2, 3],
    )
    claim = hear(explain_by_club, gather_club({PURCHASE: purchases}, (20.0, 9.0), traders=[0, 1, 4]))
    # Three quarters of what is bought of somebody is bought within: so much of the timing, of half of whom trade.
    assert claim.claimed[PURCHASE] == pytest.approx([4.0, 0.0, 8.0 * 6 / 8 / 2, 2.5])
    assert np.flatnonzero(claim.named).tolist() == [0, 1, 4]


def test_the_whole_timing_is_a_clubs_where_all_that_is_bought_is_bought_within() -> None:
    purchases = share((0, [0, 1], 0.5, 9), (0, [0, 1], 4.0, 9), things=[0, 2])
    claim = hear(explain_by_club, gather_club({PURCHASE: purchases}, (20.0, 9.0), traders=[0, 1]))
    assert claim.claimed[PURCHASE].tolist() == [0.5, 4.0]


def test_without_trades_that_a_club_claims_nothing_follows_of_its_purchases() -> None:
    purchases = share((0, [0, 1], 6.0, 9), (1, [4, 5], 5.0, 9), (1, [5, 6], 4.0, 9), things=[0, 4, 2])
    claim = hear(explain_by_club, gather_club({PURCHASE: purchases}, (0.5, 0.0), traders=[0, 1, 4, 5, 6]))
    assert claim.claimed[PURCHASE].tolist() == [6.0, 0.0, 0.0]


def test_when_people_buy_of_nobody_known_follows_from_no_club() -> None:
    purchases = share((0, [0, 1], 6.0, 9), things=[2])
    claim = hear(explain_by_club, gather_club({PURCHASE: purchases}, (20.0, 9.0), traders=[0, 1]))
    assert claim.claimed[PURCHASE].tolist() == [0.0]


@pytest.mark.parametrize(("customers", "claimed"), [(1.0, 4.0), (2 / 3, 4.0), (0.5, 3.0), (0.0, 0.0)])
def test_a_club_praises_what_it_bought(customers: float, claimed: float) -> None:
    praise = share((0, [0, 1, 2], 6.0, 9), things=[2])
    no_day = np.array([np.inf])
    given = Praise(np.array([0]), np.array([2]), np.array([6.0]), np.array([customers]), no_day, -no_day)
    claim = hear(explain_by_club, gather_club({PRAISE: praise}, (20.0, 9.0), traders=[0, 1], praise=given))
    assert claim.claimed[PRAISE] == pytest.approx([claimed])


# ── fans ──────────────────────────────────────────────────────────────────────────────────────────

ADMIRERS = np.array([40, 20, 30, 0, 0, 0, 0, 0, 0, 0])


def praise_(within: SharedWithin, seller: list[int], bits: list[float], days: list[tuple[float, float]]) -> GroupFacts:
    """Praise whose bits by customers are given, each from a first day to a last of a hundred with a review each."""
    first, last = np.array(days).T
    customers = np.ones(len(seller))
    given = Praise(within.group, np.array(seller), np.array(bits), customers, first, last)
    clock = Clock(np.arange(100.0))
    return gather_facts({PRAISE: within}, market={"admirers": ADMIRERS, "review_clock": clock}, praise=given)


def confine(times: int, share_of_time: float) -> float:
    return float(score_confined(np.array([float(times)]), np.array([share_of_time]))[0])


def test_fans_claim_what_was_bought_of_somebody() -> None:
    purchases = share((0, [0, 1], 6.0, 9), (0, [0, 1], 4.0, 9), (1, [4, 5], 0.5, 9), things=[2, 0, 1])
    facts = gather_facts({PURCHASE: purchases}, market={"sellers": {PURCHASE: np.array([-1, 0, 7])}})
    claim = hear(explain_by_fans, facts)
    assert list_claims(claim) == {PURCHASE: [6.0, 0.0, 0.5]}
    assert np.flatnonzero(claim.named).tolist() == [0, 1, 4, 5]


def test_fans_claim_praise_of_a_seller_but_for_how_close_together_it_comes() -> None:
    within = share((0, [0, 1], 30.0, 9), (0, [1, 2, 3], 10.0, 9), (0, [0, 3], 20.0, 9), (1, [4, 5], 20.0, 9))
    # The first two are of one seller: five times within the twenty days from the eleventh to the thirtieth.
    facts = praise_(within, [1, 1, 2, 1], [30.0, 10.0, 20.0, 0.0], [(10, 19), (25, 29), (0, 99), (0, 9)])
    left = 1 - confine(5, 0.2) / 40
    assert 0.6 < left < 0.9
    claim = hear(explain_by_fans, facts)
    assert list_claims(claim) == {PRAISE: pytest.approx([30 * left, 10 * left, 20.0, 0.0])}
    assert np.flatnonzero(claim.named).tolist() == [0, 1, 2, 3]


def test_praise_that_comes_closer_together_than_it_shows_is_not_that_of_fans() -> None:
    within = share((0, [0, 1, 2], 30.0, 9), (1, [4, 5, 6], 1.0, 9))
    bits = 0.75 * confine(3, 0.01)
    facts = praise_(within, [1, 1], [bits, 2 * bits], [(10, 10), (10, 10)])
    claim = hear(explain_by_fans, facts)
    assert list_claims(claim) == {PRAISE: pytest.approx([0.0, min(2 * bits - confine(3, 0.01), 1.0)])}


def test_a_little_praise_that_took_all_the_time_is_that_of_fans() -> None:
    claim = hear(explain_by_fans, praise_(share((0, [0, 1], 0.5, 9)), [1], [0.5], [(0, 80)]))
    assert claim.claimed[PRAISE] == pytest.approx([0.5 - confine(2, 0.81)])
    assert 0.2 < claim.claimed[PRAISE][0] < 0.5


def test_fans_are_so_many_of_those_who_praise_their_seller() -> None:
    within = share(
        (0, [0, 1], 30.0, 3),
        (0, [1, 2], 10.0, 3),
        (0, [0, 3], 9.0, 3),
        (0, [0, 1, 2, 3], 5.0, 5),
        (1, [4, 5, 6], 1.0, 3),
    )
    days = [(0.0, 99.0)] * 5
    facts = praise_(within, [1, 1, 2, -1, 0], [1.0, 1.0, 1.0, 0.0, 1.0], days)
    claim = hear(explain_by_fans, facts)
    # Three of the twenty who praise the one seller, two of the thirty of the other; three of the first account's forty.
    assert claim.choice_bits == pytest.approx([max(log2(comb(20, 3)), log2(comb(30, 2))), log2(comb(40, 3))])


def test_what_no_seller_is_known_of_is_no_other_sellers_praise() -> None:
    """What one group praised of nobody known has nothing to do with the group before, nor with the last account."""
    within = share((0, [0, 1], 30.0, 3), (1, [4, 5, 6], 9.0, 3))
    alone = hear(explain_by_fans, praise_(within, [9, 8], [30.0, 0.0], [(10, 19), (0, 99)])).claimed[PRAISE]
    beside = hear(explain_by_fans, praise_(within, [9, -1], [30.0, 0.0], [(10, 19), (0, 99)])).claimed[PRAISE]
    assert 0.0 < alone[0] < 30.0
    assert beside.tolist() == alone.tolist()


def test_nobody_praises_nothing() -> None:
    facts = praise_(share(), [], [], [(0, 0)])
    nothing = np.empty(0)
    given = Praise(NO_TRADES, NO_TRADES, nothing, nothing, nothing, nothing)
    vars(facts).update(praise=given)
    nobody = GroupFacts(Groups(NO_TRADES, np.array([0])), {}, {PRAISE: share()}, facts.inner, facts.market)
    vars(nobody).update(praise=given)
    for each in (facts, nobody):
        assert list_claims(hear(explain_by_fans, each)) == {PRAISE: []}
