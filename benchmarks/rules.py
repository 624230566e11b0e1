"""What three rules that detection once had would be worth, each on data other than that which suggested it.

    python benchmarks/rules.py [--shared ../shared] [--accounts 20000] [--seeds 2] [--only NAME ...]

*haste*: an account's first order within a minute of its sign-up counts as conduct; suggested by the public set `ecom`.
*prices*: orders at a price off the listing's count as conduct; suggested by the simulator.  *members*: a member's
conduct against its ring's moves its score, by -10 to +2 bits, and may veto its automatic flag; suggested by `ecom`.
None of them is in the product any more (docs/policy.md says why); they live in `gone_rules.py`, to be measured.

Each market (see `rule_markets.py`) is searched with all of them and with some.  Where the rules that are on have
nothing to say the run is the same, and one line stands for both.  Figures are means over the seeds, counts are sums.
Truth is for measuring only.  A case's group that is wanted for review or automatic counts as bad, and whoever was known
to be bad before rings were planted in a public set counts neither as bad nor as honest.

Writes results/rules.md.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from detection_quality import RESAMPLING
from gone_rules import HASTE, OFF_MARKET, compare_with_rings, measure_gone
from measure import DATA, write_result
from rule_markets import CaseVerdicts, Market, find_markets
from sklearn.metrics import roc_auc_score

from detection.evaluation.measures import measure_run
from detection.evidence.market import Market as Judged
from detection.evidence.market import make_market
from detection.policy import DEFAULT_POLICY
from detection.rings.build import build_rings
from detection.rings.ids import keep_ring_ids
from detection.run import find_run
from detection.scores import score_market
from detection.search import search_market
from detection.settings import DetectSettings
from graph.model import Snapshot
from graph.results import RunResult
from graph.vocabulary import TIERS

TELLING_BITS = 1.0
SIGNALS_TITLE = """## Who does what *haste* and *prices* accuse

Accounts that had an occasion, that did it once or more, and of which the signal says a bit or more.  A market that is
not listed shows neither."""
RUNS_TITLE = """## What is found

*auto* is the tier automatic, *bad of* the share of the members of its rings that are known to be bad; *honest accounts*
are those flagged at that tier or above."""
MEMBERS_TITLE = """## Members of rings for review or automatic

*auto*: flagged automatically, if no member is compared with its ring; *vetoed*: by the comparison no more; *sunk*: by
it below the score for review; *raised*: by it above what the ring alone gives.  *Not in rings, sunk*: those of the bad
who are in no planted ring, the sellers whom it serves and lone ones.  The AUC is that of the account score, among
members."""
VERDICTS_TITLE = """## Small cases in the shape of public reports"""
Row = dict[str, object]


@dataclass(frozen=True)
class On:
    """Rules that are on: signals of conduct by name, and whether members are compared with their rings."""

    signals: tuple[str, ...] = ()
    members: bool = False


VARIANTS = {
    "all": On((HASTE, OFF_MARKET), members=True),
    "no haste": On((OFF_MARKET,), members=True),
    "no prices": On((HASTE,), members=True),
    "no members": On((HASTE, OFF_MARKET)),
    "members only": On(members=True),
    "none of the three": On(),
}
COMPARISONS = {
    "all signals": ("all", "no members"),
    "without haste and prices": ("members only", "none of the three"),
}
"""Two variants that differ by the comparison of members only."""


def run_variants(snapshot: Snapshot) -> dict[str, RunResult]:
    """A run for each variant, made once where the rules that are on have nothing to say."""
    bare = make_market(snapshot, DetectSettings())
    gone = {signal.name: signal for signal in measure_gone(snapshot, bare.policy)}
    plain = find_run(snapshot, DetectSettings())
    searched: dict[tuple[str, ...], RunResult] = {(): plain}
    made: dict[On, RunResult] = {}
    runs = {}
    for name, on in VARIANTS.items():
        signals = tuple(signal for signal in on.signals if signal in gone)
        market = replace(bare, conduct=(*bare.conduct, *(gone[signal] for signal in signals)))
        spoken = On(signals, on.members and bool(market.conduct))
        if signals not in searched:
            searched[signals] = search_again(plain, market)
        if spoken not in made:
            made[spoken] = compare_with_rings(searched[signals], market) if spoken.members else searched[signals]
        runs[name] = made[spoken]
    return runs


