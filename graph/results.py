"""What a run found: rings, evidence and flags, as the houses hand them to one another and the store keeps them.

Nothing here loads numpy, so that a question need not wait for it.  What is kept of these classes follows from their
fields, see :mod:`graph.stores.shape`: a field that the first stores had not got says in its metadata with which version
of the shape it came, and is None in what was written before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from graph.vocabulary import RingKind, Tier

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graph.model import Floats, Ints


@dataclass(frozen=True)
class Evidence:
    """What one channel shows inside a ring beyond chance.

    ``observed`` and ``expected`` are counts of shared things or dealings inside the group;
    ``bits`` is their log-likelihood ratio; ``sentence`` says it for people.
    """

    channel: str
    bits: float
    observed: float
    expected: float
    sentence: str


@dataclass(frozen=True)
class Member:
    """An account in a ring: ``role`` is ``core`` or ``fringe``; ``bits`` tie it to the others.

    ``held_by`` names the fewest links without which it would not be named, strongest first, and ``held_bits``
    is what these bring; empty and 0 where that was not asked.
    """

    account_id: str
    role: Literal["core", "fringe"]
    bits: float
    held_by: tuple[str, ...] = ()
    held_bits: float = 0.0


@dataclass(frozen=True)
class RingLink:
    """Two members, a channel and the bits that join them; ``via`` names what they share."""

    account_a: str
    account_b: str
    channel: str
    bits: float
    via: str


@dataclass(frozen=True)
class InnocentReading:
    """An innocent explanation that was heard: how many bits of the evidence it accounts for."""

    name: str
    bits: float
    won: bool
    sentence: str


@dataclass(frozen=True)
class Party:
    """An account outside the ring that it acted on or for: a ``target`` or a ``beneficiary``."""

    account_id: str
    role: Literal["target", "beneficiary"]
    sentence: str


@dataclass(frozen=True)
class Ring:
    """A candidate whose evidence stands after the innocent explanations were heard.

    ``score`` lies in [0, 1]; ``net_bits`` is the evidence less the innocent explanation and less the
    charge for the search; ``members`` are sorted by role and bits, ``links`` by bits.  ``shown`` is the score
    without what trades and communities account for, on which the tier rests; ``false_discovery`` the share of honest
    groups to be expected among the rings that show as much, in [0, 1].
    """

    ring_id: str
    kind: RingKind
    score: float
    tier: Tier
    net_bits: float
    charge_bits: float
    members: tuple[Member, ...]
    evidence: tuple[Evidence, ...]
    links: tuple[RingLink, ...]
    innocent: tuple[InnocentReading, ...]
    parties: tuple[Party, ...] = ()
    action: str = ""
    false_discovery: float | None = None
    shown: float = 0.0


@dataclass(frozen=True)
class Flag:
    """A run's verdict on an account or review that is not clear.

    ``score`` is the strength of the evidence; ``probability`` is a learned model's chance of fraud, None where no
    model was asked. The two are not the same thing: the first is earned by what was seen, the second is calibrated on
    labels.
    """

    subject: Literal["account", "review"]
    subject_id: str
    score: float
    tier: Tier
    reasons: tuple[str, ...]
    action: str
    ring_ids: tuple[str, ...] = ()
    probability: float | None = field(default=None, metadata={"since": 2})


@dataclass(frozen=True)
class Overruled:
    """Where a person's decision is not what the evidence says: the ``tier`` that stands, and the one it would have.

    ``score`` is that of the evidence; ``event_id`` names the decision in the casebook.
    """

    subject: Literal["account", "review"]
    subject_id: str
    tier: Tier
    would_be: Tier
    score: float
    event_id: str


@dataclass(frozen=True)
class RunResult:
    """One batch: its id, inputs, configuration and results.

    ``account_score`` (N,) and ``account_tier`` (N,) codes into ``TIERS`` follow the snapshot's
    accounts; ``review_score`` (R,) and ``review_tier`` (R,) its reviews; all scores lie in [0, 1].
    ``vectors`` (N, d) float32 are the encoder's, or None when it did not run.  ``account_probability``
    (N,) are a learned model's chances of fraud, in [0, 1], NaN where it knows none; None where no
    model was used.  ``overruled``, ``models``, how these were side by side, and ``places``, how
    each ring came to its place in the list where more than bits had a say, by ring id, are kept with the settings.
    """

    run_id: str
    settings: dict[str, Any]
    snapshot_digest: str
    as_of: np.datetime64 | None
    rings: tuple[Ring, ...]
    account_score: Floats
    account_tier: Ints
    review_score: Floats
    review_tier: Ints
    flags: tuple[Flag, ...]
    notes: tuple[str, ...] = ()
    vectors: NDArray[np.float32] | None = field(default=None, repr=False)
    account_probability: Floats | None = None
    overruled: tuple[Overruled, ...] = ()
    models: dict[str, Any] | None = None
    places: dict[str, str] = field(default_factory=dict)
