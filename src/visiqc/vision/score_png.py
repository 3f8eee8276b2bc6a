"""A score map as a PNG of 16-bit grey: small, exact to a thousandth, readable by anything."""

from __future__ import annotations

import cv2
import numpy as np

from visiqc.errors import IntegrityError
from visiqc.vision.types import ScoreMap

STEPS_PER_TOLERANCE = 1000.0
"""Grey value = 1 + score × this; 0 = not judged. Scores over 65.534 are kept as 65.534."""
_HIGHEST = 65.534


def encode_scores(scores: ScoreMap) -> bytes:
    """(h, w) float32 tolerated map to PNG bytes."""
    judged = np.clip(np.nan_to_num(scores), 0, _HIGHEST)  # clipped first: an infinite score stays the worst
    steps = (judged * STEPS_PER_TOLERANCE).round().astype(np.uint16) + 1
    grey = np.where(np.isnan(scores), 0, steps).astype(np.uint16)
    done, png = cv2.imencode(".png", grey)
    if not done:  # pragma: no cover - OpenCV has no such case for 16-bit grey
        raise IntegrityError("the score map could not be encoded")
    return png.tobytes()


def decode_scores(png: bytes) -> ScoreMap:
    """The map that `encode_scores` wrote; `IntegrityError` for anything else."""
    is_png = png.startswith(b"\x89PNG\r\n\x1a\n")  # OpenCV throws at no bytes at all, and reads other formats
    grey = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED) if is_png else None
    if grey is None or grey.dtype != np.uint16 or grey.ndim != 2:
        raise IntegrityError("not a score map: wanted a PNG of 16-bit grey")
    scores = (grey.astype(np.float32) - 1.0) / np.float32(STEPS_PER_TOLERANCE)
    return np.where(grey == 0, np.nan, scores).astype(np.float32)
