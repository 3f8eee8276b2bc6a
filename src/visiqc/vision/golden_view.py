"""One view of a golden sample, ready to be compared with: what is kept of it, and how it is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import cv2
import numpy as np

from visiqc.vision import align, dense, golden_map, jitter, rotation
from visiqc.vision.align import ALIGN_SIDE, Alignment, AlignTarget
from visiqc.vision.dense import Basis, PackedMap
from visiqc.vision.rotation import Embed
from visiqc.vision.seen import Seen
from visiqc.vision.types import FloatArray, Mask, Matrix, Photo
from visiqc.vision.warp import Size, between_sizes, covered, scaling, similarity, translation, warp_photo

Identify = Callable[[FloatArray], FloatArray]
"""The identity model: stride-16 maps (N, C, h, w) to unit vectors (N, 1280)."""

TURNS = 12
"""Steps of rotation in which the reference's identity is kept, to tell the view of a turned upload."""
_MARGIN = 0.06  # room around the product, share of its longer side: a stub of flash must still be seen
_BASIS_PHOTOS = 5  # golden photos the basis is fitted to; what others add counts by its length
_SIMULATED = (6, 3, 2)  # simulated good photos a golden, with 1, 2, and more goldens in the view
_SAME_FORMAT = 0.03  # log of the ratio of two photos' aspects up to which they are one format, rounded
_LEAST_SIDE = 64  # shorter side of a golden frame, pixels
_SLIMMEST = 10  # a frame is at most this many times longer than wide: its align frame must not be stretched
_LOOKED_UP = 60  # cells in which two goldens differ most, asked whether they are found elsewhere
_MOVED = 0.87  # elsewhere this much nearer than at their own place: plates on a hook 0.72–0.83, all else 0.91–1
_JUDGED_SHARE = 0.2  # a cell is judged when this share of it is product


@dataclass(frozen=True, slots=True)
class GoldenView:
    """What is kept of one view.

    Attributes:
        name: The view's name.
        frame_size: Height and width of the golden frame.
        frame_to_align: Golden-frame pixels to align-frame pixels.
        target: The align frame, for laying uploads over it.
        judged: (h, w) bool cells of the golden frame that are judged.
        basis: Directions the maps are kept in.
        maps: One packed feature map for each golden photo of this view.
        allowed: (h, w) float32 tolerance.
        alikeness: Masked similarity of good photos to this view, lowest over goldens and simulated photos.
        moving: Whether the goldens show that parts of the product move.
        turned: (TURNS, 1280) float32, identity of the reference in even steps of rotation.
    """

    name: str
    frame_size: Size
    frame_to_align: Matrix
    target: AlignTarget
    judged: Mask
    basis: Basis
    maps: tuple[PackedMap, ...]
    allowed: FloatArray
    alikeness: float
    moving: bool
    turned: FloatArray

    @property
    def photo_to_frame(self) -> Matrix:
        """Pixels of the reference photo, at `target.photo_size`, to golden-frame pixels."""
        return np.linalg.inv(self.frame_to_align) @ self.target.photo_to_align


@dataclass(frozen=True, slots=True)
class Laid:
    """A photo laid over a golden view.

    Attributes:
        frame: (H, W, 3) uint8, the photo in the golden frame.
        reached: (h, w) bool, cells of the golden frame the photo shows, with what is around them.
        warp: Photo pixels to golden-frame pixels.
        alignment: How the warp was found.
    """

    frame: Photo
    reached: Mask
    warp: Matrix
    alignment: Alignment


