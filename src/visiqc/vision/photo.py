"""The one door for photos: bytes in, upright sRGB pixels out.

`inspect_header` reads what the file says and refuses what should not be decoded; `decode_rgb` decodes it, at
reduced size where the full one is not needed; `preprocess` is what every network sees, in training and serving.
Nothing here depends on or changes global state, so any number of threads may decode at once.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import cv2
import numpy as np
from PIL import Image

from visiqc.errors import BadRecipe, ShapeMismatch, UnreadablePhoto
from visiqc.vision.photo_colour import flattened, to_srgb
from visiqc.vision.photo_header import DecodeLimits, PhotoHeader, inspect_header
from visiqc.vision.photo_jpeg import decode_jpeg
from visiqc.vision.photo_png import decode_png
from visiqc.vision.photo_webp import decode_webp
from visiqc.vision.types import FloatArray, Photo

__all__ = ["DecodeLimits", "PhotoHeader", "decode_rgb", "inspect_header", "preprocess", "upright"]

PREPROCESS_MEAN = 127.0
PREPROCESS_SCALE = 128.0
_PREPROCESS_TABLE = ((np.arange(256) - PREPROCESS_MEAN) / PREPROCESS_SCALE).astype(np.float32)
_REDUCIBLE_MODES = {"L", "RGB", "RGBA", "CMYK"}
_SMALLEST_MAX_SIDE = 32
_FOREIGN_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    ArithmeticError,
    EOFError,
    struct.error,
    zlib.error,
    MemoryError,
    RuntimeError,
    NotImplementedError,
    cv2.error,
)


def decode_rgb(content: bytes, *, limits: DecodeLimits | None = None, max_side: int | None = None) -> Photo:
    """Decode a photo, upright and in sRGB.

    Args:
        content: The bytes of a JPEG, PNG or WebP file (HEIC with the `[heic]` extra).
        limits: What is refused before decoding; the defaults when None.
        max_side: Longest side of the result in pixels, at least 32; None keeps the photo's own size.
            A smaller photo is never enlarged.

    Returns:
        (H, W, 3) uint8 RGB, contiguous, owned by the caller.

    Raises:
        UnreadablePhoto: The bytes are not a whole, decodable picture.
        UnsupportedMedia: A format that is not read here, or an animation.
        TooLarge: Over a limit.
        BadRecipe: `max_side` under 32.
    """
    if max_side is not None and max_side < _SMALLEST_MAX_SIDE:
        raise BadRecipe(f"max_side must be at least {_SMALLEST_MAX_SIDE} pixels, got {max_side}")
    header = inspect_header(content, limits)
    stored_width, stored_height = header.stored_size
    longest = max(stored_width, stored_height)
    wanted = longest if max_side is None else min(longest, max_side)
    target = tuple(max(1, round(side * wanted / longest)) for side in (stored_width, stored_height))
    with _foreign_errors_translated(header.format):
        image = _decoded(content, header.format, longest // wanted)
        fitted = _fitted(image, (target[0], target[1]))
        return upright(to_srgb(fitted, header.icc_profile), header.orientation)


def preprocess(photos: Sequence[Photo]) -> FloatArray:
    """What the trunk sees: `(v - 127) / 128`, channels first.

    Args:
        photos: One or more (H, W, 3) uint8 RGB of one size.

    Returns:
        (N, 3, H, W) float32 in [-0.993, 1], contiguous.

    Raises:
        ShapeMismatch: No photo, or photos of different sizes.
    """
    sizes = sorted({photo.shape for photo in photos})
    if len(sizes) != 1:
        named = ", ".join("×".join(map(str, size)) for size in sizes) or "no photo"
        raise ShapeMismatch(f"a batch needs photos of one size, got {named}; bring them to one size first")
    height, width, channels = sizes[0]
    batch = np.empty((len(photos), channels, height, width), np.float32)
    for planes, photo in zip(batch, photos, strict=True):
        for plane, channel in zip(planes, cv2.split(photo), strict=True):
            cv2.LUT(channel, _PREPROCESS_TABLE, dst=plane)  # a table lookup is twice as fast as the arithmetic
    return batch


def upright(pixels: Photo, orientation: int) -> Photo:
    """Turn pixels as they lie in the file the way the EXIF orientation says.

    Args:
        pixels: (H, W, 3) uint8.
        orientation: 1 to 8, by Exif 3.0 section 4.6.4: the place of row 0 and column 0 in the upright picture.
    """
    turned = pixels.transpose(1, 0, 2) if orientation >= 5 else pixels
    if orientation in {3, 4, 7, 8}:
        turned = turned[::-1]
    if orientation in {2, 3, 6, 7}:
        turned = turned[:, ::-1]
    return np.ascontiguousarray(turned)


@contextmanager
def _foreign_errors_translated(format_name: str) -> Iterator[None]:
    try:
        yield
    except _FOREIGN_ERRORS as err:
        raise UnreadablePhoto(
            f"the {format_name.upper()} photo cannot be decoded; it was damaged on the way or at the source: "
            "send the original file again"
        ) from err


def _decoded(content: bytes, format_name: str, shrink: int) -> Image.Image:
    """The picture as it lies in the file, smaller by at most `shrink` where that saves time or memory."""
    if format_name == "jpeg":
        return decode_jpeg(content, shrink=shrink)
    # The box filter leaves twice the pixels wanted, so that the last step down is a sharp one.
    factor = max(1, shrink // 2)
    if format_name == "heic":
        from visiqc.vision import heic

        return heic.decode_heic(content, shrink=factor)
    image = decode_png(content) if format_name == "png" else decode_webp(content)
    reducible = image.mode in _REDUCIBLE_MODES and "transparency" not in image.info
    return image.reduce(factor) if reducible and factor > 1 else image


def _fitted(image: Image.Image, size: tuple[int, int]) -> Photo:
    """Pixels of a working mode (grey, RGB, CMYK) at `size`, (width, height)."""
    flat = flattened(image)
    if flat.size == size:
        return np.array(flat)
    return np.asarray(cv2.resize(np.asarray(flat), size, interpolation=cv2.INTER_AREA), np.uint8)
