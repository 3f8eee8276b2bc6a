"""The colour of a piece's parts, held against the golden sample's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from visiqc.errors import InvalidRecord


class ColourPart(StrEnum):
    """A part of a piece that has a colour of its own."""

    METAL = "metal"
    STONES = "stones"


class BalanceBasis(StrEnum):
    """What told a change of light or white balance from a change of the piece."""

    CARD = "card"  # a neutral card in the golden photos and in the upload
    GROUND = "ground"  # what the piece lies on, which may have been another surface
    NONE = "none"  # nothing: the two cannot be told apart, and the uncertainty says so


@dataclass(frozen=True, slots=True, kw_only=True)
class PartColour:
    """How one part's colour differs from the golden's, light and white balance taken out, highlights left out.

    Lightness is not compared: metal mirrors the room, so that its lightness is the room's.

    Attributes:
        part: Which part.
        delta_e00: CIEDE2000 colour difference at the golden's own lightness.
        delta_a: Upload less golden, CIE a*; above 0 = redder.
        delta_b: The same, b*; above 0 = yellower.
        delta_chroma: The same, C*ab; above 0 = richer.
        uncertainty: ΔE00 that good pieces differ by under this photo's light, one standard deviation.
        evidence: Logarithm of the odds that the part is of another colour, before any prior; above 0 = more likely
            than not.
        share: Share of the product's pixels that were compared.
        limit: The evidence it was held against; None = it was reported, not judged.
        p_value: Chance that a good piece shows this much, in (0, 1]; None where no calibration says so.
    """

    part: ColourPart
    delta_e00: float
    delta_a: float
    delta_b: float
    delta_chroma: float
    uncertainty: float
    evidence: float
    share: float
    limit: float | None = None
    p_value: float | None = None

    def __post_init__(self) -> None:
        figures = (self.delta_e00, self.delta_a, self.delta_b, self.delta_chroma, self.uncertainty, self.evidence)
        if not all(isfinite(figure) for figure in figures):
            raise InvalidRecord(f"colour of {self.part} must be finite numbers, got {figures}; leave the part out")
        if self.delta_e00 < 0 or self.uncertainty < 0 or not 0 <= self.share <= 1:
            raise InvalidRecord(
                f"colour of {self.part}: ΔE00 {self.delta_e00}, its uncertainty {self.uncertainty} must be at least 0, "
                f"the share {self.share} in 0 to 1"
            )
        if self.p_value is not None and not 0 < self.p_value <= 1:
            raise InvalidRecord(f"colour of {self.part}: p-value must lie in (0, 1], got {self.p_value}")

    @property
    def differs(self) -> bool:
        """Whether the evidence reaches its limit."""
        return self.limit is not None and self.evidence >= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourSpot:
    """Where colour differs most once the whole metal's own change is taken out: a stone of another colour.

    Attributes:
        box: `(x0, y0, x1, y1)` in pixels of the frame that was measured; x1 and y1 excluded.
        delta: Chroma and hue part of the colour difference there, in ΔE units.
        limit: The difference it was held against; None = it was reported, not judged.
        p_value: Chance that a good piece shows this much anywhere, in (0, 1]; None where no calibration says so.
    """

    box: tuple[int, int, int, int]
    delta: float
    limit: float | None = None
    p_value: float | None = None

    def __post_init__(self) -> None:
        left, top, right, bottom = self.box
        if not (isfinite(self.delta) and self.delta >= 0 and left < right and top < bottom):
            raise InvalidRecord(f"a colour spot needs a box with an inside and a ΔE of at least 0, got {self}")

    @property
    def differs(self) -> bool:
        """Whether the difference reaches its limit."""
        return self.limit is not None and self.delta >= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourReport:
    """What a verdict says of colour.

    Attributes:
        basis: What light and white balance were told by.
        shared_ground: Chance, 0 to 1, that the upload lies on the goldens' surface; None without any ground.
        parts: The parts that could be compared, each at most once.
        spot: Where colour differs most; None where nothing could be compared.
    """

    basis: BalanceBasis
    shared_ground: float | None = None
    parts: tuple[PartColour, ...] = ()
    spot: ColourSpot | None = None

    def __post_init__(self) -> None:
        names = [part.part for part in self.parts]
        if len(set(names)) < len(names):
            raise InvalidRecord(f"a part's colour is told once, got {', '.join(names)}")

    @property
    def stone_score(self) -> float | None:
        """How unlike the golden's the stones are, for ranking photos; None where no spot could be compared.

        ΔE of the spot, which a single stone decides, and the evidence on all stones together, one to one: of the
        weights ½ to 4 that were tried on train renders, 1 found most stones of another gem.
        """
        if self.spot is None:
            return None
        stones = self.of(ColourPart.STONES)
        return self.spot.delta + max(-1.0, -1.0 if stones is None else stones.evidence)

    def of(self, part: ColourPart) -> PartColour | None:
        """The colour of one part, or None where it could not be compared."""
        return next((one for one in self.parts if one.part is part), None)
