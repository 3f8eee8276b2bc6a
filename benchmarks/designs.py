"""Is it this design?: python benchmarks/designs.py SET [GOLDENS] [SKU,SKU,...]  (a set that `visiqc render` made)

Holds every good upload against every design of the set, and variants against their own, the way serving does: with all
goldens of a view, with and without what alignment says. Frames are of 640 px: identity and alignment do not depend on
them. Prints error rates with intervals over designs, and what the limits that ship do.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from visiqc.bootstrap import load_fleet
from visiqc.errors import InputError
from visiqc.evaluation.clustered import Estimate
from visiqc.evaluation.rendered_sets import Item, read_manifest
from visiqc.evaluation.verification_report import Held, Negative, VerificationReport, verify
from visiqc.inspection.compare import Comparison, compare
from visiqc.inspection.enrol import build_bank
from visiqc.inspection.fleet import Fleet
from visiqc.inspection.parts import Models, SentPhoto
from visiqc.inspection.reading import read_photo
from visiqc.runtime.models import NONE, load_models
from visiqc.training.fleet_sameness import Held as HeldPhoto
from visiqc.training.fleet_sameness import own_by_vector, sameness_scores
from visiqc.vision.bank import GoldenBank
from visiqc.vision.photo import DecodeLimits
from visiqc.vision.types import Mask


@dataclass(frozen=True)
class Pair:
    """An upload, the design it was held against, and how sure it looks that it shows it."""

    upload: Item
    golden: Item
    similarity: float
    same: float


@dataclass(frozen=True)
class Bench:
    """What uploads are held against."""

    folder: Path
    banks: dict[str, tuple[Item, GoldenBank]]
    models: Models
    fleet: Fleet
    own: dict[str, Mask]


def main() -> None:
    folder, goldens = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3
    wanted = set(sys.argv[3].split(",")) if len(sys.argv) > 3 else set()
    models = load_models(defect=NONE)
    fleet = load_fleet(models)
    items = [item for item in read_manifest(folder).items if not wanted or item.sku in wanted]
    banks = enrolled(folder, items, goldens, models)
    own = own_by_vector({sku: bank for sku, (_, bank) in banks.items()}, fleet.cohort)
    bench = Bench(folder, banks, models, fleet, own)
    uploads = [item for item in items if item.role in {"good", "variant"} and item.sku in banks]
    pairs: list[Pair] = []
    for number, upload in enumerate(uploads):
        pairs += held(upload, bench)
        print(f"\r{number + 1}/{len(uploads)} photos, {len(pairs)} pairs", end="", file=sys.stderr, flush=True)
    print(f"\n{len(banks)} designs, {goldens} goldens")
    print(told("identity alone", report(pairs, [pair.similarity for pair in pairs])))
    print(told("identity over the golden's own limit, and alignment", report(pairs, [pair.same for pair in pairs])))
    print(at_limits(pairs, fleet))


def enrolled(folder: Path, items: Sequence[Item], goldens: int, models: Models) -> dict[str, tuple[Item, GoldenBank]]:
    """The designs that can be enrolled; the others are named."""
    banks: dict[str, tuple[Item, GoldenBank]] = {}
    for sku in dict.fromkeys(item.sku for item in items):
        own = [item for item in items if item.sku == sku and item.role == "golden"][:goldens]
        if not own:
            continue
        photos = [SentPhoto(name=item.file, content=(folder / item.file).read_bytes(), view="front") for item in own]
        try:
            banks[sku] = own[0], build_bank(photos, models, DecodeLimits(), long_side=640)[0]
        except InputError as err:
            print(f"{sku} is left out: {err}")
    return banks


def held(upload: Item, bench: Bench) -> list[Pair]:
    """One upload against every design, a variant against its own; nothing where the gate asks for another photo."""
    copy = read_photo((bench.folder / upload.file).read_bytes(), DecodeLimits(), frame_long_side=640)
    # Nobody is accepted, so that comparing ends where identity and alignment are known.
    strict = replace(bench.fleet, same_accepted=9.0, same_sure=9.0)
    found: list[Pair] = []
    for sku, (golden, bank) in bench.banks.items():
        if upload.role == "good" or sku == upload.sku:
            one: Comparison = compare(copy.photo, copy.original_size, bank, bench.models, strict)
            if one.identity is not None:
                same = sameness_scores([HeldPhoto(sku, one, upload.sku)], bench.fleet.cohort, bench.own)[0]
                found.append(Pair(upload, golden, one.identity.similarity, same))
    return found


def report(pairs: Sequence[Pair], scores: Sequence[float]) -> VerificationReport:
    """Error rates by kind of negative."""
    rows = [
        Held(
            similarity=score,
            golden=pair.golden.sku,
            upload=pair.upload.sku,
            negative=negative(pair),
            attribute=pair.upload.attribute or "",
        )
        for pair, score in zip(pairs, scores, strict=True)
    ]
    best: dict[str, tuple[float, str, str]] = {}
    for pair, score in zip(pairs, scores, strict=True):
        if pair.upload.role == "good" and score > best.get(pair.upload.file, (-9.0, "", ""))[0]:
            best[pair.upload.file] = score, pair.upload.sku, pair.golden.sku
    return verify(rows, nearest=[(asked, answered) for _, asked, answered in best.values()])


def negative(pair: Pair) -> Negative | None:
    """Why the upload is not the golden's product."""
    if pair.upload.sku == pair.golden.sku:
        return Negative.VARIANT if pair.upload.role == "variant" else None
    return Negative.DESIGN if pair.upload.family == pair.golden.family else Negative.FAMILY


def told(name: str, found: VerificationReport) -> str:
    """The report in lines."""
    lines = [f"{name}: nearest is its own {shown(found.recall_at_1)}"]
    kinds = {"other designs": found.cross_design} | {str(kind): one for kind, one in found.by_negative.items()}
    lines += [f"  {kind}: TAR at FAR 1 % {shown(one.tar)}, EER {shown(one.eer)}" for kind, one in kinds.items()]
    lines += [f"  variants found at 5 % false alarms, {kind}: {shown(one)}" for kind, one in found.variants.items()]
    return "\n".join(lines)


def shown(estimate: Estimate) -> str:
    """Value and interval."""
    return f"{estimate.value:.3f} [{estimate.interval.low:.2f}, {estimate.interval.high:.2f}] of {estimate.n}"


def at_limits(pairs: Sequence[Pair], fleet: Fleet) -> str:
    """What is accepted, and accepted without a doubt, at the limits that ship."""
    lines = ["at the limits that ship, accepted / without a doubt:"]
    for kind in (None, *Negative):
        same = np.array([pair.same for pair in pairs if negative(pair) == kind])
        if same.size:
            shares = (float((same >= limit).mean()) for limit in (fleet.same_accepted, fleet.same_sure))
            lines.append(f"  {kind or 'genuine'} ({same.size}): " + " / ".join(f"{share:.1%}" for share in shares))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
