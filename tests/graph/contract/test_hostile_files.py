"""Tables that somebody made to do harm: refused in one line, or loaded, but never a traceback, a hang or all memory."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import resource
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.contract import limits
from graph.contract.tables import check_reject_share, read_folder, write_rejects
from graph.errors import DataError, RingfenceError, TooLargeError
from graph.settings import LoadSettings, Settings, TableSettings, load_settings

MOST_SECONDS, MOST_EXTRA_BYTES = 10.0, 900 << 20


def as_csv(content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / "accounts.csv").write_bytes(content) and None


def as_gzip(content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / "accounts.csv.gz").write_bytes(content) and None


def as_parquet(columns: dict[str, Any], **options: Any) -> Callable[[Path], None]:
    return lambda folder: pq.write_table(pa.table(columns), folder / "accounts.parquet", **options)


def write_later_group(folder: Path) -> None:
    """Two groups of rows, and what the second one repeats is long."""
    groups = [(["x", "y"], np.array([0, 1] * 500)), (["x", "y" * (1 << 20)], np.array([0] + [1] * 99_999))]
    segments = [pa.DictionaryArray.from_arrays(rows.astype(np.int32), words) for words, rows in groups]
    tables = [pa.table({"account_id": pa.repeat("a", len(each)), "segment": each}) for each in segments]
    options: Any = {"compression": "zstd", "store_schema": False}
    with pq.ParquetWriter(folder / "accounts.parquet", tables[0].schema, **options) as writer:
        for table in tables:
            writer.write_table(table)


def as_raw_parquet(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        whole = io.BytesIO()
        pq.write_table(pa.table({"account_id": [f"a{number}" for number in range(500)]}), whole)
        (folder / "accounts.parquet").write_bytes(change(whole.getvalue()))

    return write


def flip(place: int) -> Callable[[bytes], bytes]:
    return lambda content: content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def write_a_gigabyte_of_zeros(folder: Path) -> None:
    """One gzip, packed when it is wanted: each mebibyte of it is packed like the first."""
    mebibyte, packer, crc = bytes(1 << 20), zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS), 0
    packed = packer.compress(mebibyte) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(1 << 10):
        crc = zlib.crc32(mebibyte, crc)
    end = packer.flush() + crc.to_bytes(4, "little") + (1 << 30).to_bytes(4, "little")
    as_gzip(gzip.compress(b"", mtime=0)[:10] + packed * (1 << 10) + end)(folder)


def ticks(values: list[int], kind: pa.DataType) -> pa.Array:
    return pa.array(values, pa.int64()).cast(kind, safe=False)


IDS = ["a", "b", "c"]
FEW_THEN_ONE = np.repeat(np.array([0, 1, 2], np.int32), [999, 1, 99_000])
SENTINELS = [-(2**63) + 1, 2**63 - 1, 0]
NESTED = pa.array([{"x": 1}] * 3)
HOSTILE_FILES: dict[str, Callable[[Path], None]] = {
    # ── CSV ──
    "nothing": as_csv(b""),
    "a line end": as_csv(b"\n"),
    "blank lines": as_csv(b"\n\n\r\n\r\r\n"),
    "a byte order mark": as_csv(b"\xef\xbb\xbf"),
    "zeros": as_csv(bytes(100_000)),
    "0xFF": as_csv(b"\xff" * 100_000),
    "an open quote in the header": as_csv(b'"account_id\n' + b"a\n" * 10_000),
    "an open quote at the end": as_csv(b'account_id\na\n"'),
    "quotes only": as_csv(b'"' * 9_999),
    "quotes in cells": as_csv(b'account_id\na"b"c\n""""\n"x"y\n'),
    "no account_id": as_csv(b"name\nx\n"),
    "40,000 columns": as_csv(b"account_id" + b"".join(b",c%d" % each for each in range(40_000)) + b"\n"),
    "9,000 columns": as_csv(b"account_id" + b"".join(b",c%d" % each for each in range(9_000)) + b"\na" + b"," * 9_000),
    "9,000 columns of one name": as_csv(b"account_id" + b",c" * 9_000 + b"\n"),
    "9,000 empty columns": as_csv(b"account_id" + b"," * 9_000 + b"\na\n"),
    "a name of 10 MB": as_csv(b"account_id," + b"x" * 10_000_000 + b"\na,b\n"),
    "ragged rows": as_csv(b"account_id,role\n" + b"a\nb,buyer,c\n" * 2_000),
    "carriage returns only": as_csv(b"account_id\ra\rb\r"),
    "mixed line ends": as_csv(b"account_id\r\na\nb\rc\r\r\n"),
    "UTF-16": as_csv("account_id\na\n".encode("utf-16")),
    "UTF-32": as_csv("account_id\na\n".encode("utf-32")),
    "half a letter at the end": as_csv(b"account_id\na\n\xe2\x82"),
    "half a letter in a row that is too wide": as_csv(b"account_id\na\nb\xe2\x82c,d\n"),
    "surrogates": as_csv(b"account_id\n\xed\xa0\x80\n"),
    "overlong UTF-8": as_csv(b"account_id\n\xc0\x80\n"),
    "times without end": as_csv(b"account_id,created_at\n" + b"a,2024-01-01T00:00:00" + b"0" * 50_000 + b"Z\n"),
    "years of all kinds": as_csv(
        b"account_id,created_at\na,-9999-01-01\nb,99999-01-01\nc,0000-00-00\nd,1e400\ne,nan\nf,2024-02-30\n"
        b"g,9223372036854775807\nh,-9223372036854775808\ni,2024-W01-1\nj,2024-366\nk,2024-01-01T25:61:61\n"
    ),
    "a Parquet file of that name": as_csv(b"PAR1" + bytes(100)),
    "a gzip file of that name": as_csv(gzip.compress(b"account_id\na\n")),
    "NUL in the header": as_csv(b"account\0_id\na\n"),
    "a cell of 20 MB": as_csv(b"account_id,segment\na," + b"x" * (20 << 20) + b"\n"),
    # ── gzip ──
    "no gzip": as_gzip(b"account_id\na\n"),
    "an empty gzip": as_gzip(gzip.compress(b"")),
    "half a gzip": as_gzip(gzip.compress(bytes(range(256)) * 1_000)[:500]),
    "a gzip with a wrong checksum": as_gzip(gzip.compress(b"account_id\na\n")[:-8] + bytes(8)),
    "a gzip and rubbish": as_gzip(gzip.compress(b"account_id\na\n") + b"rubbish"),
    "a gzip in a gzip": as_gzip(gzip.compress(gzip.compress(b"account_id\na\n"))),
    "two gzips": as_gzip(gzip.compress(b"account_id\n") + gzip.compress(b"a\n")),
    "a gigabyte of zeros": write_a_gigabyte_of_zeros,
    "a gzip of 300 MB of rows": as_gzip(gzip.compress(b"account_id\n") + gzip.compress(b"a\n" * (1 << 17)) * 1_200),
    # ── Parquet ──
    "no Parquet": as_raw_parquet(lambda _: b"PAR1"),
    "Parquet marks and nothing": as_raw_parquet(lambda _: b"PAR1PAR1"),
    "half a Parquet": as_raw_parquet(lambda content: content[: len(content) // 2]),
    "a Parquet without its beginning": as_raw_parquet(lambda content: content[100:]),
    "a Parquet with a footer of 2 GiB": as_raw_parquet(lambda content: content[:-8] + b"\xff\xff\xff\x7fPAR1"),
    **{f"a Parquet with byte {at} changed": as_raw_parquet(flip(at)) for at in (4, 20, 60, 400, -9, -40, -200)},
    "no columns": as_parquet({}),
    "lists": as_parquet({"account_id": [["a"]] * 3}),
    "records": as_parquet({"account_id": NESTED}),
    "bytes": as_parquet({"account_id": [b"\xff\xfe", b"a", None]}),
    "truths": as_parquet({"account_id": [True, False, None]}),
    "nulls": as_parquet({"account_id": pa.nulls(3)}),
    "decimals": as_parquet({"account_id": [Decimal("1.5"), Decimal(2), None]}),
    "days as ids": as_parquet({"account_id": [dt.date(2024, 1, 1), None, dt.date(1, 1, 1)]}),
    "large numbers as ids": as_parquet({"account_id": pa.array([2**64 - 1, 0, 1], pa.uint64())}),
    "fractions as ids": as_parquet({"account_id": [1.5, float("nan"), float("inf")]}),
    "half floats": as_parquet({"account_id": np.array([1, 2, 65504], np.float16)}),
    "durations": as_parquet({"account_id": IDS, "created_at": pa.array([1, 2, 3], pa.duration("us"))}),
    "times of day": as_parquet({"account_id": IDS, "created_at": pa.array([1, 2, 3], pa.time64("us"))}),
    "truths as times": as_parquet({"account_id": IDS, "created_at": [True, False, None]}),
    "texts in a dictionary": as_parquet({"account_id": pa.array(IDS).dictionary_encode()}),
    "numbers in a dictionary": as_parquet({"account_id": pa.array([1, 2, 1]).dictionary_encode()}),
    "views": as_parquet({"account_id": pa.array(["a", "a", None], pa.string_view())}),
    "large texts": as_parquet({"account_id": pa.array(["a", "b", "x" * 2_000], pa.large_string())}),
    "a name twice": as_raw_parquet(lambda _: write_twice()),
    **{
        f"sentinels in {kind}": as_parquet({"account_id": IDS, "created_at": ticks(SENTINELS, kind)})
        for kind in (pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("us", "UTC"))
    },
    "sentinels in seconds": as_parquet(
        {"account_id": IDS, "created_at": ticks([-(2**52), 2**52, 0], pa.timestamp("s"))}
    ),
    "sentinels in days": as_parquet({"account_id": IDS, "created_at": pa.array([-(2**31), 2**31 - 1, 0], pa.date32())}),
    "a text of 1 MB in 10,000 rows": as_parquet(
        {"account_id": IDS, "segment": ["x" * (1 << 20)] * 3}, compression="zstd"
    ),
    "5 million rows of one id": as_parquet(
        {"account_id": pa.DictionaryArray.from_arrays(np.zeros(5_000_000, np.int8), ["a" * 100])}, compression="zstd"
    ),
    "a text of 1 MB in 100,000 rows": as_parquet(
        {
            "account_id": pa.DictionaryArray.from_arrays(np.zeros(100_000, np.int32), ["a"]),
            "segment": pa.DictionaryArray.from_arrays(np.zeros(100_000, np.int32), ["x" * (1 << 20)]),
        },
        compression="zstd",
        store_schema=False,
    ),
    "a text of 1 MB in 100,000 rows, behind short ones": as_parquet(
        {
            "account_id": pa.DictionaryArray.from_arrays(np.zeros(100_000, np.int32), ["a"]),
            "segment": pa.DictionaryArray.from_arrays(FEW_THEN_ONE, ["x", "y", "x" * (1 << 20)]),
        },
        compression="zstd",
        store_schema=False,
    ),
    "a text of 1 MB in 100,000 rows of a later group": write_later_group,
}


def write_twice() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array(IDS), pa.array(IDS)], names=["account_id", "account_id"]), out)
    return out.getvalue()


