"""ringfence.toml: what it may say, and how a mistake in it is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

from graph.contract.mappings import refuse_unknown_mapping
from graph.errors import ConfigError
from graph.settings import Settings, load_settings


def write_settings(folder: Path, text: str) -> Path:
    path = folder / "ringfence.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold() -> None:
    settings = load_settings(None)
    assert settings == Settings()
    assert settings.load.max_reject_share == 0.1
    assert settings.seed == 0


def test_every_setting_is_read(tmp_path: Path) -> None:
    path = write_settings(
        tmp_path,
        """
        store = "market"
        seed = 7
        [load]
        max_reject_share = 1
        [tables.orders]
        file = "payments.csv.gz"
        columns = { buyer_id = "payer" }
        encoding = "latin-1"
        delimiter = ";"
        [tables.accounts]
        attributes = ["age", "browser"]
        [detect]
        anything = { at = "all" }
        """,
    )
    settings = load_settings(path)
    assert (settings.store, settings.seed, settings.load.max_reject_share) == ("market", 7, 1.0)
    orders = settings.tables["orders"]
    assert (orders.file, orders.encoding, orders.delimiter) == ("payments.csv.gz", "latin-1", ";")
    assert orders.columns == {"buyer_id": "payer"}
    assert settings.tables["accounts"].attributes == ("age", "browser")
    assert settings.detect == {"anything": {"at": "all"}}


def test_a_byte_order_mark_before_the_settings_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "ringfence.toml"
    path.write_bytes(b"\xef\xbb\xbfseed = 3\n")
    assert load_settings(path).seed == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[load]\nmax_rejects = 0.2",
            "ringfence.toml: no setting 'load.max_rejects'; did you mean 'max_reject_share'?",
        ),
        ("sede = 1", "ringfence.toml: no setting 'sede'; did you mean 'seed'?"),
        ("[tables.orders]\ncolumn = {}", "ringfence.toml: no setting 'tables.orders.column'; did you mean 'columns'?"),
        ("zzz = 1", "ringfence.toml: no setting 'zzz'"),
        ('seed = "x"', "ringfence.toml: 'seed': expected int, got text"),
        ("[tables.orders]\nfile = 3", "ringfence.toml: 'tables.orders.file': expected text"),
        ("load = 4", "ringfence.toml: 'load': expected a section, got int"),
        ("tables = 4", "ringfence.toml: 'tables': expected a section, got int"),
        ("[tables]\norders = 3", "ringfence.toml: 'tables.orders': expected a section, got int"),
        ("[load]\nmax_reject_share = 1.5", "max_reject_share 1.5 is not a share from 0 to 1"),
        ("[load]\nmax_reject_share = nan", "max_reject_share nan is not a share from 0 to 1"),
        ('[tables.orders]\nencoding = "utf8x"', "encoding 'utf8x' is not one that Python knows"),
        ('[tables.orders]\nencoding = "base64"', "encoding 'base64' is not one that Python knows"),
        ('[tables.orders]\ndelimiter = ";;"', "delimiter ';;' is not one ASCII character"),
        ('[tables.orders]\nfile = ""', "file is empty"),
        ("seed = -1", "seed -1 is below zero"),
        ('store = " "', "store is empty"),
        ("seed = ", "ringfence.toml: not TOML: "),
    ],
)
def test_a_mistake_is_named_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(write_settings(tmp_path, text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_settings_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such settings file"):
        load_settings(tmp_path / "ringfence.toml")


def test_a_folder_in_place_of_the_settings_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path)


def test_settings_in_another_encoding_name_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "ringfence.toml"
    path.write_bytes(b'store = "caf\xe9"\n')
    with pytest.raises(ConfigError, match="byte 13 is not UTF-8"):
        load_settings(path)


def test_reading_settings_loads_neither_pandas_nor_pyarrow() -> None:
    code = "import sys, graph.settings; print({'pandas', 'pyarrow', 'numpy'} & set(sys.modules))"
    root = ROOT
    said = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "set()"


def list_examples() -> list[str]:
    """The pieces of ``ringfence.toml`` in the page on exports."""
    text = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
    return [piece.partition("```")[0] for piece in text.split("```toml\n")[1:]]


@pytest.mark.parametrize("example", list_examples())
def test_the_examples_of_the_page_on_exports_are_settings(tmp_path: Path, example: str) -> None:
    refuse_unknown_mapping(load_settings(write_settings(tmp_path, example)))
