"""What an account does, as numbers: behaviour only, never labels, flags or rings.

A feature that nothing is known of is *silent*: its value is 0, its ``known`` cell is False, and for
the families that real exports leave out an indicator column says so.  Counts, amounts and days enter
as ``log(1 + x)`` (names with ``log_``), which keeps the one seller of a million orders in reach.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from graph.model import Floats, Ints, Orders, Reviews, Snapshot, Strings, Times, Uses

Bools = NDArray[np.bool_]
COMMON_KINDS = ("address", "device", "email", "ip", "payment", "phone")
OTHER_KIND = "other"
"""Fixed, so that every market has the same columns; any other kind of identifier is ``other``."""
NIGHT_HOURS = 6
"""Night is 00:00 to 06:00 UTC; the contract knows no local time."""
INDICATORS = {
    "account.creation_known": "account.log_age_at_first_act_days",
    "bought.amounts_known": "bought.log_amount_mean",
    "bought.statuses_known": "bought.refunded_share",
    "sold.amounts_known": "sold.log_amount_mean",
    "sold.statuses_known": "sold.refunded_share",
    "reviews.ratings_known": "reviews.rating_mean",
    "received.ratings_known": "received.rating_mean",
    "rhythm.times_known": "rhythm.log_span_days",
    "rhythm.hours_known": "rhythm.night_share",
}
"""Indicator column → the feature that is silent where the indicator is 0."""


@dataclass(frozen=True)
class AccountFeatures:
    """One row of behaviour per account.

    ``values`` (N, F) float32, 0 where silent; ``known`` (N, F) bool; ``names`` (F,) as ``topic.feature``.
    """

    values: NDArray[np.float32]
    known: Bools
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Column:
    """``values`` (N,) and where they are ``known`` (N,)."""

    name: str
    values: Floats
    known: Bools


@dataclass(frozen=True)
class _Timeline:
    """Everything dated that an account took part in, sorted by account, then time.

    ``account`` (T,) rows; ``at`` (T,) datetime64[us], never NaT.
    """

    account: Ints
    at: Times


def account_features(snapshot: Snapshot, *, sharers: Ints | None = None) -> AccountFeatures:
    """Describe the behaviour of every account.

    Parameters
    ----------
    snapshot
        The graph as arrays.  Labels are not read.
    sharers
        (V,) how many accounts use each identifier, for a snapshot that is but a piece of the market; counted otherwise.

    Returns
    -------
    AccountFeatures
        Unscaled; see :func:`fit_scaling` and :func:`scale_features`.

    Notes
    -----
    O(E log E) for E orders, reviews and uses, which are sorted once.
    """
    timeline = _read_timeline(snapshot)
    columns = [
        *_order_columns("bought", snapshot.orders.buyer, snapshot.orders.seller, snapshot),
        *_order_columns("sold", snapshot.orders.seller, snapshot.orders.buyer, snapshot),
        _reciprocity_column(snapshot.orders, snapshot.n_accounts),
        *_review_columns("reviews", snapshot.reviews.author, snapshot),
        *_review_columns("received", snapshot.reviews.seller, snapshot),
        *_referral_columns(snapshot),
        *_rhythm_columns(timeline, snapshot.n_accounts),
        _night_column(timeline, snapshot.n_accounts),
        _age_column(timeline, snapshot),
        *_identifier_columns(snapshot, sharers),
    ]
    return _join_columns([*columns, *_indicator_columns(columns)], snapshot.n_accounts)


@cache
def feature_names() -> tuple[str, ...]:
    """The names (F,) of the features, which every market has in common."""
    return account_features(empty_snapshot()).names


def find_distinct_pairs(first: Ints, second: Ints, *, n_second: int) -> tuple[Ints, Ints]:
    """Sort pairs of rows and keep each once, leaving out those with an unknown (-1) end.

    >>> find_distinct_pairs(np.array([1, 0, 1, 0]), np.array([2, 1, 2, -1]), n_second=3)
    (array([0, 1]), array([1, 2]))
    """
    both = (first >= 0) & (second >= 0)
    # numpy.unique hashes here, which for millions of pairs takes ten times as long as a sort.
    key = np.sort(first[both] * np.int64(max(n_second, 1)) + second[both])
    key = key[np.diff(key, prepend=-1) != 0]
    return key // max(n_second, 1), key % max(n_second, 1)


def _order_columns(topic: str, account: Ints, partner: Ints, snapshot: Snapshot) -> list[_Column]:
    orders, n = snapshot.orders, snapshot.n_accounts
    owned = account >= 0
    with_partner, _ = find_distinct_pairs(account, partner, n_second=n)
    priced = owned & np.isfinite(orders.amount)
    amounts = np.log1p(np.maximum(orders.amount[priced], 0.0))
    judged = owned & (orders.status >= 0)
    return [
        _count_column(f"{topic}.log_count", account[owned], n),
        _count_column(f"{topic}.log_partners", with_partner, n),
        _mean_column(f"{topic}.log_amount_mean", account[priced], amounts, n),
        _spread_column(f"{topic}.amount_spread", account[priced], amounts, n),
        *(
            _mean_column(f"{topic}.{status}_share", account[judged], _has_status(orders, status)[judged], n)
            for status in ("refunded", "disputed")
        ),
    ]


def _has_status(orders: Orders, status: str) -> Floats:
    codes = [code for code, name in enumerate(orders.status_names) if name == status]
    return np.isin(orders.status, codes).astype(np.float64)


def _reciprocity_column(orders: Orders, n: int) -> _Column:
    """The share of an account's partners that it dealt with in both directions."""
    buyer, seller = find_distinct_pairs(orders.buyer, orders.seller, n_second=n)
    forth, back = (a * np.int64(max(n, 1)) + b for a, b in ((buyer, seller), (seller, buyer)))
    mutual = np.isin(forth, back, kind="sort", assume_unique=True)
    # A mutual partner is met twice, from either end, and counts for half each time.
    weight = np.where(mutual, 0.5, 1.0)
    partners = _sum_by(np.concatenate([buyer, seller]), np.concatenate([weight, weight]), n)
    both = _sum_by(buyer[mutual], np.ones(int(mutual.sum())), n)
    return _Column("trade.reciprocity", _divide(both, partners), partners > 0)


