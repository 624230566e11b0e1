"""The form of one text of a kind, by itself; :mod:`graph.identity.canonical` brings columns of them to it."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable

from graph.identity.letters import fold_text
from graph.identity.names import canonical_company, canonical_name
from graph.identity.phones import canonical_phone

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_CARD_DIGITS = range(12, 20)


def canonical_text(kind: str, text: str) -> str:
    """The form that joins the spellings of one identifier: what ``canonical_values`` makes of it.

    >>> canonical_text("email", "Ann.Lee+shop@GoogleMail.com"), canonical_text("device", " D-1 ")
    ('annlee@gmail.com', 'D-1')
    """
    rule, exact = RULES.get(kind), unicodedata.normalize("NFKC", text).strip()
    if rule is None:
        return exact
    if kind in RARELY_SPELLED:
        return rule(exact) if re.search(RARELY_SPELLED[kind], exact) else exact
    return rule(text)


def _canonical_address(address: str) -> str:
    from graph.identity.addresses.form import canonical_address  # many patterns: only where there is an address

    return canonical_address(address)


def _canonical_email(email: str) -> str:
    """Without capitals, what follows a +, Gmail's dots; the domain in the letters that mail servers see."""
    text = fold_text(email)
    if not _EMAIL.fullmatch(text):
        return text
    local, at, domain = text.rpartition("@")
    domain = _encode_domain(domain)
    domain = "gmail.com" if domain == "googlemail.com" else domain
    plain = local.split("+")[0]
    plain = plain.replace(".", "") if domain == "gmail.com" else plain
    return f"{plain or local}{at}{domain}"


def _encode_domain(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        import idna

        return idna.encode(domain, uts46=True).decode()
    except UnicodeError:  # what idna raises is one
        return domain


def _canonical_payment(text: str) -> str:
    """A card's or an account's number without its gaps, if its check digits are right; anything else as it is."""
    bare = re.sub(r"[ -]", "", text)
    if bare.isdigit():
        return bare if len(bare) in _CARD_DIGITS and _passes_luhn(bare) else text
    bare = bare.upper()
    turned = "".join(str(int(char, 36)) for char in bare[4:] + bare[:4])
    return bare if int(turned) % 97 == 1 else text


def _passes_luhn(digits: str) -> bool:
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(two - 9 if two > 9 else two for two in doubled)) % 10 == 0


def _canonical_ip(text: str) -> str:
    """IPv6 in its shortest form, and an IPv4 address that is wrapped in one as IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


ALSO_CALLED = {
    "email": ("email_address",),
    "ip": ("ip_address", "ipv4", "ipv6"),
    "payment": ("card", "iban", "bank", "bank_account"),
    "phone": ("mobile", "telephone"),
}
"""Other names of kinds, whose values are read as theirs; each stays a kind of its own."""
_RULES: dict[str, Callable[[str], str]] = {
    "address": _canonical_address,
    "company": canonical_company,
    "email": _canonical_email,
    "ip": _canonical_ip,
    "name": canonical_name,
    "payment": _canonical_payment,
    "phone": canonical_phone,
}
_FEW = {"ip": ":", "payment": r"^\d[\d -]{11,24}$|^[A-Za-z]{2}\d{2}[A-Za-z\d ]{11,40}$"}


def list_names(kind: str) -> tuple[str, ...]:
    """What a kind is called, itself first.

    >>> list_names("ip"), list_names("device")
    (('ip', 'ip_address', 'ipv4', 'ipv6'), ('device',))
    """
    return (kind, *ALSO_CALLED.get(kind, ()))


RULES = {name: rule for kind, rule in _RULES.items() for name in list_names(kind)}
"""How each kind that has several spellings is read."""

RARELY_SPELLED = {name: pattern for kind, pattern in _FEW.items() for name in list_names(kind)}
"""Kinds nearly all of whose values are exact, and the pattern of the others."""
