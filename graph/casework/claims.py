"""Who has a case: what others may not do meanwhile, unless they say that they do it all the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from graph.casebook.cases import CaseFile
from graph.casebook.events import Event
from graph.errors import CaseHeldError


def list_held(files: Iterable[CaseFile], by: str, now: datetime) -> dict[str, Event]:
    """The claims of others that stand, by case.

    Parameters
    ----------
    files
        What was said of each case.
    by
        Who asks; what is claimed under this name is no other's.
    now
        The instant, UTC.
    """
    claims = {file.case_id: file.find_holder(now) for file in files}
    return {case_id: claim for case_id, claim in claims.items() if claim is not None and claim.by != by}


def require_free(files: Iterable[CaseFile], *, by: str, now: datetime, can_insist: bool = False) -> None:
    """Make sure that nobody else has any of some cases.

    Raises
    ------
    CaseHeldError
        If somebody has; the message says who, and until when, of each.
    """
    held = list_held(files, by, now)
    if held:
        insisting = "; --anyway does it all the same, and that is recorded"
        raise CaseHeldError(f"{say_held(held)}{insisting if can_insist else ', unless it is given back before'}")


def say_held(held: Mapping[str, Event]) -> str:
    """Who has which case, and until when (UTC).

    >>> say_held({})
    ''
    """
    parts = [f"case {case_id} is with {claim.by} until {_say_until(claim)}" for case_id, claim in held.items()]
    return ", ".join(parts)


def _say_until(claim: Event) -> str:
    return f"{claim.until.astimezone(UTC):%Y-%m-%d %H:%M} (UTC)" if claim.until is not None else "it is given back"


def note_despite(files: Iterable[CaseFile], by: str, now: datetime) -> tuple[str, ...]:
    """Whose claims are passed over: what an event keeps of it."""
    return tuple(sorted({claim.by for claim in list_held(files, by, now).values()}))
