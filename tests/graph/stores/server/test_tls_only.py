"""A server that speaks TLS only: whoever does not is told what to try."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from neo4j_server import TLS, Neo4jServer
from server_work import at

from graph.errors import StoreUnreachableError
from graph.open import open_store

pytestmark = [pytest.mark.server, pytest.mark.thorough]  # which takes two starts of a server


@pytest.fixture
def closed_server(own_neo4j: Neo4jServer) -> Iterator[Neo4jServer]:
    """The same server when it speaks TLS only; the last to be asked for, for it is not started again."""
    own_neo4j.kill()
    own_neo4j.restart(settings={**TLS, "server.bolt.tls_level": "REQUIRED"})
    yield own_neo4j
    own_neo4j.kill()


def test_a_server_that_wants_tls_is_spoken_to_with_tls_or_says_what_to_try(
    closed_server: Neo4jServer, authority: Path
) -> None:
    for scheme in ("neo4j", "bolt"):
        with pytest.raises(StoreUnreachableError, match=r"TLS.*\+s"):
            open_store(at(closed_server, scheme))
        # To name an authority is to want TLS.
        with open_store(at(closed_server, scheme, ca_file=authority / "ours.pem"), mode="write") as store:
            assert store.query("MATCH (s:Schema) RETURN count(s) AS n") == [{"n": 1}]
