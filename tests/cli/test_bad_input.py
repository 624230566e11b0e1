"""Whatever is wrong with the store or the machine: one clear line, an exit code, and nothing lost."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import small_market
from kept_databases import close_kept
from killing import Killer
from on_disk import claim_version, find_graph, list_files, need_graph, overwrite
from processes import complaint, dump_at, ringfence, run_process, start
from property_graph import Dump
from small_market import HOSTILE

from detection.evaluation.simulation.market import simulate_market, write_market
from detection.evaluation.simulation.settings import MarketSettings
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.shape import VERSION

_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1


@pytest.fixture
def here(tmp_path: Path) -> Path:
    small_market.write_tables(tmp_path / "market")
    return tmp_path


@pytest.fixture
def loaded(here: Path) -> Path:
    """A place with the loaded ``ringfence-store`` and the ``market`` that it was loaded from."""
    small_market.make_loaded_store(here / "ringfence-store", here / "market")
    return here


# ── the store ─────────────────────────────────────────────────────────────────────────────────────


def test_a_store_of_a_newer_version_is_left_alone(loaded: Path, dump: Callable[..., Dump]) -> None:
    location = loaded / "ringfence-store"
    claim_version(location, VERSION + 1)
    before = list_files(location)
    for command in (("load", "market"), ("rings",), ("detect",)):
        said = complaint(ringfence(*command, cwd=loaded), 5)
        assert f"newer Ringfence (schema {VERSION + 1}; this one reads up to {VERSION}); upgrade Ringfence" in said
    assert list_files(location) == before


@pytest.mark.parametrize("content", [b"", b"no database at all" * 1000, None], ids=["empty", "other", "cut short"])
def test_a_damaged_store_is_told_and_left_alone(loaded: Path, content: bytes | None) -> None:
    file = need_graph(loaded / "ringfence-store")
    damaged = file.read_bytes()[: file.stat().st_size // 3] if content is None else content
    for command in (("rings",), ("load", "market")):
        overwrite(file, damaged)
        said = complaint(ringfence(*command, cwd=loaded), 8)
        assert f"{file.name} is not as it was written; `ringfence restore` goes back" in said
        assert file.read_bytes() == damaged


def test_a_folder_of_other_things_is_no_store(here: Path) -> None:
    (here / "photos").mkdir()
    (here / "photos" / "cat.jpg").write_bytes(b"meow")
    said = complaint(ringfence("--store", "photos", "load", "market", cwd=here), 5)
    assert "photos holds other files; give the store a folder of its own" in said
    assert [path.name for path in (here / "photos").iterdir()] == ["cat.jpg"]
    said = complaint(ringfence("--store", "market/accounts.csv", "load", "market", cwd=here), 5)
    assert "is a file; a store is a folder of its own" in said


def keep_permissions() -> dict[str, Any]:
    """Options for a process that may not write everywhere, even when the tests run as root."""
    if os.name != "posix":
        pytest.skip("no permissions to take away on this system")
    if os.geteuid() != 0:
        return {}
    libc = ctypes.CDLL(None, use_errno=True)

    def give_up() -> None:
        libc.prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0)

    return {"preexec_fn": give_up}


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    paths = [folder, *folder.rglob("*")]
    modes = {path: path.stat().st_mode for path in paths}
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def test_a_read_only_store_answers_but_takes_nothing(loaded: Path, dump: Callable[..., Dump]) -> None:
    small_market.add_run(loaded / "ringfence-store")
    before = dump_at(loaded / "ringfence-store", dump)
    options = keep_permissions()
    with read_only(loaded / "ringfence-store"):
        asked = run_process("rings", "--format", "csv", cwd=loaded, **options)
        assert asked.returncode == 0, asked.stderr
        assert "R-1" in asked.stdout
        for command in (("load", "market"), ("detect", "--no-encoder")):
            said = complaint(run_process(*command, cwd=loaded, **options), 5)
            assert "cannot write to ringfence-store: Permission denied" in said
    assert dump_at(loaded / "ringfence-store", dump) == before


def test_a_store_cannot_be_made_in_a_read_only_folder(here: Path) -> None:
    options = keep_permissions()
    (here / "closed").mkdir()
    with read_only(here / "closed"):
        said = complaint(run_process("--store", "closed/store", "load", "market", cwd=here, **options), 5)
    assert "cannot write to closed/store: Permission denied" in said


# ── a full disk ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A disk of its own, whose size in KiB can be set again and again."""
    disk = tmp_path / "disk"
    disk.mkdir()
    may = sys.platform == "linux" and os.geteuid() == 0
    mounted = may and _mount(disk, "-t", "tmpfs", "-o", "size=64m", "tmpfs")
    if not mounted:
        if may and os.environ.get("CI") == "true":
            pytest.fail("in CI, root must be able to mount a tmpfs")
        pytest.skip("needs root, and the right to mount a tmpfs")

    def resize(kibibytes: int) -> Path:
        assert _mount(disk, "-o", f"remount,size={kibibytes}k")
        return disk

    yield resize
    close_kept()
    subprocess.run(["umount", str(disk)], check=True)


