"""The mismatch model as the engine trains it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pytorch_metric_learning import losses, miners
from torch import Tensor, nn
from torch.nn import functional

from visiqc.training.mismatch_batches import UNKNOWN, MismatchBatch, MismatchBatches
from visiqc.training.mismatch_model import MismatchNet, unit
from visiqc.training.mismatch_validation import Seen, pooled_of

_BEFORE = 1_000_000  # an epoch that is never reached: its draws are no others
_WHITENED = 12  # batches
_PROXY_RATE = 10.0  # proxies start at random and have nothing to forget


@dataclass(frozen=True, kw_only=True)
class MetricSettings:
    """What pulls photos of one identity together and others apart; the key `loss` of the recipe."""

    proxies: Literal["anchor", "arcface"] = "arcface"
    """Proxy anchor, or ArcFace with several centres an identity."""
    centres: int = 2
    """Centres of an identity, with ArcFace."""
    margin: float = 28.6
    """Of ArcFace, in degrees."""
    scale: float = 32.0
    """Of ArcFace, or the sharpness of proxy anchor."""
    pairs: float = 1.0
    """Weight of the hardest pairs inside a batch (multi-similarity, mined) beside the proxies'."""
    attributes: float = 0.1
    """Weight of telling metal, stone, number of prongs and number of stones, where records know them."""


class MismatchModule(nn.Module):
    """The network with what only training needs: proxies of the identities and heads of the attributes."""

    def __init__(self, net: MismatchNet, batches: MismatchBatches, settings: MetricSettings) -> None:
        super().__init__()
        self.net = net
        self.proxies = _proxies(len(batches.identities), net.project.out_features, settings)
        width = net.project.in_features
        self.heads = nn.ModuleList(nn.Linear(width, max(1, len(known))) for known in batches.classes.values())


class MismatchLearner:
    """Fills the engine's `Learner`.

    Args:
        net: The network; the trunk is not part of it.
        batches: What it learns from.
        measure: Figures of the network on the products held out.
        judged: Photos of these products, on which the heads of the attributes are measured.
        settings: The loss.
        frozen_epochs: Epochs in which the pretrained continuation stands still.
        tail_rate: Rate of the continuation after that, as a share of the full one.
    """

    def __init__(
        self,
        net: MismatchNet,
        batches: MismatchBatches,
        measure: Callable[[MismatchNet], dict[str, float]],
        settings: MetricSettings,
        *,
        steps: int,
        frozen_epochs: int,
        tail_rate: float,
        judged: Sequence[Seen] = (),
    ) -> None:
        self.module: nn.Module = MismatchModule(net, batches, settings)
        self.steps_per_epoch = steps
        self._net, self._batches, self._measure, self._settings = net, batches, measure, settings
        self._judged = judged
        self._frozen_epochs, self._tail_rate = frozen_epochs, tail_rate
        self._pairs = losses.MultiSimilarityLoss(alpha=2, beta=40, base=0.5)
        self._miner = miners.MultiSimilarityMiner(epsilon=0.1)

    def start_epoch(self, epoch: int) -> None:
        """Freeze the continuation in the first epochs: new layers would tear it."""
        for parameter in self._tail():
            parameter.requires_grad_(epoch >= self._frozen_epochs)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """New layers at the full rate, the continuation below it, proxies above it."""
        tail = list(self._tail())
        proxies = list(self.module.get_submodule("proxies").parameters())
        apart = {id(parameter) for parameter in (*tail, *proxies, *self._net.kept.parameters())}
        new = [parameter for parameter in self.module.parameters() if id(parameter) not in apart]
        return [
            {"params": new, "scale": 1.0},
            {"params": tail, "scale": self._tail_rate},
            {"params": proxies, "scale": _PROXY_RATE, "weight_decay": 0.0},
        ]

    def batches(self, epoch: int, *, rank: int, world: int) -> Iterable[MismatchBatch]:
        """The epoch's batches."""
        return self._batches.batches(epoch, rank=rank, world=world)

    def loss(self, batch: MismatchBatch) -> tuple[Tensor, dict[str, float]]:
        """The loss of a batch and its parts."""
        device = next(self.module.parameters()).device
        identity, looks = batch.identity.to(device), batch.looks.to(device)
        pooled = self._net.pooled(batch.stride16.to(device), batch.deep.to(device))
        vectors = unit(self._net.project(pooled).float())
        parts = {"proxies": self.module.get_submodule("proxies")(vectors, identity)}
        if self._settings.pairs:
            parts["pairs"] = self._settings.pairs * self._pairs(vectors, identity, self._miner(vectors, identity))
        if self._settings.attributes:
            parts["attributes"] = self._settings.attributes * self._attributes(pooled.float(), looks)
        total = torch.stack(list(parts.values())).sum()
        return total, {name: float(value.detach()) for name, value in parts.items()}

    def validate(self) -> dict[str, float]:
        """Figures on the products held out."""
        heads_learn = self._judged and self._settings.attributes
        return self._measure(self._net) | (self._accuracies() if heads_learn else {})

    def _attributes(self, pooled: Tensor, looks: Tensor) -> Tensor:
        total = pooled.new_zeros(())
        for column, head in enumerate(self.module.get_submodule("heads").children()):
            wanted = looks[:, column]
            if bool((wanted != UNKNOWN).any()):
                total = total + functional.cross_entropy(head(pooled), wanted, ignore_index=UNKNOWN)
        return total

    def _accuracies(self) -> dict[str, float]:
        """Share of the photos held out whose attribute is told right, of each attribute that some record knows.

        A value that nothing was learned from counts as told wrong.
        """
        pooled = pooled_of(self._net, self._judged)
        found = {}
        heads = self.module.get_submodule("heads").children()
        for (name, classes), head in zip(self._batches.classes.items(), heads, strict=True):
            known = [n for n, one in enumerate(self._judged) if name in one.shown.look]
            if known and classes:
                told = head(pooled[known]).argmax(1).tolist()
                wanted = [classes.get(self._judged[n].shown.look[name], UNKNOWN) for n in known]
                found[f"accuracy_{name}"] = sum(map(int.__eq__, told, wanted)) / len(known)
        return found

    def _tail(self) -> Iterable[nn.Parameter]:
        net = self._net
        return (parameter for part in (net.blocks, net.head, net.norm) for parameter in part.parameters())


def whiten(net: MismatchNet, batches: MismatchBatches) -> None:
    """Let the network begin with whitened vectors, from what some batches show."""
    net.eval()
    some = itertools.islice(batches.batches(_BEFORE), _WHITENED)
    with torch.no_grad():
        net.start_from(torch.cat([net.pooled(batch.stride16, batch.deep) for batch in some]))


def _proxies(identities: int, length: int, settings: MetricSettings) -> nn.Module:
    if settings.proxies == "anchor":
        anchor: nn.Module = losses.ProxyAnchorLoss(
            num_classes=identities, embedding_size=length, margin=0.1, alpha=settings.scale
        )
        return anchor
    arcface: nn.Module = losses.SubCenterArcFaceLoss(
        num_classes=identities,
        embedding_size=length,
        margin=settings.margin,
        scale=settings.scale,
        sub_centers=settings.centres,
    )
    return arcface
