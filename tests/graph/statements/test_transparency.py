"""The form for the public database: only fields and words that it knows, and nothing personal in any of them."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest
from stated import MEMBERS, SCRIPT, SETTINGS, THING, state_reasons

from detection.channels.catalogue import Catalogue
from detection.channels.conduct import SIGNALS
from graph.settings import StatementSettings
from graph.statements.content import Statement
from graph.statements.transparency import fill_forms, number_statements
from graph.vocabulary import COUNTRIES, RING_KINDS

KEY = b"k" * 32
REQUIRED = {
    "decision_ground",
    "content_type",
    "category",
    "territorial_scope",
    "content_date",
    "application_date",
    "decision_facts",
    "source_type",
    "automated_detection",
    "automated_decision",
    "puid",
}
WORDS: dict[str, set[str]] = {
    "decision_visibility": {f"DECISION_VISIBILITY_CONTENT_{each}" for each in ("REMOVED", "DISABLED", "DEMOTED")},
    "decision_monetary": {"DECISION_MONETARY_SUSPENSION", "DECISION_MONETARY_TERMINATION"},
    "decision_account": {"DECISION_ACCOUNT_SUSPENDED", "DECISION_ACCOUNT_TERMINATED"},
    "account_type": {"ACCOUNT_TYPE_BUSINESS", "ACCOUNT_TYPE_PRIVATE"},
    "decision_ground": {"DECISION_GROUND_ILLEGAL_CONTENT", "DECISION_GROUND_INCOMPATIBLE_CONTENT"},
    "incompatible_content_illegal": {"Yes", "No"},
    "content_type": {"CONTENT_TYPE_OTHER"},
    "category": {"STATEMENT_CATEGORY_SCAMS_AND_FRAUD"},
    "category_specification": {
        "KEYWORD_INAUTHENTIC_ACCOUNTS",
        "KEYWORD_INAUTHENTIC_LISTINGS",
        "KEYWORD_INAUTHENTIC_USER_REVIEWS",
        "KEYWORD_OTHER",
    },
    "territorial_scope": set(COUNTRIES),
    "source_type": {"SOURCE_VOLUNTARY"},
    "automated_detection": {"Yes", "No"},
    "automated_decision": {f"AUTOMATED_DECISION_{each}" for each in ("FULLY", "PARTIALLY", "NOT_AUTOMATED")},
}
"""What may be chosen from, as the database's documentation of its interface lists it."""
LISTS = {"decision_visibility", "content_type", "category_specification", "territorial_scope"}
LENGTHS = {
    "decision_facts": 5000,
    "illegal_content_legal_ground": 500,
    "illegal_content_explanation": 2000,
    "incompatible_content_ground": 500,
    "incompatible_content_explanation": 2000,
    "content_type_other": 500,
    "category_specification_other": 500,
    "decision_ground_reference_url": 500,
    "puid": 500,
}
DAYS = {"content_date", "application_date"}


def fill(statement: Statement | None = None, **changes: Any) -> dict[str, Any]:
    (form,) = fill_forms(statement or state_reasons(), msgspec.structs.replace(SETTINGS, **changes), KEY)
    check(form)
    return form


def check(form: dict[str, Any]) -> None:
    assert form.keys() >= REQUIRED
    assert form.keys() <= WORDS.keys() | LENGTHS.keys() | DAYS
    for name, value in form.items():
        assert isinstance(value, list) == (name in LISTS)
        if name in WORDS:
            assert value
            assert {*value} <= WORDS[name] if name in LISTS else value in WORDS[name]
        if name in LENGTHS:
            assert 0 < len(value) <= LENGTHS[name]
        if name in DAYS:
            date.fromisoformat(value)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", form["puid"])
    assert {"decision_visibility", "decision_monetary", "decision_account"} & form.keys()
    told = {"DECISION_GROUND_ILLEGAL_CONTENT": "illegal", "DECISION_GROUND_INCOMPATIBLE_CONTENT": "incompatible"}
    kind = told[form["decision_ground"]]
    grounds = {name for name in form if re.match(r"(illegal|incompatible)_content_(legal_)?(ground|explanation)", name)}
    assert grounds == {f"{kind}_content_explanation", f"{kind}_content_{'legal_' if kind == 'illegal' else ''}ground"}
    assert ("KEYWORD_OTHER" in form["category_specification"]) == ("category_specification_other" in form)


