"""Build the fleet sidecar: stage-0 calibration from good photos of many products, none of them the user's.

The photos are a set that `visiqc render` made, or stand in one folder a product, `golden*` beside `upload*`, where
every upload is a good piece. The sidecar belongs to exactly the models it was built with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import structlog

from visiqc.errors import InputError, IntegrityError
from visiqc.evaluation.fusion_fit import FusionFit
from visiqc.inspection.compare import Comparison, compare
from visiqc.inspection.enrol import build_bank
from visiqc.inspection.fleet import Fleet, cohort_bytes, read_fleet, to_json
from visiqc.inspection.parts import Models, SentPhoto
from visiqc.inspection.reading import read_photo
from visiqc.runtime.models import cards_of, load_models
from visiqc.training.fleet_products import Product, Upload, fleet_products, products_digest
from visiqc.training.fleet_sameness import Banks, Held, own_by_vector, sameness_limits, sameness_scores
from visiqc.training.fleet_sidecar import (
    FleetPhotos,
    Judged,
    colour_scores,
    make_sidecar,
    sidecar_metrics,
)
from visiqc.training.recipes import RunResult
from visiqc.vision.bank import GoldenBank
from visiqc.vision.photo import DecodeLimits

TEMPERATURE = "held out/type_temperature"
"""The metric in a defect model's card that says what its type logits are divided by."""
Told = Callable[[str, int, int], None]
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


