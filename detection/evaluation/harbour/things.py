"""Things that identify: devices, cards, numbers, accounts at banks, addresses and how they are spelt."""

from __future__ import annotations

from detection.evaluation.harbour.chance import Chance
from detection.evaluation.harbour.words import MAIL_HOSTS, STREETS

_HEX = "0123456789abcdef"


class Things:
    """Makes things that nobody has had before, or hardly anybody."""

    def __init__(self, chance: Chance, n_accounts: int) -> None:
        self.chance = chance
        self._serial = int(chance.rng.integers(10**7, 4 * 10**7))
        self.mobile_ips = [self.draw_ip(46, 77) for _ in range(28)]
        """The few addresses that a mobile carrier shows for everybody."""
        self.home_ips = [
            self.draw_ip(83, 24) if chance.happens(0.6) else self.draw_ip(178, 36) for _ in range(int(n_accounts * 1.1))
        ]
        """Those that wander from house to house."""

    def draw_hex(self, digits: int) -> str:
        """Some hexadecimal digits."""
        return "".join(_HEX[i] for i in self.chance.rng.integers(16, size=digits).tolist())

    def draw_ip(self, first: int, second: int) -> str:
        """An address in a network."""
        return f"{first}.{second}.{self.chance.draw_between(0, 255)}.{self.chance.draw_between(1, 254)}"

    def make_device(self) -> str:
        """A telephone, most of the time."""
        is_android, is_apple = self.chance.happens(0.6), self.chance.happens(0.6)
        return ("and-" if is_android else "ios-" if is_apple else "web-") + self.draw_hex(14)

    def make_browser(self) -> str:
        """A computer's browser."""
        return "web-" + self.draw_hex(14)

    def make_card(self) -> str:
        """A card as the payment service names it."""
        return "pm_" + self.draw_hex(18)

    def make_phone(self) -> str:
        """A telephone number."""
        self._serial += self.chance.draw_between(40, 900)
        return f"+485{(self._serial * 7919) % 10**8:08d}"

    def make_iban(self) -> str:
        """An account at a bank, with its check digits."""
        number = "".join(map(str, self.chance.rng.integers(10, size=24).tolist()))
        return f"PL{98 - int(number + '252100') % 97:02d}{number}"

    def make_address(self, *, house: bool = False) -> str:
        """A flat, or a house."""
        chance = self.chance
        flat = "" if house or chance.happens(0.3) else f"/{chance.draw_between(1, 40)}"
        code = f"{80 + chance.draw_between(0, 3)}-{chance.draw_between(100, 399)}"
        return f"{chance.draw_one(STREETS)} {chance.draw_between(1, 90)}{flat}, {code} Portwick"

    def spell(self, address: str) -> str:
        """The address as somebody writes it."""
        manner = self.chance.rng.random()
        if manner < 0.9:
            return address
        if manner < 0.93:
            return address.replace(" Street", " St.").replace(" Road", " Rd")
        if manner < 0.96:
            return address.lower()
        if manner < 0.985:
            return address.replace(",", "")
        slip = self.chance.draw_between(1, len(address) - 3)
        return address[:slip] + address[slip + 1] + address[slip] + address[slip + 2 :]

    def make_mail(self, first_name: str, surname: str) -> str:
        """A mail address of somebody's name."""
        chance = self.chance
        name = (
            f"{first_name}.{surname}",
            f"{first_name}{surname}{chance.draw_between(1, 99)}",
            f"{first_name[0]}{surname}",
            f"{surname}{chance.draw_between(1950, 2008)}",
            f"{first_name}{chance.draw_between(100, 99999)}",
        )[chance.draw_between(0, 4)]
        number = "" if chance.happens(0.35) else str(chance.draw_between(1, 999))
        return f"{name}{number}@{chance.draw_one(MAIL_HOSTS)}"
