"""Log-ins one after the other: whether one hand that works through its accounts shows among people who take turns.

    .venv/bin/python benchmarks/sessions.py --seeds 2

Two ways in which people log in (by their hours; by habits that they keep to the minute), honest groups that take turns
or come at once, and rings whose accounts are worked through one after another.  Three designs look at the same log-ins:
the channel ``event`` with the browser as the object; the same with each day an object of its own; and hand-overs of
pairs against the same hours of other weeks, in four ways.  Writes ``benchmarks/results/sessions.md``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
from measure import load_folder, write_result
from numpy.typing import NDArray

from detection.evaluation.measures import list_members
from detection.evidence.market import make_market
from detection.rings.build import build_rings
from detection.search import search_market
from detection.settings import DetectSettings

DAYS, MINUTE, HOUR = 63, 1 / 1440, 1 / 24
BEGINS = "2024-03-04"
HANDED_MINUTES = 10.0
"""A session that begins so soon after another one ended was handed over."""
WEEKS = (1, 2, 3, 4)
"""By how many weeks the other account's log-ins are put off, for what the same hours give by chance."""
FEWEST, HALF = 4, 0.5
RINGS = ("brisk", "careful")
HONEST = ("home", "class", "office", "staff", "train", "terminal")
WORLDS = ("hours", "habits")
DESIGNS = (
    *("`event`: one browser", "`event`: a day each", "hand-overs", "hand-overs, few hours explained"),
    *("log-ins without ends, few hours explained", "the same of one browser"),
)


@dataclass
class Log:
    """Sessions while they are being made: account, begin and end in days; browsers; groups by their kinds."""

    rng: np.random.Generator
    n: int
    free: list[int]
    browser: NDArray[np.int64]
    rows: list[NDArray[np.float64]] = field(default_factory=list)
    groups: list[tuple[str, list[int]]] = field(default_factory=list)

    def write(self, accounts: Iterable[int], begin: NDArray[np.float64], minutes: NDArray[np.float64]) -> None:
        """Sessions of so many minutes."""
        who = np.asarray(list(accounts), dtype=np.float64)
        self.rows.append(np.stack([who, begin, begin + minutes * MINUTE]))

    def take(self, kind: str, usual: float, least: int, most: int) -> list[int]:
        """A group of ordinary accounts."""
        size = int(np.clip(self.rng.lognormal(np.log(usual), 0.4), least, most))
        taken, self.free = self.free[:size], self.free[size:]
        self.groups.append((kind, taken))
        return taken

    def share_browser(self, people: Sequence[int]) -> None:
        """All of them on one machine, or on machines that one office bought."""
        self.browser[people] = self.browser[people[0]]


