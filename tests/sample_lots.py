"""Lots of the rendered sample photos, scored by the models that ship, for inspectors to look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from bench import jpeg, parts_in
from visiqc.inspection.enrol import approve_golden, enrol_golden
from visiqc.inspection.inspect import score_upload
from visiqc.inspection.lots import SentUnitPhoto, add_unit_photos, open_lot, open_order
from visiqc.inspection.parts import Parts, SentPhoto
from visiqc.vision.photo import decode_rgb

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "samples"
ORDER, MILESTONE = "PO-7", "pre-shipment"
ENLARGED = {"flora-pave-band"}
"""Products whose uploads have more pixels than their golden frame, as photos of a telephone have."""


def sent_files(folder: Path) -> list[SentPhoto]:
    """The photos of a folder, as they are sent."""
    return [SentPhoto(name=file.name, content=file.read_bytes()) for file in sorted(folder.glob("*.jpg"))]


def enlarged(photo: SentPhoto) -> SentPhoto:
    """The same photo with three times the pixels across."""
    pixels = decode_rgb(photo.content)
    size = (3 * pixels.shape[1], 3 * pixels.shape[0])
    return replace(photo, content=jpeg(np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8)))


def sample_lot(home: Path, *skus: str) -> Parts:
    """Parts with one scored lot for each product: its sample uploads, 12 a product."""
    parts = parts_in(home)
    open_order(ORDER, parts)
    for sku in skus:
        golden = enrol_golden(sku, sent_files(SAMPLES / sku / "golden"), parts)
        approve_golden(sku, golden.version, by="lead", parts=parts)
        open_lot(ORDER, f"L-{sku}", sku, parts)
        view = golden.photos[0].view
        uploads = sent_files(SAMPLES / sku / "uploads")
        if sku in ENLARGED:
            uploads = [enlarged(photo) for photo in uploads]
        units = [SentUnitPhoto(photo=photo, unit=n, view=view) for n, photo in enumerate(uploads, 1)]
        for added in add_unit_photos(ORDER, f"L-{sku}", MILESTONE, units, parts):
            score_upload(added.photo.upload_id, parts)
    return parts
