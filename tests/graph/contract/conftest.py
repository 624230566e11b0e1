"""A folder to write tables to."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tables_on_disk import Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write tables as text, bytes or frames; accounts come by themselves."""

    def write_files(**tables: str | bytes | pd.DataFrame) -> Path:
        for name, content in ({"accounts": "account_id\n"} | tables).items():
            if isinstance(content, pd.DataFrame):
                content.to_parquet(tmp_path / f"{name}.parquet", index=False)
            else:
                data = content.encode() if isinstance(content, str) else content
                (tmp_path / f"{name}.csv").write_bytes(data)
        return tmp_path

    return write_files
