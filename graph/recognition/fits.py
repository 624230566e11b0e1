"""Which columns of a file can play which parts of a table: by their names, and by the sort of their cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from graph.contract.schema import CONTRACT, Column, Table
from graph.recognition.names import Names, read_aliases, score_name, squeeze
from graph.recognition.survey import Look
from graph.recognition.values import MOST, Profile, read_words

LEAST = 0.3
"""A score below this is no candidate."""
_BARE_IDS = ("id", "uuid", "guid", "no", "nr", "key", "pk")
_MANY_WORDS = 40
_VAGUE = ("type", "typ", "art", "tipo", "usage", "channel", "state", "etat", "estado", "stato", "zustand")
"""Names that any column of few words may have, and a state is also a part of a country: most of its cells must tell."""
_WORDS_OF = {
    ("addresses", "kind"): "kind",
    ("identifiers", "kind"): "kind",
    ("orders", "status"): "status",
    ("transfers", "status"): "status",
    ("accounts", "status"): "account_status",
}
_LEAST_KNOWN = 0.5
_CURRENCY = re.compile(r"[A-Za-z]{3}|[$€£¥₹]")
_ALIAS_OF = {
    ("orders", "buyer_id"): (("buyer", 1.0), ("account", 0.9)),
    ("orders", "status"): (("order_status", 1.0),),
    ("transfers", "status"): (("order_status", 1.0),),
    ("accounts", "status"): (("account_status", 1.0),),
    ("accounts", "account_id"): (("account", 1.0), ("buyer", 0.8), ("seller_id", 0.8)),
    ("identifiers", "kind"): (("identifier_kind", 1.0),),
    ("addresses", "kind"): (("address_kind", 1.0),),
    ("addresses", "address"): (("address", 1.0),),
}
_ALIAS_OF |= {(table, "account_id"): (("account", 1.0), ("buyer", 0.9)) for table in CONTRACT if table != "accounts"}


@dataclass(frozen=True)
class Fit:
    """A column of a file, how well it fits a part (0 to 1), and why."""

    name: str
    score: float
    reason: str


def find_fits(look: Look, table: Table, column: Column, stem_fits: bool) -> list[Fit]:
    """The columns of a file that can play a part, the best first.

    Parameters
    ----------
    look
        The file.
    table, column
        The part.
    stem_fits
        Whether the file is called after the table, so that its bare ``id`` is the key.
    """
    fits = [fit for name, profile in look.columns.items() if (fit := _fit(name, profile, table, column, stem_fits))]
    return sorted(fits, key=lambda fit: -fit.score)


def has_such_cells(look: Look, name: str, column: Column) -> bool:
    """Whether a column that no name explains looks like a part: times, or numbers that are no counts nor ids."""
    profile = look.columns[name]
    if not profile.some or _share_fitting(profile, column) < MOST:
        return False
    return column.kind != "number" or bool(profile.number and not profile.number.is_whole)


def list_flags(look: Look) -> Iterator[tuple[str, str]]:
    """Columns that say yes where an order ended so: how, and the column."""
    for ending, names in read_aliases().flags.items():
        for name, profile in look.columns.items():
            if score_name(name, names) > MOST and profile.filled and _share_of(profile, _YES_NO) >= MOST:
                yield ending, name


def find_paid_back(look: Look, status: Sequence[str]) -> tuple[str, str] | None:
    """How an order ended that some amount says alone, and the amount's column; none where its status tells it.

    Parameters
    ----------
    look
        The file.
    status
        The columns that the status of an order is read from.
    """
    for ending, names in read_aliases().paid_back.items():
        told = {meant for name in status for meant in look.columns[name].translate("status").values()}
        for name, profile in look.columns.items():
            is_amount = profile.number is not None and profile.number.share >= MOST
            if ending not in told and is_amount and score_name(name, names) > MOST and profile.distinct.keys() - _ZEROS:
                return ending, name
    return None


_ZEROS = frozenset(("0", "0.0", "0.00", "0,00", "0,0"))
_YES_NO = frozenset(("true", "false", "t", "f", "yes", "no", "1", "0", "y", "n"))


def _fit(name: str, profile: Profile, table: Table, column: Column, stem_fits: bool) -> Fit | None:
    score = max(
        (score_name(name, names) * weight for names, weight in list_names(table.name, column.name)), default=0.0
    )
    reason = "by its name"
    if column.name == table.key and stem_fits and squeeze(name) in _BARE_IDS and table.name != "labels":
        score, reason = max(score, 1.0005), f"the id of a file of {table.name}"
    if column.name == table.key and column.name != "account_id" and score:
        score *= 1.0 if profile.variety > MOST else 0.6
    if score < LEAST or (column.name == "device_id" and _is_called_otherwise(name, score)):
        return None
    if table.name == "accounts" and column.name == "account_id" and profile.variety < 0.5:
        score *= 0.7
    share = _share_fitting(profile, column)
    words = _WORDS_OF.get((table.name, column.name))
    if words and (squeeze(name) in _VAGUE or _is_place(name)):
        share = MOST if _share_of(profile, read_words(words)) >= _LEAST_KNOWN else 0.0
    if share < MOST:
        return None
    return Fit(name, score, f"{reason}{_say_values(profile, column)}")


def _is_place(name: str) -> bool:
    """Whether a column is called as the state of an address is (``Ship State``)."""
    aliases = read_aliases()
    uses = (use for names in aliases.address_uses.values() for use in names.names)
    parts = aliases.address_parts["state"].names
    bare = squeeze(name)
    return any(bare in (f"{use}{part}", f"{part}{use}") for use in uses for part in parts)


def _is_called_otherwise(name: str, score: float) -> bool:
    """Whether a kind of identifier has the name for itself: one fact that is read as two would speak twice.

    A card's fingerprint is a card, and no device.
    """
    return any(score_name(name, names) > score for names in read_aliases().kinds.values())


def list_names(table: str, column: str) -> Iterator[tuple[Names, float]]:
    """What a column of the contract is called in files, and how much each name counts."""
    aliases = read_aliases().columns
    for alias, weight in _ALIAS_OF.get((table, column), ((column, 1.0),)):
        if alias in aliases:
            yield aliases[alias], weight
    # Whoever writes the contract's own names means them.
    yield Names((squeeze(column),)), 1.001


def _share_fitting(profile: Profile, column: Column) -> float:
    """The share of a column's values that are of the sort that a part asks for."""
    if not profile.some:
        return 1.0 if column.kind == "flag" and profile.cells else 0.0
    if column.kind in ("time", "number", "rating"):
        return _share_counted(profile, column)
    if column.kind in ("code", "flag"):
        return _share_words(profile, column)
    if column.name == "currency":
        return sum(_CURRENCY.fullmatch(each) is not None for each in profile.some) / len(profile.some)
    return _share_ids(profile, column)


