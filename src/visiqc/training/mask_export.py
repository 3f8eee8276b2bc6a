"""The trained mask model as an ONNX file with its card, checked against torch."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from visiqc.errors import IntegrityError
from visiqc.runtime.cards import InputContract, ModelCard, OutputContract, TrainingRecord
from visiqc.training.candidate_folder import write_model
from visiqc.training.defect_model import TRUNK_CHANNELS
from visiqc.training.export_onnx import OPSET, relative_errors, to_onnx_bytes
from visiqc.training.mask_model import MaskNet

PARITY_LIMIT = 1e-3
"""Largest error against torch, relative to the largest logit."""
_SIZES = ((384, 384), (384, 208), (96, 384))
_STRIDES = (4, 8, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskFacts:
    """What the card says beyond the graph.

    Attributes:
        trunk: Card of the trunk whose maps it takes.
        training: How it was trained.
        metrics: What was measured.
        shippable: Whether every data set allows to give it away.
    """

    trunk: ModelCard
    training: TrainingRecord
    metrics: Mapping[str, float]
    shippable: bool


def export_mask(net: MaskNet, folder: Path, *, version: str, facts: MaskFacts) -> ModelCard:
    """Write `model.onnx` and `card.yaml`, as `write_model` does, and return the card that stands there then.

    Args:
        net: The trained network.
        folder: Gets a folder of the version's name with both files.
        version: Name of the version; empty = the trunk's and the beginning of the file's SHA-256.
        facts: What the card says beyond the graph.

    Raises:
        IntegrityError: ONNX and torch differ by more than the limit; nothing is written.
    """
    net = net.cpu().eval()
    content = mask_onnx(net)
    parity = {f"{h}x{w}": _parity(content, net, (h, w)) for h, w in _SIZES}
    if max(parity.values()) > PARITY_LIMIT:
        raise IntegrityError(f"the exported mask model differs from torch by {parity}; nothing was written")
    card = _card(net, content, parity, version, facts)
    return write_model(folder / card.version, card, content)


def mask_onnx(net: MaskNet) -> bytes:
    """The graph's bytes, with free batch, height and width."""
    photos = {"photos": {0: "n", 2: "height", 3: "width"}}
    maps = {f"stride{s}": {0: "n", 2: f"height{s}", 3: f"width{s}"} for s in _STRIDES}
    answers = {"product": {0: "n", 2: "height2", 3: "width2"}}
    return to_onnx_bytes(
        net, _example((96, 128)), inputs=[*photos, *maps], outputs=list(answers), dynamic=photos | maps | answers
    )


def _example(size: tuple[int, int]) -> tuple[Tensor, ...]:
    """A seeded photo and maps of a size in pixels."""
    height, width = size
    random = torch.Generator().manual_seed(height)
    photo = 2 * torch.rand(1, 3, height, width, generator=random) - 1
    maps = (
        torch.randn(1, channels, height // stride, width // stride, generator=random)
        for channels, stride in zip(TRUNK_CHANNELS, _STRIDES, strict=True)
    )
    return (photo, *maps)


def _parity(content: bytes, net: MaskNet, size: tuple[int, int]) -> float:
    """Largest error to two digits: the rest differs from machine to machine."""
    return float(f"{max(relative_errors(content, net, _example(size)).values()):.1e}")


def _card(net: MaskNet, content: bytes, parity: dict[str, float], version: str, facts: MaskFacts) -> ModelCard:
    digest = hashlib.sha256(content).hexdigest()
    return ModelCard(
        name="mask",
        version=version or f"{facts.trunk.version}-{digest[:8]}",
        task="which pixels of a photo show the product, from the photo and the trunk's maps",
        file="model.onnx",
        sha256=digest,
        bytes=len(content),
        opset=OPSET,
        trunk_sha256=facts.trunk.sha256,
        input=InputContract(
            name="photos",
            layout="N,3,H,W",
            colour=facts.trunk.input.colour,
            mean=facts.trunk.input.mean,
            scale=facts.trunk.input.scale,
            smallest=32,
        ),
        outputs=(OutputContract(name="product", channels=1, stride=2),),
        source=facts.trunk.source,
        multiply_adds=multiply_adds(net),
        weights="float32",
        parity=parity,
        exported_with={name: importlib.metadata.version(name) for name in ("torch", "onnx", "onnxruntime")},
        training=facts.training,
        metrics={name: round(value, 4) for name, value in facts.metrics.items()},
        shippable=facts.shippable,
    )


def multiply_adds(net: MaskNet) -> float:
    """Multiply-adds of all convolutions per pixel of the photo."""
    total, side = 0, 128

    def count(layer: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += output.shape[2] * output.shape[3] * layer.get_parameter("weight").numel()

    hooks = [layer.register_forward_hook(count) for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    with torch.inference_mode():
        net(*_example((side, side)))
    for hook in hooks:
        hook.remove()
    return round(total / side**2, 1)
