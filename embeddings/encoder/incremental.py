"""Encoding one new account at once, without encoding the market again.

The states of all known nodes are kept from the last full encoding.  A newcomer's facts are put beside them: what it
uses, buys and reviews, and what those are like already.  What is known stays as it was; the next full encoding also
tells the others of the newcomer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embeddings.encoder.hetero_graph import (
    ACCOUNT,
    EDGE_TYPES,
    IDENTIFIER,
    PRODUCT,
    EdgeBatch,
    EdgeType,
    cut_edge_batches,
    find_last_moment,
    read_market_graph,
)
from embeddings.encoder.model import Encoder, MarketStates, encode_market, work_repeatably
from embeddings.encoder.network import N_ROUNDS, Message
from embeddings.encoder.objectives import find_device, send_edges
from embeddings.features.accounts import account_features, find_distinct_pairs
from embeddings.features.scaling import scale_features
from graph.errors import UnknownIdError
from graph.model import Floats, Ints, Snapshot


@dataclass(frozen=True)
class WarmMarket:
    """A market that newcomers can be put beside.

    ``rows`` per node type by its key, ``sharers`` (V,) accounts of each identifier, ``earliest`` (n,) days by
    relation and receiver, and the market's last moment in days.
    """

    encoder: Encoder
    states: MarketStates
    rows: Mapping[str, Mapping[object, int]]
    sharers: Ints
    earliest: Mapping[EdgeType, Floats]
    last_moment: float

    def encode_newcomer(self, facts: Snapshot, account_id: str) -> NDArray[np.float32]:
        """Encode one account by its facts.

        Parameters
        ----------
        facts
            All that is known of the account, and the accounts, identifiers and products that it has to do with.
        account_id
            The account; one that is known already is encoded by these facts.

        Returns
        -------
        (d,) float32 of unit length.

        Raises
        ------
        UnknownIdError
            If the account is not among the facts.
        """
        own = np.flatnonzero(facts.account_id == account_id)
        if not len(own):
            raise UnknownIdError(f"account {account_id!r} is not among the facts")
        known = {kind: self._find_rows(kind, keys) for kind, keys in list_keys(facts).items()}
        is_new = bool(known[ACCOUNT][own[0]] < 0)
        known[ACCOUNT][own[0]] = -1  # a known one too: it is encoded by these facts, not by what it was
        at = known[IDENTIFIER]
        sharers = np.where(at >= 0, _pick(self.sharers, at, 0).astype(np.int64) + is_new, 1)
        inputs = scale_features(account_features(facts, sharers=sharers), self.encoder.scaling)
        earliest = {each: _pick(self.earliest[each], known[each[2]], np.inf) for each in EDGE_TYPES}
        market = read_market_graph(facts, inputs, now=self.last_moment, earliest=earliest)
        with work_repeatably(self.encoder.settings), torch.no_grad():
            edges: dict[EdgeType, EdgeBatch] = {}
            for kind, x in market.inputs.items():
                edges |= cut_edge_batches(
                    {each: links for each, links in market.links.items() if each[2] == kind}, 0, len(x)
                )
            messages = send_edges(edges, self.encoder.settings)
            vector = self._pass_messages(market.inputs, messages, known)[int(own[0])]
        told: NDArray[np.float32] = vector.cpu().numpy()
        return told

    def _pass_messages(
        self,
        inputs: Mapping[str, NDArray[np.float32]],
        messages: Mapping[EdgeType, Message],
        known: Mapping[str, Ints],
    ) -> Tensor:
        """Vectors of the facts' accounts; whoever is known keeps the state that the market gave it."""
        network, device = self.encoder.network, find_device(self.encoder.settings)
        network.eval()
        opened = network.open_inputs({kind: torch.from_numpy(x).to(device) for kind, x in inputs.items()})
        state = self._recall(opened, known, 0)
        first = state
        for level in range(N_ROUNDS):
            state = {kind: network.hear_round(level, own, kind, state, messages) for kind, own in state.items()}
            if level + 1 < N_ROUNDS:
                state = self._recall(state, known, level + 1)
        return network.close(first[ACCOUNT], state[ACCOUNT])

    def _recall(self, state: Mapping[str, Tensor], known: Mapping[str, Ints], level: int) -> dict[str, Tensor]:
        recalled = {}
        for kind, each in state.items():
            place = np.flatnonzero(known[kind] >= 0)
            rows = torch.from_numpy(known[kind][place]).to(each.device)
            recalled[kind] = each.index_copy(
                0, torch.from_numpy(place).to(each.device), self.states.before[level][kind][rows]
            )
        return recalled

    def _find_rows(self, kind: str, keys: list[object]) -> Ints:
        rows = self.rows[kind]
        return np.array([rows.get(key, -1) for key in keys], dtype=np.int64)


def _pick(values: Ints | Floats, rows: Ints, otherwise: float) -> Floats:
    """Values of known rows, and something else for those that are new."""
    if not len(values):
        return np.full(len(rows), otherwise)
    return np.where(rows >= 0, values[np.maximum(rows, 0)], otherwise)


def warm_up(encoder: Encoder, snapshot: Snapshot) -> WarmMarket:
    """Encode a market and keep what newcomers need: 4·h bytes for each node and round beside the snapshot."""
    market = read_market_graph(snapshot, scale_features(account_features(snapshot), encoder.scaling))
    _, identifier = find_distinct_pairs(
        snapshot.uses.account, snapshot.uses.identifier, n_second=snapshot.n_identifiers
    )
    return WarmMarket(
        encoder=encoder,
        states=encode_market(encoder, market),
        rows={kind: {key: row for row, key in enumerate(keys)} for kind, keys in list_keys(snapshot).items()},
        sharers=np.bincount(identifier, minlength=snapshot.n_identifiers),
        earliest={relation: links.earliest for relation, links in market.links.items()},
        last_moment=find_last_moment(snapshot),
    )


def list_keys(snapshot: Snapshot) -> dict[str, list[object]]:
    """What names each node, per type, in row order."""
    kinds, values = snapshot.identifier_kind.tolist(), snapshot.identifier_value.tolist()
    return {
        ACCOUNT: snapshot.account_id.tolist(),
        IDENTIFIER: list(zip(kinds, values, strict=True)),
        PRODUCT: snapshot.product_id.tolist(),
    }
