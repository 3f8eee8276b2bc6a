"""The fleet sidecar: what good photos of many other products score, and how alike different designs look.

It is data beside the models, never inside a graph: built by `training/calibrate_fleet.py` from renders,
read here, named by every provisional verdict.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from visiqc.errors import IntegrityError
from visiqc.vision.fusion import Fusion, SizeScale
from visiqc.vision.types import FloatArray

FEWEST_PHOTOS = 20
"""Good photos a fleet needs: the smallest p-value of n is 1 / (n + 1), and 5 % is the usual review level.

Each counts once, however many numbers of goldens it was held against: compared again, it is no further evidence.
"""
_LISTS = ("scores", "colour_metal", "colour_stones", "colour_metal_single", "colour_stones_single")
_SIZES = ("sizes", "single_sizes")
FAR = 0.01
"""Share of the cohort that a golden's own limit lets pass."""
_ACCEPTED, _SURE = -0.05, 0.05  # for sidecars from before sameness was measured
ALIKE_WEIGHT = 0.3
"""What alignment counts for beside the identity vector; 0.1 to 0.5 tell designs apart alike (training/LOG.md)."""
_ALIKE = (0.5, 1.5)  # beyond these, more or less of it says nothing more: one bad alignment is no proof


@dataclass(frozen=True, kw_only=True)  # no slots: the digest is kept once it is computed
class Fleet:
    """Stage-0 calibration.

    Attributes:
        scores: Tolerated scores of good photos of the fleet's products, ascending; one of each comparison, so that a
            photo held against one golden and against three has two.
        products: How many products they come from.
        usual: Median of a usual good photo's tolerated map; calmer photos are held to a tighter scale.
        alike_poor: Masked similarity after alignment, in units of the view's own alikeness, that one in four other
            designs reach: below it, alignment is poor.
        heat_low: Tolerated score that heatmaps show as nothing.
        heat_high: Tolerated score that they show in full red.
        trunk: SHA-256 of the trunk the figures hold for.
        source: What it was built from.
        cohort: (n, D) float32 identity vectors of the fleet's products: the impostors.
        identity: SHA-256 of the identity model; empty = the one that ships beside the trunk.
        defect: SHA-256 of the defect model; empty = without one.
        mask: SHA-256 of the mask model; empty = without one.
        fusion: How golden map and change map are weighed; None without a defect model.
        type_temperature: What type logits are divided by.
        colour_metal: Evidence that the metal has another colour, of good photos, ascending; empty = it is not judged.
        colour_stones: The same scores of stones.
        colour_metal_single: As `colour_metal`, of good photos held against one golden, whose light is the only one
            that is known; empty = views of one golden are judged by `colour_metal`.
        colour_stones_single: Likewise.
        same_accepted: `sameness` that 1 % of other designs reach: what has less is another design.
        same_sure: The same that 0.2 % of them reach: what has less is looked at by a person.
        alike_far1: Of sidecars from before sameness was measured; kept, so that such a sidecar keeps its digest.
        alike_far5: Likewise; nothing is decided by either.
    """

    scores: tuple[float, ...]
    products: int
    usual: float
    alike_poor: float
    heat_low: float
    heat_high: float
    trunk: str
    source: str
    cohort: FloatArray
    identity: str = ""
    defect: str = ""
    mask: str = ""
    fusion: Fusion | None = None
    type_temperature: float = 1.0
    colour_metal: tuple[float, ...] = ()
    colour_stones: tuple[float, ...] = ()
    colour_metal_single: tuple[float, ...] = ()
    colour_stones_single: tuple[float, ...] = ()
    same_accepted: float = _ACCEPTED
    same_sure: float = _SURE
    alike_far1: float | None = None
    alike_far5: float | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the sidecar's content, whatever its formatting."""
        return hashlib.sha256(to_json(self).encode()).hexdigest()

    def colours(self, *, single: bool) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Scores of metal and of stones of good photos, held against one golden or against several."""
        if not single:
            return self.colour_metal, self.colour_stones
        return self.colour_metal_single or self.colour_metal, self.colour_stones_single or self.colour_stones

    def identity_limit(self, turned: FloatArray) -> float:
        """Identity similarity to a view's goldens that 1 % of the cohort reaches.

        Args:
            turned: (n, steps, D) float32 identity of the goldens in steps of rotation.
        """
        return limit_among(turned, self.cohort)


def closeness(turned: FloatArray, vectors: FloatArray) -> FloatArray:
    """Similarity of photos to a view: to each of its goldens at the best turn, the mean over the goldens.

    The mean, because goldens differ in light: one alone tells designs apart worse, the closest one no better.

    Args:
        turned: (n, steps, D) float32 unit vectors.
        vectors: (m, D) float32 unit vectors.

    Returns:
        (m,) float32 in [-1, 1].
    """
    return np.asarray(np.einsum("ntd,md->ntm", turned, vectors).max(axis=1).mean(axis=0), np.float32)


def limit_among(turned: FloatArray, strangers: FloatArray) -> float:
    """Identity similarity to a view's goldens that 1 % of strangers reach.

    Each view has a limit of its own: a plain band looks like many other rings, a circuit board like none (score
    normalisation by a cohort, Auckenthaler et al., Digital Signal Processing 10, 2000).

    Args:
        turned: (n, steps, D) float32 identity of the goldens in steps of rotation.
        strangers: (m, D) float32 unit vectors of other designs, at least one.
    """
    return float(np.quantile(closeness(turned, strangers), 1.0 - FAR))


def alignment_says(alike: float) -> float:
    """What alignment adds to an identity similarity: nothing where the photo lies over the view as good ones do."""
    least, most = _ALIKE
    return ALIKE_WEIGHT * (min(max(alike, least), most) - 1.0)


def sameness(similarity: float, limit: float, alike: float) -> float:
    """Evidence that an upload shows the design of a view: identity beyond the view's own limit, and alignment.

    Args:
        similarity: Identity, from `closeness`.
        limit: The view's own, from `Fleet.identity_limit`.
        alike: Masked similarity after alignment, in units of what good photos of the view reach.
    """
    return similarity - limit + alignment_says(alike)


def to_json(fleet: Fleet) -> str:
    """The sidecar as canonical JSON; the cohort stands in it by its digest."""
    plain: dict[str, Any] = {
        field.name: getattr(fleet, field.name)
        for field in fields(fleet)
        # What stands at its default is left out: a sidecar from before such a field keeps its digest.
        if field.default is MISSING or getattr(fleet, field.name) != field.default
    }
    if fleet.fusion is not None:
        plain["fusion"] = _plain(fleet.fusion)
    plain["cohort"] = hashlib.sha256(cohort_bytes(fleet)).hexdigest()
    return json.dumps(plain, sort_keys=True, indent=1)


def cohort_bytes(fleet: Fleet) -> bytes:
    """The cohort as the `.npy` file that stands beside the JSON, float16."""
    out = io.BytesIO()
    np.save(out, fleet.cohort.astype(np.float16), allow_pickle=False)
    return out.getvalue()


def read_fleet(text: str, cohort: bytes, *, trunk: str) -> Fleet:
    """Read a sidecar and check that it is whole and belongs to the trunk in use.

    Raises:
        IntegrityError: Not a sidecar, figures that cannot be, another cohort, or built with another trunk.
    """
    try:
        plain = json.loads(text)
        if plain.pop("cohort") != hashlib.sha256(cohort).hexdigest():
            raise IntegrityError(
                "the fleet's cohort is not the one its calibration was built with; install VisiQC again"
            )
        vectors = np.load(io.BytesIO(cohort), allow_pickle=False).astype(np.float32)
        lists = {name: tuple(map(float, plain.get(name, ()))) for name in _LISTS}
        fusion = _read_fusion(plain["fusion"]) if "fusion" in plain else None
        fleet = Fleet(**{**plain, **lists, "fusion": fusion}, cohort=vectors)
        _require_sensible(fleet)
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, OverflowError) as err:
        raise IntegrityError("the fleet calibration cannot be read; install VisiQC again") from err
    if fleet.trunk != trunk:
        raise IntegrityError(
            f"the fleet calibration was built with trunk {fleet.trunk[:12]}, in use is {trunk[:12]}; "
            "build it again with training/calibrate_fleet.py"
        )
    return fleet


def _plain(fusion: Fusion) -> dict[str, Any]:
    """Without sizes where it knows none: a sidecar from before they were measured keeps its digest."""
    plain = asdict(fusion)
    if fusion.sizes or fusion.single_sizes:
        return plain
    return {name: value for name, value in plain.items() if name not in (*_SIZES, "known", "single_known")}


def _read_fusion(plain: dict[str, Any]) -> Fusion:
    return Fusion(**{**plain, **{name: tuple(SizeScale(**size) for size in plain.get(name, ())) for name in _SIZES}})


def _require_sensible(fleet: Fleet) -> None:
    """Raise `IntegrityError` for figures that would decide nonsense, such as NaN, which passes every comparison."""
    unsorted = any(list(getattr(fleet, name)) != sorted(getattr(fleet, name)) for name in _LISTS)
    if unsorted or len(fleet.scores) < FEWEST_PHOTOS:
        raise IntegrityError(
            f"the fleet calibration needs at least {FEWEST_PHOTOS} ascending scores; install VisiQC again"
        )
    limits = (fleet.usual, fleet.alike_poor, fleet.heat_low, fleet.heat_high, fleet.same_accepted, fleet.same_sure)
    figures = (*(figure for name in _LISTS for figure in getattr(fleet, name)), *limits)
    falling = fleet.heat_low >= fleet.heat_high or fleet.same_accepted > fleet.same_sure
    if not all(map(math.isfinite, figures)) or falling:
        raise IntegrityError("the fleet calibration holds limits that are no limits; install VisiQC again")
    odd = (fleet.fusion is None) != (not fleet.defect) or (fleet.fusion is not None and not fleet.fusion.sound)
    if odd or not 0 < fleet.type_temperature < math.inf:
        raise IntegrityError("the fleet calibration holds weights that are no weights; install VisiQC again")
    if fleet.cohort.ndim != 2 or 0 in fleet.cohort.shape or not np.isfinite(fleet.cohort).all():
        raise IntegrityError("the fleet's cohort is not a table of identity vectors; install VisiQC again")
