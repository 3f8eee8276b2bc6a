from __future__ import annotations

import cv2
import numpy as np
import pytest

from bench import accepted, photo_of, png, scored, scratched, sent
from pictures import board
from visiqc.domain.verdict import Verdict
from visiqc.errors import NotFound
from visiqc.inspection.parts import Parts, SentPhoto
from visiqc.inspection.pictures import Layer, heatmap_image, photo_image
from visiqc.vision.types import Photo


@pytest.fixture(scope="module")
def bad(shop: Parts) -> Verdict:
    """The board with a scratch, turned, three times as large."""
    return scored("board", sent("bad.jpg", photo_of(scratched(board()), 20, 0.9, noise=6, size=(1200, 1600))), shop)


def decoded(content: bytes) -> Photo:
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def likeness(one: Photo, other: Photo) -> float:
    greys = [cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).ravel() for picture in (one, other)]
    return float(np.corrcoef(*greys)[0, 1])


@pytest.mark.parametrize(
    ("layer", "kind", "channels"),
    [
        ("overlay", b"\xff\xd8\xff", 3),
        ("heat", b"\x89PNG", 4),
        ("golden", b"\xff\xd8\xff", 3),
        ("upload", b"\xff\xd8\xff", 3),
    ],
)
def test_every_layer_has_the_golden_frames_size(
    shop: Parts, bad: Verdict, layer: Layer, kind: bytes, channels: int
) -> None:
    content = heatmap_image(bad, shop, layer=layer)
    assert content.startswith(kind)
    assert decoded(content).shape == (*(bad.golden_frame or ()), channels)


def test_the_upload_is_laid_over_the_golden(shop: Parts, bad: Verdict) -> None:
    golden, upload = (decoded(heatmap_image(bad, shop, layer=layer)) for layer in ("golden", "upload"))
    assert likeness(golden, upload) > 0.9


def test_the_heat_lies_on_the_marked_region_and_the_rest_stays_as_it_is(shop: Parts, bad: Verdict) -> None:
    alpha = decoded(heatmap_image(bad, shop, layer="heat"))[..., 3]
    x0, y0, x1, y1 = bad.regions[0].box
    inside = np.zeros(alpha.shape, bool)
    inside[y0:y1, x0:x1] = True
    assert alpha[inside].max() > 100
    assert np.median(alpha[~inside]) == 0
    golden, over = (decoded(heatmap_image(bad, shop, layer=layer)).astype(int) for layer in ("golden", "overlay"))
    changed = np.abs(golden - over).max(axis=2)
    assert changed[alpha > 100].mean() > 10 * max(1.0, changed[alpha == 0].mean())


def test_a_photo_that_was_not_compared_has_no_heatmap(shop: Parts) -> None:
    retake = scored("board", SentPhoto(name="white.png", content=png(np.full((300, 300, 3), 255, np.uint8))), shop)
    with pytest.raises(NotFound, match="RETAKE: the photo was not compared"):
        heatmap_image(retake, shop)


def test_the_photo_comes_back_as_it_was_sent_with_what_it_is(shop: Parts) -> None:
    jpeg = sent("a.jpg", photo_of(board(), 1, noise=50))
    assert photo_image(accepted("board", jpeg, shop), shop) == (jpeg.content, "image/jpeg")
    named_wrong = SentPhoto(name="b.jpg", content=png(photo_of(board(), 1, noise=51)))
    assert photo_image(accepted("board", named_wrong, shop), shop) == (named_wrong.content, "image/png")
