"""What stands when a night ends, as the store knows it: for those who watch."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import UTC, datetime

from detection.job.metrics import Standing
from detection.job.order import Order
from graph.casebook.events import read_events as read_casebook
from graph.casebook.fold import State, fold
from graph.casework.appeals import list_appeals
from graph.casework.calibration import calibrate
from graph.casework.cases import list_cases
from graph.errors import StoreError
from graph.measures.events import MEASURES, read_events
from graph.measures.fold import fold_measures
from graph.open import open_store
from graph.queries.exposure import ALL, list_exposures
from graph.queries.runs import find_latest_run
from graph.stores.protocol import GraphStore

_DAY_SECONDS = 86_400.0


def find_standing(order: Order) -> Standing:
    """What stands now; nothing where the store does not answer, which the state of the night says."""
    now = datetime.now(UTC)
    try:
        with open_store(order.location) as store:
            in_force = fold_measures(read_events(store.measures.read())).list_in_force(now)
            state = fold(read_casebook(store.casebook.read()))
            waiting = _list_waiting(store, state, order, now)
            exposure = _sum_exposure(store, order)
    except StoreError:
        return Standing()
    counts = Counter(each.measure for each in in_force.values() if each.measure is not None)
    return Standing(
        measures={measure: counts[measure] for measure in MEASURES},
        decided={
            tier: (chance.hits, chance.decided) for tier, chance in sorted(calibrate(state.rings.values()).items())
        },
        waiting=waiting,
        exposure=exposure,
    )


def _list_waiting(store: GraphStore, state: State, order: Order, now: datetime) -> dict[str, list[float]]:
    """For how many days each open case, and each appeal, has waited."""
    appeals = [each.at for each in list_appeals(state, now)]
    cases: list[datetime] = []
    if find_latest_run(store) is not None:
        found = list_cases(store, state, barred=order.detect.policy.barred_statuses, now=now)
        cases = [each.first_at for each in found if each.status in ("open", "held") and each.first_at is not None]
    instant = now.replace(tzinfo=None)
    return {
        what: sorted(max((instant - at).total_seconds() / _DAY_SECONDS, 0.0) for at in found)
        for what, found in (("case", cases), ("appeal", appeals))
    }


def _sum_exposure(store: GraphStore, order: Order) -> dict[tuple[str, str], float]:
    """What the orders of all rings come to, by state and currency."""
    amounts: dict[tuple[str, str], list[float]] = defaultdict(list)
    if find_latest_run(store) is not None:
        for ring in list_exposures(store, run_id=None, refunded=order.detect.policy.refund_statuses):
            for line in ring.money if ring.ring_id == ALL else ():
                amounts[line.state, line.currency].append(line.amount)
    return {key: round(math.fsum(found), 2) for key, found in sorted(amounts.items())}
