"""Statements of reasons for tests, with names that no page may stumble over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from graph.queries.answers import MemberRecord, RingRecord, RingSummary, RunSummary
from graph.results import Evidence, InnocentReading, Party, RingLink
from graph.settings import StatementSettings
from graph.statements.content import Decision, SharedFact, Statement

SCRIPT = "<script>alert('x')</script>"
TURNED = "moc\u202egnp.exe"
LINES = 'two\nlines\r\n"quoted" & {{ 7 * 7 }}{% raw %}'
MEMBERS = (SCRIPT, TURNED, LINES)
THING = "phone \u2067<b>+49 30 1234567</b>"
SETTINGS = StatementSettings(
    platform="Mart", contact="appeals@mart.example", terms="Terms, 7.2", payments="suspended", account_type="private"
)
DECIDED = datetime(2026, 3, 1, 9, 30)


def state_reasons(
    *, channels: Iterable[str] = ("device", "trade"), kind: str = "trade", account_id: str = SCRIPT, **changes: Any
) -> Statement:
    """What was decided about one member of a ring of three."""
    summary = RingSummary("R-1", "run-1", 1, kind, 0.93, "automatic", 3, 41.5, 12.25, "Hold.", "")
    ring = RingRecord(
        summary=summary,
        members=tuple(MemberRecord(each, "core", 20.0, 0.9, "automatic", None) for each in MEMBERS),
        evidence=tuple(Evidence(each, 20.0, 1234.0, 0.25, f"{SCRIPT} shares {THING}.") for each in channels),
        links=(RingLink(SCRIPT, TURNED, "device", 12.0, THING),),
        readings=(InnocentReading("household", 8.5, False, "A household."),),
        parties=(Party("eve & co", "target", "Sold once."),),
    )
    run = RunSummary("run-1", 1, DECIDED, DECIDED, "0.1.0", None, 3, 1, 1, (), "{}")
    made = Statement(
        subject="account",
        subject_id=account_id,
        decision=Decision("E123", "Zoltan", DECIDED, "same hand <i>", "automatic"),
        rings=(ring,),
        run=run,
        settings_sha256="5f83",
        model_sha256="",
        accounts=((account_id, date(2024, 1, 2)),),
        notes=(),
        things=(THING,),
        shared={"R-1": (SharedFact("device", THING, 2, -12.0), SharedFact("wifi", SCRIPT, 3, 0.5))},
    )
    return replace(made, **changes)
