"""A random market, an encoder of it and its vectors, fitted once for all modules."""

from __future__ import annotations

import numpy as np
import pytest
from encoder_market import QUICK, Market, random_market
from numpy.typing import NDArray

from embeddings.encoder.model import Encoder, fit_encoder


@pytest.fixture(scope="session")
def market() -> Market:
    return random_market(1)


@pytest.fixture(scope="session")
def encoder(market: Market) -> Encoder:
    return fit_encoder(market.snapshot(), QUICK)


@pytest.fixture(scope="session")
def vectors(market: Market, encoder: Encoder) -> NDArray[np.float32]:
    return encoder.encode(market.snapshot())
