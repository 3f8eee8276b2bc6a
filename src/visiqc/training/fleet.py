"""Build the fleet sidecar: stage-0 calibration from good photos of many products, none of them the user's.

The photos stand in one folder a product, `golden*` beside `upload*`; every upload is a good piece.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import structlog

from visiqc.errors import InputError
from visiqc.evaluation.rendered_sets import MANIFEST, read_manifest
from visiqc.inspection.compare import Comparison, compare
from visiqc.inspection.enrol import build_bank
from visiqc.inspection.fleet import FEWEST_SCORES, Fleet, cohort_bytes, to_json
from visiqc.inspection.parts import Models, SentPhoto
from visiqc.inspection.reading import read_photo
from visiqc.runtime.models import DEFAULT_TRUNK, load_models
from visiqc.training.recipes import RunResult
from visiqc.vision import golden_map
from visiqc.vision.bank import GoldenBank
from visiqc.vision.photo import DecodeLimits

Banks = dict[str, GoldenBank]
log = structlog.get_logger("visiqc.training")
_SAME = 0.999  # a cohort vector this close to a golden's own is its own
_LENIENT = Fleet(
    scores=tuple(range(20)),
    products=0,
    usual=0.0,
    alike_far1=-9.0,
    alike_far5=-9.0,
    alike_poor=-9.0,
    heat_low=0.0,
    heat_high=1.0,
    trunk="",
    source="",
    cohort=np.zeros((1, 1280), np.float32),
)
"""Limits that stop nothing: what is built here must not depend on an earlier sidecar."""


@dataclass(frozen=True, kw_only=True)
class FleetRecipe:
    """All that decides the sidecar."""

    photos: Path
    """A set that `visiqc render` made, or a folder of product folders with `golden*` and `upload*` photos."""
    out: Path = Path("models/fleet")
    """Where the trunk's own folder with `fleet.json` and `cohort.npy` is written."""
    source: str = "rendered jewelry"
    """What the photos are, for the sidecar's own record."""
    trunk: str = ""
    """Trunk version; empty = the default."""
    goldens: tuple[int, ...] = (1, 3)
    """Numbers of goldens each product is enrolled with; uploads are scored against each."""
    impostors: int = 6
    """Other products every upload is held against, drawn at random as a mix-up in a factory would be."""
    long_side: int = 1024
    """Resolution of the comparison."""
    seed: int = 0
    """Of the choice of impostors."""


@dataclass(frozen=True, slots=True)
class _Product:
    name: str
    goldens: tuple[Path, ...]
    uploads: tuple[Path, ...]


def build_fleet(recipe: FleetRecipe) -> RunResult:
    """Score good uploads against their own goldens, and against other products', and write the sidecar.

    Raises:
        InputError: The folder holds too few products or photos that can be compared.
    """
    models = load_models(trunk=recipe.trunk)
    products = _products(recipe.photos)
    banks: Banks = {}
    genuine: list[Comparison] = []
    for product in products:
        for count in recipe.goldens:
            bank = _enrolled(product, count, models, recipe.long_side)
            if bank is None:
                continue
            banks[product.name] = bank
            genuine += [_compared(path, bank, models, recipe.long_side) for path in product.uploads]
        log.info("product scored", product=product.name)
    impostors = [
        _compared(path, banks[other.name], models, recipe.long_side)
        for product in products
        for path, other in _pairs(product, products, banks, recipe)
    ]
    fleet = _sidecar(genuine, impostors, recipe, models, banks)
    folder = recipe.out / (recipe.trunk or DEFAULT_TRUNK)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "fleet.json"
    target.write_text(to_json(fleet) + "\n", encoding="utf-8")
    cohort = folder / "cohort.npy"
    cohort.write_bytes(cohort_bytes(fleet))
    metrics = _metrics(genuine, impostors, fleet)
    return RunResult(metrics=metrics, artifacts=(target, cohort), data_digest=_digest(products))


def _products(folder: Path) -> list[_Product]:
    if not folder.is_dir():
        raise InputError(f"no such folder of product folders: {folder.name}")
    if (folder / MANIFEST).is_file():
        found = _rendered_products(folder)
    else:
        found = [
            _Product(sub.name, tuple(sorted(sub.glob("golden*"))), tuple(sorted(sub.glob("upload*"))))
            for sub in sorted(folder.iterdir())
            if sub.is_dir()
        ]
    usable = [product for product in found if product.goldens and product.uploads]
    if len(usable) < 10:
        raise InputError(f"a fleet needs at least 10 products with golden* and upload* photos, found {len(usable)}")
    return usable


