"""What a market comes to by a model, or by none: rings, then scores, tiers and flags, after people were heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from detection.barred import heed_decisions
from detection.candidates.links import Links
from detection.candidates.look_alikes import name_likenesses
from detection.casework.heard import NOTHING_HEARD, Heard
from detection.casework.rings import ToldRings, tell_rings
from detection.casework.verdicts import settle_verdicts
from detection.evidence.market import Market
from detection.parallel import begin
from detection.risk.apply import WeighedScores, weigh_risk
from detection.risk.file import KeptModel, read_model
from detection.risk.heard import add_risk
from detection.risk.opinion import Described, Opinion
from detection.scores import score_market, score_reviews
from detection.search import search_market
from detection.settings import DetectSettings
from graph.errors import ConfigError
from graph.lineage import Rings
from graph.model import Floats
from graph.progress import Progress, no_progress
from graph.results import Overruled, Ring

STEPS = 6
"""Of a run, as progress is told."""


@dataclass(frozen=True)
class Models:
    """The model that acts, and the one that is tried beside it; None where there is none.

    ``notes`` say why there is no challenger where one is named.
    """

    champion: KeptModel | None = None
    challenger: KeptModel | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Terms:
    """By what a market is judged: the ``settings``, what was ``heard``, the rings of the run before, and ``likes``."""

    settings: DetectSettings
    heard: Heard = NOTHING_HEARD
    earlier: Rings = field(default_factory=dict)
    likes: Links | None = None
    progress: Progress = no_progress


@dataclass(frozen=True)
class Judged:
    """What a market comes to by a model (``kept``, with its ``opinion``), or by none.

    ``lone_reviews`` (R,) is what each review comes to by itself.  ``weighed`` has the tiers and flags where people want
    them; ``overruled`` says where that is not what evidence says.
    """

    market: Market
    told: ToldRings
    weighed: WeighedScores
    overruled: tuple[Overruled, ...]
    lone_reviews: Floats
    kept: KeptModel | None = None
    opinion: Opinion | None = None

    @property
    def rings(self) -> tuple[Ring, ...]:
        """The rings that are told, best first."""
        return self.told.rings

    @property
    def ties(self) -> Rings:
        """What ties the members of each ring."""
        ties: Mapping[str, Mapping[str, float]] = {
            ring.ring_id: {member.account_id: member.bits for member in ring.members} for ring in self.rings
        }
        return ties


def read_models(settings: DetectSettings) -> Models:
    """The models that settings name.

    A challenger acts on nothing, so that none, or one that cannot be read, stops no run.

    Raises
    ------
    ConfigError
        If the model that acts cannot be read.
    """
    champion = read_model(Path(settings.model)) if settings.model else None
    if not settings.challenger:
        return Models(champion)
    if not Path(settings.challenger).exists():
        return Models(champion, None, (f"there is no challenger yet: {settings.challenger} is no file",))
    try:
        challenger = read_model(Path(settings.challenger))
    except ConfigError as error:
        return Models(champion, None, (f"no challenger was tried: {error}",))
    if champion is not None and champion.sha256 == challenger.sha256:
        return Models(champion, None, ("no challenger was tried: it is the model itself",))
    return Models(champion, challenger)


def judge_market(market: Market, kept: KeptModel | None, described: Described, terms: Terms) -> Judged:
    """Search a market, hear people, and score it.

    Parameters
    ----------
    market
        As facts have it, with what people said of these.
    kept
        The model, which rings hear where the settings have it so.
    described
        The same market; a model asks for it.
    terms
        By what it is judged.
    """
    settings = terms.settings
    if kept is not None and settings.hear_risk:
        market = add_risk(market, described.ask(kept.model))
    # What a review comes to by itself hangs on no ring.
    reviews = partial(score_reviews, market.snapshot, settings.policy)
    with begin(reviews, rows=len(market.snapshot.reviews.author)) as score_them:
        assessment = search_market(market, settings, likes=terms.likes)
        terms.progress("judging the candidates", 3, STEPS)
        told = tell_rings(assessment, terms.heard, terms.earlier)
        if terms.likes is not None:
            told = replace(told, rings=name_likenesses(told.rings, terms.likes, market.snapshot))
        lone_reviews = score_them()
    return _weigh_rings(market, told, lone_reviews, kept, described, terms)


def _weigh_rings(
    market: Market,
    told: ToldRings,
    lone_reviews: Floats,
    kept: KeptModel | None,
    described: Described,
    terms: Terms,
) -> Judged:
    """Score a market whose rings are found: by these, by who is barred, by what was learnt, and last by people."""
    opinion = None if kept is None else described.ask(kept.model)
    scores = score_market(told.rings, market, lone_reviews)
    if terms.settings.heed_decisions:
        scores = heed_decisions(scores, market)
    weighed = WeighedScores(scores)
    if kept is not None and opinion is not None:
        weighed = weigh_risk(scores, market.snapshot, kept, opinion, terms.settings.policy)
    settled = settle_verdicts(weighed.scores, told.heard, told.alone, market.snapshot)
    return Judged(market, told, replace(weighed, scores=settled.scores), settled.overruled, lone_reviews, kept, opinion)


def judge_again(judged: Judged, challenger: KeptModel, described: Described, terms: Terms) -> Judged:
    """What the market would come to by another model; it is searched anew only where rings hear what is learnt.

    Parameters
    ----------
    judged
        By the model that acts; its rings keep their ids where the other one finds them.
    challenger
        The other model.
    described, terms
        As for :func:`judge_market`.
    """
    if not terms.settings.hear_risk:
        return _weigh_rings(judged.market, judged.told, judged.lone_reviews, challenger, described, terms)
    plain = replace(judged.market, conduct=tuple(each for each in judged.market.conduct if not each.is_learned))
    quiet = replace(terms, earlier=judged.ties, progress=no_progress)
    return judge_market(plain, challenger, described, quiet)
