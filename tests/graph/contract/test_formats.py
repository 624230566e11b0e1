"""Formats of files beside plain CSV and Parquet, and several files for one table."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables_on_disk import Write, complaints, one_line, read, records
from workbooks import make_workbook

from graph.contract.json_lists import scan_lists, split_list
from graph.contract.tables import read_folder, write_rejects
from graph.errors import DataError, MissingColumnError, MissingTableError, TooLargeError, UnreadableTableError
from graph.settings import LoadSettings, Settings, TableSettings

CSV = b"account_id,role\nA1,buyer\nA2,nobody\nA3\n"
LINES = b'{"account_id": "A1", "role": "buyer"}\n\n{"account_id": "A2", "role": "nobody"}\n[3]\n'
LIST = b'[{"account_id": "A1", "role": "buyer"},\n {"account_id": "A2", "role": "nobody"}, 3]'

ODD_ROLE = "role 'nobody' is not 'buyer', 'seller' or 'both'; tables.accounts.values.role says what words mean"


def pack_zip(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def pack_zstd(content: bytes) -> bytes:
    with pa.BufferOutputStream() as plain, pa.CompressedOutputStream(plain, "zstd") as packed:
        packed.write(content)
        packed.close()
        return plain.getvalue().to_pybytes()


def put(folder: Path, **files: bytes) -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


CSV_REJECTS = [(3, ODD_ROLE), (4, "1 cell where the header has 2")]
NO_RECORD = 'is no record such as {"account_id": "A1"}'


@pytest.mark.parametrize(
    ("file", "content", "rejects"),
    [
        ("accounts.tsv", CSV.replace(b",", b"\t"), CSV_REJECTS),
        ("accounts.csv.bz2", bz2.compress(CSV), CSV_REJECTS),
        ("accounts.csv.zst", pack_zstd(CSV), CSV_REJECTS),
        ("accounts.zip", pack_zip(**{"one.csv": CSV, "__MACOSX/one.csv": b"x"}), CSV_REJECTS),
        ("accounts.csv", CSV.replace(b",", b";"), CSV_REJECTS),
        ("accounts.csv", CSV.replace(b",", b"|").decode().encode("utf-16"), CSV_REJECTS),
        ("accounts.csv", b"\xef\xbb\xbf" + CSV.replace(b",", b"\t"), CSV_REJECTS),
        ("accounts.jsonl", LINES, [(3, CSV_REJECTS[0][1]), (4, NO_RECORD)]),
        ("accounts.ndjson.gz", gzip.compress(LINES, mtime=0), [(3, CSV_REJECTS[0][1]), (4, NO_RECORD)]),
        ("accounts.json", LINES, [(3, CSV_REJECTS[0][1]), (4, NO_RECORD)]),
        ("accounts.jsonl", LIST, [(2, CSV_REJECTS[0][1]), (3, NO_RECORD)]),
        ("accounts.json", b"\xef\xbb\xbf" + LIST, [(2, CSV_REJECTS[0][1]), (3, NO_RECORD)]),
        ("accounts.json.zst", pack_zstd(LIST), [(2, CSV_REJECTS[0][1]), (3, NO_RECORD)]),
        ("accounts.json", LIST.decode().encode("utf-16"), [(2, CSV_REJECTS[0][1]), (3, NO_RECORD)]),
    ],
)
def test_a_table_may_come_in_any_of_these_forms(
    tmp_path: Path, file: str, content: bytes, rejects: list[tuple[int, str]]
) -> None:
    table = read(put(tmp_path, **{file: content}))["accounts"]
    assert records(table) == [{"account_id": "A1", "role": "buyer"}]
    assert complaints(table) == rejects


def write_parquet(columns: dict[str, list[str]]) -> bytes:
    with pa.BufferOutputStream() as written:
        pq.write_table(pa.table(columns), written)
        return written.getvalue().to_pybytes()


@pytest.mark.parametrize("file", ["accounts.parquet.gz", "accounts.zip"])
def test_parquet_may_be_packed(tmp_path: Path, file: str) -> None:
    content = write_parquet({"account_id": ["A1", "A2"], "role": ["buyer", "nobody"]})
    packed = pack_zip(**{"data/part-0.parquet": content}) if file.endswith("zip") else gzip.compress(content, mtime=0)
    folder = put(tmp_path, **{file: packed})
    settings = TableSettings(file=file)
    table = read(folder, accounts=settings)["accounts"]
    assert records(table) == [{"account_id": "A1", "role": "buyer"}]
    assert complaints(table) == [(2, ODD_ROLE)]
    put(folder, **{file: packed[: len(packed) // 2]})
    with pytest.raises(UnreadableTableError):
        read(folder, accounts=settings)


def test_packed_parquet_that_unpacks_to_too_much_is_refused_before_it_is_kept(tmp_path: Path) -> None:
    folder = put(tmp_path, **{"accounts.parquet.gz": gzip.compress(b"PAR1" + bytes(1 << 20), mtime=0)})
    few = Settings(
        tables={"accounts": TableSettings(file="accounts.parquet.gz")}, load=LoadSettings(max_table_bytes=1 << 16)
    )
    with pytest.raises(TooLargeError, match=r"max_table_bytes"):
        read_folder(folder, few)


def test_a_folder_that_was_read_before_is_read_as_before(tmp_path: Path) -> None:
    folder = put(tmp_path, **{"accounts.csv": b"account_id\nA1\n", "accounts.json": LIST, "accounts.tsv": CSV})
    assert [row["account_id"] for row in records(read(folder)["accounts"])] == ["A1"]


@pytest.mark.parametrize(
    ("settings", "content"),
    [
        (TableSettings(quote="'"), b"account_id,segment\n'A,1','it''s'\n"),
        (TableSettings(escape="\\"), b'account_id,segment\n"A,1",it\'s\n'),
        (TableSettings(quote="", delimiter="\t"), b"account_id\tsegment\nA,1\tit's\n"),
        (TableSettings(skip_lines=2, delimiter=";"), b"Report of the \"day;\n\naccount_id;segment\nA,1;it's\n"),
        (TableSettings(encoding="cp1252"), b'account_id,segment\n"A,1",it\'s\n'),
    ],
)
def test_csv_is_read_in_the_dialect_that_is_declared(tmp_path: Path, settings: TableSettings, content: bytes) -> None:
    tables = read(put(tmp_path, **{"accounts.csv": content}), accounts=settings)
    assert records(tables["accounts"]) == [{"account_id": "A,1", "segment": "it's"}]


def test_lines_before_the_header_count_when_a_row_is_set_aside(tmp_path: Path) -> None:
    folder = put(tmp_path, **{"accounts.csv": b"Report\n\naccount_id,role\nA1,buyer\nA2,nobody\n"})
    assert complaints(read(folder, accounts=TableSettings(skip_lines=1))["accounts"])[0][0] == 5


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("accounts.csv", b"buyer,A1\nnobody,A2\nseller,A3\n"),
        ("accounts.tsv", b"buyer\tA1\nnobody\tA2\nseller\tA3"),
        ("accounts.xlsx", make_workbook({"x": [["buyer", "A1"], ["nobody", "A2"], ["seller", "A3"]]})),
    ],
)
def test_columns_of_a_file_without_a_header_go_by_their_place(tmp_path: Path, file: str, content: bytes) -> None:
    settings = TableSettings(header=False, columns={"account_id": "column 2", "role": "column 1"})
    table = read(put(tmp_path, **{file: content}), accounts=settings)["accounts"]
    assert records(table) == [{"account_id": "A1", "role": "buyer"}, {"account_id": "A3", "role": "seller"}]
    assert complaints(table) == [(2, ODD_ROLE)]


def test_a_first_row_that_holds_no_names_is_told_from_a_header(tmp_path: Path) -> None:
    folder = put(tmp_path, **{"accounts.csv": b"A1,2024-01-01\nA2,2024-01-02\n"})
    with pytest.raises(MissingColumnError, match=r"'2024-01-01' is no name.*set tables.accounts.header = false, and"):
        read(folder)
    with pytest.raises(MissingColumnError, match=r"did you mean|say which it is"):
        read(put(tmp_path, **{"accounts.csv": b"user,2nd name\nA1,x\n"}))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("account_id,segment\nA1,süß und größer\n", "cp1252"), ("account_id\n张三 浙江省杭州市西湖区\n", "gb18030")],
)
def test_an_encoding_that_nothing_proves_is_named_and_not_used(tmp_path: Path, text: str, encoding: str) -> None:
    folder = put(tmp_path, **{"accounts.csv": text.encode(encoding)})
    with pytest.raises(UnreadableTableError) as caught:
        read(folder)
    assert f"is not utf-8 text (it looks like {encoding})" in one_line(caught.value)
    assert read(folder, accounts=TableSettings(encoding=encoding))["accounts"].rows.num_rows == 1


# ── records in records ────────────────────────────────────────────────────────────────────────────

NESTED = b"""{"data": {"orders": [
 {"id": 12345678901234567890, "customer": {"id": "A1"}, "amount": 12.50, "items": [{"sku": "P1"}, {"sku": "P2"}]},
 {"id": "x", "customer": null, "amount": 1, "items": []}]}, "more": []}"""


def test_what_lies_inside_of_records_is_a_column_and_numbers_are_as_written(tmp_path: Path) -> None:
    mapped = TableSettings(
        records="data.orders",
        columns={"order_id": "id", "buyer_id": "customer.id", "product_id": "items.0.sku"},
    )
    folder = put(tmp_path, **{"accounts.csv": b"account_id\n", "orders.json": NESTED})
    table = read(folder, orders=mapped)["orders"]
    (row,) = records(table)
    assert (row["order_id"], row["buyer_id"], row["product_id"]) == ("12345678901234567890", "A1", "P1")
    assert row["amount"] == 12.5
    assert complaints(table) == [(2, "buyer_id is empty")]


def test_a_document_that_is_no_list_says_where_its_lists_are(tmp_path: Path) -> None:
    folder = put(tmp_path, **{"accounts.csv": b"account_id\n", "orders.json": NESTED})
    with pytest.raises(UnreadableTableError, match=r'its lists are "data.orders", "more": set tables.orders.records'):
        read(folder)


@pytest.mark.parametrize("content", [b'[{"account_id": "A1"}, {"acc', b'[{"account_id": "A1"} 3]', b"[1, 2]", b"[]"])
def test_damaged_json_stops_the_load(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnreadableTableError, match=r"accounts\.json is"):
        read(put(tmp_path, **{"accounts.json": content}))


@pytest.mark.parametrize(
    "cell",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"9" * 10_000,
        b'"\\ud800"',
        b'"\xff"',
    ],
    ids=["brackets", "braces", "digits", "half a character", "no UTF-8"],
)
@pytest.mark.parametrize("form", ['[{"account_id": %s}]', '{"account_id": "A1"}\n{"account_id": %s}\n'])
def test_json_that_was_made_to_do_harm_does_none(tmp_path: Path, cell: bytes, form: str) -> None:
    put(tmp_path, **{"accounts.json": form.encode() % cell})
    try:
        table = read(tmp_path)["accounts"]
        said = f"accounts.json: {table.rows.num_rows + len(table.rejects)} rows"
    except UnreadableTableError as error:
        said = one_line(error)
    assert said.startswith("accounts.json")


def test_a_record_that_nests_too_deeply_is_set_aside(tmp_path: Path) -> None:
    deep = b'{"account_id": "A2", "x": ' + b"[" * 80 + b"]" * 80 + b"}"
    put(tmp_path, **{"accounts.jsonl": b'{"account_id": "A1", "x": "[[["}\n' + deep + b"\n"})
    assert complaints(read(tmp_path)["accounts"]) == [(2, NO_RECORD)]
    put(tmp_path, **{"accounts.jsonl": b"[" + deep + b"]"})
    with pytest.raises(UnreadableTableError, match="more than 64 lists and records in one another"):
        read(tmp_path)


@settings(max_examples=50)
@given(
    records=st.lists(
        st.one_of(
            st.text(), st.none(), st.lists(st.text(max_size=3)), st.dictionaries(st.text(), st.text(), max_size=2)
        ),
        max_size=8,
    ),
    indent=st.sampled_from([None, 1]),
    size=st.integers(1, 40),
)
def test_a_list_is_cut_where_its_elements_end(records: list[object], indent: int | None, size: int) -> None:
    text = json.dumps({"a": {"b": records}}, indent=indent, ensure_ascii=False).encode()
    (start,) = [start for name, start in scan_lists(text) if name == "a.b"]
    raw = _Slow(text[start + 1 :], size)
    found = [json.loads(each) for each in split_list(raw, text[: start + 1], start) if each.strip()]
    assert found == records


class _Slow(io.BytesIO):
    """Gives few bytes at a time, so that pieces end anywhere."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self._size = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._size)


