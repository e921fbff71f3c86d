"""The one exception for everything a user can cause or mend."""

from __future__ import annotations


class UserError(Exception):
    """Says what failed, why, and what to try next. Anything else is a bug and shows a report."""

    def __init__(self, what: str, *, why: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.hint = what, why, hint

    @property
    def sentence(self) -> str:
        """What, why and hint as one line of plain text."""
        return " ".join(part for part in (self.what, self.why, self.hint) if part)
