"""What stands in a batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from visiqc.errors import InputError
from visiqc.training.mismatch_batches import UNKNOWN, BatchSettings, MismatchBatches, Row
from visiqc.training.mismatch_data import Shown
from visiqc.training.mismatch_features import Patches


def row(sku: str, role: str = "same", *, identity: str = "", number: int = 0, **look: str) -> Row:
    """Maps hold the row's own number, by which a test knows it again."""
    shown = Shown(
        photo=Path(f"{sku}-{number}.jpg"),
        sku=sku,
        identity=identity or sku,
        role=role,
        family=sku[0],
        look=look,
    )
    maps = np.full((3, 2, 4, 4), number, np.float16)
    return Row(shown=shown, patches=Patches(maps, maps[:, :1, :2, :2]))


def rows() -> list[Row]:
    skus = ("a1", "a2", "b1", "b2", "c1")
    own = [row(sku, number=n, metal="gold14") for sku in skus for n in range(4)]
    return [
        *own,
        row("a1", "variant", identity="a1 in silver", number=100),
        row("b1", "other", identity="b1 mixed up", number=200),
    ]


def drawn(settings: BatchSettings, *, epoch: int = 0, steps: int = 6) -> list[tuple[list[float], list[int]]]:
    made = MismatchBatches(rows(), settings, steps=steps, seed=3).batches(epoch)
    return [(batch.stride16[:, 0, 0, 0].tolist(), batch.identity.tolist()) for batch in made]


def test_an_epoch_is_the_same_again_and_the_next_one_another() -> None:
    settings = BatchSettings()
    assert drawn(settings, epoch=1) == drawn(settings, epoch=1)
    assert drawn(settings, epoch=1) != drawn(settings, epoch=2)


def test_every_design_brings_so_many_photos() -> None:
    for numbers, identities in drawn(BatchSettings(designs=5, photos=2, variants=0, hard=0.0)):
        assert len(numbers) == 10
        assert all(identities.count(one) == 2 for one in identities)


def test_a_variant_stands_beside_its_design_and_a_mix_up_does_not() -> None:
    seen = [number for numbers, _ in drawn(BatchSettings(designs=5, hard=0.0)) for number in numbers]
    assert 100 in seen
    assert 200 not in seen


def test_a_hard_batch_holds_one_family_of_three() -> None:
    made = MismatchBatches(rows(), BatchSettings(hard=1.0, variants=0), steps=8, seed=0)
    names = {number: name for name, number in made.identities.items()}
    for batch in made.batches(0):
        assert len({names[number][0] for number in batch.identity.tolist()}) == 1


def test_an_unknown_look_has_no_class() -> None:
    made = MismatchBatches(rows(), BatchSettings(designs=5, hard=0.0), steps=2, seed=0)
    for batch in made.batches(0):
        variants = batch.stride16[:, 0, 0, 0] == 100
        assert (batch.looks[variants] == UNKNOWN).all()
        assert (batch.looks[~variants, 0] == 0).all()
        assert (batch.looks[:, 1:] == UNKNOWN).all()


def test_a_batch_names_the_photo_of_every_row() -> None:
    made = MismatchBatches(rows(), BatchSettings(variants=0), steps=2, seed=0)
    skus = {number: sku for sku, number in made.identities.items()}
    for batch in made.batches(0):
        numbers = batch.stride16[:, 0, 0, 0].int().tolist()
        wanted = [f"{skus[one]}-{number}.jpg" for one, number in zip(batch.identity.tolist(), numbers, strict=True)]
        assert [name.rpartition("/")[2] for name in batch.names] == wanted


def test_two_processes_share_the_steps() -> None:
    made = MismatchBatches(rows(), BatchSettings(), steps=5, seed=0)
    assert [len(list(made.batches(0, rank=rank, world=2))) for rank in (0, 1)] == [3, 3]


def test_one_product_is_nothing_to_tell_apart() -> None:
    with pytest.raises(InputError, match="at least two products"):
        MismatchBatches([row("a1"), row("a1", number=1)], BatchSettings(), steps=1, seed=0)
