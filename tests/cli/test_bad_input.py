"""Whatever is wrong with the tables, the store or the machine: one clear line, an exit code, and nothing lost."""

from __future__ import annotations

import contextlib
import csv
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

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small_market
from click.testing import CliRunner
from places import ROOT
from property_graph import Dump
from small_market import HOSTILE

from cli.main import main
from detection.evaluation.simulation.market import simulate_market, write_market
from detection.evaluation.simulation.settings import MarketSettings
from graph.stores.embedded.database import DATABASE_FILE
from graph.stores.embedded.store import EmbeddedStore

TIMES = ("started_at", "finished_at", "sequence")
_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1

Finished = subprocess.CompletedProcess[str]


def start(*arguments: str, cwd: Path, **options: Any) -> subprocess.Popen[str]:
    code = "import sys; sys.argv[0] = 'ringfence'; from cli.main import main; main()"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RINGFENCE_")}
    environment = {**inherited, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "NO_COLOR": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        **options,
    )


def run_process(*arguments: str, cwd: Path, **options: Any) -> Finished:
    process = start(*arguments, cwd=cwd, **options)
    output, errors = process.communicate(timeout=120)
    return subprocess.CompletedProcess(arguments, process.returncode, output, errors)


def ringfence(*arguments: str, cwd: Path) -> Finished:
    """Run a command here, which spares it the imports; `run_process` is for what only a process of its own can do."""
    with contextlib.chdir(cwd), pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("RINGFENCE_")]:
            environment.delenv(name)
        environment.setenv("NO_COLOR", "1")
        result = CliRunner().invoke(main, arguments, prog_name="ringfence")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)


def complaint(finished: Finished, code: int) -> str:
    """The one line that says what went wrong; progress and what was rejected may come before it."""
    assert finished.returncode == code, finished.stderr
    assert "Traceback" not in finished.stderr
    lines = finished.stderr.splitlines()
    assert lines
    assert lines[-1].startswith("ringfence: ")
    return lines[-1]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    small_market.write_tables(tmp_path / "market")
    return tmp_path


@pytest.fixture
def loaded(here: Path) -> Path:
    """A place with the loaded ``ringfence-store`` and the ``market`` that it was loaded from."""
    small_market.make_loaded_store(here / "ringfence-store", here / "market")
    return here


def dump_at(location: Path, dump: Callable[..., Dump]) -> Dump:
    with EmbeddedStore(location) as store:
        return dump(store, without=TIMES)


# ── tables ────────────────────────────────────────────────────────────────────────────────────────


def write_lines(path: Path, *lines: str) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def spoil_nothing_but_remove(market: Path) -> None:
    shutil.rmtree(market)


def drop_column(market: Path) -> None:
    write_lines(market / "orders.csv", "order_id,seller_id", "o1,ann")


def empty_file(market: Path) -> None:
    (market / "devices.csv").write_bytes(b"")


def write_latin(market: Path) -> None:
    (market / "accounts.csv").write_bytes("account_id,segment\nann,caf\u00e9\n".encode("latin-1"))


def write_utf_16(market: Path) -> None:
    (market / "accounts.csv").write_text("account_id\nann\n", encoding="utf-16")


def call_text_parquet(market: Path) -> None:
    (market / "labels.csv").rename(market / "labels.parquet")


def cut_parquet(market: Path) -> None:
    (market / "labels.csv").unlink()
    pq.write_table(pa.table({"account_id": ["a"] * 1000, "label": ["fraud"] * 1000}), market / "labels.parquet")
    content = (market / "labels.parquet").read_bytes()
    (market / "labels.parquet").write_bytes(content[: len(content) // 2])


def disagree_everywhere(market: Path) -> None:
    rows = [f"same,b{number},s" for number in range(10)]
    write_lines(market / "orders.csv", "order_id,buyer_id,seller_id", *rows)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_nothing_but_remove, "market"),
        (drop_column, "orders.csv has no column buyer_id"),
        (empty_file, "devices.csv is empty: not even a header"),
        (write_latin, "accounts.csv: line 2, byte 27 of the file, is not utf-8 text"),
        (write_utf_16, "looks like UTF-16"),
        (call_text_parquet, "labels.parquet is not a readable Parquet file"),
        (cut_parquet, "labels.parquet is not a readable Parquet file"),
        (disagree_everywhere, "orders.csv: 9 of 10 rows break the contract"),
    ],
)
def test_a_folder_that_cannot_be_loaded_changes_nothing(
    loaded: Path, dump: Callable[..., Dump], spoil: Callable[[Path], None], words: str
) -> None:
    before = dump_at(loaded / "ringfence-store", dump)
    spoil(loaded / "market")
    assert words in complaint(ringfence("load", "market", cwd=loaded), 4)
    assert dump_at(loaded / "ringfence-store", dump) == before


