"""How large a table may be: a file of a few bytes can unpack to more than a machine has."""

from __future__ import annotations

from typing import NoReturn

from graph.contract.sources import Source
from graph.errors import TooLargeError

ALWAYS_BYTES = 64 << 20
"""So much may be unpacked of any file: a small one of equal rows is no attack, and no harm."""


def refuse_size(source: Source, what: str, setting: str) -> NoReturn:
    """Say which limit a file is beyond, and which setting raises it."""
    limit = f"{getattr(source.limits, setting):,}"
    raise TooLargeError(
        f"{source.name} {what}, more than the {limit} that load.{setting} allows;"
        f" if it is what it should be, raise load.{setting} in ringfence.toml"
    )


def check_unpacked(source: Source, n_bytes: int) -> None:
    """Refuse a table that takes so many bytes, or will.

    Raises
    ------
    TooLargeError
        If that is too much, or too much for a file of this size.
    """
    if n_bytes > source.limits.max_table_bytes:
        refuse_size(source, f"holds {n_bytes:,} bytes or more", "max_table_bytes")
    packed = source.is_parquet or source.packing is not None
    if packed and n_bytes > max(ALWAYS_BYTES, source.limits.max_unpacked_factor * source.path.stat().st_size):
        refuse_size(source, "unpacks to so many times its size", "max_unpacked_factor")


def check_rows(source: Source, n_rows: int) -> None:
    """Refuse a table of so many rows.

    Raises
    ------
    TooLargeError
        If those are too many.
    """
    if n_rows > source.limits.max_rows:
        refuse_size(source, f"has {n_rows:,} rows", "max_rows")


def check_row_bytes(source: Source, n_bytes: int) -> None:
    """Refuse a row of so many bytes, as far as they were counted.

    Raises
    ------
    TooLargeError
        If those are too many.
    """
    if n_bytes > source.limits.max_row_bytes:
        refuse_row(source)


def refuse_row(source: Source) -> NoReturn:
    """Say that a row is too long: where a quote is left open, the rest of the file is one row."""
    refuse_size(source, "has a row of more bytes (is a quote left open?)", "max_row_bytes")
