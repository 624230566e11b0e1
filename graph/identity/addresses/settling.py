"""Reading a form again until it is its own form."""

from __future__ import annotations

import re
from collections.abc import Callable

ROUNDS = 4
"""What is no address may take more than one round to settle, and hardly ever more than two."""


def settle(text: str, own_form: re.Pattern[str], compose: Callable[[str], str]) -> str:
    """What composing makes of a text once it makes the same of it again; a text of its own form is left as it is.

    >>> settle("aaab", re.compile("a+"), lambda text: text.removesuffix("b").removesuffix("a"))
    'aa'
    """
    for _ in range(ROUNDS):
        if own_form.fullmatch(text) or (form := compose(text)) == text:
            break
        text = form
    return text
