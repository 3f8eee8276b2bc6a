"""What records tell of a product besides its identity."""

from __future__ import annotations

from typing import Any

import pytest
from numpy.random import default_rng

from visiqc.training.mismatch_looks import ATTRIBUTES, look_of

DRAWS = [(family, 0) for family in ("solitaire", "halo_ring", "pave_band", "plain_band", "signet", "bezel_ring")]
DRAWS += [(family, 0) for family in ("three_stone", "eternity_band", "engraved_band", "tennis_bracelet", "chain")]
DRAWS += [(family, seed) for family in ("stud_earrings", "drop_earrings", "pendant") for seed in range(3)]


@pytest.mark.parametrize(("family", "seed"), DRAWS)
def test_the_number_of_stones_told_is_that_of_the_piece_that_is_built(family: str, seed: int) -> None:
    pytest.importorskip("manifold3d", reason="rendering is not installed; it comes with visiqc[render]")
    from visiqc.rendering.catalogue import draw_design, to_dict
    from visiqc.rendering.piece import Role

    design = draw_design(family, default_rng(seed))
    built = design.shape.build(design.look)
    count = sum(part.role in {Role.STONE, Role.PEARL} for part in built.parts.values())
    wanted = "6+" if count >= 6 else "2-5" if count >= 2 else str(count)
    assert look_of(to_dict(design))["stones"] == wanted


def test_every_family_that_is_rendered_has_been_counted() -> None:
    pytest.importorskip("manifold3d", reason="rendering is not installed; it comes with visiqc[render]")
    from visiqc.rendering.catalogue import FAMILIES

    assert {family for family, _ in DRAWS} == set(FAMILIES)


@pytest.mark.parametrize(
    ("design", "told"),
    [
        ({}, {}),
        ({"family": "brooch", "look": {"metal": "silver", "gem": "ruby"}}, {"metal": "silver", "stone": "ruby"}),
        ({"family": "brooch", "look": {"metal": "silver"}}, {"metal": "silver", "stones": "0"}),
        (
            {"family": "solitaire", "look": {"metal": "gold18", "gem": "ruby"}, "shape": {"prongs": 4}},
            {"metal": "gold18", "stone": "ruby", "prongs": "4", "stones": "1"},
        ),
    ],
)
def test_what_is_not_known_is_left_out(design: dict[str, Any], told: dict[str, str]) -> None:
    assert look_of(design) == told
    assert set(told) <= set(ATTRIBUTES)
