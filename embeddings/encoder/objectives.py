"""What the encoder is trained for, without labels: linked accounts must find one another.

Two accounts that share a thing or trade, each seen in a partial view with some links and features hidden, must find
one another among the views of others (the InfoNCE loss of van den Oord et al. 2018).  The network knows no ids, so it
can do so only by what such accounts do.  Where nothing is shared, an account must find its own other view (GRACE, Zhu
et al. 2020).  The objectives that were measured and rejected are in ``benchmarks/encoder_objectives.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from embeddings.encoder.hetero_graph import (
    ACCOUNT,
    AGE_TRAITS,
    CALENDAR_TRAITS,
    FORWARD,
    TRAITS,
    WEIGHT_TRAITS,
    EdgeBatch,
    EdgeType,
    Incoming,
    MarketGraph,
    SampledBlock,
    sample_block,
)
from embeddings.encoder.network import Message, Network
from embeddings.encoder.settings import AUTO, EncoderSettings
from graph.model import Ints


class Objective(Protocol):
    """Something to train for."""

    def find_parameters(self) -> list[nn.Parameter]:
        """What is trained beside the network."""

    def measure_loss(self, network: Network, step: int, rng: np.random.Generator) -> Tensor:
        """The loss of one step, on pieces of the market drawn by ``rng``."""


@dataclass(frozen=True)
class PairSource:
    """Where pairs of accounts come from: ``meeting`` (M,) rows of a relation's receivers.

    Accounts meet at what both use, order or review, or one of them is the receiver; without a relation
    an account is paired with itself.
    """

    relation: EdgeType | None
    meeting: Ints


@dataclass(frozen=True)
class LinkedPairs:
    """Linked accounts must find one another: the objective that ships."""

    market: MarketGraph
    settings: EncoderSettings
    sources: tuple[PairSource, ...]

    @classmethod
    def of(cls, market: MarketGraph, settings: EncoderSettings) -> LinkedPairs:
        """The pairs that a market has to offer."""
        return cls(market, settings, tuple(find_pair_sources(market)))

    def find_parameters(self) -> list[nn.Parameter]:
        """Nothing but the network."""
        return []

    def measure_loss(self, network: Network, step: int, rng: np.random.Generator) -> Tensor:
        """InfoNCE over a batch of pairs from one source; the sources take turns."""
        pairs = draw_pairs(self.market, self.sources[step % len(self.sources)], self.settings.batch, rng)
        first, second = (encode_view(network, self.market, accounts, self.settings, rng) for accounts in pairs)
        return contrast_pairs(first, second, temperature=self.settings.temperature)


def find_pair_sources(market: MarketGraph) -> list[PairSource]:
    """The relations that have pairs to offer; the accounts themselves where there are none."""
    sources = []
    for relation in FORWARD:
        degree = np.diff(market.links[relation].start)
        # At a thing it takes two to meet; an account that is dealt with is one of the pair already.
        meeting = np.flatnonzero(degree >= (1 if relation[2] == ACCOUNT else 2))
        if len(meeting):
            sources.append(PairSource(relation=relation, meeting=meeting))
    accounts = np.arange(len(market.inputs[ACCOUNT]))
    if sources or len(accounts) < 2:
        return sources
    return [PairSource(relation=None, meeting=accounts)]


def draw_pairs(market: MarketGraph, source: PairSource, size: int, rng: np.random.Generator) -> Ints:
    """Accounts (2, at most ``size``) that belong together.

    The meeting place is drawn first, each as likely as any other: a locker that thousands share says
    less of any two of them than a card that two share.
    """
    place = rng.choice(source.meeting, size)
    if source.relation is None:
        return np.stack([place, place])
    links = market.links[source.relation]
    first, second = (_draw_sender(links, place, rng) for _ in range(2))
    pairs = np.stack([first, place if source.relation[2] == ACCOUNT else second])
    # Both draws may be one account, and finding itself teaches nothing of links.
    return pairs[:, pairs[0] != pairs[1]]


def _draw_sender(links: Incoming, receiver: Ints, rng: np.random.Generator) -> Ints:
    degree = links.start[receiver + 1] - links.start[receiver]
    return links.sender[links.start[receiver] + (rng.random(len(receiver)) * degree).astype(np.int64)]


def contrast_pairs(first: Tensor, second: Tensor, *, temperature: float) -> Tensor:
    """InfoNCE, both ways: row i of one belongs to row i of the other."""
    alike = first @ second.T / temperature
    own = torch.arange(len(first), device=first.device)
    return (nn.functional.cross_entropy(alike, own) + nn.functional.cross_entropy(alike.T, own)) / 2


def encode_view(
    network: Network, market: MarketGraph, accounts: Ints, settings: EncoderSettings, rng: np.random.Generator
) -> Tensor:
    """Vectors (S, d) of accounts as seen in one partial view of the market."""
    block = sample_block(market, {ACCOUNT: np.unique(accounts)}, settings.fan_out, settings.hide_share, rng)
    vectors: Tensor = network(mask_inputs(market, block, settings, rng), send_edges(block.edges, settings))
    return vectors[torch.from_numpy(np.searchsorted(block.rows[ACCOUNT], accounts)).to(vectors.device)]


def mask_inputs(
    market: MarketGraph, block: SampledBlock, settings: EncoderSettings, rng: np.random.Generator
) -> dict[str, Tensor]:
    """The inputs (n, f) of a block, some features hidden from all its nodes."""
    inputs = {}
    for kind, rows in block.rows.items():
        # The same features for all nodes of a kind: what neighbours showed would give away what is hidden.
        x = market.inputs[kind][rows]
        inputs[kind] = torch.from_numpy(x * (rng.random(x.shape[1]) >= settings.hide_share)).to(find_device(settings))
    return inputs


def send_edges(edges: dict[EdgeType, EdgeBatch], settings: EncoderSettings) -> dict[EdgeType, Message]:
    """Links as the network takes them; traits that are switched off are nought."""
    seen, device = _choose_traits(settings), find_device(settings)
    messages = {}
    for relation, each in edges.items():
        traits = each.traits.astype(np.float32)
        # Not left out: the network has one shape, whatever is switched on.
        traits[:, ~seen] = 0.0
        messages[relation] = (torch.from_numpy(each.pairs).to(device), torch.from_numpy(traits).to(device))
    return messages


def _choose_traits(settings: EncoderSettings) -> NDArray[np.bool_]:
    switches = (
        (settings.edge_weights, WEIGHT_TRAITS),
        (settings.edge_ages, AGE_TRAITS),
        (settings.edge_calendar, CALENDAR_TRAITS),
    )
    return np.isin(TRAITS, [name for is_on, names in switches if is_on for name in names])


def find_device(settings: EncoderSettings) -> str:
    """The device to work on, as torch names it."""
    if settings.device != AUTO:
        return settings.device
    return "cuda" if torch.cuda.is_available() else "cpu"
