"""One account described by itself: a newcomer, or one that has just acted, in a market that was described before.

Only the facts around the account are read, and its neighbours are taken as they were described.  In a market that has
not changed since, what comes out is the account's row of the whole table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np

from embeddings.features.accounts import Bools, account_features, empty_snapshot
from embeddings.features.history import account_history, find_review_targets
from embeddings.features.relations import Matrix, Relation, count_neighbours, count_users, find_relations
from embeddings.features.table import NEIGHBOURS, TWO_STEPS, FeatureTable, TableBlock, find_in_block, join_own
from graph.model import Floats, Ints, Orders, Reviews, Snapshot, Uses

Facts = TypeVar("Facts", Uses, Orders, Reviews)


@dataclass(frozen=True)
class Piece:
    """A piece of a market: a ``snapshot`` of few accounts, and the ``row`` (K,) that each has in the market, rising."""

    snapshot: Snapshot
    row: Ints


def describe_account(
    snapshot: Snapshot, table: FeatureTable, account: int, large_from: Mapping[str, float]
) -> FeatureTable:
    """Describe one account.

    Parameters
    ----------
    snapshot
        The market with the account in it.  Labels are not read.
    table
        The market as it was described, by the same rows; accounts after its last are silent as neighbours.
    account
        The row of the account.
    large_from
        See :func:`~embeddings.features.history.measure_large_amounts`.

    Returns
    -------
    FeatureTable
        Of this account alone, with every column that the table has.

    Notes
    -----
    O(E) time with a small constant, to find the facts around the account among E.
    """
    piece = cut_around(snapshot, account)
    whole = join_own(account_features(piece.snapshot), account_history(piece.snapshot, large_from=large_from))
    me = int(np.searchsorted(piece.row, account))
    return FeatureTable(1, (_as_block(whole.names, whole.values[[me]]), *_describe_neighbours(piece, table, me)))


def _describe_neighbours(piece: Piece, table: FeatureTable, me: int) -> Iterator[TableBlock]:
    """How many neighbours of each kind one account of a piece has, and what they are like in the table."""
    own_names = table.blocks[0].names
    own, *means = (_pick_rows(block, piece.row) for block in table.blocks if _holds_means(block))
    anyone, further = _average(means), []
    for relation in find_relations(piece.snapshot):
        yield _as_block((f"{relation.name}: {NEIGHBOURS}",), count_neighbours(relation)[[me]][:, None])
        weight = _weigh_neighbours(relation, me)
        yield _as_block(tuple(f"{relation.name}: {name}" for name in own_names), _average_around(weight, own))
        further.append(_average_around(weight, anyone))
    yield _as_block(tuple(f"{TWO_STEPS}: {name}" for name in own_names), _average(further))


def _as_block(names: tuple[str, ...], values: Matrix) -> TableBlock:
    return TableBlock(names, np.zeros(1, dtype=np.int64), values)


def _holds_means(block: TableBlock) -> bool:
    """Whether a block is the account's own features or their means over one kind of neighbours."""
    return not block.names[0].endswith(f": {NEIGHBOURS}") and not block.names[0].startswith(f"{TWO_STEPS}: ")


def _pick_rows(block: TableBlock, rows: Ints) -> Matrix:
    """What a block says of some accounts (K, F), NaN where it says nothing."""
    picked = np.full((len(rows), len(block.names)), np.nan, dtype=np.float32)
    found = find_in_block(block, rows)
    picked[found.there] = block.values[found.place]
    return picked


def _average(tables: list[Matrix]) -> Matrix:
    known = np.stack([np.isfinite(each) for each in tables])
    total = np.stack([np.where(here, each, np.float32(0)) for here, each in zip(known, tables, strict=True)]).sum(
        axis=0
    )
    count = known.sum(axis=0)
    mean: Matrix = np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
    return mean


