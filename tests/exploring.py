"""The page on which one walks around, served while a test lasts, and somebody who asks its server."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from cli.explorer.answers import Explorer
from cli.explorer.names import Names
from cli.explorer.server import ADDRESS, TOKEN_HEADER, ExploreServer
from graph.stores.protocol import GraphStore


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    text: str

    def read(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Visitor:
    """Somebody who asks the page's server."""

    server: ExploreServer

    def send(self, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> Reply:
        connection = http.client.HTTPConnection(ADDRESS, self.server.server_port, timeout=10)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read().decode())
        finally:
            connection.close()

    def ask(self, question: str, **values: str | list[str]) -> Any:
        reply = self.send(f"/api/{question}?{urlencode(values, doseq=True)}", **self.key)
        assert reply.status == 200, reply.text
        return reply.read()

    @property
    def key(self) -> dict[str, str]:
        return {TOKEN_HEADER: self.server.door.token}


@contextmanager
def serving(store: GraphStore, *, is_spelt: bool = False, start_id: str | None = None) -> Iterator[Visitor]:
    with ExploreServer(Explorer(store, Names(is_spelt), start_id)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield Visitor(server)
        server.shutdown()
        thread.join()
