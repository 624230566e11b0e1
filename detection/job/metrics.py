"""What monitoring reads of nights: a text file in the form of Prometheus, replaced as a whole after each night.

A file and no push: what nobody writes any more grows old in sight.  The names are in ``docs/production.md``, and the
rules for alerts beside it; a test compares them.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from detection.job.record import STATES, Job
from graph.files import replace_file


@dataclass(frozen=True)
class Standing:
    """What stands when a night ends.

    Attributes
    ----------
    measures
        How many are in force, by kind.
    decided
        Of each tier, how many rings were confirmed, and how many were decided about.
    waiting
        For how many days each ``case``, and each ``appeal``, has waited for a person.
    exposure
        What the orders of all rings come to, each order once, by what became of them and by currency.
    """

    measures: Mapping[str, int] = field(default_factory=dict)
    decided: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    waiting: Mapping[str, Sequence[float]] = field(default_factory=dict)
    exposure: Mapping[tuple[str, str], float] = field(default_factory=dict)


def write_metrics(path: Path, job: Job, records: Sequence[Job], standing: Standing) -> None:
    """Write the metrics of a night that ended.

    Parameters
    ----------
    path
        Of the file, for instance in the folder of node_exporter's textfile collector.
    job
        The night.
    records
        Of all nights that are kept, this one among them.
    standing
        What stands now.
    """
    replace_file(path, generate_latest(make_registry(job, records, standing)))


def make_registry(job: Job, records: Sequence[Job], standing: Standing) -> CollectorRegistry:
    """The metrics themselves; see :func:`write_metrics`."""
    registry = CollectorRegistry()
    ended = [each.finished_at for each in records if each.state == "done" and each.finished_at is not None]
    _set(registry, "night_last_success_timestamp_seconds", "When the last night ended as it should.", [
        ({}, max(ended).timestamp() if ended else 0.0),
    ])  # fmt: skip
    _set(registry, "night_last_end_timestamp_seconds", "When the last night ended, however it did.", [
        ({}, job.finished_at.timestamp() if job.finished_at is not None else 0.0),
    ])  # fmt: skip
    states = {state: float(job.state == state) for state in STATES}
    _set(registry, "night_state", "Whether the last night ended so.", _label("state", states))
    _set(registry, "night_exit_code", "Of the last night.", [({}, float(job.exit_code))])
    seconds = {step.name: step.seconds for step in job.steps}
    _set(registry, "night_step_seconds", "How long each step of the last night took.", _label("step", seconds))
    _set(registry, "night_rows", "Rows that the last night read, by table, and what became of them.", _list_rows(job))
    _set(
        registry, "exports_refused", "Exports that are left out until somebody looks.", [({}, float(len(job.refused)))]
    )
    _add_results(registry, records, standing)
    _add_waiting(registry, standing)
    values = {check.name: check.value for check in job.checks}
    passed = {check.name: float(check.passed and _holds(job, check.name)) for check in job.checks}
    _set(registry, "night_check_value", "What each check measured.", _label("check", values))
    _set(registry, "night_check_passed", "Whether each check holds.", _label("check", passed))
    return registry


def _holds(job: Job, name: str) -> bool:
    """Whether a check holds for every table."""
    return all(each.passed for each in job.checks if each.name == name)


def _add_results(registry: CollectorRegistry, records: Sequence[Job], standing: Standing) -> None:
    """What the last run found, whichever night it was, and what is planned and in force."""
    detected = _find_result(records, "detect")
    _set(registry, "rings", "Rings of the latest run, by tier.", _label("tier", detected.get("rings", {})))
    _set(registry, "flags", "Flags of the latest run, by tier.", _label("tier", detected.get("flags", {})))
    _set(registry, "accounts", "Accounts that the latest run scored.", [({}, float(detected.get("accounts", 0)))])
    planned = _find_result(records, "plan")
    _set(registry, "plan_changes", "What the last plan would change.", _label("change", planned.get("changes", {})))
    _set(registry, "plan_waiting", "What waits for a person.", [({}, float(planned.get("waiting", 0)))])
    _set(registry, "measures_in_force", "Measures in force, by kind.", _label("measure", standing.measures))
    decided = [
        ({"tier": tier, "outcome": outcome}, float(n))
        for tier, (confirmed, n_decided) in standing.decided.items()
        for outcome, n in (("confirmed", confirmed), ("other", n_decided - confirmed))
    ]
    _set(registry, "decided_rings", "Rings that people decided about, by the tier that they had then.", decided)


def _add_waiting(registry: CollectorRegistry, standing: Standing) -> None:
    """What waits for people, for how long, and what there is at risk meanwhile."""
    counts = {what: float(len(days)) for what, days in standing.waiting.items()}
    oldest = {what: max(days, default=0.0) for what, days in standing.waiting.items()}
    median = {what: statistics.median(days) if days else 0.0 for what, days in standing.waiting.items()}
    _set(registry, "queue_length", "What waits for a person: cases and appeals.", _label("what", counts))
    _set(registry, "queue_oldest_days", "For how long the oldest has waited.", _label("what", oldest))
    _set(registry, "queue_median_days", "For how long half of them have waited.", _label("what", median))
    amounts = [({"state": state, "currency": each}, sum_) for (state, each), sum_ in standing.exposure.items()]
    _set(registry, "rings_exposure", "What the orders of all rings come to, each order once.", amounts)


def _find_result(records: Sequence[Job], name: Any) -> dict[str, Any]:
    """What came of a step when there was last something to do."""
    steps = (job.find(name) for job in records)
    return next((step.result for step in steps if step is not None and not step.skipped), {})


def _list_rows(job: Job) -> list[tuple[dict[str, str], float]]:
    loaded = job.find("load")
    sums: dict[tuple[str, str], float] = {}
    for export in loaded.result.get("exports", ()) if loaded is not None else ():
        for table in export["tables"]:
            for outcome in ("read", "added", "changed", "removed", "rejected"):
                key = (table["name"], outcome)
                sums[key] = sums.get(key, 0.0) + table[outcome]
    return [({"table": table, "outcome": outcome}, n) for (table, outcome), n in sums.items()]


def _label(name: str, values: Mapping[Any, float]) -> list[tuple[dict[str, str], float]]:
    return [({name: key}, float(value)) for key, value in values.items()]


def _set(registry: CollectorRegistry, name: str, words: str, values: Sequence[tuple[dict[str, str], float]]) -> None:
    if not values:
        return
    gauge = Gauge(f"ringfence_{name}", words, list(values[0][0]), registry=registry)
    for labels, value in values:
        (gauge.labels(**labels) if labels else gauge).set(value)
