"""Names of people and streets, hosts of mail, and what is written in reviews."""

from __future__ import annotations

FIRST_NAMES = (
    "anna", "jan", "piotr", "maria", "ola", "tomek", "kasia", "lena", "marek", "ewa", "ivan", "olena", "sasha",
    "nadia", "youssef", "amira", "linh", "minh", "joao", "rita", "pavel", "jana", "emil", "greta", "noah", "ida",
    "karl", "hanna", "luis", "carmen", "ali", "fatma", "bruno", "clara", "viktor", "irina", "sven", "maja", "otto",
    "ella",
)  # fmt: skip
NAME_STARTS = (
    "kow", "nov", "ber", "lind", "mar", "sor", "hal", "wis", "dab", "zie", "pet", "gra", "fal", "bor", "kry", "ols",
    "tar", "ren", "vas", "mik",
)  # fmt: skip
NAME_MIDDLES = ("al", "ik", "en", "os", "er", "in", "ar", "ul")
NAME_ENDS = ("ski", "sen", "ova", "man", "ko", "vic", "berg", "sson", "ert", "as")
MAIL_HOSTS = (
    *["gmail.com"] * 11, *["outlook.com"] * 3, "wp.pl", "onet.eu", "gmx.net", "yahoo.com", *["icloud.com"] * 2,
    "proton.me", "hafen-uni.example",
)  # fmt: skip
_STREET_STARTS = (
    "Anker", "Net", "Pier", "Mill", "Church", "Birch", "Salt", "Rope", "Light", "Fish", "North", "Dune", "Gull",
    "Amber", "Forge", "Tram", "Castle", "School", "Harbour", "Garden",
)  # fmt: skip
_STREET_ENDS = (" Street", " Lane", " Road", " Quay", " Square", "gate", " Hill", " Row")
STREETS = tuple(start + end for start in _STREET_STARTS for end in _STREET_ENDS)

PRAISE = (
    "all good", "thank you", "as described", "fast dispatch", "perfect", "very nice contact", "well packed",
    "lovely, fits", "recommended", "like in the pictures", "great price", "would buy again", "super", "quick reply",
    "smells fresh", "works fine", "my son is happy", "top",
)  # fmt: skip
COMPLAINTS = (
    "never arrived", "not as described", "hole in it", "smells of smoke", "does not work", "no reply",
    "wrong size sent", "dirty", "broken in transit", "took four weeks",
)  # fmt: skip
SHRUGS = ("okay for the price", "slow, but fine", "a bit worn", "colour differs", "could be cleaner")
