"""What can be measured about a photo before it is compared: sharpness, exposure, glare, framing.

Everything is measured on a working copy of one size and told in its pixels or in shares, so that a photo from a
better camera does not get other figures for the same picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from visiqc.vision.types import FloatArray, Mask, Photo, require_same_size

WORKING_SIDE = 512
"""Long side in pixels of the working copy; a smaller photo is measured as it is and its figures scaled."""
_SATURATED = 250  # in all three channels: no colour is left to compare
_OUTLINE = 9  # pixels by which the product is widened to hold its own outline, the surest edge there is
_REBLUR = 1.0
_EDGE_SHARE = 0.05  # of the pixels on the product count as edges, the strongest ones
_DIRECTION_SHARE = 0.02
_SHARPEST = 0.85  # quantile of the edges that tells how sharp the photo can be: blur spares none
_DIRECTION_QUANTILE = 0.70
_FAINTEST_EDGE = 1.0  # grey levels a pixel; under it noise and JPEG blocks outweigh edges
_FEWEST_EDGES = 40
_WEAK_DIRECTION = 0.15  # of the strongest direction, in contrast or in number: the product has no edges that way
_BACKGROUND_PATCH = 0.1  # share of a saturated patch outside the product that makes it background
_WIDEST = 9.9
_OTHER_COLOUR = 15.0  # ΔE; shadows on the background stay under it
_BUSY_BACKGROUND = 20.0  # ΔE from its median that a tenth of the background exceeds: other things lie there
_LEAST_BACKGROUND = 0.1  # share of the frame from which white at its border is a background
_LEAST_PRODUCT_IN_MASK, _LEAST_PRODUCT_IN_FRAME = 0.3, 0.05  # must remain without it: a burnt-out piece is none
_DIAGONAL = 0.70710678
_DIRECTIONS = ((1.0, 0.0), (_DIAGONAL, _DIAGONAL), (0.0, 1.0), (_DIAGONAL, -_DIAGONAL))


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoMeasures:
    """The figures of one photo.

    Attributes:
        long_side_px: Longer side of the photo as it was sent.
        product_px: Longer side of the product's bounding box, in pixels of the photo as it was sent.
        product_share: Share of the frame that is product; 1 where no background can be told.
        border_share: Share of the frame's border where the product runs out of it; 0 where no background can be
            told or other things lie on it. A shadow is not counted: the colour must depart from the background's.
        detail: Strength of the strongest edges, grey levels a pixel of the smoothed working copy.
        edge_width: How far the sharpest edges of the product are spread: the standard deviation of the blur,
            in pixels of a 512-pixel photo.
        motion_width: The same in the direction in which it is worst.
        brightness: The brightest part of the frame: 98th percentile of grey, 0 to 255.
        product_brightness: Median grey of the product, 0 to 255.
        clipped_share: Share of the product that is white in all three channels, white background left out.
        burnt_share: The same with what runs into a white background: metal so bright that it melts into it.
        glare_share: Largest connected saturated patch, as a share of the product's area.
        contrast: Range of grey in the smoothed frame, 1st to 99th percentile.
    """

    long_side_px: float
    product_px: float
    product_share: float
    border_share: float
    detail: float
    edge_width: float
    motion_width: float
    brightness: float
    product_brightness: float
    clipped_share: float
    burnt_share: float
    glare_share: float
    contrast: float


def measure_photo(photo: Photo, product: Mask, *, original_size: tuple[int, int] | None = None) -> PhotoMeasures:
    """Measure one photo.

    Args:
        photo: (H, W, 3) uint8 RGB.
        product: (H, W) bool, True on the piece; True everywhere where no background can be told.
        original_size: Height and width of the photo as it was sent; those of `photo` when None.

    Returns:
        Its figures; those of edges are at their worst for a photo that has none.

    Raises:
        ShapeMismatch: The two arrays do not share H and W.
    """
    require_same_size(photo=photo, product=product)
    small, mask = _working_copy(photo, product)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    smooth = np.asarray(cv2.GaussianBlur(grey, (0, 0), 2.0), np.uint8)
    white = np.minimum(np.minimum(small[..., 0], small[..., 1]), small[..., 2]) >= _SATURATED
    patches = _Patches.of(white)
    lit = patches.without_background(mask)
    masked = lit if mask.all() else mask
    area = max(1, int(lit.sum()))
    longest = max(original_size or photo.shape[:2])
    low, high = _percentiles(smooth, 1, 99)
    edge_width, motion_width, detail = _edge_widths(grey, mask)
    return PhotoMeasures(
        long_side_px=float(longest),
        product_px=_extent(mask) * longest,
        product_share=float(mask.mean()),
        border_share=_border_share(small, mask),
        detail=detail,
        edge_width=edge_width,
        motion_width=motion_width,
        brightness=_percentiles(grey, 98)[0],
        product_brightness=_percentiles(grey[lit], 50)[0],
        clipped_share=float((white & lit & ~patches.at_border[patches.labels]).sum()) / area,
        burnt_share=float((white & masked).sum()) / max(1, int(masked.sum())),
        glare_share=patches.largest_on(lit) / area,
        contrast=high - low,
    )


def _working_copy(photo: Photo, product: Mask) -> tuple[Photo, Mask]:
    height, width = photo.shape[:2]
    scale = WORKING_SIDE / max(height, width)
    if scale >= 1:
        return photo, product
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
    mask = cv2.resize(product.view(np.uint8), size, interpolation=cv2.INTER_NEAREST).view(bool)
    return small, mask


def _percentiles(grey: Photo, *shares: float) -> tuple[float, ...]:
    """Percentiles of uint8 values, from their histogram: a tenth of the time that sorting takes. 0 of none."""
    counts = np.bincount(grey.ravel(), minlength=256).cumsum()
    return tuple(float(np.searchsorted(counts, share / 100 * counts[-1])) for share in shares)


def _extent(mask: Mask) -> float:
    """Longer side of the bounding box as a share of the frame's longer side."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return 0.0
    longest = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    return float(longest / max(mask.shape))


