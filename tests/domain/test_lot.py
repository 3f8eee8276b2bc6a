"""What an order, a lot and the place of a photo can be."""

from __future__ import annotations

from typing import Any

import pytest

from builders import a_lot, a_unit_photo, an_order
from visiqc.domain.lot import MILESTONES
from visiqc.errors import InputError


def test_an_order_has_the_usual_milestones_unless_it_names_others() -> None:
    assert an_order().milestones == MILESTONES
    assert an_order(milestones=("b", "a")).milestones == ("b", "a")


@pytest.mark.parametrize(
    ("build", "change", "said"),
    [
        (an_order, {"code": "../etc"}, "code of an order: '../etc'"),
        (an_order, {"milestones": ()}, "got none"),
        (an_order, {"milestones": ("a", "b", "a")}, "each once; got a, b, a"),
        (an_order, {"milestones": ("a b",)}, "name of a milestone: 'a b'"),
        (a_lot, {"code": ""}, "code of a lot: ''"),
        (a_lot, {"sku": "/"}, "SKU: '/'"),
        (a_lot, {"units": 0}, "1 to 1000000 units, got 0"),
        (a_lot, {"required_views": ("front", " back")}, "name of a view: ' back'"),
        (a_lot, {"required_views": ("front", "front")}, "each required view once"),
        (a_unit_photo, {"unit": 0}, "count from 1, got unit 0"),
        (a_unit_photo, {"view": "a\nb"}, "name of a view"),
    ],
)
def test_what_cannot_be_is_refused_and_said(build: Any, change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said.replace(".", r"\.")):
        build(**change)


def test_a_unit_beyond_the_size_of_its_lot_is_refused() -> None:
    assert a_lot(units=32).checked_unit(32) == 32
    for unit in (0, 33):
        with pytest.raises(InputError, match=f"units 1 to 32, got unit {unit}"):
            a_lot(units=32).checked_unit(unit)
    assert a_lot().checked_unit(900) == 900


def test_an_unknown_milestone_names_those_there_are() -> None:
    with pytest.raises(InputError, match="its milestones are raw-material, first-article"):
        an_order().checked_milestone("later")
