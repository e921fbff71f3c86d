"""Ceilings for a process that reads foreign files."""

from __future__ import annotations

import contextlib


def apply(memory_bytes: int, cpu_seconds: int) -> None:
    """Bound this process's address space and processor time, and switch core dumps off.

    Does what the system can: on Windows nothing (no `resource` module), on macOS the memory limit is not
    enforced. Call it once, before reading.
    """
    try:
        import resource
    except ImportError:
        return
    for kind, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            _, hard = resource.getrlimit(kind)
            resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
