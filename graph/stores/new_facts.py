"""Which rows of the tables without a key are not in the store yet, or are to go: uses, referrals, events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.arrow import (
    count_bytes,
    equals,
    find_distinct,
    find_true,
    is_true,
    join_texts,
    make_table,
    read_ints,
    read_texts,
    replace_where,
)
from graph.contract.repeats import find_removed
from graph.contract.schema import CONTRACT, INSTANT, Table
from graph.identity.canonical import AddressesAhead, canonical_values, read_ahead
from graph.stores.fact_sets import code_facts
from graph.stores.known_facts import KnownFacts

if TYPE_CHECKING:
    from graph.arrow import Cells, Chunks, Values
    from graph.model import Ints
_MAX_CANONICAL_BYTES = 4096
"""Neo4j indexes no text of more than 8 KiB; an id as written has at most one."""


def list_keys(known: Chunks, mentions: Sequence[Chunks]) -> Cells:
    """Known keys in their order, then the new ones that any column mentions, sorted."""
    chunks = [chunk for column in mentions for chunk in column.chunks]
    seen = find_distinct(pa.chunked_array(chunks, type=pa.string())).drop_null()
    known_keys = known.combine_chunks()
    new = seen.filter(pc.invert(pc.is_in(seen, value_set=known_keys)))
    return pa.concat_arrays([known_keys, new.take(pc.sort_indices(new))])


def _number_keys(known: Cells, told: Chunks) -> tuple[Cells, Ints]:
    """What :func:`list_keys` lists, and each told key's place (N,) in it; each key is looked at once."""
    if not len(told):
        return known, np.empty(0, dtype=np.int64)
    encoded: Any = pc.dictionary_encode(told.cast(pa.large_string()).combine_chunks())
    seen = encoded.dictionary.cast(pa.string())
    place = read_ints(pc.index_in(seen, value_set=known), missing=-1)
    new = np.flatnonzero(place < 0)
    new = new[pc.sort_indices(seen.take(new)).to_numpy()]
    place[new] = np.arange(len(known), len(known) + len(new))
    return pa.concat_arrays([known, seen.take(new)]), place[read_ints(encoded.indices, missing=-1)]


_USE = ("account_id", "identifier_key", "role", "seen_at")
_REFERRAL = ("referred_by", "account_id")
_EVENT = ("account_id", "object_key", "action", "happened_at")


@dataclass(frozen=True)
class SetChange:
    """What becomes of facts that form a set.

    ``new`` (K,) rows that the store lacks; ``ended`` (E,) rows of the store that are to go, by the keys of what they
    name; ``n_removed`` how many those are by table, and ``n_ends`` how many rows of the load took one away.
    """

    new: pa.Table
    ended: pa.Table
    n_removed: Mapping[str, int]
    n_ends: Mapping[str, int]


def find_uses(
    rows: Mapping[str, pa.Table], known: KnownFacts, accounts: Cells, *, replaced: Collection[str] = ()
) -> SetChange:
    """Find the uses of identifiers that the store lacks, each once, and those that are to go.

    Parameters
    ----------
    rows
        Checked rows by the contract's table.
    known
        The store's facts.
    accounts
        The keys of all accounts, those in the store first.
    replaced
        The tables of which the store is to keep nothing that the load does not have.

    Returns
    -------
    SetChange
        account_id, identifier_key, role, seen_at; of new ones also of what table, kind, value each is, whether it
        ``is_id``, and the place of the key (``identifier``) among those of the store and, in order, all others.
    """
    told = _list_uses(rows)
    identifiers, place = _number_keys(known.identifier_key, told["identifier_key"])
    keys, told = (accounts, identifiers), told.append_column("identifier", pa.array(place))
    there = known.uses.select(["account", "identifier", "role", "seen_at"])
    facts = told.select(["account_id", "identifier", "role", "seen_at"])
    sets = code_facts(facts, there, keys=keys, is_gone=is_true(told["removed"]))
    marked, ends = sets.find_ended()
    table = _name_tables(known) if replaced or marked.any() else np.full(len(marked), "", dtype=object)
    ended = marked | (sets.find_missing() & np.isin(table, list(replaced)) if replaced else False)
    return SetChange(
        new=told.filter(pa.array(sets.find_new())),
        ended=_name_facts(there, (ended, marked), keys, _USE),
        n_removed=Counter(table[ended].tolist()),
        n_ends=Counter(read_texts(told["table"].filter(pa.array(ends)))),
    )


