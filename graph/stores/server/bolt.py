"""Talking to a Neo4j server: connections, transactions that are tried again, errors in the project's words.

The only module that knows the driver.  What is passing (a deadlock, a change of leader) is tried again with growing,
random pauses, for a minute at most; a connection that broke for a few seconds, for whoever waits wants to know within
ten that the server is gone.  Neo4j also calls it passing when a transaction needs more memory than there is; trying
that again would only fill the memory again, so it is an error at once.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Any, TypeVar

import neo4j
import tenacity
from neo4j import exceptions
from neo4j.graph import Node, Path, Relationship

from graph import errors
from graph.stores.limits import require_rows, say_large, say_late
from graph.stores.location import Server
from graph.stores.server.heartbeat import Heartbeat, OpenSocket
from graph.version import VERSION

if TYPE_CHECKING:
    from graph.settings import QuerySettings

log = logging.getLogger("ringfence.server")
logging.getLogger("neo4j").addHandler(logging.NullHandler())  # what it has to say comes as an error as well

T = TypeVar("T")
Row = dict[str, Any]
Transaction = neo4j.Transaction
"""What :meth:`Bolt.transact` hands to the work it does."""

PATIENCE_SECONDS = 60.0
"""How long what is passing is tried again: a leader is elected within that."""

LOST_SECONDS = 4.0
"""How long a server that cannot be reached is tried again, from when it was missed."""

_CONNECT_SECONDS = 5.0
_MOST_CONNECTIONS = 8
_FETCHED_ROWS = 1_000
"""Of a question that may have too many rows so many come at once, and no more when there are enough."""
_LATE = "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration"
_DEFAULT_PRIVILEGE = "ACCESS on the database"


class Bolt:
    """Connections to one database of a server.

    Parameters
    ----------
    server
        Where, and as whom.

    Raises
    ------
    StoreError
        If nobody answers there, or not to this user.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.is_lost = False
        with self.explained():
            self._driver: neo4j.Driver = neo4j.GraphDatabase.driver(
                server.uri if server.ca_file is None else _without_trust(server.uri),
                auth=None if server.password is None else (server.username, server.password),
                connection_timeout=_CONNECT_SECONDS,
                connection_acquisition_timeout=_CONNECT_SECONDS,  # which is also how long a greeting is waited for
                max_connection_pool_size=_MOST_CONNECTIONS,
                notifications_min_severity="OFF",
                user_agent=f"ringfence/{VERSION}",
                **_trust(server),
            )
        self._heartbeat = Heartbeat(self._list_sockets, is_encrypted=_is_encrypted(server))
        try:
            with self.explained(), self._session(writing=False) as session:
                session.run("RETURN 1").consume()  # once: who mistypes an address need not wait a minute
        except BaseException:
            self.close()
            raise

    @property
    def is_silent(self) -> bool:
        """Whether the server was there, and answers nothing any more."""
        return self._heartbeat.is_lost

    def close(self) -> None:
        """Close all connections; closing twice is harmless."""
        self._heartbeat.stop()
        self._driver.close()

    def _list_sockets(self) -> list[OpenSocket]:
        """The connections in use; the driver has no public word for them."""
        pool = self._driver._pool
        with pool.lock:
            return [each.socket for found in pool.connections.values() for each in found if each.in_use]

    def ask(self, cypher: str, *, writing: bool = False, **parameters: Any) -> list[Row]:
        """Run one query of the program's own and return its rows, untouched."""

        def read(transaction: Transaction) -> list[Row]:
            return [_as_row(record) for record in transaction.run(cypher, parameters)]

        return self.transact(read, writing=writing)

    def query(self, cypher: str, parameters: Mapping[str, Any], *, writing: bool) -> list[Row]:
        """Run one query of a user's and return its rows, with times as the standard library has them."""
        return self.query_marked(cypher, parameters, writing=writing)[0]

    def query_marked(self, cypher: str, parameters: Mapping[str, Any], *, writing: bool) -> tuple[list[Row], str]:
        """The rows, and a mark that is another one after whatever anybody commits; empty if the server gives none."""

        def run() -> tuple[list[Row], str]:
            with self._heartbeat.watching(), self._session(writing=writing) as session:
                rows = [_as_row(record) for record in session.run(cypher, dict(parameters))]
                return rows, " ".join(sorted(session.last_bookmarks().raw_values))

        with self.explained(query=cypher):
            rows, mark = run() if writing else self._trying_again()(run)
        return [{name: _as_plain(value) for name, value in row.items()} for row in rows], mark

    def query_within(self, limits: QuerySettings, cypher: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Run one query of a user's, which the server stops when its time is over, and return its rows.

        Raises
        ------
        QueryLimitError
            If it takes more than the limits allow.
        """
        timed = neo4j.Query(cypher, timeout=limits.timeout_seconds)

        def run() -> list[Row]:
            with self._heartbeat.watching(), self._session(writing=False, fetched=_FETCHED_ROWS) as session:
                rows = []
                for record in session.run(timed, dict(parameters)):
                    rows.append(_as_row(record))
                    require_rows(len(rows), limits)
                return rows

        with self.explained(query=cypher):
            try:
                rows = self._trying_again()(run)
            except MemoryError:
                raise say_large(limits) from None
            except exceptions.Neo4jError as error:
                raise say_late(limits) if error.code == _LATE else error from None
        return [{name: _as_plain(value) for name, value in row.items()} for row in rows]

    def transact(self, work: Callable[[Transaction], T], *, writing: bool, patience_seconds: float | None = None) -> T:
        """Do work in one transaction, again from its start when what went wrong is passing.

        The server ends one that takes longer than ``patience_seconds``, be it that it waits for others.

        It may be asked for again after it was committed, when the connection broke before the
        server could say so; whoever writes has to notice (see :mod:`graph.stores.server.lease`).
        """

        def attempt() -> T:
            with (
                self._heartbeat.watching(),
                self._session(writing=writing) as session,
                session.begin_transaction(timeout=patience_seconds) as transaction,
            ):
                result = work(transaction)
                transaction.commit()
                return result

        with self.explained():
            return self._trying_again(patience_seconds)(attempt)

    def _trying_again(self, patience_seconds: float | None = None) -> tenacity.Retrying:
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(is_passing),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=5.0),
            stop=_Patience(self, PATIENCE_SECONDS if patience_seconds is None else patience_seconds),
            sleep=self._sleep,
            before_sleep=_note_attempt,
            reraise=True,
        )

    def _sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, LOST_SECONDS / 4) if self.is_lost else seconds)

    def _session(self, *, writing: bool, fetched: int = -1) -> neo4j.Session:
        mode = neo4j.WRITE_ACCESS if writing else neo4j.READ_ACCESS
        return self._driver.session(database=self.server.database, default_access_mode=mode, fetch_size=fetched)

    @contextmanager
    def explained(self, *, query: str | None = None) -> Iterator[None]:
        """Turn the driver's errors into the project's."""
        try:
            yield
        except exceptions.Neo4jError as error:
            raise explain_server_error(self.server, error, query) from error
        except exceptions.DriverError as error:
            raise _explain_driver_error(self.server, error) from error
        except (ValueError, TypeError, exceptions.ConfigurationError) as error:
            if isinstance(error, errors.RingfenceError):
                raise
            raise errors.QueryError(f"{error}{_quote(query)}") from error


class _Patience:
    """When to give up: after a while, or a few seconds after the server was missed."""

    def __init__(self, bolt: Bolt, seconds: float) -> None:
        self.bolt = bolt
        self.seconds = seconds
        self.missed_at: float | None = None

    def __call__(self, state: tenacity.RetryCallState) -> bool:
        error, now = state.outcome.exception() if state.outcome else None, time.monotonic()
        self.bolt.is_lost = is_lost(error)
        self.missed_at = (self.missed_at or now) if self.bolt.is_lost else None
        if self.missed_at is not None and (self.bolt.is_silent or now - self.missed_at >= LOST_SECONDS):
            return True
        return (state.seconds_since_start or 0.0) >= self.seconds


def is_lost(error: BaseException | None) -> bool:
    """Whether nobody was there at all, rather than nobody who could do it at the moment."""
    is_there = (exceptions.WriteServiceUnavailable, exceptions.ReadServiceUnavailable)
    return isinstance(error, exceptions.DriverError) and error.is_retryable() and not isinstance(error, is_there)


def is_passing(error: BaseException) -> bool:
    """Whether trying again may help."""
    if isinstance(error, exceptions.IncompleteCommit):
        return True  # whoever writes can tell whether it was committed
    if isinstance(error, exceptions.Neo4jError):
        return error.is_retryable() and not _is_out_of_memory(error)
    return isinstance(error, exceptions.DriverError) and error.is_retryable()


def _is_out_of_memory(error: exceptions.Neo4jError) -> bool:
    code = error.code or ""
    return any(word in code for word in ("OutOfMemory", "MemoryLimit", "StackOverFlow"))


def _note_attempt(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    code = error.code if isinstance(error, exceptions.Neo4jError) else type(error).__name__
    log.debug("%s; trying again (attempt %d)", code, state.attempt_number + 1)


def _is_encrypted(server: Server) -> bool:
    return server.ca_file is not None or "+" in server.uri.partition("://")[0]


def _without_trust(uri: str) -> str:
    """The scheme without what it says of TLS: the driver takes a certificate either from it or from a setting."""
    scheme, rest = uri.split("://", 1)
    return f"{scheme.partition('+')[0]}://{rest}"


def _trust(server: Server) -> dict[str, Any]:
    if server.ca_file is None:
        return {}
    try:
        ssl.create_default_context(cafile=server.ca_file)
    except ssl.SSLError:
        raise errors.ConfigError(f"NEO4J_CA_FILE {server.ca_file} holds no certificate in PEM form") from None
    except OSError as error:
        raise errors.ConfigError(f"NEO4J_CA_FILE {server.ca_file} cannot be read: {error.strerror}") from None
    return {"encrypted": True, "trusted_certificates": neo4j.TrustCustomCAs(server.ca_file)}


# ── errors ────────────────────────────────────────────────────────────────────────────────────────


def explain_server_error(
    server: Server, error: exceptions.Neo4jError, query: str | None = None
) -> errors.RingfenceError:
    """What a server's answer means to a user, and what they can do."""
    kind, said = (error.code or "").removeprefix("Neo."), " ".join((error.message or str(error)).split())
    if kind.startswith("ClientError.Security"):
        return _explain_refusal(server, kind, said)
    if kind.startswith("ClientError") and any(word in kind for word in ("AccessMode", "ReadOnly")):
        return errors.StoreReadOnlyError(f"cannot write to {server}: {said}")
    if kind == "ClientError.Database.DatabaseNotFound":
        return errors.StoreNotFoundError(f"{server}: {said}; set NEO4J_DATABASE to a database that exists")
    if query is not None and kind.startswith("ClientError"):
        return errors.QueryError(f"{said}{_quote(query)}")
    return _explain_trouble(server, error, said)


def _explain_trouble(server: Server, error: exceptions.Neo4jError, said: str) -> errors.StoreError:
    if _is_out_of_memory(error):
        return errors.StoreFullError(
            f"{server} ran out of memory: {said[:300]} (give the server more heap, or raise"
            " dbms.memory.transaction.total.max)"
        )
    if error.is_retryable():
        return errors.StoreUnreachableError(f"{server} kept failing for {PATIENCE_SECONDS:.0f} s: {said}; try again")
    return errors.StoreError(f"{server}: {said or error.code}")


def _explain_refusal(server: Server, kind: str, said: str) -> errors.StoreError:
    if kind.endswith("Unauthorized") and server.password is None:
        return errors.StoreLoginError(f"{server} wants a password; set NEO4J_PASSWORD (and NEO4J_USERNAME)")
    if kind.endswith(("Unauthorized", "TokenExpired")):
        return errors.StoreLoginError(
            f"{server} refuses user {server.username!r} with this password; check NEO4J_USERNAME and NEO4J_PASSWORD"
        )
    if kind.endswith("AuthenticationRateLimit"):
        return errors.StoreLoginError(
            f"{server} had too many wrong passwords; wait a little, then check NEO4J_PASSWORD"
        )
    if kind.endswith("CredentialsExpired"):
        return errors.StoreLoginError(f"{server}: the password of {server.username!r} has to be changed first: {said}")
    return errors.StoreReadOnlyError(
        f"{server} does not allow user {server.username!r} to do this: {said}"
        " (questions need a role such as reader; load and detect one such as publisher, and the first load architect)"
    )


def _explain_driver_error(server: Server, error: exceptions.DriverError) -> errors.StoreError:
    cause = _innermost(error)
    said = " ".join(str(cause).split()) or type(cause).__name__
    if isinstance(error, exceptions.ConfigurationError):
        return errors.StoreUnreachableError(f"{server}: {said}")
    if isinstance(cause, ssl.SSLError):
        return errors.StoreUnreachableError(
            f"{server}: no TLS connection: {said} (a scheme without +s is not encrypted; name your own authority with"
            " NEO4J_CA_FILE)"
        )
    if "incomplete handshake" in said:
        return errors.StoreUnreachableError(
            f"{server}: {said} (the port may not be Bolt's, or the server may want TLS: use a scheme with +s)"
        )
    return errors.StoreUnreachableError(f"{server} does not answer: {said} (is the server up, and the port Bolt's?)")


def _innermost(error: BaseException) -> BaseException:
    """The first cause; of several routers that failed, the first one's."""
    while True:
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        elif error.__cause__ is not None:
            error = error.__cause__
        else:
            return error


def _quote(query: str | None) -> str:
    return "" if query is None else f" (query: {' '.join(query.split())[:200]})"


# ── values ────────────────────────────────────────────────────────────────────────────────────────


def _as_row(record: neo4j.Record) -> Row:
    return dict(zip(record.keys(), record.values(), strict=True))


_PLAIN = frozenset((type(None), str, int, float, bool))


def _as_plain(value: Any) -> Any:
    """The standard library's types for the driver's own; nodes and relationships as their properties."""
    if type(value) is list and _PLAIN.issuperset(map(type, value)):
        return value  # most of the many that a path meets
    plain: Any = value
    match value:
        case None | str() | int() | float() | bytes():
            pass
        case neo4j.time.DateTime():
            native = value.to_native()
            plain = native if native.tzinfo is None else native.astimezone(UTC).replace(tzinfo=None)
        case neo4j.time.Date() | neo4j.time.Time():
            plain = value.to_native()
        case Node():
            plain = {"_labels": sorted(value.labels), **_as_plain(dict(sorted(value.items())))}
        case Relationship():
            plain = {"_type": value.type, **_as_plain(dict(sorted(value.items())))}
        case Path():
            plain = [_as_plain(each) for each in _walk(value)]
        case list():
            plain = [_as_plain(each) for each in value]
        case dict():
            plain = {name: _as_plain(each) for name, each in value.items()}
        case _:
            plain = str(value)
    return plain


def _walk(path: Path) -> Iterator[Node | Relationship]:
    yield path.start_node
    for relationship, node in zip(path.relationships, path.nodes[1:], strict=True):
        yield relationship
        yield node
