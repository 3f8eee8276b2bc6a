"""The examples of orders and lots in the OpenAPI document; a test checks them against the schemas."""

from __future__ import annotations

from typing import Any, Final

from visiqc.service.examples import PENDING, SCORE

ORDER_IN: Final[dict[str, Any]] = {"code": "PO-7", "milestones": ["first-article", "pre-shipment"]}
LOT_IN: Final[dict[str, Any]] = {"code": "L1", "sku": "halo-1", "units": 32, "required_views": ["front", "back"]}
LOT: Final[dict[str, Any]] = {
    "order": "PO-7",
    **LOT_IN,
    "made_at": "2026-03-02T08:00:00Z",
    "made_by": "Ana (inspector)",
}
ORDER: Final[dict[str, Any]] = {
    **ORDER_IN,
    "made_at": "2026-03-02T07:58:00Z",
    "made_by": "Ana (inspector)",
    "lots": [],
    "lots_after": None,
}
ORDERS: Final[dict[str, Any]] = {"orders": [{**ORDER, "lots": [LOT]}], "after": "PO-7"}
LOTS: Final[dict[str, Any]] = {"lots": [LOT], "after": None}
SEEN_BEFORE: Final[dict[str, Any]] = {
    "upload_id": "01hx2c5m9k8e",
    "order": "PO-3",
    "lot": "L4",
    "milestone": "pre-shipment",
    "unit": 3,
    "view": "front",
    "message": "the same file as unit 3, front, milestone pre-shipment, lot L4 of order PO-3",
}
LOT_REPORT: Final[dict[str, Any]] = {
    "lot": LOT,
    "golden_version": None,
    "golden_versions": [{"version": 1, "photos": 1}],
    "pending": 2,
    "put_off": 1,
    "failed": 0,
    "findings": [
        {
            "code": "FILES_REPEATED",
            "message": "1 photo is a file that came before, at another milestone or in another lot, and nothing was "
            "photographed anew",
            "advice": "No two photos are the same file: ask whoever sent them, and have these units photographed. "
            "Where each file came first: visiqc lot show PO-7 L1",
        },
        {
            "code": "PHOTOS_PUT_OFF",
            "message": "2 photos wait for a score; 1 of them was put off, last at 2026-03-02 09:30 UTC because: the "
            "photo store cannot be read: the folder is gone; mount or restore it",
            "advice": "Put right what is named there. While a service or a worker runs, these photos are tried again "
            "by themselves, after ten minutes at most; nothing has to be sent again.",
        },
    ],
    "milestones": [
        {
            "name": "first-article",
            "photos": 0,
            "counts": {"PASS": 0, "REVIEW": 0, "REJECT": 0, "RETAKE": 0, "WRONG_SAMPLE": 0, "open": 0},
            "mixed": 0,
            "unseen": 32,
            "unseen_ranges": [[1, 32]],
            "repeated": 0,
            "repeated_files": [],
            "units": [],
            "after_unit": None,
        },
        {
            "name": "pre-shipment",
            "photos": 1,
            "counts": {"PASS": 0, "REVIEW": 1, "REJECT": 0, "RETAKE": 0, "WRONG_SAMPLE": 0, "open": 0},
            "mixed": 0,
            "unseen": 31,
            "unseen_ranges": [[1, 6], [8, 32]],
            "repeated": 1,
            "repeated_files": [{"upload_id": SCORE["id"], "unit": 7, "view": "front", "first": SEEN_BEFORE}],
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
            "after_unit": None,
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
    "photos": [{"unit": 7, "view": "front", "known": False, "repeats": None, "quality": [], "score": SCORE}]
}
UNIT_PHOTOS_WAIT: Final[dict[str, Any]] = {
    "photos": [
        {
            "unit": 7,
            "view": "front",
            "known": False,
            "repeats": SEEN_BEFORE,
            "quality": [_COMPLAINT],
            "score": PENDING,
        }
    ]
}
