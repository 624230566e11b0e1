"""Who shares a personal thing with an account that is barred: whoever is banned comes back under another name.

One thing in common is what a household shows too, so that nobody is flagged unseen for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detection.decisions import Barred, find_barred
from detection.evidence.market import Market
from detection.rings.wording import describe_thing
from detection.scores import Scores
from detection.tiers import ACTIONS, Grounds, decide_tier
from graph.model import Ints, Snapshot
from graph.results import Flag
from graph.vocabulary import TIERS, Tier

MOST_TOLD = 3


@dataclass(frozen=True, order=True)
class _Link:
    """A thing in common with a barred account, by rows; the graver and the earlier ones first."""

    account: int
    was_there_before: bool
    other: int
    says: str


def heed_decisions(scores: Scores, market: Market) -> Scores:
    """Watch who shares with a barred account a personal thing that few have; who joined after the bar is for review.

    Scores stay as they are: they tell of evidence, and a model learns from them what was decided.

    Parameters
    ----------
    scores
        Of accounts and reviews, by evidence.
    market
        Its personal channels, labels and statuses, and the policy.  O(uses of personal things).
    """
    snapshot, barred = market.snapshot, find_barred(market.snapshot, market.policy)
    verdicts: dict[int, tuple[Tier, list[str]]] = {}
    for row in np.flatnonzero(barred.is_barred).tolist():
        said = [f"is {_say_bar(barred, snapshot, row)}"]
        verdicts[row] = decide_tier(Grounds(is_near_barred=True), market.policy), said
    for link in sorted(_list_links(market, barred)):
        grounds = Grounds(is_near_barred=True, joined_after_bar=not link.was_there_before)
        # The first link of an account is its gravest.
        verdicts.setdefault(link.account, (decide_tier(grounds, market.policy), []))[1].append(link.says)
    tier = scores.account_tier.copy()
    for row, (least, _) in verdicts.items():
        tier[row] = max(tier[row], TIERS.index(least))
    return replace(scores, account_tier=tier, flags=_raise_flags(scores, tier, verdicts, snapshot))


def _raise_flags(
    scores: Scores, tier: Ints, verdicts: Mapping[int, tuple[Tier, list[str]]], snapshot: Snapshot
) -> tuple[Flag, ...]:
    """The flags of accounts with what was decided, then those of accounts that had none, then those of reviews."""
    row_of = {snapshot.account_id[row]: row for row in verdicts}
    accounts: list[Flag] = []
    for flag in scores.flags:
        row = row_of.pop(flag.subject_id, None) if flag.subject == "account" else None
        if row is not None:
            accounts.append(_join_reasons(flag, TIERS[tier[row]], verdicts[row][1]))
        elif flag.subject == "account":
            accounts.append(flag)
    for account_id, row in sorted(row_of.items()):
        reasons, found = tuple(verdicts[row][1][:MOST_TOLD]), TIERS[tier[row]]
        accounts.append(Flag("account", account_id, float(scores.account_score[row]), found, reasons, ACTIONS[found]))
    return (*accounts, *(flag for flag in scores.flags if flag.subject != "account"))


def _join_reasons(flag: Flag, tier: Tier, said: Sequence[str]) -> Flag:
    """A flag with further reasons: first where they are why it is raised."""
    further, before = tuple(said[:MOST_TOLD]), flag.reasons
    reasons = (*before, *further) if tier == flag.tier else (*further, *before)
    return replace(flag, tier=tier, reasons=reasons, action=ACTIONS[tier])


def _list_links(market: Market, barred: Barred) -> Iterator[_Link]:
    """What accounts that are not barred have in common with those that are."""
    snapshot, is_barred = market.snapshot, barred.is_barred
    for channel in market.things.values():
        if channel.record.role != "personal":
            continue
        # What a crowd uses tells of the crowd, not of one in it.
        few = channel.popularity <= market.policy.household_size
        of_barred = is_barred[channel.account] & few[channel.thing]
        wanted = np.zeros(channel.n_things, dtype=bool)
        wanted[channel.thing[of_barred]] = True
        others = np.flatnonzero(wanted[channel.thing] & ~is_barred[channel.account])
        holders: dict[int, list[int]] = {}
        for thing, row in zip(channel.thing[of_barred].tolist(), channel.account[of_barred].tolist(), strict=True):
            holders.setdefault(thing, []).append(row)
        for account, thing in zip(channel.account[others].tolist(), channel.thing[others].tolist(), strict=True):
            named = describe_thing(channel, thing, snapshot)
            for row in holders[thing]:
                is_later = bool(snapshot.created_at[account] > barred.decided_at[row])
                says = f"shares {named} with {snapshot.account_id[row]}, which is {_say_bar(barred, snapshot, row)}"
                yield _Link(account, not is_later, row, says + (", and joined after that" if is_later else ""))


def _say_bar(barred: Barred, snapshot: Snapshot, row: int) -> str:
    """Why an account is barred, and since when if that is known."""
    if not barred.is_labelled[row]:
        return str(snapshot.account_status_names[snapshot.account_status[row]])
    at = barred.decided_at[row]
    return "labelled fraud" if np.isnat(at) else f"labelled fraud since {at.astype('datetime64[D]')}"
