"""What the accounts of a simulated market do besides buying: pages that draw readers, and words that are sent.

Put on top of any world whose tables and truth are there, so that the world itself keeps its bytes.  Readers bring
readers: a page is read in a cascade (Hawkes 1971) among those whom its subject interests.  Rings of ordinary accounts,
with lives of their own, show in nothing but this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detection.evaluation.simulation.market import SimulatedMarket
from graph.model import Floats, Ints

DAYS = 90.0
HOUR, MINUTE, SECOND = 1 / 24, 1 / 1440, 1 / 86_400
BEGINS = pd.Timestamp("2024-03-04T00:00:00Z")
ACCOUNTS_PER_GROUP = 400
"""One ring of each sort, and one honest group of each, for so many accounts."""
_TEXT = (
    "please thanks price today tomorrow parcel size colour new used blue green black white still offer meet city train"
    " pick send address box paid card bank note photo more less very small large broken fine good old first last maybe"
)
_SAID = "text:"
_WORDS = tuple(_TEXT.split(" "))


@dataclass
class Diary:
    """Events while they are being made, in columns; the groups with their sorts, by rows of accounts.

    ``interest`` (N, subjects) says how much each account cares for each subject; ``wakes`` (N,) the hour of its day.
    """

    rng: np.random.Generator
    interest: Floats
    wakes: Floats
    free: list[int]
    parts: list[NDArray[np.float64]] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    rings: list[tuple[str, list[int]]] = field(default_factory=list)
    honest: list[tuple[str, list[int]]] = field(default_factory=list)

    def make(self, name: str) -> int:
        """A new object, under a name of its own, or a text as it is."""
        self.objects.append(name)
        return len(self.objects) - 1

    def write(self, accounts: Sequence[int] | Ints, thing: int, action: str, days: Floats) -> None:
        """What some accounts did with one thing, on a day each."""
        if action not in self.actions:
            self.actions.append(action)
        who = np.asarray(accounts, dtype=np.float64)
        kind = float(self.actions.index(action))
        self.parts.append(np.stack([who, np.full(len(who), float(thing)), np.full(len(who), kind), days]))

    def take(self, count: int) -> list[int]:
        """Accounts that belong to no group yet."""
        taken, self.free = self.free[:count], self.free[count:]
        return taken

    def draw_size(self, usual: float, least: int, most: int) -> int:
        """How many a group are."""
        return int(np.clip(self.rng.lognormal(np.log(usual), 0.5), least, most))


def add_doings(market: SimulatedMarket, seed: int) -> SimulatedMarket:
    """The market with a table of events, and the groups that show in it in its truth.

    Parameters
    ----------
    market
        Of any world.
    seed
        The same market and seed give the same events, to the byte.

    Returns
    -------
    SimulatedMarket
        All other tables as they were; ring members are ordinary accounts that were in no group.
    """
    rng = np.random.default_rng([seed, 33])
    ids = np.sort(market.tables["accounts"]["account_id"].dropna().unique().astype(object))
    diary = _open_diary(rng, ids, market)
    _read_pages(diary)
    _say_something(diary)
    for _ in range(max(2, len(ids) // ACCOUNTS_PER_GROUP)):
        for gather in (_take_course, _answer_calls, _get_newsletter, _watch_show, _live_together):
            gather(diary)
        for plant in (_run_script, _hire_hands, _campaign_for_days, _spread_text):
            plant(diary)
    return _tell(diary, ids, market)


def _open_diary(rng: np.random.Generator, ids: NDArray[np.object_], market: SimulatedMarket) -> Diary:
    grouped = [market.truth[name]["account_id"] for name in ("rings", "lookalikes") if name in market.truth]
    bad = market.truth["accounts"].query("is_fraud")["account_id"] if "accounts" in market.truth else pd.Series([])
    known = pd.concat([*grouped, bad]).unique()
    free = rng.permutation(np.flatnonzero(~np.isin(ids, known)))
    interest = rng.dirichlet(np.full(30, 0.15), len(ids))
    wakes = rng.choice([6.0, 9.0, 15.0, 22.0], len(ids), p=[0.35, 0.4, 0.15, 0.1]) + rng.normal(0, 1, len(ids))
    return Diary(rng, interest, wakes, free.tolist())


# ── everybody ─────────────────────────────────────────────────────────────────────────────────────


def _read_pages(diary: Diary) -> None:
    """Pages of a subject each: some readers find one, and bring others, most of them within hours."""
    rng, n = diary.rng, len(diary.wakes)
    busy = rng.lognormal(0.0, 0.8, n)
    chances = diary.interest * busy[:, None]
    chances /= chances.sum(axis=0)
    for number in range(n):
        subject, thing = int(rng.integers(diary.interest.shape[1])), diary.make(f"page-{number:06d}")
        at = np.array([rng.uniform(-5, DAYS)])
        days = [at]
        for _ in range(12):
            at = np.repeat(at, rng.poisson(0.75, len(at)))
            at = at + rng.exponential(rng.choice([0.05, 0.6, 5.0], len(at)))
            days.append(at)
        read_at = np.concatenate([*days, rng.uniform(0, DAYS, rng.poisson(2))])
        who = rng.choice(n, len(read_at), p=chances[:, subject])
        diary.write(who, thing, "read", _awake(diary, who, read_at))


def _awake(diary: Diary, who: Ints, days: Floats) -> Floats:
    """The same days at an hour at which each account is up."""
    hours = (days % 1.0) * 15.0 + diary.wakes[who]
    return np.floor(days) + hours / 24.0


def _say_something(diary: Diary) -> None:
    """One in three writes: some words of its own, or what everybody says."""
    rng, n = diary.rng, len(diary.wakes)
    usual = [diary.make(f"text:{words}") for words in ("hello", "is it still there", "thank you", "what is the price")]
    letter = diary.make("text:your order is on its way and will reach you in three days thank you for shopping with us")
    for who in np.flatnonzero(rng.random(n) < 0.3).tolist():
        for day in rng.uniform(0, DAYS, int(rng.integers(1, 5))).tolist():
            pick = rng.random()
            words = " ".join(rng.choice(_WORDS, int(rng.integers(5, 20))))
            thing = (
                letter if pick < 0.15 else usual[int(rng.integers(4))] if pick < 0.5 else diary.make(f"text:{words}")
            )
            diary.write([who], thing, "message", np.array([day]))


# ── honest groups ─────────────────────────────────────────────────────────────────────────────────


def _take_course(diary: Diary) -> None:
    """A course twice a week at two hours, the page of the lesson each time."""
    rng, people, begin = diary.rng, diary.take(diary.draw_size(16, 6, 40)), int(diary.rng.integers(0, 30))
    for lesson in range(int(rng.integers(8, 18))):
        at = begin + 3.5 * (lesson // 2 * 2) + (2 + 10 * HOUR if lesson % 2 else 14 * HOUR)
        there = [one for one in people if rng.random() < 0.8]
        diary.write(
            there, diary.make(f"lesson-{len(diary.objects)}"), "read", at + rng.gamma(2, 3 * MINUTE, len(there))
        )
    diary.honest.append(("course", people))


def _answer_calls(diary: Diary) -> None:
    """A few who are called whenever something breaks, and all look at once."""
    rng, people = diary.rng, diary.take(diary.draw_size(5, 3, 8))
    for day in rng.uniform(0, DAYS, int(rng.integers(8, 30))).tolist():
        there = [one for one in people if rng.random() < 0.7]
        diary.write(
            there, diary.make(f"alarm-{len(diary.objects)}"), "read", day + rng.gamma(1, 4 * MINUTE, len(there))
        )
    diary.honest.append(("on call", people))


def _get_newsletter(diary: Diary) -> None:
    """Subscribers: one in seven reads it, most of those in the first hours."""
    rng, people = diary.rng, diary.take(diary.draw_size(60, 25, 150))
    for issue in range(int(rng.integers(6, 13))):
        there = [one for one in people if rng.random() < 0.15]
        at = 7.0 * issue + 2 + 7 * HOUR + rng.uniform(-1, 1)
        diary.write(there, diary.make(f"issue-{len(diary.objects)}"), "read", at + rng.exponential(0.2, len(there)))
    diary.honest.append(("newsletter", people))


def _watch_show(diary: Diary) -> None:
    """An evening with a show: questions to vote on, each within a minute or two."""
    rng, people, evening = diary.rng, diary.take(diary.draw_size(35, 12, 90)), int(diary.rng.integers(1, int(DAYS) - 1))
    for question in range(int(rng.integers(4, 10))):
        there = [one for one in people if rng.random() < 0.6]
        at = evening + 20 * HOUR + question * 11 * MINUTE
        diary.write(there, diary.make(f"vote-{len(diary.objects)}"), "vote", at + rng.gamma(2, 20 * SECOND, len(there)))
    diary.honest.append(("show", people))


def _live_together(diary: Diary) -> None:
    """A household: what one finds, the others look at."""
    rng, people = diary.rng, diary.take(diary.draw_size(3, 2, 6))
    for day in rng.uniform(0, DAYS, int(rng.integers(5, 30))).tolist():
        there = [one for one in people if rng.random() < 0.75]
        diary.write(there, diary.make(f"find-{len(diary.objects)}"), "read", day + rng.exponential(HOUR, len(there)))
    diary.honest.append(("home", people))


# ── rings ─────────────────────────────────────────────────────────────────────────────────────────


def _list_targets(diary: Diary, count: int) -> list[int]:
    """What a ring is paid for: pages that others read too, and new ones."""
    known = [number for number, name in enumerate(diary.objects) if name.startswith("page")]
    return [
        int(diary.rng.choice(known)) if diary.rng.random() < 0.4 else diary.make(f"offer-{len(diary.objects)}")
        for _ in range(count)
    ]


def _run_script(diary: Diary) -> None:
    """One machine goes through its accounts, a few seconds for each."""
    rng, people = diary.rng, diary.take(diary.draw_size(12, 4, 45))
    for thing in _list_targets(diary, int(rng.integers(5, 20))):
        there = rng.permutation([one for one in people if rng.random() < 0.9])
        pauses = rng.uniform(2, 9, len(there)) * SECOND
        diary.write(there, thing, str(rng.choice(["read", "vote"])), rng.uniform(0, DAYS - 1) + np.cumsum(pauses))
    diary.rings.append(("script", people))


def _hire_hands(diary: Diary) -> None:
    """People who are told what to click on: by hand, within the hour, most of them each time."""
    rng, people = diary.rng, diary.take(diary.draw_size(14, 5, 45))
    for thing in _list_targets(diary, int(rng.integers(6, 24))):
        there = [one for one in people if rng.random() < 0.7]
        at = np.floor(rng.uniform(0, DAYS - 1)) + rng.uniform(7, 21) * HOUR
        diary.write(there, thing, "vote", at + rng.gamma(2, 8 * MINUTE, len(there)))
    diary.rings.append(("hands", people))


def _campaign_for_days(diary: Diary) -> None:
    """Slowly, over a day and more, so that nothing is seen at once."""
    rng, people = diary.rng, diary.take(diary.draw_size(16, 6, 50))
    for thing in _list_targets(diary, int(rng.integers(6, 20))):
        there = np.array([one for one in people if rng.random() < 0.8], dtype=np.int64)
        days = rng.uniform(0, DAYS - 3) + rng.exponential(0.5, len(there))
        diary.write(there, thing, "vote", _awake(diary, there, days))
    diary.rings.append(("campaign", people))


def _spread_text(diary: Diary) -> None:
    """One text with a name filled in, from all of them, several times each."""
    rng, people = diary.rng, diary.take(diary.draw_size(9, 4, 40))
    words = rng.choice(_WORDS, int(rng.integers(14, 40))).tolist()
    for one in people:
        for day in rng.uniform(0, DAYS, int(rng.integers(3, 12))).tolist():
            thing = diary.make(f"text:hi n{rng.integers(10**6)} {' '.join(words)}")
            diary.write([one], thing, "message", np.array([day]))
    diary.rings.append(("text", people))


# ── tables ────────────────────────────────────────────────────────────────────────────────────────


def _tell(diary: Diary, ids: NDArray[np.object_], market: SimulatedMarket) -> SimulatedMarket:
    account, thing, action, day = np.concatenate(diary.parts, axis=1)
    kept = np.flatnonzero((day >= 0) & (day < DAYS))
    kept = kept[np.argsort(day[kept], kind="stable")]
    names = _name_objects(diary)[thing[kept].astype(int)].tolist()
    seconds = np.round(day[kept] * 86_400).astype(np.int64)
    at = (np.datetime64(BEGINS.tz_localize(None), "s") + seconds).astype("datetime64[s]")
    events = pd.DataFrame(
        {
            "account_id": ids[account[kept].astype(int)],
            "object": [None if name.startswith(_SAID) else name for name in names],
            "text": [name.removeprefix(_SAID) if name.startswith(_SAID) else None for name in names],
            "action": np.array(diary.actions, dtype=object)[action[kept].astype(int)],
            "happened_at": np.datetime_as_string(at, unit="s", timezone="UTC").astype(object),
        }
    )
    if "events" in market.tables:
        events = pd.concat([market.tables["events"], events], ignore_index=True)
    return SimulatedMarket({**market.tables, "events": events}, _add_truth(diary, ids, market.truth))


def _name_objects(diary: Diary) -> NDArray[np.object_]:
    """Names that tell nothing of what an object is for; texts as they are."""
    numbers = diary.rng.permutation(len(diary.objects))
    named = [
        name if name.startswith("text:") else f"o{number:07d}"
        for name, number in zip(diary.objects, numbers.tolist(), strict=True)
    ]
    return np.array(named, dtype=object)


def _add_truth(diary: Diary, ids: NDArray[np.object_], truth: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    def list_groups(groups: Sequence[tuple[str, list[int]]], name: str) -> pd.DataFrame:
        rows = [(f"{name}-{n:04d}", kind, ids[one]) for n, (kind, who) in enumerate(groups) for one in who]
        return pd.DataFrame(rows, columns=[f"{name.partition(' ')[0]}_id", "kind", "account_id"])

    rings = list_groups(diary.rings, "ring done").assign(role="member", sharing="none", method="none")
    honest = list_groups(diary.honest, "group done")
    accounts = truth["accounts"]
    bad = accounts["is_fraud"] | accounts["account_id"].isin(rings["account_id"])
    return {
        **truth,
        "rings": pd.concat([truth["rings"], rings], ignore_index=True)[truth["rings"].columns],
        "lookalikes": pd.concat([truth["lookalikes"], honest], ignore_index=True)[truth["lookalikes"].columns],
        "accounts": accounts.assign(is_fraud=bad),
    }
