"""What accounts look like: behaviour as numbers, vectors, and who is like whom."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import signal
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean, pstdev

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detection.evaluation.simulation.market import MarketSettings, simulate_market, write_market
from embeddings.encoder.file import pack_encoder, read_encoder, write_encoder
from embeddings.encoder.hetero_graph import TRAITS
from embeddings.encoder.incremental import warm_up
from embeddings.encoder.model import Encoder, fit_encoder
from embeddings.encoder.settings import EncoderSettings
from embeddings.encoder.training import KEEP_EVERY, KnownAccounts
from embeddings.features.accounts import (
    COMMON_KINDS,
    INDICATORS,
    OTHER_KIND,
    AccountFeatures,
    account_features,
    feature_names,
)
from embeddings.features.scaling import CLIP_AT, fit_scaling, scale_features
from embeddings.similar import explain_likeness, find_nearest, find_similar
from graph.contract.as_of import forget_later
from graph.contract.tables import read_folder
from graph.errors import ConfigError, UnknownIdError
from graph.model import Orders, Reviews, Snapshot, Uses
from graph.open import open_store
from graph.settings import Settings

START = np.datetime64("2024-03-01T00:00:00", "us")
STATUS_NAMES = ("completed", "disputed", "refunded")
QUICK = EncoderSettings(steps=10, label_steps=10, batch=64, hidden=16, dimensions=8, threads=1, device="cpu")
ALL_TRAITS = replace(QUICK, edge_weights=True, edge_ages=True, edge_calendar=True)


@dataclass
class Market:
    """Facts as plain rows; times are minutes after ``START``, or None."""

    n_accounts: int
    created: dict[int, float] = field(default_factory=dict)
    uses: list[tuple[int, str, str]] = field(default_factory=list)
    orders: list[tuple[int, int, int, float, float | None, int]] = field(default_factory=list)
    reviews: list[tuple[int, int, int, float, float | None]] = field(default_factory=list)
    referrals: list[tuple[int, int]] = field(default_factory=list)
    fraud: tuple[int, ...] = ()
    n_products: int = 0

    def snapshot(self) -> Snapshot:
        identifiers = sorted({(kind, value) for _, kind, value in self.uses})
        row = {identifier: position for position, identifier in enumerate(identifiers)}
        return Snapshot(
            account_id=_strings([f"a{i:05d}" for i in range(self.n_accounts)]),
            created_at=_times([self.created.get(i) for i in range(self.n_accounts)]),
            identifier_kind=_strings([kind for kind, _ in identifiers]),
            identifier_value=_strings([value for _, value in identifiers]),
            uses=Uses(
                _rows([a for a, _, _ in self.uses]),
                _rows([row[kind, value] for _, kind, value in self.uses]),
                _times([None] * len(self.uses)),
            ),
            product_id=_strings([f"p{i}" for i in range(self.n_products)]),
            product_seller=np.full(self.n_products, -1),
            product_price=np.full(self.n_products, np.nan),
            orders=_orders(self.orders),
            reviews=_reviews(self.reviews),
            referral_account=_rows([a for a, _ in self.referrals]),
            referral_by=_rows([b for _, b in self.referrals]),
            label_account=_rows(self.fraud),
            label_is_fraud=np.ones(len(self.fraud), dtype=bool),
            label_decided_at=_times([None] * len(self.fraud)),
        )


def _rows(numbers) -> NDArray[np.int64]:
    return np.array(list(numbers), dtype=np.int64)


def _strings(words: list[str]) -> NDArray[np.object_]:
    return np.array(words, dtype=object)


def _times(minutes) -> NDArray[np.datetime64]:
    at = [np.datetime64("NaT", "us") if m is None else START + np.timedelta64(round(m * 60), "s") for m in minutes]
    return np.array(at, dtype="datetime64[us]")


def _orders(rows) -> Orders:
    buyer, seller, product, amount, at, status = zip(*rows, strict=True) if rows else [()] * 6
    return Orders(
        _rows(buyer),
        _rows(seller),
        _rows(product),
        np.array(amount, dtype=float),
        _times(at),
        _rows(status),
        STATUS_NAMES,
    )


def _reviews(rows) -> Reviews:
    author, product, seller, rating, at = zip(*rows, strict=True) if rows else [()] * 5
    ids = _strings([f"r{i:05d}" for i in range(len(rows))])
    return Reviews(
        ids,
        _rows(author),
        _rows(product),
        _rows(seller),
        np.array(rating, dtype=float),
        _times(at),
        np.full(len(ids), None),
    )


def random_market(seed: int, n: int = 60) -> Market:
    """A market with something of everything, and gaps everywhere."""
    rng = np.random.default_rng(seed)
    kinds = ("device", "address", "payment", "loyalty-card")
    market = Market(n, n_products=8)
    market.created = {int(a): float(rng.integers(-90_000, 0)) for a in range(n) if rng.random() < 0.7}
    for _ in range(3 * n):
        market.uses.append((int(rng.integers(n)), str(rng.choice(kinds)), f"v{rng.integers(n)}"))
    for _ in range(4 * n):
        buyer, seller = rng.choice(n, 2, replace=False).tolist()
        market.orders.append(
            (
                buyer,
                seller if rng.random() < 0.8 else -1,
                int(rng.integers(-1, 8)),
                float(rng.lognormal(3)) if rng.random() < 0.8 else math.nan,
                float(rng.integers(100_000)) if rng.random() < 0.8 else None,
                int(rng.integers(-1, 3)),
            )
        )
    for _ in range(2 * n):
        author, seller = rng.choice(n, 2, replace=False).tolist()
        rating = float(rng.integers(1, 6)) if rng.random() < 0.8 else math.nan
        market.reviews.append((author, int(rng.integers(-1, 8)), seller, rating, float(rng.integers(100) * 1440)))
    market.referrals = [(i, i // 7) for i in range(5, n, 9)]
    return market


def planted_market() -> tuple[Market, range]:
    """A random market and six night buyers of many small things, who share nothing with one another."""
    market, rng = random_market(3, n=80), np.random.default_rng(4)
    planted = range(80, 86)
    market.n_accounts = 86
    for account in planted:
        market.uses += [(account, "email", f"own{account}-{i}") for i in range(3)]
        for i in range(12):
            minute = float(i * 1440 + rng.integers(10, 200))
            market.orders.append((account, int(rng.integers(80)), -1, float(rng.uniform(2, 3)), minute, 2))
    return market, planted


def permuted(market: Market, new_row: list[int]) -> Market:
    """The same market with account ``a`` at row ``new_row[a]``."""
    at = [*new_row, -1]
    return replace(
        market,
        created={at[a]: created for a, created in market.created.items()},
        uses=[(at[a], kind, value) for a, kind, value in market.uses],
        orders=[(at[b], at[s], *rest) for b, s, *rest in market.orders],
        reviews=[(at[a], p, at[s], *rest) for a, p, s, *rest in market.reviews],
        referrals=[(at[a], at[b]) for a, b in market.referrals],
    )


@pytest.fixture(scope="module")
def market() -> Market:
    return random_market(1)


@pytest.fixture(scope="module")
def encoder(market: Market) -> Encoder:
    return fit_encoder(market.snapshot(), QUICK)


@pytest.fixture(scope="module")
def vectors(market: Market, encoder: Encoder) -> NDArray[np.float32]:
    return encoder.encode(market.snapshot())


# Features ---------------------------------------------------------------------------------------


def describe_slowly(market: Market, account: int) -> dict[str, float | None]:
    """One account's features, straight from their definitions; None where silent."""
    told: dict[str, float | None] = {}
    for topic, own, other in (("bought", 0, 1), ("sold", 1, 0)):
        mine = [order for order in market.orders if order[own] == account]
        logs = [math.log1p(order[3]) for order in mine if not math.isnan(order[3])]
        judged = [STATUS_NAMES[order[5]] for order in mine if order[5] >= 0]
        told[f"{topic}.log_count"] = math.log1p(len(mine))
        told[f"{topic}.log_partners"] = math.log1p(len({order[other] for order in mine} - {-1}))
        told[f"{topic}.log_amount_mean"] = fmean(logs) if logs else None
        told[f"{topic}.amount_spread"] = pstdev(logs) if len(logs) >= 2 else None
        for status in ("refunded", "disputed"):
            told[f"{topic}.{status}_share"] = judged.count(status) / len(judged) if judged else None
    bought_from = {order[1] for order in market.orders if order[0] == account} - {-1}
    sold_to = {order[0] for order in market.orders if order[1] == account}
    partners = bought_from | sold_to
    told["trade.reciprocity"] = len(bought_from & sold_to) / len(partners) if partners else None
    for topic, own in (("reviews", 0), ("received", 2)):
        mine_too = [review for review in market.reviews if review[own] == account]
        ratings = [review[3] for review in mine_too if not math.isnan(review[3])]
        told[f"{topic}.log_count"] = math.log1p(len(mine_too))
        told[f"{topic}.rating_mean"] = fmean(ratings) if ratings else None
        told[f"{topic}.extreme_share"] = fmean(r in (1, 5) for r in ratings) if ratings else None
    told["referrals.log_made"] = math.log1p(sum(by == account for _, by in market.referrals))
    told["referrals.came_by_one"] = float(any(came == account for came, _ in market.referrals))
    told |= describe_rhythm_slowly(market, account) | describe_identifiers_slowly(market, account)
    return told | {name: float(told[source] is not None) for name, source in INDICATORS.items()}


