"""The products a fleet sidecar is built from: goldens, good uploads, and those with visible defects."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from visiqc.errors import InputError
from visiqc.evaluation.rendered_sets import MANIFEST, read_manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A photo of a product of the fleet."""

    path: Path
    defective: bool = False
    pose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product of the fleet.

    Attributes:
        name: Of the product in its set.
        goldens: Its golden photos.
        uploads: Photos held against them.
        sku: What it is; two sets may photograph one design, which is no impostor of itself. Empty = its name.
    """

    name: str
    goldens: tuple[Path, ...]
    uploads: tuple[Upload, ...]
    sku: str = ""

    @property
    def design(self) -> str:
        """What it is."""
        return self.sku or self.name


def fleet_products(folder: Path, skus: Sequence[str] = ()) -> list[Product]:
    """The products in a folder that have goldens and good uploads.

    Raises:
        InputError: There is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"no such folder of product folders: {folder.name}")
    if (folder / MANIFEST).is_file():
        found = _rendered_products(folder)
    else:
        found = [
            Product(
                name=sub.name,
                goldens=tuple(sorted(sub.glob("golden*"))),
                uploads=tuple(Upload(path=path) for path in sorted(sub.glob("upload*"))),
            )
            for sub in sorted(folder.iterdir())
            if sub.is_dir()
        ]
    return [
        product
        for product in found
        if product.goldens
        and any(not upload.defective for upload in product.uploads)
        and product.name in (skus or {product.name})
    ]


def _rendered_products(folder: Path) -> list[Product]:
    """The products of a set that `visiqc render` made, with their good uploads and those with visible defects."""
    items = read_manifest(folder).items
    return [
        Product(
            name=sku,
            goldens=tuple(folder / item.file for item in items if (item.sku, item.role) == (sku, "golden")),
            uploads=tuple(
                Upload(path=folder / item.file, defective=item.role == "defective", pose=item.pose)
                for item in items
                if item.sku == sku and (item.role == "good" or (item.role == "defective" and item.visible))
            ),
        )
        for sku in dict.fromkeys(item.sku for item in items)
    ]


def products_digest(products: Sequence[Product]) -> str:
    """SHA-256 over the content of every photo of the products."""
    digest = hashlib.sha256()
    for product in products:
        for path in (*product.goldens, *(upload.path for upload in product.uploads)):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
