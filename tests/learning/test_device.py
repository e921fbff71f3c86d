from __future__ import annotations

import pytest
import torch

from segstudio.errors import UserError
from segstudio.learning.device import choose, is_out_of_memory


def test_auto_always_finds_something() -> None:
    assert choose().kind in ("cpu", "cuda", "mps")
    assert choose("cpu").title.startswith("CPU, ")


@pytest.mark.parametrize("name", ["cuda:99", "cuda:x", "cudaa", "tpu", ""])
def test_a_device_that_is_not_there_is_refused_with_a_hint(name: str) -> None:
    with pytest.raises(UserError) as error:
        choose(name)
    assert "auto" in error.value.hint


def test_the_cpu_never_uses_mixed_precision() -> None:
    with choose("cpu").autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
    assert not choose("cpu").scaler().is_enabled()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        MemoryError(),
        RuntimeError("MPS backend out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
)
def test_running_out_of_memory_is_recognised(error: Exception) -> None:
    assert is_out_of_memory(error)


def test_other_errors_are_not_taken_for_lack_of_memory() -> None:
    assert not is_out_of_memory(RuntimeError("size mismatch"))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_the_cpus_own_allocator_failing_is_recognised() -> None:
    with pytest.raises(RuntimeError) as error:
        torch.empty(2**60)
    assert is_out_of_memory(error.value)
