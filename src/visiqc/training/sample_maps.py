"""The fixed set of photos on which an exported model must score as torch does: one pair a product that ships."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np

from visiqc.errors import IntegrityError
from visiqc.evaluation.rendered_sets import Item, read_manifest
from visiqc.runtime.bundle import bundled_samples, find_model
from visiqc.runtime.cards import verified_model
from visiqc.runtime.models import OnnxTrunk
from visiqc.runtime.sessions import open_session
from visiqc.vision.photo import decode_rgb
from visiqc.vision.types import FeatureMaps, Photo

SCORE_LIMIT = 1e-3
"""Largest difference of a score between ONNX Runtime and torch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleMaps:
    """The trunk's maps of the fixed set, (N, C, h, w) float32 each; golden n and upload n are of one product."""

    goldens: FeatureMaps
    uploads: FeatureMaps

    @property
    def name(self) -> str:
        """Of the set in a card."""
        return f"scores of {len(self.uploads.stride4)} sample photos"


def sample_maps(trunk: str, *, side: int, home: Path | None = None) -> SampleMaps:
    """A golden and an upload, in turn good and defective, of every sample product.

    Args:
        trunk: Version of the trunk that reads them.
        side: Height and width they are brought to, in pixels.
        home: Where the trunk may lie besides those that ship.

    Raises:
        NotFound: The samples or the trunk are not installed; the message says what to do.
        IntegrityError: The trunk is not what its card says.
    """
    folder = bundled_samples()
    goldens, uploads = _chosen(read_manifest(folder).items)
    model = verified_model(find_model("trunk", trunk, home=home))
    served = OnnxTrunk(model.card, open_session(model.content, name=model.card.title, device="cpu", threads=1))
    return SampleMaps(
        goldens=served.features([_square(folder / item.file, side) for item in goldens]),
        uploads=served.features([_square(folder / item.file, side) for item in uploads]),
    )


def require_same_scores(apart: float, name: str) -> float:
    """The largest difference to two digits, for the card: the rest differs from machine to machine.

    Raises:
        IntegrityError: It is over `SCORE_LIMIT`, or no number.
    """
    if not apart <= SCORE_LIMIT:  # NaN is not
        raise IntegrityError(
            f"{name}: ONNX Runtime and torch differ by {apart:.1e}, allowed is {SCORE_LIMIT:g}; nothing was written"
        )
    return float(f"{apart:.1e}")


def _chosen(items: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    goldens: dict[str, Item] = {}
    for item in items:
        if item.role == "golden":
            goldens.setdefault(item.sku, item)
    roles = dict(zip(goldens, cycle(("good", "defective")), strict=False))
    uploads: dict[str, Item] = {}
    for item in items:
        if item.sku in roles and item.role == roles[item.sku]:
            uploads.setdefault(item.sku, item)
    return [goldens[sku] for sku in uploads], list(uploads.values())


def _square(path: Path, side: int) -> Photo:
    photo = decode_rgb(path.read_bytes())
    return np.asarray(cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
