"""The leak gate: leaks are planted, and the gate fails and says where; without one it passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from detection_market import FIRST_DAY, Facts, make_background, make_snapshot, pick, plant_farm, plant_trade_ring

from cli.main import main
from detection import judging
from detection.casework import rings as told_rings
from detection.evaluation.leak_gate import (
    check_dates,
    check_future,
    check_labels,
    check_leaks,
    find_difference,
    scramble_labels,
)
from detection.evaluation.simulation.market import MarketSettings, simulate_market, write_market
from detection.evidence.judge import Assessment
from detection.evidence.market import Market
from detection.run import find_run
from detection.scores import Scores
from detection.settings import DetectSettings
from graph.contract.as_of import forget_later
from graph.contract.tables import CheckedTable, read_folder
from graph.errors import LeakError
from graph.model import Floats, Snapshot
from graph.open import open_store
from graph.results import Ring, RunResult
from graph.settings import Settings
from graph.stores import snapshots

AS_OF = FIRST_DAY + np.timedelta64(250, "D")
LATER = AS_OF + np.timedelta64(1, "us")
SETTINGS = DetectSettings().without_decisions()


@pytest.fixture(scope="module")
def market() -> Snapshot:
    facts = make_background(n=500)
    facts.uses = [(*use[:3], use[3] or 0.0) for use in facts.uses]
    plant_trade_ring(facts, pick(100, 12))
    plant_farm(facts, pick(300, 12))
    snapshot = make_snapshot(facts, as_of=AS_OF)
    return replace(
        snapshot,
        label_account=np.array([3, 9]),
        label_is_fraud=np.array([True, False]),
        label_decided_at=np.array([AS_OF, AS_OF]),
    )


@pytest.fixture(scope="module")
def honest_run(market: Snapshot) -> RunResult:
    return find_run(market, SETTINGS)


# ------------------------------------------------------------------------------------------- dates


def test_a_market_cut_at_its_instant_passes(market: Snapshot, honest_run: RunResult) -> None:
    checks = check_leaks(market, honest_run, SETTINGS)
    assert [check.name for check in checks] == ["dates", "labels"]
    assert str(AS_OF) in checks[0].sentence


def set_later(times: Any) -> Any:
    changed = times.copy()
    changed[0] = LATER
    return changed


LATE: dict[str, Callable[[Snapshot], Snapshot]] = {
    "1 accounts": lambda s: replace(s, created_at=set_later(s.created_at)),
    "1 sightings": lambda s: replace(s, uses=replace(s.uses, seen_at=set_later(s.uses.seen_at))),
    "1 orders": lambda s: replace(s, orders=replace(s.orders, ordered_at=set_later(s.orders.ordered_at))),
    "1 reviews": lambda s: replace(s, reviews=replace(s.reviews, reviewed_at=set_later(s.reviews.reviewed_at))),
    "1 labels": lambda s: replace(s, label_decided_at=set_later(s.label_decided_at)),
}


@pytest.mark.parametrize(("what", "leak"), LATE.items(), ids=LATE)
def test_one_fact_a_microsecond_late_fails_the_gate_by_name(
    market: Snapshot, what: str, leak: Callable[[Snapshot], Snapshot]
) -> None:
    with pytest.raises(LeakError, match=f"^{what} .*later than"):
        check_dates(leak(market))


def test_undated_facts_may_be_later_and_fail_the_gate(market: Snapshot) -> None:
    undated = market.orders.ordered_at.copy()
    undated[:2] = np.datetime64("NaT")
    with pytest.raises(LeakError, match="2 orders bear no date"):
        check_dates(replace(market, orders=replace(market.orders, ordered_at=undated)))
    with pytest.raises(LeakError, match="1 referrals bear no date"):
        check_dates(replace(market, referral_account=np.array([1]), referral_by=np.array([2])))


def test_without_an_instant_no_date_is_too_late(market: Snapshot) -> None:
    assert "all facts were used" in check_dates(replace(market, as_of=None)).sentence


# ------------------------------------------------------------------------------------------ labels


def leak_into_accounts(snapshot: Snapshot, found: Any) -> Any:
    score = found.account_score.copy()
    score[snapshot.label_account[snapshot.label_is_fraud]] = 1.0
    return replace(found, account_score=score)


def leak_into_reviews(snapshot: Snapshot, found: Any) -> Any:
    bad = np.isin(snapshot.reviews.author, snapshot.label_account[snapshot.label_is_fraud])
    return replace(found, review_score=np.where(bad, 1.0, found.review_score))


@pytest.mark.parametrize(
    ("leak", "words"),
    [(leak_into_accounts, "account scores change"), (leak_into_reviews, "review scores change")],
    ids=["accounts", "reviews"],
)
def test_a_score_that_reads_labels_fails_the_gate_by_name(
    market: Snapshot, monkeypatch: pytest.MonkeyPatch, leak: Callable[[Snapshot, Any], Any], words: str
) -> None:
    honest = judging.score_market
    monkeypatch.setattr(judging, "score_market", lambda *given: leak(given[1].snapshot, honest(*given)))
    with pytest.raises(LeakError, match=words):
        check_labels(market, find_run(market, SETTINGS), SETTINGS)


def test_a_leak_is_found_in_a_market_without_labels_too(market: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = judging.score_market
    monkeypatch.setattr(judging, "score_market", lambda *given: leak_into_accounts(given[1].snapshot, honest(*given)))
    nobody = np.empty(0, dtype=np.int64)
    bare = replace(
        market,
        label_account=nobody,
        label_is_fraud=nobody.astype(bool),
        label_decided_at=nobody.astype("datetime64[us]"),
    )
    with pytest.raises(LeakError, match="replaced by random ones"):
        check_labels(bare, find_run(bare, SETTINGS), SETTINGS)


def test_rings_that_read_labels_fail_the_gate_by_the_part_that_changed(
    market: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = told_rings.build_rings

    def build(assessment: Assessment) -> tuple[Ring, ...]:
        labels = f"{len(assessment.market.snapshot.label_account)} labels"
        return tuple(replace(ring, action=labels) for ring in honest(assessment))

    monkeypatch.setattr(told_rings, "build_rings", build)
    with pytest.raises(LeakError, match="the rings' action change"):
        check_labels(market, find_run(market, SETTINGS), SETTINGS)


def test_random_labels_are_on_half_of_the_accounts_and_not_later(market: Snapshot) -> None:
    changed = scramble_labels(market)
    assert len(changed.label_account) == (market.n_accounts + 1) // 2
    assert (np.diff(changed.label_account) > 0).all()
    check_dates(changed)


def test_equal_runs_do_not_differ_and_the_first_difference_is_named(honest_run: RunResult) -> None:
    assert find_difference(honest_run, honest_run) is None
    assert find_difference(honest_run, replace(honest_run, run_id="another")) is None
    assert find_difference(honest_run, replace(honest_run, rings=honest_run.rings[1:])) == "the number of rings"
    assert find_difference(honest_run, replace(honest_run, notes=("new",))) == "notes"


# ------------------------------------------------------------------------------------------ future

INSTANT = np.datetime64("2024-05-01T00:00:00", "us")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("leaks") / "market"
    write_market(simulate_market(MarketSettings(n_accounts=1_000, seed=3)), folder, "parquet")
    return folder


@pytest.fixture(scope="module")
def tables(folder: Path) -> dict[str, CheckedTable]:
    return read_folder(folder, Settings())


@dataclass(frozen=True)
class Cut:
    """A market as of an instant: from a store with all that came later, and from one that never heard of it."""

    snapshot: Snapshot
    past: Snapshot


@pytest.fixture(scope="module")
def cut(tables: dict[str, CheckedTable], tmp_path_factory: pytest.TempPathFactory) -> Cut:
    folder = tmp_path_factory.mktemp("cut")
    return Cut(take_snapshot(tables, folder / "all"), take_snapshot(forget_later(tables, INSTANT), folder / "past"))


def take_snapshot(tables: dict[str, CheckedTable], place: Path) -> Snapshot:
    with open_store(str(place), mode="write") as store:
        store.load(tables)
        return store.snapshot(as_of=INSTANT)


def test_tables_forget_every_later_and_every_undated_fact(tables: dict[str, CheckedTable]) -> None:
    past = forget_later(tables, INSTANT)
    limit = pa.scalar(INSTANT.item(), pa.timestamp("us"))
    for name, column in (("orders", "ordered_at"), ("devices", "seen_at"), ("reviews", "reviewed_at")):
        kept = past[name].rows[column].combine_chunks()
        assert 0 < len(kept) < tables[name].rows.num_rows
        assert kept.null_count == 0
        assert pa.compute.all(pa.compute.less_equal(kept, limit)).as_py()
    assert "referrals" not in past
    assert past["accounts"].rows.num_rows == tables["accounts"].rows.num_rows


def test_a_run_rests_on_the_past_alone(cut: Cut) -> None:
    check = check_future(find_run(cut.snapshot, SETTINGS), cut.snapshot, cut.past, SETTINGS)
    assert check.name == "future"


def test_a_snapshot_that_lets_later_orders_through_fails_the_gate(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = snapshots._known_by
    monkeypatch.setattr(
        snapshots, "_known_by", lambda times, as_of: honest(times, as_of and as_of + np.timedelta64(90, "D"))
    )
    result = CliRunner().invoke(main, ["evaluate", str(folder), "--as-of", str(INSTANT), "--no-baselines"])
    assert result.exit_code == 6
    assert "are dated later than" in result.stderr
    assert result.stdout == ""


def test_what_is_counted_over_all_times_fails_the_gate(cut: Cut, monkeypatch: pytest.MonkeyPatch) -> None:
    # No array of the snapshot is too late, but a score counts nodes that came later.
    honest = judging.score_market

    def leak(rings: Sequence[Ring], made: Market, reviews: Floats) -> Scores:
        found = honest(rings, made, reviews)
        return replace(found, account_score=found.account_score * (1 - 1 / made.snapshot.n_identifiers))

    monkeypatch.setattr(judging, "score_market", leak)
    check_dates(cut.snapshot)
    with pytest.raises(LeakError, match="account scores change when facts later than"):
        check_future(find_run(cut.snapshot, SETTINGS), cut.snapshot, cut.past, SETTINGS)


def test_an_account_known_from_the_future_only_fails_the_gate(market: Snapshot, honest_run: RunResult) -> None:
    facts = Facts(dict.fromkeys(market.account_id[1:].tolist(), 0.0))
    with pytest.raises(LeakError, match="the accounts change"):
        check_future(honest_run, market, make_snapshot(facts, as_of=AS_OF), SETTINGS)
