"""The form of the public database of statements of reasons (Digital Services Act, Article 24(5)), one for each account.

Nothing in it is personal: figures, fixed words and what the settings say of the platform.  Its number is made from a
secret, so that who knows the account cannot find its statement, and the same decision has the same number for ever.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import date
from typing import Any

from graph.errors import ConfigError
from graph.settings import StatementSettings
from graph.statements.content import Statement
from graph.statements.telling import write_explanation, write_facts
from graph.vocabulary import UNION

LONGEST_FACTS, LONGEST_EXPLANATION = 5_000, 2_000
"""Characters that the form takes."""
_FIRST_DAY = date(2000, 1, 1)
"""No earlier day is taken."""

_ACCOUNT = {"suspended": "DECISION_ACCOUNT_SUSPENDED", "terminated": "DECISION_ACCOUNT_TERMINATED"}
_PAYMENTS = {"suspended": "DECISION_MONETARY_SUSPENSION", "terminated": "DECISION_MONETARY_TERMINATION"}
_VISIBILITY = {
    "removed": "DECISION_VISIBILITY_CONTENT_REMOVED",
    "disabled": "DECISION_VISIBILITY_CONTENT_DISABLED",
    "demoted": "DECISION_VISIBILITY_CONTENT_DEMOTED",
}
_ACCOUNT_TYPES = {"business": "ACCOUNT_TYPE_BUSINESS", "private": "ACCOUNT_TYPE_PRIVATE"}
_REVIEWS, _ACCOUNTS = "KEYWORD_INAUTHENTIC_USER_REVIEWS", "KEYWORD_INAUTHENTIC_ACCOUNTS"
_KEYWORDS = {"review": _REVIEWS, "attack": _REVIEWS, "farm": _ACCOUNTS, "shared-identity": _ACCOUNTS}
_OTHER_KEYWORDS = {
    "trade": "Sham trade among connected accounts",
    "refund": "Refunds claimed in concert",
    "": "An account used to deceive",
}


def number_statements(statement: Statement, key: bytes) -> dict[str, str]:
    """The number of each account's statement: unique, and nothing can be read from it without the key."""
    return {account_id: _number(statement.decision.name, account_id, key) for account_id, _ in statement.accounts}


def _number(decision: str, account_id: str, key: bytes) -> str:
    # The length keeps two pairs of names apart that are the same letters one after the other.
    named = f"{len(decision)}:{decision}:{account_id}".encode("utf-8", "surrogatepass")
    return f"S-{hmac.new(key, named, hashlib.sha256).hexdigest()[:40]}"


def fill_forms(statement: Statement, settings: StatementSettings, key: bytes) -> list[dict[str, Any]]:
    """The forms, in the order of the accounts.

    Raises
    ------
    ConfigError
        If the facts are longer than the form takes.
    """
    facts, explanation = write_facts(statement, settings), write_explanation(statement, settings)
    if len(facts) > LONGEST_FACTS or len(explanation) > LONGEST_EXPLANATION:
        raise ConfigError(f"the facts have {len(facts):,} characters, and the form takes {LONGEST_FACTS:,}")
    common = {
        **_say_measures(settings, statement),
        **_say_ground(settings, explanation),
        **_say_category(statement),
        **_say_automation(statement),
        "decision_facts": facts,
        "territorial_scope": sorted(settings.countries or UNION),
        "application_date": statement.decision.at.date().isoformat(),
        "source_type": "SOURCE_VOLUNTARY",
    }
    common |= _say_content(statement)
    numbers = number_statements(statement, key)
    return [
        common | {"content_date": _date_content(statement, created), "puid": numbers[account_id]}
        for account_id, created in statement.accounts
    ]


def _say_content(statement: Statement) -> dict[str, Any]:
    if statement.subject == "review":
        return {"content_type": ["CONTENT_TYPE_TEXT"]}
    return {"content_type": ["CONTENT_TYPE_OTHER"], "content_type_other": "Account"}


def _say_measures(settings: StatementSettings, statement: Statement) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if statement.subject == "review":
        return {"decision_visibility": [_VISIBILITY[settings.visibility or "removed"]]}
    if settings.visibility:
        told["decision_visibility"] = [_VISIBILITY[settings.visibility]]
    if settings.payments:
        told["decision_monetary"] = _PAYMENTS[settings.payments]
    if settings.account:
        told["decision_account"] = _ACCOUNT[settings.account]
    if settings.account_type:
        told["account_type"] = _ACCOUNT_TYPES[settings.account_type]
    return told


def _say_ground(settings: StatementSettings, explanation: str) -> dict[str, Any]:
    """The terms, if they are named, and otherwise the law; where both are, the terms, and that it is illegal too."""
    url = {"decision_ground_reference_url": settings.terms_url} if settings.terms_url else {}
    if not settings.terms:
        told = {"illegal_content_legal_ground": settings.law, "illegal_content_explanation": explanation}
        return {"decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT"} | told | url
    told = {"incompatible_content_ground": settings.terms, "incompatible_content_explanation": explanation}
    illegal = {"incompatible_content_illegal": "Yes"} if settings.law else {}
    return {"decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT"} | told | illegal | url


def _say_category(statement: Statement) -> dict[str, Any]:
    kinds = {ring.summary.kind for ring in statement.rings}
    if statement.subject == "review":
        kinds = {"review"}
    keywords = {_KEYWORDS.get(kind, "KEYWORD_OTHER") for kind in kinds}
    if not kinds:
        keywords, kinds = {"KEYWORD_OTHER"}, {""}
    other = sorted(_OTHER_KEYWORDS.get(kind, "Accounts that act together") for kind in kinds - _KEYWORDS.keys())
    told: dict[str, Any] = {
        "category": "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
        "category_specification": sorted(keywords),
    }
    return told | ({"category_specification_other": "; ".join(other)} if other else {})


def _say_automation(statement: Statement) -> dict[str, str]:
    decision = statement.decision
    extent = "PARTIALLY" if decision.is_proposed else "NOT_AUTOMATED"
    return {
        "automated_detection": "Yes" if decision.is_proposed else "No",
        "automated_decision": f"AUTOMATED_DECISION_{'FULLY' if decision.is_automated else extent}",
    }


def _date_content(statement: Statement, created: date | None) -> str:
    """The day on which the account was made, or that of the decision where it is not known."""
    is_known = created is not None and _FIRST_DAY <= created <= statement.decision.at.date()
    return (created if created is not None and is_known else statement.decision.at.date()).isoformat()
