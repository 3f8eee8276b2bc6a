"""Photos of a data set laid over their golden, as serving lays them, and kept: what the defect model learns from.

The aligner of serving makes the pairs, so that the model sees the misalignment that is left in use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import structlog

from visiqc.errors import InputError, Unavailable, UnreadablePhoto, VisiQCError
from visiqc.inspection.parts import Models
from visiqc.inspection.reading import WorkingCopy, read_photo
from visiqc.training.datasets.labels import LabelImage, labels_of
from visiqc.training.datasets.pairs import PRODUCT, Pair, PairSet
from visiqc.training.datasets.reading import Unreadable, bytes_of, name_of
from visiqc.training.laid_product import GOLDEN, LaidPhoto, LaidProduct, is_kept, keep_product, kept_product
from visiqc.vision import framing, golden_view
from visiqc.vision.photo import DecodeLimits
from visiqc.vision.seen import Seen, see
from visiqc.vision.types import Matrix, Photo
from visiqc.vision.warp import Size, warp_photo

FORMAT = 6
SAME_VIEW = 0.3
"""Masked similarity below which a photo shows another view, or was laid wrongly, and is left out."""
Progress = Callable[[str, int, int], None]
log = structlog.get_logger("visiqc.training")


def lay_set(
    pairs: PairSet,
    models: Models,
    cache: Path,
    *,
    long_side: int,
    unreadable: Unreadable,
    progress: Progress | None = None,
) -> list[LaidProduct]:
    """Lay every photo of a set over its product's first golden; what lies in the cache is not laid again.

    A photo that is broken, or whose mask is, is left out alone. Without its first golden a product cannot be laid.

    Args:
        pairs: The set.
        models: Their trunk aligns, and what they find is the product.
        cache: Folder for laid products.
        long_side: Longest side of the golden frame.
        unreadable: Counts broken photos, those too that were left out when a product of the cache was laid.
        progress: Told product, number and count.

    Raises:
        InputError: No product could be laid, or too many photos are broken.
    """
    # Another trunk aligns otherwise, and another mask frames otherwise.
    made_with = models.trunk.digest[:8] + (f"-{models.mask.digest[:8]}" if models.mask else "")
    folder = cache / f"laid-{FORMAT}-{pairs.digest[:12]}-{made_with}-{long_side}"
    products: dict[tuple[str, tuple[Path, ...]], list[Pair]] = {}
    for pair in pairs.pairs:  # a product with several views, or golden versions, is laid over each
        products.setdefault((pair.sku, pair.goldens), []).append(pair)
    laid = []
    for number, ((sku, goldens), mine) in enumerate(products.items()):
        if progress is not None:
            progress(sku, number, len(products))
        place = folder / f"{_folder_name(sku)}-{_digest(goldens)}"
        broken: dict[Path, str] = {}
        if (found := _product(sku, mine, place, models, long_side=long_side, broken=broken)) is not None:
            laid.append(found)
        for path, why in broken.items():
            unreadable.add(path, name_of(sku, path), why)
    if not laid:
        raise InputError(f"no product of {pairs.name} could be laid over its golden; look at its photos")
    return laid


def _digest(goldens: Sequence[Path]) -> str:
    names = "\n".join(f"{path.parent.name}/{path.name}" for path in goldens)
    return hashlib.sha256(names.encode()).hexdigest()[:8]


def _folder_name(sku: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-._" else "_" for letter in sku)[:80]


def _product(
    sku: str, pairs: Sequence[Pair], folder: Path, models: Models, *, long_side: int, broken: dict[Path, str]
) -> LaidProduct | None:
    """A product from the cache, laid before if need be; None where it cannot be. `broken` gets files and reasons."""
    files = [*pairs[0].goldens, *(pair.upload for pair in pairs)]
    if not is_kept(folder):
        try:
            made = _laid_product(sku, pairs, models, long_side=long_side, broken=broken)
            keep_product(made, folder, files, broken)
        except Unavailable:  # the disk: leaving out one product after the other would not help
            raise
        except (VisiQCError, cv2.error) as err:
            log.warning("product left out", product=sku, why=str(err))
            return None
    product, unread = kept_product(sku, folder, files)
    broken.update(unread)
    return product


def _laid_product(
    sku: str, pairs: Sequence[Pair], models: Models, *, long_side: int, broken: dict[Path, str]
) -> LaidProduct:
    goldens, embed = pairs[0].goldens, models.trunk.features
    first = _opened(goldens[0], None, long_side, broken)
    if first is None:
        raise UnreadablePhoto(f"its first golden photo {goldens[0].name} cannot be read")
    reference = see(first[0].photo, models.find_product)
    target, size, frame_to_align, product = golden_view.start_view(reference, long_side=long_side, embed=embed)
    to_frame = np.linalg.inv(frame_to_align) @ target.photo_to_align
    photos: list[LaidPhoto] = [_golden(goldens[0], 1.0)]
    frames: list[Photo] = [warp_photo(reference.photo, to_frame, size)]
    labels: list[LabelImage] = [np.where(product, PRODUCT, 0).astype(np.uint8)]
    voters: list[tuple[Seen, Matrix]] = []
    for path, pair in _others(goldens[1:], pairs):
        opened = _opened(path, pair, long_side, broken)
        if opened is None:
            continue
        copy, known = opened
        seen = see(copy.photo, models.find_product)
        laid = golden_view.lay_over(seen, target, size, frame_to_align, embed)
        if laid.alignment.similarity < SAME_VIEW:
            log.warning("photo left out", product=sku, photo=path.name, why="it does not lie over the golden")
            continue
        similarity = float(laid.alignment.similarity)
        photos.append(_golden(path, similarity) if pair is None else _upload(pair, similarity, known is not None))
        frames.append(laid.frame)
        labels.append(labels[0] if known is None else _warped(known, laid.warp, size))
        if pair is None:
            voters.append((seen, laid.warp))
    agreed = framing.agreed_product(product, voters)
    plain = np.where(agreed, PRODUCT, 0).astype(np.uint8)
    known_labels = [plain if one is labels[0] else one for one in labels]
    return LaidProduct(sku, tuple(photos), np.stack(frames), np.stack(known_labels), agreed)


def _others(goldens: Sequence[Path], pairs: Sequence[Pair]) -> Iterator[tuple[Path, Pair | None]]:
    yield from ((path, None) for path in goldens)
    yield from ((pair.upload, pair) for pair in pairs)


def _opened(
    path: Path, pair: Pair | None, long_side: int, broken: dict[Path, str]
) -> tuple[WorkingCopy, LabelImage | None] | None:
    """A photo and what is known of its pixels; None, and a line in `broken`, where it or its mask is broken."""
    try:
        copy = read_photo(bytes_of(path), DecodeLimits(), frame_long_side=long_side)
        size = (copy.photo.shape[0], copy.photo.shape[1])
        full = copy.original_size
        return copy, None if pair is None else labels_of(pair, size, full_size=full, apart=_apart(pair))
    except InputError as err:
        broken[path] = str(err)
        return None


def _warped(labels: LabelImage, warp: Matrix, size: Size) -> LabelImage:
    return np.asarray(cv2.warpPerspective(labels, warp, size[::-1], flags=cv2.INTER_NEAREST), np.uint8)


def _apart(pair: Pair) -> tuple[str, ...]:
    """The codes of its regions, where those of the photo do not say them; a mask does not say which is which."""
    codes = tuple(sorted({region.code for region in pair.regions})) if pair.mask is None else ()
    return codes if len(codes) > 1 or set(pair.codes) - set(codes) else ()


def _golden(path: Path, similarity: float) -> LaidPhoto:
    return LaidPhoto(
        name=path.name, role=GOLDEN, defective=False, labelled=True, codes=(), similarity=similarity, pose=""
    )


def _upload(pair: Pair, similarity: float, labelled: bool) -> LaidPhoto:  # noqa: FBT001 - a field, passed on
    return LaidPhoto(
        name=pair.upload.name,
        role=str(pair.relation),
        defective=pair.defective,
        labelled=labelled,
        codes=pair.codes,
        similarity=similarity,
        pose=pair.pose,
        apart=_apart(pair) if labelled else (),
        view=pair.view,
    )