@pytest.fixture
def little_memory() -> Iterator[None]:
    """So much more memory than there is in use now, and no more."""
    if sys.platform != "linux":
        yield
        return
    in_use = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (in_use + MOST_EXTRA_BYTES, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def load(folder: Path, settings: Settings | None = None) -> str:
    """What is said of a folder: the one line why it cannot be loaded, or nothing."""
    settings = settings or Settings()
    try:
        tables = read_folder(folder, settings)
        write_rejects(tables, folder / "rejects.out")
        check_reject_share(tables, settings)
    except DataError as error:
        return str(error)
    return ""


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_a_hostile_table_is_one_line_or_loads_in_little_time_and_memory(tmp_path: Path, name: str) -> None:
    HOSTILE_FILES[name](tmp_path)
    began = time.monotonic()
    said = load(tmp_path)
    assert time.monotonic() - began < MOST_SECONDS
    assert len(said) < 1_000
    assert "\n" not in said
    assert "alloc" not in said, "what is too large is refused before memory runs out"


def test_there_are_many_hostile_tables() -> None:
    assert len(HOSTILE_FILES) >= 60


# ── limits ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("limit", "value", "write"),
    [
        ("max_table_bytes", 1_000, as_csv(b"account_id\n" + b"a\n" * 1_000)),
        ("max_table_bytes", 1_000, as_gzip(gzip.compress(b"account_id\n" + b"a\n" * 1_000))),
        ("max_unpacked_factor", 2, as_gzip(gzip.compress(b"account_id\n" + b"a\n" * 100_000))),
        ("max_row_bytes", 9_000_000, as_csv(b"account_id,segment\na," + b"x" * 10_000_000 + b"\n")),
        ("max_row_bytes", 5, as_csv(b"account_id\na\n")),
        ("max_row_bytes", 1_000, as_parquet({"account_id": ["x" * 2_000]})),
        ("max_rows", 2, as_csv(b"account_id\na\nb\nc\n")),
        ("max_rows", 2, as_parquet({"account_id": IDS})),
        ("max_columns", 1, as_csv(b"account_id,role\na,buyer\n")),
        ("max_columns", 1, as_parquet({"account_id": IDS, "role": ["buyer"] * 3})),
    ],
)
def test_a_limit_names_itself_the_file_and_the_setting_that_raises_it(
    tmp_path: Path, limit: str, value: int, write: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ALWAYS_BYTES", 1_000)
    write(tmp_path)
    with pytest.raises(
        TooLargeError, match=rf"^accounts\..* than the {value:,} that load.{limit} allows; .*raise load"
    ):
        read_folder(tmp_path, Settings(load=LoadSettings(**{limit: value})))
    raised = LoadSettings(max_reject_share=1.0, **{"max_unpacked_factor": 10_000, limit: 100_000_000})
    assert load(tmp_path, Settings(load=raised)) == ""


def test_a_limit_has_to_be_one() -> None:
    for name in ("max_table_bytes", "max_unpacked_factor", "max_row_bytes", "max_rows", "max_columns"):
        with pytest.raises(ValueError, match=name):
            LoadSettings(**{name: 0})
    with pytest.raises(ValueError, match="2 GiB"):
        LoadSettings(max_row_bytes=1 << 31)


# ── figures and times ─────────────────────────────────────────────────────────────────────────────


def test_an_amount_whose_sums_would_overflow_is_a_reject(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text("account_id\na\n")
    (tmp_path / "orders.csv").write_text("order_id,buyer_id,amount\no1,a,1e308\no2,a,1e308\no3,a,1e15\n")
    orders = read_folder(tmp_path, Settings())["orders"]
    assert orders.rejects.reason == ("amount '1e308' is above 1,000,000,000,000,000",) * 2
    assert orders.rows["amount"].to_pylist() == [1e15]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_a_sentinel_is_a_reject_and_no_other_time(tmp_path: Path, unit: str) -> None:
    # So many milliseconds that a cast to microseconds, done carelessly, goes once round and ends at a time of today.
    today = int(np.datetime64("2024-01-01", "ms").astype(np.int64))
    far = 2**64 // 1_000 + today if unit == "ms" else 2**63 - 1
    as_parquet({"account_id": ["a", "b"], "created_at": ticks([far, -(2**63) + 1], pa.timestamp(unit))})(tmp_path)
    accounts = read_folder(tmp_path, Settings())["accounts"]
    assert accounts.rows.num_rows == 0
    assert len(accounts.rejects) == 2


# ── files of another kind, and settings ───────────────────────────────────────────────────────────


def test_a_device_or_a_pipe_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").symlink_to("/dev/zero")
    assert "accounts.csv is no file" in load(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b"x = " + b"[" * 10_000,
        b"seed = " + b"9" * 10_000,
        b"seed = 1e400",
        b"seed = nan",
        b'store = "a\\u0000b"',
        b"store = 1979-02-31",
        b"store = 1979-05-27",
        b"load = 3",
        b"load.max_rows = 1e9",
        b"load.max_reject_share = nan",
        b"tables = []",
        b"[tables]\naccounts = 3",
        b"tables.accounts.delimiter = ''",
        b"tables.accounts.delimiter = '\\n'",
        b"tables.accounts.encoding = 'rot13'",
        b"tables.accounts.encoding = 'undefined'",
        b"tables.accounts.encoding = '../x'",
        b"tables.accounts.file = ''",
        b'tables.accounts.file = "a\\u0000"',
        b"tables.accounts.attributes = 'x'",
        b"detect = 1",
        b"neo4j = 'x'",
        b"a.b.c = 1\na.b = 2",
        b"\xff\xfe",
        b"\0",
        b"x" * (2 << 20),
        b"\xef\xbb\xbf\xef\xbb\xbfseed = 1",
    ],
)
def test_hostile_settings_are_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ringfence.toml").write_bytes(content)
    with pytest.raises(RingfenceError, match=r"ringfence\.toml") as caught:
        load_settings(tmp_path / "ringfence.toml")
    assert "\n" not in str(caught.value)


def test_a_settings_file_without_end_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(RingfenceError, match="larger than 1,048,576 bytes"):
        load_settings(Path("/dev/zero"))


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from(["utf-8", "latin-1", "utf-16", "utf-7", "cp932", "gb18030"]),
    st.sampled_from(",;\t|a "),
)
def test_any_bytes_are_a_table_or_one_line(
    tmp_path_factory: Any, content: bytes, encoding: str, delimiter: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "accounts.csv").write_bytes("account_id\n".encode(encoding) + content)
    tables = {"accounts": TableSettings(encoding=encoding, delimiter=delimiter)}
    assert "\n" not in load(folder, Settings(tables=tables, load=LoadSettings(max_reject_share=1.0)))
