"""The encoder's network: two rounds of messages along typed links, then one unit vector per account.

A round is one GraphSAGE convolution (Hamilton et al. 2017) for each relation, with weights of its own (R-GCN,
Schlichtkrull et al. 2018).  When and how much passes along a link, its traits, opens or closes each channel of what
the sender says (a gate), and is told beside it.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from embeddings.encoder.hetero_graph import ACCOUNT, EDGE_TYPES, TRAITS, EdgeType

with warnings.catch_warnings():
    # torch-geometric still compiles with torch.jit as it is imported; users can do nothing about it.
    warnings.filterwarnings("ignore", message=r"`torch\.jit\.\w+` is deprecated", category=FutureWarning)
    warnings.filterwarnings("ignore", message=r"`torch\.jit\.\w+` is deprecated", category=DeprecationWarning)
    from torch_geometric.nn import MessagePassing
    from torch_geometric.utils import scatter

N_ROUNDS = 2
Message = tuple[Tensor, Tensor]
"""Pairs (2, E) of positions of senders and receivers, and traits (E, T) of their links."""


class GatedConvolution(MessagePassing):  # type: ignore[misc]  # torch-geometric is published without types
    """The mean of what senders say over the links of one relation."""

    def __init__(self, hidden: int) -> None:
        super().__init__(aggr="mean")
        self.gate = nn.Linear(len(TRAITS), hidden)
        # Without a bias a relation says nothing to an account that has no part in it.
        self.tell = nn.Linear(len(TRAITS), hidden, bias=False)
        self.leave = nn.Linear(hidden, hidden, bias=False)

    def forward(self, senders: Tensor, n_receivers: int, message: Message) -> Tensor:
        """States of senders (n, h) → what receivers hear (m, h)."""
        pairs, traits = message
        gate = 1.0 + torch.tanh(self.gate(traits))
        heard: Tensor = self.propagate(pairs, x=(senders, None), gate=gate, size=(len(senders), n_receivers))
        # What links tell of themselves is the same for the mean of them, and cheaper there.
        told: Tensor = self.tell(scatter(traits, pairs[1], dim_size=n_receivers, reduce="mean"))
        said: Tensor = self.leave(heard)
        return told + said

    def message(self, x_j: Tensor, gate: Tensor) -> Tensor:
        """What one link lets through (E, h)."""
        return x_j * gate


class Network(nn.Module):
    """Inputs of three node types → unit vectors of accounts."""

    def __init__(self, widths: Mapping[str, int], *, hidden: int, dimensions: int) -> None:
        super().__init__()
        self.enter = nn.ModuleDict({kind: nn.Linear(width, hidden) for kind, width in widths.items()})
        own = {name_part(level, kind): nn.Linear(hidden, hidden) for level in range(N_ROUNDS) for kind in widths}
        heard = {name_part(level, *each): GatedConvolution(hidden) for level in range(N_ROUNDS) for each in EDGE_TYPES}
        self.rounds = nn.ModuleDict({**own, **heard})
        self.leave = nn.Linear(2 * hidden, dimensions)
        self.judge = nn.Linear(dimensions, 1)  # tells known fraud in fine-tuning, and nothing after it

    def open_inputs(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Inputs (n, f) → states (n, h), per node type."""
        return {kind: torch.relu(self.enter[kind](x)) for kind, x in inputs.items()}

    def hear_round(
        self, level: int, own: Tensor, kind: str, senders: Mapping[str, Tensor], messages: Mapping[EdgeType, Message]
    ) -> Tensor:
        """The next state of receivers of one type, whose state is ``own`` (m, h)."""
        heard: Tensor = self.rounds[name_part(level, kind)](own)
        for relation, message in messages.items():
            if relation[2] == kind:
                heard = heard + self.rounds[name_part(level, *relation)](senders[relation[0]], len(own), message)
        return torch.relu(heard)

    def close(self, opened: Tensor, last: Tensor) -> Tensor:
        """First and last states (m, h) → unit vectors (m, d)."""
        return nn.functional.normalize(self.leave(torch.cat([opened, last], dim=1)), dim=1)

    def run_rounds(
        self,
        inputs: Mapping[str, Tensor],
        messages: Mapping[EdgeType, Message],
        *,
        wanted: Collection[str] = (ACCOUNT,),
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The first states (n, h) of every node per type, and the last ones of the types that are wanted."""
        opened = self.open_inputs(inputs)
        state = opened
        for level in range(N_ROUNDS):
            kinds = wanted if level == N_ROUNDS - 1 else list(opened)
            state = {kind: self.hear_round(level, state[kind], kind, state, messages) for kind in kinds}
        return opened, state

    def forward(self, inputs: Mapping[str, Tensor], messages: Mapping[EdgeType, Message]) -> Tensor:
        """Inputs (n, f) per node type → unit vectors of accounts (n, d)."""
        opened, state = self.run_rounds(inputs, messages)
        return self.close(opened[ACCOUNT], state[ACCOUNT])


def name_part(level: int, *name: str) -> str:
    """The name of a part of the network, for its state dict."""
    return "-".join((str(level), *name))
