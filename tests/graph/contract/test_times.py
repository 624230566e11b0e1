"""Times as they are written, and the instants they are."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tables_on_disk import Write, complaints, read

from graph.settings import TableSettings


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2024-01-31T10:00:00Z", "2024-01-31T10:00:00"),
        ("2024-01-31 10:00:00.25", "2024-01-31T10:00:00.25"),
        ("2024-01-31T10:00:00+02:00", "2024-01-31T08:00:00"),
        ("2024-01-31T10:00:00-0530", "2024-01-31T15:30:00"),
        ("2024-01-31 10:00:00 UTC", "2024-01-31T10:00:00"),
        ("2024-01-31 10:00:00.25 UTC", "2024-01-31T10:00:00.25"),
        ("2024-01-31T10:00:00GMT", "2024-01-31T10:00:00"),
        ("2024-01-31", "2024-01-31T00:00:00"),
        ("20240131", "2024-01-31T00:00:00"),
        (" 2024-01-31T10:00 ", "2024-01-31T10:00:00"),
        ("1706695200", "2024-01-31T10:00:00"),
        ("1706695200.5", "2024-01-31T10:00:00.5"),
        ("-1", "1969-12-31T23:59:59"),
        ("1900-01-01", "1900-01-01T00:00:00"),
        ("2199-12-31T23:59:59Z", "2199-12-31T23:59:59"),
    ],
)
def test_times_become_utc_instants(write: Write, written: str, instant: str) -> None:
    for others in ("", "D,x,2020-01-01T00:00:00Z\n", "D,x,1\nE,x,2020-01-01\n"):
        table = read(write(devices=f"account_id,device_id,seen_at\nA,x,{written}\n{others}"))["devices"]
        assert np.datetime64(table.rows["seen_at"][0].as_py()) == np.datetime64(instant)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("yesterday", "is not an ISO 8601 time or Unix seconds"),
        ("now", "is not an ISO 8601 time or Unix seconds"),
        ("2024-02-30", "is not an ISO 8601 time or Unix seconds"),
        (
            "01/02/2024",
            "is not an ISO 8601 time: say how it is written, tables.devices.times = 'day first' or 'month first'",
        ),
        ("31.01.2024 10:00", "is not an ISO 8601 time: say how it is written, tables.devices.times = 'day first'"),
        ("1/31/2024", "is not an ISO 8601 time: say how it is written, tables.devices.times = 'month first'"),
        ("2024/1/31", "is not an ISO 8601 time: say how it is written, tables.devices.times = 'year first'"),
        ("2024", "is not an ISO 8601 time or Unix seconds"),
        ("NaT", "is not an ISO 8601 time or Unix seconds"),
        ("9999-12-31", "looks like a placeholder: leave the cell empty"),
        ("0001-01-01T00:00:00Z", "looks like a placeholder: leave the cell empty"),
        ("1899-12-31", "looks like a placeholder: leave the cell empty"),
        ("2200-01-01", "looks like a placeholder: leave the cell empty"),
        (
            "1706695200000",
            "looks like milliseconds: Unix times are in seconds, or set tables.devices.times = 'unix milliseconds'",
        ),
        ("99999999999999999999", "is not an ISO 8601 time or Unix seconds"),
    ],
)
def test_a_time_that_is_no_time_is_set_aside(write: Write, written: str, reason: str) -> None:
    for others in ("", "D,x,2020-01-01T00:00:00Z\n", "D,x,1\n"):
        table = read(write(devices=f"account_id,device_id,seen_at\nA,x,{written}\n{others}"))["devices"]
        assert complaints(table) == [(2, f"seen_at '{written}' {reason}")]


@pytest.mark.parametrize(
    "times",
    [
        pa.array([dt.datetime(2024, 1, 31, 10), None], pa.timestamp("ns")),
        pa.array([dt.datetime(2024, 1, 31, 10), None], pa.timestamp("s")),
        pa.array([dt.datetime(2024, 1, 31, 10, tzinfo=dt.UTC), None], pa.timestamp("us", "Asia/Tokyo")),
        pa.array([1706695200, None], pa.int64()),
        pa.array([1706695200.0, float("nan")], pa.float64()),
        pa.array(["2024-01-31T10:00:00Z", None], pa.large_string()),
    ],
    ids=lambda times: str(times.type),
)
def test_times_of_any_physical_type_are_instants(write: Write, times: pa.Array) -> None:
    folder = write()
    pq.write_table(
        pa.table({"account_id": ["A", "B"], "device_id": [1, 2], "seen_at": times}), folder / "devices.parquet"
    )
    table = read(folder)["devices"]
    assert table.rows["seen_at"].to_pylist() == [dt.datetime(2024, 1, 31, 10), None]


def test_dates_become_midnight_and_placeholders_in_them_are_set_aside(write: Write) -> None:
    dates = [dt.date(2024, 1, 31), dt.date(9999, 12, 31)]
    table = read(write(devices=pd.DataFrame({"account_id": ["A", "B"], "device_id": 1, "seen_at": dates})))["devices"]
    assert table.rows["seen_at"].to_pylist() == [dt.datetime(2024, 1, 31)]
    assert complaints(table) == [(2, "seen_at '9999-12-31' looks like a placeholder: leave the cell empty")]


def test_a_clock_that_says_utc_does_not_hang_in_the_zone_of_the_others(write: Write) -> None:
    content = "account_id,device_id,seen_at\nA,x,2024-01-31 10:00:00 UTC\nA,y,2024-01-31 10:00:00\n"
    seen = read(write(devices=content), devices=TableSettings(zone="Europe/Berlin"))["devices"].rows["seen_at"]
    assert [each.hour for each in seen.to_pylist()] == [10, 9]
