"""A night that learns: it trains a challenger where it is asked to, and lets nothing act by it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from detection.job.order import Order
from detection.job.promotion import find_trial
from detection.job.record import Job
from detection.training.risk import train
from graph.errors import RingfenceError
from graph.open import open_store
from graph.progress import Progress
from graph.queries.runs import list_runs

log = logging.getLogger("ringfence.job")


def find_wait(order: Order, records: Sequence[Job], now: datetime) -> str:
    """Why tonight is not the night to train a challenger; empty where it is.

    One that is on trial is not taken away before it has been side by side for as many runs as a switch asks for.

    Parameters
    ----------
    order
        What was asked for.
    records
        Of nights, the latest first.
    now
        When (UTC).
    """
    rules, steps = order.rules.models, (job.find("train") for job in records)
    last = next((step for step in steps if step is not None and "sha256" in step.result), None)
    if last is not None and (now.date() - last.began_at.date()).days < rules.train_every_days:
        return f"the last one was trained on {last.began_at.date()}, and is to be every {rules.train_every_days} days"
    try:
        with open_store(order.location) as store:
            trial = find_trial(list_runs(store), order.detect, rules)
    except RingfenceError:  # there is none, it cannot be read, or it acts already
        return ""
    if len(trial.rounds) < rules.least_runs:
        return f"the one that is there has been tried in {len(trial.rounds)} of {rules.least_runs} runs"
    return ""


def train_challenger(order: Order, progress: Progress) -> dict[str, Any]:
    """Train a challenger on what is published; what is said where it cannot be trained, which stops no night."""
    try:
        found = train(order.location, Path(order.detect.challenger), order.detect, progress=progress)
    except RingfenceError as error:
        log.warning("no challenger was trained: %s", error)
        return {"why": str(error)}
    return {"path": found.path, "sha256": found.sha256, "fraud": found.fraud, "legit": found.legit}
