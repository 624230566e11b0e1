"""Spellings of one thing join; two things never do."""

from __future__ import annotations

import csv
import string
import time
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import TESTS

from graph.identity.canonical import canonical_values, match_values

PAIRS = TESTS / "data" / "address_pairs.csv"


def canonical(kind: str, value: str) -> str:
    (answer,) = canonical_values(kind, pa.array([value])).to_pylist()
    assert isinstance(answer, str)
    return answer


def join(kind: str, values: Iterable[str]) -> dict[str, str]:
    """What each value stands for in a market that holds just these."""
    texts = list(dict.fromkeys(values))
    forms = canonical_values(kind, pa.array(texts, pa.string()))
    distinct = forms.unique()
    into = distinct.take(pa.array(match_values(kind, distinct)))
    place = dict(zip(distinct.to_pylist(), into.to_pylist(), strict=True))
    return {text: place[form] for text, form in zip(texts, forms.to_pylist(), strict=True)}


def count_things(kind: str, *values: str) -> int:
    return len(set(join(kind, values).values()))


@pytest.mark.parametrize(
    "spellings",
    [
        ("Flat 14A, 1 High St.", "1 HIGH STREET  apt #14-a", "unit no. 14a, 1 high street", "Apartment 14A 1 High St"),
        ("12 Oak Avenue, Springfield 62701", "12 oak ave.; SPRINGFIELD 62701", "Springfield 62701, 12 Oak Av"),
        ("P.O. Box 12, Leeds", "PO box 12 LEEDS"),
        ("2nd Floor, 5 King Rd", "Floor 2, 5 King Road"),
        ("5 St John's Ave", "5 Saint Johns Avenue", "5 St John’s Ave"),
        ("12 North Oak Blvd", "12 N. Oak Boulevard"),
        ("Suite No. 5, 7 Elm Rd", "7 Elm Road, Ste 5"),
        ("ул. Ленина, д. 5, кв. 12", "Улица Ленина, дом 5, квартира 12", "ул Ленина д.5 кв12"),
        ("北京市朝阳区建国路88号 1501室", "北京市朝阳区建国路８８号1501室"),
        ("Hauptstraße 5, Köln", "Hauptstr. 5 Köln", "HAUPTSTRASSE 5 KÖLN"),
        ("１２ Oak Street", "12 oak street"),
        ("Cafe\u0301 Road 3", "Caf\u00e9 Rd 3", "Cafe Road 3"),
        ("г. Тверь, ул. Садовая, д. 5, кв. 12", "Tver, ul. Sadovaya 5, kv. 12", "Садовая улица 5-12, Тверь"),
        ("ул. 8 Марта, д. 5, Москва", "Москва, ул. 8 Марта, 5"),
        ("вулиця Шевченка, будинок 7, м. Київ", "Київ, вул. Шевченка 7", "vul. Shevchenka 7, m. Kyiv"),
        (
            "12 rue de la République, 75002 Paris",
            "12, rue de la Republique, 75002 PARIS",
            "Paris 75002, 12 r. de la République",
        ),
        ("Calle Mayor 5, piso 3ºB, 28013 Madrid", "C/ Mayor, 5, 3ºB, 28013 Madrid"),
        ("Keizersgracht 12, 1012 AB Amsterdam", "1012AB Amsterdam, Keizersgracht 12"),
        ("5 High St, Leeds LS1 4DY", "5 High Street, LS1 4DY Leeds", "5, High Street, Leeds, LS14DY"),
        ("12 Oak St, Reno NV 89501-1234", "12 OAK STREET RENO NV 89501"),
        ("海宁市东城区中山路88號1501室", "中山路88-1501,海宁市东城区", "海宁市 东城区 中山路 八十八号 1501室"),
    ],
)
def test_spellings_of_one_address_join(spellings: tuple[str, ...]) -> None:
    assert len({canonical("address", spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    "places",
    [
        ("Flat 14A, 1 High St", "Flat 14C, 1 High St", "Flat 14, 1 High St", "1 High St"),
        ("Flat 2, 1 High St", "Flat 1, 2 High St"),
        ("Flat 2, Block 3, 1 High St", "Flat 3, Block 2, 1 High St"),
        ("Apt A, 5 Elm Rd", "Apt B, 5 Elm Rd"),
        ("200 E 300 S, Provo", "300 E 200 S, Provo"),
        ("1200 E 3300 S, Provo", "3300 E 1200 S, Provo"),
        ("Calle 10 # 5-20", "Calle 5 # 10-20"),
        ("1/2 High St", "2/1 High St", "12 High St"),
        ("12 5th Avenue", "5 12th Avenue"),
        ("кв. 1, д. 2, ул. Мира", "кв. 2, д. 1, ул. Мира"),
        ("建国路1, 23号", "建国路12, 3号"),
        ("12 Oak Street", "12 Oak Road"),
        ("L-1-2", "L-2-1"),
        ("5 Main St 10", "10 Main St 5"),
        ("5 St John's Road, Leeds", "5 John's Road, Leeds"),
        ("ул. Ленина, д. 5, корп. 1", "ул. Ленина, д. 5, корп. 2", "ул. Ленина, д. 5"),
        ("1-я Садовая ул., 5", "2-я Садовая ул., 5", "Садовая ул., 5"),
        ("中山东路5号", "中山西路5号", "中山路5号"),
        ("建国路1号2栋3室", "建国路1号3栋2室", "建国路2号1栋3室"),
        ("Apt A, 5 Elm Rd", "5 Elm Rd"),
    ],
)
def test_different_places_stay_apart(places: tuple[str, ...]) -> None:
    assert len({canonical("address", place) for place in places}) == len(places)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("email", "Ann.Lee+shop@GoogleMail.com", "annlee@gmail.com"),
        ("email", "ann+1@example.org ", "ANN@Example.org"),
        ("phone", "+44 (0)20 7946 0958", "0044 20 7946-0958"),
        ("phone", "tel:+1-555-123-4567", "+1 (555) 123.4567"),
        ("phone", "020 7946 0958", "02079460958"),
        ("phone", "+44 020 7946 0958", "+442079460958"),
        ("phone", "+39 06 698 1", "0039 06-6981"),
        ("phone", "020 7946 0958 ext. 12", "02079460958x12"),
        ("email", "ann@bücher.example", "ANN@xn--bcher-kva.example"),
        ("payment", "4111 1111 1111 1111", "4111-1111-1111-1111"),
        ("payment", "de89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("ip", "2001:0DB8:0:0::1", "2001:db8::1"),
        ("ip", "::ffff:10.0.0.1", "10.0.0.1"),
        ("device", " ＡＢ1 ", "AB1"),
    ],
)
def test_spellings_of_other_identifiers_join(kind: str, one: str, other: str) -> None:
    assert canonical(kind, one) == canonical(kind, other)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("email", "ann.lee@example.org", "annlee@example.org"),
        ("email", "+1@example.org", "+2@example.org"),
        ("phone", "+1 555 123 4567", "+1 555 123 4568"),
        ("phone", "hash:aB12", "hash:AB12"),
        ("device", "ab1", "AB1"),
        ("payment", "12-34", "1234"),
        ("payment", "4111 1111 1111 1112", "4111111111111112"),
        ("phone", "+39 06 6981", "+39 6 6981"),
        ("phone", "02079460958x12", "02079460958"),
        ("email", "Not An E-mail+1", "not an e-mail"),
        ("ip", "2001:db8::1", "2001:db8::2"),
        ("address_id", "12 oak street", "12 Oak St"),
        ("ip", "10.0.0.1", "1.0.0.01"),
    ],
)
def test_different_identifiers_stay_apart(kind: str, one: str, other: str) -> None:
    assert canonical(kind, one) != canonical(kind, other)


