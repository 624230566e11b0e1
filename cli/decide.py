"""The commands by which a person decides: decide, ignore."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.casebook import COLUMNS, list_rows
from cli.context import Workplace, pass_workplace
from cli.options import parse_time
from cli.output import Answer, Format, format_option, parse_id, say, tell, write_answer
from graph.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graph.casebook.events import Event
    from graph.casebook.fold import State
    from graph.casework.deciding import Decisions, Wish
    from graph.stores.protocol import GraphStore

HEARD = ("decided", "undone", "ignored", "heeded", "ruled")
"""What moves a run."""
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def find_name(_: click.Context, __: click.Parameter, given: str | None) -> str:
    """Who speaks: the name that was given, or else the user's."""
    try:
        name = given if given is not None else getpass.getuser()
    except (KeyError, OSError):
        name = ""
    if not name.strip():
        raise click.BadParameter("nobody knows who you are; say --by NAME", param_hint="--by")
    return parse_id(name)


def by_option(command: Decorated) -> Decorated:
    """Add ``--by`` to a command by which somebody says something."""
    option = click.option(
        "--by",
        envvar="RINGFENCE_BY",
        show_envvar=True,
        metavar="NAME",
        callback=find_name,
        help="Who says so; you else.",
    )
    return option(command)


reason_option = click.option("--reason", type=parse_id, default="", metavar="WHY", help="Why; it is kept, and shown.")

anyway_option = click.option("--anyway", is_flag=True, help="Also where somebody else has the case; that is recorded.")


@click.command(short_help="Decide about a ring, an account or a review.")
@click.argument("words", metavar="[ID] [confirmed|dismissed|cleared|watch]", nargs=-1, type=parse_id)
@reason_option
@by_option
@click.option("--member", "members", multiple=True, type=parse_id, metavar="ID", help="Only this member of the ring.")
@click.option("--as", "subject", type=click.Choice(["ring", "account", "review"]), help="What the id is of.")
@click.option("--seen", "run_id", type=parse_id, metavar="RUN", help="The run looked at; stops if the ring changed.")
@click.option(
    "--from",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    help="Decisions, as CSV: id, word, reason, member.",
)
@click.option("--dry-run", is_flag=True, help="Say what it would touch, and say nothing to the casebook.")
@click.option("--limit", type=click.IntRange(min=1), help="How many accounts are meant, if more than 100.")
@anyway_option
@click.option("--undo", type=parse_id, metavar="EVENT|BATCH", help="Take back what was said.")
@format_option
@pass_workplace
def decide(
    workplace: Workplace,
    /,
    words: tuple[str, ...],
    by: str,
    undo: str | None,
    dry_run: bool,
    form: Format,
    **asked: Any,
) -> None:
    """Decide about a ring, an account or a review. Every later run heeds it, whatever the score.

    \b
    confirmed  it is fraud: those who were in the ring stand there, and are labels
    dismissed  no: it stays away until much more is found than there is now
    cleared    these accounts are honest: never flagged nor named again
    watch      keep an eye on it, and nothing more

    \b
    ringfence decide R4e0c2b9a17 confirmed --reason 'same card, same hand'
    ringfence decide A12 cleared --reason 'family phone'
    ringfence decide cleared --from cleared.csv --reason 'students of one hall' --dry-run
    """  # noqa: D301 - click knows a paragraph that is to stay as it is by this character
    if undo is not None:
        if words or asked["file"]:
            raise click.UsageError("--undo takes back what was said, and decides nothing else")
        write_events(workplace, form, dry_run=dry_run, prepare=_undoing(undo, by, asked["reason"]))
        return
    from cli.wishes import list_wishes

    wishes = list_wishes(words, **{name: asked[name] for name in ("reason", "members", "file")})
    write_events(workplace, form, dry_run=dry_run, prepare=_deciding(wishes, by, asked, dry_run=dry_run))


Prepare = Callable[["GraphStore", "State"], "Decisions"]
_SAID_BEFORE = "this was said before, word for word, and stands: nothing was added"


def _deciding(wishes: Sequence[Wish], by: str, asked: dict[str, Any], *, dry_run: bool) -> Prepare:
    def prepare(store: GraphStore, state: State) -> Decisions:
        from graph.casework.deciding import Decider, prepare_decisions, require_unchanged

        # A dry run says who has what, as it says all else.
        decider = Decider(by, asked["subject"], anyway=asked["anyway"] or dry_run)
        found = prepare_decisions(store, state, wishes, decider)
        if asked["run_id"] is not None:
            for event in found.events:
                if event["subject"] == "ring":
                    require_unchanged(store, event["subject_id"], asked["run_id"])
        return found

    def prepare_few(store: GraphStore, state: State) -> Decisions:
        found = prepare(store, state)
        if not dry_run:
            found.require_few(asked["limit"])
        return found

    return prepare_few


