"""Groups and what is found of them, made by hand: so little that what follows can be worked out from the text.

Two groups of ten accounts' market have an account in common; of each, the first two live together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from slow_twins import find_record

from detection.channels.incidence import SharedThings
from detection.evidence.claims import Claim
from detection.evidence.group_facts import GroupFacts
from detection.evidence.measure import ChannelEvidence, SharedWithin
from detection.groups import Groups
from detection.policy import Policy

N_ACCOUNTS = 10
GROUPS = Groups(np.array([2, 3, 5, 7, 0, 3, 8]), np.array([0, 4, 7]))
"""Four members and three."""
HOUSEHOLD = np.array([0, 0, 1, 2, 3, 3, 4])
THREE_AT_HOME = Policy(household_size=3)

Row = tuple[int, Sequence[int], float, int]
"""A group, the memberships with part in a thing, its bits, and how many have part in it anywhere."""


def share(*rows: Row, things: Sequence[int] | None = None) -> SharedWithin:
    """What the members of groups share, row by row; the things are numbered in order, where they are not given."""
    group, parts, bits, users = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
    members = np.array([len(part) for part in parts], dtype=np.int64)
    return SharedWithin(
        np.array(group, dtype=np.int64),
        np.arange(len(rows)) if things is None else np.array(things),
        members,
        np.full(len(rows), 0.1),
        np.array(bits, dtype=float),
        np.array(users, dtype=np.int64) - 1,
        np.array([each for part in parts for each in part], dtype=np.int64),
        np.repeat(np.arange(len(rows)), members),
    )


def show(name: str, *bits: float) -> ChannelEvidence:
    """What a channel shows in each group."""
    one = np.ones(len(bits))
    return ChannelEvidence(name, np.array(bits), one, one)


def describe(name: str, **known: Sequence[Any]) -> Any:
    """A channel of the catalogue, of whose things so much is known."""
    return SimpleNamespace(
        name=name, record=find_record(name), **{key: np.array(value) for key, value in known.items()}
    )


def use(name: str, uses: Sequence[tuple[int, int]]) -> SharedThings:
    """A channel of the catalogue: which account uses which thing, nobody knows when."""
    account, thing = (np.array(column, dtype=np.int64) for column in zip(*uses, strict=True))
    never, plain = np.full(len(account), np.datetime64("NaT", "us")), np.zeros(int(thing.max()) + 1, dtype=np.int64)
    return SharedThings(find_record(name), account, thing, never, never, np.arange(len(plain)), plain, plain)


def gather_facts(
    within: Mapping[str, SharedWithin],
    evidence: Mapping[str, ChannelEvidence] | None = None,
    *,
    market: Mapping[str, Any] | None = None,
    inner: Any = None,
    **worked_out: Any,
) -> GroupFacts:
    """Facts about the two groups, of a market of which only what is given is known; the rest is worked out of them."""
    known: dict[str, Any] = {"policy": THREE_AT_HOME, "n_accounts": N_ACCOUNTS, "things": {}, "sellers": {}}
    whole: Any = SimpleNamespace(**known | dict(market or {}))
    facts = GroupFacts(GROUPS, evidence or {}, within, inner, whole)
    vars(facts).update(worked_out)
    return facts


def hear(explain: Callable[[Claim, GroupFacts], None], facts: GroupFacts) -> Claim:
    """What one explanation claims."""
    claim = Claim(facts)
    explain(claim, facts)
    return claim


def list_claims(claim: Claim) -> dict[str, list[float]]:
    """The bits of each thing that are claimed, by channel."""
    return {name: bits.tolist() for name, bits in claim.claimed.items()}
