from __future__ import annotations

from visiqc.rendering.jobs import Rendered
from visiqc.rendering.throughput import throughput


def test_pace_and_shares_are_of_the_photos_this_run_took() -> None:
    run = Rendered(already=90, taken=10, failures=(), wall_s=36.0, seconds={"denoise": 20.0, "trace": 60.0})
    assert throughput(run).splitlines() == [
        "10 photos in 36 s: 1000 photos an hour",
        "stage        CPU s a photo  share",
        "trace                 6.00    75%",
        "denoise               2.00    25%",
        "all                   8.00   100%",
    ]


def test_a_run_that_took_none_has_no_pace() -> None:
    assert throughput(Rendered(already=3, taken=0, failures=(), wall_s=0.1, seconds={})) == ""
