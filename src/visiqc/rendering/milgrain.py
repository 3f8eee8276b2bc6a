"""Lines of fine beads along the edges of a band."""

from __future__ import annotations

import numpy as np

from visiqc.rendering.families.finger_ring import FingerRing
from visiqc.rendering.piece import Part
from visiqc.rendering.seats import beads


def milgrain(ring: FingerRing, *, bead_mm: float, inset_mm: float = 0.0) -> Part:
    """A line of beads along either edge of a band: the part `milgrain`.

    Args:
        ring: The band.
        bead_mm: Width of a bead.
        inset_mm: How far inside the edge the lines run.
    """
    aside = ring.width / 2 - 0.5 * bead_mm - inset_mm
    radius = float(ring.on_surface(0.0, aside)[2, 3]) - ring.outer_radius
    count = int(2 * np.pi * radius / (1.02 * bead_mm))
    angle = np.arange(count) * 2 * np.pi / count
    circle = np.stack([radius * np.sin(angle), 0 * angle, radius * np.cos(angle) + ring.outer_radius], axis=1)
    lines = np.concatenate([circle + np.array([0, way * aside, 0]) for way in (-1, 1)])
    return Part(name="milgrain", mesh=beads(lines, bead_mm / 2, steps=8), group="shank")
