"""What a load would change, worked out before anything is written.

What is later holds, and what held before becomes history; a row that says what the store says already changes nothing,
and one that contradicts it, with no order between the two, is a reject.  Knows no database: each store hands in
:class:`~graph.stores.known_facts.KnownFacts` and writes out a :class:`LoadPlan`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

from graph.arrow import equals, is_true
from graph.contract.repeats import find_removed
from graph.contract.schema import CONTRACT, Thing
from graph.contract.tables import CheckedTable
from graph.memory import give_memory_back
from graph.stores.changed_rows import ChangedRows, compare
from graph.stores.known_facts import KNOW_NOTHING, KnownFacts
from graph.stores.load_rows import (
    Changes,
    SetChanges,
    lay_out_changes,
    lay_out_ends,
    lay_out_gone,
    lay_out_nodes,
    lay_out_relationships,
    lay_out_set_nodes,
    lay_out_set_relationships,
)
from graph.stores.new_facts import (
    SetChange,
    find_events,
    find_referrals,
    find_uses,
    list_keys,
    read_addresses_ahead,
)
from graph.stores.protocol import TAKE_ALL, LoadReport, LoadTerms, TableReport

if TYPE_CHECKING:
    from graph.arrow import Chunks
    from graph.identity.canonical import AddressesAhead

_Kind = TypeVar("_Kind", str, tuple[str, str, str])

KEYED = tuple(name for name, table in CONTRACT.items() if table.key)


@dataclass(frozen=True)
class LoadPlan:
    """What to write, by node label and by (relationship, from, to).

    Attributes
    ----------
    nodes, relationships
        New ones.  The first column of a node table is its key; the first two of a relationship table are ``from`` and
        ``to`` keys.
    changes
        Known nodes, and all that is said of each from now on.
    ends
        Relationships that are to go: the keys of their ends, and what tells them from others between the same two.
    gone
        Known nodes that are to go, by key.
    reports, tables
        What became of each table's rows, and the input with the contradicting rows moved to the rejects.
    """

    nodes: dict[str, pa.Table]
    changes: dict[str, pa.Table]
    relationships: dict[tuple[str, str, str], pa.Table]
    ends: dict[tuple[str, str, str], pa.Table]
    gone: dict[str, pa.Table]
    reports: tuple[TableReport, ...]
    tables: dict[str, CheckedTable]

    @property
    def n_rows(self) -> int:
        """How many rows there are to write."""
        parts = (self.nodes, self.changes, self.relationships, self.ends, self.gone)
        return sum(rows.num_rows for part in parts for rows in part.values())


def _report(table: CheckedTable, changes: Changes, sets: SetChanges) -> TableReport:
    """What became of a table's rows.  A table that is not counted has no place in the graph."""
    name, rejected = table.name, len(table.rejects)
    if name in changes.keyed:
        rows = changes.keyed[name]
        added, changed, removed, ends = rows.n_added, rows.n_changed, rows.n_removed, rows.n_ends
    else:
        part = {"referrals": sets.referrals, "events": sets.events}.get(name, sets.uses)
        added, changed = _count_new(name, part), 0
        removed, ends = part.n_removed.get(name, 0), part.n_ends.get(name, 0)
    unchanged = table.n_read - rejected - added - changed - ends
    return TableReport(name, table.n_read, added, changed, unchanged, removed, rejected)


def _count_new(name: str, part: SetChange) -> int:
    if CONTRACT[name].use:
        return int(is_true(equals(part.new["table"], name)).sum())
    if name not in ("referrals", "events"):
        raise KeyError(name)
    return part.new.num_rows


def plan_load(tables: Mapping[str, CheckedTable], known: KnownFacts, terms: LoadTerms = TAKE_ALL) -> LoadPlan:
    """Work out what ``tables`` change of ``known``.

    Parameters
    ----------
    tables
        Checked tables by contract name; rows within one are already free of repeats.
    known
        The store's facts.
    terms
        When what the tables say was so, and which of them replace what there was.
    """
    with _reading_addresses(tables, known) as ahead:
        found = _find_changes(tables, known, terms)
        sets = found.find_sets()
        former = lay_out_set_nodes(sets, found.changes.at, known, ahead)
        nodes = lay_out_nodes(found.changes, known)
        earlier = pa.concat_tables([nodes.pop("Earlier"), former.pop("Earlier")])
        return LoadPlan(
            nodes=_leave_empty({**nodes, **former, "Earlier": earlier}),
            changes=_leave_empty(lay_out_changes(found.changes, known)),
            relationships=_leave_empty(
                {**lay_out_relationships(found.changes, known), **lay_out_set_relationships(sets)}
            ),
            ends=_leave_empty(lay_out_ends(found.changes, sets)),
            gone=_leave_empty(lay_out_gone(found.changes, sets, known)),
            reports=found.report(sets),
            tables=found.tables,
        )


