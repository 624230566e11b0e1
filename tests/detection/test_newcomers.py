"""Accounts beside a market that does not know them: what they share, what is learnt of them, what is like them."""

from __future__ import annotations

import numpy as np
import pytest
from detection_market import Facts, make_snapshot
from encoder_market import QUICK
from risk_market import BAD, label, make_facts, pick
from risk_market import QUICK as QUICK_RISK

from detection.decisions import choose_known
from detection.newcomers import Newcomers, find_alike, list_shared, score_ringless, weigh_newcomers
from detection.risk.drift import measure_spread
from detection.risk.file import KeptModel
from detection.risk.model import fit_risk
from detection.settings import DetectSettings
from embeddings.encoder.incremental import warm_up
from embeddings.encoder.model import fit_encoder
from embeddings.features.table import describe_accounts
from graph.model import Snapshot


def make_newcomers() -> tuple[Facts, Newcomers]:
    """Two newcomers, who sort before and after all others: one acts as the bad accounts do, one does nothing."""
    facts = make_facts()
    market = make_snapshot(facts)
    facts.accounts["0-new"] = facts.accounts["zz-idle"] = 260.0
    facts.orders += [("0-new", f"a{k:04d}", 261 + 0.01 * k, "refunded") for k in range(6)]
    facts.uses += [("0-new", "device", "shared-1", 261), ("zz-idle", "device", "its own", 261)]
    return facts, Newcomers.of(market, make_snapshot(facts), ["0-new", "zz-idle", "a0001", "nobody"])


@pytest.fixture(scope="module")
def newcomers() -> Newcomers:
    return make_newcomers()[1]


@pytest.fixture(scope="module")
def learnt() -> KeptModel:
    market = label(make_snapshot(make_facts()), [*BAD[::2], *pick(0, 60)], [True] * 15 + [False] * 60)
    table = describe_accounts(market)
    fitted = fit_risk(table, score_ringless(market, DetectSettings()), choose_known(market), QUICK_RISK)
    return KeptModel(fitted.model, measure_spread(table, [], fitted.risk), {}, "")


def find_row(snapshot: Snapshot, account_id: str) -> int:
    return int(np.flatnonzero(snapshot.account_id == account_id)[0])


def test_only_accounts_that_the_market_does_not_know_are_newcomers(newcomers: Newcomers) -> None:
    assert newcomers.joined.account_id[newcomers.row].tolist() == ["0-new", "zz-idle"]
    assert newcomers.joined.account_id[newcomers.known].tolist() == newcomers.market.account_id.tolist()


def test_things_in_common_name_the_known_accounts_and_nobody_else(newcomers: Newcomers) -> None:
    new, idle = newcomers.row.tolist()
    shared = {each.kind: each.account_ids for each in list_shared(newcomers, new)}
    assert shared.keys() == {"device", "bought from"}
    assert shared["device"] == tuple(BAD[4:8])
    assert shared["bought from"] == tuple(f"a{k:04d}" for k in range(6))
    assert list_shared(newcomers, idle) == ()


def test_a_newcomer_that_acts_as_bad_accounts_do_is_at_risk_and_an_idle_one_is_not(
    newcomers: Newcomers, learnt: KeptModel
) -> None:
    new, idle = weigh_newcomers(newcomers, learnt, DetectSettings())
    assert 0.0 < idle.chance < 0.1 < new.chance < 1.0
    assert new.reasons
    assert new.base_rate == learnt.model.base_rate


def test_what_one_newcomer_is_told_does_not_depend_on_where_its_id_sorts(
    newcomers: Newcomers, learnt: KeptModel
) -> None:
    facts, _ = make_newcomers()
    market = newcomers.market
    facts.accounts = {"zz-new" if name == "0-new" else name: day for name, day in facts.accounts.items()}
    facts.orders = [("zz-new" if buyer == "0-new" else buyer, *rest) for buyer, *rest in facts.orders]
    facts.uses = [("zz-new" if user == "0-new" else user, *rest) for user, *rest in facts.uses]
    renamed = Newcomers.of(market, make_snapshot(facts), ["zz-new"])
    (again,), first = (
        weigh_newcomers(renamed, learnt, DetectSettings()),
        weigh_newcomers(newcomers, learnt, DetectSettings())[0],
    )
    assert again.chance == pytest.approx(first.chance, rel=1e-6)
    assert again.reasons == first.reasons


def test_the_most_alike_are_known_accounts_that_do_the_same(newcomers: Newcomers) -> None:
    encoder = fit_encoder(newcomers.market, QUICK)
    alike, _ = find_alike(newcomers, warm_up(encoder, newcomers.market), most=5)
    assert len(alike) == 5
    assert {each.account_id for each in alike} <= set(newcomers.market.account_id)
    assert [each.cosine for each in alike] == sorted((each.cosine for each in alike), reverse=True)
