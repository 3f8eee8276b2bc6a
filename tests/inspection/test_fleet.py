from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bench import real_fleet
from visiqc.errors import IntegrityError
from visiqc.inspection.fleet import Fleet, closeness, cohort_bytes, read_fleet, sameness, to_json
from visiqc.runtime.bundle import bundled_models
from visiqc.vision.fusion import SizeScale

RNG = np.random.default_rng(0)


def unit(count: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, 1280)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def a_fleet(**changes: Any) -> Fleet:
    return replace(real_fleet(), **{"cohort": unit(40).astype(np.float16).astype(np.float32)} | changes)


def with_defect() -> Fleet:
    """The sidecar of the defect model that ships."""
    (folder,) = (bundled_models() / "defect").iterdir()
    fleet = bundled_models() / "fleet" / folder.name
    text, cohort = (fleet / "fleet.json").read_text(), (fleet / "cohort.npy").read_bytes()
    return read_fleet(text, cohort, trunk=json.loads(text)["trunk"])


def read(fleet: Fleet, *, trunk: str | None = None) -> Fleet:
    return read_fleet(to_json(fleet), cohort_bytes(fleet), trunk=fleet.trunk if trunk is None else trunk)


def test_a_sidecar_reads_back_as_it_was_written() -> None:
    fleet = a_fleet()
    again = read(fleet)
    assert np.array_equal(again.cohort, fleet.cohort)
    assert to_json(again) == to_json(fleet)
    assert again.digest == fleet.digest


def test_the_digest_is_that_of_the_figures_whatever_their_formatting() -> None:
    fleet = a_fleet()
    reformatted = json.dumps(json.loads(to_json(fleet)), indent=7)
    assert read_fleet(reformatted, cohort_bytes(fleet), trunk=fleet.trunk).digest == fleet.digest
    assert replace(fleet, same_sure=9.0).digest != fleet.digest
    assert replace(fleet, cohort=unit(40, seed=1)).digest != fleet.digest


def test_the_sidecar_that_ships_is_whole() -> None:
    fleet = real_fleet()
    assert len(fleet.scores) >= 100
    assert fleet.products >= 20
    assert np.allclose(np.linalg.norm(fleet.cohort, axis=1), 1.0, atol=0.01)
    assert fleet.same_accepted < fleet.same_sure < 0.5


def test_what_the_size_of_the_frame_does_is_read_back_and_a_sidecar_from_before_keeps_its_digest() -> None:
    known = with_defect()
    assert known.fusion is not None
    fleet = replace(known, fusion=replace(known.fusion, sizes=(), single_sizes=(), known=-1.0, single_known=-1.0))
    assert fleet.fusion is not None
    assert not {"sizes", "single_sizes", "known", "single_known"} & set(json.loads(to_json(fleet))["fusion"])
    sizes = (SizeScale(side=400, scale=1, shift=0), SizeScale(side=800, scale=0.9, shift=-0.5, calm=0.2))
    sized = replace(fleet, fusion=replace(fleet.fusion, sizes=sizes, single_sizes=sizes[1:], known=0.4))
    assert read(sized).fusion == sized.fusion
    assert to_json(read(fleet)) == to_json(fleet)
    assert (read(fleet).digest, read(sized).digest) == (fleet.digest, sized.digest)
    assert fleet.digest != sized.digest


@pytest.mark.parametrize(
    "sizes",
    [
        [7],
        7,
        [{"side": 400}],
        [{"side": 400, "scale": -1, "shift": 0}],
        [{"side": 400, "scale": "a", "shift": 0}],
        [{"side": 400, "scale": 1, "shift": 10**400}],
    ],
)
def test_sizes_that_are_none_are_refused(sizes: object) -> None:
    fleet = with_defect()
    plain = json.loads(to_json(fleet))
    plain["fusion"]["sizes"] = sizes
    with pytest.raises(IntegrityError, match="install VisiQC again"):
        read_fleet(json.dumps(plain), cohort_bytes(fleet), trunk=fleet.trunk)


