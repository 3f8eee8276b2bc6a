"""Photos nobody should send: each gives a refusal with advice, or a verdict that is not PASS; none an error of ours."""

from __future__ import annotations

import numpy as np
import pytest

from bench import POLICY, enrolled, photo_of, png, scored, sent
from pictures import board, plate
from visiqc.domain.outcome import Outcome
from visiqc.errors import InputError
from visiqc.inspection.enrol import enrol_golden
from visiqc.inspection.parts import Parts, SentPhoto
from visiqc.vision.types import Photo

SIZES = [(32, 32), (33, 47), (40, 8000), (8000, 40), (384, 512)]
SURELY_REFUSED = {"black", "white", "red", "checks", "grey"}


def drawn(kind: str, height: int, width: int) -> Photo:
    y, x = np.mgrid[:height, :width]
    photo = np.full((height, width, 3), 230, np.uint8)
    if kind in {"black", "white", "grey"}:
        photo[:] = {"black": 0, "white": 255, "grey": 127}[kind]
    elif kind == "red":
        photo[:] = (200, 20, 30)
    elif kind == "noise":
        photo = np.random.default_rng(0).integers(0, 256, photo.shape, dtype=np.uint8)
    elif kind == "checks":
        photo[:] = (255 * ((x + y) % 2))[..., None]
    elif kind == "ramp":
        photo[:] = np.linspace(0, 255, width)[None, :, None]
    elif kind == "line":
        photo[height // 2] = 0
    elif kind == "dot":
        photo[height // 2, width // 2] = 0
    elif kind == "disc":
        photo[((y - height / 2) / height) ** 2 + ((x - width / 2) / width) ** 2 < 0.16] = (30, 40, 160)
    return photo


KINDS = ["black", "white", "grey", "red", "noise", "checks", "ramp", "line", "dot", "disc"]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_an_odd_upload_never_passes_and_never_breaks(shop: Parts, kind: str, size: tuple[int, int]) -> None:
    verdict = scored("board", SentPhoto(name=f"{kind}.png", content=png(drawn(kind, *size))), shop)
    assert verdict.outcome in {Outcome.RETAKE, Outcome.REVIEW, Outcome.WRONG_SAMPLE}
    assert all(reason.message and reason.advice for reason in verdict.reasons)


@pytest.mark.parametrize("kind", sorted(SURELY_REFUSED))
def test_an_odd_golden_is_refused_with_advice(parts: Parts, kind: str) -> None:
    photos = [
        SentPhoto(name=f"{height}x{width}.png", content=png(drawn(kind, height, width))) for height, width in SIZES
    ]
    with pytest.raises(InputError) as caught:
        enrol_golden("odd", photos, parts, policy=POLICY)
    assert len(str(caught.value).splitlines()) == len(SIZES)
    assert parts.records.goldens() == ()


def test_an_odd_golden_that_can_be_enrolled_lets_no_other_product_pass(parts: Parts) -> None:
    enrolled("odd", [SentPhoto(name="noise.png", content=png(drawn("noise", 384, 512)))], parts)
    for product in (board(), plate()):
        assert scored("odd", sent("piece.jpg", photo_of(product)), parts).outcome is not Outcome.PASS
