"""Decisions as they come from a person: whom each touches, what it says, and what is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from graph.casebook.cases import CaseFile, fold_cases
from graph.casebook.events import LONGEST_REASON, WORDS, DecidedOn, Event, Word
from graph.casebook.fold import State, say_decision
from graph.casework.claims import note_despite, require_free, say_held
from graph.casework.seen import Sight, look, say_changes, see_ring
from graph.errors import ConfigError, StoreMovedError, UnknownIdError
from graph.queries.ids import pick_nearest, say_unknown
from graph.queries.rings import find_ring
from graph.settings import nearest_hint
from graph.stores.protocol import GraphStore

MOST_TOUCHED = 100
"""Accounts that may be decided about at once, unless it is said how many are meant."""

Fields = dict[str, Any]


@dataclass(frozen=True)
class Wish:
    """What somebody wants to decide: of which id, with which word, why, and of which members of a ring only.

    ``place`` is where it stands in a file; ``case_id`` the case of members who were split off, where that is meant.
    """

    subject_id: str
    word: str
    reason: str
    members: tuple[str, ...] = ()
    place: str = ""
    case_id: str = ""

    def require(self) -> Word:
        """The word, where it and the reason make sense.

        Raises
        ------
        ConfigError
            If they do not; the message says where.
        """
        where = f"{self.place}: " if self.place else ""
        word = next((each for each in WORDS if each == self.word), None)
        if word is None:
            hint = nearest_hint(self.word, WORDS)
            raise ConfigError(f"{where}{self.word!r} is no decision; it is one of {', '.join(WORDS)}{hint}")
        require_reason(self.reason, where)
        return word


def require_reason(reason: str, where: str = "") -> None:
    """Make sure that somebody says why.

    Raises
    ------
    ConfigError
        If there is no reason, or it is longer than anybody will read.
    """
    if not reason.strip():
        raise ConfigError(f"{where}a decision needs a reason, which somebody will ask for: --reason 'family phone'")
    if len(reason) > LONGEST_REASON:
        raise ConfigError(f"{where}a reason may have {LONGEST_REASON:,} characters, and this one has {len(reason):,}")


@dataclass(frozen=True)
class Decisions:
    """What is to be said, the accounts that it touches, and what a person should know about it."""

    events: tuple[Fields, ...]
    accounts: frozenset[str]
    remarks: tuple[str, ...] = ()

    def require_few(self, limit: int | None) -> None:
        """Make sure that as many accounts are meant.

        Raises
        ------
        ConfigError
            If there are more than may be decided about at once, and nobody has named the number.
        """
        n = len(self.accounts)
        if n > MOST_TOUCHED and limit != n:
            raise ConfigError(
                f"this decides about {n:,} accounts, more than {MOST_TOUCHED}: look with --dry-run,"
                f" and if all of them are meant say --limit {n}"
            )


@dataclass(frozen=True)
class Decider:
    """Who decides, what all of the ids name (else whatever has such an id), and whether also what others have."""

    by: str
    subject: DecidedOn | None = None
    anyway: bool = False


def prepare_decisions(store: GraphStore, state: State, wishes: Sequence[Wish], decider: Decider) -> Decisions:
    """What some decisions would say, looking at the store as it is.

    Parameters
    ----------
    store, state
        What was found, and what stands of it.
    wishes
        What is to be decided.
    decider
        Who decides.

    Raises
    ------
    UnknownIdError
        If there is no such ring, account or review, or no such member.
    ConfigError
        If a word or a reason makes no sense; nothing is said then.
    CaseHeldError
        If somebody else has one of the cases; nothing is said then either.
    """
    files, by, now = fold_cases(state), decider.by, datetime.now(UTC)
    wanted = [each for wish in wishes for each in _list_parts(wish, files)]
    words = [wish.require() for wish in wanted]
    sights = look(store, state, (wish.subject_id for wish in wanted), decider.subject)
    batch = _name_batch(state, wanted, by) if len(wanted) > 1 else None
    found = [(wish, word, sights[wish.subject_id]) for wish, word in zip(wanted, words, strict=True)]
    concerned = [_list_concerned(wish, sight, files) for wish, _, sight in found]
    if not decider.anyway:
        require_free((file for each in concerned for file in each), by=by, now=now, can_insist=True)
    drafts = [
        _draft(*each, accounts) | {"by": by, "batch": batch, "despite": note_despite(cases, by, now)}
        for each, accounts, cases in zip(found, _choose_all(found, state, files), concerned, strict=True)
    ]
    remarks = [(*_remark(wish, sight, state, files), *_remark_claim(sight, files, by)) for wish, _, sight in found]
    return Decisions(
        tuple(drafts),
        frozenset(each for wish, _, sight in found for each in _touch(wish, sight)),
        tuple(remark for each in remarks for remark in each),
    )


def _list_concerned(wish: Wish, sight: Sight, files: Mapping[str, CaseFile]) -> list[CaseFile]:
    """The cases that a verdict on a ring, or on members of it, closes or changes: those whose holder has a say."""
    if sight.subject != "ring":
        return []
    file = files.get(wish.case_id or sight.subject_id, CaseFile(sight.subject_id))
    into = file.merged.into or "" if file.merged is not None else ""
    return [file, files[into]] if into in files else [file]


def _choose_all(
    found: Sequence[tuple[Wish, Word, Sight]], state: State, files: Mapping[str, CaseFile]
) -> list[tuple[str, ...]]:
    """Whom each verdict is about: whoever is named is decided about by name, wherever in a file that stands."""
    named = {each for wish, _, sight in found for each in (wish.members or _name_account(sight))}
    kept = [named | _list_kept(sight, state).keys() | _list_split_off(sight, files) for _, _, sight in found]
    return [_choose_accounts(wish, sight, each) for (wish, _, sight), each in zip(found, kept, strict=True)]


def _draft(wish: Wish, word: Word, sight: Sight, accounts: tuple[str, ...]) -> Fields:
    return {
        "kind": "decided",
        "subject": sight.subject,
        "subject_id": sight.subject_id,
        "reason": wish.reason,
        "word": word,
        "accounts": accounts if sight.subject == "ring" else (),
        "is_whole": sight.subject == "ring" and not wish.members,
        "seen": sight.seen,
    }


def _list_parts(wish: Wish, files: Mapping[str, CaseFile]) -> list[Wish]:
    """What is to be decided of a case: of each ring that was merged into it, or of the members that were split off."""
    file = files.get(wish.subject_id)
    if file is None:
        return [wish]
    if file.source is not None:
        members = wish.members or file.source.accounts
        return [replace(wish, subject_id=file.source.subject_id, members=members, case_id=file.case_id)]
    return [wish, *(replace(wish, subject_id=each) for each in file.parts if not wish.members)]


def _name_batch(state: State, wishes: Sequence[Wish], by: str) -> str:
    """A name that no earlier batch has, be it of the same wishes."""
    return "B" + hashlib.sha256(repr((len(state.said), wishes, by)).encode("utf-8", "surrogatepass")).hexdigest()[:10]


def _touch(wish: Wish, sight: Sight) -> tuple[str, ...]:
    if sight.subject == "review":
        return ()
    return wish.members or sight.accounts


def _name_account(sight: Sight) -> tuple[str, ...]:
    return sight.accounts if sight.subject == "account" else ()


def _choose_accounts(wish: Wish, sight: Sight, kept: Set[str]) -> tuple[str, ...]:
    """Whom a verdict is about: the members that are named, or all of whom nobody has decided by themselves."""
    if wish.members and sight.subject != "ring":
        raise ConfigError(f"--member is for rings, and {wish.subject_id!r} is the id of an account or a review")
    for member in wish.members:
        if member not in sight.accounts:
            nearest = pick_nearest(member, sight.accounts)
            raise UnknownIdError(say_unknown("member", member, nearest, f" in ring {sight.subject_id!r}"))
    if wish.members:
        return tuple(dict.fromkeys(wish.members))
    return tuple(each for each in sight.accounts if each not in kept)


def _list_split_off(sight: Sight, files: Mapping[str, CaseFile]) -> set[str]:
    """The members of a ring who are a case of their own."""
    file = files.get(sight.subject_id) if sight.subject == "ring" else None
    return {account_id for account_id, _ in file.split_off} if file else set()


def _list_kept(sight: Sight, state: State) -> dict[str, Event]:
    """The members of a ring who keep what was said of each of them, whatever is said of the ring."""
    said = {each: state.accounts[each] for each in sight.accounts if each in state.accounts}
    return {account_id: event for account_id, event in said.items() if not (event.subject == "ring" and event.is_whole)}


def _remark(wish: Wish, sight: Sight, state: State, files: Mapping[str, CaseFile]) -> list[str]:
    """What a person should know who decides about the whole of a ring."""
    if sight.subject != "ring" or wish.members:
        return []
    return [
        f"{account_id} stays as it was decided: {say_decision(event, names_ring=True, longest=60)}"
        for account_id, event in _list_kept(sight, state).items()
    ] + [f"{each} is another case's, and not decided about" for each in sorted(_list_split_off(sight, files))]


def _remark_claim(sight: Sight, files: Mapping[str, CaseFile], by: str) -> list[str]:
    """What is different since the decider claimed the ring; or that somebody else has it."""
    file = files.get(sight.subject_id) if sight.subject == "ring" else None
    claim = file.find_holder(datetime.now(UTC)) if file is not None else None
    if claim is None:
        return []
    if claim.by != by:
        return [say_held({sight.subject_id: claim})]
    if claim.seen is None:
        return []
    seen = Sight("ring", sight.subject_id, claim.seen, tuple(each.account_id for each in claim.seen.members))
    changes = say_changes(seen, sight)
    return [f"ring {sight.subject_id} has changed since you claimed it: {changes}"] if changes else []


def require_unchanged(store: GraphStore, ring_id: str, run_id: str) -> None:
    """Make sure that a ring is what it was in the run that somebody looked at.

    Raises
    ------
    StoreMovedError
        If it is not; the message says what is different.
    UnknownIdError
        If that run found no such ring.
    """
    now, before = see_ring(find_ring(store, ring_id)), see_ring(find_ring(store, ring_id, run_id=run_id))
    changes = say_changes(before, now)
    if changes:
        raise StoreMovedError(
            f"ring {ring_id} is not what {run_id} showed: {changes}; look at it again, then decide with"
            f" --seen {now.seen.run_id}"
        )


def prepare_undoing(state: State, wanted: str, *, by: str, reason: str) -> Fields:
    """What takes an event, or all of a batch, back.

    Raises
    ------
    UnknownIdError
        If there is no such event or batch.
    ConfigError
        If it was taken back already, or no reason is given.
    """
    require_reason(reason)
    found = [event for event in state.said if wanted in (event.event_id, event.batch)]
    if not found:
        known = [each for event in state.said for each in (event.event_id, event.batch) if each]
        raise UnknownIdError(say_unknown("event or batch", wanted, pick_nearest(wanted, known)))
    if all(event.event_id in state.undone for event in found):
        raise ConfigError(f"{wanted} was taken back before; to take that back, name the event that did it")
    return {"kind": "undone", "subject": "event", "subject_id": wanted, "by": by, "reason": reason}
