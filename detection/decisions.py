"""What has been decided of accounts: the latest verdict on each, and who is barred."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.policy import Policy
from graph.model import Ints, Snapshot, Times


@dataclass(frozen=True)
class Known:
    """``row`` (L,) of accounts that somebody decided about, each once, rising; ``is_fraud`` (L,)."""

    row: Ints
    is_fraud: NDArray[np.bool_]


@dataclass(frozen=True)
class Barred:
    """Who may not trade any more.

    Attributes
    ----------
    is_labelled : (N,) whether the latest verdict on an account is fraud
    is_restricted : (N,) whether it has a status that restricts it, and no verdict that it is honest
    decided_at : (N,) when the verdict was given, NaT where unknown
    """

    is_labelled: NDArray[np.bool_]
    is_restricted: NDArray[np.bool_]
    decided_at: Times

    @property
    def is_barred(self) -> NDArray[np.bool_]:
        """Whether either (N,)."""
        return self.is_labelled | self.is_restricted


def choose_known(snapshot: Snapshot) -> Known:
    """What is known of accounts: the latest decision about each, and of simultaneous ones the graver.

    >>> from embeddings.features.accounts import empty_snapshot
    >>> len(choose_known(empty_snapshot()).row)
    0
    """
    last = find_latest(snapshot)
    return Known(row=snapshot.label_account[last], is_fraud=snapshot.label_is_fraud[last])


def find_dates(snapshot: Snapshot) -> Times:
    """When each of the decisions that :func:`choose_known` chooses was given (L,), NaT where that is not known."""
    return snapshot.label_decided_at[find_latest(snapshot)]


def find_barred(snapshot: Snapshot, policy: Policy) -> Barred:
    """Who is barred, by the latest verdict on each account and by its status.

    Parameters
    ----------
    snapshot
        With labels and statuses, as of its instant.
    policy
        For the statuses that bar.
    """
    last, n = find_latest(snapshot), snapshot.n_accounts
    row, is_fraud = snapshot.label_account[last], snapshot.label_is_fraud[last]
    names = [status.casefold() in policy.barred_statuses for status in snapshot.account_status_names]
    is_restricted = np.array([*names, False])[snapshot.account_status]
    # Somebody looked, and let it be: what the status says is older, or about something else.
    is_restricted[row] = False
    is_labelled = np.zeros(n, dtype=bool)
    is_labelled[row[is_fraud]] = True
    decided_at = np.full(n, "NaT", dtype="datetime64[us]")
    decided_at[row[is_fraud]] = snapshot.label_decided_at[last][is_fraud]
    return Barred(is_labelled, is_restricted, decided_at)


def find_latest(snapshot: Snapshot) -> Ints:
    """The labels that are the last ones of their accounts (L,)."""
    at = snapshot.label_decided_at.astype("datetime64[us]").astype(np.int64)  # NaT comes first
    order = np.lexsort((snapshot.label_is_fraud, at, snapshot.label_account))
    last: Ints = order[np.flatnonzero(np.diff(snapshot.label_account[order], append=-1) != 0)]
    return last
