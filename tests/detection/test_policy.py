"""The rules: each is documented where it is set, recorded in the run, part of its id, and none lies elsewhere.

`PYTHONPATH=.:tests python tests/detection/test_policy.py` writes the tables of docs/policy.md anew.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from detection_market import make_background, make_snapshot
from places import ROOT
from said import decide

from detection.casework.heard import hear
from detection.channels.catalogue import Catalogue
from detection.evidence.market import Market, make_market
from detection.policy import DEFAULT_POLICY, Policy
from detection.reviews.targets import RULES_OF_TARGETS
from detection.rules import RULES_OF_DECISIONS, RULES_OF_RISK, list_rules
from detection.run import find_run, name_run, record_settings
from detection.settings import DetectSettings, read_detect_settings
from graph.errors import ConfigError

PAGE = ROOT / "docs" / "policy.md"
RULES_BEGIN, RULES_END = "<!-- rules -->", "<!-- end of rules -->"
CHANNELS_BEGIN, CHANNELS_END = "<!-- channels -->", "<!-- end of channels -->"
ACCUSING = ("casework", "evidence", "rings", "candidates", "channels/conduct.py", "scores.py", "search.py", "tiers.py")
"""What judges; its channels' own figures stand in the catalogue."""
HOW = f"run: PYTHONPATH=.:tests python {Path(__file__).relative_to(ROOT)}"
PLAIN = {0, 1, 2, 0.5}
NUMERICAL = {
    ("candidates/leiden.py", 1e-06): "a gain is more than what rounding makes",
    ("candidates/leiden.py", 50_000): "pairs from which on compiled loops find communities, as good ones",
    ("candidates/potts.py", 1e-9): "a gain is more than what rounding makes",
    ("candidates/look_alikes.py", 10): "how many likenesses are named in a ring",
    ("candidates/look_alikes.py", 1e-6): "a link weighs more than nothing",
    ("channels/conduct.py", 1e-12): "keeps a quotient finite",
    ("channels/conduct.py", 700.0): "keeps an exponential finite",
    ("evidence/judge.py", 50_000): "memberships weighed at once: bounds memory",
    ("evidence/households.py", 64): "bits of a word that holds a set",
    ("evidence/measure.py", 20_000): "accounts from which on compiled loops find the same",
    ("evidence/measure.py", 1_000): "memberships from which on they do",
    ("rings/honest_rings.py", 200): "steps in which the file of known rings counts",
    ("rings/ids.py", 0.3): "which earlier ring's id a ring keeps: says nothing of anybody",
    ("rings/ids.py", 10): "digits of an id",
    ("rings/links.py", 100): "links named in a ring",
    ("rings/links.py", 12): "pairs named of a crowd",
    ("rings/place.py", 9): "decimals that places are compared by",
    ("rings/parties.py", 3): "targets named in a sentence",
    ("rings/wording.py", 0.05): "decimals of a figure",
    ("rings/wording.py", 8): "words of a text that name it",
    ("scores.py", 3): "reasons and links named",
}
"""Numbers that move no verdict, each with why."""


def draw_rules() -> str:
    rows = [
        "| rule | default | unit | meaning | from | why | a larger value |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for rule in list_rules():
        value = ", ".join(map(str, rule.value)) if isinstance(rule.value, tuple) else str(rule.value)
        cells = (f"`{rule.name}`", value, rule.unit, rule.meaning, rule.source, rule.why, rule.effect)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def draw_channels() -> str:
    head = ("channel", "role", "affinity", "windows, days", "lease, days", "makes", "seller-bound", "pool", "followed")
    rows = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for channel in (*Catalogue().kinds.values(), *Catalogue().behaviours):
        makes = (channel.ring_kind or "") + (f" (counts {channel.kind_weight})" if channel.kind_weight != 1 else "")
        windows = ", ".join(f"{days:.3g}" for days in channel.windows_days)
        lease = "" if channel.lease_days is None else f"{channel.lease_days:.3g}"
        marks = ("yes" if mark else "no" for mark in (channel.is_seller_bound, channel.has_pool, channel.is_followed))
        cells = (f"`{channel.name}`", channel.role, f"{channel.affinity:.3g}", windows, lease, makes, *marks)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def read_between(begin: str, end: str) -> str:
    return PAGE.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0].strip()


def test_every_rule_stands_in_the_document_with_its_value_and_its_reason() -> None:
    assert read_between(RULES_BEGIN, RULES_END) == draw_rules(), HOW


def test_every_channel_stands_in_the_document_with_its_figures() -> None:
    assert read_between(CHANNELS_BEGIN, CHANNELS_END) == draw_channels()


def test_every_rule_says_its_unit_its_source_its_reason_and_its_effect() -> None:
    rules = list_rules()
    assert {rule.name for rule in rules} == set(Policy.__struct_fields__)
    assert all(rule.unit and rule.meaning and rule.source and rule.why and rule.effect for rule in rules)


