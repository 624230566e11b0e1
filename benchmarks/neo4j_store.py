"""What the Neo4j store takes, beside the plain ways of doing the same with the driver.

    python benchmarks/neo4j_store.py [--accounts 50000] [--repeat 3]

Writes results/neo4j_store.md.  One server of the long-term release, started for this (`make neo4j` installs it).
Each pair is measured in alternating order on a warm server; medians are reported.  "Plain" is what tutorials teach:
constraints first, then `UNWIND $rows … MERGE` in batches of 10,000 over one connection, and results streamed row by
row.  The plain load is handed rows that are already checked, deduplicated and laid out, at no cost to its time.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import neo4j
import numpy as np
from measure import RINGFENCE, run_ringfence, write_result

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from neo4j_release import LONG_TERM
from neo4j_server import Neo4jServer, empty_server, logged_in

from graph.contract.tables import CheckedTable, read_folder
from graph.model import Snapshot
from graph.open import open_store
from graph.queries.accounts import find_account
from graph.queries.paths import find_path
from graph.queries.rings import find_ring, list_rings
from graph.results import RunResult
from graph.settings import Settings
from graph.stores.embedded.bulk import read_known_facts
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.load_plan import LoadPlan, plan_load
from graph.stores.protocol import GraphStore
from graph.stores.server.schema import MIGRATIONS, NODE_KEYS
from graph.vocabulary import TIERS

assert RINGFENCE.exists()

BATCH = 10_000
JAVA = ("-Xms2g", "-Xmx2g")
SERVER_SETTINGS = {"server.memory.pagecache.size": "512m", "dbms.memory.transaction.total.max": "0"}
QUESTIONS = 300
WARM_UP = 50


@dataclass(frozen=True)
class Pair:
    """Seconds of the store and of the plain way, run by run."""

    store: tuple[float, ...]
    plain: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of the runs' ratios: how many times as long the plain way takes."""
        return statistics.median(plain / store for plain, store in zip(self.plain, self.store, strict=True))


def take_seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure_pair(store: Callable[[], float], plain: Callable[[], float], repeat: int) -> Pair:
    """Measure both, the first one changing from run to run."""
    seconds: dict[str, list[float]] = {"store": [], "plain": []}
    for number in range(repeat):
        order = (("store", store), ("plain", plain))
        for name, measure in order if number % 2 == 0 else order[::-1]:
            seconds[name].append(measure())
            print(f"  {name} {seconds[name][-1]:.2f} s", file=sys.stderr)
    return Pair(tuple(seconds["store"]), tuple(seconds["plain"]))


# ------------------------------------------------------------------------------- the plain ways


@dataclass(frozen=True)
class PlainLoad:
    """Statements, each with its rows as dictionaries, as tutorials load them."""

    steps: tuple[tuple[str, list[dict[str, Any]]], ...]

    @property
    def n_rows(self) -> int:
        return sum(len(rows) for _, rows in self.steps)

    def run(self, driver: neo4j.Driver) -> None:
        with driver.session() as session:
            for statement in MIGRATIONS[1]:
                session.run(statement).consume()
            session.run("CALL db.awaitIndexes()").consume()
            for statement, rows in self.steps:
                for start in range(0, len(rows), BATCH):
                    session.execute_write(_run_batch, statement, rows[start : start + BATCH])


def _run_batch(transaction: neo4j.ManagedTransaction, statement: str, rows: list[dict[str, Any]]) -> None:
    transaction.run(statement, rows=rows).consume()


def lay_out_plain(tables: Mapping[str, CheckedTable], folder: Path) -> PlainLoad:
    with EmbeddedStore(folder, mode="write") as nothing:
        plan = plan_load(tables, read_known_facts(nothing.ask_columns))
    return PlainLoad((*_lay_out_nodes(plan), *_lay_out_relationships(plan)))


def _lay_out_nodes(plan: LoadPlan) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for label, table in plan.nodes.items():
        key = NODE_KEYS[label]
        yield f"UNWIND $rows AS row MERGE (n:{label} {{{key}: row.{key}}}) SET n += row", table.to_pylist()


def _lay_out_relationships(plan: LoadPlan) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for (kind, source, target), table in plan.relationships.items():
        names = table.column_names[2:]
        own = "{order_id: row.order_id}" if "order_id" in names else ""
        statement = f"""UNWIND $rows AS row
            MATCH (a:{source} {{{NODE_KEYS[source]}: row.from_key}})
            MATCH (b:{target} {{{NODE_KEYS[target]}: row.to_key}})
            MERGE (a)-[r:{kind} {own}]->(b)"""
        values = "".join(f" SET r.{name} = row.{name}" for name in names)
        yield statement + values, table.rename_columns(["from_key", "to_key", *names]).to_pylist()


