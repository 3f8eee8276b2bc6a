"""HEIC is decoded by a child process with limits, when the `[heic]` extra is installed."""

from __future__ import annotations

import io
import subprocess

import numpy as np
import pytest
from PIL import Image

from corpus import encoded, picture
from visiqc.errors import TooLarge, UnreadablePhoto
from visiqc.vision import heic
from visiqc.vision.photo import DecodeLimits, decode_rgb, inspect_header

pytestmark = pytest.mark.skipif(not heic.available(), reason="pillow-heif is not installed: pip install 'visiqc[heic]'")


@pytest.fixture(scope="module")
def content() -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    target = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(picture())).save(target, quality=95)
    return target.getvalue()


def test_a_heic_photo_is_decoded(content: bytes) -> None:
    header = inspect_header(content)
    assert (header.format, header.width, header.height) == ("heic", 64, 48)
    assert np.abs(decode_rgb(content).astype(int) - picture()).mean() < 6


def test_a_heic_photo_is_reduced(content: bytes) -> None:
    assert decode_rgb(content, max_side=32).shape == (24, 32, 3)


def test_the_size_limit_holds_for_heic(content: bytes) -> None:
    with pytest.raises(TooLarge, match="64×48"):
        decode_rgb(content, limits=DecodeLimits(max_pixels=1000))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.98])
def test_a_truncated_heic_photo_is_unreadable(content: bytes, share: float) -> None:
    with pytest.raises(UnreadablePhoto, match="HEIC photo cannot be decoded"):
        decode_rgb(content[: int(len(content) * share)])


def test_a_child_that_takes_too_long_is_ended(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heic, "TIMEOUT_S", 0.001)
    with pytest.raises(UnreadablePhoto, match="longer than"):
        inspect_header(content)


def test_the_child_sees_no_secret(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, str]] = []
    real = subprocess.run

    def spy(*args: object, **options: object) -> object:
        seen.append(options["env"])  # type: ignore[arg-type]
        return real(*args, **options)  # type: ignore[call-overload]

    monkeypatch.setenv("VISIQC_DATABASE_URL", "postgresql://user:secret@host/db")
    monkeypatch.setattr(heic.subprocess, "run", spy)
    inspect_header(content)
    assert "secret" not in str(seen)


def test_a_jpeg_never_reaches_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heic.subprocess, "run", None)
    assert decode_rgb(encoded(picture())).shape == (48, 64, 3)
