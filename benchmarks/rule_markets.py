"""The markets on which `rules.py` weighs a rule: every set at hand, whoever made it.

Public sets as they are; the same, and the honest background of the cases, with rings planted in them that behave as
accounts of that market do; the simulator's; its ordinary ones in which honest people do, for a fair reason, what a rule
accuses; another generator's; and the cases themselves.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
from detection_quality import load_market
from gone_rules import HASTE_SECONDS
from measure import load_folder

from detection.evaluation.measures import restrict_truth
from detection.evaluation.planting import plant_rings
from detection.evaluation.red_team import MOST_PLANTED, RedTeamPlan, list_plans
from detection.evaluation.simulation.market import MarketSettings
from detection.evaluation.simulation.settings import Difficulty
from detection.evaluation.truth import TrueGroup, TrueVerdicts, Truth, read_truth
from graph.model import Snapshot
from graph.results import RunResult
from graph.vocabulary import TIERS

PUBLIC = ("ecom", "p2p", "yelpchi")
DIFFICULTIES: tuple[Difficulty, ...] = ("ordinary", "hard")
PLANTED = RedTeamPlan(sizes=(5, 8, 12), camouflage=(0.0, 2.0), repeats=2)
SHAREABLE = ("device", "payment", "ip")
AT_CHECKOUT, AUCTIONEERS, IN_BULK = 0.05, 0.1, 0.02
"""Of honest buyers, shops and orders."""
REFUNDED, ANGRY = 0.04, 0.09
"""Of orders and reviews, whoever they are by."""


@dataclass(frozen=True)
class CaseVerdicts:
    """What a case's own script says of a run: verdicts ``right`` and ``wrong``, and each in words."""

    right: int
    wrong: int
    said: str


@dataclass(frozen=True)
class Market:
    """A market of some family and what is true of it; ``judge`` is there for a case."""

    family: str
    snapshot: Snapshot
    truth: Truth
    judge: Callable[[RunResult], CaseVerdicts] | None = None

    @property
    def bad(self) -> np.ndarray:
        """Whom the truth knows as bad (N,)."""
        return self._mark(True)

    @property
    def honest(self) -> np.ndarray:
        """Whom it knows as honest (N,)."""
        return self._mark(False)

    def _mark(self, is_bad: bool) -> np.ndarray:
        assert self.truth.accounts is not None
        known = set(self.truth.accounts.subject[self.truth.accounts.is_bad == is_bad].tolist())
        return np.array([account in known for account in self.snapshot.account_id.tolist()])


def find_markets(shared: Path, accounts: int, seeds: int) -> Iterator[tuple[str, Callable[[], Market]]]:
    """Every market by its family, made when it is called."""
    public = [shared / "data" / name for name in PUBLIC if (shared / "data" / name).is_dir()]
    cases = sorted(path.parent for path in (shared / "cases").glob("*/wanted.csv"))
    script = shared / "markets" / "plain.py"
    for folder in public:
        yield folder.name, partial(load_public, folder)
    for folder in public:
        yield f"{folder.name} + rings", partial(plant_market, folder, 1)
    for case in cases:
        yield f"case {case.name}", partial(load_case, case)
    for seed in range(1, seeds + 1):
        for level in DIFFICULTIES:
            yield level, partial(simulate, level, accounts, seed)
        for reason in FAIR_REASONS:
            yield reason, partial(simulate_fair, reason, accounts, seed)
        if cases:
            yield "background + rings", partial(plant_market, shared / "cases" / "background", seed)
    for seed in range(1, seeds + 1) if script.is_file() else ():
        yield "plain, eventful", partial(make_eventful, script, seed)
        yield "plain", partial(make_plain, script, seed)


def load_public(folder: Path) -> Market:
    """A public set as it is."""
    snapshot = load_folder(folder)
    return Market(folder.name, snapshot, restrict_truth(read_truth(folder / "truth"), snapshot))


def plant_market(folder: Path, seed: int) -> Market:
    """A market with rings planted in it; whoever was known to be bad before counts neither as bad nor as honest."""
    snapshot, rng = load_folder(folder), np.random.default_rng(seed)
    kind = next((kind for kind in SHAREABLE if kind in snapshot.identifier_kinds), "none")
    plans = list_plans(snapshot, replace(PLANTED, sharing=tuple(dict.fromkeys((kind, "none")))))
    plans = [plans[place] for place in rng.permutation(len(plans))]
    room = np.cumsum([plan.size for plan in plans]) <= MOST_PLANTED * snapshot.n_accounts
    plans = plans[: int(room.sum())]
    planted = plant_rings(snapshot, plans, rng)
    rings = tuple(
        TrueGroup(f"{place:03d}", plan.kind, members, plan.sharing)
        for place, (plan, members) in enumerate(zip(plans, planted.members, strict=True))
    )
    members = {member for ring in rings for member in ring.members}
    known_bad = set()
    if (folder / "truth").is_dir() and (told := read_truth(folder / "truth").accounts):
        known_bad = set(told.subject[told.is_bad].tolist())
    subject = np.array([one for one in planted.snapshot.account_id.tolist() if one not in known_bad], dtype=object)
    verdicts = TrueVerdicts(subject, np.array([one in members for one in subject.tolist()]))
    truth = restrict_truth(Truth(rings, accounts=verdicts), planted.snapshot)
    return Market(f"{folder.name} + rings", planted.snapshot, truth)


def simulate(level: Difficulty, accounts: int, seed: int) -> Market:
    """A market of the project's simulator."""
    snapshot, told = load_market(MarketSettings(accounts, seed=seed, difficulty=level))
    return Market(level, snapshot, restrict_truth(told, snapshot))


