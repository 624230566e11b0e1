"""Markets of some hundred accounts for the tests of detection: a random background, and groups planted in it.

The background is honest and dull: everybody has a device, a home and a card of their own, buys a few things from a
few sellers, and reviews some of them.  Whatever is found must therefore come from what a test plants.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, fields, replace

import numpy as np
import pyarrow as pa

from detection.groups import Groups, gather_groups
from graph.model import Ints, Snapshot
from graph.results import Ring, RunResult
from graph.stores.raw_graph import RawGraph
from graph.stores.snapshots import build_snapshot

FIRST_DAY = np.datetime64("2024-01-01", "us")
N_SELLERS = 40


@dataclass
class Facts:
    """What is known of a market, by name; days count from the first of January 2024, None is unknown.

    ``accounts`` id → day of signing up; ``uses`` (account, kind, value, day); ``orders`` (buyer, seller, day, status,
    and the product where one is known);
    ``reviews`` (author, product or None, seller or None, rating or None, day); ``referrals`` (account, by);
    ``listings`` product → seller; ``statuses`` account → status; ``labels`` (account, label, day); ``events`` (account,
    object, action, day), of which an object that begins with ``text:`` is words.
    """

    accounts: dict[str, float | None] = field(default_factory=dict)
    uses: list[tuple[str, str, str, float | None]] = field(default_factory=list)
    orders: list[tuple[str | float | None, ...]] = field(default_factory=list)
    reviews: list[tuple[str, str | None, str | None, float | None, float | None]] = field(default_factory=list)
    referrals: list[tuple[str, str]] = field(default_factory=list)
    listings: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    labels: list[tuple[str, str, float | None]] = field(default_factory=list)
    events: list[tuple[str, str, str | None, float | None]] = field(default_factory=list)

    def share(self, members: Sequence[str], kind: str, value: str, *, day: float | None = 10) -> None:
        """Let members use one thing, all on the same days."""
        self.uses += [(member, kind, value, day) for member in members]

    def trade(self, pairs: Sequence[tuple[str, str]], days: Sequence[float]) -> None:
        """Let pairs trade, one day for each."""
        self.orders += [(buyer, seller, day, "completed") for (buyer, seller), day in zip(pairs, days, strict=True)]


def make_snapshot(facts: Facts, *, as_of: np.datetime64 | None = None) -> Snapshot:
    """The facts as arrays."""
    accounts, products = list(facts.accounts), list(facts.listings)
    account = {name: place for place, name in enumerate(accounts)}
    product = {name: place for place, name in enumerate(products)}
    things = list(dict.fromkeys((kind, value) for _, kind, value, _ in facts.uses))
    thing = {key: place for place, key in enumerate(things)}
    reviews = list(enumerate(facts.reviews))
    objects = list(dict.fromkeys(event[1] for event in facts.events))
    place = {key: number for number, key in enumerate(objects)}
    of_product, of_seller = [n for n, r in reviews if r[1]], [n for n, r in reviews if r[2]]
    raw = RawGraph(
        accounts=pa.table(
            {
                "account_id": _text(accounts),
                "created_at": _times(facts.accounts.values()),
                "status": _text(map(facts.statuses.get, accounts)),
            }
        ),
        identifiers=pa.table({"kind": _text(k for k, _ in things), "canonical": _text(v for _, v in things)}),
        listings=pa.table({"product_id": _text(products), "price": pa.nulls(len(products), pa.float64())}),
        reviews=pa.table(
            {
                "review_id": _text(f"r{n:06d}" for n, _ in reviews),
                "rating": pa.array([review[3] for _, review in reviews], pa.float64()),
                "reviewed_at": _times(review[4] for _, review in reviews),
                "text": pa.nulls(len(reviews), pa.string()),
            }
        ),
        uses=pa.table(
            {
                "account": _places(account[use[0]] for use in facts.uses),
                "identifier": _places(thing[use[1:3]] for use in facts.uses),
                "seen_at": _times(use[3] for use in facts.uses),
            }
        ),
        orders=pa.table(
            {
                "buyer": _places(account[order[0]] for order in facts.orders),
                "seller": _places(None if order[1] is None else account[order[1]] for order in facts.orders),
                "product_id": _text(order[4] if len(order) > 4 else None for order in facts.orders),
                "amount": pa.array([10.0] * len(facts.orders), pa.float64()),
                "ordered_at": _times(order[2] for order in facts.orders),
                "status": pa.array([order[3] for order in facts.orders], pa.string()),
            }
        ),
        listed=_pairs("account", map(account.get, facts.listings.values()), "listing", range(len(products))),
        wrote=_pairs("account", (account[r[0]] for _, r in reviews), "review", range(len(reviews))),
        about_listing=_pairs("review", of_product, "listing", (product[facts.reviews[n][1] or ""] for n in of_product)),
        about_account=_pairs("review", of_seller, "account", (account[facts.reviews[n][2] or ""] for n in of_seller)),
        referred=_pairs(
            "by", (account[by] for _, by in facts.referrals), "account", (account[a] for a, _ in facts.referrals)
        ),
        labelled=pa.table(
            {
                "account": _places(account[label[0]] for label in facts.labels),
                "label": _text(label[1] for label in facts.labels),
                "decided_at": _times(label[2] for label in facts.labels),
            }
        ),
        objects=pa.table(
            {
                "object_key": _text(each if each.startswith("text:") else f"object:{each}" for each in objects),
                "value": _text(each.removeprefix("text:") for each in objects),
            }
        ),
        did=pa.table(
            {
                "account": _places(account[event[0]] for event in facts.events),
                "object": _places(place[event[1]] for event in facts.events),
                "action": _text(event[2] for event in facts.events),
                "happened_at": _times(event[3] for event in facts.events),
            }
        ),
    )
    return build_snapshot(raw, as_of=as_of)


def make_background(seed: int = 0, *, n: int = 500) -> Facts:
    """An honest, dull market; the accounts are a0000, a0001, ...; the first forty are its sellers."""
    made = _make_background(seed, n)
    return Facts(**{part.name: copy(getattr(made, part.name)) for part in fields(made)})


@functools.cache
def _make_background(seed: int, n: int) -> Facts:
    rng = np.random.default_rng(seed)
    names = [f"a{number:04d}" for number in range(n)]
    facts = Facts({name: float(day) for name, day in zip(names, rng.uniform(0, 400, n), strict=True)})
    facts.listings = {f"p{number:03d}": names[number] for number in range(N_SELLERS)}
    for name in names:
        for kind in ("device", "address", "payment", "phone", "ip"):
            facts.uses.append((name, kind, f"{kind} of {name}", float(rng.uniform(0, 400))))
    facts.referrals = [(names[number], names[int(rng.integers(0, number))]) for number in range(N_SELLERS, n, 4)]
    for buyer, seller, day in zip(
        rng.integers(N_SELLERS, n, 2 * n), rng.integers(0, N_SELLERS, 2 * n), rng.uniform(0, 400, 2 * n), strict=True
    ):
        status = str(rng.choice(["completed", "refunded"], p=[0.97, 0.03]))
        facts.orders.append((names[buyer], names[seller], float(day), status))
        if rng.random() < 0.5:
            rating = float(rng.choice([1, 3, 4, 5], p=[0.1, 0.1, 0.2, 0.6]))
            facts.reviews.append((names[buyer], f"p{seller:03d}", None, rating, float(day) + 3))
    return facts


def pick(first: int, count: int) -> list[str]:
    """Names of background accounts that are no sellers: the 41st and so on."""
    return [f"a{number:04d}" for number in range(N_SELLERS + first, N_SELLERS + first + count)]


def share_in_chain(facts: Facts, members: Sequence[str], kind: str, *, width: int = 3) -> None:
    """Let each few neighbours in a circle share a thing, as a ring with a handful of phones does."""
    for number in range(0, len(members), width - 1):
        users = [members[(number + step) % len(members)] for step in range(width)]
        facts.share(users, kind, f"{kind} {number} of {members[0]}")


def plant_trade_ring(facts: Facts, members: Sequence[str], *, start: float = 200) -> None:
    """Trade in circles within a fortnight, from a handful of phones and cards."""
    n = len(members)
    pairs = [(members[i], members[(i + step) % n]) for step in (1, 2, 3) for i in range(n)]
    facts.trade(pairs, [start + i % 14 for i in range(len(pairs))])
    share_in_chain(facts, members, "device")
    share_in_chain(facts, [*members[::2], *members[1::2]], "payment")


def plant_opinions(facts: Facts, members: Sequence[str], seller: int, rating: float, *, start: float = 200) -> None:
    """Rate a listing, the shop, the listing again, alike within two days each, from a handful of phones and cards."""
    for number, member in enumerate(members):
        facts.reviews.append((member, f"p{seller:03d}", None, rating, start + number / 10))
        facts.reviews.append((member, None, f"a{seller:04d}", rating, start + 40 + number / 10))
        facts.reviews.append((member, f"p{seller:03d}", None, rating, start + 80 + number / 10))
    share_in_chain(facts, members, "device")
    share_in_chain(facts, [*members[::2], *members[1::2]], "payment")
    share_in_chain(facts, [*members[::3], *members[1::3], *members[2::3]], "phone")


def plant_refund_ring(facts: Facts, members: list[str], seller: str, *, start: float = 200) -> None:
    """Order from one seller and claim the money back."""
    for day in (start - 70, start, start + 70):
        facts.orders += [(member, seller, day + number / 2, "refunded") for number, member in enumerate(members)]
    share_in_chain(facts, [*members[::3], *members[1::3], *members[2::3]], "payment")
    share_in_chain(facts, members, "device")
    share_in_chain(facts, [*members[::2], *members[1::2]], "phone")


def plant_farm(facts: Facts, members: Sequence[str], *, day: float = 200) -> None:
    """Sign up within minutes, refer one another in a tree, share a handful of phones."""
    for number, member in enumerate(members):
        facts.accounts[member] = day + number / 1440
    facts.referrals += [(members[child], members[(child - 1) // 4]) for child in range(1, len(members))]
    share_in_chain(facts, members, "device")
    share_in_chain(facts, [*members[::2], *members[1::2]], "phone")


def name_products(snapshot: Snapshot) -> Snapshot:
    """The same market where every order says what was bought, so that it is a sale and no mere payment."""
    seller, product = np.unique(snapshot.product_seller, return_index=True)
    place = np.minimum(np.searchsorted(seller, snapshot.orders.seller), len(seller) - 1)
    product = np.where(seller[place] == snapshot.orders.seller, product[place], 0)
    return replace(snapshot, orders=replace(snapshot.orders, product=product))


def rename(facts: Facts, new: dict[str, str]) -> Facts:
    """The same market with other names for its accounts."""
    return Facts(
        {new[name]: day for name, day in facts.accounts.items()},
        [(new[account], kind, value, day) for account, kind, value, day in facts.uses],
        [(new[buyer], seller and new[seller], *rest) for buyer, seller, *rest in facts.orders],
        [(new[author], product, seller and new[seller], *rest) for author, product, seller, *rest in facts.reviews],
        [(new[account], new[by]) for account, by in facts.referrals],
        {product: new[seller] for product, seller in facts.listings.items()},
    )  # fmt: skip


def gather(snapshot: Snapshot, members: Sequence[str]) -> Groups:
    """The members as the only group."""
    return gather_groups([np.sort(find_rows(snapshot, members))])


def find_rows(snapshot: Snapshot, accounts: Sequence[str]) -> Ints:
    """The rows of some accounts, in the order given."""
    row = {account: place for place, account in enumerate(snapshot.account_id.tolist())}
    return np.array([row[account] for account in accounts], dtype=np.int64)


def find_members(ring: Ring) -> frozenset[str]:
    """A ring's members."""
    return frozenset(member.account_id for member in ring.members)


def find_ring_of(run: RunResult, members: Sequence[str]) -> Ring | None:
    """The ring that has more than half in common with the members (Jaccard)."""
    wanted = frozenset(members)
    for ring in run.rings:
        found = find_members(ring)
        if 2 * len(found & wanted) > len(found | wanted):
            return ring
    return None


def _text(values: object) -> pa.Array:
    return pa.array(list(values), pa.string())  # type: ignore[call-overload]


def _places(values: object) -> pa.Array:
    return pa.array(list(values), pa.int64())  # type: ignore[call-overload]


def _times(days: object) -> pa.Array:
    begin = int(FIRST_DAY.astype(np.int64))
    micros = [None if day is None else begin + int(day * 86_400e6) for day in days]  # type: ignore[attr-defined]
    return pa.array(micros, pa.timestamp("us"))


def _pairs(first: str, one: object, second: str, other: object) -> pa.Table:
    return pa.table({first: _places(one), second: _places(other)})
