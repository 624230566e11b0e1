"""The command that reads tables into the store, and says what it set aside."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.context import Workplace, pass_workplace
from cli.options import parse_time
from cli.output import is_raw, print_table, raw_option, say
from cli.progress import show_progress
from cli.work import as_instant
from graph.errors import StoreNotFoundError, TooManyRejectsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from graph.contract.doubts import Doubt
    from graph.contract.tables import CheckedTable
    from graph.settings import Settings
    from graph.stores.protocol import GraphStore, LoadReport

logger = logging.getLogger("ringfence.cli")


@click.command(short_help="Read a folder of tables into the store.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--as-of", type=parse_time, metavar="TIME", help="When the tables were exported (UTC).  [default: now]")
@click.option("--replace", multiple=True, metavar="TABLE", help="What this table has no more is gone.  Repeatable.")
@click.option("--strict", is_flag=True, help="Load nothing if any row is rejected.")
@click.option("--despite-doubts", is_flag=True, help="Load although ids look changed by a spreadsheet.")
@click.option("--doubts", type=click.Path(path_type=Path), help="Where to write what looks misread, as JSON.")
@click.option("--dry-run", is_flag=True, help="Check and count, but write nothing into the store.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Where to list bad rows; STORE-rejects.csv otherwise.")
@raw_option
@pass_workplace
def load(
    workplace: Workplace,
    folder: Path,
    as_of: datetime | None,
    replace: tuple[str, ...],
    strict: bool,
    despite_doubts: bool,
    doubts: Path | None,
    dry_run: bool,
    rejects: Path | None,
) -> None:
    """Read a folder of tables into the store.

    One file per table: accounts, orders, devices, addresses, identifiers, listings, reviews,
    referrals, events, transfers, labels, each .csv, .csv.gz or .parquet, or whatever ringfence.toml
    says of real exports (see ringfence init); only accounts is required.  What is later holds:
    another state of what is known takes its place, and --as-of still tells the past.  Rows that
    break the data contract, or contradict one another, are listed with their line and reason, and
    the rest loads.
    What looks misread, such as ids that a spreadsheet shortened or a device called "unknown", is
    told on stderr.  Loading the same folder again changes nothing.
    """
    from graph.contract.tables import read_folder
    from graph.stores.protocol import LoadTerms

    settings = workplace.read_settings()
    workplace.require_apart(folder)
    review = _Review(rejects or workplace.name_rejects(), settings, strict=strict)
    with show_progress() as progress:
        tables = read_folder(folder, settings, progress=progress)
        _require_tables(replace, tables)
        review.check_files(tables)
        shown = _forget_after(review, tables)
        terms = LoadTerms(as_of=as_instant(as_of), replaced=frozenset(replace), review=shown)
        doubtful = _find_doubts(tables, terms.find_instant(), doubts, goes_on=despite_doubts)
        with _open_for_load(workplace, dry_run=dry_run) as store:
            report = store.load(tables, terms, dry_run=dry_run, progress=progress)
    _show(report, review, doubtful)


def _forget_after(review: _Review, tables: dict[str, CheckedTable]) -> Callable[[Mapping[str, CheckedTable]], None]:
    """Review what is to be written, and let go of the tables: no store looks at them again, and rows take memory."""

    def let_go(checked: Mapping[str, CheckedTable]) -> None:
        review(checked)
        tables.clear()

    return let_go


def _show(report: LoadReport, review: _Review, doubts: Sequence[Doubt]) -> None:
    from cli.draw_load import draw_load

    print_table(draw_load(report))
    for doubt in doubts:
        logger.warning("doubtful: %s", doubt.say())
    say(f"\n{review.say_rejects(report.checked)}")
    say("Nothing was written (dry run)." if report.dry_run else "Next: ringfence detect")


def _find_doubts(
    tables: Mapping[str, CheckedTable], now: int, path: Path | None, *, goes_on: bool
) -> tuple[Doubt, ...]:
    """What looks misread; stop where ids are not what they were."""
    from graph.contract.sanity import find_doubts, refuse_grave, write_doubts

    doubts = find_doubts(tables, now)
    if path is not None:
        write_doubts(doubts, path)
    if not goes_on:
        refuse_grave(doubts)
    return doubts


@dataclass(frozen=True)
class _Review:
    """Lists what is rejected, before anything is written, and stops a load of which too much is."""

    path: Path
    settings: Settings
    strict: bool

    def check_files(self, tables: Mapping[str, CheckedTable]) -> None:
        """Stop before a store is opened, or made, if the tables alone are reason enough."""
        try:
            self._check(tables)
        except TooManyRejectsError:
            self._list(tables)
            raise

    def __call__(self, tables: Mapping[str, CheckedTable]) -> None:
        """List all rejects, those among them that contradict the store."""
        self._list(tables)
        self._check(tables)

    def _list(self, tables: Mapping[str, CheckedTable]) -> None:
        from graph.contract.tables import is_reject_file, write_rejects

        if not _count_rejects(tables):
            if is_reject_file(self.path):  # of an earlier load, which would be taken for this one's
                write_rejects(tables, self.path)
        else:
            write_rejects(tables, self.path, raw=is_raw())
            logger.info("%s", self.say_rejects(tables))

    def _check(self, tables: Mapping[str, CheckedTable]) -> None:
        from graph.contract.tables import check_reject_share, refuse_rejects

        if self.strict:
            refuse_rejects(tables)
        check_reject_share(tables, self.settings)

    def say_rejects(self, tables: Mapping[str, CheckedTable]) -> str:
        n_rejected = _count_rejects(tables)
        if not n_rejected:
            return "No row was rejected."
        rows = "1 row" if n_rejected == 1 else f"{n_rejected:,} rows"
        return f"{rows} rejected; see {self.path}"


def _count_rejects(tables: Mapping[str, CheckedTable]) -> int:
    return sum(len(table.rejects) for table in tables.values())


def _require_tables(names: Collection[str], tables: Collection[str]) -> None:
    """Refuse to replace a table that the folder has not got: nothing would stay of it."""
    for name in names:
        if name not in tables:
            raise click.BadParameter(
                f"{name!r} is not in the folder, which has {', '.join(tables)}", param_hint="--replace"
            )


@contextmanager
def _open_for_load(workplace: Workplace, *, dry_run: bool) -> Iterator[GraphStore]:
    # A dry run must leave no trace, not even an empty store.
    if not dry_run:
        with workplace.open_store(mode="write") as store:
            yield store
        return
    with tempfile.TemporaryDirectory() as scratch:
        try:
            store = workplace.open_store()
        except StoreNotFoundError:
            store = Workplace(store=str(Path(scratch) / "store")).open_store(mode="write")
        with store:
            yield store


COMMANDS: dict[str, click.Command] = {"load": load}
