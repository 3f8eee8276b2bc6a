"""What each photo of a rendered set is known to show: the manifest's line and the record's numbers, in one place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visiqc.errors import InputError
from visiqc.evaluation.rendered_sets import COMPLETE_IT, Item, Manifest, read_manifest

GOLDEN = "golden"
GOOD = "good"
DEFECTIVE = "defective"
VARIANT = "variant"
WRONG_SAMPLE = "wrong_sample"
UNUSABLE = "unusable"
IGNORED, DEFECT = 128, 255
"""Labels of the mask: changed by the defect elsewhere, and the defect itself."""
PhotoBox = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPhoto:
    """One photo with its truth.

    Attributes:
        item: Its line in the manifest.
        light: Name of the light, such as `window`.
        ground: What the piece lies on.
        card: Whether a scale card with grey patches is in the photo.
        turn: Stop of the turntable, in degrees; 0 in the golden pose.
        area_share: Of the defect in the product's area, in [0, 1]; None where there is no defect.
        contrast: Mean difference from the good piece on the defect, in grey levels; None where there is none.
        box: Around the defect, `(x0, y0, x1, y1)` in photo pixels, x1 and y1 excluded; None where there is none.
    """

    item: Item
    light: str
    ground: str
    card: bool
    turn: float = 0.0
    area_share: float | None = None
    contrast: float | None = None
    box: PhotoBox | None = None

    @property
    def name(self) -> str:
        """Path of the photo inside the set."""
        return self.item.file


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownProduct:
    """The photos of one product: goldens in the order they are enrolled, and what is sent for it."""

    sku: str
    goldens: tuple[KnownPhoto, ...]
    uploads: tuple[KnownPhoto, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSet:
    """A rendered set with everything that is known about its photos.

    Attributes:
        folder: Where its files are.
        manifest: As it was read.
        products: Those with goldens and uploads, in the manifest's order.
    """

    folder: Path
    manifest: Manifest
    products: tuple[KnownProduct, ...]


def read_known(folder: Path, *, skus: tuple[str, ...] = ()) -> KnownSet:
    """A finished set and what is known about its photos.

    Args:
        folder: Of the set.
        skus: Products to read; empty = all.

    Raises:
        InputError: It is no finished set, a record cannot be read, or a product asked for is not in it.
    """
    manifest = read_manifest(folder)
    there = tuple(dict.fromkeys(item.sku for item in manifest.items))
    if missing := [sku for sku in skus if sku not in there]:
        raise InputError(f"{folder.name} has no product {missing[0]!r}; it has {', '.join(there)}")
    products = (_product(sku, folder, manifest) for sku in skus or there)
    usable = tuple(product for product in products if product.goldens and product.uploads)
    if not usable:
        raise InputError(f"no product of {folder.name} has both golden photos and uploads; nothing can be measured")
    return KnownSet(folder=folder, manifest=manifest, products=usable)


def content_digest(known: KnownSet) -> str:
    """SHA-256 over every photo of a set and what is recorded of it.

    The manifest's own digest says nothing of pixels, which differ between machines. Reading them all costs next to
    nothing beside scoring them.

    Raises:
        InputError: A file is gone or cannot be read.
    """
    digest = hashlib.sha256()
    for photo in (photo for product in known.products for photo in (*product.goldens, *product.uploads)):
        for name in (photo.item.file, photo.item.record):
            try:
                content = (known.folder / name).read_bytes()
            except OSError as err:
                raise InputError(f"{name} in {known.folder.name} cannot be read; {COMPLETE_IT}") from err
            digest.update(f"{name}\n{hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


def _product(sku: str, folder: Path, manifest: Manifest) -> KnownProduct:
    photos = [_known(item, folder) for item in manifest.items if item.sku == sku]
    return KnownProduct(
        sku=sku,
        # The manifest sorts names as text: golden/10 stands before golden/2, which is not how they are enrolled.
        goldens=tuple(sorted((p for p in photos if p.item.role == GOLDEN), key=lambda p: _number(p.name))),
        uploads=tuple(photo for photo in photos if photo.item.role != GOLDEN),
    )


def _number(name: str) -> tuple[int, str]:
    stem = Path(name).stem
    return (int(stem) if stem.isdecimal() else 0, stem)


def _known(item: Item, folder: Path) -> KnownPhoto:
    try:
        record: Mapping[str, Any] = json.loads((folder / item.record).read_text(encoding="utf-8"))
        planned, measured = record["planned"], record["measured"]
        box = measured.get("box")
        return KnownPhoto(
            item=item,
            light=str(planned["light"]["name"]),
            ground=str(planned["ground"]),
            card=bool(planned["card"]),
            turn=float(planned["turn_deg"]),
            area_share=measured.get("area_share"),
            contrast=measured.get("contrast"),
            box=(int(box[0]), int(box[1]), int(box[2]), int(box[3])) if box else None,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as err:
        raise InputError(
            f"{item.record} in {folder.name} is not a record of a rendered photo; render it again"
        ) from err
