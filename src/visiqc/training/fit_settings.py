"""What decides how a model is fitted, and what a fit gives; torch-free, so that a recipe is read without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from visiqc.errors import BadRecipe


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """The key `fit` of the training recipes."""

    epochs: int = 20
    """Passes over the training split, at most."""
    rate: float = 1e-3
    """Highest learning rate of AdamW; a parameter group's `scale` times this."""
    find_rate: bool = False
    """Look for the rate first, and take what is found in place of `rate`; the curve is kept with the run."""
    weight_decay: float = 1e-4
    """Of AdamW; weights of one dimension (biases, norms) have none."""
    warmup_epochs: float = 0.5
    """Over which the rate rises from 0; a cosine then takes it to 1 % of the highest."""
    clip: float = 1.0
    """Longest gradient, over all parameters together; 0 = any."""
    patience: int = 6
    """Epochs without a better `watch` after which the fit stops; 0 = never early."""
    watch: str = "val/score"
    """The metric that decides which epoch is the best; higher is better. Empty = the last one is, so that figures of
    the products held out owe nothing to a choice made on them; `patience` then never ends a fit."""
    ema: float = 0.0
    """Decay of the running mean of the weights, such as 0.999, that is then validated and kept; 0 = none."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`cuda` refuses to start without a working GPU; `auto` takes one when there is one."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Of the forward pass on CUDA: `auto` = bf16 where the GPU has it, else fp16. The CPU always computes in fp32."""
    threads: int = 0
    """Threads torch uses on the CPU; 0 = torch's own choice."""
    checkpoint_minutes: float = 5.0
    """Between two checkpoints inside an epoch; one is also written at each epoch's end."""

    def __post_init__(self) -> None:
        for key, low, high in _RANGES:
            if not low <= getattr(self, key) <= high:
                raise BadRecipe(f"fit.{key} must be {low:g} to {high:g}, got {getattr(self, key)!r}")


_RANGES = (
    ("epochs", 1, 100_000),
    ("rate", 1e-9, 100.0),
    ("weight_decay", 0, 10),
    ("warmup_epochs", 0, 10_000),
    ("clip", 0, 1e6),
    ("patience", 0, 100_000),
    ("ema", 0, 0.99999),
    ("threads", 0, 1024),
    ("checkpoint_minutes", 0, 1440),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitResult:
    """What a fit gave.

    Attributes:
        best_epoch: The epoch whose weights are kept, from 0: the best by `watch`, or the last where nothing is watched.
        best: Its metrics.
        epochs_run: Epochs finished over all the runs it took.
        seconds: Of computing over all of them.
        stopped_early: Whether `patience` ended it.
        resumed: Whether it went on from a checkpoint.
        history: One row an epoch: `epoch`, `rate` and every metric.
    """

    best_epoch: int
    best: Mapping[str, float]
    epochs_run: int
    seconds: float
    stopped_early: bool
    resumed: bool
    history: tuple[Mapping[str, Any], ...] = ()
