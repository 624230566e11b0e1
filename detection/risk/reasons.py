"""Why a model says what it says, in sentences: exact contributions, grouped by topic.

The log-odds of a blend are a sum.  The linear part's share is the weight times the standard score of each column, the
trees' share is their exact Shapley values (TreeSHAP, Lundberg et al., Nature Machine Intelligence 2, 2020), the
unsupervised score's share is its own.  Together they are the log-odds, to rounding.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

import numpy as np

from detection.risk.blend import read_log_odds
from detection.risk.linear import standardise
from detection.risk.model import RiskModel
from detection.risk.trees import read_trees
from embeddings.features.relations import Matrix
from embeddings.features.table import TWO_STEPS, FeatureTable, pick_columns
from graph.model import Floats, Ints

RINGS = "rings"
SHOWN_TOPICS = 3
ROWS_AT_ONCE = 1_000
LEAST = math.log(1.2)
"""A topic that does not raise the odds by a fifth is no reason."""
_TOPICS = {
    "account": "its age",
    "bought": "what it buys",
    "sold": "what it sells",
    "trade": "how it trades",
    "reviews": "the reviews that it writes",
    "received": "the reviews that it gets",
    "referrals": "referrals",
    "rhythm": "its rhythm",
    "payment": "its payment identifiers",
    "ip": "its network addresses",
    "other": "its other identifiers",
}
_RELATIONS = {
    "sold to": "those that it sold to",
    "bought from": "those that it bought from",
    "referred": "those that it referred",
    "referred by": "who referred it",
    "bought the same": "those that bought the same",
    "reviewed the same": "those that reviewed the same",
    "agreed in a review": "those that agreed with it in a review",
    TWO_STEPS: "accounts two steps away",
}
_FEATURES = {
    "after_first_act_share": "the share of them that came after the first deal",
    "amount_spread": "the spread of amounts",
    "busiest_day_share": "the share of the busiest day",
    "busy_days_max": "how crowded with reviews the days around the most crowded one were",
    "busy_days_mean": "how crowded with reviews the days around were",
    "came_by_one": "whether somebody referred it",
    "closest_partner_share": "the share of the closest partner",
    "days_from_first_act": "the days from the first of them to the first deal",
    "disputed_share": "the share of disputes",
    "extreme_share": "the share of best and worst ratings",
    "five_share": "the share of best ratings",
    "gap_entropy_bits": "how irregular the gaps are",
    "large_share": "the share of large amounts",
    "log_age_at_first_act_days": "the days from signing up to the first deal",
    "log_amount_max": "the largest amount",
    "log_amount_mean": "the mean amount",
    "log_amount_min": "the smallest amount",
    "log_amount_total": "the total amount",
    "log_busiest_day": "how much on the busiest day",
    "log_count": "how many",
    "log_days_since_first_min": "the days since what it judges was first reviewed",
    "log_days_to_other": "the days until another account used the same",
    "log_first_amount": "the first amount",
    "log_longest_gap_days": "the longest gap",
    "log_made": "how many it referred",
    "log_neighbours": "how many there are",
    "log_new_in_week": "how many new ones in one week",
    "log_others_max": "how many use the most shared one",
    "log_others_mean": "how many use the same",
    "log_partners": "how many partners",
    "log_partners_partners_max": "how many partners the busiest partner has",
    "log_partners_partners_mean": "how many partners the partners have",
    "log_place_min": "how many reviewed the same before",
    "log_rarely_shared": "how many are shared with few",
    "log_shared": "how many are shared",
    "log_shortest_gap_days": "the shortest gap",
    "log_span_days": "the days from first to last",
    "log_taken_over": "how many another account had before",
    "log_target_reviews_mean": "how often others review the same",
    "night_share": "the share at night",
    "one_share": "the share of worst ratings",
    "place_share_mean": "how late reviews come",
    "rating_mean": "the mean rating",
    "rating_off_max": "how far a rating is off from others' at most",
    "rating_off_mean": "how far ratings are above others'",
    "reciprocity": "the share of partners that it deals with both ways",
    "refunded_share": "the share of refunds",
    "repeated_share": "the share of amounts that repeat the one before",
    "round_share": "the share of round amounts",
    "shared_share": "the share of them that is shared",
    "spent_share": "what is spent, against what is earned",
    "target_rating_mean": "the mean rating that others give to the same",
    "target_rating_spread": "how much opinions of the same differ",
}


@dataclass(frozen=True)
class Contributions:
    """``rest`` (n,) log-odds that are nobody's; ``columns`` (n, F) and ``rings`` (n,) what each adds to them."""

    rest: Floats
    columns: Floats
    rings: Floats


def split_log_odds(model: RiskModel, table: Matrix, ring_score: Floats) -> Contributions:
    """Split the log-odds of some accounts exactly into what made them.

    Parameters
    ----------
    model
        The model.
    table, ring_score
        (n, F) and (n,): as :func:`~detection.risk.model.score_risk` reads them, of the accounts to explain.
    """
    weight = model.blend.weights
    rest = np.full(len(table), model.blend.bias + model.shift + weight["linear"] * model.linear.bias)
    columns = weight["linear"] * standardise(model.linear, table) * model.linear.weight
    # The last column is what the trees say before they know anything of an account.
    shapley = read_trees(model.trees).predict(table, pred_contrib=True, num_threads=1)
    shapley = weight["trees"] * np.asarray(shapley, dtype=np.float64)
    return Contributions(rest + shapley[:, -1], columns + shapley[:, :-1], weight[RINGS] * read_log_odds(ring_score))


