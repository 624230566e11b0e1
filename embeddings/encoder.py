"""A self-supervised, inductive graph encoder of accounts.  The only module that imports torch.

Two rounds of message passing (GraphSAGE, Hamilton et al. 2017, one convolution per relation as in
R-GCN, Schlichtkrull et al. 2018) turn an account's behaviour, and that of what it uses, buys and
reviews, into one unit vector.  Training needs no label: two accounts that share a thing or trade,
each seen in a partial view with some links and features hidden, must find one another among the
views of others (the InfoNCE loss of van den Oord et al. 2018).  The network knows no ids, so it can
do so only by what such accounts do.  Where nothing is shared, an account must find its own other
view (GRACE, Zhu et al. 2020).

Training sees sampled blocks of fixed size and encoding goes chunk by chunk over all neighbours, so
neither needs memory that grows with the number of edges beyond the edges themselves.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from embeddings.features import (
    COMMON_KINDS,
    FeatureScaling,
    account_features,
    feature_names,
    find_distinct_pairs,
    fit_scaling,
    read_kind_codes,
    scale_features,
)
from graph.errors import ConfigError
from graph.model import Floats, Ints, Snapshot
from graph.store import Progress, no_progress

with warnings.catch_warnings():
    # torch-geometric still compiles with torch.jit as it is imported; users can do nothing about it.
    warnings.filterwarnings("ignore", message=r"`torch\.jit\.\w+` is deprecated", category=FutureWarning)
    warnings.filterwarnings("ignore", message=r"`torch\.jit\.\w+` is deprecated", category=DeprecationWarning)
    import torch_geometric
    from torch_geometric.nn import SAGEConv

MANIFEST_SCHEMA = 1
MANIFEST_NAME, WEIGHTS_NAME = "manifest.json", "weights.pt"

ACCOUNT, IDENTIFIER, PRODUCT = "account", "identifier", "product"
N_KIND_COLUMNS = len(COMMON_KINDS) + 1

N_ROUNDS = 2

Relation = tuple[str, str, str]
"""(type of the sender, name, type of the receiver) of messages."""

_FORWARD: tuple[Relation, ...] = (
    (ACCOUNT, "uses", IDENTIFIER),
    (ACCOUNT, "ordered_from", ACCOUNT),
    (ACCOUNT, "ordered", PRODUCT),
    (ACCOUNT, "reviewed", PRODUCT),
    (ACCOUNT, "reviewed_seller", ACCOUNT),
    (ACCOUNT, "lists", PRODUCT),
)
RELATIONS: tuple[Relation, ...] = _FORWARD + tuple((to, f"{name}_back", of) for of, name, to in _FORWARD)


@dataclass(frozen=True, kw_only=True)
class EncoderSettings:
    """How to build and train the encoder.

    ``dimensions`` of a vector; ``hidden`` width of a layer; ``steps`` of training, on ``batch``
    pairs of accounts each; ``fan_out`` neighbours sampled per relation, first and second round; ``hide_share``
    of features and links hidden from a view; ``temperature`` of the loss; ``threads`` of torch, fixed
    because sums split over other threads differ in the last bit; ``device`` as torch names it.
    """

    dimensions: int = 32
    hidden: int = 64
    seed: int = 0
    steps: int = 300
    batch: int = 256
    fan_out: tuple[int, int] = (5, 3)
    hide_share: float = 0.2
    temperature: float = 0.2
    learning_rate: float = 3e-3
    chunk: int = 500_000
    threads: int = 1
    device: str = "cpu"


@dataclass(frozen=True)
class _Incoming:
    """Who sends to whom in one relation, by receiver: ``start`` (n + 1,), ``sender`` (E,)."""

    start: Ints
    sender: Ints


@dataclass(frozen=True)
class _Market:
    """Inputs (n, f) float32 per node type and incoming links per relation."""

    inputs: dict[str, NDArray[np.float32]]
    links: dict[Relation, _Incoming]


@dataclass(frozen=True)
class _Block:
    """A piece of the market: ``rows`` (n,) sorted per node type, ``edges`` (2, E) of positions in them."""

    rows: dict[str, Ints]
    edges: dict[Relation, Ints]


@dataclass(frozen=True)
class _PairSource:
    """Where pairs of accounts come from: ``meeting`` (M,) rows of a relation's receivers.

    Accounts meet at what both use, order or review, or one of them is the receiver; without a relation
    an account is paired with itself.
    """

    relation: Relation | None
    meeting: Ints


class _Network(nn.Module):
    """Inputs of three node types → unit vectors of accounts."""

    def __init__(self, widths: Mapping[str, int], settings: EncoderSettings) -> None:
        super().__init__()
        hidden = settings.hidden
        self.enter = nn.ModuleDict({kind: nn.Linear(width, hidden) for kind, width in widths.items()})
        # Without a bias a relation says nothing to an account that has no part in it.
        self.rounds = nn.ModuleDict(
            {
                **{_part(level, kind): nn.Linear(hidden, hidden) for level in range(N_ROUNDS) for kind in widths},
                **{
                    _part(level, *relation): SAGEConv(hidden, hidden, root_weight=False, bias=False)
                    for level in range(N_ROUNDS)
                    for relation in RELATIONS
                },
            }
        )
        self.leave = nn.Linear(2 * hidden, settings.dimensions)

    def open_inputs(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Inputs (n, f) → states (n, h), per node type."""
        return {kind: torch.relu(self.enter[kind](x)) for kind, x in inputs.items()}

    def hear_round(
        self, level: int, own: Tensor, kind: str, senders: Mapping[str, Tensor], edges: Mapping[Relation, Tensor]
    ) -> Tensor:
        """The next state of receivers of one type, whose state is ``own`` (m, h)."""
        heard: Tensor = self.rounds[_part(level, kind)](own)
        for relation, pairs in edges.items():
            if relation[2] == kind:
                heard = heard + self.rounds[_part(level, *relation)]((senders[relation[0]], own), pairs)
        return torch.relu(heard)

    def close(self, opened: Tensor, last: Tensor) -> Tensor:
        """First and last states (m, h) → unit vectors (m, d)."""
        return nn.functional.normalize(self.leave(torch.cat([opened, last], dim=1)), dim=1)

    def forward(self, inputs: Mapping[str, Tensor], edges: Mapping[Relation, Tensor]) -> Tensor:
        opened = self.open_inputs(inputs)
        state = opened
        for level in range(N_ROUNDS):
            state = {kind: self.hear_round(level, own, kind, state, edges) for kind, own in state.items()}
        return self.close(opened[ACCOUNT], state[ACCOUNT])


