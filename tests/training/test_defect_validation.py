"""How a defect model is measured on the products held out."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bench import real_models
from small_sets import laid_boards
from visiqc.training import defect_pictures
from visiqc.training.defect_model import DefectArchitecture, DefectNet
from visiqc.training.defect_pictures import show_answers
from visiqc.training.defect_types import TypeClasses, classes_of
from visiqc.training.defect_validation import (
    ValidationPhoto,
    answers,
    fitted_temperature,
    keep_products,
    measured,
    with_defects,
)
from visiqc.training.grids import Example
from visiqc.training.laid_product import LaidPhoto, LaidProduct

TINY = DefectArchitecture(embeddings=(4, 6, 8), widths=(4, 6, 8))
NOWHERE = np.zeros((2, 2), bool)
CLASSES = TypeClasses(("FI-CON", "ME-SCR", "unknown"))


def answer(
    *, score: float, defective: bool, pose: str = "jig", logits: tuple[float, ...] = (), truth: int | None = None
) -> ValidationPhoto:
    return ValidationPhoto(
        laid=LaidProduct("ring", (), np.zeros((0, 2, 2, 3), np.uint8), np.zeros((0, 2, 2), np.uint8), NOWHERE),
        number=0,
        pose=pose,
        defective=defective,
        score=score,
        change=np.zeros((2, 2), np.float32),
        cells=np.array([score, -9.0], np.float32),
        changed=np.array([defective, False]),
        types=np.array(logits, np.float32),
        type_class=truth,
    )


def test_every_labelled_upload_is_answered_with_its_cells_and_its_type() -> None:
    torch.manual_seed(0)
    net = DefectNet(TINY, types=3)
    kept = keep_products(laid_boards()[:2], real_models().trunk.features, CLASSES.number)
    found = answers(net, kept)
    assert [photo.laid.photos[photo.number].name for photo in found] == ["good.jpg", "dirty.jpg"] * 2
    assert [photo.type_class for photo in found] == [None, 0, None, 0]
    assert found[1].changed.any()
    assert not found[0].changed.any()
    assert found[0].score == pytest.approx(np.nanmax(found[0].change))


def test_photos_of_one_name_are_shown_each_as_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Example] = []
    monkeypatch.setattr(defect_pictures, "image_grid", lambda examples, title: shown.extend(examples))

    def photo(role: str, codes: tuple[str, ...] = ()) -> LaidPhoto:
        return LaidPhoto(
            name="000.png", role=role, defective=bool(codes), labelled=True, codes=codes, similarity=1.0, pose=""
        )

    grey = np.stack([np.full((8, 8), level, np.uint8) for level in (9, 1, 2)])
    bottle = LaidProduct(
        "bottle",
        (photo("golden"), photo("same"), photo("same", ("ME-SCR",))),
        np.stack([grey] * 3, axis=-1),
        grey,
        np.ones((8, 8), bool),
    )
    good, bad = (
        replace(answer(score=s, defective=d), laid=bottle, number=n) for s, d, n in ((1, False, 1), (-3, True, 2))
    )
    more = [replace(good, score=0.0), replace(bad, score=2.0)]
    show_answers([good, bad, *more], CLASSES, SimpleNamespace(figure=lambda *_: None))  # type: ignore[arg-type]
    assert [(one.code, int(one.upload[0, 0, 0]), int(one.golden[0, 0, 0])) for one in shown] == [
        ("good", 1, 9),
        ("good", 1, 9),
        ("ME-SCR", 2, 9),
        ("ME-SCR", 2, 9),
    ]


def test_products_that_show_defects_are_measured_without_those_that_show_none() -> None:
    shows, *_ = laid_boards()
    good = replace(shows, photos=tuple(photo for photo in shows.photos if photo.defective is not True))
    assert with_defects([shows, good]) == [shows]
    assert with_defects([good]) == [good]


def test_poses_are_measured_apart_and_a_pose_with_one_kind_of_photo_is_left_out() -> None:
    photos = [answer(score=s, defective=d) for s, d in ((-3, False), (2, True), (-1, False), (-2, True))]
    found = measured([*photos, answer(score=0, defective=True, pose="handheld")])
    assert found["auroc_jig"] == 0.75
    assert "auroc_handheld" not in found
    assert 0 < found["score"] <= 1


def test_without_a_defective_photo_there_is_a_score_and_no_invented_figure() -> None:
    found = measured([answer(score=-3, defective=False)])
    assert math.isnan(found["auroc"])
    assert found["score"] == 0.0


def test_the_temperature_makes_overconfident_types_less_sure() -> None:
    wrong_half_the_time = [answer(score=1, defective=True, logits=(8.0, 0.0, 0.0), truth=n % 2) for n in range(20)]
    assert fitted_temperature(wrong_half_the_time) > 3
    assert fitted_temperature([answer(score=1, defective=True, logits=(2.0, 0.0, 0.0), truth=0)] * 9) < 0.5
    assert fitted_temperature([answer(score=1, defective=False)]) == 1.0


def test_the_classes_are_the_codes_shown_in_the_catalogues_order_and_unknown_last() -> None:
    assert CLASSES.number("ME-SCR") == 1
    assert CLASSES.number(None) == CLASSES.number("PK-BOX") == 2
    assert classes_of([]).codes[-1] == "unknown"
    assert "ME-SCR" in classes_of([]).codes
