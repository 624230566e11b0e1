"""What ``[tables.NAME]`` in ``ringfence.toml`` may say: which file and columns play its part, and how they look."""

from __future__ import annotations

from typing import Literal

import msgspec

Format = Literal["csv", "tsv", "jsonl", "json", "sheet", "parquet"]
TIMES = (
    "day first",
    "month first",
    "year first",
    "unix seconds",
    "unix milliseconds",
    "unix microseconds",
    "unix nanoseconds",
    "excel",
)
"""How times may be written that are not ISO 8601, or Unix seconds beside it."""

OUTGOING = "outgoing"
"""What ``below_zero`` says of transfers that a statement counts as paid out."""


class TableSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which file and which of its columns play a table's part, or one of several that do.

    Attributes
    ----------
    file
        Path or pattern relative to the loaded folder, or several; None for ``NAME.csv`` and its like.
    format
        What the file is, where its name does not say so.
    member, sheet
        Which files of a zip archive, and which sheets of a workbook; patterns such as ``2024-*`` too.
    records
        Where in a JSON document the list of rows is, such as ``data.orders``.
    columns
        Contract column to file column, where the two names differ; of several file columns, what they hold is joined,
        of times with a space and of all else with a comma.
    only_mapped
        Whether columns that are not mapped are left alone even where they have the contract's names: they may speak of
        something else, as the status of an order does in a file that names the buyers.
    kinds
        Kind of identifier to the file column, or columns, that hold it: one row then names as many identifiers.
    always
        Contract column to what all rows have in it.
    values
        Contract column to words of the file and what they are in the contract.
    attributes
        Further file columns to keep with each account (the accounts table only).
    encoding, delimiter, quote, escape
        How a CSV file is written; None for what the file itself shows.
    skip_lines
        Lines, or rows of a sheet, before the header.
    header
        Whether a CSV file or a sheet has a header; where it has none, its columns are ``column 1``, ``column 2``, ….
    decimal
        The decimal mark of numbers; with it, marks of thousands and of currencies are understood.
    nonzero
        File column of an amount to the status of an order in which it is not zero, as ``refunded`` of what was paid
        back; the last one that is not zero holds (the orders table only).
    below_zero
        The status of orders and transfers whose amount is below zero, as ``refunded`` of what was paid back; the amount
        is then taken without its sign.  ``outgoing`` of transfers, :data:`OUTGOING`, is no status: the sign says that
        the money left the account whose statement it is, and payer and payee stay who they are.
    per_unit
        Contract column to how many of the file's units make one, as 100 cents do.
    times
        How times are written, for all columns or by contract column; one of :data:`TIMES`.
    zone
        The zone of times that do not say theirs, such as ``Europe/Berlin``; None for UTC.
    skip_empty
        Contract columns without which a row says nothing of this table, and is left out.
    empty
        Cells that stand for nothing, such as ``NULL``.
    ignore
        Values of identifiers that say nothing, such as ``unknown``: a row with one of them is left out, and counted as
        unchanged (devices, addresses and identifiers).
    guarded
        Whether its cells were guarded against spreadsheets, as Ringfence guards what it writes: the apostrophe before
        ``=``, ``+``, ``-`` or ``@`` is then taken off again.
    """

    file: str | tuple[str, ...] | None = None
    format: Format | None = None
    member: str | None = None
    sheet: str | None = None
    records: str | None = None
    columns: dict[str, str | tuple[str, ...]] = {}
    only_mapped: bool = False
    kinds: dict[str, str | tuple[str, ...]] = {}
    always: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    attributes: tuple[str, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    quote: str = '"'
    escape: str | None = None
    skip_lines: int = 0
    header: bool = True
    decimal: Literal[".", ","] | None = None
    nonzero: dict[str, str] = {}
    below_zero: str | None = None
    per_unit: dict[str, int] = {}
    times: str | dict[str, str] = {}
    zone: str | None = None
    skip_empty: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    guarded: bool = False
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("delimiter", "quote", "escape"):
            _check_mark(name, getattr(self, name))
        if self.file == ():
            raise ValueError("file is an empty list; leave it out to use the table's own name")
        for file in self.list_files():
            if not file.strip() or "\0" in file:
                raise ValueError("file is empty, or holds a NUL; leave it out to use the table's own name")
        if self.encoding is not None:
            _check_encoding(self.encoding)
        if self.zone is not None:
            _check_zone(self.zone)
        for form in self.times.values() if isinstance(self.times, dict) else (self.times,):
            if form not in TIMES:
                raise ValueError(f"times {form!r} is none of {', '.join(map(repr, TIMES))}")
        if self.skip_lines < 0 or any(each < 1 for each in self.per_unit.values()):
            raise ValueError("skip_lines is below 0, or per_unit below 1")

    def list_files(self) -> tuple[str, ...]:
        """The paths or patterns; none where the table's own name is to be looked for."""
        return () if self.file is None else as_names(self.file)

    @property
    def is_outgoing(self) -> bool:
        """Whether an amount below zero is one that was paid out, and nothing else is said by its sign."""
        return self.below_zero is not None and self.below_zero.strip().lower() == OUTGOING

    def find_time_form(self, column: str) -> str | None:
        """How the times of a contract column are written; None for ISO 8601 or Unix seconds."""
        return self.times.get(column) if isinstance(self.times, dict) else self.times


def as_names(named: str | tuple[str, ...]) -> tuple[str, ...]:
    """One name or several, as several.

    >>> as_names("a"), as_names(("a", "b"))
    (('a',), ('a', 'b'))
    """
    return (named,) if isinstance(named, str) else named


def _check_mark(name: str, mark: str | None) -> None:
    if mark is None or (name == "quote" and not mark):
        return
    taken = "\r\n\0" if name == "quote" else '"\r\n\0'
    if len(mark) != 1 or not mark.isascii() or mark in taken:
        example = {"delimiter": "',' or ';'", "quote": "'\\''", "escape": "'\\\\'"}[name]
        raise ValueError(f"{name} {mark!r} is not one ASCII character such as {example}")


def _check_encoding(encoding: str) -> None:
    try:
        "a".encode(encoding)
    except (LookupError, ValueError):
        raise ValueError(f"encoding {encoding!r} is not one that Python knows") from None


def _check_zone(zone: str) -> None:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(zone)
    except (LookupError, ValueError, OSError):
        raise ValueError(f"zone {zone!r} is not a time zone such as 'Europe/Berlin' or 'Asia/Shanghai'") from None