def _part(level: int, *name: str) -> str:
    return "-".join((str(level), *name))


@dataclass(frozen=True)
class Encoder:
    """A trained encoder: its settings, the scaling of its features, and its network."""

    settings: EncoderSettings
    scaling: FeatureScaling
    network: _Network = field(repr=False)

    def encode(self, snapshot: Snapshot, *, progress: Progress = no_progress) -> NDArray[np.float32]:
        """Encode every account, with those the encoder was trained on or without.

        Returns
        -------
        (N, dimensions) float32 of unit length, in the snapshot's row order.

        Notes
        -----
        O(E·h + N·h²), exactly (nothing is sampled), in chunks of receivers.
        """
        market = _read_market(snapshot, scale_features(account_features(snapshot), self.scaling))
        with _repeatable(self.settings), torch.no_grad():
            self.network.eval()
            return _encode_market(self.network, market, self.settings, progress)


def fit_encoder(
    snapshot: Snapshot, settings: EncoderSettings | None = None, *, progress: Progress = no_progress
) -> Encoder:
    """Train an encoder on a snapshot, without labels.

    The same snapshot and settings give the same encoder, to the byte, on the same CPU and versions.

    Raises
    ------
    ConfigError
        If a setting makes no sense.
    """
    settings = settings or EncoderSettings()
    _check_settings(settings)
    features = account_features(snapshot)
    scaling = fit_scaling(features)
    market = _read_market(snapshot, scale_features(features, scaling))
    with _repeatable(settings):
        network = _Network(_input_widths(scaling), settings).to(settings.device)
        _train(network, market, settings, progress)
    return Encoder(settings=settings, scaling=scaling, network=network)


def _train(network: _Network, market: _Market, settings: EncoderSettings, progress: Progress) -> None:
    rng = np.random.default_rng(settings.seed)
    sources = _find_pair_sources(market)
    network.train()
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    for step in range(settings.steps if sources else 0):
        pairs = _draw_pairs(market, sources[step % len(sources)], settings.batch, rng)
        first, second = (_encode_view(network, market, accounts, settings, rng) for accounts in pairs)
        optimiser.zero_grad()
        _contrast_pairs(first, second, temperature=settings.temperature).backward()
        optimiser.step()
        progress("train encoder", step + 1, settings.steps)


def _find_pair_sources(market: _Market) -> list[_PairSource]:
    """The relations that have pairs to offer; the accounts themselves where there are none."""
    sources = []
    for relation in _FORWARD:
        degree = np.diff(market.links[relation].start)
        meeting = np.flatnonzero(degree >= (1 if relation[2] == ACCOUNT else 2))
        if len(meeting):
            sources.append(_PairSource(relation=relation, meeting=meeting))
    accounts = np.arange(len(market.inputs[ACCOUNT]))
    if sources or len(accounts) < 2:
        return sources
    return [_PairSource(relation=None, meeting=accounts)]


