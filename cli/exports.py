"""The command ``export``: whole runs as files that other programs read, complete or not at all."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import click

from cli.context import Workplace, pass_workplace
from cli.ending import begin_work
from cli.options import run_option
from cli.output import as_plain, is_on_screen, is_quiet, is_raw, raw_option, tell, write_csv, write_out, writing_out
from cli.visible import make_json_visible, make_lines_visible
from graph.errors import ConfigError
from graph.files import replacing_file

if TYPE_CHECKING:
    from graph.stores.protocol import GraphStore

Row = dict[str, Any]
ExportFormat = Literal["csv", "json", "jsonl", "parquet", "xlsx", "graphml"]
FORMATS: tuple[ExportFormat, ...] = ("csv", "json", "jsonl", "parquet", "xlsx", "graphml")

COLUMNS: dict[str, dict[str, str]] = {
    "rings": {
        "ring_id": "string",
        "kind": "string",
        "score": "float64",
        "account_id": "string",
        "role": "string",
        "bits": "float64",
        "tier": "string",
        "size": "int64",
        "rank": "int64",
        "net_bits": "float64",
        "risk_score": "float64",
        "action": "string",
        "run_id": "string",
    },
    "accounts": {"account_id": "string", "risk_score": "float64", "tier": "string", "probability": "float64"},
    "reviews": {"review_id": "string", "account_id": "string", "suspicion": "float64", "tier": "string"},
}
"""The columns of each export, in order, with their types in Parquet; new ones come last, for who counts columns."""


@dataclass(frozen=True)
class Export:
    """What to write: the rows of one subject, and for rings the links between members."""

    subject: str
    rows: list[Row]
    links: list[Row]


@click.command(short_help="Write rings, accounts or reviews to a file.")
@click.argument("subject", type=click.Choice(list(COLUMNS)))
@click.option("--output", "-o", required=True, metavar="FILE", help="The file to write; - for stdout.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="By the file's ending otherwise.")
@run_option
@raw_option
@pass_workplace
def export(workplace: Workplace, subject: str, output: str, form: ExportFormat | None, run_id: str | None) -> None:
    """Write rings, accounts or reviews to a file, in the same order every time.

    Rings: one row per ring and member, with --format graphml a network of members and links.
    Accounts and reviews: every one of them with the latest run's score; of another run those that it
    flagged, for of the others it keeps no score.
    """
    chosen = form or _guess_format(output)
    if chosen == "graphml" and subject != "rings":
        raise click.UsageError("graphml is for rings; choose csv, json, jsonl, parquet or xlsx")
    with workplace.open_store() as store:
        store.require_whole()
        found = _read_export(store, subject, run_id, with_links=chosen == "graphml")
    if output == "-":
        _write_to_stdout(chosen, found)
        return
    with _writing_file(Path(output)) as file:
        WRITERS[chosen](file, found)
    if not is_quiet():
        tell(f"{len(found.rows):,} rows in {output}")


def _write_to_stdout(form: ExportFormat, export: Export) -> None:
    """The file's very bytes; on a screen, as a screen may be given them."""
    if not is_on_screen():
        with writing_out():
            WRITERS[form](sys.stdout.buffer, export)
        return
    if form in ("parquet", "xlsx"):
        raise click.UsageError(f"{form} is no text for a screen; name a file with --output")
    content = io.BytesIO()
    WRITERS[form](content, export)
    show = make_json_visible if form in ("json", "jsonl") else make_lines_visible
    write_out(show(content.getvalue().decode()))


def _read_export(store: GraphStore, subject: str, run_id: str | None, *, with_links: bool) -> Export:
    from graph.queries.exports import list_accounts, list_flagged, list_links, list_members, list_reviews
    from graph.queries.runs import find_latest_run, find_stored_run

    run = find_stored_run(store, run_id)
    if subject == "rings":
        links = list_links(store, run.run_id) if with_links else []
        return Export(subject, list_members(store, run.run_id, is_latest=run == find_latest_run(store)), links)
    if run != find_latest_run(store):
        return Export(subject, list_flagged(store, subject, run.run_id), [])
    return Export(subject, list_accounts(store) if subject == "accounts" else list_reviews(store), [])


def _guess_format(output: str) -> ExportFormat:
    """By the ending of a file; stdout and a file without an ending are CSV."""
    ending = "" if output == "-" else Path(output).suffix.lstrip(".").lower()
    form = next((form for form in FORMATS if form == (ending or "csv")), None)
    if form is None:
        known = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise click.UsageError(f"{output} does not end in a form that can be written; say which with --format: {known}")
    return form


