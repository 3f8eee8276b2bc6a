from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from bench import other_models
from visiqc.errors import Conflict, UnreadablePhoto
from visiqc.inspection import refit
from visiqc.inspection.parts import Parts
from visiqc.inspection.refit import features_of, golden_bank


@pytest.fixture
def renewed(own_shop: Parts) -> Parts:
    """The shop after another set of models took over."""
    models, fleet = other_models()
    return replace(own_shop, models=models, fleet=fleet)


def test_under_the_models_of_its_enrolment_a_golden_keeps_its_own_features(own_shop: Parts) -> None:
    golden = own_shop.records.current_golden("board")
    assert features_of(golden, own_shop) == golden.bank_digest


def test_under_other_models_features_are_computed_from_the_kept_photos_once(
    own_shop: Parts, renewed: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    golden = own_shop.records.current_golden("board")
    before, bank = golden_bank(golden, own_shop), golden_bank(golden, renewed)
    assert [view.name for view in bank.views] == [view.name for view in before.views]
    assert [len(view.maps) for view in bank.views] == [len(view.maps) for view in before.views]
    assert not np.array_equal(bank.views[0].turned, before.views[0].turned)
    assert len(bank.views[0].embedded) == 2
    monkeypatch.setattr(refit, "build_bank", None)
    assert golden_bank(golden, renewed) is bank
    assert features_of(golden, own_shop) == golden.bank_digest


def test_workers_that_meet_it_at_once_build_it_once(
    own_shop: Parts, renewed: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, build = [], refit.build_bank
    monkeypatch.setattr(refit, "build_bank", lambda *args, **named: built.append(1) or build(*args, **named))
    golden = own_shop.records.current_golden("plate")
    with ThreadPoolExecutor(3) as pool:
        digests = set(pool.map(lambda _: features_of(golden, renewed), range(3)))
    assert (len(digests), len(built)) == (1, 1)


def test_photos_that_cannot_be_enrolled_any_more_are_told_as_a_conflict(
    own_shop: Parts, renewed: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise UnreadablePhoto("golden-0.jpg: it is too large")

    monkeypatch.setattr(refit, "build_bank", refuse)
    with pytest.raises(Conflict, match=r"version 1 of board was enrolled with other models.*too large"):
        golden_bank(own_shop.records.current_golden("board"), renewed)
