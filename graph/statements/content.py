"""What a statement of reasons rests on: the decision, the rings it was made about, the run that found them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Literal

from graph.casebook.cases import fold_cases
from graph.casebook.events import Event, Seen
from graph.casebook.fold import State
from graph.casework.seen import Sight, look
from graph.errors import ConfigError, RingfenceError
from graph.queries.answers import RingRecord, RunSummary
from graph.queries.asking import about_accounts, about_review, ask
from graph.queries.rings import find_ring
from graph.queries.runs import find_stored_run
from graph.results import Evidence
from graph.stores.protocol import GraphStore

Subject = Literal["account", "ring", "review"]

_CREATED = "a.account_id AS account_id, a.created_at AS created_at"
_REVIEWED = "r.review_id AS review_id, r.reviewed_at AS reviewed_at"
_OWN_THINGS = "DISTINCT t.canonical AS canonical, t.value AS name"
_SHARERS = "DISTINCT b.account_id AS account_id"
_THINGS = """MATCH (g:Ring)<-[:MEMBER_OF]-(:Account)-[:USES]->(i:Identifier)
WHERE g.ring_id = $ring_id AND g.run_id = $run_id
RETURN DISTINCT i.canonical AS canonical, i.value AS name ORDER BY canonical, name"""


@dataclass(frozen=True)
class Decision:
    """What was decided, by whom (empty if by the program alone), when (UTC) and why.

    ``name`` is the event's id, or the run's; ``tier`` is where the program had put it by then.
    """

    name: str
    by: str
    at: datetime
    reason: str
    tier: str | None

    @property
    def is_automated(self) -> bool:
        """Whether no person took part."""
        return not self.by

    @property
    def is_proposed(self) -> bool:
        """Whether the program had brought it up."""
        return self.tier not in (None, "clear")


@dataclass(frozen=True)
class SharedFact:
    """A thing of a channel that so many members share, and what becomes of the ring's net bits without it."""

    channel: str
    what: str
    members: int
    change_bits: float

    @property
    def outcome(self) -> str:
        """What the thing does for the verdict, in words."""
        if self.change_bits < 0:
            return "yes"
        return "no, it speaks for them" if self.change_bits > 0 else "no, wholly explained"


@dataclass(frozen=True)
class Statement:
    """All that the three texts are made of.

    Attributes
    ----------
    subject, subject_id
        What was decided about.
    decision
        See :class:`Decision`.
    rings
        As the run that was decided on had found them.
    run, settings_sha256, model_sha256
        That run, the checksum of the settings that it kept, and of its model (empty without one).
    accounts
        About whom it is decided, with the day on which each account was made (of a review: on which it was written),
        where that is known.
    notes
        What was noted of these cases that may be told.
    things, sharers
        What the members use, none of which may be told to anybody; who shares something with an account in no ring.
    reasons
        Of an account, what the run had said of it, with the links without which it would not have been named.
    carrying
        By ring, the channels without which less would stand; None where nobody can say, for facts came since.
    ground
        What a person tells of the facts, in words; the only ground where there is no ring.
    shared
        By ring, what members share and what each thing does for the verdict; empty where nobody can say.
    """

    subject: Subject
    subject_id: str
    decision: Decision
    rings: tuple[RingRecord, ...]
    run: RunSummary
    settings_sha256: str
    model_sha256: str
    accounts: tuple[tuple[str, date | None], ...]
    notes: tuple[str, ...]
    things: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    carrying: Mapping[str, frozenset[str]] | None = None
    ground: str = ""
    sharers: frozenset[str] = frozenset()
    shared: Mapping[str, tuple[SharedFact, ...]] = field(default_factory=dict)

    @property
    def grounds(self) -> tuple[Evidence, ...]:
        """Everything that moves the verdict, and nothing that does not, the strongest first; else all evidence."""
        found = (each for ring in self.rings for each in ring.evidence if self.carries(ring, each.channel))
        return tuple(sorted(found, key=lambda each: -each.bits))

    def carries(self, ring: RingRecord, channel: str) -> bool:
        """Whether less of a ring would stand without a channel, as far as anybody can say."""
        return self.carrying is None or channel in self.carrying[ring.summary.ring_id]

    @property
    def others(self) -> frozenset[str]:
        """Ids of all who are in it, but for whom it is about."""
        people = {each.account_id for ring in self.rings for each in ring.members}
        people |= {each.account_id for ring in self.rings for each in ring.parties} | self.sharers
        own = {account_id for account_id, _ in self.accounts} if self.subject != "ring" else set()
        return frozenset(people - own)


