"""The receiver of a build's progress in tests."""

from __future__ import annotations

from simulator.model.resources.phase import Phase


class HeardSteps:
    def __init__(self) -> None:
        self.phases: list[Phase] = []
        self.lines: list[str] = []

    async def reach(self, phase: Phase) -> None:
        self.phases.append(phase)

    def log(self, line: str) -> None:
        self.lines.append(line)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)