def _share_counted(profile: Profile, column: Column) -> float:
    if column.kind == "rating":
        return _share_rating(profile)
    if column.kind == "number":
        return profile.number.share if profile.number else 0.0
    return profile.time.share if profile.time else float(profile.looks_like_excel_days)


def _share_words(profile: Profile, column: Column) -> float:
    if column.kind == "flag":
        yes_no = _share_of(profile, {*_YES_NO, *read_words("removed")})
        return max(yes_no, profile.time.share if profile.time else 0.0)
    if column.choices:
        return _share_of(profile, {*column.choices, *read_words(column.name)})
    return float(len(profile.distinct) <= _MANY_WORDS)


def _share_ids(profile: Profile, column: Column) -> float:
    """Ids are neither times nor amounts; yes and no name nobody."""
    if column.kind == "id" and column.name not in ("address", "value"):
        if profile.time and profile.time.form != "unix seconds" and not profile.some[0].isdigit():
            return 0.0
        if _share_of(profile, _YES_NO - {"1", "0"}) >= MOST:
            return 0.0
        if profile.number and not profile.number.is_whole and not profile.number.unsure and not _are_floats(profile):
            return 0.0
    return 1.0


def _are_floats(profile: Profile) -> bool:
    """Whether whole numbers are written as gaps in a column (``7.0``) or a spreadsheet (``1.23E+11``) make of ids.

    What a spreadsheet has shortened is no id any more; a load says so of a column that it reads.
    """
    return all(re.fullmatch(r"\d+(\.0)?|\d(\.\d+)?E\+\d+", each) for each in profile.some)


def _share_rating(profile: Profile) -> float:
    known = read_words("rating")
    both = zip(profile.some, profile.folded, strict=True)
    good = [each for each, bare in both if bare in known or re.fullmatch(r"[1-5]([.,]\d+)?", each)]
    return len(good) / len(profile.some)


def _share_of(profile: Profile, words: Mapping[str, object] | set[str] | frozenset[str]) -> float:
    return sum(each in words for each in profile.folded) / max(len(profile.some), 1)


def _say_values(profile: Profile, column: Column) -> str:
    if column.kind == "time" and profile.some:
        return f", and its cells are times ({profile.some[0]})"
    if column.kind in ("number", "rating") and profile.some:
        return f", and its cells are numbers ({profile.some[0]})"
    if column.kind == "id" and profile.some and profile.variety == 1.0:
        return f", and each of {len(profile.filled):,} values is another"
    return ""
