"""The examples of orders and lots in the OpenAPI document; a test checks them against the schemas."""

from __future__ import annotations

from typing import Any, Final

from visiqc.service.examples import PENDING, SCORE

ORDER_IN: Final[dict[str, Any]] = {"code": "PO-7", "milestones": ["first-article", "pre-shipment"]}
LOT_IN: Final[dict[str, Any]] = {"code": "L1", "sku": "halo-1", "units": 32, "required_views": ["front", "back"]}
LOT: Final[dict[str, Any]] = {"order": "PO-7", **LOT_IN, "made_at": "2026-03-02T08:00:00Z"}
ORDER: Final[dict[str, Any]] = {**ORDER_IN, "made_at": "2026-03-02T07:58:00Z", "lots": []}
ORDERS: Final[dict[str, Any]] = {"orders": [{**ORDER, "lots": [LOT]}]}
LOT_REPORT: Final[dict[str, Any]] = {
    "lot": LOT,
    "milestones": [
        {
            "name": "first-article",
            "photos": 0,
            "counts": {"PASS": 0, "REVIEW": 0, "REJECT": 0, "RETAKE": 0, "WRONG_SAMPLE": 0, "open": 0},
            "unseen": 32,
            "unseen_ranges": [[1, 32]],
            "units": [],
        },
        {
            "name": "pre-shipment",
            "photos": 1,
            "counts": {"PASS": 0, "REVIEW": 1, "REJECT": 0, "RETAKE": 0, "WRONG_SAMPLE": 0, "open": 0},
            "unseen": 31,
            "unseen_ranges": [[1, 6], [8, 32]],
            "units": [
                {
                    "unit": 7,
                    "outcome": "REVIEW",
                    "views": [
                        {
                            "view": "front",
                            "required": True,
                            "outcome": "REVIEW",
                            "upload_ids": [SCORE["id"]],
                            "outcomes": ["REVIEW"],
                        },
                        {"view": "back", "required": True, "outcome": None, "upload_ids": [], "outcomes": []},
                    ],
                    "missing": ["back"],
                    "pending": [],
                    "failed": [],
                    "misnamed": [],
                    "golden_versions": [1],
                    "mixed": False,
                }
            ],
        },
    ],
}
_COMPLAINT: Final[dict[str, Any]] = {
    "code": "GLARE",
    "message": "glare covers 14 % of the piece, limit 8 %",
    "advice": "Tilt the piece or move the lamp so that no bright spot lies on it.",
    "value": 0.14,
    "limit": 0.08,
}
UNIT_PHOTOS: Final[dict[str, Any]] = {
    "photos": [{"unit": 7, "view": "front", "known": False, "quality": [], "score": SCORE}]
}
UNIT_PHOTOS_WAIT: Final[dict[str, Any]] = {
    "photos": [{"unit": 7, "view": "front", "known": False, "quality": [_COMPLAINT], "score": PENDING}]
}
