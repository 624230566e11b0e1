"""What became of a ring or an account, in one stream: who signed up, used, ordered, reviewed and was judged when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from graph.queries.asking import USED, Row, about_accounts, ask, count_users
from graph.queries.rings import find_accounts_of
from graph.queries.views import Burst, Moment, Timeline
from graph.stores.protocol import GraphStore
from graph.vocabulary import REFUND_STATUSES

BURST_HOURS = 24
BURST_SIZE = 3
"""So many moments of one kind, of as many accounts where there are several, so near to one another, are a burst."""
MOST_TOLD = 3
"""So many deeds of one sort within a stretch of time are told one by one; of more, how many there were."""
MOST_STRETCHES = 60
"""Deeds are told day by day; where that makes more lines than this, month by month, and then year by year."""
LONGEST_WORDS = 80
"""So much of words that were sent is told."""
MOST_USERS = 50
"""What more accounts use is no thing that somebody shared."""

_WHO = "a.account_id AS account_id"
_ORDER = """o.order_id AS order_id, o.product_id AS product_id, o.amount AS amount, o.currency AS currency,
o.ordered_at AS at, o.status AS status"""
_TRANSFER = """p.transfer_id AS order_id, p.amount AS amount, p.currency AS currency, p.paid_at AS at,
p.status AS status"""
_ASKED = {
    "created": ("", f"{_WHO}, a.created_at AS at, a.status AS status"),
    "uses": (
        "(a)-[u:USES]->(i:Identifier)",
        f"{_WHO}, i.kind AS kind, i.value AS value, i.canonical AS canonical, min(u.seen_at) AS at",
    ),
    "bought": (
        "(a)-[o:ORDERED]->(b)",
        f"DISTINCT {_WHO}, b.account_id AS other_id, {_ORDER}",
    ),
    "sold": (
        "(a)<-[o:ORDERED]-(b:Account)",
        f"DISTINCT {_WHO}, b.account_id AS other_id, {_ORDER}",
    ),
    "paid": (
        "(a)-[p:PAID]->(b:Account)",
        f"DISTINCT {_WHO}, b.account_id AS other_id, {_TRANSFER}",
    ),
    "received": (
        "(a)<-[p:PAID]-(b:Account)",
        f"DISTINCT {_WHO}, b.account_id AS other_id, {_TRANSFER}",
    ),
    "item reviews": (
        "(a)-[:WROTE]->(r:Review)-[:ABOUT]->(t:Listing)",
        f"{_WHO}, r.review_id AS review_id, t.product_id AS about, r.rating AS rating, r.reviewed_at AS at",
    ),
    "seller reviews": (
        "(a)-[:WROTE]->(r:Review)-[:ABOUT]->(t:Account)",
        f"{_WHO}, r.review_id AS review_id, t.account_id AS about, r.rating AS rating, r.reviewed_at AS at",
    ),
    "events": (
        "(a)-[d:DID]->(o:`Object`)",
        f"{_WHO}, d.action AS action, d.happened_at AS at, o.object_key AS object_key, o.value AS value",
    ),
    "labels": (
        "(a)-[l:LABELLED]->(k:Label)",
        f"{_WHO}, k.label AS label, l.decided_at AS at, l.source AS source",
    ),
    "flags": (
        "(a)<-[:`ON`]-(f:Flag)<-[:RAISED]-(u:Run)",
        f"{_WHO}, f.tier AS tier, u.run_id AS run_id, u.finished_at AS at",
    ),
}
_EARLIER = """MATCH (e:Earlier) WHERE e.of_table = $of_table AND e.row_id IN $ids
RETURN e.row_id AS row_id, e.status AS status, e.label AS label, e.valid_until AS at, e.ended_as AS ended_as
ORDER BY row_id, at"""


@dataclass(frozen=True)
class Wanted:
    """Which moments: between two instants (UTC), of these kinds (all if none), and the first so many.

    A ring's members are those of the run ``run_id``.
    """

    since: datetime | None = None
    until: datetime | None = None
    what: tuple[str, ...] = ()
    most: int | None = None
    run_id: str | None = None

    def allows(self, moment: Moment) -> bool:
        """Whether a moment is one of them, however many there are."""
        at = moment.at
        in_time = at is not None and (self.since or at) <= at <= (self.until or at)
        return in_time and (not self.what or moment.what in self.what)


EVERYTHING = Wanted()


def find_timeline(store: GraphStore, subject_id: str, wanted: Wanted = EVERYTHING) -> Timeline:
    """The dated moments of an account, or of a ring's members, in their order, with bursts marked.

    Parameters
    ----------
    subject_id
        An account or a ring; a ring's members are those of the latest run that found it, unless another is wanted.
    wanted
        Which moments are told; bursts are looked for among all of them.

    Raises
    ------
    UnknownIdError
        If it is the id of neither.
    """
    accounts = find_accounts_of(store, subject_id, run_id=wanted.run_id)
    # Events may be a hundred thousand: whoever does not want them does not wait for them.
    asked = {name: each for name, each in _ASKED.items() if name != "events" or "event" in (wanted.what or ("event",))}
    questions = [about_accounts(way, returns, accounts) for way, returns in asked.values()]
    page = {"events": [], **dict(zip(asked, store.query_many(questions), strict=True))}
    told = [*_tell_facts(store, page, accounts), *_tell_changes(store, page)]
    told += _tell_decisions(store, {subject_id, *accounts})
    moments = sorted((each for each in told if each.at is not None), key=_place)
    marked, bursts = _mark_bursts(moments, several=len(accounts) > 1)
    kept = [each for each in marked if wanted.allows(each)]
    numbers = {each.burst for each in kept}
    shown = tuple(each for each in bursts if each.burst in numbers)
    return Timeline(subject_id, tuple(accounts), tuple(kept[: wanted.most]), shown, len(kept), len(told) - len(moments))


def _place(moment: Moment) -> tuple[Any, ...]:
    return moment.at, moment.what, moment.account_id, moment.detail


def _tell_facts(store: GraphStore, page: dict[str, list[Row]], accounts: Sequence[str]) -> Iterator[Moment]:
    """What the accounts did, and what was said of them."""
    inside = set(accounts)
    yield from (_tell(row, "sign-up", "signed up") for row in page["created"])
    yield from _tell_first_uses(store, page["uses"])
    for row in page["bought"]:
        whom = row["other_id"] or "the market"
        yield _tell(row, "order", f"bought {_say_order(row)} from {whom}", row["other_id"])
    for row in page["sold"]:
        if row["other_id"] not in inside:  # within a ring it was told by the buyer
            yield _tell(row, "sale", f"sold {_say_order(row)} to {row['other_id']}", row["other_id"])
    for row in page["paid"]:
        yield _tell(row, "transfer", f"paid {_say_transfer(row)} to {row['other_id']}", row["other_id"])
    for row in page["received"]:
        if row["other_id"] not in inside:
            yield _tell(row, "transfer", f"was paid {_say_transfer(row)} by {row['other_id']}", row["other_id"])
    for row in (*page["item reviews"], *page["seller reviews"]):
        rating = "" if row["rating"] is None else f", rating {row['rating']:g}"
        yield _tell(row, "review", f"reviewed {row['about']}{rating}", row["about"])
    yield from _tell_events(page["events"])
    for row in page["labels"]:
        source = f" by {row['source']}" if row["source"] else ""
        yield _tell(row, "label", f"labelled {row['label']}{source}")
    for row in page["flags"]:
        yield _tell(row, "flag", f"{row['tier']} to {row['run_id']}")


def _tell(row: Row, what: str, detail: str, other_id: str | None = None) -> Moment:
    return Moment(_as_time(row["at"]), what, row["account_id"], other_id, detail, None)


def _as_time(value: Any) -> datetime | None:
    native: datetime | None = value.to_native() if hasattr(value, "to_native") else value
    return native.astimezone(UTC).replace(tzinfo=None) if native is not None and native.tzinfo else native


def _tell_events(rows: Sequence[Row]) -> Iterator[Moment]:
    """What accounts did with objects and whom they wrote: a few one by one, many summed up by sort and day.

    Who looks at a thousand pages a day would fill the stream with nothing else.
    """
    yield from (_tell(row, "event", _say_event(row)) for row in rows if row["at"] is None)
    dated = [row | {"at": _as_time(row["at"])} for row in rows if row["at"] is not None]
    for form in ("%Y-%m-%d", "%Y-%m", "%Y"):
        sorts: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for row in dated:
            sorts[row["account_id"], row["action"] or "", f"{row['at']:{form}}"].append(row)
        if len(sorts) <= MOST_STRETCHES:
            break
    for each in sorts.values():
        each.sort(key=lambda row: (row["at"], row["object_key"]))
        if len(each) <= MOST_TOLD:
            yield from (_tell(row, "event", _say_event(row)) for row in each)
            continue
        things = len({row["object_key"] for row in each})
        until = f"{each[-1]['at']:%Y-%m-%d %H:%M}"
        what = f"{each[0]['action'] or 'something'} {len(each):,} times, {things:,} thing{'s' * (things > 1)}"
        yield _tell(each[0], "event", f"{what}, until {until}")


def _say_event(row: Row) -> str:
    said = row["value"] or ""
    words = said if len(said) <= LONGEST_WORDS else f"{said[: LONGEST_WORDS - 1]}…"
    is_text = row["object_key"].startswith("text:")
    return f"{row['action'] or 'something'} " + (f'"{words}"' if is_text else words)


def _say_order(row: Row) -> str:
    amount = "" if row["amount"] is None else f" for {_say_amount(row)}"
    return f"{row['product_id'] or row['order_id']}{amount}{_say_status(row)}"


def _say_transfer(row: Row) -> str:
    return f"{'something' if row['amount'] is None else _say_amount(row)}{_say_status(row)}"


def _say_amount(row: Row) -> str:
    return f"{row['amount']:,.2f} {row['currency'] or ''}".rstrip()


def _say_status(row: Row) -> str:
    return f" ({row['status']})" if row["status"] else ""


def _tell_first_uses(store: GraphStore, uses: Sequence[Row]) -> Iterator[Moment]:
    """The first use of each thing that somebody else uses too, but not everybody."""
    (counted,) = store.query_many([count_users(USED, (row["canonical"] for row in uses))])
    sizes = {(row["channel"], row["name"]): row["n"] for row in counted}
    first: dict[tuple[str, str, str], Row] = {}
    for row in uses:
        key = row["account_id"], row["kind"], row["canonical"]
        if 1 < sizes.get(key[1:], 1) <= MOST_USERS and _is_earlier(row, first.get(key)):
            first[key] = row
    for (_, kind, canonical), row in first.items():
        yield _tell(row, "use", f"first used {kind} {row['value']} ({sizes[(kind, canonical)]} accounts)")


def _is_earlier(row: Row, other: Row | None) -> bool:
    if other is None or row["at"] is None:
        return other is None
    return other["at"] is None or (row["at"], row["value"]) < (other["at"], other["value"])


def _tell_changes(store: GraphStore, page: dict[str, list[Row]]) -> Iterator[Moment]:
    """Each change of the status of an account, an order or a transfer, and of an account's label."""
    orders = {row["order_id"]: row for row in (*page["sold"], *page["bought"])}
    transfers = {row["order_id"]: row for row in (*page["received"], *page["paid"])}
    labels = {row["account_id"]: row for row in page["labels"]}
    accounts = {row["account_id"]: row for row in page["created"]}
    yield from _compare_states(store, "accounts", accounts, "status", "status")
    yield from _compare_states(
        store, "labels", labels | {each: labels.get(each, accounts[each]) for each in accounts}, "label", "label"
    )
    yield from _compare_states(store, "orders", orders, "status", "refund")
    yield from _compare_states(store, "transfers", transfers, "status", "refund")


