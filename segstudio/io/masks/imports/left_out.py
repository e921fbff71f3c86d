"""What of a file does not come in, or comes in otherwise than it stands, and why."""

from __future__ import annotations

NAMED = 5
"""Annotations that a sentence names."""


class LeftOut:
    """Collects annotations by reason: one bad one among thousands is no reason to refuse the others."""

    def __init__(self) -> None:
        self._found: dict[tuple[bool, str], list[str]] = {}

    def add(self, which: str, why: str) -> None:
        """An annotation ("object 7", "line 12") that does not come in; `why` goes on from "because"."""
        self._found.setdefault((False, why), []).append(which)

    def changed(self, which: str, how: str) -> None:
        """An annotation that comes in otherwise: "its box is filled"."""
        self._found.setdefault((True, how), []).append(which)

    def __len__(self) -> int:
        return sum(len(names) for (kept, _), names in self._found.items() if not kept)

    def notes(self) -> tuple[str, ...]:
        """A sentence for each reason: "Left out: object 7 (it has no outline)."""
        return tuple(
            f"{'Note' if kept else 'Left out'}: {_listed(names)} ({why})." for (kept, why), names in self._found.items()
        )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
