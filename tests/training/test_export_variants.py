"""Variants in fewer bits, kept only where they win."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from visiqc.bootstrap import load_fleet
from visiqc.cli.model_moves import completed
from visiqc.errors import BadRecipe, InputError
from visiqc.runtime.bundle import bundled_models
from visiqc.runtime.cards import TrainingRecord, read_card, verified_model
from visiqc.runtime.models import DEFAULT_TRUNK, load_models
from visiqc.settings import Settings
from visiqc.training.defect_export import DefectFacts, export_defect
from visiqc.training.defect_model import DefectArchitecture, DefectNet
from visiqc.training.export_variants import VariantsRecipe, export_variants
from visiqc.training.fleet import write_fleet

SAMPLES = Path(__file__).parents[2] / "data/samples"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A tiny untrained defect model with its card."""
    torch.manual_seed(0)
    trunk = read_card(bundled_models() / "trunk" / DEFAULT_TRUNK)
    facts = DefectFacts(
        codes=("ME-SCR", "unknown"),
        trunk=trunk,
        training=TrainingRecord(recipe="", data=(), minutes=0.0, machine="none", epochs=0),
        metrics={},
        shippable=True,
        exported_with={},
    )
    net = DefectNet(DefectArchitecture(embeddings=(4, 6, 8), widths=(4, 6, 8)), types=2)
    card = export_defect(net, tmp_path / "defect", version="tiny", facts=facts)
    return tmp_path / "defect" / card.version


def recipe(model: Path) -> VariantsRecipe:
    return VariantsRecipe(model=model, photos=SAMPLES, count=1, side=64)


def test_a_variant_that_wins_is_written_with_a_card_of_its_own_and_can_be_verified(model: Path) -> None:
    # A tolerance and a speed that anything meets: what is written is looked at here, not whether it won.
    result = export_variants(replace(recipe(model), faster=0.0, tolerance=1.0))
    assert [folder.name for folder in result.artifacts] == ["tiny-fp16", "tiny-int8"]
    for folder in result.artifacts:
        made = verified_model(folder)
        assert made.card.sha256 != read_card(model).sha256
        assert made.card.weights in {"fp16", "int8"}
    assert 0 < result.metrics["fp16_difference"] < 0.01
    assert 0 < result.metrics["int8_difference"] < 0.2


def test_a_variant_has_the_sidecars_of_its_model_and_can_be_promoted_with_one(model: Path) -> None:
    models = model.parents[1]
    shipped = load_fleet(load_models())
    write_fleet(replace(shipped, defect=read_card(model).sha256), models / "fleet" / "its-own")
    write_fleet(replace(shipped, defect="0" * 64, trunk="1" * 64), models / "fleet" / "of-another-model-and-trunk")
    result = export_variants(replace(recipe(model), kinds=("fp16",), faster=0.0, tolerance=1.0))
    assert [folder.relative_to(models).as_posix() for folder in result.artifacts] == [
        "defect/tiny-fp16",
        "fleet/its-own-fp16",
    ]
    settings = Settings(home=models.parent / "home")
    challenge = completed(settings, result.artifacts)
    assert challenge.members.models["defect"].digest == read_card(result.artifacts[0]).sha256
    assert challenge.members.fleet.version == "its-own-fp16"
    assert challenge.parts.fleet.scores == shipped.scores


def test_one_that_does_not_is_measured_and_not_written(model: Path) -> None:
    result = export_variants(replace(recipe(model), kinds=("fp16",), faster=1000.0))
    assert result.artifacts == ()
    assert result.metrics["fp16_kept"] == 0
    assert [folder.name for folder in model.parent.iterdir()] == ["tiny"]


def test_other_models_and_settings_that_make_no_sense_are_refused(model: Path) -> None:
    with pytest.raises(InputError, match="variants are made of defect models, got trunk"):
        export_variants(replace(recipe(model), model=bundled_models() / "trunk" / DEFAULT_TRUNK))
    with pytest.raises(BadRecipe, match="side must be a multiple of 16"):
        replace(recipe(model), side=100)
