"""Exports score the sample photos as torch does, or are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bench import real_models
from small_models import put_model
from visiqc.errors import IntegrityError, NotFound
from visiqc.runtime import bundle
from visiqc.runtime.bundle import bundled_models
from visiqc.runtime.cards import ModelCard, TrainingRecord, read_card
from visiqc.runtime.models import cards_of
from visiqc.training import defect_export, mismatch_export, sample_maps
from visiqc.training.defect_model import DefectArchitecture, DefectNet
from visiqc.training.export_lite import load_lite
from visiqc.training.mismatch_model import MismatchNet
from visiqc.training.sample_maps import require_same_scores

RECORD = TrainingRecord(recipe="seed: 0\n", data=(), minutes=1.0, machine="2 cores", epochs=1)
SCORES = "scores of 8 sample photos"


def trunk() -> ModelCard:
    return cards_of(real_models())["trunk"]


def defect_net(seed: int = 0) -> DefectNet:
    torch.manual_seed(seed)
    return DefectNet(DefectArchitecture(embeddings=(4, 6, 8), widths=(4, 6, 8)), types=2).eval()


def exported_defect(folder: Path, reader: ModelCard | None = None, *, home: Path | None = None) -> ModelCard:
    facts = defect_export.DefectFacts(
        codes=("ME-SCR", "unknown"),
        trunk=reader or trunk(),
        training=RECORD,
        metrics={},
        shippable=True,
        exported_with={},
        home=home,
    )
    return defect_export.export_defect(defect_net(), folder / "defect", version="tiny", facts=facts)


def exported_identity(folder: Path) -> ModelCard:
    facts = mismatch_export.MismatchFacts(trunk=trunk(), training=RECORD, metrics={}, shippable=True)
    torch.manual_seed(0)
    net = MismatchNet(load_lite("lite0")[0], frozen=4)
    return mismatch_export.export_mismatch(net, folder / "identity", version="tiny", facts=facts)


def test_the_set_is_a_golden_and_an_upload_of_every_sample_product() -> None:
    found = sample_maps.sample_maps(trunk().version, side=64)
    assert [level.shape for level in found.uploads] == [(8, 24, 16, 16), (8, 40, 8, 8), (8, 112, 4, 4)]
    assert found.goldens.stride16.shape == found.uploads.stride16.shape
    again = sample_maps.sample_maps(trunk().version, side=64)
    assert np.array_equal(found.uploads.stride4, again.uploads.stride4)


@pytest.mark.parametrize("export", [exported_defect, exported_identity])
def test_the_card_says_how_far_scores_of_sample_photos_are_apart_and_a_model_off_by_more_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, export: Callable[[Path], ModelCard]
) -> None:
    card = export(tmp_path)
    assert card.parity[SCORES] <= 1e-3
    assert len(card.parity) == 4
    assert read_card(tmp_path / card.name / "tiny") == card
    monkeypatch.setattr(sample_maps, "SCORE_LIMIT", -1.0)
    with pytest.raises(IntegrityError, match=rf"model tiny, {SCORES}: ONNX Runtime and torch differ by"):
        export(tmp_path / "off")
    assert not (tmp_path / "off").exists()


def test_a_defect_model_that_is_another_one_in_the_file_scores_otherwise(tmp_path: Path) -> None:
    card = exported_defect(tmp_path)
    content = (tmp_path / card.name / "tiny" / card.file).read_bytes()
    samples = sample_maps.sample_maps(trunk().version, side=64)
    assert defect_export.scores_apart(card, content, defect_net(), samples) <= 1e-3
    assert defect_export.scores_apart(card, content, defect_net(seed=1), samples) > 1e-3


def test_an_identity_model_whose_vectors_are_off_tells_other_similarities(tmp_path: Path) -> None:
    card = exported_identity(tmp_path)
    content = (tmp_path / card.name / "tiny" / card.file).read_bytes()
    samples = sample_maps.sample_maps(trunk().version, side=64)
    torch.manual_seed(0)
    net = MismatchNet(load_lite("lite0")[0], frozen=4).eval()
    assert mismatch_export.scores_apart(card, content, net, samples) <= 1e-3
    with torch.no_grad():
        net.project.weight[:8] *= 1.2
    assert mismatch_export.scores_apart(card, content, net, samples) > 1e-3


def test_a_difference_that_is_no_number_is_refused() -> None:
    assert require_same_scores(0.000123, "model") == 0.00012
    with pytest.raises(IntegrityError, match=r"model: .* differ by nan, allowed is 0\.001"):
        require_same_scores(float("nan"), "model")


def test_without_the_samples_an_export_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "_CHECKOUT", tmp_path)
    with pytest.raises(NotFound, match="the samples that ship with VisiQC are missing; install the wheel again"):
        sample_maps.sample_maps("lite0-1", side=64)


def test_a_trunk_that_is_not_there_is_named() -> None:
    with pytest.raises(NotFound, match="no trunk model 'lite9'"):
        sample_maps.sample_maps("lite9", side=64)


def test_a_trunk_that_lies_in_the_home_alone_is_taken_from_there(tmp_path: Path) -> None:
    card = replace(trunk(), version="lite0-9")
    put_model(tmp_path / "models", card, (bundled_models() / "trunk" / trunk().version / card.file).read_bytes())
    found = sample_maps.sample_maps("lite0-9", side=64, home=tmp_path)
    assert found.uploads.stride16.shape == (8, 112, 4, 4)
    facts = mismatch_export.MismatchFacts(trunk=card, training=RECORD, metrics={}, shippable=True, home=tmp_path)
    net = MismatchNet(load_lite("lite0")[0], frozen=4)
    assert (
        mismatch_export.export_mismatch(net, tmp_path / "identity", version="tiny", facts=facts).parity[SCORES] < 1e-3
    )
    made = exported_defect(tmp_path, card, home=tmp_path)
    assert made.parity[SCORES] < 1e-3
