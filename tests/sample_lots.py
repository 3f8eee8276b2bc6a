"""Lots of the rendered sample photos, scored by the models that ship, for inspectors to look at."""

from __future__ import annotations

from pathlib import Path

from bench import parts_in
from visiqc.inspection.enrol import approve_golden, enrol_golden
from visiqc.inspection.inspect import score_upload
from visiqc.inspection.lots import SentUnitPhoto, add_unit_photos, open_lot, open_order
from visiqc.inspection.parts import Parts, SentPhoto

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "samples"
ORDER, MILESTONE = "PO-7", "pre-shipment"


def sent_files(folder: Path) -> list[SentPhoto]:
    """The photos of a folder, as they are sent."""
    return [SentPhoto(name=file.name, content=file.read_bytes()) for file in sorted(folder.glob("*.jpg"))]


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
        units = [SentUnitPhoto(photo=photo, unit=n, view=view) for n, photo in enumerate(uploads, 1)]
        for added in add_unit_photos(ORDER, f"L-{sku}", MILESTONE, units, parts):
            score_upload(added.photo.upload_id, parts)
    return parts