def _draw_pairs(market: _Market, source: _PairSource, size: int, rng: np.random.Generator) -> Ints:
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
    return pairs[:, pairs[0] != pairs[1]]


def _draw_sender(links: _Incoming, receiver: Ints, rng: np.random.Generator) -> Ints:
    degree = links.start[receiver + 1] - links.start[receiver]
    return links.sender[links.start[receiver] + (rng.random(len(receiver)) * degree).astype(np.int64)]


def _encode_view(
    network: _Network, market: _Market, accounts: Ints, settings: EncoderSettings, rng: np.random.Generator
) -> Tensor:
    """Vectors (S, d) of accounts as seen in one partial view of the market."""
    block = _sample_block(market, np.unique(accounts), settings, rng)
    inputs = {}
    for kind, rows in block.rows.items():
        x = market.inputs[kind][rows]
        seen = rng.random(x.shape[1]) >= settings.hide_share
        inputs[kind] = torch.from_numpy(x * seen).to(settings.device)
    edges = {relation: torch.from_numpy(pairs).to(settings.device) for relation, pairs in block.edges.items()}
    vectors: Tensor = network(inputs, edges)
    return vectors[torch.from_numpy(np.searchsorted(block.rows[ACCOUNT], accounts)).to(settings.device)]


def _contrast_pairs(first: Tensor, second: Tensor, *, temperature: float) -> Tensor:
    """InfoNCE, both ways: row i of one belongs to row i of the other."""
    alike = first @ second.T / temperature
    own = torch.arange(len(first), device=first.device)
    return (nn.functional.cross_entropy(alike, own) + nn.functional.cross_entropy(alike.T, own)) / 2


def _sample_block(market: _Market, seeds: Ints, settings: EncoderSettings, rng: np.random.Generator) -> _Block:
    """Sample two rounds of neighbours around the seeds, a share of the links hidden."""
    rows = {kind: np.zeros(0, dtype=np.int64) for kind in market.inputs} | {ACCOUNT: seeds}
    fresh = dict(rows)
    drawn: dict[Relation, list[Ints]] = {relation: [] for relation in market.links}
    for fan_out in settings.fan_out:
        found: dict[str, list[Ints]] = {kind: [] for kind in rows}
        for relation, links in market.links.items():
            pairs = _sample_links(links, fresh[relation[2]], fan_out, rng)
            pairs = pairs[:, rng.random(pairs.shape[1]) >= settings.hide_share]
            drawn[relation].append(pairs)
            found[relation[0]].append(pairs[0])
        fresh = {kind: np.setdiff1d(_join(parts), rows[kind]) for kind, parts in found.items()}
        rows = {kind: np.union1d(rows[kind], fresh[kind]) for kind in rows}
    edges = {relation: _renumber(np.concatenate(pairs, axis=1), rows, relation) for relation, pairs in drawn.items()}
    return _Block(rows=rows, edges={relation: pairs for relation, pairs in edges.items() if pairs.size})


def _join(parts: list[Ints]) -> Ints:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def _sample_links(links: _Incoming, receivers: Ints, fan_out: int, rng: np.random.Generator) -> Ints:
    """Pairs (2, E) of senders and receivers: all of up to ``fan_out`` links, else as many drawn."""
    degree = links.start[receivers + 1] - links.start[receivers]
    slot = np.broadcast_to(np.arange(fan_out), (len(receivers), fan_out))
    drawn = (rng.random(slot.shape) * degree[:, None]).astype(np.int64)
    offset = np.where(degree[:, None] <= fan_out, slot, drawn)
    exists = slot < degree[:, None]
    position = (links.start[receivers][:, None] + offset)[exists]
    return np.stack([links.sender[position], np.broadcast_to(receivers[:, None], slot.shape)[exists]])


def _renumber(pairs: Ints, rows: Mapping[str, Ints], relation: Relation) -> Ints:
    sender, _, receiver = relation
    return np.stack([np.searchsorted(rows[sender], pairs[0]), np.searchsorted(rows[receiver], pairs[1])])


def _encode_market(
    network: _Network, market: _Market, settings: EncoderSettings, progress: Progress
) -> NDArray[np.float32]:
    opened = network.open_inputs({kind: torch.from_numpy(x).to(settings.device) for kind, x in market.inputs.items()})
    state = opened
    for level in range(N_ROUNDS):
        state = dict(_pass_in_chunks(network, level, market, state, settings))
        progress("encode accounts", level + 1, N_ROUNDS)
    vectors: NDArray[np.float32] = network.close(opened[ACCOUNT], state[ACCOUNT]).cpu().numpy()
    return vectors


