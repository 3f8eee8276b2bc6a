"""The pictures colour is fitted and measured on: the photos of a rendered set, laid over their goldens, kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from visiqc.errors import InputError
from visiqc.evaluation.rendered_sets import Item, read_manifest
from visiqc.inspection.parts import Models
from visiqc.runtime.models import DEFAULT_TRUNK, SHIPPED, load_models
from visiqc.settings import cache_folder
from visiqc.vision.colour_card import CardReading, read_card
from visiqc.vision.golden_view import lay_over, start_view
from visiqc.vision.photo import decode_rgb
from visiqc.vision.seen import see
from visiqc.vision.types import Mask, Photo
from visiqc.vision.warp import warp_photo

log = structlog.get_logger("visiqc.training")
_SKIPPED_ROLES = ("unusable", "wrong_sample")
"""Photos that never get as far as their colour."""
_KEPT = 2
"""Raised when what is kept of a product changes."""


@dataclass(frozen=True, slots=True)
class LaidPhoto:
    """A photo in its product's golden frame.

    Attributes:
        item: What the manifest says of it.
        frame: (H, W, 3) uint8 RGB.
        card: What its whole photo shows of a scale card.
        planned: What the record says was planned: light, phone, ground, card, severity.
    """

    item: Item
    frame: Photo
    card: CardReading | None
    planned: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LaidProduct:
    """A product's photos in one golden frame.

    Attributes:
        sku: The product.
        product: (H, W) bool, as the foreground stage of the service finds it.
        goldens: The golden photos.
        uploads: The others, as the manifest orders them.
    """

    sku: str
    product: Mask
    goldens: tuple[LaidPhoto, ...]
    uploads: tuple[LaidPhoto, ...]


def laid_products(folder: Path, *, long_side: int) -> Iterator[LaidProduct]:
    """The products of a set that `visiqc render` made, laid over by the way the service lays them.

    Frames are kept under the cache folder, so that this is paid once.

    Raises:
        InputError: The folder holds no finished set.
    """
    manifest = read_manifest(folder)
    kept = (
        cache_folder()
        / "colour"
        / f"{manifest.name}-{manifest.digest[:8]}-{long_side}-{_KEPT}{SHIPPED[DEFAULT_TRUNK].mask}"
    )
    kept.mkdir(parents=True, exist_ok=True)
    models: Models | None = None
    for sku in dict.fromkeys(item.sku for item in manifest.items):
        items = [item for item in manifest.items if item.sku == sku and item.role not in _SKIPPED_ROLES]
        target = kept / f"{sku}.npz"
        if not target.is_file():
            models = models or load_models(threads=1)
            try:
                frames, mask = _laid(folder, items, models, long_side)
            except InputError as err:
                log.warning("product left out", product=sku, why=str(err))
                continue
            with target.with_suffix(".part").open("wb") as whole:
                np.savez_compressed(whole, frames=frames, mask=mask)
            target.with_suffix(".part").replace(target)
        with np.load(target) as stored:
            yield _product(sku, folder, items, stored["frames"], stored["mask"])


def digest_of_sets(folders: tuple[Path, ...]) -> str:
    """SHA-256 over the digests of several sets."""
    return sha256("".join(read_manifest(folder).digest for folder in folders).encode()).hexdigest()


def _laid(folder: Path, items: list[Item], models: Models, long_side: int) -> tuple[Photo, Mask]:
    """(N, H, W, 3) frames, the first golden photo's first, and the product's mask."""
    first, *others = (see(decode_rgb((folder / item.file).read_bytes()), models.find_product) for item in items)
    target, size, to_align, mask = start_view(first, long_side=long_side, embed=models.trunk.features)
    to_frame = np.linalg.inv(to_align) @ target.photo_to_align
    frames = [warp_photo(first.photo, to_frame, size)]
    frames += [lay_over(seen, target, size, to_align, models.trunk.features).frame for seen in others]
    return np.stack(frames), mask


def _product(sku: str, folder: Path, items: list[Item], frames: Photo, mask: Mask) -> LaidProduct:
    photos = [
        LaidPhoto(item, frame, _card(folder / item.file, planned), planned)
        for item, frame in zip(items, frames, strict=True)
        if (planned := json.loads((folder / item.record).read_text(encoding="utf-8"))["planned"]) is not None
    ]
    return LaidProduct(
        sku,
        mask,
        tuple(photo for photo in photos if photo.item.role == "golden"),
        tuple(photo for photo in photos if photo.item.role != "golden"),
    )


def _card(photo: Path, planned: dict[str, Any]) -> CardReading | None:
    """Looked for only where the record says there is one, to save time: no other photo was ever read as having one."""
    return read_card(decode_rgb(photo.read_bytes())) if planned.get("card") else None
