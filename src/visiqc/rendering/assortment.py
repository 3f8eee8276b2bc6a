"""The families of jewelry, and the metals and gems that each is sensibly made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from numpy.random import Generator

from visiqc.errors import BadRecipe
from visiqc.rendering.design import Shape
from visiqc.rendering.families.bezel_ring import BezelRing
from visiqc.rendering.families.chain import ChainPiece
from visiqc.rendering.families.drop_earrings import DropEarrings
from visiqc.rendering.families.halo import HaloRing
from visiqc.rendering.families.pave import EternityBand, PaveBand
from visiqc.rendering.families.pendant import Pendant
from visiqc.rendering.families.plain_band import EngravedBand, PlainBand
from visiqc.rendering.families.signet import SignetRing
from visiqc.rendering.families.solitaire import Solitaire
from visiqc.rendering.families.stud_earrings import StudEarrings
from visiqc.rendering.families.tennis_bracelet import TennisBracelet
from visiqc.rendering.families.three_stone import ThreeStone

Weights = Mapping[str, float]
"""How often each of some names is drawn, in shares of their sum."""

_FINE: Weights = {
    "gold18": 4,
    "gold14": 3,
    "white_gold": 3,
    "platinum": 2,
    "rose18": 1.5,
    "rose14": 1.5,
    "rhodium": 1.5,
}
_SOFT: Weights = {"silver": 4, "gold9": 2, "vermeil": 2, "rhodium": 2, "gold14": 2, "rose14": 1.5, "gold18": 1}
_ANY: Weights = {**_FINE, "silver": 4, "gold9": 2, "vermeil": 2}
_POLISHED: Weights = {"polished": 1}
_BRUSHED: Weights = {"polished": 6, "satin": 3}
_WORKED: Weights = {"polished": 5, "satin": 3, "hammered": 2}
_PRECIOUS: Weights = {"diamond": 7, "ruby": 2, "sapphire": 3, "emerald": 2, "pink_sapphire": 1, "yellow_sapphire": 1}
_COLOURED: Weights = {"amethyst": 2, "peridot": 2, "citrine": 2, "aquamarine": 2, "garnet": 2, "topaz": 2}
_GEMS: Weights = {**_PRECIOUS, **_COLOURED}
_SMALL: Weights = {"diamond": 10, "ruby": 1, "sapphire": 1.5, "emerald": 1}
_CABOCHONS: Weights = {"opal": 5, "amethyst": 1, "garnet": 1, "aquamarine": 1, "peridot": 1, "sapphire": 1, "ruby": 1}
_PEARLS: Weights = {"pearl": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A family of designs and what it is sensibly made of.

    Attributes:
        name: Its key in `FAMILIES`.
        shape: The type of its numbers.
        weight: How often it is drawn beside the others.
        metals: Keys of `materials.METALS`.
        finishes: Of the metal.
        gems: Keys of `materials.GEMS` for the main stone where the cut is faceted; empty = no main stone.
        side_gems: For the small stones.
    """

    name: str
    shape: type[Shape]
    weight: float = 1.0
    metals: Weights = field(default_factory=lambda: _ANY)
    finishes: Weights = field(default_factory=lambda: _POLISHED)
    gems: Weights = field(default_factory=lambda: _GEMS)
    side_gems: Weights = field(default_factory=lambda: _SMALL)

    def gems_for(self, shape: Shape) -> Weights:
        """Gems that this shape's main stone may be; empty where it has none."""
        cut = getattr(shape, "cut", "round")
        if not self.gems or not cut:
            return {}
        return {"pearl": _PEARLS, "cabochon": _CABOCHONS}.get(cut, self.gems)

    def metals_for(self, gem: str) -> Weights:
        """Metals that go with a main stone: precious ones are seldom set in silver."""
        wanted = _FINE if gem in _PRECIOUS else _SOFT if gem in _COLOURED else _ANY
        return {name: share for name, share in self.metals.items() if name in wanted} or self.metals


_LISTED: Sequence[Family] = (
    Family(name="solitaire", shape=Solitaire, weight=1.5),
    Family(name="halo_ring", shape=HaloRing, weight=1.2),
    Family(name="three_stone", shape=ThreeStone),
    Family(name="pave_band", shape=PaveBand, metals=_FINE, gems={}),
    Family(name="eternity_band", shape=EternityBand, metals=_FINE, gems={}),
    Family(name="plain_band", shape=PlainBand, finishes=_WORKED, gems={}, side_gems={}),
    Family(name="engraved_band", shape=EngravedBand, finishes=_BRUSHED, gems={}, side_gems={}),
    Family(name="signet", shape=SignetRing, finishes=_BRUSHED, gems={}, side_gems={}),
    Family(name="bezel_ring", shape=BezelRing),
    Family(name="stud_earrings", shape=StudEarrings, weight=1.2),
    Family(name="drop_earrings", shape=DropEarrings, weight=1.2),
    Family(name="pendant", shape=Pendant, weight=1.4, finishes=_BRUSHED),
    Family(name="tennis_bracelet", shape=TennisBracelet, weight=0.9),
    Family(name="chain", shape=ChainPiece, gems={}, side_gems={}),
)
FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in _LISTED})
"""Every family by name."""


def family_of(name: str) -> Family:
    """A family by name.

    Raises:
        BadRecipe: There is no such family.
    """
    if name not in FAMILIES:
        raise BadRecipe(f"no family of jewelry is called {name!r}; known: {', '.join(FAMILIES)}")
    return FAMILIES[name]


def chosen(weights: Weights, rng: Generator) -> str:
    """One of the names, as often as its weight says; empty where there is none."""
    if not weights:
        return ""
    total = sum(weights.values())
    return str(rng.choice(list(weights), p=[share / total for share in weights.values()]))
