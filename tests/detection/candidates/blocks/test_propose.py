"""Blocks of praise and blame can be proposed as groups, and rings say of whom, when, and who may have gained."""

from __future__ import annotations

import numpy as np
import pytest
from detection_market import Facts, find_ring_of, find_rows, make_background, make_snapshot, pick, plant_opinions

from detection.candidates.blocks.propose import find_channel_blocks, propose_blocks
from detection.channels.catalogue import BLAME, PRAISE
from detection.channels.incidence import ANYTHING
from detection.evidence.market import make_market
from detection.policy import DEFAULT_POLICY
from detection.rings.parties import find_favours, find_gainers
from detection.run import find_run
from detection.settings import DetectSettings
from graph.model import Snapshot
from graph.results import Party, Ring

MEMBERS = pick(100, 20)
TARGETS = [f"p{number:03d}" for number in range(5, 11)]


def plant_campaign(facts: Facts, rating: float = 5.0) -> Facts:
    """Twenty accounts rate six products alike in ten days, hidden among the reviews of everybody."""
    facts.reviews += [
        (member, product, None, rating, 200 + (place + 3 * number) % 10)
        for place, member in enumerate(MEMBERS)
        for number, product in enumerate(TARGETS)
        if (place + number) % 3
    ]
    return facts


def list_proposed(snapshot: Snapshot) -> list[set[str]]:
    groups = propose_blocks(make_market(snapshot).things, snapshot.n_accounts, DEFAULT_POLICY)
    return [set(snapshot.account_id[groups.members(group)].tolist()) for group in range(len(groups))]


@pytest.mark.parametrize("rating", [5.0, 1.0])
def test_a_campaign_of_praise_or_blame_is_proposed(rating: float) -> None:
    proposed = list_proposed(make_snapshot(plant_campaign(make_background(n=1000), rating)))
    assert max(len(group & set(MEMBERS)) / len(group | set(MEMBERS)) for group in proposed) > 0.9


def test_a_dull_market_proposes_nothing() -> None:
    assert list_proposed(make_snapshot(make_background(n=1000))) == []


def test_a_block_names_targets_and_never_mere_activity() -> None:
    snapshot = make_snapshot(plant_campaign(make_background(n=1000)))
    channel = make_market(snapshot).things[PRAISE]
    block = find_channel_blocks(channel, snapshot.n_accounts)[0]
    subject = channel.subject[block.things]
    assert ANYTHING not in subject
    named = {str(snapshot.product_id[row]) for row in subject[subject >= 0]}
    sellers = {str(snapshot.account_id[-1 - row]) for row in subject[subject < 0]}
    assert named <= set(TARGETS)
    assert sellers <= {f"a00{product[-2:]}" for product in TARGETS}
    assert named or sellers


def test_no_reviews_no_blocks() -> None:
    facts = make_background()
    facts.reviews = []
    snapshot = make_snapshot(facts)
    assert len(propose_blocks(make_market(snapshot).things, snapshot.n_accounts, DEFAULT_POLICY)) == 0


@pytest.fixture(scope="module")
def attack() -> Ring:
    facts = make_background(n=1000)
    plant_opinions(facts, MEMBERS, 2, 1.0)
    facts.reviews += [(member, "p009", None, 5.0, 210.0 + place) for place, member in enumerate(MEMBERS[:8])]
    ring = find_ring_of(find_run(make_snapshot(facts), DetectSettings()), MEMBERS)
    assert ring is not None
    return ring


def test_an_attack_names_its_target_the_period_and_who_may_have_gained(attack: Ring) -> None:
    assert attack.kind == "attack"
    parties = {(party.account_id, party.role): party.sentence for party in attack.parties}
    assert set(parties) == {("a0002", "target"), ("a0009", "beneficiary")}
    assert ", from 2024-07-19 to 2024-10-" in parties["a0002", "target"]
    assert parties["a0009", "beneficiary"].startswith("may have gained: praised by ")


def test_evidence_of_blame_names_the_targets(attack: Ring) -> None:
    sentence = next(shown.sentence for shown in attack.evidence if shown.channel == BLAME)
    assert "p002" in sentence or "a0002" in sentence
    assert ", from 2024-" in sentence


def list_gainers(facts: Facts, blamed: str = "a0002") -> tuple[Party, ...]:
    snapshot = make_snapshot(facts)
    members = np.sort(find_rows(snapshot, MEMBERS))
    row = find_rows(snapshot, [blamed])
    return find_gainers(members, row, find_favours(make_market(snapshot)), snapshot)


def test_without_a_sign_nobody_is_said_to_have_gained() -> None:
    assert list_gainers(make_background(n=1000)) == ()


def test_one_favour_is_no_sign() -> None:
    facts = make_background(n=1000)
    facts.accounts["zz"] = 0.0
    facts.reviews.append((MEMBERS[0], None, "zz", 5.0, 100.0))
    assert list_gainers(facts) == ()


def test_whoever_sells_to_those_who_blame_a_rival_may_have_gained() -> None:
    facts = make_background(n=1000)
    facts.orders += [(member, "a0007", 150.0, "completed") for member in MEMBERS[:12]]
    assert [(party.account_id, party.role) for party in list_gainers(facts)] == [("a0007", "beneficiary")]
    assert list_gainers(facts)[0].sentence.startswith("may have gained: sold to ")


def test_whom_they_blame_has_gained_nothing() -> None:
    facts = make_background(n=1000)
    facts.orders += [(member, "a0002", 150.0, "completed") for member in MEMBERS[:12]]
    assert list_gainers(facts) == ()
