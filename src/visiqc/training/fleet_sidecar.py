"""The figures of a fleet sidecar, from what comparing good photos and other products' photos gave."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from visiqc.domain.colour import ColourPart
from visiqc.errors import InputError
from visiqc.evaluation.fusion_fit import STEADY, FusionFit, MapPair, fit_fusion, fused_score
from visiqc.inspection.compare import Comparison
from visiqc.inspection.fleet import FEWEST_PHOTOS, Fleet
from visiqc.inspection.parts import Models
from visiqc.training.fleet_sameness import (
    Banks,
    Held,
    accepted_unseen,
    cohort_of,
    own_by_name,
    sameness_limits,
    sameness_scores,
)
from visiqc.vision import golden_map
from visiqc.vision.types import FloatArray, Mask, ScoreMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A comparison with what the photo is known to show, and the product it was held against.

    A photo held against several numbers of goldens is judged as often.
    """

    found: Comparison
    product: str
    photo: Path
    defective: bool = False
    pose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPhotos:
    """What the figures are made of.

    Attributes:
        own: Photos held against their own product's goldens; some show defects, to weigh the maps by.
        others: Photos held against another product's goldens, with that product.
        banks: Features of every product.
        designs: What design each product is.
        strangers: (n, D) float32 identity of further designs, or None.
    """

    own: Sequence[Judged]
    others: Sequence[Held]
    banks: Banks
    designs: Mapping[str, str]
    strangers: FloatArray | None = None

    @property
    def cohort(self) -> FloatArray:
        """Identity of all designs: those of the banks first."""
        own = cohort_of(self.banks)
        return own if self.strangers is None else np.concatenate([own, self.strangers])

    @property
    def own_rows(self) -> dict[str, Mask]:
        """By product, the rows of the cohort that show its design."""
        more = np.zeros(0 if self.strangers is None else len(self.strangers), bool)
        return {name: np.concatenate([own, more]) for name, own in own_by_name(self.banks, self.designs).items()}

    @property
    def good(self) -> list[Held]:
        """Comparisons of good photos with their own goldens."""
        return [Held(one.product, one.found, one.product) for one in self.own if not one.defective]


def photo_count(judged: Iterable[Judged]) -> int:
    """How many photos there are: each once, however many numbers of goldens it was held against."""
    return len({one.photo for one in judged})


def make_sidecar(
    photos: FleetPhotos, models: Models, *, source: str, type_temperature: float = 1.0
) -> tuple[Fleet, FusionFit | None]:
    """The sidecar of exactly these models, and how the maps were weighed where there are two.

    Raises:
        InputError: Too few photos could be compared.
    """
    compared = [one for one in photos.own if one.found.golden_map is not None]
    good = [one for one in compared if not one.defective]
    alike = _alike(photos.others)
    if (count := photo_count(good)) < FEWEST_PHOTOS or not alike:
        raise InputError(
            f"a fleet needs at least {FEWEST_PHOTOS} good photos that can be compared, and photos of other products "
            f"to hold them against; got {count} and {len(alike)}"
        )
    cohort = photos.cohort
    accepted, sure = sameness_limits(sameness_scores(photos.others, cohort, photos.own_rows))
    usual = round(float(np.median([np.nanmedian(_map(one)) for one in good])), 4)
    pairs = [pair_of(one, usual) for one in compared if one.found.change_map is not None]
    fit = fit_fusion(pairs) if models.defect is not None else None
    scores = sorted(score_of(one, usual, fit) for one in good)
    fleet = Fleet(
        scores=tuple(round(score, 4) for score in scores),
        products=len({photos.designs[name] for name in photos.banks}),
        usual=usual,
        alike_poor=_quantile(alike, 0.75),
        heat_low=_quantile(scores, 0.5),
        heat_high=round(1.5 * _quantile(scores, 0.95), 4),
        trunk=models.trunk.digest,
        source=source,
        cohort=cohort,
        identity=models.identity.digest,
        defect=models.defect.digest if models.defect is not None else "",
        mask=models.mask.digest if models.mask is not None else "",
        fusion=fit.fusion if fit else None,
        type_temperature=round(type_temperature, 4) if models.defect is not None else 1.0,
        same_accepted=accepted,
        same_sure=sure,
    )
    return with_colour_scales(fleet, compared), fit


