"""Every command by which an investigator writes, on the small market, with what has to be said before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from said import decide, say
from small_market import RINGS

from graph.casebook.events import write_event

SECOND = RINGS[1].ring_id
_WHY = ("--by", "ana", "--reason", "why")
_CLAIM = ("claim", "R-1", "--by", "ana")
_MERGE = ("merge", SECOND, "R-1", *_WHY)
_APPEAL = ("appeal", "ann", "--text", "letter.txt", "--by", "mail")
_IGNORE = ("ignore", "device", "phone-7", *_WHY)
_BATCH = ("decide", "watch", "--from", "many.csv", *_WHY)
UNDONE = "LAST"
"""Stands for the batch, or else the event, that was said last."""


@dataclass(frozen=True)
class Scene:
    """A command that writes.

    Attributes
    ----------
    name, words
        What it is called, and the command.
    events
        How many events it adds.
    before
        Commands whose effect it needs.
    grows
        Whether it says something new each time: who claims again has a case for longer.
    """

    name: str
    words: tuple[str, ...]
    events: int = 1
    before: tuple[tuple[str, ...], ...] = ()
    grows: bool = False


SCENES = (
    Scene("claim", _CLAIM, grows=True),
    Scene("claim --release", ("claim", "R-1", "--release", "--by", "ana"), before=(_CLAIM,)),
    Scene("note", ("note", "R-1", "--text", "called\nthe seller", "--by", "ana")),
    Scene("skip", ("skip", "R-1", *_WHY)),
    Scene("merge", _MERGE),
    Scene("split", ("split", "R-1", "--member", "ann", *_WHY)),
    Scene("reopen", ("reopen", "R-1", *_WHY), before=(("decide", "R-1", "watch", *_WHY),)),
    Scene("reopen, what was merged", ("reopen", SECOND, *_WHY), before=(_MERGE,)),
    Scene("decide, an account", ("decide", "ann", "cleared", *_WHY)),
    Scene("decide, a ring", ("decide", "R-1", "dismissed", *_WHY)),
    Scene("decide, some members", ("decide", "R-1", "cleared", "--member", "ann", "--member", "bob", *_WHY)),
    Scene("decide, two cases as one", ("decide", "R-1", "confirmed", *_WHY), events=2, before=(_MERGE,)),
    Scene("decide --from", _BATCH, events=3),
    Scene("decide --undo, an event", ("decide", "--undo", UNDONE, *_WHY), before=(("decide", "R-1", "watch", *_WHY),)),
    Scene("decide --undo, a batch", ("decide", "--undo", UNDONE, *_WHY), before=(_BATCH,)),
    Scene("ignore", _IGNORE),
    Scene("ignore --again", ("ignore", "device", "phone-7", "--again", *_WHY), before=(_IGNORE,)),
    Scene("appeal --text", _APPEAL),
    Scene("appeal --granted", ("appeal", "ann", "--granted", "--yes", *_WHY), before=(_APPEAL,)),
    Scene("appeal --refused", ("appeal", "ann", "--refused", *_WHY), before=(_APPEAL,)),
    Scene("casebook import", ("casebook", "import", "events.jsonl"), events=3),
)


def write_files(folder: Path) -> Path:
    """Write what the commands read; they are run in this folder."""
    (folder / "letter.txt").write_text("It was\nnot me.", encoding="utf-8")
    (folder / "many.csv").write_text("id,member\neve,\nR-1,cyd\ndan,\n", encoding="utf-8")
    (folder / "events.jsonl").write_text("".join(f"{each}\n" for each in _list_imported()), encoding="utf-8")
    return folder


def _list_imported() -> Iterator[str]:
    yield write_event(decide("bob", "watch"))
    yield write_event(say(2, kind="noted", subject="ring", subject_id="R-1", reason="from elsewhere"))
    yield write_event(decide("ann", "cleared", 3))