@contextmanager
def _writing_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that is complete or not there; see :func:`graph.files.replacing_file`.

    Raises
    ------
    ConfigError
        If the file cannot be written there.
    """
    begin_work()
    try:
        with replacing_file(path) as file:
            yield file
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}") from error


def write_csv_rows(file: BinaryIO, export: Export) -> None:
    """CSV with a header; an empty cell where nothing is known."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
    write_csv(text, list(COLUMNS[export.subject]), export.rows, raw=is_raw())
    text.detach()


def write_json_rows(file: BinaryIO, export: Export) -> None:
    """One JSON array, one object per line."""
    lines = ",\n".join(_as_json_lines(export))
    file.write(f"[\n{lines}\n]\n".encode() if lines else b"[]\n")


def write_json_lines(file: BinaryIO, export: Export) -> None:
    """One JSON object per line."""
    file.writelines(f"{line}\n".encode() for line in _as_json_lines(export))


def _as_json_lines(export: Export) -> Iterator[str]:
    columns = COLUMNS[export.subject]
    encode = json.JSONEncoder(ensure_ascii=False, default=as_plain).encode
    return (encode({name: row[name] for name in columns}) for row in export.rows)


def write_parquet(file: BinaryIO, export: Export) -> None:
    """Parquet with the same columns and types whatever the rows hold."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = COLUMNS[export.subject]
    arrays = [pa.array([row[name] for row in export.rows], kind) for name, kind in columns.items()]
    pq.write_table(pa.Table.from_arrays(arrays, names=list(columns)), file)


def write_xlsx(file: BinaryIO, export: Export) -> None:
    """A workbook of one sheet; texts stay texts, whatever they begin with, and nothing known is an empty cell.

    Raises
    ------
    ConfigError
        If there are more rows than a sheet holds.
    """
    from datetime import datetime

    from xlsxwriter import Workbook

    if len(export.rows) >= MOST_SHEET_ROWS:
        raise ConfigError(f"a sheet holds {MOST_SHEET_ROWS:,} rows, and these are {len(export.rows):,}; choose csv")
    names = list(COLUMNS[export.subject])
    with Workbook(file, {"in_memory": True, "strings_to_urls": False}) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})  # the same rows give the same bytes
        sheet = book.add_worksheet(export.subject)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(export.rows), len(names) - 1)
        sheet.write_row(0, 0, names, book.add_format({"bold": True}))
        for place, row in enumerate(export.rows, start=1):
            for column, name in enumerate(names):
                _write_cell(sheet, place, column, row[name])


MOST_SHEET_ROWS = 1_048_576


def _write_cell(sheet: Any, row: int, column: int, value: object) -> None:
    if isinstance(value, (int, float)) and value == value:
        sheet.write_number(row, column, value)
    elif isinstance(value, str) and value:
        sheet.write_string(row, column, value)


def write_graphml(file: BinaryIO, export: Export) -> None:
    """A network: an account is a node with its rings, a link an edge with its channel and bits."""
    import networkx as nx

    network: nx.MultiGraph[str] = nx.MultiGraph()
    for row in export.rows:
        rings = [*network.nodes.get(_as_xml(row["account_id"]), {}).get("rings", "").split("\n"), row["ring_id"]]
        network.add_node(
            _as_xml(row["account_id"]),
            rings=_as_xml("\n".join(each for each in rings if each)),
            kind=row["kind"],
            role=row["role"],
            bits=float(row["bits"]),
            risk_score=float(row["risk_score"] or 0.0),
        )
    for link in export.links:
        ends = (_as_xml(link["account_a"]), _as_xml(link["account_b"]))
        texts = {name: _as_xml(link[name] or "") for name in ("ring_id", "channel", "via")}
        network.add_edge(*ends, bits=float(link["bits"]), **texts)
    nx.write_graphml_xml(network, file, prettyprint=True)


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _as_xml(text: str) -> str:
    """Write out the characters that XML cannot hold at all."""
    return _NOT_XML.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


WRITERS: dict[ExportFormat, Callable[[BinaryIO, Export], None]] = {
    "csv": write_csv_rows,
    "json": write_json_rows,
    "jsonl": write_json_lines,
    "parquet": write_parquet,
    "xlsx": write_xlsx,
    "graphml": write_graphml,
}

COMMANDS: dict[str, click.Command] = {"export": export}
