"""The server of the page: on the loopback interface alone, for whoever has the token, and nothing that writes.

What keeps others out, each by itself: the address that it listens on; the Host of a request, which another name for
this machine has not got (DNS rebinding); the token, which goes in a header that no other page may set; and no answer
that allows another page anything.
"""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cli.explorer.answers import Explorer
from cli.explorer.names import show_short
from graph.errors import RingfenceError, UnknownIdError

logger = logging.getLogger("ringfence.explore")

ADDRESS = "127.0.0.1"
TOKEN_HEADER = "X-Ringfence-Token"
STATIC = Path(__file__).parent / "static"
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".txt": "text/plain"}
FILES = {f"/{path.name}": path for path in STATIC.iterdir() if path.suffix in _KINDS} | {"/": STATIC / "explore.html"}
"""All that can be had without a token: the page itself, in which nothing is known."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
    "Cache-Control": "no-store",
}
MOST_BYTES = 1 << 20
"""Of what the page may send: the ids of all accounts that it shows."""
_PATIENCE_SECONDS = 30


@dataclass
class Door:
    """Who is let in: whoever has the token."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def opens(self, token: str | None) -> bool:
        """Whether this is the token; it takes as long to say no, however much of it is right."""
        return token is not None and hmac.compare_digest(token.encode("utf-8", "replace"), self.token.encode())


class ExploreServer(ThreadingHTTPServer):
    """Serves the page and its answers until it is shut down.

    Parameters
    ----------
    explorer
        Who answers.
    port
        Where to listen; any free port if it is 0.

    Raises
    ------
    OSError
        If the port is taken.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, explorer: Explorer, port: int = 0) -> None:
        self.explorer = explorer
        self.door = Door()
        super().__init__((ADDRESS, port), _Requests)

    @property
    def hosts(self) -> frozenset[str]:
        """What the Host of a request may be."""
        return frozenset(f"{name}:{self.server_port}" for name in (ADDRESS, "localhost"))

    @property
    def address(self) -> str:
        """What to open in a browser; what stands after # goes to no server, and into no log."""
        return f"http://{ADDRESS}:{self.server_port}/#{self.door.token}"

    def handle_error(self, *request: Any) -> None:
        """A browser that has gone away is no error; anything else is a bug, and keeps its traceback."""
        if isinstance(sys.exception(), OSError):
            logger.debug("the browser has gone away: %s", sys.exception())
        else:
            super().handle_error(*request)


class _Requests(BaseHTTPRequestHandler):
    """One request after the other, of one connection."""

    server: ExploreServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "ringfence", ""
    timeout = _PATIENCE_SECONDS

    def do_GET(self) -> None:
        """Give a file of the page, or an answer."""
        if self._is_let_in():
            path = urlsplit(self.path).path
            if path in FILES:
                file = FILES[path]
                self._send(HTTPStatus.OK, file.read_bytes(), f"{_KINDS[file.suffix]}; charset=utf-8")
            else:
                self._answer(path, {**parse_qs(urlsplit(self.path).query, keep_blank_values=True)})

    def do_POST(self) -> None:
        """Give an answer to a question that does not fit into an address; nothing is written."""
        if self._is_let_in():
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > MOST_BYTES:
                self._refuse(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the question is too long, or nobody says how long it is"
                )
                return
            try:
                asked = json.loads(self.rfile.read(int(length)))
            except ValueError:
                self._refuse(HTTPStatus.BAD_REQUEST, "the question is no JSON")
                return
            self._answer(urlsplit(self.path).path, asked if isinstance(asked, dict) else {})

    def _is_let_in(self) -> bool:
        """Refuse whoever comes by another name, or from another page."""
        origin, site = self.headers.get("Origin"), self.headers.get("Sec-Fetch-Site")
        is_foreign = origin is not None and origin.removeprefix("http://") not in self.server.hosts
        if self.headers.get("Host") not in self.server.hosts:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "this page has no other name than the one it was given")
        elif is_foreign or site not in (None, "none", "same-origin"):
            self._refuse(HTTPStatus.FORBIDDEN, "another page may ask nothing here")
        else:
            return True
        return False

    def _answer(self, path: str, asked: dict[str, Any]) -> None:
        question = _QUESTIONS.get(path)
        if question is None:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")
        elif not self.server.door.opens(self.headers.get(TOKEN_HEADER)):
            self._refuse(
                HTTPStatus.UNAUTHORIZED, "open the address that ringfence explore prints, with all that is in it"
            )
        else:
            self._say(*_ask(question, self.server.explorer, asked))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no request that is known here, as anything is refused."""
        self._refuse(HTTPStatus(code), explain or message or HTTPStatus(code).phrase)

    def _refuse(self, status: HTTPStatus, words: str) -> None:
        self.close_connection = True  # what else was sent is not read
        self._say(status, {"error": words})

    def _say(self, status: HTTPStatus, answer: dict[str, Any]) -> None:
        self._send(status, json.dumps(answer).encode(), "application/json")

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: Any) -> None:
        """Requests hold ids: whoever wants to read of them says so."""
        logger.debug(*words)


Question = Callable[[Explorer, "_Asked"], dict[str, Any]]


@dataclass(frozen=True)
class _Asked:
    """What a request asks for, by name; anything may be wrong with it."""

    values: dict[str, Any]

    def find_texts(self, name: str) -> list[str]:
        found = self.values.get(name, [])
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise UnknownIdError(f"{name} has to be texts")
        return found

    def find_text(self, name: str) -> str:
        found = self.find_texts(name)
        if len(found) != 1:
            raise UnknownIdError(f"one {name} has to be named")
        return found[0]

    def find_number(self, name: str, otherwise: int) -> int:
        found = self.find_texts(name)
        return (
            int(found[0]) if found and found[0].isascii() and found[0].isdecimal() and len(found[0]) < 7 else otherwise
        )


_QUESTIONS: dict[str, Question] = {
    "/api/begin": lambda explorer, _: explorer.begin(),
    "/api/from": lambda explorer, asked: explorer.look_from(asked.find_text("id")),
    "/api/around": lambda explorer, asked: explorer.look_around(
        asked.find_texts("id")[:8], asked.find_texts("channel"), asked.find_number("most", 40)
    ),
    "/api/users": lambda explorer, asked: explorer.list_users(asked.find_text("thing"), asked.find_number("most", 60)),
    "/api/path": lambda explorer, asked: explorer.find_path(asked.find_text("one"), asked.find_text("other")),
    "/api/compare": lambda explorer, asked: explorer.compare(asked.find_texts("id")[:8]),
    "/api/search": lambda explorer, asked: explorer.search(asked.find_text("text")),
    "/api/account": lambda explorer, asked: explorer.tell_account(asked.find_text("id")),
    "/api/cypher": lambda explorer, asked: explorer.write_cypher(asked.find_texts("id")),
}


def _ask(question: Question, explorer: Explorer, asked: dict[str, Any]) -> tuple[HTTPStatus, dict[str, Any]]:
    """The answer, or the line that says why there is none."""
    try:
        return HTTPStatus.OK, question(explorer, _Asked(asked))
    except UnknownIdError as error:
        return HTTPStatus.NOT_FOUND, {"error": show_short(str(error))}
    except RingfenceError as error:
        return HTTPStatus.BAD_REQUEST, {"error": show_short(str(error))}
