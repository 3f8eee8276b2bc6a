"""Products of a fleet enrolled, and photos held against their own goldens and against other products'."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import structlog

from visiqc.errors import InputError
from visiqc.inspection.compare import Comparison, compare
from visiqc.inspection.enrol import build_bank
from visiqc.inspection.fleet import Fleet
from visiqc.inspection.parts import Models, SentPhoto
from visiqc.inspection.reading import read_photo
from visiqc.training.fleet_products import Product, Upload
from visiqc.training.fleet_recipe import FleetRecipe
from visiqc.training.fleet_sameness import Banks, Held
from visiqc.training.fleet_sidecar import Judged
from visiqc.vision.bank import GoldenBank
from visiqc.vision.photo import DecodeLimits

log = structlog.get_logger("visiqc.training")
_LENIENT = Fleet(
    scores=tuple(range(20)),
    products=0,
    usual=0.0,
    alike_poor=-9.0,
    same_accepted=-9.0,
    same_sure=-9.0,
    heat_low=0.0,
    heat_high=1.0,
    trunk="",
    source="",
    cohort=np.zeros((1, 1), np.float32),
)
"""Limits that stop nothing: what is built here must not depend on an earlier sidecar."""
_STRICT = replace(_LENIENT, same_accepted=9.0, same_sure=9.0)
"""Limits that take nobody for the design: of an impostor only identity and alignment are wanted, not its maps."""


def require_products(products: Sequence[Product], recipe: FleetRecipe) -> None:
    """Raise `InputError` where there are fewer products than the recipe asks for."""
    designs = len({product.design for product in products})
    if designs < recipe.fewest_products:
        raise InputError(
            f"a fleet needs at least {recipe.fewest_products} products with golden* and upload* photos, found {designs}"
        )


def held_against_own(
    products: Sequence[Product], models: Models, recipe: FleetRecipe, *, told: Callable[[str, int], None]
) -> tuple[Banks, list[Judged]]:
    """Every product enrolled, with each number of goldens, and all its photos held against them.

    Args:
        products: With their photos.
        models: What compares.
        recipe: Numbers of goldens and resolution.
        told: Told the product and its number.

    Returns:
        Banks with the most goldens, and the photos.
    """
    banks: Banks = {}
    own: list[Judged] = []
    for number, product in enumerate(products):
        told(product.name, number)
        # Enrolled twice alike, a product with one golden would count as two.
        for count in dict.fromkeys(min(count, len(product.goldens)) for count in sorted(recipe.goldens)):
            bank = enrolled(product, count, models, recipe.long_side)
            if bank is not None:
                banks[product.name] = bank
                own += [judged(product, upload, bank, models, recipe.long_side) for upload in product.uploads]
    return banks, own


def enrolled(product: Product, count: int, models: Models, long_side: int) -> GoldenBank | None:
    """The product with its first golden photos; None, and a line in the log, where they cannot be enrolled."""
    photos = [SentPhoto(name=path.name, content=path.read_bytes(), view="front") for path in product.goldens[:count]]
    try:
        return build_bank(photos, models, DecodeLimits(), long_side=long_side)[0]
    except InputError as err:
        log.warning("product left out", product=product.name, goldens=count, why=str(err))
        return None


def judged(product: Product, upload: Upload, bank: GoldenBank, models: Models, long_side: int) -> Judged:
    """A photo held against its own product's goldens, whatever it looks like."""
    found = replace(_compared(upload.path, bank, models, long_side), types=None)
    return Judged(found=found, product=product.name, photo=upload.path, defective=upload.defective, pose=upload.pose)


def _compared(path: Path, bank: GoldenBank, models: Models, long_side: int, *, limits: Fleet = _LENIENT) -> Comparison:
    copy = read_photo(path.read_bytes(), DecodeLimits(), frame_long_side=long_side)
    nobody = np.zeros((1, bank.views[0].turned.shape[-1]), np.float32)
    return compare(copy.photo, copy.original_size, bank, models, replace(limits, cohort=nobody))


def as_impostor(
    product: Product, products: Sequence[Product], banks: Banks, models: Models, recipe: FleetRecipe
) -> list[Held]:
    """A product's good uploads, each held against other products."""
    return [
        Held(other.name, _compared(path, banks[other.name], models, recipe.long_side, limits=_STRICT), product.name)
        for path, other in _impostors(product, products, banks, recipe)
    ]


def _impostors(
    product: Product, products: Sequence[Product], banks: Banks, recipe: FleetRecipe
) -> Iterator[tuple[Path, Product]]:
    rng = np.random.default_rng([recipe.seed, int(hashlib.sha256(product.name.encode()).hexdigest()[:8], 16)])
    others = [other for other in products if other.design != product.design and other.name in banks]
    for upload in product.uploads:
        if not upload.defective:
            for index in rng.permutation(len(others))[: recipe.impostors]:
                yield upload.path, others[index]
