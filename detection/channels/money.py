"""Where accounts' first money comes from, whom they pay together, and where their last goes to.

A payment is an order that names no product.  Shops are paid by people whom nobody pays; an account that somebody set
up is paid first, pays, and passes on what is left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detection.channels.incidence import SharedThings, gather_things
from detection.channels.record import Channel
from detection.channels.windows import MICROS_PER_DAY, DatedActs, share_in_time
from detection.policy import Policy
from graph.model import Ints, Snapshot

LATEST = int(np.iinfo(np.int64).max)


def find_first_payers(snapshot: Snapshot, record: Channel, policy: Policy) -> SharedThings:
    """Who paid an account before it did anything, and never again but at once: wages and pocket money come again."""
    moves = _list_moves(snapshot)
    is_first = moves.is_payment & (moves.at == _first(moves.at, (moves.payee, moves.payer), moves.n)[moves.payee])
    return _share(record, moves, moves.payee, moves.payer, is_first & _is_once(moves, policy))


def find_last_payees(snapshot: Snapshot, record: Channel, policy: Policy) -> SharedThings:
    """Whom an account paid last of all, never before, and did nothing afterwards.

    It had been paid itself, or whom it paid is paid by nobody but within some days: a shop is paid all the time, by
    people whom nobody pays.
    """
    moves = _list_moves(snapshot)
    since = _first(moves.at, (moves.payee,), moves.n)
    until = -_first(-moves.at, (moves.payee,), moves.n)
    is_last = moves.at == -_first(-moves.at, (moves.payee, moves.payer), moves.n)[moves.payer]
    is_brief = (until - since)[moves.payee] <= policy.paid_once_days * MICROS_PER_DAY
    passes_on = (since[moves.payer] < moves.at) | is_brief
    wanted = moves.is_payment & is_last & passes_on & _is_once(moves, policy)
    return _share(record, moves, moves.payer, moves.payee, wanted)


def find_transfers(snapshot: Snapshot, record: Channel, policy: Policy) -> SharedThings:
    """Accounts paid for the first time at one time, by accounts whose doings began with being paid.

    All others are customers; and that those pay again who know somebody is no news, as with a tutor or the rent.
    """
    moves = _list_moves(snapshot)
    paid = np.where(moves.is_payment, moves.payee, moves.n)
    began = _first(moves.at, (moves.payer, np.where(moves.is_payment, moves.n, moves.payee)), moves.n + 1)
    is_funded = _first(moves.at, (paid,), moves.n + 1) < began
    rows = _keep_first(moves, np.flatnonzero(moves.is_payment & is_funded[moves.payer]))
    acts = DatedActs(moves.payer[rows], -1 - moves.payee[rows], moves.at[rows].astype("datetime64[us]"))
    return share_in_time(record, [acts])


@dataclass(frozen=True)
class _Moves:
    """Orders between two accounts at known times (D,): rows of accounts, microseconds; among ``n`` accounts."""

    payer: Ints
    payee: Ints
    at: Ints
    is_payment: NDArray[np.bool_]
    n: int


def _list_moves(snapshot: Snapshot) -> _Moves:
    orders = snapshot.orders
    known = np.flatnonzero((orders.seller >= 0) & ~np.isnat(orders.ordered_at))
    at = orders.ordered_at[known].astype(np.int64)
    return _Moves(orders.buyer[known], orders.seller[known], at, orders.product[known] < 0, snapshot.n_accounts)


def _first(at: Ints, ends: tuple[Ints, ...], n: int) -> Ints:
    """The first time at which each account (n,) is one of the ends (D,); the latest there is where it never is."""
    first = np.full(n, LATEST)
    for end in ends:
        np.minimum.at(first, end, at)
    return first


def _keep_first(moves: _Moves, rows: Ints) -> Ints:
    """Of some payments (K,), the first of each payer to each payee."""
    ordered = rows[np.lexsort((rows, moves.at[rows]))]
    pair = moves.payer[ordered] * moves.n + moves.payee[ordered]
    return np.sort(ordered[np.unique(pair, return_index=True)[1]])


def _is_once(moves: _Moves, policy: Policy) -> NDArray[np.bool_]:
    """Which are of a pair (D,) whose payments all lie within some days."""
    pair = np.unique(np.where(moves.is_payment, moves.payer * moves.n + moves.payee, -1), return_inverse=True)[1]
    n = int(pair.max(initial=-1)) + 1
    begin, end = _first(moves.at, (pair,), n), -_first(-moves.at, (pair,), n)
    is_once: NDArray[np.bool_] = (end - begin)[pair] <= policy.paid_once_days * MICROS_PER_DAY
    return is_once


def _share(record: Channel, moves: _Moves, account: Ints, other: Ints, wanted: NDArray[np.bool_]) -> SharedThings:
    """Accounts share the other end of the payment that their doings begin or end with."""
    # Who has several at one instant has no first one, and no last.
    rows = np.flatnonzero(wanted & (np.bincount(account[wanted], minlength=moves.n)[account] == 1))
    when = moves.at[rows].astype("datetime64[us]")
    found = gather_things(record, account[rows], other[rows], when, -1 - other[rows])
    # All whose doings begin, or end, with something else share nothing here.
    did = len(np.unique(np.concatenate([moves.payer, moves.payee])))
    return replace(found, unshared=did - len(rows))
