"""Small networks over the own graphs of listed rings: what `rerank.py` compares with figures of these graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graph.model import Floats, Ints

if TYPE_CHECKING:
    from rerank import Listed

NETWORKS, EPOCHS, WIDTH = 3, 40, 16


@dataclass(frozen=True)
class OwnGraph:
    """Members and their strongest outsiders: ``nodes`` (n, d), the first column 1 for members; their links."""

    nodes: Floats
    ends: Ints
    bits: Floats


def teach_networks(lists: Sequence[Listed]) -> Callable[[Listed], Floats]:
    """Small networks over each ring's own graph, from several seeds."""
    import torch
    from torch import nn
    from torch_geometric.nn import GraphConv, global_mean_pool

    torch.set_num_threads(1)

    class Network(nn.Module):
        def __init__(self, n_in: int) -> None:
            super().__init__()
            self.first, self.second = GraphConv(n_in, WIDTH, aggr="mean"), GraphConv(WIDTH, WIDTH, aggr="mean")
            self.last = nn.Sequential(nn.Dropout(0.2), nn.Linear(2 * WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 1))

        def forward(self, batch: dict[str, Any]) -> Any:
            hidden = self.first(batch["nodes"], batch["ends"], batch["bits"]).relu()
            hidden = self.second(hidden, batch["ends"], batch["bits"]).relu()
            # Members and outsiders apart: what tells a piece from a whole is how the one side differs from the other.
            side = 2 * batch["ring"] + batch["nodes"][:, 0].long()
            pooled = global_mean_pool(hidden, side, 2 * batch["rings"]).reshape(batch["rings"], -1)
            return self.last(pooled).squeeze(1)

    def gather(graphs: Iterable[OwnGraph]) -> dict[str, Any]:
        listed = list(graphs)
        begin = np.cumsum([0, *(len(each.nodes) for each in listed)])
        return {
            "nodes": torch.tensor(np.vstack([each.nodes for each in listed]), dtype=torch.float32),
            "ends": torch.tensor(np.hstack([each.ends + at for each, at in zip(listed, begin, strict=False)])).long(),
            "bits": torch.tensor(np.concatenate([each.bits for each in listed]), dtype=torch.float32),
            "ring": torch.tensor(np.repeat(np.arange(len(listed)), np.diff(begin))),
            "rings": len(listed),
        }

    planted = torch.tensor(np.concatenate([each.is_planted for each in lists]), dtype=torch.float32)
    of = np.concatenate([[each.generator] * len(each.members) for each in lists])
    _, kind, count = np.unique(of, return_inverse=True, return_counts=True)
    weight = torch.tensor(len(of) / (len(count) * count[kind]), dtype=torch.float32)
    shown, networks = gather(graph for each in lists for graph in each.graphs), []
    for seed in range(NETWORKS):
        torch.manual_seed(seed)
        network = Network(shown["nodes"].shape[1])
        steps = torch.optim.AdamW(network.parameters(), lr=5e-3, weight_decay=1e-2)
        for _ in range(EPOCHS):
            steps.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(network(shown), planted, weight=weight)
            loss.backward()
            steps.step()
        networks.append(network.eval())

    def judge(listed: Listed) -> Floats:
        with torch.no_grad():
            return np.mean([network(gather(listed.graphs)).numpy() for network in networks], axis=0)

    return judge
