"""Measuring: the definitions against slow twins and by hand, the truth's forms, and the command."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from detection_market import Facts, make_background, make_snapshot, pick, plant_farm, plant_trade_ring
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics import average_precision_score, roc_auc_score

from cli.main import main
from detection.candidates.links import Links
from detection.evaluation import baselines
from detection.evaluation.baselines import (
    find_components,
    gather_matrix,
    load_fraudar,
    rank_blocks,
    rank_labels,
    run_baselines,
    weigh_links,
)
from detection.evaluation.evaluate import EvaluationPlan, evaluate_market
from detection.evaluation.measures import (
    bin_scores,
    count_found,
    count_lookalikes,
    count_tiers,
    match_groups,
    measure_run,
    restrict_truth,
    score_ranking,
    separate_accounts,
)
from detection.evaluation.simulation.market import MarketSettings, simulate_market, write_market
from detection.evaluation.statistics import Resampling, estimate_share, separate_scores
from detection.evaluation.truth import TrueGroup, TrueVerdicts, Truth, read_truth
from detection.evidence.market import make_market
from detection.run import find_run
from detection.settings import DetectSettings
from graph.errors import DataError, MissingColumnError, MissingTableError
from graph.model import Member, Ring, RunResult, Snapshot
from graph.vocabulary import TIERS, Tier

FEW = Resampling(n_resamples=50)


def group(name: str, members: str, kind: str = "trade", sharing: str = "all") -> TrueGroup:
    return TrueGroup(name, kind, frozenset(members), sharing)


def make_ring(members: str, tier: Tier = "review") -> Ring:
    parts = tuple(Member(each, "core", 9.0) for each in members)
    return Ring(f"R-{members}", "trade", 0.5, tier, 9.0, 1.0, parts, (), (), ())


def make_run(snapshot: Snapshot, rings: tuple[Ring, ...], tiers: dict[str, Tier]) -> RunResult:
    tier = np.array([TIERS.index(tiers.get(name, "clear")) for name in snapshot.account_id.tolist()])
    nothing = np.empty(0)
    return RunResult("run", {}, "", None, rings, tier / 4, tier, nothing, nothing.astype(int), ())


# ------------------------------------------------------------------------------------------- rings


def test_a_group_hits_a_ring_when_half_of_all_their_members_are_common() -> None:
    planted = [group("one", "abcd")]
    assert match_groups([frozenset("abxy")], planted) == [None]
    assert match_groups([frozenset("abcx")], planted) == [0]
    assert match_groups([frozenset("ab")], planted) == [0]


def test_a_ring_is_hit_once_by_the_best_ranked_group() -> None:
    planted = [group("one", "abcd"), group("two", "wxyz")]
    assert match_groups([frozenset("abc"), frozenset("abcd"), frozenset("wxyz")], planted) == [0, None, 1]


def test_a_group_hits_the_ring_that_it_is_most_like() -> None:
    planted = [group("one", "abcdef"), group("two", "abcd")]
    assert match_groups([frozenset("abcd"), frozenset("abcd")], planted) == [1, 0]


def test_average_precision_counts_the_rings_that_were_not_found() -> None:
    assert score_ranking([0, None, 1], 2).average_precision.value == pytest.approx((1 + 2 / 3) / 2)
    assert score_ranking([0, None, 1], 4).average_precision.value == pytest.approx((1 + 2 / 3) / 4)
    assert score_ranking([], 3).average_precision.value == 0.0


def test_recall_when_sure_is_that_of_the_longest_prefix_with_enough_precision() -> None:
    assert score_ranking([None, 0, 1], 4).recall_when_sure == 0.0
    assert score_ranking([0, 1, None, 2], 4).recall_when_sure == 0.5
    recovers: list[int | None] = [0, None, *range(1, 19)]
    assert score_ranking(recovers, 19).recall_when_sure == 1.0  # 19 of 20 is 0.95 again


def test_places_that_a_short_list_does_not_fill_are_misses() -> None:
    score = score_ranking([0, 1, None], 4)
    assert score.precision_at == {4: 0.5, 5: 0.4, 10: 0.2, 20: 0.1, 50: 0.04}


def test_the_interval_of_ring_average_precision_holds_the_value_and_narrows_with_more_rings() -> None:
    def width(n: int) -> float:
        hits = [place if place % 2 else None for place in range(n)]
        found = score_ranking(hits, n, Resampling(400)).average_precision
        assert found.low <= found.value <= found.high
        return found.high - found.low

    assert width(200) < width(20) / 2


def test_found_rings_are_counted_by_kind_sharing_and_size_at_each_tier() -> None:
    planted = [group("one", "abc"), group("two", "defghi", "farm", "none"), group("three", "xyz", "farm", "none")]
    found = {
        (each.by, each.part): each for each in count_found([0, None, 1], ["watch", "review", "automatic"], planted)
    }
    farm = found["kind", "farm"]
    assert (farm.planted, farm.found, farm.review, farm.automatic) == (2, 1, 1, 1)
    trade = found["kind", "trade"]
    assert (trade.planted, trade.found, trade.review, trade.automatic) == (1, 1, 0, 0)
    assert {key for key in found if key[0] == "size"} == {("size", "2-5"), ("size", "6-10")}
    assert found["sharing", "none"].planted == 2


@pytest.mark.parametrize(
    ("members", "ring", "flagged", "review"),
    [
        ("abcd", "abxyz", "abxyz", 1),
        ("abcd", "axyz", "axyz", 0),
        ("ab", "axy", "axy", 0),
        ("ab", "abxy", "abxy", 1),
        ("abcd", "abxy", "axy", 0),
    ],
    ids=["half", "less than half", "one of two", "both of two", "half, but one of them let go"],
)
def test_a_look_alike_is_accused_when_one_ring_flags_half_of_it(
    members: str, ring: str, flagged: str, review: int
) -> None:
    snapshot = make_snapshot(Facts(dict.fromkeys("abcdxyz")))
    run = make_run(snapshot, (make_ring(ring),), dict.fromkeys(flagged, "review"))
    (share,) = count_lookalikes(run, snapshot, [group("home", members, "household")])
    assert (share.kind, share.groups, share.review, share.automatic) == ("household", 1, review, 0)


def test_a_ring_on_watch_accuses_nobody() -> None:
    snapshot = make_snapshot(Facts(dict.fromkeys("abcd")))
    run = make_run(snapshot, (make_ring("abcd", "watch"),), dict.fromkeys("abcd", "watch"))
    (share,) = count_lookalikes(run, snapshot, [group("home", "abcd", "household")])
    assert (share.review, share.automatic) == (0, 0)


def test_flagged_accounts_are_counted_at_a_tier_or_above() -> None:
    snapshot = make_snapshot(Facts(dict.fromkeys("abcdef")))
    run = make_run(snapshot, (), {"a": "automatic", "b": "review", "c": "review", "d": "watch"})
    truth = TrueVerdicts(snapshot.account_id, np.array([1, 1, 0, 0, 0, 0], dtype=bool))
    review, automatic = count_tiers(run, snapshot, truth)
    assert (review.flagged, review.bad, review.honest, review.honest_share) == (3, 2, 1, 0.25)
    assert (automatic.flagged, automatic.bad, automatic.honest) == (1, 1, 0)


# ------------------------------------------------------------------------------------------ scores

SCORED = st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=30)


@settings(max_examples=100, deadline=None)
@given(SCORED.filter(lambda rows: 0 < sum(bad for _, bad in rows) < len(rows)))
def test_both_measures_are_those_of_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    scores, is_bad = np.array([score / 4 for score, _ in rows]), np.array([bad for _, bad in rows])
    found = separate_scores("account", "all", scores, is_bad, Resampling(2))
    assert found.auc.value == pytest.approx(roc_auc_score(is_bad, scores))
    assert found.average_precision.value == pytest.approx(average_precision_score(is_bad, scores))


def test_the_bootstrap_is_that_of_resampled_subjects() -> None:
    rng = np.random.default_rng(0)
    is_bad = rng.random(300) < 0.2
    scores = np.round(rng.random(300) + 0.4 * is_bad, 1)
    found = separate_scores("account", "all", scores, is_bad, Resampling(400))
    slow = []
    for _ in range(400):
        rows = rng.integers(0, 300, 300)
        slow.append((roc_auc_score(is_bad[rows], scores[rows]), average_precision_score(is_bad[rows], scores[rows])))
    low, high = np.percentile(slow, [2.5, 97.5], axis=0)
    assert (found.auc.low, found.auc.high) == pytest.approx((low[0], high[0]), abs=0.015)
    assert (found.average_precision.low, found.average_precision.high) == pytest.approx((low[1], high[1]), abs=0.03)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    truth = 0.7602  # of two normals one standard deviation apart: Φ(1 / √2)
    inside = 0
    for seed in range(100):
        is_bad = rng.random(200) < 0.4
        auc = separate_scores("account", "all", rng.normal(is_bad), is_bad, Resampling(200, seed)).auc
        inside += auc.low <= truth <= auc.high
    assert 88 <= inside <= 99


def test_the_same_seed_gives_the_same_interval_however_the_work_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    is_bad, scores = rng.random(100) < 0.3, rng.random(100)
    first = separate_scores("account", "all", scores, is_bad, FEW)
    monkeypatch.setattr("detection.evaluation.statistics._CHUNK_CELLS", 300)
    assert separate_scores("account", "all", scores, is_bad, FEW) == first
    assert separate_scores("account", "all", scores, is_bad, Resampling(50, 1)) != first


def test_scores_say_nothing_where_all_are_good_or_all_are_bad() -> None:
    found = separate_scores("account", "all", np.ones(3), np.zeros(3, dtype=bool), FEW)
    assert np.isnan(found.auc.value)
    assert np.isnan(found.average_precision.high)


def test_wilsons_interval_is_that_of_the_textbook() -> None:
    from scipy.stats import binomtest

    for part, whole in ((0, 10), (3, 10), (10, 10), (17, 240)):
        interval = binomtest(part, whole).proportion_ci(0.95, method="wilson")
        found = estimate_share(part, whole)
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-12)


def test_members_of_one_kind_are_set_against_honest_accounts_only() -> None:
    names = np.array(list("abcdefgh"), dtype=object)
    truth = Truth((group("1", "ab"), group("2", "cd", "farm")), (), TrueVerdicts(names, np.arange(8) < 4))
    scores = dict(zip("abcdefgh", [0.1, 0.1, 0.9, 0.9, 0.5, 0.5, 0.0, 0.0], strict=True))
    parts = {each.part: each for each in separate_accounts(scores, truth, FEW)}
    assert (parts["kind farm"].rows, parts["kind farm"].bad, parts["kind farm"].auc.value) == (6, 2, 1.0)
    assert parts["kind trade"].auc.value == 0.5
    assert parts["sharing all"].bad == 4


def test_bins_say_how_often_a_score_means_fraud() -> None:
    scores = {"a": 0.05, "b": 0.0, "c": 0.95, "d": 1.0}
    bins = bin_scores(scores, TrueVerdicts(np.array(list("abcd"), dtype=object), np.array([0, 0, 1, 0], dtype=bool)))
    assert [(each.low, each.rows, each.bad_share.value) for each in bins] == [(0.0, 2, 0.0), (0.9, 2, 0.5)]


# ------------------------------------------------------------------------------------------- truth


def write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_every_table_may_be_missing_but_not_all(tmp_path: Path) -> None:
    with pytest.raises(MissingTableError, match=r"expected one of rings.parquet, lookalikes.parquet"):
        read_truth(tmp_path)
    truth = read_truth(write(tmp_path, "accounts.csv", "account_id,is_fraud\n007,1\n7,0\n8,\n"))
    assert truth.rings == ()
    assert truth.accounts is not None
    assert dict(zip(truth.accounts.subject, truth.accounts.is_bad, strict=True)) == {"007": True, "7": False}


def test_other_names_of_columns_are_understood(tmp_path: Path) -> None:
    write(
        tmp_path,
        "planted_rings.csv",
        "group_id,account,type,role\n1,ann,wash,Member\n1,bob,wash,\n1,shop,wash,target\n",
    )
    write(tmp_path, "reviews.csv", "review_id,label\nr1,fake\nr2,genuine\n")
    truth = read_truth(tmp_path)
    assert truth.rings == (TrueGroup("1", "wash", frozenset({"ann", "bob"}), "unknown"),)
    assert truth.reviews is not None
    assert truth.reviews.is_bad.tolist() == [True, False]


def test_parquet_with_numbers_and_flags_reads_like_csv(tmp_path: Path) -> None:
    pd.DataFrame({"account_id": [7, 8], "is_fraud": [True, False]}).to_parquet(tmp_path / "accounts.parquet")
    truth = read_truth(tmp_path)
    assert truth.accounts is not None
    assert truth.accounts.subject.tolist() == ["7", "8"]
    assert truth.accounts.is_bad.tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("who,is_fraud\na,1\n", MissingColumnError, "no column account_id or account or member"),
        ("account_id,score\na,1\n", MissingColumnError, "no column is_fraud.*the columns are account_id, score"),
        ("account_id,is_fraud\na,maybe\n", DataError, "is_fraud is 'maybe'; expected 1 or 0"),
        ("account_id,is_fraud\na,1\na,0\n", DataError, "'a' is both good and bad"),
    ],
)
def test_a_truth_that_cannot_be_read_says_what_was_expected(
    tmp_path: Path, text: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        read_truth(write(tmp_path, "accounts.csv", text))


def test_members_that_the_market_does_not_know_are_left_out() -> None:
    snapshot = make_snapshot(Facts(dict.fromkeys("abc")))
    known = restrict_truth(Truth((group("1", "abx"), group("2", "cyz"))), snapshot)
    assert [ring.members for ring in known.rings] == [frozenset("ab")]
    assert known.accounts is not None
    assert known.accounts.is_bad.tolist() == [True, True, False]
    with pytest.raises(DataError, match="another market"):
        restrict_truth(Truth((group("1", "xyz"),)), snapshot)


def test_the_simulators_truth_is_read_whole(tmp_path: Path) -> None:
    market = simulate_market(MarketSettings(n_accounts=600, seed=7))
    write_market(market, tmp_path / "market", "csv")
    truth = read_truth(tmp_path / "market" / "truth")
    rings = market.truth["rings"].query("role != 'beneficiary'")
    assert {ring.group_id: len(ring.members) for ring in truth.rings} == rings.groupby("ring_id").size().to_dict()
    assert truth.reviews is not None
    assert truth.reviews.is_bad.sum() == market.truth["reviews"]["is_fake"].sum()
    assert {each.kind for each in truth.lookalikes} == set(market.truth["lookalikes"]["kind"])


# --------------------------------------------------------------------------------------- baselines


def link(*pairs: tuple[int, int, float]) -> Links:
    a, b, bits = zip(*pairs, strict=True)
    return Links(np.array(a), np.array(b), np.array(bits))


def test_components_are_ranked_by_bits_a_member_and_couples_are_left_out() -> None:
    links = link((0, 1, 1.0), (1, 2, 1.0), (3, 4, 5.0), (4, 5, 5.0), (6, 7, 90.0))
    label = find_components(links, 9)
    found = rank_labels("WCC", label, weigh_links(links, label))
    assert [rows.tolist() for rows in found.members] == [[3, 4, 5], [0, 1, 2]]
    assert found.account_score[[0, 3, 6, 8]].tolist() == pytest.approx([2 / 3, 10 / 3, 45.0, 0.0])


def plant(n: int = 600) -> tuple[Snapshot, list[list[str]]]:
    facts = make_background(n=n)
    rings = [pick(100, 12), pick(300, 16)]
    plant_trade_ring(facts, rings[0])
    plant_farm(facts, rings[1])
    return make_snapshot(facts), rings


def test_every_recipe_runs_on_the_same_links_and_finds_what_shares_devices() -> None:
    snapshot, rings = plant()
    found = list(run_baselines(make_market(snapshot)))
    assert [each.name.split(":")[0] for each in found][:4] == ["WCC", "Louvain", "WCC", "Louvain"]
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


# ------------------------------------------------------------------------------------- whole runs


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluate") / "market"
    write_market(simulate_market(MarketSettings(n_accounts=1_500, seed=2)), folder, "parquet")
    return folder


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, [str(each) for each in arguments], prog_name="ringfence")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_a_run_without_a_channel_does_not_use_it() -> None:
    snapshot, _ = plant()
    without = DetectSettings(exclude_channels=("device", "payment", "phone", "trade", "sign-up", "referral"))
    assert not {"device", "trade"} & {e.channel for ring in find_run(snapshot, without).rings for e in ring.evidence}
    assert {"device", "trade"} <= {e.channel for r in find_run(snapshot, DetectSettings()).rings for e in r.evidence}


def test_an_evaluation_measures_ringfence_the_recipes_and_every_ablation() -> None:
    snapshot, rings = plant()
    truth = Truth(tuple(TrueGroup(str(n), "trade", frozenset(ring)) for n, ring in enumerate(rings)))
    plan = EvaluationPlan(ablate=True, resampling=FEW)
    found = evaluate_market(snapshot, truth, DetectSettings(), plan=plan)
    assert found.methods[0].rings is not None
    assert found.methods[0].rings.average_precision.value == 1.0
    names = {method.name for method in found.ablated}
    assert {"without device", "without trade", "without praise"} <= names
    assert [check.name for check in found.leaks] == ["dates", "labels"]
    assert any("no accounts table" in note for note in found.notes)


def test_the_command_prints_every_section_and_leaves_nothing_behind(market: Path) -> None:
    before = sorted(path.name for path in market.parent.iterdir())
    shown = run("evaluate", market, "--resamples", 20).stdout
    for title in ("Leak gate: passed", "Planted rings", "look-alike", "Accounts and reviews", "Flagged", "mean"):
        assert title in shown
    for method in ("Ringfence", "WCC", "Louvain"):
        assert method in shown
    assert sorted(path.name for path in market.parent.iterdir()) == before


def test_the_same_command_prints_the_same_bytes(market: Path) -> None:
    words = ("evaluate", market, "--resamples", 20, "--format", "csv", "--seed", 3)
    assert run(*words).stdout == run(*words).stdout


def test_csv_and_json_hold_the_same_figures(market: Path) -> None:
    words = ("evaluate", market, "--resamples", 20, "--no-baselines", "--format")
    rows = {(r["section"], r["name"], r["measure"]): r for r in csv.DictReader(io.StringIO(run(*words, "csv").stdout))}
    document = json.loads(run(*words, "json").stdout)
    rings = document["methods"][0]["rings"]
    assert float(rows["rings", "Ringfence", "average_precision"]["low"]) == rings["average_precision"]["low"]
    assert len(document["methods"]) == 1
    accounts = document["measured"]["accounts"][0]
    assert float(rows["accounts", "all", "auc"]["value"]) == accounts["auc"]["value"]


def test_the_store_is_measured_where_no_folder_is_named(market: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    run("--store", store, "load", market)
    words = ("--resamples", 20, "--no-baselines", "--format", "csv")
    from_store = run("--store", store, "evaluate", "--truth", market / "truth", *words)
    assert from_store.stdout == run("evaluate", market, *words).stdout
    assert run("--store", store, "runs", "--format", "csv").stdout.count("\n") == 1
    missing = run("--store", store, "evaluate")
    assert (missing.exit_code, "--truth is missing" in missing.stderr) == (2, True)


def test_another_markets_truth_is_bad_data(market: Path, tmp_path: Path) -> None:
    write(tmp_path / "truth", "accounts.csv", "account_id,is_fraud\nnobody,1\n")
    result = run("evaluate", market, "--truth", tmp_path / "truth")
    assert (result.exit_code, "another market" in result.stderr) == (4, True)


def test_as_of_measures_what_was_known_then(market: Path) -> None:
    words = ("--resamples", 20, "--no-baselines", "--format", "json")
    document = json.loads(run("evaluate", market, "--as-of", "2024-06-01", *words).stdout)
    assert document["as_of"].startswith("2024-06-01")
    assert document["accounts"] < 1_500
    assert [check["name"] for check in document["leaks"]] == ["dates", "labels", "future"]


def test_measuring_by_hand_agrees_with_the_run(market: Path) -> None:
    snapshot, rings = plant()
    result = find_run(snapshot, DetectSettings())
    truth = restrict_truth(
        Truth(tuple(TrueGroup(str(n), "trade", frozenset(r)) for n, r in enumerate(rings))), snapshot
    )
    measured = measure_run(result, snapshot, truth, FEW)
    assert measured.rings is not None
    assert measured.rings.listed == len(result.rings)
    bad = np.isin(snapshot.account_id.astype(str), [name for ring in rings for name in ring])
    assert measured.accounts[0].auc.value == pytest.approx(roc_auc_score(bad, result.account_score))
    flagged = result.account_tier >= TIERS.index("review")
    assert measured.tiers[0].bad == (flagged & bad).sum()
