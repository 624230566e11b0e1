"""The command ``ringfence``: global options, commands that load when called, errors in one line.

Importing a command's module is put off until it is called, so that help answers at once.
"""

from __future__ import annotations

import difflib
import errno
import importlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from cli.context import Workplace
from cli.ending import find_ending, was_told_to_end
from cli.output import be_quiet, complain, give_up_full_stdout, tell
from graph.errors import RingfenceError, find_exit_code
from graph.version import VERSION

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "init": ("cli.begin", "Look at real files and write ringfence.toml."),
    "load": ("cli.loading", "Read a folder of tables into the store."),
    "detect": ("cli.work", "Find rings and score every account and review."),
    "train": ("cli.learn", "Learn account risk from labels."),
    "model": ("cli.models", "Look at a model, try another beside it, and switch."),
    "run": ("cli.night", "One night: load, detect, check, publish, plan, apply."),
    "rings": ("cli.ask", "List the rings of a run, the strongest first."),
    "ring": ("cli.ask", "Show one ring: members, evidence, innocent explanations."),
    "account": ("cli.ask", "Know before you deal: all about one account."),
    "check": ("cli.check", "Know before you deal: check accounts that are new."),
    "why": ("cli.ask", "Say why an account, ring or review stands as it does."),
    "why-not": ("cli.investigate", "Say what accounts lack to be a ring."),
    "search": ("cli.searching", "Find any id or identifier, or part of one."),
    "compare": ("cli.searching", "Set accounts side by side."),
    "path": ("cli.ask", "Show how two accounts are connected."),
    "expand": ("cli.searching", "Look around an account or a ring, hop by hop."),
    "explore": ("cli.explore", "Walk around in the graph, on a page in the browser."),
    "timeline": ("cli.investigate", "Tell what happened, in one stream."),
    "report": ("cli.report", "Write a ring, an account or a run as a page to look at."),
    "exposure": ("cli.investigate", "Add up the money at risk, and who lost it."),
    "targets": ("cli.targets", "Say how many reviews of whom were planted."),
    "similar": ("cli.likeness", "List the accounts that behave most like one."),
    "explain": ("cli.glossary", "Say what a word on the screen means."),
    "policy": ("cli.policy", "List every rule that can move a verdict."),
    "plan": ("cli.measures", "Show what would be done about flags, and why."),
    "apply": ("cli.measures", "Do what a plan says, exactly that, or nothing."),
    "undo": ("cli.measures", "Take back what a plan did."),
    "measures": ("cli.measures", "List what is in force, and until when."),
    "queue": ("cli.cases", "List the cases that wait, the most pressing first."),
    "case": ("cli.cases", "Show one case: ring, changes, notes, related cases."),
    "claim": ("cli.cases", "Take a case, so that nobody else does."),
    "note": ("cli.cases", "Note something about a case."),
    "skip": ("cli.cases", "Leave a case to others."),
    "merge": ("cli.cases", "Make a case part of another one."),
    "split": ("cli.cases", "Make some members of a case a case of their own."),
    "reopen": ("cli.cases", "Put a case back in the queue."),
    "decide": ("cli.decide", "Decide about a ring, an account or a review."),
    "ignore": ("cli.decide", "Let a thing link nobody any more."),
    "statement": ("cli.statement", "Write the reasons for a decision: file, letter, form."),
    "appeal": ("cli.appeal", "File an appeal, or answer it."),
    "casebook": ("cli.casebook", "List, export or import what people decided and said."),
    "runs": ("cli.ask", "List the runs, the latest first."),
    "diff": ("cli.lineage", "Show what became of rings from one run to another."),
    "lineage": ("cli.lineage", "Draw how rings went over into one another."),
    "export": ("cli.exports", "Write rings, accounts or reviews to a file."),
    "simulate": ("cli.work", "Make a market with planted rings to try things on."),
    "evaluate": ("cli.measure", "Measure detection against what is known to be true."),
    "redteam": ("cli.measure", "Plant rings in a copy of the market and see which are caught."),
    "cypher": ("cli.ask", "Ask the store anything in Cypher, read-only."),
    "verify": ("cli.keeping", "Check that the store is what was written."),
    "generations": ("cli.keeping", "List the generations of the store, the newest first."),
    "restore": ("cli.keeping", "Go back to an earlier generation of the store."),
    "rollback": ("cli.night", "Go back to what was published before the last night."),
    "alerts": ("cli.night", "List what nights have alerted to, the latest first."),
    "doctor": ("cli.night", "Say what is wrong, and what to do about it."),
    "completion": ("cli.work", "Print the script that completes commands in a shell."),
}
"""By name, in the order of the work: the module that holds the command, and one line of help."""

_HELP = """Find groups of marketplace accounts that act together, and say why.

\b
First steps:
  ringfence simulate market --accounts 20000
  ringfence load market
  ringfence detect
  ringfence rings
"""