def find_referrals(rows: pa.Table, known: KnownFacts, accounts: Cells, *, replaced: Collection[str] = ()) -> SetChange:
    """Find the referrals (referred_by, account_id) that the store lacks, and those that are to go."""
    told, there, keys = rows.select(list(_REFERRAL)), known.referrals.select(["by", "account"]), (accounts, accounts)
    sets = code_facts(told, there, keys=keys, is_gone=find_removed(rows))
    marked, ends = sets.find_ended()
    ended = marked | sets.find_missing() if "referrals" in replaced else marked
    return SetChange(
        new=told.filter(pa.array(sets.find_new())),
        ended=_name_facts(there, (ended, marked), keys, _REFERRAL),
        n_removed={"referrals": int(ended.sum())},
        n_ends={"referrals": int(ends.sum())},
    )


def find_events(rows: pa.Table, known: KnownFacts, accounts: Cells, *, replaced: Collection[str] = ()) -> SetChange:
    """Find the events (account_id, object_key, action, happened_at, value) that the store lacks, and those to go."""
    told = _read_events(rows)
    if not told.num_rows and not ("events" in replaced and known.did.num_rows):
        return SetChange(told.drop_columns("removed"), _NO_ENDED, {}, {})
    there = known.did.select(["account", "object", "action", "happened_at"])
    keys = accounts, list_keys(pa.chunked_array([known.object_key]), [told["object_key"]])
    sets = code_facts(told.select(list(_EVENT)), there, keys=keys, is_gone=is_true(told["removed"]))
    marked, ends = sets.find_ended()
    ended = marked | sets.find_missing() if "events" in replaced else marked
    return SetChange(
        new=told.filter(pa.array(sets.find_new())).drop_columns("removed"),
        ended=_name_facts(there, (ended, marked), keys, _EVENT),
        n_removed={"events": int(ended.sum())},
        n_ends={"events": int(ends.sum())},
    )


_ENDED_COLUMNS: Mapping[str, pa.DataType] = {
    **dict.fromkeys(_EVENT, pa.string()),
    "happened_at": INSTANT,
    "ended_as": pa.string(),
}
_NO_ENDED = pa.schema(_ENDED_COLUMNS).empty_table()


def make_objects(events: pa.Table, known: KnownFacts) -> pa.Table:
    """The objects of new events that the store lacks, by key."""
    new = events.filter(pc.invert(pc.is_in(events["object_key"], value_set=known.object_key)))
    if not new.num_rows:  # to group nothing, Arrow imports for a hundredth of a second
        return new
    return new.group_by(["object_key", "value"]).aggregate([]).sort_by("object_key").combine_chunks()


def _read_events(rows: pa.Table) -> pa.Table:
    """The table's rows (N,) with what names their objects: an id, or a checksum of a text, which may be long."""
    told, is_text = rows["object"], rows["is_text"]
    ids = join_texts(pa.repeat("object", rows.num_rows), told, ":")
    texts = find_distinct(told.filter(is_text)).drop_null()
    sums = pa.array([f"text:{sha256(each.encode()).hexdigest()}" for each in read_texts(texts)], pa.string())
    if len(texts):
        ids = pc.if_else(is_text, sums.take(pc.index_in(told.combine_chunks(), value_set=texts)), ids)
    return make_table(
        {
            "account_id": rows["account_id"],
            "object_key": ids,
            "action": rows["action"],
            "happened_at": rows["happened_at"],
            "value": told,
            "removed": pa.array(find_removed(rows)),
        }
    )


def _name_facts(
    facts: pa.Table,
    which: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    keys: tuple[Cells, Cells],
    names: Sequence[str],
) -> pa.Table:
    """Facts of the store that ended, by the keys of what they name; some of them were marked."""
    ended, marked = which
    there = facts.filter(pa.array(ended))
    ends = [keys[place].take(there.column(place).combine_chunks()) for place in range(len(keys))]
    how = pa.array(np.where(marked[ended], "removed", "replaced").astype(object), pa.string())
    named = make_table(dict(zip(names, [*ends, *there.columns[len(keys) :]], strict=True)))
    return named.append_column("ended_as", how)


def _name_tables(known: KnownFacts) -> NDArray[Any]:
    """To which table of the contract each use (M,) of the store belongs, by its kind."""
    of_kind = {table.use.kind: name for name, table in CONTRACT.items() if table.use and table.use.kind}
    others = next(name for name, table in CONTRACT.items() if table.use and table.use.kind_column)
    names = [of_kind.get(key.partition(":")[0], others) for key in read_texts(known.identifier_key)]
    found: NDArray[Any] = (
        np.array(names, dtype=object)[known.uses["identifier"].to_numpy()] if names else np.empty(0, object)
    )
    return found