def test_a_mapped_column_is_looked_for_in_all_records(tmp_path: Path) -> None:
    lines = b'{"account_id": "A"}\n' * 10_001 + b'{"account_id": "B", "joined": "2024-01-31"}\n'
    table = read(put(tmp_path, **{"accounts.jsonl": lines}), accounts=TableSettings(columns={"created_at": "joined"}))
    assert table["accounts"].rows["created_at"].null_count == table["accounts"].rows.num_rows - 1


# ── workbooks ─────────────────────────────────────────────────────────────────────────────────────

DAY = dt.datetime(2024, 1, 31, 10)
SHEET = [
    ["Report of January"],
    [None],
    ["account_id", "created_at", "role", None],
    [7, DAY, "buyer", None],
    [None],
    ["007", "2024-01-31", "nobody", 1.5],
]


def test_a_sheet_is_read_with_the_numbers_that_it_shows_beside_its_rows(tmp_path: Path) -> None:
    folder = put(tmp_path, **{"accounts.xlsx": make_workbook({"Users": SHEET, "Other": [["x"]]})})
    table = read(folder, accounts=TableSettings(skip_lines=1, attributes=("column 4",)))["accounts"]
    assert records(table) == [{"account_id": "7", "created_at": DAY, "role": "buyer"}]
    assert complaints(table) == [(6, ODD_ROLE)]
    assert '"account_id": "007"' in table.rejects.row[0]


