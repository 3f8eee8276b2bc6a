from __future__ import annotations

from dataclasses import replace

import numpy as np

from small_pieces import PlainShape, a_stone, an_engraving
from visiqc.rendering.defects.damage import Damage, Rule
from visiqc.rendering.design import Look
from visiqc.rendering.piece import Part, Piece, laid
from visiqc.rendering.surfaces import sphere
from visiqc.rendering.twins import diverges, twin_piece

GOOD = PlainShape(text="A").build(Look(metal="gold18"))
MARK = replace(an_engraving("B"), name="scratch", footprint=np.ones_like(an_engraving("B").footprint))


def damaged(piece: Piece, *touched: str) -> Damage:
    return Damage(
        kind="scratch", severity=0.5, size_mm=1.0, piece=piece, touched=frozenset(touched), rule=Rule.FOOTPRINT
    )


def test_the_twin_is_split_as_the_damaged_piece_and_shows_nothing() -> None:
    plate = Part(name="plate", mesh=sphere(3.0, steps=40).moved((-8, 0, 0)))
    bare = PlainShape().build(Look(metal="gold18")).with_part(plate)
    wrong = laid(bare, MARK, only=("plate",))
    twin = twin_piece(bare, damaged(wrong, "plate#scratch"))
    assert set(twin.parts) == set(wrong.parts)
    mark = twin.parts["plate#scratch"].decal
    assert mark is not None
    assert not mark.weight.any()
    assert mark.height is None
    assert not mark.footprint.any()


def test_a_piece_without_new_decals_is_its_own_twin() -> None:
    assert twin_piece(GOOD, damaged(GOOD.without("link1"), "link1")) == GOOD


def test_only_a_changed_stone_makes_light_go_other_ways() -> None:
    assert diverges(GOOD, damaged(GOOD.without("centre.stone"), "centre.stone"))
    assert diverges(GOOD, damaged(GOOD.with_part(a_stone(radius=1.8)), "centre.stone"))
    assert not diverges(GOOD, damaged(GOOD.without("link1"), "link1"))
