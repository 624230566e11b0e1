"""The states of rows with a key, one after the other: what was known, what a load brings, what holds from now on.

A row of the store and the rows that a load brings under the same key are states of one thing, in the order of the
instants that they name; a state that names none is as late as the load.  The last state holds, those before it become
history, and a state that says nothing new is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.arrow import coalesce, is_true, make_table, null_below_zero, read_ints
from graph.contract.repeats import read_instants
from graph.contract.schema import INSTANT, Table
from graph.stores.history import BEFORE_ALL, say_contradiction

if TYPE_CHECKING:
    from graph.arrow import Chunks
    from graph.model import Ints

_BEFORE, _NOW, _GIVEN = 0, 1, 2  # where a state is from: the store's history, the store, the load


@dataclass(frozen=True)
class States:
    """The states of some rows: those of the load, the store's, and its history, as columns of the contract.

    Attributes
    ----------
    table
        Of the contract.
    given, place, is_gone
        (N,) rows of the load, each one's place in its file (-1: in none), and whether it says that there is none.
    kept
        (M,) rows of the store.
    history
        (H,) former rows of the store, with ``valid_from``, ``valid_until`` and ``ended_as``.
    at
        The instant of the load, in microseconds.
    """

    table: Table
    given: pa.Table
    place: Ints
    is_gone: NDArray[np.bool_]
    kept: pa.Table
    history: pa.Table
    at: int


@dataclass(frozen=True)
class Outcome:
    """What becomes of the rows of a load, and of those of the store.

    Attributes
    ----------
    holds
        (C,) rows that hold from now on, where the store has none or others.
    ends
        (E,) rows of the store that hold no longer as they are.
    history
        (F,) what held before, with ``valid_from``, ``valid_until`` and ``ended_as``.
    added, changed, removed
        Places (K,) of rows that bring a thing, another state of one, and the end of one.
    bad, reasons
        Places (B,) of rows that contradict what is known, and how.
    """

    holds: pa.Table
    ends: pa.Table
    history: pa.Table
    added: Ints
    changed: Ints
    removed: Ints
    bad: Ints
    reasons: tuple[str, ...]


def follow(states: States) -> Outcome:
    """Put states in their order and say what holds.  O(S log S) for S states."""
    frame = _line_up(states)
    bad, reasons = _find_contradictions(states.table, frame)
    frame = frame[~bad].reset_index(drop=True)
    _complete(states.table, frame)
    versions = _drop_same(states.table, frame)
    bad_places = np.array(list(reasons), dtype=np.int64)
    return _Reading(states, frame, versions).conclude(bad_places=bad_places, reasons=tuple(reasons.values()))


# ── states in their order ─────────────────────────────────────────────────────────────────────────


def _line_up(states: States) -> pd.DataFrame:
    """All states by key and instant; of one instant, the store's first."""
    table = states.table
    told = _read_given_instants(states)
    parts = [
        _make_frame(table, states.history, _BEFORE, _micros(states.history["valid_from"])),
        _make_frame(table, states.kept, _NOW, _micros(read_instants(table, states.kept))),
        _make_frame(table, states.given, _GIVEN, _micros(told, missing=states.at)),
    ]
    given = parts[2]
    given["is_told"] = is_true(pc.is_valid(told))
    given["place"], given["is_gone"] = states.place, states.is_gone
    frame = pd.concat([*parts, _mark_ends(table, states)], ignore_index=True)
    frame["code"] = pd.factorize(frame[str(table.key)])[0]
    _date_ends(frame, states.at)
    _revive(frame, states.at)
    return frame.sort_values(["code", "at", "origin", "is_gone", "place"], kind="stable", ignore_index=True)


def _make_frame(table: Table, rows: pa.Table, origin: int, at: Ints) -> pd.DataFrame:
    frame: pd.DataFrame = rows.select(list(table.kept)).to_pandas()
    for column in table.columns:  # a column that holds nothing has a type of its own in pandas
        if column.name in frame and column.arrow_type == pa.string():
            frame[column.name] = frame[column.name].astype(object)
    frame["origin"], frame["at"], frame["row"] = origin, at, np.arange(len(frame))
    frame["place"], frame["is_gone"], frame["is_told"] = -1, False, True
    return frame


def _mark_ends(table: Table, states: States) -> pd.DataFrame:
    """The end of each thing that the store has only in its history."""
    key = str(table.key)
    holds = pc.is_in(states.history[key], value_set=states.kept[key].combine_chunks())
    ended = states.history.filter(pc.invert(holds))
    frame = _make_frame(table, ended, _BEFORE, _micros(ended["valid_until"]))
    frame["ended_as"] = ended["ended_as"].to_pandas()
    last = frame.sort_values("at", kind="stable").drop_duplicates(key, keep="last")
    return last.assign(is_gone=True)


def _read_given_instants(states: States) -> Chunks:
    """When each row of the load came to be; of one that ends a thing, not when the thing was decided."""
    told, updated = read_instants(states.table, states.given), states.given["updated_at"]
    chosen: Chunks = pc.if_else(pa.array(states.is_gone), updated, told)
    return chosen


