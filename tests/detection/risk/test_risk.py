"""Learned account risk: it learns from few labels, reads none that it should not, and its file can be trusted."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from detection_market import FIRST_DAY, Facts, make_background, make_snapshot, pick, rename
from scipy import special
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from cli.main import main
from detection.evaluation import leak_gate as leaks_module
from detection.evaluation.leak_gate import check_features, check_labels, remove_labels
from detection.evaluation.simulation.market import MarketSettings, simulate_market, write_market
from detection.risk import linear as linear_module
from detection.risk import model as risk_module
from detection.risk.apply import weigh_risk
from detection.risk.blend import BLEND_PRIOR, fit_blend
from detection.risk.drift import MOVED, measure_drift, measure_spread, note_drift
from detection.risk.file import KeptModel, pack_model, read_model, write_model
from detection.risk.labels import Known, check_enough, choose_known, deal_folds, draw_known
from detection.risk.linear import fit_logistic
from detection.risk.model import estimate_base_rate, fit_risk, score_accounts, score_risk, settle_base_rate
from detection.risk.reasons import explain_risk, measure_weights, name_feature, name_topic, split_log_odds
from detection.risk.settings import RiskSettings
from detection.run import find_run
from detection.scores import Scores
from detection.settings import DetectSettings
from detection.training.risk import train_on
from embeddings.features.history import measure_large_amounts
from embeddings.features.one_account import describe_account
from embeddings.features.table import FeatureTable, TableBlock, describe_accounts, describe_blocks, pick_columns
from graph.errors import ConfigError, DataError, LeakError
from graph.model import Flag, Snapshot
from graph.vocabulary import TIERS

SETTINGS = DetectSettings()
QUICK = RiskSettings(trees=30)
BAD = pick(300, 30)


def make_facts() -> Facts:
    """Thirty accounts that buy at night, much and in a hurry; every second one shares a device with another of them."""
    facts = make_background(n=500)
    rng = np.random.default_rng(5)
    for place, name in enumerate(BAD):
        day = float(rng.integers(100, 250))
        facts.orders += [(name, f"a{k:04d}", day + 0.01 * k, "refunded") for k in range(6)]
        facts.uses.append((name, "device", f"shared-{place // 4}", day))
    return facts


def label(snapshot: Snapshot, names: list[str], is_fraud: list[bool], *, day: float = 300) -> Snapshot:
    row = {name: place for place, name in enumerate(snapshot.account_id.tolist())}
    rows = np.array([row[name] for name in names], dtype=np.int64)
    at = FIRST_DAY + np.timedelta64(int(day * 24), "h")
    return replace(
        snapshot,
        label_account=rows,
        label_is_fraud=np.array(is_fraud, dtype=bool),
        label_decided_at=np.full(len(rows), at, dtype="datetime64[us]"),
    )


@pytest.fixture(scope="module")
def market() -> Snapshot:
    """Half of the bad accounts are known, and sixty of the others."""
    names = [*BAD[::2], *pick(0, 60)]
    return label(make_snapshot(make_facts()), names, [True] * 15 + [False] * 60)


@pytest.fixture(scope="module")
def table(market: Snapshot) -> FeatureTable:
    return describe_accounts(remove_labels(market))


@pytest.fixture(scope="module")
def ring_score(market: Snapshot) -> np.ndarray:
    return find_run(remove_labels(market), SETTINGS).account_score


@pytest.fixture(scope="module")
def model_path(market: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "risk.model"
    train_on(market, path, SETTINGS)
    return path


@pytest.fixture(scope="module")
def kept(model_path: Path) -> KeptModel:
    return read_model(model_path)


def make_table(values: np.ndarray, *names: str) -> FeatureTable:
    return FeatureTable(len(values), (TableBlock(names, np.arange(len(values)), values.astype(np.float32)),))


def rows_of(snapshot: Snapshot, names: list[str]) -> np.ndarray:
    return np.flatnonzero(np.isin(snapshot.account_id, names))


# --------------------------------------------------------------------------------------- what is known


def test_the_latest_decision_about_an_account_counts(market: Snapshot) -> None:
    decided = np.array(["2024-03-01", "2024-02-01", "NaT", "2024-03-01"], dtype="datetime64[us]")
    changed = replace(
        market,
        label_account=np.array([7, 7, 7, 2]),
        label_is_fraud=np.array([False, True, True, True]),
        label_decided_at=decided,
    )
    known = choose_known(changed)
    assert (known.row.tolist(), known.is_fraud.tolist()) == ([2, 7], [True, False])


def test_of_decisions_at_one_time_the_graver_counts(market: Snapshot) -> None:
    at = np.full(2, np.datetime64("2024-03-01", "us"))
    changed = replace(
        market, label_account=np.array([4, 4]), label_is_fraud=np.array([True, False]), label_decided_at=at
    )
    assert choose_known(changed).is_fraud.tolist() == [True]


@pytest.mark.parametrize(("bad", "good"), [(0, 0), (4, 50), (50, 4)])
def test_next_to_no_labels_are_refused_in_one_line(bad: int, good: int) -> None:
    known = Known(np.arange(bad + good), np.arange(bad + good) < bad)
    with pytest.raises(DataError, match=f"there are {bad} and {good}: load a labels table"):
        check_enough(known)


def test_every_fold_holds_some_of_either_kind() -> None:
    is_fraud = np.arange(40) < 5
    fold = deal_folds(is_fraud, RiskSettings(folds=5))
    assert np.bincount(fold[is_fraud]).tolist() == [1] * 5
    assert np.bincount(fold[~is_fraud]).tolist() == [7] * 5


# ------------------------------------------------------------------------------------------- learning


def test_the_logistic_regression_agrees_with_a_well_known_one() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 4))
    y = rng.random(300) < special.expit(x @ [1.0, -2.0, 0.0, 0.5] - 1)
    weight, bias = fit_logistic(x, y, prior=np.zeros(4), certainty=2.0)
    twin = LogisticRegression(C=0.5, tol=1e-8).fit(x, y)
    assert weight == pytest.approx(twin.coef_[0], abs=2e-3)
    assert bias == pytest.approx(twin.intercept_[0], abs=2e-3)


def test_unlabelled_bad_accounts_come_out_above_the_rest(
    market: Snapshot, table: FeatureTable, ring_score: np.ndarray
) -> None:
    fitted = fit_risk(table, ring_score, choose_known(market), QUICK)
    risk = score_risk(fitted.model, pick_columns(table, fitted.model.names), ring_score)
    unknown = np.setdiff1d(np.arange(market.n_accounts), market.label_account)
    assert roc_auc_score(np.isin(market.account_id[unknown], BAD), risk[unknown]) > 0.95
    assert ((risk > 0) & (risk < 1)).all()


def test_a_useless_part_is_given_no_weight_and_never_a_negative_one() -> None:
    rng = np.random.default_rng(2)
    y = rng.random(2_000) < 0.3
    telling = special.logit(np.where(y, 0.7, 0.2)) + rng.normal(size=2_000)
    blend = fit_blend({"linear": telling, "trees": np.zeros(2_000), "rings": np.where(y, -2.0, 2.0)}, y)
    assert blend.weight[2] == 0.0
    assert blend.weight[0] > 0.5


def test_without_labels_worth_the_name_the_blend_stays_at_what_it_believed() -> None:
    blend = fit_blend({name: np.zeros(10) for name in BLEND_PRIOR}, np.arange(10) < 5)
    assert blend.weight.tolist() == [*BLEND_PRIOR.values()]


def test_learners_that_know_few_labels_by_heart_do_not_overthrow_what_rings_show() -> None:
    y = np.arange(20) < 10
    by_heart = np.where(y, 8.0, -8.0)
    blend = fit_blend({"linear": np.zeros(20), "trees": by_heart, "rings": np.zeros(20)}, y)
    assert blend.weight[1] < 2 * BLEND_PRIOR["trees"]
    assert blend.weight[2] == BLEND_PRIOR["rings"]


def test_held_out_chances_mean_what_they_say() -> None:
    rng = np.random.default_rng(3)
    n = 4_000
    x = rng.normal(size=(n, 3)).astype(np.float32)
    y = rng.random(n) < special.expit(2 * x[:, 0] - 2)
    fitted = fit_risk(make_table(x, "a", "b", "c"), np.full(n, 0.5), Known(np.arange(n), y), QUICK)
    chance = fitted.held_out.chance
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1.0)):
        inside = (chance >= low) & (chance < high)
        assert y[inside].mean() == pytest.approx(chance[inside].mean(), abs=0.05)


def test_a_sample_of_very_many_labels_gives_chances_for_all_of_them() -> None:
    rng = np.random.default_rng(3)
    n = 20_000
    x = rng.normal(size=(n, 3))
    y = rng.random(n) < special.expit(2 * x[:, 0] - 4)
    settings = replace(QUICK, most_rows=3_000)
    known = Known(np.arange(n), y)
    drawn = draw_known(known, settings)
    assert (len(drawn.place), y[drawn.place].sum()) == (3_000, y.sum())
    fitted = fit_risk(make_table(x, "a", "b", "c"), np.full(n, 0.5), known, settings)
    assert fitted.model.base_rate == pytest.approx(y.mean(), rel=0.1)
    for chance in (fitted.held_out.chance, fitted.risk):
        for low, high in ((0.0, 0.02), (0.02, 0.1), (0.1, 0.3), (0.3, 1.0)):
            inside = (chance >= low) & (chance < high)
            assert y[inside].mean() == pytest.approx(chance[inside].mean(), rel=0.25)


def test_few_labels_are_all_learnt_from() -> None:
    drawn = draw_known(Known(np.arange(30), np.arange(30) < 7), QUICK)
    assert (drawn.place.tolist(), drawn.shift) == (list(range(30)), 0.0)


def test_a_market_is_scored_alike_in_pieces_and_at_once(
    market: Snapshot, table: FeatureTable, kept: KeptModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = np.linspace(0.01, 0.9, market.n_accounts)
    at_once = score_risk(kept.model, pick_columns(table, kept.model.names), score)
    for module in (risk_module, linear_module):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 37)
    assert score_accounts(kept.model, table, score) == pytest.approx(at_once, rel=1e-9)


def test_the_market_is_not_taken_to_be_as_bad_as_the_accounts_that_were_looked_at() -> None:
    rng = np.random.default_rng(4)
    bad = rng.random(20_000) < 0.02
    odds = rng.normal(np.where(bad, 2.0, -2.0), 2.0)  # whose log-odds, at even odds, are themselves
    chance = special.expit(odds + special.logit(0.3))
    assert estimate_base_rate(chance, 0.3) == pytest.approx(0.02, abs=0.005)


def test_few_labels_are_not_believed_about_the_share_of_fraud_and_many_are(kept: KeptModel) -> None:
    chance = np.full(10_000, 0.5)  # as if half of the market were bad
    model = replace(kept.model, base_rate=0.5)
    shares = [settle_base_rate(model, chance, n_labels).base_rate for n_labels in (20, 200, 20_000)]
    assert shares[0] < 0.1 < shares[1] < 0.45 < shares[2] < 0.5


def test_the_market_is_never_taken_to_be_worse_than_the_labelled_accounts(kept: KeptModel) -> None:
    model = replace(kept.model, base_rate=0.005)
    assert settle_base_rate(model, np.full(1_000, 0.005), 20).base_rate == 0.005


def test_the_order_of_accounts_does_not_matter_to_their_risk(market: Snapshot, kept: KeptModel) -> None:
    table = describe_accounts(market)
    x, score = pick_columns(table, kept.model.names), np.full(market.n_accounts, 0.1)
    order = np.random.default_rng(0).permutation(market.n_accounts)
    risk = score_risk(kept.model, x, score)
    assert score_risk(kept.model, x[order], score[order]) == pytest.approx(risk[order])


def test_a_greater_unsupervised_score_never_lowers_the_risk(market: Snapshot, kept: KeptModel) -> None:
    x = pick_columns(describe_accounts(market), kept.model.names)
    low, high = (score_risk(kept.model, x, np.full(market.n_accounts, score)) for score in (0.1, 0.8))
    assert (high >= low).all()


# ---------------------------------------------------------------------------------------------- leaks


def test_features_are_the_same_without_labels_and_with_others(market: Snapshot) -> None:
    assert check_features(market, describe_accounts(market)).name == "features"


def test_a_feature_made_of_labels_fails_the_gate_by_name(market: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    def leak(snapshot: Snapshot) -> Iterator[TableBlock]:
        yield from describe_blocks(snapshot)
        bad = np.unique(snapshot.label_account[snapshot.label_is_fraud])
        yield TableBlock(("account.known_bad",), bad, np.ones((len(bad), 1), dtype=np.float32))

    monkeypatch.setattr(leaks_module, "describe_blocks", leak)
    with pytest.raises(LeakError, match=r"'account\.known_bad' changes when the labels are removed"):
        check_features(market, FeatureTable(market.n_accounts, tuple(leak(market))))


def test_a_leak_into_one_value_of_one_column_fails_the_gate_by_name(
    market: Snapshot, table: FeatureTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leak(snapshot: Snapshot) -> Iterator[TableBlock]:
        *others, last = describe_blocks(snapshot)
        if len(snapshot.label_account):
            last.values[-1, 3] += 1
        yield from (*others, last)

    monkeypatch.setattr(leaks_module, "describe_blocks", leak)
    with pytest.raises(LeakError, match=f"{table.blocks[-1].names[3]}' changes when the labels are replaced by random"):
        check_features(market, table)


def test_training_fails_at_a_leak_and_writes_no_model(
    market: Snapshot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def leak(snapshot: Snapshot) -> Iterator[TableBlock]:
        for block in describe_blocks(snapshot):
            yield replace(block, values=block.values + np.float32(len(snapshot.label_account)))

    monkeypatch.setattr(leaks_module, "describe_blocks", leak)
    with pytest.raises(LeakError):
        train_on(market, tmp_path / "risk.model", SETTINGS)
    assert list(tmp_path.iterdir()) == []


def test_a_run_with_a_model_reads_no_label(market: Snapshot, model_path: Path) -> None:
    settings = DetectSettings(model=str(model_path))
    assert check_labels(market, find_run(market, settings), settings).name == "labels"


def test_labels_decided_after_the_instant_are_not_learnt_from(tmp_path: Path) -> None:
    write_market(simulate_market(MarketSettings(n_accounts=1_500, seed=2)), tmp_path / "market", "parquet")
    assert run("--store", str(tmp_path / "store"), "load", str(tmp_path / "market")).exit_code == 0
    early = run("--store", str(tmp_path / "store"), "train", "-o", str(tmp_path / "m"), "--as-of", "2022-01-01")
    assert (early.exit_code, early.stdout) == (4, "")
    assert "there are 0 and 0" in early.stderr.splitlines()[-1]


# ------------------------------------------------------------------------------------------- the file


def test_the_same_market_and_seed_give_the_same_bytes(market: Snapshot, model_path: Path, tmp_path: Path) -> None:
    train_on(market, tmp_path / "again", SETTINGS)
    assert (tmp_path / "again").read_bytes() == model_path.read_bytes()


def test_a_model_says_the_same_after_it_was_kept(market: Snapshot, kept: KeptModel, tmp_path: Path) -> None:
    write_model(tmp_path / "copy", kept.model, kept.spread, kept.learnt)
    x, score = pick_columns(describe_accounts(market), kept.model.names), np.full(market.n_accounts, 0.2)
    again = read_model(tmp_path / "copy")
    assert score_risk(again.model, x, score).tobytes() == score_risk(kept.model, x, score).tobytes()


def test_the_manifest_says_what_was_learnt_from_what(kept: KeptModel) -> None:
    learnt = kept.learnt
    assert (learnt["labelled"], learnt["fraud"], learnt["seed"]) == (75, 15, 0)
    assert learnt["labels_until"].startswith("2024-10-27")
    assert set(learnt["versions"]) == {"lightgbm", "numpy", "scipy", "python"}
    assert learnt["auc"]["low"] <= learnt["auc"]["value"] <= learnt["auc"]["high"]


def test_a_model_that_cannot_be_written_leaves_the_old_one(
    kept: KeptModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "risk.model"
    path.write_bytes(b"the old one")

    def die(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("graph.files.os.fsync", die)
    with pytest.raises(KeyboardInterrupt):
        write_model(path, kept.model, kept.spread, kept.learnt)
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_no_model_can_be_written_where_there_is_no_folder(kept: KeptModel, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written: No such file"):
        write_model(tmp_path / "nowhere" / "m", kept.model, kept.spread, kept.learnt)


def test_a_place_for_the_model_is_looked_for_before_anything_long(market: Snapshot, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        train_on(market, tmp_path / "nowhere" / "m", SETTINGS)
    with pytest.raises(ConfigError, match="this is a folder"):
        train_on(market, tmp_path, SETTINGS)


def rewrite(path: Path, name: str, content: bytes, *, seal: bool = False) -> bytes:
    """The file with one part changed; sealed, the manifest vouches for it."""
    with zipfile.ZipFile(path) as file:
        parts = {each: file.read(each) for each in file.namelist()}
    parts[name] = content
    if seal:
        manifest = json.loads(parts["manifest.json"])
        manifest["sha256"][name] = hashlib.sha256(content).hexdigest()
        parts["manifest.json"] = json.dumps(manifest).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for each, value in parts.items():
            file.writestr(each, value)
    return out.getvalue()


def change_manifest(path: Path, **changes: object) -> bytes:
    with zipfile.ZipFile(path) as file:
        manifest = json.loads(file.read("manifest.json"))
    return rewrite(path, "manifest.json", json.dumps({**manifest, **changes}).encode())


def test_a_damaged_file_is_refused_in_one_line(model_path: Path, tmp_path: Path) -> None:
    whole = model_path.read_bytes()
    middle = len(whole) // 2
    damaged = {
        "empty": b"",
        "no model": b"PK",
        "cut": whole[:-100],
        "bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "part": rewrite(model_path, "trees.txt", b"tree\n"),
        "pickle": rewrite(model_path, "linear.npy", np.array([{}], dtype=object).dumps(), seal=True),
        "shape": rewrite(model_path, "linear.npy", _as_bytes(np.zeros((3, 2))), seal=True),
        "blend": change_manifest(model_path, blend={"strange": 1.0}),
        "field": change_manifest(model_path, unknown=1),
        "columns": change_manifest(model_path, columns=7),
    }
    for name, content in damaged.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ConfigError, match="run ringfence train again") as caught:
            read_model(path)
        assert "\n" not in str(caught.value), name


def _as_bytes(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


@pytest.mark.parametrize("change", [{"features_schema": 99}, {"format": 99}], ids=["features", "format"])
def test_a_model_for_other_features_is_refused(model_path: Path, tmp_path: Path, change: dict[str, int]) -> None:
    path = tmp_path / "m"
    path.write_bytes(change_manifest(model_path, **change))
    with pytest.raises(ConfigError, match="made for other features"):
        read_model(path)


def test_a_model_that_reads_an_unknown_column_is_refused_by_its_name(kept: KeptModel, tmp_path: Path) -> None:
    names = ("account.shoe_size", *kept.model.names[1:])
    (tmp_path / "m").write_bytes(pack_model(replace(kept.model, names=names), kept.spread, kept.learnt))
    with pytest.raises(ConfigError, match=r"reads 'account\.shoe_size', which there is not"):
        read_model(tmp_path / "m")


def test_no_model_is_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_model(tmp_path / "none")


# -------------------------------------------------------------------------------------------- reasons


def test_contributions_add_up_to_the_log_odds(market: Snapshot, table: FeatureTable, ring_score: np.ndarray) -> None:
    fitted = fit_risk(table, ring_score, choose_known(market), QUICK).model
    blend = replace(fitted.blend, parts=("linear", "trees", "rings"), weight=np.array([0.5, 0.5, 0.7]))
    x = pick_columns(table, fitted.names)
    from detection.risk.trees import fit_trees

    model = replace(fitted, blend=blend, trees=fit_trees(x[market.label_account], market.label_is_fraud, QUICK))
    split = split_log_odds(model, x, ring_score)
    added = split.rest + split.columns.sum(axis=1) + split.rings
    assert special.expit(added) == pytest.approx(score_risk(model, x, ring_score), abs=1e-9)


def test_reasons_name_what_bad_accounts_do(
    market: Snapshot, table: FeatureTable, ring_score: np.ndarray, kept: KeptModel
) -> None:
    rows = rows_of(market, BAD[1::2])
    reasons = explain_risk(kept.model, table, ring_score, rows)
    said = " ".join(sentence for sentences in reasons.values() for sentence in sentences)
    assert "what it buys (odds × " in said
    assert all(1 <= len(sentences) <= 3 for sentences in reasons.values())
    weights = dict(measure_weights(kept.model, pick_columns(table, kept.model.names)))
    assert weights["what it buys"] > 0


def test_every_column_has_a_name_in_words(table: FeatureTable) -> None:
    for name in table.names:
        assert "_" not in name_topic(name)
        assert "_" not in name_feature(name).replace("_known", "")


# ---------------------------------------------------------------------------------------------- a run


def make_scores(snapshot: Snapshot, tier: dict[int, str]) -> Scores:
    n = snapshot.n_accounts
    tiers = np.zeros(n, dtype=np.int64)
    flags = []
    for row, name in tier.items():
        tiers[row] = TIERS.index(name)
        flags.append(Flag("account", snapshot.account_id[row], 0.9, name, ("as before",), "act", ("R1",)))
    return Scores(np.full(n, 0.1), tiers, np.zeros(0), np.zeros(0, dtype=np.int64), tuple(flags))


def test_a_lone_account_may_come_up_for_review_and_never_for_more(market: Snapshot, kept: KeptModel) -> None:
    weighed = weigh_risk(make_scores(market, {}), market, kept, review_score=0.5).scores
    raised = np.flatnonzero(weighed.account_tier)
    assert len(raised) > 10
    assert set(weighed.account_tier[raised].tolist()) == {TIERS.index("review")}
    assert np.isin(market.account_id[raised], BAD).mean() > 0.9
    assert {flag.subject_id for flag in weighed.flags} == set(market.account_id[raised].tolist())
    assert all(flag.reasons[0].startswith("learned risk ") for flag in weighed.flags)
    assert (weighed.account_score[raised] >= 0.5).all()


def test_rings_keep_their_say(market: Snapshot, kept: KeptModel) -> None:
    member, watched = int(rows_of(market, pick(3, 1))[0]), int(rows_of(market, [BAD[0]])[0])
    before = make_scores(market, {member: "automatic", watched: "watch"})
    weighed = weigh_risk(before, market, kept, review_score=0.5).scores
    assert TIERS[weighed.account_tier[member]] == "automatic"
    assert TIERS[weighed.account_tier[watched]] == "review"
    flag = {each.subject_id: each for each in weighed.flags}
    assert flag[market.account_id[member]].reasons[0] == "as before"
    assert flag[market.account_id[watched]].reasons[-1] == "as before"
    assert flag[market.account_id[watched]].ring_ids == ("R1",)


def test_a_run_without_a_model_is_what_it_was(market: Snapshot) -> None:
    run_ = find_run(market, SETTINGS)
    assert not any("learned risk" in reason for flag in run_.flags for reason in flag.reasons)
    assert "model_sha256" not in run_.settings


def test_a_run_names_its_model(market: Snapshot, model_path: Path, kept: KeptModel) -> None:
    found = find_run(market, DetectSettings(model=str(model_path)))
    assert found.settings["model_sha256"] == kept.sha256
    assert any("the model's scores have not moved" in note for note in found.notes)


def test_accounts_that_came_later_are_scored_without_training(model_path: Path) -> None:
    facts = make_facts()
    facts.accounts["zz-new"] = 260.0
    facts.orders += [("zz-new", f"a{k:04d}", 261 + 0.01 * k, "refunded") for k in range(6)]
    facts.uses.append(("zz-new", "device", "shared-1", 261))
    snapshot = make_snapshot(facts)
    found = find_run(snapshot, DetectSettings(model=str(model_path)))
    rank = (found.account_score > found.account_score[rows_of(snapshot, ["zz-new"])[0]]).mean()
    assert rank < 0.1


def test_a_look_at_the_past_with_a_later_model_says_that_it_flatters(market: Snapshot, kept: KeptModel) -> None:
    past = replace(market, as_of=FIRST_DAY + np.timedelta64(100, "D"))
    notes = weigh_risk(make_scores(market, {}), past, kept, review_score=0.5).notes
    assert any("later than 2024-04-10" in note for note in notes)
    now = weigh_risk(make_scores(market, {}), market, kept, review_score=1.0).notes
    assert not any("flatters" in note for note in now)


# ---------------------------------------------------------------------------------------------- drift


def test_the_market_that_was_learnt_from_has_not_moved(table: FeatureTable) -> None:
    risk = np.linspace(0, 1, table.n_accounts)
    spread = measure_spread(table, table.names[:20], risk)
    assert measure_drift(spread, table, risk) == pytest.approx(0.0, abs=1e-9)


def test_a_column_that_moved_is_named() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(5_000, 2))
    then, now = make_table(values, "still", "moving"), make_table(values + np.array([0, 1]), "still", "moving")
    risk = rng.random(5_000)
    spread = measure_spread(then, then.names, risk)
    drift = measure_drift(spread, now, risk)
    assert drift[0] < 0.01 < MOVED < drift[1]
    assert "1 of its 2 inputs have, most of all moving" in note_drift(spread, drift)[0]


def test_falling_silent_is_drift(table: FeatureTable) -> None:
    risk = np.zeros(table.n_accounts)
    spread = measure_spread(table, ("bought.log_count",), risk)
    silent = FeatureTable(table.n_accounts, ())
    assert measure_drift(spread, silent, risk)[0] > MOVED


# --------------------------------------------------------------------------------------- command line


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments, prog_name="ringfence")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.mark.slow
def test_train_and_detect_as_a_user_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_market(simulate_market(MarketSettings(n_accounts=4_000, seed=2)), tmp_path / "market", "parquet")
    assert run("load", "market").exit_code == 0
    trained = run("train", "-o", "risk.model")
    assert trained.exit_code == 0
    assert "Told apart" in trained.stdout
    assert trained.stdout.endswith("Next: ringfence detect --model risk.model\n")
    as_rows = run("train", "-o", "risk.model", "--format", "csv").stdout.splitlines()
    assert as_rows[0] == "section,name,measure,value,low,high"
    flagged = run("detect", "--model", "risk.model")
    assert flagged.exit_code == 0
    assert "the model's scores have not moved" in flagged.stderr
    (tmp_path / "ringfence.toml").write_text('[detect]\nmodel = "gone.model"\n', encoding="utf-8")
    assert "gone.model: the model cannot be read" in run("detect").stderr
    assert "learned risk" in run("export", "accounts", "-o", "-", "--format", "json").stdout or flagged.stdout


def test_a_training_by_few_labels_says_that_its_chances_are_no_shares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    market = simulate_market(MarketSettings(n_accounts=1_000, seed=3))
    accounts = market.tables["accounts"].account_id[:200]
    for name, n_labels in (("few", 99), ("many", 100)):
        told = np.where(np.arange(n_labels) % 2, "fraud", "legit")
        labels = pd.DataFrame({"account_id": accounts[:n_labels], "label": told, "decided_at": "2025-01-01T00:00:00Z"})
        write_market(replace(market, tables={**market.tables, "labels": labels}), tmp_path / name, "csv")
        assert run("--store", name + ".store", "load", name).exit_code == 0
        assert ("an order of accounts" in run("--store", name + ".store", "train").stdout) is (name == "few")


def test_evaluate_measures_what_was_not_learnt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ringfence.toml").write_text('[detect]\nmodel = "gone.model"\n', encoding="utf-8")
    write_market(simulate_market(MarketSettings(n_accounts=400, seed=2)), tmp_path / "market", "parquet")
    assert run("evaluate", "market", "--no-baselines", "--resamples", "1").exit_code == 0


def test_features_go_by_no_id() -> None:
    facts = make_facts()
    facts.share([*pick(100, 3), *pick(200, 3)], "device", "the same day")
    facts.orders += [(name, f"a{k:04d}", 20.0, "completed") for name in pick(100, 3) for k in range(3)]
    names = list(facts.accounts)
    order = np.random.default_rng(1).permutation(len(names))
    new = {name: f"b{place:04d}" for name, place in zip(names, order.tolist(), strict=True)}
    one, two = make_snapshot(facts), make_snapshot(rename(facts, new))
    was, now = describe_accounts(one), describe_accounts(two)
    row = {name: place for place, name in enumerate(two.account_id.tolist())}
    place = [row[new[name]] for name in one.account_id.tolist()]
    assert was.names == now.names
    np.testing.assert_allclose(
        pick_columns(now, now.names, np.array(place)), pick_columns(was, was.names), rtol=1e-5, atol=1e-5
    )


# ------------------------------------------------------------------------------------------ one account


def test_an_account_described_by_itself_has_its_row_of_the_table() -> None:
    snapshot = remove_labels(make_snapshot(make_busy_facts()))
    table, large_from = describe_accounts(snapshot), measure_large_amounts(snapshot)
    names = table.names
    assert any(name.startswith("agreed in a review: ") for name in names)
    for row in range(0, snapshot.n_accounts, 7):
        alone = pick_columns(describe_account(snapshot, table, row, large_from), names)
        np.testing.assert_allclose(alone, pick_columns(table, names, np.array([row])), rtol=1e-4, atol=1e-5)


def test_a_newcomer_is_described_and_scored_in_a_market_that_was_described_without_it(kept: KeptModel) -> None:
    facts = make_facts()
    before = make_snapshot(facts)
    table, large_from = describe_accounts(before), measure_large_amounts(before)
    facts.accounts["zz-new"] = 260.0
    facts.orders += [("zz-new", f"a{k:04d}", 261 + 0.01 * k, "refunded") for k in range(6)]
    facts.uses.append(("zz-new", "device", "shared-1", 261))
    after = make_snapshot(facts)
    row = after.n_accounts - 1
    assert after.account_id[row] == "zz-new"
    described = describe_account(after, table, row, large_from)
    whole = describe_accounts(after)
    own = [name for name in whole.names if ": " not in name]
    np.testing.assert_allclose(pick_columns(described, own), pick_columns(whole, own, np.array([row])), rtol=1e-5)
    near = pick_columns(described, ["shares device: bought.log_count", "bought from: sold.log_count"])
    assert np.isfinite(near).all()
    risk = score_accounts(kept.model, described, np.array([0.1]))
    assert risk > np.quantile(score_accounts(kept.model, table, np.full(before.n_accounts, 0.1)), 0.9)


def make_busy_facts() -> Facts:
    """The same, with reviews that agree, crowds that share one network, and referrals."""
    facts = make_facts()
    facts.share(pick(0, 25), "ip", "a crowd's")
    facts.share([*pick(100, 3), *pick(200, 3)], "device", "the same day")
    for product in range(4):
        facts.reviews += [
            (name, f"p{product:03d}", None, 5.0 if place % 3 else 1.0, 50.0 + place)
            for place, name in enumerate(pick(40 * product, 12))
        ]
    facts.orders += [(name, "a0003", 60.0, "completed", f"p{place % 2:03d}") for place, name in enumerate(pick(50, 9))]
    return facts
