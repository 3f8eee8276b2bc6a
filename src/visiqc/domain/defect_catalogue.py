"""The jewelry defect catalogue: what can be wrong with a piece, how bad that is, and whether a photo can show it.

Inspection standards disagree about the class of a few defects (one calls missed plating critical, another major), so
the class here is the default that a brand may change for a style.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Severity(StrEnum):
    """Class of a defect in an acceptance plan."""

    CRITICAL = "C"
    """Unsafe or unlawful."""
    MAJOR = "M"
    """It fails in use, cannot be sold, or the piece or a stone of it may be lost."""
    MINOR = "m"
    """It can be seen, but the piece can be worn."""


class DefectGroup(StrEnum):
    """Where in the making, or on the piece, a defect belongs."""

    CASTING = "casting"
    STONES = "stones"
    SETTING = "setting"
    JOINING = "joining"
    METAL = "metal"
    FINISH = "finish"
    PLATING = "plating"
    MARKS = "marks"
    FUNCTION = "function"
    SIZE = "size"
    PAIR = "pair"
    MATERIAL = "material"
    CHEMISTRY = "chemistry"
    PACKING = "packing"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectCode:
    """One entry of the catalogue.

    Attributes:
        code: Stable code such as `ST-MIS`; never reused for another meaning.
        title: What it is, in a few words.
        group: Where it belongs.
        severity_class: Its default class.
        seen_in_photo: Whether a photo can show it; what it cannot show must be checked by touch, gauge or laboratory.
        worse_when: When it counts one class higher; empty = never.
    """

    code: str
    title: str
    group: DefectGroup
    severity_class: Severity
    seen_in_photo: bool = True
    worse_when: str = ""


_C, _M, _m = Severity.CRITICAL, Severity.MAJOR, Severity.MINOR


def _entry(
    code: str,
    group: DefectGroup,
    title: str,
    severity_class: Severity,
    *,
    seen_in_photo: bool = True,
    worse_when: str = "",
) -> DefectCode:
    return DefectCode(
        code=code,
        title=title,
        group=group,
        severity_class=severity_class,
        seen_in_photo=seen_in_photo,
        worse_when=worse_when,
    )


_ENTRIES = (
    _entry(
        "CA-POR", DefectGroup.CASTING, "gas porosity, pinholes, pits", _m, worse_when="on a visible face or a prong"
    ),
    _entry("CA-SHR", DefectGroup.CASTING, "shrinkage porosity", _M),
    _entry("CA-CRK", DefectGroup.CASTING, "casting crack", _M),
    _entry("CA-FIL", DefectGroup.CASTING, "incomplete fill, missing detail", _M),
    _entry("CA-FLS", DefectGroup.CASTING, "flash, sprue stub, parting line", _m),
    _entry("CA-SUR", DefectGroup.CASTING, "inclusion, rough skin, fire scale", _m),
    _entry("ST-MIS", DefectGroup.STONES, "missing stone", _M, worse_when="in a child's piece"),
    _entry("ST-LOO", DefectGroup.STONES, "loose stone", _M, seen_in_photo=False),
    _entry("ST-CHP", DefectGroup.STONES, "chipped, broken or scratched stone", _M),
    _entry("ST-COL", DefectGroup.STONES, "stone of another colour or shade", _M),
    _entry("ST-SPC", DefectGroup.STONES, "stone of another size, cut or quality", _M),
    _entry(
        "ST-TLT",
        DefectGroup.STONES,
        "stone tilted, too high, too low or off centre",
        _m,
        worse_when="the stone is not secure",
    ),
    _entry("ST-GLU", DefectGroup.STONES, "glue shows", _m),
    _entry("SE-PRO", DefectGroup.SETTING, "prong missing, broken or open", _M),
    _entry(
        "SE-PRU",
        DefectGroup.SETTING,
        "prong bent, uneven, too long or too short",
        _m,
        worse_when="the stone is not secure",
    ),
    _entry("SE-BEZ", DefectGroup.SETTING, "bezel uneven or gaping", _m),
    _entry("SE-BEA", DefectGroup.SETTING, "beads or bright cut unclean", _m),
    _entry("JO-SOL", DefectGroup.JOINING, "solder joint missing, weak or cut", _M),
    _entry("JO-MRK", DefectGroup.JOINING, "too much solder, solder mark", _m),
    _entry("JO-LNK", DefectGroup.JOINING, "open jump ring, cut link", _M),
    _entry("ME-DNT", DefectGroup.METAL, "dent, out of shape", _m, worse_when="on a visible face"),
    _entry(
        "ME-SCR",
        DefectGroup.METAL,
        "scratch, nick, tool or file mark",
        _m,
        worse_when="on a visible face and longer than agreed",
    ),
    _entry("ME-SHP", DefectGroup.METAL, "sharp edge, point or burr", _C, seen_in_photo=False),
    _entry("FI-OVR", DefectGroup.FINISH, "over-polished, detail lost", _m),
    _entry("FI-POL", DefectGroup.FINISH, "polishing lines or compound left", _m),
    _entry("FI-MAT", DefectGroup.FINISH, "matte or blasted finish uneven", _m),
    _entry("FI-ENA", DefectGroup.FINISH, "enamel chipped, bubbled or of another colour", _M),
    _entry("FI-CON", DefectGroup.FINISH, "contamination: dust, fibre or grease left on the piece", _m),
    _entry("PL-PEE", DefectGroup.PLATING, "plating missing, peeling or blistered", _M),
    _entry("PL-UNE", DefectGroup.PLATING, "plating uneven or thin, base metal shows", _M),
    _entry(
        "PL-COL",
        DefectGroup.PLATING,
        "plating colour off the golden sample",
        _m,
        worse_when="beyond the agreed tolerance",
    ),
    _entry("PL-TAR", DefectGroup.PLATING, "tarnish, stain, water spot", _m, worse_when="it does not wipe off"),
    _entry("MK-HAL", DefectGroup.MARKS, "hallmark or purity mark missing or wrong", _C),
    _entry("MK-ENG", DefectGroup.MARKS, "engraving wrong or illegible", _M),
    _entry("FU-CLS", DefectGroup.FUNCTION, "clasp, lock, hinge or screw fails", _M, seen_in_photo=False),
    _entry("FU-PST", DefectGroup.FUNCTION, "post bent, thread stripped, back loose", _M),
    _entry("SZ-DIM", DefectGroup.SIZE, "length, ring size or width off", _M),
    _entry("SZ-WGT", DefectGroup.SIZE, "weight off", _M, seen_in_photo=False),
    _entry("PA-MIS", DefectGroup.PAIR, "left and right do not match", _M),
    _entry(
        "MA-SUB",
        DefectGroup.MATERIAL,
        "wrong alloy, or a part or finding substituted",
        _M,
        worse_when="it is marked as something else",
    ),
    _entry("MA-CHM", DefectGroup.CHEMISTRY, "nickel, lead or cadmium over the limit", _C, seen_in_photo=False),
    _entry("PK-TAG", DefectGroup.PACKING, "wrong tag or barcode", _m, worse_when="the item is another"),
    _entry("PK-BOX", DefectGroup.PACKING, "wrong or damaged box", _m),
    _entry("PK-CNT", DefectGroup.PACKING, "wrong count", _m),
)

CATALOGUE: Mapping[str, DefectCode] = MappingProxyType({entry.code: entry for entry in _ENTRIES})
"""Every defect by its code."""
