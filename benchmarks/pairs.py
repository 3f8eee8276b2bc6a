"""The pair protocols: python benchmarks/pairs.py DATA  (the folder that holds deeppcb, dreambooth, jewelry_…)

Prints box recall on aligned pairs, verification of items, and how well one changed attribute of a ring is seen.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from visiqc.bootstrap import load_fleet
from visiqc.domain.golden import ScoringPolicy
from visiqc.evaluation.golden_scorer import golden_scorers
from visiqc.evaluation.image_metrics import auroc
from visiqc.evaluation.pair_datasets import (
    ItemPhoto,
    near_variants,
    read_items,
    read_pairs,
    read_ring_variants,
)
from visiqc.evaluation.pair_protocol import run_pairs
from visiqc.evaluation.verification import all_pairs, equal_error_rate, recall_at_1, tar_at_far
from visiqc.inspection.compare import compare
from visiqc.inspection.enrol import build_bank
from visiqc.inspection.fleet import Fleet
from visiqc.inspection.parts import Models, SentPhoto
from visiqc.inspection.reading import read_photo
from visiqc.runtime.models import load_models
from visiqc.vision import jitter, rotation
from visiqc.vision.photo import DecodeLimits
from visiqc.vision.seen import see

VARIANT_PAIRS = 40
"""Pairs of rings that are tried for each attribute at most."""


def main() -> None:
    data = Path(sys.argv[1])
    models = load_models()
    fleet = load_fleet(models)
    for name in ("dreambooth", "jewelry_ringfir"):
        print(f"{name}: {verification(read_items(data / name), models)}", flush=True)
    print(variants(data / "jewelry_ring_variants", models, fleet), flush=True)
    result = run_pairs(read_pairs(data / "deeppcb"), golden_scorers(models, fleet, ScoringPolicy()))
    kinds = {kind: str(value) for kind, value in result.recall_by_kind.items()}
    print(f"deeppcb: {result.boxes}; {len(result.failures)} pairs failed, {result.not_compared} not compared")
    print(f"  image AUROC {result.image_auroc:.3f} {result.image_auroc_interval}; box recall by kind {kinds}")


def verification(photos: Sequence[ItemPhoto], models: Models) -> str:
    """Identity vectors of the product, unturned, every photo against every other."""
    rows = []
    for photo in photos:
        seen = see(read_photo(photo.path.read_bytes(), DecodeLimits(), frame_long_side=512).photo, models.find_product)
        patch = rotation.turned_patches(seen.picture, seen.picture_mask, steps=1)
        rows.append(models.identity.vectors(models.trunk.features(patch).stride16)[0])
    vectors = np.stack(rows)
    similarity = vectors @ vectors.T
    labels = [photo.item for photo in photos]
    pairs = all_pairs(similarity, labels)
    rate = tar_at_far(pairs, 0.01)
    return (
        f"{len(photos)} photos, TAR {rate.tar:.3f} at FAR 1 %, EER {equal_error_rate(pairs):.3f}, "
        f"recall@1 {recall_at_1(similarity, labels):.3f}"
    )


def variants(folder: Path, models: Models, fleet: Fleet) -> str:
    """One ring enrolled; itself under simulated light and pose against a ring that differs in one attribute."""
    rng = np.random.default_rng(0)
    pairs = near_variants(read_ring_variants(folder))
    lines = ["ring variants, AUROC of one changed attribute against the same ring re-photographed (simulated):"]
    for attribute in sorted({name for _, _, name in pairs}):
        chosen = [pair for pair in pairs if pair[2] == attribute]
        chosen = [chosen[i] for i in rng.permutation(len(chosen))[:VARIANT_PAIRS]]
        scores, changed = [], []
        for n, (golden, other, _) in enumerate(chosen):
            content = golden.path.read_bytes()
            bank, _ = build_bank([SentPhoto(name="golden", content=content)], models, DecodeLimits(), long_side=512)
            same = jitter.jittered(read_photo(content, DecodeLimits(), frame_long_side=512).photo, seed=10_000 + n)
            different = read_photo(other.path.read_bytes(), DecodeLimits(), frame_long_side=512).photo
            for photo, label in ((same, False), (different, True)):
                found = compare(photo, (photo.shape[0], photo.shape[1]), bank, models, fleet)
                scores.append(found.score if found.score is not None else 9.0)
                changed.append(label)
        lines.append(f"  {attribute}: {auroc(scores, changed):.3f} ({len(chosen)} pairs)")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
