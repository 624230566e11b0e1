"""Options that several commands share, so that they are called and mean the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from cli.output import parse_id
from graph.vocabulary import TIERS

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

GRAVEST_FIRST = tuple(reversed(TIERS))


def run_option(command: Decorated) -> Decorated:
    """Add ``--run`` to a command whose answer is a run's."""
    words = "As this run saw it; as the latest otherwise."
    return click.option("--run", "run_id", type=parse_id, metavar="RUN", help=words)(command)


def tier_option(command: Decorated) -> Decorated:
    """Add ``--tier`` to a command that lists what has one; see :func:`list_tiers`."""
    words = "Only what is of this tier or above."
    return click.option("--tier", "tiers", type=click.Choice(GRAVEST_FIRST), multiple=True, help=words)(command)


def list_tiers(named: tuple[str, ...]) -> list[str]:
    """The tiers that are meant: each of those named, and all above it; all of them where none is named.

    >>> list_tiers(("review",)), list_tiers(("automatic", "watch"))
    (['review', 'automatic'], ['watch', 'review', 'automatic'])
    """
    lowest = min(map(TIERS.index, named), default=0)
    return list(TIERS[lowest:])


def limit_option(command: Decorated) -> Decorated:
    """Add ``--limit`` (``-n``) to a command that lists something."""
    option = click.option("--limit", "-n", type=click.IntRange(min=1), help="Only the first so many.")
    return option(command)


def parse_time(text: str) -> datetime:
    """Parse an ISO 8601 instant as UTC without a zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no time; write it like 2024-12-31 or 2024-12-31T23:59:59Z") from None
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
