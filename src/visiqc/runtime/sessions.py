"""ONNX Runtime sessions: which device, how many threads, and foreign errors in our own words."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from visiqc.errors import IntegrityError, InvalidRecord, Unavailable
from visiqc.vision.types import FloatArray

Device = Literal["auto", "cpu", "cuda"]
CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
MOST_THREADS = 4
"""Threads of one inference where nobody says otherwise; beyond four a network of this size hardly gains."""
_ERRORS_ONLY = 3

_UNUSABLE = (
    ort_errors.InvalidArgument,
    ort_errors.InvalidProtobuf,
    ort_errors.InvalidGraph,
    ort_errors.NotImplemented,
    ort_errors.NoModel,
    ort_errors.Fail,
)
_FAILED = (ort_errors.RuntimeException, ort_errors.EPFail, ort_errors.EngineError, ort_errors.DeviceReset)


class Session:
    """One loaded graph. `run` may be called from several threads at once."""

    def __init__(self, session: ort.InferenceSession, name: str) -> None:
        self._session = session
        self._name = name
        self.device: Literal["cpu", "cuda"] = "cuda" if CUDA in session.get_providers() else "cpu"
        self.inputs: tuple[str, ...] = tuple(each.name for each in session.get_inputs())
        self.outputs: tuple[str, ...] = tuple(each.name for each in session.get_outputs())

    def run(self, feed: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None) -> list[FloatArray]:
        """The named outputs (all of them by default), each float32. The whole graph is run whichever they are.

        Raises:
            InvalidRecord: The feed does not fit the graph: our mistake, not the user's.
            Unavailable: The device failed or ran out of memory.
        """
        try:
            found = self._session.run(list(outputs) if outputs else None, dict(feed))
        except (ort_errors.InvalidArgument, ValueError) as err:
            shapes = ", ".join(f"{name} {value.shape}" for name, value in feed.items())
            raise InvalidRecord(f"model {self._name} does not take {shapes}: {_first_line(err)}") from err
        except _FAILED as err:
            raise Unavailable(f"model {self._name} failed on {self.device}: {_first_line(err)}; try again") from err
        return [np.asarray(each, np.float32) for each in found]


def open_session(content: bytes, *, name: str, device: Device = "auto", threads: int = 0) -> Session:
    """Load a graph from its bytes.

    Args:
        content: The ONNX file; every byte of the model, no weights beside it.
        name: What messages call the model.
        device: `auto` takes a working GPU where there is one; `cuda` insists.
        threads: Threads of one inference; 0 = all cores this process may use, at most `MOST_THREADS`.

    Raises:
        Unavailable: CUDA was asked for and does not work here.
        IntegrityError: The bytes are not a graph this ONNX Runtime can load.
    """
    providers = _providers(device)
    try:
        session = ort.InferenceSession(content, _options(threads), providers=providers)
    except _UNUSABLE as err:
        raise IntegrityError(
            f"model {name} is not a graph ONNX Runtime {ort.__version__} loads: {_first_line(err)}"
        ) from err
    except _FAILED as err:
        raise Unavailable(f"model {name} could not be loaded on {device}: {_first_line(err)}") from err
    if device == "cuda" and CUDA not in session.get_providers():
        # ONNX Runtime falls back to the CPU without a word when CUDA or cuDNN libraries are missing.
        raise Unavailable(
            "device cuda was asked for, but ONNX Runtime could not start CUDA and fell back to the CPU; "
            "check the driver, CUDA 13 and cuDNN 9 (see serving/), or set VISIQC_DEVICE=auto"
        )
    return Session(session, name)


def usable_threads(threads: int) -> int:
    """`threads`, or for 0 the cores this process may use, at most `MOST_THREADS`."""
    if threads:
        return threads
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return min(len(allowed), MOST_THREADS)


def _providers(device: Device) -> list[str]:
    if device == "cpu":
        return [CPU]
    if CUDA in ort.get_available_providers():
        with contextlib.redirect_stdout(sys.stderr):  # it prints what it cannot load where our answers go
            ort.preload_dlls()
        return [CUDA, CPU]
    if device == "cuda":
        raise Unavailable(
            "device cuda was asked for, but this ONNX Runtime was built without it; in a fresh environment install "
            "onnxruntime-gpu in place of onnxruntime (see serving/), or set VISIQC_DEVICE=auto"
        )
    return [CPU]


def _options(threads: int) -> ort.SessionOptions:
    """Options as measured, see `benchmarks/trunk.py`.

    Waiting threads sleep: spinning gains 10 % on idle cores and costs 30 % and more on shared ones. The memory pattern
    is off: it helps only when sizes repeat, saves no time here and holds 30 MB more.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = usable_threads(threads)
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_mem_pattern = False
    options.log_severity_level = _ERRORS_ONLY
    return options


def _first_line(err: Exception) -> str:
    return str(err).strip().partition("\n")[0][:200]
