"""What is known of one channel: its words, what it is about, and how it accuses; and who finds it in a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from detection.policy import Policy
from graph.model import Snapshot
from graph.vocabulary import RingKind

Role = Literal["personal", "place", "coarse", "content", "unknown", "behaviour"]
"""What a channel's things are.

``personal``
    One person's, or a household's: a phone, a card.  More users than a household has are worth watching.
``place``
    Where people are: an address, a network.  Many share one, and that accuses nobody.
``coarse``
    What thousands have in common: a browser, a postcode.  As a place, and it is never worth watching.
``content``
    What accounts show: the photo of an item, the words that offer it.  Sellers of one maker's goods have it in common.
``unknown``
    A kind that nobody has described: its links weigh what degrees give, and nothing follows from a count alone.
``behaviour``
    What accounts do, and when.
"""
IDENTIFIER_ROLES: tuple[Role, ...] = ("personal", "place", "coarse", "content", "unknown")


# A protocol, because the classes that fit it hold a record: their module imports this one.
class FoundChannel(Protocol):
    """What a finder finds: accounts and the things they share, or direct dealings."""

    @property
    def record(self) -> Channel:
        """Of the channel that was looked for."""

    @property
    def is_silent(self) -> bool:
        """Whether the snapshot has no fact for it."""


Finder = Callable[[Snapshot, "Channel", Policy], FoundChannel]
"""Finds a channel in a snapshot; silent where its columns are missing."""


@dataclass(frozen=True)
class Channel:
    """One way of being connected, and all that the rest of detection knows of it.

    Attributes
    ----------
    name
        The identifier's kind (``device``, ...) or the behaviour (``praise``, ...).
    find
        Its finder.
    one, many
        What is shared, on the screen; of dealings, only ``many``: what is done inside a ring.
    role
        What its things are.
    affinity
        How much likelier than strangers people of one taste, one town or one age are to have a thing in common.
    windows_days
        In which windows of time the same is looked for; empty where time is not asked.
    lease_days
        A thing of which nothing is heard for longer has changed hands.
    ring_kind, kind_weight
        What kind of ring it makes, and what its bits count in saying so.
    about
        On the screen, before what something was done to: ``good reviews of``.
    party, party_verb
        What a seller on whom a ring of this kind acts is to it, and what was done: ``beneficiary``, ``praised``.
    is_seller_bound
        Whether customers of one seller do it: of all that is done with one seller, only the strongest channel counts.
    has_pool
        Whether a group may be named among the accounts that the channel knows something of.
    implies
        The conduct signal that being known to the channel already tells of.
    is_followed
        Whether searches follow its links.
    is_searched_alone
        Whether its links are also searched for themselves.
    has_blocks
        Whether blocks of accounts that choose the same targets are sought in it (``review_blocks``).
    is_shared_at_home
        Whether a household shares its things.
    is_device
        Whether its things are sold on, or stand in a library for everybody.
    is_free
        Whether anybody makes as many of its things as he likes: to have one of one's own says nothing.
    draws_crowds
        Whether a launch, or any other event, brings strangers to do it at one time.
    is_deed
        Of a behaviour: whether to have part in it says by itself that one acted.
    is_payment
        Whether its things are what somebody paid, or was paid: where that one is of the group, its trades say it.
    is_of_objects
        Whether its things are done with objects of the table of events, or are words that were sent.
    is_written
        Whether its things are somebody's own words.
    is_deed_of_joined
        Of a deed that harms nobody: whether it counts only as far as personal things join those who did it.
    """

    name: str
    find: Finder
    one: str = ""
    many: str = ""
    role: Role = "behaviour"
    affinity: float = 1.0
    windows_days: tuple[float, ...] = ()
    lease_days: float | None = None
    ring_kind: RingKind | None = None
    kind_weight: float = 1.0
    about: str = ""
    party: Literal["target", "beneficiary"] | None = None
    party_verb: str = ""
    is_seller_bound: bool = False
    has_pool: bool = True
    implies: str = ""
    is_followed: bool = True
    is_searched_alone: bool = False
    has_blocks: bool = False
    is_shared_at_home: bool = False
    is_device: bool = False
    is_free: bool = False
    draws_crowds: bool = False
    is_deed: bool = True
    is_payment: bool = False
    is_of_objects: bool = False
    is_written: bool = False
    is_deed_of_joined: bool = False

    @property
    def is_identifier(self) -> bool:
        """Whether its things are identifiers, rather than what accounts do."""
        return self.role in IDENTIFIER_ROLES

    @property
    def is_ones_own(self) -> bool:
        """Whether most accounts have one of their own; a maker's photo is every seller's."""
        return self.role in ("personal", "place") or self.is_written

    @property
    def is_place(self) -> bool:
        """Whether a crowd at one of its things accuses nobody."""
        # A kind that nobody has described is none: it would be excused without a reason.
        return self.role in ("place", "coarse")
