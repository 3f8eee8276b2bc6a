"""The fleet sidecar: what good photos of many other products score, and how alike different designs look.

It is data beside the models, never inside a graph: built by `training/calibrate_fleet.py` from renders,
read here, named by every provisional verdict.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from visiqc.errors import IntegrityError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Stage-0 calibration.

    Attributes:
        scores: Tolerated scores of good photos of the fleet's products, ascending.
        products: How many products they come from.
        identity_far1: Identity similarity that 1 % of impostors reach.
        identity_far01: Similarity that 0.1 % of impostors reach; between the two, identity is doubtful.
        alike_far1: Masked similarity after alignment that 1 % of impostors reach: rescues an identity.
        alike_poor: Share of a view's own alikeness below which alignment is poor: 1 % of good photos.
        heat_low: Tolerated score that heatmaps show as nothing.
        heat_high: Tolerated score that they show in full red.
        trunk: SHA-256 of the trunk the figures hold for.
        source: What it was built from.
    """

    scores: tuple[float, ...]
    products: int
    identity_far1: float
    identity_far01: float
    alike_far1: float
    alike_poor: float
    heat_low: float
    heat_high: float
    trunk: str
    source: str

    @property
    def digest(self) -> str:
        """SHA-256 of the sidecar's content, whatever its formatting."""
        return hashlib.sha256(to_json(self).encode()).hexdigest()


def to_json(fleet: Fleet) -> str:
    """The sidecar as canonical JSON."""
    return json.dumps(asdict(fleet), sort_keys=True, indent=1)


def from_json(text: str, *, trunk: str) -> Fleet:
    """Read a sidecar and check that it belongs to the trunk in use.

    Raises:
        IntegrityError: Not a sidecar, not ascending, or built with another trunk.
    """
    try:
        fields = json.loads(text)
        fleet = Fleet(**{**fields, "scores": tuple(float(score) for score in fields["scores"])})
    except (ValueError, KeyError, TypeError) as err:
        raise IntegrityError("the fleet calibration cannot be read; install VisiQC again") from err
    if list(fleet.scores) != sorted(fleet.scores) or len(fleet.scores) < 20:
        raise IntegrityError("the fleet calibration needs at least 20 ascending scores; install VisiQC again")
    if fleet.trunk != trunk:
        raise IntegrityError(
            f"the fleet calibration was built with trunk {fleet.trunk[:12]}, in use is {trunk[:12]}; "
            "build it again with training/calibrate_fleet.py"
        )
    return fleet
