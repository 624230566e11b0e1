"""The command that looks at real files, and writes the settings by which they can be loaded."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from cli.context import DEFAULT_CONFIG, Workplace, pass_workplace
from cli.output import is_on_screen, print_table, say, tell, write_json
from graph.errors import ConfigError, MissingTableError

if TYPE_CHECKING:
    from graph.recognition.forms import Question
    from graph.recognition.survey import Survey
    from graph.recognition.writing import Guess
    from graph.settings import Settings


@click.command(short_help="Look at real files and write ringfence.toml.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Ask nothing: take what seems likeliest.")
@click.option("--force", is_flag=True, help="Write over settings that are there.")
@click.option("--check", is_flag=True, help="Write nothing; show the first rows of each table as they are read.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Form of --check.",
)
@pass_workplace
def init(
    workplace: Workplace, folder: Path, yes: bool, force: bool, check: bool, form: Literal["table", "json"]
) -> None:
    """Look at real files, and write the settings by which they are loaded.

    What the files hold is guessed by the names of their columns, in many languages, and by what the
    cells look like: which file is which table, which column plays which part, how times, numbers and
    words are written.  Each guess stands in ringfence.toml with its reason, and what is unsure is
    listed.  On a terminal it is asked.  --check shows the first rows of each table as they are read,
    by the settings that are there, or else as they would be written.
    """
    config = workplace.config or DEFAULT_CONFIG
    if check:
        _check(folder, workplace.read_settings() if config.is_file() else None, form)
        return
    if config.exists() and not force:
        raise ConfigError(
            f"{config} is there already: --check shows how files are read by it, --force writes it anew; for another"
            f" folder keep both: ringfence --config NAME.toml init {folder}"
        )
    guess = _guess(folder, asks=not yes and _is_terminal())
    _write(config, guess.text)
    _show(guess, config, folder, "ringfence" if config == DEFAULT_CONFIG else f"ringfence --config {config}")


def _guess(folder: Path, *, asks: bool) -> Guess:
    from graph.recognition.survey import survey_folder
    from graph.recognition.writing import guess_settings
    from graph.settings import LoadSettings

    survey = survey_folder(folder, LoadSettings())
    guess = guess_settings(survey, folder, {})
    answers: dict[str, str] = {}
    while asks and (open_ones := [each for each in guess.questions if each.key not in answers]):
        answers[open_ones[0].key] = _ask(open_ones[0], answers)
        guess = guess_settings(survey, folder, answers)
    _require_accounts(survey, guess, folder)
    return guess


def _ask(question: Question, answers: Mapping[str, str]) -> str:
    """Ask a person; what was said of the clock of one file is likely to hold of the next."""
    zones = [answer for key, answer in answers.items() if key.startswith("zone:")]
    kind = click.Choice(question.choices) if question.choices else None
    default, parse = (question.default, None) if kind else ([question.default, *zones][-1], _parse_zone)
    try:
        answer: str = click.prompt(question.text, default=default, type=kind, value_proc=parse, err=True)
    except click.Abort as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise ConfigError("a question was left without an answer; --yes takes what seems likeliest") from None
    return answer


def _parse_zone(text: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(text)
    except (LookupError, ValueError, OSError):
        raise click.BadParameter(f"{text!r} is no time zone; such as Europe/Berlin, Asia/Shanghai, UTC") from None
    return text


def _is_terminal() -> bool:
    return is_on_screen() and sys.stdin is not None and sys.stdin.isatty()


_MOST_UNREAD = 5


def _require_accounts(survey: Survey, guess: Guess, folder: Path) -> None:
    if "accounts" in guess.tables:
        return
    seen = ", ".join(look.name for look in survey.looks[:10]) or "nothing that is a table"
    why = "".join(f"; {each}" for each in survey.unread[:_MOST_UNREAD])
    raise MissingTableError(
        f"{folder}: no file names accounts by a column that is known here; it holds {seen}{why}."
        " Write ringfence.toml by hand: docs/exports.md"
    )


def _write(config: Path, text: str) -> None:
    from graph.files import replace_file

    try:
        replace_file(config, text.encode())
    except OSError as error:
        raise ConfigError(f"{config} cannot be written: {error.strerror}") from error


def _show(guess: Guess, config: Path, folder: Path, command: str) -> None:
    from cli.draw_begin import draw_tables

    print_table(draw_tables(guess.tables))
    for what in guess.unsure:
        tell(f"unsure: {what}")
    say(f"\n{config} is written; each guess stands there with its reason.")
    say(f"Next: {command} init {folder} --check, then {command} load {folder}")


def _check(folder: Path, settings: Settings | None, form: str) -> None:
    import tomllib

    from cli.first_rows import list_first_rows
    from graph.settings import convert_settings

    if settings is None:
        settings = convert_settings(tomllib.loads(_guess(folder, asks=False).text), DEFAULT_CONFIG.name)
    found = list_first_rows(folder, settings)
    if form == "json":
        import json

        from cli.output import as_plain

        write_json([json.dumps(as_plain(found), ensure_ascii=False, indent=2)])
        return
    from cli.draw_begin import draw_first_rows

    print_table(draw_first_rows(found))


COMMANDS: dict[str, click.Command] = {"init": init}
