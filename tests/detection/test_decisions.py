"""What is known of accounts: which decision counts, and who is barred."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from detection_market import Facts, make_snapshot

from detection.decisions import choose_known, find_barred
from detection.policy import DEFAULT_POLICY


def known_of(*labels: tuple[str, str, float | None]) -> dict[str, bool]:
    market = make_snapshot(Facts(dict.fromkeys("abcdefgh"), labels=list(labels)))
    known = choose_known(market)
    return dict(zip(market.account_id[known.row].tolist(), known.is_fraud.tolist(), strict=True))


def test_the_latest_decision_about_an_account_counts() -> None:
    found = known_of(("h", "legit", 60), ("h", "fraud", 31), ("h", "fraud", None), ("c", "fraud", 60))
    assert found == {"h": False, "c": True}


def test_of_decisions_at_one_time_the_graver_counts() -> None:
    assert known_of(("e", "fraud", 60), ("e", "legit", 60)) == {"e": True}


@pytest.mark.parametrize("name", ["a", "b", "h"])
def test_a_decision_counts_whichever_account_it_is_about(name: str) -> None:
    assert known_of((name, "legit", 10), (name, "fraud", 60)) == {name: True}


def test_who_is_labelled_fraud_or_shut_out_is_barred_unless_found_honest() -> None:
    facts = Facts(dict.fromkeys("abcdef"))  # nobody knows the status of the last
    facts.statuses = {"a": "Suspended", "b": "closed", "c": "BANNED", "e": "terminated"}
    facts.labels = [("c", "legit", 20), ("d", "fraud", 30), ("e", "fraud", None)]
    found = find_barred(make_snapshot(facts), DEFAULT_POLICY)
    assert np.flatnonzero(found.is_barred).tolist() == [0, 3, 4]
    assert (np.flatnonzero(found.is_labelled).tolist(), np.flatnonzero(found.is_restricted).tolist()) == ([3, 4], [0])
    assert str(found.decided_at[3]) == "2024-01-31T00:00:00.000000"
    assert np.isnat(found.decided_at[[0, 1, 2, 4, 5]]).all()


def test_the_policy_says_which_statuses_bar() -> None:
    facts = Facts(dict.fromkeys("ab"), statuses={"a": "suspended", "b": "Gesperrt"})
    policy = msgspec.structs.replace(DEFAULT_POLICY, barred_statuses=("gesperrt",))
    assert find_barred(make_snapshot(facts), policy).is_barred.tolist() == [False, True]
