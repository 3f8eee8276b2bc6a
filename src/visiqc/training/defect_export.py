"""The trained defect model as an ONNX file with its card, checked against torch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from visiqc.errors import IntegrityError
from visiqc.runtime.cards import InputContract, ModelCard, OutputContract, TrainingRecord
from visiqc.runtime.defect import OnnxDefect
from visiqc.runtime.sessions import open_session
from visiqc.training.candidate_folder import write_model
from visiqc.training.defect_model import TRUNK_CHANNELS, DefectNet, Maps
from visiqc.training.export_onnx import OPSET, relative_errors, to_onnx_bytes
from visiqc.training.sample_maps import SampleMaps, require_same_scores, sample_maps
from visiqc.vision.change_map import change_cells
from visiqc.vision.types import FeatureMaps, FloatArray

STRIDES = (4, 8, 16)
PARITY_LIMIT = 1e-3
"""Largest error against torch, relative to the largest value of an output."""
_SIZES = ((96, 128, 2), (72, 200, 1), (256, 248, 3))  # height, width, goldens
_TRACED = (64, 96, 2)
_SAMPLE_SIDE = 320  # pixels


class DefectGraph(nn.Module):
    """What is exported: uploads as trunk maps, goldens as embeddings, and the embedding of the uploads as well.

    A golden is embedded by sending it as an upload and asking for the embeddings alone.
    """

    def __init__(self, net: DefectNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, *maps: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Map three (N, C, h, w) trunk maps and three (N, K, c, h, w) embeddings to change, types and embeddings."""
        own = self.net.embed(Maps(*maps[:3]))
        change, types = self.net.compare(own, Maps(*maps[3:]))
        return change, types, *own


def export_defect(net: DefectNet, folder: Path, *, version: str, facts: DefectFacts) -> ModelCard:
    """Write `model.onnx` and `card.yaml`, as `write_model` does, and return the card that stands there then.

    Args:
        net: The trained model.
        folder: Gets a folder of the version's name with both files.
        version: Name of the version; empty = the trunk's and the beginning of the file's SHA-256, so that another
            model never has its name.
        facts: What the card says beyond the graph.

    Raises:
        IntegrityError: ONNX and torch differ by more than the limit, in any output or in the scores of the sample
            photos; nothing is written.
        NotFound: The trunk or the sample photos are not installed.
    """
    graph = DefectGraph(net.cpu().eval())
    content = defect_onnx(graph)
    parity = {_name(size): _parity(content, graph, size) for size in _SIZES}
    if max(parity.values()) > PARITY_LIMIT:
        raise IntegrityError(f"the exported defect model differs from torch by {parity}; nothing was written")
    named = version or f"{facts.trunk.version}-{hashlib.sha256(content).hexdigest()[:8]}"
    card = _card(net, content, parity, named, facts)
    samples = sample_maps(facts.trunk.version, side=_SAMPLE_SIDE, home=facts.home)
    apart = require_same_scores(scores_apart(card, content, net, samples), f"defect model {named}, {samples.name}")
    card = replace(card, parity=parity | {samples.name: apart})
    return write_model(folder / card.version, card, content)


def scores_apart(card: ModelCard, content: bytes, net: DefectNet, samples: SampleMaps) -> float:
    """Largest difference of the score of a photo, the highest log-odds of change, as it is served and by torch.

    Args:
        card: Of the exported model.
        content: Its bytes.
        net: The model itself, in eval mode.
        samples: Goldens and uploads.
    """
    served = OnnxDefect(card, open_session(content, name="under export", device="cpu", threads=1))
    maps, found = (samples.goldens, samples.uploads), []
    for n in range(len(samples.uploads.stride4)):
        golden, upload = (FeatureMaps(*(level[n : n + 1] for level in each)) for each in maps)
        change, _ = served.compare(upload, [served.encode(golden)])
        with torch.inference_mode():
            goldens = Maps(*(torch.from_numpy(level)[:, None] for level in golden))
            wanted, _ = net(Maps(*(torch.from_numpy(level) for level in upload)), goldens)
        found.append(abs(_score(change) - _score(wanted.numpy()[0, 0])))
    return max(found)