def test_a_first_load_that_fails_leaves_no_store(here: Path) -> None:
    empty_file(here / "market")
    complaint(ringfence("load", "market", cwd=here), 4)
    assert not (here / "ringfence-store").exists()


def test_tables_with_only_a_header_load(here: Path, dump: Callable[..., Dump]) -> None:
    for file in (here / "market").iterdir():
        header = file.read_text(encoding="utf-8").splitlines()[0]
        file.write_text(f"{header}\n", encoding="utf-8")
    assert ringfence("load", "market", cwd=here).returncode == 0
    found = dump_at(here / "ringfence-store", dump)
    assert {name for name, rows in found.items() if rows} == {"Schema"}


def rejects(place: Path) -> dict[tuple[str, int], str]:
    with (place / "ringfence-store-rejects.csv").open(encoding="utf-8", newline="") as file:
        return {(row["table"], int(row["line"])): row["reason"] for row in csv.DictReader(file)}


def test_rows_that_break_the_contract_are_listed_and_the_rest_loads(here: Path, dump: Callable[..., Dump]) -> None:
    odd = ['x\n🦊 "it\'s"', "o2"]
    with (here / "market" / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["order_id", "buyer_id", "seller_id", "amount", "ordered_at"])
        writer.writerow([odd[0], "ann", HOSTILE, "1", "1900-01-01"])
        writer.writerow([odd[0], "bob", "ann", "1", ""])
        writer.writerow(["o2", "ann", "bob", "NaN", ""])
        writer.writerow(["o3", "ann", "bob", "-inf", ""])
        writer.writerow(["o4", "ann", "bob", "1", "0000-01-01T00:00:00Z"])
        writer.writerow(["o5", "ann", "bob", "1", "9999-12-31T23:59:59Z"])
        writer.writerow(["y" * 10_000_000, "ann", "bob", "1", ""])
        writer.writerows([f"good{number}", "ann", "bob", "1", ""] for number in range(50))
    (here / "ringfence.toml").write_text("[load]\nmax_reject_share = 0.5\n", encoding="utf-8")
    finished = ringfence("load", "market", cwd=here)
    assert finished.returncode == 0, finished.stderr
    found = rejects(here)
    # The id with a line break fills two lines, and HOSTILE another two: the second row starts on line 5.
    assert sorted(line for table, line in found if table == "orders") == [5, 7, 8, 9, 10, 11], found
    assert "already given buyer_id 'ann'" in found["orders", 5]
    assert "amount" in found["orders", 7]
    assert "amount" in found["orders", 8]
    assert "ordered_at" in found["orders", 9]
    assert "ordered_at" in found["orders", 10]
    assert "longer than 1,024 bytes" in found["orders", 11]
    orders = dump_at(here / "ringfence-store", dump)["Account-ORDERED-Account"]
    assert len(orders) == 51
    assert ("ann", HOSTILE, odd[0]) in {row[:3] for row in orders}
    assert "Traceback" not in finished.stderr


# ── the store ─────────────────────────────────────────────────────────────────────────────────────


def test_a_store_of_a_newer_version_is_left_alone(loaded: Path, dump: Callable[..., Dump]) -> None:
    location = loaded / "ringfence-store"
    with EmbeddedStore(location, mode="write") as store:
        store.query("MATCH (s:Schema) SET s.version = 2")
    before = (location / DATABASE_FILE).read_bytes()
    for command in (("load", "market"), ("rings",), ("detect",)):
        said = complaint(ringfence(*command, cwd=loaded), 5)
        assert "was written by a newer Ringfence (schema 2; this one reads up to 1); upgrade Ringfence" in said
    assert (location / DATABASE_FILE).read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no database at all" * 1000, None], ids=["empty", "other", "cut short"])
