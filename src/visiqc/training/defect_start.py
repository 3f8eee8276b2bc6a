"""Going on from a defect model that is there already, in place of weights at random.

What is given away is the ONNX file: its batch norms are folded into the convolutions before them. They are unfolded
here, with the statistics that the new photos have, so that the model answers as before and can be trained on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from visiqc.errors import BadRecipe
from visiqc.runtime.cards import VerifiedModel
from visiqc.training.defect_batches import DefectBatch
from visiqc.training.defect_model import DefectNet

BATCHES = 8
"""From which the statistics are taken."""
_PREFIX = "net."  # of what the exported graph names itself


def begin_from(net: DefectNet, model: VerifiedModel, codes: Sequence[str], batches: Iterable[DefectBatch]) -> None:
    """Give `net` the weights of an exported defect model.

    Type classes are matched by their codes; those that the model did not know begin at random.

    Args:
        net: Of the same widths.
        model: The exported model.
        codes: Type classes of `net`.
        batches: A few, to take statistics from.

    Raises:
        BadRecipe: The model has other widths.
    """
    named, folded = _weights(model.content)
    named |= _types(net, named, known=model.card.codes, codes=codes)
    for name, (weight, bias) in folded.items():
        norm = _norm_behind(name)
        ones = torch.ones_like(bias)
        named |= {
            f"{name}.weight": weight,
            f"{norm}.running_mean": torch.zeros_like(bias),
            f"{norm}.running_var": ones,
            f"{norm}.weight": ones * (1 + _norm(net, norm).eps) ** 0.5,
            f"{norm}.bias": bias,
        }
    wanted = {name: value for name, value in net.state_dict().items() if not name.endswith("num_batches_tracked")}
    unlike = [name for name, value in wanted.items() if name not in named or named[name].shape != value.shape]
    if unlike or len(named) != len(wanted):
        first = (unlike or sorted(set(named) - set(wanted)))[0]
        raise BadRecipe(
            f"start_from: {model.card.title} has other widths than this recipe's model ({first} differs); "
            "take its widths from its card, or start at random"
        )
    net.load_state_dict(named, strict=False)
    _unfold(net, [_norm_behind(name) for name in folded], batches)


def _weights(content: bytes) -> tuple[dict[str, Tensor], dict[str, tuple[Tensor, Tensor]]]:
    """Weights that kept their names; and by the name of their convolution, those that took in a batch norm."""
    graph = onnx.load_from_string(content).graph
    arrays = {one.name: torch.from_numpy(np.array(numpy_helper.to_array(one), np.float32)) for one in graph.initializer}
    named = {name.removeprefix(_PREFIX): value for name, value in arrays.items() if name.startswith(_PREFIX)}
    folded = {
        _module(node.name): (arrays[node.input[1]], arrays[node.input[2]])
        for node in graph.node
        if node.op_type == "Conv" and not node.input[1].startswith(_PREFIX)
    }
    return named, folded


def _module(node: str) -> str:
    """`/level16/blocks/blocks.0/body/body.3/Conv` to `level16.blocks.0.body.3`."""
    parts = node.strip("/").split("/")[:-1]
    inner = [part for part, behind in zip(parts, [*parts[1:], ""], strict=True) if not behind.startswith(f"{part}.")]
    return ".".join(inner)


def _norm_behind(convolution: str) -> str:
    before, _, number = convolution.rpartition(".")
    return f"{before}.{int(number) + 1}"


def _norm(net: DefectNet, name: str) -> nn.BatchNorm2d:
    try:
        found = net.get_submodule(name)
    except AttributeError:
        found = None  # another depth: said with the widths
    return found if isinstance(found, nn.BatchNorm2d) else nn.BatchNorm2d(1)


def _types(
    net: DefectNet, named: dict[str, Tensor], *, known: Sequence[str], codes: Sequence[str]
) -> dict[str, Tensor]:
    """The type head, its classes in the order of `codes`."""
    found = {}
    for name in ("types.weight", "types.bias"):
        rows = net.state_dict()[name].clone()
        if name in named and named[name].shape[1:] == rows.shape[1:]:
            for number, code in enumerate(codes):
                if code in known:
                    rows[number] = named[name][list(known).index(code)]
        found[name] = rows
    return found


@torch.no_grad()  # not inference mode: what is kept here is trained on
def _unfold(net: DefectNet, norms: Sequence[str], batches: Iterable[DefectBatch]) -> None:
    """Let batch norms that do nothing normalise by what they are given, and give it back: the same answers."""
    seen: dict[str, list[Tensor]] = {name: [] for name in norms}

    def keep(name: str) -> Any:
        def hook(_module: nn.Module, given: tuple[Tensor, ...]) -> None:
            rows = given[0].double().transpose(0, 1).flatten(1)
            seen[name].append(torch.stack([rows.mean(1), rows.square().mean(1)]))

        return hook

    handles = [net.get_submodule(name).register_forward_pre_hook(keep(name)) for name in norms]
    net.eval()
    for batch in batches:
        net(batch.upload, batch.goldens)
    for handle in handles:
        handle.remove()
    for name, rows in seen.items():
        mean, square = torch.stack(rows).mean(0)
        norm = _norm(net, name)
        norm.running_mean = mean.float()
        norm.running_var = (square - mean.square()).clamp(min=0).float()
        norm.get_parameter("weight").copy_((norm.running_var + norm.eps).sqrt())
        norm.get_parameter("bias").add_(norm.running_mean)
