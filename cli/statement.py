"""The command ``statement``: reasons that can be sent, as three files."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from cli.context import Workplace, pass_workplace
from cli.output import is_quiet, parse_id, tell
from graph.errors import ConfigError
from graph.files import making_folder, read_bounded

if TYPE_CHECKING:
    from graph.settings import StatementSettings
    from graph.statements.content import Statement, Subject
    from graph.statements.telling import Language
    from graph.stores.protocol import GraphStore

_KEY_BYTES, _LARGEST_KEY = 32, 1 << 16
_SINCE = (
    "ringfence: facts, settings or decisions came since the run, so that nobody can say any more which facts carry the"
    " verdict: all that the run had found are stated; after the next `ringfence detect` decide again to be exact"
)
Content = dict[str, str]


@click.command(short_help="Write the reasons for a decision: file, letter, form.")
@click.argument("any_id", metavar="ACCOUNT|CASE|REVIEW", type=parse_id)
@click.option(
    "--output",
    "-o",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="A folder that is new or empty.",
)
@click.option("--as", "subject", type=click.Choice(["account", "case", "review"]), help="What the id is of.")
@click.option(
    "--language", type=click.Choice(["en", "de"]), default="en", show_default=True, help="What the letter is in."
)
@click.option(
    "--ground", default="", type=parse_id, metavar="TEXT", help="Tell the facts in words, naming nobody else."
)
@pass_workplace
def statement(
    workplace: Workplace,
    any_id: str,
    folder: Path,
    subject: Literal["account", "case", "review"] | None,
    language: Language,
    ground: str,
) -> None:
    """Write the reasons for a decision against an account, a review, or all members of a case, into a folder.

    \b
    record.html        for the file: everything, with names
    letter.html        for the person: the same grounds in plain words, and nobody else in it
    transparency.json  for the EU's DSA Transparency Database, with nothing personal in it

    Of a review, and of an account that was in no ring, the program has no evidence that could be told by
    itself: --ground says it. What no table knows (platform, contact, terms, what follows) is said under
    [statement] in ringfence.toml.
    """  # noqa: D301 - click knows a paragraph that is to stay as it is by this character
    settings = workplace.read_settings().statement
    _require_told(settings)
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} holds something already; name a folder that is new or empty")
    found = _read(workplace, any_id, "ring" if subject == "case" else subject, ground)
    content = _write_all(found, settings, language, _read_key(workplace.place_file(settings.key_file)))
    try:
        with making_folder(folder) as room:
            for name, text in content.items():
                (room / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}") from error
    if not is_quiet():
        tell(f"{', '.join(content)} in {folder}")


def _require_told(settings: StatementSettings) -> None:
    lacking = [name for name in ("platform", "contact") if not getattr(settings, name).strip()]
    lacking += [] if settings.terms.strip() or settings.law.strip() else ["terms (or law)"]
    if lacking:
        raise ConfigError(
            f"a statement has to tell who decides and by which rule; set in [statement]: {', '.join(lacking)}"
        )


def _read(workplace: Workplace, any_id: str, subject: Subject | None, ground: str) -> Statement:
    from graph.casebook.events import read_events
    from graph.casebook.fold import fold
    from graph.statements.content import prepare_statement, require_discreet

    with workplace.open_store() as store:
        store.require_whole()
        found = prepare_statement(store, fold(read_events(store.casebook.read())), any_id, subject, ground=ground)
        require_discreet(found)
        return _tell_what_carries(workplace, store, found)


def _tell_what_carries(workplace: Workplace, store: GraphStore, found: Statement) -> Statement:
    """Add the channels and the things that carry each ring, unless the evidence is no more what the run had found."""
    from cli.work import as_instant, choose_settings
    from detection.casework.facts import heed_facts, read_heard
    from detection.grounds import knock_out, knock_out_things
    from detection.risk.heard import make_heard_market

    if not found.rings:
        return replace(found, carrying={})
    as_of = as_instant(found.run.as_of)
    snapshot = heed_facts(store.snapshot(as_of=as_of), read_heard(store, as_of))
    market = make_heard_market(snapshot, choose_settings(workplace, seed=None, encoder=None, model=None))
    carrying, shared = {}, {}
    for ring in found.rings:
        members = [each.account_id for each in ring.members]
        judged = knock_out(market, members)
        if not judged.agrees_with(ring.evidence) or not judged.carrying:
            tell(_SINCE)
            return found
        carrying[ring.summary.ring_id] = judged.carrying
        shared[ring.summary.ring_id] = knock_out_things(market, members)
    return replace(found, carrying=carrying, shared=shared)


def _write_all(found: Statement, settings: StatementSettings, language: Language, key: bytes) -> Content:
    from graph.statements.telling import write_letter, write_record
    from graph.statements.transparency import fill_forms, number_statements

    forms: dict[str, Any] = {"statements": fill_forms(found, settings, key)}
    return {
        "record.html": write_record(found, settings, number_statements(found, key)),
        "letter.html": write_letter(found, settings, language),
        "transparency.json": json.dumps(forms, indent=2, sort_keys=True, ensure_ascii=True) + "\n",
    }


def _read_key(path: Path) -> bytes:
    """The secret of the numbers, made the first time; whoever loses it gets other numbers for the same decisions."""
    try:
        if not path.exists():
            _make_key(path)
        key = read_bounded(path, _LARGEST_KEY).strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"statement.key_file {path} cannot be read or made: {why}") from None
    if len(key) < _KEY_BYTES:
        raise ConfigError(f"statement.key_file {path} is too short for a secret: {_KEY_BYTES} bytes at the least")
    return key


def _make_key(path: Path) -> None:
    # For the owner alone; of two processes at one time one makes it.
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_KEY_BYTES))
    tell(f"made the secret of the numbers of statements: {path}; keep it, and keep it to yourself")


COMMANDS: dict[str, click.Command] = {"statement": statement}
