"""Folders of labelled photos, read as light records: paths and labels, no pixels.

MVTec style: `train/good`, `test/<type>`, `ground_truth/<type>/<stem>_mask.png`. Photos of a type without a
`ground_truth` folder, or without a mask of their own, are judged at image level only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from visiqc.errors import InputError, NotFound, ShapeMismatch, UnreadablePhoto, UnsupportedMedia
from visiqc.vision import heic
from visiqc.vision.photo_header import is_heic
from visiqc.vision.types import Mask

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"})
GOOD = "good"
_FIRST_BYTES = 256
"""Enough to tell HEIC by."""
_ORIENTATION, _TURNED = 0x0112, (5, 6, 7, 8)
"""The EXIF tag, and those of its values that swap width and height."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPhoto:
    """One test photo.

    Attributes:
        name: Path inside the data set, with `/`.
        path: Where it is.
        kind: `good`, or the defect type its folder names.
        mask: Where its ground truth is; None = judged at image level only.
        specimen: The piece it shows; photos of one piece share it.
    """

    name: str
    path: Path
    kind: str
    mask: Path | None = None
    specimen: str

    @property
    def defective(self) -> bool:
        """Whether the piece has a defect."""
        return self.kind != GOOD


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderDataset:
    """An MVTec-style folder.

    Attributes:
        name: The folder's name.
        train: Good photos to choose goldens and calibration photos from, by name.
        test: Labelled photos, by name.
        notes: What a reader of the results should know, such as photos without a mask.
    """

    name: str
    train: tuple[Path, ...]
    test: tuple[LabelledPhoto, ...]
    notes: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The defect types, by name."""
        return tuple(sorted({photo.kind for photo in self.test if photo.defective}))

    @property
    def has_masks(self) -> bool:
        """Whether pixel metrics can be computed."""
        return any(photo.mask for photo in self.test)


def read_folder(root: Path, *, specimen_of: Callable[[str], str] | None = None) -> FolderDataset:
    """Read an MVTec-style folder.

    Args:
        root: The folder with `train` and `test` in it.
        specimen_of: The piece a photo shows, from its stem and for each type apart; None = one piece a photo.

    Raises:
        NotFound: The folder, `train/good` or `test` is missing.
        InputError: There is no good or no defective test photo, or a mask belongs to no photo.
        UnreadablePhoto: A mask or its photo is not a picture.
        ShapeMismatch: A mask's size differs from its photo's, as it is seen upright.
    """
    train = _photos(_folder(root, "train/good"))
    if not train:
        raise InputError(f"{root.name}/train/good holds no photo; put good photos there to take goldens from")
    test, notes = [], []
    for folder in sorted(path for path in _folder(root, "test").iterdir() if path.is_dir()):
        masks = {} if folder.name == GOOD else _masks(root, folder)
        without = 0
        for path in _photos(folder):
            mask = masks.get(path.stem)
            without += mask is None
            specimen = f"{folder.name}/{specimen_of(path.stem) if specimen_of else path.stem}"
            name = path.relative_to(root).as_posix()
            test.append(LabelledPhoto(name=name, path=path, kind=folder.name, mask=mask, specimen=specimen))
        if without and folder.name != GOOD:
            notes.append(f"test/{folder.name}: {without} photos without a mask, judged at image level only")
    if not any(photo.defective for photo in test) or all(photo.defective for photo in test):
        raise InputError(f"{root.name}/test needs photos in `good` and in at least one folder of defects")
    return FolderDataset(name=root.name, train=train, test=tuple(test), notes=tuple(notes))


def read_mask(photo: LabelledPhoto) -> Mask:
    """The ground truth of a photo, in upload pixels.

    Returns:
        (H, W) bool, True = defective: above half of the mask's highest value, so 0/1 and 0/255 both do.

    Raises:
        InputError: The photo has no mask.
        UnreadablePhoto: The mask cannot be decoded.
    """
    if photo.mask is None:
        raise InputError(f"{photo.name} has no mask; it is judged at image level only")
    try:
        with Image.open(photo.mask) as picture:
            values = np.asarray(picture.convert("L"), np.int16)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as err:
        raise UnreadablePhoto(f"the mask of {photo.name} cannot be decoded; export it again as PNG") from err
    return np.asarray(2 * values > max(int(values.max(initial=0)), 1))


def upright_size(path: Path) -> tuple[int, int]:
    """Height and width of a picture as it is seen upright, from its header alone.

    Raises:
        UnreadablePhoto: Not a picture.
        UnsupportedMedia: HEIC, and this installation has no decoder for it.
    """
    try:
        with path.open("rb") as file:
            if is_heic(file.read(_FIRST_BYTES)):
                return _heic_size(path)
        with Image.open(path) as picture:
            width, height = picture.size
            turned = picture.getexif().get(_ORIENTATION) in _TURNED
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as err:
        raise UnreadablePhoto(f"{path.parent.name}/{path.name} is not a picture that can be read") from err
    return (width, height) if turned else (height, width)


def _heic_size(path: Path) -> tuple[int, int]:
    # Pillow knows no HEIC, and its decoder is kept out of this process: the header is read where photos are decoded.
    if not heic.available():
        raise UnsupportedMedia(
            f"{path.parent.name}/{path.name} is HEIC, which this installation cannot read; "
            'install the decoder with pip install "visiqc[heic]" and run it again'
        )
    header = heic.read_heic_header(path.read_bytes())
    return header.height, header.width


def photos_in(folder: Path) -> tuple[Path, ...]:
    """The photos directly in a folder, by name.

    Raises:
        NotFound: There is no such folder.
    """
    return _photos(_folder(folder.parent, folder.name))


def _folder(root: Path, inner: str) -> Path:
    if not root.is_dir():
        raise NotFound(f"no folder {root}; give the folder that holds the data set")
    path = root / inner
    if not path.is_dir():
        raise NotFound(f"{root.name} has no {inner}; wanted the layout train/good, test/<type>, ground_truth/<type>")
    return path


def _photos(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in PHOTO_SUFFIXES and path.is_file()))


def _masks(root: Path, folder: Path) -> dict[str, Path]:
    """Masks of one defect type by the stem of their photo, each checked against it."""
    truth = root / "ground_truth" / folder.name
    if not truth.is_dir():
        return {}
    photos = {path.stem: path for path in _photos(folder)}
    masks = {path.stem.removesuffix("_mask"): path for path in _photos(truth)}
    if stray := sorted(masks.keys() - photos.keys()):
        raise InputError(f"{root.name}: no photo test/{folder.name}/{stray[0]} for the mask {masks[stray[0]].name}")
    for stem, mask in masks.items():
        wanted, got = upright_size(photos[stem]), upright_size(mask)
        if wanted != got:
            raise ShapeMismatch(
                f"sizes differ: photo test/{folder.name}/{photos[stem].name} {wanted[0]}×{wanted[1]}, "
                f"its mask {got[0]}×{got[1]}; a mask is drawn on its own photo, upright"
            )
    return masks
