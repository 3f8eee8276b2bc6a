from __future__ import annotations

from pathlib import Path

import pytest

from pair_sets import rendered
from visiqc.errors import InputError
from visiqc.evaluation.datasets import upright_size
from visiqc.training.datasets.labels import labels_of
from visiqc.training.datasets.pairs import Relation
from visiqc.training.datasets.rendered import read_rendered

ROLES = ("good", "defective", "variant", "wrong_sample", "unusable")


def test_every_role_becomes_what_it_teaches(tmp_path: Path) -> None:
    pairs = read_rendered(rendered(tmp_path / "set", ROLES)).pairs
    assert [(pair.relation, pair.defective, pair.codes, pair.attribute) for pair in pairs] == [
        (Relation.SAME, False, (), None),
        (Relation.SAME, True, ("ME-SCR",), None),
        (Relation.VARIANT, None, (), "metal"),
        (Relation.OTHER, None, (), None),
    ]
    assert all(len(pair.goldens) == 1 and pair.pose == "guided" for pair in pairs)


def test_what_was_left_out_is_told(tmp_path: Path) -> None:
    assert read_rendered(rendered(tmp_path / "set", ROLES)).notes == ("1 photos spoiled on purpose, left out",)


def test_a_set_of_good_photos_alone_is_allowed_and_told(tmp_path: Path) -> None:
    assert "every upload is good" in read_rendered(rendered(tmp_path / "set", ("good",))).notes[-1]


def test_a_test_set_is_never_trained_on(tmp_path: Path) -> None:
    folder = rendered(tmp_path / "set", ROLES, split="test")
    with pytest.raises(InputError, match="never trained on"):
        read_rendered(folder)
    assert len(read_rendered(folder, for_evaluation=True).pairs) == 4


def test_the_label_image_is_the_renderers_own(tmp_path: Path) -> None:
    good, bad = read_rendered(rendered(tmp_path / "set", ("good", "defective"))).pairs
    for pair, values in ((good, {0, 64}), (bad, {0, 255})):
        size = upright_size(pair.upload)
        labels = labels_of(pair, size, full_size=size)
        assert labels is not None
        assert set(labels.ravel().tolist()) == values


def test_goldens_alone_are_nothing_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to learn from"):
        read_rendered(rendered(tmp_path / "set", ()))


def test_a_changed_photo_changes_the_digest(tmp_path: Path) -> None:
    folder = rendered(tmp_path / "set", ("good",))
    before = read_rendered(folder).digest
    (folder / "one/good-1.jpg").write_bytes((folder / "one/golden-0.jpg").read_bytes())
    assert read_rendered(folder).digest != before
