"""Score uploads: accept them durably, compare each with its golden, keep the verdict."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2

from visiqc import __version__
from visiqc.domain.calibration import Calibration
from visiqc.domain.colour import ColourReport
from visiqc.domain.decision import decide
from visiqc.domain.golden import GoldenVersion, ScoringPolicy, checked_sku
from visiqc.domain.outcome import Outcome
from visiqc.domain.people import NOBODY, Author
from visiqc.domain.ranking import Ranking
from visiqc.domain.reasons import Reason, ReasonCode
from visiqc.domain.upload import RequestKey, Upload
from visiqc.domain.verdict import Region, Verdict
from visiqc.errors import InputError, IntegrityError, NotApproved, UnreadablePhoto
from visiqc.inspection.colour_judgement import SHARE_OF_LEVEL, colour_reasons, judged_colour
from visiqc.inspection.compare import Comparison, compare
from visiqc.inspection.fleet import Fleet
from visiqc.inspection.parts import Parts, SentPhoto
from visiqc.inspection.reading import Arrivals, Refusals, WorkingCopy, read_photo
from visiqc.inspection.refit import golden_bank
from visiqc.inspection.region_naming import RegionNaming, found_regions
from visiqc.inspection.stopwatch import Stopwatch
from visiqc.vision.score_png import encode_scores

SOFTWARE = f"visiqc {__version__}, opencv {cv2.__version__}"
"""What computed a verdict; warps differ by a few grey levels between OpenCV releases."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was decided about a comparison, before anything is written."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    regions: tuple[Region, ...]
    colour: ColourReport | None = None


def accept_photos(
    sku: str,
    photos: Sequence[SentPhoto],
    parts: Parts,
    *,
    golden_version: int | None = None,
    request: RequestKey | None = None,
    sent_by: Author = NOBODY,
) -> tuple[Upload, ...]:
    """Accept photos for scoring: all of them or none. What is accepted will get a verdict.

    Args:
        sku: The product they claim to show.
        photos: At least one.
        parts: The ports.
        golden_version: The version to hold them against; the current one when None.
        request: Idempotency key; asked for again, it returns what was accepted then, and nothing is looked at.
        sent_by: Who sent them.

    Raises:
        InputError: No photo, or photos that cannot be decoded or came twice; each stands in the message by name.
        NotFound: No such SKU or version.
        NotApproved: The version is still a proposal.
        Conflict: The request key was used for something else.
    """
    if not photos:
        raise InputError("no photo was sent; send one or more")
    if request is not None and (earlier := parts.records.accepted(request)):
        return earlier
    golden = approved_golden(sku, golden_version, parts)
    ids = [uuid.uuid4().hex for _ in photos]
    arrivals = dict(zip(ids, photos, strict=True))
    decoded = decoded_photos(arrivals, golden, parts)
    accepted = parts.records.accept(stored_uploads(arrivals, golden, parts, sent_by), request)
    for upload in accepted:
        if upload.id in decoded:  # not so where a twin of this request was faster: the uploads are the twin's then
            parts.recent.put(upload.id, decoded[upload.id])
    return accepted


def stored_uploads(
    photos: Mapping[str, SentPhoto], golden: GoldenVersion, parts: Parts, sent_by: Author
) -> list[Upload]:
    """Store the bytes of photos, by upload id, and describe the uploads that are to be accepted with them."""
    now = parts.clock()
    return [
        Upload(
            id=upload_id,
            sku=golden.sku,
            golden_version=golden.version,
            photo_name=photo.name,
            photo_digest=parts.blobs.put(photo.content),
            received_at=now,
            sent_by=sent_by,
        )
        for upload_id, photo in photos.items()
    ]


def decoded_photos(photos: Mapping[str, SentPhoto], golden: GoldenVersion, parts: Parts) -> dict[str, WorkingCopy]:
    """Decode every photo, by upload id, and return the first few: no more than may wait in memory.

    Raises:
        InputError: Photos that cannot be decoded or came twice; each stands in the message by name.
    """
    arrivals, refusals = Arrivals(), Refusals()
    kept: dict[str, WorkingCopy] = {}
    room = parts.recent.kept_bytes
    for upload_id, photo in photos.items():
        with refusals.of(photo.name):
            arrivals.check(photo.name, photo.content)
            copy = read_photo(photo.content, parts.limits, frame_long_side=golden.policy.long_side)
            room -= copy.photo.nbytes
            if room >= 0:
                kept[upload_id] = copy
    refusals.raise_any()
    return kept


def approved_golden(sku: str, version: int | None, parts: Parts) -> GoldenVersion:
    """The golden version uploads may be held against; errors as `accept_photos`."""
    checked_sku(sku)
    if version is not None:
        golden = parts.records.golden(sku, version)
        if not golden.approved:
            raise _not_approved(golden)
    else:
        try:
            golden = parts.records.current_golden(sku)
        except NotApproved as err:
            raise _not_approved(parts.records.goldens(sku)[-1]) from err
    return golden


def _not_approved(golden: GoldenVersion) -> NotApproved:
    return NotApproved(
        f"version {golden.version} of {golden.sku} is not approved; a quality lead approves it with "
        f"`visiqc golden approve {golden.sku} {golden.version}`"
    )


def score_upload(upload_id: str, parts: Parts) -> Verdict:
    """Compare one accepted upload with its golden sample and keep the verdict. Asked again, it is the same one.

    Two workers may score one upload at once: the first verdict is kept, and both return it.

    Raises:
        NotFound: No such upload.
        Conflict: Its golden was enrolled with other models, and cannot be with those that are loaded.
        UnreadablePhoto: Its own stored bytes are not what was stored.
        IntegrityError: Golden features are not what was stored.
    """
    if (known := parts.records.verdict(upload_id)) is not None:
        return known
    upload = parts.records.upload(upload_id)
    golden = parts.records.golden(upload.sku, upload.golden_version)
    made = parts.records.add_verdict(verdict_of(upload, golden, parts))
    # Another worker may have been first, under other models: its verdict is the one of record then, and the answer.
    return parts.records.verdict(upload_id) or made


