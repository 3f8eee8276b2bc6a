"""Laying an upload over the golden view: several ways are tried, and kept only if they make it more alike."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from visiqc.vision import ecc, rotation, texture
from visiqc.vision.rotation import Embed, RotationBank
from visiqc.vision.texture import Keypoints
from visiqc.vision.types import FloatArray, Mask, Matrix, Photo
from visiqc.vision.warp import Size, covered, plausible, warp_photo

ALIGN_SIDE = 320
"""Long side of the golden frame at which warps are found and judged."""
UPLOAD_SIDE = 448
"""Long side of the upload's product in which they are looked for."""
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
        photo_size: Height and width of the golden photo whose framing the identity assumes.
        photo_to_align: From pixels of that photo to the align frame.
        keys: SIFT keypoints.
        bank: Rotations.
        levels: The picture's centred unit features at strides 8 and 16, each (C, h, w) float32.
        means: What was taken off each level, (C, 1, 1) float32.
    """

    picture: Photo
    mask: Mask
    photo_size: Size
    photo_to_align: Matrix
    keys: Keypoints
    bank: RotationBank
    levels: tuple[FloatArray, FloatArray]
    means: tuple[FloatArray, FloatArray]

    @property
    def size(self) -> Size:
        """Height and width of the align frame."""
        return self.picture.shape[0], self.picture.shape[1]


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


@dataclass(frozen=True, slots=True)
class _Candidate:
    method: str
    warp: Matrix
    similarity: float

    @property
    def standing(self) -> float:
        """Similarity, less what any method but the identity must gain to be preferred to it."""
        return self.similarity - (0.0 if self.method == "identity" else _GAIN)


def make_target(picture: Photo, mask: Mask, *, photo_size: Size, photo_to_align: Matrix, embed: Embed) -> AlignTarget:
    """Prepare one golden view's align frame: keypoints, rotations and features."""
    maps = embed([picture])
    raw = (maps.stride8[0], maps.stride16[0])
    means = tuple(level.mean(axis=(1, 2), keepdims=True) for level in raw)
    return AlignTarget(
        picture=picture,
        mask=mask,
        photo_size=photo_size,
        photo_to_align=photo_to_align,
        keys=texture.keypoints(picture, mask),
        bank=rotation.build_bank(picture, mask, embed),
        levels=(_unit(raw[0] - means[0]), _unit(raw[1] - means[1])),
        means=(means[0], means[1]),
    )


def unaligned(upload: Photo, straight: Matrix, target: AlignTarget, embed: Embed) -> Alignment:
    """The upload as if the camera had not moved: what comparisons with alignment are held against."""
    (found,) = judge_warps(upload, [("identity", straight)], target, embed)
    return Alignment(
        warp=found.warp,
        method=found.method,
        inliers=0,
        residual_px=None,
        similarity=found.similarity,
        similarity_before=found.similarity,
    )


def align(upload: Photo, mask: Mask, straight: Matrix, target: AlignTarget, embed: Embed) -> Alignment:
    """Find the warp under which `upload` is most like the golden view.

    Args:
        upload: (H, W, 3) uint8 RGB, long side about `UPLOAD_SIDE`.
        mask: (H, W) bool, its product.
        straight: The identity: upload pixels to align-frame pixels, had the camera not moved.
        target: The golden view.
        embed: The trunk.

    Returns:
        The best of identity, texture and rotation bank, each with and without refinement. A method replaces
        the identity only when the masked similarity rises.
    """
    size = (upload.shape[0], upload.shape[1])
    match = texture.match_texture(target.keys, texture.keypoints(upload, mask), upload_size=size)
    warps = [("identity", straight)]
    if match is not None:
        warps.append(("texture", match.warp))
    if match is None or match.inliers < _ENOUGH_INLIERS:
        likely = rotation.likely_warps(target.bank, upload, mask, embed)
        warps += [("rotation-bank", warp) for warp in likely if plausible(warp, size)]
    tried = judge_warps(upload, warps, target, embed)
    found = sorted(tried, key=lambda candidate: -candidate.standing)
    best = _best_refined(upload, found, target, embed)
    by_texture = match if best.method.startswith("texture") else None
    return Alignment(
        warp=best.warp,
        method=best.method,
        inliers=by_texture.inliers if by_texture else 0,
        residual_px=by_texture.residual_px if by_texture else None,
        similarity=best.similarity,
        similarity_before=tried[0].similarity,
    )


def _best_refined(upload: Photo, found: list[_Candidate], target: AlignTarget, embed: Embed) -> _Candidate:
    """The best candidate, refined where that makes it better still.

    Before refinement a wrong rotation can look as good as the right one: without texture the two best are
    refined.
    """
    best = found[0]
    refined = []
    for start in found[: 1 if best.method == "texture" else 2]:
        if start.similarity > best.similarity - _CLOSE:
            warp = _refined(upload, start, target)
            if warp is not None:
                refined.append((f"{start.method}+ecc", warp))
    again = judge_warps(upload, refined, target, embed)
    better = [candidate for candidate in again if candidate.similarity > best.similarity + _GAIN / 2]
    return max(better, key=lambda candidate: candidate.similarity, default=best)


def _refined(upload: Photo, start: _Candidate, target: AlignTarget) -> Matrix | None:
    """Six parameters first unless texture has already fixed the perspective, then eight."""
    warp = start.warp
    if start.method != "texture":
        first = ecc.refine(target.picture, upload, warp, mask=target.mask, affine=True)
        if first is None:
            return None
        warp = first
    whole = ecc.refine(target.picture, upload, warp, mask=target.mask, iterations=15)
    return whole if whole is not None else warp


def judge_warps(upload: Photo, warps: list[tuple[str, Matrix]], target: AlignTarget, embed: Embed) -> list[_Candidate]:
    """Masked similarity of the warped upload to the golden view, in [-1, 1], for each warp.

    Cosine of the trunk's centred features at strides 8 and 16, averaged over the product; what the warped
    upload does not reach counts as 0, and a warp that misses much of the product as -1.
    """
    if not warps:
        return []
    size = target.size
    maps = embed([warp_photo(upload, warp, size) for _, warp in warps])
    total = np.zeros(len(warps))
    for level, golden, mean in zip((maps.stride8, maps.stride16), target.levels, target.means, strict=True):
        weight = cv2.resize(target.mask.astype(np.float32), golden.shape[:0:-1], interpolation=cv2.INTER_AREA)
        alike = np.einsum("nchw,chw->nhw", _unit(level - mean), golden)
        total += (alike * weight).sum(axis=(1, 2)) / (weight.sum() + 1e-6) / 2
    judged = []
    for i, (method, warp) in enumerate(warps):
        reach = float(covered((upload.shape[0], upload.shape[1]), warp, size)[target.mask].mean())
        similarity = float(total[i]) * reach if reach >= _LEAST_COVER else -1.0
        judged.append(_Candidate(method, warp, similarity))
    return judged


def _unit(level: FloatArray) -> FloatArray:
    """Vectors along the channel axis, third from last, at length 1."""
    return np.asarray(level / (np.sqrt((level * level).sum(axis=-3, keepdims=True)) + 1e-6), np.float32)
