"""The sidecar of models with a defect model: that of the set it joins, and how both maps are weighed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from visiqc.errors import InputError
from visiqc.evaluation.fusion_fit import FusionFit, MapPair, fit_fusion
from visiqc.inspection.fleet import FEWEST_PHOTOS, Fleet
from visiqc.inspection.parts import Models
from visiqc.runtime.models import cards_of
from visiqc.training.fleet_comparisons import held_against_own, require_products
from visiqc.training.fleet_products import Product
from visiqc.training.fleet_recipe import FleetRecipe
from visiqc.training.fleet_sidecar import pair_of, photo_count, score_of

TEMPERATURE = "held out/type_temperature"
"""The metric in a defect model's card that says what its type logits are divided by."""

_WEIGHTS = ("both maps: ", "sizes: ")
"""How the parts of a sidecar's source begin that say what both maps were weighed on."""


def temperature_of(models: Models) -> float:
    """What the defect model's type logits are divided by, from its card; 1 without one."""
    card = cards_of(models).get("defect")
    return card.metrics.get(TEMPERATURE, 1.0) if card is not None else 1.0


def weighed_products(products: Sequence[Product]) -> list[Product]:
    """Those that show defects, where there are any: good photos of another make would shift the scale against them."""
    return [one for one in products if any(photo.defective for photo in one.uploads)] or list(products)


def with_fusion(
    base: Fleet,
    products: Sequence[Product],
    models: Models,
    recipe: FleetRecipe,
    *,
    told: Callable[[str, int, int], None],
) -> tuple[Fleet, dict[str, float]]:
    """The sidecar of models that a defect model joins.

    Identity, alignment and colours do not depend on it, and are taken over. So is the scale of the golden map, by
    which views are judged that the defect model does not know.

    Args:
        base: The sidecar of the set it joins: of the same models without it, or with the one whose place it takes.
        products: None of them may be one that it learned from. Where some show defects, the others are left aside:
            good photos of another make would shift the scale against the defective ones.
        models: With the defect model.
        recipe: Numbers of goldens, resolution and source.
        told: Told product, number and count.

    Returns:
        The sidecar, and how the maps were weighed, as figures; `usual_side` is the median side of the golden frames.

    Raises:
        InputError: There is no defect model, too few products, or photos that can be compared.
    """
    if models.defect is None:
        raise InputError("without a defect model there is one map only; nothing can be weighed")
    products = weighed_products(products)
    require_products(products, recipe)
    _, own = held_against_own(products, models, recipe, told=lambda name, n: told(name, n, len(products)))
    compared = [one for one in own if one.found.golden_map is not None]
    good = [one for one in compared if not one.defective]
    if (photos := photo_count(good)) < FEWEST_PHOTOS:
        raise InputError(
            f"a fleet needs at least {FEWEST_PHOTOS} good photos that can be compared, got {photos}; add products"
        )
    fit = _weighed([pair_of(one, base.usual) for one in compared], base)
    scores = sorted(round(score_of(one, base.usual, fit), 4) for one in good)
    usual, unusual = (float(np.quantile(scores, share)) for share in (0.5, 0.95))
    fleet = replace(
        base,
        scores=tuple(scores),
        products=len({product.design for product in products}),
        heat_low=round(usual, 4),
        heat_high=round(1.5 * unusual, 4),
        source=f"{_without_weights(base.source)}; both maps: {recipe.source}",
        defect=models.defect.digest,
        fusion=fit.fusion,
        type_temperature=round(temperature_of(models), 4),
    )
    shares = {f"auroc_change_share_{share:g}": value for share, value in fit.aurocs.items()}
    sides = [one.found.footing.side for one in compared if one.found.footing is not None]
    figures = {
        "good_photos": float(photos),
        "good_comparisons": float(len(scores)),
        "review_threshold": unusual,
        "change_share": fit.share,
        "usual_side": float(np.median(sides)),
    }
    return fleet, figures | shares


def _weighed(pairs: Sequence[MapPair], base: Fleet) -> FusionFit:
    """The weights, with the scale that the golden map has alone as the set has it."""
    if base.fusion is None:
        return fit_fusion(pairs, alone=base.scores)
    fit, known = fit_fusion(pairs), base.fusion
    # Its scores are those of both maps: what the golden map reaches alone stands in its weights.
    kept = replace(fit.fusion, alone_weight=known.alone_weight, alone_offset=known.alone_offset)
    return replace(fit, fusion=kept)


def _without_weights(source: str) -> str:
    """What a sidecar was made of, but for the weights that are measured anew, and what was measured after them."""
    return "; ".join(part for part in source.split("; ") if not part.startswith(_WEIGHTS))
