"""The command ``check``: what is known before you deal with accounts that are not in the store yet."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.checked import CheckedAccount, KnownMarket
from cli.context import Workplace, pass_workplace
from cli.output import Answer, Format, as_rows, format_option, list_columns, write_answer
from cli.progress import show_progress
from cli.work import choose_settings
from graph.errors import DataError

if TYPE_CHECKING:
    from detection.newcomers import LearnedRisk, Likeness, Newcomers, SharedThing
    from detection.risk.file import KeptModel
    from detection.settings import DetectSettings
    from graph.contract.tables import CheckedTable
    from graph.settings import Settings
    from graph.stores.protocol import GraphStore

logger = logging.getLogger("ringfence.check")


@click.command(short_help="Know before you deal: check accounts that are new.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--model", type=click.Path(path_type=Path, dir_okay=False), help="Learned risk, from `train`.")
@click.option(
    "--encoder", type=click.Path(path_type=Path, dir_okay=False), help="Find the most alike, from `train --encoder`."
)
@click.option("-k", "most", type=click.IntRange(min=1), default=5, show_default=True, help="How many alike.")
@click.option(
    "--max-hub", type=click.IntRange(min=1), default=50, show_default=True, help="Only count what more accounts share."
)
@format_option
@pass_workplace
def check(
    workplace: Workplace, folder: Path, model: Path | None, encoder: Path | None, most: int, max_hub: int, form: Format
) -> None:
    """Know before you deal with accounts that are not in the store yet.

    FOLDER holds tables as `load` reads them; those in its accounts table are checked, by what all its
    tables say of them.  Nothing is loaded or written.  Tells what each has in common with known
    accounts, in whatever spelling, and what the latest run says of those: never a verdict on the new
    one, for one thing in common is no ring.

    CSV gives one row per account; what is a list there is JSON.
    """
    kept, settings = _read_model(model), choose_settings(workplace, seed=None, encoder=False)
    tables = _read_tables(folder, workplace.read_settings())
    with workplace.open_store() as store:
        newcomers = _join(store, tables, folder)
        with show_progress() as progress:
            progress("checking accounts", 0, 1)
            risks = _weigh(newcomers, kept, settings)
            alike = _find_alike(newcomers, encoder, most)
            progress("checking accounts", 1, 1)
        found = _check_all(store, newcomers, risks, alike, max_hub)
    from cli.draw_check import draw_checked

    write_answer(Answer(found, list_columns(CheckedAccount), as_rows(found), lambda: draw_checked(found)), form)


def _read_model(path: Path | None) -> KeptModel | None:
    if path is None:
        return None
    from detection.risk.file import read_model

    return read_model(path)


def _read_tables(folder: Path, settings: Settings) -> dict[str, CheckedTable]:
    """The folder's tables; bad rows are told of on stderr, for nothing is written."""
    from graph.contract.tables import check_reject_share, read_folder

    with show_progress() as progress:
        tables = read_folder(folder, settings, progress=progress)
    for table in tables.values():
        if len(table.rejects):
            first = table.say_first_reject()
            logger.warning("%s: %s of its rows left out; %s", table.path.name, len(table.rejects), first)
    check_reject_share(tables, settings)
    return tables


def _join(store: GraphStore, tables: Mapping[str, CheckedTable], folder: Path) -> Newcomers:
    from detection.casework.facts import heed_facts, read_heard
    from detection.newcomers import Newcomers
    from graph.stores.joined import join_newcomers

    snapshot = store.snapshot()
    account_ids = list(dict.fromkeys(str(each) for each in tables["accounts"].rows["account_id"].to_pylist()))
    heard, joined = read_heard(store), join_newcomers(snapshot, tables)
    newcomers = Newcomers.of(heed_facts(snapshot, heard), heed_facts(joined, heard), account_ids)
    n_known = len(account_ids) - len(newcomers.row)
    if n_known == len(account_ids):
        raise DataError(f"{folder}: no account that the store does not know; for others type: ringfence account ID")
    if n_known:
        logger.info("%s of the accounts in the store already: type ringfence account ID", n_known)
    return newcomers


def _weigh(newcomers: Newcomers, kept: KeptModel | None, settings: DetectSettings) -> Sequence[LearnedRisk | None]:
    if kept is None:
        return [None] * len(newcomers.row)
    from detection.newcomers import weigh_newcomers

    return weigh_newcomers(newcomers, kept, settings)


def _find_alike(newcomers: Newcomers, path: Path | None, most: int) -> Sequence[tuple[Likeness, ...]]:
    if path is None:
        return [()] * len(newcomers.row)
    from detection.newcomers import find_alike
    from embeddings.encoder.file import read_encoder
    from embeddings.encoder.incremental import warm_up

    return find_alike(newcomers, warm_up(read_encoder(path).encoder, newcomers.market), most=most)


def _check_all(
    store: GraphStore,
    newcomers: Newcomers,
    risks: Sequence[LearnedRisk | None],
    alike: Sequence[tuple[Likeness, ...]],
    max_hub: int,
) -> list[CheckedAccount]:
    from detection.newcomers import list_shared

    shared = [list_shared(newcomers, row) for row in newcomers.row.tolist()]
    known = KnownMarket.ask(store, _name_accounts(shared, alike, max_hub))
    names = newcomers.joined.account_id[newcomers.row].tolist()
    each = zip(names, shared, risks, alike, strict=True)
    return [known.check(name, things, risk, near, max_hub) for name, things, risk, near in each]


def _name_accounts(
    shared: Iterable[Sequence[SharedThing]], alike: Iterable[Sequence[Likeness]], max_hub: int
) -> list[str]:
    """Whom to ask the store about."""
    things = (thing.account_ids for each in shared for thing in each if len(thing.account_ids) <= max_hub)
    likenesses = (likeness.account_id for each in alike for likeness in each)
    return sorted({*(account_id for ids in things for account_id in ids), *likenesses})


COMMANDS: dict[str, click.Command] = {"check": check}
