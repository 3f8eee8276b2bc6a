"""The type classes of a defect model: which codes of the catalogue it tells apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from visiqc.domain.defect_catalogue import CATALOGUE
from visiqc.training.datasets.pairs import UNKNOWN, PairSet
from visiqc.training.defect_targets import MOST_CLASSES
from visiqc.training.synth.damage import KINDS


@dataclass(frozen=True, slots=True)
class TypeClasses:
    """Numbers of the classes.

    Attributes:
        codes: In the order of the model's output; the last one is `unknown`.
    """

    codes: tuple[str, ...]

    def number(self, code: str | None) -> int:
        """The class of a catalogue code; of None, and of a code that is no class, that of `unknown`."""
        return self.codes.index(code) if code in self.codes else len(self.codes) - 1


def classes_of(sets: Sequence[PairSet]) -> TypeClasses:
    """The codes that any photo of the sets, or any synthetic damage, shows, in the catalogue's order."""
    shown = {code for one in sets for pair in one.pairs for code in pair.codes}
    shown |= {code for kind in KINDS.values() for code in (kind.code, kind.jewelry_code) if code}
    codes = [code for code in CATALOGUE if code in shown]
    return TypeClasses((*codes[: MOST_CLASSES - 1], UNKNOWN))