def _pass_in_chunks(
    network: _Network, level: int, market: _Market, state: Mapping[str, Tensor], settings: EncoderSettings
) -> Iterator[tuple[str, Tensor]]:
    """The next state of every node type, a bounded number of messages at a time."""
    for kind, own in state.items():
        links = {relation: incoming for relation, incoming in market.links.items() if relation[2] == kind}
        heard = [
            network.hear_round(level, own[low:high], kind, state, _cut_links(links, low, high, settings.device))
            for low, high in _plan_chunks(links.values(), len(own), settings.chunk)
        ]
        yield kind, torch.cat(heard) if heard else own


def _plan_chunks(links: Iterable[_Incoming], n: int, chunk: int) -> Iterator[tuple[int, int]]:
    """Runs of receivers with about ``chunk`` nodes and messages between them."""
    load = np.arange(n + 1) + sum(incoming.start for incoming in links)
    low = 0
    while low < n:
        high = max(low + 1, int(np.searchsorted(load, load[low] + chunk, side="right")) - 1)
        yield low, high
        low = high


def _cut_links(links: Mapping[Relation, _Incoming], low: int, high: int, device: str) -> dict[Relation, Tensor]:
    cut = {}
    for relation, incoming in links.items():
        start = incoming.start[low : high + 1]
        receiver = np.repeat(np.arange(high - low), np.diff(start))
        if len(receiver):
            cut[relation] = torch.from_numpy(np.stack([incoming.sender[start[0] : start[-1]], receiver])).to(device)
    return cut


def _read_market(snapshot: Snapshot, accounts: NDArray[np.float32]) -> _Market:
    links: dict[Relation, _Incoming] = {}
    inputs = {
        ACCOUNT: accounts,
        IDENTIFIER: _describe_identifiers(snapshot),
        PRODUCT: _describe_products(snapshot),
    }
    for (of, name, to), pairs in _read_pairs(snapshot).items():
        n_of, n_to = len(inputs[of]), len(inputs[to])
        first, second = find_distinct_pairs(*pairs, n_second=n_to)
        links[of, name, to] = _index_incoming(first, second, n=n_to, n_senders=n_of)
        links[to, f"{name}_back", of] = _index_incoming(second, first, n=n_of, n_senders=n_to)
    return _Market(inputs=inputs, links={relation: links[relation] for relation in RELATIONS})


def _read_pairs(snapshot: Snapshot) -> dict[Relation, tuple[Ints, Ints]]:
    orders, reviews = snapshot.orders, snapshot.reviews
    of_seller = np.where(reviews.product < 0, reviews.seller, -1)
    pairs = (
        (snapshot.uses.account, snapshot.uses.identifier),
        (orders.buyer, orders.seller),
        (orders.buyer, orders.product),
        (reviews.author, reviews.product),
        (reviews.author, of_seller),
        (snapshot.product_seller, np.arange(snapshot.n_products)),
    )
    return dict(zip(_FORWARD, pairs, strict=True))


def _index_incoming(sender: Ints, receiver: Ints, *, n: int, n_senders: int) -> _Incoming:
    key = np.sort(receiver * np.int64(max(n_senders, 1)) + sender)
    start = np.concatenate([[0], np.cumsum(np.bincount(receiver, minlength=n))])
    return _Incoming(start=start, sender=key % max(n_senders, 1))


def _describe_identifiers(snapshot: Snapshot) -> NDArray[np.float32]:
    """Kind, one-hot, and log number of accounts (V, K + 1)."""
    _, identifier = find_distinct_pairs(
        snapshot.uses.account, snapshot.uses.identifier, n_second=snapshot.n_identifiers
    )
    kind = np.eye(N_KIND_COLUMNS)[read_kind_codes(snapshot)]
    return np.column_stack([kind, _log_counts(identifier, snapshot.n_identifiers)]).astype(np.float32)


def _describe_products(snapshot: Snapshot) -> NDArray[np.float32]:
    """Log numbers of orders and of reviews, and whether the seller is known (P, 3)."""
    n = snapshot.n_products
    columns = [_log_counts(table.product, n) for table in (snapshot.orders, snapshot.reviews)]
    return np.column_stack([*columns, snapshot.product_seller >= 0]).astype(np.float32)


def _log_counts(rows: Ints, n: int) -> Floats:
    return np.log1p(np.bincount(rows[rows >= 0], minlength=n))


