"""A bazaar's market in the form of the data contract, with its truth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from detection.evaluation.bazaar import circles, crowds
from detection.evaluation.bazaar.commerce import found_bazaar, open_shops, refer_friends, trade
from detection.evaluation.bazaar.identity import settle
from detection.evaluation.bazaar.records import Recorder, list_fraud
from detection.evaluation.bazaar.ring_deeds import act
from detection.evaluation.bazaar.ring_plans import Ring, plan_rings
from detection.evaluation.bazaar.settings import BazaarSettings
from detection.evaluation.simulation.market import SimulatedMarket
from detection.evaluation.simulation.tables import draw_names

__all__ = ["BazaarSettings", "simulate_bazaar"]

# Who decides when people join comes before whoever relies on it.
_FOUNDERS = {"school_class": circles.form_school_class, "followers": crowds.form_followers}
# The crook comes before those who look for an honest shop.
_GROUPS = {
    "seller_victims": crowds.form_seller_victims,
    "household": circles.form_household,
    "extended_family": circles.form_extended_family,
    "friends": circles.form_friends,
    "savings_circle": circles.form_savings_circle,
    "swap_circle": circles.form_swap_circle,
    "hobby_season": circles.form_hobby_season,
    "hobby_years": circles.form_hobby_years,
    "meet_up": circles.form_meet_up,
    "student_flat": circles.form_student_flat,
    "sports_team": circles.form_sports_team,
    "second_hand": circles.form_second_hand,
    "office": crowds.form_office,
    "dormitory": crowds.form_dormitory,
    "shelter": crowds.form_shelter,
    "library": crowds.form_library,
    "carrier": crowds.form_carrier,
    "consignment": crowds.form_consignment,
    "fulfilment": crowds.form_fulfilment,
    "shop_staff": crowds.form_shop_staff,
    "resellers": crowds.form_resellers,
    "bookkeeper": crowds.form_bookkeeper,
    "payout_platform": crowds.form_payout_platform,
    "launch": crowds.form_launch,
    "flash_sale": crowds.form_flash_sale,
    "fans": crowds.form_fans,
    "recall": crowds.form_recall,
}


def simulate_bazaar(settings: BazaarSettings) -> SimulatedMarket:
    """Simulate a bazaar: eighteen months of trade, the groups in it, and the rings among them.

    Time and memory grow in proportion to the number of accounts, but for the largest crowds.

    Parameters
    ----------
    settings : BazaarSettings

    Returns
    -------
    SimulatedMarket
        The same for the same settings, to the byte.  ``truth`` has rings (with ``method`` and, as roles, the parties
        that a ring acts for or on), lookalikes, accounts and reviews.

    Examples
    --------
    >>> bazaar = simulate_bazaar(BazaarSettings(n_accounts=2_000, seed=7))
    >>> bazaar.truth["rings"]["method"].nunique()
    10
    """
    bazaar = found_bazaar(np.random.default_rng(settings.seed), settings)
    open_shops(bazaar)
    rings = plan_rings(bazaar)
    for kind, form in (_FOUNDERS | _GROUPS).items():
        for _ in range(settings.count_groups(kind)):
            form(bazaar)
    trade(bazaar)
    act(bazaar, rings)
    refer_friends(bazaar)
    settle(bazaar)
    names = draw_names(bazaar.rng, "C", settings.n_accounts)
    recorder = Recorder(bazaar, names, draw_names(bazaar.rng, "G", len(bazaar.goods.seller)))
    tables = recorder.write_tables()
    tables["reviews"], reviews = recorder.write_reviews()
    truth = {"rings": _list_rings(recorder, rings), "lookalikes": _list_groups(recorder)}
    return SimulatedMarket(tables, truth | {"accounts": list_fraud(recorder), "reviews": reviews})


def _list_rings(recorder: Recorder, rings: list[Ring]) -> pd.DataFrame:
    names = draw_names(recorder.rng, "ring-", len(rings), 6)
    return pd.concat(
        [_list_ring(recorder, ring, name) for ring, name in zip(rings, names, strict=True)], ignore_index=True
    )


def _list_ring(recorder: Recorder, ring: Ring, name: str) -> pd.DataFrame:
    roles = {"member": ring.members, "beneficiary": ring.patrons}
    roles |= {role: np.unique(np.concatenate(found)) for role, found in ring.parties.items() if found}
    parts = [pd.DataFrame({"account_id": recorder.name(who), "role": role}) for role, who in roles.items() if len(who)]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(ring_id=name, kind=ring.kind, method=ring.method, sharing=ring.sharing)


def _list_groups(recorder: Recorder) -> pd.DataFrame:
    """Honest groups without whoever turned out to be bad, where two are left at least."""
    bazaar = recorder.bazaar
    honest = [(group.kind, group.members[~bazaar.is_fraud[group.members]]) for group in bazaar.groups]
    honest = [(kind, members) for kind, members in honest if len(members) > 1]
    sizes = [len(members) for _, members in honest]
    return pd.DataFrame(
        {
            "group_id": np.repeat(np.array(draw_names(recorder.rng, "group-", len(honest), 7), dtype=object), sizes),
            "kind": np.repeat([kind for kind, _ in honest], sizes),
            "account_id": recorder.name(np.concatenate([members for _, members in honest])),
        }
    )
