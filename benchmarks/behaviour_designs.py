"""Accounts as what they did in order, and the designs that `behaviour.py` compares: vectors of behaviour over time.

No design knows on whom an account acted, only how sought after that one is: that two accounts deal with the same shop
the channels say, and better (ADR 10).  No label, flag or ring goes into them, but into `told by the truth`, which is
there to see how much there is to be learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer

from graph.model import Snapshot

KINDS = ("joins", "buys", "pays", "wants back", "sells", "praises", "is lukewarm", "blames", "refers", "other")
N_CLASSES, N_GAPS, N_PARTS = 6, 9, 5
GAPS_DAYS = (1 / 144, 1 / 24, 1 / 4, 1, 4, 16, 64)
LONGEST = 48
"""Of a longer life, so many acts in a row, drawn anew at each step, and the last ones when it is encoded."""
PERIODS_DAYS = (7, 30, 120, 480, 1920)
WIDTH, STEPS, BATCH = 64, 400, 256
WARMTH = 0.1
FEWEST = 3
"""Of an account that did less, nothing is said."""


@dataclass(frozen=True)
class Acts:
    """What accounts did, sorted by account and time.

    ``account`` (T,) rows; ``at`` (T,) days; ``what`` (T,) kind of act and how sought after its object is; ``gap`` (T,)
    class of the time since the act before, 0 for the first; ``part`` (T,) of the day, 0 where only a date is known;
    ``start`` (N + 1,) where each account's acts begin.
    """

    account: NDArray[np.int64]
    at: NDArray[np.float64]
    what: NDArray[np.int64]
    gap: NDArray[np.int64]
    part: NDArray[np.int64]
    start: NDArray[np.int64]

    @property
    def count(self) -> NDArray[np.int64]:
        """How many each account did (N,)."""
        return np.diff(self.start)


def read_acts(snapshot: Snapshot) -> Acts:
    """Everything dated that accounts did."""
    parts = [*_join(snapshot), *_trade(snapshot), *_review(snapshot), *_act_otherwise(snapshot)]
    account, at, kind, sought = (np.concatenate([part[place] for part in parts]) for place in range(4))
    known = (account >= 0) & ~np.isnat(at)
    account, kind, sought = account[known], kind[known], sought[known]
    moment = at[known].astype("datetime64[s]").astype(np.int64)
    order = np.lexsort((kind, moment, account))
    account, moment, what = account[order], moment[order], (kind * N_CLASSES + sought)[order]
    days = moment / 86_400
    gap = 1 + np.searchsorted(GAPS_DAYS, np.diff(days, prepend=0.0), side="right")
    gap[np.diff(account, prepend=-1) != 0] = 0
    of_day = moment % 86_400
    part = np.where(of_day == 0, 0, 1 + of_day // 21_600)
    return Acts(account, days, what, gap, part, np.searchsorted(account, np.arange(snapshot.n_accounts + 1)))


Part = tuple[NDArray[np.int64], NDArray[np.datetime64], NDArray[np.int64], NDArray[np.int64]]


def _tell(account: NDArray[np.int64], at: NDArray[np.datetime64], kind: object, sought: object) -> Part:
    n = len(account)
    return account, at.astype("datetime64[us]"), np.broadcast_to(kind, n), np.broadcast_to(sought, n)


def _join(snapshot: Snapshot) -> list[Part]:
    rows, referred = np.arange(snapshot.n_accounts), snapshot.referral_account
    return [
        _tell(rows, snapshot.created_at, KINDS.index("joins"), 0),
        _tell(snapshot.referral_by, snapshot.created_at[referred], KINDS.index("refers"), 0),
    ]


def _trade(snapshot: Snapshot) -> list[Part]:
    orders = snapshot.orders
    back = [code for code, name in enumerate(orders.status_names) if name not in ("completed", "cancelled", "")]
    kind = np.where(orders.product >= 0, KINDS.index("buys"), KINDS.index("pays"))
    kind = np.where(np.isin(orders.status, back), KINDS.index("wants back"), kind)
    sought = _class_sought(orders.seller, snapshot)
    return [
        _tell(orders.buyer, orders.ordered_at, kind, sought),
        _tell(orders.seller, orders.ordered_at, KINDS.index("sells"), 0),
    ]


def _review(snapshot: Snapshot) -> list[Part]:
    reviews = snapshot.reviews
    mild = np.where(reviews.rating <= 2, KINDS.index("blames"), KINDS.index("is lukewarm"))
    kind = np.where(reviews.rating >= 4, KINDS.index("praises"), mild)
    return [_tell(reviews.author, reviews.reviewed_at, kind, _class_sought(reviews.seller, snapshot))]


def _act_otherwise(snapshot: Snapshot) -> list[Part]:
    events = snapshot.events
    action = np.minimum(events.action, N_CLASSES - 1)
    return [_tell(events.account, events.happened_at, KINDS.index("other"), action)]


def _class_sought(seller: NDArray[np.int64], snapshot: Snapshot) -> NDArray[np.int64]:
    """How sought after a seller is, each class four times the one before; 0 where it is unknown."""
    sold = np.bincount(snapshot.orders.seller[snapshot.orders.seller >= 0], minlength=snapshot.n_accounts)
    found = 1 + np.floor(np.log2(1 + sold) / 2).astype(np.int64)
    return np.where(seller >= 0, np.minimum(found[seller], N_CLASSES - 1), 0)


def count_phrases(acts: Acts) -> sparse.csr_array:
    """One to three acts in a row, each with the time since the one before: in what order an account lives (N, F)."""
    word, first = acts.what * N_GAPS + acts.gap, acts.start[acts.account]
    n_words, place = len(KINDS) * N_CLASSES * N_GAPS, np.arange(len(word))
    phrase, codes = word.copy(), [word]
    for length in (1, 2):
        phrase = np.where(place - length >= first, (phrase + 1) * n_words + np.roll(word, length), -1)
        codes.append(np.where(phrase >= 0, phrase + (length << 40), -1))
    return _count(np.tile(acts.account, 3), np.concatenate(codes), len(acts.start) - 1)


def count_moments(acts: Acts) -> sparse.csr_array:
    """Each act with the days that it lies in, of three widths, each laid twice: what an account did when (N, F)."""
    codes = [
        ((acts.what * 4 + place) * 2 + half) * 100_000 + np.floor(acts.at / days + half / 2).astype(np.int64) % 100_000
        for place, days in enumerate((1, 4, 16))
        for half in (0, 1)
    ]
    return _count(np.tile(acts.account, len(codes)), np.concatenate(codes), len(acts.start) - 1)


def _count(account: NDArray[np.int64], code: NDArray[np.int64], n: int) -> sparse.csr_array:
    account, code = account[code >= 0], code[code >= 0]
    distinct, column = np.unique(code, return_inverse=True)
    counts = sparse.csr_array((np.ones(len(code)), (account, column)), shape=(n, len(distinct)))
    counts.sum_duplicates()
    return counts


def project_counts(counts: sparse.csr_array, seed: int) -> NDArray[np.float32]:
    """Weighed by rarity (TF-IDF), and the 64 directions in which accounts differ most."""
    weighed = TfidfTransformer(sublinear_tf=True).fit_transform(sparse.csr_matrix(counts))
    return _to_unit(TruncatedSVD(WIDTH, random_state=seed).fit_transform(weighed))


def weigh_counts(counts: sparse.csr_array) -> sparse.csr_array:
    """Weighed by rarity, of unit length, and nothing left out; what one account alone did is like nothing."""
    common = np.flatnonzero((counts > 0).sum(axis=0) > 1)
    return sparse.csr_array(TfidfTransformer(sublinear_tf=True).fit_transform(sparse.csr_matrix(counts)[:, common]))


def _to_unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    """Centred and of unit length."""
    centred = vectors - vectors.mean(axis=0)
    return (centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def whiten(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    """Every direction counts alike."""
    centred = vectors - vectors.mean(axis=0)
    value, axes = np.linalg.eigh(np.cov(centred.T))
    return _to_unit(centred @ (axes / np.sqrt(np.maximum(value, 1e-6 * value.max()))))


@dataclass(frozen=True)
class Batch:
    """Some accounts' acts.

    ``what``, ``gap``, ``part`` (B, L), ``at`` (B, L) days before the market's last one, and
    whether there is an act ``there`` (B, L).
    """

    what: torch.Tensor
    gap: torch.Tensor
    part: torch.Tensor
    at: torch.Tensor
    there: torch.Tensor


def gather_batch(acts: Acts, chosen: Sequence[NDArray[np.int64]]) -> Batch:
    """Rows of acts, one list for each account, padded at the end; gaps are those between the acts that are there."""
    length = max(1, *(len(rows) for rows in chosen))
    place = np.zeros((len(chosen), length), dtype=np.int64)
    there = np.zeros((len(chosen), length), dtype=bool)
    for row, rows in enumerate(chosen):
        place[row, : len(rows)], there[row, : len(rows)] = rows, True
    at = acts.at[place]
    gap = 1 + np.searchsorted(GAPS_DAYS, np.diff(at, axis=1, prepend=0.0), side="right")
    gap[:, 0] = 0
    last = float(np.quantile(acts.at, 0.999))
    told = (acts.what[place], np.where(there, gap, 0), acts.part[place])
    return Batch(
        *(torch.from_numpy(each) for each in told),
        torch.from_numpy((last - at).astype(np.float32)),
        torch.from_numpy(there),
    )


class Reader(torch.nn.Module):
    """Reads an account's acts in order (a gated recurrent unit), with the calendar as waves."""

    def __init__(self) -> None:
        super().__init__()
        self.what = torch.nn.Embedding(len(KINDS) * N_CLASSES, 24)
        self.gap = torch.nn.Embedding(N_GAPS, 8)
        self.part = torch.nn.Embedding(N_PARTS, 4)
        self.cell = torch.nn.GRU(36 + 2 * len(PERIODS_DAYS), WIDTH, batch_first=True)
        self.next_what = torch.nn.Linear(WIDTH, len(KINDS) * N_CLASSES)
        self.next_gap = torch.nn.Linear(WIDTH, N_GAPS)
        self.project = torch.nn.Linear(WIDTH, WIDTH)

    def read(self, batch: Batch) -> torch.Tensor:
        """What is known after each act (B, L, WIDTH)."""
        angle = 2 * torch.pi * batch.at[..., None] / torch.tensor(PERIODS_DAYS, dtype=torch.float32)
        told = [self.what(batch.what), self.gap(batch.gap), self.part(batch.part), torch.sin(angle), torch.cos(angle)]
        states: torch.Tensor = self.cell(torch.cat(told, dim=-1))[0]
        return states

    def sum_up(self, batch: Batch) -> torch.Tensor:
        """The mean of the states (B, WIDTH)."""
        there = batch.there[..., None].float()
        return (self.read(batch) * there).sum(dim=1) / there.sum(dim=1).clamp(min=1.0)


