"""Where a fit computes: one CPU, one GPU, or one process a GPU under `torchrun`, without a change of code."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from visiqc.errors import Unavailable
from visiqc.training.fit_settings import FitSettings
from visiqc.training.ranks import rank_and_world

LONGEST_WAIT = timedelta(hours=4)
"""Of one process for the others: the first one validates and writes while the rest wait."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where this process computes.

    Attributes:
        device: Of the module.
        precision: Of the forward pass; None = fp32.
        rank: Number of this process, from 0; the first one writes.
        world: How many processes there are.
    """

    device: torch.device
    precision: torch.dtype | None
    rank: int
    world: int

    @property
    def leads(self) -> bool:
        """Whether this process validates, writes and speaks."""
        return self.rank == 0

    def autocast(self) -> AbstractContextManager[Any]:
        """The block a forward pass stands in."""
        if self.precision is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.precision)

    def shared(self, value: Any) -> Any:
        """What the first process has, in every process."""
        if self.world == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0, device=self.device if self.device.type == "cuda" else None)
        return box[0]

    def align(self, module: nn.Module) -> None:
        """Give every process the first one's weights and buffers."""
        if self.world > 1:
            for tensor in module.state_dict().values():
                dist.broadcast(tensor, src=0)

    def mean_gradients(self, parameters: Sequence[nn.Parameter], *, took_part: bool, bad: bool) -> tuple[int, int]:
        """Average the gradients over the processes that had a batch, in one message.

        A wrapper such as `DistributedDataParallel` hides the module's own methods to overlap this message with the
        backward pass; for the few million parameters trained here there is nothing to gain from that.

        Args:
            parameters: Those that are trained now; the same in every process.
            took_part: Whether this process had a batch.
            bad: Whether its loss is no number.

        Returns:
            How many processes had a batch, and how many of their losses are no numbers.
        """
        if self.world == 1:
            return int(took_part), int(bad)
        flags = torch.tensor([float(took_part), float(bad)], device=self.device)
        wanted = [each for each in parameters if each.requires_grad]
        gradients = [each.grad if each.grad is not None else torch.zeros_like(each) for each in wanted]
        flat = torch.cat([each.detach().float().reshape(-1) for each in gradients] + [flags])
        dist.all_reduce(flat)
        count, wrong = int(flat[-2].item()), int(flat[-1].item())
        offset = 0
        for parameter in wanted:
            part = flat[offset : offset + parameter.numel()] / max(1, count)
            parameter.grad = part.reshape(parameter.shape).to(parameter.dtype)
            offset += parameter.numel()
        return count, wrong

    def mean(self, values: dict[str, float]) -> dict[str, float]:
        """The mean over the processes of numbers they all name alike."""
        if self.world == 1:
            return values
        every: list[Any] = [None] * self.world
        dist.all_gather_object(every, values)
        rows = [each for each in every if each]
        return {
            name: sum(row[name] for row in rows if name in row) / sum(name in row for row in rows) for name in rows[0]
        }


@contextmanager
def placed(settings: FitSettings) -> Iterator[Place]:
    """The place the settings and the environment name, joined with the other processes while the block runs.

    Raises:
        Unavailable: CUDA was asked for and there is none, there are GPUs for some of the processes only, or the other
            processes cannot be reached.
    """
    rank, world = rank_and_world()
    device = _device(settings, int(os.environ.get("LOCAL_RANK", str(rank))))
    before = torch.get_num_threads()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    joined = world > 1 and not dist.is_initialized()
    try:
        if joined:
            _join(device, rank, world)
        yield Place(device, _precision(settings, device), rank, world)
        if joined:
            _part(device)
    finally:
        if joined and dist.is_initialized():
            dist.destroy_process_group()
        torch.set_num_threads(before)


def _join(device: torch.device, rank: int, world: int) -> None:
    # The optimiser imports this at its first step. Imported while a group is open (torch 2.14) it keeps the group and
    # its threads for good, and one that still runs as the interpreter ends aborts a process that had done its work.
    importlib.import_module("torch._dynamo")
    backend = "nccl" if device.type == "cuda" else "gloo"
    try:
        dist.init_process_group(backend, rank=rank, world_size=world, timeout=LONGEST_WAIT)
    except (RuntimeError, ValueError) as err:
        said = str(err).partition("\n")[0]
        raise Unavailable(f"the {world} training processes cannot meet: {said}; start them with torchrun") from err


def _part(device: torch.device) -> None:
    """Wait until all are done: one that leaves while another still talks to it makes that one fail."""
    done = torch.zeros(1, device=device)
    dist.all_reduce(done)
    done.cpu()  # on a GPU the line above returns before the others came


def _device(settings: FitSettings, local_rank: int) -> torch.device:
    if settings.device == "cpu":
        return torch.device("cpu")
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if local_rank < found:
        device = torch.device("cuda", local_rank)
        torch.cuda.set_device(device)
        return device
    # A process on the CPU cannot meet those on the GPUs: each side would wait for the other for hours.
    if found or settings.device == "cuda":
        mend = f"start {found} processes at most" if found else "install a CUDA build of torch"
        raise Unavailable(
            f"fit.device is {settings.device}, but torch finds {found} GPUs for process {local_rank} of this machine "
            f"(the first is 0); {mend}, or set fit.device=cpu"
        )
    return torch.device("cpu")


def _precision(settings: FitSettings, device: torch.device) -> torch.dtype | None:
    if device.type != "cuda" or settings.precision == "fp32":
        return None
    if settings.precision == "auto":
        # GPUs before Ampere emulate bf16, far slower than they compute in fp16.
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.bfloat16 if settings.precision == "bf16" else torch.float16