_EPILOG = """\b
Exit codes:
  0  done
  1  a setting, a query, or another mistake that the message explains
  2  wrong usage
  3  an id that is not in the store
  4  bad data
  5  the store is missing, busy or unavailable
  6  a leak: a score rests on what it is measured by
  7  a run is kept, but facts came meanwhile that it does not know
  8  the store is damaged
  9  refused, to be safe: a plan has moved or touches too much, or checks failed
  10  something would change, or has changed (only with --detailed-exitcode)
  11  a night published what it found, and did not do what was planned
  130  interrupted (Ctrl-C); 143, 129  ended by SIGTERM, SIGHUP

Results go to stdout, progress and messages to stderr. A flag goes before an
environment variable, that before ringfence.toml. NO_COLOR is respected.
"""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports them when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = module.COMMANDS[cmd_name]
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the options that all commands share from anywhere on the line, as people type them."""
        return super().parse_args(ctx, _bring_forward(args))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was meant, or say which one is nearest."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1, cutoff=0.5)
            hint = f". Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command without importing any, or an option that all share."""
        from click.shell_completion import CompletionItem

        if not incomplete.startswith("-"):
            return [CompletionItem(each, help=COMMANDS[each][1]) for each in COMMANDS if each.startswith(incomplete)]
        return super().shell_complete(ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Read the command line; a signal that comes meanwhile ends it as one that comes later does."""
        try:
            return super().make_context(*arguments, **options)
        except KeyboardInterrupt:
            _end_as_told()

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what a user can understand becomes one line, anything else keeps its traceback."""
        try:
            return super().invoke(ctx)
        except RingfenceError as error:
            complain(str(error))
            ctx.exit(find_exit_code(error))
        except KeyboardInterrupt:
            _end_as_told()

    def main(self, args: Sequence[str] | None = None, *arguments: Any, **options: Any) -> NoReturn:
        """Run the command line; wrong usage is one line too."""
        try:
            code: Any = super().main(args, *arguments, **options | {"standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            code = error.exit_code
        except click.ClickException as error:
            complain(_say_usage(error))
            code = error.exit_code
        except (MemoryError, OSError) as error:
            complain(_say_machine(error))
            code = 1
        if was_told_to_end() and code != find_ending()[1]:  # whoever was interrupted swallowed it
            complain(find_ending()[0])
            code = find_ending()[1]
        sys.exit(code if isinstance(code, int) else 0)


_MACHINE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO})
"""What is wrong with the machine, and no mistake of ours."""


def _say_machine(error: MemoryError | OSError) -> str:
    """What the machine lacks; raises the error again where it is a mistake of ours."""
    if isinstance(error, MemoryError):
        return "the memory is not enough for what was asked"
    if error.errno not in _MACHINE:
        raise error
    give_up_full_stdout()
    return f"{error.filename or 'the output, or a file,'} cannot be written: {error.strerror}"


def _end_as_told() -> NoReturn:
    words, code = find_ending()
    complain(words)
    raise click.exceptions.Exit(code)


def _say_usage(error: click.ClickException) -> str:
    said = " ".join(error.format_message().split()).rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{said[:1].lower()}{said[1:]}; see: {context.command_path if context else 'ringfence'} --help"


_SHARED_OPTIONS = ("--store", "--config", "--wait")
_SHARED_FLAGS = ("--verbose", "-v", "--quiet", "-q")


def _bring_forward(args: list[str]) -> list[str]:
    """Put the options that all commands share, and their values, before the command.

    >>> _bring_forward(["detect", "-q", "--seed", "3"])
    ['-q', 'detect', '--seed', '3']
    >>> _bring_forward(["load", "market", "--store", "here", "--", "--store"])
    ['--store', 'here', 'load', 'market', '--', '--store']
    """
    shared, rest, place = [], [], 0
    while place < len(args) and args[place] != "--":
        name, has_value, _ = args[place].partition("=")
        if name in _SHARED_OPTIONS:
            end = place + (1 if has_value else 2)
            shared += args[place:end]
            place = end
        elif name in _SHARED_FLAGS and not has_value:
            shared.append(name)
            place += 1
        else:
            rest.append(args[place])
            place += 1
    return shared + rest + args[place:]


class _EchoHandler(logging.Handler):
    """Logs to whatever stderr is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        tell(self.format(record), record.levelname.lower())


@click.group(cls=LazyGroup, help=_HELP, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--store", envvar="RINGFENCE_STORE", metavar="PATH", show_envvar=True, help="Where the graph is kept.")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="RINGFENCE_CONFIG",
    show_envvar=True,
    help="Settings; ./ringfence.toml if there is one.",
)
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    envvar="RINGFENCE_WAIT",
    show_envvar=True,
    help="How long to wait for whoever writes; 60 otherwise.",
)
@click.option("--verbose", "-v", is_flag=True, help="Say more on stderr.")
@click.option("--quiet", "-q", is_flag=True, help="Say on stderr only what went wrong.")
@click.version_option(VERSION, prog_name="ringfence", message="%(prog)s %(version)s")
@click.pass_context
def main(
    context: click.Context, /, store: str | None, config: Path | None, wait_seconds: float | None, **talk: bool
) -> None:
    """Read the options that all commands share."""
    context.obj = Workplace(store=store or None, config=config, wait_seconds=wait_seconds)
    be_quiet(talk["quiet"])
    _start_logging(logging.WARNING if talk["quiet"] else logging.DEBUG if talk["verbose"] else logging.INFO)


def _start_logging(level: int) -> None:
    logger = logging.getLogger("ringfence")
    logger.setLevel(level)
    logger.propagate = False
    if not any(isinstance(handler, _EchoHandler) for handler in logger.handlers):
        handler = _EchoHandler()
        handler.setFormatter(logging.Formatter("ringfence: %(message)s"))
        logger.addHandler(handler)