def simulate_fair(reason: str, accounts: int, seed: int) -> Market:
    """An ordinary simulated market in which honest people do, for a fair reason, what a rule accuses."""
    market = simulate("ordinary", accounts, seed)
    return replace(market, family=reason, snapshot=FAIR_REASONS[reason](market, np.random.default_rng(seed)))


def sign_up_at_checkout(market: Market, rng: np.random.Generator) -> Snapshot:
    """Buyers of a product launch, and one other honest buyer in twenty, make their account at the checkout."""
    snapshot, orders = market.snapshot, market.snapshot.orders
    newcomers = np.any([*mark_groups(market, ("launch",)), rng.random(snapshot.n_accounts) < AT_CHECKOUT], axis=0)
    dated = ~np.isnat(orders.ordered_at)
    never = np.iinfo(np.int64).max
    first = np.full(snapshot.n_accounts, never)
    np.minimum.at(first, orders.buyer[dated], orders.ordered_at[dated].astype(np.int64))
    newcomers &= market.honest & (first < never) & ~np.isnat(snapshot.created_at)
    before = rng.integers(10, HASTE_SECONDS, int(newcomers.sum())).astype("timedelta64[s]")
    created_at = snapshot.created_at.copy()
    created_at[newcomers] = first[newcomers].astype("datetime64[us]") - before
    return replace(snapshot, created_at=created_at)


def bargain(market: Market, rng: np.random.Generator) -> Snapshot:
    """One honest shop in ten sells by auction, clubs and fans pay friends' prices, one order in fifty is in bulk."""
    snapshot, orders = market.snapshot, market.snapshot.orders
    honest, n = market.honest, len(orders.buyer)
    fair = (orders.product >= 0) & (orders.seller >= 0) & honest[orders.buyer] & honest[orders.seller]
    groups = mark_groups(market, ("club", "fans"))
    friends = np.any([np.zeros(n, dtype=bool), *(who[orders.buyer] & who[orders.seller] for who in groups)], axis=0)
    by_auction = (rng.random(snapshot.n_accounts) < AUCTIONEERS)[orders.seller]
    factor = np.where(rng.random(n) < IN_BULK, rng.integers(4, 20, n), 1.0)
    factor = np.where(by_auction, rng.lognormal(0.0, 0.6, n), factor)
    factor = np.where(friends, rng.uniform(0.4, 0.9, n), factor)
    return replace(
        snapshot, orders=replace(orders, amount=np.where(fair, np.round(orders.amount * factor, 2), orders.amount))
    )


FAIR_REASONS: dict[str, Callable[[Market, np.random.Generator], Snapshot]] = {
    "ordinary, checkout": sign_up_at_checkout,
    "ordinary, bargains": bargain,
}


def mark_groups(market: Market, kinds: Sequence[str]) -> list[np.ndarray]:
    """For each honest group of some kinds, who is in it (N,)."""
    groups = [group.members for group in market.truth.lookalikes if group.kind in kinds]
    return [np.array([account in members for account in market.snapshot.account_id.tolist()]) for members in groups]


def make_plain(script: Path, seed: int) -> Market:
    """A market of another generator."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "market"
        subprocess.run([sys.executable, script, "S", out, str(seed)], check=True, stdout=subprocess.DEVNULL)
        snapshot = load_folder(out)
        return Market("plain", snapshot, restrict_truth(read_truth(Path(folder) / "market-truth"), snapshot))


def make_eventful(script: Path, seed: int) -> Market:
    """The same with refunds and angry reviews, of which everybody has as many: nothing is to be learnt from conduct."""
    market, rng = make_plain(script, seed), np.random.default_rng(seed)
    orders, reviews = market.snapshot.orders, market.snapshot.reviews
    status = (rng.random(len(orders.buyer)) < REFUNDED).astype(np.int64)
    rating = np.where(rng.random(len(reviews.author)) < ANGRY, 1.0, rng.choice([3.0, 4.0, 5.0], len(reviews.author)))
    snapshot = replace(
        market.snapshot,
        orders=replace(orders, status=status, status_names=("completed", "refunded")),
        reviews=replace(reviews, rating=rating),
    )
    return replace(market, family="plain, eventful", snapshot=snapshot)


def load_case(case: Path) -> Market:
    """A case; a group that is wanted for review or automatic is bad, and everybody else honest."""
    script = import_script(case.parent / "run.py")
    with tempfile.TemporaryDirectory() as folder:
        script.plant(case, Path(folder))
        snapshot = load_folder(Path(folder))
    wanted = pd.read_csv(case / "wanted.csv", dtype=str)
    is_bad = wanted["want"].map(lambda want: (script.allowed(want) or {"nothing"}) <= {"review", "automatic"})
    bad = set(wanted.loc[is_bad, "account_id"])
    verdicts = TrueVerdicts(snapshot.account_id, np.array([one in bad for one in snapshot.account_id.tolist()]))
    return Market(f"case {case.name}", snapshot, Truth(accounts=verdicts), partial(judge_case, script, case, snapshot))


def import_script(path: Path) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judge_case(script: ModuleType, case: Path, snapshot: Snapshot, run: RunResult) -> CaseVerdicts:
    """The verdicts of a case's own script."""
    members = defaultdict(set, {ring.ring_id: {one.account_id for one in ring.members} for ring in run.rings})
    tier_of_ring = {ring.ring_id: ring.tier for ring in run.rings}
    tiers = [TIERS[tier] for tier in run.account_tier.tolist()]
    tier_of_account = dict(zip(snapshot.account_id.tolist(), tiers, strict=True))
    with contextlib.redirect_stdout(io.StringIO()) as said:
        right, wrong = script.judge(case, tier_of_ring, members, tier_of_account)
    return CaseVerdicts(right, wrong, said.getvalue())
