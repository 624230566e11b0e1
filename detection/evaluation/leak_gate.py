"""The leak gate: no score may rest on what was known later, or on the labels that it is measured by.

Three checks, each of which says what leaked: dates (nothing in the snapshot is later than its instant),
labels (a run is the same, to the bit, with the labels removed and with others in their place), and the
future (a run is the same where later facts were never loaded).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from detection.run import find_run
from detection.settings import DetectSettings
from embeddings.features.relations import COLUMNS_AT_ONCE, Matrix
from embeddings.features.table import FeatureTable, TableBlock, describe_blocks
from graph.errors import LeakError
from graph.model import Snapshot, Times
from graph.results import RunResult


@dataclass(frozen=True)
class LeakCheck:
    """One check that was passed: its name, and a sentence on what was tried."""

    name: str
    sentence: str


def check_leaks(
    snapshot: Snapshot, run: RunResult, settings: DetectSettings, *, past: Snapshot | None = None
) -> tuple[LeakCheck, ...]:
    """Pass a run through the gate.

    Parameters
    ----------
    snapshot, run, settings
        The snapshot, and the run that is to be measured.
    past
        The same market at the same instant, made from tables without any later fact.

    Raises
    ------
    LeakError
        If anything leaked; the message says into what.
    """
    checks = [check_dates(snapshot), check_labels(snapshot, run, settings)]
    if past is not None:
        checks.append(check_future(run, snapshot, past, settings))
    return tuple(checks)


def check_dates(snapshot: Snapshot) -> LeakCheck:
    """Refuse a snapshot with facts later than its instant, or undated ones, which may be later.

    Raises
    ------
    LeakError
        Naming the table and how many facts.
    """
    if snapshot.as_of is None:
        return LeakCheck("dates", "no instant was given; all facts were used, and none was held back")
    for name, times in _list_times(snapshot).items():
        later = times > snapshot.as_of
        if later.any():
            raise LeakError(
                f"{int(later.sum())} {name} are dated later than {snapshot.as_of},"
                f" the latest {times[later].max()}; the snapshot is not cut there"
            )
        if name != "accounts" and np.isnat(times).any():
            raise LeakError(f"{int(np.isnat(times).sum())} {name} bear no date and may be later than {snapshot.as_of}")
    if len(snapshot.referral_account):
        raise LeakError(f"{len(snapshot.referral_account)} referrals bear no date and may be later")
    return LeakCheck("dates", f"nothing in the snapshot is later than {snapshot.as_of}")


def _list_times(snapshot: Snapshot) -> Mapping[str, Times]:
    return {
        "accounts": snapshot.created_at,
        "sightings of identifiers": snapshot.uses.seen_at,
        "orders": snapshot.orders.ordered_at,
        "reviews": snapshot.reviews.reviewed_at,
        "labels": snapshot.label_decided_at,
        "events": snapshot.events.happened_at,
    }


def check_labels(snapshot: Snapshot, run: RunResult, settings: DetectSettings) -> LeakCheck:
    """Run again without labels and with random ones on half of the accounts: nothing may change.

    Parameters
    ----------
    snapshot, run
        The market with its labels, and a run on it.
    settings
        That the run was made with.

    Raises
    ------
    LeakError
        Naming the part of the run that changed.
    """
    # Without labels code that reads them may fall silent, and pass; with random ones it has something to read.
    for how, changed in (("removed", remove_labels(snapshot)), ("replaced by random ones", scramble_labels(snapshot))):
        part = find_difference(run, find_run(changed, settings))
        if part is not None:
            raise LeakError(f"{part} change when the labels are {how}: they are derived from the labels")
    return LeakCheck("labels", "a run without labels and one with random labels gave the same bytes")


def check_label_dates(snapshot: Snapshot) -> LeakCheck:
    """Refuse to learn from a decision that was given later than the market's instant, or may have been.

    Raises
    ------
    LeakError
        Saying how many.
    """
    at = snapshot.label_decided_at
    undated = int(np.isnat(at).sum())
    if snapshot.as_of is None:
        words = f"; {undated:,} bear no date" if undated else ""
        return LeakCheck("decisions", f"no instant was given: all {len(at):,} decisions count{words}")
    later = at[at > snapshot.as_of]
    if len(later):
        raise LeakError(f"{len(later)} decisions were given later than {snapshot.as_of}, the latest {later.max()}")
    if undated:
        raise LeakError(f"{undated} decisions bear no date and may be later than {snapshot.as_of}")
    return LeakCheck("decisions", f"none of {len(at):,} decisions was given later than {snapshot.as_of}")


@dataclass(frozen=True)
class CheckedTable:
    """What accounts are like, made without labels, and the check that it passed."""

    table: FeatureTable
    check: LeakCheck


def describe_checked(snapshot: Snapshot) -> CheckedTable:
    """Describe the accounts without labels, and with random ones: no column that a model reads may change.

    Parameters
    ----------
    snapshot
        The market with its labels.

    Raises
    ------
    LeakError
        Naming the first column that changed.

    Notes
    -----
    With random labels comes first, and leaves a digest of each column: beside the table there is never a second one,
    nor what it takes to make one.
    """
    random = digest_columns(describe_blocks(scramble_labels(snapshot)))
    none: dict[str, bytes] = {}
    blocks: list[TableBlock] = []
    for block in describe_blocks(remove_labels(snapshot)):
        none |= digest_columns([block])
        blocks.append(block)
    how = "the labels are replaced by random ones"
    strange = sorted(none.keys() ^ random.keys())
    if strange:
        raise LeakError(f"the columns change when {how}: {', '.join(strange[:3])}")
    changed = next((name for name, digest in none.items() if digest != random[name]), None)
    if changed is not None:
        raise LeakError(f"the feature {changed!r} changes when {how}: it is derived from the labels")
    check = LeakCheck("features", "features without labels and with random labels are the same, to the bit")
    return CheckedTable(FeatureTable(snapshot.n_accounts, tuple(blocks)), check)


def digest_columns(blocks: Iterable[TableBlock]) -> dict[str, bytes]:
    """A digest of each column, by name: of whom it says something, and of what.

    Silent is silent and zero is zero, of whatever sign, as they are to whoever compares numbers.

    >>> one, two = (TableBlock(("a",), np.array([0]), np.array([[zero]], np.float32)) for zero in (0.0, -0.0))
    >>> digest_columns([one]) == digest_columns([two])
    True
    """
    digests: dict[str, bytes] = {}
    for block in blocks:
        rows = hashlib.blake2b(np.ascontiguousarray(block.rows).data)
        for begin in range(0, len(block.names), COLUMNS_AT_ONCE):
            values = block.values[:, begin : begin + COLUMNS_AT_ONCE].T
            plain = np.where(np.isnan(values), np.float32(np.nan), values + np.float32(0))
            names = block.names[begin : begin + COLUMNS_AT_ONCE]
            digests |= {name: _digest_column(rows, each) for name, each in zip(names, plain, strict=True)}
    return digests


def _digest_column(rows: hashlib.blake2b, values: Matrix) -> bytes:
    digest = rows.copy()
    digest.update(np.ascontiguousarray(values).data)
    return digest.digest()


def check_future(run: RunResult, snapshot: Snapshot, past: Snapshot, settings: DetectSettings) -> LeakCheck:
    """Run on a market in which later facts were never loaded: nothing may change.

    Parameters
    ----------
    run, snapshot
        A run as of an instant, and the snapshot that it is of.
    past
        The snapshot of tables from which everything later was taken away before they were loaded.
    settings
        That the run was made with.

    Raises
    ------
    LeakError
        Naming what changed.
    """
    if snapshot.account_id.tolist() != past.account_id.tolist():
        raise LeakError("the accounts change when later facts are removed: some are known from the future only")
    part = find_difference(run, find_run(past, settings))
    if part is not None:
        raise LeakError(f"{part} change when facts later than {snapshot.as_of} are removed: they rest on the future")
    return LeakCheck("future", f"a run on tables without any fact later than {snapshot.as_of} gave the same bytes")


def remove_labels(snapshot: Snapshot) -> Snapshot:
    """The same market, of which nobody has been labelled."""
    none = np.empty(0, dtype=np.int64)
    return replace(
        snapshot,
        label_account=none,
        label_is_fraud=none.astype(bool),
        label_decided_at=none.astype("datetime64[us]"),
    )


def scramble_labels(snapshot: Snapshot, *, seed: int = 0) -> Snapshot:
    """The same market with random verdicts on a random half of the accounts."""
    rng = np.random.default_rng(seed)
    account = np.sort(rng.permutation(snapshot.n_accounts)[: (snapshot.n_accounts + 1) // 2])
    # Dated so that a run as of the instant would see them.
    at = snapshot.as_of if snapshot.as_of is not None else np.datetime64(0, "us")
    return replace(
        snapshot,
        label_account=account,
        label_is_fraud=rng.random(len(account)) < 0.5,
        label_decided_at=np.full(len(account), at, dtype="datetime64[us]"),
    )


def find_difference(run: RunResult, other: RunResult) -> str | None:
    """The first part of two runs that is not the same to the bit, in words; None where all are."""
    for name in ("account_score", "account_tier", "review_score", "review_tier"):
        if not np.array_equal(getattr(run, name), getattr(other, name)):
            return name.replace("_", " ") + "s"
    for name in ("rings", "flags", "notes"):
        if getattr(run, name) != getattr(other, name):
            return _name_ring_part(run, other) if name == "rings" else name
    return None


def _name_ring_part(run: RunResult, other: RunResult) -> str:
    if len(run.rings) != len(other.rings):
        return "the number of rings"
    for one, two in zip(run.rings, other.rings, strict=True):
        for field in dataclasses.fields(one):
            if getattr(one, field.name) != getattr(two, field.name):
                return f"the rings' {field.name.replace('_', ' ')}"
    return "rings"
