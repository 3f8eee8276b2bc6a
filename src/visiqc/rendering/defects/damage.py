"""What a defect is made of, and how its pixels are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from numpy.random import Generator

from visiqc.rendering.design import Design
from visiqc.rendering.hits import FirstHits
from visiqc.rendering.piece import Piece


class Rule(StrEnum):
    """How the defect's pixels are told from the first hits of the good and of the damaged piece."""

    MOVED = "moved"
    """The first hit on a touched part, before or after, is another part or lies elsewhere."""
    FOOTPRINT = "footprint"
    """The first hit is on the footprint of a decal of the defect's name."""
    WHOLE = "whole"
    """The first hit is on a touched part, after or, where it is gone, before."""
    PRESENT = "present"
    """The first hit is on a touched part, after; where the right part was is no defect, only changed."""
    SEEN_THROUGH = "seen_through"
    """A ray through the stone reaches the touched part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The good piece and what the camera sees of it; defects are placed where they can be seen.

    Attributes:
        design: The design.
        piece: The specimen without the defect.
        sight: First hits of the camera that takes the photo, on `piece`.
    """

    design: Design
    piece: Piece
    sight: FirstHits


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A piece with a defect.

    Attributes:
        kind: Key in `defects.catalogue.KINDS`, such as `missing_stone`.
        severity: 0 barely visible to 1 gross, as drawn.
        size_mm: Its extent on the piece.
        piece: The damaged piece.
        touched: Names of the parts it changed, took away or added, in either piece.
        rule: How its pixels are found.
    """

    kind: str
    severity: float
    size_mm: float
    piece: Piece
    touched: frozenset[str]
    rule: Rule


Maker = Callable[[Subject, float, Generator], Damage | None]
"""Makes a defect of one kind at a severity; None where the piece has nothing it can happen to, or nothing in sight."""
