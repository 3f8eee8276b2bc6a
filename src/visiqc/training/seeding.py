"""Seeds for every global random number generator."""

from __future__ import annotations

import importlib.util
import random

import numpy as np

from visiqc.errors import BadRecipe

LARGEST_SEED = 2**32 - 1


def require_seed(seed: int) -> None:
    """Raise `BadRecipe` for a key `seed` that not every generator takes."""
    if not 0 <= seed <= LARGEST_SEED:
        raise BadRecipe(f"seed must be 0 to {LARGEST_SEED}, got {seed}")


def seed_everything(seed: int, *more: int) -> None:
    """Seed Python, NumPy and, where it is installed, torch.

    Args:
        seed: Of the run.
        *more: Such as epoch and rank: another of these gives other numbers.
    """
    if more:
        seed = int(np.random.SeedSequence([seed, *more]).generate_state(1)[0])
    random.seed(seed)
    np.random.seed(seed)
    if importlib.util.find_spec("torch"):
        import torch

        torch.manual_seed(seed)