def _date_ends(frame: pd.DataFrame, at: int) -> None:
    """Who marks a row as removed may leave the instant of its last change as it was: it went with the load then."""
    known = frame[(frame["origin"] != _GIVEN) & ~frame["is_gone"]]
    ends = frame["is_gone"] & (frame["origin"] == _GIVEN)
    same = pd.MultiIndex.from_frame(frame[["code", "at"]]).isin(pd.MultiIndex.from_frame(known[["code", "at"]]))
    frame.loc[ends & same, "at"] = np.maximum(frame.loc[ends & same, "at"], at)


def _revive(frame: pd.DataFrame, at: int) -> None:
    """What had ended, and is told of again, is there again since the load.

    A state that says when it was updated, and that before somebody removed the thing, is only late.
    """
    ends = frame[(frame["origin"] == _BEFORE) & frame["is_gone"]].set_index("code")
    if not len(ends):
        return
    given = frame[(frame["origin"] == _GIVEN) & frame["code"].isin(ends.index)]
    last = given.sort_values(["at", "place"], kind="stable").drop_duplicates("code", keep="last")
    last = last[~last["is_gone"] & (last["at"] <= last["code"].map(ends["at"]))]
    again = last["updated_at"].isna() | (last["code"].map(ends["ended_as"]) == "replaced")
    frame.loc[last.index[again], "at"] = at


def _micros(times: Chunks, *, missing: int = BEFORE_ALL) -> Ints:
    return read_ints(times.cast(INSTANT).cast(pa.int64()), missing=missing)


# ── what contradicts, and what says nothing new ───────────────────────────────────────────────────


def _find_contradictions(table: Table, frame: pd.DataFrame) -> tuple[NDArray[np.bool_], dict[int, str]]:
    """Which states (S,) contradict one of the store that names the same instant; one that names none replaces it."""
    bad = np.zeros(len(frame), dtype=bool)
    reasons: dict[int, str] = {}
    given = (frame["origin"] == _GIVEN).to_numpy() & ~frame["is_gone"].to_numpy()
    pair = np.flatnonzero(given[1:] & _is_same(frame, "code") & _is_same(frame, "at")) + 1
    pair = pair[(frame["origin"].to_numpy()[pair - 1] != _GIVEN) & ~frame["is_gone"].to_numpy()[pair - 1]]
    for name in table.facts:
        was, now = frame[name].to_numpy()[pair - 1], frame[name].to_numpy()[pair]
        differs = (was != now) & pd.notna(now) & (pd.notna(was) | (not table.is_thing))
        for row in pair[differs].tolist():
            if frame["is_told"].iat[row]:
                bad[row] = True
                kept = frame[name].iat[row - 1]
                key, id_ = table.key, frame[str(table.key)].iat[row]
                reasons.setdefault(int(frame["place"].to_numpy()[row]), say_contradiction(str(key), name, id_, kept))
            else:
                bad[row - 1] = True
    return bad, reasons


