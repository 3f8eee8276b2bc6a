from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from small_models import CODES, a_candidate, a_defect_card, a_defect_graph, put_model
from visiqc.errors import IntegrityError, InvalidRecord, NotFound, ShapeMismatch
from visiqc.inspection.parts import Models
from visiqc.runtime.bundle import bundled_models
from visiqc.runtime.cards import CARD_FILE, read_card
from visiqc.runtime.models import cards_of, load_models, warm
from visiqc.vision.types import Photo


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models(device="cpu", threads=1)


def noise(height: int, width: int, seed: int = 0) -> Photo:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@settings(max_examples=15)
@given(count=st.integers(1, 3), height=st.integers(32, 150), width=st.integers(32, 150))
def test_maps_have_a_cell_for_every_started_stride(models: Models, count: int, height: int, width: int) -> None:
    maps = models.trunk.features([noise(height, width)] * count)
    for stride, channels, each in zip((4, 8, 16), (24, 40, 112), maps, strict=True):
        assert each.shape == (count, channels, -(-height // stride), -(-width // stride))
        assert np.isfinite(each).all()


def test_a_batch_gives_what_its_photos_give_alone(models: Models) -> None:
    photos = [noise(640, 800, seed) for seed in range(3)]  # two of these are over the megapixel of one run
    together = models.trunk.features(photos)
    for index, photo in enumerate(photos):
        for maps, alone in zip(together, models.trunk.features([photo]), strict=True):
            np.testing.assert_allclose(maps[index], alone[0], atol=1e-4)


@pytest.mark.parametrize("grown", [1, 7, 16])
def test_the_sampling_grid_does_not_move_with_the_size(models: Models, grown: int) -> None:
    """Pixels added behind leave the cells in front as they were; TensorFlow's own padding moves them."""
    photo = noise(256 + grown, 256 + grown)
    small, large = (models.trunk.features([each]).stride4 for each in (photo[:256, :256], photo))
    np.testing.assert_allclose(large[0, :, :56, :56], small[0, :, :56, :56], atol=1e-4)


def test_identity_vectors_have_length_one(models: Models) -> None:
    vectors = models.identity.vectors(models.trunk.features([noise(256, 192), noise(256, 192, 1)]).stride16)
    assert (vectors.ndim, len(vectors)) == (2, 2)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] < 0.999


def test_threads_that_share_the_models_get_what_one_gets_alone(models: Models) -> None:
    photos = [noise(96 + 16 * (seed % 3), 128, seed) for seed in range(12)]

    def vector(photo: Photo) -> np.ndarray:
        return models.identity.vectors(models.trunk.features([photo]).stride16)[0]

    with ThreadPoolExecutor(4) as pool:
        shared = list(pool.map(vector, photos))
    np.testing.assert_allclose(shared, [vector(photo) for photo in photos], atol=1e-5)


@pytest.mark.parametrize(
    ("photos", "said"),
    [
        ([], "no photo"),
        ([noise(64, 64), noise(64, 65)], "64×64×3.*64×65×3"),
        ([noise(31, 64)], "at least 32 × 32.*31×64×3"),
        ([noise(64, 64)[..., 0]], "64×64"),
    ],
)
def test_photos_the_trunk_does_not_take_are_refused_by_shape(models: Models, photos: list[Photo], said: str) -> None:
    with pytest.raises(ShapeMismatch, match=said):
        models.trunk.features(photos)


@pytest.mark.parametrize("shape", [(1, 48, 4, 4), (112, 4, 4), (0, 112, 4, 4), (1, 112, 0, 4)])
def test_maps_of_another_trunk_are_refused(models: Models, shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidRecord):
        models.identity.vectors(np.zeros(shape, np.float32))


def test_trunk_and_identity_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    stranger = tmp_path / "models" / "identity" / "strange-1"
    shutil.copytree(bundled_models() / "identity" / "lite0-1", stranger)
    values = yaml.safe_load((stranger / CARD_FILE).read_text(encoding="utf-8"))
    (stranger / CARD_FILE).write_text(yaml.safe_dump(values | {"version": "strange-1", "trunk_sha256": "5" * 64}))
    with pytest.raises(IntegrityError, match="identity strange-1 continues the trunk 555555555555…, but trunk lite0-1"):
        load_models(trunk="lite0-1", identity="strange-1", home=tmp_path, device="cpu")


def test_a_promoted_model_with_one_changed_byte_is_refused_at_load(tmp_path: Path) -> None:
    promoted = shutil.copytree(bundled_models() / "trunk" / "lite0-1", tmp_path / "models" / "trunk" / "lite0-1")
    content = bytearray((promoted / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 0x80
    (promoted / "model.onnx").write_bytes(content)
    with pytest.raises(IntegrityError, match="trunk lite0-1 was changed"):
        load_models(home=tmp_path, device="cpu")


def test_a_card_with_other_preprocessing_is_refused(tmp_path: Path) -> None:
    promoted = shutil.copytree(bundled_models() / "trunk" / "lite0-1", tmp_path / "models" / "trunk" / "lite0-1")
    card = promoted / "card.yaml"
    card.write_text(card.read_text(encoding="utf-8").replace("mean: 127.0", "mean: 128.0"), encoding="utf-8")
    with pytest.raises(IntegrityError, match="trunk lite0-1 wants other preprocessing"):
        load_models(home=tmp_path, device="cpu")


def test_a_model_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFound, match="no trunk model 'dino'"):
        load_models(trunk="dino")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home in which a whole set `halo-1` lies."""
    a_candidate(tmp_path / "models", "halo-1")
    return tmp_path


def test_without_a_defect_model_everything_works_as_before(models: Models) -> None:
    without = load_models(defect="none", device="cpu", threads=1, before=models)
    assert without.defect is None
    assert list(cards_of(without)) == ["trunk", "identity", "mask"]
    warm(without)


def test_a_set_with_a_defect_model_is_loaded_by_name(home: Path, models: Models) -> None:
    found = load_models(home=home, identity="halo-1", defect="halo-1", device="cpu", threads=1)
    assert found.defect is not None
    assert found.defect.codes == CODES
    assert found.digests == tuple(card.sha256 for card in cards_of(found).values())
    assert found.digests[0] == models.trunk.digest
    assert found.digests[1] != models.identity.digest
    warm(found)
    none = load_models(home=home, identity="halo-1", defect="none", device="cpu", threads=1)
    assert none.digests == (*found.digests[:2], found.digests[3])


def test_what_is_open_already_is_shared(home: Path, models: Models) -> None:
    found = load_models(home=home, identity="halo-1", defect="halo-1", device="cpu", threads=1, before=models)
    assert found.trunk is models.trunk
    assert found.identity is not models.identity
    again = load_models(home=home, identity="halo-1", defect="halo-1", device="cpu", threads=1, before=found)
    assert (again.trunk, again.identity, again.defect) == (found.trunk, found.identity, found.defect)


def test_a_defect_model_of_another_trunk_is_refused(tmp_path: Path) -> None:
    content = a_defect_graph()
    put_model(tmp_path / "models", a_defect_card(content, trunk_sha256="f" * 64), content)
    with pytest.raises(IntegrityError, match="defect tiny-1 continues the trunk ffffffffffff…, but trunk lite0-1"):
        load_models(home=tmp_path, defect="tiny-1", device="cpu")


def test_a_defect_model_that_was_changed_is_refused_even_when_the_old_one_is_open(home: Path, models: Models) -> None:
    folder = home / "models" / "defect" / "halo-1"
    opened = load_models(home=home, identity="halo-1", defect="halo-1", device="cpu", threads=1, before=models)
    (folder / "model.onnx").write_bytes(a_defect_graph(seed=5))
    with pytest.raises(IntegrityError, match="defect halo-1 was changed"):
        load_models(home=home, identity="halo-1", defect="halo-1", device="cpu", threads=1, before=opened)
    assert opened.defect is not None
    assert opened.defect.digest == read_card(folder).sha256
