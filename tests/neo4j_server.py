"""A real Neo4j Community server for the tests: start it, kill it, start it again.

``make neo4j`` (or ``python tests/neo4j_install.py``) puts the jars into ``.neo4j``; the tests then start a
server of their own on a free port, in a folder of their own, and stop it.  Set NEO4J_TEST_URI (with
NEO4J_TEST_USERNAME and NEO4J_TEST_PASSWORD) to test against a server that is already running; the tests empty it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import neo4j
import neo4j.exceptions
import pytest
from neo4j_release import (
    CLASSES,
    LONG_TERM,
    NEW_HOME,
    NoServerError,
    Release,
    check_installed,
    make_java_command,
)

START_SECONDS = 120
STOP_SECONDS = 60

QUICK_START = (
    "-Xmx768m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:CompileThresholdScaling=0.4",
    "-XX:ReservedCodeCacheSize=240m",
    "-XX:-UseCodeCacheFlushing",
)
"""A small server that lives for a minute: no time to compile well, nor many collectors on two cores."""

SETTINGS: Mapping[str, str] = {
    "server.bolt.enabled": "true",
    "dbms.security.auth_enabled": "true",
    "dbms.usage_report.enabled": "false",
    "server.memory.pagecache.size": "64m",
    "db.tx_log.preallocate": "false",
    # The tests fill and empty one small database again and again: no other plan would be better.
    "dbms.cypher.min_replan_interval": "1h",
    "internal.cypher.use_parameter_size": "false",
    # Bolt waits twice for stragglers after the databases have closed; there are none.
    "internal.dbms.bolt.netty_server_shutdown_quiet_period": "0",
    "internal.server.bolt.thread_pool_shutdown_wait_time": "0s",
}


CERTIFICATES = "certificates"
TLS: Mapping[str, str] = {
    "dbms.ssl.policy.bolt.enabled": "true",
    "dbms.ssl.policy.bolt.base_directory": CERTIFICATES,
    "dbms.ssl.policy.bolt.private_key": "private.key",
    "dbms.ssl.policy.bolt.public_certificate": "public.crt",
    "dbms.ssl.policy.bolt.client_auth": "NONE",
    "server.bolt.tls_level": "OPTIONAL",
}
"""Plain or with TLS, as the client likes, with what lies in the folder of certificates in the server's home."""


@dataclass(frozen=True)
class ServerAddress:
    """Where a server answers, and to whom."""

    uri: str
    username: str
    password: str


