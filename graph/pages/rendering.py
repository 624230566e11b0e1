"""Pages from templates: every value is escaped, what may run is named by its checksum, and nothing is fetched."""

from __future__ import annotations

import base64
import functools
import gettext
import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from graph.statements.telling import LEAST_EXPECTED, Language, make_visible
from graph.statements.telling import TEMPLATES as STATEMENTS
from graph.statements.telling import read_catalogue as read_statements

TEMPLATES = Path(__file__).parent / "templates"
ASSETS = Path(__file__).parent / "assets"
CATALOGUES = Path(__file__).parent / "locale"
MOST_CHARACTERS = 300
"""A text that somebody wrote, and that is longer, is cut: nobody reads on, and a page stays a page."""
LONGEST = 1000
"""Of a sentence of ours, with what it names."""


@dataclass(frozen=True)
class Page:
    """Another page of a site: what it is called, and where it lies, seen from here."""

    name: str
    place: str


@dataclass(frozen=True)
class Site:
    """The site that a page is part of: where the run's page and the search lie, and pages on whom this one names."""

    home: str
    search: str
    pages: tuple[Page, ...] = ()


def render_page(
    template: str,
    language: Language,
    *,
    data: Mapping[str, Any] | None = None,
    assets: Sequence[str] = ("page.css", "page.js"),
    **told: Any,
) -> str:
    """A page by itself: the template with the style sheet, the script and what the script reads inside of it.

    Parameters
    ----------
    template
        The name of one that extends ``base.html.j2``.
    language
        What its words are in.
    data
        What the script reads: anything that JSON can say.
    assets
        The style sheets and the scripts of the page.
    told
        What the template shows.
    """
    style, script = ("".join(read_asset(each) for each in assets if each.endswith(kind)) for kind in (".css", ".js"))
    frame = {
        "style": Markup(style),
        "script": Markup(script),
        "data": write_data(data or {}),
        "policy": make_policy(style, script),
        "language": language,
        "site": None,
    }
    return make_environment(language).get_template(template).render(**frame | told)


def make_policy(style: str, script: str) -> str:
    """What a page may do, for its Content-Security-Policy: nothing but this style sheet and this script."""
    allowed = {"style-src": style, "script-src": script}
    rules = [f"{name} 'sha256-{_hash(text)}'" for name, text in allowed.items()]
    return "; ".join(["default-src 'none'", *rules, "base-uri 'none'", "form-action 'none'"])


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def write_data(data: Mapping[str, Any]) -> Markup:
    r"""Data for a script, as JSON in which nothing ends the block that it stands in.

    >>> write_data({"name": "</script>"})
    Markup('{"name":"\\u003c/script\\u003e"}')
    """
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True, sort_keys=True, default=_as_json)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _as_json(value: Any) -> str:
    return f"{value.isoformat(timespec='seconds')}Z" if isinstance(value, datetime) else str(value)


@functools.cache
def read_asset(name: str) -> str:
    """The text of a style sheet or script."""
    return (ASSETS / name).read_text(encoding="utf-8")


@functools.cache
def make_environment(language: Language) -> Environment:
    """The templates in one language: every value is escaped, and one that is missing is an error."""
    environment = Environment(
        loader=FileSystemLoader([TEMPLATES, STATEMENTS]),  # what a channel shows is said as in a statement
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finish,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(read_catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(_list_filters(language))
    return environment


def _finish(value: Any) -> Any:
    """What is shown of a value: text that nobody has thought of is shown as text that somebody wrote is."""
    return show_text(value, most=LONGEST) if isinstance(value, str) and not isinstance(value, Markup) else value


@functools.cache
def read_catalogue(language: Language) -> gettext.NullTranslations:
    """The translations into a language, those of statements among them; the templates themselves are in English."""
    if language == "en":
        return gettext.NullTranslations()
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    translations = gettext.GNUTranslations(compiled)
    translations.add_fallback(read_statements(language))
    return translations


def _list_filters(language: Language) -> dict[str, Callable[..., Any]]:
    return {
        "seen": show_text,
        "brief": lambda text: show_text(text, most=18),
        "day": lambda at: format_date(at, "medium", locale=language),
        "moment": lambda at: format_datetime(at, "medium", locale=language).replace("\u202f", " "),
        "bits": lambda bits: format_decimal(bits, "#,##0.0", locale=language),
        "signed": lambda bits: format_decimal(bits, "+#,##0.0;−#,##0.0", locale=language),
        "number": lambda figure: format_decimal(figure, "#,##0.##", locale=language),
        "is_little": lambda figure: figure < LEAST_EXPECTED,
        "percent": lambda share: format_percent(
            share, "#,##0.0 %" if language == "de" else "#,##0.0%", locale=language
        ),
        "money": lambda amount: format_decimal(amount, "#,##0.00", locale=language),
    }


def show_text(text: str, *, most: int = MOST_CHARACTERS) -> str:
    r"""Text that somebody wrote, in one line: what is not simply seen is written out, what is too long is cut.

    >>> show_text("two" + chr(10) + "lines"), show_text("x" * 30, most=8)
    ('two\\nlines', 'xxxxxxx…')
    """
    visible = make_visible(text)
    return visible if len(visible) <= most else f"{visible[: most - 1]}…"
