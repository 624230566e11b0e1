"""Which flag asks for which measure, and which of them no run acts on by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from detection.measures.fairness import Segments, find_crowded, find_unfair
from detection.measures.policy import MeasurePolicy, read_measure_policy
from detection.measures.wanted import want_measures
from detection.policy import DEFAULT_POLICY, Policy
from graph.errors import ConfigError
from graph.queries.flagged import Flagged

NOW = datetime(2024, 5, 1, 3, tzinfo=UTC)
FLAG = Flagged(
    subject="account",
    subject_id="ann",
    tier="automatic",
    score=0.9,
    probability=None,
    reason="Core of ring R1.",
    rings=("R1",),
    net_bits=40.0,
    channels=3,
    tie_bits=25.0,
    segment="north",
    exposure=120.0,
)


def find_bar(flag: Flagged, policy: MeasurePolicy | None = None, *, cleared: tuple[str, ...] = ()) -> str:
    found = want_measures(
        [flag], policy or MeasurePolicy(), at=NOW, cleared=cleared, segments=Segments({"north": 10, None: 90})
    )
    return found[flag.key].needs_person


def test_a_flag_asks_for_what_the_first_rule_that_fits_says() -> None:
    policy = read_measure_policy(
        {
            "rules": [
                {"measure": "freeze", "tier": "automatic", "min_exposure": 100.0, "min_channels": 3},
                {"measure": "limit", "tier": "automatic", "segments": ["south"]},
                {"measure": "hold", "tier": "automatic"},
            ],
            "terms": {"hold": {"days": 5, "text": "hold", "ground": "terms, 7.2"}},
        }
    )
    wanted = want_measures([FLAG], policy, at=NOW, cleared=(), segments=Segments({}))[FLAG.key]
    assert (wanted.measure, wanted.until, wanted.rings) == ("freeze", NOW + timedelta(days=3), ("R1",))
    small = replace(FLAG, exposure=99.0)
    assert want_measures([small], policy, at=NOW, cleared=(), segments=Segments({}))[FLAG.key].until == NOW + timedelta(
        days=5
    )
    assert policy.choose(replace(small, segment="south")) == "limit"
    assert policy.choose(replace(FLAG, tier="watch")) is None
    assert policy.choose(replace(FLAG, subject="review")) is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"channels": 1}, "1 of 2 channels"),
        ({"net_bits": 11.0}, "lacks 11.0 bits of 12"),
        ({"tie_bits": 19.0}, "one weak link"),
        ({"net_bits": None, "channels": None}, "in no ring"),
    ],
)
def test_no_run_acts_by_itself_on_what_is_weak(changed: dict[str, object], why: str) -> None:
    assert find_bar(FLAG) == ""
    assert why in find_bar(replace(FLAG, **changed))  # type: ignore[arg-type]  # each of its field's type
    assert find_bar(replace(FLAG, tier="watch", **changed)) == ""  # type: ignore[arg-type]  # restricts nobody


def test_no_run_acts_by_itself_on_whom_a_person_has_once_cleared() -> None:
    assert find_bar(FLAG, cleared=("ann",)) == "a person has cleared it before"
    assert find_bar(FLAG, MeasurePolicy(once_cleared=False), cleared=("ann",)) == ""


def test_a_segment_that_is_hit_much_more_than_all_is_left_to_a_person() -> None:
    flags = [(replace(FLAG, subject_id=str(number)), "hold") for number in range(10)]
    assert find_crowded(flags, {"north": 20, "south": 80}, 4.0) == {"north"}  # type: ignore[arg-type]  # measures
    assert find_crowded(flags, {"north": 20, "south": 80}, 5.0) == frozenset()  # type: ignore[arg-type]  # measures
    assert find_crowded(flags, {"north": 19, "south": 80}, 4.0) == frozenset()  # type: ignore[arg-type]  # too few
    assert find_crowded(flags, {"north": 20, "south": 80}, 0.0) == frozenset()  # type: ignore[arg-type]  # no bound


def test_where_people_decided_a_segment_is_judged_by_how_often_it_was_wronged() -> None:
    sizes = {"north": 20, "south": 80}
    flags = [(replace(FLAG, subject_id=str(number)), "hold") for number in range(10)]

    def find(north: tuple[int, int], south: tuple[int, int]) -> list[str]:
        return list(find_unfair(flags, Segments(sizes, {"north": north, "south": south}), MeasurePolicy()).values())  # type: ignore[arg-type]  # measures

    assert find((0, 10), (0, 10)) == []  # hit five times as often, and rightly
    assert "4 times the usual share" in find((4, 4), (0, 40))[0]  # too few decisions to say so
    assert find((9, 10), (0, 40)) == ["of segment north 9 of 10 decided flags were wrong, of all 9 of 50"]
    assert find((9, 10), (36, 40)) == []  # wronged as everybody is
    assert find_unfair(flags, Segments(sizes, {"north": (9, 10)}), MeasurePolicy(segment_error_factor=0.0)) == {}  # type: ignore[arg-type]


def test_a_pair_of_thresholds_says_what_is_looked_at_and_what_is_done_unseen() -> None:
    policy = MeasurePolicy(investigate_score=0.6, interdict_score=0.8)
    assert [policy.choose(replace(FLAG, score=score)) for score in (0.59, 0.6)] == ["watch", "hold"]
    assert policy.choose(replace(FLAG, score=0.1, probability=0.7)) == "hold"
    assert find_bar(replace(FLAG, score=0.79), policy) == "its score of 0.79 is below interdict_score, 0.8"
    assert find_bar(replace(FLAG, score=0.8), policy) == ""
    with pytest.raises(ConfigError, match="must ask for at least as much"):
        read_measure_policy({"investigate_score": 0.9, "interdict_score": 0.8})


def test_a_rule_hears_how_many_such_rings_chance_would_give() -> None:
    policy = read_measure_policy({"rules": [{"measure": "hold", "tier": "automatic", "max_false_discovery": 0.05}]})
    rates = (0.05, 0.06, None)
    assert [policy.choose(replace(FLAG, false_discovery=rate)) for rate in rates] == ["hold", None, None]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"most_acounts": 3}, "did you mean 'most_accounts'?"),
        ({"terms": {"holt": {}}}, "did you mean 'hold'?"),
        ({"rules": [{"measure": "hold", "tier": "certain"}]}, "certain"),
        ({"most_share": 2}, "most_share"),
    ],
)
def test_what_makes_no_sense_is_told(values: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match="measures") as caught:
        read_measure_policy(values)
    assert said in str(caught.value)


def test_the_checksum_moves_with_either_half_of_the_policy() -> None:
    same = MeasurePolicy().digest(DEFAULT_POLICY)
    assert same == read_measure_policy({}).digest(Policy())
    others = {MeasurePolicy(renew_days=3.0).digest(DEFAULT_POLICY), MeasurePolicy().digest(Policy(review_score=0.6))}
    assert len(others - {same}) == 2
