"""All that decides one photo."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from visiqc.errors import InputError
from visiqc.rendering.design import Design


class PoseLevel(StrEnum):
    """How the factory held its phone against the golden pose."""

    JIG = "jig"
    """±0.5° in each axis, ±0.5 % distance: the piece lies in a jig."""
    GUIDED = "guided"
    """±3°, ±4 %: a ghost outline was followed."""
    HANDHELD = "handheld"
    """±10°, ±12 %."""


class ShotRole(StrEnum):
    """What a photo is for."""

    GOLDEN = "golden"
    GOOD = "good"
    DEFECTIVE = "defective"
    VARIANT = "variant"
    """The same design with one attribute changed, sent in its place."""
    WRONG_SAMPLE = "wrong_sample"
    """Another design sent in its place."""
    UNUSABLE = "unusable"
    """A good piece, badly photographed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One photo to be taken; equal shots give equal photos on one machine.

    Attributes:
        sku: The product it is sent for.
        name: Path inside the product's folder without suffix, such as `golden/1` or `uploads/jig-good-3`.
        role: What it is for.
        design: What lies before the camera: the product's design, a variant of it, or another.
        pose: How well the golden pose was met.
        seed: Of everything that is drawn: specimen, light, camera, defect, noise.
        side_px: Width and height of the photo.
        samples: Light paths a pixel.
        defect: Key in `defects.catalogue.KINDS`; empty = none.
        severity: 0 to 1.
        attribute: Of a variant: what is changed, such as `stone_colour`; of an unusable photo: what spoils it.
        turn_deg: The piece turned about the vertical against the golden pose, for turntable sets.
        light: Key in `lights.LIGHTS`; empty = drawn.
        ground: Key in `ground.GROUNDS`; empty = drawn.
        card: Whether the scale card lies beside the piece; none does beside a stand.
        card_framed: Whether the photo is framed on both, so that all of the card is in the picture.
        product: Of a variant: the product's own design, which the photo is framed on, so that a larger stone looks
            larger; None = `design`.
        view_seed: Of a photo that is another one but for a defect: that one's seed, of which specimen, dirt, light,
            ground and camera are drawn. It is rendered where the defect changes it and nowhere else. None = `seed`.
    """

    sku: str
    name: str
    role: ShotRole
    design: Design
    pose: PoseLevel
    seed: int
    side_px: int
    samples: int
    defect: str = ""
    severity: float = 0.0
    attribute: str = ""
    turn_deg: float = 0.0
    light: str = ""
    ground: str = ""
    card: bool = False
    card_framed: bool = False
    product: Design | None = None
    view_seed: int | None = None

    def __post_init__(self) -> None:
        if self.view_seed is not None and self.role not in {ShotRole.GOOD, ShotRole.DEFECTIVE}:
            raise InputError(f"{self.name}: a {self.role} photo shares its view with no other; give no view_seed")
