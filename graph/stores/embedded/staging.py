"""A store inside the store, in which a night is at work; what passes its checks is published by one rename.

The stage is a store like any other: its first generation is the newest of the store around it, by a link.  Whoever
works on it is the only one who does.
"""

from __future__ import annotations

from pathlib import Path

from graph.errors import StoreMovedError
from graph.stores.embedded.disk import remove_ours
from graph.stores.embedded.draft import noticing_full_disk
from graph.stores.embedded.explain import explained
from graph.stores.embedded.folder import DRAFTS, GENERATIONS, LOCK_FILE, MARKER_FILE, StoreFolder
from graph.stores.embedded.generations import hold_newest, remove_draft, sweep
from graph.stores.embedded.lock import HOLDER_FILE, WriterLock
from graph.stores.embedded.republish import publish_again
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.location import Folder

STAGED = "staged"


def name_stage(location: Folder) -> Folder:
    """Where the stage of a store lies; it keeps no more generations than it needs."""
    return Folder(str(Path(location.path) / STAGED), location.wait_seconds, 2)


def start_stage(location: Folder) -> int | None:
    """Make the stage anew from the store's newest generation; returns its number, None where there is none yet."""
    folder, stage = StoreFolder(Path(location.path)), StoreFolder(Path(name_stage(location).path))
    with explained(location.path), noticing_full_disk(folder.path.parent):
        discard_stage(location)
        folder.prepare()
        if not folder.list_numbers() and folder.older_graph.exists():
            EmbeddedStore(location, mode="write").close()  # which makes it a generation
        stage.prepare()
        stage.prepare_rooms()
        base = hold_newest(folder)
        if base is None:
            return None
        try:
            publish_again(base, stage, made_from=None)
        finally:
            base.release()
        return base.number


def find_staged_facts(location: Folder) -> str:
    """The mark of the facts that are staged; empty where there are none."""
    held = hold_newest(StoreFolder(Path(name_stage(location).path)))
    if held is None:
        return ""
    held.release()
    return held.mark()


def find_newest(location: Folder) -> int | None:
    """The number of the store's newest generation."""
    numbers = StoreFolder(Path(location.path)).list_numbers()
    return numbers[-1] if numbers else None


def is_published(location: Folder) -> bool:
    """Whether the stage's newest generation is the store's newest."""
    staged = _digest_newest(StoreFolder(Path(name_stage(location).path)))
    return bool(staged) and staged == _digest_newest(StoreFolder(Path(location.path)))


def _digest_newest(folder: StoreFolder) -> str:
    held = hold_newest(folder)
    if held is None:
        return ""
    held.release()
    return held.manifest.sha256


def publish_stage(location: Folder, base: int | None) -> int:
    """Make the stage's newest generation the store's newest, by one rename; doing it again changes nothing.

    Parameters
    ----------
    location
        Of the store.
    base
        What the stage was made from.

    Raises
    ------
    StoreMovedError
        If somebody else wrote to the store since; nothing is published.
    """
    folder, stage = StoreFolder(Path(location.path)), StoreFolder(Path(name_stage(location).path))
    with explained(location.path), noticing_full_disk(folder.path):
        folder.prepare_rooms()
        with WriterLock(folder, wait_seconds=location.wait_seconds):
            sweep(folder, kept=location.kept_generations)
            newest = find_newest(location)
            if is_published(location) and newest is not None:
                return newest
            if newest != base:
                raise StoreMovedError(
                    f"{location.path} was written to while the night was at work; nothing was published: run it again"
                )
            staged = hold_newest(stage)
            assert staged is not None  # it was loaded into, or made from a generation
            try:
                number = publish_again(staged, folder, made_from=base)
            finally:
                staged.release()
            sweep(folder, kept=location.kept_generations)
            return number


def discard_stage(location: Folder) -> None:
    """Delete the stage, of which nobody reads anything; what is not of Ringfence's making stays."""
    stage = StoreFolder(Path(name_stage(location).path))
    if stage.path.is_symlink() or not stage.path.is_dir():
        return
    for number in stage.list_numbers():
        remove_draft(stage.generations / f"{number:06d}")
    if stage.drafts.is_dir() and not stage.drafts.is_symlink():
        for place in stage.drafts.iterdir():
            remove_draft(place)
        (stage.drafts / HOLDER_FILE).unlink(missing_ok=True)
    for room in (GENERATIONS, DRAFTS):
        remove_ours(stage.path / room, (), mark=MARKER_FILE)
    remove_ours(stage.path, (LOCK_FILE,), mark=MARKER_FILE)
