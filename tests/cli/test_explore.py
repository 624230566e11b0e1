"""The page on which one walks around in the graph: who is let in, what is told, and that nothing is changed."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import do, run
from exploring import Visitor, serving
from small_market import CROWD, HOSTILE

from cli.explorer.answers import Explorer
from cli.explorer.names import LONGEST
from cli.explorer.server import FILES, HEADERS, MOST_BYTES, STATIC, TOKEN_HEADER, ExploreServer
from cli.main import COMMANDS
from graph.open import open_store
from graph.stores.protocol import GraphStore

pytestmark = pytest.mark.usefixtures("plain_surroundings")

CYTOSCAPE = {
    "cytoscape.min.js": "71fa9ebec21a7ca2c40cff6aacc30d1f6464e363662ad4b2c197e1adc770cd94",
    "cytoscape.LICENSE.txt": "eb319c6e6f233607f71e8e2f450391751883cfc0eeb3ca7ef574c13d1d9c2203",
}
"""Cytoscape.js 3.35.0 as it is in the package of that name."""


@pytest.fixture(scope="module")
def store(market: Path) -> Iterator[GraphStore]:
    with open_store(str(market / "ringfence-store")) as store:
        yield store


@pytest.fixture(scope="module")
def visitor(store: GraphStore) -> Iterator[Visitor]:
    with serving(store) as visitor:
        yield visitor


QUESTIONS = ("begin", "from", "around", "users", "path", "compare", "search", "account", "cypher")


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("token", [None, "", "wrong", "\u00e9".encode().decode("latin-1")])
def test_nobody_is_told_anything_without_the_token(visitor: Visitor, question: str, token: str | None) -> None:
    headers = {} if token is None else {TOKEN_HEADER: token}
    for method in ("GET", "POST"):
        reply = visitor.send(f"/api/{question}?id=ann", method=method, body=b'{"id": ["ann"]}', **headers)
        assert reply.status == 401
        assert "ann" not in reply.text


def test_the_token_in_the_address_alone_opens_nothing(visitor: Visitor) -> None:
    token = visitor.server.door.token
    assert visitor.send(f"/api/begin?token={token}", Cookie=f"token={token}").status == 401


HOSTS = (
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1",
    "127.0.0.1:1",
    "localhost.evil.example:{port}",
    "[::1]:{port}",
    "",
)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/", "/main.js", "/api/begin"])
def test_no_other_name_leads_here(visitor: Visitor, host: str, path: str) -> None:
    named = host.format(port=visitor.server.server_port)
    assert visitor.send(path, Host=named, **visitor.key).status == 421


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "https://127.0.0.1:{port}"}]
    + [{"Origin": "http://127.0.0.1:1"}, {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}],
)
def test_no_other_page_may_ask(visitor: Visitor, headers: dict[str, str]) -> None:
    named = {name: value.format(port=visitor.server.server_port) for name, value in headers.items()}
    assert visitor.send("/api/begin", **named, **visitor.key).status == 403


def test_the_page_itself_may_ask(visitor: Visitor) -> None:
    port = visitor.server.server_port
    for name in ("127.0.0.1", "localhost"):
        own = {"Host": f"{name}:{port}", "Origin": f"http://{name}:{port}", "Sec_Fetch_Site": "same-origin"}
        assert visitor.send("/api/begin", **own, **visitor.key).status == 200


def test_it_listens_to_this_machine_alone(visitor: Visitor) -> None:
    assert visitor.server.server_address[0] == "127.0.0.1"
    assert visitor.server.socket.family == socket.AF_INET
    assert visitor.server.address == f"http://127.0.0.1:{visitor.server.server_port}/#{visitor.server.door.token}"
    assert len(visitor.server.door.token) >= 43


@pytest.mark.parametrize("path", [*FILES, "/api/begin", "/nowhere"])
def test_every_answer_says_what_a_page_may_do(visitor: Visitor, path: str) -> None:
    reply = visitor.send(path)
    assert HEADERS.items() <= reply.headers.items()
    assert not [name for name in reply.headers if name.startswith("Access-Control") or name == "Set-Cookie"]
    policy = dict(rule.split(" ", 1) for rule in reply.headers["Content-Security-Policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")


@pytest.mark.parametrize(
    "path",
    ["/../pyproject.toml", "/%2e%2e/server.py", "/..%2fserver.py", "//etc/passwd", "/server.py", "/explore.html/.."],
)
def test_no_other_file_can_be_had(visitor: Visitor, path: str) -> None:
    assert visitor.send(path).status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_there_is_nothing_to_do_but_ask(visitor: Visitor, method: str) -> None:
    reply = visitor.send("/api/begin", method=method, **visitor.key)
    assert reply.status == 501
    assert HEADERS.items() <= reply.headers.items()


def test_a_question_that_is_too_long_or_none_is_refused(visitor: Visitor) -> None:
    assert visitor.send("/api/cypher", method="POST", Content_Length=str(MOST_BYTES + 1), **visitor.key).status == 413
    assert visitor.send("/api/cypher", method="POST", Content_Length="-1", **visitor.key).status == 413
    assert visitor.send("/api/cypher", method="POST", body=b"{", **visitor.key).status == 400
    assert visitor.send(f"/api/from?id={'x' * 70_000}", **visitor.key).status == 414
    for body in (b"[]", b'{"id": "ann"}', b'{"id": [1]}'):
        assert visitor.send("/api/compare", method="POST", body=body, **visitor.key).status in (400, 404)


def test_a_browser_that_goes_away_is_no_error_and_a_bug_is_one(
    visitor: Visitor, capsys: pytest.CaptureFixture[str]
) -> None:
    for error in (BrokenPipeError(), ZeroDivisionError()):
        try:
            raise error
        except (BrokenPipeError, ZeroDivisionError):
            visitor.server.handle_error(visitor.server.socket, ("127.0.0.1", 1))
    told = capsys.readouterr().err
    assert "BrokenPipe" not in told
    assert "ZeroDivisionError" in told


def test_what_is_not_there_is_one_line(visitor: Visitor) -> None:
    reply = visitor.send("/api/from?id=annn", **visitor.key)
    assert (reply.status, reply.read()) == (404, {"error": "no account or ring 'annn'; the nearest is 'ann'"})
    assert visitor.send("/api/users?thing=t999", **visitor.key).status == 404
    assert visitor.send("/api/users?thing=t-1", **visitor.key).status == 404


def test_the_neighbourhood_comes_as_nodes_and_edges(visitor: Visitor) -> None:
    found = visitor.ask("from", id="ann")
    assert {each["id"] for each in found["accounts"]} == {"ann", "bob", "cyd", "eve", HOSTILE}
    phone = next(each for each in found["things"] if each["users"] == ["ann", "bob", "cyd"])
    assert visitor.ask("users", thing=phone["id"])["things"][0]["accounts"] == 3
    (cafe,) = [each for each in found["folded"] if each["channel"] == "address"]
    assert cafe["accounts"] == len(CROWD) + 2
    assert len(visitor.ask("users", thing=cafe["id"], most="5")["accounts"]) == 5
    assert visitor.ask("around", id="ann", channel=["referral"])["things"] == []


def test_a_path_a_comparison_and_an_account_are_told(visitor: Visitor) -> None:
    found = visitor.ask("path", one="ann", other="dan")
    assert (found["found"], found["hops"], [each["id"] for each in found["accounts"]]) == (
        True,
        2,
        ["ann", "eve", "dan"],
    )
    assert not visitor.ask("path", one="ann", other=CROWD[0])["found"]
    compared = visitor.ask("compare", id=["ann", "bob"])
    assert [each["id"] for each in compared["accounts"]] == ["ann", "bob"]
    assert visitor.ask("account", id="cyd")["labels"] == ["fraud"]
    assert [each["id"] for each in visitor.ask("begin")["rings"]] == ["R-1", f"R-2 {HOSTILE}"]


SECRETS = ("phone-7", "laptop-3", "tablet 'x'", "café")


@pytest.mark.parametrize("is_spelt", [False, True])
def test_identifiers_are_spelt_out_only_where_somebody_asks(store: GraphStore, is_spelt: bool) -> None:
    with serving(store, is_spelt=is_spelt, start_id="ann") as visitor:
        told = [visitor.ask("begin"), visitor.ask("from", id="dan"), visitor.ask("path", one="ann", other="dan")]
        told += [visitor.ask("compare", id=["ann", "cyd", "dan"]), visitor.ask("search", text="phone-7")]
        told += [visitor.ask("account", id=each) for each in ("ann", "dan", HOSTILE)]
        text = json.dumps(told, ensure_ascii=False)
    assert [each in text for each in SECRETS] == [is_spelt, is_spelt, False, is_spelt]
    assert is_spelt or "device 1" in text


def test_what_people_and_runs_say_names_identifiers_as_the_picture_does(market: Path, tmp_path: Path) -> None:
    shutil.copytree(market / "ringfence-store", tmp_path / "store")
    do("--store", str(tmp_path / "store"), "decide", "ann", "confirmed", "--reason", "all on phone-7")
    with open_store(str(tmp_path / "store")) as store, serving(store) as visitor:
        things = visitor.ask("from", id="ann")["things"]
        (phone,) = [each["label"] for each in things if each["users"] == ["ann", "bob", "cyd"]]
        told = visitor.ask("account", id="ann")
    assert told["why"] == ["Core of trade ring R-1.", f"Shares {phone} with bob and cyd."]
    assert any(f"all on {phone}" in each for each in told["decisions"])


def test_what_is_found_by_an_identifier_can_be_opened(visitor: Visitor) -> None:
    (hit,) = visitor.ask("search", text="PHONE-7")["hits"]
    assert {each["id"] for each in visitor.ask("users", thing=hit["thing"])["accounts"]} == {"ann", "bob", "cyd"}


def test_every_label_can_be_shown(visitor: Visitor) -> None:
    found = visitor.ask("from", id=HOSTILE)
    labels = [each["label"] for kind in ("accounts", "things", "folded") for each in found[kind]]
    assert all(label.isprintable() and len(label) <= LONGEST for label in labels)
    assert found["roots"] == [HOSTILE]


def test_the_cypher_gives_what_is_on_the_screen(visitor: Visitor, store: GraphStore, market: Path) -> None:
    shown = ["ann", "bob", "cyd", HOSTILE]
    reply = visitor.send("/api/cypher", method="POST", body=json.dumps({"id": shown}).encode(), **visitor.key).read()
    words = shlex.split(reply["command"])
    assert words[:2] == ["ringfence", "cypher"]
    rows = json.loads(do("--store", str(market / "ringfence-store"), *words[1:], "--format", "json"))
    told = {(row["one"], row["other"], row["channel"], row["what"]) for row in rows}
    assert ("ann", "bob", "device", "phone-7") in told
    assert ("ann", HOSTILE, "trade", "o4") in told
    assert ("ann", "bob", "referral", "brought in") in told
    assert {end for row in rows for end in (row["one"], row["other"])} == set(shown)


def test_the_store_is_opened_for_reading(market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []
    monkeypatch.setattr(
        "graph.open.open_store", lambda where, mode, **more: modes.append(mode) or open_store(where, mode=mode, **more)
    )
    monkeypatch.setattr(ExploreServer, "serve_forever", lambda *_: None)
    shown = do("--store", str(market / "ringfence-store"), "explore", "ann", "--no-open")
    assert set(modes) == {"read"}
    assert re.fullmatch(r"Explore on http://127\.0\.0\.1:\d+/#[\w-]{43}\n", shown)


@pytest.mark.parametrize(("words", "code"), [(["annn"], 3), (["R-9"], 3), ([], 0), (["phone-7"], 0)])
@pytest.mark.usefixtures("here")
def test_what_is_wrong_is_said_before_anything_is_served(
    words: list[str], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExploreServer, "serve_forever", lambda *_: None)
    result = run("explore", *words, "--no-open")
    assert result.exit_code == code
    assert ("http" in result.stdout) == (code == 0)


@pytest.mark.usefixtures("here")
def test_whoever_is_interrupted_is_told_so_in_one_line_and_answers_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = []

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ExploreServer, "serve_forever", interrupt)
    monkeypatch.setattr(Explorer, "finish", lambda _: ended.append("ended"))
    result = run("explore", "--no-open")
    assert (result.exit_code, result.stderr.splitlines()[-1], len(ended)) == (130, "ringfence: interrupted", 1)


@pytest.mark.usefixtures("elsewhere")
def test_a_store_that_is_not_there_is_one_line() -> None:
    result = run("explore", "--no-open")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (5, "", 1)


@pytest.mark.usefixtures("here")
def test_a_port_that_is_taken_is_one_line(visitor: Visitor) -> None:
    port = str(visitor.server.server_port)
    result = run("explore", "--no-open", "--port", port)
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert f"127.0.0.1:{port}" in result.stderr
    assert "--port" in result.stderr


@pytest.mark.parametrize("name", CYTOSCAPE)
def test_what_others_wrote_is_what_they_published(name: str) -> None:
    assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == CYTOSCAPE[name]


def test_nothing_of_the_page_names_another_place() -> None:
    ours = [path for path in STATIC.iterdir() if path.name not in CYTOSCAPE]
    assert len(ours) >= 6
    for path in ours:
        found = set(re.findall(r"https?://[^\s\"'`]+", path.read_text(encoding="utf-8")))
        assert found <= {"http://www.w3.org/2000/svg", "http://graphml.graphdrawing.org/xmlns"}, path.name
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|\bon\w+=", path.read_text()
        )


def test_the_command_is_listed() -> None:
    assert COMMANDS["explore"][0] == "cli.explore"
