"""What others write while a run is at work: another run is nobody's loss, and new facts are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import small_market
from click.testing import CliRunner

from cli.main import main
from detection import run as detection_run
from detection.run import detect
from detection.settings import DetectSettings
from graph.contract.tables import read_folder
from graph.errors import StoreMovedError
from graph.open import open_store
from graph.settings import Settings
from graph.stores.protocol import GraphStore

Meanwhile = Callable[[Callable[[], object]], None]


@pytest.fixture
def location(tmp_path: Path) -> str:
    small_market.make_loaded_store(tmp_path / "store", small_market.write_tables(tmp_path / "market"))
    return str(tmp_path / "store")


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Have something done while a run is at work, whose results are known."""

    def arrange(work: Callable[[], object]) -> None:
        def find_run(snapshot, settings, **options):  # type: ignore[no-untyped-def]
            work()
            return small_market.make_run(snapshot, run_id="run-late")

        monkeypatch.setattr(detection_run, "find_run", find_run)

    return arrange


def load_newcomers(location: str, folder: Path) -> None:
    with open_store(location, mode="write") as store:
        store.load(read_folder(small_market.write_newcomers(folder), Settings()))


def load_order(location: str, folder: Path, *, at: str) -> None:
    folder.mkdir()
    (folder / "accounts.csv").write_text("account_id\nann\n", encoding="utf-8")
    order = f"order_id,buyer_id,seller_id,ordered_at\n{at},ann,bob,{at}T00:00:00Z\n"
    (folder / "orders.csv").write_text(order, encoding="utf-8")
    with open_store(location, mode="write") as store:
        store.load(read_folder(folder, Settings()))


def list_runs(store: GraphStore) -> list[str]:
    return [row["id"] for row in store.query("MATCH (u:Run) RETURN u.run_id AS id ORDER BY u.sequence")]


def test_a_load_during_a_run_is_told_and_the_run_is_kept(location: str, tmp_path: Path, meanwhile: Meanwhile) -> None:
    meanwhile(lambda: load_newcomers(location, tmp_path / "newcomers"))
    expected = (
        "the facts changed while the run was at work: run-late is kept, and 2 accounts that came meanwhile are not"
        " scored; run `ringfence detect` again"
    )
    with pytest.raises(StoreMovedError) as caught:
        detect(location, DetectSettings())
    assert str(caught.value) == expected
    with open_store(location) as store:
        assert list_runs(store) == ["run-late"]
        unscored = store.query("MATCH (a:Account) WHERE a.risk_score IS NULL RETURN count(*) AS n")
        assert unscored == [{"n": 2}]


def test_the_command_says_so_with_an_exit_code_of_its_own(location: str, tmp_path: Path, meanwhile: Meanwhile) -> None:
    meanwhile(lambda: load_newcomers(location, tmp_path / "newcomers"))
    result = CliRunner().invoke(main, ["--store", location, "detect"])
    assert result.exit_code == 7
    assert "2 accounts that came meanwhile are not scored" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("what", ["another run", "vectors", "a load of what is there"])
def test_what_brings_no_facts_does_not_make_a_run_fail(
    location: str, tmp_path: Path, meanwhile: Meanwhile, what: str
) -> None:
    def work() -> None:
        with open_store(location, mode="write") as store:
            snapshot = store.snapshot()
            match what:
                case "another run":
                    store.write_run(small_market.make_run(snapshot, run_id="run-quick"), snapshot)
                case "vectors":
                    store.write_vectors(snapshot.account_id, snapshot.account_id.reshape(-1, 1) == "ann")
                case _:
                    store.load(read_folder(tmp_path / "market", Settings()))

    meanwhile(work)
    assert detect(location, DetectSettings()).run_id == "run-late"
    with open_store(location) as store:
        assert list_runs(store) == (["run-quick", "run-late"] if what == "another run" else ["run-late"])


def test_facts_that_an_instant_does_not_see_have_not_moved_for_it(
    location: str, tmp_path: Path, meanwhile: Meanwhile
) -> None:
    meanwhile(lambda: load_order(location, tmp_path / "later", at="2030-01-01"))
    detect(location, DetectSettings(), as_of=np.datetime64("2029-01-01", "us"))
    meanwhile(lambda: load_order(location, tmp_path / "earlier", at="2024-03-01"))
    with pytest.raises(StoreMovedError, match="run-late is kept, without what came meanwhile; run"):
        detect(location, DetectSettings(), as_of=np.datetime64("2029-01-01", "us"))
