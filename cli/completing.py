"""What the Tab key completes besides commands, options and their values: ids that the store knows.

Nothing that goes wrong here is told to anybody: there is no id to offer then.
"""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

import click
from click.shell_completion import CompletionItem

from cli.context import Workplace
from graph.errors import RingfenceError
from graph.stores.texts import NamedKind

MOST = 50
"""How many ids of each kind are offered."""
_ANY: tuple[NamedKind, ...] = ("ring", "account")
KINDS: dict[str, tuple[NamedKind, ...]] = {
    "ring_id": ("ring",),
    "case_id": ("ring",),
    "into_id": ("ring",),
    "account_id": ("account",),
    "account_ids": ("account",),
    "account_a": ("account",),
    "account_b": ("account",),
    "members": ("account",),
    "others": ("account",),
    "any_id": _ANY,
    "any_ids": _ANY,
    "words": _ANY,
    "run_id": ("run",),
}
"""By the name of an argument or option: of what it takes the id."""


def complete_ids(context: click.Context, name: str, begun: str) -> list[CompletionItem]:
    """The ids that begin with a text, of the kind that an argument or option takes."""
    given = context.find_root().params
    try:
        return list(_find(Workplace(store=given.get("store"), config=given.get("config")), KINDS.get(name, ()), begun))
    except (RingfenceError, OSError):
        return []


def _find(workplace: Workplace, kinds: tuple[NamedKind, ...], begun: str) -> Iterator[CompletionItem]:
    if not kinds:
        return
    with workplace.open_store() as store:
        for kind in kinds:
            ids = (each.id for each in store.find_ids(kind, begun.lower(), most=MOST))
            # A shell takes what it is offered as it is: an id that has to be quoted is none to offer.
            yield from (
                CompletionItem(each, help=kind) for each in ids if each.startswith(begun) and quote(each) == each
            )
