"""What can be set about detection, checked before anything runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from detection.policy import DEFAULT_POLICY, Policy
from graph.errors import ConfigError
from graph.settings import nearest_hint

MOVED = ("automatic_score", "review_score", "weakest_member_bits", "risk_review_score", "resolutions")
"""Settings that were under ``[detect]`` before the policy had a place of its own."""
RENAMED = {"weakest_member_bits": "weakest_tie_bits", "risk_review_score": "review_probability"}


class ChannelSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``[detect.channels.NAME]`` says of a channel; what it leaves out stays as in the catalogue.

    Attributes
    ----------
    role
        Of a kind of identifier: ``personal``, ``place``, ``coarse``, ``content`` or ``unknown``.
    affinity
        How much likelier than strangers people of one taste or town are to have a thing in common.
    windows_days
        In which windows of time the same is looked for.
    lease_days
        A thing of which nothing is heard for longer has changed hands.
    """

    role: Literal["personal", "place", "coarse", "content", "unknown"] | None = None
    affinity: Annotated[float, Meta(gt=0.0)] | None = None
    windows_days: Annotated[tuple[Annotated[float, Meta(gt=0.0)], ...], Meta(min_length=1)] | None = None
    lease_days: Annotated[float, Meta(gt=0.0)] | None = None


class DetectSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings under ``[detect]`` in ringfence.toml.

    Attributes
    ----------
    seed
        For every random choice.
    policy
        Every rule that can move a verdict.
    channels
        What differs from the catalogue, by channel.
    encoder
        Whether a run also encodes accounts and stores their vectors.
    encoder_file
        A file that ``ringfence train --encoder`` wrote, to encode with; empty to fit an encoder in every run that needs
        one.
    look_alike
        Whether accounts whose vectors are nearest to one another are proposed as groups too.
    exclude_channels
        Channels to look away from, by name (``device``, ``trade``, ``praise``, ...).
    rewired_copies
        How many copies of the market, rewired by chance, are searched as well for the false-discovery rate, which is
        the greater of the two then; each takes as long as the market itself.
    review_blocks
        Whether blocks of accounts that praise or blame the same targets at the same times are proposed as
        groups too; that takes a third more time.
    label_seeds
        Whether groups around accounts labelled as fraud are proposed too, for the judge to decide on; such a
        run is no fair test against those labels, and the leak gate may say so.
    heed_decisions
        Whether labels and statuses speak against accounts that share personal things with barred ones; an evaluation
        leaves it off, for it may not lean on what it measures by.
    model
        A file that ``ringfence train`` wrote, whose learned risk goes into account scores; empty for none.
    challenger
        Another such file, which every run tries beside the model; it acts on nothing. Empty for none.
    hear_risk
        Whether rings hear the risk that the model has learnt of their members, and the labels: that moves them in the
        list, and never above watching.
    rerank
        Whether rings of one tier are told in the order of two ranks: by their evidence, and by a judge that has learnt
        from markets whose truth is known. It moves rings within their tier's places in the list, and nothing else.
    rerank_file
        A judge that ``ringfence train --rings`` wrote; empty for the one that is shipped.
    """

    seed: Annotated[int, Meta(ge=0)] = 0
    policy: Policy = DEFAULT_POLICY
    channels: dict[str, ChannelSettings] = {}
    encoder: bool = False
    encoder_file: str = ""
    look_alike: bool = False
    exclude_channels: tuple[str, ...] = ()
    rewired_copies: Annotated[int, Meta(ge=0)] = 0
    review_blocks: bool = False
    label_seeds: bool = False
    heed_decisions: bool = True
    model: str = ""
    challenger: str = ""
    hear_risk: bool = False
    rerank: bool = False
    rerank_file: str = ""

    def without_decisions(self) -> DetectSettings:
        """The same for a run that is measured: it may not lean on decisions that the truth may know."""
        return msgspec.structs.replace(self, heed_decisions=False)

    def without_models(self) -> DetectSettings:
        """The same for a run that is to know nothing of labels."""
        return msgspec.structs.replace(self, model="", challenger="")

    def say_channel_changes(self) -> dict[str, dict[str, Any]]:
        """What is set of each channel."""
        return {
            name: {key: value for key, value in msgspec.structs.asdict(channel).items() if value is not None}
            for name, channel in self.channels.items()
        }


def read_detect_settings(values: Mapping[str, Any]) -> DetectSettings:
    """Check the values of ``[detect]``.

    Raises
    ------
    ConfigError
        If a name is unknown, or a value is of the wrong type or out of its range; the message names it.
    """
    for name in MOVED:
        if name in values:
            raise ConfigError(
                f"[detect] in the settings: {name} is now {RENAMED.get(name, name)} under [detect.policy]"
            )
    try:
        return msgspec.convert(dict(values), DetectSettings)
    except msgspec.ValidationError as error:
        wrong = re.search(r"unknown field `(.+?)`", str(error))
        hint = nearest_hint(wrong[1], (*DetectSettings.__struct_fields__, *Policy.__struct_fields__)) if wrong else ""
        raise ConfigError(f"[detect] in the settings: {error}{hint}") from error
