"""Events for tests: what people could have said, without a store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from graph.casebook.events import Event, Seen, SeenEvidence, SeenMember, make_event

BEGAN = datetime(2024, 4, 2, 9, 30, tzinfo=UTC)


def say(turn: int = 1, /, **fields: Any) -> Event:
    """An event: by default ana clears the account ``ann``."""
    known = {"kind": "decided", "subject": "account", "subject_id": "ann", "by": "ana", "reason": "family phone"}
    return make_event(turn=turn, at=fields.pop("at", BEGAN), **{**known, **fields})


def decide(subject_id: str, word: str, turn: int = 1, /, **fields: Any) -> Event:
    """A verdict on an account."""
    return say(turn, subject_id=subject_id, word=word, **fields)


def decide_ring(ring_id: str, word: str, members: dict[str, float], turn: int = 1, /, **fields: Any) -> Event:
    """A verdict on a whole ring whose members were tied by so many bits; ``evidence`` is by channel."""
    evidence = fields.pop("evidence", {})
    seen = Seen(
        tier=fields.pop("tier", None),
        net_bits=fields.pop("net_bits", sum(evidence.values())),
        members=tuple(SeenMember(account_id=each, role="core", bits=bits) for each, bits in members.items()),
        evidence=tuple(
            SeenEvidence(channel=name, bits=bits, observed=1.0, expected=0.0, sentence="")
            for name, bits in evidence.items()
        ),
    )
    told = {"accounts": tuple(members), "is_whole": True, "seen": seen}
    return say(turn, **{"subject": "ring", "subject_id": ring_id, "word": word, **told, **fields})