_DEALINGS = {"orders": "order", "transfers": "transfer"}


def _compare_states(store: GraphStore, table: str, rows: dict[str, Row], column: str, what: str) -> Iterator[Moment]:
    earlier: dict[str, list[Row]] = defaultdict(list)
    for row in ask(store, _EARLIER, of_table=table, ids=sorted(rows)) if rows else ():
        earlier[row["row_id"]].append(row)
    for row_id, states in earlier.items():
        now = rows[row_id]
        values = [*(each[column] for each in states), now.get(column)]
        for state, before, after in zip(states, values, values[1:], strict=False):
            if before != after:
                name = f"{_DEALINGS[table]} {row_id}: " if table in _DEALINGS else ""
                detail = f"{name}{before or 'none'} became {after or 'none'}"
                kind = what if table not in _DEALINGS or (after or "").casefold() in REFUND_STATUSES else "status"
                yield Moment(_as_time(state["at"]), kind, now["account_id"], now.get("other_id"), detail, None)


def _tell_decisions(store: GraphStore, subjects: Collection[str]) -> Iterator[Moment]:
    """What people said in the casebook."""
    lines = store.casebook.read()
    if not lines:
        return
    from graph.casebook.events import read_events

    for event in read_events(lines):
        if event.subject_id in subjects:
            words = " ".join(each for each in (event.kind, event.word, f"by {event.by}: {event.reason}") if each)
            yield Moment(_as_time(event.at), "decision", event.subject_id, None, words, None)


