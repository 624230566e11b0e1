"""A table is said once, in the contract: it is read, checked, cut at an instant, and heard of its accounts by that."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from places import ROOT
from tables_on_disk import Write, complaints, read, records

from graph.contract.as_of import forget_later
from graph.contract.schema import CONTRACT, Apart, Column, Either, Table
from graph.settings import TableSettings

EVENTS = Table(
    "events",
    (
        Column("event_id", "id", required=True),
        Column("account_id", "id", required=True, mentions="account"),
        Column("with_account", "id", mentions="account"),
        Column("object", "id"),
        Column("action", "code", required=True, choices=("login", "edit")),
        Column("amount", "number"),
        Column("happened_at", "time"),
    ),
    key="event_id",
    time="happened_at",
    apart=Apart("account_id", "with_account", "an event with oneself"),
)


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Table:
    """A contract with one table more."""
    monkeypatch.setitem(CONTRACT, "events", EVENTS)
    return EVENTS


HEADER = "event_id,account_id,with_account,object,action,amount,happened_at\n"


def test_a_new_table_is_read_in_its_columns_and_types(events: Table, write: Write) -> None:
    table = read(write(events=f"{HEADER}E1,A,B,007, LOGIN ,1.5,2024-01-31\nE2,C,,,edit,,\n"))["events"]
    assert table.rows.schema == events.row_schema
    assert table.rows.schema.field("happened_at").type == pa.timestamp("us")
    assert [(row["object"], row["action"]) for row in table.rows.to_pylist()] == [("007", "login"), (None, "edit")]


def test_a_new_tables_file_and_columns_can_be_mapped(events: Table, write: Write) -> None:
    folder = write()
    (folder / "log.txt").write_text("id;who;what\nE1;A;edit\n")
    mapped = TableSettings(
        file="log.txt", delimiter=";", columns={"event_id": "id", "account_id": "who", "action": "what"}
    )
    table = read(folder, events=mapped)["events"]
    assert records(table) == [{"event_id": "E1", "account_id": "A", "action": "edit"}]
    assert table.silent == ("with_account", "object", "amount", "happened_at")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("E1,,B,x,edit,1,0", "account_id is empty"),
        (
            "E1,A,B,x,sleep,1,0",
            "action 'sleep' is not 'login' or 'edit'; tables.events.values.action says what words mean",
        ),
        ("E1,A,B,x,edit,-1,0", "amount '-1': an amount below zero"),
        ("E1,A,B,x,edit,1,soon", "happened_at 'soon' is not an ISO 8601 time or Unix seconds"),
        ("E1,A,A,x,edit,1,0", "account_id and with_account are both 'A': an event with oneself"),
        ("E1,A", "2 cells where the header has 7"),
        ("E0,A,,x,edit,,0", "event_id 'E0' was already given object 'y', on line 2"),
    ],
)
def test_a_new_tables_bad_rows_are_set_aside(events: Table, write: Write, row: str, reason: str) -> None:
    table = read(write(events=f"{HEADER}E0,A,,y,edit,,0\n{row}\n"))["events"]
    assert complaints(table) == [(3, reason)]
    assert table.rows["event_id"].to_pylist() == ["E0"]


def test_a_new_tables_rows_are_cut_at_an_instant_and_its_accounts_are_known(events: Table, write: Write) -> None:
    folder = write(
        accounts="account_id\nA\n",
        events=f"{HEADER}E1,A,B,,edit,,2024-01-01\nE2,C,,,edit,,2024-03-01\nE3,D,,,edit,,\n",
    )
    past = forget_later(read(folder), np.datetime64("2024-01-01"))
    assert past["events"].rows["event_id"].to_pylist() == ["E1"]
    assert past["accounts"].rows["account_id"].to_pylist() == ["A", "C", "D", "B"]


def test_facts_without_a_time_are_forgotten_and_things_are_not(monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    columns = (Column("object_id", "id", required=True),)
    monkeypatch.setitem(CONTRACT, "visits", Table("visits", columns))
    monkeypatch.setitem(CONTRACT, "objects", Table("objects", columns, is_thing=True))
    tables = read(write(visits="object_id\nx\n", objects="object_id\nx\n"))
    assert list(tables) == ["accounts", "visits", "objects"]
    assert list(forget_later(tables, np.datetime64("2024-01-01"))) == ["accounts", "objects"]


def test_one_column_of_two_is_told_apart_wherever_the_contract_says_so(
    monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    columns = (Column("email", "id"), Column("size", "number"), Column("hash", "id"))
    plain = Table("mails", columns, either=Either("email", "hash"))
    monkeypatch.setitem(CONTRACT, "mails", plain)
    folder = write(mails="email,size,hash\na@b.c,1,\n,2,ff\n")
    assert read(folder)["mails"].rows.column_names == ["email", "size", "hash"]
    merged = Table("mails", columns, either=Either("email", "hash", told_by="is_hash"))
    monkeypatch.setitem(CONTRACT, "mails", merged)
    rows = read(folder)["mails"].rows
    assert rows.schema == merged.row_schema
    assert rows.to_pylist() == [
        {"email": "a@b.c", "size": 1.0, "is_hash": False},
        {"email": "ff", "size": 2.0, "is_hash": True},
    ]


@pytest.mark.parametrize("table", CONTRACT.values(), ids=CONTRACT)
def test_what_the_contract_says_of_columns_is_said_of_columns_that_it_has(table: Table) -> None:
    names = {column.name: column for column in table.columns}
    named = [table.key, table.time]
    named += [side for rule in (table.either, table.apart) if rule for side in (rule.one, rule.other)]
    if table.use:
        named += ["account_id", table.use.value, table.use.kind_column, table.use.role_column]
        assert (table.use.kind is None) != (table.use.kind_column is None)
    assert {name for name in named if name is not None} <= set(names)
    assert table.time is None or names[table.time].kind == "time"
    assert table.key is None or names[table.key].required or table.named_by
    assert set(table.named_by) <= set(names)
    assert all(column.kind == "id" for column in table.columns if column.mentions)


@pytest.mark.parametrize("table", CONTRACT.values(), ids=CONTRACT)
def test_every_column_that_is_named_after_an_account_or_a_product_mentions_one(table: Table) -> None:
    accounts = {"account_id", "buyer_id", "seller_id", "referred_by", "payer_id", "payee_id"}
    named = tuple(column.name for column in table.columns if column.name in accounts)
    assert table.find_mentions("account") == named
    assert table.find_mentions("product") == tuple(c.name for c in table.columns if c.name == "product_id")


def test_the_documentation_names_every_table_and_column() -> None:
    text = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|([^|]*)\|[^|]+\|$", text, re.MULTILINE)
    documented = {name: (columns_in(required), columns_in(optional)) for name, required, optional in rows}
    assert documented == {name: sort_by_need(table) for name, table in CONTRACT.items()}


def columns_in(cell: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", cell))


def sort_by_need(table: Table) -> tuple[set[str], set[str]]:
    """Columns that a file must have, or one of two of them, and columns that it may have."""
    either = {table.either.one, table.either.other} if table.either else set()
    named = [column for column in table.columns if column.kind != "attributes"]
    needed = {column.name for column in named if column.required} | either
    return needed, {column.name for column in named} - needed