class Neo4jServer:
    """One server in a process of its own, which ends with the process that started it.

    Parameters
    ----------
    home
        Its folder: data, logs and ``conf/neo4j.conf``.
    release
        Which version to run.
    settings
        Lines for ``neo4j.conf`` besides, and before, those of every server here.
    java_options
        Heap, collector and compiler.
    """

    def __init__(
        self,
        home: Path,
        release: Release = LONG_TERM,
        *,
        settings: Mapping[str, str] | None = None,
        java_options: Sequence[str] = QUICK_START,
    ) -> None:
        self.home = home
        self.release = release
        self.settings = dict(settings or {})
        self.java_options = tuple(java_options)
        self.port = _find_free_port()
        self.username = "neo4j"
        self.password = "correct-horse"
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(cls, home: Path, release: Release = LONG_TERM, **options: object) -> Self:
        """Make a server in a new ``home`` and wait until it answers."""
        check_installed(release)
        server = cls(home, release, **options)  # type: ignore[arg-type]
        server.restart()
        return server

    @property
    def uri(self) -> str:
        return f"bolt://127.0.0.1:{self.port}"

    @property
    def _any_certificate(self) -> str:
        is_encrypted = self.settings.get("server.bolt.tls_level") == "REQUIRED"
        return self.uri.replace("bolt:", "bolt+ssc:") if is_encrypted else self.uri

    @property
    def address(self) -> ServerAddress:
        return ServerAddress(self.uri, self.username, self.password)

    def restart(self, *, settings: Mapping[str, str] | None = None) -> None:
        """Start, after stopping where it runs, with the same folder and port; ``settings`` replace the old ones."""
        self.stop()
        if settings is not None:
            self.settings = dict(settings)
        self._write_settings()
        self._begin_with_a_made_home()
        command = [*make_java_command(self.release, self._find_options()), str(self.home)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.kill()
            raise

    def let_write(self, allowed: bool) -> None:
        """Take writes, or refuse them, in whatever database; at once."""
        self._tell(f"read only={str(not allowed).lower()}")

    def limit_memory(self, size: int) -> None:
        """Stop a transaction that takes more bytes; 0 is without a limit."""
        self._tell(f"memory={size}")

    def _tell(self, line: str) -> None:
        """Say something to the launcher and wait until it has said it back."""
        assert self.process is not None
        assert self.process.stdin is not None
        heard = self.log.read_text().count(line)
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()
        deadline = time.monotonic() + STOP_SECONDS
        while self.log.read_text().count(line) == heard:
            assert time.monotonic() < deadline, self._last_words()
            time.sleep(0.02)

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash of its machine would."""
        if self.process is not None:
            self.process.kill()
            self._forget()

    def stop(self) -> None:
        """Shut it down in order."""
        if self.process is None:
            return
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._forget()

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    def _forget(self) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        self.process = None

    def _find_options(self) -> list[str]:
        classes = self.release.folder / CLASSES
        return [*self.java_options, *([f"-XX:SharedArchiveFile={classes}"] if classes.is_file() else [])]

    def _begin_with_a_made_home(self) -> None:
        made = self.release.folder / NEW_HOME
        if made.is_dir() and not (self.home / "data").exists():
            shutil.copytree(made, self.home / "data")

    def _write_settings(self) -> None:
        conf = self.home / "conf" / "neo4j.conf"
        conf.parent.mkdir(parents=True, exist_ok=True)
        lines = {**SETTINGS, "server.bolt.listen_address": f"127.0.0.1:{self.port}", **self.settings}
        conf.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process is not None
            if self.process.poll() is not None:
                raise NoServerError(f"Neo4j {self.release.version} ended at once:\n{self._last_words()}")
            if time.monotonic() > deadline:
                raise NoServerError(f"Neo4j {self.release.version} is silent:\n{self._last_words()}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return self._lets_in()

    def _lets_in(self) -> bool:
        """Log in; the first login of a new server has to replace the password that all of them are born with."""
        try:
            with neo4j.GraphDatabase.driver(self._any_certificate, auth=(self.username, self.password)) as driver:
                driver.execute_query("RETURN 1", database_="neo4j")
            return True
        except neo4j.exceptions.AuthError:
            return self._replace_first_password()
        except (neo4j.exceptions.DriverError, neo4j.exceptions.Neo4jError):
            return False

    def _replace_first_password(self) -> bool:
        driver = neo4j.GraphDatabase.driver(self._any_certificate, auth=(self.username, "neo4j"))
        with suppress(neo4j.exceptions.DriverError, neo4j.exceptions.Neo4jError), driver:
            change = "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $password"
            driver.execute_query(change, password=self.password, database_="system")
        return False  # the next attempt logs in

    def _last_words(self, lines: int = 40) -> str:
        logs = [self.log, self.home / "logs" / "debug.log"]
        texts = [log.read_text(errors="replace").splitlines()[-lines:] for log in logs if log.is_file()]
        return "\n".join(line for text in texts for line in text)


@contextmanager
def server_for_tests(home: Path, release: Release = LONG_TERM) -> Iterator[ServerAddress]:
    """Name the server to test against: the one in NEO4J_TEST_URI, or else one started in ``home``.

    Skips, visibly, where there can be none; in continuous integration (CI is set) that is a failure, except for
    the current release, which needs a newer Java than every machine has.
    """
    named = named_server()
    if named is not None:
        if release is not LONG_TERM:
            pytest.skip("NEO4J_TEST_URI names the one server to test against")
        yield named
        return
    server = start_or_skip(home, release)
    try:
        yield server.address
    finally:
        server.kill()  # nobody will miss what is in it, and an orderly end takes ten seconds


def start_or_skip(home: Path, release: Release = LONG_TERM, **options: object) -> Neo4jServer:
    """Start a server of the tests' own (to kill, or to set up differently), or skip as `server_for_tests` does."""
    try:
        return Neo4jServer.start(home, release, **options)
    except NoServerError as error:
        if os.environ.get("CI") and release is LONG_TERM:
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error).splitlines()[0])


@contextmanager
def logged_in(address: ServerAddress) -> Iterator[str]:
    """Let the environment say as whom to log in, as users do, and yield what to pass as ``--store``."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NEO4J_USERNAME", address.username)
        environment.setenv("NEO4J_PASSWORD", address.password)
        yield address.uri


def empty_server(address: ServerAddress) -> None:
    """Delete whatever is in the database, its constraints and indexes as well."""
    login = (address.username, address.password)
    with neo4j.GraphDatabase.driver(address.uri, auth=login, notifications_min_severity="OFF") as driver:
        with driver.session() as session:
            session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS").consume()
        for what, which in (("CONSTRAINT", "CONSTRAINTS"), ("INDEX", "INDEXES YIELD * WHERE type <> 'LOOKUP'")):
            for found in driver.execute_query(f"SHOW {which}").records:  # type: ignore[arg-type]
                driver.execute_query(f"DROP {what} `{found['name']}`")  # type: ignore[arg-type]


def named_server() -> ServerAddress | None:
    """The server that the environment names, if it does."""
    uri = os.environ.get("NEO4J_TEST_URI")
    if not uri:
        return None
    username = os.environ.get("NEO4J_TEST_USERNAME", "neo4j")
    return ServerAddress(uri, username, os.environ.get("NEO4J_TEST_PASSWORD", ""))


def _find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
