"""What is sold in the town: categories, the names of things, their prices."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from detection.evaluation.harbour.chance import Chance
from detection.evaluation.simulation.rhythm import FloatArray, IntArray

KIDS, FASHION, SHOES, PHONES, COMPUTERS, GAMES, CARDS, BOOKS, HOME, BIKES, TOOLS, COLLECT = range(12)
N_CATEGORIES = 12

PRICES = np.array([7, 14, 24, 120, 150, 22, 9, 6, 25, 110, 30, 28], dtype=np.float64)
"""By category, the median price."""
SPREADS = np.array([0.6, 0.8, 0.7, 0.8, 0.9, 0.8, 1.1, 0.6, 1.0, 0.8, 0.9, 1.1])
"""By category, how far prices lie apart (sigma of their logarithm)."""
_SHARES = np.array([0.17, 0.24, 0.08, 0.07, 0.05, 0.08, 0.05, 0.11, 0.08, 0.03, 0.03, 0.03])
SHARES: FloatArray = _SHARES / _SHARES.sum()
"""By category, its share of what is sold."""

_NOUNS = (
    "snow suit|rain boots|body size 74|wooden train|sleeping bag|pushchair cover|bundle 98|school bag",
    "wool coat|summer dress|jeans W30|linen shirt|knitted jumper|leather belt|silk scarf|blazer",
    "trainers 42|ankle boots 38|sandals 39|running shoes 44|football boots|loafers 41",
    "phone 128 GB|phone 64 GB|smart watch|phone with cracked glass|tablet 10 inch|earphones",
    "laptop 14 inch|monitor 24|graphics card|mechanical keyboard|printer|SSD 1 TB",
    "console|racing game|board game|controller|puzzle 1000|strategy game",
    "holo card|starter deck|booster box|rare foil|promo card|binder of commons",
    "statistics textbook|crime novel|cook book|anatomy atlas|picture book|language course",
    "floor lamp|oak chair|set of plates|curtains|rug 160x230|coffee machine|mirror",
    "city bike|child bike 20|road frame|trailer|wheel set",
    "drill|sander|spanner set|hedge trimmer|saw",
    "stamps album|model ship|old postcard lot|coin 1912|vinyl record|enamel sign",
)
NOUNS = tuple(tuple(nouns.split("|")) for nouns in _NOUNS)
ADJECTIVES = (
    "",
    "nice ",
    "as new ",
    "used ",
    "vintage ",
    "good ",
    "little worn ",
    "original ",
    "boxed ",
    "two-tone ",
    "",
)


@dataclass(frozen=True)
class Goods:
    """Things as people list them."""

    chance: Chance

    def draw_title(self, category: int) -> str:
        """What somebody calls a thing of a category."""
        title = self.chance.draw_one(ADJECTIVES) + self.chance.draw_one(NOUNS[category])
        return title.strip().capitalize()

    def draw_price(self, category: int, factor: float = 1.0) -> float:
        """A price of a category, or a multiple of such."""
        spread = math.exp(self.chance.rng.normal(0, SPREADS[category]))
        return self.round_price(float(PRICES[category]) * factor * spread)

    def round_price(self, price: float) -> float:
        """The price as people write it: round, or one cent less, or as it is."""
        price = max(1.0, price)
        if self.chance.happens(0.72):
            return float(round(price)) if price < 40 else float(5 * round(price / 5))
        if self.chance.happens(0.5) and price > 2:
            return round(price) - 0.01
        return round(price, 2)

    def draw_prices(self, categories: IntArray) -> FloatArray:
        """Prices of many things at once."""
        rng, n = self.chance.rng, len(categories)
        prices = np.maximum(1, PRICES[categories] * np.exp(rng.normal(0, 1, n) * SPREADS[categories]))
        is_round = rng.random(n) < 0.75
        rounded = np.where(prices < 40, np.round(prices), 5 * np.round(prices / 5))
        return np.asarray(np.maximum(np.where(is_round, rounded, np.round(prices, 2)), 1))
