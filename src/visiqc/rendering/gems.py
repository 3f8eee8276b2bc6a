"""What is known of a piece's transparent stones: how they refract, and whether their fire shows in a photo."""

from __future__ import annotations

from visiqc.rendering.hits import FirstHits
from visiqc.rendering.materials import GEMS
from visiqc.rendering.piece import Piece, Role
from visiqc.rendering.scene import shape_key

_FIRE_SHARE = 0.012
"""Gems of strong dispersion that take up this share of the picture are rendered with their fire."""
_FIERY = 0.04


def refraction(piece: Piece) -> dict[str, float]:
    """Refractive index of the transparent stones, by shape key."""
    stones = piece.of(Role.STONE)
    return {shape_key(part.name): GEMS[part.gem].index for part in stones if GEMS[part.gem].opaque is None}


def dispersion(piece: Piece, sight: FirstHits) -> dict[float, float] | None:
    """Dispersion by index of the gems, where fiery ones are large enough in the picture for their fire to show."""
    stones = [part for part in piece.of(Role.STONE) if GEMS[part.gem].opaque is None]
    fiery = [part.name for part in stones if GEMS[part.gem].dispersion >= _FIERY]
    if sight.on(*fiery).mean() < _FIRE_SHARE:
        return None
    return {GEMS[part.gem].index: GEMS[part.gem].dispersion for part in stones}