def read_addresses_ahead(rows: pa.Table, known: KnownFacts) -> AbstractContextManager[AddressesAhead | None]:
    """Begin to read the addresses that rows of that table (N,) tell, unless a store has some: most may be the same."""
    told = rows.filter(pc.invert(rows["is_id"]))["address"]
    return read_ahead(told.slice(0, 0) if len(known.identifier_key) else told)


def make_identifiers(uses: pa.Table, known: KnownFacts, ahead: AddressesAhead | None = None) -> pa.Table:
    """The identifiers of new uses that the store lacks, by key, each with the form that joins its spellings."""
    nodes, is_id = _list_identifiers(uses, known)
    # An address given as an id is exact: only free text has spellings.
    how = pc.if_else(pa.array(is_id), join_texts(nodes["kind"], "id", "_"), nodes["kind"])
    rows, forms = [], []
    for kind in sorted(read_texts(find_distinct(how))):
        rows.append(find_true(equals(how, kind)))
        values = nodes["value"].take(rows[-1]).combine_chunks()
        read = ahead.find_forms(values) if ahead and kind == "address" else canonical_values(kind, values)
        forms.append(_shorten(read).cast(pa.string()))
    place = np.empty(nodes.num_rows, dtype=np.int64)
    place[np.concatenate([np.empty(0, dtype=np.int64), *rows])] = np.arange(nodes.num_rows)
    canonical = pa.chunked_array(forms, pa.string()).take(place)
    return nodes.append_column("canonical", canonical).combine_chunks()


def _list_identifiers(uses: pa.Table, known: KnownFacts) -> tuple[pa.Table, NDArray[np.bool_]]:
    """The identifiers (K,) of new uses that the store lacks, by key; and which of them some use gives as an id."""
    number = read_ints(uses["identifier"], missing=-1) - len(known.identifier_key)
    rows = np.flatnonzero(number >= 0)
    first = np.full(number.max(initial=-1) + 1, -1, dtype=np.int64)
    first[number[rows[::-1]]] = rows[::-1]  # the last one written is the first one of the key
    is_id = np.zeros(len(first), dtype=bool)
    is_id[number[rows[is_true(uses["is_id"])[rows]]]] = True
    is_there = first >= 0
    nodes = uses.select(["identifier_key", "kind", "value"]).take(first[is_there])
    return nodes, is_id[is_there]


def list_told_identifiers(rows: Mapping[str, pa.Table]) -> Chunks:
    """The keys of the identifiers that rows by the contract's table name, with repeats."""
    return _list_uses(rows)["identifier_key"]


def list_told_objects(events: pa.Table) -> Chunks:
    """The keys of the objects that rows (N,) of events name."""
    return _read_events(events)["object_key"]


def _list_uses(rows: Mapping[str, pa.Table]) -> pa.Table:
    # The first table to name a use is the one whose row counts as added: in the contract's order.
    empty = {name: table.row_schema.empty_table() for name, table in CONTRACT.items() if table.use}
    return pa.concat_tables([_read_uses(CONTRACT[name], rows.get(name, none)) for name, none in empty.items()])


def _read_uses(table: Table, rows: pa.Table) -> pa.Table:
    """A table's rows (N,) as uses, by what the contract says of its columns."""
    use, n = table.use, rows.num_rows
    assert use is not None  # only such tables are asked
    told_by = table.either.told_by if table.either else None
    kind: Values = rows[use.kind_column] if use.kind_column else pa.repeat(use.kind, n)
    value = rows[use.value]
    return make_table(
        {
            "account_id": rows["account_id"],
            "kind": kind,
            "value": value,
            "role": rows[use.role_column] if use.role_column else pa.nulls(n, pa.string()),
            "seen_at": rows[table.time] if table.time else pa.nulls(n, INSTANT),
            "removed": pa.array(find_removed(rows)),
            "table": pa.repeat(table.name, n).dictionary_encode(),
            "is_id": rows[told_by] if told_by else pa.repeat(False, n),
            "identifier_key": _identifier_keys(kind, value),
        }
    )


def _identifier_keys(kind: Values, value: Chunks) -> Chunks:
    """``kind:value``; a colon inside a kind is written out, or kind a:b, value c would be kind a, value b:c."""
    plain = pc.replace_substring(pc.replace_substring(kind, "%", "%25"), ":", "%3A")
    return join_texts(plain, value, ":")


def _shorten(canonical: Cells) -> Cells:
    """Put a digest in the place of what no index takes: a ligature can have ten times its length in plain letters."""
    long = count_bytes(canonical) > _MAX_CANONICAL_BYTES
    if not long.any():
        return canonical
    digests = [f"sha256:{sha256(text.encode()).hexdigest()}" for text in read_texts(canonical.filter(long))]
    return replace_where(long, canonical, pa.array(digests, pa.string()))
