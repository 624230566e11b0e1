"""A ring as notebooks show it: the picture of its page, small, with a line of what it is."""

from __future__ import annotations

from dataclasses import dataclass

from graph.pages.content import Asked, read_ring
from graph.pages.rendering import make_environment
from graph.pages.ring import speak
from graph.pages.wording import Words, see_nodes
from graph.pictures.network import Network
from graph.queries.answers import RingRecord
from graph.statements.telling import Language
from graph.stores.protocol import GraphStore

COLOURS = {
    "core": "#c8403a",
    "fringe": "#b9770e",
    "thing": "#3f8a60",
    "hub": "#76828c",
    "party": "#8458c4",
    "edge": "#8d99a5",
    "dealing": "#3b7dc9",
}
"""By what a mark is: readable on white as on black, since nobody knows what a notebook's ground is."""


@dataclass(frozen=True)
class RingPicture:
    """A ring that a notebook draws by itself; ``ring`` has everything that is kept of it."""

    ring: RingRecord
    network: Network
    language: Language = "en"

    def __repr__(self) -> str:
        """One line, for where nothing is drawn."""
        head = self.ring.summary
        return f"<{head.kind} ring {head.ring_id!r}: {head.size} accounts, {head.net_bits:.1f} bits, {head.tier}>"

    def _repr_html_(self) -> str:
        """The picture; no script, no style sheet, and every text escaped."""
        words = Words(self.language)
        return (
            make_environment(self.language)
            .get_template("notebook.html.j2")
            .render(
                ring=self.ring,
                network=self.network,
                seen=see_nodes(self.network, words),
                words=speak(words),
                colours=COLOURS,
            )
        )


def show_ring(
    store: GraphStore, ring_id: str, *, run_id: str | None = None, is_masked: bool = True, language: Language = "en"
) -> RingPicture:
    """A ring that a notebook draws, with identifiers hidden unless they are asked for.

    Raises
    ------
    UnknownIdError
        If no such run found such a ring.
    """
    facts = read_ring(store, ring_id, Asked(run_id=run_id, is_masked=is_masked))
    return RingPicture(facts.ring, facts.network, language)
