"""A model that somebody tampered with: refused in one line, before LightGBM sees it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection.risk.file import read_model
from detection.risk.settings import RiskSettings
from detection.risk.tree_text import cut_trees
from detection.risk.trees import apply_trees, fit_trees
from graph.errors import ConfigError

Parts = dict[str, bytes]


@pytest.fixture(scope="module")
def figures() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def trees(figures: np.ndarray) -> str:
    figures = np.where(np.arange(3) == 1, np.where(figures > 1, np.nan, figures), figures)
    return fit_trees(figures, figures[:, 0] + figures[:, 2] > 0, RiskSettings())


def test_trees_that_were_grown_here_are_let_through(trees: str, figures: np.ndarray) -> None:
    assert cut_trees(trees, 3).endswith("\nend of trees\n")
    import lightgbm

    whole = lightgbm.Booster(model_str=trees).predict(figures, raw_score=True, num_threads=1)
    assert apply_trees(trees, figures).tobytes() == whole.tobytes()


def change_first(name: str, change: Callable[[list[str]], list[str]]) -> Callable[[str], str]:
    """Change what the first tree says under a name."""

    def apply(text: str) -> str:
        at = text.index(f"\n{name}=", text.index("Tree=0")) + len(name) + 2
        end = text.index("\n", at)
        return text[:at] + " ".join(change(text[at:end].split())) + text[end:]

    return apply


TAMPERED: dict[str, Callable[[str], str]] = {
    "nothing": lambda _: "",
    "no trees": lambda text: text.replace("Tree=", "Bush="),
    "no end": lambda text: text.replace("end of trees", "end"),
    "several classes": lambda text: text.replace("num_class=1", "num_class=9"),
    "another objective": lambda text: text.replace("objective=binary sigmoid:1", "objective=custom"),
    "a feature too many": lambda text: text.replace("feature_names=c0 c1 c2", "feature_names=c0 c1 c2 c3"),
    "another largest feature": lambda text: text.replace("max_feature_idx=2", "max_feature_idx=2000000000"),
    "sizes beyond the text": lambda text: text.replace("tree_sizes=", "tree_sizes=99999999 ", 1),
    "a size below zero": lambda text: text.replace("tree_sizes=", "tree_sizes=-", 1),
    "averaged": lambda text: text.replace("\nfeature_names", "\naverage_output\nfeature_names", 1),
    "a feature that is not there": change_first("split_feature", lambda cells: ["7", *cells[1:]]),
    "a feature below zero": change_first("split_feature", lambda cells: ["-1", *cells[1:]]),
    "a circle": change_first("left_child", lambda cells: ["0", *cells[1:]]),
    "a child that is not there": change_first("right_child", lambda cells: ["9", *cells[1:]]),
    "a leaf that is not there": change_first("right_child", lambda cells: [*cells[:-1], "-99"]),
    "too few children": change_first("left_child", lambda cells: cells[1:]),
    "no leaves": change_first("num_leaves", lambda _: ["0"]),
    "two billion leaves": change_first("num_leaves", lambda _: ["2000000000"]),
    "leaves below zero": change_first("num_leaves", lambda _: ["-1"]),
    "categories": change_first("num_cat", lambda _: ["1"]),
    "a categorical split": change_first("decision_type", lambda cells: ["1", *cells[1:]]),
    "a value that is no number": change_first("leaf_value", lambda cells: ["nan", *cells[1:]]),
    "a value without end": change_first("leaf_value", lambda cells: ["inf", *cells[1:]]),
    "a value that is a word": change_first("leaf_value", lambda cells: ["x", *cells[1:]]),
    "too few values": change_first("leaf_value", lambda cells: cells[1:]),
    "linear leaves": change_first("is_linear", lambda _: ["1"]),
    "a shrinkage that is no number": change_first("shrinkage", lambda _: ["nan"]),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_trees_that_are_none_are_refused(trees: str, name: str) -> None:
    changed = TAMPERED[name](trees)
    assert changed != trees
    with pytest.raises((ValueError, KeyError)):
        cut_trees(changed, 3)


def seal(parts: Parts, changes: dict[str, Any], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A file of these parts whose manifest vouches for them."""
    manifest = json.loads(parts["manifest.json"]) | changes
    manifest["sha256"] = {name: hashlib.sha256(parts[name]).hexdigest() for name in manifest["sha256"]}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, content in (parts | {"manifest.json": json.dumps(manifest).encode()}).items():
            file.writestr(name, content)
    return out.getvalue()


def fill(parts: Parts, name: str, change: Callable[[np.ndarray], None]) -> Parts:
    array = np.load(io.BytesIO(parts[name])).copy()
    change(array)
    out = io.BytesIO()
    np.save(out, array)
    return parts | {name: out.getvalue()}


def claim_shape(parts: Parts) -> Parts:
    """An array that claims to be larger than any memory."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"shape": (3, 10**15), "fortran_order": False, "descr": "<f8"})
    return parts | {"linear.npy": out.getvalue()}


FILES: dict[str, Callable[[Parts], bytes]] = {
    "base rate 5": lambda parts: seal(parts, {"base_rate": 5}),
    "base rate 0": lambda parts: seal(parts, {"base_rate": 0}),
    "an endless bias": lambda parts: seal(parts, {"bias": 1e308 * 10}),
    "a weight below zero": lambda parts: seal(parts, {"blend": {"linear": -1, "trees": 1, "rings": 1}}),
    "columns twice": lambda parts: seal(parts, {"columns": json.loads(parts["manifest.json"])["columns"][:1] * 9}),
    "labels until no time": lambda parts: seal(parts, {"learnt": {"labels_until": "soon"}}),
    "NaN weights": lambda parts: seal(fill(parts, "linear.npy", lambda array: array.fill(np.nan)), {}),
    "a spread below zero": lambda parts: seal(fill(parts, "linear.npy", lambda array: array.fill(-1)), {}),
    "endless bins": lambda parts: seal(fill(parts, "bins.npy", lambda array: array.fill(np.inf)), {}),
    "an array larger than memory": lambda parts: seal(claim_shape(parts), {}),
    "trees that are none": lambda parts: seal(parts | {"trees.txt": b"tree\nnum_class=1\n"}, {}),
    "packed by bzip2": lambda parts: seal(parts, {}, zipfile.ZIP_BZIP2),
    "packed by LZMA": lambda parts: seal(parts, {}, zipfile.ZIP_LZMA),
    "brackets in brackets": lambda parts: seal(parts, {})[:0] + pack_deep(parts),
}


def pack_deep(parts: Parts) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in (parts | {"manifest.json": b'{"learnt":' + b"[" * 100_000}).items():
            file.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("name", FILES)
def test_a_tampered_model_is_refused_in_one_line(model_path: Path, tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(model_path) as file:
        parts = {each: file.read(each) for each in file.namelist()}
    (tmp_path / "m").write_bytes(FILES[name](parts))
    with pytest.raises(ConfigError, match="run ringfence train again") as caught:
        read_model(tmp_path / "m")
    assert "\n" not in str(caught.value)


def test_a_model_without_end_is_not_read() -> None:
    with pytest.raises(ConfigError, match="cannot be read: it is larger than"):
        read_model(Path("/dev/zero"))
