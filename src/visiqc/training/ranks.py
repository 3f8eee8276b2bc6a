"""Which of several training processes this one is; torch-free."""

from __future__ import annotations

import os


def rank_and_world() -> tuple[int, int]:
    """Number of this process and how many there are, as `torchrun` says in `RANK` and `WORLD_SIZE`; (0, 1) alone."""
    return int(os.environ.get("RANK") or "0"), int(os.environ.get("WORLD_SIZE") or "1")
