"""A week of three investigators, from a seed: what each says to a store, and what each was told stands.

Commands are run as people type them.  What is refused has to say so in one line, and must leave nothing behind; what is
acknowledged is written down here, as it was understood, so that it can be compared with what the casebook folds to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import ask, run

from cli.context import Workplace
from graph.open import open_store

INVESTIGATORS = ("ana", "bo", "cy")
REFUSED = (1, 3, 5)
"""Exit codes: it makes no sense now, there is none of this id, somebody else has it."""

_MEMBERS = """MATCH (r:Run) WITH max(r.sequence) AS latest MATCH (r:Run {sequence: latest})-[:FOUND]->(g:Ring)
MATCH (g)<-[:MEMBER_OF]-(a:Account) RETURN g.ring_id AS ring_id, a.account_id AS account_id
ORDER BY ring_id, account_id"""
_THINGS = """MATCH (g:Ring)<-[:MEMBER_OF]-(a:Account)-[:USES]->(i:Identifier)
RETURN DISTINCT i.kind AS kind, i.value AS value ORDER BY kind, value LIMIT 6"""


@dataclass(frozen=True)
class Told:
    """A command that was acknowledged: what it does, of what, and the events that it printed.

    ``is_new`` unless they were there before: the same had been said already, and the command says that it stands.
    """

    does: str
    subject_ids: tuple[str, ...]
    by: str
    word: str
    event_ids: tuple[str, ...]
    batch: str | None
    is_new: bool = True


@dataclass
class Understood:
    """What stands, as the investigators understood it: by id, and who has which case."""

    rings: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    ignored: set[tuple[str, str]] = field(default_factory=set)
    appeals: set[str] = field(default_factory=set)


class Week:
    """What is said to a store, from a seed.

    Parameters
    ----------
    store
        Which one takes the commands; another from a later day on, where it has been told everything.
    folder
        For the files that commands read.
    seed
        Of all that is chosen.
    """

    def __init__(self, store: str, folder: Path, seed: int = 0) -> None:
        self.store, self.told = store, list[Told]()
        self.refused = 0
        self._folder, self._rng = folder, np.random.default_rng(seed)
        self._rings: dict[str, list[str]] = {}
        self._things: list[tuple[str, str]] = []

    def begin_day(self) -> None:
        """See what the night has found; what was found before is still known."""
        found: dict[str, list[str]] = {}
        for row in ask("--store", self.store, "cypher", _MEMBERS):
            found.setdefault(row["ring_id"], []).append(row["account_id"])
        self._rings |= found
        self._things = [(row["kind"], row["value"]) for row in ask("--store", self.store, "cypher", _THINGS)]

    def act(self, times: int) -> None:
        """Let somebody say something, so often."""
        for _ in range(times):
            act = self.choose(ACTS)
            act(self, self.choose(INVESTIGATORS), self.choose_ring())

    def choose(self, among: Sequence[Any]) -> Any:
        return among[int(self._rng.integers(len(among)))]

    def choose_ring(self) -> str:
        return str(self.choose(sorted(self._rings)))

    def list_members(self, ring_id: str) -> list[str]:
        return self._rings[ring_id]

    def choose_member(self, ring_id: str) -> str:
        return str(self.choose(self._rings[ring_id]))

    def choose_thing(self) -> tuple[str, str]:
        return self.choose(self._things) if self._things else ("device", "none")  # type: ignore[no-any-return]

    def write(self, name: str, text: str) -> str:
        path = self._folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def say(self, does: str, by: str, *words: str, word: str = "", of: str | None = None) -> None:
        """Run a command, and write down what it acknowledges; ``of`` is what it is about, if its events do not say."""
        result = run("--store", self.store, *words, "--by", by, "--format", "json")
        if result.exit_code:
            self.refused += 1
            assert result.exit_code in REFUSED, (words, result.output)
            assert result.stderr.startswith("ringfence: "), (words, result.output)
            assert result.stdout == ""
            return
        self.take_down(does, by, json.loads(result.stdout), word=word, of=of)

    def take_down(
        self, does: str, by: str, rows: list[dict[str, Any]], *, word: str = "", of: str | None = None
    ) -> None:
        """Write down what a command has acknowledged."""
        ids = tuple(row["event_id"] for row in rows)
        known = {each for told in self.told for each in told.event_ids}
        subjects = tuple(row["subject_id"] for row in rows) if of is None else (of,)
        self.told.append(Told(does, subjects, by, word, ids, rows[0]["batch"], is_new=not known & set(ids)))

    def list_standing(self) -> list[Told]:
        """What was acknowledged and not taken back."""
        standing: list[Told] = []
        for each in self.told:
            if each.does == "undo":
                standing = [told for told in standing if each.subject_ids[0] not in (told.batch, *told.event_ids)]
            else:
                standing.append(each)
        return standing

    def understand(self) -> Understood:
        """What stands, by nothing but what was acknowledged."""
        known = Understood()
        for each in self.list_standing():
            _take_in(known, each)
        return known


@contextmanager
def keep_open(store: str) -> Iterator[None]:
    """Have commands ask a store that is open already: most of what a short one takes is to open it."""
    with open_store(store) as kept, pytest.MonkeyPatch.context() as patched:
        patched.setattr(Workplace, "open_store", lambda _: nullcontext(kept))
        yield


# ── what can be said ──────────────────────────────────────────────────────────────────────────────


def _claim(week: Week, by: str, ring_id: str) -> None:
    week.say("claim", by, "claim", ring_id)


def _release(week: Week, by: str, ring_id: str) -> None:
    week.say("free", by, "claim", ring_id, "--release")


def _note(week: Week, by: str, ring_id: str) -> None:
    text = f"note {len(week.told)}\nof {by}"
    week.say("note", by, "note", ring_id, "--text", text, word=text)


def _skip(week: Week, by: str, ring_id: str) -> None:
    week.say("free", by, "skip", ring_id, "--reason", f"{by} knows no trade")


def _merge(week: Week, by: str, ring_id: str) -> None:
    week.say("free", by, "merge", ring_id, week.choose_ring(), "--reason", "the same people")


def _split(week: Week, by: str, ring_id: str) -> None:
    week.say("other", by, "split", ring_id, "--member", week.choose_member(ring_id), "--reason", "another person")


def _reopen(week: Week, by: str, ring_id: str) -> None:
    week.say("other", by, "reopen", ring_id, "--reason", "a new hint")


def _decide_account(week: Week, by: str, ring_id: str) -> None:
    word = week.choose(["confirmed", "cleared", "watch"])
    week.say("account", by, "decide", week.choose_member(ring_id), word, "--reason", f"{by} called", word=word)


def _decide_member(week: Week, by: str, ring_id: str) -> None:
    account_id, word = week.choose_member(ring_id), week.choose(["confirmed", "cleared"])
    words = ("decide", ring_id, word, "--member", account_id, "--reason", "looked at")
    week.say("account", by, *words, word=word, of=account_id)


def _decide_ring(week: Week, by: str, ring_id: str) -> None:
    word = week.choose(["dismissed", "watch", "confirmed", "confirmed"])
    week.say("ring", by, "decide", ring_id, word, "--reason", f"{by} read it", word=word)


def _decide_file(week: Week, by: str, ring_id: str) -> None:
    path = week.write("many.csv", "id\n" + "".join(f"{each}\n" for each in week.list_members(ring_id)[:3]))
    week.say("account", by, "decide", "watch", "--from", path, "--reason", "students of one hall", word="watch")


def _undo(week: Week, by: str, ring_id: str) -> None:
    standing = [each for each in week.list_standing()[-8:] if each.does != "undo"]
    wanted = (last := week.choose(standing)).batch or last.event_ids[0] if standing else "E-none"
    week.say("undo", by, "decide", "--undo", wanted, "--reason", "said by mistake")


def _ignore(week: Week, by: str, ring_id: str) -> None:
    kind, value = week.choose_thing()
    week.say("ignore", by, "ignore", kind, value, "--reason", "of a library", word=kind)


def _heed(week: Week, by: str, ring_id: str) -> None:
    kind, value = week.choose_thing()
    week.say("heed", by, "ignore", kind, value, "--again", "--reason", "it was sold", word=kind)


def _appeal(week: Week, by: str, ring_id: str) -> None:
    account_id = week.choose_member(ring_id)
    path = week.write("letter.txt", f"It was not me, says {account_id}.")
    week.say("appeal", by, "appeal", account_id, "--text", path)


def _answer(week: Week, by: str, ring_id: str) -> None:
    waiting = sorted(week.understand().appeals)
    account_id = week.choose(waiting) if waiting else week.choose_member(ring_id)
    ruling = week.choose(["granted", "refused"])
    words = (f"--{ruling}", "--reason", f"{by} read the letter", "--yes")
    week.say(ruling, by, "appeal", account_id, *words, word="cleared" if ruling == "granted" else "")


ACTS: tuple[Callable[[Week, str, str], None], ...] = (
    *(_claim, _release, _note, _skip, _merge, _split, _reopen, _decide_account, _decide_member),
    *(_decide_ring, _decide_file, _undo, _ignore, _heed, _appeal, _answer),
)


def _take_in(known: Understood, told: Told) -> None:
    """What a command that was acknowledged means to whoever typed it."""
    for subject_id in told.subject_ids:
        match told.does:
            case "claim":
                known.holders[subject_id] = told.by
            case "free" | "ring":
                known.holders.pop(subject_id, None)
                known.rings |= {subject_id: told.word} if told.word else {}
            case "note" if told.is_new:
                known.notes.setdefault(subject_id, []).append(told.word)
            case "ignore":
                known.ignored.add((told.word, subject_id))
            case "heed":
                known.ignored.discard((told.word, subject_id))
            case "appeal":
                known.appeals.add(subject_id)
            case "account" | "granted" | "refused":
                known.appeals -= set() if told.does == "account" else {subject_id}
                known.accounts |= {subject_id: told.word} if told.word else {}