def _is_same(frame: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    """For each row but the first, whether it has the value of the one before; two that are not known are the same."""
    codes = pd.factorize(frame[name])[0]
    same: NDArray[np.bool_] = codes[1:] == codes[:-1]
    return same


def _complete(table: Table, frame: pd.DataFrame) -> None:
    """Fill in, in place, what a state does not say: it is as it was before.  Of what lasts, it was always so."""
    gone_before = np.concatenate([[False], frame["is_gone"].to_numpy()[:-1]]) if len(frame) else np.empty(0, bool)
    starts = np.concatenate([[True], ~_is_same(frame, "code")])[: len(frame)] | gone_before
    frame["life"] = np.cumsum(starts)
    for name in (*table.facts, *table.fixed):
        held = frame.groupby("life")[name]
        frame[name] = held.ffill()
        if table.is_thing:
            frame[name] = frame.groupby("life")[name].bfill()


def _drop_same(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """The states that differ from the one before them; of equal ones the store's, which stays as it is."""
    same = _is_same(frame, "life") & ~frame["is_gone"].to_numpy()[1:]
    for name in table.facts:
        same &= _is_same(frame, name)
    for column in table.columns:
        if column.remark:  # the same, said twice at one instant, is said once
            same &= _is_same(frame, column.name) | _is_same(frame, "at")
    frame["run"] = np.cumsum(np.concatenate([[True], ~same])[: len(frame)])
    if table.time in table.ordered_by:  # when it came about may be told later
        frame[table.time] = frame.groupby("run")[table.time].transform("first")
    known = frame["origin"].where(frame["origin"] != _GIVEN, -1)
    order = frame.assign(first=-known).sort_values(["run", "first"], kind="stable")
    return order.drop_duplicates("run").sort_values("run", ignore_index=True)


# ── what follows ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Reading:
    """States in their order (S,), and those of them that differ from the one before (V,)."""

    states: States
    frame: pd.DataFrame
    versions: pd.DataFrame

    def conclude(self, *, bad_places: Ints, reasons: tuple[str, ...]) -> Outcome:
        """What holds, what held, and what each row of the load was."""
        versions = self.versions
        n, code = len(versions), versions["code"].to_numpy()
        last = np.concatenate([code[1:] != code[:-1], [True]])[:n]
        first = np.concatenate([[True], code[1:] != code[:-1]])[:n]
        gone, origin = versions["is_gone"].to_numpy(bool), versions["origin"].to_numpy()
        after_end = first | np.concatenate([[False], gone[:-1]])[:n]
        given, place = origin == _GIVEN, versions["place"].to_numpy()
        # What a load tells of the time before all that was known is another state, and nothing new.
        is_known = versions["code"].isin(self.frame["code"][self.frame["origin"] != _GIVEN]).to_numpy()
        is_new = after_end & ~(first & is_known)
        filled = self._find_filled()
        holds = last & ~gone & (given | versions["row"].isin(filled).to_numpy() & (origin == _NOW))
        ends = self._find_ends(versions[holds | (last & gone)]["code"].to_numpy())
        past = ~last & ~gone & (origin != _BEFORE)
        return Outcome(
            holds=self._date(holds, is_new=first),
            ends=self.states.kept.take(pa.array(ends, pa.int64())),
            history=self._tell(past),
            added=np.concatenate([place[given & ~gone & is_new], self._find_fillers(filled)]),
            changed=place[given & ~gone & ~is_new],
            removed=place[given & gone & ~after_end],
            bad=bad_places,
            reasons=reasons,
        )

    def _find_filled(self) -> Ints:
        """The rows of the store (K,) of which something was filled in."""
        kept, frame = self.states.kept, self.frame[self.frame["origin"] == _NOW]
        filled = np.zeros(kept.num_rows, dtype=bool)
        table = self.states.table
        for name in (*table.facts, *([table.time] if table.time in table.ordered_by else [])):
            before = np.asarray(is_true(pc.is_null(kept[name])))
            now = np.zeros(kept.num_rows, dtype=bool)
            now[frame["row"].to_numpy()] = frame[name].notna().to_numpy()
            filled |= before & now
        return np.flatnonzero(filled)

    def _find_fillers(self, filled: Ints) -> Ints:
        """The places of the rows of the load that fill in, one for each row of the store."""
        frame = self.frame
        codes = frame["code"][(frame["origin"] == _NOW) & frame["row"].isin(filled)]
        stays = self.versions[(self.versions["origin"] == _NOW) & self.versions["code"].isin(codes)]
        joined = frame[(frame["origin"] == _GIVEN) & frame["run"].isin(stays["run"])]
        places: Ints = joined.drop_duplicates("code")["place"].to_numpy()
        return places

    def _find_ends(self, codes: Ints) -> Ints:
        frame = self.frame
        rows: Ints = frame["row"][(frame["origin"] == _NOW) & frame["code"].isin(codes)].to_numpy()
        dropped = np.setdiff1d(np.arange(self.states.kept.num_rows), frame["row"][frame["origin"] == _NOW])
        return np.sort(np.concatenate([rows, dropped])).astype(np.int64)

    def _date(self, holds: NDArray[np.bool_], *, is_new: NDArray[np.bool_]) -> pa.Table:
        """The states that hold; one that names no instant, and is not the first of its kind, holds since the load."""
        chosen = self.versions[holds].reset_index(drop=True)
        table, rows = self.states.table, _as_rows(self.states.table, self.versions[holds])
        told = _micros(read_instants(table, rows))
        # A state that came again holds since the load, whatever it says itself.
        as_loaded = (chosen["origin"] == _GIVEN).to_numpy() & (told != chosen["at"].to_numpy()) & ~is_new[holds]
        names = table.ordered_by[-1]
        since = null_below_zero(np.where(as_loaded, chosen["at"].to_numpy(), -1)).cast(INSTANT)
        dated = coalesce([pa.chunked_array([since]), rows[names]])
        return rows.set_column(rows.column_names.index(names), names, dated)

    def _tell(self, past: NDArray[np.bool_]) -> pa.Table:
        """States with the span in which each held."""
        before, after = self.versions[past], self.versions.iloc[np.flatnonzero(past) + 1]
        spans = before["at"].to_numpy() < after["at"].to_numpy()
        before, after = before[spans], after[spans]
        since = before["at"].to_numpy()
        known = pa.array(np.where(since == BEFORE_ALL, 0, since), mask=since == BEFORE_ALL)
        how = np.where(~after["is_gone"], "changed", np.where(after["place"] < 0, "replaced", "removed"))
        told = {"valid_from": known.cast(INSTANT), "valid_until": pa.array(after["at"].to_numpy()).cast(INSTANT)}
        rows = _as_rows(self.states.table, before)
        for name, values in (*told.items(), ("ended_as", pa.array(how.astype(object), pa.string()))):
            rows = rows.append_column(name, values)
        return rows


def _as_rows(table: Table, frame: pd.DataFrame) -> pa.Table:
    kinds: Sequence[tuple[str, pa.DataType]] = [(name, table.row_schema.field(name).type) for name in table.kept]
    return make_table({name: pa.chunked_array([pa.array(frame[name], kind, from_pandas=True)]) for name, kind in kinds})
