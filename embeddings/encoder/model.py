"""A self-supervised, inductive graph encoder of accounts.

Two rounds of message passing turn an account's behaviour, and that of what it uses, buys and reviews, into one unit
vector (:mod:`embeddings.encoder.network`).  Training needs no label (:mod:`embeddings.encoder.objectives`).  It sees
sampled blocks of fixed size, and encoding goes chunk by chunk over all neighbours, so that neither needs memory that
grows with the number of links beyond the links themselves.  The same snapshot, settings and labels give the same
encoder, to the byte, on the same CPU and versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embeddings.encoder.hetero_graph import (
    ACCOUNT,
    INPUT_WIDTHS,
    Incoming,
    MarketGraph,
    cut_edge_batches,
    read_market_graph,
)
from embeddings.encoder.network import N_ROUNDS, Network
from embeddings.encoder.objectives import LinkedPairs, Objective, find_device, send_edges
from embeddings.encoder.settings import EncoderSettings, check_settings
from embeddings.encoder.training import Checkpoint, KnownAccounts, LabelledPairs, Stage, train_network
from embeddings.features.accounts import account_features
from embeddings.features.scaling import FeatureScaling, fit_scaling, scale_features
from graph.model import Snapshot
from graph.progress import Progress, no_progress
from graph.stores.snapshots import digest_snapshot

MakeObjective = Callable[[MarketGraph, EncoderSettings, Network], Objective]


@dataclass(frozen=True)
class Encoder:
    """A trained encoder: its settings, the scaling of its features, its network, and its steps' losses if known."""

    settings: EncoderSettings
    scaling: FeatureScaling
    network: Network = field(repr=False)
    losses: tuple[float, ...] = field(default=(), repr=False)

    def encode(self, snapshot: Snapshot, *, progress: Progress = no_progress) -> NDArray[np.float32]:
        """Encode every account, with those the encoder was trained on or without.

        Returns
        -------
        (N, dimensions) float32 of unit length, in the snapshot's row order.

        Notes
        -----
        O(E·h + N·h²), exactly (nothing is sampled), in chunks of receivers.
        """
        market = read_market_graph(snapshot, scale_features(account_features(snapshot), self.scaling))
        return encode_market(self, market, progress).vectors


def fit_encoder(
    snapshot: Snapshot,
    settings: EncoderSettings | None = None,
    *,
    known: KnownAccounts | None = None,
    kept_at: Path | None = None,
    make_objective: MakeObjective | None = None,
    progress: Progress = no_progress,
) -> Encoder:
    """Train an encoder on a snapshot: without labels, and then with those that are handed in.

    Parameters
    ----------
    snapshot
        The market; its labels are not read.
    settings
        How to build and train.
    known
        Accounts to fine-tune with, of both kinds.
    kept_at
        A file that keeps the training under way, to be removed when the encoder is safe.
    make_objective
        What to train for without labels, instead of the objective that ships.

    Raises
    ------
    ConfigError
        If a setting makes no sense.
    """
    settings = settings or EncoderSettings()
    check_settings(settings)
    features = account_features(snapshot)
    scaling = fit_scaling(features)
    market = read_market_graph(snapshot, scale_features(features, scaling))
    checkpoint = None if kept_at is None else _name_checkpoint(kept_at, snapshot, settings, known)
    with work_repeatably(settings):
        network = build_network(scaling, settings)
        stages = _plan_stages(market, network, settings, known, make_objective)
        losses = train_network(network, stages, settings, checkpoint=checkpoint, progress=progress)
    return Encoder(settings=settings, scaling=scaling, network=network, losses=tuple(losses))


def _name_checkpoint(
    path: Path, snapshot: Snapshot, settings: EncoderSettings, known: KnownAccounts | None
) -> Checkpoint:
    """Where a training is kept; one of another market or other labels is another training."""
    told = [] if known is None else [known.row.tolist(), known.is_fraud.tolist()]
    return Checkpoint.of(path, settings, f"{digest_snapshot(snapshot)} {told}")


def _plan_stages(
    market: MarketGraph,
    network: Network,
    settings: EncoderSettings,
    known: KnownAccounts | None,
    make_objective: MakeObjective | None,
) -> list[Stage]:
    """Without labels first, then with those that there are."""
    linked = LinkedPairs.of(market, settings)
    objective = make_objective(market, settings, network) if make_objective else linked
    # Where nobody else is, there is nobody to be told from.
    stages = [Stage(objective, settings.steps)] if linked.sources else []
    if known is not None:
        stages.append(Stage(LabelledPairs(linked, known), settings.label_steps))
    return stages


def build_network(scaling: FeatureScaling, settings: EncoderSettings) -> Network:
    """An untrained network, on the device to work on."""
    widths = {ACCOUNT: len(scaling.names), **INPUT_WIDTHS}
    return Network(widths, hidden=settings.hidden, dimensions=settings.dimensions).to(find_device(settings))


@dataclass(frozen=True)
class MarketStates:
    """What the network makes of a market: states (n, h) per node type ``before`` each round, and ``vectors`` (N, d)."""

    before: tuple[Mapping[str, Tensor], ...]
    vectors: NDArray[np.float32]


def encode_market(encoder: Encoder, market: MarketGraph, progress: Progress = no_progress) -> MarketStates:
    """Encode all accounts of a market, exactly, in chunks of receivers."""
    network, settings = encoder.network, encoder.settings
    device = find_device(settings)
    with work_repeatably(settings), torch.no_grad():
        network.eval()
        before = [network.open_inputs({kind: torch.from_numpy(x).to(device) for kind, x in market.inputs.items()})]
        for level in range(N_ROUNDS):
            kinds = (ACCOUNT,) if level == N_ROUNDS - 1 else tuple(before[level])
            passed = {kind: _pass_in_chunks(network, level, market, kind, before[level], settings) for kind in kinds}
            before.append(passed)
            progress("encode accounts", level + 1, N_ROUNDS)
        last = before.pop()
        vectors: NDArray[np.float32] = network.close(before[0][ACCOUNT], last[ACCOUNT]).cpu().numpy()
    return MarketStates(tuple(before), vectors)


def _pass_in_chunks(
    network: Network, level: int, market: MarketGraph, kind: str, state: Mapping[str, Tensor], settings: EncoderSettings
) -> Tensor:
    """The next state of all nodes of one type, a bounded number of messages at a time."""
    links, own = {each: incoming for each, incoming in market.links.items() if each[2] == kind}, state[kind]
    heard = [
        network.hear_round(level, own[low:high], kind, state, send_edges(cut_edge_batches(links, low, high), settings))
        for low, high in _plan_chunks(links.values(), len(own), settings.chunk)
    ]
    return torch.cat(heard) if heard else own


def _plan_chunks(links: Iterable[Incoming], n: int, chunk: int) -> Iterator[tuple[int, int]]:
    """Runs of receivers with about ``chunk`` nodes and messages between them."""
    load = np.arange(n + 1) + sum(incoming.start for incoming in links)
    low = 0
    while low < n:
        high = max(low + 1, int(np.searchsorted(load, load[low] + chunk, side="right")) - 1)
        yield low, high
        low = high


@contextmanager
def work_repeatably(settings: EncoderSettings) -> Iterator[None]:
    """Seed torch, fix its threads and its algorithms; put everything back afterwards."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    on_cpu = find_device(settings) == "cpu"
    with torch.random.fork_rng(devices=None if not on_cpu else []):
        torch.manual_seed(settings.seed)
        torch.set_num_threads(settings.threads)
        torch.use_deterministic_algorithms(on_cpu)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(strict)
