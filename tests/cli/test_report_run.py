"""A run as a page, and as a site: what is linked is there, what is not ours stays, nobody is named who is hidden."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote

import pytest
from command_line import do, run
from reading import Reader
from small_market import FRIENDS, HOSTILE

from cli.report_run import count_rejects
from cli.report_site import LIST

pytestmark = pytest.mark.usefixtures("plain_surroundings")
VALUES = ("phone-7", "tablet 'x'", "laptop-3", "café")


@pytest.fixture(scope="module")
def site(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that all tests share and nobody changes."""
    folder = tmp_path_factory.mktemp("sites") / "site"
    do("--store", str(market / "ringfence-store"), "report", "--all", str(folder))
    return folder


def list_files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_is_a_page_by_its_id_or_as_the_latest(here: Path) -> None:
    page = do("report", "latest", "-o", "-")
    assert page == do("report", "run-1", "-o", "-") == do("report", "run-1", "--as", "run", "-o", "-")
    assert "Run run-1" in page
    assert "Lauf run-1" in do("report", "latest", "-o", "-", "--language", "de")


def test_a_run_that_is_not_there_is_one_line(here: Path) -> None:
    assert "no run 'run-9'" in do("report", "run-9", "--as", "run", "-o", "-", exit_code=3)


def test_a_run_is_named_once(here: Path) -> None:
    assert do("report", "latest", "--run", "run-1", "-o", "-") == do("report", "run-1", "-o", "-")
    assert "two runs are named" in do("report", "run-1", "--run", "run-2", "-o", "-", exit_code=2)
    assert "no run 'R-1'" in do("report", "R-1", "--all", "nowhere", exit_code=3)


def test_a_page_or_a_site_is_named_and_not_both(here: Path) -> None:
    for words in ((), ("-o", "x.html", "--all", "x")):
        assert "name a file with --output, or a folder with --all" in do("report", "latest", *words, exit_code=2)


def test_what_a_person_wrote_is_hidden_on_the_page_of_a_run(market: Path, elsewhere: Path) -> None:
    shutil.copytree(market / "ringfence-store", elsewhere / "ringfence-store")
    do("decide", "R-1", "confirmed", "--reason", "all on phone-7", "--by", "ana")
    page = do("report", "latest", "-o", "-")
    assert "phone-7" not in page
    assert "all on device" in page
    assert "phone-7" in do("report", "latest", "-o", "-", "--unmask")


def test_the_page_of_a_night_has_what_it_loaded_and_took(after_a_night: Path) -> None:
    told = " ".join(" ".join(Reader(do("report", "latest", "-o", "-")).texts).split())
    assert "Night 1." in told
    assert re.search(r"orders 6 6 0 0 0 0", told)
    assert "0 of 6 rows of orders are rejected : holds" in told


def test_rejects_are_counted_by_their_reason_without_what_was_in_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    path.write_text(
        "table,file,line,reason,row\n"
        "orders,o.csv,3,\"amount 'it\\'s 5' is no number\",secret\n"
        "orders,o.csv,4,amount 'six' is no number,secret\n"
        "accounts,a.csv,9,account_id is as in line 7,secret\n",
        encoding="utf-8",
    )
    told = [(each.table, each.reason, each.rows) for each in count_rejects(path)]
    assert told == [("orders", "amount … is no number", 2), ("accounts", "account_id is as in line …", 1)]
    assert count_rejects(tmp_path / "none.csv") == ()


def test_every_ring_and_every_member_has_a_page_and_every_link_leads_to_one(site: Path) -> None:
    files = list_files(site)
    assert len([name for name in files if name.startswith("rings/")]) == 2
    assert len([name for name in files if name.startswith("accounts/")]) == len(FRIENDS)
    for name, content in files.items():
        if name.endswith(".html"):
            page = Reader(content.decode())
            links = [
                each["href"] or "" for tag, each in page.tags if tag == "a" and not (each["href"] or "").startswith("#")
            ]
            assert len(links) >= 2
            for link in links:
                assert ((site / name).parent / unquote(link)).resolve().relative_to(site.resolve()).as_posix() in files
    assert not [each for each in VALUES if any(each.encode() in content for content in files.values())]


def test_the_list_of_a_site_names_its_files_with_their_checksums(site: Path) -> None:
    told = json.loads((site / LIST).read_bytes())
    assert {*told["files"], LIST} == set(list_files(site))


def test_a_site_takes_the_place_of_the_one_before_with_the_same_bytes(here: Path, site: Path, tmp_path: Path) -> None:
    shutil.copytree(site, tmp_path / "again")
    (tmp_path / "again" / "rings" / "0002.html").unlink()
    do("report", "--all", str(tmp_path / "again"))
    assert list_files(tmp_path / "again") == list_files(site)
    assert [path.name for path in tmp_path.iterdir()] == ["again"]


def test_nothing_is_deleted_that_is_of_no_site(here: Path, site: Path, tmp_path: Path) -> None:
    shutil.copytree(site, tmp_path / "mine")
    (tmp_path / "mine" / "notes.txt").write_text("mine", encoding="utf-8")
    before = list_files(tmp_path / "mine")
    assert "'notes.txt', which is of no site" in do("report", "--all", str(tmp_path / "mine"), exit_code=1)
    assert list_files(tmp_path / "mine") == before


@pytest.mark.parametrize("place", ["../outside.html", "/etc/hosts", "rings/../../outside.html", "notes.txt"])
def test_a_list_that_somebody_wrote_makes_nothing_ours(here: Path, site: Path, tmp_path: Path, place: str) -> None:
    shutil.copytree(site, tmp_path / "mine")
    (tmp_path / "outside.html").write_text("mine", encoding="utf-8")
    (tmp_path / "mine" / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "mine" / LIST).write_text(json.dumps({"format": 1, "files": {place: ""}}), encoding="utf-8")
    do("report", "--all", str(tmp_path / "mine"), exit_code=1)
    assert (tmp_path / "outside.html").is_file()
    assert (tmp_path / "mine" / "notes.txt").is_file()


def test_no_link_is_followed(here: Path, site: Path, tmp_path: Path) -> None:
    shutil.copytree(site, tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert "is a link" in do("report", "--all", str(tmp_path / "link"), exit_code=1)
    shutil.rmtree(tmp_path / "real" / "rings")
    (tmp_path / "real" / "rings").symlink_to(tmp_path)
    assert "'rings', which is of no site" in do("report", "--all", str(tmp_path / "real"), exit_code=1)


def test_a_big_run_has_pages_for_the_strongest_and_says_so(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.pages.site.MOST_ACCOUNTS", 3)
    result = run("report", "--all", str(tmp_path / "small"))
    assert "0 rings and 3 accounts were left out" in result.stderr
    assert "3 accounts were left out" in (tmp_path / "small" / "search.html").read_text(encoding="utf-8")


def test_ids_are_no_names_of_files(site: Path) -> None:
    assert all(re.fullmatch(r"[a-z]+(/\d+)?(\.html)?|ringfence-site\.json", name) for name in list_files(site))
    assert HOSTILE not in "".join(list_files(site))
