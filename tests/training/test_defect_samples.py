"""Samples for the defect model and their targets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from small_sets import laid_boards
from visiqc.errors import BadRecipe, InputError
from visiqc.training.augment import AugmentSettings
from visiqc.training.datasets.pairs import DEFECT, IGNORED, PRODUCT
from visiqc.training.defect_samples import SampleMaker, SampleSettings
from visiqc.training.defect_targets import NOT_TYPED, coded, targets_of

STILL = AugmentSettings(photometric=0.0, misalign=0.0, turns=False, crop=0.0)
SMALL = SampleSettings(crop=96, scenes=0.0, scale=(1.0, 1.0), augment=STILL)


def maker(**changes: object) -> SampleMaker:
    return SampleMaker(laid_boards(), replace(SMALL, **changes), lambda code: 0 if code == "FI-CON" else 1)  # type: ignore[arg-type]


def test_the_same_state_draws_the_same_sample() -> None:
    first, again, other = (maker().draw(np.random.default_rng(seed), goldens=2) for seed in (4, 4, 5))
    assert np.array_equal(first.upload, again.upload)
    assert np.array_equal(first.targets.change, again.targets.change)
    assert not np.array_equal(first.upload, other.upload)


@pytest.mark.parametrize("goldens", [1, 3])
def test_a_sample_has_as_many_goldens_as_asked_also_of_a_product_with_fewer(goldens: int) -> None:
    sample = maker().draw(np.random.default_rng(1), goldens=goldens)
    assert len(sample.goldens) == goldens
    assert {photo.shape for photo in (sample.upload, *sample.goldens)} == {(96, 96, 3)}


def test_no_golden_is_the_view_the_upload_was_made_from() -> None:
    board = laid_boards()[0]
    photos = tuple(replace(one, view="" if n < 2 else "one") for n, one in enumerate(board.photos))
    views = replace(board, photos=photos)  # two goldens, a good upload, and a defective one of the same view
    frames = [views.frames[n] for n in range(4)]
    draws = SampleMaker([views], replace(SMALL, defective=1.0, damaged=0.0, same=0.0), lambda _: 0)
    drawn = [draws._photos(np.random.default_rng(seed), 2) for seed in range(8)]
    of_the_view = [raw for raw in drawn if np.array_equal(raw.upload, frames[3])]
    assert of_the_view
    assert not any(np.array_equal(golden, frames[2]) for raw in of_the_view for golden in raw.goldens)


def test_a_sample_names_its_photo_and_its_goldens_and_a_drawn_one_what_was_drawn() -> None:
    sample = maker(same=0.0).draw(np.random.default_rng(0), goldens=2)
    board, names = sample.name.split("/")
    photos = {photo.name for product in laid_boards() if product.sku == board for photo in product.photos}
    upload, goldens = names.split(" over ")
    assert {upload, *goldens.split(", ")} <= photos
    assert len(goldens.split(", ")) == 2
    assert maker(scenes=1.0).draw(np.random.default_rng(0), goldens=1).name.startswith("a drawn ")


def test_without_damage_and_defects_nothing_changed() -> None:
    still = maker(damaged=0.0, defective=0.0)
    for seed in range(5):
        targets = still.draw(np.random.default_rng(seed), goldens=1).targets
        assert not targets.change.any()
        assert (targets.types == NOT_TYPED).all()


def test_damage_is_marked_where_the_upload_differs_from_its_undamaged_self() -> None:
    found = 0
    for seed in range(8):
        sample = maker(damaged=1.0, defective=0.0).draw(np.random.default_rng(seed), goldens=1)
        found += int(sample.targets.change.any() and (sample.targets.types != NOT_TYPED).any())
    assert found >= 5  # the crop may miss a defect that lies elsewhere on the board


def test_a_labelled_defect_names_its_class() -> None:
    classes = set()
    for seed in range(12):
        targets = maker(defective=1.0, damaged=0.0).draw(np.random.default_rng(seed), goldens=1).targets
        classes |= set(np.unique(targets.types))
    assert classes == {NOT_TYPED, 0}


@pytest.mark.parametrize(
    ("weights", "drawn"), [({"ST-CHP": 9.0}, "ST-CHP"), ({"FI-CON": 0.0}, "ST-CHP"), ({"ST-CHP": 0.0}, "FI-CON")]
)
def test_defects_are_drawn_as_often_as_their_codes_weigh(weights: dict[str, float], drawn: str) -> None:
    board = laid_boards()[0]
    bad = [n for n, photo in enumerate(board.photos) if photo.defective]
    other = replace(board.photos[bad[0]], name="chipped", codes=("ST-CHP",), apart=())
    frames, labels = (
        np.stack([*(each[n] for n in range(len(board.photos))), each[bad[0]]]) for each in (board.frames, board.labels)
    )
    two = replace(board, photos=(*board.photos, other), frames=frames, labels=labels)
    settings = replace(SMALL, defective=1.0, damaged=0.0, same=0.0, code_weights=weights)
    draws = SampleMaker([two], settings, lambda _: 0)
    names = [draws.draw(np.random.default_rng(seed), goldens=1).name.split(" over ")[0] for seed in range(30)]
    chipped = sum(name.endswith("/chipped") for name in names)
    assert chipped > 20 if drawn == "ST-CHP" else chipped == 0


def test_a_photo_of_several_codes_is_drawn_as_often_as_its_weightiest() -> None:
    board = laid_boards()[0]
    photos = tuple(replace(one, codes=("FI-CON", "ST-CHP")) if one.defective else one for one in board.photos)
    plain = replace(board.photos[-1], role="same", defective=True, labelled=True, name="plain", codes=("ME-SCR",))
    order = [*range(len(photos)), len(photos) - 1]
    frames, labels = (np.stack([each[n] for n in order]) for each in (board.frames, board.labels))
    two = replace(board, photos=(*photos, plain), frames=frames, labels=labels)
    for weights, drawn in (({"ST-CHP": 50.0}, False), ({"ST-CHP": 0.0, "FI-CON": 0.0}, True)):
        settings = replace(SMALL, defective=1.0, damaged=0.0, same=0.0, code_weights=weights)
        draws = SampleMaker([two], settings, lambda _: 0)
        names = [draws.draw(np.random.default_rng(seed), goldens=1).name.split(" over ")[0] for seed in range(12)]
        assert {name.endswith("/plain") for name in names} == {drawn}


def test_a_product_with_no_other_defects_than_those_of_weight_nothing_is_drawn_all_the_same() -> None:
    sample = maker(defective=1.0, damaged=0.0, code_weights={"FI-CON": 0.0}).draw(np.random.default_rng(1), goldens=1)
    assert sample.upload.shape == (96, 96, 3)


def test_scenes_are_drawn_when_asked() -> None:
    sample = maker(scenes=1.0, damaged=0.0).draw(np.random.default_rng(0), goldens=2)
    assert np.array_equal(sample.goldens[0], sample.goldens[1])
    assert sample.targets.weight.max() == 1.0


def test_targets_leave_out_what_is_unsure_and_count_the_ground_a_little() -> None:
    labels = np.zeros((64, 64), np.uint8)
    labels[16:48, 16:48] = PRODUCT
    labels[20:28, 20:28] = DEFECT
    labels[36:44, 36:44] = IGNORED
    labels[30, 20] = DEFECT  # a sixteenth of its cell
    targets = targets_of(coded(labels, 3))
    assert targets.change[5:7, 5:7].all()
    assert targets.change.sum() == 4
    assert not targets.weight[9:11, 9:11].any()
    assert targets.weight[7, 5] == 0
    assert targets.weight[8, 8] == 1
    assert targets.weight[0, 0] == pytest.approx(0.1)
    assert set(np.unique(targets.types)) == {NOT_TYPED, 3}


def test_a_label_that_stands_for_none_of_the_classes_is_ignored_and_no_class_of_its_own() -> None:
    labels = np.full((64, 64), PRODUCT, np.uint8)
    labels[:16], labels[16:32], labels[32:40], labels[40:48] = DEFECT, DEFECT - 1, 200, 100
    told = coded(labels, 3, 5)
    assert np.unique(told).tolist() == [PRODUCT, IGNORED, IGNORED + 1 + 3, IGNORED + 1 + 5]
    assert (told[32:48] == IGNORED).all()
    assert set(np.unique(targets_of(told).types)) == {NOT_TYPED, 3, 5}


@pytest.mark.parametrize(
    "wrong",
    [
        {"crop": 100},
        {"goldens": ()},
        {"damaged": 1.5},
        {"scale": (2.0, 1.0)},
        {"code_weights": {"ST-XXX": 1.0}},
        {"code_weights": {"ST-CHP": -1.0}},
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(BadRecipe, match=f"samples.{next(iter(wrong))} must be"):
        SampleSettings(**wrong)  # type: ignore[arg-type]


def test_products_without_a_good_photo_are_refused() -> None:
    product = laid_boards()[0]
    only_bad = replace(product, photos=tuple(replace(photo, role="same", defective=True) for photo in product.photos))
    with pytest.raises(InputError, match="no product has a good photo"):
        SampleMaker([only_bad], SMALL, lambda _: 0)
