"""Variants of an exported model in fewer bits, kept only where they are measured to win on this machine.

Whether eight bits are faster hangs on the processor: without VNNI they often are not, and a variant that is not faster,
or answers otherwise, is not written.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import onnx
import structlog
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers.float16 import convert_float_to_float16

from visiqc.errors import BadRecipe, InputError, NotFound
from visiqc.evaluation.rendered_sets import read_manifest
from visiqc.inspection.fleet import Fleet, read_fleet
from visiqc.runtime.cards import ModelCard, verified_model, write_card
from visiqc.runtime.installed import FLEET_FILES, versions_in
from visiqc.runtime.models import NONE, load_models
from visiqc.runtime.sessions import open_session
from visiqc.training.fleet import write_fleet
from visiqc.training.recipes import RunResult
from visiqc.vision.photo import decode_rgb
from visiqc.vision.types import FloatArray

Feed = Mapping[str, NDArray[Any]]
Kind = Literal["fp16", "int8"]
STRIDES = (4, 8, 16)
log = structlog.get_logger("visiqc.training")


@dataclass(frozen=True, kw_only=True)
class VariantsRecipe:
    """All that decides which variants of a model are kept."""

    model: Path
    """Folder of the model with its card: a defect model."""
    photos: Path = Path("data/samples")
    """A rendered set: eight bits are fitted to its photos, and answers are compared on them."""
    kinds: tuple[Kind, ...] = ("fp16", "int8")
    """What is tried."""
    count: int = 8
    """Photos that are compared; as many others fit the eight bits."""
    side: int = 512
    """Their side in pixels, a multiple of 16."""
    faster: float = 1.1
    """How many times faster a variant must be to be kept."""
    tolerance: float = 1e-3
    """Largest difference of a probability of change that is allowed."""
    threads: int = 1
    """Threads of one inference while it is timed."""

    def __post_init__(self) -> None:
        if self.side < 64 or self.side % 16:
            raise BadRecipe(f"side must be a multiple of 16, at least 64, got {self.side}")
        if self.count < 1:
            raise BadRecipe(f"count must be at least 1, got {self.count}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One variant as measured."""

    kind: str
    content: bytes
    ms: float
    speed_up: float
    difference: float
    kept: bool


def export_variants(recipe: VariantsRecipe) -> RunResult:
    """Make the variants, measure them, and write those that win beside the model, under versions of their own.

    Every fleet sidecar of the model that lies beside it is written for the variant, too: answers within `tolerance`
    have the same scale, and without a sidecar of its own a model cannot be promoted.

    Raises:
        InputError: The model is no defect model, or the set has too few photos.
        IntegrityError, NotFound: The model, or a sidecar of it, is not what it was.
    """
    model = verified_model(recipe.model)
    if model.card.name != "defect":
        raise InputError(f"variants are made of defect models, got {model.card.title}")
    sidecars = tuple(_sidecars_of(model.card, recipe.model.parent.parent / "fleet"))
    feeds = _feeds(recipe, model.content)
    fitted, compared = feeds[: recipe.count], feeds[recipe.count :]
    wanted, plain_ms = _measured(model.content, compared, recipe.threads)
    tried = []
    for kind in recipe.kinds:
        content = _MAKERS[kind](model.content, fitted)
        answers, ms = _measured(content, compared, recipe.threads)
        apart = max(float(np.abs(_odds(a) - _odds(b)).max()) for a, b in zip(answers, wanted, strict=True))
        kept = plain_ms / ms >= recipe.faster and apart <= recipe.tolerance
        tried.append(Tried(kind=kind, content=content, ms=ms, speed_up=plain_ms / ms, difference=apart, kept=kept))
        log.info("variant measured", kind=kind, speed_up=round(plain_ms / ms, 2), difference=apart, kept=kept)
    folders = tuple(folder for one in tried if one.kept for folder in _write(recipe.model, model.card, one, sidecars))
    metrics = {"fp32_ms": plain_ms}
    for one in tried:
        metrics |= {
            f"{one.kind}_ms": one.ms,
            f"{one.kind}_speed_up": one.speed_up,
            f"{one.kind}_difference": one.difference,
            f"{one.kind}_kept": float(one.kept),
        }
    return RunResult(metrics=metrics, artifacts=folders)


