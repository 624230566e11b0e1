"""Everything known of one account, beginning with the verdict."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from graph.queries.answers import (
    AccountRecord,
    EventsSummary,
    IdentifierUse,
    LabelRecord,
    OrderLine,
    OrdersSummary,
    ReviewLine,
    ReviewsSummary,
    Tally,
)
from graph.queries.asking import (
    USED,
    Row,
    about_account,
    about_review,
    ask_page,
    count_users,
    leave_out,
)
from graph.queries.decided import read_decided
from graph.queries.former import find_former_states
from graph.queries.ids import require
from graph.queries.verdicts import VERDICT_PAGE, find_viewpoint, list_account_rings, read_flags, say_verdict
from graph.stores.protocol import GraphStore, Question
from graph.stores.shape import NODES, RELATIONSHIPS, say_returns

LATEST = 5
"""How many of the latest orders and reviews an account's page shows."""


_ORDERED = RELATIONSHIPS["ORDERED"]
_ORDER_DETAILS = [each.name for each in fields(OrderLine) if each.name in _ORDERED.properties]
_ORDER = f"DISTINCT b.account_id AS other_id, {say_returns('o', _ORDERED, _ORDER_DETAILS)}"
_TRANSFER = """DISTINCT b.account_id AS other_id, o.transfer_id AS order_id, o.amount AS amount,
o.currency AS currency, o.paid_at AS ordered_at, o.status AS status"""
_REVIEWS = "count(r) AS n, collect(r.rating) AS ratings"


def _about_dealings(side: str, way: str, line: str = _ORDER) -> dict[str, Question]:
    key, at = ("order_id", "ordered_at") if line == _ORDER else ("transfer_id", "paid_at")
    # Amounts are added up here, exactly: a store's own sum depends on the order in which it meets them.
    by_status = f"""o.status AS status, o.currency AS currency, count(DISTINCT o.{key}) AS orders,
collect(o.amount) AS amounts, min(o.{at}) AS first_at, max(o.{at}) AS last_at"""
    return {
        f"{side}_by_status": about_account(way, by_status),
        f"{side}_partners": about_account(way, "count(DISTINCT b.account_id) AS n"),
        f"{side}_latest": about_account(
            way,
            line,
            condition=f"o.{at} IS NOT NULL",
            order=f"ORDER BY ordered_at DESC, order_id LIMIT {LATEST}",
        ),
    }


_ACCOUNT_PAGE = {
    **VERDICT_PAGE,
    "labels": about_account(
        "-[l:LABELLED]->(k:Label)",
        "DISTINCT k.label AS label, l.decided_at AS decided_at, l.source AS source",
        order="ORDER BY label, decided_at, source",
    ),
    "uses": about_account(
        "-[u:USES]->(i:Identifier)",
        "i.kind AS kind, i.value AS value, i.canonical AS canonical, u.role AS role,"
        " min(u.seen_at) AS first_seen_at, max(u.seen_at) AS last_seen_at",
        order="ORDER BY kind, value, role",
    ),
    **_about_dealings("bought", "-[o:ORDERED]->(b)"),
    **_about_dealings("sold", "<-[o:ORDERED]-(b:Account)"),
    **_about_dealings("paid", "-[o:PAID]->(b:Account)", _TRANSFER),
    **_about_dealings("received", "<-[o:PAID]-(b:Account)", _TRANSFER),
    "written": about_account("-[:WROTE]->(r:Review)", _REVIEWS),
    "suspect": about_account(
        "-[:WROTE]->(r:Review)", "count(r) AS n", condition="r.tier IS NOT NULL AND r.tier <> 'clear'"
    ),
    "received": about_account("<-[:ABOUT]-(r:Review)", _REVIEWS),
    "received_items": about_account("-[:LISTED]->(:Listing)<-[:ABOUT]-(r:Review)", _REVIEWS),
    "latest_reviews": about_account(
        "-[:WROTE]->(r:Review)",
        say_returns("r", NODES["Review"], ("review_id", "rating", "reviewed_at", "suspicion", "tier")),
        condition="r.reviewed_at IS NOT NULL",
        order=f"ORDER BY reviewed_at DESC, review_id LIMIT {LATEST}",
    ),
    "events": about_account(
        "-[d:DID]->(o:`Object`)",
        "d.action AS action, count(o) AS events, count(DISTINCT o.object_key) AS objects,"
        " min(d.happened_at) AS first_at, max(d.happened_at) AS last_at",
        order="ORDER BY events DESC, action",
    ),
    "listings": about_account("-[:LISTED]->(p:Listing)", "count(DISTINCT p.product_id) AS n"),
    "referred_by": about_account(
        "<-[:REFERRED]-(b:Account)", "DISTINCT b.account_id AS account_id", order="ORDER BY account_id"
    ),
    "referred": about_account("-[:REFERRED]->(b:Account)", "count(DISTINCT b) AS n"),
}


