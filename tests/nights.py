"""Nights of the small market on the command line, and what came of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from command_line import run

from detection.job.record import JobsFolder
from graph.open import open_store

STORE, NIGHTS = Path("ringfence-store"), Path("ringfence-store-nights")
LATER = "account_id,created_at,role,status\nnewcomer,,,\n"


def night(*words: str, exit_code: int = 0) -> dict[str, Any]:
    """The record of a night that ends as it should."""
    result = run("run", "exports", *words, "--format", "json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout) if result.stdout else read_last()  # type: ignore[no-any-return]  # an object


def read_last() -> dict[str, Any]:
    number = JobsFolder(NIGHTS).list_numbers()[-1]
    return json.loads((NIGHTS / f"{number:06d}" / "record.json").read_bytes())  # type: ignore[no-any-return]  # one


def say_steps(job: dict[str, Any]) -> dict[str, bool]:
    """By step whether there was something to do."""
    return {step["name"]: not step.get("skipped", False) for step in job["steps"]}


def find_step(job: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (step["result"] for step in job["steps"] if step["name"] == name)
    return found  # type: ignore[no-any-return]  # an object


def list_generations() -> list[int]:
    return sorted(int(each.name) for each in (STORE / "generations").iterdir())


def count_accounts() -> int:
    with open_store(str(STORE)) as store:
        return store.snapshot().n_accounts


def bring_more(name: str = "2", text: str = LATER) -> None:
    (Path("exports") / name).mkdir()
    (Path("exports") / name / "accounts.csv").write_text(text, encoding="utf-8")
