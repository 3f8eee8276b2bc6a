"""Golden features as bytes."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.errors import IntegrityError
from visiqc.vision.bank import FORMAT, GoldenBank, from_bytes, to_bytes
from visiqc.vision.dense import KEPT_DIMENSIONS, PackedMap
from visiqc.vision.golden_view import GoldenView
from visiqc.vision.quality import QualityLimits

HALVES = {"weights", "levels", "turned"}
"""Fields that are kept in half precision."""


@pytest.fixture(scope="module")
def bank(ring_view: GoldenView) -> GoldenBank:
    return GoldenBank((ring_view, replace(ring_view, name="Rückseite")), QualityLimits(min_brightness=71.25))


@pytest.fixture(scope="module")
def content(bank: GoldenBank) -> bytes:
    return to_bytes(bank)


def assert_equal(found: Any, wanted: Any, name: str) -> None:
    assert type(found) is type(wanted) or (isinstance(found, float) and isinstance(wanted, float)), name
    if is_dataclass(wanted):
        for field in fields(wanted):
            assert_equal(getattr(found, field.name), getattr(wanted, field.name), field.name)
    elif isinstance(wanted, tuple):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert_equal(one, other, name)
    elif isinstance(wanted, np.ndarray):
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape), name
        kept = wanted.astype(np.float16).astype(np.float32) if name in HALVES else wanted
        assert np.array_equal(found, kept), name
    else:
        assert found == wanted, name


def test_a_bank_comes_back_field_by_field(bank: GoldenBank, content: bytes) -> None:
    assert_equal(from_bytes(content), bank, "bank")


def test_the_same_bank_gives_the_same_bytes_and_reading_loses_nothing_more(bank: GoldenBank, content: bytes) -> None:
    assert to_bytes(bank) == content
    assert to_bytes(from_bytes(content)) == content


def test_a_bank_without_views_is_no_error() -> None:
    assert from_bytes(to_bytes(GoldenBank((), QualityLimits()))) == GoldenBank((), QualityLimits())


@pytest.mark.parametrize("photos", [1, 5])
def test_a_frame_of_1024_pixels_takes_at_most_three_megabytes_a_photo(ring_view: GoldenView, photos: int) -> None:
    picture = np.zeros((320, 320, 3), np.uint8)
    keys = replace(
        ring_view.target.keys, points=np.zeros((800, 2), np.float32), descriptors=np.zeros((800, 128), np.uint8)
    )
    levels = (np.zeros((40, 40, 40), np.float32), np.zeros((112, 20, 20), np.float32))
    target = replace(ring_view.target, picture=picture, mask=np.ones((320, 320), bool), keys=keys, levels=levels)
    one = PackedMap(np.zeros((128, 128, KEPT_DIMENSIONS + 2), np.int8), np.ones(KEPT_DIMENSIONS + 2, np.float32))
    view = replace(
        ring_view,
        frame_size=(1024, 1024),
        target=target,
        judged=np.ones((128, 128), bool),
        allowed=np.ones((128, 128), np.float32),
        maps=(one,) * photos,
    )
    size = len(to_bytes(GoldenBank((view,), QualityLimits()))) / photos
    print(f"{size / 1e6:.2f} MB a photo with {photos} in the view")  # noqa: T201
    assert size <= 3e6


def rewritten(content: bytes, **changes: bytes | None) -> bytes:
    """The archive with entries replaced, or left out where None."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            entry = changes.get(name.removesuffix(".npy").replace("/", "_"), old.read(name))
            if entry is not None:
                new.writestr(name, entry)
    return out.getvalue()


def with_head(content: bytes, **changes: Any) -> bytes:
    with np.load(io.BytesIO(content)) as archive:
        head = json.loads(archive["head"].tobytes()) | changes
    out = io.BytesIO()
    np.save(out, np.frombuffer(json.dumps(head).encode(), np.uint8))
    return rewritten(content, head=out.getvalue())


def test_another_format_is_refused_by_its_number(content: bytes) -> None:
    with pytest.raises(IntegrityError, match=f"format {FORMAT + 1}.*reads {FORMAT}.*enrol"):
        from_bytes(with_head(content, format=FORMAT + 1))


def test_what_is_no_bank_is_refused(content: bytes) -> None:
    array = io.BytesIO()
    np.save(array, np.zeros(3))
    pickled = io.BytesIO()
    np.save(pickled, np.array([{}]), allow_pickle=True)
    compressed = io.BytesIO()
    np.savez_compressed(compressed, head=np.arange(10_000))
    broken = bytearray(compressed.getvalue())
    broken[60:90] = bytes(30)
    for other in (
        b"",
        b"PK",
        b"garbage",
        content[1:],
        array.getvalue(),
        pickled.getvalue(),
        bytes(broken),
        rewritten(content, head=None),
        rewritten(content, head=b""),
        rewritten(content, **{"0_map0": None}),
        rewritten(content, **{"0_picture": pickled.getvalue()}),
        rewritten(content, **{"0_mask": array.getvalue()}),
        with_head(content, views=None),
        with_head(content, views=[{}]),
        with_head(content, limits={"unknown": 1}),
    ):
        with pytest.raises(IntegrityError, match="enrol the golden again"):
            from_bytes(other)


@given(share=st.floats(0, 0.999))
def test_what_was_cut_off_is_refused(content: bytes, share: float) -> None:
    with pytest.raises(IntegrityError):
        from_bytes(content[: int(share * len(content))])


@given(place=st.floats(0, 1), byte=st.integers(1, 255))
def test_one_changed_byte_is_refused_or_changes_nothing_unnoticed(content: bytes, place: float, byte: int) -> None:
    changed = bytearray(content)
    changed[int(place * (len(content) - 1))] ^= byte
    try:
        found = from_bytes(bytes(changed))
    except IntegrityError:
        return
    assert to_bytes(found) == content  # a byte of the archive's own bookkeeping
