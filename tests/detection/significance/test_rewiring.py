"""Rewired markets: everybody does as much as before; who met whom is chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from detection_market import Facts, make_background, make_snapshot, pick, plant_farm, plant_opinions, plant_trade_ring
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.run import find_run
from detection.settings import DetectSettings
from detection.significance import rewiring as nullmarket
from detection.significance.rewiring import find_q_values, rewire_snapshot
from graph.model import Snapshot
from graph.stores.snapshots import digest_snapshot


def plant_three(n: int = 1000) -> Facts:
    facts = make_background(n=n)
    plant_trade_ring(facts, pick(100, 12))
    plant_opinions(facts, pick(200, 16), 1, 5.0)
    plant_farm(facts, pick(300, 16))
    return facts


@pytest.fixture(scope="module")
def market() -> Snapshot:
    facts = plant_three()
    rng = np.random.default_rng(1)
    for number in range(60):  # pairs that deal often, a few very often, and devices seen again and again
        times = int(rng.integers(1, 6)) if number < 50 else 30 + number
        pair = (pick(int(rng.integers(0, 900)), 1)[0], f"a{rng.integers(0, 40):04d}")
        facts.trade([pair] * times, rng.uniform(0, 400, times).tolist())
        facts.share([pair[0]], "device", f"device of {pair[0]}", day=float(rng.uniform(0, 400)))
    return make_snapshot(facts)


@pytest.fixture(scope="module")
def rewired(market: Snapshot) -> Snapshot:
    return rewire_snapshot(market, np.random.default_rng(7))


def count_uses(snapshot: Snapshot) -> tuple[np.ndarray, np.ndarray]:
    """Distinct identifiers of each kind by account, and distinct accounts by identifier."""
    pairs = np.unique(np.column_stack([snapshot.uses.account, snapshot.uses.identifier]), axis=0)
    kind = np.searchsorted(snapshot.identifier_kinds, snapshot.identifier_kind.astype(str))[pairs[:, 1]]
    by_account = np.zeros((snapshot.n_accounts, len(snapshot.identifier_kinds)), dtype=int)
    np.add.at(by_account, (pairs[:, 0], kind), 1)
    return by_account, np.bincount(pairs[:, 1], minlength=snapshot.n_identifiers)


def count_twice(*columns: np.ndarray) -> int:
    rows = np.column_stack(columns)
    return len(rows) - len(np.unique(rows, axis=0))


def test_every_account_and_every_identifier_keeps_its_number_of_the_other(market: Snapshot, rewired: Snapshot) -> None:
    for before, after in zip(count_uses(market), count_uses(rewired), strict=True):
        np.testing.assert_array_equal(before, after)


def test_every_account_is_seen_at_the_same_times(market: Snapshot, rewired: Snapshot) -> None:
    for account in range(market.n_accounts):
        seen = [np.sort(each.uses.seen_at[each.uses.account == account]) for each in (market, rewired)]
        np.testing.assert_array_equal(*seen)


def test_every_buyer_keeps_its_orders_of_each_status(market: Snapshot, rewired: Snapshot) -> None:
    tallies = [np.zeros((market.n_accounts, 5), dtype=int) for _ in range(2)]
    for tally, each in zip(tallies, (market, rewired), strict=True):
        np.add.at(tally, (each.orders.buyer, each.orders.status), 1)
    np.testing.assert_array_equal(*tallies)


def test_every_seller_keeps_its_orders_with_their_times_and_amounts(market: Snapshot, rewired: Snapshot) -> None:
    rows = []
    for each in (market.orders, rewired.orders):
        columns = (each.status, each.amount, each.product, each.ordered_at, each.seller)
        rows.append([column[np.lexsort(columns)] for column in columns])
    for before, after in zip(*rows, strict=True):
        np.testing.assert_array_equal(before, after)


def test_buyers_keep_about_as_many_sellers_as_before(market: Snapshot, rewired: Snapshot) -> None:
    pairs = [np.unique(np.column_stack([each.orders.buyer, each.orders.seller]), axis=0) for each in (market, rewired)]
    sellers = [np.bincount(each[:, 0], minlength=market.n_accounts) for each in pairs]
    assert np.abs(sellers[0] - sellers[1]).mean() < 0.05
    heavy = np.argsort(-np.bincount(market.orders.buyer))[:10]
    assert (sellers[1][heavy] < 30).all()


def test_nobody_buys_from_or_refers_itself(rewired: Snapshot) -> None:
    assert not (rewired.orders.buyer == rewired.orders.seller).any()
    assert not (rewired.referral_by == rewired.referral_account).any()


def test_reviews_keep_their_target_time_and_rating_and_authors_their_opinions(
    market: Snapshot, rewired: Snapshot
) -> None:
    for name in ("review_id", "product", "seller", "rating", "reviewed_at"):
        np.testing.assert_array_equal(getattr(market.reviews, name), getattr(rewired.reviews, name))
    tallies = [np.zeros((market.n_accounts, 6), dtype=int) for _ in range(2)]
    for tally, each in zip(tallies, (market, rewired), strict=True):
        np.add.at(tally, (each.reviews.author, each.reviews.rating.astype(int)), 1)
    np.testing.assert_array_equal(*tallies)


def test_nobody_reviews_one_target_more_often_than_before(market: Snapshot, rewired: Snapshot) -> None:
    twice = [count_twice(e.reviews.author, e.reviews.product, e.reviews.seller) for e in (market, rewired)]
    assert twice[1] <= twice[0]


def test_referrers_and_the_referred_keep_their_numbers(market: Snapshot, rewired: Snapshot) -> None:
    for name in ("referral_by", "referral_account"):
        np.testing.assert_array_equal(np.sort(getattr(market, name)), np.sort(getattr(rewired, name)))


def test_the_times_of_signing_up_are_the_same_ones(market: Snapshot, rewired: Snapshot) -> None:
    np.testing.assert_array_equal(np.sort(market.created_at), np.sort(rewired.created_at))
    assert (market.created_at != rewired.created_at).any()


def test_the_same_generator_gives_the_same_bytes_and_another_one_others(market: Snapshot, rewired: Snapshot) -> None:
    assert digest_snapshot(rewire_snapshot(market, np.random.default_rng(7))) == digest_snapshot(rewired)
    assert digest_snapshot(rewire_snapshot(market, np.random.default_rng(8))) != digest_snapshot(rewired)


def test_rows_come_sorted_as_in_any_snapshot(rewired: Snapshot) -> None:
    orders, uses = rewired.orders, rewired.uses
    keys = (orders.amount, orders.status, orders.product, orders.ordered_at, orders.seller, orders.buyer)
    np.testing.assert_array_equal(np.lexsort(keys), np.arange(len(orders.buyer)))
    np.testing.assert_array_equal(
        np.lexsort((uses.seen_at, uses.identifier, uses.account)), np.arange(len(uses.account))
    )


def test_few_pairs_meet_again(market: Snapshot, rewired: Snapshot) -> None:
    def list_pairs(each: Snapshot) -> set[tuple[int, int]]:
        return set(zip(each.orders.buyer.tolist(), each.orders.seller.tolist(), strict=True))

    assert len(list_pairs(market) & list_pairs(rewired)) < 0.15 * len(list_pairs(market))


def test_planted_rings_fall_apart(market: Snapshot, rewired: Snapshot) -> None:
    found, chance = (find_run(each, DetectSettings()).rings for each in (market, rewired))
    best = max(ring.net_bits for ring in found)
    assert max((ring.net_bits for ring in chance), default=0.0) < best / 2


def test_accounts_swap_with_contemporaries_only(monkeypatch: pytest.MonkeyPatch, market: Snapshot) -> None:
    monkeypatch.setattr(nullmarket, "LEAST_IN_ERA", 50)
    rewired = rewire_snapshot(market, np.random.default_rng(3))
    before, after = np.full((2, market.n_identifiers), np.datetime64("NaT", "us"))
    before[market.uses.identifier[::-1]] = market.uses.seen_at[::-1]
    after[rewired.uses.identifier[::-1]] = rewired.uses.seen_at[::-1]
    shift_days = np.abs(after - before) / np.timedelta64(1, "D")
    assert np.median(shift_days) < 60  # an eighth of 400 days; a free swap would move them by 117


def test_a_complete_market_cannot_be_rewired_and_stays_as_it_is() -> None:
    names = ["ann", "bob", "cat"]
    facts = Facts(dict.fromkeys(names))
    for name in names:
        facts.uses += [(name, "device", f"d{number}", None) for number in range(4)]
    facts.orders = [(a, b, 1.0, "completed") for a in names for b in names if a != b]
    facts.referrals = [("ann", "bob"), ("bob", "ann")]
    market = make_snapshot(facts)
    assert digest_snapshot(rewire_snapshot(market, np.random.default_rng(0))) == digest_snapshot(market)


def test_an_empty_market_is_rewired_into_an_empty_one() -> None:
    market = make_snapshot(Facts())
    assert digest_snapshot(rewire_snapshot(market, np.random.default_rng(0))) == digest_snapshot(market)


def test_unknown_times_sellers_and_ratings_are_no_obstacle() -> None:
    facts = plant_three(400)
    facts.accounts = dict.fromkeys(facts.accounts)
    facts.uses = [(*use[:3], None) for use in facts.uses]
    facts.orders = [(b, s if n % 3 else None, None, None) for n, (b, s, *_) in enumerate(facts.orders)]
    facts.reviews = [(*review[:3], None, None) for review in facts.reviews]
    market = make_snapshot(facts)
    rewired = rewire_snapshot(market, np.random.default_rng(0))
    for before, after in zip(count_uses(market), count_uses(rewired), strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(np.sort(market.orders.seller), np.sort(rewired.orders.seller))


PLACES = st.integers(0, 5)


@settings(max_examples=150, deadline=None)
@given(
    uses=st.lists(st.tuples(PLACES, PLACES, PLACES)),
    orders=st.lists(st.tuples(PLACES, PLACES, PLACES).filter(lambda order: order[0] != order[1])),
    reviews=st.lists(st.tuples(PLACES, PLACES, st.integers(1, 5))),
    seed=st.integers(0, 9),
)
def test_degrees_hold_in_any_small_market(uses: list, orders: list, reviews: list, seed: int) -> None:
    names = [f"a{number}" for number in range(6)]
    facts = Facts(dict.fromkeys(names), listings={f"p{n}": names[n] for n in range(6)})
    facts.uses = [(names[a], "device" if t % 2 else "ip", f"t{t}", float(day)) for a, t, day in uses]
    facts.orders = [(names[a], names[b], float(day), "completed") for a, b, day in orders]
    facts.reviews = [(names[a], f"p{p}", None, float(rating), 1.0) for a, p, rating in reviews]
    market = make_snapshot(facts)
    after = rewire_snapshot(market, np.random.default_rng(seed))
    for one, other in zip(count_uses(market), count_uses(after), strict=True):
        np.testing.assert_array_equal(one, other)
    for name in ("buyer", "seller", "ordered_at"):
        np.testing.assert_array_equal(np.sort(getattr(market.orders, name)), np.sort(getattr(after.orders, name)))
    np.testing.assert_array_equal(np.sort(market.reviews.author), np.sort(after.reviews.author))
    assert not (after.orders.buyer == after.orders.seller).any()
    own = [(each.reviews.author == each.reviews.seller).sum() for each in (market, after)]
    twice = [count_twice(each.reviews.author, each.reviews.product) for each in (market, after)]
    assert own[1] + twice[1] <= own[0] + twice[0]


def test_q_values_rise_as_scores_fall_and_more_null_rings_raise_them() -> None:
    rng = np.random.default_rng(0)
    scores, null = rng.random(50), rng.random(80)
    q_values = find_q_values(scores, null, 4)
    assert (np.diff(q_values[np.argsort(-scores)]) >= 0).all()
    assert (find_q_values(scores, np.concatenate([null, null]), 4) >= q_values).all()
    assert ((q_values > 0) & (q_values <= 1)).all()


def test_rewiring_leaves_the_market_itself_alone(market: Snapshot) -> None:
    before = digest_snapshot(market)
    rewire_snapshot(replace(market), np.random.default_rng(0))
    assert digest_snapshot(market) == before


def test_accounts_keep_how_much_they_did_and_objects_when_and_who_met_whom_is_chance() -> None:
    facts, rng = make_background(n=300), np.random.default_rng(2)
    names = list(facts.accounts)
    for number in range(1500):
        thing = f"thing {number % 40}"
        facts.events.append(
            (names[int(rng.integers(300))], thing, ("view", "vote")[number % 2], float(rng.uniform(0, 90)))
        )
    before = make_snapshot(facts)
    after = rewire_snapshot(before, np.random.default_rng(3)).events
    was = before.events
    for action in (0, 1):
        assert np.array_equal(
            *(np.bincount(each.account[each.action == action], minlength=300) for each in (was, after))
        )
    whens = [np.lexsort((each.action, each.happened_at, each.object)) for each in (was, after)]
    for name in ("object", "happened_at", "action"):
        assert np.array_equal(*(getattr(each, name)[order] for each, order in zip((was, after), whens, strict=True)))
    assert (after.account[whens[1]] != was.account[whens[0]]).mean() > 0.9
    order = np.lexsort((after.happened_at, after.action, after.object, after.account))
    assert np.array_equal(order, np.arange(len(after)))


def test_a_market_without_events_is_rewired_as_it_was_before_there_were_any() -> None:
    facts = make_background(n=200)
    plain = rewire_snapshot(make_snapshot(facts), np.random.default_rng(5))
    facts.events.append(("a0000", "page", "view", 1.0))
    told = rewire_snapshot(make_snapshot(facts), np.random.default_rng(5))
    assert digest_snapshot(replace(told, events=plain.events)) == digest_snapshot(plain)
