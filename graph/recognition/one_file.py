"""One file as one table: which of its columns plays which part; each choice with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from graph.contract.schema import CONTRACT, Table
from graph.recognition.fits import Fit, find_fits
from graph.recognition.names import read_aliases, score_file
from graph.recognition.survey import Look
from graph.recognition.values import Profile

_CLOSE = 0.15
NO_GAPS = 0.995
_PERSONS = {"orders": "buyer_id", "listings": "seller_id", "transfers": "payer_id"}
MAIN = (
    *("orders", "transfers", "reviews", "listings", "referrals", "labels", "devices", "addresses", "events"),
    "accounts",
)
MESSAGES = "messages"
"""Among the names of files: those of events that are words which were sent."""
_FURTHER = {"events": MESSAGES, "transfers": "payments"}
_TELLING = {
    "orders": ("seller_id", "amount", "ordered_at"),
    "reviews": ("rating", "text"),
    "listings": ("price", "listed_at"),
    "events": ("action",),
    "transfers": ("amount",),
}
"""Columns of which a file must have one to be a table that its name does not say it is."""


@dataclass(frozen=True)
class Pick:
    """The file's columns that play a part, why, and which others could."""

    names: tuple[str, ...]
    reason: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """One file's part in one table.

    Attributes
    ----------
    table, look
        The table and the file.
    picks
        The contract's column to the file's.
    kinds
        Kinds of identifiers to the file's columns.
    always
        What all rows have.
    skip_empty
        Columns without which a row says nothing of this table.
    reason
        Why the file is taken for the table.
    nonzero
        The file's columns of amounts to the status of an order in which they are not zero.
    """

    table: str
    look: Look
    picks: Mapping[str, Pick]
    reason: str
    kinds: Mapping[str, tuple[Pick, ...]] = field(default_factory=dict)
    always: Mapping[str, str] = field(default_factory=dict)
    skip_empty: tuple[str, ...] = ()
    nonzero: Mapping[str, str] = field(default_factory=dict)

    @property
    def person(self) -> str:
        """The contract's column that says whom a row is about."""
        return _PERSONS.get(self.table, "account_id")


def rank_tables(look: Look) -> list[tuple[str, float]]:
    """The tables that a file can be, and how well it fits, the best first."""
    scores = {table: score for table in MAIN if (score := score_table(look, CONTRACT[table])) is not None}
    return sorted(scores.items(), key=lambda each: -each[1])


def score_table(look: Look, table: Table) -> float | None:
    """How well a file fits a table, by its name and its columns; None where it cannot be that table."""
    called = _score_name(look, table)
    draft = draft_file(look, table)
    if draft is None or (not called and not (_tells(draft) and _is_open(look, table))):
        return None
    fits = [_best(look, table, name).score for name in draft.picks]
    return 2.0 * called + 0.3 * len(fits) + sum(fits) / len(fits)


def _is_open(look: Look, table: Table) -> bool:
    """Whether a file may be a list of accounts, as any that names some could be, although it is not called so."""
    return table.name != "accounts" or not any(is_called(look, CONTRACT[other]) for other in MAIN)


def _tells(draft: Draft) -> bool:
    return draft.table not in _TELLING or bool(set(_TELLING[draft.table]) & set(draft.picks))


def _best(look: Look, table: Table, name: str) -> Fit:
    column = next(each for each in table.columns if each.name == name)
    return next(iter(find_fits(look, table, column, is_called(look, table))), Fit(name, 0.0, ""))


def is_called(look: Look, table: Table) -> bool:
    """Whether the name of a file, or of its folder, is a table's."""
    return _score_name(look, table) > 0


def _score_name(look: Look, table: Table) -> float:
    """How well the name of a file fits, or of the nearest folder that fits some table where the file's fits none."""
    for called in (look.stems, *((folder,) for folder in look.folders)):
        if any(_score_stems(called, each) for each in MAIN):
            return _score_stems(called, table.name)
    return _score_stems(look.stems, table.name)


@lru_cache(maxsize=1 << 12)
def _score_stems(stems: tuple[str, ...], table: str) -> float:
    files = read_aliases().files
    names = [files[each] for each in (table, _FURTHER.get(table)) if each is not None]
    return max(score_file(stem, each) for stem in stems for each in names)


