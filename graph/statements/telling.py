"""The texts of a statement, from the templates: for the file, for the person, and two for the public database."""

from __future__ import annotations

import functools
import gettext
import io
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from graph.settings import StatementSettings
from graph.statements.content import Statement, count_members

Language = Literal["en", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
TEMPLATES = Path(__file__).parent / "templates"
CATALOGUES = Path(__file__).parent / "locale"
LEAST_EXPECTED = 0.1
"""Below this chance gives almost nothing; as a figure it would be read as nothing at all."""


def write_record(statement: Statement, settings: StatementSettings, numbers: Mapping[str, str]) -> str:
    """The page for the file, with everything, in English HTML; ``numbers`` are those of the statements, by account."""
    return _render("record.html.j2", "en", statement, settings, numbers=numbers)


def write_letter(statement: Statement, settings: StatementSettings, language: Language) -> str:
    """The page for the person: the same grounds in plain words, and nobody else in it."""
    return _render("letter.html.j2", language, statement, settings)


def write_facts(statement: Statement, settings: StatementSettings) -> str:
    """What the public database is told of the facts: figures and fixed words, and nothing that anybody has written."""
    return _render("facts.txt.j2", "en", statement, settings).strip()


def write_explanation(statement: Statement, settings: StatementSettings) -> str:
    """What it is told of why that is against the terms, or the law."""
    return _render("explanation.txt.j2", "en", statement, settings).strip()


def find_deadline(statement: Statement, settings: StatementSettings) -> date:
    """The last day on which the decision can be appealed."""
    return (statement.decision.at + timedelta(days=settings.appeal_days)).date()


def _render(name: str, language: Language, statement: Statement, settings: StatementSettings, **more: Any) -> str:
    told = {
        "statement": statement,
        "decision": statement.decision,
        "settings": settings,
        "members": count_members(statement.rings),
        "deadline": find_deadline(statement, settings),
        "language": language,
    }
    return make_environment(language).get_template(name).render(**told, **more)


@functools.cache
def make_environment(language: Language) -> Environment:
    """The templates in one language: every value is escaped, and one that is missing is an error."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(read_catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(_list_filters(language))
    return environment


def _list_filters(language: Language) -> dict[str, Callable[..., Any]]:
    return {
        "visible": make_visible,
        "day": lambda at: format_date(at, "long", locale=language),
        "number": lambda figure: format_decimal(figure, "#,##0.#", locale=language),
        "is_little": lambda figure: figure < LEAST_EXPECTED,
    }


def read_catalogue(language: Language) -> gettext.NullTranslations:
    """The translations into a language; the templates themselves are in English."""
    path = CATALOGUES / f"{language}.po"
    if language == "en":
        return gettext.NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def make_visible(text: str) -> str:
    r"""Text in which what is not simply seen is written out: line ends, marks that turn the direction of reading.

    >>> print(make_visible("two\nlines, \u202egnp.exe"))
    two\nlines, \u202egnp.exe
    """
    return re.sub(r"[^\x20-\x7e]", lambda found: _write_out(found[0]), text)


def _write_out(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
