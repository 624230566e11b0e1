"""From where and with what people visit: devices, networks, cards, telephones, addresses.

Every deed and every sign-up is a visit; the market keeps what it saw at about half of them.  Three in ten visits come
through a mobile carrier, whose addresses are shared by a hundred people and more, and one person in twenty-five uses a
VPN.  An address at home changes about every 300 days.  All of this is judgement, the number of people behind an address
after reports on carriers' address translation.
"""

from __future__ import annotations

import numpy as np

from detection.evaluation.simulation.ledger import SHIPPING, BoolArray
from detection.evaluation.simulation.rhythm import IntArray
from detection.evaluation.village.people import NONE
from detection.evaluation.village.seasons import END_AT, START_AT
from detection.evaluation.village.village import HonestGroup, Village

_CARRIERS, _SEEN = 3, 0.5
_SMALLEST_CROWD = 10


def visit(village: Village) -> list[HonestGroup]:
    """Write down what each visit shows; returns the crowds behind carriers and VPNs."""
    _show_cards(village)
    _show_homes(village)
    _sign_up(village)
    accounts, at = _collect_visits(village)
    _show_devices(village, accounts, at)
    return _show_networks(village, accounts, at)


def _collect_visits(village: Village) -> tuple[IntArray, IntArray]:
    """Who came when, as far as it was kept; in no order that matters."""
    rng, read, people = village.rng, village.ledger.read, village.people
    signs_up = np.flatnonzero(people.joined_at >= START_AT)
    deeds = (("orders", "buyer"), ("reviews", "account"), ("listings", "seller"))
    who = np.concatenate([signs_up, *(read(table, column) for table, column in deeds)])
    at = np.concatenate([people.joined_at[signs_up], *(read(table, "at") for table, _ in deeds)])
    kept = rng.random(len(who)) < np.where(np.arange(len(who)) < len(signs_up), 0.9, _SEEN)
    kept &= (at >= START_AT) & (at < END_AT)
    return who[kept], at[kept]


def _is_elsewhere(village: Village, accounts: IntArray) -> BoolArray:
    return np.asarray(village.rng.random(len(accounts)) < village.people.other_share[accounts])


def _show_devices(village: Village, accounts: IntArray, at: IntArray) -> None:
    rng, people = village.rng, village.people
    phone = np.where(at < people.swap_at[accounts], people.phone[accounts], people.next_phone[accounts])
    family = people.family_device[accounts]
    device = np.where((family != NONE) & (rng.random(len(accounts)) < 0.4), family, phone)
    other = people.other_device[accounts]
    there = (other != NONE) & _is_elsewhere(village, accounts)
    one_of_them = other + (rng.random(len(accounts)) * people.n_other_devices[accounts]).astype(np.int64)
    village.use("device", accounts, np.where(there, one_of_them, device), at)


def _show_networks(village: Village, accounts: IntArray, at: IntArray) -> list[HonestGroup]:
    """Networks: at home, elsewhere, of a carrier, of a VPN."""
    rng, people, n = village.rng, village.people, len(village.people)
    per_carrier, n_vpn = max(2, n // 700), max(2, n // 1_000)
    carriers = village.ledger.issue("ip", per_carrier * _CARRIERS)
    vpns = village.ledger.issue("ip", n_vpn)
    carrier = rng.integers(0, _CARRIERS, n)[accounts]
    uses_vpn = (rng.random(n) < np.where(people.is_puppet, 0.2, 0.04))[accounts]
    way, pick = rng.random(len(accounts)), rng.random(len(accounts))
    mobile = carriers[carrier * per_carrier + (pick * per_carrier).astype(np.int64)]
    hidden = vpns[(pick * n_vpn).astype(np.int64)]
    home = people.home_ip[accounts]
    there = (people.other_ip[accounts] != NONE) & _is_elsewhere(village, accounts)
    network = np.where(there, people.other_ip[accounts], np.where(way < 0.3, mobile, home))
    network = np.where(uses_vpn & (way > 0.4), hidden, network)
    village.use_network(accounts, network, at, moves=network == home)
    names = {"carrier": carriers, "vpn": vpns}
    return [group for kind, ips in names.items() for group in _find_crowds(kind, ips, accounts, network)]


def _find_crowds(kind: str, networks: IntArray, accounts: IntArray, used: IntArray) -> list[HonestGroup]:
    members = [np.unique(accounts[used == network]) for network in networks]
    return [HonestGroup(kind, each) for each in members if len(each) >= _SMALLEST_CROWD]


def _show_cards(village: Village) -> None:
    """Orders show cards; one person in four has a second one, and sellers are paid out to theirs."""
    rng, people, read = village.rng, village.people, village.ledger.read
    n = len(people)
    second, has_second = village.ledger.issue("payment", n), rng.random(n) < 0.25
    buyer, at = read("orders", "buyer"), read("orders", "at")
    kept = rng.random(len(buyer)) < 0.4
    buyer, at = buyer[kept], at[kept]
    other = has_second[buyer] & (rng.random(len(buyer)) < 0.35)
    village.use("payment", buyer, np.where(other, second[buyer], people.card[buyer]), at)
    sellers, first = np.unique(read("listings", "seller"), return_index=True)
    village.use("payment", sellers, people.card[sellers], read("listings", "at")[first])


def _sign_up(village: Village) -> None:
    rng, people = village.rng, village.people
    for table, thing, share in (("phone", people.number, 0.75), ("email", people.mail, 0.95)):
        who = np.flatnonzero(rng.random(len(people)) < share)
        village.use(table, who, thing[who], people.joined_at[who])


def _show_homes(village: Village) -> None:
    """Everybody's home, and where parcels and bills of some orders went."""
    rng, people, read = village.rng, village.people, village.ledger.read
    who = np.flatnonzero(rng.random(len(people)) < 0.85)
    village.send_to(who, people.parcels_to[who], people.joined_at[who], SHIPPING)
    buyer, at = read("orders", "buyer"), read("orders", "at")
    for thing, share, kind in ((people.parcels_to, 0.22, SHIPPING), (people.home, 0.15, 1)):
        kept = rng.random(len(buyer)) < share
        village.send_to(buyer[kept], thing[buyer[kept]], at[kept], kind)