PLAIN_SNAPSHOT = (
    "MATCH (a:Account) RETURN a.account_id, a.created_at",
    "MATCH (a:Account)-[u:USES]->(i:Identifier) RETURN a.account_id, i.kind, i.canonical, u.seen_at",
    """MATCH (a:Account)-[o:ORDERED]->(b)
    RETURN a.account_id, b.account_id, o.product_id, o.amount, o.ordered_at, o.status""",
    "MATCH (a:Account)-[:LISTED]->(p:Listing) RETURN a.account_id, p.product_id",
    """MATCH (a:Account)-[:WROTE]->(r:Review)-[:ABOUT]->(t)
    RETURN r.review_id, a.account_id, t.product_id, t.account_id, r.rating, r.reviewed_at""",
    "MATCH (a:Account)-[:REFERRED]->(b:Account) RETURN a.account_id, b.account_id",
    "MATCH (a:Account)-[l:LABELLED]->(k:Label) RETURN a.account_id, k.label, l.decided_at",
)


def stream_rows(driver: neo4j.Driver) -> int:
    """Every fact of a snapshot, row by row; nothing is made of the rows."""
    with driver.session() as session:
        return sum(len(session.run(query).values()) for query in PLAIN_SNAPSHOT)


PLAIN_SCORES = """UNWIND $rows AS row MATCH (a:Account {account_id: row.account_id})
SET a.risk_score = row.risk_score, a.tier = row.tier"""


def write_plain_scores(driver: neo4j.Driver, snapshot: Snapshot, score: Any) -> None:
    ids = snapshot.account_id.tolist()
    rows = [
        {"account_id": each, "risk_score": risk, "tier": "watch"}
        for each, risk in zip(ids, score.tolist(), strict=True)
    ]
    with driver.session() as session:
        for start in range(0, len(rows), BATCH):
            session.execute_write(_run_batch, PLAIN_SCORES, rows[start : start + BATCH])


# --------------------------------------------------------------------------------- measurements


def make_scores(snapshot: Snapshot, score: Any) -> RunResult:
    """A run that found no ring and scored every account."""
    n_reviews = len(snapshot.reviews.review_id)
    return RunResult(
        run_id="run-scores",
        settings={},
        snapshot_digest="",
        as_of=None,
        rings=(),
        account_score=score,
        account_tier=np.full(snapshot.n_accounts, TIERS.index("watch"), dtype=np.int64),
        review_score=np.zeros(n_reviews),
        review_tier=np.full(n_reviews, TIERS.index("clear"), dtype=np.int64),
        flags=(),
    )


def forget_reviews(snapshot: Snapshot) -> Snapshot:
    """The same accounts without reviews: a run over them writes account scores only."""
    none = {field.name: getattr(snapshot.reviews, field.name)[:0] for field in dataclasses.fields(snapshot.reviews)}
    return dataclasses.replace(snapshot, reviews=dataclasses.replace(snapshot.reviews, **none))


@dataclass(frozen=True)
class Bench:
    """A server, the market to load, and how often."""

    server: Neo4jServer
    driver: neo4j.Driver
    folder: Path
    repeat: int

    def measure_load(self, tables: Mapping[str, CheckedTable], plain: PlainLoad) -> Pair:
        def load() -> None:
            with open_store(self.server.uri, mode="write") as store:
                store.load(tables)

        return measure_pair(
            lambda: self._emptied(load), lambda: self._emptied(lambda: plain.run(self.driver)), self.repeat
        )

    def _emptied(self, work: Callable[[], object]) -> float:
        empty_server(self.server.address)
        return take_seconds(work)

    def measure_snapshot(self) -> Pair:
        with open_store(self.server.uri) as store:
            store.snapshot()
            stream_rows(self.driver)
            return measure_pair(
                lambda: take_seconds(store.snapshot),
                lambda: take_seconds(lambda: stream_rows(self.driver)),
                self.repeat,
            )

    def measure_scores(self) -> Pair:
        rng = np.random.default_rng(0)
        with open_store(self.server.uri, mode="write") as store:
            snapshot = forget_reviews(store.snapshot())

            def draw() -> Any:
                return rng.random(snapshot.n_accounts)

            def write() -> float:
                run = make_scores(snapshot, draw())
                return take_seconds(lambda: store.write_run(run, snapshot))

            write_plain_scores(self.driver, snapshot, draw())
            write()
            return measure_pair(
                write, lambda: take_seconds(lambda: write_plain_scores(self.driver, snapshot, draw())), self.repeat
            )


