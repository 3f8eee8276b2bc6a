from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from visiqc.errors import IntegrityError, NotFound
from visiqc.runtime.bundle import bundled_models
from visiqc.runtime.cards import (
    CARD_FILE,
    DataSetRecord,
    TrainingRecord,
    card_text,
    read_card,
    verified_model,
    write_card,
)


@pytest.fixture
def trunk(tmp_path: Path) -> Path:
    """A copy of the trunk that ships, free to be damaged."""
    return Path(shutil.copytree(bundled_models() / "trunk" / "lite0-1", tmp_path / "trunk" / "lite0-1"))


def change_card(folder: Path, **changes: object) -> None:
    values = yaml.safe_load((folder / CARD_FILE).read_text(encoding="utf-8"))
    (folder / CARD_FILE).write_text(yaml.safe_dump(values | changes), encoding="utf-8")


SHIPPED = sorted(model.parent for model in bundled_models().glob("*/*/model.onnx"))


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_every_model_that_ships_has_the_bytes_of_its_card(folder: Path) -> None:
    model = verified_model(folder)
    assert hashlib.sha256(model.content).hexdigest() == model.card.sha256
    assert len(model.content) == model.card.bytes


def test_all_models_that_ship_stay_within_25_megabytes() -> None:
    assert sum(path.stat().st_size for path in bundled_models().rglob("*.onnx")) <= 25_000_000


def test_no_model_file_names_the_machine_it_was_exported_on() -> None:
    for path in bundled_models().rglob("*.onnx"):
        content = path.read_bytes()
        assert not any(word in content for word in (b".py", b"site-packages", b"/home/", b"/root/", b"/tmp/"))


@pytest.mark.parametrize("place", [0, 1_000_000, -1])
def test_one_changed_byte_is_refused(trunk: Path, place: int) -> None:
    content = bytearray((trunk / "model.onnx").read_bytes())
    content[place] ^= 1
    (trunk / "model.onnx").write_bytes(content)
    found = hashlib.sha256(content).hexdigest()
    with pytest.raises(IntegrityError, match=rf"trunk lite0-1 was changed: .*a7116cf0142f…, .* {found[:12]}…; install"):
        verified_model(trunk)


def test_a_truncated_model_is_refused(trunk: Path) -> None:
    (trunk / "model.onnx").write_bytes((trunk / "model.onnx").read_bytes()[:-1])
    with pytest.raises(IntegrityError, match="was changed"):
        verified_model(trunk)


@pytest.mark.parametrize("name", ["model.onnx", CARD_FILE])
def test_a_missing_file_is_named_without_its_path(trunk: Path, name: str) -> None:
    (trunk / name).unlink()
    with pytest.raises(NotFound, match=f"model trunk lite0-1 has no {name}") as caught:
        verified_model(trunk)
    assert str(trunk) not in str(caught.value)


def test_a_card_of_another_model_is_refused(trunk: Path) -> None:
    change_card(trunk, version="lite9-1")
    with pytest.raises(IntegrityError, match=r"folder of model trunk lite0-1 is that of trunk lite9-1"):
        read_card(trunk)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"colour": "red"}, "colour"),
        ({"sha256": "abc"}, "sha256"),
        ({"file": "../model.onnx"}, "file"),
        ({"bytes": "x"}, "bytes"),
    ],
)
def test_a_wrong_card_is_refused_where_it_is_wrong(trunk: Path, changes: dict[str, object], place: str) -> None:
    change_card(trunk, **changes)
    with pytest.raises(IntegrityError, match=f"wrong at {place}"):
        read_card(trunk)


@pytest.mark.parametrize("text", ["a: [", "- 1", "", "\x00"])
def test_a_card_that_is_no_card_is_refused(trunk: Path, text: str) -> None:
    (trunk / CARD_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(IntegrityError, match="the card of model trunk lite0-1"):
        read_card(trunk)


def test_a_card_reads_back_as_it_was_written(trunk: Path) -> None:
    card = read_card(trunk)
    before = (trunk / CARD_FILE).read_bytes()
    write_card(card, trunk)
    assert (trunk / CARD_FILE).read_bytes() == before
    assert read_card(trunk) == card


def test_a_card_of_the_first_release_says_nothing_of_training(trunk: Path) -> None:
    card = read_card(trunk)
    assert (card.training, card.metrics, card.codes, card.shippable) == (None, {}, (), True)
    assert "\ntraining:" not in card_text(card)
    assert "shippable" not in card_text(card)


def test_what_was_trained_and_measured_reads_back_as_it_was_written(trunk: Path) -> None:
    data = DataSetRecord(name="renders", digest="a" * 64, licence="Apache-2.0", shippable=True)
    training = TrainingRecord(
        recipe="epochs: 3\n", data=(data,), minutes=71.5, machine="two cores", epochs=3, commit="d6af72b"
    )
    card = replace(
        read_card(trunk),
        training=training,
        metrics={"renders/guided/auroc": 0.975},
        codes=("scratch", "unknown"),
        shippable=False,
    )
    write_card(card, trunk)
    assert read_card(trunk) == card


def test_the_products_learned_from_and_held_out_stand_in_rows_and_read_back(trunk: Path) -> None:
    skus = tuple(f"train-{number:03d}-band" for number in range(300))
    skus, held_out = skus[:200], skus[200:]
    data = DataSetRecord(
        name="renders", digest="a" * 64, licence="Apache-2.0", shippable=True, skus=skus, held_out=held_out, seed=7
    )
    training = TrainingRecord(recipe="", data=(data,), minutes=1, machine="two cores", epochs=1)
    card = replace(read_card(trunk), training=training)
    write_card(card, trunk)
    assert read_card(trunk) == card
    assert len((trunk / CARD_FILE).read_text().splitlines()) < 130


@pytest.mark.parametrize("folder", [file.parent for file in bundled_models().glob("*/*/card.yaml")], ids=str)
def test_a_card_that_ships_is_written_as_it_stands(folder: Path) -> None:
    assert card_text(read_card(folder)) == (folder / CARD_FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"training": {"recipe": ""}}, "training"),
        ({"metrics": {"auroc": "good"}}, "metrics.auroc"),
        ({"codes": "scratch"}, "codes"),
        ({"shippable": "perhaps"}, "shippable"),
    ],
)
def test_a_wrong_record_of_training_is_refused_where_it_is_wrong(
    trunk: Path, changes: dict[str, object], place: str
) -> None:
    change_card(trunk, **changes)
    with pytest.raises(IntegrityError, match=f"wrong at {place}"):
        read_card(trunk)
