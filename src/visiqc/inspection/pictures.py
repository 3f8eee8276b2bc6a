"""The pictures that show a verdict: the golden frame, the heatmap over it, and the photo itself."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from visiqc.domain.golden import GoldenVersion
from visiqc.domain.upload import Upload
from visiqc.domain.verdict import Verdict
from visiqc.errors import IntegrityError, NotFound
from visiqc.inspection.parts import Parts
from visiqc.inspection.reading import read_photo
from visiqc.vision.bank import GoldenBank
from visiqc.vision.dense import CELL
from visiqc.vision.golden_view import GoldenView
from visiqc.vision.photo import inspect_header
from visiqc.vision.regions import heat_colours, overlay
from visiqc.vision.score_png import decode_scores
from visiqc.vision.types import Photo, ScoreMap
from visiqc.vision.warp import between_sizes, warp_photo

_JPEG_QUALITY = 88
Layer = Literal["overlay", "heat", "golden", "upload"]


def heatmap_image(verdict: Verdict, parts: Parts, *, layer: Layer = "overlay") -> bytes:
    """A verdict's picture in the golden frame.

    Args:
        verdict: The verdict.
        parts: The ports.
        layer: `overlay` = heatmap over the golden view, JPEG; `heat` = the heatmap alone with its transparency,
            PNG; `golden` = the golden view alone, JPEG; `upload` = the upload laid over it, JPEG.

    Raises:
        NotFound: The photo was never compared, so there is no map.
    """
    if verdict.score_map_digest is None or verdict.golden_view is None:
        raise NotFound(f"verdict {verdict.id} is {verdict.outcome}: the photo was not compared, so it has no heatmap")
    golden = parts.records.golden(verdict.sku, verdict.golden_version)
    view = view_named(parts.banks.get(golden.bank_digest), verdict.golden_view)
    if layer == "upload":
        return jpeg(_upload_in_frame(verdict, view, golden, parts))
    if layer == "golden":
        return jpeg(golden_frame(golden, view, parts))
    scores = decode_scores(parts.blobs.get(verdict.score_map_digest))
    low, high = parts.fleet.heat_low, parts.fleet.heat_high
    if layer == "heat":
        return _encoded(".png", cv2.cvtColor(_heat(scores, view, low=low, high=high), cv2.COLOR_RGBA2BGRA))
    return jpeg(overlay(golden_frame(golden, view, parts), scores, low=low, high=high))


def golden_frame(golden: GoldenVersion, view: GoldenView, parts: Parts) -> Photo:
    """The view's reference photo in its golden frame, (H, W, 3) uint8 RGB."""
    reference = next(photo for photo in golden.photos if photo.view == view.name)
    copy = read_photo(parts.blobs.get(reference.digest), parts.limits, frame_long_side=golden.policy.long_side)
    # Of another size than at enrolment only if working copies have changed since; the frame must not move then.
    to_enrolled = between_sizes((copy.photo.shape[0], copy.photo.shape[1]), view.target.photo_size)
    return warp_photo(copy.photo, view.photo_to_frame @ to_enrolled, view.frame_size)


def photo_image(upload: Upload, parts: Parts) -> tuple[bytes, str]:
    """The photo as it was sent, and its media type by what the bytes are."""
    content = parts.blobs.get(upload.photo_digest)
    return content, f"image/{inspect_header(content, parts.limits).format}"


def jpeg(photo: Photo) -> bytes:
    """(H, W, 3) uint8 RGB as JPEG."""
    return _encoded(".jpg", cv2.cvtColor(photo, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])


def _heat(scores: ScoreMap, view: GoldenView, *, low: float, high: float) -> Photo:
    """The map in colours, (H, W, 4) uint8 RGBA in the golden frame."""
    grown = cv2.resize(np.nan_to_num(scores), None, fx=CELL, fy=CELL, interpolation=cv2.INTER_LINEAR)
    height, width = view.frame_size
    return heat_colours(np.asarray(grown[:height, :width], np.float32), low=low, high=high)


def _upload_in_frame(verdict: Verdict, view: GoldenView, golden: GoldenVersion, parts: Parts) -> Photo:
    if verdict.alignment is None:
        raise NotFound(f"verdict {verdict.id} has no alignment")
    copy = read_photo(parts.blobs.get(verdict.photo_digest), parts.limits, frame_long_side=golden.policy.long_side)
    warp = np.array(verdict.alignment.warp, np.float64).reshape(3, 3)
    to_original = between_sizes((copy.photo.shape[0], copy.photo.shape[1]), copy.original_size)
    return warp_photo(copy.photo, warp @ to_original, view.frame_size)


def view_named(bank: GoldenBank, name: str) -> GoldenView:
    """A view of a golden by its name."""
    for view in bank.views:
        if view.name == name:
            return view
    raise IntegrityError(f"the golden features have no view {name!r}, though a verdict names it")


def _encoded(kind: str, pixels: np.ndarray, options: list[int] | None = None) -> bytes:
    done, content = cv2.imencode(kind, pixels, options or [])
    if not done:  # pragma: no cover - only for arrays OpenCV cannot encode
        raise IntegrityError("the picture could not be encoded")
    return content.tobytes()
