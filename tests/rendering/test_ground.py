from __future__ import annotations

import numpy as np
import pytest

from visiqc.errors import BadRecipe
from visiqc.rendering.ground import CARD_MM, GROUNDS, card_place, draw_ground, ring_stand, scale_card
from visiqc.rendering.piece import Part, View, piece_of
from visiqc.rendering.surfaces import BandShape, band

RING = piece_of([Part(name="shank", mesh=band(BandShape(steps=90, sides=16)).moved((0, 0, 10.2)))], view=View())


@pytest.mark.parametrize("name", GROUNDS)
def test_every_ground_is_a_reflectance_that_tiles_without_a_seam(name: str) -> None:
    ground = draw_ground(name, np.random.default_rng(4))
    colour = ground.colour
    assert colour.dtype == np.float32
    assert 0 < colour.min() <= colour.max() <= 0.95
    across = np.abs(colour[:, 0] - colour[:, -1]).mean()
    usual = np.abs(colour[:, 1:] - colour[:, :-1]).mean()
    assert across <= 3 * usual + 1e-4


def test_an_unknown_ground_is_refused_with_those_that_exist() -> None:
    with pytest.raises(BadRecipe, match="no ground 'sand'; known are white"):
        draw_ground("sand", np.random.default_rng(0))


def test_a_ring_stand_holds_the_lowest_part_of_the_ring() -> None:
    top = ring_stand(RING, np.random.default_rng(0)).vertices[:, 2].max()
    height = RING.parts["shank"].mesh.vertices[:, 2].max()
    assert 0.05 * height < top < 0.25 * height


def test_the_card_lies_beside_the_piece_and_not_under_it() -> None:
    place = card_place(RING, -90.0, np.random.default_rng(0))
    assert abs(place[0, 3]) - CARD_MM[0] / 2 > 8
    assert place[2, 3] > 0


def test_the_card_has_its_ruler_greys_and_marker() -> None:
    card = scale_card()
    assert card.shape[1] / card.shape[0] == pytest.approx(CARD_MM[0] / CARD_MM[1], rel=0.01)
    greys = [card[(6 * 30), int((1.8 + 4.2 * column) * 30)] for column in range(6)]
    assert [float(each[0]) for each in greys] == sorted(float(each[0]) for each in greys)
    assert all(np.ptp(each) == 0 for each in greys)
