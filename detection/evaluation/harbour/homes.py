"""Where people live, behind which router, and what they are seen with."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from detection.evaluation.harbour.clock import DAY, END_AT
from detection.evaluation.harbour.people import People
from detection.evaluation.harbour.things import Things

Span = tuple[float | None, float | None]
ALWAYS: Span = (None, None)
"""From an account's first day to its last."""


class Use(NamedTuple):
    """Somebody seen with a thing."""

    account: int
    kind: str
    value: str
    at: float


@dataclass(frozen=True)
class Stay:
    """Some time at an address, behind the router that a key stands for."""

    address: str
    begins_at: float
    ends_at: float
    router: Hashable


class Lease(NamedTuple):
    """An IP address that a router has for some time."""

    ip: str
    begins_at: float
    ends_at: float


class Homes:
    """Stays, routers, and what was seen with whom.

    Attributes
    ----------
    uses
        Everything that is seen.
    stays
        By account, where it lives; whoever is in no group lives where the household does.
    lacking
        By account, the kinds of things that it has none of its own of.
    """

    def __init__(self, people: People, things: Things) -> None:
        self.people, self.things, self.chance = people, things, people.chance
        self.uses: list[Use] = []
        self.stays: dict[int, list[Stay]] = {}
        self.lacking: dict[int, set[str]] = {}
        self._leases: dict[Hashable, list[Lease]] = {}

    # ── what they are seen with ───────────────────────────────────────────────────────────────────
    def use(self, account: int, kind: str, value: str, at: float | None = None, *, span: Span = ALWAYS) -> None:
        """Let an account be seen with a thing at an instant, or within a span of its life."""
        if at is None:
            first, last = span
            created_at = max(self.people.created_at[account], 0)
            low = created_at if first is None else max(first, created_at)
            high = min(self.people.until[account] if last is None else last, END_AT)
            at = self.people.clock.draw_moment(low, max(low + 3600, high))
        self.uses.append(Use(account, kind, value, at))

    def share(
        self, members: Sequence[int], kind: str, value: str, share: float = 1.0, *, span: Span = ALWAYS, often: int = 1
    ) -> list[int]:
        """Let a share of members use one thing, up to so often each; who does."""
        users = [account for account in members if self.chance.happens(share)]
        for account in users:
            for _ in range(self.chance.draw_between(1, often)):
                self.use(account, kind, value, span=span)
        return users

    def share_only(
        self, members: Sequence[int], kind: str, value: str, share: float = 1.0, *, span: Span = ALWAYS, often: int = 1
    ) -> None:
        """The same, where they have no such thing of their own."""
        for account in self.share(members, kind, value, share, span=span, often=often):
            self.go_without(account, kind)

    def go_without(self, account: int, *kinds: str) -> None:
        """Let an account have nothing of some kinds of its own."""
        self.lacking.setdefault(account, set()).update(kinds)

    # ── where they live ───────────────────────────────────────────────────────────────────────────
    def make_router(self) -> Hashable:
        """A router whose address changes now and then, as most do."""
        return ("router", self.chance.draw_between(0, 10**12))

    def make_line(self) -> Hashable:
        """A router of an institution, which keeps its address for ever."""
        router = ("line", self.chance.draw_between(0, 10**12))
        self._leases[router] = [Lease(self.things.draw_ip(91, 201), -(10.0**10), 10.0**10)]
        return router

    def live(
        self, members: Sequence[int], address: str, router: Hashable | None = None, *, span: Span = ALWAYS
    ) -> None:
        """Let members live at an address for some time, behind one router; they lived elsewhere before."""
        router = router or self.make_router()
        begins_at, ends_at = span
        created_at, until = self.people.created_at, self.people.until
        for account in members:
            stays = self.stays.setdefault(account, [])
            if begins_at is not None and created_at[account] < begins_at - 40 * DAY and not stays:
                stays.append(Stay(self.things.make_address(), created_at[account], begins_at, ("before", account)))
            low = created_at[account] if begins_at is None else begins_at
            stays.append(Stay(address, low, until[account] if ends_at is None else ends_at, router))

    def live_in_flats(self, members: Sequence[int], house: str, router: Hashable, *, span: Span = ALWAYS) -> None:
        """The same in flats of one house."""
        for account in members:
            flat = house.replace(",", f"/{self.chance.draw_between(1, 60)},", 1)
            self.live([account], flat, router, span=span)

    def find_leases(self, router: Hashable) -> list[Lease]:
        """The addresses that a router has, one after the other."""
        if router not in self._leases:
            leases, at = list[Lease](), -10 * DAY
            while at < END_AT:
                ends_at = at + float(self.chance.rng.exponential(260)) * DAY + 3 * DAY
                leases.append(Lease(self.chance.draw_one(self.things.home_ips), at, ends_at))
                at = ends_at
            self._leases[router] = leases
        return self._leases[router]
