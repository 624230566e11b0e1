"""Folders of exports, and what `ringfence init` makes of them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graph.contract.tables import CheckedTable, read_folder
from graph.recognition.survey import survey_folder
from graph.recognition.writing import Guess, guess_settings
from graph.settings import LoadSettings, convert_settings

USERS = "user_id,created_at\n" + "".join(f"U{n},2024-01-0{n}T10:00:00Z\n" for n in range(1, 10))


def write(folder: Path, files: Mapping[str, str | bytes], encoding: str = "utf-8") -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return folder


def guess(folder: Path, **answers: str) -> Guess:
    return guess_settings(survey_folder(folder, LoadSettings()), folder, answers)


def settle(found: Guess) -> dict[str, Any]:
    return tomllib.loads(found.text).get("tables", {})


def read(folder: Path, found: Guess) -> dict[str, CheckedTable]:
    return read_folder(folder, convert_settings(tomllib.loads(found.text), "ringfence.toml"))
