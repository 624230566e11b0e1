"""Evidence in words: what a thing is, what a channel shows, why an innocent explanation was heard."""

from __future__ import annotations

import numpy as np

from detection.channels.catalogue import REFERRED, SIGN_UP
from detection.channels.incidence import ANYTHING, SharedThings
from detection.channels.record import Channel
from detection.evidence.explanations import EXPLAINERS, GRANTED
from graph.model import Snapshot


def describe_thing(channel: SharedThings, thing: int, snapshot: Snapshot) -> str:
    """Name a shared thing, exactly as an investigator would look for it."""
    subject = int(channel.subject[thing])
    # A time and a person are no identifiers: there is no value to look for.
    if channel.name == SIGN_UP:
        return f"signed up around {_day(channel.began_at[thing])}"
    if channel.name == REFERRED:
        return f"referred by {snapshot.account_id[-1 - subject]}"
    if channel.record.about:
        since = _day(channel.began_at[thing])
        if channel.record.is_of_objects:
            return _describe_object(channel, subject, since, snapshot)
        if subject == ANYTHING:
            return f"{channel.record.about} {'anybody' if channel.record.is_payment else 'anything'} from {since}"
        # Products count up from 0, and accounts reviewed without one down from -1.
        target = snapshot.product_id[subject] if subject >= 0 else snapshot.account_id[-1 - subject]
        return f"{channel.record.about} {target} from {since}"
    return f"{channel.name} {snapshot.name_identifier(subject)}"


def _describe_object(channel: SharedThings, subject: int, since: str, snapshot: Snapshot) -> str:
    """What was done with, or the first words of what was sent."""
    name = str(snapshot.events.object_name[subject])
    if snapshot.events.is_text[subject]:
        words = name.split()
        name = f"“{' '.join(words[:_WORDS_NAMED])}{' …' if len(words) > _WORDS_NAMED else ''}”"
    return f"{channel.record.about} {name} from {since}"


def describe_shared(record: Channel, n_things: int, n_members: int, *, observed: float, expected: float) -> str:
    """Say what a channel of shared things shows inside a ring."""
    what = f"{n_members} members share {n_things} {record.one if n_things == 1 else record.many}"
    return f"{what}: {observed:.0f} shared uses where chance gives {_small(expected)}"


def describe_dealings(record: Channel, *, observed: float, expected: float) -> str:
    """Say what dealings inside a ring show."""
    return f"{observed:.0f} {record.many} inside the ring where chance gives {_small(expected)}"


def describe_conduct(name: str, *, observed: float, expected: float) -> str:
    """Say how often the members did something unusual."""
    return f"{name}: {observed:.0f} by the members where the market's habits give {_small(expected)}"


def describe_risk(n_members: int, *, observed: float, expected: float) -> str:
    """Say how many members are risky by what was learnt from labels."""
    risky = f"{observed:.0f} of {n_members} members are as risky as known frauds"
    return f"known risk: {risky} where chance gives {_small(expected)}"


def describe_explanation(name: str, bits: float, *, won: bool | None, spares: bool = False) -> str:
    """Say how an innocent explanation was heard; ``won`` is None where it is for tiers alone."""
    outcome = {
        True: "and its part was taken off the evidence",
        False: "but supposes more coincidence than it accounts for",
        None: "which are left in the evidence",
    }[won]
    spared = f" Were {_CERTAIN}, too little would be left: the tier is lower than the score's." if spares else ""
    return f"Could be {_SAYS[name]}: accounts for {bits:.0f} bits, {outcome}.{spared}"


_CERTAIN = "that certain, with all else here that ends so"
_WORDS_NAMED = 8
_SAYS = {explainer.name: explainer.says for explainer in (*EXPLAINERS, *GRANTED)}


def _day(at: np.datetime64) -> str:
    return "an unknown day" if np.isnat(at) else str(at.astype("datetime64[D]"))


def _small(expected: float) -> str:
    # Never a bare 0.0: chance gives little, not nothing.
    return f"{expected:.1f}" if expected >= 0.05 else f"{expected:.1g}"
