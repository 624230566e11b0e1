"""A risk model on disk: one file, nothing in it that could be executed.

The file is a zip of plain parts: ``manifest.json`` (what the model is and what it was learnt from), ``linear.npy``
(the logistic regression, rows centre, spread and weight), ``trees.txt`` (LightGBM's own text) and ``bins.npy`` (how the
market was spread, for drift).  It is written aside and renamed, so that there is either the old model or the new one.
The same model gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from detection.risk.blend import BLEND_PRIOR, Blend
from detection.risk.drift import Spread
from detection.risk.linear import LinearPart
from detection.risk.model import RiskModel
from embeddings.features.table import FEATURE_TABLE_SCHEMA, list_table_columns
from graph.errors import ConfigError
from graph.files import replace_file
from graph.model import Floats
from graph.version import VERSION

FORMAT = 2
MANIFEST, LINEAR, TREES, BINS = "manifest.json", "linear.npy", "trees.txt", "bins.npy"
_PARTS = (LINEAR, TREES, BINS)
_LARGEST_PART = 1 << 30
"""Bytes; a part that claims to be larger is no model of ours."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model is, and what it was learnt from.

    Attributes
    ----------
    format, features_schema, version
        Of the file, of the columns, and of Ringfence when it was written.
    columns
        The names of the table's columns that are read, in the order of the arrays.
    blend, bias, linear_bias, shift, base_rate
        See :class:`~detection.risk.model.RiskModel`.
    drift_columns
        The columns whose spread is in ``bins.npy``; the last row there is the score's.
    learnt
        Label counts, the span of the data, settings, measures and library versions, for people.
    sha256
        Of the other parts.
    """

    format: int
    features_schema: int
    version: str
    columns: tuple[str, ...]
    blend: dict[str, float]
    bias: float
    linear_bias: float
    shift: float
    base_rate: float
    drift_columns: tuple[str, ...]
    learnt: dict[str, Any]
    sha256: dict[str, str]


@dataclass(frozen=True)
class KeptModel:
    """A model, how the market that it was learnt from was spread, what is told of it, and the file's digest."""

    model: RiskModel
    spread: Spread
    learnt: Mapping[str, Any]
    sha256: str


def write_model(path: Path, model: RiskModel, spread: Spread, learnt: Mapping[str, Any]) -> str:
    """Write a model; returns the file's SHA-256.

    Raises
    ------
    ConfigError
        If the file cannot be written; an earlier model is then as it was.
    """
    content = pack_model(model, spread, learnt)
    try:
        replace_file(path, content)
    except OSError as error:
        raise ConfigError(f"{path}: the model cannot be written: {error.strerror}") from error
    return hashlib.sha256(content).hexdigest()


def check_place(path: Path) -> None:
    """Refuse a place where no file can be, before anything long is done for it.

    Raises
    ------
    ConfigError
        If there is no such folder, or the path is one.
    """
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: the model cannot be written: there is no folder {path.parent}")
    if path.is_dir():
        raise ConfigError(f"{path}: the model cannot be written: this is a folder")


def pack_model(model: RiskModel, spread: Spread, learnt: Mapping[str, Any]) -> bytes:
    """A model as the bytes of its file."""
    linear = model.linear
    parts = {
        LINEAR: _pack_array(np.stack([linear.centre, linear.spread, linear.weight])),
        TREES: model.trees.encode(),
        BINS: _pack_array(np.concatenate([spread.edges, spread.share], axis=1)),
    }
    manifest = Manifest(
        format=FORMAT,
        features_schema=FEATURE_TABLE_SCHEMA,
        version=VERSION,
        columns=model.names,
        blend=model.blend.weights,
        bias=model.blend.bias,
        linear_bias=linear.bias,
        shift=model.shift,
        base_rate=model.base_rate,
        drift_columns=spread.names,
        learnt=dict(learnt),
        sha256={name: hashlib.sha256(content).hexdigest() for name, content in parts.items()},
    )
    told = json.dumps(msgspec.to_builtins(manifest), ensure_ascii=False, indent=1) + "\n"
    return _zip({MANIFEST: told.encode(), **parts})


def _zip(parts: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in parts.items():
            # A bare ZipInfo is dated 1980, whenever it is written.
            file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _pack_array(array: Floats) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return out.getvalue()


def read_model(path: Path) -> KeptModel:
    """Read a model; nothing in the file is executed.

    Raises
    ------
    ConfigError
        If there is no such file, it is damaged, or it was made for other features; the message says so in one line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: the model cannot be read: {error.strerror}") from error
    try:
        parts = _unzip(content)
        manifest = msgspec.json.decode(parts[MANIFEST], type=Manifest, strict=False)
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise ConfigError(f"{path} is no risk model, or is damaged: run ringfence train again") from error
    _check_manifest(path, manifest, parts)
    return _unpack(path, manifest, parts, hashlib.sha256(content).hexdigest())


def _unzip(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        parts = {}
        for name in (MANIFEST, *_PARTS):
            if file.getinfo(name).file_size > _LARGEST_PART:
                raise ValueError(f"{name} is too large")
            parts[name] = file.read(name)
    return parts


def _check_manifest(path: Path, manifest: Manifest, parts: Mapping[str, bytes]) -> None:
    damaged = [name for name in _PARTS if hashlib.sha256(parts[name]).hexdigest() != manifest.sha256.get(name)]
    if damaged:
        raise ConfigError(f"{path} is damaged: {damaged[0]} is not what was written; run ringfence train again")
    strange = sorted({*manifest.columns, *manifest.drift_columns} - list_table_columns())
    moved_on = (manifest.format, manifest.features_schema) != (FORMAT, FEATURE_TABLE_SCHEMA)
    if moved_on or strange:
        what = f"it reads {strange[0]!r}, which there is not" if strange else f"it was written by {manifest.version}"
        raise ConfigError(f"{path} was made for other features ({what}): run ringfence train again")


def _unpack(path: Path, manifest: Manifest, parts: Mapping[str, bytes], sha256: str) -> KeptModel:
    try:
        linear, bins = (np.load(io.BytesIO(parts[name]), allow_pickle=False) for name in (LINEAR, BINS))
        fits = linear.shape == (3, len(manifest.columns)) and bins.shape[0] == len(manifest.drift_columns) + 1
    except ValueError:
        fits = False
    if not fits or manifest.blend.keys() != BLEND_PRIOR.keys():
        raise ConfigError(f"{path} is damaged: its parts do not fit together; run ringfence train again")
    blend = Blend(tuple(manifest.blend), np.array([*manifest.blend.values()]), manifest.bias)
    part = LinearPart(linear[0], linear[1], linear[2], manifest.linear_bias)
    model = RiskModel(manifest.columns, part, parts[TREES].decode(), blend, manifest.shift, manifest.base_rate)
    n_edges = (bins.shape[1] - 2) // 2
    spread = Spread(manifest.drift_columns, bins[:, :n_edges], bins[:, n_edges:])
    return KeptModel(model, spread, manifest.learnt, sha256)
