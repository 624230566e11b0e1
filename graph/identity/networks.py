"""Which IPv6 addresses of a market are one network: those that agree in their first 64 bits."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from graph.arrow import is_true, read_texts

if TYPE_CHECKING:
    from graph.arrow import Cells
    from graph.model import Ints

_HOST_BITS = 64
_ROUTED = ipaddress.IPv6Network("2000::/3")
_SHARED = tuple(ipaddress.IPv6Network(each) for each in ("2001::/23", "2001:db8::/32", "2002::/16"))
"""Where the first 64 bits are a relay's, a document's or an IPv4 address's, and not a home's."""


def match_networks(forms: Cells) -> Ints:
    """Find which addresses lie in one /64, which is what one connection has, as one IPv4 address is elsewhere.

    A machine takes another address in it every day (RFC 8981), so that hardly two days show the same.  Cost: linear.

    Parameters
    ----------
    forms
        (N,) pyarrow string array of distinct canonical forms of ``ip``.

    Returns
    -------
    (N,) int
        For each address the row of the first, by its text, in its network; its own where it is of IPv4, or no address
        that is routed by its first 64 bits.

    Examples
    --------
    >>> import pyarrow as pa
    >>> match_networks(pa.array(["8.8.8.8", "2a02:8109::2", "2a02:8109::1", "2a02:8109:0:1::1", "fe80::1"])).tolist()
    [0, 2, 2, 3, 4]
    """
    own = np.arange(len(forms), dtype=np.int64)
    rows = np.flatnonzero(is_true(pc.match_substring(forms, ":")))
    texts = dict(zip(rows.tolist(), read_texts(forms.take(rows)), strict=True))
    first: dict[int, int] = {}
    for row in sorted(texts, key=lambda each: texts[each]):
        network = _find_network(texts[row])
        if network is not None:
            own[row] = first.setdefault(network, row)
    return own


def _find_network(text: str) -> int | None:
    """The first 64 bits of an address; None where they name no connection."""
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    if address not in _ROUTED or any(address in each for each in _SHARED):
        return None
    return int(address) >> _HOST_BITS
