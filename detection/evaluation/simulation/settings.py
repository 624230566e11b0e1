"""What can be asked of a simulated market."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from graph.errors import ConfigError

Difficulty = Literal["ordinary", "hard"]

RING_KINDS = ("trade", "review", "attack", "refund", "farm")


def require_draw(difficulty: str, seed: int) -> None:
    """Raise a ConfigError unless there is such a difficulty, and chance can begin at such a seed."""
    if difficulty not in ("ordinary", "hard"):
        raise ConfigError(f"difficulty is {difficulty!r}: it must be 'ordinary' or 'hard'")
    if seed < 0:
        raise ConfigError(f"seed is {seed}: it must be 0 or more")


@dataclass(frozen=True)
class WorldSettings:
    """What can be asked of a world.

    Parameters
    ----------
    n_accounts : int
        Accounts in the market, at least ``least_accounts``.
    seed : int
        The same settings and seed give the same market, to the byte.
    difficulty : {"ordinary", "hard"}
        What is hard about it is said of each world.

    Attributes
    ----------
    place
        What the world is, with its article.
    least_accounts
        How many accounts it takes.

    Raises
    ------
    ConfigError
        A setting is out of its range.
    """

    n_accounts: int
    seed: int = 0
    difficulty: Difficulty = "ordinary"
    place: ClassVar[str]
    least_accounts: ClassVar[int]

    def __post_init__(self) -> None:
        if self.n_accounts < self.least_accounts:
            raise ConfigError(
                f"n_accounts is {self.n_accounts}: {self.place} needs at least {self.least_accounts:,} accounts"
            )
        require_draw(self.difficulty, self.seed)

    @property
    def is_hard(self) -> bool:
        """Whether rings hide well."""
        return self.difficulty == "hard"

    @property
    def scale(self) -> float:
        """The market's size in markets of 20,000 accounts."""
        return self.n_accounts / 20_000


@dataclass(frozen=True)
class MarketSettings(WorldSettings):
    """The knobs of a simulated market of at least 300 accounts.

    A hard one has aged ring accounts, slow campaigns, four times as many rings that share no identifier, three times
    the camouflage, and three times as many honest look-alikes.

    Beside what every world is asked for:

    Parameters
    ----------
    orders_per_account : float
        Mean of the honest orders per account.
    accounts_per_ring : float
        One ring is planted for so many accounts, and at least one of each kind.
    peer_share : float
        Share of honest trading relations that are between acquaintances, who pay one another back and forth.
    lookalike_factor : float
        Multiplies the number of honest look-alike groups.
    lone_fraud_share : float
        Share of accounts that defraud on their own, in no ring.
    label_share : float
        Share of fraud accounts that the marketplace comes to know of.

    Raises
    ------
    ConfigError
        A setting is out of its range.
    """

    place: ClassVar[str] = "a market with rings"
    least_accounts: ClassVar[int] = 300
    orders_per_account: float = 2.2
    accounts_per_ring: float = 570.0
    peer_share: float = 0.45
    lookalike_factor: float = 1.0
    lone_fraud_share: float = 0.002
    label_share: float = 0.15

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.orders_per_account <= 0 or self.accounts_per_ring < 50 or self.lookalike_factor < 0:
            raise ConfigError(
                "orders_per_account must be above 0, accounts_per_ring at least 50, lookalike_factor at least 0"
            )
        for name in ("peer_share", "lone_fraud_share", "label_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} is {getattr(self, name)}: it must lie between 0 and 1")

    @property
    def n_rings(self) -> int:
        """Planted rings."""
        return max(len(RING_KINDS), round(self.n_accounts / self.accounts_per_ring))
