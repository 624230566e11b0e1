"""The commands that look after a store: verify, generations, restore."""

from __future__ import annotations

import click

from cli.context import Workplace, pass_workplace
from cli.output import Answer, Format, as_rows, format_option, list_columns, say, write_answer
from graph.errors import StoreDamagedError


@click.command(short_help="Check that the store is what was written.")
@format_option
@pass_workplace
def verify(workplace: Workplace, form: Format) -> None:
    """Read all that the store holds, and say table by table whether it is what was written.

    Looks at every generation too.  Exit code 8 where the graph is damaged; `ringfence restore` then
    goes back to the newest generation that is whole.  On a Neo4j server what was loaded is compared
    with what there was after the last load, and what runs found is counted.
    """
    from cli.draw_keeping import draw_verification
    from graph.casebook.reach import FROM_COPY, MEND
    from graph.open import verify_store
    from graph.stores.checks import CASEBOOK, MEASURES, TableCheck

    found = verify_store(workplace.find_location())
    columns, rows = list_columns(TableCheck), as_rows(found.tables)
    write_answer(Answer(found, columns, rows, lambda: draw_verification(found)), form)
    if found.damaged == (CASEBOOK,):
        raise StoreDamagedError(f"the casebook of {found.location} is damaged, and no generation has it: {MEND}")
    if found.damaged == (MEASURES,):
        raise StoreDamagedError(
            f"the measures of {found.location} are damaged, and no generation has them: {FROM_COPY}"
        )
    if found.damaged:
        whole = [each.generation for each in found.generations if each.state == "whole"]
        mend = (
            f"`ringfence restore` goes back to generation {whole[0]}, the newest that is whole"
            if whole
            else "no generation is whole, so load the tables into a new store"
        )
        raise StoreDamagedError(f"{found.location} is damaged in {', '.join(found.damaged)}; {mend}")
    if found.changed:
        raise StoreDamagedError(
            f"{found.location} has changed since the last load in {', '.join(found.changed)}, and not by Ringfence;"
            " mend it by hand, or load the tables into an empty database"
        )


@click.command(short_help="List the generations of the store, the newest first.")
@format_option
@pass_workplace
def generations(workplace: Workplace, form: Format) -> None:
    """List the generations of the store, the newest first.

    Each load and each run makes one.  The newest is the graph; `keep_generations` in ringfence.toml
    says how many stay.  The casebook is in none of them: what people said stays, whichever is the graph.
    """
    from cli.draw_keeping import draw_generations
    from graph.open import find_folder
    from graph.stores.checks import GenerationRecord
    from graph.stores.embedded.verify import list_records

    found = list_records(find_folder(workplace.find_location()))
    columns = list_columns(GenerationRecord)[:-1]
    rows = [{name: row[name] for name in columns} for row in as_rows(found)]
    write_answer(Answer(rows, columns, rows, lambda: draw_generations(found)), form)
    if form == "table":
        _say_casebook(workplace)


def _say_casebook(workplace: Workplace) -> None:
    """How much people have said, which no generation has, and going back does not take away."""
    from graph.open import open_casebook

    with open_casebook(workplace.find_location()) as book:
        n = len(book.read())
    if n:
        say(f"\nThe casebook is in no generation, and stays as it is: {n:,} event{'' if n == 1 else 's'}.")


@click.command(short_help="Go back to an earlier generation of the store.")
@click.argument("generation", type=click.IntRange(min=1), required=False)
@pass_workplace
def restore(workplace: Workplace, generation: int | None) -> None:
    """Go back to an earlier generation of the store, or to the newest one that is whole.

    It becomes the newest generation; those between stay as long as others do, so that this can be
    taken back in the same way.  What people decided and said stays as it is.
    """
    from graph.open import find_folder
    from graph.stores.embedded.verify import restore as restore_generation

    made = restore_generation(find_folder(workplace.find_location()), generation)
    if made is None:
        say("The newest generation is whole; nothing was changed. To go back to another one, name it.")
        return
    say(f"Generation {made.made_from} is the graph again, as generation {made.generation}.")
    _say_casebook(workplace)


COMMANDS: dict[str, click.Command] = {each.name or "": each for each in (verify, generations, restore)}
