"""A channel is one record and one finder; kinds that nobody has described are neutral; misspelt names are refused."""

from __future__ import annotations

import numpy as np
import pytest
from detection_market import Facts, gather, make_background, make_snapshot, pick, share_in_chain

from detection.channels.catalogue import BEHAVIOURS, KINDS, Catalogue, describe_kind
from detection.channels.incidence import Dealings, SharedThings, gather_things
from detection.channels.record import Channel
from detection.evidence.judge import judge_groups
from detection.evidence.market import make_market
from detection.policy import Policy
from detection.rings.build import build_rings
from detection.run import find_run
from detection.search import search_market
from detection.settings import ChannelSettings, DetectSettings
from graph.errors import ConfigError
from graph.model import Snapshot
from graph.vocabulary import TIERS

MEMBERS = pick(100, 10)
NOBODY = np.array([], dtype=np.int64)


def find_same_days(snapshot: Snapshot, record: Channel, policy: Policy) -> SharedThings:
    """Ordering on the very same day of the year: a channel that Ringfence does not have."""
    orders = snapshot.orders
    day = orders.ordered_at.astype("datetime64[D]").astype(np.int64)
    return gather_things(record, orders.buyer, day, orders.ordered_at, np.full(len(day), -1 - orders.seller[0]))


SAME_DAY = Channel(
    "same-day",
    find_same_days,
    "day of orders",
    "days of orders",
    affinity=1.0,
    ring_kind="farm",
    about="orders on",
    implies="refunds asked",
)


@pytest.fixture(scope="module")
def facts() -> Facts:
    facts = make_background(n=600)
    for day in (500, 510, 520, 530):
        facts.orders += [(member, "a0003", day + number / 100, "completed") for number, member in enumerate(MEMBERS)]
    return facts


def test_a_new_channel_is_one_record_and_one_finder(facts: Facts) -> None:
    snapshot = make_snapshot(facts)
    market = make_market(snapshot, catalogue=Catalogue(behaviours=(*BEHAVIOURS, SAME_DAY)))
    judged = judge_groups(gather(snapshot, MEMBERS), market)
    assert judged.evidence["same-day"].bits[0] > 50  # evidence, by the record's own affinity
    assert "same-day" in market.followed  # searches follow its links
    assert market.pools.inside.shape[1] == make_market(snapshot).pools.inside.shape[1] + 1  # groups are named by it
    rings = build_rings(search_market(market, DetectSettings()))
    ring = next(ring for ring in rings if {member.account_id for member in ring.members} >= set(MEMBERS[:6]))
    assert ring.kind == "farm"  # it says what a ring is
    (shown,) = (each for each in ring.evidence if each.channel == "same-day")
    assert "4 days of orders" in shown.sentence  # in its own words
    assert market.say_rules()["same-day"] == {"implies": "refunds asked", "ring_kind": "farm"}  # and is recorded
    without = DetectSettings(exclude_channels=("same-day",))
    assert "same-day" not in make_market(snapshot, without, catalogue=Catalogue(behaviours=(SAME_DAY,))).things


def share_with_many(kind: str, *, users: int = 300, accounts: int = 500) -> Snapshot:
    facts = make_background(n=accounts)
    facts.share([f"a{number:04d}" for number in range(users)], kind, "the one that most have")
    return make_snapshot(facts)


@pytest.mark.parametrize(
    "kind", ["asn", "browser", "user_agent", "postcode", "ip", "ip_address", "address", "nobody_knows"]
)
def test_nobody_is_watched_for_what_most_have_where_it_is_no_personal_thing(kind: str) -> None:
    run = find_run(share_with_many(kind), DetectSettings())
    assert (run.account_tier == TIERS.index("clear")).all()
    assert run.flags == ()


@pytest.mark.parametrize("kind", ["device", "payment", "iban", "email"])
def test_sharing_a_personal_thing_with_a_crowd_is_worth_watching(kind: str) -> None:
    run = find_run(share_with_many(kind, users=12), DetectSettings())
    assert (run.account_tier >= TIERS.index("watch")).sum() == 12


def test_a_kind_that_nobody_described_weighs_what_degrees_give(facts: Facts) -> None:
    rare = make_background(n=600)
    share_in_chain(rare, MEMBERS, "loyalty_card")
    known = make_background(n=600)
    share_in_chain(known, MEMBERS, "card")
    told = DetectSettings(policy=Policy(prior_uses=0.0))  # which says that people have cards of their own
    markets = [
        (make_market(make_snapshot(rare), told), "loyalty_card"),
        (make_market(make_snapshot(known), told), "card"),
    ]
    bits = [judge_groups(gather(each.snapshot, MEMBERS), each).evidence[kind].bits[0] for each, kind in markets]
    assert bits[0] == pytest.approx(bits[1])


