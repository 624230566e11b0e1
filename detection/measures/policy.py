"""The policy of measures: which flag asks for what, for how long, on which ground; and what no run does by itself.

What makes a flag, and of which tier, is in :mod:`detection.policy`.  Both together are what a plan is bound to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from detection.policy import Policy
from graph.errors import ConfigError
from graph.measures.events import MEASURES, Measure
from graph.queries.flagged import Flagged
from graph.settings import nearest_hint
from graph.vocabulary import Tier

Positive = Annotated[float, Meta(gt=0.0)]
NotNegative = Annotated[float, Meta(ge=0.0)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Bound = Literal["most_accounts", "most_share", "most_money"]
BOUNDS: tuple[Bound, ...] = get_args(Bound)

HARMLESS: frozenset[Measure] = frozenset({"watch"})
"""What restricts nobody, and asks nobody for anything."""


class MeasureTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a measure is.

    Attributes
    ----------
    days
        For how long it is in force, unless a later plan renews it.
    text
        What is done, in one sentence.
    ground
        Why that is lawful, as it would be told to whom it concerns.
    """

    days: Annotated[float, Meta(gt=0.0, le=3650.0)]
    text: Annotated[str, Meta(min_length=1)]
    ground: Annotated[str, Meta(min_length=1)]


class MeasureRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For which flags a measure is recommended; each part that is left out fits every flag.

    Attributes
    ----------
    measure
        What is recommended.
    subject
        On what the flag is: `account` or `review`.
    tier
        Of the flag.
    min_score, min_probability
        Of the flag, 0 to 1; a flag without a probability has none that is enough.
    min_net_bits, min_channels
        Of the ring with the most net bits that the flag cites.
    min_exposure
        The sum of the account's orders, bought and sold, in the currency in which it is largest.
    segments
        Of accounts.
    max_false_discovery
        Of the same ring: the share of honest groups expected among the rings that show as much (`q`); below 1, a ring of an older run, of which it is not known, does not fit.
    """  # noqa: E501 - the page of settings takes its words from here, one line each

    measure: Measure
    tier: Tier
    subject: Literal["account", "review"] = "account"
    min_score: Share = 0.0
    min_probability: Share = 0.0
    min_net_bits: NotNegative = 0.0
    min_channels: Annotated[int, Meta(ge=0)] = 0
    min_exposure: NotNegative = 0.0
    segments: tuple[str, ...] = ()
    max_false_discovery: Share = 1.0

    def fits(self, flag: Flagged) -> bool:
        """Whether this is a rule for a flag."""
        return (
            (flag.subject, flag.tier) == (self.subject, self.tier)
            and flag.score >= self.min_score
            and (flag.probability or 0.0) >= self.min_probability
            and (flag.net_bits or 0.0) >= self.min_net_bits
            and (flag.channels or 0) >= self.min_channels
            and flag.exposure >= self.min_exposure
            and (not self.segments or flag.segment in self.segments)
            and (1.0 if flag.false_discovery is None else flag.false_discovery) <= self.max_false_discovery
        )


_TERMS = "terms and conditions: several accounts that act as one to deceive others"
TERMS: Mapping[Measure, MeasureTerms] = {
    "watch": MeasureTerms(
        days=30, text="keep an eye on it; restrict nobody", ground="legitimate interest: preventing fraud"
    ),
    "notify": MeasureTerms(days=30, text="tell the account what was noticed, and ask", ground=_TERMS),
    "step-up": MeasureTerms(days=30, text="ask for a proof of identity before the next pay-out", ground=_TERMS),
    "limit": MeasureTerms(days=30, text="limit the amount and the number of orders and pay-outs", ground=_TERMS),
    "deposit": MeasureTerms(days=30, text="ask for a deposit or a guarantee before the next sale", ground=_TERMS),
    "delay": MeasureTerms(days=14, text="pay out once delivery is certain", ground=_TERMS),
    "hold": MeasureTerms(days=7, text="hold pay-outs until a person has looked", ground=_TERMS),
    "freeze": MeasureTerms(days=3, text="let nothing move until a person has looked", ground=_TERMS),
}
"""What each measure is, unless ``[measures.terms.NAME]`` says otherwise."""

RULES = (
    MeasureRule(measure="hold", tier="automatic"),
    MeasureRule(measure="step-up", tier="review"),
    MeasureRule(measure="watch", tier="watch"),
    MeasureRule(measure="hold", tier="automatic", subject="review"),
    MeasureRule(measure="watch", tier="review", subject="review"),
)
"""What is recommended unless ``[[measures.rules]]`` says otherwise."""


class MeasurePolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What follows from flags, under ``[measures]``.

    Attributes
    ----------
    run_applies
        Whether `ringfence run` applies what may be applied before a person has looked; it only plans otherwise.
    renew_days
        A measure whose ground stands is renewed so many days before it ends.
    most_accounts, most_share, most_money
        What a plan may touch at most: accounts, their share of all (0 to 1), and money of their orders in any one currency (0 for any sum). `apply --despite` goes beyond the one that it names.
    plan_hours
        How long a plan can be applied.
    weakest_tie_bits
        An account that is tied to its ring by less is left to a person.
    least_channels
        An account whose ring shows evidence in fewer channels is left to a person.
    least_net_bits
        An account whose ring would be explained innocently by so many bits more is left to a person.
    once_cleared
        Whether an account that a person has ever cleared is left to a person.
    segment_factor
        Accounts of a segment of which so many times as large a share would be restricted as of all are left to a person, where people decided about fewer than five of its accounts; 0 for no such bound.
    segment_error_factor
        Accounts of a segment of which surely (95 %) so many times as large a share of the decided flags was wrong as of all are left to a person; 0 for no such bound.
    investigate_score
        A flag whose score and probability are below this asks for nothing but `watch`.
    interdict_score
        A flag whose score and probability are below this is left to a person.
    """  # noqa: E501 - the page of settings takes its words from here, one line each

    run_applies: bool = False
    renew_days: NotNegative = 2.0
    most_accounts: Annotated[int, Meta(ge=0)] = 100
    most_share: Share = 0.05
    most_money: NotNegative = 0.0
    plan_hours: Positive = 24.0
    weakest_tie_bits: NotNegative = 20.0
    least_channels: Annotated[int, Meta(ge=0)] = 2
    least_net_bits: NotNegative = 12.0
    once_cleared: bool = True
    segment_factor: NotNegative = 4.0
    segment_error_factor: NotNegative = 1.5
    investigate_score: Share = 0.0
    interdict_score: Share = 0.0
    rules: tuple[MeasureRule, ...] = RULES
    terms: dict[Measure, MeasureTerms] = {}

    def __post_init__(self) -> None:
        if 0.0 < self.interdict_score < self.investigate_score:
            raise ValueError(
                f"investigate_score is {self.investigate_score:g} and interdict_score {self.interdict_score:g}; what is"
                " done unseen must ask for at least as much as what is looked at"
            )

    def find_terms(self, measure: Measure) -> MeasureTerms:
        """What a measure is."""
        return self.terms.get(measure, TERMS[measure])

    def choose(self, flag: Flagged) -> Measure | None:
        """What is recommended for a flag: by the first rule that fits; None where none does."""
        found = next((rule.measure for rule in self.rules if rule.fits(flag)), None)
        return "watch" if found is not None and flag.strength < self.investigate_score else found

    def digest(self, detect: Policy) -> str:
        """A checksum of all that decides what follows from facts: these rules, and those that make tiers."""
        text = json.dumps([msgspec.to_builtins(self), msgspec.to_builtins(detect)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def read_measure_policy(values: Mapping[str, Any]) -> MeasurePolicy:
    """Check the values of ``[measures]``.

    Raises
    ------
    ConfigError
        If a name is unknown, or a value is of the wrong type or out of its range; the message names it.
    """
    for name in values:
        if name not in MeasurePolicy.__struct_fields__:
            hint = nearest_hint(name, MeasurePolicy.__struct_fields__)
            raise ConfigError(f"[measures] in the settings: no setting {name!r}{hint}")
    for name in values.get("terms", {}) if isinstance(values.get("terms", {}), Mapping) else ():
        if name not in MEASURES:
            raise ConfigError(f"[measures.terms] in the settings: no measure {name!r}{nearest_hint(name, MEASURES)}")
    try:
        return msgspec.convert(dict(values), MeasurePolicy)
    except msgspec.ValidationError as error:
        raise ConfigError(f"[measures] in the settings: {error}") from error
