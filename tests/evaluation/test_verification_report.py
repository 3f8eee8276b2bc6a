"""Goldens against uploads, by kind of negative."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from visiqc.errors import InputError
from visiqc.evaluation.verification import Pairs, equal_error_rate, tar_at_far
from visiqc.evaluation.verification_report import Held, Negative, VerificationReport, verify


def held_by(seed: int, *, variants: bool = True) -> list[Held]:
    """Six designs in two families, four uploads each; similarities overlap."""
    rng = np.random.default_rng(seed)
    found = []
    for golden in range(6):
        for upload in range(6):
            kind = None if golden == upload else Negative.DESIGN if golden % 2 == upload % 2 else Negative.FAMILY
            for _ in range(4):
                similarity = rng.normal({None: 2.0, Negative.DESIGN: 0.8, Negative.FAMILY: 0.0}[kind], 0.6)
                found.append(Held(similarity=similarity, golden=f"d{golden}", upload=f"d{upload}", negative=kind))
        if variants:
            similarity = float(rng.normal(1.2, 0.6))
            found.append(
                Held(
                    similarity=similarity,
                    golden=f"d{golden}",
                    upload=f"d{golden}",
                    negative=Negative.VARIANT,
                    attribute="metal",
                )
            )
    return found


def report(held: Sequence[Held], *, nearest: Sequence[tuple[str, str]] = (("d0", "d0"),)) -> VerificationReport:
    return verify(held, nearest=nearest, draws=200)


def of(held: Sequence[Held], *kinds: Negative | None) -> np.ndarray:
    return np.array([one.similarity for one in held if one.negative in kinds])


@pytest.mark.parametrize("seed", range(4))
def test_its_figures_are_those_of_the_pairs(seed: int) -> None:
    held = held_by(seed)
    pairs = Pairs(of(held, None), of(held, Negative.FAMILY, Negative.DESIGN))
    found = verify(held, nearest=[("d0", "d0")], far=0.05, draws=200).cross_design
    assert found.tar.value == pytest.approx(tar_at_far(pairs, 0.05).tar)
    assert found.eer.value == pytest.approx(equal_error_rate(pairs))
    assert found.negatives == pairs.impostor.size


def test_each_kind_of_negative_is_told_apart() -> None:
    held = held_by(0)
    found = report(held).by_negative
    for kind in Negative:
        assert found[kind].eer.value == pytest.approx(equal_error_rate(Pairs(of(held, None), of(held, kind))))
    assert found[Negative.FAMILY].eer.value < found[Negative.DESIGN].eer.value


def test_variants_do_not_count_as_another_design() -> None:
    with_variants, without = held_by(1), held_by(1)
    without = [one for one in without if one.negative is not Negative.VARIANT]
    assert report(with_variants).cross_design.tar.value == report(without).cross_design.tar.value


def test_a_variant_is_found_below_the_similarity_that_flags_one_genuine_upload_in_twenty() -> None:
    genuine = [Held(similarity=1.0 + n, golden="a", upload="a") for n in range(20)]
    other = [Held(similarity=0.0, golden="a", upload="b", negative=Negative.FAMILY)]
    made = [
        Held(similarity=value, golden="a", upload="a", negative=Negative.VARIANT, attribute="metal")
        for value in (0.5, 1.5, 2.0, 2.5)
    ]
    # At 5 % one of the twenty may be flagged: everything below the second lowest is.
    assert report([*genuine, *other, *made], nearest=[("a", "a")]).variants["metal"].value == 0.5


def test_the_interval_holds_the_figure_and_is_over_designs() -> None:
    found = report(held_by(2)).cross_design.tar
    assert found.interval.low <= found.value <= found.interval.high
    assert found.interval.low < found.interval.high
    assert (found.designs, found.n) == (6, 24)


def test_a_perfect_score_still_has_an_interval() -> None:
    held = [
        Held(similarity=float(a == b), golden=a, upload=b, negative=None if a == b else Negative.FAMILY)
        for a in "xyz"
        for b in "xyz"
    ]
    found = report(held, nearest=[(name, name) for name in "xyz"])
    assert found.cross_design.tar.value == found.recall_at_1.value == 1.0
    assert found.cross_design.eer.value == 0.0
    assert found.cross_design.tar.interval.low < 0.5


def test_the_nearest_golden_is_counted_by_upload() -> None:
    assert (
        report(held_by(3), nearest=[("d0", "d0"), ("d0", "d1"), ("d2", "d2"), ("d3", "d3")]).recall_at_1.value == 0.75
    )


def test_a_missing_kind_is_refused() -> None:
    held = held_by(0)
    with pytest.raises(InputError, match="a kind is missing"):
        report([one for one in held if one.negative is not None])
    with pytest.raises(InputError, match="a kind is missing"):
        report([one for one in held if one.negative is None])
    with pytest.raises(InputError, match="nearest"):
        verify(held, nearest=[])
