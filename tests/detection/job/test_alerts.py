"""Alerts are of changes only, each once, and told until they are heard: signed, and under one id."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from detection.job import notify
from detection.job.alerts import (
    Alert,
    Told,
    add_alerts,
    find_drifting,
    find_ending,
    find_failed,
    find_ring_alerts,
    make_alert,
    read_told,
    write_told,
)
from detection.job.checks import Check
from detection.job.notify import sign, tell_waiting
from detection.job.settings import AlertTarget, read_job_settings
from graph.errors import ConfigError, StoreDamagedError
from graph.lineage import tell_changes
from graph.measures.events import make_event

NOW = datetime(2026, 11, 29, 3, 15, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def tie(members: str) -> dict[str, float]:
    return dict.fromkeys(members, 10.0)


BEFORE = {"R1": tie("abc"), "R2": tie("def"), "R3": tie("ghi"), "R4": tie("jk")}
AFTER = {"R1": tie("abcx"), "R2": tie("def"), "R3": tie("gh"), "R4": tie("jkl"), "R5": tie("mno"), "R6": tie("pq")}


def find(**tiers: tuple[str, str]) -> list[tuple[str, str]]:
    before = {ring: was for ring, (was, _) in tiers.items() if was}
    after = {ring: now for ring, (_, now) in tiers.items() if now}
    changes = tell_changes(BEFORE, AFTER)
    found = find_ring_alerts(changes, before, after, least="review", at=NOW)  # type: ignore[arg-type]  # tiers
    return [(each.kind, each.subject_id) for each in found]


def test_a_ring_is_alerted_to_when_it_is_new_has_grown_or_has_risen_and_is_grave_enough() -> None:
    found = find(
        R1=("review", "review"),
        R2=("review", "automatic"),
        R3=("automatic", "automatic"),
        R4=("watch", "watch"),
        R5=("", "review"),
        R6=("", "watch"),
    )
    assert found == [("ring grew", "R1"), ("ring rose", "R2"), ("new ring", "R5")]
    assert find(R2=("automatic", "review")) == []


def test_who_was_cleared_is_alerted_to_when_evidence_would_flag_them_again() -> None:
    overruled = [
        {"subject": "account", "subject_id": name, "tier": tier, "would_be": would_be, "event_id": "E1"}
        for name, tier, would_be in (("ann", "clear", "review"), ("bob", "clear", "watch"), ("cyd", "watch", "review"))
    ]
    assert [each.subject_id for each in find_drifting(overruled, at=NOW)] == ["ann"]


def test_a_measure_that_ends_within_a_day_is_alerted_to_if_it_restricts_somebody() -> None:
    said: dict[str, Any] = {"turn": 1, "at": NOW, "by": "ana", "reason": "x", "batch": "P1", "subject": "account"}
    in_force = [
        make_event(**said, kind="added", subject_id=name, measure=measure, until=NOW + timedelta(hours=hours))
        for name, measure, hours in (("ann", "hold", 20), ("bob", "hold", 30), ("cyd", "watch", 20))
    ]
    assert [each.words for each in find_ending(in_force, at=NOW, days=1.0)] == [
        "hold on account ann ends at 2026-11-29 23:15 UTC"
    ]


def test_a_failed_check_is_alerted_to() -> None:
    checks = [
        Check(name="most_rings_factor", value=9, bound=3, passed=passed, words="9 rings") for passed in (True, False)
    ]
    assert [each.words for each in find_failed(checks, at=NOW)] == ["9 rings (most_rings_factor is 3)"]


def make_some(n: int = 2) -> list[Alert]:
    return [
        make_alert("new ring", f"R{number}", f"ring R{number} is new", at=NOW, about="review") for number in range(n)
    ]


def test_what_was_told_is_not_told_again_and_what_is_told_at_once_has_one_id(tmp_path: Path) -> None:
    told = Told()
    (first, second) = add_alerts(told, make_some(), ["ops", "log"])
    assert first.batch == second.batch
    assert told.waiting == {"ops": [first.batch], "log": [first.batch]}
    (third,) = add_alerts(told, make_some(3), ["ops"])
    assert (third.subject_id, third.batch != first.batch) == ("R2", True)
    write_told(tmp_path, told)
    assert add_alerts(read_told(tmp_path), make_some(3), ["ops"]) == []
    (tmp_path / "alerts.json").write_text("{", encoding="utf-8")
    with pytest.raises(StoreDamagedError, match="no list of alerts"):
        read_told(tmp_path)


@dataclass
class Receiver:
    """A webhook's receiver: what it got, and how it answers, the last answer from then on."""

    port: int = 0
    answers: list[int] = field(default_factory=lambda: [204])
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(found.answers[min(len(found.got), len(found.answers)) - 1])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield found
        server.shutdown()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "PAUSE_SECONDS", 0.01)


def tell(folder: Path, told: Told, target: AlertTarget) -> list[str]:
    return tell_waiting(folder, told, [target], lambda name: folder / name)


