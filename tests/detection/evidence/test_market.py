"""The market as judging needs it, of a handful of accounts: what is traded, praised and known, and what is left out."""

from __future__ import annotations

import numpy as np
import pytest
from detection_market import Facts, make_snapshot

from detection.channels.catalogue import (
    BLAME,
    FUNDING,
    PRAISE,
    PURCHASE,
    REFERRED,
    REFUND,
    SIGN_UP,
    SWEEP,
    TRADE,
    TRANSFER,
    Catalogue,
)
from detection.channels.conduct import COMPLAINTS, REFUNDS, SALES
from detection.evidence.market import Market, check_names, make_market
from detection.policy import Policy
from detection.settings import DetectSettings
from graph.errors import ConfigError

NAMES = ["ann", "bob", "cyd", "dan", "eve", "shop"]


def make_facts() -> Facts:
    """Something of every kind; the accounts are in the order of their names."""
    facts = Facts({name: float(place) for place, name in enumerate(NAMES)}, listings={"p": "shop", "q": "eve"})
    facts.share(["ann", "bob"], "phone", "one")
    facts.share(["ann", "cyd"], "browser", "two")
    facts.referrals = [("bob", "ann")]
    facts.orders = [
        ("ann", "bob", 1.0, "completed", "p"),
        ("bob", "cyd", 2.0, "completed"),
        ("cyd", "ann", 3.0, "completed"),
        ("dan", "shop", 4.0, "refunded", "p"),
        ("dan", "dan", 5.0, "completed"),
        ("eve", None, 6.0, "completed"),
        *[("eve", "shop", 7.0, "completed", "q")] * 9,
    ]
    facts.reviews = [
        ("ann", None, "shop", 5.0, 1.0),
        ("ann", None, "shop", 4.0, 2.0),
        ("bob", None, "shop", 4.0, 2.0),
        ("cyd", None, "shop", 3.0, 2.0),
        ("cyd", None, "bob", 5.0, 3.0),
        *[("dan", None, "bob", 3.0, 3.0)] * 4,
        ("eve", None, "ann", 1.0, 8.0),
    ]
    return facts


def meet(facts: Facts | None = None, settings: DetectSettings | None = None) -> Market:
    return make_market(make_snapshot(facts or make_facts()), settings)


def test_every_channel_that_has_facts_is_found_and_the_others_are_silent() -> None:
    market = meet()
    assert market.n_accounts == 6
    assert list(market.things) == [
        *("browser", "phone", PRAISE, BLAME, REFUND, PURCHASE, FUNDING, SWEEP, TRANSFER, REFERRED, SIGN_UP)
    ]
    assert list(market.dealings) == [TRADE]
    assert list(market.channels) == [*market.things, TRADE]
    assert all(market.channels[name].name == name for name in market.channels)
    assert {signal.name for signal in market.conduct} == {REFUNDS, COMPLAINTS, SALES}
    nothing = meet(Facts(dict.fromkeys(NAMES)))
    assert (nothing.channels, nothing.conduct, nothing.sellers, len(nothing.cycles.a)) == ({}, (), {}, 0)


def test_of_a_market_in_which_nothing_was_looked_for_nothing_is_known() -> None:
    market = Market(make_snapshot(make_facts()))
    assert (market.things, market.dealings, market.conduct, market.sellers) == ({}, {}, (), {})
    assert market.policy == Policy()
    assert (len(market.cycles.a), market.pools.inside.shape[1]) == (0, 0)
    assert (market.channels, market.acting_on, market.timeless) == ({}, {}, [])


def test_searches_follow_all_but_moments_of_signing_up() -> None:
    market = meet()
    assert list(market.followed) == [name for name in market.things if name != SIGN_UP]
    assert market.followed["phone"] is market.things["phone"]


def test_identifiers_and_referrers_are_shared_whenever_they_are_used() -> None:
    assert [channel.name for channel in meet().timeless] == ["browser", "phone", FUNDING, SWEEP, REFERRED]


def test_trades_are_orders_of_a_known_seller_who_is_not_the_buyer_and_kept_the_money() -> None:
    trades = meet().trades
    assert trades.seller.tolist() == [1, 2, 0, *[5] * 9]
    assert trades.by_buyer.count.tolist() == [1, 1, 1, 0, 9]
    assert trades.names_product.tolist() == [True, False, False, *[True] * 9]
    assert trades.ordered_at[:2].tolist() == make_snapshot(make_facts()).orders.ordered_at[:2].tolist()


