"""A group looked at closely, on figures that are given: what its members share, who did what, who is acted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from detection_market import Facts, gather, make_background, make_snapshot, pick
from slow_twins import find_record

from detection.channels.catalogue import BLAME, FUNDING, PRAISE, PURCHASE, REFUND, SIGN_UP, TRADE
from detection.channels.conduct import Conduct
from detection.channels.incidence import Dealings, SharedThings
from detection.evidence.description_length import measure_plainly
from detection.evidence.inner_trades import InnerTrades
from detection.evidence.judge import Assessment, judge_groups
from detection.evidence.market import Market, make_market
from detection.evidence.measure import ChannelEvidence, SharedWithin
from detection.groups import Groups
from detection.policy import DEFAULT_POLICY
from detection.rings.view import (
    RingView,
    find_acting_channel,
    find_bystanders,
    find_doers,
    find_kind,
    find_parties,
    shares_identity,
)
from graph.vocabulary import RingKind

NOBODY = np.empty(0, dtype=np.int64)
GROUPS = Groups(np.array([0, 1, 2, 8, 9, 10, 11, 4, 5, 6]), np.array([0, 3, 7, 10]))
"""Three groups; the second one, of four, is looked at: its memberships are 3 to 6."""
NOBODY = np.zeros(10, dtype=bool)
TWO_BITS = 2.0
"""What naming one of four among sixteen accounts takes."""
Rows = list[tuple[int, float, list[int]]]
"""Of what a group's members share: the group, the bits, and the memberships with part in it; in order of group."""
DEED_BITS = DEFAULT_POLICY.deed_bits


def share(rows: Rows) -> SharedWithin:
    members = np.array([len(who) for _, _, who in rows])
    return SharedWithin(
        np.array([group for group, _, _ in rows], dtype=np.int64),
        np.arange(len(rows)),
        members,
        np.full(len(rows), 0.01),
        np.array([bits for _, bits, _ in rows]),
        members - 1,
        np.array([member for _, _, who in rows for member in who], dtype=np.int64),
        np.repeat(np.arange(len(rows)), members),
    )


def name_things(name: str) -> SharedThings:
    none, never = np.empty(0, dtype=np.int64), np.empty(0, dtype="datetime64[us]")
    return SharedThings(find_record(name), none, none, never, never, none, none, none)


def look(
    within: Mapping[str, Rows] | None = None,
    shown: Mapping[str, float] | None = None,
    *,
    sale_share: float = 0.0,
    circular: np.ndarray = NOBODY,
    sellers: Mapping[str, list[int]] | None = None,
    left: Mapping[str, float] | None = None,
    selling: Sequence[int] = (),
) -> RingView:
    """The second group, of what all share, what it shows by channel, and who of all both buy and sell.

    Of the memberships ``selling``, one for each trade, the first one of all buys.

    Of what a channel shows the share ``left`` is not explained, all unless said otherwise.
    """
    within, shown = within or {}, shown or {}
    names = [name for name in (*within, *shown) if name != TRADE]
    trades = {TRADE: Dealings(find_record(TRADE), np.array([0]), np.array([1]))} if TRADE in shown else {}
    market = Market(
        make_snapshot(Facts(dict.fromkeys(f"a{number:02d}" for number in range(16)))),
        things={name: name_things(name) for name in names},
        dealings=trades,
        sellers={name: np.array(listed) for name, listed in (sellers or {}).items()},
    )
    others = np.array([0.25, 0.0, 0.25])
    evidence = {name: ChannelEvidence(name, others + [0, bits, 0], others, others) for name, bits in shown.items()}
    sold = np.array(selling, dtype=np.int64)
    bought = np.zeros_like(sold)
    inner = InnerTrades(np.zeros(3), circular, circular, np.array([0.0, sale_share, 1.0]), bought, sold)
    length, net = measure_plainly(GROUPS.size, 16), np.ones(3)
    shared = {name: share(rows) for name, rows in within.items()}
    unexplained = {name: each.bits * (left or {}).get(name, 1.0) for name, each in evidence.items()}
    lead = np.full(3, -np.inf)
    return RingView(
        Assessment(GROUPS, market, evidence, shared, (), {}, unexplained, length, net, inner, lead), market, 1
    )


