"""What one photo of a rendered set was answered, as a row that is kept the moment it is known."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from visiqc.domain.outcome import Outcome
from visiqc.domain.verdict import IDENTITY_WARP, Warp
from visiqc.errors import Unavailable
from visiqc.evaluation.rendered_photos import DEFECTIVE, GOOD
from visiqc.evaluation.results import NOT_COMPARED
from visiqc.vision.types import ScoreMap
from visiqc.vision.warp import Size

FUSED, GOLDEN_MAP, CHANGE_MAP = "fused", "golden map", "change map"
MAPS = (FUSED, GOLDEN_MAP, CHANGE_MAP)
"""The maps a photo may have, the one that is decided on first."""
ROW_FORMAT = 2
"""Raised when the rows of a run say something else than before, so that kept ones are not taken for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRegion:
    """A region of a verdict.

    Attributes:
        peak: Highest score inside.
        type: Its catalogue code or `unknown`; None where no type model is loaded.
        probability: Of that type, in [0, 1]; None where it is `unknown` because no type was likely enough.
        likeliest: The likeliest code of the catalogue, named or not; None without a type model.
        likeliest_probability: Of that code, in [0, 1].
        on_defect: Whether its box touches the box of the true defect, both in upload pixels.
    """

    peak: float
    type: str | None = None
    probability: float | None = None
    likeliest: str | None = None
    likeliest_probability: float | None = None
    on_defect: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoRow:
    """One photo, what it is known to show and what was answered.

    Attributes:
        name, sku, role, pose, family, defect, code, visible, attribute: As the manifest says.
        area_share, contrast, light, ground, card: As the record says.
        own_light: Whether one of the goldens was taken in this kind of light.
        outcome: The answer; None where scoring failed.
        reasons: Codes of its reasons.
        score: Fused score, the one that is decided on; None where the photo was not compared.
        golden_score: Highest value of the golden map alone.
        change_score: Highest value of the change map alone, log-odds; None where no defect model is loaded.
        p_value: In (0, 1], where one was given.
        review_threshold: Fused score from which a photo is flagged.
        identity_accepted, identity_similarity, identity_limit: What the identity stage said, where it was reached.
        alike: Similarity after alignment, in units of what good photos of the view reach.
        regions: Of the verdict, the highest peak first.
        colour: What the colour stage measured, where there is one.
        warp, frame_size, upload_size: Upload pixels to golden frame, and both sizes, height first.
        has_map: Whether its maps were kept.
        seconds: Photo bytes to verdict.
        timings_ms: By stage.
        failure: Why it could not be scored, else None.
    """

    name: str
    sku: str
    role: str
    pose: str
    family: str
    defect: str | None = None
    code: str | None = None
    visible: bool | None = None
    attribute: str | None = None
    area_share: float | None = None
    contrast: float | None = None
    light: str = ""
    own_light: bool = False
    ground: str = ""
    card: bool = False
    outcome: Outcome | None = None
    reasons: tuple[str, ...] = ()
    score: float | None = None
    golden_score: float | None = None
    change_score: float | None = None
    p_value: float | None = None
    review_threshold: float | None = None
    identity_accepted: bool | None = None
    identity_similarity: float | None = None
    identity_limit: float | None = None
    alike: float | None = None
    regions: tuple[FoundRegion, ...] = ()
    colour: Mapping[str, Any] | None = None
    warp: Warp = IDENTITY_WARP
    frame_size: Size = (1, 1)
    upload_size: Size = (1, 1)
    has_map: bool = False
    seconds: float = 0.0
    timings_ms: Mapping[str, float] | None = None
    failure: str | None = None

    @property
    def good(self) -> bool:
        """Whether it shows a good piece of the product, fit to be judged."""
        return self.role == GOOD

    @property
    def shows_defect(self) -> bool:
        """Whether it shows a defect that can be seen."""
        return self.role == DEFECTIVE and bool(self.visible)

    @property
    def flagged(self) -> bool:
        """Whether the piece was kept from passing, for whatever reason."""
        return self.outcome is not None and self.outcome is not Outcome.PASS

    @property
    def missed(self) -> bool:
        """Whether it was answered without a comparison: RETAKE or WRONG_SAMPLE."""
        return self.outcome in NOT_COMPARED

    def score_of(self, which: str) -> float | None:
        """The highest value of one of `MAPS`; None where there is none."""
        return {FUSED: self.score, GOLDEN_MAP: self.golden_score, CHANGE_MAP: self.change_score}[which]