def _expect_next(reader: Reader, acts: Acts, rows: NDArray[np.int64], rng: np.random.Generator) -> torch.Tensor:
    """What comes next, and how long after."""
    batch = gather_batch(acts, [_take_some(acts, row, rng) for row in rows])
    states, told = reader.read(batch)[:, :-1], batch.there[:, 1:]
    what = torch.nn.functional.cross_entropy(reader.next_what(states)[told], batch.what[:, 1:][told])
    gap = torch.nn.functional.cross_entropy(reader.next_gap(states)[told], batch.gap[:, 1:][told])
    return what + gap


def _take_some(acts: Acts, row: int, rng: np.random.Generator) -> NDArray[np.int64]:
    begin, end = acts.start[row : row + 2].tolist()
    first = int(rng.integers(begin, max(end - LONGEST, begin) + 1))
    return np.arange(first, min(first + LONGEST, end))


def _find_other_half(reader: Reader, acts: Acts, rows: NDArray[np.int64], rng: np.random.Generator) -> torch.Tensor:
    """Which other half of some acts is the same account's (InfoNCE), among accounts that did about as much."""
    halves = []
    for row in rows:
        taken = _take_some(acts, row, rng)
        mine = rng.permutation(len(taken)) < len(taken) // 2
        halves.append((taken[mine], taken[~mine]))
    seen = [gather_batch(acts, [half[side] for half in halves]) for side in (0, 1)]
    return _contrast(*(reader.project(reader.sum_up(batch)) for batch in seen))


