"""What the container parsers share: the header as the file stores it, and the EXIF orientation.

Pillow's own metadata parsers are kept away from uploads: they warn, and what they accept changes between versions.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAX_ICC_BYTES = 4 * 1024 * 1024
"""A larger colour profile is ignored; those of cameras have under 10 kB, of printing presses up to 3 MB."""
_ORIENTATION_TAG = 0x0112
_SHORT, _LONG = 3, 4
_MAX_TAGS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHeader:
    """A picture's header as it is stored: before the EXIF rotation, unchecked against any limit."""

    width: int
    height: int
    bit_depth: int = 8
    mode: str = "rgb"
    orientation: int = 1
    frames: int = 1
    icc_profile: bytes | None = None


def exif_orientation(exif: bytes) -> int:
    """The orientation in an EXIF block, 1 to 8; 1 where the block states none or is broken.

    Args:
        exif: A TIFF header and what follows, with or without the `Exif` marker before it.

    Source:
        CIPA DC-008 (Exif 3.0), 4.6.4: tag 0x0112 in the first directory.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (offset,) = struct.Struct(order + "I").unpack_from(tiff, 4)
        (count,) = struct.Struct(order + "H").unpack_from(tiff, offset)
        entry = struct.Struct(order + "HHI4s")
        for index in range(min(count, _MAX_TAGS)):
            tag, kind, _, value = entry.unpack_from(tiff, offset + 2 + 12 * index)
            if tag == _ORIENTATION_TAG:
                return _as_orientation(value, kind, order)
    except struct.error:
        return 1
    return 1


def _as_orientation(value: bytes, kind: int, order: str) -> int:
    if kind not in {_SHORT, _LONG}:
        return 1
    (number,) = struct.Struct(order + ("H" if kind == _SHORT else "I")).unpack_from(value)
    return int(number) if 1 <= number <= 8 else 1
