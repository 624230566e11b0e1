"""The contract of every property graph, as a state machine against plain dicts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_market
from hypothesis import Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from property_graph import Open, by_table, write_folder
from small_market import HOSTILE

from graph.contract.tables import read_folder
from graph.settings import Settings
from graph.stores.protocol import GraphStore, LoadReport

_PEOPLE = st.sampled_from(["ann", "bob", "cyd", HOSTILE])
_ROLES = st.sampled_from(["", "buyer", "seller"])
_ORDERS = st.tuples(_PEOPLE, st.sampled_from(["", "ann", "dan"]), st.sampled_from(["", "1.5", "2"])).filter(
    lambda order: order[0] != order[1]
)


class StoreAgainstDicts(RuleBasedStateMachine):
    """Accounts with roles, orders and devices; loads, dry runs, runs, vectors and reopening in any order."""

    where: Path
    open_graph: Open
    count = 0

    @initialize()
    def start(self) -> None:
        type(self).count += 1
        self.folder = self.where / f"{type(self).__name__}-{type(self).count}"
        self.store = self.reopened()
        self.roles: dict[str, str] = {}
        self.orders: dict[str, tuple[str, str, str]] = {}
        self.devices: set[tuple[str, str]] = set()
        self.vectors: list[str] = []
        self.runs: set[str] = set()
        self.earlier = 0

    def reopened(self) -> GraphStore:
        return type(self).open_graph(place=self.folder.name)

    def load(
        self,
        accounts: dict[str, str],
        orders: dict[str, tuple[str, str, str]],
        devices: set[tuple[str, str]],
        dry: bool,
    ) -> LoadReport:
        tables = {
            "accounts": [{"account_id": each, "role": role} for each, role in accounts.items()],
            "orders": [
                {"order_id": key, "buyer_id": buyer, "seller_id": seller, "amount": amount}
                for key, (buyer, seller, amount) in orders.items()
            ],
            "devices": [{"account_id": each, "device_id": device} for each, device in sorted(devices)],
        }
        folder = self.folder / "tables"
        write_folder(folder, {name: rows for name, rows in tables.items() if rows})
        for name, rows in tables.items():
            if not rows:
                (folder / f"{name}.csv").unlink(missing_ok=True)
        return self.store.load(read_folder(folder, Settings()), dry_run=dry)

    @rule(
        accounts=st.dictionaries(_PEOPLE, _ROLES, min_size=1, max_size=3),
        orders=st.dictionaries(st.sampled_from("xyz"), _ORDERS, max_size=3),
        devices=st.sets(st.tuples(_PEOPLE, st.sampled_from("12")), max_size=3),
        dry=st.booleans(),
    )
    def load_some(
        self,
        accounts: dict[str, str],
        orders: dict[str, tuple[str, str, str]],
        devices: set[tuple[str, str]],
        dry: bool,
    ) -> None:
        report = by_table(self.load(accounts, orders, devices, dry))
        # A blank says nothing; who the buyer is says which order it is, so that another one is another order.
        wrong = {key for key, order in orders.items() if order[0] != self.orders.get(key, order)[0]}
        after = {key: self.merge(self.orders.get(key), order) for key, order in orders.items() if key not in wrong}
        changed = {key for key, order in after.items() if order != self.orders.get(key, order)}
        moved = {each for each, role in accounts.items() if role and self.roles.get(each) and role != self.roles[each]}
        assert report["accounts"][2] == len(moved)
        assert report.get("orders", (0, 0, 0, 0, 0))[1:] == (
            len(orders.keys() - self.orders.keys()),
            len(changed),
            len(orders.keys() & self.orders.keys() - wrong - changed),
            len(wrong),
        )
        assert report.get("devices", (0, 0))[1] == len(devices - self.devices)
        if dry:
            return
        for each, role in accounts.items():
            self.roles[each] = role or self.roles.get(each, "")
        self.earlier += len(changed | moved)
        self.orders |= after
        for key in after:
            for each in orders[key][:2]:
                self.roles.setdefault(each, "")
        self.devices |= devices
        for each, _ in devices:
            self.roles.setdefault(each, "")
        self.roles.pop("", None)

    @staticmethod
    def merge(kept: tuple[str, str, str] | None, given: tuple[str, str, str]) -> tuple[str, str, str]:
        was = kept or given
        return given[0], given[1] or was[1], given[2] or was[2]

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = self.reopened()

    @precondition(lambda self: self.roles)
    @rule(run_id=st.sampled_from(["run-1", "run-2"]))
    def write_run(self, run_id: str) -> None:
        snapshot = self.store.snapshot()
        run = replace(small_market.make_run(snapshot, run_id=run_id), rings=(), flags=())
        self.store.write_run(run, snapshot)
        self.runs.add(run_id)

    @precondition(lambda self: self.roles)
    @rule()
    def write_vectors(self) -> None:
        self.vectors = sorted(self.roles)
        ids = np.array(self.vectors, dtype=object)
        self.store.write_vectors(ids, np.zeros((len(ids), 2), dtype=np.float32))

    @invariant()
    def agrees(self) -> None:
        query = self.store.query
        accounts = query("MATCH (a:Account) RETURN a.account_id AS id, coalesce(a.role, '') AS role")
        assert {row["id"]: row["role"] for row in accounts} == self.roles
        ordered = "RETURN o.order_id AS key, b.account_id AS buyer, coalesce(o.amount, 0.0) AS amount"
        rows = query(f"MATCH (b:Account)-[o:ORDERED]->(s:Account) {ordered}, s.account_id AS seller")
        rows += query(f"MATCH (b:Account)-[o:ORDERED]->(:Shop) {ordered}, '' AS seller")
        expected = {(key, b, s, float(amount or 0)) for key, (b, s, amount) in self.orders.items()}
        assert {(row["key"], row["buyer"], row["seller"], row["amount"]) for row in rows} == expected
        assert len(rows) == len(expected)
        used = query("MATCH (a:Account)-[:USES]->(i:Identifier) RETURN a.account_id AS id, i.value AS device")
        assert sorted((row["id"], row["device"]) for row in used) == sorted(self.devices)
        assert {row["id"] for row in query("MATCH (u:Run) RETURN u.run_id AS id")} == self.runs
        assert query("MATCH (e:Earlier) RETURN count(*) AS n") == [{"n": self.earlier}]
        if self.vectors:
            kept = query("MATCH (v:Vector) RETURN v.account_id AS id ORDER BY id")
            assert sorted(row["id"] for row in kept) == self.vectors

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()


@pytest.mark.parametrize("n_sequences", [3, pytest.param(40, marks=pytest.mark.thorough)])
def test_any_sequence_of_work_agrees_with_plain_dicts(open_graph: Open, tmp_path: Path, n_sequences: int) -> None:
    class Here(StoreAgainstDicts):
        where = tmp_path

    Here.open_graph = staticmethod(open_graph)

    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Here,
        settings=hypothesis_settings(
            max_examples=n_sequences, stateful_step_count=8, deadline=None, derandomize=True, phases=[Phase.generate]
        ),
    )
