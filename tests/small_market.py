"""A market small enough to know by heart, with a finished run, for the tests of the queries and the command line.

Three accounts (``ann``, ``bob``, ``cyd``) share a rare device and trade in a circle: ring ``R-1``.  The
account ``HOSTILE`` has an id that no format may stumble over, and is a fringe member.  ``dan`` is reached from
``ann`` only over ``eve``, or over the café's address, which everybody uses.  Every function takes another
id for the hostile one, for examples that people read.
"""

from __future__ import annotations

import atexit
import csv
import dataclasses
import functools
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from graph.contract.tables import read_folder
from graph.model import Snapshot
from graph.open import open_store
from graph.results import Evidence, Flag, InnocentReading, Member, Party, Ring, RingLink, RunResult
from graph.settings import Settings
from graph.stores.location import Server
from graph.stores.protocol import GraphStore
from graph.vocabulary import TIERS

HOSTILE = 'o\'Hara "[bold]"; DROP\n=1+1,\t🦊'
"""Quotes, a line break, markup, a formula, a comma, a tab and an emoji."""

FRIENDS = ("ann", "bob", "cyd", "dan", "eve", HOSTILE)
CROWD = tuple(f"guest-{number:02d}" for number in range(60))

Rows = Sequence[Mapping[str, object]]
TABLES: dict[str, Rows] = {
    "accounts": [
        {"account_id": each, "created_at": f"2024-01-0{number}T10:00:00Z", "role": "both", "status": "active"}
        for number, each in enumerate(FRIENDS, start=1)
    ]
    + [{"account_id": each, "created_at": "", "role": "", "status": ""} for each in CROWD],
    "devices": [
        {"account_id": each, "device_id": "phone-7", "seen_at": "2024-02-01T00:00:00Z"}
        for each in ("ann", "bob", "cyd")
    ]
    + [{"account_id": each, "device_id": "tablet 'x'", "seen_at": ""} for each in (HOSTILE, "cyd")]
    + [{"account_id": each, "device_id": "laptop-3", "seen_at": ""} for each in ("eve", "dan")],
    "addresses": [
        {"account_id": each, "address_id": "café", "kind": "shipping", "seen_at": ""} for each in (*CROWD, "ann", "dan")
    ],
    "orders": [
        {"order_id": f"o{number}", "buyer_id": buyer, "seller_id": seller, "amount": f"{amount}", "currency": "EUR"}
        | {"product_id": "p1", "ordered_at": f"2024-03-0{number}T12:00:00Z", "status": status}
        for number, (buyer, seller, amount, status) in enumerate(
            [
                ("ann", "bob", 20.0, "completed"),
                ("bob", "cyd", 20.5, "completed"),
                ("cyd", "ann", 21.0, "refunded"),
                ("ann", HOSTILE, 5.0, "completed"),
                ("ann", "eve", 7.0, "completed"),
                ("dan", "", 9.0, "completed"),
            ],
            start=1,
        )
    ],
    "listings": [{"product_id": "p1", "seller_id": "bob", "listed_at": "2024-01-05T00:00:00Z", "price": "20"}],
    "reviews": [
        {"review_id": review, "account_id": author, "product_id": "p1", "rating": "5", "reviewed_at": day, "text": ""}
        for review, author, day in (
            ("rev-1", "ann", "2024-03-08T00:00:00Z"),
            ("rev-2", "cyd", "2024-03-08T01:00:00Z"),
            (f"rev {HOSTILE}", HOSTILE, "2024-03-09T00:00:00Z"),
        )
    ],
    "referrals": [{"account_id": "bob", "referred_by": "ann"}],
    "labels": [{"account_id": "cyd", "label": "fraud", "decided_at": "2024-03-20T00:00:00Z", "source": "charge-back"}],
}

RINGS = (
    Ring(
        ring_id="R-1",
        kind="trade",
        score=0.93,
        tier="automatic",
        net_bits=41.5,
        charge_bits=12.25,
        members=(Member("ann", "core", 22.0), Member("bob", "core", 19.5), Member("cyd", "core", 18.0))
        + (Member(HOSTILE, "fringe", 4.0),),
        evidence=(
            Evidence("device", 31.0, 3, 0.01, "3 accounts share a device that nobody else uses."),
            Evidence("trade", 22.75, 3, 0.2, "They trade in a circle: 3 orders where chance expects 0.2."),
        ),
        links=(
            RingLink("ann", "bob", "device", 12.0, "device phone-7"),
            RingLink("bob", "cyd", "device", 12.0, "device phone-7"),
            RingLink("ann", HOSTILE, "trade", 4.0, "1 order"),
        ),
        innocent=(
            InnocentReading("household", 8.5, False, "A household shares devices, but does not trade in circles."),
        ),
        parties=(Party("eve", "target", "Sold to the ring once."),),
        action="Hold payouts and open a case.",
        false_discovery=0.004,
    ),
    Ring(
        ring_id=f"R-2 {HOSTILE}",
        kind="farm",
        score=0.41,
        tier="watch",
        net_bits=6.0,
        charge_bits=9.0,
        members=(Member("dan", "core", 6.0), Member("eve", "core", 6.0)),
        evidence=(Evidence("device", 15.0, 1, 0.1, "2 accounts share a laptop."),),
        links=(RingLink("dan", "eve", "device", 6.0, "device laptop-3"),),
        innocent=(InnocentReading("household", 14.0, True, "Two people of one household share a laptop."),),
        action="Watch.",
        false_discovery=0.31,
    ),
)
SCORES = {"ann": 0.93, "bob": 0.91, "cyd": 0.9, HOSTILE: 0.55, "dan": 0.2, "eve": 0.2}
FLAGS = (
    Flag(
        "account",
        "ann",
        0.93,
        "automatic",
        ("Core of trade ring R-1.", "Shares phone-7 with bob and cyd."),
        "Hold.",
        ("R-1",),
    ),
    Flag("account", HOSTILE, 0.55, "review", ("Fringe of trade ring R-1.",), "Look at it.", ("R-1",)),
    Flag("review", "rev-1", 0.8, "review", ("Written by a member of ring R-1 on its own product.",), "Hide.", ("R-1",)),
)


