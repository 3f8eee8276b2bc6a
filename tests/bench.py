"""A bench to try the stories on: every port real, in a folder; products drawn in code, photographed from any side."""

from __future__ import annotations

import io
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from builders import FixedClock
from pictures import SIZE, Product, shot
from small_models import a_candidate
from visiqc.bootstrap import load_fleet
from visiqc.domain.golden import GoldenVersion, ScoringPolicy
from visiqc.domain.upload import Upload
from visiqc.domain.verdict import Verdict
from visiqc.inspection.bank_store import BankStore
from visiqc.inspection.enrol import approve_golden, enrol_golden
from visiqc.inspection.fleet import Fleet
from visiqc.inspection.inspect import accept_photos, score_upload
from visiqc.inspection.parts import Models, Parts, SentPhoto
from visiqc.runtime.models import NONE, load_models
from visiqc.storage.blobs import DiskBlobs
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords
from visiqc.vision.photo import DecodeLimits
from visiqc.vision.types import Matrix, Photo
from visiqc.vision.warp import Size, between_sizes, similarity

POLICY = ScoringPolicy(long_side=256)
"""The smallest frame there is: a score takes a third of a second."""
SCRATCH = ((0.40, 0.42), (0.60, 0.56))
"""Ends of the scratch, in shares of the product's picture."""


@cache
def shipped_models() -> Models:
    """The models that ship, on one thread."""
    return load_models(device="cpu", threads=1)


@cache
def shipped_fleet() -> Fleet:
    """Their fleet sidecar."""
    return load_fleet(shipped_models())


@cache
def real_models() -> Models:
    """The training-free set, which ships too: tests of the comparison must not move with every training."""
    return load_models(identity="lite0-1", defect=NONE, mask=NONE, device="cpu", threads=1, before=shipped_models())


@cache
def real_fleet() -> Fleet:
    """Its fleet sidecar."""
    return load_fleet(real_models())


@cache
def other_models(version: str = "halo-1") -> tuple[Models, Fleet]:
    """A set whose identity model differs a little from the one that ships, with a tiny defect model."""
    with tempfile.TemporaryDirectory() as folder:
        a_candidate(Path(folder) / "models", version)
        models = load_models(
            home=Path(folder),
            identity=version,
            defect=version,
            device="cpu",
            threads=1,
            before=real_models(),
        )
        return models, load_fleet(models, home=Path(folder))


def parts_in(home: Path, **changes: Any) -> Parts:
    """Parts on SQLite and a blob folder in `home`; the clock stands still."""
    blobs = DiskBlobs(home / "blobs")
    parts = Parts(
        records=SqlRecords(open_database(f"sqlite:///{home / 'visiqc.sqlite3'}")),
        blobs=blobs,
        models=real_models(),
        fleet=real_fleet(),
        banks=BankStore(blobs),
        limits=DecodeLimits(),
        clock=FixedClock(),
    )
    return replace(parts, **changes)


def jpeg(photo: Photo, *, quality: int = 92) -> bytes:
    """(H, W, 3) uint8 RGB as a JPEG file."""
    out = io.BytesIO()
    Image.fromarray(photo).save(out, "JPEG", quality=quality)
    return out.getvalue()


def png(photo: Photo) -> bytes:
    """(H, W, 3) uint8 RGB as a PNG file."""
    out = io.BytesIO()
    Image.fromarray(photo).save(out, "PNG")
    return out.getvalue()


def pose(degrees: float = 0.0, scale: float = 1.0, right: float = 0.0, down: float = 0.0, size: Size = SIZE) -> Matrix:
    """The product turned about its middle, scaled, and moved by shares of the photo, in a photo of `size`."""
    height, width = SIZE
    middle = ((width - 1) / 2, (height - 1) / 2)
    target = (middle[0] + right * width, middle[1] + down * height)
    return between_sizes(SIZE, size) @ similarity(
        angle=float(np.radians(degrees)), scale=scale, source=middle, target=target
    )


def photo_of(product: Product, *where: float, noise: int = 0, size: Size = SIZE, **light: float) -> Photo:
    """A photo of `product` in the pose `where`, another one for each `noise`."""
    return shot(product, pose(*where, size=size), size=size, noise_seed=noise, **light)[0]  # type: ignore[arg-type]


def scratched(product: Product) -> Product:
    """The product with one bright scratch across it."""
    colours = product.colours.copy()
    height, width = colours.shape[:2]
    start, end = ((round(x * width), round(y * height)) for x, y in SCRATCH)
    cv2.line(colours, start, end, (235, 235, 235), max(2, width // 100))
    return Product(colours, product.cover)


def sent(name: str, photo: Photo, view: str | None = None) -> SentPhoto:
    """A photo as it is sent: a JPEG file with a name."""
    return SentPhoto(name=name, content=jpeg(photo), view=view)


def enrolled(sku: str, photos: list[SentPhoto], parts: Parts, *, approve: bool = True) -> GoldenVersion:
    """The next golden version of `sku`, approved unless told otherwise."""
    golden = enrol_golden(sku, photos, parts, policy=POLICY)
    return approve_golden(sku, golden.version, by="anna", parts=parts) if approve else golden


def accepted(sku: str, photo: SentPhoto, parts: Parts) -> Upload:
    """One accepted upload."""
    (upload,) = accept_photos(sku, [photo], parts)
    return upload


def scored(sku: str, photo: SentPhoto, parts: Parts) -> Verdict:
    """The verdict of one photo."""
    return score_upload(accepted(sku, photo, parts).id, parts)


def blob_file(home: Path, digest: str) -> Path:
    """Where a blob's bytes are."""
    return home / "blobs" / digest[:2] / digest[2:4] / digest


def damage(home: Path, digest: str) -> None:
    """Change one byte in the middle of a stored blob behind the store's back."""
    file = blob_file(home, digest)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(bytes(content))


def stored_blobs(home: Path) -> set[str]:
    """Digests of every blob in the store."""
    return {file.name for file in (home / "blobs").glob("??/??/*")}
