"""Appeals: that somebody appealed, and until when that has to be answered; and what a granted one parts for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from graph.casebook.fold import State
from graph.casework.deciding import Fields, require_reason
from graph.casework.seen import Sight
from graph.errors import ConfigError
from graph.queries.asking import ask
from graph.queries.ids import check_account
from graph.stores.protocol import GraphStore

Ruling = Literal["granted", "refused"]

_THINGS = """MATCH (a:Account {account_id: $account_id})-[:MEMBER_OF]->(g:Ring)<-[:MEMBER_OF]-(b:Account)
WHERE g.run_id = $run_id AND b.account_id <> $account_id
MATCH (a)-[:USES]->(i:Identifier)<-[:USES]-(b)
RETURN DISTINCT i.kind AS kind, i.canonical AS canonical ORDER BY kind, canonical"""


@dataclass(frozen=True)
class OpenAppeal:
    """An appeal that waits for an answer, which it has to have ``until`` (UTC); ``is_overdue`` if that has passed."""

    account_id: str
    by: str
    at: datetime
    until: datetime
    is_overdue: bool


def list_appeals(state: State, now: datetime) -> list[OpenAppeal]:
    """The appeals that wait, those that have to be answered first at the top."""
    found = []
    for account_id, event in state.appeals.items():
        at, until = (each.astimezone(UTC).replace(tzinfo=None) for each in (event.at, event.until or event.at))
        found.append(OpenAppeal(account_id, event.by, at, until, is_overdue=now.replace(tzinfo=None) > until))
    return sorted(found, key=lambda each: (each.until, each.account_id))


def prepare_appeal(sight: Sight, *, by: str, text: str, days: float, now: datetime) -> Fields:
    """What says that an account appeals.

    Raises
    ------
    ConfigError
        If it says nothing.
    """
    if not text.strip():
        raise ConfigError("the appeal says nothing; name a file with what was written to you")
    require_reason(text, "the text of the appeal: ")
    told = {"kind": "appealed", "subject": "account", "subject_id": sight.subject_id, "by": by, "reason": text}
    return told | {"until": now + timedelta(days=days), "seen": sight.seen}


def prepare_ruling(
    store: GraphStore,
    state: State,
    sight: Sight,
    ruling: Ruling,
    *,
    by: str,
    reason: str,
    not_same_as: Sequence[str] = (),
) -> Fields:
    """What answers an appeal.

    A granted one clears the account, and parts it from what it has in common with the members of its rings; or, with
    ``not_same_as``, only from what it has in common with those accounts.

    Raises
    ------
    ConfigError
        If no appeal is open, or no reason is given.
    UnknownIdError
        If there is no such other account.
    """
    require_reason(reason)
    account_id = sight.subject_id
    if account_id not in state.appeals:
        raise ConfigError(
            f"no appeal of {account_id!r} waits for an answer; `ringfence appeal ID --text FILE` files one"
        )
    told: Fields = {"kind": "ruled", "subject": "account", "subject_id": account_id, "by": by, "reason": reason}
    told |= {"ruling": ruling, "seen": sight.seen}
    for other in not_same_as:
        check_account(store, other)
    if ruling == "refused" or not_same_as:
        return told | {"not_same_as": tuple(not_same_as)}
    return told | {"word": "cleared", "things": _list_things(store, sight)}


def _list_things(store: GraphStore, sight: Sight) -> tuple[tuple[str, str], ...]:
    """What an account has in common with members of its rings."""
    rows = ask(store, _THINGS, account_id=sight.subject_id, run_id=sight.seen.run_id)
    return tuple((row["kind"], row["canonical"]) for row in rows)
