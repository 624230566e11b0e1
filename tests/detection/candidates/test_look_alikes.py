"""Look-alikes propose and never convince; an encoder is trained, kept and used as a user does it."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_market
from click.testing import CliRunner
from detection_market import Facts, find_ring_of, find_rows, make_background, make_snapshot, pick, plant_trade_ring
from places import ROOT

from cli.main import main
from detection.candidates.links import Links, add_links
from detection.candidates.look_alikes import LOOK_ALIKE, link_look_alikes, name_likenesses
from detection.evidence.market import make_market
from detection.policy import DEFAULT_POLICY
from detection.run import find_run
from detection.search import search_market
from detection.settings import DetectSettings
from detection.training.encoder import train_encoder, train_encoder_on
from embeddings.encoder import settings as encoder_settings
from embeddings.encoder import training
from embeddings.encoder.settings import EncoderSettings
from graph.errors import ConfigError
from graph.model import Snapshot

RING = pick(100, 12)
SHORT = functools.partial(EncoderSettings, steps=5, label_steps=5, batch=64, hidden=16, dimensions=8, device="cpu")
KEEP_EVERY = 3
LONGER = {"steps": 3 * KEEP_EVERY, "label_steps": 5, "batch": 64, "hidden": 16, "dimensions": 8}
TRAIN = f"""
import functools, os, signal
from cli.main import main
from embeddings.encoder import settings, training

keep = training.Checkpoint.keep

def keep_and_die(self, under_way):
    keep(self, under_way)
    os.kill(os.getpid(), signal.SIGKILL)

training.Checkpoint.keep, training.KEEP_EVERY = keep_and_die, {KEEP_EVERY}
settings.EncoderSettings = functools.partial(settings.EncoderSettings, **{LONGER})
main(["train", "--encoder", "-o", "broken"])
"""
"""A training that is killed as soon as it was first kept."""


@pytest.fixture(scope="module")
def facts() -> Facts:
    facts = make_background(n=600)
    plant_trade_ring(facts, RING)
    return facts


@pytest.fixture(scope="module")
def market(facts: Facts) -> Snapshot:
    return make_snapshot(facts)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of a few steps."""
    monkeypatch.setattr(encoder_settings, "EncoderSettings", SHORT)


