"""Why some accounts are no ring: a group that somebody names, judged as a run judges the groups that it finds.

Nothing here is searched for and nothing is written.  A named group is charged what naming it costs a search, since a
ring has to stand against that: the answer is how many bits it lacks, and what took them away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detection.evidence.judge import judge_groups
from detection.evidence.market import Market
from detection.groups import MIN_SIZE, Groups
from detection.rings.links import list_evidence, list_explanations, list_links
from detection.rings.view import RingView
from graph.errors import UnknownIdError
from graph.model import Ints
from graph.results import Evidence, InnocentReading, RingLink

_MOST_LINKS = 10


@dataclass(frozen=True)
class Step:
    """What one side of the sum comes to for a group, and, where an account is asked about, what changes with it.

    ``what`` is a channel, a habit, ``innocent`` or ``search``; the last two are taken off, and so below 0.
    """

    what: str
    bits: float
    change: float | None
    sentence: str


@dataclass(frozen=True)
class Inquiry:
    """Why some accounts are no ring, or an account is no member of one.

    ``net_bits`` would have to be above 0, or for an account the change that it brings; ``missing_bits`` are what it
    takes to get there.  ``links`` join the accounts, the strongest first, and ``heard`` are the innocent explanations.
    """

    account_ids: tuple[str, ...]
    asked: str | None
    net_bits: float
    change_bits: float | None
    missing_bits: float
    steps: tuple[Step, ...]
    heard: tuple[InnocentReading, ...]
    links: tuple[RingLink, ...]
    notes: tuple[str, ...]


def inquire(market: Market, account_ids: Sequence[str], asked: str | None = None) -> Inquiry:
    """Judge a named group, or a ring's members with an account that is none of them.

    Parameters
    ----------
    market
        The market, as a run makes it.
    account_ids
        The group, without the account that is asked about.
    asked
        An account that might have joined the group.

    Raises
    ------
    UnknownIdError
        If the market does not know one of them.
    """
    rows = _find_rows(market, [*account_ids, *([asked] if asked else [])])
    whole = _judge(market, rows)
    before = _judge(market, rows[: len(account_ids)]) if asked else None
    net = whole.net_bits
    change = net - before.net_bits if before else None
    missing = -(net if change is None else change)
    links = [each for each in list_links(whole) if asked in (None, each.account_a, each.account_b)]
    return Inquiry(
        account_ids=tuple(account_ids),
        asked=asked,
        net_bits=net,
        change_bits=change,
        missing_bits=max(0.0, missing),
        steps=_list_steps(whole, before),
        heard=list_explanations(whole),
        links=tuple(links[:_MOST_LINKS]),
        notes=_note(rows, missing, asked),
    )


def _find_rows(market: Market, account_ids: Sequence[str]) -> Ints:
    rows = {str(account): row for row, account in enumerate(market.snapshot.account_id.tolist())}
    unknown = next((each for each in account_ids if each not in rows), None)
    if unknown is not None:
        raise UnknownIdError(f"no account {unknown!r} in the market")
    return np.array([rows[each] for each in account_ids], dtype=np.int64)


def _judge(market: Market, rows: Ints) -> RingView:
    group = Groups(np.unique(rows), np.array([0, len(np.unique(rows))], dtype=np.int64))
    return RingView(judge_groups(group, market), market, 0)


def _list_steps(whole: RingView, before: RingView | None) -> tuple[Step, ...]:
    """The sum, channel by channel, and what is taken off."""
    shown = {each.channel: each for each in list_evidence(whole)}
    earlier = {each.channel: each for each in list_evidence(before)} if before else {}
    names = sorted({*shown, *earlier}, key=lambda name: (-_bits(shown, name), name))
    steps = [_weigh(name, shown, earlier if before else None) for name in names]
    for name, measure, sentence in _TAKEN_OFF:
        now = 0.0 - measure(whole)
        change = now + measure(before) if before else None
        steps.append(Step(name, now, change, sentence))
    return tuple(steps)


def _weigh(name: str, shown: dict[str, Evidence], earlier: dict[str, Evidence] | None) -> Step:
    bits = _bits(shown, name)
    change = None if earlier is None else bits - _bits(earlier, name)
    return Step(name, bits, change, shown[name].sentence if name in shown else "nothing any more")


def _bits(shown: dict[str, Evidence], name: str) -> float:
    return shown[name].bits if name in shown else 0.0


def _take_charge(view: RingView) -> float:
    return float(view.assessment.charge_bits[0])


def _take_innocent(view: RingView) -> float:
    """What the innocent explanations took off: the rest of the sum, and never below 0."""
    total = sum(float(shown.bits[0]) for shown in view.assessment.evidence.values())
    return max(0.0, total - _take_charge(view) - view.net_bits)


_TAKEN_OFF = (
    ("innocent", _take_innocent, "taken off for what is believed, which is also more common than a ring"),
    ("search", _take_charge, "charged for having looked at so many groups"),
)


def _note(rows: Ints, missing: float, asked: str | None) -> tuple[str, ...]:
    notes = []
    if len(set(rows.tolist())) < MIN_SIZE:
        notes.append(f"Two accounts are a pair: a ring has {MIN_SIZE} members at least.")
    if missing < 0 and asked is None:
        notes.append("It would stand; a run did not come upon it, found another group around it, or heard a decision.")
    if missing < 0 and asked is not None:
        notes.append("It would add something; a run keeps it in another ring, stopped before it, or heard a decision.")
    return tuple(notes)
