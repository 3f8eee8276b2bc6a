"""What a rate finder found; torch-free, so that it can be drawn without torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visiqc.errors import InputError

_SMOOTH = 0.9
_SETTLED = 10  # steps until the smoothed loss is no longer that of the first few batches


@dataclass(frozen=True, slots=True, kw_only=True)
class RateFinding:
    """The loss while the rate rose.

    Attributes:
        rate: The proposed highest rate of a run.
        rates: (N,) tried.
        losses: (N,) at each.
        smooth: (N,) the same without the batches' noise.
    """

    rate: float
    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smooth: NDArray[np.float64]


def propose(rates: ArrayLike, losses: ArrayLike) -> RateFinding:
    """The middle of the ten-fold rise of the rate over which the smoothed loss falls most.

    Args:
        rates: (N,) growing by a constant factor.
        losses: (N,) finite.

    Raises:
        InputError: Fewer than ten came: the loss explodes at once.

    Source:
        Smith, Cyclical learning rates, WACV 2017. The steepest point is the usual reading of the curve; over a whole
        decade it is not drawn to the noise of a few batches.
    """
    tried, seen = np.asarray(rates, np.float64), np.asarray(losses, np.float64)
    if tried.size < 10 or tried.size != seen.size:
        raise InputError(f"a rate finder needs at least 10 finite losses, got {seen.size}; begin with a lower rate")
    smooth = smoothed(seen)
    ten = max(2, round(np.log(10) / np.log((tried[-1] / tried[0]) ** (1 / (tried.size - 1)))))
    window = min(ten, tried.size // 2)
    settled = min(_SETTLED, tried.size - window - 1)
    falls = smooth[settled:-window] - smooth[settled + window :]
    start = settled + int(np.argmax(falls))
    return RateFinding(rate=float(tried[start + window // 2]), rates=tried, losses=seen, smooth=smooth)


def smoothed(losses: ArrayLike) -> NDArray[np.float64]:
    """A running mean that forgets a tenth a step, forwards and then backwards.

    One way alone lags, and the rate found would be several times too high.
    """
    once = _running_mean(np.asarray(losses, np.float64))
    return _running_mean(once[::-1])[::-1]


def _running_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    means, mean = np.empty_like(values), 0.0
    for number, value in enumerate(values):
        mean = _SMOOTH * mean + (1 - _SMOOTH) * value
        means[number] = mean / (1 - _SMOOTH ** (number + 1))  # without the pull towards zero at the start
    return means
