"""What things are called on the page: identifiers are not spelt out there, unless somebody asks for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cli.visible import make_visible

Thing = tuple[str, str]

SPELT = frozenset({"trade", "transfer", "referral", "reviewed product", "reviewed seller"})
"""The channels whose things are accounts and products, and no identifiers."""
SPELT |= {"bought product", "bought from", "sold to", "paid to", "paid by", "brought in by"}
LONGEST = 200
"""What is longer is cut: nobody reads it to its end in a picture."""
_TAIL, _LONG = 2, 8


def show_short(text: str) -> str:
    """A text that can be shown, and that is not so long that it fills the page.

    >>> show_short("x" * 1000)[-3:]
    'xx…'
    """
    shown = make_visible(text)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


@dataclass
class Names:
    """The keys by which the page asks about things, and what it shows of them; the values stay here.

    Parameters
    ----------
    is_spelt
        Whether identifiers are spelt out.
    """

    is_spelt: bool
    _things: list[Thing] = field(default_factory=list)
    _keys: dict[Thing, str] = field(default_factory=dict)
    _labels: dict[Thing, str] = field(default_factory=dict)
    _numbers: Counter[str] = field(default_factory=Counter)

    def find_key(self, channel: str, name: str) -> str:
        """The key of a thing, the same as long as the process lives."""
        thing = channel, name
        if thing not in self._keys:
            self._keys[thing] = f"t{len(self._things)}"
            self._things.append(thing)
        return self._keys[thing]

    def find_thing(self, key: str) -> Thing | None:
        """The thing that a key is of."""
        number = key.removeprefix("t")
        if not number.isdecimal() or not number.isascii() or int(number) >= len(self._things):
            return None
        return self._things[int(number)]

    def show(self, channel: str, name: str) -> str:
        """What the page shows of a thing: its kind, a number, and the last characters of a long one.

        >>> names = Names(is_spelt=False)
        >>> names.show("phone", "+49301234567"), names.show("phone", "112"), names.show("reviewed product", "p1")
        ('phone 1 (…67)', 'phone 2', 'p1')
        """
        if self.is_spelt or channel in SPELT:
            return show_short(name)
        thing = channel, name
        if thing not in self._labels:
            self._numbers[channel] += 1
            tail = f" (…{make_visible(name[-_TAIL:])})" if len(name) >= _LONG else ""
            self._labels[thing] = f"{channel} {self._numbers[channel]}{tail}"
        return self._labels[thing]
