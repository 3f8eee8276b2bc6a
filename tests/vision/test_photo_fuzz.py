"""Whatever bytes come in, a photo or one of our own errors comes out, quietly and in bounded memory."""

from __future__ import annotations

import random
import struct
import sys
import zlib
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus import broken_files, foreign_files, good_files, oversized_files, png_chunk, truncations, with_jpeg_size
from visiqc.errors import VisiQCError
from visiqc.vision.photo import decode_rgb, inspect_header

GOOD = good_files()
SEEDS = [*GOOD.values(), *foreign_files().values()]
MAX_SIDES = (None, 40)
QUICK = settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
LONG = settings(QUICK, max_examples=20_000)


def assert_photo_or_own_error(content: bytes, max_side: int | None = None) -> None:
    try:
        photo = decode_rgb(content, max_side=max_side)
    except VisiQCError:
        return
    header = inspect_header(content)
    assert photo.dtype == np.uint8
    assert photo.shape[2:] == (3,)
    assert max(photo.shape) == min(max(header.width, header.height), max_side or 10**9)


def mutated(content: bytes, seed: int) -> bytes:
    """A few bits flipped, bytes overwritten, pieces removed, repeated or taken from another file."""
    dice = random.Random(seed)
    data = bytearray(content)
    for _ in range(dice.choice((1, 1, 2, 5, 20))):
        at = dice.randrange(len(data)) if dice.random() < 0.6 else dice.randrange(min(len(data), 120))
        match dice.randrange(6):
            case 0 | 1:
                data[at] ^= 1 << dice.randrange(8)
            case 2:
                data[at] = dice.choice((0, 1, 0x7F, 0x80, 0xC4, 0xD9, 0xDA, 0xFF))
            case 3:
                del data[at : at + dice.choice((1, 4, 50))]
            case 4:
                data[at:at] = data[at : at + dice.choice((1, 4, 50, 500))]
            case _:
                other = dice.choice(SEEDS)
                start = dice.randrange(len(other))
                data[at : at + dice.choice((0, 50))] = other[start : start + dice.choice((4, 50, 5000))]
        data = data or bytearray(b"\0")
    return bytes(data)


def with_valid_checksums(content: bytes) -> bytes:
    """A PNG whose every chunk has its right checksum, so that damage gets past the door's first check."""
    parts, at = [content[:8]], 8
    while at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        if at + 12 + length > len(content):
            break
        parts.append(png_chunk(content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += 12 + length
    return b"".join(parts)


def check_mutations(names: Iterable[str], rounds: range) -> None:
    for name in names:
        for seed in rounds:
            content = mutated(GOOD[name], zlib.crc32(name.encode()) + seed)
            content = with_valid_checksums(content) if name.startswith("png") and seed % 2 else content
            assert_photo_or_own_error(content, MAX_SIDES[seed % 3 == 0])


@QUICK
@given(st.binary(max_size=400))
def test_random_bytes(content: bytes) -> None:
    assert_photo_or_own_error(content)


@QUICK
@given(st.sampled_from(SEEDS), st.integers(0, 40), st.binary(max_size=400))
def test_the_start_of_a_picture_and_then_random_bytes(start: bytes, kept: int, rest: bytes) -> None:
    assert_photo_or_own_error(start[:kept] + rest)


@pytest.mark.parametrize("name", GOOD)
def test_mutated_files(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    check_mutations([name], range(120))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", GOOD)
def test_files_cut_off_anywhere(name: str) -> None:
    for cut in truncations(GOOD[name], every=max(1, len(GOOD[name]) // 60)):
        assert_photo_or_own_error(cut)


@pytest.mark.parametrize("name", [name for name in GOOD if name.startswith(("jpeg", "mpo"))])
@pytest.mark.parametrize("size", [(33, 33), (64, 49), (4000, 3000), (8000, 9999), (0, 48), (65535, 1)])
def test_jpeg_headers_that_lie_about_the_size(name: str, size: tuple[int, int]) -> None:
    assert_photo_or_own_error(with_jpeg_size(GOOD[name], *size), 40)


@pytest.mark.parametrize("name", [name for name in GOOD if name.startswith("png")])
@pytest.mark.parametrize("size", [(33, 33), (64, 49), (4000, 3000), (8000, 9999), (0, 48)])
def test_png_headers_that_lie_about_the_size(name: str, size: tuple[int, int]) -> None:
    lie = with_valid_checksums(GOOD[name][:16] + struct.pack(">II", *size) + GOOD[name][24:])
    if size in {(4000, 3000), (8000, 9999), (0, 48)}:
        with pytest.raises(VisiQCError):
            decode_rgb(lie)
    assert_photo_or_own_error(lie, 40)


def test_nothing_hostile_takes_much_memory() -> None:
    resource = pytest.importorskip("resource", reason="needs a system that reports peak memory")
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for content in [*oversized_files().values(), *broken_files().values()]:
        with pytest.raises(VisiQCError):
            decode_rgb(content)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit
    assert grown < 100 * 1024**2


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_mutated_files_for_long(capfd: pytest.CaptureFixture[str]) -> None:
    check_mutations(GOOD, range(1000, 3500))
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@LONG
@given(st.sampled_from(SEEDS), st.integers(0, 400), st.binary(max_size=2000))
def test_random_endings_for_long(start: bytes, kept: int, rest: bytes) -> None:
    assert_photo_or_own_error(start[:kept] + rest, 40)
