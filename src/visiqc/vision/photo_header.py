"""What a photo file says about itself, judged before anything is decoded.

The format is told from the bytes, never from a name or a MIME type. Every limit is checked on the figures in
the header, so a file that would decode to gigabytes costs no more than the reading of a few hundred bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from visiqc.errors import BadRecipe, InputError, TooLarge, UnreadablePhoto, UnsupportedMedia
from visiqc.vision.photo_jpeg import read_jpeg_header
from visiqc.vision.photo_png import read_png_header
from visiqc.vision.photo_stored import StoredHeader
from visiqc.vision.photo_webp import read_webp_header

_WANTED = "wanted a JPEG, PNG or WebP photo"
_SEND = "save it as JPEG and send it again"
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_BMP_HEADER_SIZES = {12, 16, 40, 52, 56, 64, 108, 124}
_FOREIGN = (
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF or camera raw picture"),
    (b"MM\0*", "a TIFF or camera raw picture"),
    (b"II+\0", "a TIFF picture"),
    (b"%PDF", "a PDF document"),
    (b"8BPS", "a Photoshop document"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"PK\x03\x04", "a ZIP archive or office document"),
)
HEIC_ADVICE = (
    "on an iPhone choose Settings → Camera → Formats → Most Compatible and take the photo again, or send it as JPEG"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeLimits:
    """What is refused before it is decoded.

    Attributes:
        max_bytes: Largest file.
        max_pixels: Largest width × height stated by the header.
        max_side: Longest side in pixels.
        min_side: Shortest side in pixels.
    """

    max_bytes: int = 40 * 1024 * 1024
    max_pixels: int = 80_000_000
    max_side: int = 29_999
    min_side: int = 32

    def __post_init__(self) -> None:
        if not 1 <= self.min_side <= self.max_side or self.max_pixels < 1 or self.max_bytes < 1:
            raise BadRecipe(f"wanted positive limits with min_side <= max_side, got {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoHeader:
    """What the header of a photo states.

    Attributes:
        format: `jpeg`, `png`, `webp` or `heic`.
        width: Pixels across, once the photo stands upright.
        height: Pixels down, once the photo stands upright.
        orientation: EXIF orientation, 1 to 8; 1 = stored upright.
        bit_depth: Bits a channel.
        mode: `grey`, `grey+alpha`, `rgb`, `rgba`, `palette` or `cmyk`.
        frames: 1, or more for an animation.
        icc_profile: The embedded colour profile, unchecked, or None.
    """

    format: str
    width: int
    height: int
    orientation: int = 1
    bit_depth: int = 8
    mode: str = "rgb"
    frames: int = 1
    icc_profile: bytes | None = field(default=None, repr=False)

    @property
    def has_icc(self) -> bool:
        """Whether a colour profile is embedded."""
        return self.icc_profile is not None

    @property
    def stored_size(self) -> tuple[int, int]:
        """`(width, height)` as the pixels lie in the file, before the EXIF rotation."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


def inspect_header(content: bytes, limits: DecodeLimits | None = None) -> PhotoHeader:
    """Read the header and refuse what should not be decoded.

    Args:
        content: The file's bytes.
        limits: What is too large or too small; the defaults when None.

    Returns:
        What the header states; no pixel has been decoded.

    Raises:
        UnreadablePhoto: Empty, not a picture, a broken header, or a picture too small to judge.
        UnsupportedMedia: A picture or document in a format that is not read here, or an animation.
        TooLarge: The file or the picture is over a limit.
    """
    limits = limits or DecodeLimits()
    if not content:
        raise UnreadablePhoto(f"{_WANTED}, got an empty file (0 bytes); take or export the photo again")
    if len(content) > limits.max_bytes:
        raise TooLarge(
            f"the file has {len(content):,} bytes, the limit is {limits.max_bytes:,}; send the photo as JPEG"
        )
    kind = _format_of(content)
    stored = _read_heic(content) if kind == "heic" else _READERS[kind](content)
    _check_size(stored, limits)
    if stored.frames > 1:
        raise UnsupportedMedia(
            f"{_WANTED}, got an animation ({kind.upper()}, {stored.frames} frames); send one still photo"
        )
    turned = stored.orientation >= 5
    return PhotoHeader(
        format=kind,
        width=stored.height if turned else stored.width,
        height=stored.width if turned else stored.height,
        orientation=stored.orientation,
        bit_depth=stored.bit_depth,
        mode=stored.mode,
        frames=stored.frames,
        icc_profile=stored.icc_profile,
    )


