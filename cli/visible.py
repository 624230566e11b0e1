"""Text as a screen may be given it: nothing in it is obeyed, hidden, or turned round.

Ids, names of files and errors hold whatever somebody wrote: orders to the terminal, letters that run from right to left
and change what is read, characters that nobody sees.  All that is shown goes through here, whoever shows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
"""What Unicode calls printable although there is nothing to see: fillers, joiners, selectors of a variant."""
_SUSPECT = re.compile(f"[^\x20-\x7e]|[{_BLANKS}]")
_BLANK = re.compile(f"[{_BLANKS}]")


def make_visible(text: str) -> str:
    r"""One line of text with every character written out that is not simply seen.

    >>> print(make_visible("two\nlines, \u202egnp.exe"))
    two\nlines, \u202egnp.exe
    """
    return _SUSPECT.sub(_write_out, text)


def make_lines_visible(text: str) -> str:
    """The same for several lines, whose line ends stay."""
    return "\n".join(map(make_visible, text.split("\n")))


def make_json_visible(text: str) -> str:
    r"""JSON that says the same and hides nothing: each such character in the way in which JSON writes it out.

    >>> print(make_json_visible('{"name": "a\u202eb"}'))
    {"name": "a\u202eb"}
    """
    return _replace(text, _as_json)


def _replace(text: str, write: Callable[[str], str]) -> str:
    return _SUSPECT.sub(lambda found: found[0] if found[0] == "\n" or _is_seen(found[0]) else write(found[0]), text)


def _write_out(found: re.Match[str]) -> str:
    return found[0] if _is_seen(found[0]) else found[0].encode("unicode_escape").decode()


def _is_seen(character: str) -> bool:
    return character.isprintable() and not _BLANK.match(character)


def _as_json(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