def draft_file(look: Look, table: Table) -> Draft | None:
    """A file as a table; None where it lacks what the table must have."""
    taken: set[str] = set()
    picks: dict[str, Pick] = {}
    called = is_called(look, table)
    fits = {each.name: find_fits(look, table, each, called) for each in table.columns if each.kind != "attributes"}
    # What must be there chooses first, then whoever is surest.
    order = sorted(
        table.columns, key=lambda each: (not each.required, -max((f.score for f in fits.get(each.name, [])), default=0))
    )
    for column in order:
        free = [fit for fit in fits.get(column.name, []) if fit.name not in taken]
        if free:
            picks[column.name] = _pick(free)
            taken.add(free[0].name)
    take_only_time(look, table, picks, taken)
    either = table.either
    if any(each.required and each.name not in picks for each in table.columns):
        return None
    if either and either.one not in picks and either.other not in picks:
        return None
    why = "its name" if called else "its columns"
    _add_clocks(look, table, picks, taken)
    ordered = {each.name: picks[each.name] for each in table.columns if each.name in picks}
    gaps = find_gaps(look, table, ordered)
    return Draft(
        table.name, look, ordered, f"{look.name}, by {why}", always=_find_always(look, table, ordered), skip_empty=gaps
    )


def _find_always(look: Look, table: Table, picks: Mapping[str, Pick]) -> dict[str, str]:
    """What all rows of a file of messages do, where no column says what they do."""
    if table.name != "events" or "action" in picks:
        return {}
    names = read_aliases().files[MESSAGES]
    return {"action": "message"} if any(score_file(stem, names) > 0 for stem in look.stems) else {}


def take_only_time(look: Look, table: Table, picks: dict[str, Pick], taken: set[str]) -> None:
    """A column of times that no name explains is the table's, where there is no other."""
    wanted = table.time or next((name for name in ("created_at", "listed_at") if name in table.row_schema.names), None)
    if wanted is None or wanted in picks or table.name == "labels":
        return
    times = [name for name, profile in look.columns.items() if name not in taken and profile.time]
    if len(times) == 1:
        shown = look.columns[times[0]].some[0]
        picks[wanted] = Pick((times[0],), f"the only other column of times ({shown})")
        taken.add(times[0])


_CLOCK_ALONE = re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?(\s?[AaPp]\.?[Mm]\.?)?")


def list_clocks(look: Look) -> list[str]:
    """The columns that hold nothing but a time of day."""
    return [
        name
        for name, profile in look.columns.items()
        if profile.some and all(map(_CLOCK_ALONE.fullmatch, profile.some))
    ]


def _add_clocks(look: Look, table: Table, picks: dict[str, Pick], taken: set[str]) -> None:
    """Join dates with the times of day in the column behind them, or in the only such column where one date is read."""
    clocks = [name for name in list_clocks(look) if name not in taken]
    kinds = {column.name: column.kind for column in table.columns}
    dates = [name for name in picks if kinds[name] == "time" and _is_date(look.columns[picks[name].names[0]])]
    order = list(look.columns)
    for name in dates:
        (date,) = picks[name].names
        behind = order[order.index(date) + 1 : order.index(date) + 2]
        found = [each for each in clocks if each in behind] or (clocks if len(clocks) == len(dates) == 1 else [])
        joined = replace(picks[name], names=(date, *found))
        time = profile_joined(look, joined).time if found else None
        if time is not None and time.has_clock:
            picks[name] = replace(joined, reason=f"{joined.reason}, and {found[0]} is the time of day")
            taken.update(found)


def _is_date(profile: Profile) -> bool:
    return profile.time is not None and not any(":" in each for each in profile.some)


def profile_joined(look: Look, pick: Pick) -> Profile:
    """The cells of the columns of a pick, joined as a load joins those of a time."""
    rows = zip(*(look.columns[name].cells for name in pick.names), strict=True)
    return Profile(tuple([" ".join(cell.strip() for cell in row if cell) or None for row in rows]))


def _pick(fits: Sequence[Fit]) -> Pick:
    best = fits[0]
    others = tuple(fit.name for fit in fits[1:] if fit.score > best.score - _CLOSE)
    return Pick((best.name,), best.reason, others)


def find_gaps(look: Look, table: Table, picks: Mapping[str, Pick]) -> tuple[str, ...]:
    """What rows must have and many lack: orders of guests, and further lines for further things in one order."""
    needed = [column.name for column in table.columns if column.required]
    return tuple(name for name in needed if look.columns[picks[name].names[0]].fill < NO_GAPS)


def name_times(draft: Draft) -> Iterator[str]:
    """The contract's columns of a draft that hold times."""
    kinds = {column.name: column.kind for column in CONTRACT[draft.table].columns}
    yield from (name for name in draft.picks if kinds[name] == "time")
