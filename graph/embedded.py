"""The embedded property graph: LadybugDB, in this process, Cypher, one folder on disk.

Every write is one transaction, so that a process killed at any moment, or a disk that fills up,
leaves the store as it was.  Rows travel through Parquet files in the store's ``staging`` folder:
LadybugDB checks those properly, where a copy from memory with a key that exists would crash.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import ladybug
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from graph import errors
from graph.lock import LOCK_FILE, StoreLock
from graph.model import Ints, RunResult, Snapshot
from graph.plan import KnownFacts, LoadPlan, plan_load
from graph.results import lay_out_run
from graph.snapshots import RawGraph, build_snapshot
from graph.store import LoadReport, Mode, Progress, no_progress
from graph.tables import CheckedTable

SCHEMA_VERSION = 1
DATABASE_FILE = "graph.lbug"
STAGING_FOLDER = "staging"
_BUFFER_BYTES = 1 << 30
_BATCH_ROWS = 1 << 18

_VERDICT = "score DOUBLE, tier STRING"
SCHEMA = (
    "CREATE NODE TABLE Schema(name STRING PRIMARY KEY, version INT64)",
    "CREATE NODE TABLE Account(account_id STRING PRIMARY KEY, created_at TIMESTAMP, role STRING, segment STRING,"
    " status STRING, attributes STRING, risk_score DOUBLE, tier STRING)",
    "CREATE NODE TABLE Identifier(identifier_key STRING PRIMARY KEY, kind STRING, value STRING, canonical STRING)",
    "CREATE NODE TABLE Listing(product_id STRING PRIMARY KEY, listed_at TIMESTAMP, price DOUBLE)",
    "CREATE NODE TABLE Review(review_id STRING PRIMARY KEY, rating DOUBLE, reviewed_at TIMESTAMP, text STRING,"
    " suspicion DOUBLE, tier STRING)",
    "CREATE NODE TABLE Shop(shop_id STRING PRIMARY KEY)",
    "CREATE NODE TABLE Label(label STRING PRIMARY KEY)",
    "CREATE NODE TABLE Run(run_id STRING PRIMARY KEY, sequence INT64, started_at TIMESTAMP, finished_at TIMESTAMP,"
    " version STRING, settings STRING, snapshot_digest STRING, as_of TIMESTAMP, accounts INT64, rings INT64,"
    " flags INT64, notes STRING[])",
    f"CREATE NODE TABLE Ring(ring_key STRING PRIMARY KEY, ring_id STRING, run_id STRING, rank INT64, kind STRING,"
    f" {_VERDICT}, size INT64, net_bits DOUBLE, charge_bits DOUBLE, action STRING)",
    "CREATE NODE TABLE Evidence(evidence_key STRING PRIMARY KEY, channel STRING, bits DOUBLE, observed DOUBLE,"
    " expected DOUBLE, sentence STRING)",
    "CREATE NODE TABLE Reading(reading_key STRING PRIMARY KEY, name STRING, bits DOUBLE, won BOOL, sentence STRING)",
    f"CREATE NODE TABLE Flag(flag_key STRING PRIMARY KEY, run_id STRING, subject STRING, subject_id STRING, {_VERDICT},"
    f" reasons STRING[], action STRING)",
    "CREATE REL TABLE USES(FROM Account TO Identifier, role STRING, seen_at TIMESTAMP)",
    "CREATE REL TABLE ORDERED(FROM Account TO Account, FROM Account TO Shop, order_id STRING, product_id STRING,"
    " amount DOUBLE, currency STRING, ordered_at TIMESTAMP, status STRING)",
    "CREATE REL TABLE LISTED(FROM Account TO Listing)",
    "CREATE REL TABLE WROTE(FROM Account TO Review)",
    "CREATE REL TABLE ABOUT(FROM Review TO Listing, FROM Review TO Account)",
    "CREATE REL TABLE REFERRED(FROM Account TO Account)",
    "CREATE REL TABLE LABELLED(FROM Account TO Label, decided_at TIMESTAMP, source STRING)",
    "CREATE REL TABLE FOUND(FROM Run TO Ring)",
    "CREATE REL TABLE MEMBER_OF(FROM Account TO Ring, role STRING, bits DOUBLE)",
    "CREATE REL TABLE INVOLVES(FROM Ring TO Account, role STRING, sentence STRING)",
    "CREATE REL TABLE LINKED(FROM Account TO Account, ring_key STRING, channel STRING, bits DOUBLE, via STRING)",
    "CREATE REL TABLE SHOWS(FROM Ring TO Evidence)",
    "CREATE REL TABLE HEARD(FROM Ring TO Reading)",
    "CREATE REL TABLE RAISED(FROM Run TO Flag)",
    "CREATE REL TABLE `ON`(FROM Flag TO Account, FROM Flag TO Review)",
    "CREATE REL TABLE CITES(FROM Flag TO Ring)",
)

_ACCOUNTS = "MATCH (a:Account) RETURN offset(id(a)) AS place, a.account_id AS account_id, a.created_at AS created_at"
_USES = (
    "MATCH (a:Account)-[u:USES]->(i:Identifier)"
    " RETURN offset(id(a)) AS account, offset(id(i)) AS identifier, u.role AS role, u.seen_at AS seen_at"
)
_REFERRED = "MATCH (b:Account)-[:REFERRED]->(a:Account) RETURN offset(id(b)) AS by, offset(id(a)) AS account"
_LABELLED = (
    "MATCH (a:Account)-[l:LABELLED]->(w:Label)"
    " RETURN offset(id(a)) AS account, w.label AS label, l.decided_at AS decided_at, l.source AS source"
)
_LISTED = "MATCH (a:Account)-[:LISTED]->(p:Listing) RETURN offset(id(a)) AS account, offset(id(p)) AS listing"
_WROTE = "MATCH (a:Account)-[:WROTE]->(r:Review) RETURN offset(id(a)) AS account, offset(id(r)) AS review"
_ABOUT_LISTING = "MATCH (r:Review)-[:ABOUT]->(p:Listing) RETURN offset(id(r)) AS review, offset(id(p)) AS listing"
_ABOUT_ACCOUNT = "MATCH (r:Review)-[:ABOUT]->(s:Account) RETURN offset(id(r)) AS review, offset(id(s)) AS account"
_LISTINGS = "MATCH (p:Listing) RETURN offset(id(p)) AS place, p.product_id AS product_id, p.listed_at AS listed_at, p.price AS price"
_REVIEWS = "MATCH (r:Review) RETURN offset(id(r)) AS place, r.review_id AS review_id, r.rating AS rating, r.reviewed_at AS reviewed_at"
_ORDER_DETAILS = (
    "o.order_id AS order_id, o.product_id AS product_id, o.amount AS amount, o.currency AS currency,"
    " o.ordered_at AS ordered_at, o.status AS status"
)
_ORDERS_OF_SELLERS = (
    f"MATCH (b:Account)-[o:ORDERED]->(s:Account) RETURN offset(id(b)) AS buyer, offset(id(s)) AS seller, {_ORDER_DETAILS}"
)
_ORDERS_OF_SHOP = (
    f"MATCH (b:Account)-[o:ORDERED]->(:Shop) RETURN offset(id(b)) AS buyer, CAST(NULL AS INT64) AS seller, {_ORDER_DETAILS}"
)
_FORGET_RUN = (
    "MATCH (:Account)-[l:LINKED]->(:Account) WHERE l.ring_key STARTS WITH $prefix DELETE l",
    "MATCH (e:Evidence) WHERE e.evidence_key STARTS WITH $prefix DETACH DELETE e",
    "MATCH (h:Reading) WHERE h.reading_key STARTS WITH $prefix DETACH DELETE h",
    "MATCH (f:Flag) WHERE f.flag_key STARTS WITH $prefix DETACH DELETE f",
    "MATCH (g:Ring) WHERE g.ring_key STARTS WITH $prefix DETACH DELETE g",
    "MATCH (u:Run) WHERE u.run_id + '/' = $prefix DETACH DELETE u",
)


class EmbeddedStore:
    """A :class:`~graph.store.GraphStore` in a folder of its own.

    Parameters
    ----------
    location
        The folder; it holds ``graph.lbug``, a lock file and, while writing, staged rows.
    mode
        ``"write"`` creates the store if it is missing and keeps other writers out.

    Raises
    ------
    StoreError
        See :func:`graph.store.open_store`.
    """

    def __init__(self, location: str | Path, *, mode: Mode = "read") -> None:
        self.location = str(location)
        self.mode = mode
        self._folder = Path(location)
        self._prepare_folder()
        self._lock = StoreLock(self._folder, exclusive=mode == "write")
        try:
            self._open()
        except BaseException:
            self._lock.release()
            raise

    def _prepare_folder(self) -> None:
        database = self._folder / DATABASE_FILE
        if self.mode == "read":
            if not database.exists():
                raise errors.StoreNotFoundError(f"no store at {self.location}; make one with `ringfence load FOLDER`")
            return
        if self._folder.exists() and not self._folder.is_dir():
            raise errors.StoreError(f"{self.location} is a file; a store is a folder of its own")
        foreign = not database.exists() and self._folder.is_dir() and set(os.listdir(self._folder)) - {LOCK_FILE, STAGING_FOLDER}
        if foreign:
            raise errors.StoreError(f"{self.location} holds other files; give the store a folder of its own")
        with _explained(self.location):
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / LOCK_FILE).touch()
            shutil.rmtree(self._folder / STAGING_FOLDER, ignore_errors=True)

    def _open(self) -> None:
        with _explained(self.location):
            self._database = ladybug.Database(
                self._folder / DATABASE_FILE, read_only=self.mode == "read", buffer_pool_size=_BUFFER_BYTES
            )
            self._connection = ladybug.Connection(self._database)
            tables = self._connection.execute("CALL show_tables() RETURN name").get_as_arrow()["name"].to_pylist()
        if "Schema" not in tables:
            if self.mode == "read":
                raise errors.StoreNotFoundError(f"nothing was loaded into {self.location} yet; `ringfence load FOLDER`")
            self._create_schema()
        version = self.query("MATCH (s:Schema {name: 'ringfence'}) RETURN s.version AS version")[0]["version"]
        if version > SCHEMA_VERSION:
            raise errors.StoreVersionError(
                f"{self.location} was written by a newer Ringfence (schema {version}; this one reads up to"
                f" {SCHEMA_VERSION}); upgrade Ringfence"
            )

    def _create_schema(self) -> None:
        with self._transaction():
            for statement in SCHEMA:
                self._connection.execute(statement)
            self._connection.execute(f"CREATE (:Schema {{name: 'ringfence', version: {SCHEMA_VERSION}}})")

    def close(self) -> None:
        """Let go of the store; closing twice is harmless."""
        self._connection.close()
        self._database.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def query(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run one Cypher query and return its rows; see :class:`~graph.store.GraphStore`."""
        with _explained(self.location, query=cypher):
            result = self._connection.execute(cypher, parameters)
            return list(result.rows_as_dict()) if isinstance(result, ladybug.QueryResult) else []

    def load(
        self, tables: Mapping[str, CheckedTable], *, dry_run: bool = False, progress: Progress = no_progress
    ) -> LoadReport:
        """Add the facts that are not there yet; see :class:`~graph.store.GraphStore`."""
        plan = plan_load(tables, self._known_facts())
        if not dry_run and plan.n_rows:
            with self._transaction():
                self._write_plan(plan, progress)
            self._tidy()
        return LoadReport(plan.reports, plan.tables, dry_run=dry_run)

    def snapshot(self, *, as_of: np.datetime64 | None = None) -> Snapshot:
        """The facts as arrays; see :class:`~graph.store.GraphStore`."""
        accounts, account_place = self._nodes(_ACCOUNTS)
        listings, listing_place = self._nodes(_LISTINGS)
        reviews, review_place = self._nodes(_REVIEWS)
        identifiers, identifier_place = self._nodes(
            "MATCH (i:Identifier) RETURN offset(id(i)) AS place, i.kind AS kind, i.canonical AS canonical"
        )
        places = {"account": account_place, "identifier": identifier_place, "by": account_place}
        places |= {"listing": listing_place, "review": review_place, "buyer": account_place, "seller": account_place}
        raw = RawGraph(
            accounts=accounts,
            identifiers=identifiers,
            listings=listings,
            reviews=reviews,
            uses=self._edges(_USES, places),
            orders=self._orders(places),
            listed=self._edges(_LISTED, places),
            wrote=self._edges(_WROTE, places),
            about_listing=self._edges(_ABOUT_LISTING, places),
            about_account=self._edges(_ABOUT_ACCOUNT, places),
            referred=self._edges(_REFERRED, places),
            labelled=self._edges(_LABELLED, places),
        )
        return build_snapshot(raw, as_of=as_of)

    def write_run(self, run: RunResult, snapshot: Snapshot, *, started_at: datetime | None = None) -> None:
        """Write a run's results; see :class:`~graph.store.GraphStore`."""
        finished_at = datetime.now(UTC).replace(tzinfo=None)
        with self._transaction():
            for statement in _FORGET_RUN:
                self._connection.execute(statement, {"prefix": f"{run.run_id}/"})
            last = self.query("MATCH (u:Run) RETURN max(u.sequence) AS sequence")[0]["sequence"] or 0
            times = (started_at or finished_at, finished_at)
            rows = lay_out_run(run, snapshot, sequence=last + 1, times=times)
            for label, part in rows.nodes.items():
                self._copy(label, part)
            for (kind, source, target), part in rows.relationships.items():
                self._copy_relationship(kind, source, target, part)
            self._set("Account", rows.account_scores)
            self._set("Review", rows.review_scores)
            if run.vectors is not None:
                self._replace_vectors(snapshot.account_id, run.vectors)
        self._tidy()

    def write_vectors(self, account_id: NDArray[Any], vectors: NDArray[np.float32]) -> None:
        """Replace the encoder's vectors; see :class:`~graph.store.GraphStore`."""
        with self._transaction():
            self._replace_vectors(account_id, vectors)
        self._tidy()

    def _replace_vectors(self, account_id: NDArray[Any], vectors: NDArray[np.float32]) -> None:
        self._connection.execute("DROP TABLE IF EXISTS Vector")
        dimensions = vectors.shape[1]
        self._connection.execute(
            f"CREATE NODE TABLE Vector(account_id STRING PRIMARY KEY, vector FLOAT[{dimensions}])"
        )
        flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
        column = pa.FixedSizeListArray.from_arrays(flat, dimensions)
        self._copy("Vector", pa.table({"account_id": pa.array(account_id, pa.string()), "vector": column}))

    def _known_facts(self) -> KnownFacts:
        accounts, account_place = self._nodes(
            _ACCOUNTS + ", a.role AS role, a.segment AS segment, a.status AS status, a.attributes AS attributes"
        )
        identifiers, identifier_place = self._nodes(
            "MATCH (i:Identifier) RETURN offset(id(i)) AS place, i.identifier_key AS identifier_key"
        )
        listings, listing_place = self._nodes(_LISTINGS)
        reviews, review_place = self._nodes(_REVIEWS)
        places = {"account": account_place, "identifier": identifier_place, "by": account_place}
        places |= {"listing": listing_place, "review": review_place, "buyer": account_place, "seller": account_place}
        orders = self._orders(places)
        account_id, product_id = accounts["account_id"], listings["product_id"]
        return KnownFacts(
            accounts=accounts,
            listings=pa.table(
                {
                    "product_id": product_id,
                    "seller_id": _end(self._edges(_LISTED, places), "listing", "account", account_id, len(product_id)),
                    "listed_at": listings["listed_at"],
                    "price": listings["price"],
                }
            ),
            orders=pa.table(
                {
                    "order_id": orders["order_id"],
                    "buyer_id": account_id.take(orders["buyer"]),
                    "seller_id": account_id.take(orders["seller"]),
                    **{name: orders[name] for name in orders.column_names[3:]},
                }
            ),
            reviews=self._known_reviews(reviews, places, account_id, product_id),
            identifier_key=identifiers["identifier_key"].combine_chunks(),
            uses=self._edges(_USES, places),
            referrals=self._edges(_REFERRED, places),
            labels=self._edges(_LABELLED, places),
        )

    def _known_reviews(
        self, reviews: pa.Table, places: Mapping[str, Ints], account_id: pa.ChunkedArray, product_id: pa.ChunkedArray
    ) -> pa.Table:
        n = reviews.num_rows
        return pa.table(
            {
                "review_id": reviews["review_id"],
                "account_id": _end(self._edges(_WROTE, places), "review", "account", account_id, n),
                "product_id": _end(self._edges(_ABOUT_LISTING, places), "review", "listing", product_id, n),
                "seller_id": _end(self._edges(_ABOUT_ACCOUNT, places), "review", "account", account_id, n),
                "rating": reviews["rating"],
                "reviewed_at": reviews["reviewed_at"],
            }
        )

    def _arrow(self, cypher: str) -> pa.Table:
        with _explained(self.location, query=cypher):
            return self._connection.execute(cypher).get_as_arrow()

    def _nodes(self, cypher: str) -> tuple[pa.Table, Ints]:
        """A label's nodes without their ``place``, and the row of each place in that table."""
        nodes = self._arrow(cypher)
        place = nodes["place"].to_numpy().astype(np.int64)
        row = np.full(int(place.max(initial=-1)) + 1, -1, dtype=np.int64)
        row[place] = np.arange(len(place))
        return nodes.drop_columns("place"), row

    def _edges(self, cypher: str, places: Mapping[str, Ints]) -> pa.Table:
        """Relationships whose ends are rows of the tables that :meth:`_nodes` gave."""
        edges = self._arrow(cypher)
        for name in [name for name in edges.column_names if name in places]:
            place = edges[name].combine_chunks()
            rows = pa.array(places[name], pa.int64()).take(place)
            edges = edges.set_column(edges.column_names.index(name), name, rows)
        return edges

    def _orders(self, places: Mapping[str, Ints]) -> pa.Table:
        parts = [self._edges(cypher, places) for cypher in (_ORDERS_OF_SELLERS, _ORDERS_OF_SHOP)]
        return pa.concat_tables([parts[0], parts[1].cast(parts[0].schema)])

    def _write_plan(self, plan: LoadPlan, progress: Progress) -> None:
        done = 0
        known_shop = self.query("MATCH (s:Shop) RETURN count(s) AS n")[0]["n"]
        for label, rows in plan.nodes.items():
            if label != "Shop" or not known_shop:
                self._copy(label, rows)
            done += rows.num_rows
            progress(f"writing {label}", done, plan.n_rows)
        for label, rows in plan.fills.items():
            self._fill(label, rows)
            done += rows.num_rows
            progress(f"completing {label}", done, plan.n_rows)
        for (kind, source, target), rows in plan.relationships.items():
            self._copy_relationship(kind, source, target, rows)
            done += rows.num_rows
            progress(f"writing {kind}", done, plan.n_rows)

    def _copy(self, label: str, rows: pa.Table) -> None:
        columns = ", ".join(rows.column_names)
        with self._staged(rows) as file:
            self._connection.execute(f"COPY {label}({columns}) FROM {file}")

    def _copy_relationship(self, kind: str, source: str, target: str, rows: pa.Table) -> None:
        with self._staged(rows) as file:
            self._connection.execute(f"COPY `{kind}` FROM {file} (from='{source}', to='{target}')")

    def _fill(self, label: str, rows: pa.Table) -> None:
        """Complete blank properties of known nodes."""
        key, *columns = rows.column_names
        sets = ", ".join(f"n.{name} = coalesce(n.{name}, {name})" for name in columns)
        self._match_and_set(label, key, sets, rows)

    def _set(self, label: str, rows: pa.Table) -> None:
        """Overwrite properties of known nodes."""
        key, *columns = rows.column_names
        if rows.num_rows:
            self._match_and_set(label, key, ", ".join(f"n.{name} = {name}" for name in columns), rows)

    def _match_and_set(self, label: str, key: str, sets: str, rows: pa.Table) -> None:
        with self._staged(rows) as file:
            self._connection.execute(f"LOAD FROM {file} MATCH (n:{label} {{{key}: {key}}}) SET {sets}")

    @contextmanager
    def _staged(self, rows: pa.Table) -> Iterator[str]:
        """The rows as a Parquet file, named as a Cypher string."""
        folder = self._folder / STAGING_FOLDER
        folder.mkdir(exist_ok=True)
        path = folder / "rows.parquet"
        pq.write_table(rows, path, row_group_size=_BATCH_ROWS, compression="snappy")
        try:
            yield _quoted(path)
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of what is done inside, or nothing of it."""
        with _explained(self.location):
            self._connection.execute("BEGIN TRANSACTION")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        try:
            self._connection.execute("ROLLBACK")
        except RuntimeError:
            return  # LadybugDB has rolled back by itself where the statement failed

    def _tidy(self) -> None:
        shutil.rmtree(self._folder / STAGING_FOLDER, ignore_errors=True)


def _quoted(path: Path) -> str:
    text = str(path.resolve()).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def _end(edges: pa.Table, near: str, far: str, keys: pa.ChunkedArray, n: int) -> pa.ChunkedArray:
    """For each of ``n`` near rows the key of its far end; null where there is none."""
    row = np.full(n, -1, dtype=np.int64)
    row[edges[near].to_numpy()] = edges[far].to_numpy()
    return keys.take(pa.array(row, mask=row < 0))


@contextmanager
def _explained(location: str, *, query: str | None = None) -> Iterator[None]:
    """Turn LadybugDB's and the system's errors into the project's."""
    try:
        yield
    except errors.RingfenceError:
        raise
    except OSError as error:
        raise _system_error(location, error) from error
    except RuntimeError as error:
        raise _database_error(location, str(error), query) from error


def _system_error(location: str, error: OSError) -> errors.StoreError:
    if error.errno == errno.ENOSPC:
        return errors.StoreFullError(f"no space left on the disk of {location}; nothing was changed")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return errors.StoreReadOnlyError(f"cannot write to {location}: {error.strerror}")
    return errors.StoreError(f"{location}: {error}")


def _database_error(location: str, message: str, query: str | None) -> errors.RingfenceError:
    line = " ".join(message.split())
    lower = line.lower()
    if "no space left" in lower:
        return errors.StoreFullError(f"no space left on the disk of {location}; nothing was changed")
    if "lock" in lower and "file" in lower:
        return errors.StoreBusyError(f"{location} is held by another process")
    if "permission denied" in lower or "read-only" in lower or "read only" in lower:
        return errors.StoreReadOnlyError(f"cannot write to {location}: {line}")
    if "version" in lower and "storage" in lower:
        return errors.StoreVersionError(f"{location} was written by another version of LadybugDB: {line}")
    if query is not None:
        return errors.QueryError(f"{line} (query: {' '.join(query.split())[:200]})")
    return errors.StoreError(f"{location}: {line}")
