"""A generation once more: as the newest of its store, or of another one, by a link and no copy."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from graph.stores.embedded.folder import StoreFolder
from graph.stores.embedded.generations import (
    Generation,
    has_whole_names,
    publish,
    remove_draft,
    share_graph,
    share_names,
    start_draft,
)
from graph.stores.embedded.manifest import NO_NAMES, Manifest, WrittenNames, write_manifest
from graph.stores.holder import name_this_process
from graph.version import VERSION


def publish_again(held: Generation, folder: StoreFolder, *, made_from: int | None) -> int:
    """Make a generation that is held the newest one of a store, whose lock the caller has; returns its number.

    Parameters
    ----------
    held
        The generation; whoever holds it lets it go.
    folder
        Of the store, its own or another one on the same disk.
    made_from
        What the new generation says that it was made from.
    """
    place = start_draft(folder)
    try:
        share_graph(held, place)
        names = NO_NAMES  # the next load writes them again
        if held.manifest.names is not None and has_whole_names(held):
            names = share_names(held, place)
        write_manifest(place, _rename(held, made_from, names))
        return publish(folder, place)
    finally:
        remove_draft(place)


def _rename(held: Generation, made_from: int | None, names: WrittenNames) -> Manifest:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    told = {"made_at": now, "made_by": VERSION, "command": name_this_process()["command"], "made_from": made_from}
    return msgspec.structs.replace(held.manifest, names=names.names, renamed=names.renamed, **told)
