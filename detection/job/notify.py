"""Alerts are told: one digest for each batch, to a file, as JSON lines, by e-mail, or to a webhook that is signed.

Webhooks are in the form of Standard Webhooks 1.0: the id is the batch's, and stays the same however often it is tried.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import smtplib
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import msgspec
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from detection.job.alerts import Alert, Told, write_told
from detection.job.settings import AlertTarget
from graph.errors import ConfigError
from graph.files import read_bounded

TIMEOUT_SECONDS = 10.0
ATTEMPTS = 4
PAUSE_SECONDS = 0.5
"""Before the second attempt; then twice as long, and so on.  What fails after all is tried again by the next night."""
_MOST_SECRET = 4096


def tell_waiting(
    folder: Path, told: Told, targets: Sequence[AlertTarget], find_file: Callable[[str], Path]
) -> list[str]:
    """Tell every target the batches that wait for it; returns what went wrong, in words.

    Parameters
    ----------
    folder
        Of the nights, where it is written down that a target has heard of a batch.
    told
        What waits; what was told is taken out.
    targets
        From the settings.
    find_file
        Where a file that the settings name lies.
    """
    problems = []
    for target in targets:
        for batch in list(told.waiting.get(target.name, ())):
            alerts = [each for each in told.alerts if each.batch == batch]
            try:
                _try(partial(_TELL[target.kind], target, alerts, batch, find_file))
            except (OSError, smtplib.SMTPException, ConfigError) as error:
                problems.append(f"alerts could not be told to {target.name}: {error}; the next night tries again")
                break
            told.waiting[target.name].remove(batch)
            write_told(folder, told)
    return problems


def _try(tell: Callable[[], None]) -> None:
    attempts = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=PAUSE_SECONDS),
        retry=retry_if_exception_type((OSError, smtplib.SMTPException)),
        reraise=True,
    )
    attempts(tell)


def _append_text(target: AlertTarget, alerts: Sequence[Alert], batch: str, find_file: Callable[[str], Path]) -> None:
    _append(
        find_file(target.path), "".join(f"{each.at:%Y-%m-%dT%H:%M:%SZ} {each.kind}: {each.words}\n" for each in alerts)
    )


def _append_lines(target: AlertTarget, alerts: Sequence[Alert], batch: str, find_file: Callable[[str], Path]) -> None:
    _append(
        find_file(target.path), "".join(f"{json.dumps(msgspec.to_builtins(each), sort_keys=True)}\n" for each in alerts)
    )


def _append(path: Path, text: str) -> None:
    """Add lines down to the disk, all in one call, so that no reader sees half of a line."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.write(descriptor, text.encode("utf-8", "backslashreplace"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _send_mail(target: AlertTarget, alerts: Sequence[Alert], batch: str, find_file: Callable[[str], Path]) -> None:
    message = EmailMessage()
    message["Subject"] = f"Ringfence: {len(alerts):,} alert{'' if len(alerts) == 1 else 's'}"
    message["From"], message["To"] = target.sender, ", ".join(target.to)
    message["Message-ID"] = f"<{batch}@ringfence>"
    message.set_content("\n".join(f"{each.kind}: {each.words}" for each in alerts) + "\n")
    with smtplib.SMTP(target.host, target.port, timeout=TIMEOUT_SECONDS) as server:
        if target.starttls:
            server.starttls()
        if target.username:
            server.login(target.username, _read_secret(target, find_file))
        server.send_message(message)


def _call_webhook(target: AlertTarget, alerts: Sequence[Alert], batch: str, find_file: Callable[[str], Path]) -> None:
    now = datetime.now(UTC)
    document = {
        "type": "ringfence.alerts",
        "timestamp": now.isoformat(),
        "data": {"alerts": msgspec.to_builtins(alerts)},
    }
    body = json.dumps(document, sort_keys=True).encode()
    headers = sign(batch, int(now.timestamp()), body, _read_secret(target, find_file))
    request = urllib.request.Request(target.url, body, headers | {"content-type": "application/json"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            answer.read(1)
    except urllib.error.HTTPError as error:
        error.close()
        raise OSError(f"the receiver answers {error.code}") from None


def sign(message_id: str, timestamp: int, body: bytes, secret: str) -> dict[str, str]:
    """The headers of a webhook: its id, when it was sent (seconds since 1970), and who sent it.

    Parameters
    ----------
    message_id, timestamp, body
        What is signed.
    secret
        In base 64, after ``whsec_``.

    Raises
    ------
    ConfigError
        If the secret is none.
    """
    try:
        key = base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if len(key) < 16:
        raise ConfigError("the secret of a webhook is 16 bytes or more in base 64, after `whsec_`")
    signed = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def _read_secret(target: AlertTarget, find_file: Callable[[str], Path]) -> str:
    path = find_file(target.secret_file)
    try:
        return read_bounded(path, _MOST_SECRET).decode().strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}, the secret of {target.name}, cannot be read: {error}") from error


_TELL: dict[str, Callable[[AlertTarget, Sequence[Alert], str, Callable[[str], Path]], None]] = {
    "text": _append_text,
    "jsonl": _append_lines,
    "email": _send_mail,
    "webhook": _call_webhook,
}