def _feeds(recipe: VariantsRecipe, content: bytes) -> list[Feed]:
    """Inputs of real photos: uploads of a set, each held against a golden of its product."""
    trunk = load_models(defect=NONE, threads=recipe.threads).trunk
    session = open_session(content, name="defect", device="cpu", threads=recipe.threads)
    items = read_manifest(recipe.photos).items
    uploads = [item for item in items if item.role in {"good", "defective"}]
    if len(uploads) < 2 * recipe.count:
        raise InputError(f"wanted {2 * recipe.count} uploads in {recipe.photos.name}, got {len(uploads)}")
    steps = np.linspace(0, len(uploads) - 1, 2 * recipe.count).astype(int)
    feeds: list[Feed] = []
    channels = _golden_channels(content)
    for item in (uploads[n] for n in np.random.default_rng(0).permutation(steps)):
        golden = next(one for one in items if one.role == "golden" and one.sku == item.sku)
        photos = [_square(recipe.photos / one.file, recipe.side) for one in (item, golden)]
        upload, reference = (trunk.features([photo]) for photo in photos)
        sent = {f"upload{s}": level for s, level in zip(STRIDES, reference, strict=True)}
        nothing = {
            f"golden{s}": np.zeros((1, 1, channels[f"golden{s}"], *level.shape[2:]), np.float32)
            for s, level in zip(STRIDES, reference, strict=True)
        }
        embedded = session.run(sent | nothing, [f"embed{s}" for s in STRIDES])
        feed: dict[str, NDArray[Any]] = {f"upload{s}": level for s, level in zip(STRIDES, upload, strict=True)}
        feed |= {f"golden{s}": level[:, None] for s, level in zip(STRIDES, embedded, strict=True)}
        feeds.append(feed)
    return feeds


def _square(path: Path, side: int) -> NDArray[np.uint8]:
    photo = decode_rgb(path.read_bytes())
    return np.asarray(cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _golden_channels(content: bytes) -> dict[str, int]:
    graph = onnx.load_from_string(content).graph
    return {
        one.name: one.type.tensor_type.shape.dim[2].dim_value for one in graph.input if one.name.startswith("golden")
    }


def _measured(content: bytes, feeds: Sequence[Feed], threads: int) -> tuple[list[FloatArray], float]:
    """Change logits of every feed, and the shortest time of one in milliseconds, after one that does not count."""
    session = open_session(content, name="variant", device="cpu", threads=threads)
    session.run(feeds[0], ["change", "types"])
    answers, fastest = [], np.inf
    for feed in feeds:
        started = time.perf_counter()
        change, _ = session.run(feed, ["change", "types"])
        fastest = min(fastest, 1000 * (time.perf_counter() - started))
        answers.append(change)
    return answers, float(fastest)


def _odds(logits: FloatArray) -> FloatArray:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0))), np.float32)


def _half(content: bytes, _: Sequence[Feed]) -> bytes:
    """Weights and sums in 16 bits; inputs and outputs stay as they are."""
    converted = convert_float_to_float16(onnx.load_from_string(content), keep_io_types=True)
    made: bytes = converted.SerializeToString(deterministic=True)
    return made


class _Fed(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime's tools carry no types
    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._left: Iterator[Feed] = iter(feeds)

    def get_next(self) -> Feed | None:
        return next(self._left, None)


def _eighth(content: bytes, feeds: Sequence[Feed]) -> bytes:
    """Convolutions in 8 bits, fitted to the feeds; weights use 7, for processors that saturate without VNNI."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("plain.onnx").write_bytes(content)
        quant_pre_process("plain.onnx", "ready.onnx", skip_symbolic_shape=True)
        quantize_static(
            "ready.onnx",
            "made.onnx",
            _Fed(feeds),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
        )
        return Path("made.onnx").read_bytes()


_MAKERS: Mapping[Kind, Callable[[bytes, Sequence[Feed]], bytes]] = {"fp16": _half, "int8": _eighth}


def _write(source: Path, card: ModelCard, one: Tried, sidecars: Sequence[tuple[Path, Fleet]]) -> Iterator[Path]:
    """Write a variant and its sidecars; yield their folders."""
    folder = source.with_name(f"{card.version}-{one.kind}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / card.file).write_bytes(one.content)
    digest = hashlib.sha256(one.content).hexdigest()
    metrics = {**card.metrics, "variant/speed-up": round(one.speed_up, 2), "variant/difference": one.difference}
    write_card(
        replace(card, version=folder.name, sha256=digest, bytes=len(one.content), weights=one.kind, metrics=metrics),
        folder,
    )
    yield folder
    for sidecar, fleet in sidecars:
        place = sidecar.with_name(f"{sidecar.name}-{one.kind}")
        write_fleet(replace(fleet, defect=digest, source=f"{fleet.source}; fitted to {card.title}"), place)
        yield place


def _sidecars_of(card: ModelCard, folder: Path) -> Iterator[tuple[Path, Fleet]]:
    """The fleet sidecars in a folder that were built with a defect model; errors as `export_variants`."""
    for sidecar in versions_in(folder, "fleet"):
        if missing := [name for name in FLEET_FILES if not (sidecar / name).is_file()]:
            raise NotFound(f"the fleet sidecar {sidecar.name} has no {missing[0]}; calibrate the model again")
        figures, cohort = ((sidecar / name).read_bytes() for name in FLEET_FILES)
        text = figures.decode(errors="replace")
        if card.sha256 in text:  # one of another trunk is none of this model, and is not to be complained of
            fleet = read_fleet(text, cohort, trunk=card.trunk_sha256 or "")
            if fleet.defect == card.sha256:
                yield sidecar, fleet