def prepare_statement(
    store: GraphStore, state: State, wanted: str, subject: Subject | None = None, *, ground: str = ""
) -> Statement:
    """The reasons for what was decided about an account, a review or a case.

    Parameters
    ----------
    store, state
        What was found, and what was said.
    wanted
        The id of an account, a review, a ring, or a case that was split off.
    subject
        Which of them, where it is the id of several.
    ground
        What the person is told of the facts, in words; needed where there is no ring, whose evidence could be told.

    Raises
    ------
    UnknownIdError
        If nothing has this id, or the run that was decided on is gone.
    ConfigError
        If nothing was decided against it, or there is neither a ring nor a ground in words.
    """
    sight, event = _find_decided(store, state, wanted, subject)
    seen = sight.seen if event is None else (event.seen or sight.seen)
    run = find_stored_run(store, seen.run_id)
    decision = _read_decision(sight, event, seen, run)
    rings = tuple(find_ring(store, each, run_id=run.run_id) for each in _list_rings(sight, event, seen))
    _require_ground(wanted, rings, ground)
    return Statement(
        *(sight.subject, wanted, decision, rings, run),
        settings_sha256=hashlib.sha256((run.settings or "").encode()).hexdigest(),
        model_sha256=_read_model(run),
        accounts=tuple(_date_accounts(store, sight, _list_accounts(sight, event, state, rings))),
        notes=tuple(_list_notes(state, rings)),
        things=tuple(_list_things(store, rings, sight)),
        reasons=seen.reasons,
        ground=ground.strip(),
        sharers=frozenset() if rings else _find_sharers(store, sight),
    )


def _require_ground(wanted: str, rings: tuple[RingRecord, ...], ground: str) -> None:
    if not rings and not ground.strip():
        raise ConfigError(
            f"{wanted!r} was in no ring when it was decided about: there is no evidence here that could be told by"
            " itself; say in words what it is: --ground 'You reviewed what you had not bought.'"
        )


def _find_decided(store: GraphStore, state: State, wanted: str, subject: Subject | None) -> tuple[Sight, Event | None]:
    """What an id names, and the decision that stands on it."""
    file = fold_cases(state).get(wanted)
    if file is not None and file.source is not None and subject in (None, "ring"):
        sight = look(store, state, [file.source.subject_id], "ring")[file.source.subject_id]
        return replace(sight, accounts=file.source.accounts), file.verdict
    sight = look(store, state, [wanted], subject)[wanted]
    standing = {"account": state.accounts, "ring": state.rings, "review": state.reviews}
    return sight, standing[sight.subject].get(wanted)


def _read_model(run: RunSummary) -> str:
    """The checksum of the run's model, empty if it had none."""
    kept = json.loads(run.settings) if run.settings else {}
    return str(kept.get("model_sha256", "")) if isinstance(kept, dict) else ""


def _read_decision(sight: Sight, event: Event | None, seen: Seen, run: RunSummary) -> Decision:
    if event is not None and event.word != "confirmed":
        what = "only watched" if event.word == "watch" else event.word
        raise ConfigError(f"{sight.subject_id!r} is {what}: there is no decision against it to give reasons for")
    if event is not None:
        at = event.at.astimezone(UTC).replace(tzinfo=None)
        return Decision(event.event_id, event.by, at, event.reason, seen.tier)
    if seen.tier != "automatic" or run.finished_at is None or not _list_rings(sight, event, seen):
        raise ConfigError(
            f"nobody has decided about {sight.subject_id!r}, and the program alone decides nothing below the tier"
            f" automatic; type: ringfence decide {sight.subject_id} confirmed --reason WHY"
        )
    return Decision(run.run_id, "", run.finished_at, "", seen.tier)