def test_a_view_is_of_one_group_and_a_silent_channel_shows_nothing() -> None:
    view = look(shown={"phone": 7.0})
    assert (view.start, view.members.tolist()) == (3, [8, 9, 10, 11])
    assert (view.bits("phone"), view.bits("device")) == (7.0, 0.0)
    assert len(view.member_bits) == 4


def test_what_shows_nothing_has_no_sharers_and_other_groups_have_their_own() -> None:
    view = look({"phone": [(0, 9.0, [0, 1]), (1, 0.0, [3, 6]), (1, 0.5, [4, 5]), (1, 9.0, [3, 5]), (2, 9.0, [7, 8])]})
    assert view.rows("phone").tolist() == [2, 3]
    assert view.sharers("phone").tolist() == [3, 4, 5]
    nobody = look({"phone": [(0, 9.0, [0, 1]), (2, 9.0, [7, 8])]}).sharers("phone")
    assert (nobody.tolist(), nobody.dtype.kind) == ([], "i")


@pytest.mark.parametrize(
    ("channel", "bits", "did"),
    [
        (PRAISE, DEED_BITS, [1, 0, 1, 0]),
        (PRAISE, DEED_BITS / 4, [0.25, 0, 0.25, 0]),
        ("phone", 100.0, [0] * 4),
        (PURCHASE, 100.0, [0] * 4),
        (SIGN_UP, 100.0, [0] * 4),
    ],
    ids=["as much as a prejudice", "a quarter of it", "sharing", "buying", "coming together"],
)
def test_who_has_part_in_a_deed_did_it_as_far_as_it_shows_more_than_a_prejudice(
    channel: str, bits: float, did: list[float]
) -> None:
    view = look({channel: [(0, 99.0, [0, 1]), (1, 5.0, [3, 5]), (2, 99.0, [8, 9])]}, {channel: bits})
    assert find_doers(view).tolist() == did


@pytest.mark.parametrize(
    ("enough", "bits", "grade"),
    [(12.0, 3.0, 0.25), (12.0, -1.0, 0.0), (12.0, 13.0, 1.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)],
)
def test_bits_accuse_in_full_from_what_the_policy_asks_for(enough: float, bits: float, grade: float) -> None:
    view = look()
    policy = msgspec.structs.replace(DEFAULT_POLICY, deed_bits=enough)
    assert replace(view, market=replace(view.market, policy=policy)).grade_bits(bits) == grade


def test_what_is_explained_is_no_deed_unless_things_of_two_kinds_join_them_that_nobody_explains() -> None:
    rows, shown = {PRAISE: [(1, 5.0, [3, 5])]}, {PRAISE: 50.0, "phone": 99.0, "device": 99.0}
    within: dict[str, Rows] = {**rows, "phone": [(1, 9.0, [3, 4])], "device": [(1, 9.0, [3, 4])]}
    explained = {PRAISE: 0.0, "phone": 0.0, "device": 0.0}
    assert find_doers(look(within, shown, left=explained)).tolist() == [0] * 4
    assert find_doers(look(within, shown, left={**explained, "phone": 1.0})).tolist() == [0] * 4
    assert find_doers(look(within, shown, left={PRAISE: 0.0})).tolist() == [1, 0, 1, 0]


def test_buying_together_counts_as_far_as_an_unexplained_thing_joins_them() -> None:
    within: dict[str, Rows] = {PURCHASE: [(1, 5.0, [3, 5])], "phone": [(1, 9.0, [3, 4])]}
    for left in (0.0, 0.5, 1.0):
        view = look(within, {PURCHASE: 50.0, "phone": DEED_BITS}, left={"phone": left})
        assert find_doers(view).tolist() == [left, 0, left, 0]