@pytest.mark.parametrize("kind", RING_KINDS)
def test_the_form_of_every_kind_of_ring_is_one_that_the_database_takes(kind: str) -> None:
    fill(state_reasons(kind=kind))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"account": "", "visibility": "removed"}, {"decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"]}),
        ({"account": "terminated"}, {"decision_account": "DECISION_ACCOUNT_TERMINATED"}),
        ({"payments": "terminated"}, {"decision_monetary": "DECISION_MONETARY_TERMINATION"}),
        ({"terms": "", "law": "§ 263 StGB"}, {"illegal_content_legal_ground": "§ 263 StGB"}),
        ({"law": "§ 263 StGB"}, {"incompatible_content_illegal": "Yes", "incompatible_content_ground": "Terms, 7.2"}),
        ({"countries": ("NO", "DE")}, {"territorial_scope": ["DE", "NO"]}),
        ({"terms_url": "https://mart.example/terms"}, {"decision_ground_reference_url": "https://mart.example/terms"}),
        ({"account_type": "business"}, {"account_type": "ACCOUNT_TYPE_BUSINESS"}),
    ],
)
def test_what_the_settings_say_is_said(settings: dict[str, Any], told: dict[str, Any]) -> None:
    form = fill(**settings)
    assert {name: form[name] for name in told} == told


@pytest.mark.parametrize(
    ("by", "tier", "detection", "decision"),
    [
        ("", "automatic", "Yes", "FULLY"),
        ("ana", "automatic", "Yes", "PARTIALLY"),
        ("ana", "watch", "Yes", "PARTIALLY"),
        ("ana", "clear", "No", "NOT_AUTOMATED"),
        ("ana", None, "No", "NOT_AUTOMATED"),
    ],
)
def test_who_found_it_and_who_decided_is_said(by: str, tier: str | None, detection: str, decision: str) -> None:
    made = state_reasons()
    form = fill(replace(made, decision=replace(made.decision, by=by, tier=tier)))
    assert (form["automated_detection"], form["automated_decision"]) == (detection, f"AUTOMATED_DECISION_{decision}")


@pytest.mark.parametrize(
    ("created", "told"),
    [(date(2024, 1, 2), "2024-01-02"), (None, "2026-03-01"), (date(1970, 1, 1), "2026-03-01")]
    + [(date(2030, 1, 1), "2026-03-01")],
)
def test_a_day_that_is_not_known_or_not_possible_is_that_of_the_decision(created: date | None, told: str) -> None:
    assert fill(state_reasons(accounts=((SCRIPT, created),)))["content_date"] == told


def test_nothing_that_anybody_wrote_or_is_called_is_in_it() -> None:
    said = ("Call the seller.",)
    text = json.dumps(fill(state_reasons(notes=said)), ensure_ascii=False)
    for personal in (*MEMBERS, THING, "1234567", "Zoltan", "same hand", "run-1", "E123", "eve & co", *said):
        assert personal not in text


def test_all_channels_at_once_fit_into_the_form() -> None:
    fill(state_reasons(channels=[*Catalogue().names, *SIGNALS, "steam_id"]))


def test_a_number_is_the_same_for_ever_and_tells_nothing() -> None:
    made = state_reasons()
    (number,) = number_statements(made, KEY).values()
    assert number_statements(state_reasons(), KEY) == {SCRIPT: number}
    assert number_statements(made, b"l" * 32) != {SCRIPT: number}
    for name in (SCRIPT, "E123", f"E123{SCRIPT}", f"4:E123:{SCRIPT}"):
        assert hashlib.sha256(name.encode()).hexdigest()[:40] not in number


def test_no_two_statements_have_one_number() -> None:
    made = state_reasons()
    pairs = [("E1", "23"), ("E12", "3"), ("E1", "2:3"), ("E1:2", "3"), ("E1", "24")]
    numbers = set()
    for name, account_id in pairs:
        other = replace(made, decision=replace(made.decision, name=name), accounts=((account_id, None),))
        numbers |= set(number_statements(other, KEY).values())
    assert len(numbers) == len(pairs)


@pytest.mark.parametrize(
    "wrong", [{"countries": ("US",)}, {"terms": "x" * 501}, {"account": ""}, {"appeal_days": 0.0}], ids=str
)
def test_settings_that_no_form_could_take_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        StatementSettings(**wrong)
