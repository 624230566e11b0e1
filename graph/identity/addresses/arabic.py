"""Arabic letters and words of addresses as the reader of addresses knows them."""

from __future__ import annotations

import re

ARABIC = re.compile("[\u0621-\u064a]")
_LETTERS: dict[int, str | None] = {
    ord(char): plain
    for chars, plain in (("أإآٱ", "ا"), ("ة", "ه"), ("ىی", "ي"), ("ؤ", "و"), ("ک", "ك"))
    for char in chars
}
_LETTERS |= dict.fromkeys((0x0640, 0x0621, *range(0x064B, 0x0653), 0x0670))  # a lengthened line, hamza, vowels
_ORDINALS = {
    name: str(number)
    for number, names in enumerate(
        (
            "ارضي", "اول اولي", "ثاني ثانيه", "ثالث ثالثه", "رابع رابعه", "خامس خامسه", "سادس سادسه", "سابع سابعه",
            "ثامن ثامنه", "تاسع تاسعه", "عاشر عاشره", "حادي عشر", "ثاني عشر", "ثالث عشر", "رابع عشر", "خامس عشر",
        )
    )
    for name in ([names] if "عشر" in names else names.split())
}  # fmt: skip
_FLOOR = re.compile(
    rf"\b(?:ال)?(?:طابق|دور)\s+(?:ال)?({'|'.join(sorted(_ORDINALS, key=len, reverse=True))})\b(?:\s+ال?عشر)?"
)
_NUMBER_WORD = re.compile(r"\bرقم\b\s*:?")
_SHORT = (
    (re.compile(r"\bش\b\.?"), "شارع"),
    (re.compile(r"\bق\b\.?(?=\s*\d)"), "قطعه"),
    (re.compile(r"\bط\b\.?(?=\s*\d)"), "طابق"),
)


def fold_arabic(text: str) -> str:
    """Letters that writers take for one another as one, short forms in full, and floors in digits.

    >>> fold_arabic("ش. الأمير، الدور الثالث، شقة رقم 5")
    'شارع الامير، floor 3، شقه  5'
    """
    plain = _NUMBER_WORD.sub("", text.translate(_LETTERS))
    for pattern, word in _SHORT:
        plain = pattern.sub(word, plain)
    return _FLOOR.sub(lambda found: f"floor {_ORDINALS[found[1]]}", plain)
