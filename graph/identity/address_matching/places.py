"""Which canonical addresses of a market are one place, where it takes more than one address to tell.

Three things are joined that one address alone cannot show: slips of the pen (``Oakfeild St``), parts that one writer
left out (the postcode, the city, the region), and a flat that one writer left out where the building has but one.
Nothing is joined by a chain: a spelling that fits two places which do not fit one another is joined to neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import count_bytes, make_table
from graph.identity.address_matching.buildings import Buildings, find_buildings
from graph.identity.address_matching.candidates import find_candidates
from graph.identity.address_matching.clusters import join_without_chains
from graph.identity.address_matching.comparison import compare_buildings, make_record_reader
from graph.identity.address_matching.form_words import split_words
from graph.identity.address_matching.units import split_by_unit
from graph.model import Ints

if TYPE_CHECKING:
    from graph.arrow import Cells


def match_addresses(forms: Cells) -> Ints:
    """Find which canonical addresses of one market are one place.

    Buildings that share a house number and either a postcode, or all their words but one, are compared word by word;
    flats are then joined within a building.  Cost: linear in the number of addresses times their words, as no key
    that more than 64 buildings share is looked at.

    Parameters
    ----------
    forms
        (N,) pyarrow string array of distinct forms, as :func:`~graph.identity.addresses.form.canonical_address` makes
        them, in any order.

    Returns
    -------
    (N,) int
        For each form the row of the fullest form of its place: its own row where it is joined to none.

    Examples
    --------
    >>> forms = ["12 oakfield st unit3, leeds", "12 oakfeild st unit3, leeds", "12 oakfield st unit4, leeds"]
    >>> match_addresses(pa.array(forms)).tolist()
    [1, 1, 2]
    """
    if len(forms) < 2:
        return np.arange(len(forms), dtype=np.int64)
    words = split_words(forms)
    buildings = find_buildings(words, len(forms), forms)
    cluster = _cluster_buildings(buildings)[buildings.of_form]
    place = split_by_unit(cluster, words, buildings, len(forms))
    return _pick_fullest(place, forms)


def _cluster_buildings(buildings: Buildings) -> Ints:
    """The cluster of each building."""
    left, right = find_candidates(buildings)
    record = make_record_reader(buildings)
    pairs = zip(left.tolist(), right.tolist(), strict=True)
    verdict = {(a, b): compare_buildings(record(a), record(b)) for a, b in pairs}
    return join_without_chains(verdict, len(buildings.first), record)


def _pick_fullest(place: Ints, forms: Cells) -> Ints:
    """The row of the longest form of each form's place, the first in order among equals."""
    order = pc.sort_indices(
        make_table({"place": pa.array(place), "length": pa.array(-count_bytes(forms)), "form": forms}),
        sort_keys=[("place", "ascending"), ("length", "ascending"), ("form", "ascending")],
    ).to_numpy()
    ordered = place[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    fullest = np.empty(int(place.max()) + 1, dtype=np.int64)
    fullest[ordered[starts]] = order[starts]
    return fullest[place]
