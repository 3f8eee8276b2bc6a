from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from small_models import CHANNELS, CODES, a_defect_card, a_defect_graph
from visiqc.errors import IntegrityError, InvalidRecord
from visiqc.runtime.cards import ModelCard, OutputContract
from visiqc.runtime.defect import OnnxDefect
from visiqc.runtime.sessions import open_session
from visiqc.vision.types import FeatureMaps


def defect_model(content: bytes | None = None, **card: object) -> OnnxDefect:
    content = content or a_defect_graph()
    session = open_session(content, name="defect", device="cpu", threads=1)
    return OnnxDefect(a_defect_card(content, **card), session)


@pytest.fixture(scope="module")
def defect() -> OnnxDefect:
    return defect_model()


def maps_of(seed: int = 0, *, count: int = 1, height: int = 24, width: int = 16) -> FeatureMaps:
    """Maps as the trunk gives them for a frame of 4 × that size."""
    rng = np.random.default_rng(seed)
    sizes = {stride: (-(-height * 4 // stride), -(-width * 4 // stride)) for stride in CHANNELS}
    return FeatureMaps(
        *(rng.normal(size=(count, wide, *sizes[s])).astype(np.float32) for s, (wide, _) in CHANNELS.items())
    )


def test_an_embedding_keeps_the_strides_with_fewer_channels(defect: OnnxDefect) -> None:
    kept = defect.encode(maps_of(count=2))
    assert [each.shape for each in kept] == [(2, 3, 24, 16), (2, 4, 12, 8), (2, 5, 6, 4)]
    assert all(each.dtype == np.float32 for each in kept)


def test_an_upload_that_is_its_golden_has_not_changed_anywhere(defect: OnnxDefect) -> None:
    maps = maps_of()
    change, types = defect.compare(maps, [defect.encode(maps)])
    np.testing.assert_allclose(change, 0, atol=1e-6)
    assert (change.shape, types.shape) == ((24, 16), (len(CODES), 12, 8))
    assert defect.compare(maps_of(1), [defect.encode(maps)])[0].min() > 0.01


def test_several_goldens_count_together_however_they_are_handed_over(defect: OnnxDefect) -> None:
    goldens = [defect.encode(maps_of(seed)) for seed in (1, 2, 3)]
    upload = maps_of(9)
    together = defect.compare(upload, goldens)
    alone = [defect.compare(upload, [one])[0] for one in goldens]
    np.testing.assert_allclose(together[0], np.mean(alone, axis=0), atol=1e-5)
    stacked = FeatureMaps(*(np.concatenate(each) for each in zip(*goldens, strict=True)))
    np.testing.assert_allclose(defect.compare(upload, [stacked])[0], together[0], atol=1e-6)


def test_sizes_are_free(defect: OnnxDefect) -> None:
    maps = maps_of(height=9, width=31)
    assert defect.compare(maps, [defect.encode(maps)])[0].shape == (9, 31)


def test_an_embedding_does_not_depend_on_what_else_is_encoded(defect: OnnxDefect) -> None:
    together = defect.encode(FeatureMaps(*(np.concatenate(each) for each in zip(maps_of(1), maps_of(2), strict=True))))
    for index, seed in enumerate((1, 2)):
        for all_of_them, alone in zip(together, defect.encode(maps_of(seed)), strict=True):
            np.testing.assert_allclose(all_of_them[index], alone[0], atol=1e-5)


def test_threads_share_it(defect: OnnxDefect) -> None:
    golden = defect.encode(maps_of())
    with ThreadPoolExecutor(4) as pool:
        shared = list(pool.map(lambda seed: defect.compare(maps_of(seed), [golden])[0], range(8)))
    for seed, change in enumerate(shared):
        np.testing.assert_allclose(change, defect.compare(maps_of(seed), [golden])[0], atol=1e-5)


def test_it_is_named_by_its_digest_and_codes(defect: OnnxDefect) -> None:
    assert (defect.digest, defect.codes) == (defect.card.sha256, CODES)


def test_without_a_golden_or_with_two_uploads_it_is_not_asked(defect: OnnxDefect) -> None:
    with pytest.raises(InvalidRecord, match="at least one golden, got 1 and 0"):
        defect.compare(maps_of(), [])
    with pytest.raises(InvalidRecord, match="wanted one upload"):
        defect.compare(maps_of(count=2), [defect.encode(maps_of())])


def test_maps_of_another_trunk_are_refused(defect: OnnxDefect) -> None:
    maps = maps_of()
    with pytest.raises(InvalidRecord, match="defect does not take"):
        defect.encode(maps._replace(stride8=maps.stride8[:, :-1]))


@pytest.mark.parametrize("name", ["change", "types", "embed4"])
def test_a_graph_that_lacks_an_output_is_refused(name: str) -> None:
    with pytest.raises(IntegrityError, match="export it again"):
        defect_model(a_defect_graph(leave_out=name))


def outputs_without(card: ModelCard, name: str) -> tuple[OutputContract, ...]:
    return tuple(output for output in card.outputs if output.name != name)


def test_a_card_that_does_not_fit_the_graph_is_refused() -> None:
    content = a_defect_graph()
    card = a_defect_card(content)
    session = open_session(content, name="defect", device="cpu", threads=1)
    for wrong in (
        replace(card, codes=()),
        replace(card, codes=("unknown",)),
        replace(card, codes=("unknown", "scratch", "missing_stone")),
        replace(card, outputs=outputs_without(card, "embed8")),
    ):
        with pytest.raises(IntegrityError, match="name one code for each channel"):
            OnnxDefect(wrong, session)