def plan_in_two(tables: Mapping[str, CheckedTable], terms: LoadTerms = TAKE_ALL) -> Generator[LoadPlan, None, None]:
    """Work out what ``tables`` bring to a store that has nothing, in two plans, of which the second follows the first.

    The first has all that the tables with a key make, and can be written while the second is worked out; it has no
    reports.  Both together bring what :func:`plan_load` does.

    Rows are let go of once they are laid out, and the tables of the second plan have none.
    """
    known = KNOW_NOTHING
    with _reading_addresses(tables, known) as ahead:
        found = _find_changes(tables, known, terms)
        yield LoadPlan(
            nodes=_leave_empty(lay_out_nodes(found.changes, known)),
            changes={},
            relationships=_leave_empty(lay_out_relationships(found.changes, known)),
            ends={},
            gone={},
            reports=(),
            tables=found.tables,
        )
        found = found.let_go_of_keyed()
        sets = found.find_sets()
        reports, at = found.report(sets), found.changes.at
        found = found.let_go_of_all()
        give_memory_back()  # LadybugDB wants a gigabyte meanwhile
        nodes = _leave_empty(lay_out_set_nodes(sets, at, known, ahead))
        relationships = _leave_empty(lay_out_set_relationships(sets))
        del sets
        yield LoadPlan(
            nodes=nodes,
            changes={},
            relationships=relationships,
            ends={},
            gone={},
            reports=reports,
            tables=found.tables,
        )


def foresee_load(tables: Mapping[str, CheckedTable], known: KnownFacts, terms: LoadTerms = TAKE_ALL) -> LoadReport:
    """Say what :func:`plan_load` would change, and plan nothing: no address is read for it."""
    found = _find_changes(tables, known, terms)
    return LoadReport(found.report(found.find_sets()), found.tables, dry_run=True)


def _reading_addresses(
    tables: Mapping[str, CheckedTable], known: KnownFacts
) -> AbstractContextManager[AddressesAhead | None]:
    told = tables["addresses"].rows if "addresses" in tables else CONTRACT["addresses"].row_schema.empty_table()
    return read_addresses_ahead(told, known)


def _find_nothing() -> SetChanges:
    raise RuntimeError("the rows are gone")


@dataclass(frozen=True)
class _Found:
    """What a load changes of the tables with a key, and its tables without the rows that contradict the store."""

    changes: Changes
    tables: dict[str, CheckedTable]
    find_sets: Callable[[], SetChanges]

    def let_go_of_keyed(self) -> _Found:
        """The same without the rows of tables with a key, once all that they bring is laid out."""
        keyed = {name: rows.forget_rows() for name, rows in self.changes.keyed.items()}
        tables = {name: table.forget_rows() if name in KEYED else table for name, table in self.tables.items()}
        return replace(self, changes=replace(self.changes, keyed=keyed), tables=tables)

    def let_go_of_all(self) -> _Found:
        """The same without any rows; there is nothing more to find."""
        return replace(
            self.let_go_of_keyed(),
            tables={name: table.forget_rows() for name, table in self.tables.items()},
            find_sets=_find_nothing,
        )

    def report(self, sets: SetChanges) -> tuple[TableReport, ...]:
        return tuple(_report(table, self.changes, sets) for table in self.tables.values())


def _find_changes(tables: Mapping[str, CheckedTable], known: KnownFacts, terms: LoadTerms) -> _Found:
    at, replaced = terms.find_instant(), terms.replaced & tables.keys()
    rows = {
        name: tables[name].rows if name in tables else table.row_schema.empty_table()
        for name, table in CONTRACT.items()
    }
    keyed = {
        name: compare(CONTRACT[name], rows[name], known.get_stored(name), at=at, replaces=name in replaced)
        for name in KEYED
    }
    # Who is named only by a row that contradicts the store stays unknown.
    checked = {name: _set_aside(table, keyed.get(name)) for name, table in tables.items()}
    accounts = list_keys(known.accounts["account_id"], _mentions(checked, "account"))
    products = list_keys(known.listings["product_id"], _mentions(checked, "product"))
    changes = Changes(
        at,
        keyed,
        new_accounts=accounts.slice(known.accounts.num_rows),
        new_products=products.slice(known.listings.num_rows),
    )

    rows = {name: each for name, each in rows.items() if name not in KEYED}

    def find_sets() -> SetChanges:
        return SetChanges(
            uses=find_uses(rows, known, accounts, replaced=replaced),
            referrals=find_referrals(rows["referrals"], known, accounts, replaced=replaced),
            events=find_events(rows["events"], known, accounts, replaced=replaced),
        )

    return _Found(changes, checked, find_sets)


def _leave_empty(parts: Mapping[_Kind, pa.Table]) -> dict[_Kind, pa.Table]:
    return {kind: part for kind, part in parts.items() if part.num_rows}


def _mentions(tables: Mapping[str, CheckedTable], thing: Thing) -> list[Chunks]:
    found = []
    for name, table in tables.items():
        gone = find_removed(table.rows)
        rows = table.rows.filter(pa.array(~gone)) if gone.any() else table.rows
        found += [rows[column] for column in CONTRACT[name].find_mentions(thing)]
    return found


def _set_aside(table: CheckedTable, rows: ChangedRows | None) -> CheckedTable:
    return table.reject(rows.bad, rows.reasons) if rows and rows.reasons else table
