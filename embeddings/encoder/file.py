"""An encoder on disk: one file, nothing in it that could be executed.

The file is a zip of two plain parts: ``weights.pt`` (a state dict, read as tensors only) and ``manifest.json`` (what
the encoder is and what it was learnt from).  It is written aside and renamed, so that there is either the old encoder
or the new one.  The same encoder gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED

import numpy as np
import torch

from embeddings.encoder.hetero_graph import EDGE_TYPES, TRAITS
from embeddings.encoder.model import Encoder, build_network, work_repeatably
from embeddings.encoder.settings import AUTO, EncoderSettings, check_settings
from embeddings.features.accounts import feature_names
from embeddings.features.scaling import FeatureScaling
from graph.errors import ConfigError
from graph.files import read_bounded, replace_file
from graph.version import VERSION

FORMAT = 2
MANIFEST, WEIGHTS = "manifest.json", "weights.pt"
LIBRARIES = ("numpy", "torch", "torch-geometric")
_LARGEST_PARTS = {MANIFEST: 1 << 24, WEIGHTS: 1 << 28}
"""Bytes; a part, or a file, that is larger is no encoder of ours."""
_WIDEST = 4_096
"""Numbers in a vector or a layer; an encoder that claims more would take all memory before it is refused."""
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, pickle.UnpicklingError, KeyError, TypeError, ValueError, AttributeError, EOFError,
    IndexError, NotImplementedError, RuntimeError, OverflowError, MemoryError,
)  # fmt: skip
"""What comes of reading a file that is something else; RecursionError is a RuntimeError."""


@dataclass(frozen=True)
class KeptEncoder:
    """An encoder, what is told of it, and the file's digest."""

    encoder: Encoder
    learnt: Mapping[str, Any]
    sha256: str


def write_encoder(path: Path, encoder: Encoder, learnt: Mapping[str, Any] | None = None) -> str:
    """Write an encoder; returns the file's SHA-256.

    Parameters
    ----------
    path
        Of the file; an earlier one is replaced when the new one is complete.
    encoder
        What to write.
    learnt
        The span of the data, counts and measures, for people.

    Raises
    ------
    ConfigError
        If the file cannot be written; an earlier encoder is then as it was.
    """
    content = pack_encoder(encoder, learnt or {})
    try:
        replace_file(path, content)
    except OSError as error:
        raise ConfigError(f"{path}: the encoder cannot be written: {error.strerror}") from error
    return hashlib.sha256(content).hexdigest()


def pack_encoder(encoder: Encoder, learnt: Mapping[str, Any]) -> bytes:
    """The file's content."""
    weights = io.BytesIO()
    torch.save({name: tensor.cpu() for name, tensor in encoder.network.state_dict().items()}, weights)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "features": list(encoder.scaling.names),
        "relations": ["-".join(each) for each in EDGE_TYPES],
        "traits": list(TRAITS),
        "settings": asdict(replace(encoder.settings, device=AUTO)),
        "centre": encoder.scaling.centre.tolist(),
        "spread": encoder.scaling.spread.tolist(),
        "learnt": dict(learnt),
        "versions": {name: version(name) for name in LIBRARIES},
        "weights_sha256": hashlib.sha256(weights.getvalue()).hexdigest(),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, part in ((MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode()), (WEIGHTS, weights.getvalue())):
            # A bare ZipInfo is dated 1980, whenever it is written.
            file.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def read_encoder(path: Path, *, device: str = AUTO) -> KeptEncoder:
    """Read an encoder; nothing in the file is executed.

    Raises
    ------
    ConfigError
        If there is no such file, it is damaged, or it was made for other features, relations or traits than this
        version reads; the message says so in one line.
    """
    try:
        content = read_bounded(path, _LARGEST_PARTS[WEIGHTS])
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: the encoder cannot be read: {getattr(error, 'strerror', None) or error}") from error
    try:
        manifest, weights = _unzip(content)
        learnt = dict(manifest.get("learnt", {}))
    except _DAMAGE as error:
        raise ConfigError(f"{path} is no encoder, or is damaged: {_AGAIN}") from error
    _check_manifest(path, manifest, weights)
    encoder = _unpack(path, manifest, weights, device)
    return KeptEncoder(encoder, learnt, hashlib.sha256(content).hexdigest())


_AGAIN = "run ringfence train --encoder again"


def _unzip(content: bytes) -> tuple[dict[str, Any], bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        for name in (MANIFEST, WEIGHTS):
            part = file.getinfo(name)
            if part.file_size > _LARGEST_PARTS[name] or part.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise ValueError(f"{name} is too large, or packed in a way of which we know nothing")
        manifest = json.loads(file.read(MANIFEST))
        if not isinstance(manifest, dict):
            raise ValueError(f"{MANIFEST} is no object")
        return manifest, file.read(WEIGHTS)


def _check_manifest(path: Path, manifest: Mapping[str, Any], weights: bytes) -> None:
    if manifest.get("format") != FORMAT:
        raise ConfigError(f"{path} has format {manifest.get('format')}, and this version reads {FORMAT}: {_AGAIN}")
    expected = {"features": feature_names(), "relations": ["-".join(each) for each in EDGE_TYPES], "traits": TRAITS}
    for what, names in expected.items():
        found = manifest.get(what)
        if found != list(names):
            said = {str(each) for each in found} if isinstance(found, list) else set()
            strange = ", ".join(sorted(set(names) ^ said)[:3])[:200]
            raise ConfigError(f"{path} was made for other {what} ({strange or 'their order'}): {_AGAIN}")
    if manifest.get("weights_sha256") != hashlib.sha256(weights).hexdigest():
        raise ConfigError(f"{path} is damaged: {WEIGHTS} is not what was written; {_AGAIN}")


def _unpack(path: Path, manifest: Mapping[str, Any], weights: bytes, device: str) -> Encoder:
    try:
        scaling = FeatureScaling(
            names=tuple(manifest["features"]),
            centre=np.array(manifest["centre"], dtype=np.float64),
            spread=np.array(manifest["spread"], dtype=np.float64),
        )
        for figures in (scaling.centre, scaling.spread):
            if figures.shape != (len(scaling.names),) or not np.isfinite(figures).all():
                raise ValueError("centre, or spread")
        settings = EncoderSettings(**manifest["settings"] | {"device": device})
        first, second = settings.fan_out
        settings = replace(settings, fan_out=(first, second))
        check_settings(settings)
        if max(settings.dimensions, settings.hidden) > _WIDEST:
            raise ValueError("dimensions, or hidden")
        with work_repeatably(settings):  # building draws random weights, which are not the caller's to lose
            network = build_network(scaling, settings)
        state = torch.load(io.BytesIO(weights), weights_only=True, map_location="cpu")
        if not all(bool(torch.isfinite(tensor).all()) for tensor in state.values()):
            raise ValueError("a weight that is no number")
        network.load_state_dict(state)
    except _DAMAGE as reason:
        raise ConfigError(f"{path} is damaged: its parts do not fit together; {_AGAIN}") from reason
    return Encoder(settings=settings, scaling=scaling, network=network)
