"""Addresses that are read by their shape have the forms that they have when they are read word by word."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest
from labelled_addresses import read_pairs

from graph.identity.addresses import shapes
from graph.identity.addresses.form import canonical_address
from graph.identity.addresses.shapes import is_name, read_plain
from graph.identity.canonical import _may_have_phrases

NAMES = ("adlerton", "dunmore", "kilburn", "mapleview", "northgate", "oakhurst", "unitary", "zennor", "bisk", "locks")


def list_plain() -> list[str]:
    """Labelled addresses of plain letters without phrases, as they are and in other letters."""
    texts = sorted({row[name] for row in read_pairs("development") for name in ("text_a", "text_b")})
    texts += [canonical_address(text) for text in texts] + [text.upper() for text in texts[::2]]
    flags = _may_have_phrases(pa.array(texts))
    return [text for text, flag in zip(texts, flags, strict=True) if not flag]


PLAIN = list_plain()


def test_labelled_addresses_have_the_same_forms_by_their_shapes() -> None:
    assert [read_plain(text) for text in PLAIN] == [canonical_address(text, has_phrases=False) for text in PLAIN]


def test_addresses_built_as_labelled_ones_have_the_same_forms_whatever_their_names_and_numbers_are() -> None:
    draw = random.Random(7)

    def give(piece: str) -> str:
        if piece.isdigit():
            return "".join(draw.choices("0123456789", k=len(piece)))
        return draw.choice(NAMES) if is_name(piece) else piece

    built = ["".join(give(each) for each in shapes._PIECE.split(text.lower())) for text in PLAIN for _ in range(3)]
    built += [text.title() for text in built[::3]]
    assert [read_plain(text) for text in built] == [canonical_address(text, has_phrases=False) for text in built]


@pytest.mark.parametrize(
    ("first", "second", "form"),
    [
        ("8 Oak Lane, Upper Dunmore", "9 Elmton Lane, Zennor Dunmore", "9 elmton ln, dunmore zennor"),  # in order
        ("8 Mill Lane, Apt 22, Adlerton", "9 Mill Lane, Apt 9, Zennor", "9 mill ln unit9, zennor"),  # one number twice
        ("8 Mill Lane, Flat 2, Room 31", "9 Mill Lane, Flat 7, Room 11", "9 mill ln room11 unit7"),  # sorted units
        ("8 Mill Lane, Flat 1, Flat 22", "9 Mill Lane, Flat 4, Flat 31", "9 mill ln unit31 unit4"),
        ("12 Zennor Dunmore Road, 5", "12 Adlerton House Road, 5", "12 adlerton rd unit5"),
        ("House 8, No 9, Mill Lane, Kilburn", "House 9, No 9, Mill Lane, Kilburn", "9 mill ln, kilburn"),
        ("2 Dunmore Road, Rosemary", "2 Dunmore Road, Almshouse", "2 dunmore rd, housealmshouse"),
        ("3rd Street 12, Dunmore", "1st Street 12, Dunmore", "12 1st st, dunmore"),
        ("2 Dunmore Road, Kilburn", "2 Dunmore Road, Austria", "2 dunmore rd"),
        ("2 Dunmore Road, Mapleview", "2 Dunmore Road, Mapleview Court", "2 dunmore rd, housemapleview"),
    ],
)
def test_what_the_reader_looks_at_is_of_the_shape(first: str, second: str, form: str) -> None:
    read_plain(first)  # whose shape might be taken for that of the second
    assert canonical_address(second, has_phrases=False) == form
    assert read_plain(second) == form


def test_ordinal_numbers_are_no_shape() -> None:
    digit, name = shapes._DIGIT, shapes._NAME
    assert shapes._find_form(f"flat {digit}a, {digit} {name} lane", True, (0,)) == "{1} {2} ln unit{0}a"
    assert shapes._find_form(f"flat {digit}nd, {digit} {name} lane", True, (0,)) == ""


def test_one_of_a_shape_is_read_word_by_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "_FORMS", {})
    read: list[str] = []

    def count(text: str, *, has_phrases: bool = True) -> str:
        read.append(text)
        return canonical_address(text, has_phrases=has_phrases)

    monkeypatch.setattr(shapes, "canonical_address", count)
    forms = [read_plain(f"{number} {name} Lane, Apt 7, Kettering 10128") for number in (11, 12) for name in NAMES]
    assert forms[0] == "11 adlerton ln unit7, kettering 10128"
    assert len(read) == 2  # a name before the town's in the alphabet, or after it


def test_what_is_kept_of_shapes_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "_MOST_KEPT", 50)
    monkeypatch.setattr(shapes, "_FORMS", {})
    monkeypatch.setattr(shapes, "_STANDS", shapes._Stands())
    for text in PLAIN[:400]:
        read_plain(text)
    assert len(shapes._FORMS) <= 50
    assert len(shapes._STANDS) <= 50