def _weigh_neighbours(relation: Relation, account: int) -> Floats:
    """How much each account counts as a neighbour of one (K,), itself not at all."""
    member = relation.member
    mine = member.indices[member.indptr[account] : member.indptr[account + 1]]
    if not relation.shared:
        return np.asarray(np.bincount(mine, minlength=member.shape[0]), dtype=np.float64)
    # The account is among the users of each thing: it shares with one fewer.
    pull = np.zeros(member.shape[1])
    pull[mine] = 1.0 / (count_users(relation)[mine] - 1.0)
    user = np.repeat(np.arange(member.shape[0]), np.diff(member.indptr))
    weight = np.bincount(user, weights=pull[member.indices], minlength=member.shape[0])
    weight[account] = 0.0
    return np.asarray(weight, dtype=np.float64)


def _average_around(weight: Floats, values: Matrix) -> Matrix:
    """The weighed mean of what is known (1, F); NaN where nothing is."""
    rows = np.flatnonzero(weight)
    known = np.isfinite(values[rows])
    heard = weight[rows] @ known
    total = weight[rows] @ np.where(known, values[rows], np.float32(0)).astype(np.float64)
    mean: Matrix = np.where(heard > 0, total / np.where(heard > 0, heard, 1.0), np.nan).astype(np.float32)
    return mean[None]


def cut_around(snapshot: Snapshot, account: int) -> Piece:
    """All facts on which an account's own features, and who its neighbours are, depend."""
    uses, orders, reviews = snapshot.uses, snapshot.orders, snapshot.reviews
    shared = _flag(uses.identifier[uses.account == account], snapshot.n_identifiers)
    used = _keep(uses, shared[uses.identifier])
    mine = (orders.buyer == account) | (orders.seller == account)
    partners = _flag(np.concatenate([orders.buyer[mine], orders.seller[mine]]), snapshot.n_accounts)
    bought = _flag(orders.product[orders.buyer == account], snapshot.n_products)
    dealt = _keep(orders, partners[orders.buyer] | partners[orders.seller] | bought[orders.product])
    target = find_review_targets(snapshot)
    judged = _flag(target[reviews.author == account], snapshot.n_products + snapshot.n_accounts)
    written = _keep(reviews, judged[target] | (reviews.author == account) | (reviews.seller == account))
    referred = (snapshot.referral_account == account) | (snapshot.referral_by == account)
    by, who = snapshot.referral_by[referred], snapshot.referral_account[referred]
    accounts = [used.account, dealt.buyer, dealt.seller, written.author, written.seller, by, who, np.array([account])]
    row = np.unique(np.concatenate(accounts))
    row = row[row >= 0]
    # Other users' other things are left out: they say nothing of the account, and crowds have many.
    identifier, code = np.unique(used.identifier, return_inverse=True)
    none = empty_snapshot()
    small = replace(
        none,
        account_id=snapshot.account_id[row],
        created_at=snapshot.created_at[row],
        account_status=snapshot.account_status[row],
        account_status_names=snapshot.account_status_names,
        identifier_kind=snapshot.identifier_kind[identifier],
        identifier_value=snapshot.identifier_value[identifier],
        uses=replace(used, account=_place(row, used.account), identifier=code),
        orders=replace(dealt, buyer=_place(row, dealt.buyer), seller=_place(row, dealt.seller)),
        reviews=replace(written, author=_place(row, written.author), seller=_place(row, written.seller)),
        product_id=snapshot.product_id,
        product_seller=np.where(np.isin(snapshot.product_seller, row), _place(row, snapshot.product_seller), -1),
        product_price=snapshot.product_price,
        referral_account=_place(row, who),
        referral_by=_place(row, by),
        as_of=snapshot.as_of,
    )
    return Piece(small, row)


def _flag(rows: Ints, n: int) -> Bools:
    """Which of n are among the rows (n + 1,); never the last, at which -1 for the unknown points."""
    flags = np.zeros(n + 1, dtype=bool)
    flags[rows] = True
    flags[-1] = False
    return flags


def _place(row: Ints, accounts: Ints) -> Ints:
    """Where accounts are among the rows; -1 where unknown."""
    return np.where(accounts >= 0, np.searchsorted(row, accounts), -1)


def _keep(facts: Facts, keep: Bools) -> Facts:
    """Some of the facts."""
    columns = {each.name: getattr(facts, each.name) for each in fields(facts)}
    kept: dict[str, Any] = {name: each[keep] for name, each in columns.items() if isinstance(each, np.ndarray)}
    return replace(facts, **kept)
