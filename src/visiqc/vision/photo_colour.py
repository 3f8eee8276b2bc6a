"""From whatever a decoder gives (palette, 16 bits, alpha, CMYK, Display P3) to plain sRGB."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import cast

import numpy as np
from PIL import Image, ImageCms

from visiqc.vision.types import Photo

_WORKING_MODES = {"L", "RGB", "CMYK"}
_PROFILE_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}
_SAME_COLOUR = 2  # grey levels; a profile that moves no probe further than this is sRGB
_PROBE_LEVELS = (0, 64, 128, 192, 255)
_CACHED_PROFILES, _CACHED_BYTES = 32, 64 * 1024  # cameras have a handful of small ones; building one takes 5 ms


def flattened(image: Image.Image) -> Image.Image:
    """`image` as grey, RGB or CMYK of 8 bits a channel, what is transparent laid on white.

    Args:
        image: Decoded, of any mode Pillow gives for JPEG, PNG, WebP or HEIC.
    """
    if image.mode.startswith("I"):
        # 16-bit grey; Pillow's own conversion clips at 255.
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    transparent = "transparency" in image.info or image.mode in {"LA", "PA", "RGBA", "La", "RGBa"}
    if transparent:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    if image.mode in _WORKING_MODES:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def to_srgb(pixels: Photo, icc_profile: bytes | None) -> Photo:
    """Pixels of a working mode in sRGB.

    A profile that is broken, or made for another kind of picture, is ignored: a wrong tint can be judged,
    a refused photo cannot.

    Args:
        pixels: (H, W) grey, (H, W, 3) RGB or (H, W, 4) CMYK, uint8.
        icc_profile: The profile that says what the numbers mean; None = sRGB.

    Returns:
        (H, W, 3) uint8 RGB; `pixels` itself when they are sRGB already.
    """
    mode = "L" if pixels.ndim == 2 else "RGB" if pixels.shape[2] == 3 else "CMYK"
    build = _cached_transform if len(icc_profile or b"") <= _CACHED_BYTES else _transform
    transform = build(icc_profile, mode) if icc_profile else None
    if transform is None and mode == "RGB":
        return pixels
    image = Image.frombytes(mode, (pixels.shape[1], pixels.shape[0]), np.ascontiguousarray(pixels).tobytes())
    rgb = image.convert("RGB") if transform is None else transform.apply(image)
    return np.array(rgb)


def _transform(icc_profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The transform to sRGB; None when it would change nothing or the profile cannot be used."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
        if source.profile.xcolor_space.strip() != _PROFILE_SPACES[mode]:
            return None
        target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        transform = ImageCms.ImageCmsTransform(source, target, mode, "RGB", intent)
        return None if mode == "RGB" and _changes_nothing(transform) else transform
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError):
        return None


@lru_cache(maxsize=_CACHED_PROFILES)
def _cached_transform(icc_profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    return _transform(icc_profile, mode)


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    grid = np.stack(np.meshgrid(*[_PROBE_LEVELS] * 3), axis=-1).astype(np.uint8).reshape(1, -1, 3)
    moved = np.asarray(transform.apply(Image.fromarray(grid))).astype(int) - grid
    return cast("int", np.abs(moved).max()) <= _SAME_COLOUR