def _border_share(small: Photo, mask: Mask) -> float:
    product = _border(mask)
    if product.all():
        return 0.0 if mask.all() else 1.0
    lab = cv2.cvtColor(_border(cv2.blur(small, (3, 3))).astype(np.float32)[None] / 255, cv2.COLOR_RGB2LAB)[0]
    departure = np.linalg.norm(lab - np.median(lab[~product], axis=0), axis=1)
    if float(np.percentile(departure[~product], 90)) > _BUSY_BACKGROUND:
        return 0.0
    return float((product & (departure > _OTHER_COLOUR)).mean())


def _border(pixels: NDArray[Any]) -> NDArray[Any]:
    """The outermost pixels, each once."""
    return np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])


class _Patches(NamedTuple):
    """The connected white patches of a photo."""

    labels: NDArray[np.int32]
    area: NDArray[np.int32]
    """Pixels of each label; label 0 is all that is not white."""
    at_border: Mask
    """Whether a label touches the frame's border; False for label 0."""

    @classmethod
    def of(cls, white: Mask) -> _Patches:
        count, labels, stats, _ = cv2.connectedComponentsWithStats(white.view(np.uint8), connectivity=8)
        at_border = np.zeros(count, bool)
        at_border[_border(labels)] = True
        at_border[0] = False
        return cls(np.asarray(labels, np.int32), np.asarray(stats[:, cv2.CC_STAT_AREA], np.int32), at_border)

    def without_background(self, product: Mask) -> Mask:
        """The product less the white background that a generous mask takes in; all of it if hardly any is left.

        White that reaches the frame's border is background. Where no mask tells, all other white is too, for the
        holes of a piece show the same background.
        """
        if float(self.area[self.at_border].sum()) < _LEAST_BACKGROUND * self.labels.size:
            return product
        whole = bool(product.all())
        rest = product & ~(self.labels > 0 if whole else self.at_border[self.labels])
        least = _LEAST_PRODUCT_IN_FRAME if whole else _LEAST_PRODUCT_IN_MASK
        return rest if float(rest.sum()) > least * float(product.sum()) else product

    def largest_on(self, product: Mask) -> int:
        """Pixels of the largest patch that lies on the product, and is no white background showing through."""
        on_product = np.bincount(self.labels[product], minlength=len(self.area))
        glare = ~self.at_border & (on_product >= (1 - _BACKGROUND_PATCH) * self.area)
        return int(self.area[1:][glare[1:]].max(initial=0))


