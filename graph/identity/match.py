"""Which canonical forms of a market are one thing: the second step, see :mod:`graph.identity.canonical`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from graph.arrow import Cells
    from graph.model import Ints

MATCHED_KINDS = ("address", "phone")


def match_values(kind: str, forms: Cells) -> Ints:
    """Find which canonical forms of one kind are one thing, given all of a market's.

    The answer depends on the set of forms alone, not on their order; forms that have nothing to do with one another
    do not change one another's.

    Parameters
    ----------
    kind
        Only ``address`` and ``phone`` have anything to find.
    forms
        (N,) pyarrow string array of distinct canonical forms.

    Returns
    -------
    (N,) int
        For each form the row of the form that stands for the thing: its own where it is joined to none.
    """
    if kind == "address":
        from graph.identity.address_matching.places import match_addresses

        return match_addresses(forms)
    if kind == "phone":
        from graph.identity.phone_matching import match_phones

        return match_phones(forms)
    return np.arange(len(forms), dtype=np.int64)
