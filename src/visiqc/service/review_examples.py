"""The examples of reviews and the queue in the OpenAPI document; a test checks them against the schemas."""

from __future__ import annotations

from typing import Any, Final

from visiqc.service.examples import SCORE, VERDICT
from visiqc.service.lot_examples import SEEN_BEFORE

_HERE: Final = f"/v1/scores/{SCORE['id']}"
_PLACE: Final[dict[str, Any]] = {
    "order": "PO-7",
    "lot": "L1",
    "milestone": "pre-shipment",
    "unit": 7,
    "view": "front",
}
REVIEW_IN: Final[dict[str, Any]] = {
    "decision": "reject",
    "supersedes": "",
    "regions": [
        {"nth": 0, "polygon": [], "code": "ME-SCR", "dismissed": False},
        {
            "nth": None,
            "polygon": [[300.0, 200.0], [340.0, 200.0], [340.0, 260.0], [300.0, 260.0]],
            "code": "ST-CHP",
            "dismissed": False,
        },
    ],
    "codes": [],
    "note": "scratch on the shoulder",
}
REVIEW: Final[dict[str, Any]] = {
    "id": "7c9e6679f3d94b0fa2a41fb0c5e0a8b1",
    "decision": "reject",
    "regions": [
        {
            "polygon": [[88.0, 124.0], [152.0, 124.0], [152.0, 184.0], [88.0, 184.0]],
            "shown": [[100.0, 120.0], [164.0, 120.0], [164.0, 180.0], [100.0, 180.0]],
            "code": "ME-SCR",
            "origin": "model",
            "dismissed": False,
        }
    ],
    "codes": [],
    "note": "scratch on the shoulder",
    "author": "Ana (inspector)",
    "made_at": "2026-03-02T10:02:11Z",
    "supersedes": "",
    "stands": True,
}
REVIEWS: Final[dict[str, Any]] = {"newest": REVIEW["id"], "reviews": [REVIEW]}
QUEUE: Final[dict[str, Any]] = {
    "items": [
        {
            "id": SCORE["id"],
            "sku": "halo-1",
            "outcome": "REVIEW",
            "p_value": 0.031,
            "place": _PLACE,
            "decision": "",
            "decided_by": "",
            "rescored": False,
        }
    ],
    "after": "2_0.031_17",
    "counts": [{"outcome": "REVIEW", "open": 12, "done": 3}],
}
SHEET: Final[dict[str, Any]] = {
    "id": SCORE["id"],
    "sku": "halo-1",
    "golden_version": 2,
    "golden_view": "front",
    "photo_name": SCORE["photo_name"],
    "received_at": SCORE["received_at"],
    "sent_by": SCORE["sent_by"],
    "outcome": "REVIEW",
    "reasons": VERDICT["reasons"],
    "rescored": None,
    "place": _PLACE,
    "repeats": SEEN_BEFORE,
    "frame": {"width": 1024, "height": 768, "compared": True, "full": 2.5},
    "regions": [
        {
            "nth": 0,
            "box": [100, 120, 164, 180],
            "area_px": 2400,
            "p_value": 0.031,
            "type": "ME-SCR",
            "title": "scratch, nick, tool or file mark",
        }
    ],
    "quality": VERDICT["quality"],
    "identity": VERDICT["identity"],
    "calibration": VERDICT["calibration"],
    "threshold_from": "From 41 accepted pieces of this product (stage 1)",
    "pictures": {
        "golden": f"{_HERE}/sides/golden",
        "upload": f"{_HERE}/sides/upload",
        "golden_full": f"{_HERE}/sides/golden?detail=full",
        "upload_full": f"{_HERE}/sides/upload?detail=full",
        "heat": f"{_HERE}/heatmap?layer=heat",
    },
    "reviews": REVIEWS,
    "next": "01jd3x8f7q2d",
    "waiting": 11,
}
VIEWERS: Final[dict[str, Any]] = {"others": ["Ben (inspector)"], "newest": "", "newest_by": "", "newest_decision": ""}