def test_nulls_stay_null_and_rows_keep_their_place() -> None:
    values = pa.chunked_array([["b st, 2", None], [], ["a rd, 1", "2 b street"]], pa.string())
    assert canonical_values("address", values).to_pylist() == ["2 b st", None, "1 a rd", "2 b st"]


@pytest.mark.parametrize("kind", ["address", "email", "phone", "device"])
def test_no_values_give_no_values(kind: str) -> None:
    answer = canonical_values(kind, pa.array([], pa.string()))
    assert (answer.to_pylist(), answer.type) == ([], pa.string())


KINDS = st.sampled_from(["address", "email", "phone", "device", "payment"])
_TRICKY = (
    "1 2 14a 200 12345 2nd flat apt # no. floor box lot st street n e - / , . ' кв д 号 路 é ２ q strasse no5 unit3"
)
PIECES = st.sampled_from(_TRICKY.split(" "))
WORDS = st.sampled_from(["oak", "high", "street", "road", "london", "old", "mill", "ave", "king's"])
UNIT_WORDS = st.sampled_from(["flat", "Apt", "apartment", "Unit", "suite", "#", "flat no."])
UNIT_NUMBERS = st.from_regex(r"[1-9][0-9]{0,3}[a-d]?", fullmatch=True)


@given(kind=KINDS, value=st.text())
def test_a_canonical_form_is_its_own_canonical_form(kind: str, value: str) -> None:
    once = canonical(kind, value)
    assert canonical(kind, once) == once


