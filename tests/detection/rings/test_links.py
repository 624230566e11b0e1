"""What an investigator reads of a ring, of facts given by hand: links between members, evidence, what was heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from detection_market import Facts, make_snapshot
from hand_made import Row, share
from slow_twins import find_record

from detection.channels.catalogue import BLAME, PRAISE, PURCHASE, TRADE
from detection.channels.incidence import Dealings, SharedThings
from detection.evidence.claims import Explanation
from detection.evidence.description_length import measure_plainly
from detection.evidence.inner_trades import InnerTrades
from detection.evidence.judge import Assessment
from detection.evidence.market import Market
from detection.evidence.measure import ChannelEvidence
from detection.groups import Groups
from detection.rings.links import MAX_LINKS, list_evidence, list_explanations, list_links
from detection.rings.view import RingView
from graph.results import RingLink

N = 40
GROUPS = Groups(np.array([1, 2, 3, *range(10, 26), 30, 31, 32]), np.array([0, 3, 19, 22]))
"""The second group, of sixteen, is looked at: its memberships are 3 to 18, its accounts a10 to a25."""
NOBODY = np.empty(0, dtype=np.int64)


def name_things(name: str, subjects: Sequence[int]) -> SharedThings:
    """Things of these subjects, each used by the first two members on the first of February."""
    n = len(subjects)
    account, thing = np.tile([10, 11], n), np.repeat(np.arange(n), 2)
    at, plain = np.full(2 * n, np.datetime64("2024-02-01", "us")), np.zeros(n, dtype=np.int64)
    return SharedThings(find_record(name), account, thing, at, at, np.array(subjects), plain, plain)


def look(
    within: Mapping[str, Sequence[Row]] | None = None,
    shown: Sequence[ChannelEvidence] = (),
    *,
    trades: Sequence[tuple[int, int]] = (),
    heard: Mapping[str, tuple[float, bool]] | None = None,
) -> RingView:
    """The second group, with what its members share, what that shows, who deals with whom and what was heard."""
    facts = Facts(dict.fromkeys(f"a{number:02d}" for number in range(N)), listings={"p": "a00", "q": "a00"})
    for number in range(8):
        facts.share(["a00"], "device", f"d{number}")
    rows = {name: list(each) for name, each in (within or {}).items()}
    source, target = np.array(trades, dtype=np.int64).reshape(-1, 2).T
    market = Market(
        make_snapshot(facts),
        things={name: name_things(name, range(len(each))) for name, each in rows.items()},
        dealings={TRADE: Dealings(find_record(TRADE), source, target)} if trades else {},
    )
    nobody, none = np.zeros(22, dtype=bool), np.zeros(3)
    inner = InnerTrades(none, nobody, nobody, none, NOBODY, NOBODY)
    told = [Explanation(name, np.array([9.0, bits, 9.0]), NOBODY, NOBODY) for name, (bits, _) in (heard or {}).items()]
    won = {name: np.array([not is_won, is_won, not is_won]) for name, (_, is_won) in (heard or {}).items()}
    shared = {name: share(*each) for name, each in rows.items()}
    evidence, length = {each.channel: each for each in shown}, measure_plainly(GROUPS.size, N)
    return RingView(
        Assessment(GROUPS, market, evidence, shared, tuple(told), won, {}, length, none, inner, none), market, 1
    )


# ── links ─────────────────────────────────────────────────────────────────────────────────────────


def test_who_share_a_thing_are_linked_two_by_two_by_their_part_of_it() -> None:
    view = look({"device": [(0, [0, 1], 50.0, 2), (1, [3, 5, 9], 8.0, 3), (1, [4, 5], 0.0, 2), (2, [19, 20], 50.0, 2)]})
    assert list_links(view) == (
        RingLink("a10", "a12", "device", 4.0, "device d1"),
        RingLink("a10", "a16", "device", 4.0, "device d1"),
        RingLink("a12", "a16", "device", 4.0, "device d1"),
    )


@pytest.mark.parametrize(("users", "links"), [(12, 66), (13, 12)])
def test_a_crowd_is_linked_to_its_first_alone(users: int, links: int) -> None:
    listed = list_links(look({"device": [(1, range(3, 3 + users), float(users - 1), users)]}))
    assert len(listed) == links
    assert {link.bits for link in listed} == {1.0}
    assert {link.account_a for link in listed} == (
        {f"a{10 + place}" for place in range(11)} if users == 12 else {"a10"}
    )
    assert {link.account_b for link in listed} == {f"a{10 + place}" for place in range(1, users)}


def test_who_deal_with_one_another_are_linked_each_way_by_what_a_pair_shows() -> None:
    trades = [(10, 11), (10, 11), (11, 10), (12, 10), (1, 2), (10, 1), (3, 10)]
    shown = ChannelEvidence(TRADE, np.array([9.0, 6.0, 0.0]), np.array([1.0, 2.0, 0.0]), np.full(3, 0.1))
    assert list_links(look(shown=[shown], trades=trades)) == (
        RingLink("a10", "a11", TRADE, 3.0, "2 orders from a10 to a11"),
        RingLink("a11", "a10", TRADE, 3.0, "1 order from a11 to a10"),
        RingLink("a12", "a10", TRADE, 3.0, "1 order from a12 to a10"),
    )


@pytest.mark.parametrize(("bits", "observed", "n"), [(0.0, 2.0, 0), (0.5, 0.5, 1), (0.5, 0.0, 0)])
def test_dealings_that_show_nothing_link_nobody(bits: float, observed: float, n: int) -> None:
    shown = ChannelEvidence(TRADE, np.array([9.0, bits, 9.0]), np.array([9.0, observed, 9.0]), np.full(3, 0.1))
    assert len(list_links(look(shown=[shown], trades=[(10, 11)]))) == n


def test_the_strongest_links_come_first_then_by_channel_and_names_and_a_hundred_are_listed() -> None:
    within = {
        "phone": [(1, [3, 4], 2.0, 2)],
        "device": [
            (1, [5, 6], 2.0, 2),
            (1, [3, 6], 2.0, 2),
            (1, [3, 4], 2.0, 2),
            (1, [7, 8], 2.5, 2),
            (1, [3, 4], 2.0, 2),
        ],
    }
    listed = list_links(look({**within, "phone": []} | {"device": within["device"]}))
    assert [(link.account_a, link.account_b, link.via) for link in listed] == [
        ("a14", "a15", "device d3"),
        ("a10", "a11", "device d2"),
        ("a10", "a11", "device d4"),
        ("a10", "a13", "device d1"),
        ("a12", "a13", "device d0"),
    ]
    many = look({"device": [(1, range(3, 15), 11.0, 12), (1, range(4, 16), 22.0, 12)]})
    links = list_links(many)
    assert (len(links), MAX_LINKS) == (100, 100)
    assert [link.bits for link in links] == [2.0] * 66 + [1.0] * 34


def test_of_links_as_strong_those_of_the_first_channel_by_name_come_first() -> None:
    shown = ChannelEvidence(TRADE, np.array([0.0, 4.0, 0.0]), np.array([0.0, 2.0, 0.0]), np.full(3, 0.1))
    view = look({"device": [(1, [5, 6], 2.0, 2)], "card": [(1, [7, 8], 2.0, 2)]}, [shown], trades=[(10, 11)])
    assert [link.channel for link in list_links(view)] == ["card", "device", TRADE]


# ── evidence ──────────────────────────────────────────────────────────────────────────────────────


def tell(name: str, bits: float, observed: float, expected: float) -> ChannelEvidence:
    """Of the group that is looked at; the others show something else."""
    columns = (np.array([90.0, value, 90.0]) for value in (bits, observed, expected))
    return ChannelEvidence(name, *columns)


def test_each_channel_that_shows_something_is_told_in_words() -> None:
    within: dict[str, Sequence[Row]] = {
        "device": [(0, [0, 1], 9.0, 2), (1, [3, 5, 9], 8.0, 3), (1, [3, 4], 2.0, 2), (1, [7, 8], 0.0, 2)],
        PURCHASE: [(1, [3, 4], 2.0, 2)],
        "phone": [(1, [3, 4], 2.0, 2)],
    }
    shown = [tell("device", 10.0, 3.0, 0.25), tell(PURCHASE, 2.0, 1.0, 0.01), tell("phone", 0.0, 1.0, 1.0)]
    shown += [tell(TRADE, 0.5, 2.0, 0.3), tell("refunds asked", 4.0, 5.0, 1.0)]
    listed = list(list_evidence(look(within, shown, trades=[(10, 11)])))
    assert [(each.channel, each.bits, each.observed, each.expected) for each in listed] == [
        ("device", 10.0, 3.0, 0.25),
        (PURCHASE, 2.0, 1.0, 0.01),
        (TRADE, 0.5, 2.0, 0.3),
        ("refunds asked", 4.0, 5.0, 1.0),
    ]
    assert [each.sentence for each in listed] == [
        "4 members share 2 devices: 3 shared uses where chance gives 0.2",
        "2 members share 1 thing bought at the same time: 1 shared uses where chance gives 0.01",
        "2 pairs of members trade inside the ring where chance gives 0.3",
        "refunds asked: 5 by the members where the market's habits give 1.0",
    ]


@pytest.mark.parametrize(("name", "what"), [(PRAISE, "praised"), (BLAME, "blamed")])
def test_of_reviews_the_targets_and_the_time_are_told_too(name: str, what: str) -> None:
    rows: list[Row] = [(0, [0, 1], 9.0, 2), (1, [3, 4], 8.0, 3)]
    (told,) = list_evidence(look({name: rows}, [tell(name, 8.0, 1.0, 0.1)]))
    said = f"2 members share 1 target {what} at the same time: 1 shared uses where chance gives 0.1"
    assert told.sentence == f"{said}; q, on 2024-02-01"


# ── what was heard ────────────────────────────────────────────────────────────────────────────────


def test_what_was_heard_is_told_those_that_won_first_then_by_bits_and_name() -> None:
    heard = {"launch": (7.0, False), "fans": (7.0, False), "household": (3.4, True), "club": (0.0, True)}
    listed = list_explanations(look(heard={**heard, "came together": (0.5, True)}))
    assert [(each.name, each.bits, each.won) for each in listed] == [
        ("household", 3.4, True),
        ("came together", 0.5, True),
        ("fans", 7.0, False),
        ("launch", 7.0, False),
    ]
    assert [each.sentence for each in listed[1:3]] == [
        (
            "Could be people who signed up together: a class, a course, a fair: accounts for 0 bits,"
            " and its part was taken off the evidence."
        ),
        (
            "Could be buyers who come back to the same sellers, and praise them: accounts for 7 bits,"
            " but supposes more coincidence than it accounts for."
        ),
    ]


def test_nothing_is_told_of_nothing() -> None:
    view = look()
    assert (list_links(view), list(list_evidence(view)), list_explanations(view)) == ((), [], ())