def write_tables(folder: Path, *, odd_id: str = HOSTILE) -> Path:
    """Write the market as CSV files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in TABLES.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(rows[0])
            writer.writerows(rename(tuple(row.values()), odd_id) for row in rows)
    return folder


NEWCOMERS = {
    "accounts": "account_id,created_at,role\nabe,2024-03-30T00:00:00Z,both\nzoë,,\n",
    "devices": "account_id,device_id,seen_at\nabe,phone-7,2024-03-30T00:00:00Z\nzoë,new phone,\nabe,new phone,\n",
    "addresses": "account_id,address_id,kind\nabe,café,shipping\n",
    "orders": "order_id,buyer_id,seller_id,product_id,amount,ordered_at\no90,abe,eve,p1,5.5,2024-03-31T00:00:00Z\n",
    "referrals": "account_id,referred_by\nzoë,dan\n",
}
"""Two accounts that the market does not know: one with a device of ring ``R-1``, one that a known account referred."""


def write_newcomers(folder: Path) -> Path:
    """Write the newcomers as CSV files."""
    folder.mkdir(parents=True)
    for name, text in NEWCOMERS.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    return folder


def rename(value: Any, odd_id: str) -> Any:
    """Put another id in the place of the hostile one, however deep."""
    if isinstance(value, str):
        return value.replace(HOSTILE, odd_id)
    if isinstance(value, tuple):
        return tuple(rename(each, odd_id) for each in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field.name for field in dataclasses.fields(value))
        return dataclasses.replace(value, **{name: rename(getattr(value, name), odd_id) for name in fields})
    return value


def make_run(snapshot: Snapshot, *, run_id: str = "run-1", odd_id: str = HOSTILE) -> RunResult:
    """The run's results as a detector would hand them over."""
    scores = {rename(account, odd_id): score for account, score in SCORES.items()}
    score = np.array([scores.get(each, 0.05) for each in snapshot.account_id])
    suspicion = np.where(snapshot.reviews.review_id == "rev-1", 0.8, 0.1)
    return RunResult(
        run_id=run_id,
        settings={"seed": 7},
        snapshot_digest="0123abcd",
        as_of=np.datetime64("2024-04-01T00:00:00", "us"),
        rings=rename(RINGS, odd_id),
        account_score=score,
        account_tier=np.array([_find_tier(each) for each in score], dtype=np.int64),
        review_score=suspicion,
        review_tier=np.array([_find_tier(each) for each in suspicion], dtype=np.int64),
        flags=rename(FLAGS, odd_id),
        notes=("No phone numbers were loaded; that channel is silent.",),
    )


def _find_tier(score: float) -> int:
    return TIERS.index(
        "automatic" if score >= 0.9 else "review" if score >= 0.5 else "watch" if score >= 0.2 else "clear"
    )


def make_loaded_store(location: Path | Server, tables: Path) -> None:
    """A store with the market's tables and no run; where it is a folder, made once in a process, and copied."""
    if isinstance(location, Path) and not location.exists():
        content = tuple((path.name, path.read_bytes()) for path in sorted(tables.iterdir()))
        shutil.copytree(_load_once(content), location)
        return
    with _open(location) as store:
        store.load(read_folder(tables, Settings()))


@functools.cache
def _load_once(content: tuple[tuple[str, bytes], ...]) -> Path:
    folder = _make_room()
    (folder / "tables").mkdir()
    for name, text in content:
        (folder / "tables" / name).write_bytes(text)
    with _open(folder / "store") as store:
        store.load(read_folder(folder / "tables", Settings()))
    return folder / "store"


def add_run(location: Path | Server, *, run_id: str = "run-1", odd_id: str = HOSTILE) -> None:
    """Write a run that finished at a known time."""
    with _open(location) as store:
        snapshot = store.snapshot()
        store.write_run(make_run(snapshot, run_id=run_id, odd_id=odd_id), snapshot)
        store.query("MATCH (r:Run) SET r.started_at = $at, r.finished_at = $at", at=datetime(2024, 4, 1, 6, 30))


def _open(location: Path | Server) -> GraphStore:
    return open_store(str(location) if isinstance(location, Path) else location, mode="write")


def make_store(folder: Path, *, odd_id: str = HOSTILE) -> Path:
    """A store with the market's tables and one run, beside the tables in ``market``; returns its place.

    It is made once in a process, and copied.
    """
    shutil.copytree(_make_store_once(odd_id), folder, dirs_exist_ok=True)
    return folder / "ringfence-store"


@functools.cache
def _make_store_once(odd_id: str) -> Path:
    folder = _make_room()
    location = folder / "ringfence-store"
    make_loaded_store(location, write_tables(folder / "market", odd_id=odd_id))
    add_run(location, odd_id=odd_id)
    return folder


def grow_store(location: Path) -> None:
    """Put the graph with a second run, ``run-2``, in which ``dan`` has the place of the odd one, in place of a store's.

    It is made once in a process; what else lies in the store stays.
    """
    shutil.rmtree(location / "generations")
    shutil.copytree(_grow_store_once() / "ringfence-store" / "generations", location / "generations")


@functools.cache
def _grow_store_once() -> Path:
    folder = _make_room()
    add_run(make_store(folder), run_id="run-2", odd_id="dan")
    return folder


def _make_room() -> Path:
    """A folder that is gone when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="small-market-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
