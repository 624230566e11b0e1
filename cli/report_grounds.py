"""What carries a ring and what would free each member, from judging it once more on what is known now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from cli.context import Workplace
from cli.work import as_instant, choose_settings
from detection.casework.facts import heed_facts, read_heard
from detection.channels.catalogue import TRADE
from detection.evidence.claims import Explanation, sum_claims
from detection.evidence.judge import judge_groups
from detection.evidence.market import Market
from detection.grounds import knock_out, knock_out_things
from detection.groups import gather_groups
from detection.rings.ties import list_members
from detection.rings.view import RingView
from detection.rings.wording import describe_thing
from detection.risk.heard import make_heard_market
from graph.pages.content import Grounds
from graph.pictures.network import Tie
from graph.queries.runs import find_stored_run

if TYPE_CHECKING:
    from datetime import datetime

    from graph.queries.answers import RingRecord
    from graph.stores.protocol import GraphStore


def meet_again(workplace: Workplace, store: GraphStore, run_id: str) -> Market:
    """The market as a run looked at it."""
    as_of = as_instant(find_stored_run(store, run_id).as_of)
    snapshot = heed_facts(store.snapshot(as_of=as_of), read_heard(store, as_of))
    return make_heard_market(snapshot, choose_settings(workplace, seed=None, encoder=None, model=None))


def judge_in(market: Market, ring: RingRecord) -> Grounds | None:
    """Judge a ring again; None where the evidence is no more what its run had found."""
    members = [each.account_id for each in ring.members]
    judged = knock_out(market, members)
    if not judged.agrees_with(ring.evidence) or not judged.carrying:
        return None
    rows = np.flatnonzero(np.isin(market.snapshot.account_id, members))
    groups = gather_groups([rows])
    view = RingView(judge_groups(groups, market), market, 0)
    held = {each.account_id: each.held_by for each in list_members(view)}
    claims = {each.name: _read_claims(each, view) for each in view.assessment.explanations}
    things = knock_out_things(market, members)
    return Grounds(judged.change, things, held, claims, tuple(list_ties(view)))


def _read_claims(explanation: Explanation, view: RingView) -> dict[str, float]:
    """What an explanation accounts for of each channel."""
    told = {}
    for name, claimed in explanation.claimed.items():
        within = view.assessment.within.get(name)
        shown = view.assessment.evidence.get(name)
        told[name] = float(sum_claims(claimed, within.group if within else None, shown, 1)[0])
    return told


def list_ties(view: RingView) -> Iterator[Tie]:
    """Everything that ties the members, thing by thing and partner by partner, with its bits and since when."""
    for name in view.assessment.within:
        yield from _list_sharers(view, name)
    for name, channel in view.market.dealings.items():
        pairs, times = channel.count_among(view.members)
        each_bits = view.bits(name) / max(int(times.sum()), 1)
        ids, since = view.market.snapshot.account_id, _find_first_orders(view) if name == TRADE else {}
        for (source, target), n in zip(pairs.tolist(), times.tolist(), strict=True):
            what = f"{n} order{'s' if n > 1 else ''} from {ids[source]} to {ids[target]}"
            yield Tie(ids[source], name, what, each_bits * n, since.get((source, target)), ids[target])


def _list_sharers(view: RingView, name: str) -> Iterable[Tie]:
    within, channel, snapshot = view.assessment.within[name], view.market.things[name], view.market.snapshot
    for row in view.rows(name).tolist():
        thing = int(within.thing[row])
        what = describe_thing(channel, thing, snapshot)
        bits = float(within.bits[row] / within.members[row])
        used = channel.thing == thing
        first = dict(zip(channel.account[used].tolist(), channel.first_at[used], strict=True))
        for account in view.assessment.groups.account[within.find_sharers(row)].tolist():
            yield Tie(snapshot.account_id[account], name, what, bits, _as_time(first.get(account)))


def _find_first_orders(view: RingView) -> dict[tuple[int, int], datetime | None]:
    """By buyer and seller, when they first dealt."""
    orders = view.market.snapshot.orders
    inside = np.isin(orders.buyer, view.members) & np.isin(orders.seller, view.members)
    first: dict[tuple[int, int], datetime | None] = {}
    for place in np.flatnonzero(inside).tolist():
        at = _as_time(orders.ordered_at[place])
        pair = int(orders.buyer[place]), int(orders.seller[place])
        first[pair] = min((each for each in (first.get(pair), at) if each is not None), default=None)
    return first


def _as_time(at: np.datetime64 | None) -> datetime | None:
    if at is None or np.isnat(at):
        return None
    found: datetime = at.astype("datetime64[s]").item()
    return found
