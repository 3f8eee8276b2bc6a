"""Small data sets for the tests of training, drawn and written by code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bench import jpeg, png
from visiqc.evaluation.rendered_sets import FORMAT, MANIFEST, Item, Manifest
from visiqc.vision.types import Photo

SIDE = 48


def photo(seed: int, size: tuple[int, int] = (SIDE, SIDE)) -> Photo:
    """A smooth photo unlike that of any other seed."""
    coarse = np.random.default_rng(seed).integers(20, 236, (4, 4, 3))
    rows, columns = (np.linspace(0, 3.99, side).astype(int) for side in size)
    return coarse[rows][:, columns].astype(np.uint8)


def mvtec(root: Path, tests: Mapping[str, int], *, train: int = 4) -> Path:
    """An MVTec-style folder; every defective photo has a mask with a square in it."""
    (root / "train/good").mkdir(parents=True)
    for n in range(train):
        (root / f"train/good/{n:03}.png").write_bytes(png(photo(n)))
    for kind, count in tests.items():
        (root / "test" / kind).mkdir(parents=True)
        for n in range(count):
            (root / f"test/{kind}/{n:03}.png").write_bytes(png(photo(100 + n)))
            if kind != "good":
                (root / "ground_truth" / kind).mkdir(parents=True, exist_ok=True)
                (root / f"ground_truth/{kind}/{n:03}_mask.png").write_bytes(square((SIDE, SIDE)))
    return root


def square(size: tuple[int, int], value: int = 255) -> bytes:
    """A mask as PNG: `value` in the middle quarter."""
    mask = np.zeros(size, np.uint8)
    mask[size[0] // 4 : size[0] // 2, size[1] // 4 : size[1] // 2] = value
    return png(mask)


def rendered(root: Path, roles: Sequence[str], *, split: str = "train", skus: Sequence[str] = ("one",)) -> Path:
    """A finished set as `visiqc render` writes it: one golden and an upload of each role for every product."""
    items = []
    for sku in skus:
        for n, role in enumerate(("golden", *roles)):
            stem = f"{sku}/{role}-{n}"
            for path, content in (
                (f"{stem}.jpg", jpeg(photo(n))),
                (f"{stem}.png", square((SIDE, SIDE), 255 if role == "defective" else 64)),
                (f"{stem}.json", b"{}"),
            ):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(content)
            defective = role == "defective"
            items.append(
                Item(
                    sku=sku,
                    file=f"{stem}.jpg",
                    mask=f"{stem}.png",
                    record=f"{stem}.json",
                    role=role,
                    defect="scratch" if defective else None,
                    code="ME-SCR" if defective else None,
                    pose="guided",
                    attribute="metal" if role == "variant" else None,
                    family="signet",
                    visible=True if defective else None,
                )
            )
    manifest = Manifest(
        format=FORMAT, name=root.name, split=split, digest="d", recipe_digest="r", recipe={}, items=tuple(items)
    )
    (root / MANIFEST).write_text(json.dumps(asdict(manifest)))
    return root


class Export:
    """An export of inspectors' answers that is being written: one product, one golden, uploads one by one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "photos").mkdir(parents=True)
        self.values: dict[str, Any] = {
            "format": 1,
            "made_at": "2026-11-25T12:00:00Z",
            "software": "test",
            "licence": {"name": "own photos", "commercial": True},
            "goldens": [{"sku": "R-1", "version": 1, "view": "front", "photos": [self.photo(0)]}],
            "uploads": [],
        }

    def photo(self, seed: int) -> str:
        content = png(photo(seed))
        name = f"photos/{hashlib.sha256(content).hexdigest()}.png"
        (self.folder / name).write_bytes(content)
        return name

    def upload(self, outcome: str, *answers: dict[str, Any], lot: str = "L-1", **changes: Any) -> dict[str, Any]:
        number = len(self.values["uploads"]) + 1
        upload = {
            "id": f"u{number}",
            "sku": "R-1",
            "golden_version": 1,
            "lot": lot,
            "photo": self.photo(number),
            "outcome": outcome,
            "answers": [
                {"id": f"a{n}", "author": "p1", "given_at": "2026-11-24T09:00:00Z"} | answer
                for n, answer in enumerate(answers)
            ],
        }
        self.values["uploads"].append(upload | changes)
        return upload

    def written(self, **changes: Any) -> Path:
        (self.folder / "export.json").write_text(json.dumps(self.values | changes))
        return self.folder