def _undoing(wanted: str, by: str, reason: str) -> Prepare:
    def prepare(_: GraphStore, state: State) -> Decisions:
        from graph.casework.deciding import Decisions, prepare_undoing

        return Decisions((prepare_undoing(state, wanted, by=by, reason=reason),), frozenset())

    return prepare


def write_events(workplace: Workplace, form: Format, *, prepare: Prepare, dry_run: bool = False) -> tuple[Event, ...]:
    """Say what is to be said, or find out what would be, and print it."""
    from graph.casebook.book import say_in
    from graph.casebook.events import read_events
    from graph.casebook.fold import fold
    from graph.casework.repeats import find_repeats

    found: list[Decisions] = []
    repeats: tuple[Event, ...] = ()
    with workplace.open_store() as store:

        def decide_now(known: Sequence[Event]) -> Sequence[dict[str, Any]]:
            nonlocal repeats
            state = fold(known)
            found[:] = [prepare(store, state)]
            repeats = find_repeats(state, found[0].events)
            return () if repeats else found[0].events

        if dry_run:
            decide_now(read_events(store.casebook.read()))
            said: tuple[Event, ...] = ()
        else:
            said = say_in(store.casebook, decide_now) or repeats
    rows = list_rows(said) if said else [{**dict.fromkeys(COLUMNS), **_name(each)} for each in found[0].events]
    write_answer(Answer(rows, COLUMNS, rows, lambda: _draw(rows)), form)
    for remark in (*found[0].remarks, *([_SAID_BEFORE] if repeats and not dry_run else [])):
        tell(f"ringfence: {remark}")
    if form == "table":
        say(_say_outcome(found[0], said))
    return said


def _name(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name in COLUMNS}


def _draw(rows: list[dict[str, Any]]) -> RenderableType:
    from cli.draw_casebook import draw_events

    return draw_events(rows)


def _say_outcome(found: Decisions, said: Sequence[Event]) -> str:
    """Whom it touches, and how it is heard, or taken back."""
    n = len(found.accounts)
    touched = f"{n:,} account{'' if n == 1 else 's'}"
    if not said:
        return f"\nNothing was said; it would touch {touched}."
    undo = f"To take it back: ringfence decide --undo {said[0].batch or said[0].event_id} --reason WHY"
    heard = "The next `ringfence detect` hears it.\n" if any(each.kind in HEARD for each in said) else ""
    return f"\n{f'It touches {touched}. ' if n else ''}{heard}{undo}"


@click.command(short_help="Let a thing link nobody any more.")
@click.argument("kind", metavar="KIND", type=parse_id)
@click.argument("value", metavar="ID", type=parse_id)
@reason_option
@by_option
@click.option("--until", type=parse_time, metavar="TIME", help="It links again from this time on (UTC).")
@click.option("--again", is_flag=True, help="Let it link again.")
@format_option
@pass_workplace
def ignore(
    workplace: Workplace, kind: str, value: str, reason: str, by: str, until: datetime | None, again: bool, form: Format
) -> None:
    """Let a thing link nobody any more: a family's phone, a library's computer.

    \b
    ringfence ignore device phone-7 --reason 'the library lends it'
    ringfence ignore device phone-7 --again --reason 'it was sold'
    """  # noqa: D301 - click knows a paragraph that is to stay as it is by this character
    from graph.casework.ignoring import find_thing, prepare_ignoring

    rings: list[str] = []

    def prepare(store: GraphStore, state: State) -> Decisions:
        from graph.casework.deciding import Decisions

        thing = find_thing(store, kind, value)
        rings[:] = thing.ring_ids
        if again and (thing.kind, thing.canonical) not in state.things:
            raise ConfigError(f"{kind} {value!r} is not ignored, so that it links as ever")
        event = prepare_ignoring(thing, by=by, reason=reason)
        event |= {"kind": "heeded"} if again else {"until": until and until.replace(tzinfo=UTC)}
        return Decisions((event,), frozenset(), ())

    write_events(workplace, form, prepare=prepare)
    if form == "table" and rings:
        say(f"The next run judges anew, of the rings there are, whose members share it: {', '.join(rings)}")


COMMANDS: dict[str, click.Command] = {each.name or "": each for each in (decide, ignore)}
