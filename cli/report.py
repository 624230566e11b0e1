"""The command ``report``: a ring, a case, an account or a run as one page that people look at, or all of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from cli.context import Workplace, pass_workplace
from cli.ending import begin_work
from cli.options import run_option
from cli.output import is_on_screen, is_quiet, parse_id, tell, write_out
from graph.errors import ConfigError
from graph.files import replace_file

if TYPE_CHECKING:
    from graph.casework.page import CasePage
    from graph.pages.content import Asked, Judged
    from graph.statements.telling import Language
    from graph.stores.protocol import GraphStore

PageOf = Literal["ring", "case", "account", "run"]


@dataclass(frozen=True)
class Order:
    """What was asked for: of what, in which language, with or without identifiers."""

    any_id: str
    subject: PageOf | None
    language: Language
    asked: Asked


@click.command(short_help="Write a ring, an account or a run as a page to look at.")
@click.argument("any_id", metavar="RING|CASE|ACCOUNT|RUN|latest", default="latest", type=parse_id)
@click.option("--output", "-o", metavar="FILE", help="The page to write; - for stdout.")
@click.option(
    "--all",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write a run, its rings and their members as a site into this folder.",
)
@click.option("--as", "subject", type=click.Choice(["ring", "case", "account", "run"]), help="What the id is of.")
@click.option("--language", type=click.Choice(["en", "de"]), default="en", show_default=True, help="Of the page.")
@click.option("--unmask", is_flag=True, help="Spell out devices, addresses, phones and the like.")
@run_option
@pass_workplace
def report(
    workplace: Workplace,
    any_id: str,
    output: str | None,
    folder: Path | None,
    subject: PageOf | None,
    language: Language,
    unmask: bool,
    run_id: str | None,
) -> None:
    """Write a ring, a case, an account or a run as one page, to be opened in a browser.

    The graph and how it came together, what happened when, the evidence in bits, the members, the
    innocent explanations, what would set it free, money at risk, decisions and what to type next. Of a run
    (its id, or latest): all rings in small, what is new, how scores lie, what is silent. One file: it
    loads nothing, sends nothing, and can be printed. Identifiers (devices, addresses, phones) are hidden
    behind a kind and a number, unless --unmask asks for them.

    --all writes a run, its rings and their members into a folder that is empty or holds such a site, as
    pages that are linked to one another, with a search; it takes the place of the site before.
    """
    from detection.settings import read_detect_settings
    from graph.pages.content import Asked

    refunded = read_detect_settings(workplace.read_settings().detect).policy.refund_statuses
    asked = Asked(run_id=run_id, refunded=refunded, is_masked=not unmask)
    if (output is None) == (folder is None):
        raise click.UsageError("name a file with --output, or a folder with --all")
    with workplace.open_store() as store:
        store.require_whole()
        if folder is not None:
            _put_site(workplace, store, Order(any_id, subject, language, asked), folder)
        else:
            page = _write_page(workplace, store, Order(any_id, subject, language, asked))
    if output is not None:
        _put(page, output)
    if unmask:
        tell("ringfence: the page spells out identifiers: it is personal data, for whoever may see these alone")


def _write_page(workplace: Workplace, store: GraphStore, order: Order) -> str:
    from graph.pages.content import read_ring
    from graph.pages.ring import write_ring

    subject = _find_subject(store, order)
    if subject == "run":
        from cli.report_run import read_run_facts
        from graph.pages.run import write_run

        facts = read_run_facts(workplace, store, _name_run(order), is_masked=order.asked.is_masked)
        return write_run(facts, order.language)
    if subject == "account":
        from graph.pages.account import read_account, write_account

        return write_account(read_account(store, order.any_id, order.asked), order.language)
    ring_id, case = _find_ring(workplace, store, order)
    judged = _judge_again(workplace, store, ring_id, order.asked.run_id)
    return write_ring(read_ring(store, ring_id, order.asked, judged=judged, case=case), order.language)


def _name_run(order: Order) -> str:
    """The run that is meant, by whichever of its two ways it is named."""
    named = order.asked.run_id
    if named is not None and order.any_id not in ("latest", named):
        raise click.UsageError(f"two runs are named: {order.any_id!r} and {named!r}")
    return named or order.any_id


def _find_subject(store: GraphStore, order: Order) -> PageOf:
    """What an id is of, where nobody has said it.

    Raises
    ------
    UnknownIdError
        If nothing has this id; the message names the nearest one.
    ConfigError
        If it is the id of several things, or of a review.
    """
    from cli.report_run import is_run
    from graph.casebook.cases import fold_cases
    from graph.casework.seen import look
    from graph.queries.decided import read_decided

    if order.subject is not None:
        return order.subject
    if is_run(store, order.any_id):
        return "run"
    state = read_decided(store).state
    if order.any_id in fold_cases(state):
        return "case"
    subject = look(store, state, [order.any_id])[order.any_id].subject
    if subject == "review":
        raise ConfigError(f"{order.any_id!r} is a review, which has no page; see: ringfence why {order.any_id}")
    return subject


def _find_ring(workplace: Workplace, store: GraphStore, order: Order) -> tuple[str, CasePage | None]:
    """The ring that an id is of, and its case, unless an earlier run is asked about."""
    from cli.cases import find_page

    if order.asked.run_id is not None:
        return order.any_id, None
    page = find_page(workplace, store, order.any_id)
    return (order.any_id, None) if page is None else (page.ring.summary.ring_id, page)


def _judge_again(workplace: Workplace, store: GraphStore, ring_id: str, run_id: str | None) -> Judged:
    from cli.report_grounds import judge_in, meet_again
    from cli.report_targets import judge_targets, pick_targets
    from graph.pages.content import Judged
    from graph.queries.rings import find_ring

    ring = find_ring(store, ring_id, run_id=run_id)
    market = meet_again(workplace, store, ring.summary.run_id)
    return Judged(judge_in(market, ring), pick_targets(judge_targets(store, market, [ring]), ring.summary.ring_id))


def _put_site(workplace: Workplace, store: GraphStore, order: Order, folder: Path) -> None:
    """Write a run as a site, and say what was left out of it."""
    from cli.progress import show_progress
    from cli.report_site import SiteOrder, write_site
    from graph.pages.site import HOME

    with show_progress() as progress:
        wanted = SiteOrder(_name_run(order), folder, order.language, order.asked)
        written = write_site(workplace, store, wanted, progress)
    rings, accounts = written.plan.rings_left_out, written.plan.accounts_left_out
    if rings or accounts:
        tell(f"ringfence: only the strongest have pages: {rings:,} rings and {accounts:,} accounts were left out")
    if not is_quiet():
        tell(f"{folder / HOME}: {written.pages:,} pages; open it in a browser")


def _put(page: str, output: str) -> None:
    """Write the page as a whole, or nothing of it."""
    if output == "-":
        if is_on_screen():
            raise click.UsageError("a page is nothing for a screen; name a file with --output")
        write_out(page)
        return
    begin_work()
    try:
        replace_file(Path(output), page.encode())
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror or error}") from error
    if not is_quiet():
        tell(f"{output}: {len(page.encode()) / 1000:,.0f} kB; open it in a browser")


COMMANDS: dict[str, click.Command] = {"report": report}
