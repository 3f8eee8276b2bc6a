"""An export of an iPhone factory: HEIC photos, read where their decoder is installed and refused with a way out."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from corpus import encoded, picture
from pair_sets import Export
from visiqc.errors import UnsupportedMedia
from visiqc.evaluation.datasets import upright_size
from visiqc.training.datasets.labels import LabelImage, labels_of
from visiqc.training.datasets.pairs import DEFECT, Pair
from visiqc.training.datasets.verdicts import read_verdicts
from visiqc.vision import heic
from visiqc.vision.photo import decode_rgb
from visiqc.vision.types import Photo

needs_heic = pytest.mark.skipif(not heic.available(), reason="pillow-heif is not installed: pip install 'visiqc[heic]'")
NO_PICTURE = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)
"""The first box of a HEIC file, and nothing behind it."""


BOX = (4, 5, 20, 16)


def heic_of(seed: int, *, turned: bool = False) -> bytes:
    """A HEIC file of 48×64 pixels, or one that a phone wrote lying and turns with a note in the file."""
    pillow_heif = pytest.importorskip("pillow_heif")
    stored = Image.open(io.BytesIO(encoded(picture(seed=seed), "PNG", orientation=6 if turned else 1)))
    target = io.BytesIO()
    pillow_heif.from_pillow(stored).save(target, quality=95)
    return target.getvalue()


def export_of(folder: Path, golden: bytes, upload: bytes) -> Path:
    """An export of one golden and one upload that an inspector found defective."""
    export = Export(folder)
    export.upload("REVIEW", {"answer": "typed", "regions": [{"box": BOX, "code": "ME-SCR"}]})
    names = []
    for content in (golden, upload):
        names.append(f"photos/{hashlib.sha256(content).hexdigest()}.heic")
        (folder / names[-1]).write_bytes(content)
    export.values["goldens"][0]["photos"] = names[:1]
    export.values["uploads"][0]["photo"] = names[1]
    return export.written()


def pixels_of(pair: Pair) -> tuple[Photo, LabelImage]:
    """The upload as training decodes it, and its label image."""
    upload = decode_rgb(pair.upload.read_bytes())
    labels = labels_of(pair, (upload.shape[0], upload.shape[1]), full_size=upright_size(pair.upload))
    assert labels is not None
    return upload, labels


@needs_heic
def test_an_export_of_heic_photos_is_read_with_its_labels_and_pixels(tmp_path: Path) -> None:
    (pair,) = read_verdicts(export_of(tmp_path / "week-48", heic_of(1), heic_of(2))).pairs
    upload, labels = pixels_of(pair)
    assert upload.shape[:2] == labels.shape == (48, 64)
    assert np.abs(upload.astype(int) - picture(seed=2)).mean() < 6


@needs_heic
def test_regions_of_a_turned_heic_photo_are_in_its_upright_pixels(tmp_path: Path) -> None:
    upload = heic_of(2, turned=True)
    assert b"irot" in upload
    (pair,) = read_verdicts(export_of(tmp_path / "week-48", heic_of(1), upload)).pairs
    _, labels = pixels_of(pair)
    rows, columns = np.nonzero(labels == DEFECT)
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == pytest.approx(BOX, abs=1)


@needs_heic
def test_a_damaged_heic_photo_is_passed_over_and_counted(tmp_path: Path) -> None:
    export = Export(tmp_path / "week-48")
    export.upload("PASS", {"answer": "confirmed"})
    export.upload("PASS", {"answer": "confirmed"})
    name = f"photos/{hashlib.sha256(NO_PICTURE).hexdigest()}.heic"
    (export.folder / name).write_bytes(NO_PICTURE)
    export.values["uploads"][1]["photo"] = name
    found = read_verdicts(export.written())
    assert len(found.pairs) == 1
    assert "1 photos cannot be read, left out: photos/" in " ".join(found.notes)


def test_without_the_decoder_the_export_is_refused_and_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heic, "find_spec", lambda _: None)
    folder = export_of(tmp_path / "week-48", NO_PICTURE, NO_PICTURE + b"\1")
    with pytest.raises(UnsupportedMedia, match=r'photos/\w+\.heic is HEIC.*pip install "visiqc\[heic\]"'):
        read_verdicts(folder)