def with_colour_scales(fleet: Fleet, photos: Iterable[Judged]) -> Fleet:
    """The sidecar with the scores of metal and of stones of the good ones, held against one golden and against several.

    What too few of them show has no scale.
    """
    good = [one for one in photos if not one.defective]
    alone = [one for one in good if one.found.view is not None and one.found.view.single]
    several = [one for one in good if one.found.view is not None and not one.found.view.single]
    return replace(
        fleet,
        colour_metal=_ascending(several, _metal),
        colour_stones=_ascending(several, _stones),
        colour_metal_single=_ascending(alone, _metal),
        colour_stones_single=_ascending(alone, _stones),
    )


def sidecar_metrics(photos: FleetPhotos, fleet: Fleet, fit: FusionFit | None) -> dict[str, float]:
    """Shares at the limits; every product's own vectors are left out of the cohort it is held against.

    `good_photos` counts photos that were compared, `good_comparisons` their scores; all else of good photos is counted
    in comparisons. Other designs are held to limits that neither design of the pair had a part in, for at those in the
    sidecar the share is 1 % whatever the models are worth; without that many designs, it is missing.
    """
    good, own, cohort = photos.good, photos.own_rows, fleet.cohort
    compared = [one for one in photos.own if not one.defective and one.found.golden_map is not None]
    strangers = accepted_unseen(photos.others, cohort, own, photos.designs)
    impostors: Mapping[str, float] = {"impostors_accepted": float(np.mean(strangers))} if strangers else {}
    weights: Mapping[str, float] = {"change_share": fit.share} if fit else {}
    aurocs = {f"auroc_change_share_{share:g}": value for share, value in fit.aurocs.items()} if fit else {}
    return {
        "good_photos": float(photo_count(compared)),
        "good_comparisons": float(len(fleet.scores)),
        "impostor_pairs": float(len(photos.others)),
        "retaken": float(sum(bool(one.found.complaints) for one in good)),
        "good_accepted": float(np.mean([same >= fleet.same_accepted for same in sameness_scores(good, cohort, own)])),
        "good_alignment_poor": float(np.mean([alike < fleet.alike_poor for alike in _alike(good)])),
        "review_threshold": float(np.quantile(fleet.scores, 0.95)),
        **impostors,
        **weights,
        **aurocs,
    }


def pair_of(one: Judged, usual: float) -> MapPair:
    """Both maps of a photo, the golden one calmed by `usual` (see `golden_map.calmed`); once where there is one."""
    change = one.found.change_map
    calm = golden_map.calmed(_map(one), usual)
    return MapPair(
        golden=calm,
        change=calm if change is None else change,
        defective=one.defective,
        group=one.pose,
        footing=one.found.footing or STEADY,
    )


def score_of(one: Judged, usual: float, fit: FusionFit | None) -> float:
    """The photo's score by both maps as they were weighed, or by the golden map alone."""
    pair = pair_of(one, usual)
    return fused_score(pair, fit.fusion) if fit else golden_map.photo_score(pair.golden)


def _map(one: Judged) -> ScoreMap:
    if one.found.golden_map is None:
        raise InputError("a photo that was not compared has no map")
    return one.found.golden_map


def _metal(found: Comparison) -> float | None:
    metal = found.colour.of(ColourPart.METAL) if found.colour is not None else None
    return metal.evidence if metal is not None else None


def _stones(found: Comparison) -> float | None:
    return found.colour.stone_score if found.colour is not None else None


def _ascending(judged: Iterable[Judged], score_in: Callable[[Comparison], float | None]) -> tuple[float, ...]:
    """Scores that are there; none at all where they are of too few photos to be a scale."""
    known = [(one, round(score, 4)) for one in judged if (score := score_in(one.found)) is not None]
    enough = photo_count(one for one, _ in known) >= FEWEST_PHOTOS
    return tuple(sorted(score for _, score in known)) if enough else ()


def _alike(held: Sequence[Held]) -> list[float]:
    return [one.found.alike for one in held if one.found.alike is not None]


def _quantile(values: Sequence[float], share: float) -> float:
    return round(float(np.quantile(values, share)), 4)
