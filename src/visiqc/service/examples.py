"""The examples the OpenAPI document shows: real answers, written down once and checked by a test."""

from __future__ import annotations

from typing import Any, Final

from visiqc import errors
from visiqc.service.errors import problem_body, status_of

_DIGEST: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_SCORE_ID: Final = "01jd3x8f7q2c"
_REQUEST_ID: Final = "5f0c6d0e7b0a4f0fb0a3a1c2d3e4f506"

VERDICT: Final[dict[str, Any]] = {
    "outcome": "REVIEW",
    "reasons": [
        {
            "code": "DIFFERS_FROM_GOLDEN",
            "message": "1 region differs from the golden sample: peak 1.62, limit 1.40",
            "advice": "Look at the marked region beside the golden sample.",
            "value": 1.62,
            "limit": 1.4,
        }
    ],
    "golden_view": "front",
    "golden_frame": [768, 1024],
    "quality": [{"name": "sharpness", "value": 212.5, "limit": 60.0, "passed": True}],
    "identity": {"similarity": 0.93, "threshold": 0.61, "accepted": True, "rescued": False},
    "alignment": {
        "method": "texture+ecc",
        "inliers": 118,
        "residual_px": 0.42,
        "similarity": 0.97,
        "similarity_before": 0.55,
        "warp": [1.0, 0.0, 12.0, 0.0, 1.0, -4.0, 0.0, 0.0, 1.0],
    },
    "regions": [
        {
            "box": [100, 120, 164, 180],
            "area_px": 2400,
            "peak": 1.62,
            "p_value": 0.031,
            "type": "ME-SCR",
            "type_probability": 0.81,
            "golden_peak": 1.12,
            "change_peak": 0.94,
            "likeliest_type": "ME-SCR",
            "likeliest_probability": 0.81,
        }
    ],
    "colour": {
        "basis": "ground",
        "shared_ground": 0.97,
        "parts": [
            {
                "part": "metal",
                "delta_e00": 1.1,
                "delta_a": 0.2,
                "delta_b": -0.9,
                "delta_chroma": -0.8,
                "uncertainty": 1.4,
                "evidence": -1.7,
                "share": 0.62,
                "limit": 0.4,
                "p_value": 0.41,
            }
        ],
        "spot": {"box": [210, 96, 242, 128], "delta": 3.1, "limit": 9.8, "p_value": 0.62},
    },
    "calibration": {
        "stage": 1,
        "n": 41,
        "source": "calibration-7",
        "score": 1.62,
        "p_value": 0.031,
        "alpha_review": 0.05,
        "alpha_reject": 0.01,
        "review_threshold": 1.4,
        "provisional": False,
    },
    "model_digests": [_DIGEST],
    "software": "visiqc 0.1.0",
    "timings_ms": {"decode": 41.2, "align": 96.0, "trunk": 198.0, "compare": 61.4},
    "made_at": "2026-03-02T09:30:16Z",
}
SCORE: Final[dict[str, Any]] = {
    "id": _SCORE_ID,
    "status": "done",
    "sku": "halo-1",
    "golden_version": 2,
    "photo_name": "戒指 7.jpg",
    "photo_digest": _DIGEST,
    "received_at": "2026-03-02T09:30:15Z",
    "sent_by": "Workshop 3 (key 5b0e1f7a9c34)",
    "verdict": VERDICT,
    "failure": None,
    "links": {
        "self": f"/v1/scores/{_SCORE_ID}",
        "photo": f"/v1/scores/{_SCORE_ID}/photo",
        "heatmap": f"/v1/scores/{_SCORE_ID}/heatmap",
    },
}
PENDING: Final[dict[str, Any]] = {
    **SCORE,
    "status": "pending",
    "verdict": None,
    "links": {**SCORE["links"], "heatmap": None},
}
FAILED: Final[dict[str, Any]] = {
    **PENDING,
    "status": "failed",
    "failure": "scoring failed inside VisiQC; its log says why",
}
SCORES: Final[dict[str, Any]] = {"outcome": "REVIEW", "scores": [SCORE]}
SCORES_PENDING: Final[dict[str, Any]] = {"outcome": None, "scores": [PENDING]}
GOLDEN: Final[dict[str, Any]] = {
    "sku": "halo-1",
    "version": 2,
    "approved": True,
    "approved_at": "2026-03-01T08:00:00Z",
    "approved_by": "Anna Berg (key 3fa1c07d22b9)",
    "made_at": "2026-02-28T15:12:44Z",
    "views": ["front"],
    "photos": [{"name": "front.jpg", "digest": _DIGEST, "view": "front", "width": 4032, "height": 3024}],
    "policy": {"alpha_review": 0.05, "alpha_reject": 0.01, "min_region_px": 64, "long_side": 1024},
    "model_digests": [_DIGEST],
}
PROPOSAL: Final[dict[str, Any]] = {**GOLDEN, "approved": False, "approved_at": None, "approved_by": None}
PRODUCT: Final[dict[str, Any]] = {"sku": "halo-1", "current": 2, "versions": [GOLDEN]}
PRODUCTS: Final[dict[str, Any]] = {"products": [PRODUCT]}
READY: Final[dict[str, Any]] = {
    "ready": True,
    "checks": {"database": "ok", "blobs": "ok", "models": "ok", "queue": "ok"},
}
NOT_READY: Final[dict[str, Any]] = {**READY, "ready": False, "checks": {**READY["checks"], "database": "failing"}}

