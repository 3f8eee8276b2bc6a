"""The figures of one run over a rendered set, table by table; every figure with its interval over designs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from visiqc.domain.outcome import Outcome
from visiqc.evaluation.clustered import DRAWS, Estimate
from visiqc.evaluation.colour_figures import COLOUR, colour_figures
from visiqc.evaluation.defect_bins import AREA_BINS, CONTRAST_BINS, LARGE, Bin
from visiqc.evaluation.drawn_rows import Choice, Drawn, auroc_of, compared, draw_rows, ratio_of, recall_of, share_of
from visiqc.evaluation.rendered_maps import lay_photos, pixel_figures
from visiqc.evaluation.rendered_photos import DEFECTIVE, UNUSABLE, VARIANT, WRONG_SAMPLE
from visiqc.evaluation.rendered_protocol import RenderedRun
from visiqc.evaluation.rendered_rows import FUSED, MAPS, PhotoRow

RANKING = "Good from defective"
DECISIONS = "At the deployed threshold"
BY_AREA = "By the defect's share of the product's area"
BY_CONTRAST = "By contrast"
BY_CODE = "By defect code"
ABLATION = "Each map alone"
LIGHTS = "Good photos in other light than the goldens'"
VARIANTS = "Variants by attribute"
BY_LIGHT = "Good photos by light"
OTHERS = "What other uploads are answered"
TABLES = (RANKING, DECISIONS, BY_AREA, BY_CONTRAST, BY_CODE, ABLATION, LIGHTS, BY_LIGHT, VARIANTS, COLOUR, OTHERS)
ENOUGH = 30
"""Photos a defect code needs for its figures to say something by themselves."""
ALL_POSES = "all poses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One figure.

    Attributes:
        table: One of `TABLES`.
        row, column: Where it stands.
        estimate: The figure.
    """

    table: str
    row: str
    column: str
    estimate: Estimate


def measure_run(run: RenderedRun, *, draws: int = DRAWS, maps: bool = True) -> tuple[Cell, ...]:
    """All figures of a run that its photos allow.

    Args:
        run: From `run_rendered`.
        draws: Of the bootstrap over designs.
        maps: Whether maps are held against the masks too, which takes a minute for some hundred photos.
    """
    drawn = draw_rows(run.rows, draws=draws)
    cells = [*_ranking(drawn), *_decisions(drawn), *_bins(drawn, BY_AREA, AREA_BINS)]
    cells += [*_bins(drawn, BY_CONTRAST, CONTRAST_BINS), *_codes(drawn), *_ablation(drawn)]
    cells += [*_lights(drawn), *_variants(drawn), *_colour(drawn), *_others(drawn)]
    if maps:
        cells += _pixels(run, drawn)
    return tuple(cells)


def good(row: PhotoRow) -> bool:
    """Whether a photo shows a good piece."""
    return row.good


def seen_defect(row: PhotoRow) -> bool:
    """Whether a photo shows a visible defect."""
    return row.shows_defect


def large_defect(row: PhotoRow) -> bool:
    """Whether it shows one over half a percent of the product's area."""
    return row.shows_defect and (row.area_share or 0.0) > LARGE


def flagged(row: PhotoRow) -> bool:
    """Whether a photo was answered anything but PASS."""
    return row.flagged


def _answered(*outcomes: Outcome) -> Choice:
    return lambda row: row.outcome in outcomes


def _cells(table: str, row: str, figures: dict[str, Estimate | None]) -> Iterator[Cell]:
    for column, estimate in figures.items():
        if estimate is not None:
            yield Cell(table=table, row=row, column=column, estimate=estimate)


def _by_pose(drawn: Drawn) -> list[tuple[str, Drawn]]:
    levels = [(pose, _of_pose(drawn, pose)) for pose in drawn.poses]
    return [*levels, (ALL_POSES, drawn)] if len(levels) > 1 else levels


def _of_pose(drawn: Drawn, pose: str) -> Drawn:
    return drawn.pick(lambda row: row.pose == pose)


def _ranking(drawn: Drawn) -> Iterator[Cell]:
    for pose, part in _by_pose(drawn):
        fine, bad = part.pick(good), part.pick(seen_defect)
        figures = {
            "image AUROC": auroc_of(fine, bad),
            "image AUROC, compared": auroc_of(fine.pick(compared), bad.pick(compared)),
            "recall at 5 %": recall_of(part, seen_defect),
            "recall at 5 %, over 0.5 % of the area": recall_of(part, large_defect),
        }
        yield from _cells(RANKING, pose, figures)


def _decisions(drawn: Drawn) -> Iterator[Cell]:
    retaken, mistaken, rejected = (_answered(one) for one in (Outcome.RETAKE, Outcome.WRONG_SAMPLE, Outcome.REJECT))
    for pose, part in _by_pose(drawn):
        fine, bad = part.pick(good), part.pick(seen_defect)
        figures = {
            "TPR": share_of(bad, flagged),
            "FPR": share_of(fine, flagged),
            "TPR, compared": share_of(bad.pick(compared), flagged),
            "FPR, compared": share_of(fine.pick(compared), flagged),
            "TPR of REJECT": share_of(bad, rejected),
            "FPR of REJECT": share_of(fine, rejected),
            "good: RETAKE": share_of(fine, retaken),
            "good: WRONG_SAMPLE": share_of(fine, mistaken),
            "defective: RETAKE": share_of(bad, retaken),
            "defective: WRONG_SAMPLE": share_of(bad, mistaken),
        }
        yield from _cells(DECISIONS, pose, figures)


