"""What a training of the mismatch model shows of its mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import png
from pair_sets import photo
from visiqc.training import mismatch_pictures, plots
from visiqc.training.mismatch_data import Shown
from visiqc.training.mismatch_pictures import Meeting, accepted_above, show_table, worst_mistakes
from visiqc.training.mismatch_validation import Table, View
from visiqc.training.tracking import Tracker

SIMILAR = {  # of each product's two views, with the uploads in the order below
    "r1": ([0.9, 0.3, 0.7, 0.95], [0.5, 0.2, 0.1, 0.95]),
    "r2": ([0.1, 0.2, 0.1, 0.1], [0.6, 0.4, 0.2, 0.1]),
}
UPLOADS = (("r1", "same"), ("r2", "same"), ("r2", "same"), ("r1", "variant"))


def table(folder: Path) -> Table:
    """Two rings: r1's own photo is as it should be, a photo of r2 looks like r1, a variant looks like it too."""

    def shown(sku: str, role: str, seed: int) -> Shown:
        path = folder / f"{seed}.png"
        path.write_bytes(png(photo(seed)))
        return Shown(photo=path, sku=sku, identity=sku, role=role, family="ring")

    goldens = [shown(sku, "golden", 2 * n + k) for n, sku in enumerate(SIMILAR) for k in range(2)]
    uploads = tuple(shown(sku, role, 10 + n) for n, (sku, role) in enumerate(UPLOADS))
    similarity = np.array([row for rows in SIMILAR.values() for row in rows])
    return Table(tuple(View((one,), np.zeros((1, 1, 4), np.float32)) for one in goldens), uploads, similarity)


def named(meetings: list[Meeting]) -> list[tuple[str, str, float]]:
    return [(one.golden.sku, one.upload.photo.name, one.similarity) for one in meetings]


def test_the_closest_strangers_that_pass_and_the_genuine_ones_least_alike_are_the_mistakes(tmp_path: Path) -> None:
    found = worst_mistakes(table(tmp_path), 0.25)
    assert named(found.accepted) == [("r1", "12.png", 0.7), ("r2", "10.png", 0.6), ("r1", "11.png", 0.3)]
    assert named(found.doubted) == [("r2", "12.png", 0.2), ("r2", "11.png", 0.4), ("r1", "10.png", 0.9)]
    assert named(worst_mistakes(table(tmp_path), 0.65, most=1).accepted) == [("r1", "12.png", 0.7)]
    assert worst_mistakes(table(tmp_path), None).accepted == []


def test_the_limit_is_what_one_in_a_hundred_pairs_of_two_designs_exceeds(tmp_path: Path) -> None:
    assert accepted_above(table(tmp_path)) == 0.7  # of three pairs none may
    few = table(tmp_path)
    strangers = np.arange(400.0).reshape(4, 100) / 400  # the first two rows are r1's views, all columns are of r2
    many = Table(few.views, few.uploads[1:2] * 100, strangers)
    assert accepted_above(many) == 0.495  # 198 / 400: one pair of a hundred is over it


def test_a_run_gets_both_grids_and_a_histogram_with_its_limit_even_where_a_photo_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: dict[str, Any] = {}
    real_grid, real_histogram = mismatch_pictures.image_grid, plots.score_histogram

    def grid(examples: list[Any], title: str) -> bytes:
        drawn[title] = [(one.sku, one.code, one.upload.shape) for one in examples]
        return real_grid(examples, title)

    def histogram(good: Any, bad: Any, threshold: float | None, **said: Any) -> bytes:
        drawn["limit"] = (threshold, said["limit"])
        return real_histogram(good, bad, threshold, **said)

    monkeypatch.setattr(mismatch_pictures, "image_grid", grid)
    monkeypatch.setattr(plots, "score_histogram", histogram)
    some = table(tmp_path)
    some.uploads[1].photo.unlink()
    show_table(some, Tracker(tmp_path / "run"))
    for name in ("worst-false-accepts.png", "worst-misses.png", "similarities.png"):
        assert (tmp_path / "run/figures" / name).stat().st_size > 1000
    assert drawn["limit"] == (pytest.approx(0.3), "lets 1% of other designs pass")
    assert drawn["other designs accepted, similarity over 0.700"] == []
    least = drawn["genuine uploads least like their goldens"]
    assert [(sku, code) for sku, code, _ in least] == [("r2", "refused"), ("r1", "accepted")]
