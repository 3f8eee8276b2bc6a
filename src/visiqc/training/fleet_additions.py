"""A sidecar that is there already learns one thing more; all its other figures stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from visiqc.errors import InputError, IntegrityError
from visiqc.inspection.fleet import Fleet, read_fleet
from visiqc.inspection.parts import Models
from visiqc.training.fleet_comparisons import as_impostor, enrolled, held_against_own, require_products
from visiqc.training.fleet_products import Product
from visiqc.training.fleet_recipe import FleetRecipe
from visiqc.training.fleet_sameness import Banks, Held, own_by_vector, sameness_limits, sameness_scores
from visiqc.training.fleet_sidecar import with_colour_scales

log = structlog.get_logger("visiqc.training")


def with_colours(folder: Path, products: Sequence[Product], models: Models, recipe: FleetRecipe) -> Fleet:
    """An existing sidecar of these models that also knows how good pieces' colours differ.

    Raises:
        IntegrityError: The sidecar is of another trunk or mask model, or broken.
        InputError: Too few good photos could be compared.
    """
    known = known_sidecar(folder, models)
    good = [replace(one, uploads=tuple(photo for photo in one.uploads if not photo.defective)) for one in products]
    counts = replace(recipe, goldens=(1, max(recipe.goldens)))
    _, own = held_against_own(good, models, counts, told=lambda name, _: log.info("measuring colours", product=name))
    learned = with_colour_scales(known, own)
    if not (learned.colour_metal or learned.colour_metal_single):
        raise InputError("too few good photos could be compared for a scale of colours; add products")
    return replace(learned, source=f"{known.source}; colours: {recipe.source}")


def with_sameness(folder: Path, products: Sequence[Product], models: Models, recipe: FleetRecipe) -> Fleet:
    """An existing sidecar of these models that also knows how far other designs pass for a view's own.

    Args:
        folder: Of the sidecar.
        products: None of them may be one that the identity model learned from.
        models: What the sidecar belongs to.
        recipe: Goldens, impostors, resolution, seed and source.

    Raises:
        IntegrityError: The sidecar is of other models, or broken.
        InputError: Too few products, or photos that can be compared.
    """
    require_products(products, recipe)
    return measured_sameness(known_sidecar(folder, models), products, models, recipe)


def measured_sameness(known: Fleet, products: Sequence[Product], models: Models, recipe: FleetRecipe) -> Fleet:
    """The same for a sidecar in memory, of however few products.

    Raises:
        InputError: No photo could be held against another product.
    """
    made = {product.name: enrolled(product, max(recipe.goldens), models, recipe.long_side) for product in products}
    banks: Banks = {name: bank for name, bank in made.items() if bank is not None}
    held: list[Held] = []
    for product in products:
        held += as_impostor(product, products, banks, models, recipe)
        log.info("held against other designs", product=product.name, pairs=len(held))
    accepted, sure = sameness_limits(sameness_scores(held, known.cohort, own_by_vector(banks, known.cohort)))
    return replace(
        known,
        same_accepted=accepted,
        same_sure=sure,
        alike_far1=None,
        alike_far5=None,
        source=f"{known.source}; other designs: {recipe.source}",
    )


def known_sidecar(folder: Path, models: Models) -> Fleet:
    """A sidecar that is about to learn more from these models.

    Raises:
        IntegrityError: It is of another trunk, mask or identity model, or broken.
    """
    known = read_fleet(
        (folder / "fleet.json").read_text(encoding="utf-8"),
        (folder / "cohort.npy").read_bytes(),
        trunk=models.trunk.digest,
    )
    if known.mask != ("" if models.mask is None else models.mask.digest):
        raise IntegrityError(
            "the sidecar was built with another mask model than would measure now; name its mask model"
        )
    if known.identity and known.identity != models.identity.digest:
        raise IntegrityError(
            f"the sidecar was built with identity model {known.identity[:12]}, measuring would be "
            f"{models.identity.digest[:12]}; name its identity model"
        )
    return known
