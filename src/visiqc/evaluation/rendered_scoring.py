"""The shipped way of every upload of one rendered product, each answer a row with all that is known beside it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

from visiqc.domain.golden import ScoringPolicy
from visiqc.domain.ranking import Ranking
from visiqc.domain.verdict import Region, Warp
from visiqc.errors import Unavailable, VisiQCError
from visiqc.evaluation.frames import box_in_upload
from visiqc.evaluation.protocol import PHOTO_ERRORS
from visiqc.evaluation.rendered_photos import KnownPhoto, KnownProduct, PhotoBox
from visiqc.evaluation.rendered_rows import CHANGE_MAP, FUSED, GOLDEN_MAP, ROW_FORMAT, FoundRegion, PhotoRow, RowStore
from visiqc.inspection.compare import Comparison, compare
from visiqc.inspection.enrol import build_bank
from visiqc.inspection.fleet import Fleet
from visiqc.inspection.inspect import Judgement, judge
from visiqc.inspection.parts import Models, SentPhoto
from visiqc.inspection.reading import read_photo
from visiqc.inspection.region_naming import RegionNaming
from visiqc.vision import golden_map
from visiqc.vision.bank import GoldenBank
from visiqc.vision.photo import DecodeLimits
from visiqc.vision.types import ScoreMap

ModelSet = tuple[Models, Fleet]
"""Models and the fleet sidecar that belongs to them."""
Loader = Callable[[], ModelSet]
"""Opens a set of models; must be picklable where several processes are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKey:
    """All that decides the rows of a run.

    Attributes:
        data: Digest of what was planned for the set.
        photos: Digest of its photos and records: a set rendered again in its place is another one.
        models: SHA-256 of every model, and of the fleet sidecar last.
        goldens: Golden photos each design is enrolled with.
        long_side: Resolution of the comparison, pixels.
        aligned: Whether photos were laid over the golden view; False tells what that is worth.
        code: Digest of the code that scores.
        row_format: What its rows say, see `rendered_rows.ROW_FORMAT`.
    """

    data: str
    photos: str
    models: tuple[str, ...]
    goldens: int
    long_side: int
    aligned: bool = True
    code: str
    row_format: int = ROW_FORMAT

    @property
    def digest(self) -> str:
        """SHA-256 of them all."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @property
    def title(self) -> str:
        """As tables say it: `3 goldens, 1024 px`."""
        apart = "" if self.aligned else ", not aligned"
        return f"{self.goldens} golden{'s' if self.goldens > 1 else ''}, {self.long_side} px{apart}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One product to score.

    Attributes:
        product: Its photos.
        photos: Folder of the set.
        key: Of the run.
        place: Folder of the run.
    """

    product: KnownProduct
    photos: Path
    key: RunKey
    place: Path


@dataclass(frozen=True, slots=True)
class _Bench:
    """What every upload of one product is answered with."""

    bank: GoldenBank
    ranking: Ranking
    models: Models
    fleet: Fleet
    policy: ScoringPolicy
    aligned: bool


def score_product(job: Job, parts: ModelSet) -> Iterator[str]:
    """Score those uploads of a product that have no answer yet; the name of each is given once its row is kept.

    A photo that fails does not stop the others; neither do goldens that cannot be enrolled: every upload fails then.

    Raises:
        Unavailable: A row cannot be kept, or a model ran out of memory or device: that says nothing about the photo.
    """
    store = RowStore(job.place)
    known = {row.name for row in store.start(job.product.sku)}
    missing = [photo for photo in job.product.uploads if photo.name not in known]
    if not missing:
        return
    goldens = job.product.goldens[: job.key.goldens]
    lights = {photo.light for photo in goldens}
    try:
        bench: _Bench | str = _enrolled(job, goldens, parts)
    except Unavailable:
        raise
    except VisiQCError as err:
        bench = f"the goldens cannot be enrolled: {err}"
    for photo in missing:
        truth = known_fields(photo, lights)
        if isinstance(bench, str):
            store.add(PhotoRow(**truth, failure=bench), {})
        else:
            store.add(*_answered(photo, truth, job.photos, bench))
        yield photo.name


def known_fields(photo: KnownPhoto, lights: set[str]) -> dict[str, Any]:
    """The fields of a row that are known before anything is scored.

    Args:
        photo: With its truth.
        lights: Kinds of light of the goldens.
    """
    item = photo.item
    return {
        "name": photo.name,
        **{name: getattr(item, name) for name in ("sku", "role", "pose", "family", "defect", "code", "visible")},
        "attribute": item.attribute,
        "area_share": photo.area_share,
        "contrast": photo.contrast,
        "light": photo.light,
        "own_light": photo.light in lights,
        "ground": photo.ground,
        "card": photo.card,
    }


