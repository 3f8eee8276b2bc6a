"""The twin of a damaged piece: the same photo without the defect, equal in all that the defect does not change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from visiqc.rendering.decals import Decal
from visiqc.rendering.defects.damage import Damage
from visiqc.rendering.piece import Piece, Role, base_name, laid


def twin_piece(good: Piece, damage: Damage) -> Piece:
    """The good piece, its faces split where the damage's are.

    Harmless marks are laid on metal that carries none yet: without the same charts, empty, the twin would get a
    fingerprint where the damaged piece has its scratch.
    """
    piece = good
    for name, part in damage.piece.parts.items():
        if part.decal is not None and name not in piece.parts:
            piece = laid(piece, _emptied(part.decal), only=(base_name(name),))
    return piece


def diverges(good: Piece, damage: Damage) -> bool:
    """Whether the two differ in the defect by chance alone: through a changed stone, no path of light is the same."""
    parts = [piece.parts[name] for piece in (good, damage.piece) for name in damage.touched if name in piece.parts]
    return any(part.role in {Role.STONE, Role.PEARL, Role.AIR} for part in parts)


def _emptied(decal: Decal) -> Decal:
    nothing = np.zeros_like(decal.weight)
    return replace(decal, weight=nothing, height=None, footprint=np.zeros_like(decal.footprint))
