"""Cases: the rings of the latest run with all that people said of them, and which of them wait for somebody."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from graph.casebook.cases import CaseFile, fold_cases
from graph.casebook.events import Event, SeenMember
from graph.casebook.fold import State
from graph.casework.seen import see_ring
from graph.errors import RingfenceError
from graph.queries.answers import RingSummary, RunSummary
from graph.queries.asking import Row, ask
from graph.queries.rings import RING_RUNS, find_ring, list_rings
from graph.queries.runs import find_latest_run
from graph.stores.protocol import GraphStore
from graph.stores.ring_money import ASK_AMOUNTS, add_up

Status = Literal["open", "held", "decided", "closed", "merged", "gone"]
"""Waits for somebody; somebody has it; a person has decided; all of its members are restricted; it is part of another
case; the latest run finds no such ring."""

_MEMBERS = """MATCH {rings}<-[m:MEMBER_OF]-(a:Account) {condition} RETURN g.ring_id AS ring_id,
collect(a.account_id) AS account_id, collect(coalesce(a.status, '')) AS status, collect(m.bits) AS bits,
collect(m.role) AS role"""
_FRAUD = """MATCH {rings}<-[:MEMBER_OF]-(a:Account)-[:LABELLED]->(k:Label {{label: 'fraud'}}) {condition}
RETURN DISTINCT a.account_id AS account_id"""
_MONEY = "MATCH {rings} {condition} RETURN g.ring_id AS ring_id, g.money AS money, g.currency AS currency"
_COLUMNS = ("account_id", "status", "bits", "role")
_SINCE = """MATCH (r:Run)-[:FOUND]->(g:Ring) {condition}
RETURN g.ring_id AS ring_id, min(r.started_at) AS first_at"""


@dataclass(frozen=True)
class Case:
    """A case as it stands.

    Attributes
    ----------
    case_id, ring
        Its id, and the ring of the latest run; None where that finds no such ring.
    members
        Who is in it now.
    status
        What it waits for.
    file
        What was said of it.
    decided
        The verdict that stands on the ring.
    fresh
        Members about whom nobody has decided, though the ring was decided about.
    money
        What the orders of its members and of those of its parts came to when the run was written, in the currency of
        most of its own (``currency``).
    first_at
        When a run first found the ring.
    joined
        The members of cases that were merged into it, who are not its own.
    """

    case_id: str
    ring: RingSummary | None
    members: tuple[SeenMember, ...]
    status: Status
    file: CaseFile
    decided: Event | None
    fresh: tuple[str, ...]
    money: float
    currency: str
    first_at: datetime | None
    joined: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many accounts it is about."""
        return len(self.members) + len(self.joined)

    def list_accounts(self) -> tuple[str, ...]:
        """Whom it is about."""
        return (*(each.account_id for each in self.members), *self.joined)


@dataclass(frozen=True)
class _Found:
    """What the latest run found, by ring, and who is restricted."""

    members: Mapping[str, list[Row]]
    restricted: frozenset[str]
    money: Mapping[str, tuple[float, str]]
    first_at: Mapping[str, datetime | None]
    began_at: datetime | None


def list_cases(store: GraphStore, state: State, *, barred: Collection[str], now: datetime) -> list[Case]:
    """Every case of the latest run, by the rank of its ring; then those that were split off.

    Parameters
    ----------
    store, state
        What was found, and what was said.
    barred
        Statuses that restrict an account, in lower case.
    now
        The instant, UTC: who holds a case is a matter of time.

    Raises
    ------
    RingfenceError
        If nothing was run yet.
    """
    run, files = _require_run(store), fold_cases(state)
    found = _look(store, _Rings(run.run_id), state, barred, run.started_at)
    rings = list_rings(store)
    cases = [_make_case(ring.ring_id, ring, files, state, found, now) for ring in rings]
    by_id = {ring.ring_id: ring for ring in rings}
    parts = [(file.case_id, file.source.subject_id) for file in files.values() if file.source is not None]
    return cases + [_make_case(each, by_id.get(ring_id), files, state, found, now) for each, ring_id in parts]


def find_case(store: GraphStore, state: State, case_id: str, *, barred: Collection[str], now: datetime) -> Case | None:
    """The case of an id, or the one that it is part of; None where the latest run has neither.

    It is the one that :func:`list_cases` has, and reads nothing of the others.
    """
    run, files = _require_run(store), fold_cases(state)
    file = files.get(case_id)
    wanted = file.merged.into if file is not None and file.merged is not None and file.merged.into else case_id
    source = files[wanted].source if wanted in files else None
    ring_id = source.subject_id if source is not None else wanted
    rings = list_rings(store, ring_id=ring_id)
    if not rings and source is None:
        return None
    parts = files[wanted].parts if wanted in files else ()
    found = _look(store, _Rings(run.run_id, None if parts else ring_id), state, barred, run.started_at)
    return _make_case(wanted, next(iter(rings), None), files, state, found, now)


def find_gone_case(store: GraphStore, state: State, case_id: str) -> Case | None:
    """A case whose ring the latest run does not find, as the last run that did left it; None if none ever did."""
    file = fold_cases(state).get(case_id, CaseFile(case_id))
    ring_id = file.source.subject_id if file.source else case_id
    if not ask(store, RING_RUNS, ring_id=ring_id):
        return None
    ring = find_ring(store, ring_id)
    wanted = set(file.source.accounts) if file.source else {each.account_id for each in ring.members}
    members = tuple(each for each in see_ring(ring).seen.members if each.account_id in wanted)
    decided = state.rings.get(case_id) or file.verdict
    return Case(case_id, ring.summary, members, "gone", file, decided, (), 0.0, "", None)


