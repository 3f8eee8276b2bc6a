from __future__ import annotations

import json

import numpy as np
import pytest

from visiqc.errors import BadRecipe
from visiqc.rendering.catalogue import FAMILIES, design_digest, draw_design, from_dict, to_dict, variants
from visiqc.rendering.design import Design, Look
from visiqc.rendering.families.chain import ChainPiece
from visiqc.rendering.families.pendant import Pendant
from visiqc.rendering.families.stud_earrings import StudEarrings
from visiqc.rendering.materials import FINISHES, GEMS, METALS

RINGS = ["solitaire", "halo_ring", "three_stone", "pave_band", "eternity_band"]
BANDS = ["plain_band", "engraved_band", "signet", "bezel_ring"]
KEYS = [*RINGS, *BANDS, "stud_earrings", "drop_earrings", "pendant", "tennis_bracelet", "chain"]


def drawn(family: str, seed: int) -> Design:
    return draw_design(family, np.random.default_rng(seed))


def differing(one: Design, other: Design) -> list[str]:
    before, after = to_dict(one), to_dict(other)
    return [name for part in ("look", "shape") for name in before[part] if before[part][name] != after[part][name]]


def test_the_families_are_the_ones_recipes_name() -> None:
    assert sorted(FAMILIES) == sorted(KEYS)
    assert all(family.name == name for name, family in FAMILIES.items())


@pytest.mark.parametrize("family", KEYS)
def test_thirty_designs_of_a_family_are_thirty_different_products(family: str) -> None:
    assert len({design_digest(drawn(family, seed)) for seed in range(30)}) == 30


@pytest.mark.parametrize("family", [*BANDS, "pendant", "chain", "tennis_bracelet"])
def test_a_drawn_design_can_be_built(family: str) -> None:
    assert drawn(family, 1).build().parts


@pytest.mark.parametrize("family", KEYS)
def test_designs_are_made_of_known_things(family: str) -> None:
    for seed in range(20):
        look = drawn(family, seed).look
        assert look.metal in METALS
        assert look.finish in FINISHES
        assert {look.gem, look.side_gem} <= {*GEMS, ""}


@pytest.mark.parametrize("family", KEYS)
def test_a_design_comes_back_from_its_record(family: str) -> None:
    design = drawn(family, 3)
    assert from_dict(json.loads(json.dumps(to_dict(design)))) == design


@pytest.mark.parametrize("family", KEYS)
def test_a_variant_differs_in_one_number_or_name(family: str) -> None:
    for seed in range(10):
        design = drawn(family, seed)
        near = variants(design, np.random.default_rng(seed))
        assert "metal" in near
        assert all(len(differing(design, other)) == 1 for other in near.values())


def test_opals_and_pearls_are_never_faceted() -> None:
    for seed in range(60):
        design = drawn("stud_earrings", seed)
        assert (design.look.gem == "pearl") == (design.shape.cut == "pearl")  # type: ignore[attr-defined]
        assert design.look.gem != "opal" or design.shape.cut == "cabochon"  # type: ignore[attr-defined]


def test_variants_of_a_claw_set_stone_are_near_misses() -> None:
    shape = StudEarrings(prongs=4, stone_mm=5.0)
    near = variants(Design(family="stud_earrings", look=Look(metal="gold18"), shape=shape), np.random.default_rng(0))
    assert near["prong_count"].shape.prongs == 6  # type: ignore[attr-defined]
    assert near["stone_size"].shape.stone_mm in (pytest.approx(4.5), pytest.approx(5.5))  # type: ignore[attr-defined]
    assert near["stone_colour"].look.gem not in ("diamond", "opal", "pearl")
    assert near["metal"].look.metal not in ("gold18", "gold14", "gold9", "vermeil")
    assert not {"text", "chain", "band_width"} & set(near)


def test_a_wrong_engraving_is_one_letter_off() -> None:
    shape = Pendant(kind="bar", cut="", stone_mm=0.0, prongs=0, text="EMMA 2019")
    near = variants(Design(family="pendant", look=Look(metal="silver", gem=""), shape=shape), np.random.default_rng(0))
    text = near["text"].shape.text  # type: ignore[attr-defined]
    assert len(text) == len("EMMA 2019")
    assert sum(one != other for one, other in zip(text, "EMMA 2019", strict=True)) == 1


def test_a_pendant_without_a_stone_has_no_stone_of_another_colour() -> None:
    plain = next(design for design in (drawn("pendant", seed) for seed in range(50)) if not design.look.gem)
    assert not plain.look.side_gem
    assert "stone_colour" not in variants(plain, np.random.default_rng(0))


def test_a_wrong_chain_has_links_of_another_make() -> None:
    design = Design(family="chain", look=Look(metal="silver", gem=""), shape=ChainPiece(chain="curb"))
    near = variants(design, np.random.default_rng(0))
    assert near["chain"].shape.chain != "curb"  # type: ignore[attr-defined]
    assert "stone_colour" not in near


def test_the_digest_is_of_the_numbers() -> None:
    one, same, other = drawn("chain", 1), drawn("chain", 1), drawn("chain", 2)
    assert design_digest(one) == design_digest(same) != design_digest(other)
    assert len(design_digest(one)) == 64


def test_an_unknown_family_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadRecipe, match=r"'tiara'; known: solitaire, .*chain"):
        draw_design("tiara", np.random.default_rng(0))


def test_a_record_with_an_unknown_number_is_refused_by_its_name() -> None:
    record = to_dict(drawn("chain", 1))
    record["shape"]["carat"] = 2.0
    with pytest.raises(BadRecipe, match="carat"):
        from_dict(record)
