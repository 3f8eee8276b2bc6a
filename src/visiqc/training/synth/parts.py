"""Damage of form: parts moved, doubled, gone; bites out of the edge; stones lost or exchanged."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from visiqc.training.synth.canvas import Canvas, mixed
from visiqc.training.synth.masks import Window, blob, edge_of, place_on, window
from visiqc.training.synth.surface import foreign
from visiqc.vision.types import FloatArray, Mask, Photo

_VIVID, _VIVID_GOLDEN = 110, 175
"""Saturation of 255 that no metal has; of a hue that gold has too, it takes more to be a stone."""
_GOLDEN = (6, 30)
"""Hues of gold and its reflections, of 180."""
_ONE_HUE, _LOOKS = 14, 4
"""How far the hues of one stone's facets lie from another; places that are looked at."""


def patch(canvas: Canvas) -> Photo | None:
    """A piece from elsewhere or from another photo, blended in without a seam.

    Source:
        Pérez et al., Poisson image editing, SIGGRAPH 2003; as damage: Schlüter et al., NSA, ECCV 2022.
    """
    rng, half = canvas.rng, round(1.6 * canvas.radius + 3)
    where = canvas.around(half)
    size = canvas.product[where].shape
    if min(size) < 7:
        return None
    cover = blob(size, canvas.local(where), canvas.radius, rng, ragged=0.5) * canvas.product[where]
    inside = (cover > 0.5).astype(np.uint8) * 255
    inside[:2], inside[-2:], inside[:, :2], inside[:, -2:] = 0, 0, 0, 0
    x, y, width, height = cv2.boundingRect(inside)
    if width < 3 or height < 3:
        return None
    source = np.clip(foreign(canvas, (size[0], size[1])), 0, 255).astype(np.uint8)
    how = cv2.NORMAL_CLONE if rng.random() < 0.6 else cv2.MIXED_CLONE
    # OpenCV centres the mask's bounding box on the point it is given.
    middle = (x + width // 2, y + height // 2)
    return canvas.changed(where, cv2.seamlessClone(source, canvas.photo[where].copy(), inside, middle, how))


def doubled(canvas: Canvas) -> Photo | None:
    """A part of the product again, a little beside itself: a burr, a shifted print, one link too many."""
    rng = canvas.rng
    where = canvas.around(1.8 * canvas.radius + 3)
    distance, angle = canvas.radius * rng.uniform(0.8, 3.0) + 2, rng.uniform(0, 2 * np.pi)
    dx, dy = round(distance * np.cos(angle)), round(distance * np.sin(angle))
    there = _shifted(where, dx, dy, canvas.size)
    if there is None:
        return None
    cover = blob(canvas.product[where].shape, canvas.local(where), canvas.radius, rng, ragged=0.3)
    cover = cover * canvas.product[where]
    return canvas.changed(there, mixed(canvas.photo[there], canvas.photo[where], cover))


def turned(canvas: Canvas) -> Photo | None:
    """A part turned, larger, smaller or moved in its place: a stone or a claw that does not sit as it should."""
    rng, radius = canvas.rng, max(2.5, canvas.radius)
    where = canvas.around(1.6 * radius + 3)
    size = canvas.product[where].shape
    centre = canvas.local(where)
    angle = float(rng.choice([-1, 1])) * rng.uniform(10, 70) * (rng.random() < 0.7)
    larger = float(np.exp(rng.choice([-1, 1]) * rng.uniform(0.15, 0.4) * (rng.random() < 0.6)))
    warp = np.asarray(cv2.getRotationMatrix2D(centre, angle, larger), np.float64)
    warp[:, 2] += rng.uniform(-0.4, 0.4, 2) * radius * (rng.random() < 0.5)
    flags, border = cv2.INTER_LINEAR, cv2.BORDER_REFLECT_101
    moved = cv2.warpAffine(canvas.photo[where], warp, size[::-1], flags=flags, borderMode=border)
    cover = blob(size, centre, radius, rng, ragged=0.1) * canvas.product[where]
    return canvas.changed(where, mixed(canvas.photo[where], moved, cover))


def removed(canvas: Canvas) -> Photo | None:
    """A detail painted over from what surrounds it."""
    where = canvas.around(1.8 * canvas.radius + 8)
    cover = blob(canvas.product[where].shape, canvas.local(where), canvas.radius, canvas.rng, ragged=0.3)
    return canvas.changed(where, _painted(canvas.photo[where], (cover > 0.4) & canvas.product[where]))


def bitten(canvas: Canvas) -> Photo | None:
    """A bite out of the outline: the ground shows where the piece was."""
    rng, ground = canvas.rng, ~canvas.product
    at = place_on(edge_of(canvas.product), rng)
    if at is None or not ground.any():
        return None
    where = window(at, 2 * canvas.radius + 8, canvas.size)
    if ground[where].mean() < 0.15:
        return None
    centre = (at[0] - where[1].start, at[1] - where[0].start)
    cover = blob(ground[where].shape, centre, canvas.radius, rng, ragged=0.4) * canvas.product[where]
    # The soft rim of the piece goes with it, or a ghost of the outline would stay.
    gone = cv2.dilate((cover > 0.3).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    part = canvas.photo[where]
    behind = _nearest_ground(part, ground[where])
    soft = cv2.GaussianBlur(gone.astype(np.float32), (0, 0), 0.7)
    return canvas.changed(where, mixed(part, behind, soft))


def stone_lost(canvas: Canvas) -> Photo | None:
    """A stone gone: its colour painted over, a dark seat left."""
    found = _stone(canvas.photo, canvas.product, canvas.rng)
    if found is None:
        return None
    where, stone = found
    part = _painted(canvas.photo[where], stone).astype(np.float32)
    deep = cv2.GaussianBlur(stone.astype(np.float32), (0, 0), 1.0)
    inner = cv2.distanceTransform(stone.astype(np.uint8), cv2.DIST_L2, 3)
    seat = np.clip(inner / max(float(inner.max()), 1.0), 0, 1)
    grey = part.mean(axis=-1, keepdims=True)
    dull = 0.5 * part + 0.5 * grey
    return canvas.changed(where, mixed(part, dull * (1 - canvas.rng.uniform(0.3, 0.75) * seat[..., None]), deep))


def stone_exchanged(canvas: Canvas) -> Photo | None:
    """A stone of another hue or shade, its facets kept."""
    found = _stone(canvas.photo, canvas.product, canvas.rng)
    if found is None:
        return None
    where, stone = found
    hsv = cv2.cvtColor(canvas.photo[where], cv2.COLOR_RGB2HSV).astype(np.float32)
    if canvas.rng.random() < 0.6:
        hsv[..., 0] = (hsv[..., 0] + canvas.rng.uniform(15, 165)) % 180
    else:
        hsv[..., 1] *= canvas.rng.choice([canvas.rng.uniform(0, 0.4), canvas.rng.uniform(0.5, 0.7)])
        hsv[..., 2] *= canvas.rng.uniform(0.6, 1.3)
    other = cv2.cvtColor(np.clip(hsv, 0, 255).astype(np.uint8), cv2.COLOR_HSV2RGB)
    cover = cv2.GaussianBlur(stone.astype(np.float32), (0, 0), 0.7)
    return canvas.changed(where, mixed(canvas.photo[where], other, cover))


def on_coloured_stone(photo: Photo, place: Mask) -> bool:
    """Whether most of a place has a colour that no metal has; clear stones are not told from metal."""
    y, x, height, width = cv2.boundingRect(place.T.astype(np.uint8))
    where = (slice(y, y + height), slice(x, x + width))
    hsv = np.asarray(cv2.cvtColor(photo[where], cv2.COLOR_RGB2HSV), np.uint8)
    return bool(_vivid(hsv)[place[where]].mean() > 0.5)


def _vivid(hsv: Photo) -> Mask:
    """(H, W) bool, True where OpenCV's HSV says a colour that no metal has."""
    like_gold = (hsv[..., 0] >= _GOLDEN[0]) & (hsv[..., 0] <= _GOLDEN[1])
    limit = np.where(like_gold, _VIVID_GOLDEN, _VIVID)
    return np.asarray((hsv[..., 1] > limit) & (hsv[..., 2] > 40))


def _stone(photo: Photo, product: Mask, rng: Generator) -> tuple[Window, Mask] | None:
    """A compact place of one strong colour on the product: its window, and the stone in it."""
    hsv = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2HSV), np.uint8)
    vivid = _vivid(hsv) & product
    low, high = max(16, 0.003 * product.sum()), 0.45 * product.sum()
    for _ in range(_LOOKS):
        seed = place_on(vivid, rng)
        if seed is None:
            return None
        # Hues go round: 179 is beside 0.
        turned = np.abs(hsv[..., 0].astype(np.int16) - int(hsv[seed[1], seed[0], 0]))
        alike = (vivid & (np.minimum(turned, 180 - turned) < _ONE_HUE)).astype(np.uint8)
        alike = np.asarray(cv2.morphologyEx(alike, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), np.uint8)
        _, labels, stats, centres = cv2.connectedComponentsWithStats(alike, connectivity=4)
        chosen = int(labels[seed[1], seed[0]])
        width, height, area = (int(stats[chosen, n]) for n in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
        compact = area > 0.5 * width * height and max(width, height) < 2.4 * min(width, height)
        if chosen and compact and low <= area <= high:
            middle = (float(centres[chosen][0]), float(centres[chosen][1]))
            where = window(middle, 0.75 * max(width, height) + 6, (photo.shape[0], photo.shape[1]))
            whole = (labels[where] == chosen).astype(np.uint8)
            return where, np.asarray(cv2.dilate(whole, np.ones((3, 3), np.uint8)) > 0)
    return None


def _painted(part: Photo, gone: Mask) -> Photo:
    """The part with a hole filled from its border (Telea 2004)."""
    return np.asarray(cv2.inpaint(part, gone.astype(np.uint8) * 255, 3, cv2.INPAINT_TELEA), np.uint8)


def _nearest_ground(part: Photo, ground: Mask) -> FloatArray:
    """(H, W, 3) float32: every pixel of the piece replaced by the ground, as mirrored at the outline.

    The ground's own texture stays: a filled-in average would be a smooth place that no bite has.
    """
    # Ground that touches the piece is half piece; look a little further out.
    clear = cv2.erode(ground.astype(np.uint8), np.ones((5, 5), np.uint8))
    if not clear.any():
        clear = ground.astype(np.uint8)
    _, nearest = cv2.distanceTransformWithLabels(1 - clear, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    rows, columns = np.nonzero(clear)
    order = np.zeros(int(nearest.max()) + 1, np.int64)
    order[nearest[rows, columns]] = np.arange(rows.size)
    y, x = rows[order[nearest]], columns[order[nearest]]
    here_y, here_x = np.mgrid[: part.shape[0], : part.shape[1]]
    mirror_y = np.clip(2 * y - here_y, 0, part.shape[0] - 1)
    mirror_x = np.clip(2 * x - here_x, 0, part.shape[1] - 1)
    usable = clear[mirror_y, mirror_x] > 0
    filled = part[np.where(usable, mirror_y, y), np.where(usable, mirror_x, x)]
    return np.asarray(cv2.GaussianBlur(filled, (0, 0), 0.6), np.float32)


def _shifted(where: Window, dx: int, dy: int, size: tuple[int, int]) -> Window | None:
    rows, columns = slice(where[0].start + dy, where[0].stop + dy), slice(where[1].start + dx, where[1].stop + dx)
    if rows.start < 0 or columns.start < 0 or rows.stop > size[0] or columns.stop > size[1]:
        return None
    return rows, columns
