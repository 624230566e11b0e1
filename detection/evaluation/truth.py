"""What is true of a market, read from a folder of its own: for measuring only, never for detecting.

The tables and columns are described in docs/evaluation.md; any of the tables may be missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graph.errors import DataError, MissingColumnError, MissingTableError, UnreadableTableError
from graph.model import Strings

ENDINGS = (".parquet", ".csv", ".csv.gz")
TABLES = {
    "rings": ("rings", "planted_rings"),
    "lookalikes": ("lookalikes", "look_alikes", "honest_groups"),
    "accounts": ("accounts",),
    "reviews": ("reviews",),
}
"""By name, the files (without their ending) that are read for it, the first one that is there."""
_GROUP = ("ring_id", "group_id", "ring", "group", "lookalike_id", "cluster_id")
_ACCOUNT = ("account_id", "account", "member", "member_id")
_REVIEW = ("review_id", "review")
_KIND = ("kind", "type", "ring_kind", "ring_type", "group_kind")
_SHARING = ("sharing", "shares")
_ROLE = ("role", "part")
_IS_FRAUD = ("is_fraud", "fraud", "is_bad", "is_fraudster", "wrote_a_fake", "label")
_IS_FAKE = ("is_fake", "fake", "is_fraud", "is_spam", "filtered", "label")
_BAD_WORDS = frozenset({"1", "1.0", "true", "t", "yes", "y", "fraud", "bad", "fake", "spam"})
_GOOD_WORDS = frozenset({"0", "0.0", "false", "f", "no", "n", "legit", "good", "honest", "genuine", "real"})
PARTY_ROLES = frozenset({"beneficiary", "target", "victim", "party", "bystander"})
"""Accounts that a ring acts on or for (or that stand by): no members of it."""
SMALLEST = 2
UNKNOWN = "unknown"


@dataclass(frozen=True)
class TrueGroup:
    """A planted ring, or an honest group that looks like one.

    ``members`` without the parties; ``sharing`` says how much identity a ring shares.
    """

    group_id: str
    kind: str
    members: frozenset[str]
    sharing: str = UNKNOWN


@dataclass(frozen=True)
class TrueVerdicts:
    """``subject`` (T,) ids of accounts or reviews, each once, and ``is_bad`` (T,)."""

    subject: Strings
    is_bad: NDArray[np.bool_]


@dataclass(frozen=True)
class Truth:
    """Everything that the folder tells; empty or None where it says nothing."""

    rings: tuple[TrueGroup, ...] = ()
    lookalikes: tuple[TrueGroup, ...] = ()
    accounts: TrueVerdicts | None = None
    reviews: TrueVerdicts | None = None


def read_truth(folder: Path) -> Truth:
    """Read the truth beside a market.

    Raises
    ------
    MissingTableError
        If the folder is missing or holds none of the tables.
    MissingColumnError
        If a table lacks a column; the message names the names that would do.
    DataError
        If a verdict is neither yes nor no, or one subject has both; the message names the first one.
    """
    found = {name: path for name in TABLES if (path := _find_file(folder, name)) is not None}
    if not found:
        names = ", ".join(f"{name}.parquet" for name in TABLES)
        raise MissingTableError(f"{folder}: no truth there; expected one of {names} (or .csv, .csv.gz)")
    rows = {name: _read_table(path) for name, path in found.items()}
    return Truth(
        rings=_read_groups(rows["rings"], found["rings"]) if "rings" in rows else (),
        lookalikes=_read_groups(rows["lookalikes"], found["lookalikes"]) if "lookalikes" in rows else (),
        accounts=_read_verdicts(rows["accounts"], found["accounts"], _ACCOUNT, _IS_FRAUD)
        if "accounts" in rows
        else None,
        reviews=_read_verdicts(rows["reviews"], found["reviews"], _REVIEW, _IS_FAKE) if "reviews" in rows else None,
    )


def _find_file(folder: Path, name: str) -> Path | None:
    places = [folder / f"{stem}{ending}" for stem in TABLES[name] for ending in ENDINGS]
    return next((path for path in places if path.is_file()), None)


def _read_table(path: Path) -> pd.DataFrame:
    """Every column as text, missing cells empty."""
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
            text = {name: frame[name].astype("string").fillna("") for name in frame.columns}
            return pd.DataFrame(text, dtype=object)
        # As text, and without a word for missing: 007 is not 7, and an account may be called NA.
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise UnreadableTableError(f"{path}: cannot be read: {error}") from error


def _pick(rows: pd.DataFrame, path: Path, names: Sequence[str]) -> pd.Series[str]:
    """The first of the columns that is there."""
    for name in names:
        if name in rows.columns:
            return rows[name].str.strip()
    known = ", ".join(map(str, rows.columns)) or "none"
    raise MissingColumnError(f"{path}: no column {' or '.join(names)}; the columns are {known}")


def _pick_or(rows: pd.DataFrame, names: Sequence[str], otherwise: str) -> pd.Series[str]:
    for name in names:
        if name in rows.columns:
            return rows[name].str.strip().replace("", otherwise)
    return pd.Series(otherwise, index=rows.index, dtype=object)


def _read_groups(rows: pd.DataFrame, path: Path) -> tuple[TrueGroup, ...]:
    table = pd.DataFrame(
        {
            "group": _pick(rows, path, _GROUP),
            "account": _pick(rows, path, _ACCOUNT),
            "kind": _pick_or(rows, _KIND, UNKNOWN),
            "sharing": _pick_or(rows, _SHARING, UNKNOWN),
            "role": _pick_or(rows, _ROLE, "member").str.casefold(),
        }
    )
    table = table[(table["group"] != "") & (table["account"] != "") & ~table["role"].isin(PARTY_ROLES)]
    groups = [
        TrueGroup(str(name), part["kind"].iloc[0], frozenset(part["account"]), part["sharing"].iloc[0])
        for name, part in table.groupby("group", sort=True)
    ]
    # Without its parties a group may be one account, which no search for groups can find.
    return tuple(group for group in groups if len(group.members) >= SMALLEST)


def _read_verdicts(rows: pd.DataFrame, path: Path, keys: Sequence[str], names: Sequence[str]) -> TrueVerdicts:
    subject, word = _pick(rows, path, keys), _pick(rows, path, names).str.casefold()
    strange = ~word.isin(_BAD_WORDS | _GOOD_WORDS | {""})
    if strange.any():
        raise DataError(f"{path}: {word.name} is {word[strange].iloc[0]!r}; expected 1 or 0, true or false")
    # An empty cell is no verdict: who is not known to be bad is not therefore good.
    known = (word != "") & (subject != "")
    table = pd.DataFrame({"subject": subject[known], "is_bad": word[known].isin(_BAD_WORDS)}).drop_duplicates()
    twice = table["subject"].duplicated()
    if twice.any():
        raise DataError(f"{path}: {table['subject'][twice].iloc[0]!r} is both good and bad")
    return TrueVerdicts(table["subject"].to_numpy(dtype=object), table["is_bad"].to_numpy(dtype=bool))
