"""What there is to load, and what of it is new: known by its content, whenever it was copied."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from detection.job.inputs import choose_new, find_exports
from graph.errors import MissingTableError


def write_export(folder: Path, text: str = "account_id\nann\n", name: str = "accounts.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_folders_of_tables_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for day in ("2026-11-29", "2026-11-02", "2026-12-01"):
        write_export(tmp_path / day, f"account_id\n{day}\n")
    (tmp_path / "notes").mkdir()
    found = find_exports(tmp_path, mapped=False)
    assert [each.name for each in found] == ["2026-11-02", "2026-11-29", "2026-12-01"]
    assert [(each.files, each.bytes) for each in found] == [(1, 22)] * 3


def test_a_folder_that_holds_tables_is_one_export_and_so_is_one_whose_files_the_settings_name(tmp_path: Path) -> None:
    write_export(tmp_path / "a")
    assert [each.name for each in find_exports(tmp_path / "a", mapped=False)] == ["a"]
    write_export(tmp_path / "b", name="kunden.csv")
    assert [each.name for each in find_exports(tmp_path / "b", mapped=True)] == ["b"]
    with pytest.raises(MissingTableError, match="holds no tables"):
        find_exports(tmp_path / "b", mapped=False)
    with pytest.raises(MissingTableError, match="is no folder"):
        find_exports(tmp_path / "c", mapped=True)


def test_an_export_is_known_by_what_it_says_and_not_by_where_or_when(tmp_path: Path) -> None:
    (one,), (other,) = (find_exports(write_export(tmp_path / each), mapped=False) for each in ("a", "b"))
    assert one.sha256 == other.sha256
    (changed,) = find_exports(write_export(tmp_path / "c", "account_id\nbob\n"), mapped=False)
    (renamed,) = find_exports(write_export(tmp_path / "d", name="accounts.tsv"), mapped=False)
    assert len({one.sha256, changed.sha256, renamed.sha256}) == 3


def test_what_was_loaded_and_what_is_too_old_is_left_out(tmp_path: Path) -> None:
    for day, text in ((1, "a"), (2, "b"), (3, "c")):
        file = write_export(tmp_path / str(day), f"account_id\n{text}\n") / "accounts.csv"
        os.utime(file, (at := datetime(2026, 11, day, tzinfo=UTC).timestamp(), at))
    found = find_exports(tmp_path, mapped=False)
    assert [each.name for each in choose_new(found, {found[1].sha256}, None)] == ["1", "3"]
    assert [each.name for each in choose_new(found, set(), datetime(2026, 11, 2, tzinfo=UTC))] == ["2", "3"]
