from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench import damage, other_models, photo_of, sent
from builders import a_calibration
from pictures import board
from visiqc.domain.calibration import Calibration
from visiqc.errors import Unavailable
from visiqc.inspection import recalibrate as at_work
from visiqc.inspection.calibrate import Specimen, calibrate_golden
from visiqc.inspection.inspect import calibration_in_force
from visiqc.inspection.parts import Parts, SentPhoto
from visiqc.inspection.recalibrate import Refitted, refit_all


def a_board(n: int) -> SentPhoto:
    return sent(f"board-{n}.jpg", photo_of(board(), n, noise=100 + n))


@pytest.fixture
def calibrated(own_shop: Parts) -> Calibration:
    """Two accepted pieces of the board under the first models, one of them with two photos."""
    pieces = [Specimen(name="a", photos=(a_board(1), a_board(2))), Specimen(name="b", photos=(a_board(3),))]
    return calibrate_golden("board", pieces, own_shop).calibration


@pytest.fixture
def renewed(own_shop: Parts) -> Parts:
    models, fleet = other_models()
    return replace(own_shop, models=models, fleet=fleet)


def of_the_board(results: tuple[Refitted, ...]) -> Refitted:
    return next(one for one in results if one.sku == "board")


def test_calibrating_keeps_the_photos_of_each_piece(own_shop: Parts, calibrated: Calibration) -> None:
    assert sorted(len(photos) for photos in calibrated.specimens) == [1, 2]
    for digest in calibrated.photo_digests:
        assert own_shop.blobs.get(digest)


def test_accepted_pieces_are_scored_again_and_the_old_calibration_stays(
    own_shop: Parts, renewed: Parts, calibrated: Calibration
) -> None:
    result = of_the_board(refit_all(renewed))
    assert (result.added, result.trouble) == (2, "")
    assert result.calibration is not None
    assert result.calibration.fleet == renewed.fleet.digest != calibrated.fleet
    assert sorted(result.calibration.specimens) == sorted(calibrated.specimens)
    assert own_shop.records.calibration("board", 1, own_shop.fleet.digest) == calibrated
    assert own_shop.records.calibration("board", 1, renewed.fleet.digest) == result.calibration


def test_each_set_of_models_finds_its_own_calibration_before_and_after(
    own_shop: Parts, renewed: Parts, calibrated: Calibration
) -> None:
    golden = own_shop.records.current_golden("board")
    result = of_the_board(refit_all(renewed))
    assert calibration_in_force(golden, own_shop) == calibrated
    assert calibration_in_force(golden, renewed) == result.calibration


def test_every_approved_version_is_made_ready_and_named(renewed: Parts) -> None:
    told: list[tuple[str, int, int]] = []
    results = refit_all(renewed, progress=lambda *step: told.append(step))
    assert [(one.sku, one.version, one.calibration) for one in results] == [("board", 1, None), ("plate", 1, None)]
    assert told == [("board version 1", 0, 2), ("plate version 1", 1, 2), ("done", 2, 2)]


def test_what_is_done_is_not_done_again(
    renewed: Parts, calibrated: Calibration, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = of_the_board(refit_all(renewed))
    monkeypatch.setattr(at_work, "specimen_score", None)
    again = of_the_board(refit_all(renewed))
    assert (again.calibration, again.added) == (first.calibration, 0)


def test_it_goes_on_after_a_stop(renewed: Parts, calibrated: Calibration, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> float:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(at_work, "specimen_score", stop)
        with pytest.raises(KeyboardInterrupt):
            refit_all(renewed)
    assert renewed.records.calibration("board", 1, renewed.fleet.digest) is None
    assert of_the_board(refit_all(renewed)).added == 2


def test_pieces_added_later_under_the_old_models_follow_too(
    own_shop: Parts, renewed: Parts, calibrated: Calibration
) -> None:
    refit_all(renewed)
    calibrate_golden("board", [Specimen(name="c", photos=(a_board(4),))], own_shop)
    result = of_the_board(refit_all(renewed))
    assert result.added == 1
    assert result.calibration is not None
    assert len(result.calibration.scores) == len(result.calibration.specimens) == 3


def test_pieces_of_the_first_release_whose_photos_were_not_kept_are_counted_and_told(
    own_shop: Parts, renewed: Parts
) -> None:
    own_shop.records.add_calibration(a_calibration(sku="board", fleet=own_shop.fleet.digest))
    result = of_the_board(refit_all(renewed))
    assert (result.calibration, result.added) == (None, 0)
    assert "3 pieces were counted before their photos were kept" in result.trouble


def test_a_damaged_photo_stops_its_own_piece_only(
    own_shop: Parts, renewed: Parts, calibrated: Calibration, tmp_path: Path
) -> None:
    (photo,) = next(photos for photos in calibrated.specimens if len(photos) == 1)
    damage(tmp_path, photo)
    result = of_the_board(refit_all(renewed))
    assert result.added == 1
    assert f"the piece of photo {photo[:8]} no longer counts" in result.trouble


def test_a_piece_that_could_not_be_scored_for_now_is_tried_again(
    renewed: Parts, calibrated: Calibration, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object) -> float:
        raise Unavailable("not enough memory")

    with monkeypatch.context() as patch:
        patch.setattr(at_work, "specimen_score", no_memory)
        result = of_the_board(refit_all(renewed))
    assert "does not count yet: not enough memory; visiqc model refit tries again" in result.trouble
    assert of_the_board(refit_all(renewed)).added == 2


def test_a_product_that_cannot_follow_stops_none_of_the_others(renewed: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    build = at_work.golden_bank

    def not_the_board(golden: object, parts: Parts) -> object:
        if golden.sku == "board":
            raise Unavailable("the disk is gone")
        return build(golden, parts)

    monkeypatch.setattr(at_work, "golden_bank", not_the_board)
    assert [one.trouble for one in refit_all(renewed)] == ["the disk is gone", ""]


def test_pieces_that_share_a_photo_are_one_and_the_latest_account_counts() -> None:
    earlier = a_calibration(specimens=(("p1", "p2"), ("p3",)))
    later = a_calibration(id="later", specimens=(("p1",), ("p4",)))
    assert at_work._pieces([earlier, later]) == [("p1",), ("p4",), ("p3",)]
