"""What the judge says of the true members of planted rings: how much the search, and how much the evidence, misses.

    python benchmarks/detection_ceiling.py [--accounts 20000] [--seeds 4]

Each planted ring's true members are judged as if a search had proposed them.
*Against chance* counts rings whose evidence pays for naming them, if no innocent explanation is heard; *stands* those
that stand against those explanations too; *improved* also those of which a part or a larger group that hits the ring
does.  *Proposed* are those of which a candidate hits the ring, *found* those that the list has, *in front* those before
the first honest group of it.

The second table is of the whole list, on the market.  The judge is told by the truth, as one channel more, good and
ill, what boosted trees learn in five folds: *how the bad behave* from an account's own doings (trades, reviews, rhythm,
age; nothing shared), and *all that labels teach* from everything that `ringfence train` looks at, neighbours included,
with four accounts in five labelled.  No detector without labels can know as much.

Writes results/detection_ceiling.md.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product, takewhile
from typing import get_args

import numpy as np
import pandas as pd
from detection_quality import SHARES, to_markdown
from measure import mark_bad, write_result
from scipy.special import logit
from sklearn.model_selection import StratifiedKFold
from worlds import list_honest, load_world

from detection.channels.conduct import Conduct
from detection.evaluation.leak_gate import remove_labels
from detection.evaluation.measures import RankingScore, list_members, match_groups, restrict_truth, score_ranking
from detection.evaluation.simulation.settings import Difficulty
from detection.evaluation.truth import TrueGroup, Truth
from detection.evaluation.worlds import MEASURED
from detection.evidence.judge import judge_groups, sketch_groups
from detection.evidence.market import make_market
from detection.groups import Groups, gather_groups
from detection.improving import improve_groups
from detection.rings.build import build_rings
from detection.risk.settings import RiskSettings
from detection.risk.trees import apply_trees, bin_columns, grow_trees
from detection.search import link_market, propose_groups, search_market
from detection.settings import DetectSettings
from embeddings.features.accounts import feature_names
from embeddings.features.table import describe_accounts, pick_columns
from graph.model import Snapshot

MOST_TOLD = (-8.0, 8.0)
"""Bits that may be said of one account."""
FOLDS = 5
STAGES = ("against chance", "stands", "improved", "proposed", "found", "in front")


def judge_truth(snapshot: Snapshot, told: Truth) -> Iterator[tuple[str, str, str]]:
    """For each planted ring its kind and sharing, once as planted and once for each stage that it reaches."""
    rings = restrict_truth(told, snapshot).rings
    settings, row = DetectSettings(), {name: place for place, name in enumerate(snapshot.account_id.tolist())}
    market = make_market(snapshot, settings)
    groups = gather_groups(np.array(sorted(row[member] for member in ring.members)) for ring in rings)
    stands = judge_groups(groups, market).net_bits > 0
    improved = improve_groups(groups, link_market(market), market)
    better = judge_groups(improved, market)
    proposed = propose_groups([link_market(market)], market, settings)
    listed = build_rings(search_market(market, settings))
    honest = list_honest(listed, restrict_truth(told, snapshot))
    in_front = list(takewhile(lambda ring: ring not in honest, listed))
    reached = {
        "against chance": match(groups, sketch_groups(groups, market).surprising_bits > 0, snapshot, rings),
        "stands": match(groups, stands, snapshot, rings),
        "improved": match(better.groups, better.net_bits > 0, snapshot, rings),
        "proposed": match(proposed, np.ones(len(proposed), dtype=bool), snapshot, rings),
        "found": set(match_groups(list_members(listed), rings)),
        "in front": set(match_groups(list_members(in_front), rings)),
    }
    for place, ring in enumerate(rings):
        for stage in ("planted", *(stage for stage in STAGES if place in reached[stage])):
            yield ring.kind, SHARES.get(ring.sharing, ring.sharing), stage


def match(groups: Groups, chosen: np.ndarray, snapshot: Snapshot, rings: Sequence[TrueGroup]) -> set[int | None]:
    """The rings that some of the groups hit."""
    members = [frozenset(snapshot.account_id[groups.members(group)].tolist()) for group in np.flatnonzero(chosen)]
    return set(match_groups(members, rings))


def score_lists(snapshot: Snapshot, told: Truth) -> Iterator[tuple[str, RankingScore]]:
    """How the list of rings fares, as it is and with what the truth teaches."""
    rings, market = restrict_truth(told, snapshot).rings, make_market(snapshot)
    is_bad = mark_bad(snapshot, told.accounts)
    table = describe_accounts(remove_labels(snapshot))
    shared = {*snapshot.identifier_kinds, "other"}
    doings = [name for name in feature_names() if name in table.names and name.split(".")[0] not in shared]
    heard = {"as it is": market}
    for name, columns in (("told how the bad behave", doings), ("told all that labels teach", table.names)):
        taught = learn_conduct(pick_columns(table, columns), is_bad)
        heard[name] = replace(market, conduct=(*market.conduct, taught))
    for name, told_of in heard.items():
        found = build_rings(search_market(told_of, DetectSettings()))
        yield name, score_ranking(match_groups(list_members(found), rings), len(rings))


def learn_conduct(columns: np.ndarray, is_bad: np.ndarray) -> Conduct:
    """What a table (N, F) says of being bad, in bits, for each account from the others' truth."""
    bits, binned = np.empty(len(is_bad)), bin_columns(columns, is_bad, RiskSettings())
    for seen, held in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(columns, is_bad):
        odds = apply_trees(grow_trees(binned.subset(seen), is_bad[seen], RiskSettings()), columns[held])
        bits[held] = (odds - logit(is_bad[seen].mean())) / np.log(2)
    ones = np.ones(len(bits), dtype=np.int64)
    return Conduct("what the truth teaches", ones, ones, np.clip(bits, *MOST_TOLD), np.zeros(len(bits)))


