"""The products a fleet sidecar is built from: goldens, good uploads, and those with visible defects."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from visiqc.errors import InputError
from visiqc.evaluation.rendered_sets import MANIFEST, read_manifest
from visiqc.training.datasets.reading import Unreadable, bytes_of, name_of
from visiqc.training.stage_progress import stage
from visiqc.vision.photo import decode_rgb


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
    return [product for product in found if _usable(product) and product.name in (skus or {product.name})]


def readable_products(products: Sequence[Product], *, max_unreadable: int) -> list[Product]:
    """The products without uploads that cannot be read, which are named: met later, one would end the whole run.

    Golden photos are read where they are enrolled, and cost their product there.

    Raises:
        InputError: Too many cannot be read.
    """
    unreadable = Unreadable(limit=max_unreadable)
    whole: list[Product] = []
    with stage("checking photos") as told:
        for number, product in enumerate(products):
            told(product.name, number, len(products))
            uploads = tuple(upload for upload in product.uploads if _readable(product, upload.path, unreadable))
            whole.append(replace(product, uploads=uploads))
    return [product for product in whole if _usable(product)]


def _readable(product: Product, photo: Path, unreadable: Unreadable) -> bool:
    try:
        decode_rgb(bytes_of(photo))
    except InputError as err:
        unreadable.add(photo, name_of(product.name, photo), str(err))
        return False
    return True


def _usable(product: Product) -> bool:
    return bool(product.goldens) and any(not upload.defective for upload in product.uploads)


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
