"""Names of columns and files, and how well they fit a part that a column can play."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

_WEAK = 0.4
_LEAST_LETTERS = 5


@dataclass(frozen=True)
class Names:
    """What a part is called, the most usual first; ``weak`` names are taken where nothing better is there."""

    names: tuple[str, ...]
    weak: tuple[str, ...] = ()


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


def score_name(name: str, known: Names) -> float:
    """How well a column's name fits, from 0 to 1: as it is called, as it may be called, or ending so.

    >>> known = Names(("orderid", "transactionid"), ("number",))
    >>> [round(score_name(each, known), 2) for each in ("order_id", "Number", "shop.order_id", "colour")]
    [1.0, 0.4, 0.65, 0.0]
    """
    bare = squeeze(name)
    if bare in known.names:
        return 1.0 - 0.001 * known.names.index(bare)
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
    return Names(tuple(map(squeeze, names)), tuple(map(squeeze, weak)))
