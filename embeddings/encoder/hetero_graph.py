"""The market as the encoder sees it: nodes of three types, typed links, and when and how much on each link.

Arrays only; no torch.  A link is a distinct pair, whatever happened between the two summed up in its *traits*: how
often, how much or how good, how late in the life of either end, and when.  All times are taken from the market's own
last moments, so that a look at the past sees what it would have seen then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embeddings.features.accounts import COMMON_KINDS, find_distinct_pairs, read_kind_codes
from graph.model import Floats, Ints, Snapshot, Times

ACCOUNT, IDENTIFIER, PRODUCT = "account", "identifier", "product"
N_KIND_COLUMNS = len(COMMON_KINDS) + 1
INPUT_WIDTHS = {IDENTIFIER: N_KIND_COLUMNS + 1, PRODUCT: 3}
EdgeType = tuple[str, str, str]
"""(type of the sender, name, type of the receiver) of messages."""
FORWARD: tuple[EdgeType, ...] = (
    (ACCOUNT, "uses", IDENTIFIER),
    (ACCOUNT, "ordered_from", ACCOUNT),
    (ACCOUNT, "ordered", PRODUCT),
    (ACCOUNT, "reviewed", PRODUCT),
    (ACCOUNT, "reviewed_seller", ACCOUNT),
    (ACCOUNT, "lists", PRODUCT),
    (ACCOUNT, "came_by", ACCOUNT),
)
EDGE_TYPES: tuple[EdgeType, ...] = FORWARD + tuple((to, f"{name}_back", of) for of, name, to in FORWARD)
PERIODS_DAYS = (4, 32, 256)
"""Of the waves that tell the first time of a link: as fine and as coarse as campaigns are."""
WEIGHT_TRAITS = ("often", "weight", "weight_known")
AGE_TRAITS = ("dated", "span", "receiver_age", "sender_age")
CALENDAR_TRAITS = ("ago", *(f"{wave}_{days}" for days in PERIODS_DAYS for wave in ("cos", "sin")))
TRAITS = (*WEIGHT_TRAITS, *AGE_TRAITS, *CALENDAR_TRAITS)
LATEST = 0.999
"""The market's last moment is this quantile of its times: one date far in the future must not make all others old."""
_LOG_UNIT = 4.0
"""Logarithms of days, amounts and counts are divided by this, to lie about as far from nought as the waves do."""
_MICROS_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class Incoming:
    """Who sends to whom in one relation, by receiver, the earliest link first.

    ``start`` (n + 1,), ``sender`` (E,), ``traits`` (E, T) float16; ``earliest`` (n,) day of each receiver's first link,
    infinite where none is dated.
    """

    start: Ints
    sender: Ints
    traits: NDArray[np.float16]
    earliest: Floats


@dataclass(frozen=True)
class MarketGraph:
    """Inputs (n, f) float32 per node type and incoming links per relation."""

    inputs: dict[str, NDArray[np.float32]]
    links: dict[EdgeType, Incoming]


@dataclass(frozen=True)
class EdgeBatch:
    """Links of one relation among some nodes: ``pairs`` (2, E) of positions, ``traits`` (E, T)."""

    pairs: Ints
    traits: NDArray[np.float16]


@dataclass(frozen=True)
class SampledBlock:
    """A piece of the market: ``rows`` (n,) sorted per node type, and the links among them."""

    rows: dict[str, Ints]
    edges: dict[EdgeType, EdgeBatch]


@dataclass(frozen=True)
class Interactions:
    """Facts of one relation: ``sender``, ``receiver`` (R,) rows or -1, ``at`` (R,), ``weight`` (R,) NaN if unknown."""

    sender: Ints
    receiver: Ints
    at: Times
    weight: Floats