def start_view(seen: Seen, *, long_side: int, embed: Embed) -> tuple[AlignTarget, Size, Matrix, Mask]:
    """Frame the product of a view's reference photo.

    Args:
        seen: The reference photo.
        long_side: Longest side of the golden frame; never more than the photo itself offers.
        embed: The trunk.

    Returns:
        The align target, the frame's size, frame to align-frame, and the product's (H, W) mask in the frame.
    """
    photo = seen.photo
    mask = cv2.resize(seen.mask.astype(np.float32), photo.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
    photo_to_frame, frame_size = _framing(mask, long_side)
    frame_mask = _warped_mask(mask, photo_to_frame, frame_size)
    ratio = min(1.0, ALIGN_SIDE / max(frame_size))
    align_size = (max(32, round(frame_size[0] * ratio)), max(32, round(frame_size[1] * ratio)))
    frame_to_align = between_sizes(frame_size, align_size)
    target = align.make_target(
        warp_photo(photo, frame_to_align @ photo_to_frame, align_size),
        _warped_mask(mask, frame_to_align @ photo_to_frame, align_size),
        photo_size=seen.size,
        photo_to_align=frame_to_align @ photo_to_frame,
        embed=embed,
    )
    return target, frame_size, frame_to_align, frame_mask


def lay_over(seen: Seen, target: AlignTarget, frame_size: Size, frame_to_align: Matrix, embed: Embed) -> Laid:
    """Lay a photo over a golden view: warp, frame, and what of the frame it reaches."""
    straight = target.photo_to_align @ _same_framing(seen.size, target.photo_size) @ np.linalg.inv(seen.to_picture)
    alignment = align.align(seen.picture, seen.picture_mask, straight, target, embed)
    warp = np.linalg.inv(frame_to_align) @ alignment.warp @ seen.to_picture
    warp /= warp[2, 2]
    return Laid(warp_photo(seen.photo, warp, frame_size), _reached(seen.size, warp, frame_size), warp, alignment)


def _same_framing(size: Size, reference: Size) -> Matrix:
    """The warp from an upload to the reference photo, had the camera not moved.

    Photos of another format (4:3 and 16:9, upright and across) are not stretched: they share middle and scale.
    """
    if abs(np.log(size[0] * reference[1] / (size[1] * reference[0]))) < _SAME_FORMAT:
        return between_sizes(size, reference)
    source, target = (((width - 1) / 2, (height - 1) / 2) for height, width in (size, reference))
    return similarity(angle=0.0, scale=max(reference) / max(size), source=source, target=target)


def finish_view(
    name: str,
    photo: Photo,
    others: Sequence[Laid],
    started: tuple[AlignTarget, Size, Matrix, Mask],
    *,
    embed: Embed,
    identify: Identify,
    step: Callable[[str], None],
) -> GoldenView:
    """Compute what is kept of a view.

    Args:
        name: Its name.
        photo: The reference photo, (H, W, 3) uint8.
        others: The view's other golden photos, laid over the reference.
        started: What `start_view` made of the reference.
        embed: The trunk.
        identify: The identity model.
        step: Told what is being done, for a progress bar.
    """
    target, frame_size, frame_to_align, frame_mask = started
    to_frame = np.linalg.inv(frame_to_align) @ target.photo_to_align
    judged = _judged_cells(frame_mask, _reached((photo.shape[0], photo.shape[1]), to_frame, frame_size))
    frames = [warp_photo(photo, to_frame, frame_size), *(laid.frame for laid in others)]
    basis, maps, as_uploads = _described(frames, judged, embed)
    goldens = [packed.unpacked() for packed in maps]
    samples = _distances_between(as_uploads, goldens)
    alike = [laid.alignment.similarity for laid in others]
    count = _SIMULATED[min(len(frames), len(_SIMULATED)) - 1]
    for i, frame in enumerate(frames):
        for n in range(count):
            simulated = jitter.jittered(frame, seed=1000 * i + n)
            found = dense.dense_features(simulated, embed, needed=judged)
            samples.append(golden_map.nearest_distance(basis.project_upload(found), goldens))
            alike.append(_alikeness(simulated, target, embed))
            step("simulating good photos")
    allowed = golden_map.tolerance(samples, judged)
    patches = rotation.turned_patches(target.picture, target.mask, steps=TURNS)
    return GoldenView(
        name=name,
        frame_size=frame_size,
        frame_to_align=frame_to_align,
        target=target,
        judged=judged,
        basis=basis,
        maps=maps,
        allowed=allowed,
        alikeness=min(alike),
        moving=_parts_move(as_uploads, goldens, allowed, judged),
        turned=identify(embed(patches).stride16),
    )


def _parts_move(
    as_uploads: Sequence[FloatArray], goldens: Sequence[FloatArray], allowed: FloatArray, judged: Mask
) -> bool:
    """Whether what differs most between the goldens is found at other places of them: a part that moves.

    One golden alone can show no such thing; then nothing is taken to move.
    """
    ratios = []
    for i, own in enumerate(as_uploads):
        rest = [*goldens[:i], *goldens[i + 1 :]]
        if rest:
            local = golden_map.nearest_distance(own, rest)
            cells = golden_map.worst_cells(local / allowed, judged, _LOOKED_UP)
            elsewhere = golden_map.elsewhere_distance(own, rest, judged, cells)
            ratios.append(float(np.median(elsewhere / np.maximum(local[cells], 1e-6))))
    return bool(ratios) and float(np.median(ratios)) < _MOVED


def _described(
    frames: Sequence[Photo], judged: Mask, embed: Embed
) -> tuple[Basis, tuple[PackedMap, ...], list[FloatArray]]:
    """The view's basis, its maps as goldens, and the same photos' maps as if they were uploads.

    Whole vectors are held of a few photos at a time: those of twenty at 2048 pixels are 800 MB.
    """
    features = (dense.dense_features(frame, embed, needed=judged) for frame in frames)
    first = list(islice(features, _BASIS_PHOTOS))
    basis = dense.fit_basis([found[judged] for found in first])
    maps, as_uploads = [], []
    for found in chain(first, features):
        maps.append(dense.pack(basis.project_golden(found)))
        as_uploads.append(basis.project_upload(found))
    return basis, tuple(maps), as_uploads


def _distances_between(as_uploads: Sequence[FloatArray], goldens: Sequence[FloatArray]) -> list[FloatArray]:
    """Each golden against the others: real good photos, the best evidence there is."""
    samples = []
    for i, own in enumerate(as_uploads):
        rest = [*goldens[:i], *goldens[i + 1 :]]
        if rest:
            samples.append(golden_map.nearest_distance(own, rest))
    return samples


def _alikeness(frame: Photo, target: AlignTarget, embed: Embed) -> float:
    picture = _resized(frame, target.size)
    return align.judge_warps(picture, [("identity", np.eye(3))], target, embed)[0].similarity


def _framing(mask: Mask, long_side: int) -> tuple[Matrix, Size]:
    """The warp to, and size of, a frame around the product."""
    height, width = mask.shape
    ys, xs = np.nonzero(mask)
    margin = _MARGIN * max(float(np.ptp(xs)), float(np.ptp(ys))) + 2.0
    left, top = max(0.0, xs.min() - margin), max(0.0, ys.min() - margin)
    right, bottom = min(float(width), xs.max() + 1 + margin), min(float(height), ys.max() + 1 + margin)
    scale = min(1.0, long_side / max(right - left, bottom - top))
    wanted = (round((bottom - top) * scale), round((right - left) * scale))
    least = max(_LEAST_SIDE, -(-max(wanted) // _SLIMMEST))
    return scaling(scale) @ translation(-left, -top), (max(least, wanted[0]), max(least, wanted[1]))


def _warped_mask(mask: Mask, warp: Matrix, size: Size) -> Mask:
    ink = np.repeat(mask[..., None].astype(np.uint8) * 255, 3, axis=2)
    seen = warp_photo(ink, warp, size, fill=(0, 0, 0))[..., 0]
    highest = int(seen.max())
    found = np.asarray(seen > (127 if highest > 127 else highest // 2))  # a wire thinner than a pixel is still there
    return found if found.any() else np.ones(size, bool)


def _judged_cells(frame_mask: Mask, reached: Mask) -> Mask:
    """The product's cells and those around them, as far as the golden photo itself goes."""
    cells = _cells(frame_mask, _JUDGED_SHARE)
    if not cells.any():  # a wire that covers less of every cell
        cells = _cells(frame_mask, 1.0 / dense.CELL**2)
    grown = np.asarray(cv2.dilate(cells.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    return grown & reached if (grown & reached).any() else grown


def _reached(source: Size, warp: Matrix, frame_size: Size) -> Mask:
    """Cells that the warped photo shows and that border on none it does not show.

    A cell's vector is an average over 3 × 3 cells: beside the photo's end it is made of repeated pixels.
    """
    cells = _cells(covered(source, warp, frame_size), 0.5).astype(np.uint8)
    return np.asarray(cv2.erode(cells, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE) > 0)


def _cells(mask: Mask, share: float) -> Mask:
    """(H, W) pixels to (ceil(H/8), ceil(W/8)) cells that are at least `share` covered."""
    height, width = mask.shape
    padded = np.pad(mask, ((0, -height % dense.CELL), (0, -width % dense.CELL)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // dense.CELL, dense.CELL, -1, dense.CELL)
    return np.asarray(blocks.mean(axis=(1, 3)) >= share)


def _resized(photo: Photo, size: Size) -> Photo:
    return np.asarray(cv2.resize(photo, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