def make_webhook(folder: Path, receiver: Receiver) -> AlertTarget:
    (folder / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
    return AlertTarget(name="ops", kind="webhook", url=f"http://127.0.0.1:{receiver.port}/in", secret_file="secret")


def test_a_webhook_is_tried_again_under_the_same_id_and_verifies(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [500, 503, 204]
    told = Told()
    (first, _) = add_alerts(told, make_some(), ["ops"])
    assert tell(tmp_path, told, make_webhook(tmp_path, receiver)) == []
    assert told.waiting == {"ops": []}
    assert [headers["webhook-id"] for headers, _ in receiver.got] == [first.batch] * 3
    headers, body = receiver.got[-1]
    document: Any = Webhook(SECRET).verify(body, headers)
    assert [each["subject_id"] for each in document["data"]["alerts"]] == ["R0", "R1"]
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"R0", b"R9"), headers)
    assert tell(tmp_path, told, make_webhook(tmp_path, receiver)) == []
    assert len(receiver.got) == 3


def test_what_nobody_heard_waits_and_is_told_later_with_the_id_that_it_had(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [500]
    told, target = Told(), make_webhook(tmp_path, receiver)
    (first, _) = add_alerts(told, make_some(), ["ops"])
    write_told(tmp_path, told)
    (problem,) = tell(tmp_path, told, target)
    assert "could not be told to ops: the receiver answers 500" in problem
    assert len(receiver.got) == 4
    told = read_told(tmp_path)
    add_alerts(told, make_some(3), ["ops"])
    receiver.answers = [200]
    assert tell(tmp_path, told, target) == []
    assert [headers["webhook-id"] for headers, _ in receiver.got[4:]] == [first.batch, told.alerts[-1].batch]
    assert read_told(tmp_path).waiting == {"ops": []}


@pytest.mark.parametrize("secret", ["", "whsec_short", "not base 64!", "c2hvcnQ="])
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(ConfigError, match="16 bytes or more"):
        sign("msg_1", 1, b"{}", secret)


def test_a_secret_that_is_missing_is_told_and_nothing_is_lost(tmp_path: Path, receiver: Receiver) -> None:
    told, target = Told(), make_webhook(tmp_path, receiver)
    (tmp_path / "secret").unlink()
    add_alerts(told, make_some(), ["ops"])
    assert "cannot be read" in tell(tmp_path, told, target)[0]
    assert len(told.waiting["ops"]) == 1


def test_files_get_a_line_for_each_alert(tmp_path: Path) -> None:
    told = Told()
    add_alerts(told, make_some(), ["log", "lines"])
    for name, kind in (("log", "text"), ("lines", "jsonl")):
        target = AlertTarget(name=name, kind=kind, path=f"{name}.txt")  # type: ignore[arg-type]  # a kind
        assert tell(tmp_path, told, target) == []
    assert (tmp_path / "log.txt").read_text(encoding="utf-8").splitlines() == [
        "2026-11-29T03:15:00Z new ring: ring R0 is new",
        "2026-11-29T03:15:00Z new ring: ring R1 is new",
    ]
    lines = (tmp_path / "lines.txt").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["subject_id"] for line in lines] == ["R0", "R1"]


class MailServer(socketserver.StreamRequestHandler):
    """As much of SMTP as one message takes."""

    got: list[str] = []  # noqa: RUF012 - a server makes a handler for each connection

    def handle(self) -> None:
        self.say("220 here")
        is_text = False
        for line in iter(self.rfile.readline, b""):
            text = line.decode().rstrip("\r\n")
            self.got.append(text)
            if is_text:
                if text == ".":
                    is_text = False
                    self.say("250 kept")
                continue
            is_text = text.upper() == "DATA"
            self.say("354 go on" if is_text else "221 bye" if text.upper() == "QUIT" else "250 ok")
            if text.upper() == "QUIT":
                return

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


def test_an_e_mail_is_one_for_each_batch(tmp_path: Path) -> None:
    MailServer.got.clear()
    told = Told()
    (first, _) = add_alerts(told, make_some(), ["mail"])
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailServer) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        port = server.server_address[1]
        target = AlertTarget(
            name="mail", kind="email", host="127.0.0.1", port=port, sender="r@x.example", to=("o@x.example",)
        )
        assert tell(tmp_path, told, target) == []
        server.shutdown()
    text = "\n".join(MailServer.got)
    assert "Subject: Ringfence: 2 alerts" in text
    assert f"Message-ID: <{first.batch}@ringfence>" in text
    assert "new ring: ring R1 is new" in text


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ({"kind": "webhook", "url": "https://x.example"}, "needs secret_file"),
        ({"kind": "webhook", "url": "ftp://x.example", "secret_file": "s"}, "url that is none"),
        ({"kind": "email", "sender": "a@x.example"}, "needs to"),
        ({"kind": "pager"}, "pager"),
    ],
)
def test_a_target_that_cannot_be_meant_is_told(target: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_job_settings({"alerts": [{"name": "ops", **target}]})
