"""Trunk and identity model on ONNX Runtime, and the loading of a whole set: what fills the ports of `inspection`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from visiqc.errors import IntegrityError, InvalidRecord, ShapeMismatch
from visiqc.inspection.parts import Models
from visiqc.runtime.bundle import find_model
from visiqc.runtime.cards import ModelCard, VerifiedModel, verified_model
from visiqc.runtime.defect import OnnxDefect
from visiqc.runtime.mask import OnnxMask
from visiqc.runtime.sessions import Device, Session, open_session
from visiqc.vision.photo import PREPROCESS_MEAN, PREPROCESS_SCALE, preprocess
from visiqc.vision.types import FeatureMaps, FloatArray, Photo

DEFAULT_TRUNK = "lite0-1"
"""The trunk that is used where settings name none; measured in `benchmarks/trunk.py`."""
NONE = "none"
"""How settings say that no defect or mask model is wanted, where one would be taken by default."""

OPTIONAL = ("defect", "mask")
"""Tasks a set can do without."""


@dataclass(frozen=True, slots=True)
class Companions:
    """The models that ship with a trunk: version of the identity model, and of defect and mask model or empty."""

    identity: str
    defect: str = ""
    mask: str = ""


SHIPPED = {"lite0-1": Companions("lite0-1-41223f05", defect="lite0-1-ee54dd6d", mask="lite0-1-e1006bf8")}
"""What belongs to each trunk where settings name no more than the trunk."""
SMALLEST_SIDE = 32
_PIXELS_AT_ONCE = 1024 * 1024  # one run's activations take about 150 MB a megapixel; larger batches gain nothing
_MAPS = FeatureMaps._fields
_WARM_SIDE = 96


class OnnxTrunk:
    """The shared backbone. Safe to call from several threads."""

    def __init__(self, card: ModelCard, session: Session) -> None:
        _require(card, session, inputs=("photos",), outputs=_MAPS)
        if (card.input.colour, card.input.mean, card.input.scale) != ("RGB", PREPROCESS_MEAN, PREPROCESS_SCALE):
            raise IntegrityError(f"model {card.title} wants other preprocessing than this VisiQC does; export it again")
        self.card = card
        self._session = session

    @property
    def digest(self) -> str:
        """SHA-256 of the model file."""
        return self.card.sha256

    def features(self, photos: Sequence[Photo]) -> FeatureMaps:
        """Feature maps of a batch of photos of one size.

        Args:
            photos: Each (H, W, 3) uint8 RGB, all of one H and W, at least 32 × 32.

        Returns:
            Maps at strides 4, 8 and 16, each (N, C, ceil(H/s), ceil(W/s)) float32. Cell i looks at pixels around
            its own middle, `s * i + (s - 1) / 2`: within 1 px at strides 4 and 8, 3 px at stride 16, as measured
            by the gradients of both Lite trunks on photos. A plain resize puts a map over its photo.

        Raises:
            ShapeMismatch: No photo, not RGB, sizes that differ, or a photo below 32 × 32.
        """
        _require_one_size(photos)
        parts = [self._session.run({"photos": preprocess(some)}, _MAPS) for some in self._pieces(photos)]
        if len(parts) == 1:
            return FeatureMaps(*parts[0])
        return FeatureMaps(*(np.concatenate(maps) for maps in zip(*parts, strict=True)))

    def _pieces(self, photos: Sequence[Photo]) -> Iterator[Sequence[Photo]]:
        """On the CPU, runs of at most a megapixel or one photo: memory stays bounded, time is the same."""
        height, width, _ = photos[0].shape
        step = len(photos) if self._session.device == "cuda" else max(1, _PIXELS_AT_ONCE // (height * width))
        return (photos[start : start + step] for start in range(0, len(photos), step))


class OnnxIdentity:
    """The continuation of a trunk to one vector a photo. Safe to call from several threads."""

    def __init__(self, card: ModelCard, session: Session) -> None:
        _require(card, session, inputs=("stride16",), outputs=("vectors",))
        self.card = card
        self._session = session

    @property
    def digest(self) -> str:
        """SHA-256 of the model file."""
        return self.card.sha256

    def vectors(self, stride16: FloatArray) -> FloatArray:
        """Identity vectors of a batch of stride-16 maps of this model's own trunk.

        Args:
            stride16: (N, C, h, w) float32, N ≥ 1.

        Returns:
            (N, d) float32, each of length 1; d is 1280 off the shelf, 128 where it was trained here.

        Raises:
            InvalidRecord: The maps have another number of channels, or none are there.
        """
        if stride16.ndim != 4 or 0 in stride16.shape:
            raise InvalidRecord(f"identity wants (N, C, h, w) maps with something in them, got shape {stride16.shape}")
        return self._session.run({"stride16": np.ascontiguousarray(stride16, np.float32)}, ("vectors",))[0]


def load_models(
    *,
    home: Path | None = None,
    trunk: str = "",
    identity: str = "",
    defect: str = "",
    mask: str = "",
    device: Device = "auto",
    threads: int = 0,
    before: Models | None = None,
) -> Models:
    """Load, verify and open the models that are asked.

    Args:
        home: `VISIQC_HOME`; a model promoted there goes before the bundled one of the same version.
        trunk: Version of the trunk; empty = `DEFAULT_TRUNK`.
        identity: Version of the identity model; empty = what ships with the trunk, or that of the trunk's name.
        defect: Version of the defect model; empty = what ships with the trunk, `none` = none.
        mask: Version of the mask model; likewise.
        device: Where they run.
        threads: Threads of one inference; 0 = all cores this process may use, at most 4.
        before: Models that are open already, on the same device: those of the same bytes are shared, not opened anew.

    Raises:
        NotFound: No such model.
        IntegrityError: A model's bytes or card are not what they were, or the models do not belong together.
        Unavailable: The device asked for does not work here.
    """
    version = trunk or DEFAULT_TRUNK
    ships = SHIPPED.get(version, Companions(version))
    wanted = {"identity": identity or ships.identity, "defect": defect or ships.defect, "mask": mask or ships.mask}
    base = verified_model(find_model("trunk", version, home=home))
    heads = {
        task: verified_model(find_model(task, name, home=home))
        for task, name in wanted.items()
        if name and not (task in OPTIONAL and name == NONE)
    }
    for head in heads.values():
        _require_its_trunk(head.card, base.card)
    opened = {} if before is None else {model.digest: model for model in _members(before)}

    def session(model: VerifiedModel) -> Session:
        return open_session(model.content, name=model.card.title, device=device, threads=threads)

    named, changed, masked = heads["identity"], heads.get("defect"), heads.get("mask")
    return Models(
        trunk=opened.get(base.card.sha256) or OnnxTrunk(base.card, session(base)),
        identity=opened.get(named.card.sha256) or OnnxIdentity(named.card, session(named)),
        defect=(opened.get(changed.card.sha256) or OnnxDefect(changed.card, session(changed))) if changed else None,
        mask=(opened.get(masked.card.sha256) or OnnxMask(masked.card, session(masked))) if masked else None,
    )


def warm(models: Models) -> None:
    """Run every model once on a small black photo: the first run of a session allocates and costs several others."""
    black = np.zeros((_WARM_SIDE, _WARM_SIDE, 3), np.uint8)
    maps = models.trunk.features([black])
    models.identity.vectors(maps.stride16)
    if models.mask is not None:
        models.mask.logits(black, maps)
    if models.defect is not None:
        models.defect.compare(maps, [models.defect.encode(maps)])


def cards_of(models: Models) -> dict[str, ModelCard]:
    """The card of every model of a loaded set, by task."""
    return {model.card.name: model.card for model in _members(models)}


def _members(models: Models) -> list[Any]:
    return [each for each in (models.trunk, models.identity, models.defect, models.mask) if each is not None]


def _require_its_trunk(head: ModelCard, trunk: ModelCard) -> None:
    if head.trunk_sha256 != trunk.sha256:
        raise IntegrityError(
            f"model {head.title} continues the trunk {str(head.trunk_sha256)[:12]}…, "
            f"but {trunk.title} is {trunk.sha256[:12]}…; choose versions that were exported together"
        )


def _require(card: ModelCard, session: Session, *, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    if tuple(session.inputs) != tuple(inputs) or not set(outputs) <= set(session.outputs):
        raise IntegrityError(
            f"model {card.title} maps {', '.join(session.inputs)} to {', '.join(session.outputs)}; "
            f"wanted {', '.join(inputs)} to {', '.join(outputs)}"
        )


def _require_one_size(photos: Sequence[Photo]) -> None:
    shapes = {photo.shape for photo in photos}
    if len(shapes) != 1:
        named = ", ".join(sorted("×".join(map(str, shape)) for shape in shapes)) or "no photo"
        raise ShapeMismatch(f"the trunk takes photos of one size at a time, got {named}; resize or call it once a size")
    (shape,) = shapes
    if len(shape) != 3 or shape[2] != 3 or min(shape[:2]) < SMALLEST_SIDE:
        wanted = f"(H, W, 3) photos of at least {SMALLEST_SIDE} × {SMALLEST_SIDE}"
        raise ShapeMismatch(f"the trunk takes {wanted}, got {'×'.join(map(str, shape))}")
