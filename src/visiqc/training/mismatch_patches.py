"""The standard patch of a product as serving makes it, and as a phone, a hand and a poor mask might make it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from visiqc.vision.photo import decode_rgb
from visiqc.vision.product_mask import FindProduct
from visiqc.vision.rotation import IDENTITY_SIDE, Placement, place, turned_patches
from visiqc.vision.seen import see
from visiqc.vision.types import FloatArray, Mask, Matrix, Photo
from visiqc.vision.warp import warp_photo

_SIZE = (IDENTITY_SIDE, IDENTITY_SIDE)
_TRUE_PLACE = 0.35  # share of draws placed by the true mask instead of the one serving finds
_OTHER_GROUND = 0.4  # share of draws on another ground, where the true mask is known
_SPOT = 0.15  # share of draws with a reflection or a shadow across the patch


def as_served(content: bytes, find: FindProduct, *, turns: int) -> list[Photo]:
    """The patches serving takes of a photo: the first one unturned, then in even steps of rotation.

    Args:
        content: JPEG or PNG bytes.
        find: Finds the product.
        turns: 1 for an upload, the golden's number of turns for a golden.
    """
    seen = see(decode_rgb(content), find)
    return turned_patches(seen.picture, seen.picture_mask, steps=turns)


def found_place(photo: Photo, find: FindProduct) -> Placement:
    """Where serving finds the product in (H, W, 3) uint8 RGB, in its pixels."""
    seen = see(photo, find)
    return _in_photo(place(seen.picture_mask), seen.to_picture)


def varied(photo: Photo, truth: Mask | None, found: Placement, *, count: int, rng: Generator) -> list[Photo]:
    """The product's patch in other turns, lights, grounds and by other masks.

    Args:
        photo: (H, W, 3) uint8 RGB.
        truth: (H, W) bool, the product in photo pixels, where it is known.
        found: Where serving finds it.
        count: Number of patches.
        rng: Decides all of it.

    Returns:
        Each (256, 256, 3) uint8 RGB.
    """
    true = place(truth) if truth is not None and truth.sum() >= 16 else found
    return [_one(photo, truth, true if rng.random() < _TRUE_PLACE else found, rng) for _ in range(count)]


def _one(photo: Photo, truth: Mask | None, placement: Placement, rng: Generator) -> Photo:
    warp = _warp(placement, rng)
    patch = warp_photo(photo, warp, _SIZE)
    if truth is not None and rng.random() < _OTHER_GROUND:
        patch = _on_other_ground(patch, _cover(truth, warp), rng)
    return as_photographed(patch, rng)


def _in_photo(placement: Placement, to_picture: Matrix) -> Placement:
    """A placement in the close-up, in pixels of the photo; the warp between them is a scale and a shift."""
    back = np.linalg.inv(to_picture)
    x, y, _ = back @ (placement.x, placement.y, 1.0)
    return Placement(float(x), float(y), placement.radius * float(back[0, 0]))


def _warp(placement: Placement, rng: Generator) -> Matrix:
    """To the patch, any way round, off by what another mask and another standpoint do."""
    size = float(np.clip(np.exp(rng.normal(0, 0.09)), 0.75, 1.3))
    x, y = rng.normal(0, 0.06, 2) * placement.radius
    moved = Placement(placement.x + float(x), placement.y + float(y), placement.radius * size)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * (IDENTITY_SIDE - 1)
    leant = (corners + rng.normal(0, 0.025, (4, 2)) * IDENTITY_SIDE).astype(np.float32)
    lean = np.asarray(cv2.getPerspectiveTransform(corners, leant), np.float64)
    return lean @ moved.to_patch(float(rng.uniform(0, 2 * np.pi)), IDENTITY_SIDE)


def _cover(truth: Mask, warp: Matrix) -> FloatArray:
    """(256, 256, 1) float32: share of the product in each pixel, with a soft edge."""
    ink = np.repeat(truth[..., None].astype(np.uint8) * 255, 3, axis=2)
    cover = warp_photo(ink, warp, _SIZE, fill=(0, 0, 0))[..., :1]
    return np.asarray(cv2.GaussianBlur(cover, (0, 0), 0.8)[..., None] / 255.0, np.float32)


def _on_other_ground(patch: Photo, cover: FloatArray, rng: Generator) -> Photo:
    """The product on a ground nobody saw it on, so that the ground does not become part of its identity."""
    ground = rng.uniform(20, 245) + rng.normal(0, 8, 3) + np.zeros((*_SIZE, 3))
    for cells in (2, 16, 64):
        coarse = rng.normal(0, rng.uniform(0, 14), (cells, cells, 1)).astype(np.float32)
        ground += cv2.resize(coarse, _SIZE, interpolation=cv2.INTER_CUBIC)[..., None]
    mixed = cover * patch + (1 - cover) * ground
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


def as_photographed(patch: Photo, rng: Generator) -> Photo:
    """A patch as another phone in another light might have taken it: mild, for renders are photographed already."""
    pixels = _coarser(patch, rng).astype(np.float32)
    gains = np.exp(rng.normal(0, 0.04, 3)) * 2.0 ** rng.normal(0, 0.25)
    pixels = 255.0 * (np.clip(pixels * gains, 0, 255) / 255.0) ** np.exp(rng.normal(0, 0.12))
    grey = pixels.mean(axis=2, keepdims=True)
    pixels = grey + (pixels - grey) * rng.uniform(0.85, 1.15)
    if rng.random() < _SPOT:
        pixels = pixels + _spot(rng)
    pixels += rng.normal(0, rng.uniform(0, 5), pixels.shape)
    return _compressed(np.asarray(np.clip(pixels, 0, 255), np.uint8), rng)


def _coarser(patch: Photo, rng: Generator) -> Photo:
    """Seen from further away, or a little out of focus."""
    if rng.random() < 0.4:
        side = round(IDENTITY_SIDE * rng.uniform(0.45, 0.95))
        small = cv2.resize(patch, (side, side), interpolation=cv2.INTER_AREA)
        patch = np.asarray(cv2.resize(small, _SIZE, interpolation=cv2.INTER_LINEAR), np.uint8)
    if rng.random() < 0.3:
        patch = np.asarray(cv2.GaussianBlur(patch, (0, 0), rng.uniform(0.3, 1.5)), np.uint8)
    return patch


def _spot(rng: Generator) -> FloatArray:
    """A soft reflection or shadow, (256, 256, 1) float32 grey levels."""
    ys, xs = np.mgrid[:IDENTITY_SIDE, :IDENTITY_SIDE].astype(np.float32)
    x, y = rng.uniform(0, IDENTITY_SIDE, 2)
    wide, high = rng.uniform(15, 90, 2)
    spot = np.exp(-(((xs - x) / wide) ** 2) - ((ys - y) / high) ** 2)
    return np.asarray(rng.uniform(-70, 90) * spot[..., None], np.float32)


def _compressed(patch: Photo, rng: Generator) -> Photo:
    quality = int(rng.integers(55, 96))
    _, coded = cv2.imencode(".jpg", patch[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])
