"""The learning rate over a run: a warm-up, then a cosine."""

from __future__ import annotations

import math

FLOOR = 0.01
"""What the cosine ends at, as a share of the highest rate."""


def rate_share(step: int, *, warmup: int, total: int) -> float:
    """Share of the highest rate at a step; a function of the step alone, so that a resumed run needs no more.

    Args:
        step: Optimiser steps already done, from 0.
        warmup: Steps over which the rate rises linearly; the first step already moves.
        total: Steps of the whole run.

    Returns:
        In (0, 1]: 1 at the end of the warm-up, `FLOOR` at the last step.

    Source:
        Loshchilov and Hutter, SGDR, ICLR 2017 (one period, no restart); warm-up after Goyal et al., arXiv:1706.02677.

    Example:
        >>> [round(rate_share(step, warmup=2, total=5), 3) for step in range(5)]
        [0.5, 1.0, 1.0, 0.505, 0.01]
    """
    if step < warmup:
        return (step + 1) / warmup
    way = (step - warmup) / max(1, total - 1 - warmup)
    return FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * min(1.0, way))) / 2
