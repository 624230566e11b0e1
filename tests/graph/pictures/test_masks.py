"""What stands in the place of identifiers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.pictures.masks import Identifier, Masks, list_identifiers

MASKS = Masks(
    list_identifiers(
        [
            ("phone", "+49301234567", "+49 30 1234567"),
            ("device", "D77", "D77"),
            ("address", "1 high st", "1 High Street"),
            ("email", "straße@x.example", "Straße@x.example"),
            ("ip", "7", "7"),
        ]
    )
)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("phone +49 30 1234567", "phone 1 (…67)"),
        ("call +49301234567, or not", "call phone 1 (…67), or not"),
        ("device D77", "device 1"),
        ("d77 of ann", "device 1 of ann"),
        ("D770 and XD77", "D770 and XD77"),
        ("address 1 high st (also written “1 High Street”)", "address 1 (…et)"),
        ("address 1 hihg st (also written “1 High Street”), device D77", "address 1 (…et), device 1"),
        ("device D77, address 9 elm st (also written “9 elm”, “9 elms”) of ann", "device 1, address (…st) of ann"),
        ("address 9 elm st (also written “9 elm”, “9 elms” and 1,204 more) of ann", "address (…st) of ann"),
        ("STRASSE@X.EXAMPLE or Straße@x.example", "STRASSE@X.EXAMPLE or email 1 (…le)"),
        ("7 members share 7 things", "7 members share 7 things"),
    ],
)
def test_an_identifier_is_hidden_wherever_it_stands_and_nothing_else_is(text: str, hidden: str) -> None:
    assert MASKS.hide(text) == hidden


def test_the_same_thing_has_the_same_number_in_whatever_order_things_come() -> None:
    things = [Identifier("device", ("D11",)), Identifier("device", ("D22",)), Identifier("card", ("4711-0815",))]
    hidden = [Masks(tuple(order)).hide("D22 and 4711-0815") for order in (things, things[::-1])]
    assert hidden == ["device 2 and card 1 (…15)"] * 2


def test_of_two_values_the_longer_one_is_hidden_whole() -> None:
    masks = Masks((Identifier("phone", ("1234567",)), Identifier("card", ("1234567 89",))))
    assert masks.hide("pays with 1234567 89") == "pays with card 1 (…89)"


def test_without_identifiers_a_text_stays() -> None:
    assert Masks().hide("device D77") == "device D77"


def test_many_identifiers_are_looked_up_and_not_tried_one_by_one() -> None:
    masks = Masks(tuple(Identifier("device", (f"D{number:07d}",)) for number in range(20_000)))
    text = "D0000007 and D0019999 " * 2000
    assert masks.hide(text) == "device 8 (…07) and device 20000 (…99) " * 2000


@given(st.text(alphabet="aB ß+.-_1İ", max_size=12), st.text(alphabet="aB ß+.-_1İ", max_size=40))
def test_no_text_has_an_identifier_as_a_word_of_its_own_any_more(value: str, text: str) -> None:
    hidden = Masks((Identifier("phone", (value,)),)).hide(f"{text} {value} {text}")
    if len(value.strip()) >= 3 and value == value.strip():
        assert f" {value} " not in f" {hidden} ".replace("phone 1", "")