def explain_risk(
    model: RiskModel,
    features: FeatureTable,
    ring_score: Floats,
    rows: Ints,
    *,
    market: FeatureTable | None = None,
    usual: Floats | None = None,
) -> dict[int, tuple[str, ...]]:
    """What raised the risk of some accounts most, in sentences, by row; compared with accounts in general.

    Parameters
    ----------
    model
        The model.
    features, ring_score
        Of the accounts to explain, among others or alone: (N,) scores in [0, 1].
    rows
        Which of them to explain.
    market, usual
        Of accounts in general, where ``features`` and ``ring_score`` are not.
    """
    topics, code = np.unique([name_topic(name) for name in model.names], return_inverse=True)
    usual = ring_score if usual is None else usual
    # Columns are centred and this part is not: only what it adds beyond the usual account's is a reason.
    usual_rings = float(np.median(read_log_odds(usual))) * model.blend.weights[RINGS]
    standing = _Standing(features if market is None else market)
    reasons = {}
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[begin : begin + ROWS_AT_ONCE]
        table = pick_columns(features, model.names, some)
        split = split_log_odds(model, table, ring_score[some])
        sums = _sum_topics(split.columns, code, len(topics))
        for place, row in enumerate(some.tolist()):
            columns = zip(topics.tolist(), sums.raised[place].tolist(), sums.best[place].tolist(), strict=True)
            found = [_Reason(topic, by, model.names[one], table[place, one]) for topic, by, one in columns]
            found.append(_Reason(RINGS, float(split.rings[place]) - usual_rings))
            found.sort(key=lambda reason: (-reason.raised, reason.topic))
            reasons[row] = tuple(_say(reason, standing) for reason in found[:SHOWN_TOPICS] if reason.raised >= LEAST)
    return reasons


@dataclass(frozen=True)
class _Reason:
    """A topic, by how much it ``raised`` the log-odds, and the column that did most of it with its ``value``."""

    topic: str
    raised: float
    column: str = ""
    value: float = np.nan


@dataclass(frozen=True)
class _TopicSums:
    """What each topic ``raised`` (M, T) the log-odds by, and its ``best`` column (M, T), which did most of it."""

    raised: Floats
    best: Ints


def _sum_topics(columns: Floats, code: Ints, n_topics: int) -> _TopicSums:
    raised, best = np.empty((len(columns), n_topics)), np.empty((len(columns), n_topics), dtype=np.int64)
    for topic in range(n_topics):
        inside = np.flatnonzero(code == topic)
        raised[:, topic] = columns[:, inside].sum(axis=1)
        best[:, topic] = inside[np.argmax(columns[:, inside], axis=1)]
    return _TopicSums(raised, best)


@dataclass(frozen=True)
class _Standing:
    """Where values stand in a market, with the sorted columns that were asked for."""

    features: FeatureTable
    sorted: dict[str, Matrix] = field(default_factory=dict)

    def say(self, name: str, value: float) -> str:
        """Where a value stands among the accounts of which it is known."""
        if not np.isfinite(value):
            return "nothing known"
        if name not in self.sorted:
            column = pick_columns(self.features, [name])[:, 0]
            self.sorted[name] = np.sort(column[np.isfinite(column)])
        known = self.sorted[name]
        below = float(np.searchsorted(known, value, side="left")) / len(known)
        above = 1.0 - float(np.searchsorted(known, value, side="right")) / len(known)
        if below >= above:
            return f"more than {math.floor(100 * below)} % of accounts"
        return f"less than {math.floor(100 * above)} % of accounts"


def _say(reason: _Reason, standing: _Standing) -> str:
    factor = f"(odds × {np.exp(reason.raised):.1f})"
    if reason.topic == RINGS:
        return f"what it shares and the rings that it is in {factor}"
    where = standing.say(reason.column, reason.value)
    return f"{reason.topic} {factor}, above all {name_feature(reason.column)}: {where}"


def name_topic(column: str) -> str:
    """What a column is about, in words.

    >>> name_topic("payment.log_count"), name_topic("shares device: bought.log_count")
    ('its payment identifiers', 'those that it shares a device with')
    """
    relation, _, rest = column.rpartition(": ")
    if relation:
        kind = relation.removeprefix("shares ")
        article = "an" if kind[:1] in "aeiou" else "a"
        return f"those that it shares {article} {kind} with" if kind != relation else _RELATIONS.get(relation, relation)
    topic = rest.partition(".")[0]
    return _TOPICS.get(topic, f"its {topic} identifiers")


def name_feature(column: str) -> str:
    """A feature in words.

    >>> name_feature("shares device: bought.log_amount_mean"), name_feature("rhythm.night_share")
    ('the mean amount (bought)', 'the share at night (rhythm)')
    """
    topic, _, feature = column.rpartition(": ")[2].rpartition(".")
    plain = _FEATURES.get(feature) or re.sub(r"^log_", "", feature).replace("_", " ")
    return f"{plain} ({topic})" if topic else plain


def measure_weights(model: RiskModel, table: Matrix) -> list[tuple[str, float]]:
    """Topics by how much they move the log-odds of accounts, on average, the weightiest first."""
    # Only columns have topics, so that any ring score would do.
    split = split_log_odds(model, table, np.full(len(table), 0.5))
    names, code = np.unique([name_topic(name) for name in model.names], return_inverse=True)
    moved = _sum_topics(split.columns, code, len(names)).raised
    # What moves all accounts alike tells none from another.
    weight = np.abs(moved - moved.mean(axis=0)).mean(axis=0)
    order = np.argsort(-weight, kind="stable")
    return [(str(names[place]), float(weight[place])) for place in order.tolist()]