@given(pieces=st.lists(PIECES, max_size=8), gap=st.sampled_from([" ", "", ", "]))
def test_a_canonical_address_is_its_own_canonical_form(pieces: list[str], gap: str) -> None:
    once = canonical("address", gap.join(pieces))
    assert canonical("address", once) == once


@given(street=st.lists(WORDS, min_size=1, max_size=3), number=st.integers(1, 9999), data=st.data())
def test_case_punctuation_and_order_of_parts_do_not_matter(street: list[str], number: int, data: st.DataObject) -> None:
    parts = [f"{number} {' '.join(street)} road", "flat 7b", "camelot", "ab1 2cd"]
    plain = canonical("address", ", ".join(parts))
    shuffled = data.draw(st.permutations(parts))
    mark = data.draw(st.sampled_from([", ", "; ", ",", "\n", " ,  "]))
    how = data.draw(st.sampled_from([str.lower, str.upper, str]))
    assert canonical("address", mark.join(how(part) for part in shuffled)) == plain


@given(
    street=st.lists(WORDS, min_size=1, max_size=3),
    house=UNIT_NUMBERS,
    one=UNIT_NUMBERS,
    two=UNIT_NUMBERS,
    data=st.data(),
)
def test_units_join_exactly_when_their_numbers_are_equal(
    street: list[str], house: str, one: str, two: str, data: st.DataObject
) -> None:
    def spell(number: str) -> str:
        unit = f"{data.draw(UNIT_WORDS)} {number}"
        road = " ".join([house, *street])
        return data.draw(st.sampled_from([f"{unit}, {road}", f"{road} {unit.upper()}", f"{road}; {unit}."]))

    assert (canonical("address", spell(one)) == canonical("address", spell(two))) == (one == two)


@given(house=UNIT_NUMBERS, unit=UNIT_NUMBERS, street=WORDS)
def test_a_flat_and_a_house_never_swap_their_numbers(house: str, unit: str, street: str) -> None:
    there = canonical("address", f"Flat {unit}, {house} {street} road")
    swapped = canonical("address", f"Flat {house}, {unit} {street} road")
    assert (there == swapped) == (house == unit)


@given(
    local=st.text(string.ascii_letters, min_size=1),
    tag=st.text(string.ascii_letters),
    domain=st.sampled_from(["a.org", "gmail.com"]),
)
def test_a_tag_and_capitals_do_not_change_an_email(local: str, tag: str, domain: str) -> None:
    assert canonical("email", f"{local.upper()}+{tag}@{domain}") == canonical("email", f"{local}@{domain.upper()}")


# ------------------------------------------------------------------------------------------ a whole market


