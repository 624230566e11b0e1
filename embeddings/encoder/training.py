"""The training of an encoder, step by step; a training that was killed goes on where it was.

Every step draws from a generator of its own, seeded by the seed and the step's number, so that a training that was cut
short and taken up again ends in the same bytes as one that was not.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from embeddings.encoder.network import Network
from embeddings.encoder.objectives import LinkedPairs, Objective, encode_view
from embeddings.encoder.settings import EncoderSettings
from graph.errors import ConfigError
from graph.files import replace_file
from graph.model import Ints
from graph.progress import Progress

KEEP_EVERY = 25
"""Steps between two checkpoints."""
SHOWN_STEPS = 20
"""The loss that is told is the mean over so many steps."""


@dataclass(frozen=True)
class KnownAccounts:
    """What is known of some accounts: ``row`` (L,), each once, and ``is_fraud`` (L,)."""

    row: Ints
    is_fraud: NDArray[np.bool_]


@dataclass(frozen=True)
class LabelledPairs:
    """Fine-tuning: known fraud must be told from known good accounts, while linked accounts still find one another.

    Both kinds make up half of every batch, however rare one is.
    """

    linked: LinkedPairs
    known: KnownAccounts

    def find_parameters(self) -> list[nn.Parameter]:
        """Nothing but the network."""
        return []

    def measure_loss(self, network: Network, step: int, rng: np.random.Generator) -> Tensor:
        """Cross-entropy of the labels beside the loss without them."""
        linked, settings = self.linked, self.linked.settings
        half = settings.batch // 2 + 1
        kinds = [self.known.row[self.known.is_fraud == bad] for bad in (True, False)]
        rows = np.concatenate([rng.choice(kind, half) for kind in kinds])
        scores = network.judge(encode_view(network, linked.market, rows, settings, rng)).squeeze(1)
        truth = torch.cat([torch.ones(half), torch.zeros(half)]).to(scores.device)
        told = nn.functional.binary_cross_entropy_with_logits(scores, truth)
        return told + linked.measure_loss(network, step, rng) if linked.sources else told


@dataclass(frozen=True)
class Stage:
    """What to train for, and for how many steps."""

    objective: Objective
    n_steps: int


@dataclass
class _Training:
    """A training under way."""

    network: Network
    optimiser: torch.optim.Optimizer
    losses: list[float]


@dataclass(frozen=True)
class Checkpoint:
    """Where a training under way is kept, and whose it is: one of another market or other settings is not taken up."""

    path: Path
    fingerprint: str

    @classmethod
    def of(cls, path: Path, settings: EncoderSettings, market_digest: str) -> Checkpoint:
        """A place for the training with these settings on this market."""
        told = repr([sorted(asdict(settings).items()), market_digest, str(torch.__version__), np.__version__])
        return cls(path, hashlib.sha256(told.encode()).hexdigest())

    def keep(self, training: _Training) -> None:
        """Write the training aside and rename it into place.

        Raises
        ------
        ConfigError
            If it cannot be written.
        """
        out = io.BytesIO()
        kept = {
            "fingerprint": self.fingerprint,
            "losses": training.losses,
            "network": training.network.state_dict(),
            "optimiser": training.optimiser.state_dict(),
        }
        torch.save(kept, out)
        try:
            replace_file(self.path, out.getvalue())
        except OSError as error:
            raise ConfigError(f"{self.path}: the training cannot be kept: {error.strerror}") from error

    def take_up(self, training: _Training) -> None:
        """Go on where an earlier training was, if it was the same one."""
        kept = self._read()
        if kept.get("fingerprint") == self.fingerprint:
            training.network.load_state_dict(kept["network"])
            training.optimiser.load_state_dict(kept["optimiser"])
            training.losses[:] = kept["losses"]

    def _read(self) -> dict[str, Any]:
        try:
            kept = torch.load(self.path, weights_only=True, map_location="cpu")  # executes nothing
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):
            return {}
        return kept if isinstance(kept, dict) else {}


def train_network(
    network: Network,
    stages: Sequence[Stage],
    settings: EncoderSettings,
    *,
    checkpoint: Checkpoint | None = None,
    progress: Progress,
) -> list[float]:
    """Train in stages; returns the losses of all steps.

    Parameters
    ----------
    network
        Trained in place.
    stages
        One after the other.
    settings
        Learning rate and seed.
    checkpoint
        Where to keep the training every ``KEEP_EVERY`` steps, and to look for one that was cut short.
    """
    plan = [stage.objective for stage in stages for _ in range(stage.n_steps)]
    further = [each for stage in stages for each in stage.objective.find_parameters()]
    network.train()
    optimiser = torch.optim.Adam([*network.parameters(), *further], lr=settings.learning_rate)
    training = _Training(network, optimiser, [])
    if checkpoint is not None:
        checkpoint.take_up(training)
    for step in range(len(training.losses), len(plan)):
        loss = plan[step].measure_loss(network, step, np.random.default_rng([settings.seed, step]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        training.losses.append(float(loss.detach()))
        progress("train encoder", step + 1, len(plan))
        if checkpoint is not None and (step + 1) % KEEP_EVERY == 0:
            checkpoint.keep(training)
    return training.losses
