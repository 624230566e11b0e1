"""Which rings there are, who is in them, and what gives them away.

A fraudster makes accounts up (puppets), or hires real people who have homes, families and telephones of their own
(`praise_pool`).  Puppets live a little like everybody else, so that they do not stand out.

Numbers are judgement, guided by reports: reviewers are hired in open groups by the thousand and paid back after a
review from an ordinary account (He, Hollenbeck and Proserpio, 2022); bust-outs come after months of good conduct.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detection.evaluation.simulation.rhythm import IntArray
from detection.evaluation.village.people import People
from detection.evaluation.village.seasons import DAY, END_AT, N_DAYS, START_AT, draw_clock
from detection.evaluation.village.settings import METHODS, VillageSettings
from detection.evaluation.village.village import Village, Window

SHARINGS = ("all", "some", "ip", "none")
_SHARES = {"ordinary": (0.42, 0.28, 0.15, 0.15), "hard": (0.12, 0.23, 0.20, 0.45)}
_CAMPAIGN_DAYS = {"ordinary": (12, 45), "hard": (90, 240)}
_OTHER_DAYS = {
    ("bust_out", "ordinary"): (3, 6), ("bust_out", "hard"): (15, 40), ("referral_farm", "ordinary"): (2, 6),
    ("reputation_scam", "ordinary"): (50, 90), ("reputation_scam", "hard"): (150, 300),
}  # fmt: skip


@dataclass(frozen=True)
class RingPlan:
    """A ring before it acts.

    Attributes
    ----------
    number
        Which ring it is; reviews on its brief are told by it.
    method
        Its way of working.
    members
        Accounts of its own, sorted; empty where it hires people.
    size
        How many members it has or hires.
    fronts
        Accounts of its own that it acts for; no members.
    sharing
        How much identity it shares.
    window
        When it acts.
    """

    number: int
    method: str
    members: IntArray
    size: int
    fronts: IntArray
    sharing: str
    window: Window

    @property
    def kind(self) -> str:
        """The kind of ring that is nearest to its way of working."""
        return METHODS[self.method]

    @property
    def puppets(self) -> IntArray:
        """All its accounts that it made up."""
        return np.concatenate([self.members, self.fronts])


def plan_rings(rng: np.random.Generator, settings: VillageSettings) -> list[RingPlan]:
    """All rings, of every way of working in turn; their puppets are the last accounts of the market."""
    methods, plans, first = list(METHODS), list[RingPlan](), settings.n_accounts
    largest = max(8, min(40, settings.n_accounts // 60))
    for number in range(settings.n_rings):
        method = methods[number % len(methods)]
        size = int(np.clip(rng.lognormal(np.log(10), 0.5), 5, largest))
        n_own = 0 if method == "praise_pool" else size
        n_fronts = 1 if method == "sock_puppets" else 0
        first -= n_own + n_fronts
        own = first + rng.permutation(n_own + n_fronts)
        sharing = "none" if method == "praise_pool" else str(rng.choice(SHARINGS, p=_SHARES[settings.difficulty]))
        window = _draw_campaign(rng, method, settings.difficulty)
        plans.append(RingPlan(number, method, np.sort(own[:n_own]), size, own[n_own:], sharing, window))
    return plans


def _draw_campaign(rng: np.random.Generator, method: str, difficulty: str) -> Window:
    low, high = _OTHER_DAYS.get((method, difficulty), _CAMPAIGN_DAYS[difficulty])
    days = rng.uniform(low, high)
    begins = START_AT + int(rng.uniform(60, N_DAYS - days - 20) * DAY)
    return Window(begins, begins + int(days * DAY))


def count_puppets(plans: list[RingPlan]) -> int:
    """How many accounts are made up."""
    return sum(len(plan.puppets) for plan in plans)


def raise_puppets(village: Village, plans: list[RingPlan]) -> None:
    """Say when puppets join and leave, how much they live, and what they share."""
    rng, people, is_hard = village.rng, village.people, village.settings.is_hard
    for plan in plans:
        own, count = plan.puppets, len(plan.puppets)
        people.is_fraud[own] = True
        joined_at = plan.window.begins_at - _draw_lead(rng, plan, count, is_hard)
        grows = plan.method == "referral_farm"
        people.joined_at[own] = (
            joined_at if grows else np.minimum(draw_clock(rng, joined_at), plan.window.begins_at - 1)
        )
        stays = rng.exponential(120 if is_hard else 15, count) * DAY
        people.quits_at[own] = np.minimum(plan.window.ends_at + stays.astype(np.int64), END_AT - 1)
        mean = (4.0 if is_hard else 1.2) * (0.2 if plan.method == "referral_farm" else 1.0)
        people.appetite[own] = mean * rng.lognormal(-0.2, 0.6, count)
        if count:
            people.swap_at[own] = np.maximum(people.swap_at[own], people.joined_at[own])
            share_identity(village, plan)


def _draw_lead(rng: np.random.Generator, plan: RingPlan, count: int, is_hard: bool) -> IntArray:
    """How long before they act puppets join, in seconds; a referral farm grows while it acts."""
    if plan.method == "referral_farm":
        span = plan.window.ends_at - plan.window.begins_at
        return np.asarray(-np.sort((rng.random(count) * 0.8 * span).astype(np.int64)))
    low, high = (120, 700) if is_hard else (1, 30)
    if plan.method == "bust_out":
        low, high = (200, 700) if is_hard else (120, 350)
    about, spread = rng.uniform(low, high), (60.0 if is_hard else 5.0)
    days = np.maximum(about + rng.normal(0, spread, count), 0.5)
    return np.asarray(days * DAY, dtype=np.int64)


def share_identity(village: Village, plan: RingPlan) -> None:
    """Let puppets use the same things, two to four of them each thing."""
    rng, people, own = village.rng, village.people, plan.puppets
    some = str(rng.choice(["family_device", "card", "parcels_to", "number"]))
    every = ["family_device", "card", "parcels_to", "home_ip", "number"]
    fields = {"all": every, "some": [some], "ip": ["home_ip"], "none": []}[plan.sharing]
    covered = 0.6 if village.settings.is_hard or plan.sharing == "some" else 0.85
    for name in fields:
        users = rng.permutation(own)[: max(2, round(covered * len(own)))]
        _share(village, people, name, users)


def _share(village: Village, people: People, name: str, users: IntArray) -> None:
    """Hand one thing to each two to four users; whoever is left over joins the last ones."""
    size = int(village.rng.integers(2, 5))
    chunk = np.minimum(np.arange(len(users)) // size, max(len(users) // size - 1, 0))
    # The thing of the first of each chunk becomes everybody's.
    firsts = users[chunk * size]
    things: IntArray = getattr(people, name)
    if name == "family_device":
        things[users] = people.phone[firsts]
        return
    things[users] = things[firsts].copy()