def read_market_graph(
    snapshot: Snapshot,
    accounts: NDArray[np.float32],
    *,
    now: float | None = None,
    earliest: Mapping[EdgeType, Floats] | None = None,
) -> MarketGraph:
    """Put a snapshot into arrays that messages can run along, O(E log E).

    Parameters
    ----------
    snapshot
        The market.
    accounts
        (N, F) inputs of its accounts.
    now
        The market's last moment in days; found in the snapshot otherwise.
    earliest
        By relation, the day (n,) by which each receiver is known to have had its first link, for a snapshot that is
        but a piece of the market.
    """
    inputs = {ACCOUNT: accounts, IDENTIFIER: describe_identifiers(snapshot), PRODUCT: describe_products(snapshot)}
    now, earliest = find_last_moment(snapshot) if now is None else now, earliest or {}
    links: dict[EdgeType, Incoming] = {}
    for (of, name, to), facts in read_interactions(snapshot).items():
        way, way_back = (of, name, to), (to, f"{name}_back", of)
        known = [earliest.get(each, np.full(len(inputs[each[2]]), np.inf)) for each in (way, way_back)]
        links[way], links[way_back] = index_links(facts, *known, now=now)
    return MarketGraph(inputs=inputs, links={relation: links[relation] for relation in EDGE_TYPES})


def read_interactions(snapshot: Snapshot) -> dict[EdgeType, Interactions]:
    """The facts of each relation, from the account's side."""
    orders, reviews, uses = snapshot.orders, snapshot.reviews, snapshot.uses
    of_seller = np.where(reviews.product < 0, reviews.seller, -1)
    amount = np.log1p(np.maximum(orders.amount, 0.0)) / _LOG_UNIT
    rating = (reviews.rating - 3.0) / 2.0
    facts = (
        _undated(uses.account, uses.identifier, at=uses.seen_at),
        Interactions(orders.buyer, orders.seller, orders.ordered_at, amount),
        Interactions(orders.buyer, orders.product, orders.ordered_at, amount),
        Interactions(reviews.author, reviews.product, reviews.reviewed_at, rating),
        Interactions(reviews.author, of_seller, reviews.reviewed_at, rating),
        _undated(snapshot.product_seller, np.arange(snapshot.n_products)),
        _undated(snapshot.referral_account, snapshot.referral_by),
    )
    return dict(zip(FORWARD, facts, strict=True))


def _undated(sender: Ints, receiver: Ints, *, at: Times | None = None) -> Interactions:
    nowhen = np.full(len(sender), "NaT", dtype="datetime64[us]")
    return Interactions(sender, receiver, nowhen if at is None else at, np.full(len(sender), np.nan))


def find_last_moment(snapshot: Snapshot) -> float:
    """The day, counted from 1970, up to which (nearly) all that is known had happened; 0 if nothing is dated."""
    times = [snapshot.orders.ordered_at, snapshot.reviews.reviewed_at, snapshot.uses.seen_at]
    every = np.concatenate([at[~np.isnat(at)].astype("datetime64[us]").astype(np.int64) for at in times])
    if not len(every):
        return 0.0
    place = int(LATEST * (len(every) - 1))
    return float(np.partition(every, place)[place] / _MICROS_PER_DAY)


def index_links(
    facts: Interactions, by_receiver: Floats, by_sender: Floats, *, now: float
) -> tuple[Incoming, Incoming]:
    """Sum facts up to links, found by receiver, and the same the other way round.

    ``by_receiver`` and ``by_sender`` (n,) are the days by which the nodes are known to have had a first link.
    """
    n_senders = max(len(by_sender), 1)
    known = np.flatnonzero((facts.sender >= 0) & (facts.receiver >= 0))
    day = np.where(np.isnat(facts.at), np.nan, facts.at.astype("datetime64[us]").astype(np.int64) / _MICROS_PER_DAY)
    key = facts.receiver[known] * np.int64(n_senders) + facts.sender[known]
    order = np.argsort(key, kind="stable")
    rows, key = known[order], key[order]
    begin = np.flatnonzero(np.diff(key, prepend=-1))
    receiver, sender = np.divmod(key[begin], n_senders)
    first, last = _find_first_and_last(day[rows], begin)
    shared = _sum_up(facts.weight[rows], begin, first, last, now)
    to, of = _find_ages(first, receiver, by_receiver), _find_ages(first, sender, by_sender)
    there = _sort_links(sender, receiver, first, _join_traits(shared, to.days, of.days), to.earliest)
    back = _sort_links(receiver, sender, first, _join_traits(shared, of.days, to.days), of.earliest)
    return there, back


