"""The objectives that the encoder was not given, and the methods that `encoder.py` compares.

docs/embeddings.md says what they came to; the one that is in the product is in `embeddings.encoder.objectives`.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from embeddings.encoder.hetero_graph import (
    ACCOUNT,
    FORWARD,
    EdgeBatch,
    EdgeType,
    MarketGraph,
    SampledBlock,
    sample_block,
)
from embeddings.encoder.model import MakeObjective
from embeddings.encoder.network import Network
from embeddings.encoder.objectives import LinkedPairs, contrast_pairs, encode_view, mask_inputs, send_edges
from embeddings.encoder.settings import EncoderSettings

MOMENTUM = 0.99


@dataclass(frozen=True)
class MaskedLinks:
    """Links are hidden, and must be told from the same ends paired at random (as in GAE, Kipf & Welling 2016)."""

    market: MarketGraph
    settings: EncoderSettings
    relations: tuple[EdgeType, ...]
    decoder: nn.ModuleDict

    @classmethod
    def of(cls, market: MarketGraph, settings: EncoderSettings, network: Network) -> MaskedLinks:
        relations = tuple(each for each in FORWARD if len(market.links[each].sender))
        decoder = {name: nn.Linear(settings.hidden, settings.dimensions) for _, name, _ in relations}
        return cls(market, settings, relations, nn.ModuleDict(decoder))

    def find_parameters(self) -> list[nn.Parameter]:
        return list(self.decoder.parameters())

    def measure_loss(self, network: Network, step: int, rng: np.random.Generator) -> Tensor:
        relation = self.relations[step % len(self.relations)]
        links, to = self.market.links[relation], relation[2]
        place = rng.integers(len(links.sender), size=self.settings.batch)
        ends = links.sender[place], np.searchsorted(links.start, place, side="right") - 1
        seeds = {ACCOUNT: np.unique(ends[0])}
        seeds[to] = np.union1d(seeds.get(to, ends[1][:0]), ends[1])
        block = sample_block(self.market, seeds, self.settings.fan_out, self.settings.hide_share, rng)
        block = hide_links(block, relation, ends, len(self.market.inputs[to]))
        opened, last = network.run_rounds(
            mask_inputs(self.market, block, self.settings, rng),
            send_edges(block.edges, self.settings),
            wanted={ACCOUNT, to},
        )
        vectors = network.close(opened[ACCOUNT], last[ACCOUNT])[np.searchsorted(block.rows[ACCOUNT], ends[0])]
        things = self.decoder[relation[1]](last[to][np.searchsorted(block.rows[to], ends[1])])
        true, false = ((vectors * each).sum(1) for each in (things, things[rng.permutation(len(things))]))
        scores, truth = torch.cat([true, false]), torch.cat([torch.ones(len(true)), torch.zeros(len(false))])
        return nn.functional.binary_cross_entropy_with_logits(scores, truth)


def hide_links(block: SampledBlock, relation: EdgeType, ends: tuple[np.ndarray, np.ndarray], n: int) -> SampledBlock:
    """A block without some links of one relation, in either direction."""
    of, name, to = relation
    hidden = ends[0] * n + ends[1]
    edges = dict(block.edges)
    for each, (first, second) in ((relation, (0, 1)), ((to, f"{name}_back", of), (1, 0))):
        if each in edges:
            pairs = edges[each].pairs
            kept = ~np.isin(block.rows[of][pairs[first]] * n + block.rows[to][pairs[second]], hidden)
            edges[each] = EdgeBatch(pairs[:, kept], edges[each].traits[kept])
    return SampledBlock(block.rows, edges)


@dataclass(frozen=True)
class Bootstrap:
    """One view of an account foretells what a slow copy of the network makes of another (BGRL, Thakoor et al. 2022)."""

    market: MarketGraph
    settings: EncoderSettings
    slow: Network
    predictor: nn.Module

    @classmethod
    def of(cls, market: MarketGraph, settings: EncoderSettings, network: Network) -> Bootstrap:
        d = settings.dimensions
        predictor = nn.Sequential(nn.Linear(d, 2 * d), nn.PReLU(), nn.Linear(2 * d, d))
        return cls(market, settings, copy.deepcopy(network), predictor)

    def find_parameters(self) -> list[nn.Parameter]:
        return list(self.predictor.parameters())

    def measure_loss(self, network: Network, step: int, rng: np.random.Generator) -> Tensor:
        with torch.no_grad():
            for slow, fast in zip(self.slow.parameters(), network.parameters(), strict=True):
                slow.lerp_(fast, 1.0 - MOMENTUM)
        accounts = rng.choice(len(self.market.inputs[ACCOUNT]), 2 * self.settings.batch)
        foretold = self.predictor(encode_view(network, self.market, accounts, self.settings, rng))
        with torch.no_grad():
            seen = encode_view(self.slow, self.market, accounts, self.settings, rng)
        return 2.0 - 2.0 * nn.functional.cosine_similarity(foretold, seen).mean()


@dataclass(frozen=True)
class OwnViews:
    """An account must find its own other view among those of others (GRACE)."""

    market: MarketGraph
    settings: EncoderSettings

    @classmethod
    def of(cls, market: MarketGraph, settings: EncoderSettings, network: Network) -> OwnViews:
        return cls(market, settings)

    def find_parameters(self) -> list[nn.Parameter]:
        return []

    def measure_loss(self, network: Network, step: int, rng: np.random.Generator) -> Tensor:
        accounts = rng.choice(len(self.market.inputs[ACCOUNT]), self.settings.batch)
        first, second = (encode_view(network, self.market, accounts, self.settings, rng) for _ in range(2))
        return contrast_pairs(first, second, temperature=self.settings.temperature)


def _link(market: MarketGraph, settings: EncoderSettings, network: Network) -> LinkedPairs:
    return LinkedPairs.of(market, settings)


PLAIN = EncoderSettings(edge_weights=True, edge_ages=False, edge_calendar=False)
"""How objectives are compared; the parts of a link are compared by the best of them."""
METHODS: dict[str, tuple[MakeObjective, EncoderSettings]] = {
    "untrained": (_link, replace(PLAIN, steps=0)),
    "linked accounts, links with weights": (_link, PLAIN),
    "masked links": (MaskedLinks.of, PLAIN),
    "bootstrap (BGRL)": (Bootstrap.of, PLAIN),
    "own other view (GRACE)": (OwnViews.of, PLAIN),
    "linked accounts, bare links": (_link, replace(PLAIN, edge_weights=False)),
    "linked accounts, links with weights and ages": (_link, replace(PLAIN, edge_ages=True)),
    "linked accounts, links with all": (_link, replace(PLAIN, edge_ages=True, edge_calendar=True)),
}
