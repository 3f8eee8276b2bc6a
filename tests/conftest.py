"""What every test can use. Records are built in `builders.py`, in-memory ports stand in `memory.py`."""

from __future__ import annotations

import os

# Before numpy, OpenCV or torch start their threads: tests share the machine, and a spinning pool starves the others.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

import pytest
from hypothesis import settings

from builders import FixedClock

# No deadline: on a shared machine the first call, which loads and warms, would fail on time alone.
settings.register_profile("visiqc", deadline=None, max_examples=60)
settings.load_profile("visiqc")


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands still at `builders.MOMENT`."""
    return FixedClock()
