"""Heatmaps as files, named after the photos they belong to."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from visiqc.cli.files import write_whole

if TYPE_CHECKING:
    from visiqc.domain.verdict import Verdict
    from visiqc.inspection.parts import Parts

_LONGEST = 180
"""Bytes of a stem; file systems allow 255 for the whole name."""


class HeatmapFolder:
    """Writes heatmaps into one folder; two photos of one name get two files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken: set[str] = set()

    def write(self, verdict: Verdict, parts: Parts) -> Path | None:
        """Write the heatmap of a verdict and say where; None when the photo was not compared.

        Raises:
            Unavailable: It cannot be written.
        """
        from visiqc.inspection.pictures import heatmap_image

        if verdict.score_map_digest is None:
            return None
        target = self._folder / f"{self._free(verdict.photo_name)}.heatmap.jpg"
        write_whole(target, heatmap_image(verdict, parts))
        return target

    def _free(self, photo_name: str) -> str:
        stem = safe_stem(photo_name)
        name, nth = stem, 1
        while name.casefold() in self._taken:  # some file systems do not tell a.jpg from A.jpg
            nth += 1
            name = f"{stem}-{nth}"
        self._taken.add(name.casefold())
        return name


def safe_stem(photo_name: str) -> str:
    r"""A photo's name without its ending, as part of a file name: no separator, no leading dot, not too long.

    Example:
        >>> safe_stem("../../ring left.jpg"), safe_stem("..."), safe_stem("戒指.png"), safe_stem("a:b|c.jpg")
        ('ring left', 'photo', '戒指', 'a_b_c')
    """
    last = photo_name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c if c.isalnum() or c in " ._-+()" else "_" for c in PurePath(last).stem).strip(" .")
    return kept.encode()[:_LONGEST].decode(errors="ignore").strip(" .") or "photo"
