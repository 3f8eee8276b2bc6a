"""Progress as lines, with the time left."""

from __future__ import annotations

import io

from visiqc.training.pace_lines import PaceLines


class Clock:
    """Goes on only when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lines(seconds: float, photos: int) -> list[str]:
    clock, out = Clock(), io.StringIO()
    tell = PaceLines("3 goldens", every_s=10.0, clock=clock, out=out)
    for done in range(1, photos + 1):
        clock.now += seconds
        tell(done, photos, f"{done}.jpg")
    return out.getvalue().splitlines()


def test_a_line_comes_every_ten_seconds_and_at_the_end() -> None:
    assert len(lines(4.0, 10)) == 4  # after 12, 24 and 36 s, and when all is done


def test_the_time_left_follows_from_the_pace() -> None:
    assert lines(4.0, 10)[0] == "3 goldens: 3/10, 28 s left 3.jpg"
    assert lines(4.0, 100)[0] == "3 goldens: 3/100, 6 min left 3.jpg"


def test_the_first_step_alone_has_no_pace() -> None:
    assert lines(60.0, 1) == ["3 goldens: 1/1 1.jpg"]
