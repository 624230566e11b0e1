"""Which rows of the tables without a key are not in the store yet: uses of identifiers, referrals, labels.

Such rows form sets, compared column by column as whole numbers: accounts and identifiers by their place among all
keys, words by their place among the words of both sides, times by their microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.arrow import count_bytes, find_distinct, join_texts, make_table, read_ints, read_texts, replace_where
from graph.contract.schema import CONTRACT, INSTANT, Table
from graph.identity.canonical import canonical_values
from graph.stores.known_facts import KnownFacts

if TYPE_CHECKING:
    from graph.arrow import Cells, Chunks, Values
    from graph.model import Ints

_MAX_CANONICAL_BYTES = 4096
"""Neo4j indexes no text of more than 8 KiB; an id as written has at most one."""

_NEVER = int(np.iinfo(np.int64).min)  # in the place of a time that is not known: equal to itself alone


def list_keys(known: Chunks, mentions: Sequence[Chunks]) -> Cells:
    """Known keys in their order, then the new ones that any column mentions, sorted."""
    chunks = [chunk for column in mentions for chunk in column.chunks]
    seen = find_distinct(pa.chunked_array(chunks, type=pa.string())).drop_null()
    known_keys = known.combine_chunks()
    new = seen.filter(pc.invert(pc.is_in(seen, value_set=known_keys)))
    return pa.concat_arrays([known_keys, new.take(pc.sort_indices(new))])


def find_new_uses(rows: Mapping[str, pa.Table], known: KnownFacts, accounts: Cells) -> pa.Table:
    """Find the uses of identifiers that the store lacks, each once.

    Parameters
    ----------
    rows
        Checked rows by the contract's table.
    known
        The store's facts.
    accounts
        The keys of all accounts, those in the store first.

    Returns
    -------
    pa.Table
        account_id, identifier_key, role, seen_at, and of what table, kind, value each is and whether it ``is_id``.
    """
    # The first table to name a use is the one whose row counts as added: in the contract's order.
    given = pa.concat_tables([_read_uses(table, rows[table.name]) for table in CONTRACT.values() if table.use])
    identifiers = list_keys(pa.chunked_array([known.identifier_key]), [given["identifier_key"]])
    columns = given.select(["account_id", "identifier_key", "role", "seen_at"])
    there = known.uses.select(["account", "identifier", "role", "seen_at"])
    return given.filter(_is_new(columns, there, keys=(accounts, identifiers)))


def find_new_referrals(rows: pa.Table, known: KnownFacts, accounts: Cells) -> pa.Table:
    """Find the referrals (referred_by, account_id) that the store lacks."""
    given = rows.select(["referred_by", "account_id"])
    return given.filter(_is_new(given, known.referrals.select(["by", "account"]), keys=(accounts, accounts)))


def find_new_labels(rows: pa.Table, known: KnownFacts, accounts: Cells) -> pa.Table:
    """Find the labels (account_id, label, decided_at, source) that the store lacks."""
    given = rows.select(["account_id", "label", "decided_at", "source"])
    there = known.labels.select(["account", "label", "decided_at", "source"])
    return given.filter(_is_new(given, there, keys=(accounts,)))


def make_identifiers(uses: pa.Table, known: KnownFacts) -> pa.Table:
    """The identifiers of new uses that the store lacks, by key, each with the form that joins its spellings."""
    is_new = pc.invert(pc.is_in(uses["identifier_key"], value_set=known.identifier_key))
    rows = uses.filter(is_new).group_by(["identifier_key", "kind", "value"])
    nodes = rows.aggregate([("is_id", "max")]).sort_by("identifier_key").combine_chunks()
    # An address given as an id is exact: only free text has spellings.
    how = pc.if_else(nodes["is_id_max"], join_texts(nodes["kind"], "id", "_"), nodes["kind"]).to_numpy()
    canonical = np.full(nodes.num_rows, None, dtype=object)
    for kind in sorted(set(how)):
        mask = how == kind
        values = nodes["value"].filter(mask).combine_chunks()
        canonical[mask] = _shorten(canonical_values(kind, values)).to_numpy(zero_copy_only=False)
    return nodes.select(["identifier_key", "kind", "value"]).append_column(
        "canonical", pa.array(canonical, pa.string())
    )


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
            "table": pa.repeat(table.name, n),
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


def _is_new(given: pa.Table, there: pa.Table, *, keys: Sequence[Cells]) -> NDArray[np.bool_]:
    """Which given rows are neither there already nor repeats of an earlier given row.

    Parameters
    ----------
    given
        (N,) rows; the first ``len(keys)`` columns name things by key.
    there
        (M,) rows of the store, column by column the same, but naming those things by their place in ``keys``.
    keys
        The keys of the things that each of the first columns names, those in the store first.
    """
    columns = {}
    for place, (new, old) in enumerate(zip(given.columns, there.columns, strict=True)):
        if place < len(keys):
            codes = old.to_numpy(), _codes(new, keys[place])
        elif pa.types.is_timestamp(new.type):
            codes = _micros(old), _micros(new)
        else:
            words = find_distinct(pa.chunked_array([*new.chunks, *old.chunks], type=pa.string()))
            codes = _codes(old, words), _codes(new, words)
        columns[place] = np.concatenate(codes)
    is_new: NDArray[np.bool_] = ~pd.DataFrame(columns).duplicated().to_numpy()[there.num_rows :]
    return is_new


def _codes(values: Chunks, words: Cells) -> Ints:
    """Each value's place among ``words``; -1 for a null."""
    place = pc.index_in(values, value_set=words.drop_null() if words.null_count else words)
    return read_ints(place, missing=-1)


def _micros(values: Chunks) -> Ints:
    return read_ints(values.cast(INSTANT).cast(pa.int64()), missing=_NEVER)