def test_another_trunk_is_refused() -> None:
    with pytest.raises(
        IntegrityError, match=r"in use is ffffffffffff; build it again with training/calibrate_fleet.py"
    ):
        read(a_fleet(), trunk="f" * 64)


def test_a_tampered_cohort_is_refused() -> None:
    fleet = a_fleet()
    for content in (
        cohort_bytes(replace(fleet, cohort=unit(40, seed=2))),
        cohort_bytes(fleet)[:-1],
        b"",
        b"PK\x03\x04",
    ):
        with pytest.raises(IntegrityError, match="cohort is not the one"):
            read_fleet(to_json(fleet), content, trunk=fleet.trunk)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "7", '{"cohort": 1', "\ufffd", '{"cohort": ""}'])
def test_what_is_no_sidecar_is_refused(text: str) -> None:
    with pytest.raises(IntegrityError, match="install VisiQC again"):
        read_fleet(text, cohort_bytes(a_fleet()), trunk="t")


@pytest.mark.parametrize(
    "changes",
    [
        {"scores": tuple(range(19))},
        {"scores": (*range(30), 3.0)},
        {"scores": (*range(30), float("nan"))},
        {"scores": (*range(30), float("inf"))},
        {"alike_poor": float("nan")},
        {"heat_low": 2.0, "heat_high": 1.0},
        {"same_accepted": float("nan")},
        {"same_accepted": 0.3, "same_sure": 0.2},
        {"cohort": np.zeros((0, 1280), np.float32)},
        {"cohort": np.zeros(1280, np.float32)},
        {"cohort": np.full((3, 1280), np.nan, np.float32)},
    ],
    ids=str,
)
def test_figures_that_would_decide_nonsense_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="install VisiQC again"):
        read(a_fleet(**changes))


def test_the_identity_limit_is_what_one_percent_of_the_cohort_reaches() -> None:
    turned = unit(12, seed=3)
    closest = (unit(400, seed=4) @ turned.T).max(axis=1)
    assert (closest > a_fleet(cohort=unit(400, seed=4)).identity_limit(turned[None])).sum() == 4


def test_a_photo_is_as_close_to_a_view_as_to_its_goldens_on_average_each_at_its_best_turn() -> None:
    turned = unit(24, seed=3).reshape(2, 12, -1)
    photos = np.stack([turned[0, 5], turned[1, 7]])
    found = closeness(turned, photos)
    assert found[0] == pytest.approx((1 + (turned[1] @ photos[0]).max()) / 2, abs=1e-5)
    assert found[1] == pytest.approx((1 + (turned[0] @ photos[1]).max()) / 2, abs=1e-5)


def test_alignment_speaks_for_and_against_sameness_up_to_a_point() -> None:
    assert sameness(0.7, 0.4, 1.0) == pytest.approx(0.3)
    assert sameness(0.7, 0.4, -1.0) == sameness(0.7, 0.4, 0.5) == pytest.approx(0.15)
    assert sameness(0.7, 0.4, 1.5) == sameness(0.7, 0.4, 9.0) == pytest.approx(0.45)


def test_a_sidecar_from_before_sameness_is_read_and_stays_what_it_was() -> None:
    fleet = a_fleet()
    plain = {key: value for key, value in json.loads(to_json(fleet)).items() if not key.startswith("same_")}
    old = plain | {"alike_far1": 1.2, "alike_far5": 1.0}
    again = read_fleet(json.dumps(old), cohort_bytes(fleet), trunk=fleet.trunk)
    assert (again.scores, again.same_accepted < again.same_sure) == (fleet.scores, True)
    assert json.loads(to_json(again)) == old  # so its digest stays, and with it what names it


def test_a_design_that_looks_like_many_others_has_a_higher_limit() -> None:
    fleet = a_fleet(cohort=unit(400, seed=4))
    plain = fleet.cohort[:12] + 0.5 * unit(12, seed=5)
    common = np.asarray(plain / np.linalg.norm(plain, axis=1, keepdims=True), np.float32)
    assert fleet.identity_limit(common[None]) > fleet.identity_limit(unit(12, seed=6)[None])
