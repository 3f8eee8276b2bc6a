"""Golden and upload on one frame, as an inspector compares them, up to the photo's own resolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from visiqc.domain.golden import GoldenPhoto, GoldenVersion
from visiqc.domain.upload import Upload
from visiqc.domain.verdict import Verdict
from visiqc.inspection.parts import Parts
from visiqc.inspection.pictures import jpeg, view_named
from visiqc.vision.photo import decode_rgb, inspect_header
from visiqc.vision.types import Matrix, Photo
from visiqc.vision.warp import Size, between_sizes, local_scale, warp_photo

FULL_LONG_SIDE = 4096
"""Longest side of a picture at full resolution."""
Side = Literal["golden", "upload"]
Detail = Literal["frame", "full"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFrame:
    """The frame in which a photo is shown.

    Attributes:
        size: Height and width.
        warp: From pixels of the upload, upright and at full size, to the frame.
        upload_size: Height and width of the upload.
        compared: Whether it is the golden view's frame; else it is the upload's own, made smaller.
    """

    size: Size
    warp: Matrix
    upload_size: Size
    compared: bool

    @property
    def magnification(self) -> float:
        """How many times larger than the frame the photo can be shown before its pixels end, at least 1."""
        wanted = 1 / local_scale(self.warp, self.upload_size)
        return max(1.0, min(wanted, FULL_LONG_SIDE / max(self.size)))


def shared_frame(upload: Upload, verdict: Verdict | None, parts: Parts) -> SharedFrame:
    """The frame of a verdict; of a photo that was not compared, its own at the golden's size."""
    header = inspect_header(parts.blobs.get(upload.photo_digest), parts.limits)
    original = (header.height, header.width)
    if verdict is not None and verdict.alignment is not None and verdict.golden_view is not None:
        size = verdict.golden_frame or _enrolled_frame(verdict, parts)
        warp = np.array(verdict.alignment.warp, np.float64).reshape(3, 3)
        return SharedFrame(size=size, warp=warp, upload_size=original, compared=True)
    golden = parts.records.golden(upload.sku, upload.golden_version)
    size = _fitted(original, golden.policy.long_side)
    return SharedFrame(size=size, warp=between_sizes(original, size), upload_size=original, compared=False)


def side_picture(upload: Upload, verdict: Verdict | None, parts: Parts, *, side: Side, detail: Detail) -> bytes:
    """One side as JPEG.

    Args:
        upload: The photo.
        verdict: Its verdict of record, if there is one.
        parts: The ports.
        side: `golden` or `upload`.
        detail: `full` = at the upload's own resolution, instead of the frame's.
    """
    frame = shared_frame(upload, verdict, parts)
    grown = frame.magnification if detail == "full" else 1.0
    size = (round(frame.size[0] * grown), round(frame.size[1] * grown))
    to_size = between_sizes(frame.size, size)
    if side == "upload":
        photo = _decoded(upload.photo_digest, size, frame.warp, frame.upload_size, parts)
        to_original = between_sizes((photo.shape[0], photo.shape[1]), frame.upload_size)
        return jpeg(warp_photo(photo, to_size @ frame.warp @ to_original, size))
    golden = parts.records.golden(upload.sku, upload.golden_version)
    if not frame.compared or verdict is None or verdict.golden_view is None:
        closest = next(
            (photo for photo in golden.photos if verdict and photo.view == verdict.golden_view), golden.photos[0]
        )
        return jpeg(decode_rgb(parts.blobs.get(closest.digest), limits=parts.limits, max_side=max(size)))
    return jpeg(_golden(golden, verdict.golden_view, to_size, size, parts))


def _golden(golden: GoldenVersion, name: str, to_size: Matrix, size: Size, parts: Parts) -> Photo:
    view = view_named(parts.banks.get(golden.bank_digest), name)
    reference: GoldenPhoto = next(photo for photo in golden.photos if photo.view == name)
    enrolled = view.target.photo_size
    photo = _decoded(reference.digest, size, view.photo_to_frame, enrolled, parts)
    to_enrolled = between_sizes((photo.shape[0], photo.shape[1]), enrolled)
    return warp_photo(photo, to_size @ view.photo_to_frame @ to_enrolled, size)


def _decoded(digest: str, size: Size, warp: Matrix, source: Size, parts: Parts) -> Photo:
    """A photo, decoded no larger than a picture of `size` can show."""
    content = parts.blobs.get(digest)
    share = max(source) * local_scale(warp, source) / max(size)
    wanted = round(1.5 * max(size) * max(share, 1.0))
    return decode_rgb(content, limits=parts.limits, max_side=max(wanted, 64))


def _enrolled_frame(verdict: Verdict, parts: Parts) -> Size:
    golden = parts.records.golden(verdict.sku, verdict.golden_version)
    return view_named(parts.banks.get(golden.bank_digest), verdict.golden_view or "").frame_size


def _fitted(size: Size, long_side: int) -> Size:
    by = min(1.0, long_side / max(size))
    return max(1, round(size[0] * by)), max(1, round(size[1] * by))
