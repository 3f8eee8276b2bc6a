from __future__ import annotations

import pytest

from builders import a_model_set
from visiqc.cli.model_text import describe_history, describe_refitted
from visiqc.inspection.recalibrate import Refitted


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"worse": True}, "worse"),
        ({"learned": ["ring-7"]}, "compared on designs it knows"),
        ({"worse": True, "learned": ["ring-7"]}, "worse and compared on designs it knows"),
        (
            {"worse": False, "cannot_use": ["ring-7 version 1", "ring-9 version 2"]},
            "unfit for ring-7 version 1, ring-9",
        ),
        ({"worse": True, "cannot_use": ["ring-7 version 1"]}, "worse and unfit for ring-7 version 1"),
    ],
)
def test_the_history_says_what_a_person_let_pass(found: dict[str, object], said: str) -> None:
    row = a_model_set(overridden=True, why="made no more", comparison=found)
    assert f"although {said}" in describe_history([row])


def test_a_golden_that_cannot_be_used_is_named_and_not_counted_as_ready() -> None:
    done = [Refitted(sku="ring", version=1), Refitted(sku="halo", version=2, trouble="no piece", usable=False)]
    assert describe_refitted(done).splitlines() == [
        "1 approved golden versions are ready for these models; 0 accepted pieces were scored again.",
        "  halo version 2: no piece",
    ]
