"""Where the tests' browser comes from, and what is said where there is none."""

from __future__ import annotations

import subprocess
from typing import Any

import browser_install
import pytest
from browser_install import VARIABLE, NoBrowserError, find_browser, install, main


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any browser, on which nobody is root."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(browser_install.shutil, "which", {"apt-get": "/usr/bin/apt-get"}.get)
    monkeypatch.setattr(browser_install.os, "geteuid", lambda: 1000)
    monkeypatch.setattr("sys.argv", ["browser_install.py", "--if-possible"])


def test_a_browser_that_is_named_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_browser() is None
    monkeypatch.setenv(VARIABLE, "/opt/chromium")
    assert find_browser() == "/opt/chromium"


def test_who_may_not_install_one_is_told_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NoBrowserError, match="sudo apt-get install chromium"):
        install()
    assert main() == 0
    assert "tests in a browser will be skipped" in capsys.readouterr().err


def test_without_apt_it_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_install.shutil, "which", lambda _: None)
    with pytest.raises(NoBrowserError, match=VARIABLE):
        install()


def test_in_continuous_integration_it_has_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")
    assert main() == 1


def test_root_installs_debian_s(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def do(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 100 if "install" in command else 0, "", "no such package")

    monkeypatch.setattr(browser_install.os, "geteuid", lambda: 0)
    monkeypatch.setattr(browser_install.subprocess, "run", do)
    with pytest.raises(NoBrowserError, match="no such package"):
        install()
    assert ["update" in asked[0], "chromium" in asked[1]] == [True, True]
