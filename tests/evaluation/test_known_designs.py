"""No challenger is compared on designs that it learned from, whatever the set is called that shows them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from small_models import a_defect_card, a_defect_graph, put_model
from small_renders import small_set
from visiqc.errors import InputError
from visiqc.evaluation.known_designs import known_designs, require_unseen
from visiqc.evaluation.rendered_sets import MANIFEST, read_manifest
from visiqc.inspection.parts import Models
from visiqc.runtime.cards import DataSetRecord, TrainingRecord
from visiqc.runtime.models import load_models


def learned_from(root: Path, name: str, skus: tuple[str, ...] | None, **known: Any) -> Path:
    """A defect model that learned from products of a set."""
    data = DataSetRecord(name=name, digest="a" * 64, licence="ours", shippable=True, skus=skus, **known)
    training = TrainingRecord(recipe="", data=(data,), minutes=1, machine="two cores", epochs=1)
    content = a_defect_graph()
    return put_model(root, replace(a_defect_card(content, "mine-1"), training=training), content)


def challenger(home: Path, name: str, skus: tuple[str, ...] | None, **known: Any) -> Models:
    learned_from(home / "models", name, skus, **known)
    return load_models(home=home, defect="mine-1", device="cpu", threads=1)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A set called train-large, of the designs luna-pendant and gala-studs."""
    return small_set(tmp_path / "large", name="train-large")


def test_designs_learned_from_in_another_set_are_refused_by_name(tmp_path: Path, large: Path) -> None:
    models = challenger(tmp_path, "train-small", ("gala-studs", "other"))
    with pytest.raises(InputError, match=r"defect mine-1 learned from gala-studs, which train-large shows.*--on.*--ov"):
        require_unseen(models, large, override=" ")
    assert require_unseen(models, large, override="all there is") == known_designs(models, large)
    assert known_designs(models, large) == ("defect mine-1 learned from gala-studs",)


def test_designs_held_out_in_another_set_are_refused_as_such(tmp_path: Path, large: Path) -> None:
    models = challenger(tmp_path, "train-small", ("gala-studs",), held_out=("luna-pendant", "other"))
    said = "defect mine-1 learned from gala-studs and held out and was measured on luna-pendant"
    with pytest.raises(InputError, match=f"{said}, which train-large shows"):
        require_unseen(models, large, override="")
    assert require_unseen(models, large, override="all there is") == (said,)


def test_other_designs_are_not_refused(tmp_path: Path, large: Path) -> None:
    assert require_unseen(challenger(tmp_path, "train-small", ("other",)), large, override="") == ()


def test_designs_drawn_from_another_seed_are_others_under_the_same_skus(tmp_path: Path, large: Path) -> None:
    seed = read_manifest(large).seed
    assert seed is not None
    drawn = {"held_out": ("luna-pendant",), "seed": seed + 1}
    assert (
        require_unseen(challenger(tmp_path / "other", "train-large", ("gala-studs",), **drawn), large, override="")
        == ()
    )
    with pytest.raises(InputError, match="learned from gala-studs"):
        require_unseen(challenger(tmp_path / "same", "mine", ("gala-studs",), seed=seed), large, override="")
    # Where one of the two is not known, the SKU alone counts.
    text = (large / MANIFEST).read_text()
    (large / MANIFEST).write_text(text.replace(f'"seed": {seed}', '"sowed": 0'))
    models = load_models(home=tmp_path / "other", defect="mine-1", device="cpu", threads=1)
    with pytest.raises(InputError, match="learned from gala-studs"):
        require_unseen(models, large, override="")


def test_where_every_design_is_known_the_name_of_a_set_says_nothing(tmp_path: Path, large: Path) -> None:
    models = challenger(tmp_path, "train-large", ("other",), held_out=("another",))
    assert require_unseen(models, large, override="") == ()


@pytest.mark.parametrize("skus", [None, ()], ids=["an earlier card", "one that says nothing of what was held out"])
def test_the_very_set_is_refused_whatever_is_known_of_its_designs(
    tmp_path: Path, large: Path, skus: tuple[str, ...] | None
) -> None:
    with pytest.raises(InputError, match="learned from the set train-large"):
        require_unseen(challenger(tmp_path, "train-large", skus), large, override="")


def test_of_an_earlier_card_the_name_of_the_set_is_all_that_counts(tmp_path: Path, large: Path) -> None:
    assert require_unseen(challenger(tmp_path, "train-small", None), large, override="") == ()