def time_questions(store: GraphStore, n: int) -> dict[str, list[float]]:
    """Milliseconds of each question about random accounts, pairs, and rings."""
    rng = np.random.default_rng(1)
    ids = [row["id"] for row in store.query("MATCH (a:Account) RETURN a.account_id AS id ORDER BY id")]
    rings = [ring.ring_id for ring in list_rings(store)]
    accounts, pairs = rng.choice(ids, n + WARM_UP), rng.choice(ids, (n + WARM_UP, 2))
    asked: dict[str, list[Callable[[], object]]] = {
        "nothing (`RETURN 1`): how busy the machine is": [lambda: store.query("RETURN 1")] * (n + WARM_UP),
        "account": [lambda each=str(each): find_account(store, each) for each in accounts],
        "ring": [lambda each=str(each): find_ring(store, each) for each in rng.choice(rings, n + WARM_UP)],
        "path": [lambda a=str(a), b=str(b): find_path(store, a, b) for a, b in pairs],
    }
    return {name: [take_seconds(ask) * 1000 for ask in asks][WARM_UP:] for name, asks in asked.items()}


# ------------------------------------------------------------------------------------------ main


def say_pair(name: str, pair: Pair, asked: str) -> str:
    store, plain = statistics.median(pair.store), statistics.median(pair.plain)
    return f"| {name} | {store:.2f} | {plain:.2f} | {pair.ratio:.1f} | {asked} |"


def say_questions(name: str, milliseconds: Sequence[float], asked: str) -> str:
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return f"| {name} | {p50:.1f} | {p95:.1f} | {asked} |"


def warm_up(bench: Bench) -> None:
    """Load a small market both ways: a server's first minute is spent compiling itself."""
    run_ringfence("simulate", bench.folder / "small", "--accounts", "3000", "--tables", "parquet")
    tables = read_folder(bench.folder / "small", Settings())
    plain = lay_out_plain(tables, bench.folder / "small-plan")
    dataclasses.replace(bench, repeat=2).measure_load(tables, plain)


def measure(bench: Bench, tables: Mapping[str, CheckedTable]) -> list[str]:
    warm_up(bench)
    plain = lay_out_plain(tables, bench.folder / "plan")
    n_read = sum(table.n_read for table in tables.values())
    lines = [
        f"{n_read:,} rows of tables, {plain.n_rows:,} nodes and relationships; seconds, medians of {bench.repeat}.",
        "",
        "| step | store | plain | plain / store | asked |",
        "| --- | ---: | ---: | ---: | --- |",
        say_pair("load", bench.measure_load(tables, plain), "≥ 2 times as fast"),
    ]
    empty_server(bench.server.address)
    with open_store(bench.server.uri, mode="write") as store:
        store.load(tables)
    lines += [
        say_pair("snapshot", bench.measure_snapshot(), "≥ 6 times as fast"),
        say_pair("account scores back", bench.measure_scores(), "≤ 2 s for 50,000"),
        "",
        "| question, inside the process | p50 ms | p95 ms | asked |",
        "| --- | ---: | ---: | --- |",
    ]
    detect = run_ringfence("--store", bench.server.uri, "detect", "--no-encoder")
    with open_store(bench.server.uri) as store:
        times = time_questions(store, QUESTIONS)
    lines += [say_questions(name, values, "p95 < 50" if "1" not in name else "") for name, values in times.items()]
    return [*lines, "", f"`ringfence detect` as a whole process: {detect.seconds:.1f} s.", ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=50_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        run_ringfence("simulate", folder / "market", "--accounts", str(options.accounts), "--tables", "parquet")
        tables = read_folder(folder / "market", Settings())
        server = Neo4jServer.start(folder / "neo4j", settings=SERVER_SETTINGS, java_options=JAVA)
        login = (server.username, server.password)
        try:
            with logged_in(server.address), neo4j.GraphDatabase.driver(server.uri, auth=login) as driver:
                lines = measure(Bench(server, driver, folder, options.repeat), tables)
        finally:
            server.kill()
    title = f"# The Neo4j store on a market of {options.accounts:,} accounts"
    where = (
        f"2 cores, 24 GiB, Neo4j {LONG_TERM.version} Community on the same machine; `python benchmarks/neo4j_store.py`."
    )
    write_result("neo4j_store.md", "\n".join([title, "", where, "", *lines]))


if __name__ == "__main__":
    main()
