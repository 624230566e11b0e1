"""A run as a site in a folder: its page, one for each ring and each member, and a search; all of it, or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cli.context import Workplace
from cli.report_grounds import judge_in, meet_again
from cli.report_run import read_run_facts
from cli.report_targets import judge_targets, pick_targets
from graph.errors import ConfigError
from graph.files import making_folder
from graph.pages.account import read_account, write_account
from graph.pages.content import Asked, Judged, read_ring
from graph.pages.rendering import Site
from graph.pages.ring import write_ring
from graph.pages.run import write_run
from graph.pages.run_content import RunFacts
from graph.pages.site import HOME, MOST_RINGS, SEARCH, Plan, plan_site, write_search
from graph.queries.rings import find_ring

if TYPE_CHECKING:
    from graph.progress import Progress
    from graph.queries.answers import RingRecord
    from graph.statements.telling import Language
    from graph.stores.protocol import GraphStore

LIST = "ringfence-site.json"
"""What is written into a site: its files, each with its checksum, by which it is known again."""

_PLACE = re.compile(rf"{HOME}|{SEARCH}|(rings|accounts)/\d+\.html")
"""What a site's files are called; whatever else a list names is none of ours."""


@dataclass(frozen=True)
class SiteOrder:
    """A site that is wanted: of which run, where, in which language, and how its pages are."""

    run_id: str
    folder: Path
    language: Language
    asked: Asked


@dataclass(frozen=True)
class Written:
    """What a site has, and what was left out of it."""

    pages: int
    plan: Plan


def write_site(workplace: Workplace, store: GraphStore, order: SiteOrder, progress: Progress) -> Written:
    """Write a run as a site.

    Raises
    ------
    ConfigError
        If something lies in the folder that no site has, or it cannot be written.
    """
    require_own(order.folder)
    facts = read_run_facts(workplace, store, order.run_id, is_masked=order.asked.is_masked)
    order = replace(order, asked=replace(order.asked, run_id=facts.run.run_id))
    records = [find_ring(store, each.ring.ring_id, run_id=facts.run.run_id) for each in facts.rings[:MOST_RINGS]]
    plan = plan_site([each.ring.ring_id for each in facts.rings], _list_members(records))
    pages = _list_pages(workplace, store, order, (facts, records, plan))
    total, sums = 2 + len(plan.rings) + len(plan.accounts), dict[str, str]()
    with _replacing(order.folder) as room:
        for done, (place, text) in enumerate(pages, start=1):
            content = text.encode()
            (room / place).parent.mkdir(exist_ok=True)
            (room / place).write_bytes(content)
            sums[place] = hashlib.sha256(content).hexdigest()
            progress("writing pages", done, total)
        (room / LIST).write_text(json.dumps({"format": 1, "files": sums}, indent=1, sort_keys=True) + "\n", "utf-8")
    return Written(len(sums), plan)


def _list_members(records: Iterable[RingRecord]) -> list[tuple[str, str, str]]:
    return [(each.summary.ring_id, member.account_id, member.tier or "") for each in records for member in each.members]


def _list_pages(
    workplace: Workplace, store: GraphStore, order: SiteOrder, told: tuple[RunFacts, Sequence[RingRecord], Plan]
) -> Iterator[tuple[str, str]]:
    """Every page, with its place in the folder."""
    facts, records, plan = told
    yield HOME, write_run(facts, order.language, places=plan.rings, site=Site(HOME, SEARCH))
    yield SEARCH, write_search(facts, plan, order.language)
    market = meet_again(workplace, store, facts.run.run_id) if records else None
    verdicts = judge_targets(store, market, records) if market is not None else ()
    for record in records:
        grounds = judge_in(market, record) if market is not None else None
        judged = Judged(grounds, pick_targets(verdicts, record.summary.ring_id))
        page = read_ring(store, record.summary.ring_id, order.asked, judged=judged)
        site = plan.link_ring([each.account_id for each in record.members])
        yield plan.rings[record.summary.ring_id], write_ring(page, order.language, site)
    for member in plan.members:
        account = read_account(store, member.account_id, order.asked)
        yield plan.accounts[member.account_id], write_account(account, order.language, plan.link_account(member))


def require_own(folder: Path) -> None:
    """Make sure that nothing lies in a folder but a site as it was written.

    Raises
    ------
    ConfigError
        If something else does: it would be lost.
    """
    if not folder.is_dir() and (folder.exists() or folder.is_symlink()):
        raise ConfigError(f"{folder} is no folder; name one for the site")
    if folder.is_symlink():
        raise ConfigError(f"{folder} is a link; name the folder itself")
    inside = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    found = {path.relative_to(folder).as_posix() for path in inside}
    foreign = sorted(found - _read_list(folder) - {LIST})
    if foreign:
        raise ConfigError(f"{folder} holds {foreign[0]!r}, which is of no site; name an empty folder, or one for sites")


def _read_list(folder: Path) -> set[str]:
    """The files of the site that is in a folder; none where none is."""
    try:
        told = json.loads((folder / LIST).read_bytes())
        return {each for each in told["files"] if _PLACE.fullmatch(each)} if told["format"] == 1 else set()
    except (OSError, ValueError, KeyError, TypeError):
        return set()


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Make the site aside; it takes the place of the one before when it is complete."""
    target = Path(os.path.realpath(folder))
    before, after = (target.with_name(f".{target.name}.{when}") for when in ("before", "next"))
    is_there = (target / LIST).is_file()
    try:
        _clear(before)  # of whoever was killed
        _clear(after)
        with making_folder(after if is_there else target) as room:
            yield room
        if is_there:
            target.rename(before)
            after.rename(target)
            _clear(before)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror or error}") from error


def _clear(folder: Path) -> None:
    """Delete a site that was replaced, file by file, and nothing else."""
    if not folder.is_dir():
        return
    for place in (*_read_list(folder), LIST):
        (folder / place).unlink(missing_ok=True)
    for room in (*(path for path in folder.iterdir() if path.is_dir()), folder):
        if not any(room.iterdir()):
            room.rmdir()
