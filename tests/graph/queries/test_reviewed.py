"""Whom the members of a ring reviewed together, and how that stands beside what others say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest
import small_market
from small_market import CROWD, HOSTILE

from graph.open import open_store
from graph.queries.answers import RingRecord
from graph.queries.reviewed import Reviewed, find_reviewed, list_reviewed, say_reviewed
from graph.queries.rings import find_ring
from graph.stores.protocol import GraphStore

REVIEWS = [
    ("rev-1", "ann", "p1", "bob", "5", "2024-03-08"),
    ("r2", "cyd", "p1", "bob", "4", "2024-03-10"),
    ("r3", CROWD[0], "p1", "bob", "2", "2024-01-10"),
    ("r4", CROWD[1], "p1", "bob", "", "2024-05-10"),
    ("r5", "ann", "", "eve", "1", ""),
    ("r6", "bob", "", "eve", "", ""),
    ("r7", "bob", "", "eve", "2", ""),
    ("r8", CROWD[2], "p2", "eve", "5", "2024-05-11"),
    ("r9", "ann", "p2", "eve", "5", "2024-05-12"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    folder = tmp_path_factory.mktemp("reviewed")
    market = small_market.write_tables(folder / "market")
    (market / "listings.csv").write_text("product_id,seller_id\np1,bob\np2,eve\n", encoding="utf-8")
    rows = "".join(f"{','.join(row[:5])},{row[5] and row[5] + 'T00:00:00Z'}\n" for row in REVIEWS)
    head = "review_id,account_id,product_id,seller_id,rating,reviewed_at\n"
    (market / "reviews.csv").write_text(head + rows, encoding="utf-8")
    small_market.make_loaded_store(folder / "store", market)
    small_market.add_run(folder / "store")
    with open_store(str(folder / "store")) as opened:
        yield opened


@pytest.fixture
def ring(store: GraphStore) -> RingRecord:
    return find_ring(store, "R-1")


def test_what_two_members_or_more_reviewed_is_told_beside_what_others_say(store: GraphStore, ring: RingRecord) -> None:
    seller, product = list_reviewed(store, ring)
    at = (datetime(2024, 3, 8), datetime(2024, 3, 10))
    assert product == Reviewed("p1", "product", 4, 2, 2, 4.5, 2.0, *at)
    # What is said of its product p2 is not said of eve herself.
    assert seller == Reviewed("eve", "seller", 3, 3, 2, 1.5, None, None, None)


def test_of_rings_that_are_not_about_reviews_nothing_is_asked(store: GraphStore, ring: RingRecord) -> None:
    assert ring.summary.kind == "trade"
    assert find_reviewed(store, ring).reviewed == ()
    reviewing = replace(ring, summary=replace(ring.summary, kind="review"))
    found = find_reviewed(store, reviewing)
    assert len(found.reviewed) == 2
    assert {name: getattr(found, name) for name in vars(reviewing)} == vars(reviewing)


def test_it_is_told_in_sentences_the_most_first(store: GraphStore, ring: RingRecord) -> None:
    of_eve, of_p1 = say_reviewed(list_reviewed(store, ring))
    assert of_eve == "2 members wrote 3 of the 3 reviews of eve, and rate it 1.5."
    days, ratings = "from 2024-03-08 to 2024-03-10", "rate it 4.5 where others give 2.0"
    assert of_p1 == f"2 members wrote 2 of the 4 reviews of p1, {days}, and {ratings}."


def test_only_the_first_targets_have_a_sentence(store: GraphStore, ring: RingRecord) -> None:
    each, _ = list_reviewed(store, ring)
    assert list(say_reviewed([each] * 8))[-1] == "They reviewed 3 more targets together."


def test_a_ring_that_reviewed_nothing_together_has_none(store: GraphStore) -> None:
    assert list_reviewed(store, find_ring(store, f"R-2 {HOSTILE}")) == ()
