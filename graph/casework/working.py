"""What people do with cases, as events: claim, note, skip, merge, split, reopen; and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from graph.casebook.cases import CaseFile, fold_cases
from graph.casebook.fold import State
from graph.casework.cases import Case
from graph.casework.claims import note_despite, require_free
from graph.casework.deciding import Fields
from graph.errors import ConfigError, UnknownIdError
from graph.queries.asking import ask
from graph.queries.ids import find_nearest_id, pick_nearest, say_unknown
from graph.queries.rings import RING_RUNS
from graph.stores.protocol import GraphStore

LONGEST_CLAIM_HOURS = 24.0 * 366


def require_case(store: GraphStore, state: State, case_id: str) -> CaseFile:
    """What was said of a case, be it nothing yet.

    Raises
    ------
    UnknownIdError
        If no run found such a ring, and nobody made such a case; the message names the nearest one.
    """
    files = fold_cases(state)
    if case_id in files or case_id in state.rings or ask(store, RING_RUNS, ring_id=case_id):
        return files.get(case_id, CaseFile(case_id))
    near = [find_nearest_id(store, "ring", case_id), *files]
    raise UnknownIdError(say_unknown("case", case_id, pick_nearest(case_id, [each for each in near if each])))


def prepare_claim(file: CaseFile, *, by: str, hours: float, now: datetime) -> Fields:
    """What claims a case, or claims it for longer.

    Raises
    ------
    CaseHeldError
        If somebody else has it.
    ConfigError
        If it is part of another case.
    """
    require_free([file], by=by, now=now)
    if file.merged is not None:
        raise ConfigError(f"case {file.case_id} is part of case {file.merged.into}; claim that one")
    return _about(file, "claimed", by) | {"until": now + timedelta(hours=hours)}


def prepare_release(file: CaseFile, *, by: str, now: datetime) -> Fields:
    """What gives a case back.

    Raises
    ------
    ConfigError
        If one does not have it.
    """
    holder = file.find_holder(now)
    if holder is None or holder.by != by:
        raise ConfigError(f"case {file.case_id} is with {holder.by if holder else 'nobody'}, and not with {by}")
    return _about(file, "released", by)


def prepare_note(file: CaseFile, *, by: str, text: str, is_public: bool) -> Fields:
    """What notes something, for colleagues or for those whom the case is about."""
    if not text.strip():
        raise ConfigError("a note needs a text: --text 'called the seller'")
    return _about(file, "noted", by, text) | {"is_public": is_public}


def prepare_skip(file: CaseFile, *, by: str, reason: str, now: datetime) -> Fields:
    """What leaves a case to others."""
    require_free([file], by=by, now=now)
    return _about(file, "skipped", by, reason)


@dataclass(frozen=True)
class Doing:
    """Who does something with a case, why, when (UTC), and whether also where somebody else has it."""

    by: str
    reason: str
    now: datetime
    anyway: bool = False

    def require_free(self, *files: CaseFile) -> Fields:
        """What an event keeps of claims of others that are passed over.

        Raises
        ------
        CaseHeldError
            If somebody else has one of the cases, and nothing is to be done all the same.
        """
        if not self.anyway:
            require_free(files, by=self.by, now=self.now, can_insist=True)
        return {"despite": note_despite(files, self.by, self.now)}


def prepare_merge(file: CaseFile, into: CaseFile, doing: Doing) -> Fields:
    """What makes a case part of another one.

    Raises
    ------
    CaseHeldError
        If somebody else has one of them.
    ConfigError
        If they are one case already.
    """
    if file.case_id == into.case_id or file.case_id in into.parts or into.merged is not None:
        where = f", which is part of case {into.merged.into}" if into.merged is not None else ""
        raise ConfigError(f"case {file.case_id} cannot become part of case {into.case_id}{where or ', as it is'}")
    despite = doing.require_free(file, into)
    return _about(file, "merged", doing.by, doing.reason) | {"into": into.case_id} | despite


def prepare_split(case: Case, members: Sequence[str], doing: Doing) -> Fields:
    """What makes some members a case of their own.

    Raises
    ------
    CaseHeldError
        If somebody else has the case.
    UnknownIdError
        If one is no member.
    ConfigError
        If nobody would be left, or nobody go, or one went already.
    """
    there, gone = [each.account_id for each in case.members], dict(case.file.split_off)
    for member in members:
        if member in gone:
            raise ConfigError(f"{member!r} was split off case {case.case_id} before: ringfence case {gone[member]}")
        if member not in there:
            nearest = pick_nearest(member, there)
            raise UnknownIdError(say_unknown("member", member, nearest, f" in case {case.case_id!r}"))
    if not 0 < len(set(members)) < len(there):
        raise ConfigError(f"name some of the {len(there)} members of case {case.case_id}, and not all: --member ID")
    despite = doing.require_free(case.file)
    return _about(case.file, "split", doing.by, doing.reason) | {"accounts": tuple(dict.fromkeys(members))} | despite


def prepare_parting(file: CaseFile, *, by: str, reason: str) -> Fields:
    """What makes a case that was merged a case of its own again."""
    return _about(file, "reopened", by, reason)


def prepare_reopening(case: Case, *, by: str, reason: str) -> Fields:
    """What puts a case back in the queue; what was decided stands until something else is.

    Raises
    ------
    ConfigError
        If it waits already.
    """
    if case.status in ("open", "held"):
        raise ConfigError(f"case {case.case_id} is {case.status}: there is nothing to reopen")
    return _about(case.file, "reopened", by, reason)


def _about(file: CaseFile, kind: str, by: str, reason: str = "") -> Fields:
    return {"kind": kind, "subject": "ring", "subject_id": file.case_id, "by": by, "reason": reason}