def _list_rings(sight: Sight, event: Event | None, seen: Seen) -> tuple[str, ...]:
    if sight.subject == "ring":
        return (sight.subject_id,)
    if sight.subject == "review":
        return ()
    return (event.subject_id,) if event is not None and event.subject == "ring" else seen.ring_ids


def _list_accounts(sight: Sight, event: Event | None, state: State, rings: tuple[RingRecord, ...]) -> list[str]:
    if sight.subject != "ring":
        return list(sight.accounts)
    said = {account_id: told.word for account_id, told in state.accounts.items()}
    if event is not None:
        return [each for each in event.accounts if said.get(each) == "confirmed"]
    members = [each for ring in rings for each in ring.members if each.account_id in sight.accounts]
    return [each.account_id for each in members if each.account_id not in said and each.tier == "automatic"]


def _date_accounts(store: GraphStore, sight: Sight, account_ids: list[str]) -> Iterator[tuple[str, date | None]]:
    asked = [about_accounts("", _CREATED, sorted(account_ids)), replace(about_review("", _REVIEWED), ids=())]
    if sight.subject == "review":
        asked[1] = replace(asked[1], ids=(sight.subject_id,))
    rows, reviews = store.query_many(asked)
    dates = {row["account_id"]: row["created_at"] for row in rows}
    for account_id in account_ids:
        at = reviews[0]["reviewed_at"] if reviews else dates.get(account_id)
        yield account_id, None if at is None else at.date()


def _list_notes(state: State, rings: tuple[RingRecord, ...]) -> Iterator[str]:
    files = fold_cases(state)
    for ring in rings:
        file = files.get(ring.summary.ring_id)
        yield from (note.reason for note in (file.notes if file else ()) if note.is_public)


def _list_things(store: GraphStore, rings: tuple[RingRecord, ...], sight: Sight) -> Iterator[str]:
    for ring in rings:
        rows = ask(store, _THINGS, ring_id=ring.summary.ring_id, run_id=ring.summary.run_id)
        yield from (text for row in rows for text in (row["canonical"], row["name"]) if text)
    if not rings:
        (rows,) = store.query_many([about_accounts("(a)-[:USES]->(t:Identifier)", _OWN_THINGS, sight.accounts)])
        yield from (text for row in rows for text in (row["canonical"], row["name"]) if text)


def _find_sharers(store: GraphStore, sight: Sight) -> frozenset[str]:
    """Who uses something that an account uses too."""
    way = "(a)-[:USES]->(:Identifier)<-[:USES]-(b:Account)"
    (rows,) = store.query_many([about_accounts(way, _SHARERS, sight.accounts)])
    return frozenset(row["account_id"] for row in rows) - frozenset(sight.accounts)


def require_discreet(statement: Statement) -> None:
    """Make sure that what was noted to be told names nobody else, and nothing that members use.

    Raises
    ------
    RingfenceError
        If it does; the message has the place of the note, and not what it says.
    """
    names = (*sorted(statement.others), *statement.things)
    for place, note in enumerate(statement.notes, start=1):
        if any(_is_named(each, note) for each in names):
            raise RingfenceError(
                f"note {place} of those that may be told names another member, or something that members use;"
                " take it back (ringfence decide --undo EVENT) and write it without"
            )
    if any(_is_named(each, statement.ground) for each in names):
        raise RingfenceError("--ground names another account, or something that it uses; write it without")


def _is_named(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", text.casefold()) is not None


def count_members(rings: Iterable[RingRecord]) -> int:
    """How many accounts are in some rings, each once."""
    return len({member.account_id for ring in rings for member in ring.members})
