"""Comparing a store's graph with its checksum before the store is opened, beside what is done until then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from graph.errors import StoreError
from graph.stores.embedded.disk import DigestedBlocks
from graph.stores.embedded.folder import StoreFolder
from graph.stores.embedded.generations import Generation, hold_newest


class EarlyCheck:
    """Of a generation, which is held meanwhile, so that nothing else can come to lie in its place.

    Parameters
    ----------
    held
        The generation.
    digested
        Its file, which is being read.
    """

    def __init__(self, held: Generation, digested: DigestedBlocks) -> None:
        self._held = held
        self._digested = digested

    def vouches_for(self, held: Generation) -> bool:
        """Whether a generation is this one, and whole; waits until all of it is read."""
        if (held.folder, held.manifest.sha256) != (self._held.folder, self._held.manifest.sha256):
            return False
        try:
            return self._held.is_whole(self._digested)
        except OSError:  # whoever reads it again says so better
            return False


@contextmanager
def checking_early(folder: StoreFolder) -> Iterator[EarlyCheck | None]:
    """Read the newest graph on other threads until this is left; None where there is none that has checksums of blocks.

    Whatever is wrong is for whoever opens the store to say.
    """
    held = None
    with suppress(StoreError, OSError):
        held = hold_newest(folder)
    if held is None:
        yield None
        return
    try:
        digested = _begin(held)
        if digested is None:
            yield None
            return
        with digested:
            yield EarlyCheck(held, digested)
    finally:
        held.release()


def _begin(held: Generation) -> DigestedBlocks | None:
    if not held.manifest.blocks:
        return None
    try:
        held.check_size()
        return DigestedBlocks(held.file, n_spared=1)  # whoever imports and reads tables has one
    except (StoreError, OSError):
        return None
