"""The trained mismatch model as an ONNX file with its card, checked against torch."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from visiqc.errors import IntegrityError
from visiqc.runtime.cards import InputContract, ModelCard, OutputContract, TrainingRecord
from visiqc.runtime.models import OnnxIdentity
from visiqc.runtime.sessions import open_session
from visiqc.training.candidate_folder import write_model
from visiqc.training.export import Exported, identity_graph
from visiqc.training.export_onnx import OPSET
from visiqc.training.mismatch_model import MismatchNet
from visiqc.training.sample_maps import SampleMaps, require_same_scores, sample_maps
from visiqc.vision.rotation import IDENTITY_SIDE

PARITY_LIMIT = 1e-3
"""Largest error against torch, relative to the largest value."""
_SIZES = ((16, 16), (12, 12), (9, 21))  # cells; serving asks with the first


@dataclass(frozen=True, slots=True, kw_only=True)
class MismatchFacts:
    """What the card says beyond the graph.

    Attributes:
        trunk: Card of the trunk whose maps it takes.
        training: How it was trained.
        metrics: What was measured.
        shippable: Whether every data set allows to give it away.
        home: Where the trunk may lie besides those that ship.
    """

    trunk: ModelCard
    training: TrainingRecord
    metrics: Mapping[str, float]
    shippable: bool
    home: Path | None = None


def export_mismatch(net: MismatchNet, folder: Path, *, version: str, facts: MismatchFacts) -> ModelCard:
    """Write `model.onnx`, with weights in 16 bits, and `card.yaml`, as `write_model` does; return the card that stays.

    Args:
        net: The trained network.
        folder: Gets a folder of the version's name with both files.
        version: Name of the version; empty = the trunk's and the beginning of the file's SHA-256, so that another
            model never has its name.
        facts: What the card says beyond the graph.

    Raises:
        IntegrityError: ONNX and torch differ by more than the limit, in the vectors or in the similarities of the
            sample photos; nothing is written.
        NotFound: The trunk or the sample photos are not installed.
    """
    net = net.cpu().eval()
    made = identity_graph(net, [_example(net, size) for size in _SIZES])
    if max(made.parity.values()) > PARITY_LIMIT:
        raise IntegrityError(f"the exported mismatch model differs from torch by {made.parity}; nothing was written")
    card = _card(net, made, version or f"{facts.trunk.version}-{made.sha256[:8]}", facts)
    samples = sample_maps(facts.trunk.version, side=IDENTITY_SIDE, home=facts.home)
    apart = require_same_scores(
        scores_apart(card, made.content, net, samples), f"identity model {card.version}, {samples.name}"
    )
    card = replace(card, parity=made.parity | {samples.name: apart})
    return write_model(folder / card.version, card, made.content)


def scores_apart(card: ModelCard, content: bytes, net: MismatchNet, samples: SampleMaps) -> float:
    """Largest difference of a similarity, every golden with every upload, as it is served and by torch.

    Args:
        card: Of the exported model.
        content: Its bytes.
        net: The network itself, in eval mode.
        samples: Goldens and uploads.
    """
    served = OnnxIdentity(card, open_session(content, name="under export", device="cpu", threads=1))
    maps = (samples.goldens.stride16, samples.uploads.stride16)
    goldens, uploads = (served.vectors(each) for each in maps)
    with torch.inference_mode():
        wanted_goldens, wanted_uploads = (net(torch.from_numpy(each)).numpy() for each in maps)
    return float(np.abs(goldens @ uploads.T - wanted_goldens @ wanted_uploads.T).max())


def _example(net: MismatchNet, size: tuple[int, int]) -> Tensor:
    """Seeded maps; the trunk's are neither bounded nor all positive."""
    random = torch.Generator().manual_seed(size[1])
    return 3 * torch.randn(2, net.channels, *size, generator=random)


def _card(net: MismatchNet, made: Exported, version: str, facts: MismatchFacts) -> ModelCard:
    return ModelCard(
        name="identity",
        version=version,
        task="one vector of length 1 a photo that says which design it shows, from the trunk's stride-16 map",
        file="model.onnx",
        sha256=hashlib.sha256(made.content).hexdigest(),
        bytes=len(made.content),
        opset=OPSET,
        trunk_sha256=facts.trunk.sha256,
        input=InputContract(name="stride16", layout=f"N,{net.channels},h,w"),
        outputs=(OutputContract(name="vectors", channels=net.project.out_features),),
        source=facts.trunk.source,
        multiply_adds=made.multiply_adds,
        weights="int16 with a scale per output channel, widened to float32 when loaded",
        parity=made.parity,
        exported_with={name: importlib.metadata.version(name) for name in ("torch", "onnx", "onnxruntime")},
        training=facts.training,
        metrics={name: round(value, 4) for name, value in facts.metrics.items()},
        shippable=facts.shippable,
    )
