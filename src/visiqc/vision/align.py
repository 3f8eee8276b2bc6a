"""Laying an upload over the golden view: several ways are tried, and kept only if they make it more alike."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from visiqc.vision import ecc, rotation, texture
from visiqc.vision.rotation import Embed, RotationBank
from visiqc.vision.texture import Keypoints
from visiqc.vision.types import FloatArray, Mask, Matrix, Photo
from visiqc.vision.warp import Size, between_sizes, covered, plausible, warp_photo

ALIGN_SIDE = 320
"""Long side of the golden frame at which warps are found and judged."""
UPLOAD_SIDE = 512
"""Long side of the upload in which they are looked for."""
_ENOUGH_INLIERS = 40  # so many agreeing matches leave no doubt about rotation: the bank is not asked
_GAIN = 0.002  # a warp must make the pictures more alike by at least this
_CLOSE = 0.15  # candidates this much worse before refinement may still win after it
_LEAST_COVER = 0.6  # share of the product the warped upload must reach


@dataclass(frozen=True, slots=True)
class AlignTarget:
    """What is kept of one golden view for alignment, in its align frame.

    Attributes:
        picture: (h, w, 3) uint8 RGB.
        mask: (h, w) bool.
        frame_size: Height and width of the golden photo's pixels that `identity` assumes.
        photo_to_align: From golden photo pixels (`frame_size`) to the align frame.
        keys: SIFT keypoints.
        bank: Rotations.
    """

    picture: Photo
    mask: Mask
    frame_size: Size
    photo_to_align: Matrix
    keys: Keypoints
    bank: RotationBank


@dataclass(frozen=True, slots=True)
class Alignment:
    """The warp that was kept, and what speaks for it.

    Attributes:
        warp: Upload pixels (as given) to align-frame pixels.
        method: `identity`, `texture` or `rotation-bank`, with `+ecc` where refined.
        inliers: Texture matches that agree; 0 for the other methods.
        residual_px: Their median distance in align-frame pixels, or None.
        similarity: Masked similarity under `warp`, in [-1, 1].
        similarity_before: The same under the identity.
    """

    warp: Matrix
    method: str
    inliers: int
    residual_px: float | None
    similarity: float
    similarity_before: float


def make_target(picture: Photo, mask: Mask, *, frame_size: Size, photo_to_align: Matrix, embed: Embed) -> AlignTarget:
    """Prepare one golden view's align frame: keypoints and rotations."""
    keys = texture.keypoints(picture, mask)
    bank = rotation.build_bank(picture, mask, embed)
    return AlignTarget(picture, mask, frame_size, photo_to_align, keys, bank)


def align(upload: Photo, mask: Mask, target: AlignTarget, embed: Embed) -> Alignment:
    """Find the warp under which `upload` is most like the golden view.

    Args:
        upload: (H, W, 3) uint8 RGB, long side about `UPLOAD_SIDE`.
        mask: (H, W) bool, its product.
        target: The golden view.
        embed: The trunk.

    Returns:
        The best of identity, texture and rotation bank, each with and without refinement. A method replaces
        the identity only when the masked similarity rises.
    """
    size = (upload.shape[0], upload.shape[1])
    straight = target.photo_to_align @ between_sizes(size, target.frame_size)
    match = texture.match_texture(
        target.keys, texture.keypoints(upload), golden_size=_size(target.picture), upload_size=size
    )
    found: list[tuple[str, Matrix]] = [("identity", straight)]
    if match is not None:
        found.append(("texture", match.warp))
    if match is None or match.inliers < _ENOUGH_INLIERS:
        warps = rotation.likely_warps(target.bank, upload, mask, embed)
        found += [("rotation-bank", w) for w in warps if plausible(w, size, _size(target.picture))]
    scores = alikeness(upload, [warp for _, warp in found], target, embed)
    before = scores[0]
    order = sorted(range(len(found)), key=lambda i: -(scores[i] - (0.0 if i == 0 else _GAIN)))
    method, warp, score = found[order[0]][0], found[order[0]][1], scores[order[0]]
    # Before refinement a wrong rotation can look as good as the right one: the two best are refined.
    starts = [i for i in order[:2] if scores[i] > scores[order[0]] - _CLOSE]
    refined = [(found[i][0], _refined(upload, found[i], target)) for i in starts]
    options = [(name, better) for name, better in refined if better is not None]
    if options:
        again = alikeness(upload, [better for _, better in options], target, embed)
        top = int(np.argmax(again))
        if again[top] > score + _GAIN / 2:
            method, warp, score = f"{options[top][0]}+ecc", options[top][1], again[top]
    by_texture = match if match is not None and method.startswith("texture") else None
    return Alignment(
        warp=warp,
        method=method,
        inliers=by_texture.inliers if by_texture else 0,
        residual_px=by_texture.residual_px if by_texture else None,
        similarity=score,
        similarity_before=before,
    )


def _refined(upload: Photo, start: tuple[str, Matrix], target: AlignTarget) -> Matrix | None:
    """Six parameters first unless texture has already fixed the perspective, then eight."""
    method, warp = start
    if method != "texture":
        affine = ecc.refine(target.picture, upload, warp, mask=target.mask, rigid=True)
        if affine is None:
            return None
        warp = affine
    whole = ecc.refine(target.picture, upload, warp, mask=target.mask, iterations=15)
    return whole if whole is not None else warp


def alikeness(upload: Photo, warps: list[Matrix], target: AlignTarget, embed: Embed) -> list[float]:
    """Masked similarity of the warped upload to the golden view, in [-1, 1], for each warp.

    Cosine of the trunk's centred features at strides 8 and 16, averaged over the product; what the warped
    upload does not reach counts as 0, and a warp that misses much of the product as -1.
    """
    size = _size(target.picture)
    maps = embed([target.picture, *(warp_photo(upload, warp, size) for warp in warps)])
    total = np.zeros(len(warps))
    for level in (maps.stride8, maps.stride16):
        weight = cv2.resize(target.mask.astype(np.float32), level.shape[:1:-1], interpolation=cv2.INTER_AREA)
        total += _cosines(level, weight) / 2
    source = (upload.shape[0], upload.shape[1])
    for i, warp in enumerate(warps):
        reach = float(covered(source, warp, size)[target.mask].mean())
        total[i] = total[i] * reach if reach >= _LEAST_COVER else -1.0
    return [float(value) for value in total]


def _cosines(level: FloatArray, weight: FloatArray) -> FloatArray:
    centred = level - level[:1].mean(axis=(2, 3), keepdims=True)
    unit = centred / (np.linalg.norm(centred, axis=1, keepdims=True) + 1e-6)
    alike = (unit[1:] * unit[:1]).sum(axis=1)
    return np.asarray((alike * weight).sum(axis=(1, 2)) / (weight.sum() + 1e-6), np.float32)


def _size(picture: Photo) -> Size:
    return picture.shape[0], picture.shape[1]
