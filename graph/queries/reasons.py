"""Why an account, ring or review stands where it stands, in the words stored when it was scored.

Whom a ring of fake reviews reviewed is no such word: it is looked up in the facts.
"""

from __future__ import annotations

from dataclasses import replace

from graph.errors import UnknownIdError
from graph.queries.answers import Reasons, Subject
from graph.queries.asking import about_review, ask, ask_page
from graph.queries.decided import read_decided
from graph.queries.ids import find_nearest_id, pick_nearest, say_unknown
from graph.queries.reviewed import find_reviewed, say_reviewed
from graph.queries.rings import RING_RUNS, find_ring
from graph.queries.verdicts import FLAG, VERDICT_PAGE, find_viewpoint, list_account_rings, read_flags, say_verdict
from graph.results import InnocentReading
from graph.stores.protocol import GraphStore
from graph.stores.shape import NODES, say_returns

_REVIEW_PAGE = {
    "review": about_review(
        "<-[:WROTE]-(a:Account)",
        f"{say_returns('r', NODES['Review'], ('review_id', 'suspicion', 'tier'))}, a.account_id AS account_id",
    ),
    "flags": about_review("<-[:`ON`]-(f:Flag)<-[:RAISED]-(u:Run)", FLAG, order="ORDER BY sequence DESC"),
}


def find_reasons(store: GraphStore, any_id: str, *, run_id: str | None = None) -> list[Reasons]:
    """Why an account, ring or review stands where it stands, in the words stored when it was scored.

    Several answers mean that one id names several things.

    Parameters
    ----------
    run_id
        The run whose words these are; the latest otherwise, and of a ring the latest that found it.

    Raises
    ------
    UnknownIdError
        If it names nothing, or there is no such run.
    """
    find_viewpoint(store, run_id)
    answers = [explain(store, any_id, run_id) for explain in (_explain_account, _explain_ring, _explain_review)]
    decided = read_decided(store)
    found = [
        replace(answer, sentences=(*decided.say(answer.subject, any_id), *answer.sentences))
        for answer in answers
        if answer
    ]
    if found:
        return found
    subjects: tuple[Subject, ...] = ("account", "ring", "review")
    nearest = [find_nearest_id(store, subject, any_id) for subject in subjects]
    known = [each for each in nearest if each is not None]
    raise UnknownIdError(say_unknown("account, ring or review", any_id, pick_nearest(any_id, known)))


def _explain_account(store: GraphStore, account_id: str, run_id: str | None) -> Reasons | None:
    page = ask_page(store, VERDICT_PAGE, account_id)
    if not page["account"]:
        return None
    raised = read_flags(page["flags"])
    row = page["account"][0] | find_viewpoint(store, run_id).judge(page["account"][0], raised)
    flags = [flag for flag in raised if flag.run_id == row["run_id"]]
    rings = list_account_rings(page, row["run_id"])
    sentences = tuple(reason for flag in flags for reason in flag.reasons)
    action = flags[0].action if flags else ""
    verdict = say_verdict(row, (), rings)
    return Reasons(
        subject="account",
        subject_id=account_id,
        run_id=row["run_id"],
        score=row["risk_score"],
        tier=row["tier"],
        action=action,
        sentences=(verdict, *sentences),
        probability=row["probability"],
    )


def _explain_ring(store: GraphStore, ring_id: str, run_id: str | None) -> Reasons | None:
    if not ask(store, RING_RUNS, ring_id=ring_id):
        return None
    ring = find_ring(store, ring_id, run_id=run_id)
    head = ring.summary
    charge = (
        f"{head.net_bits:.1f} bits stand after the innocent explanation and {head.charge_bits:.1f} bits for the search."
    )
    heard = tuple(_say_reading(each) for each in ring.readings)
    told = (*heard, *(each.sentence for each in ring.parties), *say_reviewed(find_reviewed(store, ring).reviewed))
    sentences = (*(each.sentence for each in ring.evidence), *told, charge)
    return Reasons("ring", ring_id, head.run_id, head.score, head.tier, head.action or "", sentences, None)


def _say_reading(reading: InnocentReading) -> str:
    return f"{'Heard and believed' if reading.won else 'Heard, not enough'}: {reading.sentence}"


def _explain_review(store: GraphStore, review_id: str, run_id: str | None) -> Reasons | None:
    page = ask_page(store, _REVIEW_PAGE, review_id)
    if not page["review"]:
        return None
    row, view = page["review"][0], find_viewpoint(store, run_id)
    flags = [flag for flag in read_flags(page["flags"]) if view.run is not None and flag.run_id == view.run.run_id]
    if not view.is_latest:  # a run keeps the scores of what it flagged
        row |= {"suspicion": flags[0].score, "tier": flags[0].tier} if flags else {"suspicion": None, "tier": None}
    run_id = flags[0].run_id if flags else run_id
    sentences = tuple(reason for flag in flags for reason in flag.reasons)
    author = f"Written by {row['account_id']}."
    action = flags[0].action if flags else ""
    return Reasons("review", review_id, run_id, row["suspicion"], row["tier"], action, (author, *sentences), None)
