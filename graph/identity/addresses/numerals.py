"""Numbers that are written in Chinese characters."""

from __future__ import annotations

_DIGITS = {
    char: digit
    for digit, chars in enumerate(("〇零", "一", "二两", "三", "四", "五", "六", "七", "八", "九"))
    for char in chars
}
_TENS = {"十": 10, "百": 100, "千": 1000}


def read_numeral(text: str) -> str:
    """The digits of a number: by its places, or character by character where it names none.

    >>> read_numeral("八十八"), read_numeral("一千二百"), read_numeral("二〇五")
    ('88', '1200', '205')
    """
    if not set(text) & set(_TENS):
        return "".join(str(_DIGITS[char]) for char in text)
    total = digit = 0
    for char in text:
        if char in _DIGITS:
            digit = _DIGITS[char]
        else:
            total, digit = total + (digit or 1) * _TENS[char], 0
    return str(total + digit)
