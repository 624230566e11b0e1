"""The usual recipes, to measure Ringfence against: components, Leiden and FRAUDAR on the same links."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from detection.candidates.leiden import Network, find_communities
from detection.candidates.links import Links, link_pairs
from detection.channels.incidence import SharedThings
from detection.evidence.market import Market
from detection.search import link_market
from graph.components import find_components
from graph.model import Floats, Ints

SMALLEST, LARGEST = 3, 400
"""Smaller groups are couples and larger ones crowds; neither is listed."""
N_BLOCKS = 60
USUAL = ("device", "address")
"""What the usual recipe joins accounts by; cards too where there are no addresses."""


@dataclass(frozen=True)
class RankedGroups:
    """What a recipe lists.

    ``members`` rows of accounts, group by group, the best first, without couples and crowds;
    ``account_score`` (N,) that of each account's best group of any size, 0 for those in none.
    """

    name: str
    members: tuple[Ints, ...]
    account_score: Floats


def run_baselines(market: Market, *, seed: int = 0) -> Iterator[RankedGroups]:
    """Every recipe, one after the other.

    Parameters
    ----------
    market
        Its channels.  Components and Leiden run on shared devices and addresses, most shared things a
        member first, as is usual; and on the links of all channels that Ringfence itself walks on, most
        bits a member first.
    seed
        For Leiden.
    """
    n = market.n_accounts
    usual = choose_usual(market)
    where = ", ".join(channel.name for channel in usual) or "nothing shared"
    links = link_pairs(usual, (), n, market.policy)
    for name, label in (("WCC", find_linked(links, n)), ("Leiden", find_leiden(links, n, seed=seed))):
        yield rank_labels(f"{name}: {where}", label, weigh_shared(usual, label))
    links = link_market(market)
    for name, label in (("WCC", find_linked(links, n)), ("Leiden", find_leiden(links, n, seed=seed))):
        yield rank_labels(f"{name}: all links", label, weigh_links(links, label))
    blocks = load_fraudar()
    if blocks is not None:
        shared = replace(market, dealings={})
        yield rank_blocks(gather_matrix(shared), blocks, name="FRAUDAR: shared things")
        yield rank_blocks(gather_matrix(market), blocks, name="FRAUDAR: all links")


def choose_usual(market: Market) -> tuple[SharedThings, ...]:
    """The channels by which the usual recipe joins accounts."""
    wanted = USUAL if "address" in market.things else (*USUAL, "payment")
    return tuple(market.things[name] for name in wanted if name in market.things)


def find_linked(links: Links, n_accounts: int) -> Ints:
    """The weakly connected component of each account (N,)."""
    return find_components(np.column_stack([links.a, links.b]), n_accounts)


def find_leiden(links: Links, n_accounts: int, *, seed: int = 0) -> Ints:
    """The community of the greatest modularity of each account by the weighted links (N,); see `find_communities`."""
    label = np.arange(n_accounts)
    if len(links.a):
        linked, ends = np.unique(np.column_stack([links.a, links.b]), return_inverse=True)
        found = find_communities(Network(ends.reshape(-1, 2), links.bits), 1.0, seed=seed, quality="modularity")
        label[linked] = linked[np.unique(found, return_index=True)[1]][found]
    return label


def weigh_shared(things: tuple[SharedThings, ...], label: Ints) -> Floats:
    """Things that a member of each group shares with others, in the mean (G,)."""
    shared = np.zeros(len(label))
    for channel in things:
        np.add.at(shared, channel.account[channel.popularity[channel.thing] > 1], 1.0)
    return np.bincount(label, weights=shared) / np.maximum(np.bincount(label), 1)


def weigh_links(links: Links, label: Ints) -> Floats:
    """Bits of the links inside each group, per member (G,)."""
    inside, size = label[links.a] == label[links.b], np.bincount(label)
    return np.bincount(label[links.a[inside]], links.bits[inside], minlength=len(size)) / np.maximum(size, 1)


def rank_labels(name: str, label: Ints, density: Floats) -> RankedGroups:
    """The groups of a labelling (N,), the densest (G,) first."""
    size = np.bincount(label)
    wanted = np.flatnonzero((size >= SMALLEST) & (size <= LARGEST) & (density > 0))
    wanted = wanted[np.argsort(-density[wanted], kind="stable")]
    parts = np.split(np.argsort(label, kind="stable"), np.cumsum(size)[:-1])
    return RankedGroups(name, tuple(parts[group] for group in wanted.tolist()), density[label])


FindBlocks = Callable[..., Sequence[Any]]
"""From a matrix and ``n_blocks`` to blocks with ``rows``, ``columns`` and ``density``."""


def load_fraudar() -> FindBlocks | None:
    """The search for dense blocks, or None where this installation has none."""
    try:
        search: FindBlocks = importlib.import_module("detection.evaluation.fraudar").find_dense_blocks
    except ModuleNotFoundError:
        return None
    return search


def gather_matrix(market: Market) -> sparse.csr_array:
    """Accounts × everything that they can have in common: things, and partners in dealings."""
    rows, columns, begin, n_accounts = [], [], 0, market.n_accounts
    for channel in market.followed.values():
        rows.append(channel.account)
        columns.append(channel.thing + begin)
        begin += channel.n_things
    for dealings in market.dealings.values():
        rows += [dealings.pairs.low, dealings.pairs.high]
        columns += [dealings.pairs.high + begin, dealings.pairs.low + begin]
        begin += n_accounts
    if not rows:
        return sparse.csr_array((n_accounts, 1))
    row, column = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_array((np.ones(len(row)), (row, column)), shape=(n_accounts, begin))


def rank_blocks(matrix: sparse.csr_array, find_blocks: FindBlocks, *, name: str = "FRAUDAR") -> RankedGroups:
    """The accounts of each dense block (Hooi et al., FRAUDAR, KDD 2016), the densest first."""
    found = find_blocks(matrix, n_blocks=N_BLOCKS)
    blocks = [(np.asarray(each.rows, dtype=np.int64), float(each.density)) for each in found]
    blocks.sort(key=lambda block: (-block[1], block[0].tolist()))
    score = np.zeros(matrix.shape[0])
    for rows, density in blocks:
        score[rows] = np.maximum(score[rows], density)
    return RankedGroups(name, tuple(rows for rows, _ in blocks if SMALLEST <= len(rows) <= LARGEST), score)