def _contrast(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """InfoNCE: each of some (B, WIDTH) and its own among others."""
    one, other = (torch.nn.functional.normalize(each, dim=1) for each in (one, other))
    logits = one @ other.T / WARMTH
    return (torch.logsumexp(logits, dim=1) - logits.diagonal()).mean()


Objective = Callable[[Reader, Acts, NDArray[np.int64], np.random.Generator], torch.Tensor]


def train_reader(objective: Objective, acts: Acts, *, seed: int, steps: int = STEPS) -> Reader:
    """A reader trained on one market; batches are of accounts that did about as much as one another."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng, reader = np.random.default_rng(seed), Reader()
    able = np.flatnonzero(acts.count > FEWEST)
    able = able[np.argsort(acts.count[able] + rng.random(len(able)), kind="stable")]
    step = torch.optim.Adam(reader.parameters(), lr=3e-3)
    for _ in range(steps):
        begin = int(rng.integers(0, max(len(able) - BATCH, 0) + 1))
        loss = objective(reader, acts, able[begin : begin + BATCH], rng)
        step.zero_grad()
        loss.backward()
        step.step()
    return reader


def read_all(reader: Reader, acts: Acts, *, projected: bool) -> NDArray[np.float64]:
    """The vector of every account's last acts (N, WIDTH)."""
    found = np.zeros((len(acts.start) - 1, WIDTH))
    by_length = np.argsort(acts.count, kind="stable")
    with torch.no_grad():
        for rows in np.array_split(by_length, max(1, len(by_length) // 512)):
            batch = gather_batch(acts, [np.arange(*acts.start[row : row + 2])[-LONGEST:] for row in rows])
            seen = reader.sum_up(batch)
            found[rows] = (reader.project(seen) if projected else seen).numpy()
    return found


def encode_next(acts: Acts, seed: int) -> NDArray[np.float32]:
    """Trained to expect the next act and when it comes."""
    return whiten(read_all(train_reader(_expect_next, acts, seed=seed), acts, projected=False))


def encode_halves(acts: Acts, seed: int) -> NDArray[np.float32]:
    """Trained to find an account's other half."""
    reader = train_reader(_find_other_half, acts, seed=seed)
    return _to_unit(read_all(reader, acts, projected=True))


def learn_mates(
    taught: Sequence[tuple[Acts, Sequence[NDArray[np.int64]]]], acts: Acts, seed: int, steps: int = STEPS
) -> NDArray[np.float32]:
    """Told by the truth of other markets who is whose ring mate; others did about as much.  An upper bound."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng, reader = np.random.default_rng(seed), Reader()
    step = torch.optim.Adam(reader.parameters(), lr=3e-3)
    for _ in range(steps):
        known, rings = taught[int(rng.integers(len(taught)))]
        loss = _find_mates(reader, known, rings, rng)
        step.zero_grad()
        loss.backward()
        step.step()
    return _to_unit(read_all(reader, acts, projected=True))


def _find_mates(
    reader: Reader, acts: Acts, rings: Sequence[NDArray[np.int64]], rng: np.random.Generator
) -> torch.Tensor:
    pairs = []
    for ring in rings:
        able = ring[acts.count[ring] > FEWEST]
        if len(able) > 1:
            pairs.append(rng.choice(able, 2, replace=False))
    able = np.flatnonzero(acts.count > FEWEST)
    others = rng.choice(able, BATCH - len(pairs), replace=False)
    rows = np.concatenate([np.array(pairs), np.stack([others, others], axis=1)])
    seen = [gather_batch(acts, [_take_some(acts, row, rng) for row in rows[:, side]]) for side in (0, 1)]
    one, other = (reader.project(reader.sum_up(batch)) for batch in seen)
    # Only ring members are asked for: an honest account is there to be told from their mates.
    one, other = (torch.nn.functional.normalize(each, dim=1) for each in (one[: len(pairs)], other))
    return torch.nn.functional.cross_entropy(one @ other.T / WARMTH, torch.arange(len(pairs)))
