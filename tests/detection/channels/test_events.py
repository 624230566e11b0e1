"""What is done with one object at one time, and words that several send: who shares it, and what chance would give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from detection_market import Facts, find_ring_of, make_background, make_snapshot, pick
from slow_twins import find_record

from detection.channels.catalogue import BEHAVIOURS, EVENT, MESSAGE, Catalogue
from detection.channels.events import find_events, find_messages
from detection.channels.incidence import SharedThings
from detection.evidence.judge import judge_groups
from detection.evidence.market import make_market
from detection.groups import gather_groups
from detection.policy import Policy
from detection.rings.wording import describe_thing
from detection.run import find_run
from detection.settings import DetectSettings

SECOND, HOUR = 1 / 86_400, 1 / 24
Event = tuple[str, str, str | None, float | None]
SALE = "text:buy the famous golden kettle of my uncle today and get two for the price of one on friday"


def find(
    finder: Callable[..., SharedThings], name: str, events: Sequence[Event], **rules: Any
) -> tuple[SharedThings, list[str]]:
    snapshot = make_snapshot(Facts(dict.fromkeys("abcdefgh"), events=list(events)))
    return finder(snapshot, find_record(name), Policy(**rules)), snapshot.events.object_name.tolist()


def list_together(channel: SharedThings, names: Sequence[str], grain: int | None = None) -> set[tuple[str, str]]:
    """Objects, and who shares them, of things that several share; of one grain."""
    found = set()
    for thing in np.flatnonzero(channel.popularity >= 2).tolist():
        if grain is None or channel.grain[thing] == grain:
            who = "".join(sorted("abcdefgh"[row] for row in channel.account[channel.thing == thing]))
            found.add((names[channel.subject[thing]], who))
    return found


def test_what_is_done_with_one_object_within_a_minute_an_hour_or_a_day_is_shared() -> None:
    events: list[Event] = [
        ("a", "p", "view", 1.5),
        ("b", "p", "view", 1.5 + 20 * SECOND),
        ("c", "p", "view", 1.5 + 0.4 * HOUR),
        ("d", "p", "view", 1.5 + 11 * HOUR),
        ("e", "p", "view", 9.0),
        ("f", "q", "view", 1.5),
    ]
    channel, names = find(find_events, EVENT, events)
    assert channel.n_grains == 6
    assert ("p", "ab") in list_together(channel, names, 0) | list_together(channel, names, 1)
    assert ("p", "abc") in list_together(channel, names, 2) | list_together(channel, names, 3)
    assert ("p", "abcd") in list_together(channel, names, 4) | list_together(channel, names, 5)


@pytest.mark.parametrize("begin", np.linspace(3.0, 4.0, 7).tolist())
@pytest.mark.parametrize(("width", "grains"), [(25 * SECOND, (0, 1)), (0.45 * HOUR, (2, 3)), (0.45, (4, 5))])
def test_no_burst_is_cut_in_two_whenever_it_begins(begin: float, width: float, grains: tuple[int, int]) -> None:
    events: list[Event] = [
        (who, "p", "view", begin + part * width) for who, part in zip("abcd", (0, 0.3, 0.6, 1.0), strict=True)
    ]
    channel, names = find(find_events, EVENT, events)
    assert ("p", "abcd") in list_together(channel, names, grains[0]) | list_together(channel, names, grains[1])


def test_each_action_is_by_itself_and_none_is_one_as_well() -> None:
    events: list[Event] = [
        ("a", "p", "view", 1.0),
        ("b", "p", "vote", 1.0),
        ("c", "p", None, 1.0),
        ("d", "p", None, 1.0),
    ]
    channel, names = find(find_events, EVENT, events)
    assert list_together(channel, names) == {("p", "cd")}


def test_what_bears_no_time_or_names_a_placeholder_is_left_out() -> None:
    events: list[Event] = [(who, "p", "view", None) for who in "ab"] + [(who, "unknown", "view", 1.0) for who in "ab"]
    assert find(find_events, EVENT, events)[0].is_silent
    channel, names = find(find_events, EVENT, events, ignore_placeholders=False)
    assert list_together(channel, names) == {("unknown", "ab")}


def test_chance_deals_out_what_was_done_in_a_stretch_of_time_and_of_one_action() -> None:
    events: list[Event] = [(who, "p", "view", 1.0) for who in "ab"] + [
        (who, "q", "view", 1.0 + 0.5 * HOUR) for who in "cd"
    ]
    events += [("e", "r", "vote", 1.0), ("f", "s", "view", 50.0)]
    channel, names = find(find_events, EVENT, events)
    uses = channel.stratum_uses[channel.stratum]
    of = {
        (names[channel.subject[thing]], int(channel.grain[thing])): int(uses[thing])
        for thing in range(channel.n_things)
    }
    # Half an hour later another twenty-four minutes have begun, but neither another day nor another month.
    assert [of["p", grain] for grain in (0, 2, 4)] == [2, 4, 4]
    one, _ = find(find_events, EVENT, events, stretch_windows=600)
    assert int(one.stratum_uses[one.stratum[one.grain == 0]].max()) == 4
    assert [of["r", grain] for grain in (0, 2, 4)] == [1, 1, 1]


def test_words_are_shared_whenever_they_are_sent_and_once_more_for_each_doubling() -> None:
    events: list[Event] = [("a", SALE, "message", day) for day in range(5)] + [
        ("b", SALE, "message", 200.0 + day) for day in range(2)
    ]
    events += [("c", SALE, "sms", None), ("d", "text:something else", "message", 1.0), ("e", SALE, "view", 1.0)]
    channel, names = find(find_messages, MESSAGE, events)
    shared = [
        sorted("abcdefgh"[row] for row in channel.account[channel.thing == thing]) for thing in range(channel.n_things)
    ]
    assert sorted(shared) == [["a", "b"], ["a", "b", "c"]]
    assert {names[each] for each in channel.subject} == {SALE.removeprefix("text:")}
    # What one alone said, or sent for the fourth time, is counted and not kept.
    assert channel.unshared == 2


def test_texts_that_nearly_agree_are_one_and_checksums_only_if_they_are_the_same() -> None:
    longer = f"{SALE} and on saturday as well"
    events: list[Event] = [("a", SALE, "message", 1.0), ("b", longer, "message", 2.0), ("c", "5f2a", "message", 1.0)]
    events += [("d", "5f2a", "message", 2.0), ("e", "5f2b", "message", 2.0)]
    channel, _ = find(find_messages, MESSAGE, events)
    assert sorted(np.bincount(channel.thing).tolist()) == [2, 2]


def test_more_than_so_many_times_say_no_more() -> None:
    events: list[Event] = [(who, SALE, "message", float(day)) for who in "ab" for day in range(40)]
    assert find(find_messages, MESSAGE, events)[0].n_things == 4
    assert find(find_messages, MESSAGE, events, message_repeats=1)[0].n_things == 1


def test_what_is_a_message_stands_in_the_policy() -> None:
    events: list[Event] = [(who, SALE, "whisper", 1.0) for who in "ab"]
    assert find(find_messages, MESSAGE, events)[0].is_silent
    assert not find(find_events, EVENT, events)[0].is_silent
    assert find(find_messages, MESSAGE, events, message_actions=("whisper",))[0].n_things == 1
    assert find(find_events, EVENT, events, message_actions=("whisper",))[0].is_silent


def test_things_are_told_by_their_object_and_texts_by_their_first_words() -> None:
    facts = Facts(dict.fromkeys("ab"), events=[(who, "/page", "view", 1.0) for who in "ab"])
    facts.events += [(who, SALE, "message", 1.0) for who in "ab"]
    market = make_market(make_snapshot(facts))
    told = {name: describe_thing(market.things[name], 0, market.snapshot) for name in (EVENT, MESSAGE)}
    assert told == {
        EVENT: "acted on /page from 2024-01-02",
        MESSAGE: "sent “buy the famous golden kettle of my uncle …” from 2024-01-02",
    }


def do_alone(facts: Facts, rng: np.random.Generator, *, n: int = 4000) -> None:
    """Everybody looks at things, each in its own time."""
    names = list(facts.accounts)
    for _ in range(n):
        thing = f"thing {int(rng.pareto(1.2) * 20)}"
        facts.events.append((names[int(rng.integers(len(names)))], thing, "view", float(rng.uniform(0, 100))))


def test_a_ring_that_shows_in_nothing_else_is_watched_and_for_review_where_a_phone_joins_it() -> None:
    rng = np.random.default_rng(4)
    facts = make_background(3)
    do_alone(facts, rng)
    members = pick(100, 9)
    for deed in range(10):
        at = float(rng.uniform(1, 99))
        facts.events += [(who, f"boosted {deed}", "view", at + float(rng.exponential(5 * SECOND))) for who in members]
    ring = find_ring_of(find_run(make_snapshot(facts), DetectSettings()), members)
    assert ring is not None
    assert (ring.kind, ring.tier) == ("farm", "watch")
    for chain in range(3):
        facts.share(members[chain::3], "phone", f"burner {chain}")
        facts.share(members[3 * chain : 3 * chain + 3], "device", f"rooted {chain}")
    joined = find_ring_of(find_run(make_snapshot(facts), DetectSettings()), members)
    assert joined is not None
    assert joined.tier == "review"


def test_who_acts_with_members_whom_a_phone_joins_stands_by_nobody() -> None:
    rng = np.random.default_rng(4)
    facts = make_background(3)
    do_alone(facts, rng)
    members = pick(100, 9)
    for deed in range(10):
        at = float(rng.uniform(1, 99))
        facts.events += [(who, f"boosted {deed}", "view", at + float(rng.exponential(5 * SECOND))) for who in members]
    for kind in ("phone", "device", "payment"):
        facts.share(members[:4], kind, f"{kind} of four")
    ring = find_ring_of(find_run(make_snapshot(facts), DetectSettings()), members)
    assert ring is not None
    assert set(members) <= {member.account_id for member in ring.members if member.role == "core"}


def test_a_ring_that_sends_one_text_is_for_review() -> None:
    rng = np.random.default_rng(5)
    facts = make_background(3)
    for number, who in enumerate(facts.accounts):
        words = " ".join(f"w{word}" for word in rng.integers(0, 900, 8))
        facts.events.append((who, f"text:{words}", "message", float(number % 90)))
    members = pick(100, 9)
    for who in members:
        facts.events += [(who, SALE, "message", float(day)) for day in rng.uniform(0, 90, 8)]
    ring = find_ring_of(find_run(make_snapshot(facts), DetectSettings()), members)
    assert ring is not None
    assert (ring.tier, ring.evidence[0].channel) == ("review", MESSAGE)
    assert "9 members share 4 texts that others sent as well" in ring.evidence[0].sentence


def test_a_market_without_events_has_the_results_that_it_had() -> None:
    facts = make_background(3)
    facts.share(pick(100, 12), "device", "d")
    snapshot = make_snapshot(facts)
    before = Catalogue(behaviours=tuple(each for each in BEHAVIOURS if each.name not in (EVENT, MESSAGE)))
    then, now = make_market(snapshot, catalogue=before), make_market(snapshot)
    assert list(then.things) == list(now.things)
    members = gather_groups([np.arange(6), np.arange(40)])
    old, new = judge_groups(members, then), judge_groups(members, now)
    assert old.net_bits.tobytes() == new.net_bits.tobytes()
    assert [each.name for each in old.explanations] == [each.name for each in new.explanations]


def test_more_events_elsewhere_never_make_a_coincidence_less_surprising() -> None:
    facts = Facts(dict.fromkeys("abcdefgh"), events=[(who, "p", "view", 1.0) for who in "abc"])
    facts.events += [(who, f"q{who}", "view", 1.0) for who in "defgh"]
    more = replace(facts, events=facts.events + [(who, f"r{who}", "view", 1.0) for who in "defgh"])
    bits = [
        float(judge_groups(gather_groups([np.arange(3)]), make_market(make_snapshot(each))).evidence[EVENT].bits[0])
        for each in (facts, more)
    ]
    assert bits[0] <= bits[1]
