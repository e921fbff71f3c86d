"""What to compute on, and how: CUDA, Apple's MPS, or the CPU."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch.amp.grad_scaler import GradScaler

from segstudio.errors import UserError

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")
"""What CUDA, MPS, the CPU's allocator (Linux, Windows), cuDNN and cuBLAS say."""


@dataclass(frozen=True, slots=True)
class Device:
    """A torch device with a title for people ("NVIDIA H200", "CPU, 2 threads")."""

    torch: torch.device
    title: str

    @property
    def kind(self) -> str:
        """ "cuda", "mps" or "cpu"."""
        return self.torch.type

    def autocast(self) -> AbstractContextManager[object]:
        """Mixed precision on CUDA (bfloat16 where the card has it, else float16); nothing elsewhere.

        Never on the CPU: without AVX-512 it is 7 times slower (MODELS.md 3.5).
        """
        if self.kind != "cuda":
            return nullcontext()
        return torch.autocast("cuda", dtype=_half())

    def scaler(self) -> GradScaler:
        """Scales losses so that float16 gradients do not vanish; does nothing where autocast is not float16."""
        return GradScaler(self.kind, enabled=self.kind == "cuda" and _half() is torch.float16)


def _half() -> torch.dtype:
    # Cards before Ampere emulate bfloat16, slower than float32.
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def choose(name: str = "auto") -> Device:
    """The device called `name`: "auto", "cpu", "cuda", "cuda:N" or "mps".

    "auto" takes CUDA, then MPS, then the CPU. Raises UserError for a device this machine does not have.
    """
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        name = "cuda" if cuda else "mps" if mps else "cpu"
    if name == "cpu":
        threads = torch.get_num_threads()
        return Device(torch.device("cpu"), f"CPU, {threads} thread{'s' if threads > 1 else ''}")
    if name == "mps" and mps:
        return Device(torch.device("mps"), "Apple GPU")
    kind, _, number = name.partition(":")
    if kind == "cuda" and cuda and (number or "0").isdecimal() and int(number or 0) < torch.cuda.device_count():
        device = torch.device("cuda", int(number or 0))
        return Device(device, torch.cuda.get_device_name(device))
    raise UserError(f"The device “{name}” is not available here.", hint="Choose “auto” or “cpu”; see segstudio doctor.")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the accelerator (or the machine) has no memory left."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(phrase in text for phrase in OUT_OF_MEMORY)


def use_cores() -> None:
    """Let torch use the cores this process may run on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    torch.set_num_threads(max(1, min(cores, int(wanted) if wanted.isdecimal() else cores)))