def test_sheets_are_chosen_by_name_or_pattern(tmp_path: Path) -> None:
    months = {f"2024-{month}": [["account_id"], [f"A{month}"]] for month in ("02", "01")}
    folder = put(tmp_path, **{"book.xlsx": make_workbook({"Notes": [["x"]], **months})})
    table = read(folder, accounts=TableSettings(file="book.xlsx", sheet="2024-*"))["accounts"]
    assert [row["account_id"] for row in records(table)] == ["A01", "A02"]
    with pytest.raises(MissingTableError, match=r"book.xlsx has no sheet 'Nots'; it holds Notes, 2024-02, 2024-01"):
        read(folder, accounts=TableSettings(file="book.xlsx", sheet="Nots"))
    with pytest.raises(MissingColumnError, match=r"book.xlsx, sheet Notes has no column account_id"):
        read(folder, accounts=TableSettings(file="book.xlsx"))


def test_a_workbook_that_is_none_or_unpacks_to_too_much_stops_the_load(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTableError, match=r"accounts.xlsx is not a readable workbook"):
        read(put(tmp_path, **{"accounts.xlsx": b"PK nothing"}))
    put(tmp_path, **{"accounts.xlsx": make_workbook({"a": [["account_id"], *[["A"]] * 2000]})})
    assert (tmp_path / "accounts.xlsx").stat().st_size < 50_000
    small = LoadSettings(max_table_bytes=50_000)
    with pytest.raises(TooLargeError, match=r"accounts.xlsx unpacks to more than load.max_table_bytes allows"):
        read_folder(tmp_path, Settings(load=small))


