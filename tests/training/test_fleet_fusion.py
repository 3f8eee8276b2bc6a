"""The sidecar of a set that a defect model joins."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from visiqc.bootstrap import load_fleet
from visiqc.inspection.fleet import Fleet, to_json
from visiqc.runtime.bundle import bundled_samples
from visiqc.runtime.models import load_models
from visiqc.training.fleet_fusion import with_fusion
from visiqc.training.fleet_products import Product, fleet_products
from visiqc.training.fleet_recipe import FleetRecipe


@cache
def joined(*, with_defect: bool) -> Fleet:
    """The sidecar of what ships, made from the one with or the one without the defect model that ships."""
    models = load_models(device="cpu", threads=1)
    base = load_fleet(models if with_defect else replace(models, defect=None))
    recipe = FleetRecipe(photos=bundled_samples(), goldens=(1,), fewest_products=3, long_side=96, source="samples")
    return with_fusion(base, few_products(), models, recipe, told=lambda *_: None)[0]


def few_products() -> list[Product]:
    """Five samples with their good photos, and one of a defect each."""
    found = fleet_products(bundled_samples())[:5]
    return [
        replace(
            one,
            uploads=(
                *(photo for photo in one.uploads if not photo.defective),
                next(photo for photo in one.uploads if photo.defective),
            ),
        )
        for one in found
    ]


@pytest.mark.slow
def test_a_model_that_takes_the_place_of_another_is_weighed_as_if_that_one_had_never_been_there() -> None:
    assert to_json(joined(with_defect=True)) == to_json(joined(with_defect=False))
    assert joined(with_defect=True).source.endswith("28 designs held out; both maps: samples")


@pytest.mark.slow
def test_what_does_not_depend_on_the_defect_model_is_that_of_the_set_it_joins() -> None:
    before, after = load_fleet(load_models(device="cpu", threads=1)), joined(with_defect=True)
    assert before.fusion is not None
    assert after.fusion is not None
    for name in ("identity", "mask", "same_accepted", "colour_metal", "usual"):
        assert getattr(after, name) == getattr(before, name)
    assert after.fusion.alone_weight == before.fusion.alone_weight
    assert after.fusion.golden_weight != before.fusion.golden_weight
