"""Evidence in words: what a thing is, what a channel shows, why an innocent reading was heard."""

from __future__ import annotations

import numpy as np

from detection.channels import BLAME, PRAISE, REFERRAL, REFERRED, REFUND, SIGN_UP, TRADE, SharedThings
from graph.model import Snapshot

_NOUNS = {
    PRAISE: ("target praised in the same days", "targets praised in the same days"),
    BLAME: ("target blamed in the same days", "targets blamed in the same days"),
    REFUND: ("seller asked for refunds in the same weeks", "sellers asked for refunds in the same weeks"),
    REFERRED: ("common referrer", "common referrers"),
    SIGN_UP: ("moment of signing up", "moments of signing up"),
    "address": ("address", "addresses"),
    "ip": ("IP address", "IP addresses"),
}
_READINGS = {
    "household": "families and friends who share phones, cards and homes",
    "shared place": "a dormitory, an office, a parcel locker or a carrier's network",
    "second-hand device": "a device sold on from one to the next",
    "club": "people who trade with one another for months",
    "regular customers": "customers who come back to the same sellers",
    "launch": "a crowd with one opinion of one thing in one week",
    "fans of a seller": "buyers who praise one seller over months",
}


def describe_thing(channel: SharedThings, thing: int, snapshot: Snapshot) -> str:
    """Name a shared thing, exactly as an investigator would look for it."""
    subject = int(channel.subject[thing])
    if channel.name == SIGN_UP:
        return f"signed up around {_day(channel.began_at[thing])}"
    if channel.name == REFERRED:
        return f"referred by {snapshot.account_id[-1 - subject]}"
    if channel.name in (PRAISE, BLAME, REFUND):
        since = _day(channel.began_at[thing])
        target = snapshot.product_id[subject] if subject >= 0 else snapshot.account_id[-1 - subject]
        verb = {PRAISE: "good reviews of", BLAME: "bad reviews of", REFUND: "refunds from"}[channel.name]
        return f"{verb} {target} from {since}"
    return f"{channel.name} {snapshot.name_identifier(subject)}"


def describe_shared(name: str, n_things: int, n_members: int, *, observed: float, expected: float) -> str:
    """Say what a channel of shared things shows inside a ring."""
    one, many = _NOUNS.get(name, (name, f"{name}s"))
    what = f"{n_members} members share {n_things} {one if n_things == 1 else many}"
    return f"{what}: {observed:.0f} sharings where chance gives {_small(expected)}"


def describe_dealings(name: str, *, observed: float, expected: float) -> str:
    """Say what dealings inside a ring show."""
    what = {TRADE: "pairs of members trade", REFERRAL: "pairs of members referred one another"}[name]
    return f"{observed:.0f} {what} inside the ring where chance gives {_small(expected)}"


def describe_reading(name: str, bits: float, *, won: bool) -> str:
    """Say how an innocent reading was heard."""
    outcome = "and its part was taken off the evidence" if won else "but supposes more coincidence than it accounts for"
    return f"Could be {_READINGS[name]}: accounts for {bits:.0f} bits, {outcome}."


def _day(at: np.datetime64) -> str:
    return "an unknown day" if np.isnat(at) else str(at.astype("datetime64[D]"))


def _small(expected: float) -> str:
    return f"{expected:.1f}" if expected >= 0.05 else f"{expected:.1g}"
