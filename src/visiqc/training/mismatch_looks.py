"""What a rendered photo's record tells of a product besides which one it is: classes for the attribute heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ATTRIBUTES = ("metal", "stone", "prongs", "stones")
"""Metal, colour or kind of the main stone, number of its claws, number of stones."""
_MAIN = {"solitaire": 1, "bezel_ring": 1, "three_stone": 3, "pendant": 1, "stud_earrings": 2, "drop_earrings": 2}
"""Stones of a family without halos, upper drops and shoulders; earrings are photographed as pairs."""
_MANY = ("halo_ring", "pave_band", "eternity_band", "tennis_bracelet")
_BINS = ((6, "6+"), (2, "2-5"), (1, "1"), (0, "0"))


def look_of(design: Mapping[str, Any]) -> dict[str, str]:
    """What is known of `ATTRIBUTES`, from a record's design; empty without one.

    Args:
        design: With `family`, `look` and `shape`, as `visiqc render` writes it.
    """
    look, shape = design.get("look", {}), design.get("shape", {})
    told = {
        "metal": look.get("metal"),
        "stone": look.get("gem") or look.get("side_gem"),
        "prongs": shape.get("prongs"),
        "stones": _stones(design),
    }
    return {name: str(told[name]) for name in ATTRIBUTES if told[name]}


def _stones(design: Mapping[str, Any]) -> str:
    """How many stones there are, in bins that can be told from a photo; empty where it is not known."""
    family, look, shape = design.get("family", ""), design.get("look", {}), design.get("shape", {})
    if not look:
        return ""
    if not (look.get("gem") or look.get("side_gem")):
        return "0"
    haloed = shape.get("setting") == "halo" if family == "stud_earrings" else bool(shape.get("halo_mm"))
    if family in _MANY or haloed:
        return "6+"
    if family not in _MAIN:
        return ""
    count = _MAIN[family] * (2 if shape.get("upper_mm") else 1) + 2 * int(shape.get("shoulder_stones", 0))
    return next(name for least, name in _BINS if count >= least)
