"""The pages of a statement: whatever ids hold, in both languages, with nobody else in the letter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from jinja2 import UndefinedError
from jinja2.ext import babel_extract
from stated import LINES, MEMBERS, SCRIPT, SETTINGS, THING, TURNED, state_reasons

from detection.channels.catalogue import Catalogue
from detection.channels.conduct import SIGNALS
from graph.errors import RingfenceError
from graph.statements.content import Statement, require_discreet
from graph.statements.telling import (
    CATALOGUES,
    LANGUAGES,
    TEMPLATES,
    make_environment,
    make_visible,
    write_explanation,
    write_facts,
    write_letter,
    write_record,
)

NUMBERS = {SCRIPT: "R-1"}
PAGES: dict[str, Callable[[Statement], str]] = {
    "record.html.j2": lambda statement: write_record(statement, SETTINGS, NUMBERS),
    "letter.html.j2": lambda statement: write_letter(statement, SETTINGS, "en"),
    "letter.html.j2 in German": lambda statement: write_letter(statement, SETTINGS, "de"),
    "facts.txt.j2": lambda statement: write_facts(statement, SETTINGS),
    "explanation.txt.j2": lambda statement: write_explanation(statement, SETTINGS),
}
NOT_PAGES = {"grounds.j2"}


class Reader(HTMLParser):
    """What a browser makes of a page: its elements, and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


OURS = {
    "html",
    "head",
    "meta",
    "title",
    "body",
    "h1",
    "h2",
    "h3",
    "p",
    "ul",
    "li",
    "bdi",
    "table",
    "tr",
    "th",
    "td",
    "br",
}


def test_every_template_is_among_the_pages() -> None:
    assert {each.name for each in TEMPLATES.iterdir()} == {name.split()[0] for name in PAGES} | NOT_PAGES


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("account_id", MEMBERS)
def test_an_id_is_text_and_nothing_else(page: str, account_id: str) -> None:
    text = PAGES[page](state_reasons(account_id=account_id, notes=(LINES, SCRIPT)))
    assert Reader(text).tags <= OURS
    assert not {"\u202e", "\u2067", "\r"} & set(text)
    assert "{{ 49 }}" not in text
    assert "49" not in write_letter(state_reasons(account_id=LINES), SETTINGS, "en").replace("{{ 7 * 7 }}", "")


def test_the_record_has_every_member_and_what_ties_it() -> None:
    read = Reader(write_record(state_reasons(), SETTINGS, NUMBERS))
    assert {make_visible(each) for each in (*MEMBERS, THING, "eve & co", "Zoltan", "E123", "5f83", "R-1")} <= set(
        read.texts
    )


def test_the_record_says_of_each_thing_what_it_does_for_the_verdict() -> None:
    texts = [text for text in Reader(write_record(state_reasons(), SETTINGS, NUMBERS)).texts if text.strip()]
    for row in (
        ["device", make_visible(THING), "2", "-12.0", "yes"],
        ["wifi", SCRIPT, "3", "+0.5", "no, it speaks for them"],
    ):
        assert any(texts[place : place + 5] == row for place in range(len(texts))), row


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letter_has_as_many_grounds_and_nobody_else(language: str) -> None:
    statement = state_reasons()
    letter = Reader(write_letter(statement, SETTINGS, "de" if language == "de" else "en"))
    told = " ".join(letter.texts)
    for name in (TURNED, LINES, "eve & co", THING, "1234567", "Zoltan", "same hand", "R-1", "run-1"):
        assert name not in told
        assert make_visible(name) not in told
    assert make_visible(SCRIPT) in letter.texts
    counted = {"en": "counted 1,234 times", "de": "1.234-mal gezählt"}[language]
    assert told.count(counted) == len(statement.grounds) == 2


def test_the_letter_says_until_when_it_can_be_appealed_and_where() -> None:
    english, german = (write_letter(state_reasons(), SETTINGS, each) for each in LANGUAGES)
    assert "until August 31, 2026" in english
    assert "bis zum 31. August 2026" in german
    assert 'lang="de"' in german
    assert all("appeals@mart.example" in each and "Terms, 7.2" in each for each in (english, german))


def test_a_letter_about_a_case_names_no_account_at_all() -> None:
    letter = write_letter(state_reasons(subject="ring", subject_id="R-1"), SETTINGS, "en")
    assert not [each for each in (*MEMBERS, "R-1") if make_visible(each) in " ".join(Reader(letter).texts)]


def test_every_channel_and_every_habit_has_words_of_its_own() -> None:
    other = make_environment("en").from_string("{% from 'grounds.j2' import name with context %}{{ name(channel) }}")
    unknown = other.render(channel="steam_id <b>")
    assert unknown == "Details of another kind that several of these accounts have in common"
    assert [each for each in (*Catalogue().names, *SIGNALS) if other.render(channel=each) == unknown] == []


def list_messages() -> Iterator[str]:
    for path in sorted(TEMPLATES.iterdir()):
        with path.open("rb") as file:
            for found in extract(babel_extract, file, keywords={"_": None}):
                yield str(found[1])


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_everything_is_translated_and_nothing_is_left_over(language: str) -> None:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    told = {each.id: each for each in catalogue if each.id}
    assert set(told) == set(list_messages())
    assert [each.id for each in told.values() if not each.string or each.fuzzy] == []
    assert [error for each in told.values() for error in each.check(catalogue)] == []


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        make_environment("en").get_template("facts.txt.j2").render(statement=state_reasons())


@pytest.mark.parametrize(
    "note",
    [f"as {TURNED.upper()} says", f"you know {THING}", "Ask eve & co, they know."],
    ids=["member", "thing", "party"],
)
def test_a_note_that_names_somebody_else_is_not_sent(note: str) -> None:
    require_discreet(state_reasons(notes=("You shipped nothing.", "Neighbours of eve & company", SCRIPT)))
    with pytest.raises(RingfenceError, match="note 2 of those that may be told names another member"):
        require_discreet(state_reasons(notes=("You shipped nothing.", note)))