def verdict_of(upload: Upload, golden: GoldenVersion, parts: Parts) -> Verdict:
    """Compare one upload with a golden version; of the verdict only the score map is kept. Errors as `score_upload`."""
    watch = Stopwatch()
    with watch.stage("load golden"):
        ranking = ranking_for(golden, parts)
    if is_golden_photo(upload, golden, parts):
        found = Comparison(complaints=(golden_itself(),))
    else:
        found = _compared(upload, golden, parts, watch)
    with watch.stage("decide"):
        judgement = judge(found, ranking, golden.policy, RegionNaming.of(parts.models, parts.fleet), parts.fleet)
        digest = parts.blobs.put(encode_scores(found.scores)) if found.scores is not None else None
    return Verdict(
        id=upload.id,
        sku=golden.sku,
        golden_version=golden.version,
        golden_view=found.view.name if found.view else None,
        golden_frame=found.view.frame_size if found.view else None,
        photo_name=upload.photo_name,
        photo_digest=upload.photo_digest,
        outcome=judgement.outcome,
        reasons=judgement.reasons,
        quality=found.quality,
        identity=found.identity,
        alignment=found.alignment,
        regions=judgement.regions,
        colour=judgement.colour,
        calibration=ranking.report(found.score) if found.score is not None else None,
        score_map_digest=digest,
        model_digests=(*parts.models.digests, parts.fleet.digest),
        software=SOFTWARE,
        timings_ms={name: round(value, 3) for name, value in (watch.stages_ms | found.timings_ms).items()},
        made_at=parts.clock(),
    )


def _compared(upload: Upload, golden: GoldenVersion, parts: Parts, watch: Stopwatch) -> Comparison:
    with watch.stage("decode"):
        copy = parts.recent.take(upload.id) or read_photo(
            _own_bytes(upload, parts), parts.limits, frame_long_side=golden.policy.long_side
        )
    with watch.stage("load golden"):
        bank = golden_bank(golden, parts)
    return compare(copy.photo, copy.original_size, bank, parts.models, parts.fleet)


def _own_bytes(upload: Upload, parts: Parts) -> bytes:
    """The photo's bytes. Damage to them is the photo's own, unlike damage to a golden, which concerns every photo."""
    try:
        return parts.blobs.get(upload.photo_digest)
    except IntegrityError as err:
        raise UnreadablePhoto(str(err)) from err


def is_golden_photo(upload: Upload, golden: GoldenVersion, parts: Parts) -> bool:
    """Whether the file is a photo of any golden version the product had when the upload came."""
    before = [one for one in parts.records.goldens(upload.sku) if one.made_at <= upload.received_at]
    return any(photo.digest == upload.photo_digest for one in (golden, *before) for photo in one.photos)


def calibration_in_force(golden: GoldenVersion, parts: Parts) -> Calibration | None:
    """The golden version's own calibration; None where there is none, or it was scaled by another fleet sidecar."""
    return parts.records.calibration(golden.sku, golden.version, parts.fleet.digest)


def ranking_for(golden: GoldenVersion, parts: Parts) -> Ranking:
    """What scores of this golden version are held against now."""
    return Ranking(
        calibration_in_force(golden, parts),
        fleet=parts.fleet.scores,
        fleet_source=parts.fleet.digest,
        policy=golden.policy,
    )


def judge(
    found: Comparison,
    ranking: Ranking,
    policy: ScoringPolicy,
    naming: RegionNaming | None = None,
    fleet: Fleet | None = None,
) -> Judgement:
    """Decide about a comparison by the table of outcomes.

    Args:
        found: The comparison.
        ranking: What its score is held against.
        policy: How the golden version is to be judged.
        naming: How regions get their types; None = they get none.
        fleet: What colours are held against; None = they are not judged.
    """
    regions = found_regions(found, ranking, naming or RegionNaming())
    colour = found.colour
    if colour is not None and fleet is not None:
        level = SHARE_OF_LEVEL * policy.alpha_review
        colour = judged_colour(colour, fleet, alpha=level, single=found.view is not None and found.view.single)
    outcome, reasons = decide(
        quality=found.complaints,
        identity=found.identity,
        identity_doubtful=found.identity_doubtful,
        alignment_poor=found.alignment_poor,
        calibration=ranking.report(found.score) if found.score is not None else None,
        regions=regions,
        policy=policy,
        colour=colour_reasons(colour),
    )
    return Judgement(outcome, reasons, regions, colour)


def score_bytes(sku: str, photos: Sequence[tuple[str, bytes]], parts: Parts) -> tuple[Verdict, ...]:
    """Accept and score photos given as (name, bytes) against the current golden: the whole job in one call."""
    accepted = accept_photos(sku, [SentPhoto(name=name, content=content) for name, content in photos], parts)
    return tuple(score_upload(upload.id, parts) for upload in accepted)


def photo_digest(content: bytes) -> str:
    """SHA-256 of a photo's bytes, as uploads and goldens name it."""
    return hashlib.sha256(content).hexdigest()


def golden_itself() -> Reason:
    """What is said of a file that is a golden photo."""
    return Reason(
        code=ReasonCode.DUPLICATE_PHOTO,
        message="this file is one of the golden photos, not a photo of a new piece",
        advice="Photograph the piece that was made and send that photo.",
    )