def _score(change: FloatArray) -> float:
    height, width = change.shape
    return float(change_cells(change, np.ones((-(-height // 2), -(-width // 2)), bool)).max())


def defect_onnx(graph: DefectGraph) -> bytes:
    """The graph's bytes, with free batch, number of goldens, height and width."""
    uploads = {f"upload{s}": {0: "n", 2: f"height{s}", 3: f"width{s}"} for s in STRIDES}
    goldens = {f"golden{s}": {0: "n", 1: "goldens", 3: f"height{s}", 4: f"width{s}"} for s in STRIDES}
    answers = {
        "change": {0: "n", 2: "height4", 3: "width4"},
        "types": {0: "n", 2: "height8", 3: "width8"},
        **{f"embed{s}": {0: "n", 2: f"height{s}", 3: f"width{s}"} for s in STRIDES},
    }
    return to_onnx_bytes(
        graph,
        _example(graph.net, _TRACED),
        inputs=[*uploads, *goldens],
        outputs=list(answers),
        dynamic=uploads | goldens | answers,
    )


def _example(net: DefectNet, size: tuple[int, int, int]) -> tuple[Tensor, ...]:
    """Seeded maps of a size in pixels with so many goldens."""
    height, width, goldens = size
    random = torch.Generator().manual_seed(height)

    def drawn(channels: int, stride: int, *front: int) -> Tensor:
        return torch.randn(*front, channels, -(-height // stride), -(-width // stride), generator=random)

    widths = net.architecture.embeddings
    return (
        *(drawn(channels, stride, 1) for channels, stride in zip(TRUNK_CHANNELS, STRIDES, strict=True)),
        *(drawn(channels, stride, 1, goldens) for channels, stride in zip(widths, STRIDES, strict=True)),
    )


def _parity(content: bytes, graph: DefectGraph, size: tuple[int, int, int]) -> float:
    """Largest error to two digits: the rest differs from machine to machine."""
    return float(f"{max(relative_errors(content, graph, _example(graph.net, size)).values()):.1e}")


def _name(size: tuple[int, int, int]) -> str:
    return "{}x{}, goldens {}".format(*size)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectFacts:
    """What the card says beyond the graph.

    Attributes:
        codes: The type classes, the last one `unknown`.
        trunk: Card of the trunk whose maps it takes.
        training: How it was trained.
        metrics: What was measured.
        shippable: Whether every data set allows to give it away.
        exported_with: Versions of the packages.
        home: Where the trunk may lie besides those that ship.
    """

    codes: Sequence[str]
    trunk: ModelCard
    training: TrainingRecord
    metrics: Mapping[str, float]
    shippable: bool
    exported_with: Mapping[str, str]
    home: Path | None = None


def _card(net: DefectNet, content: bytes, parity: dict[str, float], version: str, facts: DefectFacts) -> ModelCard:
    widths = net.architecture.embeddings
    return ModelCard(
        name="defect",
        version=version,
        task="where an upload differs from its goldens, and what kind of defect that is, from the trunk's maps",
        file="model.onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        opset=OPSET,
        trunk_sha256=facts.trunk.sha256,
        input=InputContract(name="upload4", layout=f"N,{TRUNK_CHANNELS[0]},h4,w4"),
        outputs=(
            OutputContract(name="change", channels=1, stride=4),
            OutputContract(name="types", channels=len(facts.codes), stride=8),
            *(
                OutputContract(name=f"embed{stride}", channels=width, stride=stride)
                for stride, width in zip(STRIDES, widths, strict=True)
            ),
        ),
        source=facts.trunk.source,
        multiply_adds=multiply_adds(net),
        weights="float32",
        parity=parity,
        exported_with=dict(facts.exported_with),
        training=facts.training,
        metrics=dict(facts.metrics),
        codes=tuple(facts.codes),
        shippable=facts.shippable,
    )


def multiply_adds(net: DefectNet) -> float:
    """Multiply-adds of all convolutions per pixel of the golden frame, for one upload whose goldens are embedded."""
    graph, total = DefectGraph(net), 0
    side = 256

    def count(layer: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += output.shape[2] * output.shape[3] * layer.get_parameter("weight").numel()

    hooks = [layer.register_forward_hook(count) for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    with torch.inference_mode():
        graph(*_example(net, (side, side, 1)))
    for hook in hooks:
        hook.remove()
    return round(total / side**2, 1)