def _review_columns(topic: str, account: Ints, snapshot: Snapshot) -> list[_Column]:
    rating, n = snapshot.reviews.rating, snapshot.n_accounts
    owned = account >= 0
    rated = owned & np.isfinite(rating)
    extreme = ((rating <= 1) | (rating >= 5)).astype(np.float64)
    return [
        _count_column(f"{topic}.log_count", account[owned], n),
        _mean_column(f"{topic}.rating_mean", account[rated], rating[rated], n),
        _mean_column(f"{topic}.extreme_share", account[rated], extreme[rated], n),
    ]


def _referral_columns(snapshot: Snapshot) -> list[_Column]:
    n = snapshot.n_accounts
    came = np.bincount(snapshot.referral_account, minlength=n) > 0
    return [
        _count_column("referrals.log_made", snapshot.referral_by, n),
        _Column("referrals.came_by_one", came.astype(np.float64), np.ones(n, dtype=bool)),
    ]


def _read_timeline(snapshot: Snapshot) -> _Timeline:
    orders, reviews = snapshot.orders, snapshot.reviews
    account = np.concatenate([orders.buyer, orders.seller, reviews.author])
    at = np.concatenate([orders.ordered_at, orders.ordered_at, reviews.reviewed_at]).astype("datetime64[us]")
    dated = (account >= 0) & ~np.isnat(at)
    order = np.lexsort((at[dated], account[dated]))
    return _Timeline(account=account[dated][order], at=at[dated][order])


def _rhythm_columns(timeline: _Timeline, n: int) -> list[_Column]:
    follows = np.flatnonzero(timeline.account[1:] == timeline.account[:-1]) + 1
    gap_days = _days(timeline.at[follows] - timeline.at[follows - 1])
    span_days = _sum_by(timeline.account[follows], gap_days, n)
    acted = np.bincount(timeline.account, minlength=n) > 0
    day = timeline.at.astype("datetime64[D]").astype(np.int64)
    return [
        _Column("rhythm.log_span_days", np.log1p(span_days), acted),
        _gap_entropy_column(timeline.account[follows], gap_days, n),
        _Column("rhythm.busiest_day_share", _largest_share(timeline.account, day, n), acted),
    ]


def _gap_entropy_column(account: Ints, gap_days: Floats, n: int) -> _Column:
    """The entropy, in bits, of the gaps between acts, in bins that double from a minute up."""
    doubling = np.floor(np.log2(1.0 + gap_days * 24 * 60)).astype(np.int64)
    bins = _Tally.of(account, doubling)
    gaps = np.bincount(account, minlength=n).astype(np.float64)
    share = bins.count / gaps[bins.account]
    return _Column("rhythm.gap_entropy_bits", _sum_by(bins.account, -share * np.log2(share), n), gaps >= 2)


def _night_column(timeline: _Timeline, n: int) -> _Column:
    since_midnight = timeline.at - timeline.at.astype("datetime64[D]")
    # An export of bare dates puts every act at exactly midnight, which says nothing of the hour.
    timed = since_midnight > np.timedelta64(0, "us")
    at_night = (since_midnight < np.timedelta64(NIGHT_HOURS, "h")).astype(np.float64)
    return _mean_column("rhythm.night_share", timeline.account[timed], at_night[timed], n)


def _age_column(timeline: _Timeline, snapshot: Snapshot) -> _Column:
    first_at = np.full(snapshot.n_accounts, np.datetime64("NaT", "us"))
    first_rows = np.flatnonzero(np.diff(timeline.account, prepend=-1))
    first_at[timeline.account[first_rows]] = timeline.at[first_rows]
    age = first_at - snapshot.created_at
    known = ~np.isnat(age)
    days = np.maximum(_days(np.where(known, age, np.timedelta64(0, "us"))), 0.0)
    return _Column("account.log_age_at_first_act_days", np.log1p(days), known)


