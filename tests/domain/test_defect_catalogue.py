"""The jewelry defect catalogue: what stands in it, and that every entry is whole."""

from __future__ import annotations

import re

import pytest

from visiqc.domain.defect_catalogue import CATALOGUE, DefectGroup, Severity


def test_every_code_is_the_key_of_its_entry_and_has_the_house_form() -> None:
    for key, entry in CATALOGUE.items():
        assert key == entry.code
        assert re.fullmatch(r"[A-Z]{2}-[A-Z]{3}", key)


def test_codes_of_one_group_share_their_letters_and_no_two_groups_do() -> None:
    letters = {group: {entry.code[:2] for entry in CATALOGUE.values() if entry.group is group} for group in DefectGroup}
    assert all(len(each) == 1 for group, each in letters.items() if group is not DefectGroup.MATERIAL)
    assert letters[DefectGroup.STONES] == {"ST"}
    assert letters[DefectGroup.MATERIAL] == letters[DefectGroup.CHEMISTRY] == {"MA"}


def test_no_two_entries_have_the_same_title() -> None:
    assert len({entry.title for entry in CATALOGUE.values()}) == len(CATALOGUE)


def test_what_is_unsafe_or_unlawful_is_critical() -> None:
    critical = {entry.code for entry in CATALOGUE.values() if entry.severity_class is Severity.CRITICAL}
    assert critical == {"ME-SHP", "MK-HAL", "MA-CHM"}


@pytest.mark.parametrize("code", ["ST-LOO", "ME-SHP", "FU-CLS", "SZ-WGT", "MA-CHM"])
def test_touch_function_weight_and_chemistry_are_not_seen_in_a_photo(code: str) -> None:
    assert not CATALOGUE[code].seen_in_photo


def test_a_missing_stone_is_major_and_contamination_minor() -> None:
    assert CATALOGUE["ST-MIS"].severity_class is Severity.MAJOR
    assert CATALOGUE["FI-CON"].severity_class is Severity.MINOR


def test_only_what_is_not_critical_already_can_count_as_worse() -> None:
    assert all(entry.severity_class is not Severity.CRITICAL for entry in CATALOGUE.values() if entry.worse_when)


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        CATALOGUE["ST-MIS"] = CATALOGUE["ST-CHP"]  # type: ignore[index]
