"""docs/settings.md has every setting of ``ringfence.toml`` with its default, taken from the code.

``PYTHONPATH=.:tests python tests/test_settings_page.py`` writes its tables anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from places import ROOT

from detection.job.settings import AlertTarget, CheckSettings, JobSettings, ModelSettings
from detection.measures.policy import TERMS, MeasurePolicy, MeasureRule, MeasureTerms
from detection.settings import ChannelSettings, DetectSettings
from graph.mapping import TableSettings
from graph.settings import CaseworkSettings, LoadSettings, QuerySettings, ServerSettings, Settings, StatementSettings

PAGE = ROOT / "docs" / "settings.md"
SECTIONS: dict[str, type[msgspec.Struct]] = {
    "At the top": Settings,
    "`[neo4j]`": ServerSettings,
    "`[query]`": QuerySettings,
    "`[casework]`": CaseworkSettings,
    "`[statement]`": StatementSettings,
    "`[load]`": LoadSettings,
    "`[tables.NAME]`": TableSettings,
    "`[detect]`": DetectSettings,
    "`[detect.channels.NAME]`": ChannelSettings,
    "`[run]`": JobSettings,
    "`[run.checks]`": CheckSettings,
    "`[run.models]`": ModelSettings,
    "`[[run.alerts]]`": AlertTarget,
    "`[measures]`": MeasurePolicy,
    "`[[measures.rules]]`": MeasureRule,
    "`[measures.terms.NAME]`": MeasureTerms,
}
ELSEWHERE = {"neo4j", "query", "casework", "statement", "load", "tables", "detect", "policy", "channels"}
ELSEWHERE |= {"measures", "rules", "run", "checks", "models", "alerts"}
"""Settings that are sections of their own."""


def list_settings(section: type[msgspec.Struct]) -> Iterator[tuple[str, str, str]]:
    """Name, default and meaning of each setting, in the order of the code."""
    meanings = read_meanings(section)
    for field in msgspec.structs.fields(section):
        if field.name not in ELSEWHERE and (section, field.name) != (MeasurePolicy, "terms"):
            yield field.name, say_default(field), meanings[field.name]


def read_meanings(section: type[msgspec.Struct]) -> dict[str, str]:
    """What a docstring says of each attribute; several may share a paragraph."""
    text = (section.__doc__ or "").partition("Attributes\n    ----------\n")[2]
    found = {}
    for names, meaning in re.findall(r"^    (\w[\w, ]*)\n((?:        .*\n?)+)", text, re.M):
        plain = " ".join(meaning.split()).replace("``", "`")
        found |= dict.fromkeys(names.split(", "), re.sub(r":\w+:`(\w+)`", r"`\1`", plain))
    return found


def say_default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "has to be given"
    default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    value: Any = msgspec.to_builtins(default)
    if value is None or value in ("", [], {}, ()):
        return "none"
    return f"`{json.dumps(value)}`"


def draw_table(section: type[msgspec.Struct]) -> str:
    rows = [f"| `{name}` | {default} | {meaning} |" for name, default, meaning in list_settings(section)]
    return "\n".join(["| setting | otherwise | meaning |", "| --- | --- | --- |", *rows])


def write_page(text: str) -> str:
    """The page with the table below each heading made anew."""
    for heading, section in SECTIONS.items():
        table = re.compile(rf"(^## {re.escape(heading)}$.*?\n)(\|.*?\n)\n", re.M | re.S)
        text = table.sub(lambda found, section=section: f"{found[1]}{draw_table(section)}\n\n", text, count=1)
    return text


def test_every_setting_is_there_with_its_default_and_its_meaning() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert write_page(text) == text
    for section in SECTIONS.values():
        assert draw_table(section) in text
        assert all(meaning for _, _, meaning in list_settings(section))


def list_terms() -> list[str]:
    """What each measure is unless it is set."""
    return [f"| `{name}` | {each.days:g} | {each.text} | {each.ground} |" for name, each in TERMS.items()]


def test_the_page_says_what_each_measure_is() -> None:
    rows = [*("| measure | days | text | ground |", "| --- | --- | --- | --- |"), *list_terms()]
    assert "\n".join(rows) in PAGE.read_text(encoding="utf-8")


if __name__ == "__main__":
    PAGE.write_text(write_page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