def test_a_damaged_store_is_told_and_left_alone(loaded: Path, content: bytes | None) -> None:
    file = loaded / "ringfence-store" / DATABASE_FILE
    damaged = file.read_bytes()[: file.stat().st_size // 3] if content is None else content
    for command in (("rings",), ("load", "market")):
        file.write_bytes(damaged)
        assert "ringfence-store" in complaint(ringfence(*command, cwd=loaded), 5)
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
    subprocess.run(["umount", str(disk)], check=True)


def _mount(place: Path, *options: str) -> bool:
    return subprocess.run(["mount", *options, str(place)], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def big_market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated ``market``, and a store ``whole`` that holds it and one run."""
    folder = tmp_path_factory.mktemp("big")
    write_market(simulate_market(MarketSettings(n_accounts=5_000, seed=3)), folder / "market", "csv")
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


@pytest.mark.parametrize("kibibytes", [60, 1_000, 12_000])
def test_a_load_onto_a_full_disk_changes_nothing_and_completes_later(
    big_market: Path,
    loaded_dump: Dump,
    small_disk: Callable[[int], Path],
    dump: Callable[..., Dump],
    kibibytes: int,
) -> None:
    store = small_disk(kibibytes) / "store"
    command = ("--store", str(store), "load", "market")
    said = complaint(run_process(*command, cwd=big_market), 5)
    assert said == f"ringfence: no space left on the disk of {store}; nothing was changed"
    if (store / DATABASE_FILE).exists():
        assert {name for name, rows in dump_at(store, dump).items() if rows} == {"Schema"}
    small_disk(100_000)
    assert ringfence(*command, cwd=big_market).returncode == 0
    assert dump_at(store, dump) == loaded_dump


@pytest.mark.parametrize("spare_kibibytes", [100, 10_000])
def test_a_detect_on_a_full_disk_changes_nothing_and_completes_later(
    big_market: Path,
    loaded_dump: Dump,
    detected_dump: Dump,
    small_disk: Callable[[int], Path],
    dump: Callable[..., Dump],
    spare_kibibytes: int,
) -> None:
    disk = small_disk(100_000)
    shutil.copytree(big_market / "half", disk / "store")
    used = shutil.disk_usage(disk).used // 1024
    small_disk(used + spare_kibibytes)
    command = ("--store", str(disk / "store"), "detect", "--no-encoder")
    said = complaint(run_process(*command, cwd=big_market), 5)
    assert said == f"ringfence: no space left on the disk of {disk / 'store'}; nothing was changed"
    assert dump_at(disk / "store", dump) == loaded_dump
    small_disk(100_000)
    assert ringfence(*command, cwd=big_market).returncode == 0
    assert dump_at(disk / "store", dump) == detected_dump


# ── two at once, and a sudden end ─────────────────────────────────────────────────────────────────


def test_two_loads_at_once_the_second_is_told_who_holds_the_store(loaded: Path) -> None:
    with EmbeddedStore(loaded / "ringfence-store", mode="write"):
        said = complaint(run_process("load", "market", cwd=loaded), 5)
    assert f"ringfence-store is held by process {os.getpid()} on " in said
    assert " since 20" in said
    assert said.endswith("; try again later")
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
    codes = sorted(each.returncode for each in finished)
    assert codes in ([0, 0], [0, 5])
    for each in finished:
        if each.returncode:
            assert "load market) since" in complaint(each, 5)
    assert dump_at(tmp_path / "store", dump) == loaded_dump


def test_a_query_during_a_load_waits_and_is_told_who_writes(loaded: Path) -> None:
    small_market.add_run(loaded / "ringfence-store")
    with EmbeddedStore(loaded / "ringfence-store", mode="write"):
        started = time.monotonic()
        said = complaint(run_process("rings", cwd=loaded), 5)
        assert time.monotonic() - started > 3
    assert f"held by process {os.getpid()} on " in said
    assert ringfence("rings", cwd=loaded).returncode == 0


def kill_when(process: subprocess.Popen[str], stage: str, seconds: float) -> None:
    """End a process without warning, so long after it says that it has reached a stage."""
    assert process.stderr is not None
    for line in process.stderr:
        if stage in line:
            break
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL here")
@pytest.mark.parametrize(
    ("stage", "seconds"),
    [("read accounts", 0.0), ("read labels", 0.1), ("writing Review", 0.0)]
    + [("writing ORDERED", 0.02), ("writing LABELLED", 0.0), ("writing LABELLED", 0.03)],
)
def test_a_killed_load_leaves_the_store_as_it_was_and_completes_later(
    big_market: Path, tmp_path: Path, loaded_dump: Dump, dump: Callable[..., Dump], stage: str, seconds: float
) -> None:
    store = tmp_path / "store"
    command = ("--store", str(store), "load", "market")
    kill_when(start("--verbose", *command, cwd=big_market), stage, seconds)
    if (store / DATABASE_FILE).exists():
        found = dump_at(store, dump)
        assert found == loaded_dump or {name for name, rows in found.items() if rows} == {"Schema"}
    assert ringfence(*command, cwd=big_market).returncode == 0
    assert dump_at(store, dump) == loaded_dump


@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL here")
@pytest.mark.parametrize("seconds", [0.05, 0.2])
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
