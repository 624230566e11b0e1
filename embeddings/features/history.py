"""More of what an account does, for a model that learns from labels: totals, extremes, bursts, the order of events.

These numbers stand beside those of :mod:`embeddings.features.accounts` and obey the same rules: behaviour only,
counts, amounts and days as ``log(1 + x)``, silent (and marked so in ``known``) where nothing is known.  They are a
table of their own because the encoder is fitted to the other one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from embeddings.features.accounts import (
    COMMON_KINDS,
    OTHER_KIND,
    AccountFeatures,
    Bools,
    find_distinct_pairs,
    read_kind_codes,
)
from graph.model import Floats, Ints, Snapshot, Times

MICROS_PER_DAY = 86_400_000_000
WEEK_DAYS = 7
RARE_SHARERS = 5
"""Of a thing that so many accounts share or fewer, each use tells something."""
LARGE_QUANTILE = 0.9
"""An order is large from this quantile of the market's amounts on."""
TREND_DAYS = 14
"""A target is busy where it is reviewed more often than usual within so many days."""
TIMING = (
    "reviews.log_place_min",
    "reviews.place_share_mean",
    "reviews.busy_days_mean",
    "reviews.busy_days_max",
    "reviews.log_days_since_first_min",
)


@dataclass
class _Columns:
    """Columns (n,) as they are made: NaN where silent."""

    n: int
    values: dict[str, Floats] = field(default_factory=dict)

    def count(self, name: str, account: Ints) -> None:
        self.values[name] = np.log1p(np.bincount(account, minlength=self.n))

    def mean(self, name: str, account: Ints, amounts: Floats) -> None:
        self.values[name] = average_by(account, amounts, self.n)

    def largest(self, name: str, account: Ints, amounts: Floats) -> None:
        self.values[name] = largest_by(account, amounts, self.n)

    def smallest(self, name: str, account: Ints, amounts: Floats) -> None:
        self.values[name] = -largest_by(account, -amounts, self.n)


def account_history(snapshot: Snapshot, *, large_from: Mapping[str, float] | None = None) -> AccountFeatures:
    """Describe the history of every account.

    Parameters
    ----------
    snapshot
        The graph as arrays.  Labels are not read.
    large_from
        From what on an amount is large, where the snapshot is a piece of a market: see :func:`measure_large_amounts`.

    Notes
    -----
    O(E log E) for E orders, reviews and uses.
    """
    columns = _Columns(snapshot.n_accounts)
    large_from = large_from or measure_large_amounts(snapshot)
    for topic, account, partner in (
        ("bought", snapshot.orders.buyer, snapshot.orders.seller),
        ("sold", snapshot.orders.seller, snapshot.orders.buyer),
    ):
        _add_amounts(columns, topic, account, snapshot, large_from[topic])
        _add_partners(columns, topic, account, partner)
        _add_busiest_day(columns, topic, account, snapshot.orders.ordered_at)
    _add_flow(columns)
    first_act_day = _find_first_acts(snapshot)
    kinds = read_kind_codes(snapshot)[snapshot.uses.identifier]
    for code, kind in enumerate((*COMMON_KINDS, OTHER_KIND)):
        _add_uses(columns, kind, kinds == code, snapshot, first_act_day)
    _add_reviews(columns, snapshot)
    return _close(columns)


def measure_large_amounts(snapshot: Snapshot) -> dict[str, float]:
    """From what on an amount is large in a market, by topic."""
    orders, amounts = snapshot.orders, {}
    for topic, account in (("bought", orders.buyer), ("sold", orders.seller)):
        much = np.maximum(orders.amount[(account >= 0) & np.isfinite(orders.amount)], 0.0)
        amounts[topic] = float(np.quantile(much, LARGE_QUANTILE)) if len(much) else 0.0
    return amounts


def _close(columns: _Columns) -> AccountFeatures:
    values = np.array([*columns.values.values()], dtype=np.float32).reshape(len(columns.values), columns.n).T
    known: Bools = np.isfinite(values)
    return AccountFeatures(values=np.where(known, values, np.float32(0)), known=known, names=tuple(columns.values))


def _add_amounts(columns: _Columns, topic: str, account: Ints, snapshot: Snapshot, large_from: float) -> None:
    amount, at = snapshot.orders.amount, snapshot.orders.ordered_at
    priced = (account >= 0) & np.isfinite(amount)
    who, much = account[priced], np.maximum(amount[priced], 0.0)
    total = np.bincount(who, weights=much, minlength=columns.n)
    columns.values[f"{topic}.log_amount_total"] = np.log1p(total)
    columns.largest(f"{topic}.log_amount_max", who, np.log1p(much))
    columns.smallest(f"{topic}.log_amount_min", who, np.log1p(much))
    columns.mean(f"{topic}.large_share", who, (much >= large_from).astype(float))
    columns.mean(f"{topic}.round_share", who, (np.mod(much, 10.0) == 0).astype(float))
    first = priced & ~np.isnat(at)
    order = np.lexsort((amount[first], at[first], account[first]))  # ties must not go by anybody's id
    who, much = account[first][order], np.log1p(np.maximum(amount[first][order], 0.0))
    begins = np.flatnonzero(np.diff(who, prepend=-1))
    columns.mean(f"{topic}.log_first_amount", who[begins], much[begins])
    same = np.flatnonzero((np.diff(who) == 0) & (np.diff(much) == 0)) + 1
    follows = np.bincount(who, minlength=columns.n) - 1
    columns.values[f"{topic}.repeated_share"] = _divide(np.bincount(who[same], minlength=columns.n), follows)