def _identifier_columns(snapshot: Snapshot, sharers: Ints | None) -> list[_Column]:
    n = snapshot.n_accounts
    account, identifier = find_distinct_pairs(
        snapshot.uses.account, snapshot.uses.identifier, n_second=snapshot.n_identifiers
    )
    users = np.bincount(identifier, minlength=snapshot.n_identifiers) if sharers is None else sharers
    log_sharers = np.log(users[identifier])
    kind = read_kind_codes(snapshot)[identifier]
    columns = []
    for code, name in enumerate((*COMMON_KINDS, OTHER_KIND)):
        of_kind = kind == code
        columns += _kind_columns(name, account[of_kind], log_sharers[of_kind], n)
    return columns


def _kind_columns(kind: str, account: Ints, log_sharers: Floats, n: int) -> list[_Column]:
    largest = np.zeros(n)
    np.maximum.at(largest, account, log_sharers)
    mean = _mean_column(f"{kind}.log_others_mean", account, log_sharers, n)
    return [
        _count_column(f"{kind}.log_count", account, n),
        mean,
        _Column(f"{kind}.log_others_max", largest, mean.known),
    ]


def read_kind_codes(snapshot: Snapshot) -> Ints:
    """The kind of every identifier (V,): a position in ``COMMON_KINDS``, or one past its end."""
    code = np.full(len(snapshot.identifier_kind), len(COMMON_KINDS), dtype=np.int64)
    for position, kind in enumerate(COMMON_KINDS):
        code[snapshot.identifier_kind == kind] = position
    return code


def _indicator_columns(columns: Iterable[_Column]) -> list[_Column]:
    known = {column.name: column.known for column in columns}
    return [
        _Column(name, known[source].astype(np.float64), np.ones_like(known[source]))
        for name, source in INDICATORS.items()
    ]


def _join_columns(columns: list[_Column], n: int) -> AccountFeatures:
    values = np.zeros((n, len(columns)), dtype=np.float32)
    known = np.zeros((n, len(columns)), dtype=bool)
    for position, column in enumerate(columns):
        values[:, position] = np.where(column.known, column.values, 0.0)
        known[:, position] = column.known
    return AccountFeatures(values=values, known=known, names=tuple(column.name for column in columns))


@dataclass(frozen=True)
class _Tally:
    """How often each (account, thing) pair occurs: ``account`` (U,), ``count`` (U,), sorted by account."""

    account: Ints
    count: Ints

    @classmethod
    def of(cls, account: Ints, thing: Ints) -> _Tally:
        low = int(thing.min()) if len(thing) else 0
        width = int(thing.max()) - low + 1 if len(thing) else 1
        pair, count = np.unique(account * np.int64(width) + (thing - low), return_counts=True)
        return cls(account=pair // width, count=count)


def _largest_share(account: Ints, thing: Ints, n: int) -> Floats:
    tally = _Tally.of(account, thing)
    largest = np.zeros(n)
    np.maximum.at(largest, tally.account, tally.count.astype(np.float64))
    return _divide(largest, np.bincount(account, minlength=n).astype(np.float64))


def _count_column(name: str, account: Ints, n: int) -> _Column:
    return _Column(name, np.log1p(np.bincount(account, minlength=n)), np.ones(n, dtype=bool))


def _mean_column(name: str, account: Ints, amounts: Floats, n: int) -> _Column:
    count = np.bincount(account, minlength=n).astype(np.float64)
    return _Column(name, _divide(_sum_by(account, amounts, n), count), count > 0)


def _spread_column(name: str, account: Ints, amounts: Floats, n: int) -> _Column:
    """The standard deviation, known from two amounts up."""
    count = np.bincount(account, minlength=n).astype(np.float64)
    mean = _divide(_sum_by(account, amounts, n), count)
    variance = _divide(_sum_by(account, (amounts - mean[account]) ** 2, n), count)
    return _Column(name, np.sqrt(variance), count >= 2)


def _sum_by(account: Ints, amounts: Floats, n: int) -> Floats:
    return np.bincount(account, weights=amounts, minlength=n).astype(np.float64)


def _divide(total: Floats, count: Floats) -> Floats:
    return total / np.where(count > 0, count, 1.0)


def _days(gap: NDArray[np.timedelta64]) -> Floats:
    return gap / np.timedelta64(1, "D")


def empty_snapshot() -> Snapshot:
    """A market of nobody, whose features have every name."""
    rows, times = np.zeros(0, dtype=np.int64), np.zeros(0, dtype="datetime64[us]")
    ids: Strings = np.zeros(0, dtype=object)
    return Snapshot(
        account_id=ids,
        created_at=times,
        identifier_kind=ids,
        identifier_value=ids,
        uses=Uses(rows, rows, times),
        product_id=ids,
        product_seller=rows,
        product_price=np.full(len(rows), np.nan),
        orders=Orders(rows, rows, rows, np.zeros(0), times, rows, ()),
        reviews=Reviews(ids, rows, rows, rows, np.zeros(0), times, ids),
        referral_account=rows,
        referral_by=rows,
        label_account=rows,
        label_is_fraud=np.zeros(0, dtype=bool),
        label_decided_at=times,
        account_status=rows,
        account_status_names=(),
    )
