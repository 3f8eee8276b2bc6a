from __future__ import annotations

from pathlib import Path

import pytest

from visiqc.errors import NotFound
from visiqc.runtime import bundle


def test_models_that_ship_are_found() -> None:
    assert (bundle.bundled_models() / "trunk" / "lite0-1" / "model.onnx").is_file()


def test_sample_photos_that_ship_are_found() -> None:
    assert bundle.bundled_samples().is_dir()


def test_an_installed_wheel_brings_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "_bundle" / "models").mkdir(parents=True)
    monkeypatch.setattr(bundle, "_PACKAGE", tmp_path)
    assert bundle.bundled_models() == tmp_path / "_bundle" / "models"


def test_an_incomplete_installation_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "_PACKAGE", tmp_path)
    monkeypatch.setattr(bundle, "_CHECKOUT", tmp_path)
    with pytest.raises(NotFound, match=r"models .* are missing; install the wheel again"):
        bundle.bundled_models()


def test_a_promoted_model_goes_before_the_bundled_one(tmp_path: Path) -> None:
    promoted = tmp_path / "models" / "trunk" / "lite0-1"
    promoted.mkdir(parents=True)
    (promoted / "card.yaml").touch()
    assert bundle.find_model("trunk", "lite0-1", home=tmp_path) == promoted
    assert bundle.find_model("identity", "lite0-1", home=tmp_path) == bundle.bundled_models() / "identity" / "lite0-1"


def test_an_unknown_version_is_refused_with_those_there_are() -> None:
    with pytest.raises(NotFound, match=r"no trunk model 'lite9'; there are: lite0-1"):
        bundle.find_model("trunk", "lite9")


@pytest.mark.parametrize("version", ["../trunk/lite0-1", "..", ".", "", "/"])
def test_a_version_cannot_be_a_path(version: str) -> None:
    with pytest.raises(NotFound):
        bundle.find_model("trunk", version)
