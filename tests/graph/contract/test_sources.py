"""Which file is which table, and a folder or a mapping that stops a load."""

from __future__ import annotations

import logging
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tables_on_disk import Write, one_line, read

from graph.errors import (
    ConfigError,
    DataError,
    MissingTableError,
)
from graph.settings import TableSettings


def test_a_folder_that_is_not_there_stops_the_load(tmp_path: Path) -> None:
    with pytest.raises(MissingTableError, match="no such folder"):
        read(tmp_path / "nowhere")


def test_a_file_in_place_of_the_folder_stops_the_load(write: Write) -> None:
    with pytest.raises(MissingTableError, match="is a file; give the folder"):
        read(write() / "accounts.csv")


def test_a_folder_without_accounts_lists_what_it_holds_and_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(MissingTableError, match="the folder holds nothing"):
        read(tmp_path)
    (tmp_path / "account.csv").write_text("account_id\n")
    (tmp_path / "orders.csv").write_text("order_id\n")
    with pytest.raises(MissingTableError) as caught:
        read(tmp_path)
    assert "the folder holds account.csv, orders.csv" in one_line(caught.value)
    assert "file = 'account.csv'" in str(caught.value)


def test_a_file_that_the_settings_name_but_is_not_there_stops_the_load(write: Write) -> None:
    with pytest.raises(MissingTableError, match=r"payments\.csv: no such file.*tables\.orders\.file"):
        read(write(), orders=TableSettings(file="payments.csv"))


def test_two_files_for_one_table_stop_the_load(write: Write) -> None:
    folder = write(orders="order_id,buyer_id\n")
    pq.write_table(pa.table({"order_id": ["a"], "buyer_id": ["b"]}), folder / "orders.parquet")
    with pytest.raises(DataError, match=r"orders\.csv and orders\.parquet are both the table 'orders'"):
        read(folder)


def test_a_file_that_is_nearly_named_after_a_table_is_warned_of(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="ringfence"):
        read(write(order="order_id,buyer_id\n"))
    assert caplog.messages == ["order.csv is not read: did you mean orders.csv?"]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"ordes": TableSettings()}, "no table 'tables.ordes'; did you mean 'orders'?"),
        ({"orders": TableSettings(columns={"buyer": "x"})}, "'tables.orders.columns.buyer'; did you mean 'buyer_id'?"),
        (
            {"orders": TableSettings(attributes=("x",))},
            "'tables.orders.attributes': only accounts keep further columns",
        ),
    ],
)
def test_a_mapping_of_something_the_contract_does_not_know_is_refused(
    write: Write, tables: dict[str, TableSettings], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(write(), **tables)
    assert message in one_line(caught.value)