CSV_LEFT_OUT = frozenset({"regions", "colour", "warp", "timings_ms"})
_ROW: TypeAdapter[PhotoRow] = TypeAdapter(PhotoRow)


class RowStore:
    """Rows and maps of one run in a folder: a file of rows and a folder of maps for each product."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def rows(self, sku: str) -> list[PhotoRow]:
        """The product's rows so far; a line that a kill left torn is no row."""
        try:
            lines = self._rows_of(sku).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as err:
            raise Unavailable(f"the rows of {sku} cannot be read; evaluate into another folder") from err
        return [row for line in lines if (row := _parsed(line)) is not None]

    def answered(self, sku: str) -> list[PhotoRow]:
        """The product's rows so far without those of photos that failed.

        A failure is no answer: what caused it, such as memory that ran out, may have passed.
        """
        return [row for row in self.rows(sku) if row.failure is None]

    def start(self, sku: str) -> list[PhotoRow]:
        """The answered rows, in a file that the next row can be appended to."""
        rows = self.answered(sku)
        path = self._rows_of(sku)
        draft = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text("".join(_line(row) for row in rows), encoding="utf-8")
            draft.replace(path)
        except OSError as err:
            raise Unavailable(f"the rows of {sku} cannot be written: {err.strerror or err}") from err
        return rows

    def add(self, row: PhotoRow, maps: Mapping[str, ScoreMap]) -> None:
        """Keep a row and its maps, the row last.

        Raises:
            Unavailable: The disk is full or may not be written.
        """
        try:
            if maps:
                path = self._maps_of(row)
                path.parent.mkdir(parents=True, exist_ok=True)
                packed = {name.replace(" ", "_"): one.astype(np.float32) for name, one in maps.items()}
                np.savez_compressed(path, **packed)  # type: ignore[arg-type]  # its keywords are arrays
            with self._rows_of(row.sku).open("a", encoding="utf-8") as file:
                file.write(_line(row))
        except OSError as err:
            raise Unavailable(f"the row of {row.name} cannot be written: {err.strerror or err}") from err

    def score_map(self, row: PhotoRow, which: str) -> ScoreMap | None:
        """One of the photo's `MAPS`, (h, w) float32 with NaN where not judged; None where there is none."""
        if not row.has_map:
            return None
        try:
            with np.load(self._maps_of(row), allow_pickle=False) as packed:
                name = which.replace(" ", "_")
                return np.asarray(packed[name], np.float32) if name in packed else None
        except (OSError, ValueError) as err:
            raise Unavailable(f"the maps of {row.name} cannot be read; evaluate into another folder") from err

    def _rows_of(self, sku: str) -> Path:
        return self._folder / "rows" / f"{sku}.jsonl"

    def _maps_of(self, row: PhotoRow) -> Path:
        return self._folder / "maps" / row.sku / f"{Path(row.name).stem}.npz"


def as_csv(rows: Iterable[PhotoRow]) -> str:
    """One line a photo with every plain field; an empty field where there is no value."""
    text = io.StringIO(newline="")
    names = [field.name for field in fields(PhotoRow) if field.name not in CSV_LEFT_OUT]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_plain(getattr(row, name)) for name in names] for row in rows)
    return text.getvalue()


def rank_scores(rows: Sequence[PhotoRow], which: str = FUSED) -> list[float]:
    """Scores to rank answered photos by, in their order.

    A photo that was answered without a comparison (RETAKE, WRONG_SAMPLE) was flagged as surely as can be: it ranks
    above all that were compared. A good one therefore costs as much as a false alarm can.
    """
    ranks = (None if row.missed else row.score_of(which) for row in rows)
    return [float("inf") if rank is None else rank for rank in ranks]


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return " ".join(map(str, value)) if isinstance(value, tuple) else value


def _line(row: PhotoRow) -> str:
    return json.dumps(_ROW.dump_python(row, mode="json"), ensure_ascii=False, allow_nan=False) + "\n"


def _parsed(line: str) -> PhotoRow | None:
    try:
        return _ROW.validate_json(line)
    except ValidationError:
        return None
