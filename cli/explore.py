"""The page on which one walks around in the graph, served to this machine alone."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from cli.context import Workplace, pass_workplace
from cli.output import is_on_screen, is_quiet, parse_id, say, tell
from graph.errors import ConfigError

if TYPE_CHECKING:
    from cli.explorer.answers import Explorer
    from cli.explorer.server import ExploreServer


@click.command(short_help="Walk around in the graph, on a page in the browser.")
@click.argument("any_id", metavar="[ID]", required=False, type=parse_id)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default="any that is free", help="Where to listen."
)
@click.option("--open/--no-open", "opens", default=None, help="Open the browser; where there is a screen, otherwise.")
@click.option("--unmask", is_flag=True, help="Spell out devices, addresses, phones and the like.")
@pass_workplace
def explore(workplace: Workplace, any_id: str | None, port: int, opens: bool | None, unmask: bool) -> None:
    """Walk around in the graph from an account, a ring or a thing, on a page in the browser.

    Expand by channel, fold what very many share, find the path between two, pin, compare, search, and
    take along what is on the screen: GraphML, PNG, SVG, and the Cypher that gives it.

    The page is served to this machine alone, to whoever has the address that is printed, as long as
    the command runs; Ctrl-C ends it.  Nothing can be changed there: the store is opened for reading.
    """
    from cli.explorer.answers import Explorer
    from cli.explorer.names import Names

    with workplace.open_store() as store:
        explorer = Explorer(store, Names(unmask), any_id)
        explorer.begin()  # what is wrong with the id or the store is said here, and not on the page
        with _listen(explorer, port) as server:
            say(f"Explore on {server.address}")
            if not is_quiet():
                tell("Only this machine can open it, and only with this address. Ctrl-C ends it.")
            if _is_wanted(opens):
                click.launch(server.address)
            try:
                server.serve_forever()
            finally:
                explorer.finish()


def _listen(explorer: Explorer, port: int) -> ExploreServer:
    from cli.explorer.server import ADDRESS, ExploreServer

    try:
        return ExploreServer(explorer, port)
    except OSError as error:
        raise ConfigError(f"{ADDRESS}:{port} cannot be listened on: {error.strerror}; choose another --port") from error


def _is_wanted(opens: bool | None) -> bool:
    """Whether to open a browser: as somebody says, or where somebody sits before a screen that has windows."""
    if opens is not None:
        return opens
    has_windows = sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    return is_on_screen() and has_windows


COMMANDS: dict[str, click.Command] = {"explore": explore}
