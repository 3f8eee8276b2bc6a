"""Fit what was computed with other models, or by an earlier release, to what is in use.

That is golden features, and calibrations by accepted pieces.

Golden photos and the photos of accepted pieces are kept for good, so both can be computed again at any time.
"""

from __future__ import annotations

import threading
from typing import cast

from visiqc.domain.golden import GoldenVersion
from visiqc.errors import Conflict, InputError
from visiqc.inspection.enrol import build_bank
from visiqc.inspection.model_ports import RefitRecords
from visiqc.inspection.parts import Parts, SentPhoto
from visiqc.vision.bank import FORMAT, GoldenBank, to_bytes

_building = threading.Lock()


def golden_bank(golden: GoldenVersion, parts: Parts) -> GoldenBank:
    """A golden version's features under the models in use; computed from its photos where they are not there yet.

    Raises:
        Conflict: Its photos cannot be enrolled with these models.
        IntegrityError: What was stored is not what it was.
    """
    return parts.banks.get(features_of(golden, parts))


def features_of(golden: GoldenVersion, parts: Parts) -> str:
    """Digest of the blob that `golden_bank` reads; errors as there."""
    if golden.model_digests == parts.models.digests and parts.banks.readable(golden.bank_digest):
        return golden.bank_digest
    if known := _known(golden, parts):
        return known
    with _building:  # two workers that meet the same golden build it once
        return _known(golden, parts) or _built(golden, parts)


def _known(golden: GoldenVersion, parts: Parts) -> str | None:
    return refit_records(parts).features(golden.sku, golden.version, _made_with(parts))


def _built(golden: GoldenVersion, parts: Parts) -> str:
    photos = [
        SentPhoto(name=photo.name, content=parts.blobs.get(photo.digest), view=photo.view) for photo in golden.photos
    ]
    try:
        bank, _ = build_bank(photos, parts.models, parts.limits, long_side=golden.policy.long_side)
    except InputError as err:
        raise Conflict(
            f"version {golden.version} of {golden.sku} was enrolled with other models, and cannot be with those "
            f"loaded now; enrol its next version with other photos: {err}"
        ) from err
    stored = parts.blobs.put(to_bytes(bank))
    return refit_records(parts).add_features(golden.sku, golden.version, _made_with(parts), stored)


def _made_with(parts: Parts) -> tuple[str, ...]:
    """What decides features: the models, and the format they are kept in."""
    return (*parts.models.digests, f"format {FORMAT}")


def refit_records(parts: Parts) -> RefitRecords:
    """The part of the records that refitting needs."""
    return cast("RefitRecords", parts.records)
