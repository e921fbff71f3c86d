"""Ceilings on memory and time for a process that reads foreign files."""

from __future__ import annotations


def apply(memory_bytes: int, cpu_seconds: int) -> None:
    """Limit this process to `memory_bytes` of address space and `cpu_seconds` of CPU, and forbid core dumps.

    A limit that is already lower stays. Does nothing where the system has no such limits (Windows).
    """
    try:
        import resource
    except ImportError:
        return
    for name, wanted in (("RLIMIT_AS", memory_bytes), ("RLIMIT_CPU", cpu_seconds), ("RLIMIT_CORE", 0)):
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        soft, hard = resource.getrlimit(kind)
        present = [limit for limit in (wanted, soft, hard) if limit != resource.RLIM_INFINITY]
        try:
            resource.setrlimit(kind, (min(present), hard))
        except (OSError, ValueError):  # macOS refuses RLIMIT_AS; the header gate still holds
            continue


def give_time(cpu_seconds: int) -> None:
    """Let this process use `cpu_seconds` of CPU from now on: a reader lives longer than one file takes."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    used = resource.getrusage(resource.RUSAGE_SELF)
    wanted = int(used.ru_utime + used.ru_stime) + 1 + cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