def tabulate(counts: Counter[tuple[str, str, str]], title: str) -> pd.DataFrame:
    """One row for each world and part, one column for each stage."""
    parts = sorted({key[:2] for key in counts})
    rows = [(*part, *(counts[*part, stage] for stage in ("planted", *STAGES))) for part in parts]
    return pd.DataFrame(rows, columns=["world", title, "planted", *STAGES])


def tabulate_lists(lists: Sequence[tuple[str, str, RankingScore]]) -> pd.DataFrame:
    """One row for each market and judge, means over the seeds."""
    rows = [
        {
            "market": market,
            "the judge": name,
            "rings listed": float(score.listed),
            "recall": score.recall.value,
            "precision": score.hits / max(score.listed, 1),
            "average precision": score.average_precision.value,
            "recall at precision 0.95": score.recall_when_sure,
        }
        for market, name, score in lists
    ]
    return pd.DataFrame(rows).groupby(["market", "the judge"], sort=False).mean().reset_index()


def main() -> None:
    """Judge the true members in every world and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=4)
    options = parser.parse_args()
    kinds, sharing = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
    lists: list[tuple[str, str, RankingScore]] = []
    for world, difficulty, seed in product(MEASURED, get_args(Difficulty), range(1, options.seeds + 1)):
        snapshot, told = load_world(world, options.accounts, seed, difficulty)
        if world == "market":
            lists += [(difficulty, name, score) for name, score in score_lists(snapshot, told)]
        for kind, shares, stage in judge_truth(snapshot, told):
            kinds[f"{world} {difficulty}", kind, stage] += 1
            sharing[f"{world} {difficulty}", shares, stage] += 1
    parts = [
        "# What the judge says of the true members of planted rings",
        f"`python benchmarks/detection_ceiling.py --accounts {options.accounts} --seeds {options.seeds}`",
        *(" ".join(part.split()) for part in (__doc__ or "").split("\n\n")[2:4]),
        to_markdown(tabulate(kinds, "kind")),
        to_markdown(tabulate_lists(lists)),
        to_markdown(tabulate(sharing, "shares")),
    ]
    write_result("detection_ceiling.md", "\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
