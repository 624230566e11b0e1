"""Verdicts after people were heard: who was decided about stands where a person has put him, whatever the score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from detection.casework.heard import Heard
from detection.scores import MemberVerdict, Scores
from detection.tiers import ACTIONS, CONFIRMED_ACTION
from graph.casebook.events import Event, Word
from graph.casebook.fold import say_decision
from graph.model import Ints, Snapshot
from graph.results import Flag, Overruled
from graph.vocabulary import TIERS, Tier

STANDS: Mapping[Word, Tier] = {"cleared": "clear", "dismissed": "clear", "watch": "watch", "confirmed": "automatic"}
"""The tier of an account or a review that a person has decided about."""


@dataclass(frozen=True)
class Settled:
    """Scores whose tiers and flags are what people said, and where that is not what evidence says."""

    scores: Scores
    overruled: tuple[Overruled, ...] = ()


@dataclass(frozen=True)
class _Ruling:
    """A decision on one subject, its row, and the tier that it would have without."""

    event: Event
    row: int
    score: float
    would_be: Tier

    @property
    def tier(self) -> Tier:
        return STANDS[self.event.word or "confirmed"]


_Rulings = Mapping[tuple[Literal["account", "review"], str], _Ruling]


def settle_verdicts(scores: Scores, heard: Heard, alone: Mapping[str, MemberVerdict], snapshot: Snapshot) -> Settled:
    """Put the tiers and flags of accounts and reviews where people want them; scores stay, for they tell of evidence.

    Parameters
    ----------
    scores
        Of accounts and reviews, by all else: rings without those whom none may name, barred accounts, a model.
    heard
        What people said, of accounts against whom nothing new was found.
    alone
        The verdicts on members of the rings as evidence alone has them.
    snapshot
        For rows.
    """
    accounts = _rule(heard.accounts, snapshot.account_id.tolist(), scores.account_tier, scores.account_score.tolist())
    accounts = {account_id: _add_rings(each, alone.get(account_id)) for account_id, each in accounts.items()}
    review_ids = snapshot.reviews.review_id.tolist()
    reviews = _rule(heard.reviews, review_ids, scores.review_tier, scores.review_score.tolist())
    rulings: _Rulings = {
        **{("account", each): ruling for each, ruling in sorted(accounts.items())},
        **{("review", each): ruling for each, ruling in sorted(reviews.items())},
    }
    account_tier, review_tier = scores.account_tier.copy(), scores.review_tier.copy()
    for (subject, _), ruling in rulings.items():
        (account_tier if subject == "account" else review_tier)[ruling.row] = TIERS.index(ruling.tier)
    flags = tuple(_settle_flags(scores.flags, rulings))
    settled = replace(scores, account_tier=account_tier, review_tier=review_tier, flags=flags)
    return Settled(settled, tuple(_list_overruled(rulings)))


def _rule(said: Mapping[str, Event], ids: Iterable[str], tier: Ints, score: list[float]) -> dict[str, _Ruling]:
    """The rulings on those of whom there is something said, by id."""
    rows = {each: row for row, each in enumerate(ids) if each in said} if said else {}
    return {each: _Ruling(said[each], row, score[row], TIERS[tier[row]]) for each, row in rows.items()}


def _add_rings(ruling: _Ruling, verdict: MemberVerdict | None) -> _Ruling:
    """With what the rings say that would have named it."""
    if verdict is None or TIERS.index(verdict.tier) < TIERS.index(ruling.would_be):
        return ruling
    return replace(ruling, would_be=verdict.tier, score=max(verdict.score, ruling.score))


def _settle_flags(flags: Iterable[Flag], rulings: _Rulings) -> Iterator[Flag]:
    """The flags with the decisions first among their reasons; of whom a person cleared there is none."""
    listed = list(flags)
    flagged = {(flag.subject, flag.subject_id) for flag in listed}
    for subject in ("account", "review"):
        for flag in listed:
            ruling = rulings.get((flag.subject, flag.subject_id))
            if flag.subject == subject and (ruling is None or ruling.tier != "clear"):
                yield flag if ruling is None else _put_first(flag, ruling)
        for (of, subject_id), ruling in rulings.items():
            if of == subject and ruling.tier != "clear" and (of, subject_id) not in flagged:
                yield _put_first(Flag(of, subject_id, ruling.score, ruling.tier, (), ""), ruling)


def _put_first(flag: Flag, ruling: _Ruling) -> Flag:
    action = CONFIRMED_ACTION if ruling.event.word == "confirmed" else ACTIONS[ruling.tier]
    return replace(
        flag, tier=ruling.tier, reasons=(say_decision(ruling.event, names_ring=True), *flag.reasons), action=action
    )


def _list_overruled(rulings: _Rulings) -> Iterator[Overruled]:
    for (subject, subject_id), ruling in rulings.items():
        if ruling.would_be != ruling.tier:
            shown = (ruling.tier, ruling.would_be, ruling.score)
            yield Overruled(subject, subject_id, *shown, ruling.event.event_id)
