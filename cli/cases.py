"""The commands of investigators: queue, case, claim, note, skip, merge, split, reopen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from cli.context import Workplace, pass_workplace
from cli.decide import anyway_option, by_option, reason_option, write_events
from cli.output import Answer, Format, as_rows, format_option, list_columns, parse_id, say, write_answer
from graph.errors import UnknownIdError

if TYPE_CHECKING:
    from graph.casebook.fold import State
    from graph.casework.cases import Case
    from graph.casework.deciding import Decisions, Fields
    from graph.casework.page import CasePage
    from graph.stores.protocol import GraphStore

Draft = Callable[["GraphStore", "State"], "Fields"]


@click.command(short_help="List the cases that wait, the most pressing first.")
@click.option(
    "--budget", type=click.IntRange(min=1), metavar="N", help="As many as can be looked at, and what to expect."
)
@click.option(
    "--limit", "-n", type=click.IntRange(min=1), default=25, show_default=True, help="Without --budget: so many."
)
@format_option
@pass_workplace
def queue(workplace: Workplace, budget: int | None, limit: int, form: Format) -> None:
    """List the cases that wait, the most pressing first.

    First comes what costs most if it is fraud, times the chance that it is, for each minute that it takes
    to look. The chance is how often rings of its tier were confirmed so far, once five were decided
    about. With --budget: which ones to take, and how many of them to expect to be fraud. Appeals that
    wait for an answer stand before all cases, with the day by which they have to have it.
    """
    from graph.casework.queue import QueueLine, make_queue

    settings = workplace.read_settings().casework
    with workplace.open_store() as store:
        state, cases = _read(workplace, store)
    found = make_queue(cases, state, settings, now=datetime.now(UTC), budget=budget, limit=limit)
    columns = list_columns(QueueLine)
    write_answer(Answer(found, columns, as_rows(found.lines), lambda: _render().draw_queue(found)), form)


def _read(workplace: Workplace, store: GraphStore) -> tuple[State, list[Case]]:
    from graph.casebook.events import read_events
    from graph.casebook.fold import fold
    from graph.casework.cases import list_cases

    state = fold(read_events(store.casebook.read()))
    return state, list_cases(store, state, barred=_find_barred(workplace), now=datetime.now(UTC))


def _find_barred(workplace: Workplace) -> tuple[str, ...]:
    from detection.settings import read_detect_settings

    return read_detect_settings(workplace.read_settings().detect).policy.barred_statuses


def _find_case(workplace: Workplace, store: GraphStore, case_id: str, *, also_gone: bool = False) -> tuple[State, Case]:
    """A case of the latest run; ``also_gone`` also one of a ring that only earlier runs found.

    Raises
    ------
    UnknownIdError
        If it has no such case.
    """
    from graph.casebook.events import read_events
    from graph.casebook.fold import fold
    from graph.casework.cases import find_case, find_gone_case
    from graph.casework.working import require_case

    state = fold(read_events(store.casebook.read()))
    found = find_case(store, state, case_id, barred=_find_barred(workplace), now=datetime.now(UTC))
    require_case(store, state, case_id)
    if (found is None or found.ring is None) and also_gone:
        found = find_gone_case(store, state, case_id)
    if found is None or found.ring is None:
        raise UnknownIdError(
            f"the latest run finds no ring {case_id!r}; `ringfence ring {case_id}` shows what was found"
        )
    return state, found


@click.command(short_help="Show one case: ring, changes, notes, related cases.")
@click.argument("case_id", metavar="ID", type=parse_id)
@format_option
@pass_workplace
def case(workplace: Workplace, case_id: str, form: Format) -> None:
    """Show one case on one screen.

    The ring, who has the case, what changed since somebody decided or claimed it (or since the run
    before), notes, other rings with members or things in common, what is proposed, and what it would take
    to be surer. Of a ring that the latest run does not find: where its members are now.
    """
    with workplace.open_store() as store:
        page = _make_page(workplace, store, *_find_case(workplace, store, case_id, also_gone=True))
    write_answer(Answer(page, list_columns(type(page)), as_rows([page]), lambda: _render().draw_case(page)), form)


def _make_page(workplace: Workplace, store: GraphStore, state: State, found: Case) -> CasePage:
    from detection.casework.surer import say_surer
    from detection.settings import read_detect_settings
    from graph.casework.page import make_page

    policy = read_detect_settings(workplace.read_settings().detect).policy
    ring: Any = found.ring
    is_gone = found.status == "gone"
    surer = (
        ""
        if is_gone
        else say_surer(ring.tier, ring.score, ring.net_bits, ring.size, policy, false_discovery=ring.false_discovery)
    )
    return make_page(store, state, found, surer=surer, now=datetime.now(UTC))


def find_page(workplace: Workplace, store: GraphStore, case_id: str) -> CasePage | None:
    """The page of a case of the latest run, or of a ring that only earlier ones found; None where there is none."""
    try:
        return _make_page(workplace, store, *_find_case(workplace, store, case_id, also_gone=True))
    except UnknownIdError:
        return None


def _render() -> Any:
    # rich is for tables only.
    from cli import draw_cases as render

    return render


def _one(draft: Draft) -> Callable[[GraphStore, State], Decisions]:
    """One thing to say about a case."""

    def prepare(store: GraphStore, state: State) -> Decisions:
        from graph.casework.deciding import Decisions

        return Decisions((draft(store, state),), frozenset())

    return prepare


def _see(store: GraphStore, case_id: str) -> dict[str, Any]:
    """What there is to see of a ring; nothing where there is none of this id."""
    from graph.casework.seen import see_ring
    from graph.queries.rings import find_ring

    try:
        return {"seen": see_ring(find_ring(store, case_id)).seen}
    except UnknownIdError:
        return {}


@click.command(short_help="Take a case, so that nobody else does.")
@click.argument("case_id", metavar="ID", type=parse_id)
@click.option("--hours", type=click.FloatRange(min=0, min_open=True, max=9000), help="For so long; 8 otherwise.")
@click.option("--release", is_flag=True, help="Give it back.")
@by_option
@format_option
@pass_workplace
def claim(workplace: Workplace, case_id: str, hours: float | None, release: bool, by: str, form: Format) -> None:
    """Take a case, so that nobody else does; it lapses by itself.

    Exit code 5 where somebody else has it: the line says who, and until when.
    """
    from graph.casework.working import prepare_claim, prepare_release, require_case

    lasts = hours or workplace.read_settings().casework.claim_hours

    def draft(store: GraphStore, state: State) -> Fields:
        file, now = require_case(store, state, case_id), datetime.now(UTC)
        if release:
            return prepare_release(file, by=by, now=now)
        return prepare_claim(file, by=by, hours=lasts, now=now) | _see(store, case_id)

    write_events(workplace, form, prepare=_one(draft))


@click.command(short_help="Note something about a case.")
@click.argument("case_id", metavar="ID", type=parse_id)
@click.option("--text", type=parse_id, required=True, help="What to note.")
@click.option("--public", "is_public", is_flag=True, help="May be told to those whom the case is about.")
@by_option
@format_option
@pass_workplace
def note(workplace: Workplace, case_id: str, text: str, is_public: bool, by: str, form: Format) -> None:
    """Note something about a case: for colleagues, or with --public for those whom it is about."""
    from graph.casework.working import prepare_note, require_case

    def draft(store: GraphStore, state: State) -> Fields:
        file = require_case(store, state, case_id)
        return prepare_note(file, by=by, text=text, is_public=is_public) | _see(store, case_id)

    write_events(workplace, form, prepare=_one(draft))


@click.command(short_help="Leave a case to others.")
@click.argument("case_id", metavar="ID", type=parse_id)
@reason_option
@by_option
@format_option
@pass_workplace
def skip(workplace: Workplace, case_id: str, reason: str, by: str, form: Format) -> None:
    """Leave a case to others: it comes last in the queue until it is decided, and the skip is kept."""
    from graph.casework.deciding import require_reason
    from graph.casework.working import prepare_skip, require_case

    def draft(store: GraphStore, state: State) -> Fields:
        require_reason(reason)
        file = require_case(store, state, case_id)
        return prepare_skip(file, by=by, reason=reason, now=datetime.now(UTC)) | _see(store, case_id)

    write_events(workplace, form, prepare=_one(draft))


@click.command(short_help="Make a case part of another one.")
@click.argument("case_id", metavar="ID", type=parse_id)
@click.argument("into_id", metavar="INTO", type=parse_id)
@anyway_option
@reason_option
@by_option
@format_option
@pass_workplace
def merge(workplace: Workplace, case_id: str, into_id: str, anyway: bool, reason: str, by: str, form: Format) -> None:
    """Make a case part of another one, which is looked at and decided about for both. `reopen` parts them again."""
    from graph.casework.deciding import require_reason
    from graph.casework.working import Doing, prepare_merge, require_case

    def draft(store: GraphStore, state: State) -> Fields:
        require_reason(reason)
        files = [require_case(store, state, each) for each in (case_id, into_id)]
        return prepare_merge(files[0], files[1], Doing(by, reason, datetime.now(UTC), anyway)) | _see(store, case_id)

    write_events(workplace, form, prepare=_one(draft))


@click.command(short_help="Make some members of a case a case of their own.")
@click.argument("case_id", metavar="ID", type=parse_id)
@click.option("--member", "members", multiple=True, type=parse_id, metavar="ID", help="Who goes; as often as needed.")
@anyway_option
@reason_option
@by_option
@format_option
@pass_workplace
def split(
    workplace: Workplace, case_id: str, members: Sequence[str], anyway: bool, reason: str, by: str, form: Format
) -> None:
    """Make some members of a case a case of their own, which is decided about by itself."""
    from graph.casebook.cases import name_part
    from graph.casework.deciding import require_reason
    from graph.casework.working import Doing, prepare_split

    def draft(store: GraphStore, state: State) -> Fields:
        require_reason(reason)
        _, found = _find_case(workplace, store, case_id)
        return prepare_split(found, members, Doing(by, reason, datetime.now(UTC), anyway)) | _see(store, case_id)

    said = write_events(workplace, form, prepare=_one(draft))
    if form == "table":
        say(f"The new case: ringfence case {name_part(said[0])}")


@click.command(short_help="Put a case back in the queue.")
@click.argument("case_id", metavar="ID", type=parse_id)
@reason_option
@by_option
@format_option
@pass_workplace
def reopen(workplace: Workplace, case_id: str, reason: str, by: str, form: Format) -> None:
    """Put a case back in the queue; what was decided stands until something else is."""
    from graph.casework.deciding import require_reason
    from graph.casework.working import prepare_parting, prepare_reopening, require_case

    def draft(store: GraphStore, state: State) -> Fields:
        require_reason(reason)
        file = require_case(store, state, case_id)
        if file.merged is not None:
            return prepare_parting(file, by=by, reason=reason) | _see(store, case_id)
        found = _find_case(workplace, store, case_id)[1]
        return prepare_reopening(found, by=by, reason=reason) | _see(store, case_id)

    write_events(workplace, form, prepare=_one(draft))


COMMANDS: dict[str, click.Command] = {
    each.name or "": each for each in (queue, case, claim, note, skip, merge, split, reopen)
}
