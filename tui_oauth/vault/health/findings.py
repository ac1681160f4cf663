"""What an examination finds, in one shape for the terminal, for programs and for screens."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Severity(enum.StrEnum):
    """How bad it is. The values are part of `doctor --json`."""

    NOTE = "note"  # good to know; changes no exit code
    WARNING = "warning"
    DAMAGED = "damaged"


class Finding(NamedTuple):
    """One thing found: `id` for programs, `message` for people, `advice` what to do about it."""

    id: str
    severity: Severity
    message: str
    advice: str = ""


class Report:
    """The findings in the order in which they were made, and what was and was not looked at."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.checked: list[str] = []
        self.left_out: list[str] = []

    @property
    def damaged(self) -> bool:
        return any(found.severity is Severity.DAMAGED for found in self.findings)

    @property
    def clean(self) -> bool:
        """Whether there is nothing that anybody should do something about."""
        return all(found.severity is Severity.NOTE for found in self.findings)

    def note(self, what: str, message: str, advice: str = "") -> None:
        self.findings.append(Finding(what, Severity.NOTE, message, advice))

    def warn(self, what: str, message: str, advice: str = "") -> None:
        self.findings.append(Finding(what, Severity.WARNING, message, advice))

    def damage(self, what: str, message: str, advice: str = "") -> None:
        self.findings.append(Finding(what, Severity.DAMAGED, message, advice))

    def done(self, what: str) -> None:
        """`what` was looked at, whatever was found."""
        self.checked.append(what)

    def skip(self, what: str, why: str) -> None:
        """`what` could not be looked at."""
        self.left_out.append(f"{what}: {why}")
