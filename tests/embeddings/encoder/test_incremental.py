"""One newcomer, encoded beside a market that is kept warm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from encoder_market import ALL_TRAITS, QUICK, Market

from embeddings.encoder.incremental import warm_up
from embeddings.encoder.model import Encoder, fit_encoder
from embeddings.encoder.settings import EncoderSettings
from graph.errors import UnknownIdError


def take_facts(market: Market, account: int) -> Market:
    """The market with the facts of one account only; rows stay."""
    return replace(
        market,
        uses=[use for use in market.uses if use[0] == account],
        orders=[order for order in market.orders if account in order[:2]],
        reviews=[review for review in market.reviews if account in (review[0], review[2])],
        referrals=[pair for pair in market.referrals if account in pair],
    )


@pytest.mark.parametrize("settings", [QUICK, ALL_TRAITS])
def test_a_known_account_encoded_by_its_facts_alone_is_what_it_was(market: Market, settings: EncoderSettings) -> None:
    snapshot = market.snapshot()
    encoder = fit_encoder(snapshot, settings)
    vectors, warm = encoder.encode(snapshot), warm_up(encoder, snapshot)
    assert warm.states.vectors.tobytes() == vectors.tobytes()
    for account in range(0, market.n_accounts, 7):
        alone = warm.encode_newcomer(take_facts(market, account).snapshot(), f"a{account:05d}")
        np.testing.assert_allclose(alone, vectors[account], atol=1e-4)


def test_a_newcomer_is_encoded_nearly_as_if_the_market_knew_it(market: Market, encoder: Encoder) -> None:
    grown = replace(
        market,
        n_accounts=market.n_accounts + 1,
        uses=[*market.uses, (60, "device", "v3"), (60, "email", "new")],
        orders=[*market.orders, (60, 4, 2, 20.0, 99_000.0, 0), (60, 9, -1, 35.0, 99_500.0, 0)],
    )
    warm = warm_up(encoder, market.snapshot())
    alone = warm.encode_newcomer(take_facts(grown, 60).snapshot(), "a00060")
    assert float(alone @ encoder.encode(grown.snapshot())[60]) > 0.98


def test_a_newcomer_without_facts_is_named(market: Market, encoder: Encoder) -> None:
    with pytest.raises(UnknownIdError, match="'nobody' is not among the facts"):
        warm_up(encoder, market.snapshot()).encode_newcomer(market.snapshot(), "nobody")
