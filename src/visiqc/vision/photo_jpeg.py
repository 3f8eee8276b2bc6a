"""JPEG: what the header says, whether the file is whole, and its pixels.

Source: ITU-T T.81 annex B (markers), T.872 (Adobe), ICC.1:2022 annex B.4 (profile in APP2), CIPA DC-007 (MPO).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from visiqc.errors import UnreadablePhoto
from visiqc.vision.photo_stored import MAX_ICC_BYTES, StoredHeader, exif_orientation

_MAX_SEGMENTS = 4096  # a phone writes 10 to 100; a header made of millions is an attack on time
_MAX_SCANS = 64  # progressive files have about 10; each scan walks every coefficient again
_SOI, _EOI, _SOS, _DNL = 0xD8, 0xD9, 0xDA, 0xDC
_TABLES = {0xC4, 0xCC, 0xDB, 0xDD}  # Huffman, arithmetic, quantisation, restart interval
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_EXIF, _ICC, _ADOBE, _JFIF = b"Exif\0\0", b"ICC_PROFILE\0", b"Adobe", b"JFIF\0"
_MODES = {1: "grey", 3: "rgb", 4: "cmyk"}
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_MARKER = re.compile(rb"\xff+([^\xff])")


class _Segment(NamedTuple):
    marker: int
    start: int
    """Where its two length bytes stand."""
    end: int


def read_jpeg_header(content: bytes) -> StoredHeader:
    """The header of a JPEG file, or of the first picture of an MPO.

    Raises:
        UnreadablePhoto: No frame header, or one that is broken or of a kind no camera writes.
    """
    frame: bytes | None = None
    exif = b""
    icc: dict[int, bytes] = {}
    for segment in _header_segments(content):
        body = content[segment.start + 2 : segment.end]
        if segment.marker in _FRAMES:
            frame = frame or body
        elif segment.marker == 0xE1 and body.startswith(_EXIF):
            exif = exif or body
        elif segment.marker == 0xE2 and body.startswith(_ICC) and len(body) > 14:
            icc.setdefault(body[12], body[14:])
    if frame is None or len(frame) < 6:
        raise _broken("it has no frame header")
    components = frame[5]
    if components not in _MODES or len(frame) < 6 + 3 * components:
        raise _broken(f"its frame header states {components} colour channels")
    profile = b"".join(icc[number] for number in sorted(icc))
    return StoredHeader(
        width=int.from_bytes(frame[3:5], "big"),
        height=int.from_bytes(frame[1:3], "big"),
        bit_depth=frame[0],
        mode=_MODES[components],
        orientation=exif_orientation(exif),
        icc_profile=profile if 0 < len(profile) <= MAX_ICC_BYTES else None,
    )


def decode_jpeg(content: bytes, *, shrink: int) -> Image.Image:
    """The first picture, with what reduction the format itself offers.

    Args:
        content: The file's bytes.
        shrink: The result may be smaller by this factor, not more; 1/2, 1/4 and 1/8 save time.

    Returns:
        Grey, RGB or CMYK, as it lies in the file: neither turned nor colour-managed.

    Raises:
        UnreadablePhoto: The file or the picture in it is cut off, or the header is broken.
    """
    stream = _clean_jpeg(content)
    image = _WatchedJpeg(io.BytesIO(stream.content))
    image.single_scan = stream.single_scan
    factor = next(k for k in (8, 4, 2, 1) if k <= shrink)
    if factor > 1:
        image.draft(image.mode, (max(1, image.width // factor), max(1, image.height // factor)))
    image.load()
    return image


class _Stream(NamedTuple):
    content: bytes
    """What decoding needs, without the end marker."""
    single_scan: bool


class _WatchedJpeg(JpegImageFile):
    """Notices a picture whose data end before its last row.

    Given an early end marker libjpeg fills the rest with grey and merely warns, which Pillow cannot hear. So the
    marker is held back, the last row is marked beforehand, and the marker follows when the row has been written.
    """

    single_scan = True
    # padding for the decoder's lookahead, the end marker, nothing
    _endings: tuple[bytes, ...] = (bytes(16), b"\xff\xd9", b"")
    _row_marks = (1, 254)

    def load_prepare(self) -> None:
        super().load_prepare()
        middle, bottom = self.width // 2, self.height - 1
        for mark, left, right in zip(self._row_marks, (0, middle), (middle, self.width), strict=True):
            self.im.paste(self._colour(mark), (left, bottom, right, self.height))

    def load_read(self, read_bytes: int) -> bytes:
        if part := super().load_read(read_bytes):
            return part
        ending, *later = self._endings
        self._endings = tuple(later) or (b"",)
        if ending == b"\xff\xd9" and self.single_scan and self._last_row_is_as_marked():
            raise _truncated()
        return ending

    def _colour(self, mark: int) -> int | tuple[int, ...]:
        bands = len(self.getbands())
        return mark if bands == 1 else (mark,) * bands

    def _last_row_is_as_marked(self) -> bool:
        middle, bottom = self.width // 2, self.height - 1
        probes = ((0, 0), (middle // 2, 0), (middle, 1), (self.width - 1, 1))
        return all(self.im.getpixel((x, bottom)) == self._colour(self._row_marks[side]) for x, side in probes)


def _clean_jpeg(content: bytes) -> _Stream:
    """The first picture's stream with nothing in it but what decoding needs.

    Metadata, thumbnails, further pictures (MPO) and what follows the end marker (motion photos) are left out.
    """
    kept = [b"\xff\xd8"]
    frame = b""
    scans_from = 0
    for segment in _header_segments(content):
        if segment.marker == _SOS:
            scans_from = segment.start - 2
        elif _is_needed(segment.marker, content[segment.start + 2 : segment.start + 8]):
            kept += [bytes((0xFF, segment.marker)), content[segment.start : segment.end]]
            frame = content[segment.start + 2 : segment.end] if segment.marker in _FRAMES else frame
    if not scans_from or len(frame) < 6:
        raise _broken("it has no picture data")
    end, scans = _walk_scans(content, scans_from)
    _require_all_coefficients(frame[6::3], scans)
    kept.append(content[scans_from : end - 2])
    return _Stream(b"".join(kept), single_scan=len(scans) == 1)


def _is_needed(marker: int, start: bytes) -> bool:
    if marker == 0xE0:
        return start.startswith(_JFIF)
    if marker == 0xEE:
        return start.startswith(_ADOBE)
    return marker in _TABLES or marker in _FRAMES


def _header_segments(content: bytes) -> Iterator[_Segment]:
    """Every segment from the start marker to the first scan's header, that one included."""
    position = 2
    for _ in range(_MAX_SEGMENTS):
        found = _MARKER.match(content, position)
        if found is None:
            raise _truncated() if position >= len(content) else _broken("bytes stand where a marker should")
        segment = _segment(content, found[1][0], found.end())
        yield segment
        if segment.marker == _SOS:
            return
        position = segment.end
    raise _broken(f"its header has more than {_MAX_SEGMENTS} parts")


