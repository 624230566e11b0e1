"""One form for the several spellings of one address, e-mail, phone, card or network address.

In two steps.  :func:`canonical_values` brings each value to its form, by itself: what no reader would tell apart is
equal then, and the form is stored beside the value.  :func:`graph.identity.match.match_values` looks at all forms of
a market and joins those that only their company shows to be one: a slip of the pen, a missing flat, a number without
its country.  Flat 14A and 14C, or flat 2 of number 1 and flat 1 of number 2, are never joined.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import idna
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import is_true, read_texts, replace_where
from graph.identity.addresses.form import canonical_address
from graph.identity.letters import fold_text
from graph.identity.phones import canonical_phone

if TYPE_CHECKING:
    from graph.arrow import Cells, Values

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_SPACED_PAYMENT = r"^\d[\d -]{11,24}$|^[A-Za-z]{2}\d{2}[A-Za-z\d ]{11,40}$"
_CARD_DIGITS = range(12, 20)


def canonical_values(kind: str, values: Values) -> Cells:
    """Bring identifiers of one kind to the form that joins their spellings.

    Parameters
    ----------
    kind
        ``address``, ``email``, ``phone``, ``payment`` and ``ip`` have several spellings; any other kind
        (``device``, ``address_id``, ...) is exact but for Unicode's compatible forms and white space around it.
    values
        (N,) pyarrow string array, chunked or not; nulls stay null.

    Returns
    -------
    pyarrow.StringArray
        (N,) canonical forms.  Applying the function again changes nothing.

    Examples
    --------
    >>> canonical_values("address", pa.array(["Flat 14A, 1 High St.", "1 HIGH STREET  apt #14-a"])).to_pylist()
    ['1 high st unit14a', '1 high st unit14a']
    >>> canonical_values("email", pa.array(["Ann.Lee+shop@GoogleMail.com"])).to_pylist()
    ['annlee@gmail.com']
    """
    texts = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    rule = _RULES.get(kind)
    if rule is None:
        return _exact_values(texts)
    if kind in _RARELY_SPELLED:
        return _canonical_few(texts, rule, _RARELY_SPELLED[kind])
    encoded = cast("pa.DictionaryArray[Any, Any]", pc.dictionary_encode(texts))
    canonical = pa.array(map(rule, read_texts(encoded.dictionary)), pa.string())
    return canonical.take(encoded.indices)


def _exact_values(texts: Cells) -> Cells:
    exact: Cells = pc.utf8_trim_whitespace(pc.utf8_normalize(texts, "NFKC"))  # type: ignore[attr-defined]  # not in the stubs
    return exact


def _canonical_few(texts: Cells, rule: Callable[[str], str], pattern: str) -> Cells:
    """Exact forms, and by rule those that match a pattern, which are few."""
    exact = _exact_values(texts).cast(pa.string())
    matches = is_true(pc.match_substring_regex(exact, pattern))
    ruled = pa.array(map(rule, read_texts(exact.filter(matches))), pa.string())
    return replace_where(matches, exact, ruled)


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
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
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


_RULES: dict[str, Callable[[str], str]] = {
    "address": canonical_address,
    "email": _canonical_email,
    "ip": _canonical_ip,
    "payment": _canonical_payment,
    "phone": canonical_phone,
}
_RARELY_SPELLED = {"ip": ":", "payment": _SPACED_PAYMENT}
"""Kinds nearly all of whose values are exact, and the pattern of the others."""
