"""What everybody has of their own: telephones, cards, mail, a home with a router; and what a household shares."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from detection.evaluation.harbour.clock import DAY, END_AT
from detection.evaluation.harbour.homes import Stay
from detection.evaluation.harbour.town import Members, Town

PLACEHOLDER = "0000000000"
"""The telephone number that somebody types who has to type one."""
_MOST_IPS_SEEN = 6


class Life(NamedTuple):
    """When an account is seen: not long before the tables begin, nor after they end."""

    account: int
    begins_at: float
    ends_at: float

    @property
    def days(self) -> float:
        """How long it lives."""
        return (self.ends_at - self.begins_at) / DAY

    def find(self, share: float) -> float:
        """The moment when such a share of it is over."""
        return self.begins_at + (self.ends_at - self.begins_at) * share


# ── under one roof ────────────────────────────────────────────────────────────────────────────────


def keep_house(town: Town) -> None:
    """Let households live at an address, which some of them leave for another, and share things."""
    for members in town.people.households.values():
        _settle(town, members)
        if len(members) > 1:
            _share_at_home(town, members)
            if not town.people.in_ring.intersection(members):
                town.form("household", members)
    for parcel in town.parcels:  # the burner's parcel goes where the honest buyer lives
        stays = town.homes.stays[parcel.customer]
        there = [stay for stay in stays if stay.begins_at <= parcel.at <= stay.ends_at] or stays
        town.homes.use(parcel.burner, "address:shipping", there[0].address, parcel.at)


def _settle(town: Town, members: Members) -> None:
    chance, people, homes = town.chance, town.people, town.homes
    address, router = town.things.make_address(), homes.make_router()
    low = max(0, people.created_at[members].min()) + 30 * DAY
    high = min(END_AT, people.until[members].max())
    moved_at = chance.draw_real(low, high) if chance.happens(0.09) and high - low > 90 * DAY else END_AT * 2
    new_address, new_router = town.things.make_address(), homes.make_router()
    for account in members:
        if account in homes.stays:
            continue
        created_at, until = people.created_at[account], people.until[account]
        if moved_at > END_AT:
            homes.stays[account] = [Stay(address, created_at, until, router)]
        elif created_at > moved_at:
            homes.stays[account] = [Stay(new_address, created_at, until, new_router)]
        else:
            after = Stay(new_address, moved_at, until, new_router)
            homes.stays[account] = [Stay(address, created_at, moved_at, router), after]


def _share_at_home(town: Town, members: Members) -> None:
    chance, homes, things = town.chance, town.homes, town.things
    if chance.happens(0.35):
        homes.share(members, "device", things.make_device(), 0.8, often=2)
    if chance.happens(0.28):
        share = homes.share if chance.happens(0.5) else homes.share_only
        share(members, "payment", things.make_card(), 0.8)
    if chance.happens(0.25):
        share = homes.share if chance.happens(0.3) else homes.share_only
        share(members, "iban", things.make_iban(), 0.85)
    if chance.happens(0.07):
        homes.share_only(members, "phone", things.make_phone(), 0.9)
    if chance.happens(0.06):
        homes.share_only(members, "email", town.make_mail(members[0]), 0.9)


# ── each one's own ────────────────────────────────────────────────────────────────────────────────


def hand_out_belongings(town: Town) -> None:
    """Give everybody what makes a person a person, but for what somebody lacks."""
    rng, people, homes = town.chance.rng, town.people, town.homes
    owners = {
        "device": _own_devices,
        "email": _own_mail,
        "phone": _own_phone,
        "payment": _own_cards,
        "iban": _own_iban,
        "address": _own_address,
        "ip": _own_ip,
    }
    for account in range(len(people)):
        begins_at = max(people.created_at[account], -400 * DAY)
        life = Life(account, begins_at, max(min(people.until[account], END_AT), people.created_at[account] + 3600))
        lacking = homes.lacking.get(account, set())
        for kind, own in owners.items():
            if kind not in lacking:
                own(town, life)
        _travel(town, life)
    for account in rng.choice(len(people), max(2, len(people) // 5000), replace=False).tolist():
        homes.use(account, "phone", PLACEHOLDER, max(people.created_at[account], 0))


def _own_devices(town: Town, life: Life) -> None:
    """One telephone after the other, and a computer now and then."""
    rng, homes = town.chance.rng, town.homes
    shares = np.sort(rng.random(1 + int(rng.poisson(life.days / 1000))))[1:].tolist()
    changes = [life.begins_at, *(life.find(share) for share in shares), life.ends_at]
    for begins_at, ends_at in pairwise(changes):
        device = town.things.make_device()
        homes.use(life.account, "device", device, begins_at + 60)
        if ends_at - begins_at > 60 * DAY and rng.random() < 0.5:
            homes.use(life.account, "device", device, begins_at + (ends_at - begins_at) * rng.random())
    if rng.random() < 0.3:
        homes.use(life.account, "device", town.things.make_browser(), life.find(rng.random()))


def _own_mail(town: Town, life: Life) -> None:
    town.homes.use(life.account, "email", town.make_mail(life.account), life.begins_at + 5)


def _own_phone(town: Town, life: Life) -> None:
    rng = town.chance.rng
    if rng.random() < 0.86:
        town.homes.use(life.account, "phone", town.things.make_phone(), life.begins_at + 90)
        if rng.random() < 0.05:
            town.homes.use(life.account, "phone", town.things.make_phone(), life.find(rng.random()))


def _own_cards(town: Town, life: Life) -> None:
    rng = town.chance.rng
    if rng.random() < 0.8:
        for _ in range(1 + int(rng.poisson(0.25 + life.days / 1400))):
            town.homes.use(life.account, "payment", town.things.make_card(), life.find(rng.random() ** 1.6))


def _own_iban(town: Town, life: Life) -> None:
    rng = town.chance.rng
    is_paid = town.people.selling[life.account] > 0 or town.chance.happens(0.1)
    if is_paid and rng.random() < 0.85:
        town.homes.use(life.account, "iban", town.things.make_iban(), life.find(rng.random() ** 2))


def _own_address(town: Town, life: Life) -> None:
    """Have parcels sent home, bills often too, and things back to sellers; now and then to work or a friend's."""
    rng, homes, spell = town.chance.rng, town.homes, town.things.spell
    for stay in homes.stays[life.account]:
        begins_at = max(stay.begins_at, life.begins_at)
        ends_at = min(stay.ends_at, life.ends_at)
        span = ends_at - begins_at if ends_at > begins_at else 3600
        homes.use(life.account, "address:shipping", spell(stay.address), begins_at + span * 0.5 * rng.random())
        if rng.random() < 0.35:
            homes.use(life.account, "address:billing", stay.address, begins_at + span * rng.random())
        if town.people.selling[life.account] > 3 and rng.random() < 0.5:
            homes.use(life.account, "address:return", spell(stay.address), begins_at + span * rng.random())
    if rng.random() < 0.03:
        homes.use(life.account, "address:shipping", town.things.make_address(), life.find(rng.random()))


def _own_ip(town: Town, life: Life) -> None:
    """Be seen with what the router at home was called at the time."""
    rng, homes = town.chance.rng, town.homes
    for stay in homes.stays[life.account]:
        n_seen = 0
        for lease in homes.find_leases(stay.router):
            begins_at = max(lease.begins_at, stay.begins_at, life.begins_at)
            ends_at = min(lease.ends_at, stay.ends_at, life.ends_at)
            if ends_at > begins_at and n_seen < _MOST_IPS_SEEN and rng.random() < 0.8:
                n_seen += 1
                homes.use(life.account, "ip", lease.ip, begins_at + (ends_at - begins_at) * rng.random())


def _travel(town: Town, life: Life) -> None:
    """Be seen on the mobile network, and now and then somewhere else."""
    chance, homes, things = town.chance, town.homes, town.things
    for _ in range(int(chance.rng.poisson(1.1))):
        homes.use(life.account, "ip", chance.draw_one(things.mobile_ips), life.find(chance.rng.random()))
    if chance.happens(0.12):
        ip = things.draw_ip(chance.draw_between(77, 99), chance.draw_between(1, 250))
        homes.use(life.account, "ip", ip, life.find(chance.rng.random()))