@pytest.mark.parametrize(
    ("kind", "bits"),
    [
        *((kind, 32.5) for kind in ("bank", "payout", "national_id", "wifi", "listing-text")),
        *((kind, 1.4) for kind in ("photo", "loyalty_card", "postcode")),
    ],
)
def test_what_only_a_few_have_given_and_all_the_same_is_strange_where_people_have_one_of_their_own(
    kind: str, bits: float
) -> None:
    facts = make_background(n=600)
    facts.share(MEMBERS, kind, "the one")
    shown = judge_groups(gather(make_snapshot(facts), MEMBERS), make_market(make_snapshot(facts))).evidence[kind]
    assert shown.bits[0] == pytest.approx(bits, abs=0.1)


def test_a_kind_is_given_a_role_in_the_settings() -> None:
    snapshot = share_with_many("loyalty_card", users=12)
    personal = DetectSettings(channels={"loyalty_card": ChannelSettings(role="personal")})
    assert (find_run(snapshot, personal).account_tier >= TIERS.index("watch")).sum() == 12
    assert find_run(snapshot, DetectSettings()).run_id != find_run(snapshot, personal).run_id


def test_a_channels_figures_are_set_and_recorded() -> None:
    snapshot = make_snapshot(make_background(n=200))
    market = make_market(snapshot, DetectSettings(channels={"praise": ChannelSettings(affinity=5, windows_days=(8,))}))
    assert market.things["praise"].n_grains == 2
    assert market.say_rules()["praise"]["affinity"] == 5


@pytest.mark.parametrize(("wrong", "right"), [("devise", "device"), ("prais", "praise"), ("signup", "sign-up")])
def test_a_misspelt_channel_to_look_away_from_is_refused_with_the_nearest_one(wrong: str, right: str) -> None:
    snapshot = make_snapshot(make_background(n=60))
    with pytest.raises(ConfigError, match=rf"no channel '{wrong}'; did you mean '{right}'\?"):
        make_market(snapshot, DetectSettings(exclude_channels=(wrong,)))


def test_a_channel_without_any_likeness_is_refused_with_the_whole_list() -> None:
    with pytest.raises(ConfigError, match=r"there are .*device.*praise"):
        make_market(make_snapshot(make_background(n=60)), DetectSettings(exclude_channels=("xyzzy",)))


def test_a_kind_that_the_market_lacks_may_be_excluded_all_the_same() -> None:
    market = make_market(make_snapshot(make_background(n=60)), DetectSettings(exclude_channels=("iban", "phone")))
    assert "phone" not in market.things


def test_a_misspelt_channel_in_the_settings_is_refused_and_a_new_kind_is_not() -> None:
    snapshot = make_snapshot(make_background(n=60))
    with pytest.raises(ConfigError, match=r"did you mean 'device'"):
        make_market(snapshot, DetectSettings(channels={"devices": ChannelSettings(role="place")}))
    make_market(snapshot, DetectSettings(channels={"loyalty_card": ChannelSettings(role="personal")}))


def test_names_are_looked_at_only_where_the_settings_describe_them() -> None:
    kinds = ["device", "loyalty_card", "name", "company"]
    assert {"device", "loyalty_card"} <= {channel.name for channel in Catalogue().list_channels(kinds)}
    assert not {"name", "company"} & {channel.name for channel in Catalogue().list_channels(kinds)}
    described = Catalogue().adjust({"name": {"role": "coarse", "affinity": 20.0}}, kinds)
    (name,) = (channel for channel in described.list_channels(kinds) if channel.name in ("name", "company"))
    assert (name.name, name.role, name.affinity) == ("name", "coarse", 20.0)


def test_what_accounts_do_has_no_role() -> None:
    with pytest.raises(ConfigError, match="praise is what accounts do"):
        make_market(
            make_snapshot(make_background(n=60)), DetectSettings(channels={"praise": ChannelSettings(role="place")})
        )


def test_every_record_has_words_and_a_name_of_its_own() -> None:
    records = (*KINDS, *BEHAVIOURS)
    assert len({record.name for record in records}) == len(records)
    assert all(record.many for record in records)
    assert all(record.one for record in records if record.name != "trade")


def test_a_silent_finder_leaves_no_channel() -> None:
    def find_nothing(snapshot: Snapshot, record: Channel, policy: Policy) -> Dealings:
        return Dealings(record, NOBODY, NOBODY)

    silent = Channel("gifts", find_nothing, many="pairs of members give")
    market = make_market(make_snapshot(make_background(n=60)), catalogue=Catalogue(behaviours=(*BEHAVIOURS, silent)))
    assert "gifts" not in market.channels
    assert describe_kind("x", "unknown").many == "xs"
