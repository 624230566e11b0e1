"""Learned account risk and the recipes beside it: what each says of all accounts after learning from some.

Truth reaches a method only as the labels of the accounts that it may learn from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from scipy import sparse

from detection.decisions import Known
from detection.risk.linear import apply_linear, fit_linear
from detection.risk.model import RiskModel, find_telling, fit_risk, score_risk
from detection.risk.settings import RiskSettings
from detection.risk.trees import apply_trees, fit_trees
from embeddings.features.accounts import feature_names
from embeddings.features.relations import find_relations
from embeddings.features.table import NEIGHBOURS, FeatureTable, TableBlock, average_over, pick_columns
from graph.model import Floats, Snapshot

SETTINGS = RiskSettings()
SAGE_EPOCHS, SAGE_WIDTH, SAGE_CROWD = 100, 32, 20
ROUNDS, BACK = 10, 0.85
METHODS = (
    "Ringfence",
    "unsupervised score",
    "logistic regression on an account's degrees",
    "boosted trees on own features",
    "boosted trees on neighbour aggregates",
    "label propagation",
    "GraphSAGE",
)
ABLATIONS = (
    "Ringfence without the unsupervised score",
    "logistic regression on neighbour aggregates",
    "Ringfence with neighbours' labels",
)


@dataclass(frozen=True)
class Market:
    """A market, its truth (N,), its table without labels, and the unsupervised account score."""

    snapshot: Snapshot
    is_bad: np.ndarray
    table: FeatureTable
    ring_score: Floats

    @cached_property
    def standard(self) -> np.ndarray:
        return standardise_own(self.table)

    @cached_property
    def mean(self) -> sparse.csr_array:
        return average_neighbours(self.snapshot)


def score_methods(market: Market, seen: np.ndarray, wanted: Sequence[str]) -> Iterator[tuple[str, Floats]]:
    """What each method says of all accounts after learning from some."""
    y = market.is_bad[seen]
    known = Known(seen, y)

    @cache
    def fit() -> RiskModel:
        return fit_risk(market.table, market.ring_score, known, SETTINGS).model

    @cache
    def pick() -> np.ndarray:
        return pick_columns(market.table, find_telling(market.table, seen))

    scored: dict[str, Callable[[], Floats]] = {
        "Ringfence": lambda: score_risk(fit(), pick(), market.ring_score),
        "unsupervised score": lambda: market.ring_score,
        "logistic regression on an account's degrees": lambda: score_degrees(market, seen),
        "boosted trees on own features": lambda: score_own(market, seen),
        "boosted trees on neighbour aggregates": lambda: apply_trees(fit_trees(pick()[seen], y, SETTINGS), pick()),
        "label propagation": lambda: spread_labels(market, seen),
        "GraphSAGE": lambda: score_sage(market, seen),
        ABLATIONS[0]: lambda: score_without_rings(market, seen),
        ABLATIONS[1]: lambda: apply_linear(fit().linear, pick()),
        ABLATIONS[2]: lambda: score_with_labels(market, seen),
    }
    for name in wanted:
        yield name, scored[name]()


def score_degrees(market: Market, seen: np.ndarray) -> Floats:
    counts = (".log_count", ".log_partners", ".log_others_mean", ".log_made")
    degrees = [
        name for name in market.table.names if name.endswith(NEIGHBOURS) or (": " not in name and name.endswith(counts))
    ]
    x = pick_columns(market.table, degrees)
    return apply_linear(fit_linear(x[seen], market.is_bad[seen], 0.1), x)


def score_own(market: Market, seen: np.ndarray) -> Floats:
    x = pick_columns(market.table, [name for name in feature_names() if name in market.table.names])
    return apply_trees(fit_trees(x[seen], market.is_bad[seen], SETTINGS), x)


def score_without_rings(market: Market, seen: np.ndarray) -> Floats:
    nothing = np.full(market.snapshot.n_accounts, 0.5)
    model = fit_risk(market.table, nothing, Known(seen, market.is_bad[seen]), SETTINGS).model
    return score_risk(model, pick_columns(market.table, model.names), nothing)


def score_with_labels(market: Market, seen: np.ndarray) -> Floats:
    """The same learners, told of the neighbours' labels too, never of an account's own."""
    told = np.full((market.snapshot.n_accounts, 1), np.nan, dtype=np.float32)
    told[seen, 0] = market.is_bad[seen]
    relations = [relation for relation in find_relations(market.snapshot) if relation.member.nnz]
    near = np.concatenate([average_over(relation, told) for relation in relations], axis=1)
    names = tuple(f"{relation.name}: label" for relation in relations)
    block = TableBlock(names, np.arange(market.snapshot.n_accounts), near)
    wide = FeatureTable(market.snapshot.n_accounts, (*market.table.blocks, block))
    model = fit_risk(wide, market.ring_score, Known(seen, market.is_bad[seen]), SETTINGS).model
    return score_risk(model, pick_columns(wide, model.names), market.ring_score)


def spread_labels(market: Market, seen: np.ndarray) -> Floats:
    """Label propagation (Zhou et al., NIPS 2003) over all relations alike; known labels stay."""
    base = float(market.is_bad[seen].mean())
    told = np.full((market.snapshot.n_accounts, 1), base, dtype=np.float32)
    relations = [relation for relation in find_relations(market.snapshot) if relation.member.nnz]
    for _ in range(ROUNDS):
        told[seen, 0] = market.is_bad[seen]
        heard = np.stack([average_over(relation, told)[:, 0] for relation in relations])
        known = np.isfinite(heard)
        mean = np.where(known, heard, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        told = np.where(known.any(axis=0), BACK * mean + (1 - BACK) * base, base)[:, None].astype(np.float32)
    return told[:, 0].astype(np.float64)


def score_sage(market: Market, seen: np.ndarray) -> Floats:
    """Two GraphSAGE layers (Hamilton et al., NIPS 2017; the mean aggregator), trained on all of the graph at once.

    The first layer averages what never changes, and does so once; the second multiplies before it averages, which comes
    to the same: so an epoch takes a hundredth of a second.
    """
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(1)
    own, mean = market.standard, market.mean
    x, around = torch.from_numpy(own), torch.from_numpy(mean @ own)
    average = torch.sparse_csr_tensor(*map(torch.from_numpy, (mean.indptr, mean.indices, mean.data)), size=mean.shape)
    near, self = torch.nn.Linear(x.shape[1], SAGE_WIDTH), torch.nn.Linear(x.shape[1], SAGE_WIDTH, bias=False)
    near_out, self_out = torch.nn.Linear(SAGE_WIDTH, 1), torch.nn.Linear(SAGE_WIDTH, 1, bias=False)
    weights = [each for layer in (near, self, near_out, self_out) for each in layer.parameters()]
    optimiser = torch.optim.Adam(weights, lr=0.01, weight_decay=5e-4)

    def guess(dropout: float) -> torch.Tensor:
        state = torch.nn.functional.dropout(torch.relu(near(around) + self(x)), dropout)
        return (average @ (state @ near_out.weight.T) + near_out.bias + self_out(state))[:, 0]

    y = torch.tensor(market.is_bad[seen], dtype=torch.float32)
    weight = torch.sqrt((1 - y.mean()) / y.mean())
    rows = torch.from_numpy(seen)
    for _ in range(SAGE_EPOCHS):
        optimiser.zero_grad()
        odds = guess(0.3)[rows]
        torch.nn.functional.binary_cross_entropy_with_logits(odds, y, pos_weight=weight).backward()
        optimiser.step()
    with torch.no_grad():
        return guess(0.0).double().numpy()


def standardise_own(table: FeatureTable) -> np.ndarray:
    """An account's own features as standard scores (N, F), 0 where silent."""
    own = pick_columns(table, [name for name in feature_names() if name in table.names])
    known = np.isfinite(own)
    centre = np.where(known, own, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    spread = np.sqrt(np.where(known, (own - centre) ** 2, 0).sum(axis=0) / len(own)) + 1e-6
    return np.where(known, np.clip((own - centre) / spread, -5, 5), 0).astype(np.float32)


def average_neighbours(snapshot: Snapshot) -> sparse.csr_array:
    """The mean over all accounts (N, N) that one deals with, or shares something with that no crowd shares."""
    n = snapshot.n_accounts
    joined = sparse.csr_array((n, n), dtype=np.float32)
    for relation in find_relations(snapshot):
        member = relation.member
        if relation.shared:
            users = np.bincount(member.indices, minlength=member.shape[1])
            few = member[:, np.flatnonzero(users <= SAGE_CROWD)]
            member = few @ few.T
        joined = joined + member + member.T
    both = sparse.coo_array(joined)
    apart = both.row != both.col
    ones = np.ones(int(apart.sum()), dtype=np.float32)
    joined = sparse.csr_array((ones, (both.row[apart], both.col[apart])), shape=(n, n))
    degree = np.diff(joined.indptr)
    joined.data /= np.repeat(np.maximum(degree, 1), degree).astype(np.float32)
    return joined
