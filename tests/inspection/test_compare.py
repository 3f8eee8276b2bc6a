"""The frames: upload pixels, golden-frame pixels, and the warp between them that verdicts keep."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bench import SCRATCH, photo_of, pose, scored, scratched, sent
from pictures import SIZE, board
from visiqc.domain.verdict import Box, Verdict
from visiqc.inspection.parts import Parts, SentPhoto
from visiqc.vision.types import Matrix
from visiqc.vision.warp import transform

PHONE = (1200, 1600)
"""Height and width of an upload three times the golden photo's, five times its working copy's frame."""
PLACES = np.array([[x * SIZE[1], y * SIZE[0]] for x, y in (*SCRATCH, (0.5, 0.49))], np.float32)
"""Both ends and the middle of the scratch, in pixels of the product."""


def through(verdict: Verdict, upload_points: np.ndarray) -> np.ndarray:
    assert verdict.alignment
    return transform(np.array(verdict.alignment.warp).reshape(3, 3), upload_points)


def inside(point: np.ndarray, box: Box) -> bool:
    return bool(box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3])


def golden_places(shop: Parts) -> np.ndarray:
    """Where the scratch would be in the golden frame; the golden photo shows the product's own pixels."""
    golden = shop.records.current_golden("board")
    return transform(shop.banks.get(golden.bank_digest).views[0].photo_to_frame, PLACES)


@pytest.mark.parametrize(
    ("where", "size"), [((0.0,), SIZE), ((20.0, 0.9, 0.04), PHONE), ((-160.0, 1.2, -0.03), PHONE), ((90.0, 0.8), SIZE)]
)
def test_the_warp_of_a_verdict_leads_from_the_sent_photo_to_the_marked_region(
    shop: Parts, where: tuple[float, ...], size: tuple[int, int]
) -> None:
    photo = photo_of(scratched(board()), *where, noise=11, size=size)
    verdict = scored("board", sent("scratch.jpg", photo), shop)
    found = through(verdict, transform(pose(*where, size=size), PLACES))
    assert np.abs(found - golden_places(shop)).max() < 6
    assert inside(found[2], verdict.regions[0].box)


def test_the_box_covers_the_scratch_and_little_more(shop: Parts) -> None:
    verdict = scored("board", sent("scratch.jpg", photo_of(scratched(board()), 2, noise=12)), shop)
    (first, second, _), (x0, y0, x1, y1) = golden_places(shop), verdict.regions[0].box
    assert x0 - 8 <= first[0] <= second[0] <= x1 + 8
    assert y0 - 8 <= first[1] <= second[1] <= y1 + 8
    assert (x1 - x0) * (y1 - y0) < 0.25 * np.prod(verdict.golden_frame or ())


def test_a_photo_stored_sideways_is_warped_from_its_upright_pixels(shop: Parts) -> None:
    photo = photo_of(scratched(board()), 10, 0.9, noise=13, size=PHONE)
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6  # turn by 90° to the right for viewing
    Image.fromarray(np.ascontiguousarray(np.rot90(photo))).save(out, "JPEG", quality=92, exif=exif)
    verdict = scored("board", SentPhoto(name="sideways.jpg", content=out.getvalue()), shop)
    found = through(verdict, transform(pose(10, 0.9, size=PHONE), PLACES))
    assert np.abs(found - golden_places(shop)).max() < 6


def test_the_same_photo_larger_has_the_same_warp_but_for_its_scale(shop: Parts) -> None:
    small = photo_of(board(), 15, 0.9, noise=14, size=(600, 800))
    large = np.asarray(Image.fromarray(small).resize((1600, 1200), Image.Resampling.BICUBIC))
    warps: list[Matrix] = []
    for photo in (small, large):
        alignment = scored("board", sent("a.jpg", photo), shop).alignment
        assert alignment
        warps.append(np.array(alignment.warp).reshape(3, 3))
    places = np.array([[200, 150], [600, 150], [600, 450], [200, 450]], np.float32)
    assert np.abs(transform(warps[0], places) - transform(warps[1], 2 * places + 0.5)).max() < 3
