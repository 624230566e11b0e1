"""Buyers of faulty goods: how much of what a group complains of is one product's fault."""

from __future__ import annotations

import numpy as np

from detection.channels.catalogue import BLAME, REFUND
from detection.channels.conduct import COMPLAINTS, REFUNDS
from detection.channels.incidence import ANYTHING
from detection.evidence.claims import Claim
from detection.evidence.faults import grade_fault
from detection.evidence.group_facts import GroupFacts
from detection.evidence.measure import SharedWithin
from graph.model import Floats, Ints


def explain_by_fault(claim: Claim, facts: GroupFacts) -> None:
    """Buyers of one product that is faulty: they want their money back, and say so, as most who bought it do.

    It explains complaints of that one product by its customers, what of the timing and of their conduct is that
    complaint, and no second product: who lives by refunds asks several shops for them, so that most of what a group
    complains of has to be it.
    """
    faults, groups = facts.market.faults, facts.groups
    fault, struck = _find_fault(facts)
    seller = np.append(facts.market.snapshot.product_seller, -1)[fault]
    counts = {}
    for name, acts in faults.acts.items():
        found = groups.find_facts(acts.by_account)
        group = groups.group[found.membership]
        is_sellers = (acts.seller[found.row] == seller[group]) & (fault[group] >= 0)
        is_meant = (acts.product[found.row] == fault[group]) & acts.is_customers[found.row]
        parts = (is_meant, is_sellers, np.ones_like(is_meant))
        counts[name] = [np.bincount(found.membership[part], minlength=len(struck)) for part in parts]
    of_fault, _, every = (sum(each) for each in zip(*counts.values(), strict=True))
    focus = np.bincount(groups.group, of_fault) / np.maximum(np.bincount(groups.group, every), 1)
    is_one = np.append(faults.grade, 0.0)[fault] * grade_fault(focus, facts.policy)
    for name, habit in ((REFUND, REFUNDS), (BLAME, COMPLAINTS)):
        of_fault, of_seller, every = counts[name]
        for signal in facts.market.conduct:
            if signal.name == habit:
                bits = np.maximum(signal.bits[groups.account], 0.0) * of_fault / np.maximum(every, 1)
                claim.claimed[habit] = is_one * np.bincount(groups.group, bits)
        if name in facts.within:
            within = facts.within[name]
            subject = facts.market.things[name].subject[within.thing]
            part = np.where(subject == ANYTHING, _share(within, of_fault, every), 0.0)
            part = np.where(subject == -1 - seller[within.group], _share(within, of_fault, of_seller), part)
            part = np.where(subject == fault[within.group], _share(within, struck, np.ones_like(struck)), part)
            claim.add_things(name, within.bits * is_one[within.group] * part)


def _find_fault(facts: GroupFacts) -> tuple[Ints, Ints]:
    """The product that explains most members' complaints in each group (G,), -1 for none; 1 for who complains (M,)."""
    faults, groups, width = facts.market.faults, facts.groups, len(facts.market.faults.grade)
    found = groups.find_facts(faults.by_buyer)
    product, group = faults.product[found.row], groups.group[found.membership]
    code, place = np.unique(group * width + product, return_inverse=True)
    fault = np.full(len(groups), -1)
    # The last in this order stays: that of most, and of equals the first product.
    order = np.lexsort((-code, np.bincount(place, faults.grade[product], minlength=len(code))))
    fault[code[order] // width] = code[order] % width
    return fault, np.bincount(found.membership[product == fault[group]], minlength=len(groups.account))


def _share(within: SharedWithin, some: Ints, every: Ints) -> Floats:
    """Of what those who have part in each thing (K,) did (M,), so much is meant."""
    part, whole = (np.bincount(within.row, of[within.membership], len(within.group)) for of in (some, every))
    share: Floats = part / np.maximum(whole, 1)
    return share
