"""What a set of rendered photos is made of."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from visiqc.errors import BadRecipe
from visiqc.recipes import as_values, digest_of
from visiqc.rendering.shots import PoseLevel, ShotRole

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class RenderRecipe:
    """All that decides a set of rendered photos; the same recipe gives the same photos on one machine."""

    name: str
    """Of the set; its folder is named after it."""
    split: str
    """What the designs are for, such as `train` or `test`. It is part of every SKU and of every seed, so that two
    splits share no design, and sets of one split and seed share theirs."""
    seed: int
    """Where all random numbers come from."""
    families: Mapping[str, float] = field(default_factory=dict)
    """Weight by family, a key in `catalogue.FAMILIES`: of 10 designs, a family of weight 2 among eight of weight 1 gets
    2. Empty = all families, each with its own weight."""
    designs: int = 0
    """How many designs are drawn."""
    first_design: int = 0
    """Number of the first one; a set that is made in two halves goes on where the first ended."""
    products: Mapping[str, str] = field(default_factory=dict)
    """Named products, SKU to family, in place of numbered designs."""
    goldens: int = 3
    """Golden photos a design: the first in the jig pose, then guided and jig in turn, each under another light."""
    turntable_designs: int = 0
    """How many designs, from the first, have a turntable set in place of those goldens; their uploads show the piece
    turned to one of its stops."""
    turntable_photos: int = 12
    """Stops of the turntable, evenly around."""
    pose_levels: tuple[PoseLevel, ...] = (PoseLevel.JIG, PoseLevel.GUIDED, PoseLevel.HANDHELD)
    """How the uploads were held against the golden pose."""
    uploads: int = 4
    """Uploads a design and pose level."""
    roles: Mapping[ShotRole, float] = field(
        default_factory=lambda: {ShotRole.GOOD: 1.0, ShotRole.DEFECTIVE: 1.0},
    )
    """Weight by role of the uploads; whole numbers that add up to a design's uploads come out exactly so."""
    defects_a_view: int = 0
    """Defective photos made of each good upload: the same piece, light and camera with a defect and a phone of its own,
    rendered only where the defect changes the picture. They take half of a defective photo's time, and teach what
    a defect alone changes; no set that something is measured on should be made of them."""
    kind_weights: Mapping[str, float] = field(default_factory=dict)
    """Weight by defect, a key in `defects.catalogue.KINDS`, where it is not that kind's own; 0 leaves a kind out."""
    severity: tuple[float, float] = (1.0, 1.5)
    """Alpha and beta of the beta distribution that a defect's severity, 0 barely visible to 1 gross, is drawn from."""
    card_share: float = 0.1
    """Share of the photos with a scale card beside the piece; none lies beside a ring on a stand."""
    card_framed: bool = False
    """Whether those photos are framed on the card too, which then lies where it does in all photos of the product; if
    not, or where a photo is to be unusable, the piece alone decides, and most cards are cut off."""
    side_px: int = 512
    """Width and height of the photos."""
    samples: int = 32
    """Light paths a pixel before denoising, a multiple of 8 or fewer than 8."""

    def __post_init__(self) -> None:
        for key in ("name", "split"):
            _need(_NAME.fullmatch(getattr(self, key)), key, "small letters, digits, `-`, `_` and `.`", self)
        for sku in self.products:
            _need(_NAME.fullmatch(sku), "products", "SKUs of small letters, digits, `-`, `_` and `.`", self)
        _need((self.designs > 0) != bool(self.products), "designs", "more than 0, or products, and not both", self)
        for key, low, high in _RANGES:
            _need(low <= getattr(self, key) <= high, key, f"{low:g} to {high:g}", self)
        _need(self.samples < 8 or self.samples % 8 == 0, "samples", "a multiple of 8 or fewer than 8", self)
        for key in ("families", "roles", "kind_weights"):
            finite = all(0 <= weight < math.inf for weight in getattr(self, key).values())
            _need(finite, key, "weights of at least 0 and finite", self)
        _need(any(self.roles.values()), "roles", "a weight above 0", self)
        good = self.roles.get(ShotRole.GOOD, 0) > 0 and self.uploads > 0
        _need(good or not self.defects_a_view, "defects_a_view", "0 where no upload is good", self)
        _need(ShotRole.GOLDEN not in self.roles, "roles", "roles of uploads; `goldens` says how many those are", self)
        _need(not self.families or any(self.families.values()), "families", "a weight above 0", self)
        _need(all(0.05 <= each <= 100 for each in self.severity), "severity", "two numbers of 0.05 to 100", self)
        _need(self.pose_levels or not self.uploads, "pose_levels", "at least one", self)

    @property
    def digest(self) -> str:
        """SHA-256 of every key and its value."""
        return digest_of(self.values)

    @property
    def values(self) -> dict[str, Any]:
        """Every key and its value, as JSON knows them."""
        values = as_values(self)
        if not self.defects_a_view:
            del values["defects_a_view"]  # recipes had none once: their sets are as good as ever
        if not self.card_framed:
            del values["card_framed"]  # the same
        return values

    @property
    def folder_name(self) -> str:
        """Name and the digest's beginning: what a changed recipe renders does not land in the same folder."""
        return f"{self.name}-{self.digest[:8]}"


_RANGES = (
    ("seed", 0, 2**63),
    ("designs", 0, 100_000),
    ("first_design", 0, 100_000),
    ("goldens", 1, 20),
    ("turntable_designs", 0, 100_000),
    ("turntable_photos", 2, 72),
    ("uploads", 0, 1000),
    ("defects_a_view", 0, 1000),
    ("card_share", 0, 1),
    ("side_px", 16, 4096),
    ("samples", 1, 4096),
)


def _need(holds: Any, key: str, wanted: str, recipe: RenderRecipe) -> None:
    if not holds:
        raise BadRecipe(f"RenderRecipe: {key} must be {wanted}, got {getattr(recipe, key)!r}")
