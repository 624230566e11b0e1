"""What can be set about the encoder.  Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from graph.errors import ConfigError

AUTO = "auto"


@dataclass(frozen=True, kw_only=True)
class EncoderSettings:
    """How to build and train the encoder.

    ``dimensions`` of a vector; ``hidden`` width of a layer; ``steps`` of training, on ``batch``
    pairs of accounts each; ``fan_out`` neighbours sampled per relation, first and second round; ``hide_share``
    of features and links hidden from a view; ``temperature`` of the loss; ``edge_weights``, ``edge_ages`` and
    ``edge_calendar``: whether messages know how much or how good, how late in the life of either end, and when;
    ``label_steps`` of fine-tuning where there are labels;
    ``threads`` of torch, fixed because sums split over other threads differ in the last bit; ``device`` as torch
    names it, or ``auto`` for a GPU where there is one.
    """

    dimensions: int = 32
    hidden: int = 64
    seed: int = 0
    steps: int = 300
    batch: int = 256
    fan_out: tuple[int, int] = (5, 3)
    hide_share: float = 0.2
    temperature: float = 0.2
    learning_rate: float = 3e-3
    edge_weights: bool = True
    edge_ages: bool = False
    edge_calendar: bool = False
    label_steps: int = 100
    chunk: int = 500_000
    threads: int = 1
    device: str = AUTO


def check_settings(settings: EncoderSettings) -> None:
    """Refuse what makes no sense.

    Raises
    ------
    ConfigError
        Naming the setting.
    """
    for name in ("dimensions", "hidden", "batch", "chunk", "threads"):
        if getattr(settings, name) < 1:
            raise ConfigError(f"encoder.{name} is {getattr(settings, name)}, and has to be at least 1")
    for name in ("steps", "label_steps"):
        if getattr(settings, name) < 0:
            raise ConfigError(f"encoder.{name} is {getattr(settings, name)}, and cannot be negative")
    if not 0 <= settings.hide_share < 1:
        raise ConfigError(f"encoder.hide_share is {settings.hide_share}, and has to lie in [0, 1)")
    if not settings.temperature > 0:
        raise ConfigError(f"encoder.temperature is {settings.temperature}, and has to be above 0")
