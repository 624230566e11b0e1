"""A market made of hostile ids, each of them everything that an id can be, and a run that names them all."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Literal

import numpy as np
from hostile import HOSTILE

from graph.model import Snapshot
from graph.results import Evidence, Flag, InnocentReading, Member, Party, Ring, RingLink, RunResult
from graph.vocabulary import TIERS

CANARIES = tuple(f"canary-{number:02d}" for number in range(20))


NEXT = {each: HOSTILE[(place + 1) % len(HOSTILE)] for place, each in enumerate(HOSTILE)}


def as_word(text: str) -> str:
    """A word of the contract: lower case, no spaces around it."""
    return text.strip().lower()


AT = "2024-03-01T12:00:00Z"


Row = dict[str, str]


Subject = Literal["account", "review"]


TABLES: dict[str, list[Row]] = {
    "accounts": [{"account_id": each, "created_at": AT, "segment": each, "status": each} for each in HOSTILE]
    + [{"account_id": each, "created_at": AT, "segment": "bird", "status": "alive"} for each in CANARIES],
    "devices": [
        {"account_id": user, "device_id": each, "seen_at": AT} for each in HOSTILE for user in (each, NEXT[each])
    ]
    + [{"account_id": each, "device_id": "perch", "seen_at": ""} for each in CANARIES],
    "addresses": [{"account_id": each, "address": each, "kind": each, "seen_at": ""} for each in HOSTILE],
    "identifiers": [
        {"account_id": user, "kind": as_word(each) or "blank", "value": NEXT[each]}
        for each in HOSTILE
        for user in (each, NEXT[each])
    ]
    + [{"account_id": HOSTILE[0], "kind": kind, "value": value} for kind, value in (("a:b", "c"), ("a", "b:c"))]
    + [{"account_id": each, "kind": "account", "value": HOSTILE[0]} for each in CANARIES[:2]],
    "orders": [
        {"order_id": each, "buyer_id": each, "seller_id": NEXT[each], "product_id": each, "amount": "7.5"}
        | {"currency": each, "ordered_at": AT, "status": each}
        for each in HOSTILE
    ],
    "listings": [{"product_id": each, "seller_id": NEXT[each], "listed_at": AT, "price": "7.5"} for each in HOSTILE],
    "reviews": [
        {"review_id": each, "account_id": each, "product_id": each, "rating": "5", "reviewed_at": AT, "text": each}
        for each in HOSTILE
    ],
    "referrals": [{"account_id": each, "referred_by": NEXT[each]} for each in HOSTILE],
    "labels": [{"account_id": each, "label": "fraud", "decided_at": AT, "source": each} for each in HOSTILE],
}


def write_market(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, rows in TABLES.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), restval="")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def make_run(snapshot: Snapshot) -> RunResult:
    """A run that found a ring of each id and its next, and flagged every account and review."""
    return RunResult(
        run_id="run-1",
        settings={"note": HOSTILE[0]},
        snapshot_digest="0123abcd",
        as_of=None,
        rings=tuple(_make_ring(each) for each in HOSTILE),
        account_score=np.full(snapshot.n_accounts, 0.5),
        account_tier=np.full(snapshot.n_accounts, TIERS.index("review"), dtype=np.int64),
        review_score=np.full(len(snapshot.reviews.review_id), 0.5),
        review_tier=np.full(len(snapshot.reviews.review_id), TIERS.index("review"), dtype=np.int64),
        flags=tuple(_make_flag(kind, each) for each in HOSTILE for kind in SUBJECTS),
        notes=HOSTILE,
        vectors=np.eye(snapshot.n_accounts, 8, dtype=np.float32),
    )


SUBJECTS: tuple[Subject, ...] = ("account", "review")


def _make_flag(subject: Subject, each: str) -> Flag:
    return Flag(subject, each, 0.5, "review", (each, "x"), each, (each,))


def _make_ring(each: str) -> Ring:
    return Ring(
        ring_id=each,
        kind="trade",
        score=0.5,
        tier="review",
        net_bits=10.0,
        charge_bits=1.0,
        members=(Member(each, "core", 5.0), Member(NEXT[each], "fringe", 4.0)),
        evidence=(Evidence(each, 5.0, 1.0, 0.1, each),),
        links=(RingLink(each, NEXT[each], each, 5.0, each),),
        innocent=(InnocentReading(each, 1.0, False, each),),
        parties=(Party(CANARIES[0], "target", each),),
        action=each,
    )
