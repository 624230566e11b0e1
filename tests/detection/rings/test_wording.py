"""Evidence in words, exactly as an investigator reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from detection_market import Facts, make_snapshot
from hand_made import use
from slow_twins import find_record

from detection.channels.catalogue import BLAME, PRAISE, PURCHASE, REFERRED, REFUND, SIGN_UP, TRADE
from detection.channels.incidence import ANYTHING, SharedThings
from detection.rings.wording import (
    describe_conduct,
    describe_dealings,
    describe_explanation,
    describe_shared,
    describe_thing,
)


def name_things(name: str, subjects: Sequence[int], days: Sequence[str]) -> SharedThings:
    """Things of these subjects, each of which began on a day."""
    channel = use(name, [(0, thing) for thing in range(len(subjects))])
    began = np.array([f"2024-02-{day}T23" if day else "NaT" for day in days], dtype="datetime64[us]")
    return replace(channel, subject=np.array(subjects), first_at=began, last_at=began)


@pytest.fixture(scope="module")
def snapshot() -> Any:
    facts = Facts(dict.fromkeys(("ann", "bob", "cyd")), listings={"p": "ann", "q": "bob"})
    facts.share(["ann", "bob"], "device", "d one")
    facts.share(["ann", "bob"], "ip", "10.0.0.1")
    return make_snapshot(facts)


@pytest.mark.parametrize(
    ("name", "subject", "day", "said"),
    [
        ("device", 0, "", "device d one"),
        ("ip", 1, "", "ip 10.0.0.1"),
        (SIGN_UP, ANYTHING, "03", "signed up around 2024-02-03"),
        (SIGN_UP, ANYTHING, "", "signed up around an unknown day"),
        (REFERRED, -2, "", "referred by bob"),
        (PRAISE, 1, "03", "good reviews of q from 2024-02-03"),
        (PRAISE, 0, "", "good reviews of p from an unknown day"),
        (BLAME, -1, "04", "bad reviews of ann from 2024-02-04"),
        (REFUND, -3, "04", "refunds from cyd from 2024-02-04"),
        (PURCHASE, ANYTHING, "05", "purchases of anything from 2024-02-05"),
    ],
)
def test_a_thing_is_named_as_one_would_look_for_it(snapshot: Any, name: str, subject: int, day: str, said: str) -> None:
    # Beside it, and before it, is another thing of the channel.
    channel = name_things(name, [0, subject], ["28", day])
    assert describe_thing(channel, 1, snapshot) == said


@pytest.mark.parametrize(
    ("name", "things", "said"),
    [
        ("device", 1, "3 members share 1 device"),
        ("device", 2, "3 members share 2 devices"),
        ("ip", 0, "3 members share 0 IP addresses"),
    ],
)
def test_what_is_shared_is_counted_against_chance(name: str, things: int, said: str) -> None:
    told = describe_shared(find_record(name), things, 3, observed=4.4, expected=0.26)
    assert told == f"{said}: 4 shared uses where chance gives 0.3"


@pytest.mark.parametrize(
    ("expected", "said"),
    [(12.34, "12.3"), (0.05, "0.1"), (0.049, "0.05"), (0.0021, "0.002"), (0.0, "0"), (1e-7, "1e-07")],
)
def test_chance_gives_little_and_never_a_bare_nothing(expected: float, said: str) -> None:
    told = describe_dealings(find_record(TRADE), observed=5.0, expected=expected)
    assert told == f"5 pairs of members trade inside the ring where chance gives {said}"


def test_a_habit_is_set_against_the_markets() -> None:
    told = describe_conduct("refunds asked", observed=7.0, expected=0.5)
    assert told == "refunds asked: 7 by the members where the market's habits give 0.5"


def test_what_was_heard_says_what_came_of_it() -> None:
    said = "Could be a crowd with one opinion of one thing at one time: accounts for 12 bits,"
    taken = f"{said} and its part was taken off the evidence."
    assert describe_explanation("launch", 12.4, won=True) == taken
    spared = (
        " Were that certain, with all else here that ends so, too little would be left:"
        " the tier is lower than the score's."
    )
    assert describe_explanation("launch", 12.4, won=True, spares=True) == taken + spared
    assert describe_explanation("faulty goods", 12.4, won=None) == (
        "Could be buyers of one faulty product, as most of its buyers complain: accounts for 12 bits, which are left in"
        " the evidence."
    )
    assert (
        describe_explanation("launch", 12.4, won=False) == f"{said} but supposes more coincidence than it accounts for."
    )
