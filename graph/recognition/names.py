"""Names of columns and files, and how well they fit a part that a column can play."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

_SAME_WORDS, _WEAK = 0.95, 0.4
_LEAST_LETTERS = 5
_OF_A_LIST = 0.8
_ONE_OF_SEVERAL = re.compile(r"((.+?)s?)\.\d")
"""Such as ``phones.0``, the first of a list of phones."""
_FIRST_OF_MANY = re.compile(
    r"(?:.*\.)?(?:order_?)?(?:line_?items|lines|items|products|articles|positionen|lignes)\.0\.(.+)", re.I
)
"""What the first of several things is called that a record lists."""
_UNITS = re.compile(
    r"[(\[]\s*(?:[€£$¥₹]|(?:in )?[A-Za-z]{3})\s*[)\]]|[€£$¥₹]|\s(?:eur|usd|gbp|chf|pln|sek|jpy|cny|aud|cad|inr)$"
    r"|\bttc\b|\b(?:incl?|inkl)\w*[\W_]*(?:vat|tax|mwst|ust|gst|iva|tva|btw)\b|\biva incl\w*",
    re.I,
)
"""Which money an amount is in, and that it is what was paid in the end."""


@dataclass(frozen=True)
class Names:
    """What a part is called, the most usual first; ``weak`` names are taken where nothing better is there."""

    names: tuple[str, ...]
    weak: tuple[str, ...] = ()
    wordings: tuple[str, ...] = ()
    """The names as they are written, by whose words others are known."""

    @cached_property
    def words(self) -> frozenset[tuple[str, ...]]:
        """The words of each name that has several."""
        return frozenset(words for name in self.wordings if len(words := list_words(name)) > 1)


@dataclass(frozen=True)
class Aliases:
    """All that is known of names: of files, columns, kinds of identifiers, addresses and their parts, yes and no."""

    files: Mapping[str, Names]
    columns: Mapping[str, Names]
    kinds: Mapping[str, Names]
    address_parts: Mapping[str, Names]
    address_uses: Mapping[str, Names]
    flags: Mapping[str, Names]
    paid_back: Mapping[str, Names]


@lru_cache(maxsize=1)
def read_aliases() -> Aliases:
    """The table of names that is kept as data, ``aliases.toml``."""
    data = read_data("aliases.toml")
    return Aliases(
        {table: _squeeze_all(names) for table, names in data["files"].items()},
        {column: _squeeze_all(each["names"], each.get("weak", ())) for column, each in data["columns"].items()},
        *({part: _squeeze_all(names) for part, names in data[room].items()} for room in _ROOMS),
    )


_ROOMS = ("kinds", "address_parts", "address_uses", "flags", "paid_back")


def read_data(name: str) -> dict[str, Any]:
    """A file of this package."""
    return tomllib.loads(files("graph.recognition").joinpath(name).read_text(encoding="utf-8"))


def squeeze(name: str) -> str:
    """A name without capitals, accents and signs.

    >>> squeeze("Order ID"), squeeze("orderId"), squeeze("Käufer-Nr."), squeeze("订单编号")
    ('orderid', 'orderid', 'kaufernr', '订单编号')
    """
    return "".join(letter for letter in fold(name) if letter.isalnum())


def fold(word: str) -> str:
    """A word without capitals, accents and spaces around it.

    >>> fold(" Remboursée "), fold("★")
    ('remboursee', '★')
    """
    bare = word.strip().casefold()
    if bare.isascii():
        return bare
    split = unicodedata.normalize("NFKD", bare)
    return "".join(letter for letter in split if not unicodedata.combining(letter))


@lru_cache(maxsize=1 << 12)
def list_words(name: str) -> tuple[str, ...]:
    """The words of a name in no order, without articles and units; all that mean a number are one.

    >>> list_words("N° de client"), list_words("customerID"), list_words("Total (€)")
    (('client', 'id'), ('customer', 'id'), ('total',))
    """
    apart = re.sub(r"(?<=[^\W_A-Z])(?=[A-Z])", " ", _UNITS.sub(" ", name.replace("_", " ")))
    words = re.findall(r"[^\W_]+", fold(apart))
    same = _read_same_words()
    return tuple(sorted({same.get(word, word) for word in words} - {""}))


@lru_cache(maxsize=1)
def _read_same_words() -> dict[str, str]:
    """Words of names by the word that says the same, which of an article is none."""
    data = read_data("words.toml")
    same = {fold(word): meant for meant, words in data["same"].items() for word in words}
    return same | {fold(word): "" for word in data["articles"]["words"]}


def score_name(name: str, known: Names) -> float:
    """How well a column's name fits, from 0 to 1: as it is called, in its words, as it may be called, or ending so.

    >>> known = Names(("orderid", "transactionid"), ("number",))
    >>> [round(score_name(each, known), 2) for each in ("order_id", "Number", "shop.order_id", "colour")]
    [1.0, 0.4, 0.65, 0.0]
    """
    if several := _ONE_OF_SEVERAL.fullmatch(name):
        return max(score_name(each, known) for each in several.groups())
    bare = squeeze(name)
    if first := _FIRST_OF_MANY.fullmatch(name):
        return _OF_A_LIST * max(score_name(each, known) for each in (first[1], f"item {first[1]}"))
    if bare in known.names:
        return 1.0 - 0.001 * known.names.index(bare)
    words = list_words(name)
    if words in known.words or (len(words) == 1 and words != ("id",) and words[0] in known.names):
        return _SAME_WORDS
    if bare in known.weak:
        return _WEAK - 0.001 * known.weak.index(bare)
    within = [len(each) / len(bare) for each in known.names if _is_telling(each) and bare.endswith(each)]
    return 0.2 + 0.7 * max(within) if within and max(within) >= 0.5 else 0.0


def score_file(stem: str, known: Names) -> float:
    """How well the name of a file fits a table: 1 where it is the table's, less where it holds that.

    >>> score_file("orders", Names(("orders",))), round(score_file("orders_export_1", Names(("orders",))), 2)
    (1.0, 0.75)
    """
    bare = "".join(letter for letter in squeeze(stem) if not letter.isdigit())
    held = [len(each) / len(bare) for each in known.names if each in bare and (_is_telling(each) or each == bare)]
    return 0.5 + 0.5 * max(held) if held else 0.0


def _is_telling(alias: str) -> bool:
    """Whether a name is long enough to tell something where it is a part of another; a sign of Chinese tells more."""
    return len(alias) >= _LEAST_LETTERS or (len(alias) >= 2 and not alias.isascii())


def _squeeze_all(names: Iterable[str], weak: Iterable[str] = ()) -> Names:
    wordings = tuple(names)
    return Names(tuple(map(squeeze, wordings)), tuple(map(squeeze, weak)), wordings)