def _add_partners(columns: _Columns, topic: str, account: Ints, partner: Ints) -> None:
    known = (account >= 0) & (partner >= 0)
    pair, times = np.unique(np.stack([account[known], partner[known]]), axis=1, return_counts=True)
    dealt = np.bincount(account[known], minlength=columns.n)
    most = largest_by(pair[0], times.astype(float), columns.n)
    columns.values[f"{topic}.closest_partner_share"] = _divide(most, dealt)
    popularity = np.log1p(np.bincount(pair[1], minlength=columns.n))
    columns.mean(f"{topic}.log_partners_partners_mean", pair[0], popularity[pair[1]])
    columns.largest(f"{topic}.log_partners_partners_max", pair[0], popularity[pair[1]])


def _add_busiest_day(columns: _Columns, topic: str, account: Ints, at: Times) -> None:
    dated = (account >= 0) & ~np.isnat(at)
    who, day = account[dated], _days_since_1970(at[dated])
    columns.values[f"{topic}.log_busiest_day"] = np.log1p(_busiest(who, np.floor(day), columns.n))
    order = np.lexsort((day, who))
    follows = np.flatnonzero(np.diff(who[order]) == 0) + 1
    gap = day[order][follows] - day[order][follows - 1]
    columns.smallest(f"{topic}.log_shortest_gap_days", who[order][follows], np.log1p(gap))
    columns.largest(f"{topic}.log_longest_gap_days", who[order][follows], np.log1p(gap))


def _add_flow(columns: _Columns) -> None:
    spent, earned = (np.expm1(columns.values[f"{topic}.log_amount_total"]) for topic in ("bought", "sold"))
    columns.values["trade.spent_share"] = _divide(spent, spent + earned)


def _find_first_acts(snapshot: Snapshot) -> Floats:
    """The day of each account's first order or review (N,), NaN where there is none."""
    account = np.concatenate([snapshot.orders.buyer, snapshot.orders.seller, snapshot.reviews.author])
    orders = snapshot.orders.ordered_at
    at = np.concatenate([orders, orders, snapshot.reviews.reviewed_at])
    dated = (account >= 0) & ~np.isnat(at)
    return -largest_by(account[dated], -_days_since_1970(at[dated]), snapshot.n_accounts)