def _rendered_products(folder: Path) -> list[_Product]:
    """The products of a set that `visiqc render` made, with their good uploads."""
    items = read_manifest(folder).items

    def of(sku: str, role: str) -> tuple[Path, ...]:
        return tuple(folder / item.file for item in items if (item.sku, item.role) == (sku, role))

    return [_Product(sku, of(sku, "golden"), of(sku, "good")) for sku in dict.fromkeys(item.sku for item in items)]


def _enrolled(product: _Product, count: int, models: Models, long_side: int) -> GoldenBank | None:
    photos = [SentPhoto(name=path.name, content=path.read_bytes(), view="front") for path in product.goldens[:count]]
    try:
        return build_bank(photos, models, DecodeLimits(), long_side=long_side)[0]
    except InputError as err:
        log.warning("product left out", product=product.name, goldens=count, why=str(err))
        return None


def _compared(path: Path, bank: GoldenBank, models: Models, long_side: int) -> Comparison:
    copy = read_photo(path.read_bytes(), DecodeLimits(), frame_long_side=long_side)
    return compare(copy.photo, copy.original_size, bank, models, _LENIENT)


def _pairs(
    product: _Product, products: Sequence[_Product], banks: Banks, recipe: FleetRecipe
) -> Iterator[tuple[Path, _Product]]:
    rng = np.random.default_rng([recipe.seed, int(hashlib.sha256(product.name.encode()).hexdigest()[:8], 16)])
    others = [other for other in products if other.name != product.name and other.name in banks]
    for path in product.uploads:
        for index in rng.permutation(len(others))[: recipe.impostors]:
            yield path, others[index]


def _sidecar(
    genuine: Sequence[Comparison], impostors: Sequence[Comparison], recipe: FleetRecipe, models: Models, banks: Banks
) -> Fleet:
    maps = [found.scores for found in genuine if found.scores is not None]
    alike = _alike(impostors)
    if len(maps) < FEWEST_SCORES or not alike:
        raise InputError(
            f"a fleet needs at least {FEWEST_SCORES} good photos that can be compared, and photos of other products "
            f"to hold them against; got {len(maps)} and {len(alike)}"
        )
    usual = round(float(np.median([np.nanmedian(scores) for scores in maps])), 4)
    scores = sorted(golden_map.photo_score(golden_map.calmed(one, usual)) for one in maps)
    return Fleet(
        scores=tuple(round(float(score), 4) for score in scores),
        products=len(banks),
        usual=usual,
        alike_far1=_quantile(alike, 0.99),
        alike_far5=_quantile(alike, 0.95),
        alike_poor=_quantile(alike, 0.75),
        heat_low=_quantile(scores, 0.5),
        heat_high=round(1.5 * _quantile(scores, 0.95), 4),
        trunk=models.trunk.digest,
        source=recipe.source,
        cohort=np.concatenate(
            [view.turned[:: len(view.turned) // 3] for bank in banks.values() for view in bank.views]
        ),
    )


def _alike(comparisons: Sequence[Comparison]) -> list[float]:
    return [found.alike for found in comparisons if found.alike is not None]


def _metrics(genuine: Sequence[Comparison], impostors: Sequence[Comparison], fleet: Fleet) -> dict[str, float]:
    """Shares at the shipped limits; every product's own vectors are left out of the cohort it is held against."""
    own, others = _accepted(genuine, fleet), _accepted(impostors, fleet)
    return {
        "good_photos": float(len(fleet.scores)),
        "impostor_pairs": float(len(impostors)),
        "retaken": float(sum(bool(found.complaints) for found in genuine)),
        "good_accepted": float(np.mean(own)),
        "impostors_accepted": float(np.mean(others)),
        "good_alignment_poor": float(np.mean([alike < fleet.alike_poor for alike in _alike(genuine)])),
        "review_threshold": float(np.quantile(fleet.scores, 0.95)),
    }


def _accepted(comparisons: Sequence[Comparison], fleet: Fleet) -> list[bool]:
    answers = []
    for found in comparisons:
        if found.identity is None or found.view is None or found.alike is None:
            continue
        strangers = [row for row in range(len(fleet.cohort)) if (found.view.turned @ fleet.cohort[row]).max() < _SAME]
        limit, _ = replace(fleet, cohort=fleet.cohort[strangers]).identity_limits(found.view.turned)
        answers.append(found.identity.similarity >= limit or found.alike >= fleet.alike_far5)
    return answers


def _quantile(values: Sequence[float], share: float) -> float:
    return round(float(np.quantile(values, share)), 4)


def _digest(products: Sequence[_Product]) -> str:
    digest = hashlib.sha256()
    for product in products:
        for path in (*product.goldens, *product.uploads):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
