"""What an explanation claims, fact by fact, on two groups whose figures follow by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import comb, log2

import numpy as np
import pytest
from numpy.typing import NDArray

from detection.channels.catalogue import SIGN_UP, TRADE
from detection.evidence.claims import Claim, Explanation, sum_claims
from detection.evidence.group_facts import GroupFacts
from detection.evidence.measure import ChannelEvidence, SharedWithin
from detection.groups import Groups
from graph.model import Ints

GROUPS = Groups(np.array([0, 1, 2, 3, 4, 5, 6]), np.array([0, 4, 7]))
"""Four members and three; of each, the first two live together."""
HOUSEHOLD = np.array([0, 0, 1, 2, 3, 3, 4])


def share(*rows: tuple[int, list[int], float, int]) -> SharedWithin:
    """Of each row the group, the memberships with part in it, the bits, and how many have part in it anywhere."""
    group, parts, bits, users = (list(column) for column in zip(*rows, strict=True))
    members = np.array([len(part) for part in parts])
    return SharedWithin(
        np.array(group),
        np.arange(len(rows)),
        members,
        np.full(len(rows), 0.1),
        np.array(bits, dtype=float),
        np.array(users) - 1,
        np.concatenate(parts),
        np.repeat(np.arange(len(rows)), members),
    )


@dataclass(frozen=True)
class Facts(GroupFacts):
    """What a claim looks at, without a market."""

    groups: Groups = GROUPS
    evidence: dict[str, ChannelEvidence] = field(default_factory=dict)
    within: dict[str, SharedWithin] = field(default_factory=dict)
    inner: None = None  # type: ignore[assignment]
    market: None = None  # type: ignore[assignment]

    def count_households(self, named: NDArray[np.bool_]) -> Ints:
        return np.array([len(set(HOUSEHOLD[:4][named[:4]])), len(set(HOUSEHOLD[4:][named[4:]]))])


def show(name: str, first: float, second: float) -> ChannelEvidence:
    one = np.ones(2)
    return ChannelEvidence(name, np.array([first, second]), one, one)


PHONES = share((0, [0, 1], 6.0, 2), (0, [1, 2], 3.0, 40), (1, [4, 5, 6], 9.0, 100))
CARDS = share((0, [2, 3], 5.0, 10))
JOINED = share((0, [0, 1, 2, 3], 7.0, 50), (1, [4, 5], 8.0, 50))


def make_claim(**evidence: ChannelEvidence) -> Claim:
    return Claim(Facts(evidence=evidence, within={"phone": PHONES, "card": CARDS, SIGN_UP: JOINED}))


def test_nothing_is_claimed_at_first() -> None:
    claim = make_claim()
    assert claim.bits.tolist() == [0.0, 0.0]
    said = claim.conclude("nothing", is_of_crowds=True)
    assert (said.people.tolist(), said.households.tolist()) == ([0, 0], [0, 0])
    assert (np.asarray(said.again_bits).tolist(), np.asarray(said.choice_bits).tolist()) == ([0, 0], [0, 0])
    plain = Explanation("nothing", said.bits, said.people, said.households)
    assert (plain.claimed, plain.again_bits, plain.choice_bits) == ({}, 0.0, 0.0)


def test_of_a_thing_no_more_is_claimed_than_it_shows_and_whoever_has_part_in_it_is_named() -> None:
    claim = make_claim()
    claim.add_things("phone", np.array([2.0, 99.0, 0.0]))
    assert claim.claimed["phone"].tolist() == [2.0, 3.0, 0.0]
    assert claim.bits.tolist() == [5.0, 0.0]
    assert claim.named.tolist() == [True, True, True, False, False, False, False]
    said = claim.conclude("a story", is_of_crowds=False)
    assert (said.name, said.bits.tolist(), said.claimed) == ("a story", [5.0, 0.0], claim.claimed)
    assert (said.people.tolist(), said.households.tolist()) == ([3, 0], [2, 0])


def test_what_is_claimed_twice_of_a_thing_is_claimed_once_and_of_several_channels_it_adds_up() -> None:
    claim = make_claim()
    claim.add_things("phone", np.array([2.0, 3.0, 0.0]))
    claim.add_things("phone", np.array([4.0, 1.0, 0.5]))
    claim.add_things("card", np.array([5.0]))
    assert claim.claimed["phone"].tolist() == [4.0, 3.0, 0.5]
    assert claim.bits.tolist() == [12.0, 0.5]
    assert claim.named.all()


def test_no_more_is_claimed_than_the_channel_shows() -> None:
    claim = make_claim(phone=show("phone", 4.0, 20.0))
    claim.add_things("phone", PHONES.bits)
    assert claim.bits.tolist() == [4.0, 9.0]


def test_trades_are_claimed_group_by_group_and_never_less_than_none() -> None:
    claim = make_claim()
    claim.add_trades(np.array([3.0, -2.0]))
    assert claim.claimed[TRADE].tolist() == [3.0, 0.0]
    assert claim.bits.tolist() == [3.0, 0.0]
    assert not claim.named.any()


def test_who_signed_up_together_is_claimed_where_the_rest_fits_and_names_nobody() -> None:
    claim = make_claim()
    claim.add_sign_ups()
    assert claim.bits.tolist() == [0.0, 0.0]
    claim.add_things("card", np.array([0.5]))
    claim.add_sign_ups()
    assert claim.claimed[SIGN_UP].tolist() == [7.0, 0.0]
    assert claim.bits.tolist() == [7.5, 0.0]
    assert claim.named.tolist() == [False, False, True, True, False, False, False]
    without = Claim(Facts(within={"card": CARDS}))
    without.add_sign_ups()
    assert without.claimed == {}


def choose(users: int, members: int) -> float:
    return log2(comb(users, members))


@pytest.mark.parametrize("is_of_crowds", [True, False])
def test_the_crowd_that_brought_them_together_says_which_of_it_they_are(*, is_of_crowds: bool) -> None:
    claim = make_claim()
    claim.add_things("phone", np.array([0.0, 3.0, 9.0]))
    said = np.asarray(claim.conclude("a story", is_of_crowds=is_of_crowds).choice_bits)
    assert said == pytest.approx([choose(40, 2) * is_of_crowds, choose(100, 3) * is_of_crowds])


def test_a_crowd_that_brought_some_of_them_says_which_of_it_those_are() -> None:
    claim = make_claim()
    claim.add_things("phone", np.array([6.0, 3.0, 9.0]))
    said = claim.conclude("a story", is_of_crowds=True)
    assert said.people.tolist() == [3, 3]
    assert np.asarray(said.choice_bits) == pytest.approx([choose(40, 2), choose(100, 3)])


def test_of_the_crowds_that_brought_them_the_largest_counts() -> None:
    claim = Claim(Facts(within={"ip": share((0, [0, 1], 1.0, 200), (0, [0, 1], 1.0, 9))}))
    for bits in ([1.0, 1.0], [0.0, 1.0]):
        claim.add_things("ip", np.array(bits))
    assert np.asarray(claim.conclude("a story", is_of_crowds=True).choice_bits) == pytest.approx([choose(200, 2), 0.0])


def test_a_sum_of_claims_counts_every_group() -> None:
    claimed, group = np.array([1.0, 2.0, 4.0]), np.array([0, 2, 0])
    assert sum_claims(claimed, group, None, 4).tolist() == [5.0, 0.0, 2.0, 0.0]
    assert sum_claims(claimed, None, None, 3).tolist() == [1.0, 2.0, 4.0]
    shown = ChannelEvidence("trade", np.array([9.0, 1.0, 4.0]), claimed, claimed)
    assert sum_claims(claimed, None, shown, 3).tolist() == [1.0, 1.0, 4.0]
