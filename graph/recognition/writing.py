"""A draft of ``ringfence.toml``: settings with the reason of each beside it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graph.contract.schema import CONTRACT
from graph.recognition.drafts import draft_main, draft_rest, name_instead, name_missing, name_strangers, name_twins
from graph.recognition.fits import has_such_cells
from graph.recognition.forms import Form, Question, find_form, find_usual
from graph.recognition.one_file import Draft, Pick, list_clocks, rank_tables
from graph.recognition.survey import Look, Survey
from graph.recognition.wide import draft_further, list_unread_lists

_REMARKS_AT = 44
_USUAL_ENCODING = "cp1252"
"""What is no UTF-8 and looks like this nearly always is."""
_OF_FILES = ("file", "format", "member", "sheet", "records", "encoding", "delimiter", "skip_lines")
_REMARKS = {"per_unit": "cents, by the name of the column", "empty": "cells that stand for nothing"}


@dataclass(frozen=True)
class Guess:
    """What a folder seems to hold.

    Attributes
    ----------
    text
        The settings, with comments.
    tables
        The tables by name, and the files that play their parts.
    questions
        What could be asked of a person; the text holds the defaults, or what was answered.
    unsure
        What is to be looked at, in one line each.
    """

    text: str
    tables: Mapping[str, tuple[str, ...]]
    questions: tuple[Question, ...]
    unsure: tuple[str, ...]


def guess_settings(survey: Survey, folder: Path, answers: Mapping[str, str]) -> Guess:
    """Draft the settings by which a folder can be loaded.

    Parameters
    ----------
    survey
        Its files.
    folder
        The folder, for the first line.
    answers
        What somebody answered to the questions of an earlier guess, by their keys.
    """
    chosen = {key.removeprefix("table:"): answer for key, answer in answers.items() if key.startswith("table:")}
    main = draft_main(survey, chosen)
    drafts = draft_further(main, draft_rest(survey, main, chosen))
    usual = find_usual(survey)
    forms = [find_form(draft, answers, usual) for draft in drafts]
    unread = [look for look in survey.looks if not any(draft.look is look for draft in drafts)]
    twins = name_twins(survey, main, chosen)
    asked = _list_questions(
        forms, [look for look in unread if look.name not in twins and not name_instead(look, drafts)]
    )
    unsure = list(_list_unsure(drafts, forms, asked, answers)) + [*survey.unread]
    tables = {table: tuple(dict.fromkeys(d.look.name for d in drafts if d.table == table)) for table in CONTRACT}
    unsure += [*name_strangers(main), *_list_missing(main, drafts), *_list_lists(drafts)]
    unsure += [f"{name} is {why}" for name, why in twins.items()]
    left = [f"{look.name} is not read: {name_missing(look, drafts)}" for look in unread if look.name not in twins]
    unsure += [each for each in left if "called as" in each or "less deep" in each]
    text = "\n".join(_write(drafts, forms, folder, list(dict.fromkeys([*unsure, *left]))))
    return Guess(text + "\n", {table: files for table, files in tables.items() if files}, asked, tuple(unsure))


def _list_questions(forms: Sequence[Form], unread: Sequence[Look]) -> tuple[Question, ...]:
    """Each question once; of files that are nothing, which table they are."""
    questions = {question.key: question for form in forms for question in form.questions}
    for look in unread:
        tables = tuple(table for table, _ in rank_tables(look))
        if tables:
            text = f"{look.name}: which table is it?"
            questions[f"table:{look.name}"] = Question(f"table:{look.name}", text, (*tables, "none"), "none")
    return tuple(questions.values())


def _list_unsure(
    drafts: Sequence[Draft], forms: Sequence[Form], asked: Sequence[Question], answers: Mapping[str, str]
) -> Iterator[str]:
    yield from _say_zones([each for each in asked if each.key.startswith("zone:") and each.key not in answers])
    for question in asked:
        if question.key not in answers and not question.key.startswith("zone:"):
            others = " or ".join(each for each in question.choices if each != question.default)
            yield f"{question.text} Taken: {question.default}{f'; otherwise {others}' if others else ''}"
    for look in {draft.look.name: draft.look for draft in drafts}.values():
        if look.form.encoding not in (None, _USUAL_ENCODING) and (shown := _find_foreign(look)):
            yield f"{look.name} is no UTF-8, and is read as {look.form.encoding}: does it hold “{shown}”?"
    for draft, form in zip(drafts, forms, strict=True):
        yield from (f"{draft.look.name}: {what}" for what in form.unsure)
        for column, pick in draft.picks.items():
            if pick.others:
                others = " or ".join(pick.others)
                yield f"{draft.table}.{column} is {pick.names[0]} of {draft.look.name}; it could be {others}"


def _find_foreign(look: Look) -> str | None:
    """The first name or cell of a file that another encoding would read otherwise."""
    said = itertools.chain(look.columns, (cell for each in look.columns.values() for cell in each.some))
    return next((text for text in said if not text.isascii()), None)


def _say_zones(questions: Sequence[Question]) -> Iterator[str]:
    """Where the clocks are taken to have hung: files of which the same is taken in one line."""
    by_zone: dict[str, list[Question]] = {}
    for question in questions:
        by_zone.setdefault(question.default, []).append(question)
    for zone, alike in by_zone.items():
        others = ", ".join(each.key.removeprefix("zone:") for each in alike[1:])
        yield f"{alike[0].text} Taken: {zone}{f', also in {others}' if others else ''}"


def _list_missing(main: Sequence[Draft], drafts: Sequence[Draft]) -> Iterator[str]:
    """What a table would say much by and no column is known to be, though columns that are not read look like it."""
    for draft in main:
        unused = _list_unused(draft.look, drafts)
        if CONTRACT[draft.table].time in draft.picks:
            clocks = [name for name in list_clocks(draft.look) if name in unused]
            yield from (f"{draft.look.name}: {each} holds times of day, and is not read" for each in clocks)
        for column in CONTRACT[draft.table].columns:
            if column.name in draft.picks or column.name not in _WANTED.get(draft.table, ()):
                continue
            if fitting := [each for each in unused if has_such_cells(draft.look, each, column)]:
                asked = " or ".join(fitting[:_MOST_SHOWN])
                yield f"{draft.look.name}: no column is known to be {column.name}; is it {asked}?"


def _list_lists(drafts: Sequence[Draft]) -> Iterator[str]:
    """Lists in records that are left out, and would link accounts."""
    for look in {draft.look.name: draft.look for draft in drafts}.values():
        for called in list_unread_lists(look, _list_unused(look, drafts)):
            way_out = "write its entries to a file, each with the id of its account"
            yield f"{look.name}: the list {called} in each record is not read; {way_out}"


_WANTED = {
    "accounts": ("created_at",),
    "orders": ("amount", "ordered_at"),
    "reviews": ("rating", "reviewed_at"),
    "events": ("happened_at",),
    "transfers": ("amount", "paid_at"),
}
_MOST_SHOWN = 3


# ── as text ───────────────────────────────────────────────────────────────────────────────────────


def _write(drafts: Sequence[Draft], forms: Sequence[Form], folder: Path, unsure: Sequence[str]) -> Iterator[str]:
    yield f"# How the files of {folder.name or folder} are read: a guess, to be looked at before anything rests on it."
    yield f"# ringfence init {folder.name or folder} --check shows the first rows as they will be read."
    if unsure:
        yield "#"
        yield "# Unsure:"
        yield from (f"#   {_one_line(what)}" for what in unsure)
    for draft, form in zip(drafts, forms, strict=True):
        several = sum(each.table == draft.table for each in drafts) > 1
        yield ""
        yield from _write_draft(draft, form, several=several)
    yield from _write_unused(drafts)


def _write_unused(drafts: Sequence[Draft]) -> Iterator[str]:
    """The columns that play no part, file by file."""
    for look in dict.fromkeys(draft.look.name for draft in drafts):
        unused = _list_unused(next(draft.look for draft in drafts if draft.look.name == look), drafts)
        if unused:
            yield ""
            yield f"# Not read of {_one_line(look)}: {_one_line(', '.join(unused))}"


def _list_unused(look: Look, drafts: Sequence[Draft]) -> list[str]:
    own = [draft for draft in drafts if draft.look.name == look.name]
    picks = [pick for draft in own for each in (draft.picks, draft.kinds) for pick in _flatten(each)]
    used = {name for draft in own for name in draft.nonzero} | {name for pick in picks for name in pick.names}
    return [name for name in look.columns if name not in used]


def _flatten(picks: Mapping[str, Pick] | Mapping[str, tuple[Pick, ...]]) -> Iterator[Pick]:
    for each in picks.values():
        yield from (each,) if isinstance(each, Pick) else each


def _write_draft(draft: Draft, form: Form, *, several: bool) -> Iterator[str]:
    name = f"tables.{draft.table}"
    yield f"# {draft.table}: {_one_line(draft.reason)}"
    yield f"[[{name}]]" if several else f"[{name}]"
    yield from _write_settings(draft, form)
    yield ""
    yield f"[{name}.columns]"
    for column, pick in draft.picks.items():
        yield _write_line(column, pick.names[0] if len(pick.names) == 1 else list(pick.names), _say(pick))
    if draft.kinds:
        yield ""
        yield f"[{name}.kinds]"
        for kind, picks in draft.kinds.items():
            names = [each for pick in picks for each in pick.names]
            yield _write_line(kind, names[0] if len(names) == 1 else names, picks[0].reason)
    for column, words in form.values.items():
        yield ""
        yield f"[{name}.values.{column}]"
        yield from (_write_line(word, meaning, "") for word, meaning in words.items())


def _say(pick: Pick) -> str:
    return pick.reason + (f"; or {', '.join(pick.others)}" if pick.others else "")


def _write_settings(draft: Draft, form: Form) -> Iterator[str]:
    notes = dict(note.split(": ", 1) for note in draft.look.notes)
    for setting in _OF_FILES:
        value = draft.look.file if setting == "file" else getattr(draft.look.form, setting)
        if value:
            yield _write_line(setting, value, notes.get(setting, ""))
    for setting, value in _list_cells(form):
        if value:
            yield _write_line(setting, value, form.remarks.get(setting, _REMARKS.get(setting, "")))
    if form.zone is None and "zone" in form.remarks:
        yield _comment('# zone = "Europe/Berlin"', f"{form.remarks['zone']}; it is taken for UTC")
    if draft.skip_empty:
        yield _write_line("skip_empty", list(draft.skip_empty), _say_gaps(draft))
    if _has_namesakes(draft):
        yield _write_line("only_mapped", True, "other columns have names of the contract, and another meaning")
    if draft.nonzero:
        yield _write_line("nonzero", draft.nonzero, "nothing but this amount says which orders ended so")
    if draft.always:
        yield _write_line("always", draft.always, "")


def _list_cells(form: Form) -> Iterator[tuple[str, object]]:
    yield "decimal", form.decimal
    yield "times", _join_times(form.times)
    yield "zone", form.zone
    yield "per_unit", form.per_unit
    yield "below_zero", form.below_zero
    yield "empty", list(form.empty)


def _say_gaps(draft: Draft) -> str:
    """How many rows are left out, which is much where something was misunderstood."""
    columns = [draft.look.columns[draft.picks[name].names[0]] for name in draft.skip_empty]
    share = max(1.0 - column.fill for column in columns)
    much = f": {share:.0%} of those looked at" if share else ""
    return f"rows without it say nothing of {draft.table}{much}"


def _has_namesakes(draft: Draft) -> bool:
    """Whether the file has columns with names of the contract that the draft does not take for these."""
    mapped = {name for pick in draft.picks.values() for name in pick.names}
    names = {column.name for column in CONTRACT[draft.table].columns if column.kind != "flag"} - draft.picks.keys()
    return bool(names & (draft.look.columns.keys() - mapped)) or bool(names & mapped)


def _join_times(times: Mapping[str, str]) -> str | Mapping[str, str]:
    return next(iter(times.values())) if len(set(times.values())) == 1 else times


def _write_line(key: str, value: object, remark: str) -> str:
    return _comment(f"{_write_key(key)} = {_write_value(value)}", remark)


def _comment(line: str, remark: str) -> str:
    return f"{line.ljust(_REMARKS_AT)} # {_one_line(remark)}" if remark else line


def _write_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def _write_value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_write_key(str(key))} = {_write_value(each)}" for key, each in value.items()) + " }"
    # A string of JSON is one of TOML, but for one sign that TOML wants written out.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    """What cells say may hold anything; a comment ends with its line."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