@dataclass(frozen=True, kw_only=True)
class FleetRecipe:
    """All that decides the sidecar."""

    photos: Path
    """A set that `visiqc render` made, or a folder of product folders with `golden*` and `upload*` photos."""
    out: Path = Path("models/fleet")
    """Where the sidecar's own folder with `fleet.json` and `cohort.npy` is written."""
    version: str = ""
    """Name of that folder; empty = the identity model's version, so that no other model's sidecar is overwritten."""
    source: str = "rendered jewelry"
    """What the photos are, for the sidecar's own record."""
    home: Path | None = None
    """`VISIQC_HOME` with promoted or candidate models in `models/`; None = those that ship."""
    trunk: str = ""
    """Trunk version; empty = the default."""
    identity: str = ""
    """Version of the identity model; empty = the one that belongs to the trunk."""
    defect: str = ""
    """Version of the defect model; empty = the one that belongs to the trunk, `none` = none."""
    mask: str = ""
    """Version of the mask model; likewise."""
    colours_of: Path | None = None
    """Folder of a sidecar that learns colours: all its other figures stay. None = everything is measured."""
    sameness_of: Path | None = None
    """Folder of a sidecar that learns anew from when on an upload shows the design: all its other figures stay."""
    skus: tuple[str, ...] = ()
    """Products that are used; empty = all. A defect model must not have learned from them."""
    goldens: tuple[int, ...] = (1, 3)
    """Numbers of goldens each product is enrolled with; uploads are scored against each."""
    impostors: int = 6
    """Other products every upload is held against, drawn at random as a mix-up in a factory would be."""
    fewest_products: int = 10
    """Products below which the sidecar is refused: a rank among a few says nothing about others."""
    long_side: int = 1024
    """Resolution of the comparison."""
    seed: int = 0
    """Of the choice of impostors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetBuilt:
    """A sidecar with its figures."""

    fleet: Fleet
    fit: FusionFit | None
    metrics: dict[str, float]


def build_fleet(recipe: FleetRecipe) -> RunResult:
    """Score good uploads against their own goldens, and against other products', and write the sidecar.

    Raises:
        InputError: The folder holds too few products or photos that can be compared.
    """
    models = load_models(
        home=recipe.home, trunk=recipe.trunk, identity=recipe.identity, defect=recipe.defect, mask=recipe.mask
    )
    products = fleet_products(recipe.photos, recipe.skus)
    if recipe.sameness_of is not None:
        fleet = with_sameness(recipe.sameness_of, products, models, recipe)
        built = FleetBuilt(
            fleet=fleet, fit=None, metrics={"same_accepted": fleet.same_accepted, "same_sure": fleet.same_sure}
        )
    elif recipe.colours_of is not None:
        fleet = with_colours(recipe.colours_of, products, models, recipe)
        metrics = {"metal": float(len(fleet.colour_metal)), "stones": float(len(fleet.colour_stones))}
        built = FleetBuilt(fleet=fleet, fit=None, metrics=metrics)
    else:
        built = fleet_of(products, models, recipe)
    folder = recipe.out / (recipe.version or cards_of(models)["identity"].version)
    return RunResult(
        metrics=built.metrics, artifacts=write_fleet(built.fleet, folder), data_digest=products_digest(products)
    )


def fleet_of(
    products: Sequence[Product],
    models: Models,
    recipe: FleetRecipe,
    *,
    type_temperature: float | None = None,
    told: Told | None = None,
) -> FleetBuilt:
    """The sidecar of exactly these models.

    Args:
        products: As many as the recipe asks for, at least.
        models: What it will belong to.
        recipe: Numbers of goldens, impostors, resolution and seed; its photos are not read.
        type_temperature: What type logits are divided by; None = what the defect model's card says.
        told: Told product, number and count.

    Raises:
        InputError: Too few products, or photos that can be compared.
    """
    _require_products(products, recipe)
    banks: Banks = {}
    own: list[Judged] = []
    for number, product in enumerate(products):
        if told is not None:
            told(product.name, number, 2 * len(products))
        # Enrolled twice alike, a product with one golden would count as two.
        for count in dict.fromkeys(min(count, len(product.goldens)) for count in recipe.goldens):
            bank = _enrolled(product, count, models, recipe.long_side)
            if bank is not None:
                banks[product.name] = bank
                own += [_judged(product, upload, bank, models, recipe.long_side) for upload in product.uploads]
    others: list[Held] = []
    for number, product in enumerate(products, len(products)):
        if told is not None:
            told(product.name, number, 2 * len(products))
        others += _as_impostor(product, products, banks, models, recipe)
    designs = {product.name: product.design for product in products}
    photos = FleetPhotos(own=own, others=others, banks=banks, designs=designs)
    if type_temperature is None:
        card = cards_of(models).get("defect")
        type_temperature = card.metrics.get(TEMPERATURE, 1.0) if card is not None else 1.0
    fleet, fit = make_sidecar(photos, models, source=recipe.source, type_temperature=type_temperature)
    return FleetBuilt(fleet=fleet, fit=fit, metrics=sidecar_metrics(photos, fleet, fit))


def with_colours(folder: Path, products: Sequence[Product], models: Models, recipe: FleetRecipe) -> Fleet:
    """An existing sidecar of these models that also knows how good pieces' colours differ.

    Raises:
        IntegrityError: The sidecar is of another trunk or mask model, or broken.
        InputError: Too few good photos could be compared.
    """
    known = _known(folder, models)
    own: list[Judged] = []
    for product in products:
        bank = _enrolled(product, max(recipe.goldens), models, recipe.long_side)
        if bank is not None:
            own += [
                _judged(product, upload, bank, models, recipe.long_side)
                for upload in product.uploads
                if not upload.defective
            ]
        log.info("colours measured", product=product.name)
    metal, stones = colour_scores(own)
    if not metal:
        raise InputError("too few good photos could be compared for a scale of colours; add products")
    source = f"{known.source}; colours: {recipe.source}"
    return replace(known, colour_metal=metal, colour_stones=stones, source=source)


def with_sameness(folder: Path, products: Sequence[Product], models: Models, recipe: FleetRecipe) -> Fleet:
    """An existing sidecar of these models that also knows how far other designs pass for a view's own.

    Raises:
        IntegrityError: The sidecar is of another trunk or mask model, or broken.
        InputError: Too few products, or photos that can be compared.
    """
    known = _known(folder, models)
    _require_products(products, recipe)
    held: list[Held] = []
    banks: Banks = {}
    for count in sorted(recipe.goldens):
        enrolled = {product.name: _enrolled(product, count, models, recipe.long_side) for product in products}
        now = {name: bank for name, bank in enrolled.items() if bank is not None}
        banks |= now
        for product in products:
            held += _as_impostor(product, products, now, models, recipe)
            log.info("held against other designs", product=product.name, goldens=count, pairs=len(held))
    # Banks with all goldens, so that none of a design's own photos counts as a stranger to it.
    accepted, sure = sameness_limits(sameness_scores(held, known.cohort, own_by_vector(banks, known.cohort)))
    return replace(
        known, same_accepted=accepted, same_sure=sure, source=f"{known.source}; other designs: {recipe.source}"
    )


def _known(folder: Path, models: Models) -> Fleet:
    """A sidecar that is about to learn more from these models."""
    known = read_fleet(
        (folder / "fleet.json").read_text(encoding="utf-8"),
        (folder / "cohort.npy").read_bytes(),
        trunk=models.trunk.digest,
    )
    if known.mask != ("" if models.mask is None else models.mask.digest):
        raise IntegrityError(
            "the sidecar was built with another mask model than would measure now; name its mask model"
        )
    return known


def write_fleet(fleet: Fleet, folder: Path) -> tuple[Path, Path]:
    """Write `fleet.json` and `cohort.npy` and return both."""
    folder.mkdir(parents=True, exist_ok=True)
    target, cohort = folder / "fleet.json", folder / "cohort.npy"
    target.write_text(to_json(fleet) + "\n", encoding="utf-8")
    cohort.write_bytes(cohort_bytes(fleet))
    return target, cohort


def _require_products(products: Sequence[Product], recipe: FleetRecipe) -> None:
    designs = len({product.design for product in products})
    if designs < recipe.fewest_products:
        raise InputError(
            f"a fleet needs at least {recipe.fewest_products} products with golden* and upload* photos, found {designs}"
        )


def _enrolled(product: Product, count: int, models: Models, long_side: int) -> GoldenBank | None:
    photos = [SentPhoto(name=path.name, content=path.read_bytes(), view="front") for path in product.goldens[:count]]
    try:
        return build_bank(photos, models, DecodeLimits(), long_side=long_side)[0]
    except InputError as err:
        log.warning("product left out", product=product.name, goldens=count, why=str(err))
        return None


def _judged(product: Product, upload: Upload, bank: GoldenBank, models: Models, long_side: int) -> Judged:
    found = replace(_compared(upload.path, bank, models, long_side), types=None)
    return Judged(found=found, product=product.name, defective=upload.defective, pose=upload.pose)


def _compared(path: Path, bank: GoldenBank, models: Models, long_side: int, *, limits: Fleet = _LENIENT) -> Comparison:
    copy = read_photo(path.read_bytes(), DecodeLimits(), frame_long_side=long_side)
    nobody = np.zeros((1, bank.views[0].turned.shape[-1]), np.float32)
    return compare(copy.photo, copy.original_size, bank, models, replace(limits, cohort=nobody))


def _as_impostor(
    product: Product, products: Sequence[Product], banks: Banks, models: Models, recipe: FleetRecipe
) -> list[Held]:
    """A product's good uploads, each held against other products."""
    return [
        (other.name, _compared(path, banks[other.name], models, recipe.long_side, limits=_STRICT))
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