@pytest.mark.parametrize(
    ("kinds", "own", "did"),
    [
        (["phone", "payment"], [], 1.0),
        (["phone"], [], 0.0),
        (["phone", "ip"], [], 0.0),
        (["phone", "payment"], ["phone"], 0.0),
    ],
    ids=["two kinds", "one kind", "a place", "who has one of its own"],
)
def test_a_farm_shares_two_kinds_of_personal_things_and_has_none_of_its_own(
    kinds: list[str], own: list[str], did: float
) -> None:
    facts, farm = make_background(n=300), pick(0, DEFAULT_POLICY.household_size + 2)
    facts.uses = [use for use in facts.uses if use[0] not in farm or use[1] in own]
    for kind in kinds:
        facts.share(farm, kind, "theirs")
    market = make_market(make_snapshot(facts))
    view = RingView(judge_groups(gather(market.snapshot, farm), market), market, 0)
    assert set(find_doers(view).tolist()) == {did}


@pytest.mark.parametrize(("phones", "own", "did"), [(3, [], 1.0), (3, ["email"], 0.0), (1, [], 0.0)])
def test_things_of_one_kind_that_pass_among_many_are_a_deed_of_those_who_have_nothing_else(
    phones: int, own: list[str], did: float
) -> None:
    facts, farm = make_background(n=300), pick(0, DEFAULT_POLICY.household_size + 4)
    facts.uses = [use for use in facts.uses if use[0] not in farm]
    facts.uses += [(member, kind, f"{kind} of {member}", 5.0) for member in farm for kind in own]
    for place, member in enumerate(farm):
        facts.uses += [(member, "device", f"one of {(place + step) % phones}", 10.0) for step in range(min(phones, 2))]
    market = make_market(make_snapshot(facts))
    view = RingView(judge_groups(gather(market.snapshot, farm), market), market, 0)
    assert set(find_doers(view).tolist()) == {did}


def test_several_deeds_and_sales_in_a_circle_have_doers_each() -> None:
    within: dict[str, Rows] = {PRAISE: [(1, 5.0, [3, 5])], BLAME: [(1, 5.0, [3, 4])]}
    circular = np.array([True] * 3 + [False, False, False, True] + [True] * 3)
    view = look(within, {PRAISE: 50.0, BLAME: 50.0}, circular=circular, sale_share=DEFAULT_POLICY.sale_share)
    assert find_doers(view).tolist() == [1] * 4
    payments = look(within, {PRAISE: 50.0}, circular=circular, sale_share=DEFAULT_POLICY.sale_share - 0.01)
    assert find_doers(payments).tolist() == [1, 0, 1, 0]


def test_a_deed_counts_whatever_else_they_share_and_sign_up_for() -> None:
    rows: Rows = [(1, 5.0, [3, 5])]
    view = look({"phone": rows, SIGN_UP: rows, PRAISE: rows}, {"phone": 9.0, SIGN_UP: 99.0, PRAISE: DEED_BITS})
    assert find_doers(view).tolist() == [1, 0, 1, 0]


def test_a_habit_is_a_deed_of_those_who_have_it_as_far_as_it_shows() -> None:
    view = look()
    bits = np.zeros(16)
    bits[[8, 9, 11]] = [0.5, -1.0, 3.0]
    nobody = np.zeros(16, dtype=np.int64)
    habits = tuple(Conduct(name, nobody, nobody, bits, bits) for name in ("a habit", "another"))
    left = {"a habit": np.array([99.0, DEED_BITS / 4, 99.0])}
    market = replace(view.market, conduct=habits)
    view = replace(view, market=market, assessment=replace(view.assessment, left=left))
    assert find_doers(view).tolist() == [0.25, 0, 0, 0.25]


