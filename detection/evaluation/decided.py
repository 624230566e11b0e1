"""What people decided of a market, as truth to measure by; a run that is measured hears nothing of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from detection.casework.facts import heed_facts
from detection.casework.heard import Heard
from detection.decisions import choose_known
from detection.evaluation.truth import TrueVerdicts, Truth
from graph.casebook.events import Event
from graph.model import Snapshot


def hear_truth(truth: Truth, snapshot: Snapshot, heard: Heard) -> Truth:
    """A truth with what people decided besides, where it has no verdict itself.

    Parameters
    ----------
    truth
        What is known; where it has rings, and says nothing of accounts, it stays as it is: those in none are honest.
    snapshot
        For the labels that were loaded, which go before older decisions, and after newer ones.
    heard
        What people said: confirmed is bad, cleared and dismissed are not; so are the members of a dismissed ring of
        whom nobody has said anything else.
    """
    if truth.accounts is None and truth.rings:
        return truth
    accounts, reviews = _hear_accounts(snapshot, heard), _judge(heard.reviews)
    return Truth(truth.rings, truth.lookalikes, _add(truth.accounts, accounts), _add(truth.reviews, reviews))


def _hear_accounts(snapshot: Snapshot, heard: Heard) -> dict[str, bool]:
    """Whether each account that somebody decided about is bad, the weakest word first."""
    said: dict[str, bool] = {}
    for event in heard.rings.values():
        if event.word == "dismissed" and event.seen:
            said |= {member.account_id: False for member in event.seen.members}
    said |= _judge(heard.accounts)
    known = choose_known(heed_facts(snapshot, heard))
    ids = snapshot.account_id[known.row].tolist()
    return said | dict(zip(ids, known.is_fraud.tolist(), strict=True))


def _judge(said: Mapping[str, Event]) -> dict[str, bool]:
    """Whether each of those is bad; who is only watched is neither."""
    return {subject_id: event.word == "confirmed" for subject_id, event in said.items() if event.word != "watch"}


def _add(verdicts: TrueVerdicts | None, said: Mapping[str, bool]) -> TrueVerdicts | None:
    known = {} if verdicts is None else dict(zip(verdicts.subject.tolist(), verdicts.is_bad.tolist(), strict=True))
    more = {subject_id: is_bad for subject_id, is_bad in sorted(said.items()) if subject_id not in known}
    if not more:
        return verdicts
    together = known | more
    return TrueVerdicts(np.array(list(together), dtype=object), np.array(list(together.values()), dtype=bool))
