"""A rendered set small enough to score in a test: some photos of the samples, under a manifest of their own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench import real_fleet, real_models
from visiqc.evaluation.rendered_sets import MANIFEST
from visiqc.inspection.fleet import Fleet
from visiqc.inspection.parts import Models
from visiqc.runtime.bundle import bundled_samples

UPLOADS: Mapping[str, Sequence[str]] = {
    "luna-pendant": ("guided-good-8", "guided-good-11", "jig-defective-6", "jig-unusable-3", "jig-wrong-sample-1"),
    "gala-studs": (),
}
"""Uploads of each product that are taken; all goldens are."""


def small_set(folder: Path, uploads: Mapping[str, Sequence[str]] = UPLOADS, *, most: int = 3, name: str = "") -> Path:
    """Copy some samples into `folder` and return it.

    Args:
        folder: Made if need be.
        uploads: Names of the uploads by product; of a product without names, its first `most` good or defective ones.
        most: See `uploads`.
        name: Of the set; empty = that of the samples.
    """
    samples = bundled_samples()
    manifest = json.loads((samples / MANIFEST).read_text())
    items = []
    for sku, names in uploads.items():
        own = [item for item in manifest["items"] if item["sku"] == sku]
        items += [item for item in own if item["role"] == "golden"]
        sent = [item for item in own if Path(item["file"]).stem in names]
        items += sent or [item for item in own if item["role"] in {"good", "defective"}][:most]
    for path in (item[key] for item in items for key in ("file", "mask", "record")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(samples / path, folder / path)
    (folder / MANIFEST).write_text(json.dumps(manifest | {"items": items} | ({"name": name} if name else {})))
    return folder


def load() -> tuple[Models, Fleet]:
    """The models that ship. Here, and not in a test file: a spawned process must be able to import it."""
    return real_models(), real_fleet()
