"""The question whose answer is what the page shows, for ``ringfence cypher``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

_PLAIN = re.compile(r"[\w .:@/+-]*", re.ASCII)
"""What any database reads in quotes as it stands; everything else is given as a parameter."""
# No part returns one property twice: LadybugDB 0.22 does not survive that in a UNION.
_WAYS = {
    "uses": (
        "(a:Account)-[:USES]->(t:Identifier)<-[:USES]-(b:Account)",
        "t.kind",
        "t.value",
        "a.account_id < b.account_id",
    ),
    "trade": ("(a:Account)-[t:ORDERED]->(b:Account)", "'trade'", "t.order_id", ""),
    "transfer": ("(a:Account)-[t:PAID]->(b:Account)", "'transfer'", "t.transfer_id", ""),
    "referral": ("(a:Account)-[:REFERRED]->(b:Account)", "'referral'", "'brought in'", ""),
    "reviewed product": (
        "(a:Account)-[:WROTE]->(:Review)-[:ABOUT]->(t:Listing)<-[:ABOUT]-(:Review)<-[:WROTE]-(b:Account)",
        "'reviewed product'",
        "t.product_id",
        "a.account_id < b.account_id",
    ),
}


@dataclass(frozen=True)
class Asked:
    """A question in Cypher, and the whole command that asks it."""

    cypher: str
    command: str


def write_cypher(account_ids: Sequence[str]) -> Asked:
    """What joins these accounts, as a question that both stores understand.

    >>> print(write_cypher(["ann", "it's"]).command.rpartition(" -p ")[2])
    'p1=it'"'"'s'
    """
    values, parameters = [], dict[str, str]()
    for account_id in account_ids:
        if _PLAIN.fullmatch(account_id):
            values.append(f"'{account_id}'")
        else:
            name = f"p{len(parameters) + 1}"
            parameters[name] = account_id
            values.append(f"${name}")
    ids = ", ".join(values)
    cypher = "\nUNION\n".join(_write_way(*way, ids) for way in _WAYS.values())
    given = "".join(f" -p {shlex.quote(f'{name}={value}')}" for name, value in parameters.items())
    return Asked(cypher, f"ringfence cypher {shlex.quote(cypher)}{given}")


def _write_way(pattern: str, channel: str, what: str, condition: str, ids: str) -> str:
    apart = f" AND {condition}" if condition else ""
    return (
        f"MATCH {pattern}\nWHERE a.account_id IN [{ids}] AND b.account_id IN [{ids}]{apart}\n"
        f"RETURN DISTINCT a.account_id AS one, b.account_id AS other, {channel} AS channel, {what} AS what"
    )
