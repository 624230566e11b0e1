"""States in their order, without any database: it does not matter which load brings which of them, nor when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pyarrow as pa
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from graph.contract.schema import CONTRACT
from graph.stores.changed_rows import ChangedRows, Stored, compare

_ORDERS = CONTRACT["orders"]
_FIRST = dt.datetime(2024, 1, 1)
State = tuple[str, int, str]


def on(day: int) -> dt.datetime:
    return _FIRST + dt.timedelta(days=day)


def as_micros(day: int) -> int:
    return int(on(day).replace(tzinfo=dt.UTC).timestamp() * 1_000_000)


def make_rows(states: Sequence[State], *, dated: bool = True) -> pa.Table:
    rows = [
        {"order_id": key, "buyer_id": "ann", "status": status, "updated_at": on(day) if dated else None}
        for key, day, status in states
    ]
    schema = _ORDERS.row_schema
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema=schema)


class Keeper:
    """A store of orders alone: what holds, and what held."""

    def __init__(self) -> None:
        self.rows = make_rows([]).select(list(_ORDERS.kept))
        self.earlier = compare(_ORDERS, make_rows([]), Stored(self.rows, self.span()), at=0).earlier

    def span(self) -> pa.Table:
        times = pa.array([], pa.timestamp("us"))
        spans = self.rows.append_column("valid_from", times).append_column("valid_until", times)
        return spans.append_column("ended_as", pa.array([], pa.string()))

    def load(self, rows: pa.Table, *, at: int, replaces: bool = False) -> ChangedRows:
        found = compare(_ORDERS, rows, Stored(self.rows, self.earlier), at=at, replaces=replaces)
        ended = set(found.ends["order_id"].to_pylist())
        stay = [row for row in self.rows.to_pylist() if row["order_id"] not in ended]
        self.rows = pa.Table.from_pylist([*stay, *found.holds.to_pylist()], schema=self.rows.schema)
        self.earlier = pa.concat_tables([self.earlier, found.earlier])
        return found

    def tell(self, key: str, day: int) -> str | None:
        """The status of an order as of a day; None before it is known."""
        spans = [(row["valid_from"], row["valid_until"], row) for row in self.earlier.to_pylist()]
        spans += [(row["updated_at"], dt.datetime.max, row) for row in self.rows.to_pylist()]
        own = [
            (since or dt.datetime.min, until, row["status"]) for since, until, row in spans if row["order_id"] == key
        ]
        held = [(since, status) for since, until, status in own if since <= on(day) < until]
        return max(held)[1] if held else None


_STATES = st.dictionaries(
    st.tuples(st.sampled_from("pq"), st.integers(1, 6)), st.sampled_from(["completed", "disputed", "refunded"])
)
# No order returns to what it was: that it was told of a state that it is in is not kept.
_LIVES = st.tuples(st.permutations(range(1, 7)), st.permutations(["completed", "disputed", "refunded"]))


@hypothesis_settings(max_examples=15, deadline=None)
@given(_LIVES, _LIVES, st.data())
def test_states_may_come_in_any_load_and_any_order(
    first: tuple[list[int], list[str]], second: tuple[list[int], list[str]], data: st.DataObject
) -> None:
    states = [(key, *each) for key, life in (("p", first), ("q", second)) for each in zip(*life, strict=False)]
    listed = data.draw(st.permutations(states))
    keeper = Keeper()
    while listed:
        n = data.draw(st.integers(1, len(listed)))
        keeper.load(make_rows(listed[:n]), at=as_micros(20))
        listed = listed[n:]
    for key in "pq":
        for day in range(1, 8):
            before = sorted((at, status) for each, at, status in states if each == key and at <= day)
            assert keeper.tell(key, day) == (before[-1][1] if before else None), (key, day)


@hypothesis_settings(max_examples=20, deadline=None)
@given(_STATES)
def test_the_same_states_again_change_nothing(states: dict[tuple[str, int], str]) -> None:
    rows = make_rows([(key, day, status) for (key, day), status in states.items()])
    keeper = Keeper()
    keeper.load(rows, at=as_micros(20))
    again = keeper.load(rows, at=as_micros(21))
    assert (again.n_added, again.n_changed, again.n_removed) == (0, 0, 0)
    assert again.holds.num_rows == again.ends.num_rows == again.earlier.num_rows == 0


def test_what_was_replaced_away_and_comes_again_is_there_again() -> None:
    keeper = Keeper()
    keeper.load(make_rows([("p", 1, "completed")]), at=as_micros(2))
    assert keeper.load(make_rows([]), at=as_micros(3), replaces=True).n_removed == 1
    assert keeper.load(make_rows([("p", 1, "completed")]), at=as_micros(5)).n_added == 1
    assert [keeper.tell("p", day) for day in (2, 3, 4, 5)] == ["completed", None, None, "completed"]


def test_an_export_from_before_a_load_takes_nothing_of_it_away() -> None:
    keeper = Keeper()
    keeper.load(make_rows([("p", 4, "completed")]), at=as_micros(5))
    assert keeper.load(make_rows([]), at=as_micros(3), replaces=True).n_removed == 0
    assert keeper.tell("p", 6) == "completed"


def test_without_any_instant_the_later_load_holds_and_two_at_once_leave_one() -> None:
    keeper = Keeper()
    keeper.load(make_rows([("p", 0, "completed")], dated=False), at=as_micros(2))
    keeper.load(make_rows([("p", 0, "disputed")], dated=False), at=as_micros(3))
    assert keeper.load(make_rows([("p", 0, "refunded")], dated=False), at=as_micros(3)).n_changed == 1
    assert [keeper.tell("p", day) for day in (1, 2, 3)] == ["completed", "completed", "refunded"]
    assert keeper.rows.num_rows == keeper.earlier.num_rows == 1
