"""The scores of a judged group by hand: as a whole, without trades, and with a community taken for granted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from detection_market import Facts, make_snapshot
from hand_made import use

from detection.channels.catalogue import BLAME, PRAISE, PURCHASE, REFUND, TRADE
from detection.channels.conduct import Conduct
from detection.evidence.claims import Explanation
from detection.evidence.description_length import measure_plainly
from detection.evidence.explanations import CLUB
from detection.evidence.inner_trades import InnerTrades
from detection.evidence.judge import Assessment
from detection.evidence.market import Market
from detection.evidence.measure import ChannelEvidence, SharedWithin
from detection.groups import Groups
from detection.policy import Policy
from detection.rings.build import (
    has_independent_axes,
    score_ring,
    score_without_community,
    score_without_trades,
)
from detection.rings.view import RingView
from detection.tiers import score_net_bits

NOBODY = np.empty(0, dtype=np.int64)
GROUPS = Groups(np.array([0, 1, 2, 8, 9, 10, 11]), np.array([0, 3, 7]))
"""The second group, of four, is looked at: its memberships are 3 to 6."""
GRANTED_NAMES = {"institution", "faulty goods"}
POLICY = Policy(half_score_bits=8.0, lone_ceiling=0.4, doers_share=0.5, sale_share=0.0, season_bits=8.0, deed_bits=12.0)
"""Four members score a half at sixteen bits."""


def look(
    net_bits: float = 16.0,
    left: Mapping[str, float] | None = None,
    *,
    doers: int = 0,
    sale_share: float = 1.0,
    confined: float = 0.0,
    club: tuple[float, bool] | None = None,
    policy: Policy = POLICY,
    lead: float = -np.inf,
    habitual: int = 4,
) -> RingView:
    """A group of four of whom some trade, with what nobody explains of its channels, and what a club might."""
    left = left or {}
    names = [name for name in left if name not in (TRADE, "habit")]
    habit = Conduct("habit", NOBODY, NOBODY, (np.arange(12) < 8 + habitual) * 6.0, np.zeros(12))
    market = Market(
        make_snapshot(Facts(dict.fromkeys(f"a{number:02d}" for number in range(12)))),
        policy,
        things={name: use(name, [(0, 0)]) for name in names},
        conduct=(habit,) if "habit" in left else (),
    )
    counts = np.array([True] * 3 + [place < doers for place in range(4)])
    inner = InnerTrades(np.array([99.0, confined]), counts, counts, np.array([0.5, sale_share]), NOBODY, NOBODY)
    explanations, won = (), {}
    if club is not None:
        claimed, is_won = club
        nobody = np.zeros(2, dtype=np.int64)
        of_others = Explanation("fans", np.ones(2), nobody, nobody)
        explanations = (of_others, Explanation(CLUB, np.ones(2), nobody, nobody, {TRADE: np.array([50.0, claimed])}))
        won = {"fans": np.array([True, False]), CLUB: np.array([not is_won, is_won])}
    bits = {name: np.array([50.0, each]) for name, each in left.items()}
    net, length = np.array([99.0, net_bits]), measure_plainly(GROUPS.size, 12)
    leads = np.array([50.0, lead])
    return RingView(Assessment(GROUPS, market, {}, {}, explanations, won, bits, length, net, inner, leads), market, 1)


@pytest.mark.parametrize(
    ("doers", "doers_share", "score"),
    [
        (0, 0.5, 0.5 * 0.4),
        (1, 0.5, 0.5 * 0.4),  # half of as many as it takes are as good as none
        (2, 0.5, 0.5),
        (4, 0.5, 0.5),
        (3, 1.0, 0.5 * 0.5),
        (3, 0.9, 0.5 * 2 / 3),
        (4, 1.0, 0.5),
        (0, 0.0, 0.5),  # nobody is asked for
        (2, 0.8, 0.5 * 0.4),  # a quarter is heard, which is less than what a ring of loners scores
    ],
)
def test_a_ring_in_which_few_acted_scores_as_a_loner_at_most(doers: int, doers_share: float, score: float) -> None:
    policy = Policy(half_score_bits=8.0, lone_ceiling=0.4, doers_share=doers_share, sale_share=0.0)
    assert score_ring(look(doers=doers, policy=policy)) == pytest.approx(score)


@pytest.mark.parametrize(
    ("doers", "sale_share", "score"),
    [(4, 1.0, 1 - 2**-1.5), (4, 0.5, 1 - 2**-1.25), (4, 0.0, 0.5), (0, 0.5, 0.4 * (1 - 2**-1.5))],
)
def test_what_members_pay_one_another_counts_for_a_loners_score_alone(
    doers: int, sale_share: float, score: float
) -> None:
    view = look(24.0, {TRADE: 8.0}, doers=doers, sale_share=sale_share)
    assert score_ring(view) == pytest.approx(score)


@pytest.mark.parametrize(
    ("doers", "trades", "lead", "acting_bits", "stands"),
    [
        (4, 12.0, 9.0, 4.0, 16.0),
        (3, 12.0, 9.0, 4.0, 14.0),
        (2, 12.0, 9.0, 4.0, 12.0),  # no more than half acted
        (0, 12.0, 9.0, 4.0, 12.0),
        (4, 9.0, 9.0, 4.0, 14.0),  # a club accounts for most of it
        (4, 6.0, 9.0, 4.0, 12.0),
        (0, 12.0, 0.0, 4.0, 12.0),
        (0, 12.0, -1.0, 4.0, 13.0),  # just not believed, it would be if nobody acted: no cliff
        (3, 12.0, -1.0, 4.0, 15.0),
        (0, 12.0, -5.0, 4.0, 16.0),
        (0, 12.0, -np.inf, 4.0, 16.0),
        (0, 12.0, 9.0, 0.0, 16.0),
        (0, 12.0, 9.0, 50.0, 4.0),  # no more than the whole prior
    ],
)
def test_innocence_is_commoner_where_hardly_anybody_acted(
    doers: int, trades: float, lead: float, acting_bits: float, stands: float
) -> None:
    policy = Policy(acting_bits=acting_bits, prior_bits=12.0, doers_share=0.0, sale_share=0.0)
    view = look(16.0, {TRADE: trades}, doers=doers, lead=lead, policy=policy)
    assert view.net_bits == pytest.approx(stands)
    idle = 16.0 - max(lead + min(acting_bits, 12.0), 0.0) + max(lead, 0.0)
    assert score_ring(view) == pytest.approx(score_net_bits(stands, 4, policy))
    # That they acted lists a ring, and brings nobody up for review.
    assert score_without_trades(view) == pytest.approx(score_net_bits(idle, 4, policy))


def score_bits(bits: float) -> float:
    return 1 - 2 ** (-bits / 16)


@pytest.mark.parametrize(
    ("trades", "confined", "club", "bits"),
    [
        (16.0, 0.0, None, 32.0),
        (16.0, 4.0, None, 28.0),
        (16.0, 20.0, None, 24.0),  # a season counts for eight bits at most
        (2.0, 4.0, None, 30.0),
        (16.0, 4.0, (5.0, False), 23.0),
        (16.0, 4.0, (5.0, True), 28.0),  # that is taken off already
        (6.0, 4.0, (5.0, False), 26.0),
    ],
)
def test_without_what_a_club_or_a_season_could_have_traded_a_ring_scores_less(
    trades: float, confined: float, club: tuple[float, bool] | None, bits: float
) -> None:
    view = look(32.0, {TRADE: trades}, confined=confined, club=club)
    assert score_without_trades(view) == pytest.approx(score_bits(bits))


@pytest.mark.parametrize(
    ("bought", "phones", "bits"), [(6.0, 0.0, 26.0), (6.0, 6.0, 29.0), (6.0, 12.0, 32.0), (-1.0, 0.0, 32.0)]
)
def test_what_members_bought_at_one_time_counts_as_far_as_a_personal_thing_joins_them(
    bought: float, phones: float, bits: float
) -> None:
    view = look(32.0, {PURCHASE: bought, "phone": phones})
    assert score_without_trades(view) == pytest.approx(score_bits(bits))
    assert score_without_trades(look(32.0)) == pytest.approx(0.75)


PARTS = ("ip", "referral", TRADE)


def add_communities(view: RingView, surprising: float, **claims: Sequence[float]) -> RingView:
    """The same group with so many bits beyond what naming it costs; of a network that all are in, of a referrer and of
    trades, which show twenty bits each, every explanation could account for some.
    """
    judged, nobody = view.assessment, np.zeros(2, dtype=np.int64)
    shown = np.array([20.0, 20.0])
    rest = np.array([50.0, surprising + float(judged.charge_bits[view.group]) - 20.0 * len(PARTS)])
    evidence = {name: ChannelEvidence(name, shown, shown, shown) for name in PARTS}
    evidence["sum"] = ChannelEvidence("sum", rest, rest, rest)
    of_both = np.array([0, 1])
    within = {
        name: SharedWithin(of_both, of_both, of_both, shown, shown, of_both, NOBODY, NOBODY) for name in PARTS[:2]
    }
    found = tuple(
        Explanation(
            name.replace("_", " "),
            np.array([50.0, sum(parts)]),
            nobody,
            nobody,
            {part: np.array([20.0, bits]) for part, bits in zip(PARTS, parts, strict=True)},
        )
        for name, parts in claims.items()
    )
    heard, granted = (
        tuple(each for each in found if (each.name in GRANTED_NAMES) is is_granted) for is_granted in (False, True)
    )
    judged = replace(judged, evidence=evidence, within=within, explanations=heard)
    vars(judged)["granted"] = granted
    return replace(view, assessment=judged)


@pytest.mark.parametrize(
    ("claims", "left", "stands"),
    [
        ({}, {}, 64.0),
        ({"shared_place": (20.0, 0.0, 0.0)}, {}, 44.0),
        ({"referral_campaign": (0.0, 15.0, 0.0)}, {}, 49.0),
        ({"club": (0.0, 0.0, 12.0)}, {}, 52.0),
        # Who meets at one place trades there too: together they account for both, but for nothing twice,
        ({"shared_place": (20.0, 0.0, 0.0), "club": (0.0, 0.0, 12.0)}, {}, 32.0),
        ({"shared_place": (20.0, 9.0, 0.0), "referral_campaign": (0.0, 11.0, 0.0)}, {}, 33.0),
        # nor for more than there is.
        ({"shared_place": (0.0, 0.0, 15.0), "club": (0.0, 0.0, 12.0)}, {}, 44.0),
        (dict.fromkeys(("household", "launch", "came_together"), (20.0, 20.0, 20.0)), {}, 64.0),
        ({"club": (0.0, 0.0, 12.0), "fans": (0.0, 9.0, 0.0)}, {}, 43.0),
        ({"shared_place": (20.0, 20.0, 0.0), "club": (0.0, 0.0, 20.0)}, {}, 4.0),
        ({"shared_place": (5.0, 12.0, 0.0), "institution": (20.0, 0.0, 0.0)}, {}, 32.0),
        # What most buyers of a product complain of is explained whatever else they do; a place is not.
        ({"shared_place": (20.0, 0.0, 0.0), "faulty_goods": (0.0, 15.0, 0.0)}, {}, 29.0),
        ({"shared_place": (20.0, 0.0, 0.0), "faulty_goods": (0.0, 15.0, 0.0)}, {"habit": 24.0}, 49.0),
        ({"shared_place": (20.0, 5.0, 0.0), "faulty_goods": (0.0, 15.0, 0.0)}, {"habit": 6.0}, 39.0),
        ({"shared_place": (20.0, 0.0, 0.0)}, {"habit": 6.0}, 54.0),  # half of what makes a deed
        ({"shared_place": (20.0, 0.0, 0.0)}, {"photo": 3.0, "habit": 3.0}, 54.0),
        ({"shared_place": (20.0, 0.0, 0.0)}, {"habit": 24.0}, 64.0),
        ({"shared_place": (20.0, 0.0, 0.0)}, {BLAME: 24.0, REFUND: 24.0, PRAISE: 24.0}, 44.0),
    ],
)
def test_communities_are_taken_for_granted_unless_their_members_do_more_than_belong(
    claims: Mapping[str, Sequence[float]], left: Mapping[str, float], stands: float
) -> None:
    view = add_communities(look(64.0, left), 64.0, **claims)
    assert score_without_community(view) == pytest.approx(score_bits(stands))


@pytest.mark.parametrize(
    ("habitual", "bits", "stands"),
    [
        (4, 6.0, 54.0),
        (2, 6.0, 49.0),
        (2, 12.0, 54.0),
        (1, 6.0, 46.5),
        (1, 24.0, 54.0),
        (1, 48.0, 64.0),
        (0, 48.0, 44.0),
    ],
)
def test_what_some_do_speaks_of_their_share_of_a_community(habitual: int, bits: float, stands: float) -> None:
    view = add_communities(look(64.0, {"habit": bits}, habitual=habitual), 64.0, shared_place=(20.0, 0.0, 0.0))
    assert score_without_community(view) == pytest.approx(score_bits(stands))


@pytest.mark.parametrize(
    ("claimed", "stands"), [(0.0, 64.0), (6.0, 59.0), (12.0, 54.0), (18.0, 49.0), (24.0, 44.0), (60.0, 44.0)]
)
def test_a_photo_that_is_granted_does_not_speak_against_a_community(claimed: float, stands: float) -> None:
    # Two of four show it: of its bits half speak of the group, and 12 make a deed.
    view = add_communities(
        look(64.0, {"photo": 24.0}), 64.0, shared_place=(20.0, 0.0, 0.0), institution=(0.0, 0.0, 0.0)
    )
    ones = np.ones(1)
    photo = SharedWithin(
        np.array([1]), np.array([0]), np.array([2]), ones, 24 * ones, np.array([1]), np.array([3, 4]), np.array([0, 0])
    )
    (granted,) = view.assessment.granted
    judged = replace(view.assessment, within={**view.assessment.within, "photo": photo})
    vars(judged)["granted"] = (replace(granted, claimed={**granted.claimed, "photo": np.array([claimed])}),)
    assert score_without_community(replace(view, assessment=judged)) == pytest.approx(score_bits(stands))


@pytest.mark.parametrize(("accounted", "stands"), [(0.0, 64.0), (18.0, 54.0), (24.0, 44.0), (99.0, 44.0)])
def test_the_conduct_that_a_fault_accounts_for_does_not_speak_against_a_place(accounted: float, stands: float) -> None:
    place, fault = (20.0, 0.0, 0.0), (0.0, 0.0, 0.0)
    view = add_communities(look(64.0, {"habit": 24.0}), 64.0, shared_place=place, faulty_goods=fault)
    (granted,) = view.assessment.granted
    vars(view.assessment)["granted"] = (
        replace(granted, claimed={**granted.claimed, "habit": np.array([50.0, accounted])}),
    )
    assert score_without_community(view) == pytest.approx(score_bits(stands))


@pytest.mark.parametrize(
    ("left", "doers", "are_two"),
    [
        ({"phone": 12.0, "device": 12.0, BLAME: 12.0}, 2, True),
        ({"phone": 12.0, "device": 12.0, REFUND: 7.0, BLAME: 4.0, "habit": 1.0}, 2, True),
        ({"phone": 12.0, "device": 12.0, "habit": 12.0}, 4, True),
        ({"phone": 12.0, "device": 12.0, BLAME: 12.0}, 1, False),
        ({"phone": 12.0, "device": 11.9, BLAME: 12.0}, 2, False),
        ({"phone": 50.0, BLAME: 50.0}, 4, False),
        ({"phone": 12.0, "address": 50.0, BLAME: 12.0}, 4, False),
        ({"phone": 12.0, "device": 12.0, BLAME: 11.9}, 4, False),
        ({"phone": 12.0, "device": 12.0, PRAISE: 50.0, PURCHASE: 50.0, TRADE: 50.0}, 4, False),
        ({"phone": 12.0, "device": 12.0, "card": 0.0, BLAME: 12.0}, 2, True),
    ],
)
def test_two_axes_are_personal_things_of_two_kinds_and_deeds_against_others_of_enough_members(
    left: dict[str, float], doers: int, *, are_two: bool
) -> None:
    assert has_independent_axes(look(left=left, doers=doers)) is are_two
