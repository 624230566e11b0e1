"""What the cells of a column look like."""

from __future__ import annotations

import numpy as np
import pytest

from graph.recognition import values
from graph.recognition.values import Profile


def profile(*cells: str | None) -> Profile:
    return Profile(cells)


@pytest.mark.parametrize(
    ("cells", "form", "others"),
    [
        (("2024-01-31T10:00:00Z", "2024-02-01"), None, ()),
        (("1706695200", "1706695201"), None, ()),
        (("1706695200000",), "unix milliseconds", ()),
        (("1706695200000000",), "unix microseconds", ()),
        (("31/01/2024", "01/02/2024"), "day first", ()),
        (("01/31/2024", "01/02/2024"), "month first", ()),
        (("01/02/2024", "03/04/2024"), "day first", ("month first",)),
        (("01.02.2024", "03.04.2024 10:00"), "day first", ()),
        (("2024/01/31",), "year first", ()),
    ],
)
def test_the_form_of_times_is_told_and_what_else_fits(
    cells: tuple[str, ...], form: str | None, others: tuple[str, ...]
) -> None:
    found = profile(*cells, None).time
    assert found is not None
    assert (found.form, found.others) == (form, others)


@pytest.mark.parametrize("cells", [("12", "13"), ("abc",), ("",), ("2024",), ("1.5", "2.5"), ("00:10:00",)])
def test_what_is_no_time_is_none(cells: tuple[str, ...]) -> None:
    assert profile(*cells).time is None


@pytest.mark.parametrize(
    ("cells", "clock", "zone"),
    [
        (("2024-01-31 00:00:00",), False, False),
        (("2024-01-31 10:00:00",), True, False),
        (("2024-01-31 10:00:00+00",), True, True),
        (("2024-01-31 10:00:00.5+00",), True, True),
        (("2024-01-31T10:00:00Z", "2024-01-31 10:00"), True, False),
        (("1706695200",), False, True),
    ],
)
def test_times_of_day_and_zones_are_noticed(cells: tuple[str, ...], clock: bool, zone: bool) -> None:
    found = profile(*cells).time
    assert found is not None
    assert (found.has_clock, found.has_zone) == (clock, zone)


@pytest.mark.parametrize(
    ("cells", "decimal", "unsure"),
    [
        (("1234.50", "7"), None, False),
        (("1.234,50", "7,00"), ",", False),
        (("$1,234.50", "7.00"), ".", False),
        (("1,234", "2,345"), ".", True),
        (("1.234", "2.345"), None, True),
        (("1.234", "2.34"), None, False),
        (("7", "8"), None, False),
    ],
)
def test_the_mark_of_numbers_is_told_and_whether_it_is_sure(
    cells: tuple[str, ...], decimal: str | None, unsure: bool
) -> None:
    found = profile(*cells).number
    assert found is not None
    assert (found.decimal, found.unsure) == (decimal, unsure)


@pytest.mark.parametrize("cells", [("abc",), ("B-20", "B-21"), ("K1", "K2"), ("2024-01-31",), ()])
def test_what_is_no_number_is_none(cells: tuple[str, ...]) -> None:
    assert profile(*cells).number is None


@pytest.mark.parametrize(
    ("sort", "yes", "no"),
    [
        ("email", "a.b@x.co.uk", "a at x"),
        ("phone", "+44 (0)20 7946-0958", "12"),
        ("phone", "030 1234567", "2024-01-31T10:00"),
        ("iban", "DE12 5001 0517 5400 0789 03", "DEUTSCHLAND"),
        ("ip", "2001:db8::1", "1.2.3"),
        ("ip", "85.214.0.1", "12"),
    ],
)
def test_identifiers_are_known_by_their_looks(sort: str, yes: str, no: str) -> None:
    assert (profile(yes).share(sort), profile(no).share(sort)) == (1.0, 0.0)


def test_cells_that_stand_for_nothing_say_nothing() -> None:
    found = profile("NULL", "", None, " ", "a", "\\N")
    assert (found.filled, found.fill, found.nothings) == (("a",), 1 / 6, ("NULL", "\\N"))


def write_dirty(dirt: list[str], *, share: float, seed: int) -> Profile:
    """A column of days, with so much in it that is none, in any order."""
    rng = np.random.default_rng(seed)
    days = (np.datetime64("2024-01-01") + np.arange(300)).astype(str)
    written = [day if seed % 2 else "/".join(reversed(day.split("-"))) for day in days.tolist()]
    others = [f"{dirt[number % len(dirt)]}{number}" for number in range(round(share * len(written)))]
    cells = [*written[len(others) :], *others]
    return profile(*(cells[place] for place in rng.permutation(len(cells)).tolist()))


@pytest.mark.parametrize("share", [0.0, 0.05, 0.09, 0.1, 0.11, 0.15, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_the_first_values_never_tell_another_form_of_times_than_all(
    monkeypatch: pytest.MonkeyPatch, share: float, seed: int
) -> None:
    dirt = ["soon ", "2024-13-", "99/99/", "17066952", "1/2/202"]
    found = write_dirty(dirt, share=share, seed=seed).time
    monkeypatch.setattr(values, "_FIRST_SHARE", 10**9)  # and so looks at none of them first
    assert write_dirty(dirt, share=share, seed=seed).time == found
    assert (found is not None) == (share < 0.1) or 0.1 <= share <= 0.15  # some of what is in it are times after all


def test_a_column_of_texts_is_not_read_to_its_end_in_every_form_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    monkeypatch.setattr(values, "_count_times", lambda texts, form: read.append(len(texts)) or 0)
    assert profile(*(f"a{number}" for number in range(1_000))).time is None
    assert set(read) == {200}
