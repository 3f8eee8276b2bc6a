from __future__ import annotations

import os

import numpy as np
import onnxruntime as ort
import pytest

from visiqc.errors import IntegrityError, InvalidRecord, Unavailable
from visiqc.runtime.bundle import find_model
from visiqc.runtime.cards import verified_model
from visiqc.runtime.sessions import CUDA, Session, open_session, usable_threads

needs_no_cuda = pytest.mark.skipif(CUDA in ort.get_available_providers(), reason="this ONNX Runtime has CUDA")


@pytest.fixture(scope="module")
def content() -> bytes:
    return verified_model(find_model("trunk", "lite0-1")).content


@pytest.fixture(scope="module")
def session(content: bytes) -> Session:
    return open_session(content, name="trunk", device="auto", threads=1)


def test_names_of_inputs_and_outputs_are_known(session: Session) -> None:
    assert session.inputs == ("photos",)
    assert session.outputs == ("stride4", "stride8", "stride16")


def test_only_the_outputs_asked_for_come_back(session: Session) -> None:
    (maps,) = session.run({"photos": np.zeros((1, 3, 64, 64), np.float32)}, ["stride16"])
    assert maps.shape == (1, 112, 4, 4)
    assert maps.dtype == np.float32


@needs_no_cuda
def test_auto_takes_the_cpu_where_there_is_no_cuda(session: Session) -> None:
    assert session.device == "cpu"


@needs_no_cuda
def test_cuda_asked_for_and_absent_is_an_error_with_advice(content: bytes) -> None:
    with pytest.raises(Unavailable, match=r"cuda was asked for.*onnxruntime-gpu.*VISIQC_DEVICE=auto"):
        open_session(content, name="trunk", device="cuda")


@needs_no_cuda
@pytest.mark.filterwarnings("ignore:Specified provider:UserWarning")
def test_a_silent_fall_back_to_the_cpu_is_noticed(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: [CUDA, "CPUExecutionProvider"])
    with pytest.raises(Unavailable, match=r"fell back to the CPU.*VISIQC_DEVICE=auto"):
        open_session(content, name="trunk", device="cuda")
    assert open_session(content, name="trunk", device="auto").device == "cpu"


@pytest.mark.parametrize("broken", [b"", b"not a graph", b"\x08\x07"])
def test_bytes_that_are_no_graph_are_refused(broken: bytes) -> None:
    with pytest.raises(IntegrityError, match="model trunk is not a graph ONNX Runtime"):
        open_session(broken, name="trunk", device="cpu")


@pytest.mark.parametrize(
    "feed",
    [
        {"photos": np.zeros((1, 4, 64, 64), np.float32)},
        {"photos": np.zeros((3, 64, 64), np.float32)},
        {"photos": np.zeros((1, 3, 64, 64), np.float64)},
        {"pictures": np.zeros((1, 3, 64, 64), np.float32)},
    ],
    ids=["channels", "rank", "dtype", "name"],
)
def test_a_feed_that_does_not_fit_is_our_mistake_and_named(session: Session, feed: dict[str, np.ndarray]) -> None:
    with pytest.raises(InvalidRecord, match=r"model trunk does not take (photos|pictures) \("):
        session.run(feed)


def test_zero_threads_means_the_cores_this_process_may_use() -> None:
    assert usable_threads(0) == min(len(os.sched_getaffinity(0)), 4)
    assert usable_threads(7) == 7
