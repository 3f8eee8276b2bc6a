"""A design: a family's numbers and what they are made of. No two drawn ones are alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from numpy.random import Generator

from visiqc.rendering.piece import Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a design is made of.

    Attributes:
        metal: Key in `materials.METALS`.
        finish: `polished`, `satin` or `hammered`.
        gem: Key in `materials.GEMS` of the main stone; empty = a design without stones.
        side_gem: Of the small stones.
    """

    metal: str
    finish: str = "polished"
    gem: str = "diamond"
    side_gem: str = "diamond"


class Shape(Protocol):
    """The numbers of one family, mm unless the name says otherwise.

    A frozen dataclass. Fields that several families share have the same name everywhere, because variants and
    defects change them by name: `prongs` (how many claws hold the main stone), `stone_mm` (the main stone's length),
    `width` (of the band), `text` (an engraving), `chain` and `link_mm` (kind and size of a chain), `clasp`.
    `__post_init__` raises `InputError` where the numbers cannot be made, naming both that disagree.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @classmethod
    def draw(cls, rng: Generator) -> Self:
        """A design of this family with every number drawn from a wide range a jeweller would make."""
        ...

    def build(self, look: Look) -> Piece:
        """The piece."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A design that can be made.

    Attributes:
        family: Key in `catalogue.FAMILIES`.
        look: What it is made of.
        shape: The family's numbers.
    """

    family: str
    look: Look
    shape: Shape

    def build(self) -> Piece:
        """The piece, perfect."""
        return self.shape.build(self.look)
