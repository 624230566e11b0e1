"""The false-discovery rate: how much of the list of rings chance could account for."""

import numpy as np
import pytest

from detection.evaluation.simulation.market import MarketSettings, simulate_market, write_market
from detection.run import find_run
from detection.settings import DetectSettings
from detection.significance.false_discovery import FALSE_DISCOVERY_RATE, note_false_discoveries, score_null_rings
from detection.significance.rewiring import find_q_values, rewire_snapshot
from graph.contract.tables import read_folder
from graph.model import Floats, Snapshot
from graph.open import open_store
from graph.progress import no_progress
from graph.results import RunResult
from graph.settings import Settings

COPIES = 4


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("market")
    write_market(simulate_market(MarketSettings(1_000, seed=3)), folder / "tables", "parquet")
    with open_store(str(folder / "store"), mode="write") as store:
        store.load(read_folder(folder / "tables", Settings()))
        return store.snapshot()


@pytest.fixture(scope="module")
def null_scores(market: Snapshot) -> Floats:
    """The scores of all rings of all copies."""
    return score_null_rings(market, DetectSettings(rewired_copies=COPIES), progress=no_progress)


@pytest.fixture(scope="module")
def run(market: Snapshot) -> RunResult:
    return find_run(market, DetectSettings())


def test_where_nobody_conspires_the_rings_reported_as_sure_stay_within_their_bound(
    market: Snapshot, null_scores: Floats
) -> None:
    reported, wrong_lists = 0, 0
    for number in range(COPIES):
        honest = rewire_snapshot(market, np.random.default_rng([99, number]))
        scores = np.array([ring.score for ring in find_run(honest, DetectSettings()).rings])
        sure = (find_q_values(scores, null_scores, COPIES) <= FALSE_DISCOVERY_RATE).sum()
        reported += len(scores)
        wrong_lists += sure > 0
    assert reported <= 2 * COPIES, "a rewired market has hardly any rings to report"
    assert wrong_lists <= max(1, FALSE_DISCOVERY_RATE * COPIES)


def test_planted_rings_stand_out_from_the_copies(run: RunResult, null_scores: Floats) -> None:
    q_values = find_q_values(np.array([ring.score for ring in run.rings]), null_scores, COPIES)
    assert q_values[0] <= FALSE_DISCOVERY_RATE


def test_a_run_says_what_the_copies_showed(market: Snapshot) -> None:
    run = find_run(market, DetectSettings(rewired_copies=1))
    assert run.notes[-1].startswith("rewired copies of the market: ")
    assert f"where this market has {len(run.rings)}" in run.notes[-1]
    assert all(ring.false_discovery is not None and 0.0 < ring.false_discovery <= 1.0 for ring in run.rings)


def test_a_market_without_copies_says_nothing_of_them(run: RunResult) -> None:
    assert not any("rewired" in note for note in run.notes)
    shown = sorted(run.rings, key=lambda ring: ring.shown)
    rates = [ring.false_discovery or np.nan for ring in shown]
    assert rates == sorted(rates, reverse=True)


def test_the_list_is_named_up_to_the_last_sure_ring() -> None:
    assert note_false_discoveries((), np.empty(0), 2).endswith("q <= 0.05 for none")
