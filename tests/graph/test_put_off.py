"""What nobody asks for is not run, and is what it always was for whoever does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from graph.put_off import put_off


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that says when it is run."""
    (tmp_path / "seldom_used.py").write_text("import sys\nsys.is_run = True\nanswer = 42\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "is_run", False, raising=False)
    monkeypatch.delitem(sys.modules, "seldom_used", raising=False)
    return "seldom_used"


def test_a_module_that_is_put_off_runs_when_something_of_it_is_looked_at(noted: str) -> None:
    with put_off(noted):
        module = __import__(noted)
    assert not sys.is_run  # type: ignore[attr-defined]  # the module's own note
    assert module.answer == 42
    assert sys.is_run  # type: ignore[attr-defined]  # the module's own note


def test_afterwards_it_is_run_at_once(noted: str) -> None:
    with put_off(noted):
        pass
    __import__(noted)
    assert sys.is_run  # type: ignore[attr-defined]  # the module's own note
