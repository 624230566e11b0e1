"""Which canonical forms of a market are one thing: the second step, see :mod:`graph.identity.canonical`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graph.identity.spellings import list_names

if TYPE_CHECKING:
    from graph.arrow import Cells
    from graph.model import Ints

_PHONES, _NETWORKS = list_names("phone"), list_names("ip")
MATCHED_KINDS = ("address", *_PHONES, *_NETWORKS)


def match_values(kind: str, forms: Cells) -> Ints:
    """Find which canonical forms of one kind are one thing, given all of a market's.

    The answer depends on the set of forms alone, not on their order; forms that have nothing to do with one another
    do not change one another's.

    Parameters
    ----------
    kind
        Only ``address``, ``phone`` and ``ip`` have anything to find, by whatever name.
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
    if kind in _PHONES:
        from graph.identity.phone_matching import match_phones

        return match_phones(forms)
    if kind in _NETWORKS:
        from graph.identity.networks import match_networks

        return match_networks(forms)
    return np.arange(len(forms), dtype=np.int64)