def test_who_praised_a_seller_admires_it_once_however_often() -> None:
    assert meet().admirers.tolist() == [0, 1, 0, 0, 0, 2]
    assert meet(settings=DetectSettings(policy=Policy(good_rating=5.0))).admirers.tolist() == [0, 1, 0, 0, 0, 1]
    assert meet(Facts(dict.fromkeys(NAMES))).admirers.tolist() == [0] * 6
    assert meet(Facts()).admirers.tolist() == []


def test_clocks_count_the_days_of_orders_and_of_reviews() -> None:
    first = int(np.datetime64("2024-01-01", "D").astype(int))
    market = meet()
    assert (market.order_clock.days - first).tolist() == [1, 2, 3, 4, 5, 6, *[7] * 9]
    assert (market.review_clock.days - first).tolist() == [1, 2, 2, 2, 3, 3, 3, 3, 3, 8]


def test_of_what_is_done_with_sellers_the_seller_concerned_is_known() -> None:
    market = meet()
    assert list(market.sellers) == [PRAISE, BLAME, REFUND, PURCHASE, TRANSFER]
    assert set(market.sellers[REFUND].tolist()) == {-1, 5}
    assert set(market.sellers[BLAME].tolist()) == {-1, 0}


def test_who_acted_on_a_seller_did_so_once_however_often() -> None:
    acting_on = meet().acting_on
    assert list(acting_on) == [PRAISE, BLAME, REFUND, PURCHASE, TRANSFER]
    assert acting_on[PRAISE].tolist() == [0, 1, 0, 0, 0, 2]
    assert acting_on[BLAME].tolist() == [1, 0, 0, 0, 0, 0]
    assert acting_on[REFUND].tolist() == [0, 0, 0, 0, 0, 1]
    assert meet(Facts(dict.fromkeys(NAMES))).acting_on == {}


def test_trades_in_cycles_are_links_and_there_are_none_without_trades() -> None:
    cycles = meet().cycles
    assert list(zip(cycles.a.tolist(), cycles.b.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 2)]
    assert len(meet(settings=DetectSettings(exclude_channels=(TRADE,))).cycles.a) == 0


def test_what_a_market_goes_by_is_what_the_settings_say() -> None:
    policy = Policy(prior_bits=7.0)
    settings = DetectSettings(policy=policy, exclude_channels=("phone", REFUNDS, "iban", REFERRED))
    market = meet(settings=settings)
    assert market.policy is policy
    assert {"phone", REFERRED}.isdisjoint(market.things)
    assert [signal.name for signal in market.conduct] == [SALES, COMPLAINTS]
    assert set(market.say_rules()) == set(market.channels)
    assert market.say_rules()["browser"] == {"is_shared_at_home": True, "role": "coarse"}
    behaviours = tuple(record for record in Catalogue().behaviours if record.name == TRADE)
    few = make_market(make_snapshot(make_facts()), catalogue=Catalogue(behaviours=behaviours))
    assert list(few.channels) == ["browser", "phone", TRADE]


def test_what_groups_are_named_among_follows_from_the_channels_and_conduct() -> None:
    whole, part = meet().pools, meet(settings=DetectSettings(exclude_channels=(REFUNDS, "phone"))).pools
    assert whole.inside.shape[0] == part.inside.shape[0] == 6
    assert whole.inside.shape[1] > part.inside.shape[1]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("devise", "there is no channel 'devise'; did you mean 'device'?"),
        ("xyzzy", "there is no channel 'xyzzy'; there are device, phone, refunds asked"),
    ],
)
def test_a_channel_that_there_is_not_cannot_be_looked_away_from(name: str, says: str) -> None:
    check_names(["phone", "device"], ["phone", "device"])
    with pytest.raises(ConfigError) as refused:
        check_names(["phone", name], iter(["phone", "device", "refunds asked"]))
    assert str(refused.value) == f"exclude_channels in the settings: {says}"
    with pytest.raises(ConfigError, match="there is no channel"):
        meet(settings=DetectSettings(exclude_channels=(name,)))