SAID = frozenset({"flag", "decision", "label", "status"})
"""What somebody said of accounts, and no deed of theirs."""


def _mark_bursts(moments: Sequence[Moment], *, several: bool) -> tuple[list[Moment], list[Burst]]:
    """Number the bursts: within :data:`BURST_HOURS` of one another, :data:`BURST_SIZE` moments of one kind or more."""
    kinds: dict[str, list[int]] = defaultdict(list)
    for place, moment in enumerate(moments):
        kinds[moment.what].append(place)
    # What is done every day is near to one another in any case.
    dense = [places for what, places in kinds.items() if what not in ("flag", "decision", "event")]
    found = [run for places in dense for run in _list_runs(moments, places)]
    found = [run for run in found if _is_burst(moments, run, several=several)]
    found.sort(key=lambda run: run[0])
    marked, bursts = list(moments), []
    for number, run in enumerate(found, start=1):
        for place in run:
            marked[place] = replace(marked[place], burst=number)
        told = [moments[place] for place in run]
        bursts.append(
            Burst(number, told[0].what, len(told), len({each.account_id for each in told}), told[0].at, told[-1].at)
        )
    return marked, bursts


def _list_runs(moments: Sequence[Moment], places: Iterable[int]) -> Iterator[list[int]]:
    """Stretches in which each moment has :data:`BURST_SIZE` of its kind around it within the hours."""
    listed, reach = list(places), BURST_SIZE - 1
    dense: set[int] = set()
    for start in range(len(listed) - reach):
        if _gap(moments, listed[start], listed[start + reach]) <= timedelta(hours=BURST_HOURS):
            dense.update(listed[start : start + reach + 1])
    run: list[int] = []
    for place in listed:
        if run and (place not in dense or _gap(moments, run[-1], place) > timedelta(hours=BURST_HOURS)):
            yield run
            run = []
        if place in dense:
            run.append(place)
    if run:
        yield run


def _gap(moments: Sequence[Moment], one: int, other: int) -> timedelta:
    first, last = moments[one].at, moments[other].at
    return last - first if first and last else timedelta.max


def _is_burst(moments: Sequence[Moment], run: Sequence[int], *, several: bool) -> bool:
    return not several or len({moments[place].account_id for place in run}) >= BURST_SIZE
