"""The mask model on ONNX Runtime."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench import real_models
from small_models import a_defect_graph
from visiqc.errors import IntegrityError
from visiqc.runtime.cards import InputContract, ModelCard
from visiqc.runtime.mask import OnnxMask
from visiqc.runtime.models import NONE, cards_of, load_models, warm
from visiqc.runtime.sessions import open_session


@pytest.fixture(scope="module")
def mask() -> OnnxMask:
    found = load_models(defect=NONE, device="cpu", threads=1).mask
    assert isinstance(found, OnnxMask)
    return found


@pytest.mark.parametrize("size", [(384, 384), (208, 384), (32, 384)])
def test_it_answers_for_every_second_pixel_of_any_photo(mask: OnnxMask, size: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    logits = mask.logits(photo, real_models().trunk.features([photo]))
    assert logits.shape == (size[0] // 2, size[1] // 2)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()


def test_another_graph_or_other_preprocessing_is_refused(mask: OnnxMask) -> None:
    session = open_session(a_defect_graph(), name="defect", device="cpu", threads=1)
    with pytest.raises(IntegrityError, match="wanted photos, stride4, stride8, stride16 to product"):
        OnnxMask(mask.card, session)
    other: ModelCard = replace(mask.card, input=InputContract(name="photos", layout="N,3,H,W", colour="BGR"))
    with pytest.raises(IntegrityError, match="other preprocessing"):
        OnnxMask(other, mask._session)


def test_the_mask_that_ships_is_named_in_verdicts_and_can_be_left_out() -> None:
    ships = load_models(defect=NONE, device="cpu", threads=1)
    without = load_models(defect=NONE, mask=NONE, device="cpu", threads=1, before=ships)
    assert ships.mask is not None
    assert ships.digests == (*without.digests, ships.mask.digest)
    assert set(cards_of(ships)) == {"trunk", "identity", "mask"}
    warm(ships)


def test_it_belongs_to_its_trunk(mask: OnnxMask) -> None:
    assert mask.card.trunk_sha256 == real_models().trunk.digest
