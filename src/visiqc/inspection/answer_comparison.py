"""What two sets of models say about photos that inspectors answered: counted, in words, as JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

MOST: Final = 100
"""Rejected photos, and accepted ones, that are scored: the newest of each. A photo takes about a second."""
_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredPhoto:
    """One photo under both sets of models.

    Attributes:
        upload_id: Which.
        name: As its sender called it.
        rejected: Whether the inspector rejected the piece; otherwise it was accepted.
        champion, challenger: Whether each set flags it: any outcome but PASS.
    """

    upload_id: str
    name: str
    rejected: bool
    champion: bool
    challenger: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPhoto:
    """One photo that the champion scores and the challenger cannot.

    Attributes:
        upload_id: Which.
        name: As its sender called it.
        why: What keeps the challenger from it.
    """

    upload_id: str
    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerComparison:
    """What two sets of models say about photos that inspectors answered.

    Attributes:
        photos: Those that both scored.
        failed: Those that the champion scores and the challenger cannot.
        unusable: Photos that the champion cannot score, or the challenger for a golden version that was superseded.
    """

    photos: tuple[AnsweredPhoto, ...]
    failed: tuple[FailedPhoto, ...] = ()
    unusable: int = 0

    def flagged(self, *, rejected: bool) -> tuple[int, int, int]:
        """Of the rejected or the accepted photos: how many there are, the champion flags, the challenger flags."""
        some = [photo for photo in self.photos if photo.rejected is rejected]
        return len(some), sum(photo.champion for photo in some), sum(photo.challenger for photo in some)

    @property
    def lost(self) -> tuple[AnsweredPhoto, ...]:
        """Rejected photos that the champion flags and the challenger passes."""
        return tuple(photo for photo in self.photos if photo.rejected and photo.champion and not photo.challenger)

    @property
    def worse(self) -> bool:
        """Whether the challenger flags fewer of the rejected photos, or cannot score one that the champion scores.

        More false alarms are told, but do not decide.
        """
        _, champion, challenger = self.flagged(rejected=True)
        return challenger < champion or bool(self.failed)

    def text(self) -> str:
        """A few lines for people."""
        if not (self.photos or self.failed or self.unusable):
            return "No inspector has accepted or rejected a photo yet: nothing of your own was compared.\n"
        rejected, before, after = self.flagged(rejected=True)
        accepted, alarms_before, alarms_after = self.flagged(rejected=False)
        lines = [
            f"Photos that inspectors answered, the newest {MOST} of each kind; a challenger that learned from them "
            "wins nothing here.",
            f"  rejected {rejected}: the models in force flag {before}, the challenger {after}"
            + (", which is worse" if after < before else ""),
            *_first([f"it passes {photo.name} ({photo.upload_id})" for photo in self.lost]),
            f"  accepted {accepted}: the models in force flag {alarms_before}, the challenger {alarms_after} "
            "(not decisive)",
        ]
        if self.failed:
            lines.append(f"  the challenger cannot score {len(self.failed)} that the models in force can: it is worse")
            lines += _first([f"{photo.name} ({photo.upload_id}): {photo.why}" for photo in self.failed])
        if self.unusable:
            lines.append(f"  {self.unusable} could not be scored and count for neither")
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        kinds = {"rejected": True, "accepted": False}
        counts = {
            kind: dict(zip(("photos", "champion", "challenger"), self.flagged(rejected=rejected), strict=True))
            for kind, rejected in kinds.items()
        }
        return {
            "worse": self.worse,
            "flagged": counts,
            "lost": [photo.upload_id for photo in self.lost],
            "failed": [photo.upload_id for photo in self.failed],
            "unusable": self.unusable,
        }


def _first(lines: Sequence[str]) -> list[str]:
    """The first few of some lines, indented, and how many more there are."""
    more = [f"and {len(lines) - _NAMED} more"] if len(lines) > _NAMED else []
    return [f"    {line}" for line in [*lines[:_NAMED], *more]]
