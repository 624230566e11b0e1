"""What the judge says of the true members of planted rings: how much the search, and how much the evidence, misses.

    python benchmarks/detection_ceiling.py [--accounts 20000] [--seeds 4]

Each planted ring's true members are judged as if a search had proposed them.
*Against chance* counts rings whose evidence pays for naming them, if no innocent reading is heard; *stands* those that
stand against those readings too; *improved* also those of which a part or a larger group that hits the ring does.

Writes results/detection_ceiling.md.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from detection_quality import SHARES, load_market, to_markdown
from measure import write_result

from detection.assess import bound_net_bits, find_channels, judge_groups
from detection.candidates import Groups, gather_groups
from detection.evaluate import list_members, match_groups, restrict_truth
from detection.run import find_run
from detection.search import improve_groups, link_market
from detection.settings import DetectSettings
from graph.model import Snapshot
from graph.simulation.market import MarketSettings
from graph.simulation.settings import Difficulty
from graph.truth import TrueGroup

STAGES = ("against chance", "stands", "improved", "found")


def judge_truth(settings: MarketSettings) -> Iterator[tuple[str, str, str]]:
    """For each planted ring its kind and sharing, once as planted and once for each stage that it reaches."""
    snapshot, told = load_market(settings)
    rings = restrict_truth(told, snapshot).rings
    channels, row = find_channels(snapshot), {name: place for place, name in enumerate(snapshot.account_id.tolist())}
    groups = gather_groups(np.array(sorted(row[member] for member in ring.members)) for ring in rings)
    stands = judge_groups(groups, snapshot, channels).net_bits > 0
    improved = improve_groups(groups, link_market(snapshot, channels), snapshot, channels)
    better = judge_groups(improved, snapshot, channels)
    reached = {
        "against chance": match(groups, bound_net_bits(groups, snapshot, channels) > 0, snapshot, rings),
        "stands": match(groups, stands, snapshot, rings),
        "improved": match(better.groups, better.net_bits > 0, snapshot, rings),
        "found": set(match_groups(list_members(find_run(snapshot, DetectSettings()).rings), rings)),
    }
    for place, ring in enumerate(rings):
        for stage in ("planted", *(stage for stage in STAGES if place in reached[stage])):
            yield ring.kind, SHARES.get(ring.sharing, ring.sharing), stage


def match(groups: Groups, chosen: np.ndarray, snapshot: Snapshot, rings: Sequence[TrueGroup]) -> set[int | None]:
    """The rings that some of the groups hit."""
    members = [frozenset(snapshot.account_id[groups.members(group)].tolist()) for group in np.flatnonzero(chosen)]
    return set(match_groups(members, rings))


def tabulate(counts: Counter[tuple[str, str, str]], title: str) -> pd.DataFrame:
    """One row for each market and part, one column for each stage."""
    parts = sorted({key[:2] for key in counts})
    rows = [(*part, *(counts[*part, stage] for stage in ("planted", *STAGES))) for part in parts]
    return pd.DataFrame(rows, columns=["market", title, "planted", *STAGES])


def main() -> None:
    """Judge the true members in both kinds of markets and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=4)
    options = parser.parse_args()
    kinds, sharing = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
    difficulties: tuple[Difficulty, ...] = ("ordinary", "hard")
    for difficulty in difficulties:
        for seed in range(1, options.seeds + 1):
            for kind, shares, stage in judge_truth(MarketSettings(options.accounts, seed=seed, difficulty=difficulty)):
                kinds[difficulty, kind, stage] += 1
                sharing[difficulty, shares, stage] += 1
    parts = [
        "# What the judge says of the true members of planted rings",
        f"`python benchmarks/detection_ceiling.py --accounts {options.accounts} --seeds {options.seeds}`",
        " ".join((__doc__ or "").split("\n\n")[2].split()),
        to_markdown(tabulate(kinds, "kind")),
        to_markdown(tabulate(sharing, "shares")),
    ]
    write_result("detection_ceiling.md", "\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
