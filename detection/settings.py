"""What can be set about detection, checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from graph.errors import ConfigError

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Bits = Annotated[float, Meta(ge=0.0)]


class DetectSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings under ``[detect]`` in ringfence.toml.

    Attributes
    ----------
    seed
        For every random choice.
    resolutions
        Bits that a pair inside a community must average; one search for each.
    automatic_score, review_score
        The scores in [0, 1] from which a ring is for an automatic flag, or for a person's review.
    weakest_member_bits
        What must tie every member to the others for an automatic flag.
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
        How many copies of the market, rewired by chance, are searched for the false-discovery rate; each
        takes as long as the market itself.
    review_blocks
        Whether blocks of accounts that praise or blame the same targets at the same times are proposed as
        groups too; that takes a third more time.
    label_seeds
        Whether groups around accounts labelled as fraud are proposed too, for the judge to decide on; such a
        run is no fair test against those labels, and the leak gate may say so.
    model
        A file that ``ringfence train`` wrote, whose learned risk goes into account scores; empty for none.
    risk_review_score
        The learned risk in [0, 1] from which an account in no ring is for a person's review.
    """

    seed: Annotated[int, Meta(ge=0)] = 0
    resolutions: tuple[Annotated[float, Meta(gt=0.0)], ...] = (0.3, 1.0, 3.0)
    automatic_score: Share = 0.8
    review_score: Share = 0.4
    weakest_member_bits: Bits = 20.0
    encoder: bool = False
    encoder_file: str = ""
    look_alike: bool = False
    exclude_channels: tuple[str, ...] = ()
    rewired_copies: Annotated[int, Meta(ge=0)] = 0
    review_blocks: bool = False
    label_seeds: bool = False
    model: str = ""
    risk_review_score: Share = 0.5


def read_detect_settings(values: Mapping[str, Any]) -> DetectSettings:
    """Check the values of ``[detect]``.

    Raises
    ------
    ConfigError
        If a name is unknown, or a value is of the wrong type or out of its range; the message names it.
    """
    try:
        settings = msgspec.convert(dict(values), DetectSettings)
    except msgspec.ValidationError as error:
        raise ConfigError(f"[detect] in the settings: {error}") from error
    if settings.review_score > settings.automatic_score:
        raise ConfigError(
            f"[detect] in the settings: review_score is {settings.review_score} and automatic_score"
            f" {settings.automatic_score}; an automatic flag must ask for at least as much as a review"
        )
    return settings