def draw_vectors(n: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(n, 16)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


# Links ------------------------------------------------------------------------------------------


def test_accounts_are_linked_if_each_is_near_the_other() -> None:
    vectors = draw_vectors(300)
    links = link_look_alikes(vectors, DEFAULT_POLICY)
    cosine = vectors @ vectors.T
    np.fill_diagonal(cosine, -np.inf)
    near = [set(np.argsort(-row)[: DEFAULT_POLICY.nearest_alike].tolist()) for row in cosine]
    expected = {(a, b) for a in range(300) for b in near[a] if a < b and a in near[b]}
    assert set(zip(links.a.tolist(), links.b.tolist(), strict=True)) == expected
    assert (links.bits > 0).all()


def test_a_crowd_with_one_vector_gets_no_link() -> None:
    vectors = draw_vectors(100)
    vectors[:30] = vectors[0]
    links = link_look_alikes(vectors, DEFAULT_POLICY)
    assert not ((links.a < 30) & (links.b < 30)).any()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_accounts_are_no_obstacle(n: int) -> None:
    assert len(link_look_alikes(draw_vectors(n), DEFAULT_POLICY).a) == (n == 2)


def test_likenesses_add_to_the_links_that_are_there() -> None:
    one = Links(np.array([0, 1]), np.array([1, 2]), np.array([3.0, 4.0]))
    both = add_links([one, Links(np.array([1, 0]), np.array([2, 3]), np.array([5.0, 6.0]))], 4)
    assert dict(zip(zip(both.a.tolist(), both.b.tolist(), strict=True), both.bits.tolist(), strict=True)) == {
        (0, 1): 3.0, (1, 2): 9.0, (0, 3): 6.0,
    }  # fmt: skip


# Rings ------------------------------------------------------------------------------------------


def test_likeness_alone_makes_no_ring(market: Snapshot) -> None:
    made, settings = make_market(market), DetectSettings()
    strangers = find_rows(market, pick(300, 10))
    a, b = (end.ravel() for end in np.meshgrid(strangers, strangers))
    likes = Links(a[a < b], b[a < b], np.full(int((a < b).sum()), 50.0))
    plain = search_market(made, settings)
    found = search_market(made, settings, likes=likes)
    assert {tuple(found.groups.members(g)) for g in range(len(found.groups))} == {
        tuple(plain.groups.members(g)) for g in range(len(plain.groups))
    }


def test_likenesses_inside_a_ring_are_named_and_weigh_nothing(market: Snapshot) -> None:
    run = find_run(market, DetectSettings())
    ring = find_ring_of(run, RING)
    assert ring is not None
    rows = find_rows(market, RING[:3])
    likes = Links(rows[[0, 1]], rows[[1, 2]], np.full(2, 9.0))
    named = next(each for each in name_likenesses(run.rings, likes, market) if each.ring_id == ring.ring_id)
    added = [link for link in named.links if link.channel == LOOK_ALIKE]
    assert [(link.account_a, link.account_b) for link in added] == [(RING[0], RING[1]), (RING[1], RING[2])]
    assert all(link.bits == 0.0 for link in added)
    assert any("% of accounts)" in link.via for link in added)
    assert replace(named, links=ring.links) == ring


def test_a_run_with_look_alikes_finds_no_less(market: Snapshot, tmp_path: Path, short: None) -> None:
    path = tmp_path / "accounts.encoder"
    train_encoder_on(market, path, DetectSettings())
    settings = DetectSettings(look_alike=True, encoder_file=str(path))
    plain, run, again = find_run(market, DetectSettings()), find_run(market, settings), find_run(market, settings)
    assert find_ring_of(plain, RING) is not None
    assert find_ring_of(run, RING) is not None
    assert run.vectors is None
    assert run.rings == again.rings


def test_an_encoder_that_is_missing_is_named_before_anything_long(market: Snapshot) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.encoder: the encoder cannot be read"):
        find_run(market, DetectSettings(encoder=True, encoder_file="nowhere.encoder"))


# As a user does it ------------------------------------------------------------------------------


@pytest.mark.thorough
def test_a_training_that_was_killed_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(encoder_settings, "EncoderSettings", functools.partial(EncoderSettings, **LONGER))
    monkeypatch.setattr(training, "KEEP_EVERY", KEEP_EVERY)
    small_market.make_store(tmp_path)
    run = CliRunner().invoke
    under_way, steps = tmp_path / ".broken.part", []
    killed = subprocess.run([sys.executable, "-c", TRAIN], env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert under_way.exists()
    assert not (tmp_path / "broken").exists()
    train_encoder("ringfence-store", Path("broken"), DetectSettings(), progress=lambda *now: steps.append(now[1]))
    assert run(main, ["train", "--encoder", "-o", "unbroken"]).exit_code == 0
    assert min(steps) > KEEP_EVERY
    assert Path("broken").read_bytes() == Path("unbroken").read_bytes()
    assert not under_way.exists()


def test_train_and_compare_as_a_user_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short: None) -> None:
    monkeypatch.chdir(tmp_path)
    small_market.make_store(tmp_path)
    run = CliRunner().invoke
    trained = run(main, ["train", "--encoder"])
    assert trained.exit_code == 0
    assert trained.stdout.startswith("Learnt from 66 accounts and no labels, in 5 steps.")
    assert trained.stdout.endswith("Next: ringfence similar --encoder accounts.encoder ID\n")
    assert [path.name for path in tmp_path.glob(".*part")] == []
    content = Path("accounts.encoder").read_bytes()
    assert run(main, ["train", "--encoder", "-o", "again", "--format", "csv"]).exit_code == 0
    assert Path("again").read_bytes() == content
    alike = run(main, ["similar", "--encoder", "accounts.encoder", "guest-00", "-k", "3"])
    assert alike.exit_code == 0
    assert "guest-" in alike.stdout
    assert run(main, ["similar", "--encoder", "no.encoder", "ann"]).exit_code != 0


def test_an_encoder_named_in_the_settings_lies_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short: None
) -> None:
    monkeypatch.chdir(tmp_path)
    small_market.make_store(tmp_path)
    run = CliRunner().invoke
    Path("etc").mkdir()
    assert run(main, ["train", "--encoder", "-o", "etc/kept.encoder"]).exit_code == 0
    Path("etc/ringfence.toml").write_text('[detect]\nencoder_file = "kept.encoder"\nencoder = true\n')
    assert run(main, ["--config", "etc/ringfence.toml", "detect"]).exit_code == 0
    assert run(main, ["similar", "ann"]).exit_code == 0
