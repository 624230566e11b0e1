"""A truth as people keep it: which tables and columns are understood, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from detection_market import Facts, make_snapshot
from evaluated import group, write

from detection.evaluation.measures import (
    restrict_truth,
)
from detection.evaluation.simulation.market import MarketSettings, simulate_market, write_market
from detection.evaluation.truth import TrueGroup, Truth, read_truth
from graph.errors import DataError, MissingColumnError, MissingTableError


def test_every_table_may_be_missing_but_not_all(tmp_path: Path) -> None:
    with pytest.raises(MissingTableError, match=r"expected one of rings.parquet, lookalikes.parquet"):
        read_truth(tmp_path)
    truth = read_truth(write(tmp_path, "accounts.csv", "account_id,is_fraud\n007,1\n7,0\n8,\n"))
    assert truth.rings == ()
    assert truth.accounts is not None
    assert dict(zip(truth.accounts.subject, truth.accounts.is_bad, strict=True)) == {"007": True, "7": False}


def test_other_names_of_columns_are_understood(tmp_path: Path) -> None:
    write(
        tmp_path,
        "planted_rings.csv",
        "group_id,account,type,role\n1,ann,wash,Member\n1,bob,wash,\n1,shop,wash,target\n",
    )
    write(tmp_path, "reviews.csv", "review_id,label\nr1,fake\nr2,genuine\n")
    truth = read_truth(tmp_path)
    assert truth.rings == (TrueGroup("1", "wash", frozenset({"ann", "bob"}), "unknown"),)
    assert truth.reviews is not None
    assert truth.reviews.is_bad.tolist() == [True, False]


def test_parquet_with_numbers_and_flags_reads_like_csv(tmp_path: Path) -> None:
    pd.DataFrame({"account_id": [7, 8], "is_fraud": [True, False]}).to_parquet(tmp_path / "accounts.parquet")
    truth = read_truth(tmp_path)
    assert truth.accounts is not None
    assert truth.accounts.subject.tolist() == ["7", "8"]
    assert truth.accounts.is_bad.tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("who,is_fraud\na,1\n", MissingColumnError, "no column account_id or account or member"),
        ("account_id,score\na,1\n", MissingColumnError, "no column is_fraud.*the columns are account_id, score"),
        ("account_id,is_fraud\na,maybe\n", DataError, "is_fraud is 'maybe'; expected 1 or 0"),
        ("account_id,is_fraud\na,1\na,0\n", DataError, "'a' is both good and bad"),
    ],
)
def test_a_truth_that_cannot_be_read_says_what_was_expected(
    tmp_path: Path, text: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        read_truth(write(tmp_path, "accounts.csv", text))


def test_members_that_the_market_does_not_know_are_left_out() -> None:
    snapshot = make_snapshot(Facts(dict.fromkeys("abc")))
    known = restrict_truth(Truth((group("1", "abx"), group("2", "cyz"))), snapshot)
    assert [ring.members for ring in known.rings] == [frozenset("ab")]
    assert known.accounts is not None
    assert known.accounts.is_bad.tolist() == [True, True, False]
    with pytest.raises(DataError, match="another market"):
        restrict_truth(Truth((group("1", "xyz"),)), snapshot)


def test_the_simulators_truth_is_read_whole(tmp_path: Path) -> None:
    market = simulate_market(MarketSettings(n_accounts=600, seed=7))
    write_market(market, tmp_path / "market", "csv")
    truth = read_truth(tmp_path / "market" / "truth")
    rings = market.truth["rings"].query("role != 'beneficiary'")
    assert {ring.group_id: len(ring.members) for ring in truth.rings} == rings.groupby("ring_id").size().to_dict()
    assert truth.reviews is not None
    assert truth.reviews.is_bad.sum() == market.truth["reviews"]["is_fake"].sum()
    assert {each.kind for each in truth.lookalikes} == set(market.truth["lookalikes"]["kind"])