def list_numbers() -> Iterator[tuple[str, float]]:
    folder = ROOT / "detection"
    for part in ACCUSING:
        for path in [folder / part] if part.endswith(".py") else (folder / part).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                value = getattr(node, "value", None)
                if isinstance(node, ast.Constant) and type(value) in (int, float):
                    yield path.relative_to(folder).as_posix(), value


def test_no_number_that_judges_lies_outside_of_the_policy() -> None:
    found = {number for number in list_numbers() if number[1] not in PLAIN}
    assert found == set(NUMERICAL)


def test_all_of_it_is_recorded_in_the_run() -> None:
    run = find_run(make_snapshot(make_background(n=100)), DetectSettings())
    expected, unheard = msgspec.to_builtins(DEFAULT_POLICY), (*RULES_OF_RISK, *RULES_OF_TARGETS)
    assert run.settings["policy"] == {
        name: expected[name] for name in expected if name not in (*unheard, *RULES_OF_DECISIONS)
    }
    heard = hear([decide("nobody", "cleared")])
    told = find_run(make_snapshot(make_background(n=100)), DetectSettings(), heard=heard)
    assert told.settings["policy"] == {name: expected[name] for name in expected if name not in unheard}
    assert run.settings["channels"]["praise"]["affinity"] == 3.0


@pytest.fixture(scope="module")
def market() -> Market:
    return make_market(make_snapshot(make_background(n=100)))


def name(market: Market, policy: Policy) -> str:
    return name_run("digest", record_settings(market, DetectSettings(policy=policy)))


@pytest.mark.parametrize("rule", Policy.__struct_fields__)
def test_each_rule_is_part_of_the_runs_id(market: Market, rule: str) -> None:
    value = getattr(DEFAULT_POLICY, rule)
    other = value[:-1] if isinstance(value, tuple) else value * 0.99 if isinstance(value, float) else value + 1
    changed = msgspec.structs.replace(DEFAULT_POLICY, **{rule: other})
    assert name(market, changed) != name(market, DEFAULT_POLICY)


def test_a_channels_own_rules_are_part_of_the_runs_id(market: Market) -> None:
    tasteful = replace(market.things["praise"].record, affinity=4.0)
    changed = replace(market, things={**market.things, "praise": replace(market.things["praise"], record=tasteful)})
    assert name(changed, DEFAULT_POLICY) != name(market, DEFAULT_POLICY)


def test_a_rule_is_set_under_the_policy_and_checked() -> None:
    settings = read_detect_settings({"policy": {"automatic_score": 0.95}})
    assert settings.policy.automatic_score == 0.95
    for wrong, said in (
        ({"automatic_score": 1.5}, "<= 1.0"),
        ({"automatic_scor": 0.5}, "did you mean 'automatic_score'"),
        ({"automatic_score": 0.3}, "at least as much"),
        ({"lone_ceiling": 0.5}, "what one account does alone"),
    ):
        with pytest.raises(ConfigError, match=said):
            read_detect_settings({"policy": wrong})


def test_review_may_be_as_strict_as_automatic_and_who_is_alone_scores_less_than_asks_for_a_review() -> None:
    assert Policy(review_score=0.8, automatic_score=0.8).review_score == 0.8
    with pytest.raises(ValueError, match=r"^review_score is 0\.9 and automatic_score 0\.8; an automatic flag must"):
        Policy(review_score=0.9)
    with pytest.raises(
        ValueError, match=r"^lone_ceiling is 0\.5 and review_score 0\.5; what one account does alone must not be"
    ):
        Policy(lone_ceiling=0.5)


def test_a_rule_is_set_by_its_name_only() -> None:
    with pytest.raises(TypeError):
        Policy(0.9)  # type: ignore[misc] -- it is refused


def test_a_group_is_improved_that_lacks_a_little_less_than_the_prior() -> None:
    assert Policy(prior_bits=12.0, improve_margin_bits=0.1).worth_improving_bits == pytest.approx(-11.9)


@pytest.mark.parametrize(
    ("old", "new"), [("automatic_score", "automatic_score"), ("weakest_member_bits", "weakest_tie_bits")]
)
def test_a_setting_in_its_old_place_is_told_its_new_one(old: str, new: str) -> None:
    with pytest.raises(ConfigError, match=rf"{old} is now {new} under \[detect.policy\]"):
        read_detect_settings({old: 0.5})


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    for begin, end, table in (
        (RULES_BEGIN, RULES_END, draw_rules()),
        (CHANNELS_BEGIN, CHANNELS_END, draw_channels()),
    ):
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n\n{table}\n\n{end}{rest.partition(end)[2]}"
    PAGE.write_text(text, encoding="utf-8")