def _edge_widths(grey: Photo, mask: Mask) -> tuple[float, float, float]:
    """Blur of the sharpest edges on the product, that of the worst direction, and the strength of the edges.

    A Gaussian edge of blur s whose picture is blurred once more by r has its gradient reduced by
    sqrt(s² + r²) / s, whatever its contrast; so the ratio of the two gradients gives s.

    Source:
        Zhuo and Sim, "Defocus map estimation from a single image", Pattern Recognition 44 (2011), section 3.
    """
    near = cv2.dilate(mask.view(np.uint8), np.ones((_OUTLINE, _OUTLINE), np.uint8)).view(bool)
    sharp = grey.astype(np.float32)
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), _REBLUR), np.float32)
    bx, by = _gradient(blurred)
    strength = np.sqrt(bx * bx + by * by)
    candidates = near & (strength > _FAINTEST_EDGE)
    edges = strength[candidates]
    if edges.size < _FEWEST_EDGES:
        return _WIDEST, _WIDEST, float(edges.max(initial=0.0))
    gx, gy = _gradient(sharp)
    per_pixel = WORKING_SIDE / max(grey.shape)
    area = int(near.sum())
    first = np.stack([gx[candidates], gy[candidates]])
    again = np.stack([bx[candidates], by[candidates]])
    strongest = _strongest(edges, round(_EDGE_SHARE * area))
    ratio = np.hypot(*first[:, strongest]) / edges[strongest]
    overall = _blur_of(ratio, _SHARPEST) * per_pixel
    worst = _worst_direction(first, again, edges, round(_DIRECTION_SHARE * area)) * per_pixel
    return overall, max(overall, worst), float(edges[strongest].mean())


def _gradient(grey: FloatArray) -> tuple[FloatArray, FloatArray]:
    gx = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    gy = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    return np.asarray(gx, np.float32), np.asarray(gy, np.float32)


def _strongest(strength: FloatArray, count: int) -> np.ndarray:
    count = max(_FEWEST_EDGES, count)
    if count >= strength.size:
        return np.arange(strength.size)
    return np.argpartition(strength, strength.size - count)[-count:]


def _blur_of(ratio: FloatArray, quantile: float) -> float:
    """The blur, in pixels, of edges that a further blur weakens by these ratios."""
    weakened = float(np.quantile(ratio, quantile))
    return min(_WIDEST, _REBLUR / float(np.sqrt(max(weakened * weakened - 1.0, 1e-4))))


def _worst_direction(first: FloatArray, again: FloatArray, strength: FloatArray, count: int) -> float:
    """The blur in the direction in which it is largest, of those in which the product has edges.

    A shaken photo keeps the edges along the movement sharp; only those across it tell.
    """
    found: list[tuple[int, float, float]] = []
    for x, y in _DIRECTIONS:
        across = np.abs(x * again[0] + y * again[1])
        aligned = np.flatnonzero(across > 0.85 * strength)
        if aligned.size < _FEWEST_EDGES:
            continue
        chosen = aligned[_strongest(across[aligned], count)]
        ratio = np.abs(x * first[0, chosen] + y * first[1, chosen]) / across[chosen]
        found.append((aligned.size, float(np.median(across[chosen])), _blur_of(ratio, _DIRECTION_QUANTILE)))
    if not found:
        return 0.0
    most, strongest = max(number for number, _, _ in found), max(contrast for _, contrast, _ in found)
    enough = (_WEAK_DIRECTION * most, _WEAK_DIRECTION * strongest)
    return max(width for number, contrast, width in found if number >= enough[0] and contrast >= enough[1])
