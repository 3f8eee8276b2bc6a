"""One view of a golden sample, ready to be compared with: what is kept of it, and how it is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import cv2
import numpy as np

from visiqc.vision import align, change_map, dense, framing, golden_map, jitter, rotation
from visiqc.vision.align import ALIGN_SIDE, Alignment, AlignTarget
from visiqc.vision.change_map import ChangeModel, PackedMaps
from visiqc.vision.colour_card import CardReading
from visiqc.vision.colour_measure import reduced_frame
from visiqc.vision.dense import Basis, PackedMap
from visiqc.vision.rotation import Embed
from visiqc.vision.seen import Seen
from visiqc.vision.types import FloatArray, Mask, Matrix, Photo
from visiqc.vision.warp import Size, between_sizes, similarity, warp_photo

Identify = Callable[[FloatArray], FloatArray]
"""The identity model: stride-16 maps (N, C, h, w) to unit vectors (N, D)."""

TURNS = 12
"""Steps of rotation in which a golden's identity is kept, to tell the view of a turned upload."""
_IDENTIFIED = 6  # golden photos of a view whose identity is kept; more tell nothing new
_BASIS_PHOTOS = 5  # golden photos the basis is fitted to; what others add counts by its length
_SIMULATED = (6, 3, 2)  # simulated good photos a golden, with 1, 2, and more goldens in the view
_SAME_FORMAT = 0.03  # log of the ratio of two photos' aspects up to which they are one format, rounded
_LOOKED_UP = 60  # cells in which two goldens differ most, asked whether they are found elsewhere
_MOVED = 0.87  # elsewhere this much nearer than at their own place: plates on a hook 0.72–0.83, all else 0.91–1


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
        turned: (n, TURNS, D) float32, identity of the first golden photos in even steps of rotation.
        embedded: What the defect model keeps of the first golden photos; empty without a defect model.
        usual_change: (h, w) float32, log-odds of change that goldens show against each other; 0 without a defect model.
        pictures: (n, h, w, 3) uint8, the same golden photos in the golden frame, reduced, for measuring colour.
        cards: What each of them made of a neutral card; None where its photo shows none.
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
    embedded: tuple[PackedMaps, ...]
    usual_change: FloatArray
    pictures: Photo
    cards: tuple[CardReading | None, ...] = ()

    @property
    def single(self) -> bool:
        """Whether it has one golden photo."""
        return len(self.maps) == 1

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
    photo, mask = seen.photo, framing.whole_mask(seen)
    photo_to_frame, frame_size = framing.frame_around(mask, long_side)
    frame_mask = framing.warped_mask(mask, photo_to_frame, frame_size)
    ratio = min(1.0, ALIGN_SIDE / max(frame_size))
    align_size = (max(32, round(frame_size[0] * ratio)), max(32, round(frame_size[1] * ratio)))
    frame_to_align = between_sizes(frame_size, align_size)
    target = align.make_target(
        warp_photo(photo, frame_to_align @ photo_to_frame, align_size),
        framing.warped_mask(mask, frame_to_align @ photo_to_frame, align_size),
        photo_size=seen.size,
        photo_to_align=frame_to_align @ photo_to_frame,
        embed=embed,
    )
    return target, frame_size, frame_to_align, frame_mask


