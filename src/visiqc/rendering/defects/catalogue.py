"""Every kind of defect that is rendered, by name: its catalogue code, its maker, and which designs can have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from numpy.random import Generator

from visiqc.domain.defect_catalogue import CATALOGUE
from visiqc.errors import BadRecipe
from visiqc.rendering.cuts import CUTS
from visiqc.rendering.defects.body import dent, incomplete_fill, porosity, solder_mark
from visiqc.rendering.defects.damage import Damage, Maker, Subject
from visiqc.rendering.defects.exchanged import value_of, wrong_chain, wrong_clasp, wrong_engraving
from visiqc.rendering.defects.flash import flash
from visiqc.rendering.defects.fractures import chipped_stone, cracked_stone
from visiqc.rendering.defects.links import open_link
from visiqc.rendering.defects.plating import plating_blister, plating_colour, plating_worn
from visiqc.rendering.defects.prongs import bent_prong, missing_prong, uneven_prong
from visiqc.rendering.defects.stones import (
    EDGED,
    missing_stone,
    tilted_stone,
    wrong_colour_stone,
    wrong_size_stone,
)
from visiqc.rendering.defects.surface import contamination, polishing_residue, scratch, tarnish, tool_mark, water_spots
from visiqc.rendering.design import Design
from visiqc.rendering.materials import GEMS
from visiqc.rendering.piece import LinkOrigin, Piece, ProngOrigin, StoneOrigin

Needs = Callable[[Design, Piece], bool]
"""Whether a design, built, has what a kind of defect happens to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of defect.

    Attributes:
        name: Its key in `KINDS`.
        code: Its key in the defect catalogue.
        maker: Makes it.
        weight: How often it is drawn, against the others a piece can have.
        sizes: What severity 0 and severity 1 mean, in physical terms.
        needs: What a design must have.
    """

    name: str
    code: str
    maker: Maker
    weight: float
    sizes: str
    needs: Needs


def make_defect(kind: str, subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """The subject with a defect.

    Args:
        kind: Key in `KINDS`.
        subject: The good piece and what the camera sees of it.
        severity: 0 barely visible to 1 gross.
        rng: Draws where it is and how it looks.

    Returns:
        The damage; None where the piece has nothing it can happen to, or nothing in sight.

    Raises:
        BadRecipe: No such kind, or a severity outside 0..1.
    """
    if kind not in KINDS:
        raise BadRecipe(f"there is no defect {kind!r}; known: {', '.join(KINDS)}")
    if not 0.0 <= severity <= 1.0:
        raise BadRecipe(f"severity lies between 0 and 1, got {severity:g}")
    return KINDS[kind].maker(subject, severity, rng)


def possible(design: Design, piece: Piece | None = None) -> tuple[str, ...]:
    """The kinds of defect that a design can have.

    Args:
        design: The design.
        piece: What it builds, where that is at hand.
    """
    built = design.build() if piece is None else piece
    return tuple(name for name, kind in KINDS.items() if kind.needs(design, built))


def _any_metal(design: Design, piece: Piece) -> bool:
    del design, piece
    return True


def _stone(design: Design, piece: Piece) -> bool:
    del design
    return any(isinstance(part.origin, StoneOrigin) for part in piece.parts.values())


def _edged_stone(design: Design, piece: Piece) -> bool:
    del design
    return any(isinstance(part.origin, StoneOrigin) and part.origin.cut in EDGED for part in piece.parts.values())


def _clear_stone(design: Design, piece: Piece) -> bool:
    return any(
        isinstance(part.origin, StoneOrigin) and GEMS[part.gem or design.look.gem].opaque is None
        for part in piece.parts.values()
    )


def _faceted_clear_stone(design: Design, piece: Piece) -> bool:
    return any(
        isinstance(part.origin, StoneOrigin)
        and part.origin.cut in CUTS
        and GEMS[part.gem or design.look.gem].opaque is None
        for part in piece.parts.values()
    )


def _prong(design: Design, piece: Piece) -> bool:
    del design
    return any(isinstance(part.origin, ProngOrigin) for part in piece.parts.values())


def _link(design: Design, piece: Piece) -> bool:
    del design
    return any(isinstance(part.origin, LinkOrigin) for part in piece.parts.values())


def _has(*fields: str) -> Needs:
    def needs(design: Design, piece: Piece) -> bool:
        del piece
        return any(value_of(design, field) for field in fields)

    return needs


def _kind(maker: Maker, code: str, weight: float, sizes: str, needs: Needs = _any_metal) -> Kind:
    name = str(getattr(maker, "__name__", ""))
    return Kind(name=name, code=CATALOGUE[code].code, maker=maker, weight=weight, sizes=sizes, needs=needs)


_ALL = (
    _kind(missing_stone, "ST-MIS", 3.0, "a side stone, seldom the main one", _stone),
    _kind(chipped_stone, "ST-CHP", 1.5, "flake 0.05–0.30 of the girdle radius deep", _edged_stone),
    _kind(cracked_stone, "ST-CHP", 0.7, "feather 0.2–0.7 of the girdle radius", _faceted_clear_stone),
    _kind(tilted_stone, "ST-TLT", 1.5, "4–20°, lifted by 0.02–0.12 of its half-width", _edged_stone),
    _kind(wrong_colour_stone, "ST-COL", 1.2, "a shade off to another gem", _clear_stone),
    _kind(wrong_size_stone, "ST-SPC", 1.0, "8–20 % smaller or larger", _stone),
    _kind(bent_prong, "SE-PRU", 1.5, "10–40° away from the stone", _prong),
    _kind(missing_prong, "SE-PRO", 1.5, "broken off at 80–30 % of its length", _prong),
    _kind(uneven_prong, "SE-PRU", 1.0, "longer, shorter, thicker, or leaning 6–18°", _prong),
    _kind(scratch, "ME-SCR", 2.5, "1–5.5 mm long, 0.04–0.11 mm wide"),
    _kind(dent, "ME-DNT", 1.5, "0.4–1.2 mm radius, 0.05–0.19 mm deep"),
    _kind(tool_mark, "ME-SCR", 1.0, "0.8–2.4 mm of strokes or notches"),
    _kind(porosity, "CA-POR", 1.5, "pores within 0.3–0.8 mm"),
    _kind(incomplete_fill, "CA-FIL", 0.8, "0.35–0.95 mm radius, 0.1–0.28 mm deep"),
    _kind(flash, "CA-FLS", 0.8, "a fin or a stub of the sprue"),
    _kind(solder_mark, "JO-MRK", 1.0, "0.3–1.1 mm radius"),
    _kind(plating_colour, "PL-COL", 1.2, "ΔE 2–10"),
    _kind(plating_worn, "PL-UNE", 1.0, "0.4–1.8 mm radius"),
    _kind(plating_blister, "PL-PEE", 0.8, "blisters within 0.3–0.8 mm"),
    _kind(tarnish, "PL-TAR", 1.0, "film of 0.6–2.4 mm radius"),
    _kind(water_spots, "PL-TAR", 0.7, "rings of 0.4–1.1 mm radius"),
    _kind(open_link, "JO-LNK", 2.0, "4–60° between the ends of the wire", _link),
    _kind(wrong_clasp, "MA-SUB", 1.0, "another kind of clasp", _has("clasp")),
    _kind(wrong_chain, "MA-SUB", 1.0, "links 14–34 % off to another kind of chain", _has("chain", "link_mm")),
    _kind(wrong_engraving, "MK-ENG", 1.5, "one letter to the whole text", _has("text")),
    _kind(polishing_residue, "FI-POL", 1.0, "0.35–1.3 mm radius"),
    _kind(contamination, "FI-CON", 1.0, "glue or grease of 0.4–1.7 mm radius, or a fibre"),
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})
"""Every kind by name."""
