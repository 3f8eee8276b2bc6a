"""The mismatch network: from the trunk's stride-16 map to a vector of length 1 that says which design it is."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from visiqc.errors import BadRecipe, InvalidRecord
from visiqc.training.export_lite import Block, Lite

DIMENSIONS = 128
"""Length of a vector."""
_FINE = 96  # numbers of the branch that looks at the stride-16 map itself
_SMALLEST = 1e-6
_LEAST_SPREAD = 0.02  # of the first component; lesser ones are noise that whitening would blow up


class Gem(nn.Module):
    """Generalised mean over a map: power 1 is the mean, a large one the maximum.

    Source:
        Radenović, Tolias and Chum, Fine-tuning CNN image retrieval with no human annotation, PAMI 2018.
    """

    def __init__(self, power: float = 3.0) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor(power))

    def forward(self, maps: Tensor) -> Tensor:
        """Pool (N, C, h, w), not negative, to (N, C)."""
        return maps.clamp(min=_SMALLEST).pow(self.power).mean((2, 3)).pow(1.0 / self.power)


class MismatchNet(nn.Module):
    """The trunk's own continuation, pooled, beside a look at the finer map itself.

    The continuation knows form; colour and texture live lower, and are what variants of one design differ in.
    """

    def __init__(self, network: Lite, *, frozen: int = 0, dimensions: int = DIMENSIONS) -> None:
        """Start from the pretrained continuation of `network`, which is copied.

        Args:
            network: The pretrained whole.
            frozen: Blocks behind the trunk that stay as they are; what they give can be computed once.
            dimensions: Length of a vector.

        Raises:
            BadRecipe: There are not so many blocks.
        """
        super().__init__()
        blocks = [copy.deepcopy(block) for block in _continuation(network)]
        if not 0 <= frozen < len(blocks):
            raise BadRecipe(f"frozen_blocks must be 0 to {len(blocks) - 1}, got {frozen}")
        self.kept, self.blocks = nn.Sequential(*blocks[:frozen]), nn.Sequential(*blocks[frozen:])
        self.kept.requires_grad_(requires_grad=False)
        self.head = copy.deepcopy(network.get_submodule("_conv_head"))
        self.norm = copy.deepcopy(network.get_submodule("_bn1"))
        self.channels = int(blocks[0].get_parameter("_expand_conv.weight").shape[1])
        width = int(self.head.get_parameter("weight").shape[0])
        self.fine = nn.Conv2d(self.channels, _FINE, 1)
        self.pool, self.fine_pool = Gem(), Gem()
        self.project = nn.Linear(width + _FINE, dimensions)

    def forward(self, stride16: Tensor) -> Tensor:
        """Map (N, C, h, w) to (N, dimensions), each of length 1."""
        return self.vectors(stride16, self.kept(stride16))

    def vectors(self, stride16: Tensor, deep: Tensor) -> Tensor:
        """The same from the map and what the frozen blocks made of it."""
        vectors: Tensor = self.project(self.pooled(stride16, deep))
        return unit(vectors)

    def pooled(self, stride16: Tensor, deep: Tensor) -> Tensor:
        """What the vector is made of, (N, 1376)."""
        return torch.cat([self.form(deep), self.detail(stride16)], 1)

    def form(self, deep: Tensor) -> Tensor:
        """What the continuation sees, (N, 1280)."""
        pooled: Tensor = self.pool(functional.relu6(self.norm(self.head(self.blocks(deep)))))
        return pooled

    def detail(self, stride16: Tensor) -> Tensor:
        """What the finer map itself shows, (N, 96)."""
        pooled: Tensor = self.fine_pool(functional.relu(self.fine(stride16)))
        return pooled

    def start_from(self, pooled: Tensor) -> None:
        """Let the vectors begin as whitened principal components instead of random mixtures, nearly all alike.

        Args:
            pooled: (M, 1376) from `pooled` over some of the training photos.

        Source:
            Jégou and Chum, Negative evidences and co-occurrences in image retrieval: the benefit of PCA and
            whitening, ECCV 2012.
        """
        mean = pooled.mean(0)
        _, spread, axes = torch.linalg.svd(pooled - mean, full_matrices=False)
        rows = min(self.project.out_features, len(spread))
        scale = len(pooled) ** 0.5 / (spread[:rows] + spread[0] * _LEAST_SPREAD)
        weight = torch.zeros_like(self.project.weight)
        weight[:rows] = scale[:, None] * axes[:rows]
        with torch.no_grad():
            self.project.weight.copy_(weight)
            self.project.bias.copy_(-weight @ mean)

    def train(self, mode: bool = True) -> MismatchNet:  # noqa: FBT001, FBT002 - torch's own signature
        """Switch to training; batch normalisation keeps pretraining's statistics, for a batch holds few designs."""
        super().train(mode)
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eval()
        return self


def unit(vectors: Tensor) -> Tensor:
    """(N, D) brought to length 1."""
    return vectors / (vectors.square().sum(1, keepdim=True) + 1e-12).sqrt()


def _continuation(network: Lite) -> list[Block]:
    """The blocks behind the trunk: from the last one that halves the maps."""
    blocks = [block for block in network.modules() if isinstance(block, Block)]
    if not blocks:
        raise InvalidRecord("a network without blocks has no continuation")
    cut = max(index for index, block in enumerate(blocks) if block.stride == 2)
    return blocks[cut:]
