"""The servers that other tests rely on: their versions, and that none outlives the tests."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import neo4j
import pytest
from neo4j_release import LONG_TERM, RELEASES, NoServerError, Release, find_java
from neo4j_server import Neo4jServer, ServerAddress
from places import ROOT


def test_containers_run_the_releases_that_are_tested() -> None:
    compose = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert [line.split("image: ")[1] for line in compose.splitlines() if "image: " in line] == [
        f"neo4j:{release.version}-community" for release in RELEASES
    ]


def test_a_java_that_nobody_has_is_asked_for_by_name() -> None:
    with pytest.raises(NoServerError, match="needs Java 900 to 999"):
        find_java(Release("9.0", 900, 999))


@pytest.mark.server
def test_the_server_is_the_release_it_should_be(neo4j_server: ServerAddress) -> None:
    login = (neo4j_server.username, neo4j_server.password)
    with neo4j.GraphDatabase.driver(neo4j_server.uri, auth=login) as driver:
        major = driver.get_server_info().agent.removeprefix("Neo4j/").split(".")[0]
    assert major == LONG_TERM.version.split(".")[0]


KEEPER = """
import sys, pathlib, time
sys.path.insert(0, sys.argv[1])
from neo4j_server import Neo4jServer
server = Neo4jServer.start(pathlib.Path(sys.argv[2]))
print(server.process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.server
@pytest.mark.thorough
@pytest.mark.usefixtures("neo4j_server")
def test_a_server_ends_when_whoever_started_it_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KEEPER, str(ROOT / "tests"), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout is not None
        server = int(keeper.stdout.readline())
        keeper.kill()
    deadline = time.monotonic() + 60
    while is_alive(server) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not is_alive(server)


def is_alive(process: int) -> bool:
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return bool(found.stdout.strip()) and not found.stdout.strip().startswith("Z")


@pytest.mark.server
@pytest.mark.usefixtures("neo4j_server")
def test_a_server_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(NoServerError, match=r"(?s)ended at once.*pagecache"):
        Neo4jServer.start(tmp_path, settings={"server.memory.pagecache.size": "much"})
