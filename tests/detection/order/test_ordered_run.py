"""A run whose rings are told in a learned order, beside one by evidence: all else is the same."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from cli.draw_answers import draw_ring
from detection.evaluation.simulation.market import MarketSettings, simulate_market, write_market
from detection.order.model import read_order_model, write_order_model
from detection.run import detect
from detection.settings import DetectSettings
from graph.contract.tables import read_folder
from graph.open import open_store
from graph.queries.answers import RingRecord, RingSummary
from graph.queries.reviewed import ReviewingRing
from graph.queries.rings import find_ring, list_rings
from graph.queries.runs import find_stored_run
from graph.results import RunResult
from graph.settings import Settings


@dataclass(frozen=True)
class Both:
    """One market judged twice: by evidence, and with a learned order; what the store says of the second."""

    by_bits: RunResult
    ordered: RunResult
    again: RunResult
    listed: list[RingSummary]
    first: RingRecord
    before: RingRecord
    settings: dict[str, object]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder = tmp_path_factory.mktemp("ordered")
    market = simulate_market(MarketSettings(n_accounts=3_000, seed=4, accounts_per_ring=150, difficulty="hard"))
    write_market(market, folder / "market", "parquet")
    location = str(folder / "store")
    with open_store(location, mode="write") as store:
        store.load(read_folder(folder / "market", Settings()))
    by_bits = detect(location, DetectSettings())
    judge = folder / "judge.json"
    judge.write_bytes(write_order_model(read_order_model().written))
    again = detect(location, DetectSettings(rerank=True, rerank_file=str(judge)))
    ordered = detect(location, DetectSettings(rerank=True))
    with open_store(location) as store:
        ring_id = ordered.rings[0].ring_id
        return Both(
            by_bits,
            ordered,
            again,
            list_rings(store),
            find_ring(store, ring_id),
            find_ring(store, ring_id, run_id=by_bits.run_id),
            json.loads(find_stored_run(store).settings or ""),
        )


def test_the_same_rings_are_told_with_the_same_verdicts(both: Both) -> None:
    assert len(both.by_bits.rings) > 3
    assert {ring.ring_id: ring for ring in both.ordered.rings} == {ring.ring_id: ring for ring in both.by_bits.rings}
    assert [ring.tier for ring in both.ordered.rings] == [ring.tier for ring in both.by_bits.rings]
    assert both.ordered.rings != both.by_bits.rings


def test_scores_tiers_and_flags_are_those_of_bits_alone(both: Both) -> None:
    for name in ("account_score", "account_tier", "review_score", "review_tier"):
        assert np.array_equal(getattr(both.ordered, name), getattr(both.by_bits, name))
    assert both.ordered.flags == both.by_bits.flags


def test_a_run_by_bits_records_nothing_of_an_order(both: Both) -> None:
    assert not [name for name in both.by_bits.settings if name.startswith("rerank")]
    assert both.by_bits.places == {}


def test_a_run_in_a_learned_order_is_another_run_and_names_its_judge(both: Both) -> None:
    assert both.ordered.run_id != both.by_bits.run_id
    assert both.settings["rerank"] is True
    assert both.settings["rerank_sha256"] == read_order_model().sha256


def test_the_same_judge_from_a_file_gives_the_same_order(both: Both) -> None:
    assert both.again.rings == both.ordered.rings
    assert both.again.places == both.ordered.places


def test_the_list_is_told_in_that_order(both: Both) -> None:
    assert [ring.ring_id for ring in both.listed] == [ring.ring_id for ring in both.ordered.rings]
    assert [ring.rank for ring in both.listed] == list(range(1, len(both.listed) + 1))


def test_a_ring_says_how_it_came_to_its_place(both: Both) -> None:
    assert both.first.place == both.ordered.places[both.first.summary.ring_id]
    assert "together 1" in both.first.place
    assert both.before.place == ""
    console = Console(width=200)
    with console.capture() as shown:
        for ring in (both.first, both.before):
            console.print(draw_ring(ReviewingRing(**vars(ring))))
    assert shown.get().count("Order: rank ") == 1


def test_every_ring_has_a_place_of_its_own(both: Both) -> None:
    said = {ring_id: int(text.partition("together ")[2].split(":")[0].split(",")[0]) for ring_id, text in
            both.ordered.places.items()}  # fmt: skip
    assert [ring_id for ring_id, _ in sorted(said.items(), key=lambda each: each[1])] == [
        ring.ring_id for ring in both.ordered.rings
    ]


def test_a_judge_that_cannot_be_read_is_told_before_anything_is_done(tmp_path: Path) -> None:
    from detection.run import read_order
    from graph.errors import ConfigError

    with pytest.raises(ConfigError, match="rerank_file"):
        read_order(DetectSettings(rerank=True, rerank_file=str(tmp_path / "nobody.json")))
    assert read_order(DetectSettings(rerank_file=str(tmp_path / "nobody.json"))) is None
