"""What runs say of accounts: the latest run's verdict, or that of an earlier one or of a run of the past."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.queries.answers import AccountRing, FlagRecord, LabelRecord, RunSummary, Verdict
from graph.queries.asking import VERDICT, Row, about_account, about_accounts, leave_out, list_fields, read_sentences
from graph.queries.runs import find_latest_run, find_stored_run
from graph.stores.protocol import GraphStore
from graph.stores.shape import NODES, say_returns

_ACCOUNT = say_returns("a", NODES["Account"], ("account_id", "created_at", *VERDICT))
_FLAGGED = "(a)<-[:`ON`]-(f:Flag)<-[:RAISED]-(u:Run)"
_PART = say_returns("g", NODES["Ring"], ("run_id", "rank", "ring_id", "kind", "score", "tier", "size"))
FLAG = f"{say_returns('f', NODES['Flag'], list_fields(FlagRecord))}, u.sequence AS sequence"
"""What is returned of a flag ``f`` that a run ``u`` raised; see :func:`read_flags`."""


VERDICT_PAGE = {
    "account": about_account(
        "",
        say_returns("a", NODES["Account"], ("account_id", "created_at", "role", "segment", "status", *VERDICT)),
    ),
    "rings": about_account(
        "-[m:MEMBER_OF]->(g:Ring)", f"{_PART}, m.role AS role, m.bits AS bits", order="ORDER BY rank"
    ),
    "parties": about_account("<-[p:INVOLVES]-(g:Ring)", f"{_PART}, p.role AS role", order="ORDER BY rank"),
    "flags": about_account("<-[:`ON`]-(f:Flag)<-[:RAISED]-(u:Run)", FLAG, order="ORDER BY sequence DESC"),
}
"""What a verdict on an account rests on."""


@dataclass(frozen=True)
class Viewpoint:
    """The run whose verdicts are asked for, None before the first, and whether it is the latest."""

    run: RunSummary | None
    is_latest: bool

    def judge(self, account: Row, flags: Sequence[FlagRecord]) -> Row:
        """The run's verdict on an account: ``run_id``, ``risk_score``, ``tier`` and ``probability``.

        A run keeps the scores of the accounts that it flagged; whom it did not flag was clear to it, unless it did not
        know the account yet.  Only the latest run's scores of all accounts are there.

        Parameters
        ----------
        account
            Its row, with the latest run's verdict and when it was created.
        flags
            The flags that runs raised on it.
        """
        if self.run is None:
            return {"run_id": None, **dict.fromkeys(VERDICT)}
        if self.is_latest:
            run_id = None if account["tier"] is None else self.run.run_id
            return {"run_id": run_id, **{name: account[name] for name in VERDICT}}
        flag = next((each for each in flags if each.run_id == self.run.run_id), None)
        if flag is not None:
            kept = {"risk_score": flag.score, "tier": flag.tier, "probability": flag.probability}
            return {"run_id": self.run.run_id, **kept}
        tier = None if _is_later(account["created_at"], self.run) else "clear"
        return {"run_id": self.run.run_id, "risk_score": None, "tier": tier, "probability": None}


def find_viewpoint(store: GraphStore, run_id: str | None = None) -> Viewpoint:
    """A run as the one whose verdicts are asked for; the latest unless one is named.

    Raises
    ------
    UnknownIdError
        If there is no such run.
    """
    latest = find_latest_run(store)
    if run_id is None or (latest is not None and latest.run_id == run_id):
        return Viewpoint(latest, is_latest=True)
    return Viewpoint(find_stored_run(store, run_id), is_latest=False)


def _is_later(created_at: datetime | None, run: RunSummary) -> bool:
    """Whether an account came after all that a run knew."""
    knew = run.as_of or run.started_at
    return created_at is not None and knew is not None and created_at > knew


_OPENINGS = {
    "automatic": "Do not deal: the evidence is certain enough to act on",
    "review": "Be careful: a person should look before you deal",
    "watch": "Watch: something is unusual, too little to act on",
    "clear": "Nothing against this account",
}


def say_verdict(
    account: Mapping[str, Any],
    labels: Sequence[LabelRecord] = (),
    rings: Sequence[AccountRing] = (),
    flags: Sequence[FlagRecord] = (),
) -> str:
    """One sentence that says whether to deal with an account."""
    parts = [_OPENINGS.get(account["tier"] or "", "Not scored yet; type: ringfence detect")]
    if account["risk_score"] is not None:
        chance = account["probability"]
        parts[0] += f" (risk {account['risk_score']:.2f}{'' if chance is None else f', probability {chance:.2f}'})"
    parts += [f"it is labelled {each.label}" for each in labels]
    parts += [_say_part(ring) for ring in rings]
    parts += [flag.action for flag in flags if flag.run_id == account["run_id"] and flag.action][:1]
    return " ".join(f"{part[0].upper()}{part[1:].rstrip('.')}." for part in parts)


def _say_part(ring: AccountRing) -> str:
    what = f"{ring.kind} ring {ring.ring_id} of {ring.size} accounts"
    return f"it is a {ring.role} of {what}" if ring.bits is None else f"it is a {ring.role} member of {what}"


def list_account_rings(page: Mapping[str, list[Row]], run_id: str | None) -> tuple[AccountRing, ...]:
    """The rings of a run on an account's page: those that it is a member of, then those that acted on or for it."""
    rows = [row for row in (*page["rings"], *page["parties"]) if row["run_id"] == run_id]
    return tuple(AccountRing(**{"bits": None, **leave_out(row, "rank", "run_id")}) for row in rows)


def read_flags(rows: Iterable[Row]) -> tuple[FlagRecord, ...]:
    """Flags from the rows of a query that returned :data:`FLAG`, in their order."""
    flags = (leave_out({**row, "reasons": read_sentences(row["reasons"])}, "sequence") for row in rows)
    return tuple(FlagRecord(**{**flag, "action": flag["action"] or ""}) for flag in flags)


def find_verdicts(store: GraphStore, account_ids: Iterable[str], *, run_id: str | None = None) -> dict[str, Verdict]:
    """A run's verdict on each of these accounts; the latest run's, unless one is named.

    Raises
    ------
    UnknownIdError
        If there is no such run.
    """
    return judge(store, account_ids, find_viewpoint(store, run_id))


def judge(store: GraphStore, account_ids: Iterable[str], view: Viewpoint) -> dict[str, Verdict]:
    """What a run says of each of these accounts; see :func:`find_verdicts`."""
    wanted = sorted(set(account_ids))
    flagged = [] if view.is_latest else wanted
    rows, raised = store.query_many([about_accounts("", _ACCOUNT, wanted), about_accounts(_FLAGGED, FLAG, flagged)])
    flags: dict[str, list[FlagRecord]] = defaultdict(list)
    for flag in read_flags(raised):
        flags[flag.subject_id].append(flag)
    judged = {row["account_id"]: view.judge(row, flags[row["account_id"]]) for row in rows}
    return {account: Verdict(*(row[name] for name in VERDICT)) for account, row in judged.items()}