def describe_rhythm_slowly(market: Market, account: int) -> dict[str, float | None]:
    acts = [order[4] for order in market.orders if account in order[:2]]
    acts += [review[4] for review in market.reviews if review[0] == account]
    at = sorted(minute for minute in acts if minute is not None)
    gaps = [later - sooner for sooner, later in pairwise(at)]
    bins = Counter(math.floor(math.log2(1 + gap)) for gap in gaps)
    days = Counter(minute // 1440 for minute in at)
    timed = [minute % 1440 for minute in at if minute % 1440]
    created = market.created.get(account)
    age_days = max((at[0] - created) / 1440, 0) if at and created is not None else None
    return {
        "rhythm.log_span_days": math.log1p((at[-1] - at[0]) / 1440) if at else None,
        "rhythm.gap_entropy_bits": (
            -sum(c / len(gaps) * math.log2(c / len(gaps)) for c in bins.values()) if len(gaps) >= 2 else None
        ),
        "rhythm.busiest_day_share": max(days.values()) / len(at) if at else None,
        "rhythm.night_share": fmean(minute < 360 for minute in timed) if timed else None,
        "account.log_age_at_first_act_days": math.log1p(age_days) if age_days is not None else None,
    }


def describe_identifiers_slowly(market: Market, account: int) -> dict[str, float | None]:
    users = defaultdict(set)
    for user, kind, value in market.uses:
        users[kind, value].add(user)
    told: dict[str, float | None] = {}
    for name in (*COMMON_KINDS, OTHER_KIND):
        logs = [
            math.log(len(who))
            for (kind, _), who in users.items()
            if account in who and (kind if kind in COMMON_KINDS else "other") == name
        ]
        told[f"{name}.log_count"] = math.log1p(len(logs))
        told[f"{name}.log_others_mean"] = fmean(logs) if logs else None
        told[f"{name}.log_others_max"] = max(logs) if logs else None
    return told


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_features_equal_their_definitions_told_slowly(seed: int) -> None:
    market = random_market(seed, n=30)
    found = account_features(market.snapshot())
    for account in range(market.n_accounts):
        told = describe_slowly(market, account)
        assert set(told) == set(found.names)
        expected = [told[name] for name in found.names]
        assert [value is not None for value in expected] == found.known[account].tolist()
        np.testing.assert_allclose(found.values[account], [value or 0.0 for value in expected], rtol=1e-5, atol=1e-6)


def test_labels_do_not_change_the_features(market: Market) -> None:
    plain, labelled = market.snapshot(), replace(market, fraud=(0, 3, 5)).snapshot()
    assert account_features(plain).values.tobytes() == account_features(labelled).values.tobytes()


def test_labels_do_not_change_the_encoder(market: Market, vectors: NDArray[np.float32]) -> None:
    labelled = replace(market, fraud=(0, 3, 5)).snapshot()
    assert fit_encoder(labelled, QUICK).encode(labelled).tobytes() == vectors.tobytes()


def test_every_market_has_the_same_features(market: Market) -> None:
    assert account_features(market.snapshot()).names == feature_names()
    assert len(set(feature_names())) == len(feature_names())


def test_bare_dates_say_nothing_of_the_night() -> None:
    market = Market(2, orders=[(0, 1, -1, 5.0, 1440.0 * day, 0) for day in range(4)])
    found = account_features(market.snapshot())
    assert not found.known[:, found.names.index("rhythm.night_share")].any()
    assert found.known[:, found.names.index("rhythm.log_span_days")].all()


def test_what_is_silent_is_scaled_to_nought(market: Market) -> None:
    found = account_features(market.snapshot())
    scaled = scale_features(found, fit_scaling(found))
    assert not found.known.all()
    assert (scaled[~found.known] == 0).all()
    assert np.abs(scaled).max() <= CLIP_AT


def test_a_new_market_is_scaled_as_the_old_one_was(market: Market) -> None:
    old = account_features(market.snapshot())
    scaling = fit_scaling(old)
    doubled = AccountFeatures(np.vstack([old.values, old.values]), np.vstack([old.known, old.known]), old.names)
    assert (scale_features(doubled, scaling)[: market.n_accounts] == scale_features(old, scaling)).all()


def test_scaling_of_other_features_is_refused(market: Market) -> None:
    found = account_features(market.snapshot())
    with pytest.raises(ConfigError, match="horoscope"):
        scale_features(found, replace(fit_scaling(found), names=(*found.names[:-1], "account.horoscope")))


# Vectors ----------------------------------------------------------------------------------------


def test_vectors_have_unit_length(market: Market, vectors: NDArray[np.float32]) -> None:
    assert vectors.shape == (market.n_accounts, QUICK.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@settings(max_examples=5, deadline=None)
@given(new_row=st.permutations(range(60)))
def test_permuting_accounts_permutes_the_vectors(
    market: Market, encoder: Encoder, vectors: NDArray[np.float32], new_row: list[int]
) -> None:
    moved = encoder.encode(permuted(market, new_row).snapshot())
    np.testing.assert_allclose(moved[new_row], vectors, atol=1e-4)


def test_the_same_seed_gives_the_same_bytes(market: Market, vectors: NDArray[np.float32]) -> None:
    again = fit_encoder(market.snapshot(), QUICK).encode(market.snapshot())
    assert again.tobytes() == vectors.tobytes()


def test_another_seed_gives_another_encoder(market: Market, vectors: NDArray[np.float32]) -> None:
    other = fit_encoder(market.snapshot(), replace(QUICK, seed=1)).encode(market.snapshot())
    assert not np.allclose(other, vectors, atol=1e-2)


def test_the_callers_torch_is_left_as_it_was(market: Market, vectors: NDArray[np.float32]) -> None:
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        torch.manual_seed(99)
        before = torch.random.get_rng_state()
        alone = fit_encoder(market.snapshot(), QUICK).encode(market.snapshot())
        assert alone.tobytes() == vectors.tobytes()
        assert torch.get_num_threads() == 2
        assert not torch.are_deterministic_algorithms_enabled()
        assert torch.equal(torch.random.get_rng_state(), before)
    finally:
        torch.set_num_threads(threads)


def test_training_changes_the_encoder(market: Market, vectors: NDArray[np.float32]) -> None:
    untrained = fit_encoder(market.snapshot(), replace(QUICK, steps=0))
    assert not np.allclose(untrained.encode(market.snapshot()), vectors, atol=1e-2)


def test_an_isolated_account_leaves_the_others_alone(
    market: Market, encoder: Encoder, vectors: NDArray[np.float32]
) -> None:
    grown = encoder.encode(replace(market, n_accounts=market.n_accounts + 1).snapshot())
    np.testing.assert_allclose(grown[:-1], vectors, atol=1e-5)
    assert np.isfinite(grown[-1]).all()


def test_what_neighbours_do_reaches_an_account(market: Market, encoder: Encoder) -> None:
    linked = replace(market, orders=[*market.orders], uses=[*market.uses, (0, "device", "new"), (1, "device", "new")])
    busier = replace(linked, orders=[*linked.orders, *[(1, -1, -1, 900.0, 5.0 * i, 1) for i in range(40)]])
    before, after = encoder.encode(linked.snapshot()), encoder.encode(busier.snapshot())
    assert np.abs(after[0] - before[0]).max() > 1e-3


def test_chunks_do_not_change_the_vectors(market: Market, encoder: Encoder, vectors: NDArray[np.float32]) -> None:
    small = replace(encoder, settings=replace(encoder.settings, chunk=7))
    np.testing.assert_allclose(small.encode(market.snapshot()), vectors, atol=1e-5)


def test_accounts_that_behave_alike_are_nearest_to_one_another() -> None:
    market, planted = planted_market()
    snapshot = market.snapshot()
    vectors = fit_encoder(snapshot, replace(QUICK, steps=30, dimensions=32)).encode(snapshot)
    hits = [len(set(find_similar(vectors, account, 5).row.tolist()) & set(planted)) for account in planted]
    assert fmean(hits) >= 4.5


@pytest.mark.parametrize("n_accounts", [0, 1, 5])
def test_a_market_of_accounts_alone_can_be_encoded(n_accounts: int) -> None:
    snapshot = Market(n_accounts).snapshot()
    vectors = fit_encoder(snapshot, replace(QUICK, steps=2)).encode(snapshot)
    assert vectors.shape == (n_accounts, QUICK.dimensions)
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize("silenced", ["uses", "orders", "reviews", "referrals", "created"])
def test_a_missing_table_is_no_obstacle(market: Market, encoder: Encoder, silenced: str) -> None:
    poorer = replace(market, **{silenced: type(getattr(market, silenced))()})
    assert np.isfinite(encoder.encode(poorer.snapshot())).all()


def test_progress_reaches_its_end(market: Market) -> None:
    told: list[tuple[str, int, int]] = []
    fit_encoder(market.snapshot(), replace(QUICK, steps=2), progress=lambda *step: told.append(step)).encode(
        market.snapshot(), progress=lambda *step: told.append(step)
    )
    assert told == [
        ("train encoder", 1, 2),
        ("train encoder", 2, 2),
        ("encode accounts", 1, 2),
        ("encode accounts", 2, 2),
    ]


@pytest.mark.parametrize(
    ("name", "value"), [("dimensions", 0), ("steps", -1), ("hide_share", 1.0), ("temperature", 0.0), ("batch", 0)]
)
def test_a_senseless_setting_is_named(market: Market, name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"encoder.{name} is {value}"):
        fit_encoder(market.snapshot(), replace(QUICK, **{name: value}))


# Files ------------------------------------------------------------------------------------------


def rewrite(path: Path, change: dict[str, object], weights: bytes | None = None) -> None:
    """Write an encoder's file again with another manifest or other weights."""
    with zipfile.ZipFile(path) as file:
        manifest = json.loads(file.read("manifest.json")) | change
        weights = file.read("weights.pt") if weights is None else weights
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("manifest.json", json.dumps(manifest))
        file.writestr("weights.pt", weights)


def test_a_written_encoder_comes_back_the_same(market: Market, encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "accounts.encoder"
    write_encoder(path, encoder, {"accounts": market.n_accounts})
    kept = read_encoder(path)
    assert kept.learnt == {"accounts": market.n_accounts}
    assert replace(kept.encoder.settings, device="cpu") == encoder.settings
    assert kept.encoder.encode(market.snapshot()).tobytes() == encoder.encode(market.snapshot()).tobytes()


def test_the_same_encoder_is_the_same_file(encoder: Encoder, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write_encoder(first, encoder)
    write_encoder(second, encoder)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": 99}, "format 99"),
        ({"features": ["account.horoscope", *feature_names()]}, r"other features \(account\.horoscope\)"),
        ({"relations": []}, "other relations"),
        ({"traits": [*reversed(TRAITS)]}, r"other traits \(their order\)"),
        ({"settings": {"hidden": 17}}, "do not fit together"),
        ({"settings": {"horoscope": True}}, "do not fit together"),
        ({"centre": [0.0]}, "do not fit together"),
        ({"weights_sha256": "0"}, "not what was written"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused_in_one_line(
    encoder: Encoder, tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    path = tmp_path / "accounts.encoder"
    write_encoder(path, encoder)
    rewrite(path, change)
    with pytest.raises(ConfigError, match=complaint) as refusal:
        read_encoder(path)
    assert "\n" not in str(refusal.value)
    assert "ringfence train --encoder" in str(refusal.value)


def test_weights_that_would_run_code_are_refused(encoder: Encoder, tmp_path: Path) -> None:
    path, evil = tmp_path / "accounts.encoder", io.BytesIO()
    write_encoder(path, encoder)
    torch.save({"enter": Path("surprise")}, evil)  # an object of a class is more than a tensor
    rewrite(path, {"weights_sha256": hashlib.sha256(evil.getvalue()).hexdigest()}, evil.getvalue())
    with pytest.raises(ConfigError, match="do not fit together"):
        read_encoder(path)


def test_a_damaged_encoder_is_refused(encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "accounts.encoder"
    write_encoder(path, encoder)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ConfigError, match="damaged"):
        read_encoder(path)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"accounts\.encoder: the encoder cannot be read"):
        read_encoder(tmp_path / "accounts.encoder")


# Trainings that are cut short -------------------------------------------------------------------

LONG = replace(QUICK, steps=60)


def stop_at(step: int) -> Callable[[str, int, int], None]:
    def tell(_: str, done: int, __: int) -> None:
        if done == step:
            raise KeyboardInterrupt

    return tell


def test_a_training_that_was_cut_short_ends_in_the_bytes_of_an_unbroken_one(market: Market, tmp_path: Path) -> None:
    snapshot, kept_at = market.snapshot(), tmp_path / "under-way"
    known = KnownAccounts(np.arange(20), np.arange(20) % 2 == 0)
    for step in (KEEP_EVERY + 3, 2 * KEEP_EVERY + 1):
        with pytest.raises(KeyboardInterrupt):
            fit_encoder(snapshot, LONG, known=known, kept_at=kept_at, progress=stop_at(step))
    steps: list[int] = []
    resumed = fit_encoder(snapshot, LONG, known=known, kept_at=kept_at, progress=lambda _, n, __: steps.append(n))
    assert steps[0] == 2 * KEEP_EVERY + 1
    unbroken = fit_encoder(snapshot, LONG, known=known)
    assert pack_encoder(resumed, {}) == pack_encoder(unbroken, {})
    assert resumed.losses == unbroken.losses


def test_a_killed_process_is_taken_up_where_it_was(market: Market, tmp_path: Path) -> None:
    kept_at, snapshot = tmp_path / "under-way", market.snapshot()
    child = os.fork()
    if not child:  # pragma: no cover  # in the other process
        fit_encoder(snapshot, LONG, kept_at=kept_at, progress=lambda _, n, __: n == 40 and os.kill(os.getpid(), 9))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    steps: list[int] = []
    resumed = fit_encoder(snapshot, LONG, kept_at=kept_at, progress=lambda _, n, __: steps.append(n))
    assert steps[0] == KEEP_EVERY + 1
    assert pack_encoder(resumed, {}) == pack_encoder(fit_encoder(snapshot, LONG), {})


@pytest.mark.parametrize("other", ["market", "settings", "damage"])
def test_a_training_of_something_else_is_not_taken_up(market: Market, tmp_path: Path, other: str) -> None:
    kept_at, snapshot, chosen = tmp_path / "under-way", market.snapshot(), LONG
    fit_encoder(snapshot, chosen, kept_at=kept_at)
    if other == "market":
        snapshot = random_market(9).snapshot()
    elif other == "settings":
        chosen = replace(LONG, seed=3)
    else:
        kept_at.write_bytes(kept_at.read_bytes()[:100])
    steps: list[int] = []
    fit_encoder(snapshot, chosen, kept_at=kept_at, progress=lambda _, n, __: steps.append(n))
    assert steps[0] == 1


# Labels -----------------------------------------------------------------------------------------


def test_fine_tuning_tells_known_fraud_from_the_others(market: Market) -> None:
    snapshot = market.snapshot()
    known = KnownAccounts(np.arange(40), np.arange(40) < 20)

    def part(encoder: Encoder) -> float:
        vectors = encoder.encode(snapshot)
        bad, good = vectors[:20].mean(axis=0), vectors[20:40].mean(axis=0)
        return float(np.linalg.norm(bad - good))

    plain, tuned = fit_encoder(snapshot, QUICK), fit_encoder(snapshot, replace(QUICK, label_steps=60), known=known)
    assert part(tuned) > 1.3 * part(plain)


# As of an instant -------------------------------------------------------------------------------


def test_encoding_as_of_an_instant_is_encoding_a_market_cut_by_hand(tmp_path: Path) -> None:
    market = simulate_market(MarketSettings(600, seed=2))
    write_market(market, tmp_path / "market", "parquet")
    tables = read_folder(tmp_path / "market", Settings())
    as_of = np.datetime64("2024-09-01T00:00:00", "us")
    with open_store(str(tmp_path / "whole"), mode="write") as store:
        store.load(tables)
        whole, seen = store.snapshot(), store.snapshot(as_of=as_of)
    with open_store(str(tmp_path / "cut"), mode="write") as store:
        store.load(forget_later(tables, as_of))
        by_hand = store.snapshot()
    assert len(seen.orders.buyer) < len(whole.orders.buyer)
    encoder = fit_encoder(whole, ALL_TRAITS)
    vectors = dict(zip(by_hand.account_id.tolist(), encoder.encode(by_hand), strict=True))
    for account_id, vector in zip(seen.account_id.tolist(), encoder.encode(seen), strict=True):
        assert vectors[account_id].tobytes() == vector.tobytes()


# One newcomer -----------------------------------------------------------------------------------


def take_facts(market: Market, account: int) -> Market:
    """The market with the facts of one account only; rows stay."""
    return replace(
        market,
        uses=[use for use in market.uses if use[0] == account],
        orders=[order for order in market.orders if account in order[:2]],
        reviews=[review for review in market.reviews if account in (review[0], review[2])],
        referrals=[pair for pair in market.referrals if account in pair],
    )


@pytest.mark.parametrize("settings", [QUICK, ALL_TRAITS])
def test_a_known_account_encoded_by_its_facts_alone_is_what_it_was(market: Market, settings: EncoderSettings) -> None:
    snapshot = market.snapshot()
    encoder = fit_encoder(snapshot, settings)
    vectors, warm = encoder.encode(snapshot), warm_up(encoder, snapshot)
    assert warm.states.vectors.tobytes() == vectors.tobytes()
    for account in range(0, market.n_accounts, 7):
        alone = warm.encode_newcomer(take_facts(market, account).snapshot(), f"a{account:05d}")
        np.testing.assert_allclose(alone, vectors[account], atol=1e-4)


def test_a_newcomer_is_encoded_nearly_as_if_the_market_knew_it(market: Market, encoder: Encoder) -> None:
    grown = replace(
        market,
        n_accounts=market.n_accounts + 1,
        uses=[*market.uses, (60, "device", "v3"), (60, "email", "new")],
        orders=[*market.orders, (60, 4, 2, 20.0, 99_000.0, 0), (60, 9, -1, 35.0, 99_500.0, 0)],
    )
    warm = warm_up(encoder, market.snapshot())
    alone = warm.encode_newcomer(take_facts(grown, 60).snapshot(), "a00060")
    assert float(alone @ encoder.encode(grown.snapshot())[60]) > 0.98


def test_a_newcomer_without_facts_is_named(market: Market, encoder: Encoder) -> None:
    with pytest.raises(UnknownIdError, match="'nobody' is not among the facts"):
        warm_up(encoder, market.snapshot()).encode_newcomer(market.snapshot(), "nobody")


# Devices ----------------------------------------------------------------------------------------


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_gives_the_same_vectors(
    market: Market, encoder: Encoder, vectors: NDArray[np.float32], tmp_path: Path
) -> None:
    write_encoder(tmp_path / "accounts.encoder", encoder)
    moved = read_encoder(tmp_path / "accounts.encoder", device="cuda").encoder
    np.testing.assert_allclose(moved.encode(market.snapshot()), vectors, atol=1e-4)


# Likeness ---------------------------------------------------------------------------------------


def test_similar_accounts_are_those_of_a_full_sort() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.integers(-1, 2, (200, 3)).astype(np.float32) + np.float32(0.1)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for k in (1, 10, 199, 500):
        cosine = [round(float(np.dot(vectors[i], vectors[7])), 6) for i in range(200)]
        expected = sorted((i for i in range(200) if i != 7), key=lambda i: (-cosine[i], i))[:k]
        assert find_similar(vectors, 7, k).row.tolist() == expected


def test_the_nearest_of_all_are_those_of_each() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(1100, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    near = find_nearest(vectors, 5)
    for row in (0, 511, 512, 1099):
        assert near[row].tolist() == find_similar(vectors, row, 5).row.tolist()


def test_an_account_like_a_crowd_is_near_nobody() -> None:
    vectors = np.repeat(np.eye(2, dtype=np.float32), [8, 3], axis=0)
    near = find_nearest(vectors, 3)
    assert (near[:8] == -1).all()
    assert set(near[8, :2].tolist()) == {9, 10}


def test_asking_for_no_account_is_refused() -> None:
    with pytest.raises(ConfigError, match="k is 0"):
        find_similar(np.eye(3, dtype=np.float32), 0, 0)


def test_an_only_account_is_like_nobody() -> None:
    assert find_similar(np.ones((1, 1), dtype=np.float32), 0, 5).row.tolist() == []


def test_a_likeness_is_explained_by_what_is_rare_in_the_market() -> None:
    market, planted = planted_market()
    reasons = explain_likeness(account_features(market.snapshot()), planted[0], planted[1])
    named = {reason.feature: reason for reason in reasons}
    assert named["email.log_count"].value_a == pytest.approx(3, abs=1e-5)
    assert named["email.log_count"].market_share == pytest.approx(6 / 86)
    assert any(feature.startswith("bought.") for feature in named)
    shares = [reason.market_share for reason in reasons]
    assert shares == sorted(shares)
    assert len({reason.feature.partition(".")[0] for reason in reasons}) == len(reasons)


def test_what_everybody_does_explains_nothing() -> None:
    features = account_features(Market(10, created=dict.fromkeys(range(10), -5.0)).snapshot())
    assert explain_likeness(features, 0, 1) == ()
