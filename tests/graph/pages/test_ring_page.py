"""The page of a ring: what it says, that it says it in each language, and that nothing in it is obeyed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import hostile
import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from jinja2 import UndefinedError
from jinja2.ext import babel_extract
from pictured import HOSTILE, SCRIPT, TURNED, make_facts, make_hostile_facts
from reading import Reader

from detection.channels.catalogue import Catalogue
from detection.channels.conduct import SIGNALS
from detection.evidence.explanations import EXPLAINERS, GRANTED
from graph.pages import rendering
from graph.pages.rendering import CATALOGUES, TEMPLATES, make_environment, show_text, write_data
from graph.pages.ring import write_ring
from graph.pages.wording import (
    Words,
    say_channel,
    say_deed,
    say_explanation,
    say_kind,
    say_tier,
)
from graph.pictures.strip import LANES
from graph.statements.telling import LANGUAGES, Language
from graph.vocabulary import RING_KINDS, TIERS


@pytest.fixture(scope="module")
def page() -> Reader:
    return Reader(write_ring(make_facts(), "en"))


@pytest.fixture(scope="module")
def hostile_page() -> str:
    return write_ring(make_hostile_facts(), "en")


def test_everything_about_the_ring_is_there(page: Reader) -> None:
    told = " ".join(" ".join(page.texts).split())
    for part in (
        *("Trade ring", "R-1", "41.5", "120.50", "Who is tied to whom", "When it happened", "Members", "ann", "dan"),
        *("families and friends who share phones, cards and homes", "What would set it free", "Decisions so far"),
        *("it accounts for 8 of 61.5 bits (device 8)", "it leaves 53.5 bits (trade with one another 30.5, device 23)"),
        *("ringfence decide R-1 confirmed", "Identifiers are hidden", "Run run-1 of Ringfence 0.1.0"),
        *("4 sign-ups from Jan 1, 2024", "29.5 bits: still a ring", "nothing: no ring any more"),
    ):
        assert part in told, part


def test_a_ring_of_fake_reviews_has_what_is_said_of_its_targets(page: Reader) -> None:
    told = " ".join(" ".join(page.texts).split())
    assert "phone 7 (product) 1,120 84 61 to 1,007 57 Jan 1, 2024 – Jan 10, 2024" in told
    assert "ringfence targets" not in told


def test_of_many_targets_the_first_are_listed_and_the_others_counted() -> None:
    facts = make_facts()
    told = " ".join(Reader(write_ring(replace(facts, targets=facts.targets * 33), "en")).texts)
    assert told.count("61 to 1,007") == 30
    assert "3 more; see: ringfence targets" in told


def test_a_ring_without_targets_says_nothing_of_planted_reviews() -> None:
    assert "planted" not in write_ring(replace(make_facts(), targets=()), "en")


def test_nothing_but_the_page_s_own_script_and_style_may_run_and_nothing_may_be_fetched(page: Reader) -> None:
    (policy,) = (
        each["content"] or "" for tag, each in page.tags if each.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules.pop("default-src") == rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    for rule, inside in (("script-src", "script"), ("style-src", "style")):
        hashed = base64.b64encode(hashlib.sha256(page.raw[inside].encode()).digest()).decode()
        assert rules.pop(rule) == f"'sha256-{hashed}'"
    assert rules == {}
    names = {name for _, attributes in page.tags for name in attributes}
    assert not {"src", "style", "action", "srcset", "data"} & names
    assert not [name for name in names if name.startswith("on")]
    links = [each["href"] or "" for _, each in page.tags if "href" in each]
    assert all(each.startswith("#") for each in links)


def test_the_script_reads_what_the_page_shows(page: Reader) -> None:
    data = json.loads(page.raw["script application/json"])
    marks = [each for tag, each in page.tags if tag == "g" and each.get("role") == "button"]
    lines = [each for tag, each in page.tags if tag == "line" and (each.get("class") or "").startswith("edge")]
    assert (len(marks), len(lines)) == (len(data["nodes"]), len(data["edges"]) + 1)  # and one in the legend
    assert {each["name"] for each in data["nodes"]} >= {"ann", "bob", "cyd", "dan"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_ids_and_texts_hold_is_text_and_nothing_else(language: Language) -> None:
    text = write_ring(make_hostile_facts(), language)
    read = Reader(text)
    assert {tag for tag, _ in read.tags} == {tag for tag, _ in Reader(write_ring(make_facts(), language)).tags}
    assert [each for tag, each in read.tags if tag == "script"] == [{"type": "application/json", "id": "data"}, {}]
    assert not {"\u202e", "\u2067", "\r"} & set(text)
    assert "{{ 49 }}" not in text
    assert show_text(TURNED) in {each["name"] for each in json.loads(read.raw["script application/json"])["nodes"]}
    for attributes in (each for _, each in read.tags):
        assert not [name for name in attributes if name.startswith("on")]


def test_a_text_of_ten_thousand_characters_is_cut_and_a_page_stays_a_page(hostile_page: str) -> None:
    longest = max(len(each) for each in Reader(hostile_page).texts)
    assert longest < 400
    assert len(hostile_page) < 200_000


def test_the_same_ring_gives_the_same_bytes() -> None:
    assert write_ring(make_facts(), "en") == write_ring(make_facts(), "en")
    assert write_ring(make_facts(), "en") != write_ring(make_facts(("ann", "bob", "eve")), "en")


def test_where_nobody_can_say_what_carries_it_the_page_says_so() -> None:
    facts = make_facts()
    texts = " ".join(Reader(write_ring(replace(facts, grounds=None, strip=None), "en")).texts)
    assert "nobody can say any more what carries it" in texts
    assert "Nothing has a date." in texts


def test_data_ends_no_block_and_says_the_same() -> None:
    text = str(write_data({"name": f"</script><!--{SCRIPT}&\u2028"}))
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"name": f"</script><!--{SCRIPT}&\u2028"}


def test_what_the_script_writes_is_text() -> None:
    script = rendering.read_asset("page.js")
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "fetch(",
        "XMLHttp",
        "import(",
    ):
        assert way not in script
    assert len(script.splitlines()) <= 200


def list_messages() -> Iterator[str]:
    for path in sorted(TEMPLATES.iterdir()):
        with path.open("rb") as file:
            yield from (str(found[1]) for found in extract(babel_extract, file, keywords={"_": None}))
    for path in sorted(TEMPLATES.parent.glob("*.py")):
        with path.open("rb") as file:
            yield from (str(found[1]) for found in extract("python", file, keywords={"_": None, "words": None}))


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_everything_is_translated_and_nothing_is_left_over(language: str) -> None:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    told: dict[str, Any] = {str(each.id): each for each in catalogue if each.id}
    assert set(told) == set(list_messages())
    assert [each.id for each in told.values() if not each.string or each.fuzzy] == []
    assert [error for each in told.values() for error in each.check(catalogue)] == []


@pytest.mark.parametrize(
    ("say", "known"),
    [
        (say_channel, (*Catalogue().names, *SIGNALS)),
        (say_explanation, tuple(each.name for each in (*EXPLAINERS, *GRANTED))),
        (say_kind, RING_KINDS),
        (say_tier, TIERS),
        (say_deed, LANES),
    ],
)
def test_every_word_of_the_program_has_one_in_german(say: Any, known: tuple[str, ...]) -> None:
    english, german = Words("en"), Words("de")
    unsaid = {each for each in known if say(each, german) == each == say(each, english)}
    assert unsaid <= {"asn", "browser", "cookie", "wallet", "user_agent", "postcode", "ip_address", "device"}
    assert say("steam_id", german) == "steam_id"


def test_in_german_the_evidence_is_told_in_german() -> None:
    texts = " ".join(Reader(write_ring(make_facts(), "de")).texts)
    assert "Geräte, die mehrere dieser Konten nutzen" in texts
    assert "41,5" in texts
    assert re.search(r'lang="de"', write_ring(make_facts(), "de"))


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        make_environment("en").get_template("ring.html.j2").render()


def test_every_hostile_text_is_on_the_page_as_text(hostile_page: str) -> None:
    texts = {each.strip() for each in Reader(hostile_page).texts}
    for text in HOSTILE:
        assert show_text(text) in texts


def test_every_id_that_a_format_may_stumble_over_is_shown_as_it_is() -> None:
    read = Reader(write_ring(make_facts(hostile.HOSTILE, texts=hostile.HOSTILE), "en"))
    assert {show_text(each) for each in hostile.HOSTILE} <= set(read.texts)
    assert {tag for tag, _ in read.tags} == {tag for tag, _ in Reader(write_ring(make_facts(), "en")).tags}
    assert json.loads(read.raw["script application/json"])["members"] >= len(hostile.HOSTILE)