@pytest.mark.parametrize(
    "spellings",
    [
        ("12 Oakfield Street, Leeds LS1 4DY", "12 Oakfeild Street, Leeds LS1 4DY", "12 Oakfield Stret, Leeds, LS1 4DY"),
        ("12 Oak Street, Springfield 62701", "12 Oak Street, 62701", "12 Oak St, Springfield", "12 Oak St Sprignfield"),
        ("Flat 3, 12 Oak Street, Leeds", "12 Oak Street, Leeds"),
        ("Hauptstraße 5, 80331 München", "Hauptstr. 5, 80331 Muenchen"),
        ("г. Королёв, ул. Щербакова, д. 5", "Korolev, ul. Scherbakova 5", "Королев, ул. Щербкова 5"),
        ("ул. Васил Левски 5, София 1000", "ul. V. Levski 5, Sofia 1000"),
        ("上海市浦东新区长江路498号1501室", "上海浦东新区常江路498号1501室", "浦东新区长江路498号1501室"),
    ],
)
def test_slips_and_omissions_join_in_company(spellings: tuple[str, ...]) -> None:
    assert count_things("address", *spellings) == 1


@pytest.mark.parametrize(
    "places",
    [
        ("Flat 14A, 1 High St, Leeds", "Flat 14C, 1 High St, Leeds", "1 High St, Leeds"),
        ("Bergstraße 5, 50667 Köln", "Burgstraße 5, 50667 Köln"),
        ("12 Oak St, Springfield", "12 Oak St, Shelbyville", "12 Oak St"),
        ("12 Oak St, Springfield 62701", "12 Oak St, Springfield 62702", "12 Oak St, Springfield"),
        ("12 High Street, Leeds LS1 4DY", "12 High Road, Leeds LS1 4DY"),
        ("5 St John's Road, Leeds LS1 4DY", "5 John's Road, Leeds LS1 4DY"),
        ("11 Oak Street, Leeds LS1 4DY", "1 Oak Street, Leeds LS1 4DY"),
        ("Storgatan 5, lgh 1101, Malmö 21120", "Storgatan 5, lgh 1102, Malmö 21120"),
        ("朝阳区建设一路5号", "朝阳区建设二路5号"),
        ("PO Box 12, Leeds", "PO Box 14, Leeds", "Leeds"),
    ],
)
def test_what_may_be_another_place_stays_apart_in_company(places: tuple[str, ...]) -> None:
    assert count_things("address", *places) == len(places)


def test_no_chain_of_spellings_joins_two_flats() -> None:
    flats = ["Flat 14A, 12 Oakfield Street, Leeds", "Flat 14C, 12 Oakfield Street, Leeds"]
    between = ["12 Oakfield Street, Leeds", "12 Oakfeild Street, Leeds", "12 Oakfield Street, Leeds LS1 4DY"]
    into = join("address", flats + between)
    assert into[flats[0]] != into[flats[1]]
    assert not {into[flat] for flat in flats} & {into[each] for each in between}
    assert len({into[each] for each in between}) == 1


def test_a_whole_number_of_the_markets_country_joins_the_national_one() -> None:
    market = ["+44 20 7946 0958", "+44 161 496 0000", "+1 555 123 4567", "020 7946 0958", "555 123 4567"]
    into = join("phone", market)
    assert into["020 7946 0958"] == into["+44 20 7946 0958"]
    assert into["555 123 4567"] != into["+1 555 123 4567"]  # most numbers are British
    assert count_things("phone", "+44 20 7946 0958", "+1 555 123 4567", "020 7946 0958") == 3  # no majority
    assert count_things("phone", "+7 916 123 45 67", "8 (916) 123-45-67", "9161234567") == 1
    assert count_things("phone", "+39 06 698 12345", "06 698 12345") == 1


@pytest.mark.parametrize("kind", ["address", "phone", "device"])
def test_an_empty_market_and_a_market_of_one_join_nothing(kind: str) -> None:
    assert match_values(kind, pa.array([], pa.string())).tolist() == []
    assert match_values(kind, pa.array(["1"])).tolist() == [0]


