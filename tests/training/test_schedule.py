from __future__ import annotations

import pytest

from visiqc.training.schedule import FLOOR, rate_share


def test_the_rate_rises_to_its_highest_and_falls_to_the_floor() -> None:
    shares = [rate_share(step, warmup=10, total=100) for step in range(100)]
    assert shares[9] == 1.0
    assert shares[:10] == sorted(shares[:10])
    assert shares[10:] == sorted(shares[10:], reverse=True)
    assert shares[-1] == pytest.approx(FLOOR)
    assert min(shares) > 0


@pytest.mark.parametrize(("warmup", "total"), [(0, 1), (5, 2), (1, 1), (0, 2)])
def test_short_runs_have_a_rate_too(warmup: int, total: int) -> None:
    assert all(0 < rate_share(step, warmup=warmup, total=total) <= 1 for step in range(total + 1))
