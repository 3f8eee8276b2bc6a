"""Distinct photos with verdicts of record, made from the samples by a seed: what `benchmarks/rescore.py` works on."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import count, islice
from pathlib import Path
from typing import Any

GOLDENS = 3


class History:
    """A home with the samples' goldens, to which photos are added; the same seed gives the same photos."""

    def __init__(self, home: Path, seed: int, long_side: int) -> None:
        """Enrol and approve the goldens; there is no photo yet."""
        from visiqc.runtime.bundle import bundled_samples

        self.home, self.photos = home, 0
        products = sorted(bundled_samples().glob("*/uploads/"))
        self._coming = enumerate(distinct_photos(products, seed))
        parts = self._parts()
        with closing(parts.records):
            for product in products:
                _approved_golden(product.parent, long_side, parts)

    def grow(self, photos: int) -> None:
        """Add photos until there are so many, each with a verdict of record by models of long ago."""
        from visiqc.inspection.inspect import accept_photos
        from visiqc.inspection.parts import SentPhoto

        parts = self._parts()
        with closing(parts.records):
            for number, (sku, content) in islice(self._coming, photos - self.photos):
                (upload,) = accept_photos(sku, [SentPhoto(name=f"{number:05}.jpg", content=content)], parts)
                parts.records.add_verdict(_of_record(upload, parts.clock()))
                print(f"\rphotos made: {number + 1}", end="", file=sys.stderr)
        print(file=sys.stderr)
        self.photos = photos

    def _parts(self) -> Any:
        from visiqc.bootstrap import build_parts
        from visiqc.settings import Settings

        return build_parts(Settings(home=self.home))


def _approved_golden(product: Path, long_side: int, parts: Any) -> None:
    from visiqc.domain.golden import ScoringPolicy
    from visiqc.inspection.enrol import approve_golden, enrol_golden
    from visiqc.inspection.parts import SentPhoto

    files = sorted((product / "golden").glob("*.jpg"))[:GOLDENS]
    sent = [SentPhoto(name=file.name, content=file.read_bytes()) for file in files]
    golden = enrol_golden(product.name, sent, parts, policy=ScoringPolicy(long_side=long_side))
    approve_golden(golden.sku, golden.version, by="benchmark", parts=parts)


def distinct_photos(products: list[Path], seed: int) -> Iterator[tuple[str, bytes]]:
    """Endlessly, the samples cropped, brightened, with noise and compressed, no two alike."""
    import cv2
    import numpy as np

    chance, noise = random.Random(seed), np.random.default_rng(seed)
    for number in count():
        product = products[number % len(products)]
        file = chance.choice(sorted(product.glob("*.jpg")))
        pixels = cv2.imread(str(file))
        if pixels is None:
            raise SystemExit(f"{file.name} cannot be read as a photo")
        height, width = pixels.shape[:2]
        top, bottom = (round(chance.uniform(0, 0.03) * height) for _ in range(2))
        left, right = (round(chance.uniform(0, 0.03) * width) for _ in range(2))
        part = pixels[top : height - bottom, left : width - right].astype(np.float64)
        part = part * chance.uniform(0.92, 1.08) + noise.normal(0, chance.uniform(0.5, 3.0), part.shape)
        options = [cv2.IMWRITE_JPEG_QUALITY, chance.randint(85, 95)]
        yield product.parent.name, cv2.imencode(".jpg", np.clip(part, 0, 255).astype(np.uint8), options)[1].tobytes()


def _of_record(upload: Any, now: Any) -> Any:
    from visiqc.domain.outcome import Outcome
    from visiqc.domain.verdict import Verdict

    return Verdict(
        id=upload.id,
        sku=upload.sku,
        golden_version=upload.golden_version,
        golden_view=None,
        photo_name=upload.photo_name,
        photo_digest=upload.photo_digest,
        outcome=Outcome.PASS,
        model_digests=("models of long ago",),
        made_at=now,
    )
