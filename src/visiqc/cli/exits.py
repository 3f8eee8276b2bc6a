"""What the `visiqc` command exits with; these numbers stand here and in the documentation, nowhere else.

| code | meaning |
|---|---|
| 0 | done; for `visiqc score`: every photo is PASS |
| 10 11 12 13 | `visiqc score`: REVIEW, REJECT, RETAKE, WRONG_SAMPLE; with several photos the highest |
| 2 | usage: an unknown option, a missing argument, a setting that cannot be |
| 3 | input: a photo, name or value that cannot be used |
| 4 | not found, not approved, or not allowed in this state |
| 5 | unavailable: database, disk, device or model out of reach, or stored bytes that changed |
| 130 | stopped by Ctrl-C |
"""

from __future__ import annotations

from visiqc import errors
from visiqc.domain.outcome import Outcome

DONE = 0
USAGE = 2
INPUT = 3
NOT_FOUND = 4
UNAVAILABLE = 5
STOPPED = 130

OUTCOME_CODES = {
    Outcome.PASS: DONE,
    Outcome.REVIEW: 10,
    Outcome.REJECT: 11,
    Outcome.RETAKE: 12,
    Outcome.WRONG_SAMPLE: 13,
}

ERROR_CODES: tuple[tuple[type[errors.VisiQCError], int], ...] = (
    (errors.InputError, INPUT),
    (errors.NotAllowed, NOT_FOUND),
    (errors.NotFound, NOT_FOUND),
    (errors.Conflict, NOT_FOUND),
    (errors.VisiQCError, UNAVAILABLE),
)
"""The first class that fits decides."""


def code_of(error: errors.VisiQCError) -> int:
    """The exit code of an error."""
    return next(code for kind, code in ERROR_CODES if isinstance(error, kind))
