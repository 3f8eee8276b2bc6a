"""What a training asks of the sidecar that it calibrates, and whether its photos are enough for that."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from visiqc.errors import InputError
from visiqc.inspection.fleet import FEWEST_PHOTOS
from visiqc.training.datasets.pairs import PairSet
from visiqc.training.defect_candidate import held_out_products
from visiqc.training.fleet_fusion import weighed_products
from visiqc.training.fleet_recipe import require_sizes


@dataclass(frozen=True, kw_only=True)
class CalibrationSettings:
    """The fleet sidecar of the new model, from the products held out; a nested key `calibration` of the recipe."""

    wanted: bool = True
    """Without a sidecar of its own a model cannot be promoted."""
    goldens: tuple[int, ...] = (1, 3)
    """Numbers of goldens each product is enrolled with."""
    sizes: tuple[int, ...] = ()
    """Longer sides of golden frames, in pixels, at which good photos are compared too, so that scores mean the same at
    each; the photos must be that large, none is enlarged. Empty = scores are left as they are."""
    impostors: int = 6
    """Other products every upload is held against, to measure an identity model; a defect model needs none."""
    fewest_products: int = 10
    """Products below which the sidecar is refused."""

    def __post_init__(self) -> None:
        require_sizes(self.sizes, "calibration.sizes")


def require_calibration(
    sets: Sequence[PairSet],
    held_out: frozenset[str],
    settings: CalibrationSettings,
    whole: Set[Path] | None = None,
    *,
    maps: bool = False,
) -> None:
    """Ask for enough products and photos before the hours, not after them.

    Args:
        sets: All photos.
        held_out: SKUs of the products that nothing is learned from.
        settings: What is wanted of the sidecar.
        whole: Photos that were read. None = none was opened so far; then products alone are counted.
        maps: Whether both maps are weighed, on products that show defects.

    Raises:
        InputError: They are not enough for the sidecar wanted.
    """
    products, kind = held_out_products(sets, held_out, whole), "products"
    if maps and len(shown := weighed_products(products)) < len(products):
        products, kind = shown, "products with defective photos"
    good = {photo.path for product in products for photo in product.uploads if not photo.defective}
    needed = [(settings.fewest_products, kind, len({product.design for product in products}))]
    needed += [(FEWEST_PHOTOS, f"good photos of {kind}", len(good))] if whole is not None else []
    for least, what, count in needed if settings.wanted else []:
        if count < least:
            raise InputError(
                f"calibration needs {least} {what} that nothing is learned from, and {count} are held out; raise "
                "held_out, add products, or set calibration.wanted=false and calibrate later with "
                "training/calibrate_fleet.py"
            )
