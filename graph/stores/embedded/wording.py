"""Questions in the Cypher that LadybugDB answers quickest."""

from __future__ import annotations

from graph.stores.protocol import Question


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
    found = " ".join([f"UNWIND $ids AS given MATCH {question.near} WHERE {question.key} = given", *ways])
    if one:
        found = " ".join([f"MATCH {question.near} WHERE {question.key} = $id", *ways])
    if not question.gather:
        return f"{found} RETURN {question.returns} {question.order}"
    gathered = f"count(DISTINCT {question.far}) AS n, collect(DISTINCT {question.gather}) AS gathered"
    kept = f"CASE WHEN n > {question.most} THEN list_slice(gathered, 0, 0) ELSE gathered END AS gathered"
    columns = ", ".join(question.columns)
    return f"{found} WITH {question.key} AS whose, {question.returns}, {gathered} RETURN {columns}, n, {kept}"
