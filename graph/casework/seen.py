"""What there is to see of rings, accounts and reviews at this moment: copied into what is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from graph.casebook.events import DecidedOn, Seen, SeenEvidence, SeenMember, SeenReading
from graph.casebook.fold import State
from graph.errors import ConfigError, UnknownIdError
from graph.queries.answers import RingRecord, Subject
from graph.queries.asking import Row, about_accounts, ask, read_sentences
from graph.queries.ids import find_nearest_id, pick_nearest, say_unknown
from graph.queries.rings import find_ring
from graph.queries.runs import find_latest_run
from graph.stores.protocol import GraphStore, Question

_IN_RUN = "g.run_id AS run_id, g.ring_id AS ring_id, m.role AS role, m.bits AS bits"
_FLAG = "f.run_id AS run_id, f.score AS score, f.tier AS tier, f.reasons AS reasons"
_REVIEW = "r.review_id AS id, r.suspicion AS score, r.tier AS tier, a.account_id AS account_id"
_RINGS = "MATCH (g:Ring) WHERE g.ring_id IN $ids RETURN DISTINCT g.ring_id AS id"
SUBJECTS: tuple[DecidedOn, ...] = ("ring", "account", "review")


@dataclass(frozen=True)
class Sight:
    """What an id names, what there is to see of it, and the accounts that it is about."""

    subject: DecidedOn
    subject_id: str
    seen: Seen
    accounts: tuple[str, ...]


def look(store: GraphStore, state: State, ids: Iterable[str], subject: DecidedOn | None = None) -> dict[str, Sight]:
    """What each id names, and what the latest run says of it.

    Parameters
    ----------
    store
        Where they are.
    state
        A ring that is in no run any more, for it was dismissed, is known from what was said of it.
    ids
        Of rings, accounts or reviews.
    subject
        What they are; else whatever has such an id.

    Raises
    ------
    UnknownIdError
        If nothing has one of the ids; the message names the nearest one.
    ConfigError
        If one is the id of several things.
    """
    wanted = list(dict.fromkeys(ids))
    run = find_latest_run(store)
    run_id = run.run_id if run else None
    looked: dict[DecidedOn, dict[str, Sight]] = {
        "ring": _look_at_rings(store, state, wanted) if subject in (None, "ring") else {},
        "account": _look_at_accounts(store, wanted, run_id) if subject in (None, "account") else {},
        "review": _look_at_reviews(store, wanted, run_id) if subject in (None, "review") else {},
    }
    return {
        each: _choose(store, each, [looked[kind][each] for kind in SUBJECTS if each in looked[kind]], subject)
        for each in wanted
    }


def _choose(store: GraphStore, wanted: str, found: Sequence[Sight], subject: DecidedOn | None) -> Sight:
    if len(found) == 1:
        return found[0]
    if found:
        kinds = " and ".join(f"{'an' if each.subject == 'account' else 'a'} {each.subject}" for each in found)
        raise ConfigError(f"{wanted!r} is the id of {kinds}; say which is meant with --as {found[0].subject}")
    kinds_looked: tuple[Subject, ...] = (subject,) if subject else SUBJECTS
    near = [each for each in (find_nearest_id(store, kind, wanted) for kind in kinds_looked) if each is not None]
    raise UnknownIdError(say_unknown(subject or "ring, account or review", wanted, pick_nearest(wanted, near)))


def _look_at_rings(store: GraphStore, state: State, ids: Sequence[str]) -> dict[str, Sight]:
    found = {row["id"]: see_ring(find_ring(store, row["id"])) for row in ask(store, _RINGS, ids=list(ids))}
    said = {each: state.rings[each] for each in ids if each in state.rings and each not in found}
    for ring_id, event in said.items():
        if event.seen:
            found[ring_id] = Sight("ring", ring_id, event.seen, tuple(each.account_id for each in event.seen.members))
    return found


def see_ring(ring: RingRecord) -> Sight:
    """A ring as it is seen."""
    head = ring.summary
    seen = Seen(
        run_id=head.run_id,
        tier=head.tier,
        score=head.score,
        net_bits=head.net_bits,
        ring_kind=head.kind,
        members=tuple(SeenMember(account_id=each.account_id, role=each.role, bits=each.bits) for each in ring.members),
        evidence=tuple(SeenEvidence(**vars(each)) for each in ring.evidence),
        innocent=tuple(SeenReading(**vars(each)) for each in ring.readings),
    )
    return Sight("ring", head.ring_id, seen, tuple(each.account_id for each in ring.members))


def _look_at_accounts(store: GraphStore, ids: Sequence[str], run_id: str | None) -> dict[str, Sight]:
    account, member, flag = store.query_many(
        [
            about_accounts("", "a.account_id AS id, a.risk_score AS score, a.tier AS tier", ids),
            about_accounts("(a)-[m:MEMBER_OF]->(g:Ring)", f"a.account_id AS id, {_IN_RUN}", ids),
            about_accounts("(a)<-[:`ON`]-(f:Flag)", f"a.account_id AS id, {_FLAG}", ids),
        ]
    )
    rings, flags = _sort_by_id(member, run_id), _sort_by_id(flag, run_id)
    return {
        row["id"]: Sight("account", row["id"], _see(row, run_id, rings.get(row["id"], []), flags), (row["id"],))
        for row in account
    }


def _look_at_reviews(store: GraphStore, ids: Sequence[str], run_id: str | None) -> dict[str, Sight]:
    wanted = sorted(set(ids))
    review, flag = store.query_many(
        [
            Question("(r:Review)", "r.review_id", _REVIEW, wanted, "(r)<-[:WROTE]-(a:Account)"),
            Question("(r:Review)", "r.review_id", f"r.review_id AS id, {_FLAG}", wanted, "(r)<-[:`ON`]-(f:Flag)"),
        ]
    )
    flags = _sort_by_id(flag, run_id)
    return {row["id"]: Sight("review", row["id"], _see(row, run_id, [], flags), (row["account_id"],)) for row in review}


def _see(row: Row, run_id: str | None, rings: Sequence[Row], flags: Mapping[str, list[Row]]) -> Seen:
    return Seen(
        run_id=run_id,
        tier=row["tier"],
        score=row["score"],
        members=tuple(SeenMember(account_id=row["id"], role=each["role"], bits=each["bits"]) for each in rings),
        reasons=tuple(reason for each in flags.get(row["id"], []) for reason in read_sentences(each["reasons"])),
        ring_ids=tuple(each["ring_id"] for each in rings),
    )


def _sort_by_id(rows: Iterable[Row], run_id: str | None) -> dict[str, list[Row]]:
    """The rows of a run, by the id that they are about."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["run_id"] == run_id:
            found.setdefault(row["id"], []).append(row)
    return {each: sorted(listed, key=repr) for each, listed in found.items()}


def say_changes(before: Sight, now: Sight) -> str:
    """What is different of a ring from one moment to another, in words; empty where nothing is."""
    came, went = set(now.accounts) - set(before.accounts), set(before.accounts) - set(now.accounts)
    parts = [f"{', '.join(sorted(came))} came"] if came else []
    parts += [f"{', '.join(sorted(went))} went"] if went else []
    bits = (before.seen.net_bits or 0.0, now.seen.net_bits or 0.0)
    parts += [f"{bits[0]:.1f} bits became {bits[1]:.1f}"] if f"{bits[0]:.1f}" != f"{bits[1]:.1f}" else []
    parts += [f"{before.seen.tier} became {now.seen.tier}"] if before.seen.tier != now.seen.tier else []
    return ", ".join(parts)
