"""Who is in which ring, for whom it works, when, from what kind of accounts, and how much identity it lets slip."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from detection.evaluation.bazaar.bazaar import Bazaar
from detection.evaluation.bazaar.seasons import DAY, END_AT, START_AT, spread
from detection.evaluation.bazaar.settings import METHODS
from detection.evaluation.simulation.rhythm import IntArray

_SIZES = {"device_farm": (60, 150), "praise_pool": (8, 40), "triangulation": (4, 12)}
_SIZE = (4, 30)
_PATRONS = {"sock_puppets": (1, 1), "praise_pool": (2, 5), "device_farm": (1, 4)}
"""How many shops pay for a ring's work."""
_LAST_DAY = 500
_LEAKS = ("device", "payment", "phone", "address", "ip")


@dataclass
class Ring:
    """A ring: ``members`` (m,), ``patrons`` that it acts for, ``parties`` that it acts on by role."""

    method: str
    members: IntArray
    patrons: IntArray
    begins_at: int
    days: float
    sharing: str = "none"
    parties: dict[str, list[IntArray]] = field(default_factory=lambda: {"target": [], "victim": []})

    @property
    def kind(self) -> str:
        """What the ring is nearest to."""
        return METHODS[self.method]

    def act_on(self, role: str, accounts: IntArray) -> None:
        """Remember whom the ring acted on."""
        self.parties[role].append(accounts)


def plan_rings(bazaar: Bazaar) -> list[Ring]:
    """Plan all rings; their members and patrons are bad from now on, and no two rings have a member in common."""
    methods = list(METHODS)
    more = bazaar.rng.choice(methods, bazaar.settings.n_rings - len(methods), p=_weigh_methods(methods))
    return [_plan(bazaar, method) for method in [*methods, *more.tolist()]]


def _weigh_methods(methods: list[str]) -> list[float]:
    """Farms are rare, for one has as many accounts as ten others."""
    weights = np.array([0.25 if method == "device_farm" else 1.0 for method in methods])
    return list(weights / weights.sum())


def _plan(bazaar: Bazaar, method: str) -> Ring:
    rng, hard = bazaar.rng, bazaar.settings.is_hard
    days = float(np.clip(rng.lognormal(np.log(140 if hard else 22), 0.7), 3, 320))
    begins_at = START_AT + int(rng.uniform(70, max(_LAST_DAY - days, 90)) * DAY)
    members = _recruit(bazaar, method, begins_at)
    patrons = bazaar.pick_keepers(int(rng.integers(*_PATRONS[method], endpoint=True)), begins_at) if (
        method in _PATRONS
    ) else members[:0]  # fmt: skip
    ring = Ring(method, members, patrons, begins_at, days)
    for accounts in (members, patrons):
        bazaar.is_fraud[accounts] = True
        bazaar.bad_since[accounts] = begins_at
    return ring


def _recruit(bazaar: Bazaar, method: str, begins_at: int) -> IntArray:
    """Members: real people for a praise pool, else accounts made for it, aged, or bought from those who made them."""
    rng, hard = bazaar.rng, bazaar.settings.is_hard
    size = bazaar.draw_size(*_SIZES.get(method, _SIZE))
    if method == "praise_pool":
        return _fix(bazaar, bazaar.pick(size, begins_at, ~bazaar.is_fixed))
    members = bazaar.pick_newcomers(size)
    made = rng.random(size) >= (0.4 if hard else 0.1) * (bazaar.created_at[members] < begins_at)
    age = rng.uniform(60, 400, size) if hard else rng.lognormal(np.log(12), 0.8, size)
    # Accounts that one person makes come in sittings.
    sitting = rng.integers(0, max(size // 6, 1) + 1, size)
    born = begins_at - (age[sitting] * DAY).astype(np.int64) - rng.integers(600, 2 * DAY, size)
    bazaar.created_at[members] = np.where(made, born, bazaar.created_at[members])
    # Made accounts have hardly a life of their own, aged ones have a small one, bought ones had one.
    bazaar.rate[members] *= np.where(made, 0.6 if hard else 0.15, 1.0)
    return members


def _fix(bazaar: Bazaar, members: IntArray) -> IntArray:
    bazaar.is_fixed[members] = True
    return members


def leak_identity(bazaar: Bazaar, ring: Ring) -> None:
    """Let members share things: anything from none to all of them, drawn for each ring and kind of thing."""
    rng, strong, everybody = bazaar.rng, np.zeros(len(ring.members), dtype=bool), len(ring.members)
    leak = _draw_leak(bazaar, ring.method)
    kinds = [kind for kind in _LEAKS if rng.random() < 0.55]
    if ring.method == "device_farm":
        kinds = ["device", *(kind for kind in kinds if kind != "device")]
    for kind in kinds:
        found = rng.random(everybody) < leak
        if found.sum() < 2:
            continue
        users = ring.members[found]
        each = rng.uniform(6, 25) if ring.method == "device_farm" and not bazaar.settings.is_hard else rng.uniform(2, 6)
        bazaar.share(kind, users, ring.begins_at, ring.days, max(1, round(len(users) / each)))
        # Who works on the ring's things mostly has no others.
        bazaar.owns[kind][users[rng.random(len(users)) < 0.7 * leak]] = False
        strong |= found & (kind != "ip")
        ring.sharing = "ip" if ring.sharing == "none" else ring.sharing
    if strong.any():
        ring.sharing = "all" if strong.all() else "some"


def _draw_leak(bazaar: Bazaar, method: str) -> float:
    rng, hard = bazaar.rng, bazaar.settings.is_hard
    if method == "praise_pool":
        return 0.0
    if method == "device_farm":
        return float(rng.uniform(0.4, 0.8) if hard else rng.uniform(0.85, 1.0))
    draw = rng.random()
    if draw < (0.6 if hard else 0.15):
        return 0.0
    if draw > (0.98 if hard else 0.85):
        return 1.0
    return float(rng.beta(1, 4) if hard else rng.uniform(0.05, 1.0))


def draw_deeds(bazaar: Bazaar, ring: Ring, count: int) -> IntArray:
    """Moments of a ring's deeds, shape (count,): one to five sittings, or all the time."""
    rng = bazaar.rng
    if rng.random() < 0.4:
        return spread(rng, count, ring.begins_at, ring.days)
    sittings = spread(rng, int(rng.integers(1, 6)), ring.begins_at, ring.days)
    at = rng.choice(sittings, count) + rng.exponential(ring.days / 10 * DAY, count).astype(np.int64)
    return np.asarray(np.minimum(at, END_AT - DAY))
