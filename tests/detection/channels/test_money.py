"""First payers, last payees and payments together: whose they are, and what of the market is silent about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from detection_market import Facts, find_ring_of, make_background, make_snapshot, pick
from slow_twins import find_record

from detection.channels.catalogue import FUNDING, SWEEP, TRANSFER
from detection.channels.incidence import ANYTHING, SharedThings
from detection.channels.money import find_first_payers, find_last_payees, find_transfers
from detection.evidence.judge import judge_groups
from detection.evidence.market import make_market
from detection.groups import gather_groups
from detection.policy import DEFAULT_POLICY, Policy
from detection.run import find_run
from detection.settings import DetectSettings

Order = tuple[Any, ...]


def pay(payer: str, payee: str, day: float | None, product: str | None = None) -> Order:
    return (payer, payee, day, "completed", product)


def find(finder: Callable[..., SharedThings], name: str, orders: Sequence[Order], **rules: Any) -> dict[str, set[str]]:
    """Who shares whom: accounts by the other end of their payment."""
    snapshot = make_snapshot(Facts(dict.fromkeys("abcdefxyz"), orders=list(orders), listings={"p": "x"}))
    found, names = finder(snapshot, find_record(name), Policy(**rules)), snapshot.account_id.tolist()
    shared: dict[str, set[str]] = {}
    for account, thing in zip(found.account.tolist(), found.thing.tolist(), strict=True):
        subject = int(found.subject[thing])
        if subject != ANYTHING:
            shared.setdefault(names[-1 - subject], set()).add(names[account])
    return shared


@pytest.mark.parametrize(
    ("orders", "shared"),
    [
        ([pay("x", "a", 1), pay("x", "b", 2), pay("y", "c", 3)], {"x": {"a", "b"}, "y": {"c"}}),
        # Who bought, sold or paid before was not set up by whoever paid then.
        ([pay("a", "z", 0), pay("x", "a", 1), pay("y", "b", 0, "p"), pay("x", "b", 1)], {"a": {"z"}}),
        # A sale is no payment.
        ([pay("x", "a", 1, "p")], {}),
        # Wages come again, and half a payment an hour later does not.
        ([pay("x", "a", 1), pay("x", "a", 31), pay("x", "b", 1), pay("x", "b", 1.1)], {"x": {"b"}}),
        # What is bought of whoever paid once is no second payment.
        ([pay("x", "a", 1), pay("x", "a", 31, "p")], {"x": {"a"}}),
        # Nobody knows who was first.
        ([pay("x", "a", 1), pay("y", "a", 1), pay("x", "b", None)], {}),
    ],
)
def test_the_first_payer_paid_before_anything_was_done_and_once(
    orders: list[Order], shared: dict[str, set[str]]
) -> None:
    assert find(find_first_payers, FUNDING, orders) == shared


def test_what_once_is_stands_in_the_policy() -> None:
    orders = [pay("x", "a", 1), pay("x", "a", 31)]
    assert find(find_first_payers, FUNDING, orders, paid_once_days=30.0) == {"x": {"a"}}
    assert find(find_last_payees, SWEEP, [pay("y", "a", 0), pay("a", "z", 1), pay("a", "z", 8.5)]) == {"a": {"y"}}


@pytest.mark.parametrize(
    ("orders", "shared"),
    [
        # Paid before, they pass on what they have; the payee is paid all year.
        (
            [pay("x", "a", 1), pay("x", "b", 1), pay("c", "z", 0), pay("a", "z", 9), pay("b", "z", 90)],
            {"z": {"a", "b"}},
        ),
        # A shop's customers, whom nobody pays.
        ([pay("a", "z", 9), pay("b", "z", 90)], {}),
        # Nobody pays the last one but in a few days.
        ([pay("a", "z", 9), pay("b", "z", 10)], {"z": {"a", "b"}}),
        # It is not the last that they do.
        ([pay("a", "z", 9), pay("b", "z", 10), pay("a", "x", 20, "p"), pay("y", "b", 11)], {"b": {"y"}}),
    ],
)
def test_the_last_payee_gets_what_accounts_pass_on_or_is_paid_for_some_days_only(
    orders: list[Order], shared: dict[str, set[str]]
) -> None:
    assert find(find_last_payees, SWEEP, orders) == shared


def test_only_accounts_that_began_with_being_paid_pay_together() -> None:
    orders = [pay("x", "a", 1), pay("x", "b", 1), pay("c", "z", 4.5), pay("x", "c", 5), pay("d", "z", 4)]
    orders += [pay("a", "z", 4), pay("b", "z", 4.5), pay("b", "x", 9, "p")]
    assert find(find_transfers, TRANSFER, orders) == {"z": {"a", "b"}}


def test_paying_the_same_account_again_is_no_news() -> None:
    """Two pupils of one tutor, week after week: that both came at one time is all that they have in common."""
    began = [pay("x", "a", 1), pay("x", "b", 1)]
    once = [*began, pay("a", "z", 4), pay("b", "z", 4.5)]
    again = [*once, *(pay(pupil, "z", 4 + 7 * week) for week in range(1, 20) for pupil in "ab")]
    assert count_sharers(again) == count_sharers(once) == [2, 2, 2, 2, 2, 2]  # when and whom, in three windows
    # Who came at another time shares nothing with them, however often both pay since.
    late = [*began, pay("a", "z", 4), *(pay(pupil, "z", 60 + 7 * week) for week in range(20) for pupil in "ab")]
    assert set(count_sharers(late)) == {1}


def count_sharers(orders: Sequence[Order]) -> list[int]:
    """How many accounts each transfer joins."""
    snapshot = make_snapshot(Facts(dict.fromkeys("abcdefxyz"), orders=list(orders), listings={"p": "x"}))
    found = find_transfers(snapshot, find_record(TRANSFER), DEFAULT_POLICY)
    return np.bincount(found.thing).tolist()


def test_whose_doings_begin_otherwise_are_counted_and_share_nothing() -> None:
    facts = Facts(dict.fromkeys("abcdefxyz"), listings={"p": "x"})
    facts.orders = [pay("x", "a", 1), pay("x", "b", 1), pay("c", "x", 3, "p"), pay("d", "x", None)]
    found = find_first_payers(make_snapshot(facts), find_record(FUNDING), DEFAULT_POLICY)
    # a, b, c and x did something at a known time.
    assert (len(found.account), found.unshared) == (2, 2)


def set_up(facts: Facts, members: list[str], funder: str) -> None:
    """One payer sets accounts up one after another."""
    facts.orders += [pay(funder, member, 100 + place / 1000) for place, member in enumerate(members)]


def newcomers(facts: Facts, n: int) -> list[str]:
    """Accounts that have done nothing yet."""
    names = [f"new{place:02d}" for place in range(n)]
    facts.accounts |= {name: 5.0 + 6 * place for place, name in enumerate(names)}
    return names


def test_set_up_by_one_payer_they_are_watched_and_for_review_if_they_act_as_one() -> None:
    facts = make_background(n=2_000)
    facts.orders = [(*order[:4], f"p{str(order[1])[2:]}") for order in facts.orders]
    funder = pick(30, 1)[0]
    watched = newcomers(facts, 12)
    set_up(facts, watched, funder)
    ring = find_ring_of(find_run(make_snapshot(facts), DetectSettings()), watched)
    assert ring is not None
    assert ring.tier == "watch"
    assert any(shown.channel == FUNDING for shown in ring.evidence)
    assert any(f"first paid by {funder}" in link.via for link in ring.links)
    facts.orders += [
        pay(who, f"a{n:04d}", 110 + 9 * n + place / 500, f"p{n:03d}")
        for n in range(3)
        for place, who in enumerate(watched)
    ]
    ring = find_ring_of(find_run(make_snapshot(facts), DetectSettings()), watched)
    assert ring is not None
    assert ring.tier == "review"


def test_who_pays_again_and_again_is_an_employer() -> None:
    facts = make_background()
    crew = newcomers(facts, 12)
    for month in range(5):
        facts.orders += [
            pay(pick(30, 1)[0], member, 100 + 30 * month + place / 1000) for place, member in enumerate(crew)
        ]
    market = make_market(make_snapshot(facts), DetectSettings())
    funded = market.snapshot.account_id[market.things[FUNDING].account]
    # The first customers of the background's sellers, and nobody else.
    assert len(funded) > 0
    assert not set(funded) & set(crew)


def test_whoever_paid_the_others_ties_them_by_dealings_once_it_is_one_of_them() -> None:
    facts = make_background()
    crew, funder = newcomers(facts, 8), pick(30, 1)[0]
    set_up(facts, crew, funder)
    snapshot = make_snapshot(facts)
    market, ids = make_market(snapshot, DetectSettings()), snapshot.account_id.tolist()
    rows = [np.array(sorted(map(ids.index, who))) for who in (crew, [*crew, funder])]
    judged = judge_groups(gather_groups(rows), market)
    with_funder, without = np.argsort(-judged.groups.size)
    assert judged.evidence[FUNDING].bits[without] > 0
    assert judged.evidence[FUNDING].bits[with_funder] == 0.0
