"""Broken photos among those the mask model learns from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench import png
from pictures import ring, shot
from small_sets import flat_trunk
from visiqc.errors import InputError
from visiqc.training.datasets.reading import Unreadable
from visiqc.training.mask import readable
from visiqc.training.mask_learner import MaskBatches
from visiqc.training.mask_samples import MaskSampleMaker, MaskSampleSettings
from visiqc.training.mismatch_data import Shown


def rings(folder: Path, count: int) -> list[Shown]:
    """Photos of one ring; the one of number 0 is whole, the others break."""
    photo, mask = shot(ring())
    (folder / "mask.png").write_bytes(png(np.where(mask, 64, 0).astype(np.uint8)))
    whole = Shown(photo=folder / "0.png", mask=folder / "mask.png", sku="ring", identity="ring", role="same")
    whole.photo.write_bytes(png(photo))
    for number in range(1, count):
        (folder / f"{number}.png").write_bytes(whole.photo.read_bytes()[:500])
    return [replace(whole, photo=folder / f"{number}.png") for number in range(count)]


def batches(shown: list[Shown], unreadable: Unreadable, *, workers: int) -> MaskBatches:
    maker = MaskSampleMaker(shown, MaskSampleSettings(scenes=0.0), side=64)
    return MaskBatches(maker, flat_trunk, size=4, steps=4, workers=workers, seed=0, unreadable=unreadable)


def test_broken_photos_are_left_out_before_the_training_and_counted(tmp_path: Path) -> None:
    unreadable = Unreadable(limit=2)
    assert [one.photo.name for one, _ in readable(rings(tmp_path, 3), unreadable, title="")] == ["0.png"]
    assert [path.name for path in unreadable.files] == ["1.png", "2.png"]
    with pytest.raises(InputError, match=r"2 photos cannot be read \(ring/\w+/1\.png, ring/\w+/2\.png.*max_unreadable"):
        list(readable(rings(tmp_path, 3), Unreadable(limit=1), title=""))


def test_what_a_worker_cannot_read_is_counted_by_the_trainer_once_over_epochs(tmp_path: Path) -> None:
    shown, unreadable = rings(tmp_path, 3), Unreadable(limit=2)
    drawing = batches(shown, unreadable, workers=1)
    assert len(list(drawing.batches(0))) == 4
    assert set(unreadable.files) == {one.photo for one in shown[1:]}
    assert len(list(drawing.batches(1))) == 4  # another process meets them again: still two
    assert "cut off" in unreadable.files[shown[1].photo].why


def test_a_batch_names_its_photos(tmp_path: Path) -> None:
    shown = rings(tmp_path, 1)
    batch = next(iter(batches(shown, Unreadable(), workers=0).batches(0)))
    assert list(batch.names) == [f"ring/{tmp_path.name}/0.png"] * 4


def test_too_many_of_them_end_the_training_with_a_clear_error(tmp_path: Path) -> None:
    drawing = batches(rings(tmp_path, 4), Unreadable(limit=2), workers=0)
    with pytest.raises(InputError, match=r"^3 photos cannot be read \(ring/.* 2 are allowed.*raise max_unreadable$"):
        list(drawing.batches(0))
