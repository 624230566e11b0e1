"""Questions in the Cypher that LadybugDB answers quickest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from graph.stores.protocol import Question


def find_by_key(question: Question, keys: Sequence[str]) -> Question:
    """The same question of the same identifiers, found by their keys: their canonical values have no index."""
    return replace(question, ids=keys, found_by=question.key.replace(".canonical", ".identifier_key"))


def say_question(question: Question) -> str:
    """One question about one node or many, whose ids are its parameter ``id`` or ``ids``."""
    # Whatever is asked otherwise (IN, or one MATCH for the nodes and their ways) reads the whole table of nodes or of
    # relationships: some hundred times as long.  An optional way starts at the nodes that were found; one node needs
    # no such care.
    one = len(question.ids) == 1
    match = "MATCH" if one else "OPTIONAL MATCH"
    condition = f" WHERE {question.condition}" if question.condition else ""
    ways = [f"{match} {question.way}{condition}"] if question.way else []
    ways += [f"WITH * WHERE {question.far} IS NOT NULL"] if ways and not one else []
    key = question.found_by or question.key
    found = " ".join([f"UNWIND $ids AS given MATCH {question.near} WHERE {key} = given", *ways])
    if one:
        found = " ".join([f"MATCH {question.near} WHERE {key} = $id", *ways])
    if not question.gather:
        return f"{found} RETURN {question.returns} {question.order}"
    gathered = f"count(DISTINCT {question.far}) AS n, collect(DISTINCT {question.gather}) AS gathered"
    kept = f"CASE WHEN n > {question.most} THEN list_slice(gathered, 0, 0) ELSE gathered END AS gathered"
    columns = ", ".join(question.columns)
    return f"{found} WITH {question.key} AS whose, {question.returns}, {gathered} RETURN {columns}, n, {kept}"