# ── several files ─────────────────────────────────────────────────────────────────────────────────


def write_months(folder: Path) -> Path:
    january = b"order_id,buyer_id,amount\nO1,A1,5\nO2,A1,x\n"
    february = "buyer;order_id;amount\nA2;O3;6\nA2;O1;7\n;O4;8\n".encode("utf-16")
    return put(folder, **{"accounts.csv": b"account_id\n", "2024-01.csv": january, "2024-02.csv": february})


def test_monthly_files_are_one_table_and_each_may_have_a_form_of_its_own(tmp_path: Path) -> None:
    table = read(
        write_months(tmp_path),
        orders=(  # type: ignore[arg-type]
            TableSettings(file="*-01.csv"),
            TableSettings(file="2024-02.csv", columns={"buyer_id": "buyer"}),
        ),
    )["orders"]
    assert [(row["order_id"], row["amount"]) for row in records(table)] == [("O1", 5.0), ("O3", 6.0)]
    assert list(zip(table.rejects.file, *zip(*complaints(table), strict=True), strict=True)) == [
        ("2024-01.csv", 3, "amount 'x' is not a finite number"),
        ("2024-02.csv", 3, "order_id 'O1' was already given buyer_id 'A1', on line 2 of 2024-01.csv"),
        ("2024-02.csv", 4, "buyer_id is empty"),
    ]