def on_defect(region: Region, warp: Warp, truth: PhotoBox | None) -> bool:
    """Whether a region's box, laid back on the upload, touches the box of the true defect."""
    if truth is None:
        return False
    left, top, right, bottom = box_in_upload(region.box, warp)
    return left < truth[2] and truth[0] < right and top < truth[3] and truth[1] < bottom


def found_region(region: Region, warp: Warp | None, truth: PhotoBox | None) -> FoundRegion:
    """A region as a row keeps it, with its shown type and with its likeliest code."""
    return FoundRegion(
        peak=region.peak,
        type=region.type or None,
        probability=region.type_probability,
        likeliest=region.likeliest_type or None,
        likeliest_probability=region.likeliest_probability,
        on_defect=warp is not None and on_defect(region, warp, truth),
    )


def _enrolled(job: Job, goldens: Sequence[KnownPhoto], parts: ModelSet) -> _Bench:
    models, fleet = parts
    policy = ScoringPolicy(long_side=job.key.long_side)
    sent = [
        # No view is named: goldens of a turntable show several, and which are one view is found out, as for a user.
        SentPhoto(name=Path(photo.name).name, content=(job.photos / photo.name).read_bytes())
        for photo in goldens
    ]
    bank, _ = build_bank(sent, models, DecodeLimits(), long_side=policy.long_side)
    ranking = Ranking(None, fleet=fleet.scores, fleet_source=fleet.digest, policy=policy)
    return _Bench(bank, ranking, models, fleet, policy, job.key.aligned)


def _answered(
    photo: KnownPhoto, truth: dict[str, Any], folder: Path, bench: _Bench
) -> tuple[PhotoRow, Mapping[str, ScoreMap]]:
    start = time.perf_counter()
    try:
        content = (folder / photo.name).read_bytes()
        copy = read_photo(content, DecodeLimits(), frame_long_side=bench.policy.long_side)
        found = compare(copy.photo, copy.original_size, bench.bank, bench.models, bench.fleet, search=bench.aligned)
        judgement = judge(found, bench.ranking, bench.policy, RegionNaming.of(bench.models, bench.fleet), bench.fleet)
        seconds = time.perf_counter() - start
        maps = maps_of(found)
        row = PhotoRow(
            **truth,
            **_answer_fields(found, judgement, photo.box, bench.ranking),
            upload_size=copy.original_size,
            has_map=bool(maps),
            seconds=round(seconds, 4),
        )
    except Unavailable:
        raise
    except PHOTO_ERRORS as err:
        return PhotoRow(**truth, failure=f"{type(err).__name__}: {err}"), {}
    return row, maps


def maps_of(found: Comparison) -> dict[str, ScoreMap]:
    """The maps a comparison made, by their names in `rendered_rows.MAPS`; none where there was no comparison."""
    if found.scores is None:
        return {}
    maps = {FUSED: found.scores, GOLDEN_MAP: found.golden_map, CHANGE_MAP: found.change_map}
    return {name: one for name, one in maps.items() if one is not None}


def _answer_fields(found: Comparison, judgement: Judgement, truth: PhotoBox | None, ranking: Ranking) -> dict[str, Any]:
    maps = maps_of(found)
    warp = found.alignment.warp if found.alignment else None
    identity = found.identity
    return {
        "outcome": judgement.outcome,
        "reasons": tuple(reason.code.value for reason in judgement.reasons),
        "score": found.score,
        "golden_score": golden_map.photo_score(maps[GOLDEN_MAP]) if GOLDEN_MAP in maps else None,
        "change_score": golden_map.photo_score(maps[CHANGE_MAP]) if CHANGE_MAP in maps else None,
        "p_value": ranking.p_value(found.score) if found.score is not None else None,
        "review_threshold": ranking.review_threshold,
        "alike": found.alike,
        "regions": tuple(found_region(region, warp, truth) for region in judgement.regions),
        "colour": _plain(getattr(found, "colour", None)),
        "timings_ms": {name: round(value, 2) for name, value in found.timings_ms.items()},
        **({"warp": warp} if warp else {}),
        **({"frame_size": found.view.frame_size} if found.view else {}),
        **(
            {
                "identity_accepted": identity.accepted,
                "identity_similarity": identity.similarity,
                "identity_limit": identity.threshold,
            }
            if identity
            else {}
        ),
    }


def _plain(report: object) -> dict[str, Any] | None:
    """A report of the colour stage as values that JSON knows."""
    return asdict(report) if is_dataclass(report) and not isinstance(report, type) else None
