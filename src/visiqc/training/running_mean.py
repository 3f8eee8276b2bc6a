"""A running mean of a module's weights, which is often better than the last ones and never jumps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class RunningMean:
    """Exponential moving average of all floating-point weights and buffers.

    Args:
        module: Whose.
        decay: In [0, 1); early on less is used, or the start would stay in it for long.

    Source:
        Polyak and Juditsky, SIAM J. Control Optim. 30 (1992) 838–855; the warm-up is TensorFlow's `num_updates` rule.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._module, self._decay, self._updates = module, decay, 0
        self._weights = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take the present weights in."""
        self._updates += 1
        keep = min(self._decay, (1 + self._updates) / (10 + self._updates))
        for name, value in self._module.state_dict().items():
            if value.is_floating_point():
                self._weights[name].lerp_(value, 1 - keep)
            else:
                self._weights[name].copy_(value)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The module has the mean as its weights while the block runs."""
        own = {name: value.detach().clone() for name, value in self._module.state_dict().items()}
        self._module.load_state_dict(self._weights)
        try:
            yield
        finally:
            self._module.load_state_dict(own)

    def state(self) -> dict[str, object]:
        """For a checkpoint."""
        return {"updates": self._updates, "weights": self._weights}

    def restore(self, updates: int, weights: Mapping[str, Tensor]) -> None:
        """From a checkpoint."""
        self._updates = updates
        for name, value in weights.items():
            self._weights[name].copy_(value)