def _mount(place: Path, *options: str) -> bool:
    return subprocess.run(["mount", *options, str(place)], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def big_market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated ``market``, and a store ``whole`` that holds it and one run."""
    folder = tmp_path_factory.mktemp("big")
    write_market(simulate_market(MarketSettings(n_accounts=600, seed=3)), folder / "market", "csv")
    for command in (("load", "market"), ("detect", "--no-encoder")):
        assert ringfence("--store", "whole", *command, cwd=folder).returncode == 0
    return folder


@pytest.fixture(scope="module")
def loaded_dump(big_market: Path, dump: Callable[..., Dump]) -> Dump:
    assert ringfence("--store", "half", "load", "market", cwd=big_market).returncode == 0
    return dump_at(big_market / "half", dump)


@pytest.fixture(scope="module")
def detected_dump(big_market: Path, dump: Callable[..., Dump]) -> Dump:
    return dump_at(big_market / "whole", dump)


@pytest.mark.parametrize(
    "kibibytes", [4_000, *(pytest.param(size, marks=pytest.mark.thorough) for size in (60, 1_000))]
)
def test_a_load_onto_a_full_disk_changes_nothing_and_completes_later(
    big_market: Path,
    loaded_dump: Dump,
    small_disk: Callable[[int], Path],
    dump: Callable[..., Dump],
    killer: Killer,
    kibibytes: int,
) -> None:
    store = small_disk(kibibytes) / "store"
    command = ("--store", str(store), "load", str(big_market / "market"))
    done = killer.run("command", *command)
    assert (done.code, done.error) == (5, f"ringfence: no space left on the disk of {store}; nothing was changed")
    if find_graph(store):
        assert {name for name, rows in dump_at(store, dump).items() if rows} == {"Schema"}
    small_disk(100_000)
    assert ringfence(*command, cwd=big_market).returncode == 0
    assert dump_at(store, dump) == loaded_dump


@pytest.mark.parametrize("spare_kibibytes", [pytest.param(100, marks=pytest.mark.thorough), 10_000])
def test_a_detect_on_a_full_disk_changes_nothing_and_completes_later(
    big_market: Path,
    loaded_dump: Dump,
    detected_dump: Dump,
    small_disk: Callable[[int], Path],
    dump: Callable[..., Dump],
    killer: Killer,
    spare_kibibytes: int,
) -> None:
    disk = small_disk(100_000)
    store = disk / "store"
    shutil.copytree(big_market / "half", store)
    used = shutil.disk_usage(disk).used // 1024
    small_disk(used + spare_kibibytes)
    command = ("--store", str(store), "detect", "--no-encoder")
    done = killer.run("command", *command)
    assert (done.code, done.error) == (5, f"ringfence: no space left on the disk of {store}; nothing was changed")
    assert dump_at(store, dump) == loaded_dump
    small_disk(100_000)
    assert ringfence(*command, cwd=big_market).returncode == 0
    assert dump_at(store, dump) == detected_dump


# ── two at once, and a sudden end ─────────────────────────────────────────────────────────────────


def test_two_loads_at_once_the_second_is_told_who_holds_the_store(loaded: Path) -> None:
    with EmbeddedStore(loaded / "ringfence-store", mode="write"):
        said = complaint(run_process("--wait", "0.5", "load", "market", cwd=loaded), 5)
    assert f"ringfence-store is held by process {os.getpid()} on " in said
    assert " since 20" in said
    assert said.endswith("; try again later (waited 0.5 s)")
    assert ringfence("load", "market", cwd=loaded).returncode == 0


def test_two_loads_started_together_leave_a_whole_store(
    big_market: Path, tmp_path: Path, loaded_dump: Dump, dump: Callable[..., Dump]
) -> None:
    command = ("--store", str(tmp_path / "store"), "load", "market")
    both = [start(*command, cwd=big_market) for _ in range(2)]
    finished = [
        subprocess.CompletedProcess(command, each.returncode, *streams)
        for each in both
        for streams in [each.communicate(timeout=120)]
    ]
    assert [each.returncode for each in finished] == [0, 0]
    assert dump_at(tmp_path / "store", dump) == loaded_dump


def test_a_query_during_a_load_is_answered_from_before_it(loaded: Path) -> None:
    small_market.add_run(loaded / "ringfence-store")
    before = ringfence("account", "ann", cwd=loaded).stdout
    with EmbeddedStore(loaded / "ringfence-store", mode="write") as store, store._transaction():
        store.query("MATCH (a:Account) SET a.risk_score = 0.0")
        assert ringfence("account", "ann", cwd=loaded).stdout == before
    assert ringfence("account", "ann", cwd=loaded).stdout != before


def kill_when(process: subprocess.Popen[str], stage: str, seconds: float) -> None:
    """End a process without warning, so long after it says that it has reached a stage."""
    assert process.stderr is not None
    for line in process.stderr:
        if stage in line:
            break
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()


MORE_MOMENTS = (
    ("read accounts", 0.0),
    ("read labels", 0.1),
    ("writing Review", 0.0),
    ("writing LABELLED", 0.0),
    ("writing LABELLED", 0.03),
)


@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL here")
@pytest.mark.parametrize(
    ("stage", "seconds"),
    [("writing ORDERED", 0.02)]
    # Each of its steps on disk is tried in test_kills.py.
    + [pytest.param(*moment, marks=pytest.mark.thorough) for moment in MORE_MOMENTS],
)
def test_a_killed_load_leaves_the_store_as_it_was_and_completes_later(
    big_market: Path, tmp_path: Path, loaded_dump: Dump, dump: Callable[..., Dump], stage: str, seconds: float
) -> None:
    store = tmp_path / "store"
    command = ("--store", str(store), "load", "market")
    kill_when(start("--verbose", *command, cwd=big_market), stage, seconds)
    if find_graph(store):
        found = dump_at(store, dump)
        assert found == loaded_dump or {name for name, rows in found.items() if rows} == {"Schema"}
    assert ringfence(*command, cwd=big_market).returncode == 0
    assert dump_at(store, dump) == loaded_dump


@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL here")
@pytest.mark.parametrize("seconds", [pytest.param(0.05, marks=pytest.mark.thorough), 0.2])
def test_a_killed_detect_leaves_the_store_as_it_was_and_completes_later(
    big_market: Path,
    tmp_path: Path,
    loaded_dump: Dump,
    detected_dump: Dump,
    dump: Callable[..., Dump],
    seconds: float,
) -> None:
    store = tmp_path / "store"
    shutil.copytree(big_market / "half", store)
    command = ("--store", str(store), "detect", "--no-encoder")
    kill_when(start(*command, cwd=big_market), "scoring accounts", seconds)
    assert dump_at(store, dump) in (loaded_dump, detected_dump)
    assert ringfence(*command, cwd=big_market).returncode == 0
    assert dump_at(store, dump) == detected_dump


def test_a_process_that_is_interrupted_changes_nothing(
    loaded: Path, dump: Callable[..., Dump], monkeypatch: pytest.MonkeyPatch
) -> None:
    from graph.stores.embedded import bulk as embedded_bulk

    before = dump_at(loaded / "ringfence-store", dump)

    def interrupt(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    with EmbeddedStore(loaded / "ringfence-store", mode="write") as store:
        snapshot = store.snapshot()
        monkeypatch.setattr(embedded_bulk, "_match_and_set", interrupt)
        with pytest.raises(KeyboardInterrupt):
            store.write_run(small_market.make_run(snapshot), snapshot)
    assert dump_at(loaded / "ringfence-store", dump) == before


def test_arguments_of_any_kind_end_in_one_line(here: Path) -> None:
    missing: Sequence[tuple[str, ...]] = (("rings",), ("detect",), ("why", HOSTILE), ("export", "rings", "-o", "x.csv"))
    for command in missing:
        said = complaint(ringfence(*command, cwd=here), 5)
        assert "no store at ringfence-store; make one with `ringfence load FOLDER`" in said
