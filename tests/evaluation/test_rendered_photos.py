"""What is known about the photos of a rendered set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from small_renders import small_set
from visiqc.errors import InputError
from visiqc.evaluation.rendered_photos import KnownSet, read_known
from visiqc.runtime.bundle import bundled_samples


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> KnownSet:
    return read_known(small_set(tmp_path_factory.mktemp("renders")))


def test_goldens_come_in_the_order_they_are_enrolled() -> None:
    (product,) = read_known(bundled_samples(), skus=("aria-solitaire",)).products
    assert [Path(photo.name).stem for photo in product.goldens] == [str(n) for n in range(1, 13)]
    assert not {photo.item.role for photo in product.uploads} & {"golden"}


def test_a_defect_comes_with_its_size_contrast_and_box(known: KnownSet) -> None:
    (defect,) = [photo for photo in known.products[0].uploads if photo.item.role == "defective"]
    assert defect.area_share is not None
    assert 0 < defect.area_share < 1
    assert defect.contrast is not None
    x0, y0, x1, y1 = defect.box or (0, 0, 0, 0)
    assert 0 <= x0 < x1 <= 640
    assert 0 <= y0 < y1 <= 640


def test_a_good_photo_has_none_of_these_but_its_light_and_ground(known: KnownSet) -> None:
    good = known.products[0].uploads[0]
    assert (good.area_share, good.contrast, good.box) == (None, None, None)
    assert good.light
    assert good.ground


def test_a_product_that_is_not_there_is_named_with_those_that_are(known: KnownSet) -> None:
    with pytest.raises(InputError, match="no product 'ring'; it has luna-pendant, gala-studs"):
        read_known(known.folder, skus=("ring",))


def test_a_record_that_is_none_is_named(tmp_path: Path) -> None:
    folder = small_set(tmp_path)
    record = folder / "luna-pendant/truth/uploads/guided-good-8.json"
    record.write_text(json.dumps({"planned": {}}))
    with pytest.raises(InputError, match=r"guided-good-8\.json .* is not a record"):
        read_known(folder)