def _segment(content: bytes, marker: int, start: int) -> _Segment:
    if marker in {0x00, 0x01, _SOI, _EOI} or 0xD0 <= marker <= 0xD7:
        raise _broken("it has no picture data")
    length = int.from_bytes(content[start : start + 2], "big")
    if start + 2 > len(content) or start + length > len(content):
        raise _truncated()
    if length < 2:
        raise _broken("a part of it states an impossible length")
    return _Segment(marker, start, start + length)


def _walk_scans(content: bytes, position: int) -> tuple[int, list[bytes]]:
    """Where the first picture ends, its end marker included, and the headers of its scans."""
    scans: list[bytes] = []
    while found := _MARKER_IN_SCAN.search(content, position):
        marker = content[found.end() - 1]
        if marker == _EOI:
            return found.end(), scans
        if marker not in _TABLES | {_SOS, _DNL} and not 0xE0 <= marker <= 0xFE:
            raise _broken("a stray marker stands in its picture data")
        segment = _segment(content, marker, found.end())
        if marker == _SOS:
            scans.append(content[segment.start + 2 : segment.end])
        if len(scans) > _MAX_SCANS:
            raise _broken(f"it has more than {_MAX_SCANS} scans")
        position = segment.end
    raise _truncated()


def _require_all_coefficients(components: bytes, scans: Sequence[bytes]) -> None:
    """Refuse a file whose scans leave a channel without its mean, or brightness without its detail.

    Files of several scans (progressive ones) that were cut off and closed again would come out blurred or grey.
    """
    final: dict[int, set[int]] = {component: set() for component in components}
    for scan in scans:
        count = scan[0] if scan else 0
        if len(scan) != 4 + 2 * count:
            raise _broken("a scan header has the wrong length")
        first, last, precision = scan[-3:]
        if precision & 0x0F == 0:  # coefficients in full, or the last bit of them
            for component in scan[1 : 1 + 2 * count : 2]:
                final.setdefault(component, set()).update(range(first, last + 1))
    brightness = final[components[0]]
    if any(0 not in found for found in final.values()) or not brightness.issuperset(range(64)):
        raise _truncated()


def _truncated() -> UnreadablePhoto:
    return UnreadablePhoto("the JPEG photo is cut off before its end; send the whole file again")


def _broken(why: str) -> UnreadablePhoto:
    return UnreadablePhoto(f"the JPEG photo is broken: {why}; take or export it again")