def search_again(run: RunResult, market: Judged) -> RunResult:
    """A run on the same snapshot whose market has more conduct."""
    rings = keep_ring_ids(build_rings(search_market(market, DetectSettings())), {})
    scores = score_market(rings, market)
    return replace(
        run,
        rings=rings,
        account_score=scores.account_score,
        account_tier=scores.account_tier,
        review_score=scores.review_score,
        review_tier=scores.review_tier,
        flags=scores.flags,
    )


@dataclass
class Findings:
    """Rows of the four tables."""

    signals: list[Row] = field(default_factory=list)
    runs: list[Row] = field(default_factory=list)
    members: list[Row] = field(default_factory=list)
    verdicts: list[Row] = field(default_factory=list)

    def add(self, market: Market) -> None:
        """Search one market in every variant."""
        runs = run_variants(market.snapshot)
        self.signals += describe_signals(market)
        self.runs += [describe_run(market, name, run) for name, run in runs.items()]
        self.members += [describe_members(market, name, runs) for name in COMPARISONS]
        if market.judge:
            self.verdicts += describe_verdicts(market.family, {name: market.judge(run) for name, run in runs.items()})


def describe_signals(market: Market) -> Iterator[Row]:
    """Of bad and of honest accounts, how many do what a rule accuses, and of how many it says a bit or more."""
    for signal in measure_gone(market.snapshot, DEFAULT_POLICY):
        could, did, told = signal.occasions > 0, signal.times > 0, signal.bits >= TELLING_BITS
        row: Row = {"market": market.family, "signal": signal.name}
        for who, chosen in (("bad", market.bad), ("honest", market.honest)):
            for what, holds in (("could", could), ("did", did), ("a bit or more", told)):
                row[f"{who}, {what}"] = int((holds & chosen).sum())
        yield row


def describe_run(market: Market, variant: str, run: RunResult) -> Row:
    """The measures of one run."""
    measured = measure_run(run, market.snapshot, market.truth, RESAMPLING)
    bad = set(market.snapshot.account_id[market.bad].tolist())
    row: Row = {"market": market.family, "rules": variant}
    if measured.rings is not None:
        row |= {"AP": measured.rings.average_precision.value, "recall": measured.rings.recall.value}
        row["recall, P .95"] = measured.rings.recall_when_sure
    for tier, name in (("automatic", "auto"), ("review", "review")):
        found = [member.account_id in bad for ring in run.rings if ring.tier == tier for member in ring.members]
        row[f"rings, {name}"] = sum(ring.tier == tier for ring in run.rings)
        row[f"bad of {name}"] = float(np.mean(found)) if found else np.nan
    if market.truth.lookalikes:
        row["honest groups, review"] = sum(part.review for part in measured.lookalikes)
        row["honest groups, auto"] = sum(part.automatic for part in measured.lookalikes)
    for part in measured.tiers:
        row[f"honest accounts, {'auto' if part.tier == 'automatic' else 'review'}"] = part.honest
    for name, separations in (("account", measured.accounts), ("review", measured.reviews)):
        if separations:
            row |= {f"{name} AUC": separations[0].auc.value, f"{name} AP": separations[0].average_precision.value}
    return row


