"""A ring of fake reviews, wherever an investigator looks at it: whom it reviewed, and how much of that was planted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_market
from command_line import ask, do

from graph.contract.tables import read_folder
from graph.open import open_store
from graph.results import Evidence, Member, Ring
from graph.settings import Settings

pytestmark = pytest.mark.usefixtures("plain_surroundings")
FAKES = [f"fake-{number:02d}" for number in range(24)]
N_PRODUCTS, N_HIT = 40, 6
RING = Ring(
    ring_id="R-9",
    kind="review",
    score=0.9,
    tier="review",
    net_bits=30.0,
    charge_bits=9.0,
    members=tuple(Member(name, "core", 9.0) for name in FAKES[:20]),
    evidence=(Evidence("praise", 39.0, 40, 0.5, "They praise the same products in the same days."),),
    links=(),
    innocent=(),
    action="Hide the reviews.",
)


def write_tables(folder: Path) -> Path:
    """Regulars say what they think of forty products; in two weeks others praise six of them."""
    rng = np.random.default_rng(0)
    regulars = [f"regular-{number:03d}" for number in range(300)]
    wrote = [(name, each, rng.integers(2, 5), rng.integers(800)) for name in regulars for each in rng.choice(40, 5)]
    wrote += [(name, each, 5, 300 + rng.integers(14)) for name in FAKES for each in rng.choice(N_HIT, 4, replace=False)]
    reviews = pd.DataFrame(wrote, columns=["account_id", "product_id", "rating", "reviewed_at"])
    reviews["product_id"] = [f"p{each:02d}" for each in reviews.product_id]
    reviews["reviewed_at"] = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(reviews.reviewed_at, unit="D")
    reviews.insert(0, "review_id", [f"r{row:05d}" for row in range(len(reviews))])
    folder.mkdir()
    reviews.to_parquet(folder / "reviews.parquet")
    listings = {"product_id": [f"p{each:02d}" for each in range(N_PRODUCTS)], "seller_id": "seller"}
    pd.DataFrame(listings).to_parquet(folder / "listings.parquet")
    pd.DataFrame({"account_id": [*regulars, *FAKES, "seller"]}).to_parquet(folder / "accounts.parquet")
    return folder


@pytest.fixture(scope="module")
def praised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the store, in which a run found most of the campaign as a ring."""
    folder = tmp_path_factory.mktemp("praised")
    with open_store(str(folder / "ringfence-store"), mode="write") as store:
        store.load(read_folder(write_tables(folder / "market"), Settings()))
        snapshot = store.snapshot()
        run = replace(small_market.make_run(snapshot), rings=(RING,), flags=(), as_of=None)
        store.write_run(run, snapshot)
    return folder


@pytest.fixture(autouse=True)
def here(praised: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(praised)


def test_the_ring_shows_whom_its_members_reviewed_together() -> None:
    found = ask("ring", "R-9")["reviewed"]
    hit = [each for each in found if each["rating_by_members"] == 5.0 and each["by_members"] > 2]
    assert {each["target_id"] for each in hit} == {f"p{each:02d}" for each in range(N_HIT)}
    assert sum(each["by_members"] for each in hit) == 4 * len(RING.members)
    assert all("2024-10-27" <= each["first_at"][:10] <= each["last_at"][:10] <= "2024-11-09" for each in hit)
    shown = do("ring", "R-9")
    assert "Reviewed together" in shown
    assert "ringfence targets R-9" in shown
    assert all(each["target_id"] in shown for each in hit)


def test_why_tells_it_in_sentences_and_a_case_on_its_screen() -> None:
    first = ask("ring", "R-9")["reviewed"][0]
    counts = f"wrote {first['by_members']} of the {first['reviews']} reviews of {first['target_id']}, from 2024-10-"
    assert counts in " ".join(do("why", "R-9").split())
    assert "Reviewed together" in do("case", "R-9")


def test_its_page_says_of_each_target_what_targets_says() -> None:
    told, page = ask("targets", "R-9"), " ".join(do("report", "R-9", "-o", "-").split())
    assert len(told) == N_HIT
    assert "Reviews that were planted" in page
    for each in told:
        cells = [each["reviews"], each["planted"], f"{each['planted_low']} to {each['planted_high']}"]
        assert '</td> <td class="right">'.join(map(str, cells)) in page.replace("</td><td", "</td> <td"), each


def test_a_site_says_the_same_as_the_page_alone(tmp_path: Path) -> None:
    do("report", "--all", str(tmp_path / "site"))
    pages = [path.read_text(encoding="utf-8") for path in (tmp_path / "site" / "rings").iterdir()]
    assert len(pages) == 1
    begin, end = "Reviews that were planted", "</section>"
    parts = [page.split(begin)[1].split(end)[0] for page in (*pages, do("report", "R-9", "-o", "-"))]
    assert parts[0] == parts[1]
