from __future__ import annotations

import pytest

from visiqc import errors
from visiqc.cli.exits import ERROR_CODES, OUTCOME_CODES, code_of
from visiqc.domain.outcome import Outcome


def test_outcomes_have_the_codes_of_the_design_and_graver_ones_are_higher() -> None:
    assert [OUTCOME_CODES[outcome] for outcome in Outcome] == [0, 10, 11, 12, 13]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UnreadablePhoto("x"), 3),
        (errors.TooLarge("x"), 3),
        (errors.BadRecipe("x"), 3),
        (errors.NotFound("x"), 4),
        (errors.NotApproved("x"), 4),
        (errors.Conflict("x"), 4),
        (errors.NotAllowed("x"), 4),
        (errors.Unavailable("x"), 5),
        (errors.IntegrityError("x"), 5),
        (errors.Busy("x"), 5),
    ],
)
def test_every_error_has_its_code(error: errors.VisiQCError, code: int) -> None:
    assert code_of(error) == code


def test_no_error_is_forgotten() -> None:
    assert ERROR_CODES[-1][0] is errors.VisiQCError
