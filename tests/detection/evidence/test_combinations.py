"""The best combination of innocent explanations, on claims so few that what is left follows by hand.

Of 1,024 accounts a name takes ten bits; two groups are weighed at once, of four and of eight members.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, log2

import numpy as np
import pytest

from detection.evidence.claims import Explanation
from detection.evidence.combinations import BestExplanation, weigh_explanations
from detection.evidence.description_length import measure_plainly
from detection.evidence.explanations import CLUB, HOUSEHOLD
from detection.evidence.measure import ChannelEvidence, SharedWithin
from detection.policy import Policy

TOTAL, SIZE = 1024, (4, 8)
POLICY = Policy(prior_bits=16.0, acting_bits=4.0, further_bits=3.0)
REST = 300.0
Two = Sequence[float]


def name(count: int) -> float:
    """Bits that so many names take."""
    return log2(comb(TOTAL, count))


def tell(
    explanation: str,
    bits: Two,
    people: Sequence[int],
    *,
    households: Sequence[int] | None = None,
    again: Two = (0.0, 0.0),
    choice: Two = (0.0, 0.0),
) -> Explanation:
    """An explanation of facts that nobody else explains, which are a channel of its name."""
    return Explanation(
        explanation,
        np.array(bits, dtype=float),
        np.array(people),
        np.array(people if households is None else households),
        {f"of {explanation}": np.array(bits, dtype=float)},
        np.array(again),
        np.array(choice),
    )


def show(channel: str, bits: Two) -> ChannelEvidence:
    one = np.ones(2)
    return ChannelEvidence(channel, np.array(bits, dtype=float), one, one)


def weigh(*told: Explanation) -> BestExplanation:
    """The best of some explanations, each of which explains all of its channel, beside facts that none explains."""
    evidence = {channel: show(channel, bits) for each in told for channel, bits in each.claimed.items()}
    evidence["rest"] = show("rest", (REST, REST))
    return weigh_explanations(evidence, {}, measure_plainly(np.array(SIZE), TOTAL), list(told), POLICY)


def take_off(*told: Explanation) -> list[float]:
    """The bits that the best combination takes off what the groups show, beyond the names of their members."""
    shown = sum((bits for each in told for bits in each.claimed.values()), np.full(2, REST))
    charge = np.array([name(size) for size in SIZE])
    return (shown - charge - weigh(*told).net_bits).tolist()


def test_each_group_is_given_what_its_own_explanations_account_for_less_their_names() -> None:
    club, fans = tell(CLUB, (60.0, 0.0), (4, 0)), tell("fans", (0.0, 80.0), (0, 5))
    assert take_off(club, fans) == pytest.approx([60 + 12 - name(4), 80 + 12 - name(5)])
    found = weigh(club, fans)
    assert {explanation: won.tolist() for explanation, won in found.won.items()} == {
        CLUB: [True, False],
        "fans": [False, True],
    }
    assert all(won.dtype == bool for won in found.won.values())
    assert {channel: bits.tolist() for channel, bits in found.left.items()} == {
        f"of {CLUB}": [0.0, 0.0],
        "of fans": [0.0, 0.0],
        "rest": [REST, REST],
    }


def test_a_further_explanation_costs_its_names_and_is_rarer() -> None:
    three = [tell(each, (50.0, 50.0), (1, 1)) for each in ("launch", "fans", CLUB)]
    assert take_off(*three) == pytest.approx([150 + 12 - 2 * 3 - name(3)] * 2)
    assert all(won.all() for won in weigh(*three).won.values())


def test_what_is_not_worth_its_names_is_not_told() -> None:
    worth, not_worth = tell(CLUB, (60.0, 60.0), (2, 2)), tell("fans", (11.0, 14.0), (1, 1))
    assert take_off(worth, not_worth) == pytest.approx([60 + 12 - name(2), 60 + 14 + 12 - 3 - name(3)])
    assert weigh(worth, not_worth).won["fans"].tolist() == [False, True]
    assert weigh(worth, not_worth).left["of fans"].tolist() == [11.0, 0.0]


def test_nothing_accounts_for_nothing_and_a_little_for_a_little() -> None:
    # Neither names anybody; whoever explains nothing is no explanation, however little it costs.
    assert take_off(tell(CLUB, (0.0, 0.5), (0, 0))) == pytest.approx([0.0, 12.5])


def test_an_explanation_that_fits_nowhere_does_not_keep_others_from_being_heard() -> None:
    nowhere, fans = tell(CLUB, (0.0, 0.0), (1, 1)), tell("fans", (40.0, 40.0), (2, 2))
    assert take_off(nowhere, fans) == pytest.approx([40 + 12 - name(2)] * 2)


def test_of_equals_the_one_that_is_heard_first_wins() -> None:
    found = weigh(tell("launch", (10.0, 10.0), (2, 2)), tell("fans", (10.0, 10.0), (2, 2)))
    assert (found.won["launch"].tolist(), found.won["fans"].tolist()) == ([True, True], [False, False])


# ── names ─────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_names_more_than_all_members() -> None:
    both = [tell(each, (90.0, 90.0), (3, 5)) for each in ("launch", CLUB)]
    assert take_off(*both) == pytest.approx([180 + 9 - name(4), 180 + 9 - name(8)])


def test_whom_an_explanation_names_more_than_once_is_paid_for() -> None:
    club = tell(CLUB, (70.0, 70.0), (2, 2), again=(7.0, 0.5))
    assert take_off(club) == pytest.approx([70 + 12 - name(2) - 7, 70 + 12 - name(2) - 0.5])
    fans = tell("fans", (70.0, 70.0), (2, 2), again=(1.0, 2.0))
    assert take_off(club, fans) == pytest.approx([140 + 9 - name(4) - 8, 140 + 9 - name(4) - 2.5])


def test_a_crowd_names_its_own_but_for_which_of_it_they_are_and_costs_a_name_at_least() -> None:
    launch = tell("launch", (70.0, 70.0), (3, 3), choice=(5.0, 200.0))
    assert take_off(launch) == pytest.approx([70 + 12 - (name(3) - 5), 70 + 12 - 10])
    nobody = tell("launch", (70.0, 70.0), (0, 0), choice=(0.0, 5.0))
    assert take_off(nobody) == pytest.approx([70 + 12.0] * 2)


def test_who_has_part_in_a_crowd_and_in_another_story_is_somebody_in_particular() -> None:
    crowds = [tell(each, (90.0, 90.0), (2, 2), choice=(9.0, 9.0)) for each in ("launch", "came together")]
    assert take_off(*crowds) == pytest.approx([180 + 9 - name(4)] * 2)


def test_households_are_named_instead_of_people_one_at_the_least() -> None:
    # A ring of households is named by households anyway, and one of them has to be named by the story.
    homes = tell(HOUSEHOLD, (50.0, 50.0), SIZE, households=(2, 3), again=(4.0, 0.0))
    saved = [name(4) - name(2), name(8) - name(3)]
    assert take_off(homes) == pytest.approx([50 + 12 - saved[0] - 10 - 4, 50 + 12 - saved[1] - 10])


def test_what_else_is_told_of_households_names_households_no_more_than_there_are() -> None:
    homes = tell(HOUSEHOLD, (90.0, 90.0), SIZE, households=(2, 5))
    club = tell(CLUB, (90.0, 90.0), (4, 4), households=(2, 2))
    fans = tell("fans", (90.0, 90.0), (2, 2), households=(2, 2))
    saved = [name(4) - name(2), name(8) - name(5)]
    assert take_off(homes, club) == pytest.approx([180 + 9 - saved[0] - name(2), 180 + 9 - saved[1] - name(2)])
    assert take_off(homes, club, fans) == pytest.approx([270 + 6 - saved[0] - name(2), 270 + 6 - saved[1] - name(4)])


def test_a_crowd_of_households_names_its_own_as_well() -> None:
    homes = tell(HOUSEHOLD, (90.0, 90.0), SIZE, households=(3, 5))
    launch = tell("launch", (90.0, 90.0), (3, 3), households=(3, 3), choice=(6.0, 200.0))
    saved = [name(4) - name(3), name(8) - name(5)]
    assert take_off(homes, launch) == pytest.approx([180 + 9 - saved[0] - (name(3) - 6), 180 + 9 - saved[1] - 10])


# ── facts ─────────────────────────────────────────────────────────────────────────────────────────


def claim(explanation: str, **claimed: list[float]) -> Explanation:
    """An explanation that names nobody, of facts that others may explain as well."""
    nobody = np.zeros(2, dtype=int)
    bits = {channel: np.array(part) for channel, part in claimed.items()}
    return Explanation(explanation, np.ones(2), nobody, nobody, bits)


def weigh_claims(shown: Two, *told: Explanation) -> BestExplanation:
    """The best of what is told of three devices, two of the first group and one of the second, and trades of both."""
    number = np.arange(3)
    devices = SharedWithin(np.array([0, 0, 1]), number, number, number, np.ones(3), number, number, number)
    evidence = {"device": show("device", shown), "trade": show("trade", (30.0, 40.0))}
    length = measure_plainly(np.array(SIZE), TOTAL)
    return weigh_explanations(evidence, {"device": devices}, length, list(told), POLICY)


def weigh_things(shown: Two, *told: Explanation) -> list[float]:
    """What is left of the devices and the trades of each group."""
    left = weigh_claims(shown, *told).left
    return [*left["device"].tolist(), *left["trade"].tolist()]


def test_of_a_thing_that_two_explain_the_greater_claim_counts_and_of_trades_both() -> None:
    club = claim(CLUB, device=[9.0, 2.0, 5.0], trade=[10.0, 4.0])
    launch = claim("launch", device=[3.0, 8.0, 6.0], trade=[15.0, 20.0])
    assert weigh_things((40.0, 40.0), club) == [40 - 11, 40 - 5, 30 - 10, 40 - 4]
    assert weigh_things((40.0, 40.0), club, launch) == [40 - 17, 40 - 6, 30 - 25, 40 - 24]


def test_what_two_claim_and_one_explains_is_what_that_one_claims() -> None:
    club, little = claim(CLUB, device=[9.0, 2.0, 5.0]), claim("launch", device=[1.0, 0.5, 0.5])
    for told in ((club, little), (little, club)):
        assert weigh_things((40.0, 40.0), *told) == [40 - 11, 40 - 5, 30.0, 40.0]
        won = {name: won.tolist() for name, won in weigh_claims((40.0, 40.0), *told).won.items()}
        assert won == {CLUB: [True, True], "launch": [False, False]}


def test_no_more_is_explained_than_a_channel_shows() -> None:
    club = claim(CLUB, device=[9.0, 2.0, 5.0], trade=[10.0, 50.0])
    assert weigh_things((8.0, 40.0), club) == [0.0, 35.0, 20.0, 0.0]


def test_what_none_of_the_combination_claims_stays() -> None:
    of_devices, of_trades = claim(CLUB, device=[9.0, 2.0, 5.0]), claim("fans", trade=[1.0, 1.0])
    assert weigh_things((40.0, 40.0), of_trades) == [40.0, 40.0, 29.0, 39.0]
    assert weigh_things((40.0, 40.0), of_trades, of_devices) == [
        29.0,
        35.0,
        30.0,
        40.0,
    ]  # a bit of trades is no further story


# ── those who are named twice ─────────────────────────────────────────────────────────────────────


def give_back(bits: Two, again: Two, **claimed: list[float]) -> list[float]:
    """What is left where households explain so many bits, and so many go to naming people again."""
    nobody, parts = np.array([0, 0]), {channel: np.array(part) for channel, part in claimed.items()}
    homes = Explanation(HOUSEHOLD, np.array(bits), nobody, np.array(SIZE), parts, np.array(again))
    return weigh_things((40.0, 40.0), homes)


def test_what_it_takes_to_name_people_twice_is_given_back_to_each_channel_in_proportion() -> None:
    # Of twenty bits five go to names, of which each channel gets a quarter of what it was relieved of.
    left = give_back((20.0, 20.0), (5.0, 0.0), device=[8.0, 4.0, 10.0], trade=[8.0, 10.0])
    assert left == pytest.approx([28 + 12 / 4, 30.0, 22 + 8 / 4, 30.0])


def test_no_more_is_given_back_than_was_taken() -> None:
    assert give_back((1.0, 1.0), (9.0, 0.0), device=[6.0, 4.0, 10.0]) == pytest.approx([40.0, 30.0, 30.0, 40.0])
    assert give_back((60.0, 60.0), (15.0, 0.0), device=[50.0, 10.0, 10.0]) == pytest.approx([10.0, 30.0, 30.0, 40.0])


def test_what_was_not_taken_is_not_given_back() -> None:
    assert give_back((20.0, 20.0), (19.0, 5.0), device=[1.0, 1.0, 20.0]) == pytest.approx([40.0, 25.0, 30.0, 40.0])


def test_by_how_much_the_best_is_believed_is_told_whether_it_is_or_not() -> None:
    alone = weigh(tell("fans", (30.0, 60.0), (4, 8)))
    assert alone.lead_bits == pytest.approx([30.0 + 12.0 - name(4), 60.0 + 12.0 - name(8)])
    assert alone.won["fans"].tolist() == [bits > 0 for bits in alone.lead_bits]
    assert weigh(tell("fans", (0.0, 60.0), (4, 8))).lead_bits[0] == -np.inf
