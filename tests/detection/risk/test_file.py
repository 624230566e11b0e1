"""A model on disk: the same bytes, nothing half written, nothing damaged or strange believed."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from risk_market import SETTINGS

from detection.risk.file import KeptModel, pack_model, read_model, write_model
from detection.risk.model import score_risk
from detection.training.risk import train_on
from embeddings.features.table import describe_accounts, pick_columns
from graph.errors import ConfigError
from graph.model import Snapshot


def test_the_same_market_and_seed_give_the_same_bytes(market: Snapshot, model_path: Path, tmp_path: Path) -> None:
    train_on(market, tmp_path / "again", SETTINGS)
    assert (tmp_path / "again").read_bytes() == model_path.read_bytes()


def test_a_model_says_the_same_after_it_was_kept(market: Snapshot, kept: KeptModel, tmp_path: Path) -> None:
    write_model(tmp_path / "copy", kept.model, kept.spread, kept.learnt)
    x, score = pick_columns(describe_accounts(market), kept.model.names), np.full(market.n_accounts, 0.2)
    again = read_model(tmp_path / "copy")
    assert score_risk(again.model, x, score).tobytes() == score_risk(kept.model, x, score).tobytes()


def test_the_manifest_says_what_was_learnt_from_what(kept: KeptModel) -> None:
    learnt = kept.learnt
    assert (learnt["labelled"], learnt["fraud"], learnt["seed"]) == (75, 15, 0)
    assert learnt["labels_until"].startswith("2024-10-27")
    assert set(learnt["versions"]) == {"lightgbm", "numpy", "scipy", "python"}
    assert learnt["auc"]["low"] <= learnt["auc"]["value"] <= learnt["auc"]["high"]


def test_a_model_that_cannot_be_written_leaves_the_old_one(
    kept: KeptModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "risk.model"
    path.write_bytes(b"the old one")

    def die(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("graph.files.os.fsync", die)
    with pytest.raises(KeyboardInterrupt):
        write_model(path, kept.model, kept.spread, kept.learnt)
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_no_model_can_be_written_where_there_is_no_folder(kept: KeptModel, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written: No such file"):
        write_model(tmp_path / "nowhere" / "m", kept.model, kept.spread, kept.learnt)


def test_a_place_for_the_model_is_looked_for_before_anything_long(market: Snapshot, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        train_on(market, tmp_path / "nowhere" / "m", SETTINGS)
    with pytest.raises(ConfigError, match="this is a folder"):
        train_on(market, tmp_path, SETTINGS)


def rewrite(path: Path, name: str, content: bytes, *, seal: bool = False) -> bytes:
    """The file with one part changed; sealed, the manifest vouches for it."""
    with zipfile.ZipFile(path) as file:
        parts = {each: file.read(each) for each in file.namelist()}
    parts[name] = content
    if seal:
        manifest = json.loads(parts["manifest.json"])
        manifest["sha256"][name] = hashlib.sha256(content).hexdigest()
        parts["manifest.json"] = json.dumps(manifest).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for each, value in parts.items():
            file.writestr(each, value)
    return out.getvalue()


def change_manifest(path: Path, **changes: object) -> bytes:
    with zipfile.ZipFile(path) as file:
        manifest = json.loads(file.read("manifest.json"))
    return rewrite(path, "manifest.json", json.dumps({**manifest, **changes}).encode())


def test_a_damaged_file_is_refused_in_one_line(model_path: Path, tmp_path: Path) -> None:
    whole = model_path.read_bytes()
    middle = len(whole) // 2
    damaged = {
        "empty": b"",
        "no model": b"PK",
        "cut": whole[:-100],
        "bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "part": rewrite(model_path, "trees.txt", b"tree\n"),
        "pickle": rewrite(model_path, "linear.npy", np.array([{}], dtype=object).dumps(), seal=True),
        "shape": rewrite(model_path, "linear.npy", _as_bytes(np.zeros((3, 2))), seal=True),
        "blend": change_manifest(model_path, blend={"strange": 1.0}),
        "field": change_manifest(model_path, unknown=1),
        "columns": change_manifest(model_path, columns=7),
    }
    for name, content in damaged.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ConfigError, match="run ringfence train again") as caught:
            read_model(path)
        assert "\n" not in str(caught.value), name


def _as_bytes(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


@pytest.mark.parametrize("change", [{"features_schema": 99}, {"format": 99}], ids=["features", "format"])
def test_a_model_for_other_features_is_refused(model_path: Path, tmp_path: Path, change: dict[str, int]) -> None:
    path = tmp_path / "m"
    path.write_bytes(change_manifest(model_path, **change))
    with pytest.raises(ConfigError, match="made for other features"):
        read_model(path)


def test_a_model_that_reads_an_unknown_column_is_refused_by_its_name(kept: KeptModel, tmp_path: Path) -> None:
    names = ("account.shoe_size", *kept.model.names[1:])
    (tmp_path / "m").write_bytes(pack_model(replace(kept.model, names=names), kept.spread, kept.learnt))
    with pytest.raises(ConfigError, match=r"reads 'account\.shoe_size', which there is not"):
        read_model(tmp_path / "m")


def test_no_model_is_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_model(tmp_path / "none")
