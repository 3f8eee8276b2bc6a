"""Torch module to ONNX bytes: the same bytes every time, dynamic sizes, nothing about the machine inside."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from visiqc.errors import IntegrityError
from visiqc.runtime.sessions import open_session
from visiqc.vision.types import FloatArray

OPSET = 17
_HALVED_FROM = 1024  # numbers; smaller tensors stay as they are, they cost nothing


def to_onnx_bytes(
    module: nn.Module,
    example: Tensor | tuple[Tensor, ...],
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
    dynamic: Mapping[str, Mapping[int, str]],
    half_weights: bool = False,
) -> bytes:
    """Export `module` at opset 17 with batch norm folded into the convolutions.

    Args:
        module: On the CPU; it is put into eval mode.
        example: What to trace with, an input or all of them; their dynamic axes do not end up in the file.
        inputs: Names of the graph's inputs.
        outputs: Names of the graph's outputs.
        dynamic: Axis names per input or output, as torch takes them.
        half_weights: Store large weights in 16 bits; they are widened when the model is loaded.

    Returns:
        The file's bytes; equal for equal weights and equal versions of torch and onnx.
    """
    module.eval()  # else the exporter leaves a wrapper of an eval network, and the network, in training mode
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The TorchScript exporter is announced as old; it is fifteen times faster here and folds batch norm.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            example if isinstance(example, tuple) else (example,),
            buffer,  # type: ignore[arg-type]  # torch takes a buffer here; its annotation forgot
            opset_version=OPSET,
            dynamo=False,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: dict(axes) for name, axes in dynamic.items()},
        )
    model = onnx.load_from_string(buffer.getvalue())
    if half_weights:
        _halve_weights(model.graph)
    _forget_machine(model)
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def relative_errors(content: bytes, module: nn.Module, example: Tensor | tuple[Tensor, ...]) -> dict[str, float]:
    """Largest |ONNX - torch| of each output over the largest |torch|, for one input of each name."""
    examples = example if isinstance(example, tuple) else (example,)
    session = open_session(content, name="under export", device="cpu", threads=1)
    found = session.run({name: each.numpy() for name, each in zip(session.inputs, examples, strict=True)})
    with torch.inference_mode():
        wanted = module(*examples)
    wanted = (wanted,) if isinstance(wanted, Tensor) else wanted
    return {name: _relative(got, want.numpy()) for name, got, want in zip(session.outputs, found, wanted, strict=True)}


def _relative(got: FloatArray, want: FloatArray) -> float:
    if got.shape != want.shape:
        raise IntegrityError(f"the exported graph gives {got.shape}, torch {want.shape}; sizes were baked in")
    return float(np.abs(got - want).max() / np.abs(want).max())


def _halve_weights(graph: onnx.GraphProto) -> None:
    """Store large weights as int16 with a scale per output channel; ONNX Runtime widens them once, at load.

    Of the same size as float16, and several times nearer to the truth: 16 bits of the channel's largest weight
    against 11 bits of each weight.
    """
    widening: list[onnx.NodeProto] = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _HALVED_FROM:
            continue
        name = tensor.name
        scale = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True) / np.iinfo(np.int16).max
        whole = np.rint(values / np.maximum(scale, np.finfo(np.float32).tiny)).astype(np.int16)
        tensor.CopyFrom(numpy_helper.from_array(whole, f"{name}.whole"))
        graph.initializer.append(numpy_helper.from_array(scale.astype(np.float32), f"{name}.scale"))
        cast = helper.make_node("Cast", [f"{name}.whole"], [f"{name}.cast"], to=onnx.TensorProto.FLOAT)
        widening += [cast, helper.make_node("Mul", [f"{name}.cast", f"{name}.scale"], [name])]
    nodes = [*widening, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _forget_machine(model: onnx.ModelProto) -> None:
    model.doc_string = model.graph.doc_string = ""
    del model.metadata_props[:]
    model.graph.name = "visiqc"
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