def lay_over(
    seen: Seen, target: AlignTarget, frame_size: Size, frame_to_align: Matrix, embed: Embed, *, search: bool = True
) -> Laid:
    """Lay a photo over a golden view: warp, frame, and what of the frame it reaches; without `search`, as it lies."""
    straight = target.photo_to_align @ _same_framing(seen.size, target.photo_size) @ np.linalg.inv(seen.to_picture)
    if search:
        alignment = align.align(seen.picture, seen.picture_mask, straight, target, embed)
    else:
        alignment = align.unaligned(seen.picture, straight, target, embed)
    warp = np.linalg.inv(frame_to_align) @ alignment.warp @ seen.to_picture
    warp /= warp[2, 2]
    return Laid(warp_photo(seen.photo, warp, frame_size), framing.reached(seen.size, warp, frame_size), warp, alignment)


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
    seen: Sequence[Seen],
    others: Sequence[Laid],
    started: tuple[AlignTarget, Size, Matrix, Mask],
    *,
    embed: Embed,
    identify: Identify,
    change: ChangeModel | None = None,
    step: Callable[[str], None],
) -> GoldenView:
    """Compute what is kept of a view.

    Args:
        name: Its name.
        seen: The view's golden photos, the reference first.
        others: All but the reference, laid over it.
        started: What `start_view` made of the reference.
        embed: The trunk.
        identify: The identity model.
        change: The defect model, where there is one.
        step: Told what is being done, for a progress bar.
    """
    target, frame_size, frame_to_align, frame_mask = started
    photo = seen[0].photo
    to_frame = np.linalg.inv(frame_to_align) @ target.photo_to_align
    judged = framing.judged_cells(frame_mask, framing.reached((photo.shape[0], photo.shape[1]), to_frame, frame_size))
    frames = [warp_photo(photo, to_frame, frame_size), *(laid.frame for laid in others)]
    basis, maps, as_uploads = _described(frames, judged, embed)
    embedded, usual_change = _changes(frames[: change_map.MOST_GOLDENS], judged, embed, change)
    goldens = [packed.unpacked() for packed in maps]
    samples = _distances_between(as_uploads, goldens)
    alike = [laid.alignment.similarity for laid in others]
    count = _SIMULATED[min(len(frames), len(_SIMULATED)) - 1]
    for i, frame in enumerate(frames):
        for n in range(count):
            simulated = jitter.jittered(frame, seed=1000 * i + n)
            found = dense.dense_features(dense.frame_maps(simulated, embed, needed=judged))
            samples.append(golden_map.nearest_distance(basis.project_upload(found), goldens))
            alike.append(_alikeness(simulated, target, embed))
            step("simulating good photos")
    allowed = golden_map.tolerance(samples, judged)
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
        turned=np.stack([_turned(one, embed, identify) for one in seen[:_IDENTIFIED]]),
        embedded=embedded,
        usual_change=usual_change,
        pictures=np.stack([reduced_frame(frame) for frame in frames[: change_map.MOST_GOLDENS]]),
    )


def _turned(seen: Seen, embed: Embed, identify: Identify) -> FloatArray:
    """(TURNS, D) identity of a golden photo in even steps of rotation."""
    patches = rotation.turned_patches(seen.picture, seen.picture_mask, steps=TURNS)
    return identify(embed(patches).stride16)


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
    features = (dense.dense_features(dense.frame_maps(frame, embed, needed=judged)) for frame in frames)
    first = list(islice(features, _BASIS_PHOTOS))
    basis = dense.fit_basis([found[judged] for found in first])
    maps, as_uploads = [], []
    for found in chain(first, features):
        maps.append(dense.pack(basis.project_golden(found)))
        as_uploads.append(basis.project_upload(found))
    return basis, tuple(maps), as_uploads


def _changes(
    frames: Sequence[Photo], judged: Mask, embed: Embed, model: ChangeModel | None
) -> tuple[tuple[PackedMaps, ...], FloatArray]:
    """What the defect model keeps of the goldens, and the change it sees between them.

    One golden alone is held against itself under simulated light.
    """
    if model is None:
        return (), np.zeros(judged.shape, np.float32)
    packed = [
        change_map.pack_embedding(model.encode(dense.frame_maps(frame, embed, needed=judged))) for frame in frames
    ]
    kept = change_map.unpacked(packed)
    seen = []
    for i, frame in enumerate(frames):
        others = [*kept[:i], *kept[i + 1 :]]
        shown = frame if others else jitter.jittered(frame, seed=i)
        logits, _ = model.compare(dense.frame_maps(shown, embed, needed=judged), others or kept)
        seen.append(change_map.change_cells(logits, judged))
    return tuple(packed), change_map.usual_change(seen)


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


def _resized(photo: Photo, size: Size) -> Photo:
    return np.asarray(cv2.resize(photo, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