@pytest.mark.parametrize(("household", "did"), [(2, [1, 1, 1, 0]), (3, [0, 0, 1, 0]), (4, [0, 0, 0, 0])])
def test_personal_things_of_two_kinds_in_more_hands_than_live_together_are_a_deed(
    household: int, did: list[float]
) -> None:
    rows: Rows = [(0, 9.0, [0, 1, 2]), (1, 9.0, [3, 4, 5]), (1, 9.0, [5, 6])]
    within: dict[str, Rows] = {"address": rows, "card": [(1, 9.0, [3, 4])], "phone": rows, "payment": rows}
    view = look(within, dict.fromkeys(within, DEED_BITS))
    policy = msgspec.structs.replace(DEFAULT_POLICY, household_size=household)
    assert find_doers(replace(view, market=replace(view.market, policy=policy))).tolist() == did


@pytest.mark.parametrize(
    ("within", "shares"),
    [
        ({"phone": [(0, 90.0, [0, 1, 2]), (1, 2 * TWO_BITS, [3, 4, 5])]}, True),
        ({"phone": [(1, 2 * TWO_BITS - 0.01, [3, 4, 5])]}, False),
        ({"phone": [(1, TWO_BITS, [3, 4, 5])], "device": [(1, TWO_BITS / 2, [3, 6])]}, True),
        ({"phone": [(1, 90.0, [4, 5, 6])], "device": [(2, 90.0, [7, 8])]}, False),
        ({PRAISE: [(1, 90.0, [3, 4, 5])]}, False),
    ],
    ids=["a third of a thing is two bits", "a little less", "several things add up", "others share", "behaviour"],
)
def test_a_member_shares_an_identity_where_its_part_of_things_pays_for_its_name(
    within: dict[str, Rows], shares: bool
) -> None:
    assert shares_identity(look(within), 0) == shares


def test_each_member_shares_an_identity_or_not_by_its_own_things() -> None:
    view = look({"phone": [(0, 90.0, [1, 2]), (1, 90.0, [4, 6])]})
    assert [shares_identity(view, place) for place in range(4)] == [False, True, False, True]


@pytest.mark.parametrize(
    ("shown", "kind"),
    [
        ({"phone": 99.0}, "shared-identity"),
        ({"phone": 99.0, PRAISE: 0.5}, "review"),
        ({PRAISE: 8.0, BLAME: 9.0, REFUND: 7.0}, "attack"),
        ({PRAISE: 8.0, PURCHASE: 39.0}, "review"),
        ({PRAISE: 8.0, PURCHASE: 41.0}, "farm"),
        ({PRAISE: 8.0, PURCHASE: 30.0, "referral": 3.0}, "farm"),
        ({PRAISE: 8.0, "referral": 5.0, PURCHASE: 20.0}, "farm"),
        ({PRAISE: 8.0, TRADE: 8.5}, "trade"),
        ({PRAISE: 8.5, TRADE: 8.0}, "review"),
        ({PRAISE: 8.0, TRADE: 8.0}, "trade"),
    ],
)
def test_the_kind_is_that_whose_channels_show_most(shown: dict[str, float], kind: RingKind) -> None:
    assert find_kind(look(shown=shown)) == kind


@pytest.mark.parametrize(
    ("kind", "name"),
    [("review", PRAISE), ("attack", BLAME), ("refund", REFUND), ("farm", None), ("trade", None)],
)
def test_reviews_blame_and_refunds_are_done_to_somebody(kind: RingKind, name: str | None) -> None:
    every = (PURCHASE, TRADE, BLAME, PRAISE, REFUND, "phone")
    acting = find_acting_channel(look(shown=dict.fromkeys(every, 1.0)), kind)
    assert (acting and acting.name) == name


PRAISED: Rows = [(0, 9.0, [0, 1]), (1, 9.0, [3, 4]), (1, 9.0, [4, 5]), (1, 9.0, [4, 6]), (1, 9.0, [5, 6]), (2, 9, [7])]