def describe_members(market: Market, comparison: str, runs: Mapping[str, RunResult]) -> Row:
    """What the comparison does to bad and to honest members of rings for review or above."""
    seen, apart = (runs[name] for name in COMPARISONS[comparison])
    rings = [ring for ring in apart.rings if ring.tier in ("review", "automatic")]
    held = {member.account_id for ring in rings for member in ring.members}
    member = np.array([account in held for account in market.snapshot.account_id.tolist()])
    automatic, cut = TIERS.index("automatic"), DEFAULT_POLICY.review_score
    flagged, before, after = apart.account_tier >= automatic, apart.account_score, seen.account_score
    row: Row = {"market": market.family, "conduct": comparison}
    for who, chosen in (("bad", member & market.bad), ("honest", member & market.honest)):
        row |= {
            f"{who} members": int(chosen.sum()),
            f"{who}, auto": int((chosen & flagged).sum()),
            f"{who}, vetoed": int((chosen & flagged & (seen.account_tier < automatic)).sum()),
            f"{who}, sunk": int((chosen & (before >= cut) & (after < cut)).sum()),
            f"{who}, raised": int((chosen & (after > before + 1e-9)).sum()),
        }
    if market.truth.rings:
        ringed = {account for ring in market.truth.rings for account in ring.members}
        outside = np.array([account not in ringed for account in market.snapshot.account_id.tolist()])
        row["not in rings, sunk"] = int((member & market.bad & outside & (before >= cut) & (after < cut)).sum())
    row["AUC, apart"], row["AUC, compared"] = (tell_members(market, member, run) for run in (apart, seen))
    return row


def tell_members(market: Market, member: np.ndarray, run: RunResult) -> float:
    """How well the account score tells bad members from honest ones."""
    known = member & (market.bad | market.honest)
    told = market.bad[known]
    return float(roc_auc_score(told, run.account_score[known])) if told.any() and not told.all() else np.nan


def describe_verdicts(case: str, verdicts: Mapping[str, CaseVerdicts]) -> Iterator[Row]:
    """How many verdicts of a case are right, and which differ from those of all rules."""
    usual = set(verdicts["all"].said.splitlines())
    for name, told in verdicts.items():
        other = [" ".join(line.split()) for line in told.said.splitlines() if line not in usual]
        yield {"market": case, "rules": name, "right": told.right, "wrong": told.wrong, "differs": "; ".join(other)}


def gather(rows: Sequence[Row], keys: tuple[str, str]) -> pd.DataFrame:
    """One row for each market and variant: counts summed, the rest averaged; alike variants of a market share a row."""
    together: dict[tuple[object, object], list[Row]] = defaultdict(list)
    for row in rows:
        together[row[keys[0]], row[keys[1]]].append(row)
    shared: dict[tuple[object, ...], list[str]] = defaultdict(list)
    names = list(dict.fromkeys(name for row in rows for name in row if name not in keys))
    for (market, variant), part in together.items():
        values = tuple(show_together([row[name] for row in part if name in row]) for name in names)
        shared[market, *values].append(str(variant))
    merged = [(market, " = ".join(variants), *values) for (market, *values), variants in shared.items()]
    return pd.DataFrame(merged, columns=[*keys, *names])


def show_together(values: Sequence[object]) -> str:
    """The sum of counts, the mean of fractions to three places (of those that have a meaning), or the words."""
    if any(isinstance(value, str) for value in values):
        return str(values[0])
    if all(isinstance(value, int) for value in values):
        return f"{sum(values):,}" if values else ""
    known = [value for value in values if not np.isnan(value)]
    return f"{np.mean(known):.3f}" if known else ""


def to_markdown(table: pd.DataFrame) -> str:
    """A Markdown table."""
    lines = [list(table.columns), ["---"] * len(table.columns), *table.itertuples(index=False)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_report(found: Findings, command: str) -> str:
    """The four tables."""
    about = [" ".join(part.split()) for part in (__doc__ or "").split("\n\n")[2:4]]
    parts = ["# What three rules of detection are worth", f"`{command}`", *about]
    for title, rows, keys in (
        (SIGNALS_TITLE, found.signals, ("market", "signal")),
        (RUNS_TITLE, found.runs, ("market", "rules")),
        (MEMBERS_TITLE, found.members, ("market", "conduct")),
        (VERDICTS_TITLE, found.verdicts, ("market", "rules")),
    ):
        if rows:
            parts += [title, to_markdown(gather(rows, keys))]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Search every market in every variant and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=DATA.parent)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", nargs="+", default=[], help="families of markets")
    options = parser.parse_args()
    found = Findings()
    for family, make in find_markets(options.shared, options.accounts, options.seeds):
        if not options.only or family in options.only:
            print(family, file=sys.stderr)
            found.add(make())
    command = f"python benchmarks/rules.py --accounts {options.accounts} --seeds {options.seeds}"
    write_result("rules.md", write_report(found, command))


if __name__ == "__main__":
    main()
