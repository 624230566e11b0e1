"""What the cells of a column look like."""

from __future__ import annotations

import pytest

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