def test_whom_half_of_the_members_act_on_is_a_party_however_many_things_it_sells() -> None:
    view = look({PRAISE: PRAISED}, {PRAISE: 20.0}, sellers={PRAISE: [0, 7, 7, 15, -1, 14]})
    assert find_parties(view, "review") == {7: 3, 15: 2}
    assert find_parties(view, "trade") == {}


@pytest.mark.parametrize(("others", "is_party"), [(5, True), (6, False), (8, False)])
def test_whom_as_large_a_share_of_everybody_else_acts_on_is_no_party(others: int, *, is_party: bool) -> None:
    view = look({PRAISE: PRAISED}, {PRAISE: 20.0}, sellers={PRAISE: [0, 7, 7, 15, -1, 14]})
    # Three of the four members praise seller 7, and so many of eight others.
    account, thing = np.arange(12), np.where(np.isin(np.arange(12), [*range(others), 8, 9, 10]), 1, 0)
    never = np.full(12, "NaT", dtype="datetime64[us]")
    praise = replace(view.market.things[PRAISE], account=account, thing=thing, first_at=never, last_at=never)
    view = replace(view, market=replace(view.market, things={PRAISE: praise}))
    assert (7 in find_parties(view, "review")) == is_party


def test_one_other_who_does_so_is_everybody_else() -> None:
    view = look({PRAISE: PRAISED}, {PRAISE: 20.0}, sellers={PRAISE: [0, 7, 7, 15, -1, 14]})
    for others, is_party in ((NOBODY[:0].astype(int), True), (np.array([0]), False)):
        account = np.append(others, [8, 9, 10, 11])
        never = np.full(len(account), "NaT", dtype="datetime64[us]")
        columns = {"account": account, "thing": (account != 11).astype(int), "first_at": never, "last_at": never}
        praise = replace(view.market.things[PRAISE], **columns)  # type: ignore[arg-type]
        seen = replace(view, market=replace(view.market, things={PRAISE: praise}))
        assert (7 in find_parties(seen, "review")) == is_party


@pytest.mark.parametrize(
    ("least_party", "party_share", "parties"),
    [(2, 0.75, {7: 3}), (3, 0.5, {7: 3}), (2, 0.76, {}), (4, 0.5, {}), (1, 0.25, {7: 3, 15: 2, 0: 1})],
)
def test_a_party_takes_both_so_many_members_and_such_a_share(
    least_party: int, party_share: float, parties: dict[int, int]
) -> None:
    rows: Rows = [(1, 9.0, [3]), *PRAISED[1:4]]
    view = look({PRAISE: rows}, {PRAISE: 20.0}, sellers={PRAISE: [0, 7, 7, 15]})
    policy = type(DEFAULT_POLICY)(least_party=least_party, party_share=party_share)
    view = replace(view, market=replace(view.market, policy=policy))
    assert find_parties(view, "review") == parties


@pytest.mark.parametrize(
    ("channel", "stand_by"),
    [
        ("phone", False), ("photo", False), (PRAISE, False), (REFUND, False),
        (FUNDING, False), ("address", True), ("ip", True), ("asn", True), (PURCHASE, True), (SIGN_UP, True),
    ],
)  # fmt: skip
def test_who_shares_a_place_with_the_others_or_buys_from_them_only_stands_by(channel: str, *, stand_by: bool) -> None:
    rows = [(0, 9.0, [0, 1]), (1, 9.0, [3, 5]), (1, 0.0, [3, 6]), (2, 9.0, [7, 8])]
    assert find_bystanders(look({channel: rows})).tolist() == [stand_by, True, stand_by, True]


def test_who_sells_to_the_others_does_not_stand_by_and_who_does_more_than_others_do_alone_does() -> None:
    selling = look(selling=[1, 4, 8, 4])
    assert find_bystanders(selling).tolist() == [True, False, True, True]
    ones, bits = np.ones(16, dtype=np.int64), np.full(16, 5.0)
    asking = replace(selling.market, conduct=(Conduct("refunds asked", ones, ones, bits, bits),))
    assert find_bystanders(replace(selling, market=asking)).tolist() == [True, False, True, True]
