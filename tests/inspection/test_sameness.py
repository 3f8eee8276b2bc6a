"""Is it this design: identity and alignment together, on real photos of drawn products."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench import photo_of, sent
from pictures import board
from visiqc.inspection.compare import Comparison, compare
from visiqc.inspection.enrol import build_bank
from visiqc.inspection.fleet import sameness
from visiqc.inspection.parts import Parts
from visiqc.vision.bank import GoldenBank, from_bytes, to_bytes
from visiqc.vision.photo import DecodeLimits
from visiqc.vision.types import Photo


def enrolled(shop: Parts, count: int) -> GoldenBank:
    photos = [sent(f"{n}.jpg", photo_of(board(), 2.0 * n, noise=n), view="front") for n in range(count)]
    return build_bank(photos, shop.models, DecodeLimits(), long_side=256)[0]


@pytest.fixture(scope="module")
def two(shop: Parts) -> GoldenBank:
    return enrolled(shop, 2)


def compared(photo: Photo, bank: GoldenBank, shop: Parts, **limits: float) -> Comparison:
    fleet = replace(shop.fleet, **limits)  # type: ignore[arg-type]
    return compare(photo, (photo.shape[0], photo.shape[1]), bank, shop.models, fleet)


def test_the_look_of_every_golden_counts_but_of_no_more_than_six(shop: Parts, two: GoldenBank) -> None:
    assert two.views[0].turned.shape[:2] == (2, 12)
    assert from_bytes(to_bytes(two)).views[0].turned.shape == two.views[0].turned.shape
    assert enrolled(shop, 7).views[0].turned.shape[:2] == (6, 12)


def test_what_is_decided_is_the_evidence_held_to_both_limits(shop: Parts, two: GoldenBank) -> None:
    photo = photo_of(board(), 3.0, noise=9)
    found = compared(photo, two, shop)
    assert found.identity is not None
    assert found.alike is not None
    limit = shop.fleet.identity_limit(two.views[0].turned)
    same = sameness(found.identity.similarity, limit, found.alike)
    for accepted, sure, expected in (
        (same - 0.1, same - 0.05, (True, False)),
        (same - 0.1, same + 0.05, (True, True)),
        (same + 0.05, same + 0.1, (False, True)),
    ):
        again = compared(photo, two, shop, same_accepted=accepted, same_sure=sure)
        assert again.identity is not None
        assert (again.identity.accepted, again.identity_doubtful) == expected
        assert (again.identity.similarity >= again.identity.threshold) is again.identity.accepted


def test_only_a_good_alignment_lets_a_photo_pass_that_looks_a_little_too_different(
    shop: Parts, two: GoldenBank
) -> None:
    photo = photo_of(board(), 3.0, noise=9)
    found = compared(photo, two, shop)
    assert found.identity is not None
    assert found.alike is not None
    assert not found.identity.rescued
    over = found.identity.similarity - shop.fleet.identity_limit(two.views[0].turned) + 0.01
    again = compared(photo, two, shop, same_accepted=over, same_sure=over)
    assert again.identity is not None
    assert again.identity.rescued is again.identity.accepted is (found.alike > 1.0 + 0.01 / 0.3)


def test_a_photo_that_was_not_laid_over_the_view_is_not_held_to_how_it_lies(shop: Parts, two: GoldenBank) -> None:
    photo = photo_of(board(), 90.0, noise=9)
    found = compare(photo, (photo.shape[0], photo.shape[1]), two, shop.models, shop.fleet, search=False)
    assert found.identity is not None
    assert found.identity.threshold == pytest.approx(
        shop.fleet.identity_limit(two.views[0].turned) + shop.fleet.same_accepted
    )
