"""Score maps as PNG."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from visiqc.errors import IntegrityError
from visiqc.vision.score_png import decode_scores, encode_scores

maps = arrays(
    np.float32,
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    elements=st.floats(0, 65.5, width=32) | st.just(np.nan),
)


@given(maps)
def test_a_map_comes_back_to_half_a_thousandth_with_its_gaps(scores: np.ndarray) -> None:
    found = decode_scores(encode_scores(scores))
    assert found.dtype == np.float32
    assert np.array_equal(np.isnan(found), np.isnan(scores))
    assert np.nan_to_num(found) == pytest.approx(np.nan_to_num(scores), abs=0.00051)


@given(maps)
def test_writing_again_what_was_read_changes_nothing(scores: np.ndarray) -> None:
    once = encode_scores(scores)
    assert encode_scores(decode_scores(once)) == once


def test_what_is_beyond_the_scale_is_kept_as_its_end_and_infinity_stays_the_worst() -> None:
    found = decode_scores(encode_scores(np.array([[-1, 65.6, 1e30, np.inf, -np.inf]], np.float32)))
    assert found[0] == pytest.approx([0, 65.534, 65.534, 65.534, 0])


def png(pixels: np.ndarray, kind: str = ".png") -> bytes:
    return cv2.imencode(kind, pixels)[1].tobytes()


GOOD = encode_scores(np.random.default_rng(0).uniform(0, 9, (40, 50)).astype(np.float32))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        GOOD[:8],
        GOOD[: len(GOOD) // 2],
        GOOD[8:],
        png(np.zeros((5, 5), np.uint8)),
        png(np.zeros((5, 5, 3), np.uint16)),
        png(np.zeros((5, 5), np.uint16), ".tiff"),
        png(np.zeros((5, 5, 3), np.uint8), ".jpg"),
    ],
    ids=["nothing", "text", "signature", "half", "headless", "8-bit", "colour", "tiff", "jpeg"],
)
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(IntegrityError, match="PNG of 16-bit grey"):
        decode_scores(content)
