"""Golden versions and policies refuse what cannot be judged against."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from visiqc.domain.golden import MAX_GOLDEN_PHOTOS, GoldenPhoto, GoldenVersion, ScoringPolicy, checked_sku
from visiqc.errors import BadRecipe, InputError, InvalidRecord

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def photo(view: str = "front") -> GoldenPhoto:
    return GoldenPhoto(name=f"{view}.jpg", digest="0" * 64, view=view, width=800, height=600)


def golden(**changes: Any) -> GoldenVersion:
    fields: dict[str, Any] = {
        "sku": "R1",
        "version": 1,
        "photos": (photo(),),
        "bank_digest": "1" * 64,
        "made_at": NOW,
        **changes,
    }
    return GoldenVersion(**fields)


@pytest.mark.parametrize("sku", ["R1", "ring-7.5_v+2", "戒指01", "a" * 64, "0"])
def test_a_usable_sku_is_returned_as_it_is(sku: str) -> None:
    assert checked_sku(sku) == sku


@pytest.mark.parametrize("sku", ["", "..", ".hidden", "-rf", "_x", "a/b", "a\\b", "a b", "a\n", "a\x00", "a" * 65])
def test_a_sku_that_could_be_a_path_or_an_option_is_refused(sku: str) -> None:
    with pytest.raises(InputError, match="not a usable SKU"):
        checked_sku(sku)


def test_the_defaults_are_those_of_the_design() -> None:
    policy = ScoringPolicy()
    assert (policy.alpha_review, policy.alpha_reject, policy.long_side) == (0.05, 0.01, 1024)


@pytest.mark.parametrize(
    "wrong",
    [
        {"alpha_review": 0.005},
        {"alpha_reject": 0.0},
        {"alpha_review": 1.0},
        {"alpha_review": float("nan")},
        {"long_side": 255},
        {"long_side": 2049},
        {"min_region_px": 0},
    ],
)
def test_a_policy_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadRecipe):
        ScoringPolicy(**wrong)


@pytest.mark.parametrize("count", [0, MAX_GOLDEN_PHOTOS + 1])
def test_a_golden_version_has_1_to_20_photos(count: int) -> None:
    with pytest.raises(InvalidRecord, match=f"got {count}"):
        golden(photos=(photo(),) * count)


@pytest.mark.parametrize("moment", [NOW.replace(tzinfo=None), NOW.astimezone(timezone(timedelta(hours=8)))])
def test_times_are_utc(moment: datetime) -> None:
    with pytest.raises(InvalidRecord, match="UTC"):
        golden(made_at=moment)
    with pytest.raises(InvalidRecord, match="UTC"):
        golden(approved_at=moment)


def test_a_golden_version_with_a_bad_sku_is_refused() -> None:
    with pytest.raises(InputError):
        golden(sku="../R1")


def test_a_version_is_a_proposal_until_it_is_approved() -> None:
    assert not golden().approved
    assert golden(approved_at=NOW, approved_by="lead").approved


def test_views_are_named_once_in_the_order_given() -> None:
    assert golden(photos=(photo("top"), photo("front"), photo("top"))).views == ("top", "front")
