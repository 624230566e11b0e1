"""A load has the store compared with what was written while it reads its tables: once, as strictly, and no longer."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from on_disk import need_graph, overwrite

from cli.main import main
from graph.contract.tables import read_folder
from graph.errors import StoreDamagedError
from graph.open import checking_early, open_store
from graph.settings import Settings
from graph.stores.embedded import disk
from graph.stores.embedded.generations import MANIFEST_FILE, Generation
from graph.stores.embedded.store import EmbeddedStore


def find_newest(location: Path) -> Path:
    return max((location / "generations").iterdir())


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    overwrite(file, bytes(content))


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The graphs that whoever opened a store had to compare himself."""
    found: list[Path] = []
    check_file = Generation.check_file

    def check(generation: Generation) -> None:
        found.append(generation.file)
        check_file(generation)

    monkeypatch.setattr(Generation, "check_file", check)
    return found


def test_a_load_compares_the_graph_that_is_there_once_and_early(made: Path, location: Path, checks: list[Path]) -> None:
    done = CliRunner().invoke(main, ["--store", str(location), "load", str(made / "newcomers")])
    assert (done.exit_code, checks) == (0, []), done.output


def test_without_an_early_check_the_store_compares_by_itself(made: Path, location: Path, checks: list[Path]) -> None:
    before = find_newest(location) / "graph.lbug"
    with EmbeddedStore(location, mode="write") as store:
        store.load(read_folder(made / "newcomers", Settings()))
    assert checks == [before]


def test_a_damaged_graph_is_told_by_whoever_opens_it(made: Path, location: Path) -> None:
    flip_a_bit(need_graph(location))
    done = CliRunner().invoke(main, ["--store", str(location), "load", str(made / "newcomers")])
    assert done.exit_code == 8
    assert "graph.lbug is not as it was written; `ringfence restore` goes back to the newest generation" in done.stderr


@pytest.mark.parametrize("damage", ["a shorter file", "no file", "another manifest"])
def test_what_cannot_be_compared_early_is_told_by_whoever_opens_it(made: Path, location: Path, damage: str) -> None:
    graph = need_graph(location)
    graph.parent.chmod(0o755)
    match damage:
        case "a shorter file":
            graph.chmod(0o644)
            graph.write_bytes(graph.read_bytes()[:-1])
        case "no file":
            graph.unlink()
        case _:
            manifest = graph.parent / MANIFEST_FILE
            manifest.chmod(0o644)
            manifest.write_bytes(b" " + manifest.read_bytes())
    with checking_early(str(location)) as early:
        assert early is None
        with pytest.raises(StoreDamagedError, match=r"(is not as it was written|is missing); `ringfence restore`"):
            open_store(str(location), mode="write", early=early)


def test_a_graph_that_came_meanwhile_is_compared_by_itself(made: Path, location: Path, checks: list[Path]) -> None:
    with checking_early(str(location)) as early:
        with EmbeddedStore(location, mode="write") as other:
            other.load(read_folder(made / "newcomers", Settings()))
        checks.clear()
        flip_a_bit(need_graph(location))
        with open_store(str(location), early=early) as store, pytest.raises(StoreDamagedError):
            store.require_whole()
    assert len(checks) == 1


def test_a_load_that_ends_before_it_needs_the_store_waits_for_no_more_of_it(
    location: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "BLOCK_BYTES", 1 << 12)
    begun, read, goes_on = threading.Event(), [], threading.Event()

    def digest(reader: object, block: int) -> str:
        begun.set()
        goes_on.wait(10)
        read.append(block)
        return ""

    monkeypatch.setattr(disk._Reader, "digest_block", digest)
    with checking_early(str(location)):
        assert begun.wait(10)
        threading.Timer(0.1, goes_on.set).start()
    assert 0 < len(read) <= disk._MOST_THREADS < -(-need_graph(location).stat().st_size // disk.BLOCK_BYTES)


def test_nothing_is_made_where_no_store_is(tmp_path: Path) -> None:
    with checking_early(str(tmp_path / "store")) as early:
        assert early is None
    assert list(tmp_path.iterdir()) == []
