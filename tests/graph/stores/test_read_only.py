"""Questions only read: what is not known to be harmless is refused before any store hears of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import small_market
from asked import HARMLESS, HARMLESS_EMBEDDED, HOSTILE

from graph.contract.tables import read_folder
from graph.errors import QueryError
from graph.open import open_store
from graph.settings import Settings
from graph.stores.cypher_tokens import split_query
from graph.stores.embedded.harmless import HARMLESS as ON_LADYBUG
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.read_only import require_question

PARAMETERS = {"id": "ann", "ids": ["ann"], "set": "ann"}
SECRET = "nobody may see this"


@pytest.mark.parametrize("form", HOSTILE)
def test_what_may_do_harm_is_refused_unasked(form: str) -> None:
    query = form.format(secret="/etc/passwd", out="/tmp", web="http://localhost/")
    with pytest.raises(QueryError) as caught:
        require_question(query, ON_LADYBUG)
    assert len(str(caught.value).splitlines()) == 1


def test_there_are_enough_forms() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 180
    assert len(HARMLESS) >= 60


@pytest.mark.parametrize("query", [*HARMLESS, *HARMLESS_EMBEDDED])
def test_what_only_reads_passes(query: str) -> None:
    require_question(query, ON_LADYBUG)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        (
            "MATCH (a) SET a.x = 1",
            "^SET is not allowed here: a question is one statement of MATCH, OPTIONAL MATCH,",
        ),
        ("LOAD FROM 'x' RETURN *", "^LOAD is not allowed here"),
        ("RETURN 1; RETURN 2", "^more than one statement"),
        ("CALL apoc.load.json('x')", r"^CALL apoc\.load\.json is not among the procedures that only read"),
        ("RETURN apoc.load.json('x')", r"^apoc\.load\.json\(\) is not among the functions that only reckon"),
        ("RETURN '\\u0027'", r"^write the character itself instead of \\u, or hand it over with --param"),
        ("RETURN\u00a01", r"^'\\xa0' does not belong into a query"),
        ("RETURN 'x", "^a string is not closed"),
        ("MATCH (a RETURN a", "^RETURN is not allowed here"),
        ("RETURN (1", r"^one \( is not closed"),
        ("RETURN " + "(" * 100 + "1" + ")" * 100, "^the query is nested too deeply"),
    ],
)
def test_a_refusal_names_what_is_refused_and_what_is_allowed(query: str, named: str) -> None:
    with pytest.raises(QueryError, match=named) as caught:
        require_question(query, ON_LADYBUG)
    assert "(query: " in str(caught.value)


@pytest.mark.parametrize(
    "clause",
    [
        "SET n.x = 1",
        "DETACH DELETE n",
        "DELETE (n)",
        "CREATE (n)",
        "LOAD CSV FROM 'x' AS line",
        "; CHECKPOINT",
        "CALL dbms.listConfig()",
        "CALL `apoc`.`cypher`.`doIt`('x', {})",
        "UNION LOAD FROM 'x' RETURN 1",
        "CALL { MATCH (n) DELETE n }",
    ],
)
def test_no_place_in_a_harmless_query_lets_a_hostile_clause_in(clause: str) -> None:
    passed = [query for each in HARMLESS for query in insert_everywhere(each, clause) if passes(query)]
    assert passed == []


def insert_everywhere(query: str, clause: str) -> Iterator[str]:
    """The query with a clause at each of its places, between any two of its words and symbols."""
    words = [f"`{each.text}`" if each.kind == "quoted" else each.text for each in split_query(query)]
    for place in range(len(words) + 1):
        yield " ".join([*words[:place], clause, *words[place:]])


def passes(query: str) -> bool:
    try:
        require_question(query, ON_LADYBUG)
    except QueryError:
        return False
    return True


def test_a_query_of_many_words_is_read_in_a_moment() -> None:
    require_question(f"RETURN [{', '.join(map(str, range(20_000)))}] AS x", ON_LADYBUG)


# ── on the embedded store ─────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store in it, a secret, and a folder in which nothing may appear."""
    folder = tmp_path_factory.mktemp("asked")
    with open_store(str(folder / "store"), mode="write") as store:
        store.load(read_folder(small_market.write_tables(folder / "market"), Settings()))
        snapshot = store.snapshot()
        store.write_run(small_market.make_run(snapshot), snapshot)
    (folder / "secret").write_text(f"{SECRET}\n{SECRET}\n")
    (folder / "out").mkdir()
    return folder


def describe_folder(folder: Path) -> Mapping[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def fill_in(form: str, place: Path) -> str:
    return form.format(secret=place / "secret", out=place / "out", web="http://127.0.0.1:9/")


def test_no_hostile_form_reads_writes_or_changes_anything_on_the_embedded_store(place: Path) -> None:
    before = describe_folder(place)
    said = []
    with open_store(str(place / "store")) as store:
        for form in HOSTILE:
            with pytest.raises(QueryError) as caught:
                store.query(fill_in(form, place), x=1)
            said.append(str(caught.value))
    assert describe_folder(place) == before
    assert SECRET not in " ".join(said)


@pytest.mark.parametrize("form", ["LOAD FROM '{secret}' (file_format='csv', header=false) RETURN *"])
def test_ladybug_opened_for_reading_would_print_any_file(place: Path, form: str) -> None:
    with open_store(str(place / "store")) as store:
        assert isinstance(store, EmbeddedStore)
        assert SECRET in str(store._get_database().ask(fill_in(form, place), {}))


@pytest.mark.parametrize(
    "form", ["COPY (RETURN 1) TO '{out}/first.csv'", "RETURN 1; COPY (RETURN 1) TO '{out}/second.csv'"]
)
def test_ladybug_opened_for_reading_would_write_any_file(place: Path, form: str) -> None:
    with open_store(str(place / "store")) as store:
        assert isinstance(store, EmbeddedStore)
        store._get_database().ask(fill_in(form, place), {})
    written = list((place / "out").iterdir())
    assert len(written) == 1
    written[0].unlink()


def test_the_embedded_store_answers_what_only_reads(place: Path) -> None:
    with open_store(str(place / "store")) as store:
        for query in (*HARMLESS, *HARMLESS_EMBEDDED):
            store.query(query, **{name: value for name, value in PARAMETERS.items() if f"${name}" in query})
