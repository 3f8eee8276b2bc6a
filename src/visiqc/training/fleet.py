"""Build the fleet sidecar: stage-0 calibration from good photos of many products, none of them the user's.

The photos stand in one folder a product, `golden*` beside `upload*`; every upload is a good piece.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog

from visiqc.errors import InputError
from visiqc.inspection.compare import Comparison, compare
from visiqc.inspection.enrol import build_bank
from visiqc.inspection.fleet import Fleet, to_json
from visiqc.inspection.parts import Models, SentPhoto
from visiqc.inspection.reading import read_photo
from visiqc.runtime.models import load_models
from visiqc.training.recipes import RunResult
from visiqc.vision.bank import GoldenBank
from visiqc.vision.photo import DecodeLimits

log = structlog.get_logger("visiqc.training")
_LENIENT = Fleet(
    scores=tuple(range(20)),
    products=0,
    identity_far1=-1.0,
    identity_far01=-1.0,
    alike_far1=-1.0,
    alike_poor=-9.0,
    heat_low=0.0,
    heat_high=1.0,
    trunk="",
    source="",
)
"""Limits that stop nothing: what is built here must not depend on an earlier sidecar."""


@dataclass(frozen=True, kw_only=True)
class FleetRecipe:
    """All that decides the sidecar."""

    photos: Path
    """Folder of product folders."""
    out: Path = Path("models/fleet/1")
    """Where `fleet.json` is written."""
    source: str = "rendered jewelry"
    """What the photos are, for the sidecar's own record."""
    trunk: str = ""
    """Trunk version; empty = the default."""
    goldens: tuple[int, ...] = (1, 3)
    """Numbers of goldens each product is enrolled with; uploads are scored against each."""
    impostors: int = 6
    """Other products every upload is held against; of the same family first."""
    long_side: int = 1024
    """Resolution of the comparison."""
    seed: int = 0
    """Of the choice of impostors."""


@dataclass(frozen=True, slots=True)
class _Product:
    name: str
    goldens: tuple[Path, ...]
    uploads: tuple[Path, ...]

    @property
    def family(self) -> str:
        """`d07_halo_ring` is of the family `halo_ring`."""
        return self.name.partition("_")[2] or self.name


def build_fleet(recipe: FleetRecipe) -> RunResult:
    """Score good uploads against their own goldens, and against other products', and write the sidecar."""
    models = load_models(trunk=recipe.trunk)
    products = _products(recipe.photos)
    banks: dict[str, GoldenBank] = {}
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
    fleet = _sidecar(genuine, impostors, recipe, models, len(banks))
    recipe.out.mkdir(parents=True, exist_ok=True)
    target = recipe.out / "fleet.json"
    target.write_text(to_json(fleet) + "\n")
    return RunResult(metrics=_metrics(genuine, impostors, fleet), artifacts=(target,), data_digest=_digest(products))


def _products(folder: Path) -> list[_Product]:
    found = [
        _Product(sub.name, tuple(sorted(sub.glob("golden*"))), tuple(sorted(sub.glob("upload*"))))
        for sub in sorted(folder.iterdir())
        if sub.is_dir()
    ]
    usable = [product for product in found if product.goldens and product.uploads]
    if len(usable) < 10:
        raise InputError(f"a fleet needs at least 10 products with golden* and upload* photos, found {len(usable)}")
    return usable


def _enrolled(product: _Product, count: int, models: Models, long_side: int) -> GoldenBank | None:
    photos = [
        SentPhoto(name=path.name, content=path.read_bytes(), view="front") for path in product.goldens[:count]
    ]
    try:
        return build_bank(photos, models, DecodeLimits(), long_side=long_side)[0]
    except InputError as err:
        log.warning("product left out", product=product.name, goldens=count, why=str(err))
        return None


def _compared(path: Path, bank: GoldenBank, models: Models, long_side: int) -> Comparison:
    copy = read_photo(path.read_bytes(), DecodeLimits(), frame_long_side=long_side)
    return compare(copy.photo, copy.original_size, bank, models, _LENIENT)


def _pairs(
    product: _Product, products: Sequence[_Product], banks: dict[str, GoldenBank], recipe: FleetRecipe
) -> Iterator[tuple[Path, _Product]]:
    rng = np.random.default_rng([recipe.seed, int(hashlib.sha256(product.name.encode()).hexdigest()[:8], 16)])
    others = [other for other in products if other.name != product.name and other.name in banks]
    for path in product.uploads:
        order = [others[i] for i in rng.permutation(len(others))]
        order.sort(key=lambda other: other.family != product.family)  # stable: same family first
        near = order[: recipe.impostors // 2]
        far = [other for other in order if other.family != product.family][: recipe.impostors - len(near)]
        yield from ((path, other) for other in [*near, *far])


def _sidecar(
    genuine: Sequence[Comparison], impostors: Sequence[Comparison], recipe: FleetRecipe, models: Models, products: int
) -> Fleet:
    scores = np.array(sorted(found.score for found in genuine if found.score is not None))
    identity = [found.identity.similarity for found in impostors if found.identity]
    alike = [found.alignment.similarity for found in impostors if found.alignment]
    own = [found.alignment.similarity / found.view.alikeness for found in genuine if found.alignment and found.view]
    return Fleet(
        scores=tuple(round(float(score), 4) for score in scores),
        products=products,
        identity_far1=_quantile(identity, 0.99),
        identity_far01=_quantile(identity, 0.999),
        alike_far1=_quantile(alike, 0.99),
        alike_poor=_quantile(own, 0.01),
        heat_low=_quantile(list(scores), 0.5),
        heat_high=round(1.5 * _quantile(list(scores), 0.95), 4),
        trunk=models.trunk.digest,
        source=recipe.source,
    )


def _metrics(genuine: Sequence[Comparison], impostors: Sequence[Comparison], fleet: Fleet) -> dict[str, float]:
    own = [found.identity.similarity for found in genuine if found.identity]
    return {
        "good_photos": float(len(fleet.scores)),
        "impostor_pairs": float(len(impostors)),
        "retaken": float(sum(bool(found.complaints) for found in genuine)),
        "accepted_at_far_1": float(np.mean([similarity >= fleet.identity_far1 for similarity in own])),
        "review_threshold": float(np.quantile(fleet.scores, 0.95)),
    }


def _quantile(values: Sequence[float], share: float) -> float:
    return round(float(np.quantile(values, share)), 4)


def _digest(products: Sequence[_Product]) -> str:
    digest = hashlib.sha256()
    for product in products:
        for path in (*product.goldens, *product.uploads):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
