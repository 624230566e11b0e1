"""What spares each start of a Neo4j server some seconds: its classes in an archive, and a home that was made before."""

from __future__ import annotations

import shutil

import neo4j
from neo4j_release import CLASSES, NEW_HOME, Release
from neo4j_server import QUICK_START, Neo4jServer, ServerAddress, empty_server

USUAL_WORK = (
    "CREATE CONSTRAINT FOR (thing:Thing) REQUIRE thing.id IS UNIQUE",
    "UNWIND range(1, 9) AS id MERGE (thing:Thing {id: id}) SET thing.seen_at = datetime()",
    "MATCH (one:Thing), (next:Thing {id: one.id + 1}) MERGE (one)-[:NEXT]->(next)",
    "MATCH path = (:Thing {id: 1})-[:NEXT*1..3]->(last) RETURN count(path) AS paths, collect(last.id) AS ends",
)
"""Its classes go into the archive with those of a start."""


def prepare_quick_starts(release: Release) -> None:
    """Start once, do some work, stop in order; keep the archive of classes and the home for every later start."""
    if (release.folder / NEW_HOME).is_dir():
        return
    archiving = f"-XX:ArchiveClassesAtExit={release.folder / CLASSES}"
    home = release.folder / "first-home"
    server = Neo4jServer(home, release, java_options=[*QUICK_START, archiving])
    server.restart()
    _do_usual_work(server.address)
    server.stop()
    (home / "data").rename(release.folder / NEW_HOME)
    shutil.rmtree(home)


def _do_usual_work(address: ServerAddress) -> None:
    with neo4j.GraphDatabase.driver(address.uri, auth=(address.username, address.password)) as driver:
        for statement in USUAL_WORK:
            driver.execute_query(statement)
    empty_server(address)