def find_account(store: GraphStore, account_id: str, *, run_id: str | None = None) -> AccountRecord:
    """Everything known of one account, beginning with a run's verdict (the latest run's unless one is named).

    Raises
    ------
    UnknownIdError
        If the store knows no such account, or no such run; the message names the nearest one.
    """
    page = ask_page(store, _ACCOUNT_PAGE, account_id)
    row = require(store, "account", account_id, page["account"])
    flags = read_flags(page["flags"])
    row |= find_viewpoint(store, run_id).judge(row, flags)
    labels = tuple(LabelRecord(**each) for each in page["labels"])
    rings = list_account_rings(page, row["run_id"])
    return AccountRecord(
        **row,
        verdict=say_verdict(row, labels, rings, flags),
        labels=labels,
        **_find_details(store, page),
        bought=_find_dealings(page, "bought"),
        sold=_find_dealings(page, "sold"),
        paid=_find_dealings(page, "paid"),
        received=_find_dealings(page, "received"),
        events=tuple(EventsSummary(**each) for each in page["events"]),
        listings=page["listings"][0]["n"],
        referred_by=tuple(each["account_id"] for each in page["referred_by"]),
        referred=page["referred"][0]["n"],
        rings=rings,
        flags=flags,
        decisions=read_decided(store).say("account", account_id),
        former=find_former_states(store, account_id),
    )


def _find_dealings(page: Mapping[str, list[Row]], side: str) -> OrdersSummary:
    rows = page[f"{side}_by_status"]
    return OrdersSummary(
        orders=sum(row["orders"] for row in rows),
        counterparties=sum(row["n"] for row in page[f"{side}_partners"]),
        statuses=_add_up((row["status"], row["orders"]) for row in rows),
        amounts=_add_up((row["currency"], amount) for row in rows for amount in row["amounts"]),
        first_at=min((row["first_at"] for row in rows if row["first_at"]), default=None),
        last_at=max((row["last_at"] for row in rows if row["last_at"]), default=None),
        latest=tuple(OrderLine(**{"product_id": None, **row}) for row in page[f"{side}_latest"]),
    )


def _add_up(pairs: Iterable[tuple[str | None, float]]) -> tuple[Tally, ...]:
    numbers: dict[str, list[float]] = defaultdict(list)
    for name, number in pairs:
        numbers[name or ""].append(number)
    totals = {name: _sum(each) for name, each in numbers.items()}
    return tuple(Tally(name, total) for name, total in sorted(totals.items(), key=lambda item: (-item[1], item[0])))


def _sum(numbers: Sequence[float]) -> float:
    """The sum, infinite where no float can hold it: stores from before there was a limit may have such amounts."""
    try:
        return math.fsum(numbers)
    except OverflowError:
        return math.inf


_SUBJECTS = (
    about_review("-[:ABOUT]->(p:Listing)", "r.review_id AS review_id, p.product_id AS id"),
    about_review("-[:ABOUT]->(s:Account)", "r.review_id AS review_id, s.account_id AS id"),
)


def _find_details(store: GraphStore, page: Mapping[str, list[Row]]) -> dict[str, Any]:
    """What the page's own rows lead to: who else uses its things, and what its reviews are about."""
    uses, latest = page["uses"], page["latest_reviews"]
    review_ids = tuple(row["review_id"] for row in latest)
    asked = [count_users(USED, (row["canonical"] for row in uses))]
    asked += [replace(question, ids=review_ids) for question in _SUBJECTS]
    counted, *subjects = store.query_many(asked)
    sizes = {(row["channel"], row["name"]): row["n"] for row in counted}
    targets = {row["review_id"]: row["id"] for rows in reversed(subjects) for row in rows}  # an item before its seller
    return {
        "identifiers": tuple(
            IdentifierUse(
                **leave_out(row, "canonical"), others=max(0, sizes.get((row["kind"], row["canonical"]), 1) - 1)
            )
            for row in uses
        ),
        "reviews": _sum_up_reviews(
            page, tuple(ReviewLine(**row, target_id=targets.get(row["review_id"])) for row in latest)
        ),
    }


def _sum_up_reviews(page: Mapping[str, list[Row]], latest: tuple[ReviewLine, ...]) -> ReviewsSummary:
    (written,), received = page["written"], [*page["received"], *page["received_items"]]
    return ReviewsSummary(
        written=written["n"],
        mean_rating=_mean(written["ratings"]),
        flagged=page["suspect"][0]["n"],
        received=sum(row["n"] for row in received),
        mean_received=_mean([rating for row in received for rating in row["ratings"]]),
        latest=latest,
    )


def _mean(ratings: Sequence[float]) -> float | None:
    return math.fsum(ratings) / len(ratings) if ratings else None
