"""Colour: python benchmarks/colour.py SET [SET …]  (folders that `visiqc render` made, with their manifest)

Prints, at the limit that 5 % of good photos reach, how many plating shifts and wrong stone colours are found: with the
photos as they are, with the printed card where it can be read, and with a card that is always there (the renderer's own
balance, misread by 0.014), which is the most a card could give.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from visiqc.domain.colour import ColourPart, ColourReport
from visiqc.evaluation.image_metrics import auroc
from visiqc.evaluation.intervals import Proportion
from visiqc.rendering.light import blackbody
from visiqc.training.colour_frames import LaidPhoto, LaidProduct, laid_products
from visiqc.vision.colour_card import CardReading
from visiqc.vision.colour_measure import Cards, measure_colour

FALSE_ALARMS = 0.05
LONG_SIDE = 384
KINDS = ("variant: metal", "PL-COL", "PL-COL, severity 0.5 and up", "variant: stone_colour", "ST-COL")
CARD_ERROR = 0.014
Score = Callable[[ColourReport], float]


@dataclass(frozen=True, slots=True)
class Row:
    """One upload, measured in three ways."""

    kinds: tuple[str, ...]
    light: str
    stones: bool
    reports: dict[str, ColourReport]


def main() -> None:
    rows = [row for folder in sys.argv[1:] for row in measured(Path(folder))]
    good = sum("good" in row.kinds for row in rows)
    print(f"{len(rows)} uploads, {good} of them good")
    for way in ("as it is", "with the printed card", "with a card always"):
        table("metal, " + way, rows, way, metal_evidence, KINDS[:3])
        set_with_stones = [row for row in rows if row.stones]
        table("stones, " + way, set_with_stones, way, stone_score, KINDS[3:])
    by_light(rows)


def measured(folder: Path) -> Iterator[Row]:
    for product in laid_products(folder, long_side=LONG_SIDE):
        for photo in product.uploads:
            yield _row(product, photo)


def _row(product: LaidProduct, photo: LaidPhoto) -> Row:
    goldens = [golden.frame for golden in product.goldens]
    printed = Cards(tuple(golden.card for golden in product.goldens), photo.card)
    rng = np.random.default_rng(photo.planned["seed"])
    always = Cards(tuple(_true_card(golden, rng) for golden in product.goldens), _true_card(photo, rng))
    ways = {"as it is": None, "with the printed card": printed, "with a card always": always}
    reports = {
        name: measure_colour(goldens, photo.frame, product=product.product, cards=cards) for name, cards in ways.items()
    }
    look = product.goldens[0].planned["design"]["look"]
    return Row(_kinds(photo), photo.planned["light"]["name"], bool(look["gem"] or look["side_gem"]), reports)


def _true_card(photo: LaidPhoto, rng: np.random.Generator) -> CardReading:
    phone: dict[str, Any] = photo.planned["phone"]
    balance = np.array([1.0, 1 + phone["tint"], 1.0]) / blackbody(phone["balance_k"])
    grey = balance * blackbody(photo.planned["light"]["kelvin"])
    return CardReading(np.log(grey[[0, 2]] / grey[1]) + rng.normal(0, CARD_ERROR, 2), 0.0, 4)


def _kinds(photo: LaidPhoto) -> tuple[str, ...]:
    item = photo.item
    if item.role == "variant":
        return (f"variant: {item.attribute}",)
    if item.role == "defective":
        gross = photo.planned["severity"] >= 0.5
        return (str(item.code), f"{item.code}, severity 0.5 and up") if gross else (str(item.code),)
    return (item.role,)


def metal_evidence(report: ColourReport) -> float:
    metal = report.of(ColourPart.METAL)
    return -9.0 if metal is None else metal.evidence


def stone_score(report: ColourReport) -> float:
    return report.stone_score if report.stone_score is not None else -9.0


def table(title: str, rows: Sequence[Row], way: str, score: Score, kinds: Sequence[str]) -> None:
    good = np.array([score(row.reports[way]) for row in rows if "good" in row.kinds])
    limit = float(np.quantile(good, 1 - FALSE_ALARMS))
    print(f"\n{title}: limit {limit:.2f} at {FALSE_ALARMS:.0%} of {len(good)} good photos")
    for kind in kinds:
        found = np.array([score(row.reports[way]) for row in rows if kind in row.kinds])
        if len(found):
            share = Proportion(int((found > limit).sum()), len(found))
            area = auroc(np.r_[good, found], np.r_[np.zeros(len(good), bool), np.ones(len(found), bool)])
            low, high = share.interval
            print(f"  {kind:30} n {len(found):3}  AUROC {area:.3f}  recall {share.value:.2f} ({low:.2f}–{high:.2f})")


def by_light(rows: Sequence[Row]) -> None:
    way = "as it is"
    limit = np.quantile([metal_evidence(row.reports[way]) for row in rows if "good" in row.kinds], 1 - FALSE_ALARMS)
    print("\nmetal by light: false alarms of good photos, recall of other metals and platings")
    for light in sorted({row.light for row in rows}):
        here = [row for row in rows if row.light == light]
        good = [metal_evidence(row.reports[way]) > limit for row in here if "good" in row.kinds]
        bad = [metal_evidence(row.reports[way]) > limit for row in here if {"variant: metal", "PL-COL"} & {*row.kinds}]
        shown = f"{np.mean(bad):.2f}" if bad else "–"
        print(f"  {light:12} {np.mean(good):.2f} of {len(good):3}   {shown} of {len(bad):3}")


if __name__ == "__main__":
    main()
