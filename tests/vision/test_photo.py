"""The door for photos: what comes in as bytes comes out as upright sRGB."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from corpus import (
    animated,
    broken_files,
    display_p3_profile,
    encoded,
    foreign_files,
    good_files,
    iso_media,
    oversized_files,
    picture,
    png_rows,
    quadrants,
    raw_png,
    srgb_profile,
    truncations,
    with_jpeg_segment,
)
from visiqc.errors import BadRecipe, ShapeMismatch, TooLarge, UnreadablePhoto, UnsupportedMedia
from visiqc.vision import heic
from visiqc.vision.photo import DecodeLimits, decode_rgb, inspect_header, preprocess

GOOD, FOREIGN, BROKEN, OVERSIZED = good_files(), foreign_files(), broken_files(), oversized_files()
TURNED = {"jpeg 4:4:4 with everything", "png turned", "webp alpha"}


def mean_difference(a: np.ndarray, b: np.ndarray) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.mark.parametrize("name", GOOD)
def test_every_good_file_becomes_an_upright_rgb_photo_of_the_size_its_header_says(name: str) -> None:
    header, photo = inspect_header(GOOD[name]), decode_rgb(GOOD[name])
    assert (header.width, header.height) == ((48, 64) if name in TURNED else (64, 48))
    assert photo.shape == (header.height, header.width, 3)
    assert photo.dtype == np.uint8
    assert photo.flags.c_contiguous
    assert photo.flags.writeable


@pytest.mark.parametrize("name", ["jpeg", "jpeg progressive", "mpo", "jpeg then a video", "jpeg cmyk", "png", "webp"])
def test_colours_survive_the_door(name: str) -> None:
    assert mean_difference(decode_rgb(GOOD[name]), picture()) < 6


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_unreadable(name: str) -> None:
    with pytest.raises(UnreadablePhoto, match=r"wanted|again|original|take or export"):
        decode_rgb(BROKEN[name])


@pytest.mark.parametrize("name", FOREIGN)
def test_another_format_is_refused_by_what_its_bytes_are(name: str) -> None:
    with pytest.raises(UnsupportedMedia) as refused:
        inspect_header(FOREIGN[name])
    assert name in str(refused.value)


@pytest.mark.parametrize("name", OVERSIZED)
def test_a_header_that_states_too_many_pixels_is_refused_before_decoding(name: str) -> None:
    with pytest.raises(TooLarge, match=r"\d+×\d+ pixels"):
        decode_rgb(OVERSIZED[name])


def test_a_file_over_the_byte_limit_is_refused() -> None:
    with pytest.raises(TooLarge, match="limit is 100"):
        inspect_header(GOOD["jpeg"], DecodeLimits(max_bytes=100))


def test_the_pixel_limit_is_configurable() -> None:
    assert inspect_header(GOOD["jpeg"], DecodeLimits(max_pixels=64 * 48)).width == 64
    with pytest.raises(TooLarge):
        inspect_header(GOOD["jpeg"], DecodeLimits(max_pixels=64 * 48 - 1))


def test_a_limit_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(BadRecipe, match="min_side"):
        DecodeLimits(min_side=100, max_side=50)


@pytest.mark.skipif(heic.available(), reason="the [heic] extra is installed")
def test_heic_without_the_extra_says_how_to_switch_the_phone() -> None:
    with pytest.raises(UnsupportedMedia, match="Camera → Formats → Most Compatible"):
        inspect_header(iso_media(b"heic", b"mif1", b"heic"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_exif_orientation_is_applied_exactly_once(kind: str, orientation: int) -> None:
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    content = encoded(quadrants(), kind, orientation=orientation, **options)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB"))
    assert np.array_equal(decode_rgb(content), expected)
    assert inspect_header(content).orientation == orientation


@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM", b"Exif\0\0nonsense", b"Exif\0\0"])
def test_broken_exif_is_read_as_upright(exif: bytes) -> None:
    content = with_jpeg_segment(GOOD["jpeg"], 0xE1, exif)
    assert inspect_header(content).orientation == 1
    assert np.array_equal(decode_rgb(content), decode_rgb(GOOD["jpeg"]))


@pytest.mark.parametrize("max_side", [700, 500, 320, 100, 40])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_max_side_bounds_the_longer_side_and_keeps_the_picture(kind: str, max_side: int) -> None:
    pixels = picture(600, 800)
    photo = decode_rgb(encoded(pixels, kind, compress_level=1, quality=90), max_side=max_side)
    expected = cv2.resize(pixels, (max_side, max_side * 3 // 4), interpolation=cv2.INTER_AREA)
    assert mean_difference(photo, expected) < 2


def test_a_turned_photo_is_reduced_by_its_longer_side_too() -> None:
    content = encoded(picture(600, 800), orientation=6)
    assert decode_rgb(content, max_side=200).shape == (200, 150, 3)


def test_a_small_photo_is_never_enlarged() -> None:
    assert decode_rgb(GOOD["png"], max_side=1024).shape == (48, 64, 3)


def test_a_max_side_too_small_to_show_anything_is_refused() -> None:
    with pytest.raises(BadRecipe, match="at least 32"):
        decode_rgb(GOOD["png"], max_side=31)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_display_p3_becomes_srgb(kind: str) -> None:
    red = np.full((48, 64, 3), (200, 60, 50), np.uint8)
    photo = decode_rgb(encoded(red, kind, icc_profile=display_p3_profile()))
    # CSS Color 4: color(display-p3 .784 .235 .196) is rgb(216 42 39) in sRGB.
    assert np.abs(photo[24, 32].astype(int) - (216, 42, 39)).max() <= 6


def test_an_srgb_profile_changes_no_pixel() -> None:
    content = encoded(picture(), "PNG", icc_profile=srgb_profile())
    assert inspect_header(content).has_icc
    assert np.array_equal(decode_rgb(content), picture())


@pytest.mark.parametrize("profile", [b"not a profile", srgb_profile()[:200], bytes(5000)])
def test_a_broken_profile_is_ignored(profile: bytes) -> None:
    assert np.array_equal(decode_rgb(encoded(picture(), "PNG", icc_profile=profile)), picture())


def test_a_profile_for_another_kind_of_picture_is_ignored() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert np.array_equal(decode_rgb(encoded(picture(), "PNG", icc_profile=lab)), picture())


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(np.uint16)
    photo = decode_rgb(raw_png(64, 48, png_rows(ramp), depth=16, colour=0))
    assert np.abs(photo[..., 0].astype(float) - ramp / 257).max() <= 1


def test_sixteen_bit_colour_is_scaled_not_clipped() -> None:
    wide = picture().astype(np.uint16) * 257
    assert np.array_equal(decode_rgb(raw_png(64, 48, png_rows(wide), depth=16)), picture())


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_is_transparent_lies_on_white(kind: str) -> None:
    layer = Image.fromarray(picture()).convert("RGBA")
    layer.putalpha(Image.fromarray(np.repeat([[0], [255]], 24, axis=0).astype(np.uint8).repeat(64, axis=1)))
    photo = decode_rgb(encoded(layer, kind, lossless=True) if kind == "WEBP" else encoded(layer, kind))
    assert (photo[:24] == 255).all()
    assert np.array_equal(photo[24:], picture()[24:])


def test_a_palette_colour_declared_transparent_becomes_white() -> None:
    dots = Image.fromarray((quadrants()[..., 0] > 0).astype(np.uint8), "L")
    dots.putpalette([10, 20, 30, 200, 100, 50])
    dots = Image.frombytes("P", dots.size, dots.tobytes())
    dots.putpalette([10, 20, 30, 200, 100, 50])
    photo = decode_rgb(encoded(dots, "PNG", transparency=0))
    assert sorted(map(tuple, np.unique(photo.reshape(-1, 3), axis=0).tolist())) == [(200, 100, 50), (255, 255, 255)]


def test_adobe_cmyk_is_not_read_as_a_negative() -> None:
    cmyk = Image.new("CMYK", (64, 48), (0, 200, 200, 20))  # a strong red
    red, green, blue = decode_rgb(encoded(cmyk, quality=95))[24, 32]
    assert red > 200
    assert max(green, blue) < 90


def test_only_the_first_picture_of_an_mpo_is_read() -> None:
    assert inspect_header(GOOD["mpo"]).format == "jpeg"
    assert np.array_equal(decode_rgb(GOOD["mpo"]), decode_rgb(encoded(picture())))


@pytest.mark.parametrize("name", ["jpeg", "jpeg progressive", "jpeg restart markers", "png", "webp"])
def test_no_truncation_is_decoded_as_a_half_grey_picture(name: str) -> None:
    for cut in truncations(GOOD[name], every=7):
        with pytest.raises(UnreadablePhoto):
            decode_rgb(cut)


def test_a_photo_that_truly_ends_in_black_is_read() -> None:
    pixels = picture()
    pixels[-10:] = 0
    assert np.array_equal(decode_rgb(encoded(pixels, "PNG")), pixels)


def test_an_animation_is_refused_with_advice() -> None:
    with pytest.raises(UnsupportedMedia, match=r"3 frames.*one still photo"):
        decode_rgb(animated("WEBP"))


def test_threads_decode_alike() -> None:
    contents = list(GOOD.values()) * 3
    alone = [decode_rgb(content) for content in contents]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(decode_rgb, contents))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


def test_preprocess_is_the_published_formula() -> None:
    photos = [picture(40, 56), picture(40, 56, seed=1)]
    batch = preprocess(photos)
    assert batch.shape == (2, 3, 40, 56)
    assert batch.dtype == np.float32
    assert batch.flags.c_contiguous
    expected = (np.stack(photos).transpose(0, 3, 1, 2).astype(np.float32) - 127) / 128
    assert np.array_equal(batch, expected)


def test_preprocess_reads_a_crop_that_is_not_contiguous() -> None:
    pixels = picture(60, 80)
    assert np.array_equal(preprocess([pixels[10:50, 5:69]]), preprocess([pixels[10:50, 5:69].copy()]))


@pytest.mark.parametrize("photos", [[], [picture(40, 56), picture(56, 40)]])
def test_preprocess_refuses_photos_of_different_sizes_and_none(photos: list[np.ndarray]) -> None:
    with pytest.raises(ShapeMismatch, match=r"one size, got"):
        preprocess(photos)
