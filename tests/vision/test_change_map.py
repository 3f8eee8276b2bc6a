"""What is kept of a golden for the defect model, and how its answers become maps."""

from __future__ import annotations

import numpy as np
import pytest

from visiqc.vision.change_map import (
    change_cells,
    pack_embedding,
    region_type,
    restlessness,
    unpack_embedding,
    usual_change,
)
from visiqc.vision.types import FeatureMaps

RNG = np.random.default_rng(0)


def test_a_packed_embedding_comes_back_to_half_a_step_at_a_quarter_of_the_bytes() -> None:
    maps = FeatureMaps(*(RNG.normal(0, 3, (1, c, s, s)).astype(np.float32) for c, s in ((4, 20), (6, 10), (8, 5))))
    packed = pack_embedding(maps)
    for level, kept, again in zip(maps, packed, unpack_embedding(packed), strict=True):
        steps = np.abs(level).max(axis=(0, 2, 3)) / 127
        assert (np.abs(again - level).max(axis=(0, 2, 3)) <= 0.51 * steps).all()
        assert kept.values.nbytes * 4 == level.nbytes


def test_a_cell_is_as_changed_as_its_worst_quarter() -> None:
    logits = np.full((8, 8), -5.0, np.float32)
    logits[2:6, 2:6] = 3.0
    cells = change_cells(logits, np.ones((4, 4), bool))
    assert cells.shape == (4, 4)
    assert cells[1, 1] == pytest.approx(cells[1:3, 1:3].max())
    assert cells[0, 0] < cells[1, 1] < 3.0 + 1e-5


def test_a_frame_that_ends_inside_a_cell_has_that_cell_and_what_is_not_judged_is_nan() -> None:
    judged = np.ones((3, 4), bool)
    judged[0, 0] = False
    cells = change_cells(np.zeros((5, 7), np.float32), judged)
    assert np.isnan(cells[0, 0])
    assert np.isfinite(cells).sum() == 11


def test_the_type_of_a_region_is_that_of_its_cells_by_weight() -> None:
    types = np.zeros((3, 2, 2), np.float32)
    types[0, 0, 0], types[1, 0, 1], types[2, 1] = 9.0, 3.0, 99.0
    inside = np.array([[True, True], [False, False]])
    odds = region_type(types, inside, np.array([[1.0, 0.0], [5.0, 5.0]], np.float32), temperature=1.0)
    assert odds.argmax() == 0
    assert odds.sum() == pytest.approx(1.0)
    assert region_type(types, inside, np.zeros((2, 2), np.float32), temperature=1.0)[1] > 0.01  # all cells alike then


def test_a_higher_temperature_is_less_sure() -> None:
    types = np.zeros((2, 1, 1), np.float32)
    types[0] = 2.0
    sure, unsure = (
        region_type(types, np.ones((1, 1), bool), np.ones((1, 1), np.float32), temperature=t) for t in (1.0, 4.0)
    )
    assert sure[0] > unsure[0] > 0.5


def test_a_view_is_as_restless_as_its_goldens_are_in_a_tenth_of_it() -> None:
    quiet = np.full((5, 5), -4.0, np.float32)
    glitter = quiet.copy()
    glitter[2, 2] = 2.0
    glitter[0, 0] = np.nan
    usual = usual_change([quiet, glitter])
    assert usual[1, 1] == usual[3, 3] == 2.0
    assert usual[0, 4] == -4.0
    judged = np.ones((5, 5), bool)
    assert restlessness(usual, judged) == 2.0  # nine cells of 25
    judged[:4, :3] = False
    assert restlessness(usual, judged) == pytest.approx(np.quantile([2.0] * 3 + [-4.0] * 10, 0.9))
