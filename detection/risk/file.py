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
from zipfile import ZIP_DEFLATED, ZIP_STORED

import msgspec
import numpy as np

from detection.risk.blend import BLEND_PRIOR, Blend
from detection.risk.drift import N_BINS, Spread
from detection.risk.linear import LinearPart
from detection.risk.model import RiskModel
from detection.risk.tree_text import cut_trees
from embeddings.features.table import FEATURE_TABLE_SCHEMA, list_table_columns
from graph.errors import ConfigError
from graph.files import read_bounded, replace_file
from graph.model import Floats
from graph.version import VERSION

FORMAT = 2
MANIFEST, LINEAR, TREES, BINS = "manifest.json", "linear.npy", "trees.txt", "bins.npy"
_PARTS = (LINEAR, TREES, BINS)
_LARGEST_FILE, _LARGEST_PARTS = 1 << 28, {MANIFEST: 1 << 24, LINEAR: 1 << 26, TREES: 1 << 28, BINS: 1 << 26}
"""Bytes; a file or a part that is larger is no model of ours."""
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, NotImplementedError, RuntimeError, OverflowError,
    MemoryError,
)  # fmt: skip
"""What comes of reading a file that is something else; RecursionError is a RuntimeError."""


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
        content = read_bounded(path, _LARGEST_FILE)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: the model cannot be read: {getattr(error, 'strerror', None) or error}") from error
    try:
        parts = _unzip(content)
        manifest = msgspec.json.decode(parts[MANIFEST], type=Manifest, strict=False)
    except _DAMAGE as error:
        raise ConfigError(f"{path} is no risk model, or is damaged: run ringfence train again") from error
    _check_manifest(path, manifest, parts)
    return _unpack(path, manifest, parts, hashlib.sha256(content).hexdigest())


def _unzip(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        parts = {}
        for name in (MANIFEST, *_PARTS):
            part = file.getinfo(name)
            if part.file_size > _LARGEST_PARTS[name] or part.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise ValueError(f"{name} is too large, or packed in a way of which we know nothing")
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
        linear = _read_array(parts[LINEAR], 3, len(manifest.columns))
        bins = _read_array(parts[BINS], len(manifest.drift_columns) + 1, 2 * N_BINS)
        _check_figures(manifest, linear, bins)
        trees = parts[TREES].decode()
        cut_trees(trees, len(manifest.columns))
    except _DAMAGE as error:
        why = f"its parts do not fit together or make no sense ({str(error)[:60]})"
        raise ConfigError(f"{path} is damaged: {why}; run ringfence train again") from error
    blend = Blend(tuple(manifest.blend), np.array([*manifest.blend.values()]), manifest.bias)
    part = LinearPart(linear[0], linear[1], linear[2], manifest.linear_bias)
    model = RiskModel(manifest.columns, part, trees, blend, manifest.shift, manifest.base_rate)
    spread = Spread(manifest.drift_columns, bins[:, : N_BINS - 1], bins[:, N_BINS - 1 :])
    return KeptModel(model, spread, manifest.learnt, sha256)


def _read_array(content: bytes, n_rows: int, n_columns: int) -> Floats:
    """An array whose shape is known: what a file says of itself could ask for any amount of memory."""
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("an array")
    shape, is_fortran, kind = np.lib.format.read_array_header_1_0(file)
    if (shape, is_fortran, kind) != ((n_rows, n_columns), False, np.dtype(np.float64)):
        raise ValueError("the shape of an array")
    return np.frombuffer(file.read(), dtype=np.float64).reshape(shape).copy()


def _check_figures(manifest: Manifest, linear: Floats, bins: Floats) -> None:
    """Refuse figures that no training gives, and that would make any score of any account."""
    figures = [manifest.bias, manifest.linear_bias, manifest.shift, *manifest.blend.values()]
    if not (np.isfinite(figures).all() and np.isfinite(linear).all() and np.isfinite(bins).all()):
        raise ValueError("a figure that is no number")
    if not 0.0 < manifest.base_rate < 1.0:
        raise ValueError(f"base_rate {manifest.base_rate}")
    if manifest.blend.keys() != BLEND_PRIOR.keys() or min(manifest.blend.values()) < 0.0:
        raise ValueError("the weights of its parts")
    edges, share = bins[:, : N_BINS - 1], bins[:, N_BINS - 1 :]
    if (linear[1] < 0.0).any() or (np.diff(edges) < 0.0).any() or ((share < 0.0) | (share > 1.0)).any():
        raise ValueError("how the market was spread")
    if len(set(manifest.columns)) < len(manifest.columns) or not manifest.columns:
        raise ValueError("its columns")
    until = manifest.learnt.get("labels_until")
    if until is not None and np.isnat(np.datetime64(until, "us")):
        raise ValueError("labels_until")