def simulate(world: str, n: int, seed: int) -> Log:
    """The log-ins of a world, with groups."""
    rng = np.random.default_rng([seed, 36])
    shares = 1 / np.arange(1, 301)
    log = Log(rng, n, rng.permutation(n).tolist(), rng.choice(300, n, p=shares / shares.sum()))
    live = _live_by_hours if world == "hours" else _live_by_habits
    for account in range(n):
        live(log, account, float(rng.lognormal(-0.6, 0.8)))
    for _ in range(max(2, n // 400)):
        for gather in (_live_together, _take_course, _work_in_office, _hand_over_till, _ride_train, _queue_up):
            gather(log)
        for kind in RINGS:
            _work_through(log, kind)
    return log


def _live_by_hours(log: Log, account: int, a_day: float) -> None:
    rng = log.rng
    count, middle, width = rng.poisson(a_day * DAYS), rng.choice([8.0, 13.0, 20.0]), rng.uniform(1.5, 4)
    week = rng.dirichlet(np.full(7, 3.0))
    days = 7 * rng.integers(0, DAYS // 7, count) + rng.choice(7, count, p=week)
    log.write([account] * count, days + rng.normal(middle, width, count) * HOUR, rng.exponential(8, count))


def _live_by_habits(log: Log, account: int, a_day: float) -> None:
    rng = log.rng
    moments = rng.uniform(6.5, 23, int(rng.integers(1, 4)))
    for moment in moments:
        there = np.flatnonzero(rng.random(DAYS) < min(a_day / len(moments), 0.9))
        begin = there + (moment + rng.normal(0, rng.choice([0.05, 0.3, 1.0]), len(there))) * HOUR
        log.write([account] * len(there), begin, rng.exponential(8, len(there)))
        again = begin[rng.random(len(begin)) < 0.25]
        log.write(
            [account] * len(again), again + rng.exponential(1.5 * HOUR, len(again)), rng.exponential(5, len(again))
        )


def _live_together(log: Log) -> None:
    """One tablet in the evening: one after the other, in no order."""
    people, rng = log.take("home", 3, 2, 6), log.rng
    log.share_browser(people)
    for day in np.flatnonzero(rng.random(DAYS) < 0.6):
        _take_turns(log, people, day + rng.normal(20, 0.7) * HOUR, (0.7, 12.0, 4.0))


def _take_turns(log: Log, people: Sequence[int], at: float, how: tuple[float, float, float]) -> None:
    """How likely each takes part, for how many minutes, and how many there are between."""
    share, minutes, pause = how
    for one in log.rng.permutation([one for one in people if log.rng.random() < share]).tolist():
        lasts = log.rng.gamma(3, minutes / 3)
        log.write([one], np.array([at]), np.array([lasts]))
        at += (lasts + log.rng.exponential(pause)) * MINUTE


def _take_course(log: Log) -> None:
    people, rng = log.take("class", 18, 8, 35), log.rng
    for week in range(DAYS // 7):
        for day, hour in ((1, 9.0), (3, 14.0)):
            there = [one for one in people if rng.random() < 0.85]
            begin = 7 * week + day + hour * HOUR + rng.gamma(2, 2 * MINUTE, len(there))
            log.write(there, begin, rng.normal(45, 5, len(there)))


def _work_in_office(log: Log) -> None:
    people, rng = log.take("office", 12, 5, 30), log.rng
    log.share_browser(people)
    for day in (day for day in range(DAYS) if day % 7 < 5):
        for hour in (8.8, 13.0):
            there = [one for one in people if rng.random() < 0.6]
            log.write(there, day + (hour + rng.normal(0, 0.25, len(there))) * HOUR, rng.exponential(15, len(there)))


def _hand_over_till(log: Log) -> None:
    """Shifts of a shop: who leaves logs off, and the next one logs in."""
    people, rng = log.take("staff", 5, 3, 9), log.rng
    log.share_browser(people)
    for day in (day for day in range(DAYS) if day % 7 < 6):
        on = rng.permutation(people)[: min(3, len(people))].tolist()
        begin = day + np.array([6.0, 12.0, 18.0])[: len(on)] * HOUR + rng.normal(0, 3 * MINUTE, len(on))
        ends = np.append(begin[1:] - rng.exponential(3 * MINUTE, len(on) - 1), begin[-1] + 5.5 * HOUR)
        log.write(on, begin, (ends - begin) / MINUTE)


def _ride_train(log: Log) -> None:
    """Strangers who look at their telephones when the train leaves."""
    people, rng = log.take("train", 20, 8, 40), log.rng
    for day in (day for day in range(DAYS) if day % 7 < 5):
        there = [one for one in people if rng.random() < 0.7]
        log.write(there, day + 7.66 * HOUR + rng.normal(0, 2 * MINUTE, len(there)), rng.exponential(10, len(there)))


def _queue_up(log: Log) -> None:
    """A club's one machine, or a carer who helps one after the other: whoever is there takes a turn, at any hour."""
    people, rng = log.take("terminal", 8, 4, 16), log.rng
    log.share_browser(people)
    for day in np.flatnonzero(rng.random(DAYS) < 0.6):
        _take_turns(log, people, day + rng.uniform(9, 20) * HOUR, (0.6, 8.0, 2.0))


def _work_through(log: Log, kind: str) -> None:
    """One hand, one account after the other; every other one with the same browser."""
    people, rng = log.take(kind, 9, 5, 25), log.rng
    if rng.random() < HALF:
        log.share_browser(people)
    share, minutes, pause = (0.9, 5.0, 1.0) if kind == "brisk" else (0.5, 6.0, 5.0)
    for day in np.flatnonzero(rng.random(DAYS) < (0.7 if kind == "brisk" else 0.5)):
        _take_turns(log, people, day + rng.uniform(8, 22) * HOUR, (share, minutes, pause))


@dataclass(frozen=True)
class Sessions:
    """All of them by their begin: account (S,), begin and end in days (S,)."""

    account: NDArray[np.int64]
    begin: NDArray[np.float64]
    end: NDArray[np.float64]


def list_sessions(log: Log) -> Sessions:
    """Those within the days that are looked at."""
    account, begin, end = np.concatenate(log.rows, axis=1)
    kept = np.flatnonzero((begin >= 0) & (begin < DAYS))
    kept = kept[np.argsort(begin[kept], kind="stable")]
    return Sessions(account[kept].astype(np.int64), begin[kept], end[kept])


# ── as the detector sees them ─────────────────────────────────────────────────────────────────────


def find_listed(log: Log, sessions: Sessions, *, by_day: bool) -> list[tuple[frozenset[int], bool]]:
    """The rings that are listed, by the detector as it is, and whether each is for more than watching."""
    day = np.floor(sessions.begin).astype(np.int64)
    thing = [f"day-{each}" for each in day] if by_day else [f"browser-{log.browser[one]}" for one in sessions.account]
    at = pd.Timestamp(BEGINS, tz="UTC") + pd.to_timedelta(np.round(sessions.begin * 86_400), unit="s")
    names = np.array([f"a{number:06d}" for number in range(log.n)], dtype=object)
    events = pd.DataFrame(
        {"account_id": names[sessions.account], "object": thing, "action": "log-in", "happened_at": at}
    )
    with tempfile.TemporaryDirectory() as folder:
        pd.DataFrame({"account_id": names}).to_parquet(f"{folder}/accounts.parquet")
        events.to_parquet(f"{folder}/events.parquet")
        snapshot = load_folder(Path(folder))
    settings = DetectSettings()
    rings = build_rings(search_market(make_market(snapshot, settings), settings))
    members = [frozenset(int(name[1:]) for name in each) for each in list_members(rings)]
    return [(who, ring.tier != "watch") for who, ring in zip(members, rings, strict=True)]


# ── hand-overs of pairs ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Look:
    """How hand-overs are looked at: with ends or from begin to begin, few hours explained or not, of one browser."""

    explains: bool = False
    has_ends: bool = True
    browser: NDArray[np.int64] | None = None


def find_handed(
    sessions: Sessions, n: int, look: Look, *, weeks: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of accounts (H,), as one number, of which the second begins within minutes of the first one's end; when.

    With ``weeks`` the second one's sessions are so much later, round the end: the same hours of another week.
    """
    begin = (sessions.begin + 7 * weeks) % DAYS
    order = np.argsort(begin, kind="stable")
    since = sessions.end if look.has_ends else sessions.begin
    low, high = (np.searchsorted(begin[order], since + each * MINUTE) for each in (-1.0, HANDED_MINUTES))
    count = high - low
    one = np.repeat(np.arange(len(count)), count)
    other = order[np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)]
    apart = sessions.account[one] != sessions.account[other]
    if look.browser is not None:
        apart &= look.browser[sessions.account[one]] == look.browser[sessions.account[other]]
    pair = np.sort(np.stack([sessions.account[one[apart]], sessions.account[other[apart]]]), axis=0)
    return pair[0] * n + pair[1], since[one[apart]]


def link_pairs(log: Log, sessions: Sessions, look: Look) -> list[tuple[frozenset[int], bool]]:
    """Groups of accounts that hand over more often than the same hours of other weeks give.

    Where few hours are explained, what lies in a pair's best two hours of the week counts once: a shift, a lesson.
    """
    pair, at = find_handed(sessions, log.n, look)
    if look.explains:
        pair = _leave_best_hours(pair, at)
    found, observed = np.unique(pair, return_counts=True)
    chance = np.concatenate([find_handed(sessions, log.n, look, weeks=each)[0] for each in WEEKS])
    names, counts = np.unique(chance, return_counts=True)
    place = np.minimum(np.searchsorted(names, found), len(names) - 1)
    expected = np.where(names[place] == found, counts[place], 0) / len(WEEKS) + 0.25
    bits = observed * np.log2(np.maximum(observed / expected, 1)) - np.maximum(observed - expected, 0) / np.log(2)
    asked = (observed >= FEWEST) & (bits > 2 * np.log2(log.n))
    graph = nx.Graph(zip((found[asked] // log.n).tolist(), (found[asked] % log.n).tolist(), strict=True))
    parts = nx.community.louvain_communities(graph, seed=0) if len(graph) else []
    return [(frozenset(part), False) for part in parts if len(part) > 2]


def _leave_best_hours(pair: NDArray[np.int64], at: NDArray[np.float64]) -> NDArray[np.int64]:
    """The pairs without all but one of the hand-overs in each pair's two best hours of the week."""
    hour = np.floor((at % 7) * 24).astype(np.int64)
    slot, place, counts = np.unique(pair * 168 + hour, return_inverse=True, return_counts=True)
    order = np.lexsort((-counts, slot // 168))
    whose = (slot // 168)[order]
    begins = np.concatenate([[True], np.diff(whose) != 0])
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))
    is_best = rank[place] < 2
    first = np.zeros(len(pair), dtype=bool)
    first[np.unique(place, return_index=True)[1]] = True
    return pair[~is_best | first]


# ── figures ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Trial:
    """What one design made of one log: rings found, honest groups of which half of a listed group is, strangers."""

    found: Counter[str]
    listed: Counter[str]
    strangers: int
    asked: int


def judge(log: Log, groups: Sequence[tuple[frozenset[int], bool]]) -> Trial:
    """How groups agree with the truth."""
    found, listed, strangers = Counter[str](), Counter[str](), 0
    for kind, people in log.groups:
        truth = frozenset(people)
        if kind in RINGS:
            found[kind] += any(len(who & truth) >= HALF * len(who | truth) for who, _ in groups)
        else:
            listed[kind] += any(len(who & truth) >= HALF * len(who) for who, _ in groups)
    for who, _ in groups:
        strangers += not any(len(who & frozenset(people)) >= HALF * len(who) for _, people in log.groups)
    return Trial(found, listed, strangers, sum(asked for _, asked in groups))


def run_trial(world: str, n: int, seed: int) -> tuple[Counter[str], list[Trial]]:
    """All designs on one log."""
    log = simulate(world, n, seed)
    sessions = list_sessions(log)
    found = [find_listed(log, sessions, by_day=by_day) for by_day in (False, True)]
    looks = Look(), Look(explains=True), Look(explains=True, has_ends=False), Look(True, False, log.browser)
    found += [link_pairs(log, sessions, look) for look in looks]
    return Counter(kind for kind, _ in log.groups), [judge(log, each) for each in found]


def count_compared(n: int, seed: int) -> str:
    """A line of what it takes to compare all hand-overs."""
    log = simulate("hours", n, seed)
    sessions, began = list_sessions(log), time.process_time()
    pairs = len(find_handed(sessions, n, Look())[0])
    return f"| {n:,} | {len(sessions.begin):,} | {pairs:,} | {time.process_time() - began:.1f} |"


def report(rows: Sequence[str], n: int, seeds: range) -> str:
    """The page."""
    heads = [*(f"{kind} found" for kind in RINGS), *(f"{kind} listed" for kind in HONEST), "strangers", "for review"]
    lines = [
        "# Log-ins one after the other\n",
        f"Written by `benchmarks/sessions.py`: {n:,} accounts, {DAYS} days, seeds {seeds.start} to {seeds.stop - 1};",
        "other seeds were looked at while the designs were made. A ring is found where a group has half in common with",
        "it; an honest group is listed where half of a group are of it. Strangers: groups that are half of nobody's.\n",
        f"| log-ins | design | {' | '.join(heads)} |",
        "|" + " --- |" * (len(heads) + 2),
        *rows,
        "\n| accounts | sessions | hand-overs to compare, and as many for each week of chance | processor seconds |",
        "| --- | --- | --- | --- |",
        *(count_compared(each, seeds.start) for each in (1000, 2000, 4000, 8000)),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first", type=int, default=311)
    asked = parser.parse_args()
    seeds, rows = range(asked.first, asked.first + asked.seeds), []
    for world in WORLDS:
        done = [run_trial(world, asked.accounts, seed) for seed in seeds]
        planted = sum((each for each, _ in done), Counter[str]())
        for number, design in enumerate(DESIGNS):
            trials = [each[number] for _, each in done]
            cells = [f"{sum(trial.found[kind] for trial in trials)} of {planted[kind]}" for kind in RINGS]
            cells += [f"{sum(trial.listed[kind] for trial in trials)} of {planted[kind]}" for kind in HONEST]
            cells += [str(sum(getattr(trial, name) for trial in trials)) for name in ("strangers", "asked")]
            rows.append(f"| {world} | {design} | {' | '.join(cells)} |")
    write_result("sessions.md", report(rows, asked.accounts, seeds))


if __name__ == "__main__":
    main()
