"""What can be set about a night, checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from graph.errors import ConfigError
from graph.settings import nearest_hint
from graph.vocabulary import Tier

Share = Annotated[float, Meta(ge=0.0, le=1.0)]


class CheckSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a night may differ from what was published before; each is a check of that name, and 0 leaves it out.

    Attributes
    ----------
    least_rows_share
        A table may not have fewer rows than so large a share of what it had when it was loaded before.
    most_reject_share
        So large a share of a table's rows may be rejected.
    most_score_shift
        So far may the accounts' scores have moved: the Wasserstein distance of both distributions, 0 to 1.
    most_rings_factor
        So many times as many rings for review or automatic may there be, or as few; five more or fewer always may.
    most_flagged_share
        Of so large a share of all accounts may the flags be automatic.
    least_precision
        Of the decided accounts that evidence would flag so large a share has to be confirmed.
    least_decided
        With fewer such accounts nothing is said of precision.
    """

    least_rows_share: Share = 0.5
    most_reject_share: Share = 0.05
    most_score_shift: Share = 0.05
    most_rings_factor: Annotated[float, Meta(ge=0.0)] = 3.0
    most_flagged_share: Share = 0.05
    least_precision: Share = 0.5
    least_decided: Annotated[int, Meta(ge=1)] = 20


CHECKS = tuple(name for name in CheckSettings.__struct_fields__ if name != "least_decided")
"""The names of the checks."""


class AlertTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who hears of what a night has found.

    Attributes
    ----------
    name
        By which it is known what was told: another name is told everything anew.
    kind
        `text` or `jsonl`, lines added to a file; `email`; `webhook`, in the form of Standard Webhooks.
    path
        Of the file; relative to the settings file.
    url
        Of the webhook.
    secret_file
        Holds the secret of the webhook (`whsec_` and base 64), or the password of the mail server; relative to the settings file.
    host, port, starttls, username
        Of the mail server.
    sender, to
        Of e-mails.
    """  # noqa: E501 - the page of settings takes its words from here, one line each

    name: Annotated[str, Meta(min_length=1)]
    kind: Literal["text", "jsonl", "email", "webhook"]
    path: str = ""
    url: str = ""
    secret_file: str = ""
    host: str = "localhost"
    port: Annotated[int, Meta(ge=1, le=65535)] = 25
    starttls: bool = False
    username: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        needs = {"text": ("path",), "jsonl": ("path",), "email": ("sender", "to"), "webhook": ("url", "secret_file")}
        lacking = [name for name in needs[self.kind] if not getattr(self, name)]
        if lacking:
            raise ValueError(f"the target {self.name!r} of alerts needs {' and '.join(lacking)}")
        if self.url and not self.url.startswith(("https://", "http://")):
            raise ValueError(f"the target {self.name!r} of alerts has a url that is none")


class ModelSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When nights train a challenger, and what is asked of it before it may act.

    Attributes
    ----------
    train_every_days
        A night trains the challenger if the last one was trained so many days ago, or longer; 0 never does.
    least_runs
        In so many runs it has to have been side by side with the model that acts.
    least_labels
        So many accounts have to have been decided about since it was trained.
    most_moved_share
        To so large a share of the accounts may it give another tier.
    """

    train_every_days: Annotated[int, Meta(ge=0)] = 0
    least_runs: Annotated[int, Meta(ge=1)] = 7
    least_labels: Annotated[int, Meta(ge=0)] = 20
    most_moved_share: Share = 0.01


class JobSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `ringfence run` does, under ``[run]``.

    Attributes
    ----------
    tables
        The folder of tables, or of folders of tables, unless the command names one; relative to the settings file.
    keep_jobs
        How many of the latest records stay.
    metrics
        The file of metrics for Prometheus, ending in `.prom`; empty for none. Relative to the settings file.
    alerts
        Who hears of what a night has found.
    alert_tier
        Rings of this tier or above are worth an alert.
    by
        Who applies measures where a run may, as it is kept with them.
    """

    tables: str = ""
    keep_jobs: Annotated[int, Meta(ge=2)] = 60
    metrics: str = ""
    alerts: tuple[AlertTarget, ...] = ()
    alert_tier: Tier = "review"
    by: str = "ringfence run"
    checks: CheckSettings = CheckSettings()
    models: ModelSettings = ModelSettings()


def read_job_settings(values: Mapping[str, Any]) -> JobSettings:
    """Check the values of ``[run]``.

    Raises
    ------
    ConfigError
        If a name is unknown, or a value is of the wrong type or out of its range; the message names it.
    """
    parts = (
        ("run", values, JobSettings),
        ("run.checks", values.get("checks", {}), CheckSettings),
        ("run.models", values.get("models", {}), ModelSettings),
    )
    for inside, found, struct in parts:
        for name in found if isinstance(found, Mapping) else ():
            if name not in struct.__struct_fields__:
                hint = nearest_hint(name, struct.__struct_fields__)
                raise ConfigError(f"[{inside}] in the settings: no setting {name!r}{hint}")
    try:
        return msgspec.convert(dict(values), JobSettings)
    except msgspec.ValidationError as error:
        raise ConfigError(f"[run] in the settings: {error}") from error