def _find_first_and_last(day: Floats, begin: Ints) -> tuple[Floats, Floats]:
    """The first and last day of each link; NaN where no day is known."""
    if not len(begin):
        return np.zeros(0), np.zeros(0)
    first = np.fmin.reduceat(day, begin)
    return first, np.fmax.reduceat(day, begin)


def _sum_up(weight: Floats, begin: Ints, first: Floats, last: Floats, now: float) -> dict[str, Floats]:
    """The traits of links that both ends see alike."""
    if not len(begin):
        return {name: np.zeros(0) for name in TRAITS}
    count = np.diff(begin, append=len(weight))
    has_weight = np.isfinite(weight)
    n_weights = np.add.reduceat(has_weight.astype(np.float64), begin)
    dated = ~np.isnan(first)
    ago = np.where(dated, np.maximum(now - np.nan_to_num(first), 0.0), 0.0)
    traits = {
        "often": np.log(count) / _LOG_UNIT,
        "weight": np.add.reduceat(np.where(has_weight, weight, 0.0), begin) / np.maximum(n_weights, 1.0),
        "weight_known": (n_weights > 0).astype(np.float64),
        "dated": dated.astype(np.float64),
        "ago": np.log1p(np.where(dated, np.maximum(now - np.nan_to_num(last), 0.0), 0.0)) / _LOG_UNIT,
        "span": np.log1p(np.nan_to_num(last - first)) / _LOG_UNIT,
    }
    for days in PERIODS_DAYS:
        turn = 2.0 * np.pi * ago / days
        traits[f"cos_{days}"], traits[f"sin_{days}"] = np.cos(turn) * dated, np.sin(turn) * dated
    return traits


@dataclass(frozen=True)
class _Ages:
    """``earliest`` (n,) day of each node; ``days`` (E,), scaled, from there to the beginning of each link."""

    earliest: Floats
    days: Floats


def _find_ages(first: Floats, node: Ints, known: Floats) -> _Ages:
    earliest, dated = known.copy(), ~np.isnan(first)
    np.minimum.at(earliest, node[dated], first[dated])
    since = np.where(dated, np.nan_to_num(first) - np.where(dated, earliest[node], 0.0), 0.0)
    return _Ages(earliest, np.log1p(since) / _LOG_UNIT)


def _join_traits(shared: Mapping[str, Floats], receiver_age: Floats, sender_age: Floats) -> NDArray[np.float16]:
    columns = {**shared, "receiver_age": receiver_age, "sender_age": sender_age}
    traits = np.empty((len(receiver_age), len(TRAITS)), dtype=np.float16)
    for place, name in enumerate(TRAITS):
        # Half precision: traits are most of the memory, and differences of a thousandth mean nothing in them.
        traits[:, place] = np.clip(columns[name], -10.0, 10.0)
    return traits


def _sort_links(sender: Ints, receiver: Ints, first: Floats, traits: NDArray[np.float16], earliest: Floats) -> Incoming:
    order = np.lexsort((sender, first, receiver))
    start = np.concatenate([[0], np.cumsum(np.bincount(receiver, minlength=len(earliest)))])
    return Incoming(start=start, sender=sender[order], traits=traits[order], earliest=earliest)


def describe_identifiers(snapshot: Snapshot) -> NDArray[np.float32]:
    """Kind, one-hot, and log number of accounts (V, K + 1)."""
    _, identifier = find_distinct_pairs(
        snapshot.uses.account, snapshot.uses.identifier, n_second=snapshot.n_identifiers
    )
    kind = np.eye(N_KIND_COLUMNS)[read_kind_codes(snapshot)]
    return np.column_stack([kind, _log_counts(identifier, snapshot.n_identifiers)]).astype(np.float32)


