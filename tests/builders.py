"""Records with sensible defaults: a test names only what it is about.

    verdict = a_verdict(outcome=Outcome.RETAKE)

Defaults belong together: `an_upload()` claims the product and version of `a_golden()`, `a_verdict()` answers it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from visiqc.domain.access import ApiKey, Role
from visiqc.domain.calibration import Calibration
from visiqc.domain.golden import GoldenPhoto, GoldenVersion
from visiqc.domain.lot import Lot, Order, UnitPhoto
from visiqc.domain.model_set import Members, ModelRef, ModelSet, Move
from visiqc.domain.outcome import Outcome
from visiqc.domain.people import Session, User
from visiqc.domain.reasons import Measurement, Reason, ReasonCode
from visiqc.domain.rescore import RescoreRequest, RescoreRun, Selection
from visiqc.domain.review import Decision, Review
from visiqc.domain.upload import RequestKey, Upload
from visiqc.domain.verdict import AlignmentReport, CalibrationReport, IdentityReport, Region, Verdict

MOMENT = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)
"""The time at which every built record was made."""
SKU = "halo-1"


@dataclass
class FixedClock:
    """A clock that stands still until it is told to move: `clock()` tells the time, `clock.pass_(seconds)` moves it."""

    now: datetime = MOMENT

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


def later(seconds: float) -> datetime:
    """`seconds` after MOMENT."""
    return MOMENT + timedelta(seconds=seconds)


def digest_of(text: str) -> str:
    """A digest for a record whose blob does not matter: the SHA-256 of `text`."""
    return hashlib.sha256(text.encode()).hexdigest()


def a_golden_photo(**changes: Any) -> GoldenPhoto:
    name = changes.get("name", "front.jpg")
    defaults = {"name": name, "digest": digest_of(name), "view": "front", "width": 1024, "height": 768}
    return GoldenPhoto(**defaults | changes)


def a_golden(**changes: Any) -> GoldenVersion:
    """A draft of a golden version: no number, not approved."""
    defaults = {
        "sku": SKU,
        "version": 0,
        "photos": (a_golden_photo(), a_golden_photo(name="side.jpg", view="side")),
        "bank_digest": digest_of("bank"),
        "model_digests": (digest_of("trunk"), digest_of("identity")),
        "made_at": MOMENT,
    }
    return GoldenVersion(**defaults | changes)


def a_calibration(**changes: Any) -> Calibration:
    defaults = {
        "id": "calibration-1",
        "sku": SKU,
        "golden_version": 1,
        "scores": (0.41, 0.52, 0.66),
        "photo_digests": tuple(digest_of(f"specimen {n}") for n in range(3)),
        "made_at": MOMENT,
    }
    return Calibration(**defaults | changes)


def a_model_ref(name: str = "trunk", version: str = "lite0-1") -> ModelRef:
    return ModelRef(version=version, digest=digest_of(f"{name} {version}"))


def members(version: str = "halo-1", **changes: Any) -> Members:
    """A set whose identity and defect model are of that version."""
    heads = {name: a_model_ref(name, version) for name in ("identity", "defect", "fleet")}
    return Members(**{"trunk": a_model_ref(), **heads} | changes)


def a_model_set(**changes: Any) -> ModelSet:
    """The first promotion there is."""
    defaults = {
        "id": "set-1",
        "move": Move.PROMOTED,
        "members": members(),
        "made_at": MOMENT,
        "made_by": "anna",
        "comparison": {"worse": False, "auroc": [0.97, 0.98]},
    }
    return ModelSet(**defaults | changes)


def an_upload(**changes: Any) -> Upload:
    defaults = {
        "id": "upload-1",
        "sku": SKU,
        "golden_version": 1,
        "photo_name": "IMG_0001.jpg",
        "photo_digest": digest_of("photo"),
        "received_at": MOMENT,
    }
    return Upload(**defaults | changes)


def an_order(**changes: Any) -> Order:
    return Order(**{"code": "PO-7", "made_at": MOMENT} | changes)


def a_lot(**changes: Any) -> Lot:
    return Lot(**{"order": "PO-7", "code": "L1", "sku": SKU, "made_at": MOMENT} | changes)


def a_unit_photo(**changes: Any) -> UnitPhoto:
    defaults = {
        "upload_id": "upload-1",
        "order": "PO-7",
        "lot": "L1",
        "milestone": "pre-shipment",
        "unit": 1,
        "view": "front",
    }
    return UnitPhoto(**defaults | changes)


def a_rescore_request(**changes: Any) -> RescoreRequest:
    """Every photo, under models that are not those of `a_verdict`."""
    return RescoreRequest(**{"selection": Selection(), "members": members()} | changes)


def a_rescore(**changes: Any) -> RescoreRun:
    defaults = {
        "id": "run-1",
        "request": a_rescore_request(),
        "software": "visiqc 0.1.0",
        "photos": 0,
        "started_at": MOMENT,
    }
    return RescoreRun(**defaults | changes)


def a_request(**changes: Any) -> RequestKey:
    return RequestKey(**{"key": "request-1", "fingerprint": digest_of("request")} | changes)


def a_reason(**changes: Any) -> Reason:
    defaults = {
        "code": ReasonCode.DIFFERS_FROM_GOLDEN,
        "message": "1 region differs from the golden sample (peak 3.20, limit 1.40)",
        "advice": "Look at the marked region.",
        "value": 3.2,
        "limit": 1.4,
    }
    return Reason(**defaults | changes)


def a_region(**changes: Any) -> Region:
    return Region(**{"box": (100, 120, 164, 180), "area_px": 2400, "peak": 3.2, "p_value": 0.004} | changes)


def a_calibration_report(**changes: Any) -> CalibrationReport:
    """Held against the fleet of `members()`."""
    defaults = {
        "stage": 0,
        "n": 400,
        "source": members().fleet.digest,
        "score": 3.2,
        "p_value": 0.004,
        "alpha_review": 0.05,
        "alpha_reject": 0.01,
        "review_threshold": 1.4,
        "provisional": True,
    }
    return CalibrationReport(**defaults | changes)


def a_verdict(**changes: Any) -> Verdict:
    """A REJECT with every report filled; with `outcome=Outcome.PASS`, one without reasons and regions."""
    outcome = changes.get("outcome", Outcome.REJECT)
    clean = outcome is Outcome.PASS
    defaults = {
        "id": "upload-1",
        "sku": SKU,
        "golden_version": 1,
        "golden_view": "front",
        "golden_frame": (768, 1024),
        "photo_name": "IMG_0001.jpg",
        "photo_digest": digest_of("photo"),
        "outcome": outcome,
        "reasons": () if clean else (a_reason(),),
        "quality": (Measurement(name="sharpness", value=212.5, limit=60.0, passed=True),),
        "identity": IdentityReport(similarity=0.93, threshold=0.61, accepted=True),
        "alignment": AlignmentReport(
            method="texture+ecc", inliers=118, residual_px=0.42, similarity=0.97, similarity_before=0.55
        ),
        "regions": () if clean else (a_region(),),
        "calibration": a_calibration_report(),
        "score_map_digest": digest_of("score map"),
        "model_digests": (digest_of("trunk"), digest_of("identity")),
        "software": "visiqc 0.1.0",
        "timings_ms": {"decode": 41.2, "trunk": 198.0},
        "made_at": MOMENT,
    }
    return Verdict(**defaults | changes)


def a_key(**changes: Any) -> ApiKey:
    defaults = {
        "id": "key-1",
        "name": "gate camera",
        "role": Role.INSPECTOR,
        "secret_hash": digest_of("secret"),
        "made_at": MOMENT,
    }
    return ApiKey(**defaults | changes)


def a_user(**changes: Any) -> User:
    defaults = {
        "id": "user-1",
        "name": "Ana",
        "role": Role.INSPECTOR,
        "password_hash": "$argon2id$no hash of any password",
        "made_at": MOMENT,
    }
    return User(**defaults | changes)


def a_session(**changes: Any) -> Session:
    """A session of `a_user()`."""
    defaults = {
        "token_hash": digest_of("token"),
        "user_id": "user-1",
        "csrf_token": "c" * 43,
        "made_at": MOMENT,
        "seen_at": MOMENT,
        "expires_at": later(86_400),
    }
    return Session(**defaults | changes)


def a_review(**changes: Any) -> Review:
    """The first review of `an_upload()`, by Ana, about `a_verdict()`."""
    defaults = {
        "id": "review-1",
        "upload_id": "upload-1",
        "decision": Decision.REJECT,
        "author": "user-1",
        "author_name": "Ana (inspector)",
        "made_at": MOMENT,
        "golden_version": 1,
        "models": a_verdict().models,
    }
    return Review(**defaults | changes)
