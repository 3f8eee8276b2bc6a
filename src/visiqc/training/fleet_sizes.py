"""A sidecar that learns what the size of the golden frame does to scores; all its other figures stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from visiqc.errors import BadRecipe, InputError, IntegrityError
from visiqc.evaluation.fusion_fit import MapPair
from visiqc.evaluation.size_fit import fit_sizes
from visiqc.inspection.fleet import Fleet
from visiqc.inspection.parts import Models
from visiqc.training.fleet_additions import known_sidecar
from visiqc.training.fleet_comparisons import held_against_own, require_products
from visiqc.training.fleet_products import Product
from visiqc.training.fleet_recipe import FleetRecipe
from visiqc.training.fleet_sameness import own_by_vector
from visiqc.training.fleet_sidecar import Judged, pair_of
from visiqc.training.stage_progress import Told

log = structlog.get_logger("visiqc.training")


def with_sizes(folder: Path, products: Sequence[Product], models: Models, recipe: FleetRecipe) -> Fleet:
    """An existing sidecar of these models that also knows what the size of the golden frame does.

    Args:
        folder: Of the sidecar.
        products: None of them may be one that the defect model learned from.
        models: What the sidecar belongs to, with its defect model.
        recipe: Sizes, the side where nothing changes, goldens and source.

    Raises:
        BadRecipe: No sizes are named.
        IntegrityError: The sidecar is of other models, or broken.
        InputError: Too few products, or photos that can be compared.
    """
    known = known_sidecar(folder, models)
    if models.defect is None or known.defect != models.defect.digest:
        raise IntegrityError(
            "sizes change the scale of golden map and change map together; name a sidecar and its own defect model"
        )
    learned = measured_sizes(known, products, models, recipe, told=_logged, usual_side=recipe.usual_side)
    return replace(learned, source=f"{known.source}; sizes: {recipe.source}")


def measured_sizes(
    known: Fleet,
    products: Sequence[Product],
    models: Models,
    recipe: FleetRecipe,
    *,
    usual_side: float,
    told: Told,
) -> Fleet:
    """The same for a sidecar in memory.

    Args:
        known: With the weights of both maps.
        products: Their good photos are compared at every size of the recipe.
        models: With the defect model.
        recipe: Sizes and goldens.
        usual_side: Longer side of the frames the weights come from, in pixels: there, nothing changes.
        told: Told product, number and count.

    Raises:
        BadRecipe: No sizes are named.
        InputError: Too few products or photos that can be compared, or sizes far from the usual side.
    """
    if not recipe.sizes:
        raise BadRecipe("sizes were not named; give the longer sides of golden frames, in pixels, such as [400, 800]")
    if known.fusion is None:
        raise InputError("without a defect model there is one map only; its scale does not change with the size")
    require_products(products, recipe)
    good = [replace(one, uploads=tuple(photo for photo in one.uploads if not photo.defective)) for one in products]
    groups = [
        _compared(good, models, replace(recipe, long_side=size), known, _counted(told, turn, len(recipe.sizes)))
        for turn, size in enumerate(recipe.sizes)
    ]
    return replace(known, fusion=fit_sizes(groups, known.fusion, usual_side=usual_side))


def _compared(
    products: Sequence[Product],
    models: Models,
    recipe: FleetRecipe,
    known: Fleet,
    told: Told,
) -> list[MapPair]:
    # Only the maps are kept of each product: features of all of them at every size would take gigabytes.
    found: list[MapPair] = []
    for number, product in enumerate(products):
        told(product.name, number, len(products))
        banks, own = held_against_own([product], models, recipe, told=lambda *_: None)
        strangers = known.cohort[~own_by_vector(banks, known.cohort)[product.name]] if banks else known.cohort
        fleet = replace(known, cohort=strangers)
        found += [_pair(one, fleet) for one in own if one.found.golden_map is not None]
    return found


def _pair(one: Judged, strangers: Fleet) -> MapPair:
    """Both maps, and how much the view looks like designs of the fleet that it is not itself."""
    pair, view = pair_of(one, strangers.usual), one.found.view
    if view is None or not len(strangers.cohort):
        raise InputError(f"{one.product} is the only design of the cohort; name a sidecar of several designs")
    return replace(pair, footing=pair.footing._replace(likeness=strangers.identity_limit(view.turned)))


def _counted(told: Told, turn: int, turns: int) -> Told:
    """Tells of one turn of several over the same products."""
    return lambda name, number, count: told(name, turn * count + number, turns * count)


def _logged(name: str, number: int, count: int) -> None:
    log.info("comparing at another size", product=name, number=number + 1, of=count)
