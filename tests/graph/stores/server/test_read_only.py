"""Questions only read a server's graph: not its files, not the network, not who uses it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import small_market
from asked import HARMLESS, HARMLESS_SERVER, HOSTILE
from neo4j_server import ServerAddress, named_server
from property_graph import as_server, dump_graph, empty_quickly

from graph.contract.tables import read_folder
from graph.errors import QueryError, StoreError
from graph.open import open_store
from graph.settings import Settings
from graph.stores.location import Server
from graph.stores.read_only import require_question
from graph.stores.server.bolt import Bolt
from graph.stores.server.harmless import HARMLESS as ON_NEO4J

SECRET = "nobody may see this"
PARAMETERS = {"id": "ann", "ids": ["ann"], "set": "ann"}
WRITES = [form for form in HOSTILE if any(word in form for word in (" SET a.tier", "DELETE a", "CREATE (:Account"))]


@pytest.mark.parametrize("query", [*HARMLESS, *HARMLESS_SERVER])
def test_what_only_reads_passes(query: str) -> None:
    require_question(query, ON_NEO4J)


@pytest.mark.parametrize("form", HOSTILE)
def test_what_may_do_harm_is_refused_unasked(form: str) -> None:
    with pytest.raises(QueryError):
        require_question(form.format(secret="/etc/passwd", out="/tmp", web="http://localhost/"), ON_NEO4J)


@pytest.fixture(scope="module")
def asked() -> Iterator[tuple[str, list[str]]]:
    """The address of a web server, and what it was asked for."""
    paths: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"a,b\n")

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Listener) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}/", paths
        web.shutdown()


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("secret") / "secret"
    file.write_text(f"{SECRET}\n")
    return file


@pytest.fixture(scope="module")
def filled(neo4j_server: ServerAddress, tmp_path_factory: pytest.TempPathFactory) -> Server:
    empty_quickly(neo4j_server)
    with open_store(as_server(neo4j_server), mode="write") as store:
        store.load(read_folder(small_market.write_tables(tmp_path_factory.mktemp("asked") / "market"), Settings()))
        snapshot = store.snapshot()
        store.write_run(small_market.make_run(snapshot), snapshot)
    return as_server(neo4j_server)


@pytest.mark.server
def test_no_hostile_form_reads_asks_or_changes_anything_on_a_server(
    filled: Server, secret: Path, asked: tuple[str, list[str]], tmp_path: Path
) -> None:
    web, paths = asked
    said = []
    with open_store(filled) as store:
        before = dump_graph(store)
        for form in HOSTILE:
            with pytest.raises(QueryError) as caught:
                store.query(form.format(secret=secret, out=tmp_path, web=web), x=1)
            said.append(str(caught.value))
        assert dump_graph(store) == before
    assert (paths, list(tmp_path.iterdir())) == ([], [])
    assert SECRET not in " ".join(said)


@pytest.mark.server
def test_a_reading_transaction_alone_lets_nobody_write(filled: Server) -> None:
    with open_store(filled) as store:
        before = dump_graph(store)
    n_refused = 0
    with closing(Bolt(filled)) as bolt:
        for form in WRITES:
            try:  # some match nothing, and nothing is what they change
                bolt.query(form.format(web="http://127.0.0.1:9/"), {"x": 1}, writing=False)
            except (QueryError, StoreError):
                n_refused += 1
    assert n_refused > 20
    with open_store(filled) as store:
        assert dump_graph(store) == before


@pytest.mark.server
@pytest.mark.skipif(named_server() is not None, reason="a server elsewhere does not see this machine's files")
def test_a_reading_transaction_alone_reads_files_and_asks_the_network(
    filled: Server, secret: Path, asked: tuple[str, list[str]]
) -> None:
    web, paths = asked
    with closing(Bolt(filled)) as bolt:
        read = bolt.query(f"LOAD CSV FROM 'file://{secret}' AS line RETURN line", {}, writing=False)
        assert read == [{"line": [SECRET]}]
        bolt.query(f"LOAD CSV FROM '{web}spied' AS line RETURN line", {}, writing=False)
        assert paths.pop() == "/spied"
        assert bolt.query("SHOW SETTINGS YIELD name RETURN count(*) AS n", {}, writing=False)[0]["n"] > 0


@pytest.mark.server
def test_a_server_answers_what_only_reads(filled: Server) -> None:
    with open_store(filled) as store:
        for query in (*HARMLESS, *HARMLESS_SERVER):
            store.query(query, **{name: value for name, value in PARAMETERS.items() if f"${name}" in query})