def _add_uses(columns: _Columns, kind: str, of_kind: Bools, snapshot: Snapshot, first_act_day: Floats) -> None:
    """How identifiers of one kind come in, and what each is shared with."""
    n, uses = columns.n, snapshot.uses
    account, thing = find_distinct_pairs(
        uses.account[of_kind], uses.identifier[of_kind], n_second=snapshot.n_identifiers
    )
    sharers = np.bincount(thing, minlength=snapshot.n_identifiers)[thing]
    columns.count(f"{kind}.log_shared", account[sharers > 1])
    columns.count(f"{kind}.log_rarely_shared", account[(sharers > 1) & (sharers <= RARE_SHARERS)])
    columns.mean(f"{kind}.shared_share", account, (sharers > 1).astype(float))
    dated = of_kind & ~np.isnat(uses.seen_at)
    account, thing, day = uses.account[dated], uses.identifier[dated], _days_since_1970(uses.seen_at[dated])
    order = np.lexsort((day, thing, account))
    account, thing, day = account[order], thing[order], day[order]
    begins = np.flatnonzero((np.diff(account, prepend=-1) != 0) | (np.diff(thing, prepend=-1) != 0))
    account, thing, day = account[begins], thing[begins], day[begins]
    columns.values[f"{kind}.log_new_in_week"] = np.log1p(_busiest(account, day // WEEK_DAYS, n))
    first, last = -largest_by(account, -day, n), largest_by(account, day, n)
    columns.values[f"{kind}.log_span_days"] = np.log1p(last - first)
    columns.values[f"{kind}.days_from_first_act"] = _signed_log(first_act_day - first)
    columns.mean(f"{kind}.after_first_act_share", account, (day > first_act_day[account]).astype(float))
    _add_precedence(columns, kind, account, thing, day)


def _add_precedence(columns: _Columns, kind: str, account: Ints, thing: Ints, day: Floats) -> None:
    """Who had a shared thing first, and how soon the next one came."""
    order = np.lexsort((account, day, thing))
    account, thing, day = account[order], thing[order], day[order]
    late = np.flatnonzero(np.diff(thing) == 0) + 1
    gap = np.log1p(day[late] - day[late - 1])
    columns.smallest(f"{kind}.log_days_to_other", np.concatenate([account[late], account[late - 1]]), np.tile(gap, 2))
    began = -largest_by(thing, -day, int(thing.max(initial=-1)) + 1)
    columns.count(f"{kind}.log_taken_over", account[day > began[thing]])


def _add_reviews(columns: _Columns, snapshot: Snapshot) -> None:
    reviews = snapshot.reviews
    target = find_review_targets(snapshot)
    rated = (target >= 0) & np.isfinite(reviews.rating)
    author, rating = reviews.author[rated], reviews.rating[rated]
    _, code = np.unique(target[rated], return_inverse=True)
    count = np.bincount(code)
    total = np.bincount(code, weights=rating)
    others = _divide(total[code] - rating, count[code] - 1)
    judged = np.isfinite(others)
    columns.mean("reviews.rating_off_mean", author[judged], (rating - others)[judged])
    columns.largest("reviews.rating_off_max", author[judged], np.abs(rating - others)[judged])
    columns.mean("reviews.target_rating_mean", author[judged], others[judged])
    columns.mean("reviews.five_share", author, (rating >= 5).astype(float))
    columns.mean("reviews.one_share", author, (rating <= 1).astype(float))
    columns.mean("reviews.log_target_reviews_mean", author, np.log1p(count[code]))
    spread = np.sqrt(average_by(code, (rating - (total / count)[code]) ** 2, len(count)))
    columns.mean("reviews.target_rating_spread", author, spread[code])
    _add_review_times(columns, target, snapshot)


def _add_review_times(columns: _Columns, target: Ints, snapshot: Snapshot) -> None:
    reviews = snapshot.reviews
    dated = (target >= 0) & ~np.isnat(reviews.reviewed_at)
    _, code = np.unique(target[dated], return_inverse=True)
    author, day = reviews.author[dated], np.floor(_days_since_1970(reviews.reviewed_at[dated]))
    columns.values["reviews.log_busiest_day"] = np.log1p(_busiest(author, day, columns.n))
    if len(day):
        _add_timing(columns, author, code, day)
    else:
        columns.values.update(dict.fromkeys(TIMING, np.full(columns.n, np.nan)))


def _add_timing(columns: _Columns, author: Ints, code: Ints, day: Floats) -> None:
    """When reviews come in the life of what they judge: how early, and how crowded the days around were."""
    order = np.lexsort((day, code))
    author, code, day = author[order], code[order], day[order]
    begin, count = np.flatnonzero(np.diff(code, prepend=-1)), np.bincount(code)
    life_days = day[begin + count - 1] - day[begin]
    # Targets are laid one after the other, further apart than any window, so that one sorted search serves all.
    line = code * (np.ptp(day) + 4 * TREND_DAYS) + day - day.min()
    place = np.searchsorted(line, line) - begin[code]
    near = np.searchsorted(line, line + TREND_DAYS, side="right") - np.searchsorted(line, line - TREND_DAYS)
    usual = count * (2 * TREND_DAYS + 1) / np.maximum(life_days + 2 * TREND_DAYS, 1.0)
    busy = np.log((near + 1.0) / (usual[code] + 1.0))
    columns.smallest(TIMING[0], author, np.log1p(place))
    columns.mean(TIMING[1], author, (place + 0.5) / count[code])
    columns.mean(TIMING[2], author, busy)
    columns.largest(TIMING[3], author, busy)
    columns.smallest(TIMING[4], author, np.log1p(day - day[begin][code]))


def find_review_targets(snapshot: Snapshot) -> Ints:
    """What each review judges (R,): a product, or a seller counted from the last product on; -1 where unknown."""
    product, seller = snapshot.reviews.product, snapshot.reviews.seller
    return np.where(product >= 0, product, np.where(seller >= 0, snapshot.n_products + seller, -1))


def _busiest(account: Ints, bins: Floats, n: int) -> Floats:
    """How much the fullest bin of each account holds (n,); NaN without any."""
    pair, count = np.unique(np.stack([account, bins.astype(np.int64)]), axis=1, return_counts=True)
    return largest_by(pair[0], count.astype(float), n)


def average_by(row: Ints, amounts: Floats, n: int) -> Floats:
    """The mean of amounts (E,) by row (n,); NaN without any."""
    return _divide(np.bincount(row, weights=amounts, minlength=n), np.bincount(row, minlength=n))


def largest_by(row: Ints, amounts: Floats, n: int) -> Floats:
    """The largest of amounts (E,) by row (n,); NaN without any."""
    largest = np.full(n, -np.inf)
    np.maximum.at(largest, row, amounts)
    return np.where(np.isfinite(largest), largest, np.nan)


def _divide(total: Floats | Ints, count: Floats | Ints) -> Floats:
    """A ratio, NaN where there is nothing to divide by."""
    share: Floats = np.where(count > 0, total / np.where(count > 0, count, 1.0), np.nan)
    return share


def _signed_log(days: Floats) -> Floats:
    signed: Floats = np.sign(days) * np.log1p(np.abs(days))
    return signed


def _days_since_1970(at: Times) -> Floats:
    days: Floats = at.astype("datetime64[us]").astype(np.int64) / MICROS_PER_DAY
    return days