def describe_products(snapshot: Snapshot) -> NDArray[np.float32]:
    """Log numbers of orders and of reviews, and whether the seller is known (P, 3)."""
    n = snapshot.n_products
    columns = [_log_counts(table.product, n) for table in (snapshot.orders, snapshot.reviews)]
    return np.column_stack([*columns, snapshot.product_seller >= 0]).astype(np.float32)


def _log_counts(rows: Ints, n: int) -> Floats:
    return np.log1p(np.bincount(rows[rows >= 0], minlength=n))


def sample_block(
    market: MarketGraph,
    seeds: Mapping[str, Ints],
    fan_out: Iterable[int],
    hide_share: float,
    rng: np.random.Generator,
) -> SampledBlock:
    """Sample rounds of neighbours around sorted, distinct nodes, a share of the links hidden.

    Up to ``fan_out`` links per node and relation in each round: the block's size does not depend on the market's.
    """
    rows = {kind: seeds.get(kind, np.zeros(0, dtype=np.int64)) for kind in market.inputs}
    fresh = dict(rows)
    drawn: dict[EdgeType, list[Ints]] = {relation: [] for relation in market.links}
    for n_links in fan_out:
        found: dict[str, list[Ints]] = {kind: [] for kind in rows}
        for relation, links in market.links.items():
            picked = _sample_links(links, fresh[relation[2]], n_links, rng)
            picked = picked[:, rng.random(picked.shape[1]) >= hide_share]
            drawn[relation].append(picked)
            found[relation[0]].append(links.sender[picked[0]])
        fresh = {kind: np.setdiff1d(_join(parts), rows[kind]) for kind, parts in found.items()}
        rows = {kind: np.union1d(rows[kind], fresh[kind]) for kind in rows}
    joined = {relation: np.concatenate(parts, axis=1) for relation, parts in drawn.items()}
    return SampledBlock(
        rows,
        {relation: _cut_sampled(market, relation, rows, links) for relation, links in joined.items() if links.size},
    )


def _join(parts: list[Ints]) -> Ints:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def _sample_links(links: Incoming, receivers: Ints, n_links: int, rng: np.random.Generator) -> Ints:
    """Places of links and their receivers (2, E): all of up to ``n_links`` links of each, else as many drawn."""
    degree = links.start[receivers + 1] - links.start[receivers]
    slot = np.broadcast_to(np.arange(n_links), (len(receivers), n_links))
    # With replacement: to draw each once would take a shuffle of every hub.
    drawn = (rng.random(slot.shape) * degree[:, None]).astype(np.int64)
    offset = np.where(degree[:, None] <= n_links, slot, drawn)
    exists = slot < degree[:, None]
    place = (links.start[receivers][:, None] + offset)[exists]
    return np.stack([place, np.broadcast_to(receivers[:, None], slot.shape)[exists]])


def _cut_sampled(market: MarketGraph, relation: EdgeType, rows: Mapping[str, Ints], picked: Ints) -> EdgeBatch:
    links, (sender, _, receiver) = market.links[relation], relation
    place, heard_by = picked
    ends = np.searchsorted(rows[sender], links.sender[place]), np.searchsorted(rows[receiver], heard_by)
    return EdgeBatch(np.stack(ends), links.traits[place])


def cut_edge_batches(links: Mapping[EdgeType, Incoming], low: int, high: int) -> dict[EdgeType, EdgeBatch]:
    """All links into the receivers from ``low`` to ``high``, which are numbered from 0."""
    cut = {}
    for relation, incoming in links.items():
        start = incoming.start[low : high + 1]
        receiver = np.repeat(np.arange(high - low), np.diff(start))
        if len(receiver):
            inside = slice(start[0], start[-1])
            cut[relation] = EdgeBatch(np.stack([incoming.sender[inside], receiver]), incoming.traits[inside])
    return cut