def _require_run(store: GraphStore) -> RunSummary:
    run = find_latest_run(store)
    if run is None:
        raise RingfenceError("no run yet; type: ringfence detect")
    return run


@dataclass(frozen=True)
class _Rings:
    """The rings of a run, or one of them."""

    run_id: str
    ring_id: str | None = None

    def ask(self, store: GraphStore, cypher: str) -> list[Row]:
        """Ask of them what leads from ``{rings}``."""
        if self.ring_id is None:
            return ask(store, cypher.format(rings="(g:Ring)", condition="WHERE g.run_id = $run_id"), run_id=self.run_id)
        key = f"{self.run_id}/{self.ring_id}"
        return ask(store, cypher.format(rings="(g:Ring {ring_key: $ring_key})", condition=""), ring_key=key)

    def ask_since(self, store: GraphStore) -> list[Row]:
        """When a run first found each of them."""
        if self.ring_id is None:
            return ask(store, _SINCE.format(condition=""))
        return ask(store, _SINCE.format(condition="WHERE g.ring_id = $ring_id"), ring_id=self.ring_id)


def _look(store: GraphStore, rings: _Rings, state: State, barred: Collection[str], began_at: datetime | None) -> _Found:
    members = {row["ring_id"]: _sort_members(row) for row in rings.ask(store, _MEMBERS)}
    restricted = {account_id for account_id, event in state.accounts.items() if event.word == "confirmed"}
    cleared = {account_id for account_id, event in state.accounts.items() if event.word == "cleared"}
    listed = (row for rows in members.values() for row in rows)
    restricted |= {row["account_id"] for row in listed if row["status"].casefold() in barred}
    restricted |= {row["account_id"] for row in rings.ask(store, _FRAUD)}
    first_at = {row["ring_id"]: row["first_at"] for row in rings.ask_since(store)}
    return _Found(members, frozenset(restricted - cleared), _find_money(store, rings), first_at, began_at)


def _sort_members(row: Row) -> list[Row]:
    """A ring's members by their roles and bits; they come in columns, for rings are many and members more."""
    columns = [row[name] for name in _COLUMNS]
    rows = [dict(zip(_COLUMNS, cells, strict=True)) for cells in zip(*columns, strict=True)]
    return sorted(rows, key=lambda each: (each["role"], -each["bits"], each["account_id"]))


def _find_money(store: GraphStore, rings: _Rings) -> dict[str, tuple[float, str]]:
    """What was kept with the rings when the run was written; added up now, where an older version wrote it."""
    kept = {row["ring_id"]: (row["money"], row["currency"]) for row in rings.ask(store, _MONEY)}
    if any(money is None for money, _ in kept.values()):
        return add_up(row for each in ASK_AMOUNTS for row in rings.ask(store, each))
    return {ring_id: found for ring_id, found in kept.items() if any(found)}


def _make_case(
    case_id: str, ring: RingSummary | None, files: Mapping[str, CaseFile], state: State, found: _Found, now: datetime
) -> Case:
    file = files.get(case_id, CaseFile(case_id))
    rows = found.members.get(ring.ring_id, []) if ring else []
    apart = {account_id for account_id, _ in file.split_off}
    wanted = set(file.source.accounts) if file.source else {row["account_id"] for row in rows} - apart
    members = tuple(
        SeenMember(account_id=row["account_id"], role=row["role"], bits=row["bits"])
        for row in rows
        if row["account_id"] in wanted
    )
    decided = state.rings.get(case_id) or file.verdict
    fresh = _find_fresh(members, decided, state)
    joined = _list_joined(file, found, {each.account_id for each in members})
    money, currency = _add_up([ring.ring_id, *file.parts], found) if ring else (0.0, "")
    first_at = found.first_at.get(ring.ring_id) if ring else None
    concerned = tuple(each.account_id for each in members) + joined if members else ()
    status = _find_status(file, concerned, (decided, fresh), found, now)
    return Case(case_id, ring, members, status, file, decided, fresh, money, currency, first_at, joined)


def _list_joined(file: CaseFile, found: _Found, own: set[str]) -> tuple[str, ...]:
    ids = {row["account_id"] for part in file.parts for row in found.members.get(part, ())}
    return tuple(sorted(ids - own))


def _add_up(ring_ids: list[str], found: _Found) -> tuple[float, str]:
    """The money of some rings, in the currency of the first that has any; what is at risk with two counts with each."""
    amounts = [found.money[each] for each in ring_ids if each in found.money]
    currency = amounts[0][1] if amounts else ""
    return math.fsum(money for money, name in amounts if name == currency), currency


def _find_fresh(members: tuple[SeenMember, ...], decided: Event | None, state: State) -> tuple[str, ...]:
    if decided is None:
        return ()
    known = {each.account_id for each in decided.seen.members} if decided.seen else set()
    return tuple(
        each.account_id for each in members if each.account_id not in known and each.account_id not in state.accounts
    )


def _find_status(
    file: CaseFile,
    concerned: tuple[str, ...],
    said: tuple[Event | None, tuple[str, ...]],
    found: _Found,
    now: datetime,
) -> Status:
    decided, fresh = said
    if file.merged is not None:
        return "merged"
    if not concerned:
        return "gone"
    holder = file.find_holder(now)
    if file.reopened is not None:
        return "held" if holder else "open"
    if found.restricted.issuperset(concerned):
        return "closed"
    is_back = decided is not None and decided.word == "dismissed" and _is_heard(decided, found)
    if decided is not None and not is_back and all(each in found.restricted for each in fresh):
        return "decided"
    return "held" if holder else "open"


def _is_heard(event: Event, found: _Found) -> bool:
    """Whether the latest run knew of an event: a ring that was dismissed and is there all the same is back."""
    return found.began_at is not None and event.at.astimezone(UTC).replace(tzinfo=None) <= found.began_at
