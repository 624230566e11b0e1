"""Which rows of a graph a load writes to, so that those alone are read back and described anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import ladybug
import numpy as np
import pyarrow as pa

from graph.arrow import read_texts
from graph.stores.embedded.content import (
    Stretches,
    describe_part,
    describe_table,
    name_part,
    number_places,
    read_few_nodes,
    read_part,
)
from graph.stores.embedded.database import ask_arrow
from graph.stores.shape import NODES, RELATIONSHIPS

if TYPE_CHECKING:
    from graph.arrow import Chunks
    from graph.stores.embedded.manifest import Stretch
    from graph.stores.load_plan import LoadPlan

_FEW = frozenset({"Label", "Shop"})
"""A load may name such a node that is there; all of them are read in no time."""
MOST_ROWS = 10_000
"""A plan that writes more than these rows writes nearly everywhere, and everything is read back."""
_LARGE_SHARE = 4
"""Where more than this part of a table's stretches is written to, it is read as a whole, which is quicker then."""

_MANY_STRETCHES = 50
"""Of a label: where so many are left out for each that is read, it is quicker to ask for nodes by their keys."""


@dataclass(frozen=True)
class Touched:
    """What a load writes to.

    ``keys`` has, by table and the label it leads to (none for nodes), the label and the keys of the nodes that are
    written to or from which a relationship comes or goes; the tables of ``whole`` may change anywhere.
    """

    keys: Mapping[tuple[str, str], tuple[str, frozenset[str]]]
    whole: frozenset[str]


def is_small(plan: LoadPlan) -> bool:
    """Whether a plan writes so little that it pays to look where."""
    return plan.n_rows <= MOST_ROWS


def find_touched(plan: LoadPlan) -> Touched:
    """What a plan will write to, before it is used up."""
    keys: dict[tuple[str, str], tuple[str, frozenset[str]]] = {}
    for nodes in (plan.nodes, plan.changes):
        for label, rows in nodes.items():
            keys[label, ""] = label, _join(keys.get((label, "")), rows.column(0))
    for relationships in (plan.relationships, plan.ends):
        for (kind, source, target), rows in relationships.items():
            keys[kind, target] = source, _join(keys.get((kind, target)), rows.column(0))
    # Whoever goes takes along what runs said of it, and leaves no key by which the place could be found.
    gone = frozenset(plan.gone)
    left = {kind for kind, part in RELATIONSHIPS.items() if gone & {label for ends in part.ends for label in ends}}
    return Touched(keys, gone | left | (_FEW & {label for label, _ in keys}))


def _join(known: tuple[str, frozenset[str]] | None, keys: Chunks) -> frozenset[str]:
    return frozenset(read_texts(keys)) | (known[1] if known else frozenset())


def describe_again(connection: ladybug.Connection, before: Stretches, touched: Touched) -> Stretches:
    """What a graph holds that was described ``before`` something of it was written to."""
    found = dict(before)
    for table in touched.whole:
        found |= describe_table(connection, table)
    for (table, target), (label, keys) in touched.keys.items():
        name = name_part(table, target)
        if table not in touched.whole:
            found[name] = _describe_stretches(connection, (table, target), before.get(name, {}), (label, keys))
    return found


def _describe_stretches(
    connection: ladybug.Connection,
    part: tuple[str, str],
    before: Mapping[int, Stretch],
    nodes: tuple[str, frozenset[str]],
) -> Mapping[int, Stretch]:
    numbers = _find_numbers(connection, *nodes)
    if len(numbers) * _LARGE_SHARE > len(before):
        return describe_part(read_part(connection, *part))
    found = {number: each for number, each in before.items() if number not in numbers}
    table, target = part
    asks_by_key = not target and len(before) >= len(numbers) * _MANY_STRETCHES
    for within in _list_ranges(sorted(numbers)):
        rows = read_few_nodes(connection, table, within) if asks_by_key else read_part(connection, *part, within=within)
        found |= describe_part(rows)
    return found


def _find_numbers(connection: ladybug.Connection, label: str, keys: frozenset[str]) -> set[int]:
    """The stretches in which some nodes lie."""
    question = (
        f"UNWIND $ids AS given MATCH (n:`{label}`) WHERE n.{NODES[label].key} = given RETURN offset(id(n)) AS place"
    )
    places = ask_arrow(connection, question, {"ids": sorted(keys)})["place"].to_numpy().astype(np.int64)
    return set(np.unique(number_places(places)).tolist())


def _list_ranges(numbers: list[int]) -> Iterator[range]:
    """Neighbouring numbers, which are read at once.

    >>> list(_list_ranges([1, 2, 5]))
    [range(1, 3), range(5, 6)]
    """
    for _, group in groupby(enumerate(numbers), lambda each: each[1] - each[0]):
        neighbours = [number for _, number in group]
        yield range(neighbours[0], neighbours[-1] + 1)


def read_titles(connection: ladybug.Connection, plan: LoadPlan) -> pa.Table:
    """The titles of the listings that a plan changes or takes away, before it does: product_id, title."""
    told = [part["Listing"]["product_id"] for part in (plan.changes, plan.gone) if "Listing" in part]
    ids = sorted({key for column in told for key in read_texts(column)})
    question = (
        "UNWIND $ids AS given MATCH (p:Listing) WHERE p.product_id = given RETURN given AS product_id, p.title AS title"
    )
    return ask_arrow(connection, question, {"ids": ids})
