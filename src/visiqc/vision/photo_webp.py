"""WebP: what the header says, whether the file is whole, and its pixels.

Source: RFC 9649 (WebP image format), sections 2 and 3; RFC 6386, 9.1 (VP8 key frames).
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image
from PIL.WebPImagePlugin import WebPImageFile

from visiqc.errors import UnreadablePhoto
from visiqc.vision.photo_stored import MAX_ICC_BYTES, StoredHeader, exif_orientation

_ANIMATED, _ALPHA = 0x02, 0x10
_MAX_CHUNKS = 4096
_VP8_START = b"\x9d\x01\x2a"


def read_webp_header(content: bytes) -> StoredHeader:
    """The header of a WebP file; an animated one has more than one frame.

    Raises:
        UnreadablePhoto: Cut off, or no picture inside.
    """
    size: tuple[int, int] | None = None
    alpha = animated = False
    icc: bytes | None = None
    orientation, frames = 1, 0
    for kind, body in _chunks(_clean_webp(content)):
        if kind == b"VP8X" and len(body) >= 10:
            animated, alpha = bool(body[0] & _ANIMATED), bool(body[0] & _ALPHA)
            size = (1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little"))
        elif kind in {b"VP8 ", b"VP8L"}:
            bitstream, has_alpha = _bitstream_size(kind, body)
            if size not in {None, bitstream}:
                raise _broken("its header and its picture data state different sizes")
            size, alpha = bitstream, alpha or has_alpha
        elif kind == b"ICCP" and 0 < len(body) <= MAX_ICC_BYTES:
            icc = body
        elif kind == b"EXIF":
            orientation = exif_orientation(body)
        frames += kind == b"ANMF"
    if size is None:
        raise _broken("it has no picture data")
    return StoredHeader(
        width=size[0],
        height=size[1],
        mode="rgba" if alpha else "rgb",
        orientation=orientation,
        frames=max(2, frames) if animated else 1,
        icc_profile=icc,
    )


def decode_webp(content: bytes) -> Image.Image:
    """The picture as it lies in the file.

    Raises:
        UnreadablePhoto: The file is shorter than it states.
    """
    image = WebPImageFile(io.BytesIO(_clean_webp(content)))
    image.load()
    return image


def _clean_webp(content: bytes) -> bytes:
    """The file without anything that follows its end."""
    end = 8 + int.from_bytes(content[4:8], "little")
    if len(content) < end or end < 20:
        raise UnreadablePhoto("the WebP photo is cut off before its end; send the whole file again")
    return content[:end]


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 12
    for _ in range(_MAX_CHUNKS):
        if position + 8 > len(content):
            return
        length = int.from_bytes(content[position + 4 : position + 8], "little")
        end = position + 8 + length
        if end > len(content):
            raise _broken("a part of it is longer than the file")
        yield content[position : position + 4], content[position + 8 : end]
        position = end + (length & 1)
    raise _broken(f"it has more than {_MAX_CHUNKS:,} parts")


def _bitstream_size(kind: bytes, body: bytes) -> tuple[tuple[int, int], bool]:
    """`(width, height)` and whether there is alpha, from the first bytes of a picture."""
    if kind == b"VP8 " and body[3:6] == _VP8_START and len(body) >= 10:
        width, height = int.from_bytes(body[6:8], "little"), int.from_bytes(body[8:10], "little")
        return (width & 0x3FFF, height & 0x3FFF), False
    if kind == b"VP8L" and body[:1] == b"\x2f" and len(body) >= 5:
        packed = int.from_bytes(body[1:5], "little")
        return (1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)), bool(packed >> 28 & 1)
    raise _broken("its picture data do not begin as they should")


def _broken(why: str) -> UnreadablePhoto:
    return UnreadablePhoto(f"the WebP photo is broken: {why}; take or export it again")
