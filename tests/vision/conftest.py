"""The real trunk, loaded once, and golden views of drawn products at small sizes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from pictures import Product, board, plate, ring, shot
from visiqc.inspection.parts import Models
from visiqc.runtime.models import load_models
from visiqc.vision.align import AlignTarget
from visiqc.vision.golden_view import GoldenView, finish_view, start_view
from visiqc.vision.rotation import Embed
from visiqc.vision.seen import Seen, see
from visiqc.vision.types import FloatArray, Mask, Matrix, Photo
from visiqc.vision.warp import Size

cv2.setNumThreads(1)
FRAME_SIDE = 256


@dataclass(frozen=True)
class DrawnGolden:
    """A drawn product, its golden photo, and the view that was started of it."""

    product: Product
    photo: Photo
    mask: Mask
    seen: Seen
    started: tuple[AlignTarget, Size, Matrix, Mask]

    @property
    def target(self) -> AlignTarget:
        return self.started[0]

    @property
    def box(self) -> FloatArray:
        """Corners (4, 2) of the product in the photo."""
        ys, xs = np.nonzero(self.mask)
        left, top, right, bottom = xs.min(), ys.min(), xs.max(), ys.max()
        return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


@pytest.fixture(scope="session")
def models() -> Models:
    return load_models(threads=1)


@pytest.fixture(scope="session")
def embed(models: Models) -> Embed:
    return models.trunk.features


@pytest.fixture(scope="session")
def drawn(embed: Embed) -> dict[str, DrawnGolden]:
    """The board, the ring and the plate, each with its view started at 256 px."""
    return {name: _started(make(), embed) for name, make in (("board", board), ("ring", ring), ("plate", plate))}


@pytest.fixture(scope="session")
def ring_view(drawn: dict[str, DrawnGolden], models: Models) -> GoldenView:
    """The ring's view, finished from one photo."""
    return finish_view(
        "front",
        [drawn["ring"].seen],
        [],
        drawn["ring"].started,
        embed=models.trunk.features,
        identify=models.identity.vectors,
        step=lambda _: None,
    )


def _started(product: Product, embed: Embed) -> DrawnGolden:
    photo, mask = shot(product)
    seen = see(photo)
    return DrawnGolden(product, photo, mask, seen, start_view(seen, long_side=FRAME_SIDE, embed=embed))
