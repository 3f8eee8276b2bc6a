"""Maps on their truth, drawn so small that the figures can be seen."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from rendered_answers import a_defect, a_row
from small_renders import small_set
from visiqc.errors import InputError
from visiqc.evaluation.rendered_maps import LaidPhoto, lay_photos, pixel_figures
from visiqc.evaluation.rendered_photos import read_known
from visiqc.evaluation.rendered_protocol import RenderedRun
from visiqc.evaluation.rendered_rows import CHANGE_MAP, FUSED, PhotoRow, RowStore
from visiqc.evaluation.rendered_scoring import RunKey

SIZE = (40, 40)
SPOT, BAND, PIECE = np.s_[10:20, 10:20], np.s_[20:30, 10:20], np.s_[5:35, 5:35]


def laid(sku: str, *, hit: float, rest: float = 0.0, band: float = np.nan, defective: bool = True) -> LaidPhoto:
    scores = np.zeros(SIZE, np.float32)
    scores[PIECE] = rest
    scores[BAND] = band
    scores[SPOT] = hit
    defect, product = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    defect[SPOT] = defective
    product[PIECE] = True
    return LaidPhoto(sku, scores, defect, product)


def test_a_map_that_is_high_on_the_defect_alone_is_perfect() -> None:
    found = pixel_figures([laid("a", hit=1.0), laid("b", hit=1.0)], draws=100)
    assert found is not None
    values = (found.au_pro.value, found.au_pro_product.value, found.auroc.value)
    assert values == pytest.approx((1.0, 1.0, 1.0))
    assert (found.au_pro.n, found.au_pro.designs) == (2, 2)


def test_the_ground_flatters_and_the_product_alone_does_not() -> None:
    whole_piece = [laid("a", hit=0.5, rest=1.0), laid("b", hit=0.5, rest=1.0)]
    found = pixel_figures(whole_piece, draws=100)
    assert found is not None
    assert found.au_pro_product.value == 0.0
    assert found.auroc.value > 0.4


def test_photos_without_a_defect_have_no_figure() -> None:
    assert pixel_figures([laid("a", hit=0.0, defective=False)]) is None


@pytest.fixture
def run(tmp_path: Path) -> RenderedRun:
    """A set whose defective photo has a defect, a band beside it and a product, all drawn."""
    folder = small_set(tmp_path / "set", {"luna-pendant": ("guided-good-8", "jig-defective-6")})
    label = np.zeros((640, 640), np.uint8)
    label[100:540, 100:540] = 64
    label[200:300, 200:300] = 255
    label[300:400, 200:300] = 128
    cv2.imwrite(str(folder / "luna-pendant/truth/uploads/jig-defective-6.png"), label)
    key = RunKey(data="", photos="", models=(), goldens=1, long_side=256, code="")
    return RenderedRun(key=key, rows=(), left_out=(), store=RowStore(tmp_path / "run"), known=read_known(folder))


def keep(run: RenderedRun, row: PhotoRow, **maps: np.ndarray) -> PhotoRow:
    run.store.start(row.sku)
    run.store.add(row, {name.replace("_", " "): one for name, one in maps.items()})
    return row


def frame() -> dict[str, object]:
    return {"frame_size": (80, 80), "upload_size": (640, 640), "has_map": True}


def test_what_the_defect_changes_elsewhere_is_on_neither_side(run: RenderedRun) -> None:
    row = keep(run, a_defect("luna-pendant/uploads/jig-defective-6.jpg", **frame()), fused=np.ones((10, 10)))
    (photo,) = lay_photos(run, [row], FUSED)
    assert photo.scores.shape == (512, 512)
    assert np.isnan(photo.scores[250:310, 170:230]).all()
    assert photo.defect[165:235, 165:235].all()
    assert photo.defect.sum() == pytest.approx(80 * 80, rel=0.05)
    assert not np.isnan(photo.scores[photo.defect]).any()
    assert photo.product.sum() == pytest.approx(352 * 352, rel=0.02)


def test_a_defect_without_a_map_scores_nothing_and_a_good_photo_without_one_is_left_out(run: RenderedRun) -> None:
    rows = [a_defect("luna-pendant/uploads/jig-defective-6.jpg"), a_row("luna-pendant/uploads/guided-good-8.jpg")]
    (photo,) = lay_photos(run, rows, FUSED)
    assert photo.defect.any()
    assert np.nanmax(photo.scores) == 0.0


def test_log_odds_are_laid_as_probabilities_so_that_unjudged_is_lowest(run: RenderedRun) -> None:
    calm = np.full((10, 10), -6.0, np.float32)
    calm[0, 0] = np.nan
    row = keep(run, a_defect("luna-pendant/uploads/jig-defective-6.jpg", **frame()), change_map=calm)
    (photo,) = lay_photos(run, [row], CHANGE_MAP)
    assert np.nanmin(photo.scores) >= 0.0
    assert np.nanmax(photo.scores) < 0.01


def test_a_mask_that_cannot_be_read_is_named(run: RenderedRun) -> None:
    (run.known.folder / "luna-pendant/truth/uploads/jig-defective-6.png").write_bytes(b"none")
    with pytest.raises(InputError, match=r"jig-defective-6\.png"):
        lay_photos(run, [a_defect("luna-pendant/uploads/jig-defective-6.jpg")], FUSED)
