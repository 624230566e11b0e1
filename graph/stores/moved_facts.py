"""What a run that worked on a snapshot finds when it comes to write: the same facts, or others."""

from __future__ import annotations

from graph.errors import StoreMovedError
from graph.model import Snapshot, Strings
from graph.stores.protocol import GraphStore
from graph.stores.snapshots import digest_snapshot


def find_moved(store: GraphStore, snapshot: Snapshot, *, mark: str) -> Snapshot | None:
    """The facts as they are now, or None where they are still those of a snapshot.

    Parameters
    ----------
    store
        Held for writing, so that nothing moves between this and what is written next.
    snapshot
        What the run worked on.
    mark
        The store's mark (:meth:`~graph.stores.protocol.GraphStore.mark_facts`) before the snapshot was taken.  Only
        where it is another one now are the facts themselves compared.

    Raises
    ------
    StoreMovedError
        If an account or a review of the snapshot is gone, so that nothing can be written about it.
    """
    if store.mark_facts() == mark:
        return None
    now = store.snapshot(as_of=snapshot.as_of)
    for was, there_is in _pair_ids(snapshot, now):
        if count_missing(was, there_is):
            raise StoreMovedError(
                f"{store.location} was set back to earlier facts, or accounts or reviews were taken away, while a run"
                " was at work: nothing was written; run it again"
            )
    return None if digest_snapshot(now) == digest_snapshot(snapshot) else now


def say_moved(run_id: str, snapshot: Snapshot, now: Snapshot) -> str:
    """Say what a run that was written does not know."""
    accounts, reviews = (count_missing(there_is, was) for was, there_is in _pair_ids(snapshot, now))
    came = [_count(accounts, "account"), _count(reviews, "review")]
    unscored = " and ".join(each for each in came if each)
    rest = f", and {unscored} that came meanwhile are not scored" if unscored else ", without what came meanwhile"
    return f"the facts changed while the run was at work: {run_id} is kept{rest}; run `ringfence detect` again"


def count_missing(ids: Strings, there_is: Strings) -> int:
    """How many ids are not among others; numpy would compare every two of them, since they are objects."""
    return len(set(ids.tolist()).difference(there_is.tolist()))


def _pair_ids(before: Snapshot, after: Snapshot) -> tuple[tuple[Strings, Strings], ...]:
    accounts = before.account_id, after.account_id
    return accounts, (before.reviews.review_id, after.reviews.review_id)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number > 1 else ''}" if number else ""
