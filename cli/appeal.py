"""The command for appeals: file one, see what granting it would change, answer it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.context import Workplace, pass_workplace
from cli.decide import by_option, reason_option, write_events
from cli.output import Answer, Format, as_rows, format_option, list_columns, parse_id, say, write_answer
from graph.errors import ConfigError

if TYPE_CHECKING:
    from detection.rejudging import MemberChange
    from graph.casebook.fold import State
    from graph.casework.appeals import Ruling
    from graph.casework.deciding import Decisions, Fields
    from graph.casework.seen import Sight
    from graph.stores.protocol import GraphStore

LARGEST_TEXT = 1 << 20
"""Bytes of an appeal."""


@click.command(short_help="File an appeal, or answer it.")
@click.argument("account_id", metavar="ACCOUNT", type=parse_id)
@click.option(
    "--text", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="What was written to you."
)
@click.option("--granted", "ruling", flag_value="granted", help="The account is right.")
@click.option("--refused", "ruling", flag_value="refused", help="The decision stands.")
@click.option(
    "--not-same-as", "others", multiple=True, type=parse_id, metavar="ID", help="It is another person than this."
)
@reason_option
@click.option("--yes", is_flag=True, help="Say it; without, see what would follow.")
@by_option
@format_option
@pass_workplace
def appeal(
    workplace: Workplace,
    /,
    account_id: str,
    file: Path | None,
    ruling: Ruling | None,
    by: str,
    form: Format,
    **asked: Any,
) -> None:
    """File an appeal, or answer it.

    A granted appeal clears the account, and what it has in common with the members of its rings links it to
    nobody any more; with --not-same-as, only what it has in common with those. First it is shown what
    follows for everybody in its rings; --yes says it.

    \b
    ringfence appeal A12 --text letter.txt
    ringfence appeal A12 --granted --reason 'lent the phone to a neighbour'
    ringfence appeal A12 --granted --reason 'lent the phone to a neighbour' --yes
    """  # noqa: D301 - click knows a paragraph that is to stay as it is by this character
    if (file is None) == (ruling is None):
        raise click.UsageError("either file an appeal (--text FILE), or answer it (--granted, --refused)")
    if asked["others"] and ruling != "granted":
        raise click.UsageError("--not-same-as goes with --granted")
    if file is not None:
        _file(workplace, account_id, file, by, form)
    elif ruling is not None:
        _answer(workplace, account_id, ruling, by, form, asked)


def _file(workplace: Workplace, account_id: str, file: Path, by: str, form: Format) -> None:
    from graph.casework.appeals import prepare_appeal

    text, days = _read(file), workplace.read_settings().casework.appeal_days

    def prepare(store: GraphStore, state: State) -> Decisions:
        sight = _look(store, state, account_id)
        return _one(prepare_appeal(sight, by=by, text=text, days=days, now=datetime.now(UTC)))

    (said,) = write_events(workplace, form, prepare=prepare)
    if form == "table" and said.until is not None:
        say(f"It waits in `ringfence queue`, and has to be answered by {said.until:%Y-%m-%d}.")


def _read(file: Path) -> str:
    content = file.read_bytes()[: LARGEST_TEXT + 1]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not UTF-8; save the text of the appeal as UTF-8") from None
    if len(content) > LARGEST_TEXT:
        raise ConfigError(f"{file} has more than {LARGEST_TEXT:,} bytes; nobody will read that as an appeal")
    return text


def _look(store: GraphStore, state: State, account_id: str) -> Sight:
    from graph.casework.seen import look

    return look(store, state, [account_id], "account")[account_id]


def _one(fields: Fields) -> Decisions:
    from graph.casework.deciding import Decisions

    return Decisions((fields,), frozenset({fields["subject_id"]}))


def _answer(
    workplace: Workplace, account_id: str, ruling: Ruling, by: str, form: Format, asked: dict[str, Any]
) -> None:
    from graph.casework.appeals import prepare_ruling

    def prepare(store: GraphStore, state: State) -> Decisions:
        sight, told = _look(store, state, account_id), {"by": by, "reason": asked["reason"]}
        return _one(prepare_ruling(store, state, sight, ruling, **told, not_same_as=asked["others"]))

    if ruling == "granted" and not asked["yes"]:
        _show(workplace, form, prepare)
        return
    write_events(workplace, form, prepare=prepare)


def _show(workplace: Workplace, form: Format, prepare: Any) -> None:
    """What would follow, for the account and those in rings with it; nothing is said."""
    from cli.work import choose_settings
    from detection.rejudging import MemberChange, imagine, rejudge
    from graph.casebook.events import read_events
    from graph.casebook.fold import fold

    settings = choose_settings(workplace, seed=None, encoder=False, model=None)
    with workplace.open_store() as store:
        state = fold(read_events(store.casebook.read()))
        event = imagine(prepare(store, state).events[0], state)
        changes = rejudge(store, settings, state, event)
    rows = as_rows(changes)
    write_answer(Answer(rows, list_columns(MemberChange), rows, lambda: _draw(changes)), form)
    if form == "table":
        say(f"\n{_sum_up(changes)} Nothing was said yet: --yes says it.")


def _sum_up(changes: Sequence[MemberChange]) -> str:
    counts = {
        each: sum(change.outcome == each for change in changes) for each in ("released", "lowered", "kept", "raised")
    }
    return f"{', '.join(f'{n} {outcome}' for outcome, n in counts.items() if n)}."


def _draw(changes: Sequence[MemberChange]) -> Any:
    from cli.draw_casebook import draw_changes

    return draw_changes(changes)


COMMANDS: dict[str, click.Command] = {"appeal": appeal}
