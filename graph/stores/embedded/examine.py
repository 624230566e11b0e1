"""Reading a damaged graph table by table, in a process that may die of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from graph.stores.embedded.content import describe_table, sum_up
from graph.stores.embedded.database import Database
from graph.stores.embedded.manifest import TableContent

_PATIENCE_SECONDS = 600
"""A damaged file can keep its reader busy for ever."""


def read_tables(file: Path, tables: list[str]) -> dict[str, TableContent | None]:
    """The content of each table; None where it cannot be read.

    Parameters
    ----------
    file
        LadybugDB's.
    tables
        Which ones.
    """
    found: dict[str, TableContent | None] = {}
    while left := [each for each in tables if each not in found]:
        found |= dict(_read_until_death(file, left))
        of_which_it_died = [each for each in left if each not in found][:1]
        found |= dict.fromkeys(of_which_it_died)
    return found


def _read_until_death(file: Path, tables: list[str]) -> Iterator[tuple[str, TableContent | None]]:
    command = [sys.executable, "-m", "graph.stores.embedded.examine", str(file), *tables]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_PATIENCE_SECONDS)
        output = done.stdout
    except subprocess.TimeoutExpired as late:
        output = late.stdout or b""
    for line in output.splitlines():
        table, rows, sha256 = json.loads(line)
        yield table, None if sha256 is None else TableContent(rows=rows, sha256=sha256)


def _print_tables(file: Path, tables: list[str]) -> None:
    with Database(file, writing=False) as database:
        for table in tables:
            try:
                content = sum_up(describe_table(database.connection, table))[0][table]
                line: tuple[str, int, str | None] = (table, content.rows, content.sha256)
            except (RuntimeError, ValueError, MemoryError):
                line = (table, 0, None)
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    _print_tables(Path(sys.argv[1]), sys.argv[2:])