TOWNS = st.sampled_from(["", ", Leeds", ", Leeds LS1 4DY", ", LS1 4DY", ", Leads", ", York", ", York YO1 7HH"])
STREETS = st.sampled_from(
    ["Oakfield Street", "Oakfeild St", "Oakfield Road", "Oak Street", "St Oak Street", "Oakfeld St"]
)
UNIT_PARTS = st.sampled_from(
    ["", "", "Flat 1, ", "Flat 11, ", "Flat 14A, ", "Apt 14C, ", "Block 2, Flat 1, ", "Block 1, "]
)
SMALL_MARKETS = st.lists(
    st.builds(
        lambda unit, number, street, town: f"{unit}{number} {street}{town}",
        UNIT_PARTS,
        st.integers(1, 2),
        STREETS,
        TOWNS,
    ),
    min_size=2,
    max_size=14,
    unique=True,
)


def partition(into: dict[str, str]) -> set[frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for text, place in into.items():
        groups.setdefault(place, set()).add(text)
    return {frozenset(group) for group in groups.values()}


@settings(deadline=None)
@given(SMALL_MARKETS, st.randoms(use_true_random=False))
def test_the_order_of_a_market_changes_nothing(market: list[str], random: object) -> None:
    shuffled = list(market)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert join("address", market) == {text: join("address", shuffled)[text] for text in market}


@settings(deadline=None)
@given(SMALL_MARKETS)
def test_what_stands_for_a_place_stands_for_itself_and_for_no_two_flats(market: list[str]) -> None:
    forms = canonical_values("address", pa.array(market)).unique()
    into = match_values("address", forms)
    assert np.array_equal(into[into], into)
    said: dict[int, dict[str, str]] = {}
    for form, place in zip(forms.to_pylist(), into.tolist(), strict=True):
        words = form.replace(",", " ").split()
        facts = {word.rstrip("0123456789ac"): word for word in words if word.startswith(("unit", "blk"))}
        facts |= {"number": words[0]} | ({"postcode": words[-1]} if words[-1] in ("ls14dy", "yo17hh") else {})
        for fact, word in facts.items():
            assert said.setdefault(place, {}).setdefault(fact, word) == word


@settings(deadline=None)
@given(SMALL_MARKETS)
def test_an_address_elsewhere_changes_nothing(market: list[str]) -> None:
    elsewhere = "Flat 3, 77 Elsewhere Lane, Penzance TR18 2LB"
    assert partition(join("address", market)) == partition(join("address", [*market, elsewhere])) - {
        frozenset({elsewhere})
    }


def read_pairs(half: str) -> list[dict[str, str]]:
    with PAIRS.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["half"] == half]


@pytest.mark.parametrize("half", ["development", "held out"])
def test_labelled_pairs_join_as_precisely_and_as_often_as_promised(half: str) -> None:
    rows = read_pairs(half)
    into = join("address", [row[side] for row in rows for side in ("text_a", "text_b")])
    for script in ("Latin", "Cyrillic", "Chinese"):
        told = [(into[r["text_a"]] == into[r["text_b"]], r["same"] == "1") for r in rows if r["script"] == script]
        hits = sum(joined and same for joined, same in told)
        assert hits >= 0.99 * sum(joined for joined, _ in told), script
        assert hits >= 0.95 * sum(same for _, same in told), script


def test_labelled_pairs_are_their_own_forms() -> None:
    rows = [*read_pairs("development"), *read_pairs("held out")]
    forms = canonical_values("address", pa.array([row["text_a"] for row in rows]))
    assert canonical_values("address", forms).equals(forms)


@pytest.mark.slow
def test_four_hundred_thousand_addresses_take_seconds() -> None:
    values = pa.array([f"Flat {i % 999}, {i % 877} High Street, Town {i // 97} SW{i % 99}" for i in range(400_000)])
    start = time.process_time()
    forms = canonical_values("address", values).unique()
    matched = match_values("address", forms)
    assert time.process_time() - start < 60  # 15 on a quiet machine
    assert len(forms) == len(set(matched.tolist())) == 400_000
