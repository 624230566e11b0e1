"""An encoder on disk: the same bytes, and nothing damaged or strange believed."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from encoder_market import Market

from embeddings.encoder.file import read_encoder, write_encoder
from embeddings.encoder.hetero_graph import TRAITS
from embeddings.encoder.model import Encoder
from embeddings.features.accounts import (
    feature_names,
)
from graph.errors import ConfigError


def rewrite(path: Path, change: dict[str, object], weights: bytes | None = None) -> None:
    """Write an encoder's file again with another manifest or other weights."""
    with zipfile.ZipFile(path) as file:
        manifest = json.loads(file.read("manifest.json")) | change
        weights = file.read("weights.pt") if weights is None else weights
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("manifest.json", json.dumps(manifest))
        file.writestr("weights.pt", weights)


def test_a_written_encoder_comes_back_the_same(market: Market, encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "accounts.encoder"
    write_encoder(path, encoder, {"accounts": market.n_accounts})
    kept = read_encoder(path)
    assert kept.learnt == {"accounts": market.n_accounts}
    assert replace(kept.encoder.settings, device="cpu") == encoder.settings
    assert kept.encoder.encode(market.snapshot()).tobytes() == encoder.encode(market.snapshot()).tobytes()


def test_the_same_encoder_is_the_same_file(encoder: Encoder, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write_encoder(first, encoder)
    write_encoder(second, encoder)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": 99}, "format 99"),
        ({"features": ["account.horoscope", *feature_names()]}, r"other features \(account\.horoscope\)"),
        ({"relations": []}, "other relations"),
        ({"traits": [*reversed(TRAITS)]}, r"other traits \(their order\)"),
        ({"settings": {"hidden": 17}}, "do not fit together"),
        ({"settings": {"horoscope": True}}, "do not fit together"),
        ({"centre": [0.0]}, "do not fit together"),
        ({"weights_sha256": "0"}, "not what was written"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused_in_one_line(
    encoder: Encoder, tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    path = tmp_path / "accounts.encoder"
    write_encoder(path, encoder)
    rewrite(path, change)
    with pytest.raises(ConfigError, match=complaint) as refusal:
        read_encoder(path)
    assert "\n" not in str(refusal.value)
    assert "ringfence train --encoder" in str(refusal.value)


def test_weights_that_would_run_code_are_refused(encoder: Encoder, tmp_path: Path) -> None:
    path, evil = tmp_path / "accounts.encoder", io.BytesIO()
    write_encoder(path, encoder)
    torch.save({"enter": Path("surprise")}, evil)  # an object of a class is more than a tensor
    rewrite(path, {"weights_sha256": hashlib.sha256(evil.getvalue()).hexdigest()}, evil.getvalue())
    with pytest.raises(ConfigError, match="do not fit together"):
        read_encoder(path)


def test_a_damaged_encoder_is_refused(encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "accounts.encoder"
    write_encoder(path, encoder)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ConfigError, match="damaged"):
        read_encoder(path)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"accounts\.encoder: the encoder cannot be read"):
        read_encoder(tmp_path / "accounts.encoder")


@pytest.mark.parametrize(
    "change",
    [
        {"centre": [float("nan")]},
        {"learnt": 7},
        {"learnt": [[1]]},
        {"settings": {"hidden": 10**9}},
        {"settings": {"fan_out": 3}},
        {"settings": None},
        {"features": [["x"], 3]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_tampered_encoder_is_refused_in_one_line(encoder: Encoder, tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "encoder"
    write_encoder(path, encoder)
    rewrite(path, change)
    with pytest.raises(ConfigError, match="run ringfence train --encoder again") as caught:
        read_encoder(path)
    assert "\n" not in str(caught.value)


def test_weights_that_are_no_numbers_are_refused(encoder: Encoder, tmp_path: Path) -> None:
    path, weights = tmp_path / "encoder", io.BytesIO()
    write_encoder(path, encoder)
    torch.save({name: tensor * float("nan") for name, tensor in encoder.network.state_dict().items()}, weights)
    digest = hashlib.sha256(weights.getvalue()).hexdigest()
    rewrite(path, {"weights_sha256": digest}, weights.getvalue())
    with pytest.raises(ConfigError, match="damaged"):
        read_encoder(path)
