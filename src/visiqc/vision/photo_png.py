"""PNG: what the header says, whether the file is whole, and its pixels.

Source: W3C, Portable Network Graphics (PNG) Specification, third edition, sections 5, 7, 11.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from visiqc.errors import UnreadablePhoto
from visiqc.vision.photo_stored import MAX_ICC_BYTES, StoredHeader, exif_orientation

_SIGNATURE = 8
_MAX_CHUNKS = 200_000
_MODES = {0: "grey", 2: "rgb", 3: "palette", 4: "grey+alpha", 6: "rgba"}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


class _Chunk(NamedTuple):
    kind: bytes
    start: int
    """Where its four length bytes stand."""
    end: int

    def body(self, content: bytes) -> bytes:
        return content[self.start + 8 : self.end - 4]


def read_png_header(content: bytes) -> StoredHeader:
    """The header of a PNG file; an animated PNG has more than one frame.

    Raises:
        UnreadablePhoto: The header is broken.
    """
    width, height, depth, colour, _ = _ihdr(content)
    icc: bytes | None = None
    orientation = frames = 1
    for chunk in _chunks(content):
        if chunk.kind == b"IDAT":
            break
        if chunk.kind == b"iCCP" and chunk.end - chunk.start <= MAX_ICC_BYTES:
            icc = _profile(chunk.body(content))
        elif chunk.kind == b"eXIf":
            orientation = exif_orientation(chunk.body(content))
        elif chunk.kind == b"acTL":
            frames = max(2, int.from_bytes(chunk.body(content)[:4], "big"))
    return StoredHeader(
        width=width,
        height=height,
        bit_depth=depth,
        mode=_MODES[colour],
        orientation=orientation,
        frames=frames,
        icc_profile=icc,
    )


def decode_png(content: bytes) -> Image.Image:
    """The picture, of whatever mode Pillow gives it, as it lies in the file.

    Raises:
        UnreadablePhoto: The file is cut off, rows are missing, or bytes have been changed.
    """
    clean = _clean_png(content)
    image = PngImageFile(io.BytesIO(clean))
    interlaced = bool(image.info.get("interlace"))
    image.load()
    last_row = image.crop((0, image.height - 1, image.width, image.height))
    if interlaced or not np.asarray(last_row).any():
        _require_all_rows(clean)
    return image


def _clean_png(content: bytes) -> bytes:
    """The file with nothing in it but what decoding needs, every checksum verified."""
    kept = [content[:_SIGNATURE]]
    view = memoryview(content)
    for chunk in _chunks(content):
        if chunk.kind not in _NEEDED:
            continue
        stated = int.from_bytes(content[chunk.end - 4 : chunk.end], "big")
        if zlib.crc32(view[chunk.start + 4 : chunk.end - 4]) != stated:
            raise _broken("its checksum is wrong, so bytes were changed on the way")
        kept.append(content[chunk.start : chunk.end])
        if chunk.kind == b"IEND":
            return b"".join(kept)
    raise _truncated()


def _require_all_rows(content: bytes) -> None:
    """Inflate the picture data, keeping none of it, and refuse it when rows are missing.

    Pillow leaves rows black that the data do not reach. This costs a second inflation, so it is asked only
    where the picture does end in black or is interlaced.
    """
    width, height, depth, colour, interlaced = _ihdr(content)
    bits = depth * _CHANNELS[colour]
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    wanted = 0
    for x, y, step_x, step_y in passes:
        columns, rows = -(-(width - x) // step_x), -(-(height - y) // step_y)
        wanted += rows * (1 + (columns * bits + 7) // 8) if columns > 0 else 0
    if _inflated_size(content, wanted) < wanted:
        raise _truncated()


def _inflated_size(content: bytes, enough: int) -> int:
    inflater = zlib.decompressobj()
    size = 0
    for chunk in _chunks(content):
        if chunk.kind != b"IDAT":
            continue
        pending = chunk.body(content)
        while pending and not inflater.eof and size < enough:
            size += len(inflater.decompress(pending, 1 << 20))
            pending = inflater.unconsumed_tail
    while not inflater.eof and size < enough and (rest := inflater.decompress(b"", 1 << 20)):
        size += len(rest)
    return size


def _ihdr(content: bytes) -> tuple[int, int, int, int, bool]:
    """Width, height, bit depth, colour type and whether it is interlaced."""
    first = next(_chunks(content), None)
    body = first.body(content) if first and first.kind == b"IHDR" else b""
    if len(body) != 13:
        raise _broken("it does not begin with a header")
    depth, colour, interlace = body[8], body[9], body[12]
    if depth not in _DEPTHS.get(colour, set()) or interlace > 1:
        raise _broken(f"its header states colour type {colour} with {depth} bits")
    return int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big"), depth, colour, bool(interlace)


def _chunks(content: bytes) -> Iterator[_Chunk]:
    position = _SIGNATURE
    for _ in range(_MAX_CHUNKS):
        if position + 12 > len(content):
            raise _truncated()
        length = int.from_bytes(content[position : position + 4], "big")
        chunk = _Chunk(content[position + 4 : position + 8], position, position + 12 + length)
        if chunk.end > len(content):
            raise _truncated()
        yield chunk
        if chunk.kind == b"IEND":
            return
        position = chunk.end
    raise _broken(f"it has more than {_MAX_CHUNKS:,} parts")


def _profile(body: bytes) -> bytes | None:
    """The inflated profile of an iCCP chunk; None when it is broken or too long."""
    _, separator, rest = body.partition(b"\0")
    if not separator:
        return None
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(rest[1:], MAX_ICC_BYTES)
    except zlib.error:
        return None
    return profile if inflater.eof and profile else None


def _truncated() -> UnreadablePhoto:
    return UnreadablePhoto("the PNG photo is cut off before its end; send the whole file again")


def _broken(why: str) -> UnreadablePhoto:
    return UnreadablePhoto(f"the PNG photo is broken: {why}; take or export it again")
