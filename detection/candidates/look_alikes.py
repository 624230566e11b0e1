"""The look-alike channel: accounts whose vectors are nearest to one another, linked so that searches may propose them.

These links propose and never convince.  The encoder is trained to bring together what is linked, so that a likeness
knows of the shared card already, and to count it as evidence would count the card twice.  A group that was proposed by
likeness has to stand by what the other channels show of it, against chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detection.candidates.links import Links
from detection.likelihood import score_surprise
from detection.policy import Policy
from detection.settings import DetectSettings
from embeddings.features.accounts import AccountFeatures, account_features
from embeddings.similar import explain_likeness, find_nearest, say_reason
from graph.model import Ints, Snapshot
from graph.progress import Progress, no_progress
from graph.results import Ring, RingLink

LOOK_ALIKE = "look-alike"
MOST_NAMED = 10
"""Likenesses named in one ring."""


def make_vectors(
    snapshot: Snapshot, settings: DetectSettings, *, progress: Progress = no_progress
) -> NDArray[np.float32]:
    """Encode every account with the encoder that the settings name, or one fitted to the market: (N, d)."""
    # torch takes seconds to import.
    from embeddings.encoder.model import fit_encoder
    from embeddings.encoder.settings import EncoderSettings

    if settings.encoder_file:
        from embeddings.encoder.file import read_encoder

        return read_encoder(Path(settings.encoder_file)).encoder.encode(snapshot, progress=progress)
    encoder = fit_encoder(snapshot, EncoderSettings(seed=settings.seed), progress=progress)
    return encoder.encode(snapshot, progress=progress)


def link_look_alikes(vectors: NDArray[np.float32], policy: Policy) -> Links:
    """Link accounts that are among one another's nearest.

    A link weighs what it surprises by: one of ``nearest_alike`` among all accounts.  Where more accounts than that have
    the very same vector, being near says nothing, and they get no link.

    Parameters
    ----------
    vectors
        (N, d) of unit length.
    policy
        How near is alike.

    Notes
    -----
    O(N²·d) time, O(N) memory: exact, in chunks.

    >>> from detection.policy import DEFAULT_POLICY
    >>> vectors = np.array([[1, 0], [0.8, 0.6], [0, 1], [0.1, 0.995]], dtype=np.float32)
    >>> link_look_alikes(vectors, DEFAULT_POLICY).a
    array([0, 0, 0, 1, 1, 2])
    """
    n = len(vectors)
    near = find_nearest(vectors, min(policy.nearest_alike, max(n - 1, 0)))
    pairs = _find_mutual(near, n)
    expected = np.full(pairs.shape[1], min(policy.nearest_alike / max(n, 1), 1.0))
    bits = np.maximum(score_surprise(np.ones(pairs.shape[1]), expected), 1e-6)
    return Links(pairs[0], pairs[1], bits)


def _find_mutual(near: Ints, n: int) -> Ints:
    """Pairs (2, L) of accounts each of which is near the other, from (N, k) rows or -1."""
    one, other = np.repeat(np.arange(n), near.shape[1]), near.ravel()
    one, other = one[other >= 0], other[other >= 0]
    forth, back = one * n + other, other * n + one
    mutual = np.sort(forth[np.isin(forth, back) & (one < other)])
    return np.stack(np.divmod(mutual, max(n, 1)))


def name_likenesses(rings: tuple[Ring, ...], likes: Links, snapshot: Snapshot) -> tuple[Ring, ...]:
    """Add to each ring the likenesses among its members, with what they are alike in, and no bits."""
    if not rings or not len(likes.a):
        return rings
    features = account_features(snapshot)
    row = {account_id: place for place, account_id in enumerate(snapshot.account_id.tolist())}
    alike: dict[int, set[int]] = {}
    for a, b in zip(likes.a.tolist(), likes.b.tolist(), strict=True):
        alike.setdefault(a, set()).add(b)
    return tuple(_name_in_ring(ring, row, alike, features) for ring in rings)


def _name_in_ring(ring: Ring, row: Mapping[str, int], alike: Mapping[int, set[int]], features: AccountFeatures) -> Ring:
    name = {row[member.account_id]: member.account_id for member in ring.members}
    pairs = sorted((a, b) for a in name for b in alike.get(a, ()) if b in name)[:MOST_NAMED]
    links = [
        RingLink(name[a], name[b], LOOK_ALIKE, 0.0, ", ".join(map(say_reason, explain_likeness(features, a, b))))
        for a, b in pairs
    ]
    return replace(ring, links=(*ring.links, *links))