def is_heic(start: bytes) -> bool:
    """Whether a file that begins with these bytes is HEIC; 256 of them are enough."""
    try:
        return _format_of(start) == "heic"
    except InputError:
        return False


_READERS: dict[str, Callable[[bytes], StoredHeader]] = {
    "jpeg": read_jpeg_header,
    "png": read_png_header,
    "webp": read_webp_header,
}


def _read_heic(content: bytes) -> StoredHeader:
    from visiqc.vision import heic

    if not heic.available():
        raise UnsupportedMedia(f"{_WANTED}, got HEIC, which this installation cannot read; {HEIC_ADVICE}")
    return heic.read_heic_header(content)


def _check_size(stored: StoredHeader, limits: DecodeLimits) -> None:
    width, height = stored.width, stored.height
    size = f"{width}×{height} pixels"
    if max(width, height) > limits.max_side:
        raise TooLarge(f"the photo is {size}, the longest side allowed is {limits.max_side:,}; send a smaller one")
    if width * height > limits.max_pixels:
        raise TooLarge(
            f"the photo is {size} ({width * height / 1e6:.0f} megapixels), "
            f"the limit is {limits.max_pixels / 1e6:.0f} megapixels; send a smaller one"
        )
    if min(width, height) < limits.min_side:
        raise UnreadablePhoto(
            f"the photo is {size}, the shortest side allowed is {limits.min_side}; "
            "send the original photo, not a thumbnail"
        )


def _format_of(content: bytes) -> str:
    """`jpeg`, `png`, `webp` or `heic`, by what the bytes are; every other kind is refused by its name."""
    if content.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    if content[4:8] == b"ftyp":
        return _iso_media(content)
    for signature, name in _FOREIGN:
        if content.startswith(signature):
            raise UnsupportedMedia(f"{_WANTED}, got {name}; {_SEND}")
    if content[:2] == b"BM" and int.from_bytes(content[14:18], "little") in _BMP_HEADER_SIZES:
        raise UnsupportedMedia(f"{_WANTED}, got a BMP picture; {_SEND}")
    raise _not_a_picture(content)


def _iso_media(content: bytes) -> str:
    """Tell HEIC, AVIF and video apart by the brands of their first box."""
    end = min(max(int.from_bytes(content[:4], "big"), 12), 256)
    major = content[8:12]
    brands = {major, *(content[i : i + 4] for i in range(16, end - 3, 4))}
    if brands & _AVIF_BRANDS and not major.startswith(b"he"):
        raise UnsupportedMedia(f"{_WANTED}, got an AVIF picture; {_SEND}")
    if brands & _HEIF_BRANDS:
        return "heic"
    raise UnsupportedMedia(f"{_WANTED}, got a video; send a still photo")


def _not_a_picture(content: bytes) -> UnreadablePhoto | UnsupportedMedia:
    start = content[:1024]
    if b"<svg" in start.lower():
        return UnsupportedMedia(f"{_WANTED}, got an SVG drawing; send a photo of the real piece")
    try:
        text = start.decode("utf-8", errors="strict" if len(content) <= len(start) else "ignore")
    except UnicodeDecodeError:
        text = "\0"
    if all(letter.isprintable() or letter.isspace() for letter in text):
        return UnreadablePhoto(f"{_WANTED}, got a text file of {len(content):,} bytes; choose the photo itself")
    return UnreadablePhoto(
        f"{_WANTED}, got {len(content):,} bytes of no picture format known here; open it on your "
        "phone or computer, and if it shows there, export it as JPEG"
    )
