"""The recipes that Ringfence is compared with."""

from __future__ import annotations

import numpy as np
import pytest
from evaluated import plant
from scipy import sparse

from detection.candidates.links import Links
from detection.evaluation import baselines
from detection.evaluation.baselines import (
    find_linked,
    gather_matrix,
    load_fraudar,
    rank_blocks,
    rank_labels,
    run_baselines,
    weigh_links,
)
from detection.evaluation.measures import (
    match_groups,
)
from detection.evaluation.truth import TrueGroup
from detection.evidence.market import make_market


def link(*pairs: tuple[int, int, float]) -> Links:
    a, b, bits = zip(*pairs, strict=True)
    return Links(np.array(a), np.array(b), np.array(bits))


def test_components_are_ranked_by_bits_a_member_and_couples_are_left_out() -> None:
    links = link((0, 1, 1.0), (1, 2, 1.0), (3, 4, 5.0), (4, 5, 5.0), (6, 7, 90.0))
    label = find_linked(links, 9)
    found = rank_labels("WCC", label, weigh_links(links, label))
    assert [rows.tolist() for rows in found.members] == [[3, 4, 5], [0, 1, 2]]
    assert found.account_score[[0, 3, 6, 8]].tolist() == pytest.approx([2 / 3, 10 / 3, 45.0, 0.0])


def test_every_recipe_runs_on_the_same_links_and_finds_what_shares_devices() -> None:
    snapshot, rings = plant()
    found = list(run_baselines(make_market(snapshot)))
    assert [each.name.split(":")[0] for each in found][:4] == ["WCC", "Leiden", "WCC", "Leiden"]
    groups = [frozenset(snapshot.account_id[rows].tolist()) for rows in found[0].members]
    planted = [TrueGroup(str(number), "trade", frozenset(ring)) for number, ring in enumerate(rings)]
    assert sorted(hit for hit in match_groups(groups, planted) if hit is not None) == [0, 1]


def test_fraudar_finds_the_planted_block_where_it_is_installed() -> None:
    search = load_fraudar()
    if search is None:
        pytest.skip("this installation has no search for dense blocks")
    rng = np.random.default_rng(0)
    entries = rng.random((300, 200)) < 0.01
    entries[40:60, 70:80] = True
    found = rank_blocks(sparse.csr_array(entries.astype(float)), search)
    assert set(range(40, 60)) <= set(found.members[0].tolist())
    assert len(found.members[0]) < 30
    assert found.account_score[40:60].min() == found.account_score.max()


def test_an_installation_without_dense_blocks_leaves_that_recipe_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "load_fraudar", lambda: None)
    snapshot, _ = plant(300)
    assert not [each for each in run_baselines(make_market(snapshot)) if "FRAUDAR" in each.name]


def test_blocks_are_listed_densest_first_without_couples_and_crowds() -> None:
    class Block:
        def __init__(self, rows: list[int], density: float) -> None:
            self.rows, self.density = np.array(rows), density

    blocks = [Block([0, 1, 2], 1.0), Block([3, 4, 5, 6], 2.0), Block([7, 8], 9.0), Block(list(range(500)), 8.0)]
    snapshot, _ = plant()
    matrix = gather_matrix(make_market(snapshot))
    found = rank_blocks(matrix, lambda matrix, n_blocks: blocks)
    assert found.account_score[[0, 3, 7, 499, 500]].tolist() == [8.0, 8.0, 9.0, 8.0, 0.0]
    assert [rows.tolist() for rows in found.members] == [[3, 4, 5, 6], [0, 1, 2]]
