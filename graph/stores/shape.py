"""The shape of the property graph, said once: labels, relationships, their properties, keys, and since when.

From here follow the embedded store's tables and migrations, the server's keys and version, the Arrow tables of a run's
rows, what the questions return, and the tests' dump of a graph; docs/graph-model.md is checked against it.  What a
run found is laid out by the classes of :mod:`graph.results` themselves.  Knows no database.

A property that comes later says so (``since``), and stands at the end, where a database adds it to a table that is
there: so a graph that was brought up to date has the shape of a new one, to the order of its columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from graph.results import Evidence, Flag, InnocentReading, Member, Party, RingLink

Type = Literal["text", "real", "count", "time", "truth", "texts", "vector"]
"""What a property holds; ``count`` is an integer, ``time`` is UTC without a zone, ``texts`` a list of text."""


@dataclass(frozen=True)
class Property:
    """What a property holds, and since which version of the shape there is such a thing.

    ``unique``: no two share it.  ``found``: a run sets it on what was loaded, and it is no fact.
    """

    type: Type
    since: int = 1
    unique: bool = False
    found: bool = False


@dataclass(frozen=True)
class Node:
    """A label and its properties in their order; the first is the key."""

    label: str
    properties: Mapping[str, Property]

    @property
    def key(self) -> str:
        """The property that no two nodes of the label share."""
        return next(iter(self.properties))


@dataclass(frozen=True)
class Relationship:
    """A kind of relationship, the labels it leads from and to, and its properties in their order."""

    kind: str
    ends: tuple[tuple[str, str], ...]
    properties: Mapping[str, Property]


_TYPES: Mapping[object, Type] = {str: "text", float: "real", int: "count", bool: "truth", tuple[str, ...]: "texts"}


def read_fields(record: type, *, but: Iterable[str] = ()) -> dict[str, Property]:
    """The properties that keep a frozen dataclass, in the order of its fields.

    Parameters
    ----------
    record
        The class.  A field that is later than version 1 of the shape has ``since`` in its metadata.
    but
        Fields that are kept otherwise, or not at all.

    Raises
    ------
    TypeError
        If a field is of a type that no property holds.

    >>> {name: each.type for name, each in read_fields(InnocentReading, but=("name", "sentence")).items()}
    {'bits': 'real', 'won': 'truth'}
    """
    hints = get_type_hints(record)
    kept = [field for field in fields(record) if field.name not in but]
    return {each.name: Property(_find_type(hints[each.name]), each.metadata.get("since", 1)) for each in kept}


def _find_type(hint: Any) -> Type:
    if hint in _TYPES:
        return _TYPES[hint]
    if get_origin(hint) is Literal:
        return "text"
    if isinstance(hint, UnionType):  # what may be unknown: any property may be null
        known = [each for each in get_args(hint) if each is not type(None)]
        if len(known) == 1:
            return _find_type(known[0])
    raise TypeError(f"no property of the graph holds {hint}")


def _node(label: str, /, **properties: Type | Property) -> Node:
    return Node(label, _complete(properties))


def _later_node(label: str, since: int, /, **properties: Type | Property) -> Node:
    """A label that no graph of an earlier version has."""
    return Node(label, _complete(properties, since))


def _relationship(kind: str, /, *ends: tuple[str, str], **properties: Type | Property) -> Relationship:
    return Relationship(kind, ends, _complete(properties))


def _later_relationship(kind: str, ends: tuple[str, str], since: int, /, **properties: Type | Property) -> Relationship:
    """A kind of relationship that no graph of an earlier version has."""
    return Relationship(kind, (ends,), _complete(properties, since))


def _complete(properties: Mapping[str, Type | Property], since: int = 1) -> dict[str, Property]:
    return {name: each if isinstance(each, Property) else Property(each, since) for name, each in properties.items()}


_FACT_NODES = (
    _node(
        "Account",
        account_id="text",
        created_at="time",
        role="text",
        segment="text",
        status="text",
        attributes="text",
        risk_score=Property("real", found=True),
        tier=Property("text", found=True),
        probability=Property("real", since=2, found=True),
        updated_at=Property("time", since=3),
    ),
    _node("Identifier", identifier_key="text", kind="text", value="text", canonical="text"),
    _node(
        "Listing",
        product_id="text",
        listed_at="time",
        price="real",
        updated_at=Property("time", since=3),
        title=Property("text", since=4),
    ),
    _node(
        "Review",
        review_id="text",
        rating="real",
        reviewed_at="time",
        text="text",
        suspicion=Property("real", found=True),
        tier=Property("text", found=True),
        updated_at=Property("time", since=3),
    ),
    _node("Shop", shop_id="text"),
    _node("Label", label="text"),
    _later_node("Object", 6, object_key="text", value="text"),
    # A former state of a row of any table, with that table's columns; see graph.stores.history.
    _later_node(
        "Earlier",
        3,
        earlier_key="text",
        of_table="text",
        row_id="text",
        valid_from="time",
        valid_until="time",
        ended_as="text",
        account_id="text",
        buyer_id="text",
        seller_id="text",
        product_id="text",
        identifier_key="text",
        referred_by="text",
        created_at="time",
        role="text",
        segment="text",
        status="text",
        attributes="text",
        amount="real",
        currency="text",
        ordered_at="time",
        listed_at="time",
        price="real",
        rating="real",
        reviewed_at="time",
        text="text",
        label="text",
        decided_at="time",
        source="text",
        seen_at="time",
        order_id="text",
        review_id="text",
        updated_at="time",
        fee=Property("real", since=4),
        guarantee=Property("real", since=4),
        title=Property("text", since=4),
        object_key=Property("text", since=6),
        action=Property("text", since=6),
        happened_at=Property("time", since=6),
        transfer_id=Property("text", since=7),
        payer_id=Property("text", since=7),
        payee_id=Property("text", since=7),
        paid_at=Property("time", since=7),
    ),
)

_FOUND_NODES = (
    _node(
        "Run",
        run_id="text",
        sequence="count",
        started_at="time",
        finished_at="time",
        version="text",
        settings="text",
        snapshot_digest="text",
        as_of="time",
        accounts="count",
        rings="count",
        flags="count",
        notes="texts",
    ),
    _node(
        "Ring",
        ring_key="text",
        ring_id="text",
        run_id="text",
        rank="count",
        kind="text",
        score="real",
        tier="text",
        size="count",
        net_bits="real",
        charge_bits="real",
        action="text",
        money=Property("real", since=5),
        currency=Property("text", since=5),
        false_discovery=Property("real", since=5),
    ),
    _node("Evidence", evidence_key="text", **read_fields(Evidence)),
    _node("Reading", reading_key="text", **read_fields(InnocentReading)),
    _node("Flag", flag_key="text", run_id="text", **read_fields(Flag, but=("ring_ids",))),
)

_FACT_RELATIONSHIPS = (
    _relationship("USES", ("Account", "Identifier"), role="text", seen_at="time"),
    _relationship(
        "ORDERED",
        ("Account", "Account"),
        ("Account", "Shop"),
        order_id=Property("text", unique=True),
        product_id="text",
        amount="real",
        currency="text",
        ordered_at="time",
        status="text",
        updated_at=Property("time", since=3),
        fee=Property("real", since=4),
        guarantee=Property("real", since=4),
    ),
    _relationship("LISTED", ("Account", "Listing")),
    _relationship("WROTE", ("Account", "Review")),
    _relationship("ABOUT", ("Review", "Listing"), ("Review", "Account")),
    _relationship("REFERRED", ("Account", "Account")),
    _relationship(
        "LABELLED",
        ("Account", "Label"),
        decided_at="time",
        source="text",
        updated_at=Property("time", since=3),
    ),
    _relationship(
        "DID", ("Account", "Object"), action=Property("text", since=6), happened_at=Property("time", since=6)
    ),
    _later_relationship(
        "PAID",
        ("Account", "Account"),
        7,
        transfer_id=Property("text", since=7, unique=True),
        amount="real",
        currency="text",
        paid_at="time",
        status="text",
        updated_at="time",
    ),
)

_FOUND_RELATIONSHIPS = (
    _relationship("FOUND", ("Run", "Ring")),
    _relationship("MEMBER_OF", ("Account", "Ring"), **read_fields(Member, but=("account_id", "held_by", "held_bits"))),
    _relationship("INVOLVES", ("Ring", "Account"), **read_fields(Party, but=("account_id",))),
    _relationship(
        "LINKED", ("Account", "Account"), ring_key="text", **read_fields(RingLink, but=("account_a", "account_b"))
    ),
    _relationship("SHOWS", ("Ring", "Evidence")),
    _relationship("HEARD", ("Ring", "Reading")),
    _relationship("RAISED", ("Run", "Flag")),
    _relationship("ON", ("Flag", "Account"), ("Flag", "Review")),
    _relationship("CITES", ("Flag", "Ring")),
)

_SCHEMA = _node("Schema", name="text", version="count")

NODES: Mapping[str, Node] = {each.label: each for each in (_SCHEMA, *_FACT_NODES, *_FOUND_NODES)}
"""By label; ``Schema`` says in which version of the shape a graph is."""

RELATIONSHIPS: Mapping[str, Relationship] = {each.kind: each for each in (*_FACT_RELATIONSHIPS, *_FOUND_RELATIONSHIPS)}

FACTS: Mapping[str, Node | Relationship] = {
    **{each.label: each for each in _FACT_NODES},
    **{each.kind: each for each in _FACT_RELATIONSHIPS},
}
"""What is loaded, by label or kind; the rest is what runs find."""

VECTOR = _node("Vector", account_id="text", vector="vector")
"""Stands apart, for in some databases its type has a length that only the first vectors show."""

_PARTS: Mapping[str, Node | Relationship] = {**NODES, **RELATIONSHIPS}

VERSION = max(each.since for part in _PARTS.values() for each in part.properties.values())
"""Of the shape: that of its latest property."""


def list_found(table: str) -> frozenset[str]:
    """The properties of a label or kind that a run sets, though it was loaded.

    >>> sorted(list_found("Review")), sorted(list_found("Ring"))
    (['suspicion', 'tier'], [])
    """
    return frozenset(name for name, each in _PARTS.get(table, VECTOR).properties.items() if each.found)


def find_new_labels(version: int) -> list[Node]:
    """The labels of which a graph of a version knows nothing."""
    return [node for node in NODES.values() if all(each.since > version for each in node.properties.values())]


def find_new_relationships(version: int) -> list[Relationship]:
    """The kinds of relationships of which a graph of a version knows nothing; those that say so of a property."""
    return [
        each
        for each in RELATIONSHIPS.values()
        if each.properties and all(held.since > version for held in each.properties.values())
    ]


def find_later(version: int) -> dict[str, dict[str, Property]]:
    """The properties that a graph of a version lacks, by label or kind of relationship, of those that it knows."""
    new = {node.label for node in find_new_labels(version)} | {each.kind for each in find_new_relationships(version)}
    later = {
        name: {key: each for key, each in part.properties.items() if each.since > version}
        for name, part in _PARTS.items()
        if name not in new
    }
    return {name: properties for name, properties in later.items() if properties}


def say_returns(variable: str, part: Node | Relationship, names: Iterable[str]) -> str:
    """What follows RETURN for some properties, each under its own name.

    Parameters
    ----------
    variable
        What the query calls the node or relationship.
    part
        Its shape.
    names
        Which properties.

    Raises
    ------
    KeyError
        If there is no such property.

    >>> say_returns("i", NODES["Identifier"], ["kind", "value"])
    'i.kind AS kind, i.value AS value'
    """
    wanted = list(names)
    unknown = [name for name in wanted if name not in part.properties]
    if unknown:
        raise KeyError(f"{part} has no {', '.join(unknown)}")
    return ", ".join(f"{variable}.{name} AS {name}" for name in wanted)
