"""Build the fleet sidecar: stage-0 calibration from good photos of many products, none of them the user's.

The photos are a set that `visiqc render` made, or stand in one folder a product, `golden*` beside `upload*`, where
every upload is a good piece. The sidecar belongs to exactly the models it was built with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from visiqc.errors import BadRecipe
from visiqc.evaluation.fusion_fit import FusionFit
from visiqc.inspection.fleet import Fleet, cohort_bytes, to_json
from visiqc.inspection.parts import Models
from visiqc.runtime.models import cards_of, load_models
from visiqc.training.fleet_additions import with_colours, with_sameness
from visiqc.training.fleet_comparisons import as_impostor, held_against_own, require_products
from visiqc.training.fleet_fusion import temperature_of
from visiqc.training.fleet_products import Product, fleet_products, products_digest, readable_products
from visiqc.training.fleet_recipe import FleetRecipe
from visiqc.training.fleet_sameness import Held
from visiqc.training.fleet_sidecar import FleetPhotos, make_sidecar, sidecar_metrics
from visiqc.training.fleet_sizes import with_sizes
from visiqc.training.recipes import RunResult
from visiqc.training.sources import rendered_folder
from visiqc.training.stage_progress import Told
from visiqc.vision.types import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetBuilt:
    """A sidecar with its figures."""

    fleet: Fleet
    fit: FusionFit | None
    metrics: dict[str, float]


def build_fleet(recipe: FleetRecipe) -> RunResult:
    """Score good uploads against their own goldens, and against other products', and write the sidecar.

    Raises:
        InputError: There is no such folder or rendered set, too few products or photos in it can be compared, or too
            many cannot be read.
        BadRecipe: Several sidecars were named to learn more, or sizes and their sidecar do not come together.
    """
    models = load_models(
        home=recipe.home, trunk=recipe.trunk, identity=recipe.identity, defect=recipe.defect, mask=recipe.mask
    )
    products = fleet_products(rendered_folder(recipe.photos), recipe.skus)
    products = readable_products(products, max_unreadable=recipe.max_unreadable)
    built = _learned(recipe, products, models) or fleet_of(products, models, recipe)
    task = "identity" if recipe.sizes_of is None else "defect"
    folder = recipe.out / (recipe.version or cards_of(models)[task].version)
    return RunResult(
        metrics=built.metrics, artifacts=write_fleet(built.fleet, folder), data_digest=products_digest(products)
    )


def _learned(recipe: FleetRecipe, products: Sequence[Product], models: Models) -> FleetBuilt | None:
    """A sidecar that is there already with one thing more; None where the recipe names none."""
    named = [name for name in ("sameness_of", "colours_of", "sizes_of") if getattr(recipe, name) is not None]
    if len(named) > 1:
        raise BadRecipe(f"{' and '.join(named)} were given together; measure one after the other")
    if recipe.sizes and recipe.sizes_of is None:
        raise BadRecipe("sizes were given without sizes_of; name the folder of the sidecar that learns them")
    if recipe.sameness_of is not None:
        fleet = with_sameness(recipe.sameness_of, products, models, recipe)
        return _built(fleet, same_accepted=fleet.same_accepted, same_sure=fleet.same_sure)
    if recipe.colours_of is not None:
        fleet = with_colours(recipe.colours_of, products, models, recipe)
        return _built(fleet, metal=len(fleet.colour_metal), stones=len(fleet.colour_stones))
    if recipe.sizes_of is not None:
        fleet = with_sizes(recipe.sizes_of, products, models, recipe)
        fusion = fleet.fusion
        several, single = (fusion.sizes, fusion.single_sizes) if fusion is not None else ((), ())
        named_shifts = {f"shift_at_{size.side:g}": size.shift for size in several}
        single_shifts = {f"single_shift_at_{size.side:g}": size.shift for size in single}
        return _built(fleet, **named_shifts, **single_shifts)
    return None


def _built(fleet: Fleet, **metrics: float) -> FleetBuilt:
    return FleetBuilt(fleet=fleet, fit=None, metrics={name: float(value) for name, value in metrics.items()})


def fleet_of(
    products: Sequence[Product],
    models: Models,
    recipe: FleetRecipe,
    *,
    strangers: FloatArray | None = None,
    told: Told | None = None,
) -> FleetBuilt:
    """The sidecar of exactly these models.

    Args:
        products: As many as the recipe asks for, at least.
        models: What it will belong to.
        recipe: Numbers of goldens, impostors, resolution and seed; its photos are not read.
        strangers: (n, D) float32 identity of further designs, which join the cohort.
        told: Told product, number and count.

    Raises:
        InputError: Too few products, or photos that can be compared.
    """
    require_products(products, recipe)
    tell = told or _untold
    banks, own = held_against_own(products, models, recipe, told=lambda name, n: tell(name, n, 2 * len(products)))
    others: list[Held] = []
    for number, product in enumerate(products, len(products)):
        tell(product.name, number, 2 * len(products))
        others += as_impostor(product, products, banks, models, recipe)
    designs = {product.name: product.design for product in products}
    photos = FleetPhotos(own=own, others=others, banks=banks, designs=designs, strangers=strangers)
    fleet, fit = make_sidecar(photos, models, source=recipe.source, type_temperature=temperature_of(models))
    return FleetBuilt(fleet=fleet, fit=fit, metrics=sidecar_metrics(photos, fleet, fit))


def write_fleet(fleet: Fleet, folder: Path) -> tuple[Path, Path]:
    """Write `fleet.json` and `cohort.npy` and return both."""
    folder.mkdir(parents=True, exist_ok=True)
    target, cohort = folder / "fleet.json", folder / "cohort.npy"
    target.write_text(to_json(fleet) + "\n", encoding="utf-8")
    cohort.write_bytes(cohort_bytes(fleet))
    return target, cohort


def _untold(_name: str, _number: int, _count: int) -> None:
    """Nobody waits to be told."""
