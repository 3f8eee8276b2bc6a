"""Models made in code: a tiny defect model with the real contract, an identity model that differs a little, whole sets.

candidate = a_candidate(folder, "halo-1", seed=1)   # identity, defect and fleet/<version>/ that belong together
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from visiqc.runtime.bundle import bundled_models
from visiqc.runtime.cards import InputContract, ModelCard, OutputContract, read_card, write_card
from visiqc.runtime.models import DEFAULT_TRUNK, SHIPPED

TRUNK = bundled_models() / "trunk" / "lite0-1"
CODES = ("missing_stone", "scratch", "unknown")
CHANNELS = {4: (24, 3), 8: (40, 4), 16: (112, 5)}
"""Channels of the trunk's map and of its embedding, by stride."""


def a_defect_graph(*, seed: int = 0, leave_out: str = "") -> bytes:
    """Change = mean distance to the embedded goldens; types = a linear map of those at stride 8."""
    rng = np.random.default_rng(seed)
    nodes, weights = [], [numpy_helper.from_array(np.array([axis], np.int64), f"axis{axis}") for axis in (1, 2)]
    inputs, outputs = [], []
    for stride, (wide, narrow) in CHANNELS.items():
        weights.append(_weights(rng, f"project{stride}", narrow, wide))
        nodes += [
            helper.make_node("Conv", [f"upload{stride}", f"project{stride}"], [f"embed{stride}"], f"embed_at_{stride}"),
            helper.make_node("Unsqueeze", [f"embed{stride}", "axis1"], [f"one{stride}"]),
            helper.make_node("Sub", [f"one{stride}", f"golden{stride}"], [f"less{stride}"]),
            helper.make_node("Abs", [f"less{stride}"], [f"far{stride}"]),
            helper.make_node("ReduceMean", [f"far{stride}"], [f"near{stride}"], axes=[1], keepdims=0),
        ]
        inputs += [_value(f"upload{stride}", "N", wide, stride), _value(f"golden{stride}", "N", "K", narrow, stride)]
        outputs.append(_value(f"embed{stride}", "N", narrow, stride))
    weights.append(_weights(rng, "sort", len(CODES), CHANNELS[8][1]))
    nodes += [
        helper.make_node("ReduceMean", ["near4"], ["change"], axes=[1], keepdims=1),
        helper.make_node("Conv", ["near8", "sort"], ["types"]),
    ]
    outputs += [_value("change", "N", 1, 4), _value("types", "N", len(CODES), 8)]
    kept = [value for value in outputs if value.name != leave_out]
    graph = helper.make_graph(nodes, "defect", inputs, kept, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _weights(rng: np.random.Generator, name: str, outputs: int, inputs: int) -> onnx.TensorProto:
    values = rng.normal(0, inputs**-0.5, (outputs, inputs, 1, 1)).astype(np.float32)
    return numpy_helper.from_array(values, name)


def _value(name: str, *channels: str | int) -> onnx.ValueInfoProto:
    *axes, stride = channels
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [*axes, f"h{stride}", f"w{stride}"])


def a_defect_card(content: bytes, version: str = "tiny-1", **changes: Any) -> ModelCard:
    """The card of `a_defect_graph`."""
    channels = {f"embed{stride}": narrow for stride, (_, narrow) in CHANNELS.items()}
    outputs = {"change": 1, "types": len(CODES)} | channels
    identity = read_card(bundled_models() / "identity" / "lite0-1")
    card = ModelCard(
        name="defect",
        version=version,
        task="what changed between goldens and upload, and how",
        file="model.onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        opset=17,
        trunk_sha256=read_card(TRUNK).sha256,
        input=InputContract(name="upload4", layout="N,24,h4,w4"),
        outputs=tuple(OutputContract(name=name, channels=count) for name, count in outputs.items()),
        source=identity.source,
        multiply_adds=1.0,
        weights="float32",
        parity={"1x24x16x16": 1e-6},
        exported_with={"onnx": onnx.__version__},
        codes=CODES,
    )
    return replace(card, **changes)


def put_model(root: Path, card: ModelCard, content: bytes) -> Path:
    """A model in its folder under `root`."""
    folder = root / card.name / card.version
    folder.mkdir(parents=True)
    (folder / card.file).write_bytes(content)
    write_card(card, folder)
    return folder


def another_identity(root: Path, version: str, *, by: float = 1.0005) -> Path:
    """The identity model that ships with one table of weights multiplied: a little different, as good as before."""
    shipped = bundled_models() / "identity" / "lite0-1"
    model = onnx.load(str(shipped / "model.onnx"))
    weights = next(each for each in model.graph.initializer if each.data_type == TensorProto.FLOAT and len(each.dims))
    weights.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weights) * np.float32(by), weights.name))
    content = bytes(model.SerializeToString())
    card = replace(read_card(shipped), version=version, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    return put_model(root, card, content)


LIMITS = ("believed", "doubted", "single_believed", "single_doubted")


def a_fleet(root: Path, version: str, *, identity: str, defect: str = "", source: str = "") -> Path:
    """A sidecar that ships, as if it had been built with other heads and the mask model that ships."""
    shipped = bundled_models() / "fleet" / "lite0-1"
    plain = json.loads((shipped / "fleet.json").read_text())
    plain |= {"identity": identity, "source": source or f"made for {version}"}
    plain["mask"] = read_card(bundled_models() / "mask" / SHIPPED[DEFAULT_TRUNK].mask).sha256
    plain.pop("defect", None), plain.pop("fusion", None)
    if defect:
        plain["defect"] = defect
        weights = {"golden_weight": 1.0, "change_weight": 0.0, "offset": 0.0, "alone_weight": 1.0, "alone_offset": 0.0}
        plain["fusion"] = weights | {"veto": 9.0} | dict.fromkeys(LIMITS, 0.0)
    folder = root / "fleet" / version
    folder.mkdir(parents=True)
    (folder / "fleet.json").write_text(json.dumps(plain, sort_keys=True, indent=1))
    (folder / "cohort.npy").write_bytes((shipped / "cohort.npy").read_bytes())
    return folder


def a_candidate(root: Path, version: str, *, seed: int = 0, defect: bool = True) -> Path:
    """A candidate folder whose identity, defect model and sidecar belong together."""
    identity = read_card(another_identity(root, version, by=1.0005 + 0.0005 * seed)).sha256
    digest = ""
    if defect:
        content = a_defect_graph(seed=seed)
        digest = read_card(put_model(root, a_defect_card(content, version), content)).sha256
    a_fleet(root, version, identity=identity, defect=digest)
    return root