def _input_widths(scaling: FeatureScaling) -> dict[str, int]:
    return {ACCOUNT: len(scaling.names), IDENTIFIER: N_KIND_COLUMNS + 1, PRODUCT: 3}


@contextmanager
def _repeatable(settings: EncoderSettings) -> Iterator[None]:
    """Seed torch, fix its threads and its algorithms; put everything back afterwards."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    on_cpu = settings.device == "cpu"
    with torch.random.fork_rng(devices=None if not on_cpu else []):
        torch.manual_seed(settings.seed)
        torch.set_num_threads(settings.threads)
        torch.use_deterministic_algorithms(on_cpu)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(strict)


def _check_settings(settings: EncoderSettings) -> None:
    for name in ("dimensions", "hidden", "batch", "chunk", "threads"):
        if getattr(settings, name) < 1:
            raise ConfigError(f"encoder.{name} is {getattr(settings, name)}, and has to be at least 1")
    if settings.steps < 0:
        raise ConfigError(f"encoder.steps is {settings.steps}, and cannot be negative")
    if not 0 <= settings.hide_share < 1:
        raise ConfigError(f"encoder.hide_share is {settings.hide_share}, and has to lie in [0, 1)")
    if not settings.temperature > 0:
        raise ConfigError(f"encoder.temperature is {settings.temperature}, and has to be above 0")


def save_encoder(encoder: Encoder, path: str | Path) -> None:
    """Write an encoder into a folder: ``weights.pt`` (a state dict) and ``manifest.json``.

    The manifest is written last and holds the digest of the weights, so that a save that was cut
    short is never mistaken for an encoder.
    """
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({name: tensor.cpu() for name, tensor in encoder.network.state_dict().items()}, folder / WEIGHTS_NAME)
    manifest = {
        "schema": MANIFEST_SCHEMA,
        "settings": asdict(encoder.settings),
        "features": list(encoder.scaling.names),
        "centre": encoder.scaling.centre.tolist(),
        "spread": encoder.scaling.spread.tolist(),
        "weights_sha256": _digest(folder / WEIGHTS_NAME),
        "versions": {
            "numpy": np.__version__,
            "torch": str(torch.__version__),
            "torch_geometric": torch_geometric.__version__,
        },
    }
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def load_encoder(path: str | Path, *, device: str = "cpu") -> Encoder:
    """Read what :func:`save_encoder` wrote; nothing in the files is executed.

    Raises
    ------
    ConfigError
        If there is no encoder there, it was written by another version of Ringfence, it is damaged,
        or its features are not the ones this version computes.
    """
    folder = Path(path)
    manifest = _read_manifest(folder)
    try:
        scaling = FeatureScaling(
            names=tuple(manifest["features"]),
            centre=np.array(manifest["centre"], dtype=np.float64),
            spread=np.array(manifest["spread"], dtype=np.float64),
        )
        if not len(scaling.names) == len(scaling.centre) == len(scaling.spread):
            raise KeyError("centre")
        settings = EncoderSettings(**manifest["settings"] | {"device": device})
        first, second = settings.fan_out
        settings = replace(settings, fan_out=(first, second))
        _check_settings(settings)
        with _repeatable(settings):  # building draws random weights, which are not the caller's to lose
            network = _Network(_input_widths(scaling), settings)
        network.load_state_dict(torch.load(folder / WEIGHTS_NAME, weights_only=True, map_location=device))
    except (KeyError, TypeError, ValueError, RuntimeError, pickle.UnpicklingError, EOFError) as reason:
        raise ConfigError(f"the encoder in {folder} does not fit its manifest: fit it again") from reason
    return Encoder(settings=settings, scaling=scaling, network=network.to(device))


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
        digest = _digest(folder / WEIGHTS_NAME)
    except FileNotFoundError as reason:
        raise ConfigError(f"there is no encoder in {folder}: fit one first") from reason
    except ValueError as reason:
        raise ConfigError(f"{folder / MANIFEST_NAME} is not JSON: fit the encoder again") from reason
    found = manifest.get("schema") if isinstance(manifest, dict) else None
    if found != MANIFEST_SCHEMA:
        raise ConfigError(
            f"the encoder in {folder} has schema {found}, this version reads {MANIFEST_SCHEMA}: fit it again"
        )
    if manifest.get("weights_sha256") != digest:
        raise ConfigError(f"{folder / WEIGHTS_NAME} is not the file its manifest names: fit the encoder again")
    if tuple(manifest.get("features", ())) != feature_names():
        raise ConfigError(f"the encoder in {folder} was fitted on other features: fit it again")
    return dict(manifest)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
