"""What the script of a page reads: the picture's nodes and edges, with everything that it says of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from graph.pages.rendering import show_text
from graph.pages.wording import Seen, Words, say_edge
from graph.pictures.network import Edge, Network
from graph.pictures.strip import Strip

STRIP_LEFT, STRIP_WIDE = 130.0, 770.0
"""Where the marks of a strip begin and how far they run, in the units of its picture."""
_MOST_NAMES = 60


def list_data(
    network: Network, seen: Sequence[Seen], strip: Strip | None, words: Words, *, is_weighed: bool = True
) -> dict[str, Any]:
    """The data of a page with a picture; ``is_weighed`` where the widths of lines are bits."""
    _ = words
    times = {"from": _count_seconds(strip.first_at), "to": _count_seconds(strip.last_at)} if strip else {}
    return {
        "nodes": [_list_node(each) for each in seen],
        "edges": [_list_edge(each, words, is_weighed=is_weighed) for each in network.edges],
        "members": sum(each.count for each in network.nodes if each.kind in ("account", "crowd", "party")),
        "left": STRIP_LEFT,
        "wide": STRIP_WIDE,
        **times,
        "words": {
            "nothing": _("Pick a mark in the picture to see what ties it."),
            "before": _("before anything"),
            "play": _("Play"),
            "stop": _("Stop"),
        },
    }


def _list_node(seen: Seen) -> dict[str, Any]:
    node = seen.node
    told = {"name": seen.name, "about": seen.about, "role": node.role, "x": node.x, "y": node.y, **_date(node.at)}
    if node.kind in ("account", "crowd", "party"):
        told["ids"] = node.count
    if node.kind == "crowd":
        told["names"] = [show_text(each) for each in node.account_ids[:_MOST_NAMES]]
    return told


def _list_edge(edge: Edge, words: Words, *, is_weighed: bool) -> dict[str, Any]:
    return {
        "s": edge.source,
        "t": edge.target,
        "channel": show_text(edge.channel),
        "what": show_text(edge.what),
        "about": say_edge(edge, words, is_weighed=is_weighed),
        "bits": round(edge.bits, 1),
        **_date(edge.at),
    }


def _date(at: datetime | None) -> dict[str, int]:
    return {} if at is None else {"at": _count_seconds(at)}


def _count_seconds(at: datetime) -> int:
    """Seconds since the beginning of 1970, as scripts count time."""
    return int(at.replace(tzinfo=UTC).timestamp())
