"""What people read of events and transfers, told alike by a store of either kind."""

from __future__ import annotations

from collections.abc import Callable

from graph.queries.accounts import find_account
from graph.queries.answers import Share
from graph.queries.comparison import compare_accounts
from graph.queries.paths import find_path
from graph.queries.search import search
from graph.queries.timeline import Wanted, find_timeline
from graph.stores.protocol import GraphStore, LoadReport

Load = Callable[..., LoadReport]
LOOKED = [
    {"account_id": "ann", "object": "page", "action": "look", "happened_at": f"2024-03-01T00:{n:02d}:00Z", "text": ""}
    for n in range(20)
]
SENT = {"account_id": "bob", "object": "", "action": "message", "happened_at": "2024-03-02", "text": "to you all"}
PAID = {"transfer_id": "T-7", "payer_id": "ann", "payee_id": "bob", "paid_at": "2024-03-03", "amount": "2"}


def test_events_and_transfers_are_told_found_and_followed(store: GraphStore, load_on: Load) -> None:
    load_on(store, 9, {"events": [*LOOKED, SENT], "transfers": [PAID]})
    told = find_timeline(store, "ann", Wanted(what=("event", "transfer"))).moments
    assert [each.detail for each in told] == ["look 20 times, 1 thing, until 2024-03-01 00:19", "paid 2.00 to bob"]
    assert [each.detail for each in find_timeline(store, "bob", Wanted(what=("event",))).moments] == [
        'message "to you all"'
    ]
    assert [(each.action, each.events, each.objects) for each in find_account(store, "ann").events] == [("look", 20, 1)]
    hits = {
        (hit.kind, hit.id): hit.account_ids
        for text in ("t-7", "PAGE", "you all")
        for hit in search(store, text, most=9).hits
    }
    assert hits == {
        ("transfer", "T-7"): ("ann", "bob"),
        ("object", "page"): ("ann",),
        ("object", "to you all"): ("bob",),
    }
    (hop,) = find_path(store, "ann", "bob").hops
    assert hop.shares == (Share("transfer", "1 transfer", 2),)
    assert [each.name for each in compare_accounts(store, ["ann", "bob"]).in_common] == ["ann paid bob once"]
