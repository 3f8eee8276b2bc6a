"""Photo files made in code: good ones of every kind, odd ones, and hostile ones. Nothing binary is committed."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageCms

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
ORIENTATION = 0x0112


def picture(height: int = 48, width: int = 64, *, seed: int = 0) -> np.ndarray:
    """(H, W, 3) uint8: coarse blobs of colour and finer ones of light, as in a photo, under a little noise."""
    rng = np.random.default_rng(seed)
    total = np.full((height, width, 3), 127, np.float32)
    for cells, channels, strength in ((3, 3, 40), (12, 1, 30), (30, 1, 12)):
        coarse = rng.normal(size=(cells, cells, channels)).astype(np.float32)
        total += strength * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).reshape(
            height, width, -1
        )
    total += rng.normal(size=total.shape).astype(np.float32)
    return np.clip(total, 0, 255).astype(np.uint8)


def quadrants(height: int = 48, width: int = 64) -> np.ndarray:
    """Red, green over blue, white: every turn and mirroring of it is different."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[: height // 2, : width // 2] = (255, 0, 0)
    pixels[: height // 2, width // 2 :] = (0, 255, 0)
    pixels[height // 2 :, : width // 2] = (0, 0, 255)
    return pixels


def encoded(pixels: np.ndarray | Image.Image, kind: str = "JPEG", *, orientation: int = 1, **options: Any) -> bytes:
    """A file of `kind`, with an EXIF orientation unless it is 1."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    if orientation != 1:
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        options["exif"] = exif
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk with its right checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def raw_png(
    width: int, height: int, rows: bytes, *, depth: int = 8, colour: int = 2, interlace: int = 0, extra: bytes = b""
) -> bytes:
    """A PNG whose header says what it likes; `rows` are the filtered bytes before deflation."""
    ihdr = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return (
        PNG_SIGNATURE
        + png_chunk(b"IHDR", ihdr)
        + extra
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
    )


def png_rows(values: np.ndarray) -> bytes:
    """Unfiltered rows of an array, 16-bit ones in the order PNG wants."""
    big_endian = values.astype(">u2") if values.dtype == np.uint16 else values
    return b"".join(b"\0" + row.tobytes() for row in big_endian)


def with_jpeg_size(content: bytes, width: int, height: int) -> bytes:
    """A JPEG whose frame header lies about its size."""
    frame = next(at for m in (b"\xff\xc0", b"\xff\xc2") if (at := content.find(m)) > 0)
    return content[: frame + 5] + struct.pack(">HH", height, width) + content[frame + 9 :]


def with_jpeg_segment(content: bytes, marker: int, body: bytes) -> bytes:
    """A JPEG with one more segment right after its start."""
    return content[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body + content[2:]


def display_p3_profile() -> bytes:
    """Pillow's sRGB profile with the primaries of Display P3 (SMPTE EG 432-1, adapted to D50)."""
    profile = bytearray(srgb_profile())
    columns = {
        b"rXYZ": (0.51512, 0.2412, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.1571, 0.06657, 0.78407),
    }
    for index in range(struct.unpack(">I", profile[128:132])[0]):
        entry = 132 + 12 * index
        if column := columns.get(bytes(profile[entry : entry + 4])):
            offset = struct.unpack(">I", profile[entry + 4 : entry + 8])[0]
            profile[offset + 8 : offset + 20] = b"".join(struct.pack(">i", round(v * 65536)) for v in column)
    return bytes(profile)


def srgb_profile() -> bytes:
    """An sRGB profile as cameras embed it."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def iso_media(major: bytes, *compatible: bytes) -> bytes:
    """The first box of a HEIC, AVIF or video file, and nothing that could be decoded."""
    body = major + bytes(4) + b"".join(compatible)
    return struct.pack(">I", 8 + len(body)) + b"ftyp" + body + bytes(64)


def good_files() -> dict[str, bytes]:
    """Files of every kind that must decode; all show `picture()` or something like it."""
    pixels = picture()
    image = Image.fromarray(pixels)
    wide = pixels.astype(np.uint16) * 257
    grey = image.convert("L")
    alpha = Image.merge("RGBA", (*image.split(), grey))
    return {
        "jpeg": encoded(pixels, quality=90),
        "jpeg progressive": encoded(pixels, progressive=True),
        "jpeg restart markers": encoded(pixels, restart_marker_blocks=2),
        "jpeg 4:4:4 with everything": encoded(
            pixels, subsampling=0, orientation=6, icc_profile=display_p3_profile(), comment=b"hello"
        ),
        "jpeg grey": encoded(grey),
        "jpeg cmyk": encoded(image.convert("CMYK")),
        "jpeg then a video": encoded(pixels) + iso_media(b"mp42", b"isom"),
        "mpo": encoded(pixels, "MPO", save_all=True, append_images=[Image.fromarray(picture(seed=1))]),
        "png": encoded(pixels, "PNG"),
        "png interlaced": raw_png(64, 48, _adam7(pixels), interlace=1),
        "png palette": encoded(image.quantize(16), "PNG"),
        "png palette transparent": encoded(image.quantize(16), "PNG", transparency=0),
        "png one bit": encoded(image.convert("1"), "PNG"),
        "png grey": encoded(grey, "PNG"),
        "png grey alpha": encoded(Image.merge("LA", (grey, grey)), "PNG"),
        "png rgba": encoded(alpha, "PNG"),
        "png 16-bit grey": raw_png(64, 48, png_rows(wide[..., 0]), depth=16, colour=0),
        "png 16-bit rgb": raw_png(64, 48, png_rows(wide), depth=16),
        "png turned": encoded(pixels, "PNG", orientation=5),
        "png p3": encoded(pixels, "PNG", icc_profile=display_p3_profile()),
        "webp": encoded(pixels, "WEBP"),
        "webp lossless": encoded(pixels, "WEBP", lossless=True),
        "webp alpha": encoded(alpha, "WEBP", orientation=8),
    }


def animated(kind: str) -> bytes:
    """A moving picture of three frames: PNG, WEBP or GIF."""
    frames = [Image.fromarray(picture(seed=seed)) for seed in range(3)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:])


def foreign_files() -> dict[str, bytes]:
    """Whole files of formats that are not read, by a word of the answer they must get."""
    pixels = picture()
    return {
        "GIF": encoded(pixels, "GIF"),
        "TIFF": encoded(pixels, "TIFF"),
        "BMP": encoded(pixels, "BMP"),
        "AVIF": iso_media(b"avif", b"mif1", b"miaf"),
        "video": iso_media(b"mp42", b"isom"),
        "SVG": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>',
        "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40),
        "ZIP": b"PK\x03\x04" + bytes(40),
        "animation (PNG": animated("PNG"),
        "animation (WEBP": animated("WEBP"),
    }


def broken_files() -> dict[str, bytes]:
    """Files that must be refused as unreadable, by what is wrong with them."""
    pixels = picture()
    jpeg, png, webp = encoded(pixels), encoded(pixels, "PNG"), encoded(pixels, "WEBP")
    progressive = encoded(pixels, progressive=True)
    short = raw_png(64, 48, png_rows(pixels[:30]))
    end = jpeg.rfind(b"\xff\xd9")
    return {
        "empty": b"",
        "text": "Ceci n'est pas une photo: voilà.\n".encode(),
        "zeros": bytes(4096),
        "noise": np.random.default_rng(0).bytes(4096),
        "jpeg start only": jpeg[:3],
        "jpeg half": jpeg[: len(jpeg) // 2],
        "jpeg without its end marker": jpeg[:end],
        "jpeg filled up with zeros": jpeg[: len(jpeg) // 2] + bytes(len(jpeg) // 2),
        "jpeg half, closed again": jpeg[: len(jpeg) // 2] + b"\xff\xd9",
        "jpeg progressive half, closed again": progressive[: len(progressive) // 2] + b"\xff\xd9",
        "jpeg that states a larger size": with_jpeg_size(jpeg, 640, 480),
        "jpeg without a frame": b"\xff\xd8\xff\xd9",
        "jpeg of a thousand scans": jpeg[:end] + jpeg[jpeg.find(b"\xff\xda") : end] * 1000 + b"\xff\xd9",
        "jpeg of a million segments": b"\xff\xd8" + b"\xff\xfe\0\2" * 1_000_000,
        "jpeg of padding": b"\xff\xd8" + b"\xff" * 1_000_000,
        "jpeg of five channels": jpeg.replace(b"\0\x11\x08\0\x30\0\x40\3", b"\0\x11\x08\0\x30\0\x40\5"),
        "png signature only": png[:8],
        "png half": png[: len(png) // 2],
        "png with one bit changed": _flipped(png, len(png) // 2),
        "png without all its rows": short,
        "png interlaced without all its rows": raw_png(64, 48, _adam7(pixels)[:-200], interlace=1),
        "png of 3 bits": raw_png(64, 48, png_rows(pixels), depth=3),
        "png of a million chunks": png[:33] + png_chunk(b"teXt", b"") * 300_000 + png[33:],
        "webp half": webp[: len(webp) // 2],
        "webp without a picture": b"RIFF" + struct.pack("<I", 16) + b"WEBPJUNK" + struct.pack("<I", 4) + bytes(4),
        "1×1": encoded(pixels[:1, :1], "PNG"),
        "31 pixels high": encoded(pixels[:31]),
    }


def oversized_files() -> dict[str, bytes]:
    """Small files that state sizes over a limit; decoding any of them would take gigabytes."""
    jpeg = encoded(picture())
    return {
        "jpeg 65535×65535": with_jpeg_size(jpeg, 65535, 65535),
        "jpeg 30000×30000": with_jpeg_size(jpeg, 30000, 30000),
        "jpeg 30000×40": with_jpeg_size(jpeg, 30000, 40),
        "png 2147483647×2147483647": raw_png(2**31 - 1, 2**31 - 1, bytes(1000)),
        "png 30000×30000": raw_png(30000, 30000, bytes(1000)),
        "png 10000×10000": raw_png(10000, 10000, bytes(1000)),
        "webp 16383×16383": _large_webp(),
    }


def truncations(content: bytes, *, every: int) -> Iterator[bytes]:
    """The file cut off at every `every`-th byte."""
    return (content[:length] for length in range(1, len(content) - 1, every))


def _flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes((content[at] ^ 0x10,)) + content[at + 1 :]


def _large_webp() -> bytes:
    """A lossy WebP whose frame header states the largest size there is."""
    webp = encoded(picture(), "WEBP")
    at = webp.find(b"\x9d\x01\x2a") + 3
    return webp[:at] + struct.pack("<HH", 16383, 16383) + webp[at + 4 :]


def _adam7(pixels: np.ndarray) -> bytes:
    """Rows in the seven passes of an interlaced PNG."""
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    return b"".join(png_rows(pixels[y::dy, x::dx]) for x, y, dx, dy in passes)
