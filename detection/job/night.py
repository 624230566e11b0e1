"""A night at work: what is done was written down, and whoever takes a night up again does the rest.

Steps, in their order: ``stage``, ``load``, ``detect``, ``check``, ``publish``, ``plan``, ``apply``, and ``train`` where
that is asked for; see ADR 28 for what is there if it is killed at any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from detection.casework.heard import NOTHING_HEARD, Heard, hear
from detection.job.checks import Check, Figures, check_rows, check_run, keep_table_checks, require_passed
from detection.job.inputs import Export
from detection.job.learning import find_wait, train_challenger
from detection.job.order import Order
from detection.job.record import PLAN_FILE, REJECTS_FILE, Job, JobsFolder, Refused, Step, StepName, find_seconds
from detection.measures.applying import Actor, apply_plan
from detection.measures.plan import Books, Plan, PlanTerms, find_exceeded, make_plan, write_plan
from detection.run import find_run, read_latest_rings
from graph.casebook.events import read_events
from graph.contract.sanity import find_doubts, refuse_grave
from graph.contract.tables import CheckedTable, check_reject_share, read_folder, write_rejects
from graph.errors import ChecksFailedError, DataError, PlanTooLargeError, RingfenceError, StoreNotFoundError
from graph.files import replace_file
from graph.model import Snapshot
from graph.open import find_books, open_casebook, open_store
from graph.progress import Progress
from graph.queries.asking import ask
from graph.queries.runs import find_latest_run
from graph.results import RunResult
from graph.staging import Stage, Staging, find_staging
from graph.stores.moved_facts import find_moved, say_moved
from graph.stores.protocol import GraphStore, LoadReport, LoadTerms
from graph.vocabulary import TIERS

_SCORES = "MATCH (a:Account) WHERE a.risk_score IS NOT NULL RETURN a.risk_score AS score"
_SERIOUS = ("review", "automatic")


class Stopped(Exception):  # noqa: N818 - not an error: the night was asked to stop here
    """The step was reached after which the night was to stop."""


@dataclass
class Night:
    """One night, and what of it is done.

    Attributes
    ----------
    order
        What was asked for.
    jobs
        Where its record is kept.
    job
        Its record so far.
    progress
        Told how the work goes.
    before
        The rows of each table when it was loaded before.
    """

    order: Order
    jobs: JobsFolder
    job: Job
    progress: Progress
    before: Mapping[str, int]
    stage: Stage | None = None
    plan: Plan | None = None

    @property
    def staging(self) -> Staging:
        """How the store is worked on."""
        return find_staging(self.order.location)

    def work(self) -> Job:
        """Do all steps that are not done.

        Raises
        ------
        Stopped
            If the night was to stop after one of them.
        """
        if self.order.stop_after is not None and self.job.find(self.order.stop_after) is not None:
            raise Stopped
        if self.job.find("publish") is None and not self._was_published_before():
            self._prepare()
            self._load()
            self._find()
        self._plan()
        self._apply()
        self._train()
        self.staging.discard()
        return self.job

    def _prepare(self) -> None:
        """Take up the stage where it was left, or begin anew."""
        loaded = self.job.find("load")
        if loaded is not None:
            self.stage = self.staging.resume(self._find_base(), str(loaded.result["facts"]))
        if self.stage is None:
            self.put(steps=(), checks=())
            began_at = datetime.now(UTC)
            self.stage = self.staging.rehearse() if self.order.dry_run else self.staging.start()
            self._done("stage", began_at, {"base": self.stage.base})

    def _find_base(self) -> int | None:
        staged = self.job.find("stage")
        return staged.result.get("base") if staged is not None else None

    def _load(self) -> None:
        if self.job.find("load") is not None:
            return
        began_at, reports = datetime.now(UTC), []
        for export in self.job.inputs:
            reports.append({"export": export.name, "tables": self._load_or_refuse(export)})
        facts = self.staging.find_facts()
        self._done("load", began_at, {"facts": facts, "exports": reports}, skipped=not reports)

    def _load_or_refuse(self, export: Export) -> list[dict[str, Any]]:
        try:
            return self._load_one(export)
        except (DataError, ChecksFailedError) as error:
            self._refuse([export], error)
            raise

    def _refuse(self, exports: Iterable[Export], error: RingfenceError) -> None:
        """Remember what is not to be tried again every night."""
        reading = self.order.name_reading()
        refused = [
            Refused(name=each.name, sha256=each.sha256, reading=reading, night=self.job.job, why=str(error))
            for each in exports
        ]
        self.put(refused=(*self.job.refused, *refused))

    def _load_one(self, export: Export) -> list[dict[str, Any]]:
        settings = self.order.settings
        tables = read_folder(Path(export.path), settings, progress=self.progress)
        refuse_grave(find_doubts(tables, int(datetime.now(UTC).timestamp() * 1e6)))
        with open_store(self._get_stage().location, mode="write") as store:
            report = store.load(tables, LoadTerms(review=self._review), progress=self.progress)
        return _list_tables(report)

    def _review(self, tables: Mapping[str, CheckedTable]) -> None:
        """Look at rows and rejects before anything is written."""
        rejected = {name: len(table.rejects) for name, table in tables.items()}
        if any(rejected.values()) and not self.order.dry_run:
            write_rejects(tables, self.jobs.name(self.job.job) / REJECTS_FILE)
        check_reject_share(tables, self.order.settings)
        read = {name: table.n_read for name, table in tables.items()}
        self._check(check_rows(read, self.before, rejected, self.order.rules.checks))

    def _check(self, checks: list[Check]) -> None:
        self.put(checks=(*self.job.checks, *checks))
        require_passed(checks, self.order.despite)

    def _find(self) -> None:
        """Detect, check and publish: a run that was found, and is not published, is found again."""
        began_at = datetime.now(UTC)
        stage, heard = self._get_stage(), self._hear()
        with open_store(stage.location) as store:
            mark = store.mark_facts()
            self._require_other_grounds(mark, heard)
            snapshot, earlier, before = store.snapshot(), read_latest_rings(store), read_figures(store)
        run = find_run(snapshot, self.order.detect, earlier=earlier, heard=heard, progress=self.progress)
        knew = {"facts": mark, "heard": heard.record()["sha256"]}
        self._done("detect", began_at, describe_run(run, snapshot) | knew)
        checked_at = datetime.now(UTC)
        try:
            self._check(check_run(measure_run(run, snapshot, heard), before, self.order.rules.checks))
        except ChecksFailedError as error:
            if stage.is_apart:  # on a server they are loaded
                self._refuse(self.job.inputs, error)
            raise
        self._done("check", checked_at, {"checks": len(self.job.checks)})
        self._publish(run, snapshot, mark=mark, began_at=began_at)

    def _require_other_grounds(self, mark: str, heard: Heard) -> None:
        """Do not search night after night for what would not be published: the same grounds give the same run."""
        found = self.job.find("detect")
        is_same = found is not None and (found.result["facts"], found.result["heard"]) == (
            mark,
            heard.record()["sha256"],
        )
        if self.job.refused_run and is_same and not (self.order.retry or self.order.despite):
            raise ChecksFailedError(self.job.refused_run)
        self.put(checks=keep_table_checks(self.job.checks), refused_run="")

    def _publish(self, run: RunResult, snapshot: Snapshot, *, mark: str, began_at: datetime) -> None:
        published_at, stage = datetime.now(UTC), self._get_stage()
        with open_store(stage.location, mode="write") as store:
            moved = find_moved(store, snapshot, mark=mark)
            store.write_run(run, snapshot, started_at=began_at.replace(tzinfo=None))
        if self.order.dry_run:
            return
        self._finish_publishing(published_at, run.run_id)
        if moved is not None:
            self.put(error=say_moved(run.run_id, snapshot, moved))

    def _was_published_before(self) -> bool:
        """Whether it was published by whoever was killed then."""
        detected = self.job.find("detect")
        if detected is None or not self.staging.is_published():
            return False
        with open_store(self.order.location) as store:
            latest = find_latest_run(store)
        if latest is None or latest.run_id != detected.result["run_id"]:
            return False
        self._finish_publishing(datetime.now(UTC), latest.run_id)
        return True

    def _finish_publishing(self, began_at: datetime, run_id: str) -> None:
        base, detected = self._find_base(), self.job.find("detect")
        assert detected is not None  # nothing else is published
        generation = self.staging.publish(base)
        self.put(loaded=(*self.job.loaded, *(each.sha256 for each in self.job.inputs)))
        # What the run knew, and not what is known now: who decided meanwhile is heard by the next night.
        facts, heard = str(detected.result["facts"]), str(detected.result["heard"])
        key = self.order.name_detection(facts, heard)
        result = {"run_id": run_id, "generation": generation, "base": base, "facts": facts, "key": key}
        self._done("publish", began_at, result)

    def _plan(self) -> None:
        began_at = datetime.now(UTC)
        terms = PlanTerms(
            self.order.measures, self.order.detect.policy, began_at, unseen=self.order.measures.run_applies
        )
        where = self._get_stage().location if self.order.dry_run and self.stage else self.order.location
        with open_store(where) as store, self._open_books() as books:
            self.plan = make_plan(store, terms, books=books)
        if not self.order.dry_run:
            replace_file(self.jobs.name(self.job.job) / PLAN_FILE, write_plan(self.plan))
        exceeded = list(find_exceeded(self.plan.touches, terms.policy).values())
        self._done("plan", began_at, describe_plan(self.plan) | {"exceeded": exceeded})

    def _apply(self) -> None:
        """Do what a run may do before a person has looked, if the policy says so."""
        if self.plan is None or self.order.dry_run:
            return
        began_at, terms = datetime.now(UTC), PlanTerms(self.order.measures, self.order.detect.policy, datetime.now(UTC))
        if not self.order.measures.run_applies or not self.plan.changes:
            self._done("apply", began_at, {}, skipped=True)
            return
        actor = Actor(self.order.rules.by, f"night {self.job.job}")
        with open_store(self.order.location) as store:
            try:
                done = apply_plan(store, self.plan, terms, actor, despite=self.order.despite)
            except PlanTooLargeError as error:
                self.put(state="partial", error=str(error))
                return
        self._done("apply", began_at, {"plan_id": done.plan_id, "events": len(done.events)})

    def _train(self) -> None:
        """Train a challenger where that is asked for; the model that acts stays what it is."""
        if not self.order.rules.models.train_every_days or self.order.dry_run or self.job.find("train") is not None:
            return
        began_at = datetime.now(UTC)
        why = find_wait(self.order, self.jobs.read_all(), began_at)
        result = {"why": why} if why else train_challenger(self.order, self.progress)
        self._done("train", began_at, result, skipped=bool(why))

    # ── what it stands on ─────────────────────────────────────────────────────────────────────────

    def _get_stage(self) -> Stage:
        assert self.stage is not None  # a step that needs it comes after `stage`
        return self.stage

    def _hear(self) -> Heard:
        try:
            with open_casebook(self.order.location) as book:
                return hear(read_events(book.read()))
        except StoreNotFoundError:  # the first night
            return NOTHING_HEARD

    @contextmanager
    def _open_books(self) -> Iterator[Books | None]:
        """The books of the store itself, which no stage has."""
        books = find_books(self.order.location)
        if books is not None or not self.order.dry_run:
            yield books
            return
        try:
            with open_store(self.order.location) as store:
                yield store
        except StoreNotFoundError:  # the first night
            yield None

    def clear(self) -> None:
        """Leave nothing of a night that was to leave nothing."""
        self.staging.discard()
        if self.stage is not None:
            self.stage.drop()

    def _done(self, name: StepName, began_at: datetime, result: dict[str, Any], *, skipped: bool = False) -> None:
        """Write down that a step is done, and stop if this is where to stop."""
        seconds = find_seconds(began_at, datetime.now(UTC))
        step = Step(name=name, began_at=began_at, seconds=seconds, skipped=skipped, result=result)
        kept = [each for each in self.job.steps if each.name != name]
        self.put(steps=(*kept, step))
        if name == self.order.stop_after:
            raise Stopped

    def put(self, **fields: Any) -> None:
        """Write down what is known now."""
        self.job = msgspec.structs.replace(self.job, **fields)
        if not self.order.dry_run:
            self.jobs.write(self.job)


def _list_tables(report: LoadReport) -> list[dict[str, Any]]:
    return [{name: getattr(each, name) for name in each.__dataclass_fields__} for each in report.tables]


def read_figures(store: GraphStore) -> Figures | None:
    """What the latest run of a store is like; None before the first."""
    latest = find_latest_run(store)
    if latest is None:
        return None
    rows = ask(store, "MATCH (g:Ring) WHERE g.run_id = $run_id RETURN g.tier AS tier", run_id=latest.run_id)
    scores = np.array([row["score"] for row in ask(store, _SCORES)], dtype=np.float64)
    return Figures(scores=scores, rings=sum(row["tier"] in _SERIOUS for row in rows))


def measure_run(run: RunResult, snapshot: Snapshot, heard: Heard) -> Figures:
    """What a run is like, whatever people decided: of those decided about, what evidence alone would say."""
    would_be = {each.subject_id: each.would_be for each in run.overruled if each.subject == "account"}
    tier = {account: TIERS[code] for account, code in zip(snapshot.account_id.tolist(), run.account_tier, strict=True)}
    flagged = [
        event.word
        for account, event in heard.accounts.items()
        if would_be.get(account, tier.get(account, "clear")) in _SERIOUS
    ]
    return Figures(
        scores=run.account_score,
        rings=sum(ring.tier in _SERIOUS for ring in run.rings),
        automatic=int((run.account_tier == TIERS.index("automatic")).sum()),
        confirmed=flagged.count("confirmed"),
        cleared=flagged.count("cleared"),
    )


def describe_run(run: RunResult, snapshot: Snapshot) -> dict[str, Any]:
    """What a record says of a run."""
    rings = {tier: sum(ring.tier == tier for ring in run.rings) for tier in reversed(TIERS)}
    flags = {tier: sum(flag.tier == tier for flag in run.flags) for tier in reversed(TIERS)}
    return {
        "run_id": run.run_id,
        "accounts": snapshot.n_accounts,
        "rings": rings,
        "flags": flags,
        "notes": [*run.notes],
    }


def describe_plan(plan: Plan) -> dict[str, Any]:
    """What a record says of a plan."""
    kinds = [each.kind for each in plan.changes]
    return {
        "plan_id": plan.plan_id,
        "changes": {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
        "waiting": len(plan.waiting),
        "stopped": len(plan.stopped),
        "touches": msgspec.to_builtins(plan.touches),
    }
