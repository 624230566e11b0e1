"""The verdicts of the run before the latest one, which are kept so that one can go back to them.

What a run says of every account and review stands on these, and the next run says something else there.  So whoever
writes a run puts what stands into some nodes ``FormerVerdicts`` first, a list of many in each: to keep a list costs
little, and nobody who asks about accounts meets one.  Only those of one run are kept.
"""

from __future__ import annotations

from graph.errors import ConfigError
from graph.stores.run_order import PAST
from graph.stores.server.batch import OneTransaction

_ROWS = 20_000
_UNKNOWN = -1.0  # a list of the server holds no null, and no score is negative
_LATEST = "MATCH (u:Run) WHERE u.sequence > $past RETURN u.run_id AS run_id ORDER BY u.sequence DESC, run_id LIMIT 2"
_FORGET = "MATCH (f:FormerVerdicts) DELETE f"
_KEPT = "MATCH (f:FormerVerdicts) RETURN DISTINCT f.run_id AS run_id"
_PROPERTIES = {
    "Account": ("account_id", "risk_score", "tier", "probability"),
    "Review": ("review_id", "suspicion", "tier"),
}
_NUMBERS = frozenset({"risk_score", "probability", "suspicion"})


def _say_keep(label: str) -> str:
    key, *others = _PROPERTIES[label]
    lists = [f"{key}: [x IN part | x.{key}]", *(f"{each}: [x IN part | {_say_known(each)}]" for each in others)]
    return (
        f"MATCH (n:{label}) WHERE n.tier IS NOT NULL WITH collect(n) AS found"
        f" UNWIND range(0, size(found) - 1, {_ROWS}) AS start WITH found[start..start + {_ROWS}] AS part"
        f" CREATE (:FormerVerdicts {{run_id: $run_id, of: '{label}', {', '.join(lists)}}})"
    )


def _say_known(name: str) -> str:
    return f"coalesce(x.{name}, {_UNKNOWN})" if name in _NUMBERS else f"coalesce(x.{name}, '')"


def _say_clear(label: str) -> str:
    names = ", ".join(f"n.{each}" for each in _PROPERTIES[label][1:])
    return f"MATCH (n:{label}) WHERE n.tier IS NOT NULL REMOVE {names}"


def _say_restore(label: str) -> str:
    key, *others = _PROPERTIES[label]
    values = ", ".join(f"n.{each} = {_say_value(each)}" for each in others)
    return (
        f"MATCH (f:FormerVerdicts {{of: '{label}'}}) UNWIND range(0, size(f.{key}) - 1) AS i"
        f" MATCH (n:{label} {{{key}: f.{key}[i]}}) SET {values}"
    )


def _say_value(name: str) -> str:
    nothing = _UNKNOWN if name in _NUMBERS else "''"
    return f"nullIf(f.{name}[i], {nothing})"


def keep_former(writer: OneTransaction, run_id: str) -> None:
    """Keep the verdicts that stand, before a run puts its own there; a run that is written again replaces itself."""
    latest = writer.ask(_LATEST, past=PAST)
    if latest and latest[0]["run_id"] != run_id:
        writer.ask(_FORGET)
        for label in _PROPERTIES:
            writer.ask(_say_keep(label), run_id=latest[0]["run_id"])


def go_back(writer: OneTransaction, run_id: str) -> str:
    """Make the run before a run the latest, with its verdicts, and return its id; the run is one of the past then.

    Raises
    ------
    ConfigError
        If that run is not the latest, or the verdicts of the one before it were not kept.
    """
    latest, kept = ([row["run_id"] for row in writer.ask(cypher, past=PAST)] for cypher in (_LATEST, _KEPT))
    if run_id not in latest[:1]:
        raise ConfigError("the latest run is none that a night has published; `ringfence runs` lists all of them")
    if not kept or kept != latest[1:]:
        raise ConfigError(
            "the verdicts of the run before the last night are not kept, so there is nothing to go back to"
        )
    writer.ask("MATCH (u:Run {run_id: $run_id}) SET u.sequence = $past", run_id=run_id, past=PAST)
    for label in _PROPERTIES:
        writer.ask(_say_clear(label))
        writer.ask(_say_restore(label))
    writer.ask(_FORGET)
    return str(kept[0])
