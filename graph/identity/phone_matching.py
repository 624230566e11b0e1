"""Which national telephone numbers of a market are which international ones."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import join_texts, read_ints, read_texts
from graph.identity.phones import find_calling_code, find_trunk_prefix

if TYPE_CHECKING:
    from graph.arrow import Cells
    from graph.model import Ints

_MIN_NATIONAL = 7
"""A number with fewer digits has no area code: it says nothing outside its town."""


def match_phones(forms: Cells) -> Ints:
    """Find which national numbers of a market are written in full elsewhere in it.

    The country is that of more than half of the market's international numbers; without such a country nothing is
    joined.  Cost: linear.

    Parameters
    ----------
    forms
        (N,) pyarrow string array of distinct :func:`~graph.identity.phones.canonical_phone` forms.

    Returns
    -------
    (N,) int
        For each national number the row of the international one, where there is one; else its own row.

    Examples
    --------
    >>> match_phones(pa.array(["+442079460958", "02079460958", "02079460959"])).tolist()
    [0, 0, 2]
    """
    own = np.arange(len(forms), dtype=np.int64)
    is_full = pc.starts_with(forms, "+").to_numpy(zero_copy_only=False)
    code = _find_usual_code(forms.filter(pa.array(is_full)))
    rows = np.flatnonzero(
        ~is_full & pc.match_substring_regex(forms, rf"^\d{{{_MIN_NATIONAL},15}}(x\d+)?$").to_numpy(False)
    )
    if not code or not len(rows):
        return own
    national = forms.take(rows)
    trunk = find_trunk_prefix(code)
    spelled = [pc.replace_substring_regex(national, f"^{trunk}", "")] if trunk else []
    for each in [*spelled, national]:
        whole = join_texts(f"+{code}", each, "")
        place = read_ints(pc.index_in(whole, value_set=forms), missing=-1)
        own[rows] = np.where((place >= 0) & (own[rows] == rows), place, own[rows])
    return own


def _find_usual_code(full: Cells) -> str:
    """The calling code of more than half of these international numbers; empty where there is none."""
    count: Counter[str] = Counter()
    for start, n in Counter(read_texts(pc.utf8_slice_codeunits(full, 1, 4))).items():
        count[find_calling_code(start)] += n
    best = max(sorted(count), key=lambda code: count[code], default="")
    return best if best and 2 * count[best] > len(full) else ""