def _bins(drawn: Drawn, table: str, bins: Sequence[Bin]) -> Iterator[Cell]:
    for pose, part in _by_pose(drawn):
        for one in bins:

            def inside(row: PhotoRow, one: Bin = one) -> bool:
                return row.shows_defect and one.holds(row.area_share if table == BY_AREA else row.contrast)

            yield from _cells(table, f"{pose}: {one.title}", _found(part, inside))


def _codes(drawn: Drawn) -> Iterator[Cell]:
    for code in sorted({row.code for row in drawn.rows if row.shows_defect and row.code}):

        def of_code(row: PhotoRow, code: str = code) -> bool:
            return row.shows_defect and row.code == code

        bad = drawn.pick(of_code)
        title = code if len(bad.rows) >= ENOUGH else f"{code} (few)"
        ranked = auroc_of(drawn.pick(good, compared), bad.pick(compared))
        yield from _cells(BY_CODE, title, {**_found(drawn, of_code), "image AUROC, compared": ranked})


def _found(part: Drawn, wanted: Choice) -> dict[str, Estimate | None]:
    return {"recall at 5 %": recall_of(part, wanted), "flagged": share_of(part.pick(wanted), flagged)}


def _ablation(drawn: Drawn) -> Iterator[Cell]:
    for pose, part in _by_pose(drawn):
        for which in MAPS:
            figures = {
                "image AUROC, compared": auroc_of(part.pick(good, compared), part.pick(seen_defect, compared), which),
                "recall at 5 %": recall_of(part, seen_defect, which),
                "recall at 5 %, over 0.5 % of the area": recall_of(part, large_defect, which),
            }
            yield from _cells(ABLATION, f"{pose}: {which}", figures)


def _lights(drawn: Drawn) -> Iterator[Cell]:
    for pose, part in _by_pose(drawn):
        fine = part.pick(good)
        own, other = fine.pick(lambda row: row.own_light), fine.pick(lambda row: not row.own_light)
        figures = {
            "FPR, the goldens' light": share_of(own, flagged),
            "FPR, other light": share_of(other, flagged),
            "times as often": ratio_of(other, own, flagged),
            "times as often, compared": ratio_of(other.pick(compared), own.pick(compared), flagged),
        }
        yield from _cells(LIGHTS, pose, figures)
    for light in sorted({row.light for row in drawn.rows}):
        fine = drawn.pick(good, lambda row, light=light: row.light == light)  # type: ignore[misc]  # bound early
        figures = {"FPR": share_of(fine, flagged), "FPR, compared": share_of(fine.pick(compared), flagged)}
        yield from _cells(BY_LIGHT, light, figures)


def _variants(drawn: Drawn) -> Iterator[Cell]:
    for attribute in sorted({row.attribute for row in drawn.rows if row.role == VARIANT and row.attribute}):

        def differs(row: PhotoRow, attribute: str = attribute) -> bool:
            return row.role == VARIANT and row.attribute == attribute

        yield from _cells(VARIANTS, attribute, _found(drawn, differs))


def _colour(drawn: Drawn) -> Iterator[Cell]:
    for row, figures in colour_figures(drawn):
        yield from _cells(COLOUR, row, figures)


def _others(drawn: Drawn) -> Iterator[Cell]:
    for role in (UNUSABLE, WRONG_SAMPLE, VARIANT):
        part = drawn.pick(lambda row, role=role: row.role == role)  # type: ignore[misc]  # bound early
        figures = {outcome.value: share_of(part, _answered(outcome)) for outcome in Outcome}
        yield from _cells(OTHERS, role.replace("_", " "), figures)
    hidden = drawn.pick(lambda row: row.role == DEFECTIVE and not row.visible)
    figures = {outcome.value: share_of(hidden, _answered(outcome)) for outcome in Outcome}
    yield from _cells(OTHERS, "defect that cannot be seen", figures)


def _pixels(run: RenderedRun, drawn: Drawn) -> Iterator[Cell]:
    """By pose level only: all levels together would be three times the memory, and say less."""
    for pose in drawn.poses:
        rows = _of_pose(drawn, pose).rows
        for which in MAPS:
            if not any(row.score_of(which) is not None for row in rows):
                continue
            found = pixel_figures(lay_photos(run, rows, which))
            if found is None:
                continue
            figures: dict[str, Estimate | None] = {
                "AU-PRO(0.3)": found.au_pro,
                "AU-PRO(0.3), product only": found.au_pro_product,
                "pixel AUROC": found.auroc,
            }
            yield from _cells(ABLATION, f"{pose}: {which}", figures)
            if which == FUSED:
                yield from _cells(RANKING, pose, figures)