PROBLEMS: Final[dict[type[errors.VisiQCError], str]] = {
    errors.InputError: "unknown form field 'golden-version'; known are photos, golden_version, sku",
    errors.UnreadablePhoto: "IMG_0007.jpg: the file is empty",
    errors.UnsupportedMedia: "IMG_0007.heic: HEIC cannot be read here; set the phone's camera to JPEG",
    errors.TooLarge: "IMG_0007.jpg: a photo may hold at most 41943040 bytes, got 62914560",
    errors.BadRecipe: "wanted 0 < alpha_reject <= alpha_review < 1, got 0.2 and 0.05",
    errors.NotAuthenticated: "log in, or send an API key in the header 'Authorization: Bearer vq_…'",
    errors.NotAllowed: "this needs the role lead; the key 3fa1c07d22b9 has the role factory",
    errors.NotFound: "no upload '01jd3x8f7q2c'",
    errors.Conflict: "the Idempotency-Key 'lot-7-12' was used before for other photos or another SKU; send a new key",
    errors.NotApproved: "no golden version of 'halo-1' is approved",
    errors.Busy: "the queue has no room for 4 more photos (64 may wait); try again in 7 s",
    errors.Unavailable: "the service is stopping; send the request again in a few seconds",
}


def problems(*kinds: type[errors.VisiQCError]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may raise these, for FastAPI: one entry a status, one example a class."""
    responses: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        status = status_of(kind)
        body = problem_body(status=status, code=kind.__name__, detail=PROBLEMS[kind], request_id=_REQUEST_ID)
        entry = responses.setdefault(
            status,
            {
                "description": body["title"],
                "content": {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}, "examples": {}}
                },
            },
        )
        entry["content"]["application/problem+json"]["examples"][kind.__name__] = {"value": body}
        if kind is errors.Busy or kind is errors.Unavailable:
            entry["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return responses


def answers(description: str, example: dict[str, Any], **more: dict[str, Any]) -> dict[str, Any]:
    """One successful response for FastAPI with an example, or with several named ones."""
    examples = {"example": {"value": example}} | {name: {"value": value} for name, value in more.items()}
    return {"description": description, "content": {"application/json": {"examples": examples}}}


def multipart(fields: dict[str, Any], *, required: list[str], example: dict[str, Any]) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads its form itself."""
    photos = {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1}
    schema = {"type": "object", "required": [*required, "photos"], "properties": {**fields, "photos": photos}}
    content = {
        "multipart/form-data": {
            "schema": schema,
            "example": example,
            "encoding": {"photos": {"contentType": "image/*"}},
        }
    }
    return {"requestBody": {"required": True, "content": content}}
