"""Evidence in words: what a thing is, what a channel shows, why an innocent reading was heard."""

from __future__ import annotations

import numpy as np

from detection.channels.catalogue import BLAME, PRAISE, PURCHASE, REFERRED, REFUND, SIGN_UP, TRADE
from detection.channels.incidence import ANYTHING, SharedThings
from graph.model import Snapshot

_NOUNS = {
    PRAISE: ("target praised at the same time", "targets praised at the same time"),
    BLAME: ("target blamed at the same time", "targets blamed at the same time"),
    REFUND: ("seller asked for refunds at the same time", "sellers asked for refunds at the same time"),
    PURCHASE: ("thing bought at the same time", "things bought at the same time"),
    REFERRED: ("referrer", "referrers"),
    SIGN_UP: ("moment of signing up", "moments of signing up"),
    "address": ("address", "addresses"),
    "ip": ("IP address", "IP addresses"),
}
_ABOUT = {PRAISE: "good reviews of", BLAME: "bad reviews of", REFUND: "refunds from", PURCHASE: "purchases of"}
_READINGS = {
    "household": "families and friends who share phones, cards and homes",
    "shared place": "a dormitory, an office, a parcel locker, a carrier's network or a computer in a library",
    "second-hand device": "a device sold on from one to the next",
    "club": "people who trade with one another for months, and praise what they bought",
    "friends": "people who pay their friends, as is usual in this market",
    "launch": "a crowd with one opinion of one thing at one time",
    "fans": "buyers who come back to the same sellers, and praise them, for months",
    "referral campaign": "the followers of somebody who recommends the market to a crowd",
}


def describe_thing(channel: SharedThings, thing: int, snapshot: Snapshot) -> str:
    """Name a shared thing, exactly as an investigator would look for it."""
    subject = int(channel.subject[thing])
    if channel.name == SIGN_UP:
        return f"signed up around {_day(channel.began_at[thing])}"
    if channel.name == REFERRED:
        return f"referred by {snapshot.account_id[-1 - subject]}"
    if channel.name in (PRAISE, BLAME, REFUND, PURCHASE):
        since = _day(channel.began_at[thing])
        if subject == ANYTHING:
            return f"{_ABOUT[channel.name]} anything from {since}"
        target = snapshot.product_id[subject] if subject >= 0 else snapshot.account_id[-1 - subject]
        return f"{_ABOUT[channel.name]} {target} from {since}"
    return f"{channel.name} {snapshot.name_identifier(subject)}"


def describe_shared(name: str, n_things: int, n_members: int, *, observed: float, expected: float) -> str:
    """Say what a channel of shared things shows inside a ring."""
    one, many = _NOUNS.get(name, (name, f"{name}s"))
    what = f"{n_members} members share {n_things} {one if n_things == 1 else many}"
    return f"{what}: {observed:.0f} sharings where chance gives {_small(expected)}"


def describe_dealings(name: str, *, observed: float, expected: float) -> str:
    """Say what dealings inside a ring show."""
    what = {TRADE: "pairs of members trade"}[name]
    return f"{observed:.0f} {what} inside the ring where chance gives {_small(expected)}"


def describe_conduct(name: str, *, observed: float, expected: float) -> str:
    """Say how often the members did something unusual."""
    return f"{name}: {observed:.0f} by the members where the market's habits give {_small(expected)}"


def describe_reading(name: str, bits: float, *, won: bool) -> str:
    """Say how an innocent reading was heard."""
    outcome = "and its part was taken off the evidence" if won else "but supposes more coincidence than it accounts for"
    return f"Could be {_READINGS[name]}: accounts for {bits:.0f} bits, {outcome}."


def _day(at: np.datetime64) -> str:
    return "an unknown day" if np.isnat(at) else str(at.astype("datetime64[D]"))


def _small(expected: float) -> str:
    return f"{expected:.1f}" if expected >= 0.05 else f"{expected:.1g}"