def test_rejects_name_the_file_of_each_row(tmp_path: Path) -> None:
    folder = put(tmp_path, **{"accounts.csv": b"account_id\n", "b.csv": b"order_id,buyer_id\nO1\n"})
    put(folder, **{"a.jsonl": b'{"order_id": "O2", "buyer_id": ""}\n'})
    tables = read(folder, orders=TableSettings(file=("b.csv", "a.jsonl")))
    write_rejects(tables, tmp_path / "rejects.csv")
    lines = (tmp_path / "rejects.csv").read_text().splitlines()[1:]
    assert [line.split(",")[:3] for line in lines] == [["orders", "b.csv", "2"], ["orders", "a.jsonl", "1"]]


def test_patterns_find_files_in_folders_too_and_say_so(tmp_path: Path) -> None:
    for year in ("2023", "2024"):
        (tmp_path / year).mkdir()
        put(tmp_path / year, **{"users.csv": f"account_id,role\nA{year},x\n".encode()})
    table = read(tmp_path, accounts=TableSettings(file="*/users.csv"))["accounts"]
    assert table.rejects.file == ("2023/users.csv", "2024/users.csv")
    with pytest.raises(MissingTableError, match=r"no file is like \*\.xyz, which ringfence.toml names"):
        read(tmp_path, accounts=TableSettings(file="*.xyz"))


def test_members_of_an_archive_are_chosen_by_name_or_pattern(tmp_path: Path) -> None:
    archive = pack_zip(**{"b/2.csv": b"account_id\nA2\n", "b/1.csv": b"account_id\nA1\n", "note.txt": b"x"})
    folder = put(tmp_path, **{"all.zip": archive})
    table = read(folder, accounts=TableSettings(file="all.zip", member="b/*.csv"))["accounts"]
    assert [row["account_id"] for row in records(table)] == ["A1", "A2"]
    with pytest.raises(MissingTableError, match=r"all.zip holds b/2.csv, b/1.csv, note.txt; say which is the table"):
        read(folder, accounts=TableSettings(file="all.zip"))


@pytest.mark.parametrize(
    ("file", "content"),
    [("accounts.zip", b"PK"), ("accounts.csv.zst", pack_zstd(CSV)[:-9]), ("accounts.csv.bz2", b"BZh9x")],
)
def test_a_packed_file_that_is_cut_short_stops_the_load(tmp_path: Path, file: str, content: bytes) -> None:
    with pytest.raises(DataError, match=r"is not a readable .*, or was cut short"):
        read(put(tmp_path, **{file: content}))


def test_a_store_can_set_rows_of_several_files_aside(write: Write, tmp_path: Path) -> None:
    folder = put(tmp_path, **{"accounts.csv": b"account_id\n", "1.csv": b"order_id,buyer_id\nO1,A\nO2\n"})
    put(folder, **{"2.csv": b"order_id,buyer_id\nO3,\nO4,A\nO5,A\n"})
    orders = read(folder, orders=TableSettings(file="?.csv"))["orders"].reject(np.array([1]), ["known already"])
    assert list(zip(orders.rejects.file, orders.rejects.line.tolist(), orders.rejects.reason, strict=True)) == [
        ("1.csv", 3, "1 cell where the header has 2"),
        ("2.csv", 2, "buyer_id is empty"),
        ("2.csv", 3, "known already"),
    ]
